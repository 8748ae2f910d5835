"""The document's equations as it prints them; what they are of is counted elsewhere, and held against them."""

from __future__ import annotations

from fractions import Fraction

Exact = Fraction | int


def activations(
    tokens: int, batch: int, width: int, layers: int, heads: int, tensor: int, recompute: str = "none"
) -> Fraction:
    """Bytes of activations, with no recomputation, a selective or a full one."""
    numbers = tokens * batch * width * layers
    if recompute == "full":
        return Fraction(2 * numbers)
    scores = Fraction(5 * heads * tokens, width * tensor) if recompute == "none" else 0
    return numbers * (10 + Fraction(24, tensor) + scores)


def zero(stage: int, gpus: int, model: Exact, optimizer: Exact, gradients: Exact) -> Fraction:
    """Bytes of a model's states on one GPU at a stage of ZeRO."""
    split = (stage >= 3, stage >= 1, stage >= 2)
    return sum(
        Fraction(size, gpus if it_is else 1) for size, it_is in zip((model, optimizer, gradients), split, strict=True)
    )  # type: ignore[return-value]  # a sum of three


def replicas(gpus: int, pipeline: int, tensor: int) -> Fraction:
    """The degree of data parallelism."""
    return Fraction(gpus, pipeline * tensor)
