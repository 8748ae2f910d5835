"""The document's equations as it prints them; what they are of is counted elsewhere, and held against them.

Sizes are numbers of layers, heads and features; rates are a second's; two bytes a number.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction


def cached_bytes(layers: int, heads: int, head_width: int) -> int:
    """Bytes of keys and values of one token."""
    return 2 * 2 * layers * heads * head_width


def key_value_work(layers: int, width: int) -> int:
    """FLOPs that make the keys and values of one token."""
    return 2 * 2 * layers * width**2


def token_work(layers: int, width: int) -> int:
    """FLOPs of one token in all layers."""
    return 24 * layers * width**2


def parameters(layers: int, width: int) -> int:
    """Parameters of all layers."""
    return 12 * layers * width**2


def memory_time(weights: int, accelerators: int, memory: Fraction | int) -> Fraction:
    """Seconds to read so many parameters."""
    return Fraction(2 * weights) / (accelerators * memory)


def compute_time(batch: int, weights: int, accelerators: int, flops: Fraction | int) -> Fraction:
    """Seconds to multiply a batch by so many parameters."""
    return Fraction(batch * 2 * weights) / (accelerators * flops)


def transfer_time(batch: int, layers: int, width: int, link: Fraction | int) -> Fraction:
    """Seconds to send a batch's vectors four times a layer."""
    return Fraction(batch * 2 * layers * 4 * width) / link


def waiting_time(layers: int, wait: Fraction | int) -> Fraction:
    """Time that messages wait, in the unit of `wait`, four times a layer."""
    return 4 * layers * Fraction(wait)


def bert_parameters(config: Mapping[str, int]) -> int:
    """Parameters of BERT with the heads of its pre-training, by Devlin et al. 2018 (arXiv 1810.04805)."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    rows = config["vocab_size"] + config["max_position_embeddings"] + config["type_vocab_size"]
    layer = 4 * (width**2 + width) + 2 * width * inner + inner + width + 2 * 2 * width
    heads = 2 * (width**2 + width) + 2 * width + config["vocab_size"] + 2 * width + 2
    return rows * width + 2 * width + config["num_hidden_layers"] * layer + heads
