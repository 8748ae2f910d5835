"""The document's equations as it prints them; what they are of is counted elsewhere, and held against them.

Two bytes a number; rates are a second's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from claim_suite.fixtures.models.accelerators import Accelerator


@dataclass(frozen=True)
class Sizes:
    """A decoder of so many layers of so many features, and a vocabulary."""

    layers: int
    width: int
    vocabulary: int = 0

    @classmethod
    def of(cls, config: Mapping[str, int]) -> Sizes:
        """The sizes that a configuration has."""
        return cls(config["num_hidden_layers"], config["hidden_size"], config["vocab_size"])

    @property
    def unit(self) -> int:
        """n·d², of which the document prints multiples."""
        return self.layers * self.width**2

    @property
    def parameters(self) -> int:
        """Parameters of all layers."""
        return 12 * self.unit

    @property
    def with_embedding(self) -> int:
        """Parameters of all layers and of one embedding."""
        return self.parameters + self.vocabulary * self.width

    @property
    def token_work(self) -> int:
        """FLOPs of one token in all layers."""
        return 24 * self.unit

    @property
    def key_value_work(self) -> int:
        """FLOPs that make the keys and values of one token."""
        return 2 * 2 * self.unit

    def cached_bytes(self, head_width: int) -> int:
        """Bytes of keys and values of one token, of as many heads as the width has room for."""
        return 2 * 2 * self.layers * (self.width // head_width) * head_width


@dataclass(frozen=True)
class Times:
    """Seconds of a step of decoding on some accelerators."""

    accelerator: Accelerator
    parameters: int
    sizes: Sizes
    accelerators: int = 1

    @property
    def memory(self) -> Fraction:
        """Time to read the parameters."""
        return Fraction(2 * self.parameters) / (self.accelerators * self.accelerator.memory_bandwidth)

    def compute(self, batch: int) -> Fraction:
        """Time to multiply a batch by the parameters."""
        return Fraction(batch * 2 * self.parameters) / (self.accelerators * self.accelerator.flops_per_second)

    def transfer(self, batch: int) -> Fraction:
        """Time to send a batch's vectors four times a layer."""
        return Fraction(batch * 2 * self.sizes.layers * 4 * self.sizes.width) / self.accelerator.interconnect_bandwidth

    @property
    def waiting(self) -> Fraction:
        """Time that messages wait, four times a layer."""
        return 4 * self.sizes.layers * Fraction(self.accelerator.latency)


def bert_parameters(config: Mapping[str, int]) -> int:
    """Parameters of BERT with the heads of its pre-training, by Devlin et al. 2018 (arXiv 1810.04805)."""
    width, inner = config["hidden_size"], config["intermediate_size"]
    rows = config["vocab_size"] + config["max_position_embeddings"] + config["type_vocab_size"]
    layer = 4 * (width**2 + width) + 2 * width * inner + inner + width + 2 * 2 * width
    heads = 2 * (width**2 + width) + 2 * width + config["vocab_size"] + 2 * width + 2
    return rows * width + 2 * width + config["num_hidden_layers"] * layer + heads
