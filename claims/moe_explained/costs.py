"""Memory of quantised weights, and work by the number of experts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from claim_suite.fixtures.models.parameters import Route

BLOCK = 64  # weights that share a constant
HALF_PRECISION = 2  # bytes


def four_bit_bytes(of: Route) -> Fraction:
    """Bytes of a model in 4 bits as bitsandbytes keeps it: a constant in float32 for each block of 64 weights.

    Dettmers et al. 2023, QLoRA (arXiv 2305.14314), section 3, without its double quantisation, which is off unless it
    is asked for. The linear layers are quantised and the head is not; embeddings and norms stay in half precision.
    """
    linear: int = of.attention + of.moe_block + of.mlp
    rest: int = of.total - linear
    return linear * (Fraction(1, 2) + Fraction(4, BLOCK)) + rest * HALF_PRECISION


def work_by_experts(
    one_layer: Callable[..., Route], part: str, numbers: Sequence[int]
) -> list[tuple[Fraction | int, Fraction | int]]:
    """FLOPs per token of a part of one layer of Mixtral, by the number of experts a token: counted, and by formula."""
    models = [one_layer(num_experts_per_tok=number) for number in numbers]
    return [(getattr(of.flops(1), part), getattr(of.formula.flops(1), part)) for of in models]
