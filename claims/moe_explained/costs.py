"""Memory of quantised weights, compute of training, and work by the number of experts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

from claim_suite.fixtures.models.parameters import Route

BLOCK = 64  # weights that share a constant
HALF_PRECISION = 2  # bytes
EXPONENTS = ("exponent of size", "exponent of steps", "above its limit, typical")


def four_bit_bytes(of: Route) -> Fraction:
    """Bytes of a model in 4 bits as bitsandbytes keeps it: a constant in float32 for each block of 64 weights.

    Dettmers et al. 2023, QLoRA (arXiv 2305.14314), section 3, without its double quantisation, which is off unless it
    is asked for. The linear layers are quantised and the head is not; embeddings and norms stay in half precision.
    """
    linear: int = of.attention + of.moe_block + of.mlp
    rest: int = of.total - linear
    return linear * (Fraction(1, 2) + Fraction(4, BLOCK)) + rest * HALF_PRECISION


def stopped_early(fit: Any) -> tuple[float, float]:
    """Size and steps of the model that reaches a loss with least compute, against one that goes on to near its limit.

    Kaplan et al. 2020 (arXiv 2001.08361), equations B.5, B.12 and B.13. Compute is their product.
    """
    of_size, of_steps, typical = (float(fit[name]) for name in EXPONENTS)
    best = of_size / of_steps  # how far above its limit the loss is where training is stopped
    size = ((1 + best) / (1 + typical)) ** (1 / of_size)
    steps = ((1 + 1 / best) / (1 + 1 / typical)) ** (1 / of_steps)
    return size, steps


def work_by_experts(
    one_layer: Callable[..., Route], part: str, numbers: Sequence[int]
) -> list[tuple[Fraction | int, Fraction | int]]:
    """FLOPs per token of a part of one layer of Mixtral, by the number of experts a token: counted, and by formula."""
    models = [one_layer(num_experts_per_tok=number) for number in numbers]
    return [(getattr(of.flops(1), part), getattr(of.formula.flops(1), part)) for of in models]
