"""Kaplan et al. 2020 (arXiv 2001.08361), equation 2.1: which widths follow from a parameter count of c·n·d²."""

from __future__ import annotations

from dataclasses import dataclass, field
from fractions import Fraction
from functools import cache

import torch
from torch import nn

from claim_suite.reports import schema

MODEL_WIDTH = 4  # features of the layers that are built: every quarter of a model width is tried
WIDEST = 8  # model widths


@dataclass(frozen=True)
class Kaplan:
    """The equation N = 2·d_model·n_layer·(2·d_attn + d_ff) = coefficient·n_layer·d_model², biases and norms left out.

    `attention` and `feed_forward` are the standard widths, in model widths. Each width follows from the other one and
    the equation: by solving it, and by building layers of every width and counting their weights.
    """

    coefficient: Fraction
    attention: Fraction
    feed_forward: Fraction
    evidence: list[schema.Evidence] = field(default_factory=list)

    @property
    def feed_forward_ratio(self) -> Fraction:
        """Feed-forward width in model widths, solved for."""
        return self.coefficient / 2 - 2 * self.attention

    @property
    def attention_ratio(self) -> Fraction:
        """Attention width in model widths, solved for."""
        return (self.coefficient / 2 - self.feed_forward) / 2

    @property
    def feed_forward_by_building(self) -> dict[str, Fraction]:
        """The one feed-forward width at which a layer has the parameters. ValueError where there is not just one."""
        attention = _features(self.attention)
        return self._only([width for width in _widths() if self._fits(counted(MODEL_WIDTH, attention, width))])

    @property
    def attention_by_building(self) -> dict[str, Fraction]:
        """The one attention width at which a layer has the parameters. ValueError where there is not just one."""
        feed_forward = _features(self.feed_forward)
        return self._only([width for width in _widths() if self._fits(counted(MODEL_WIDTH, width, feed_forward))])

    def _fits(self, weights: int) -> bool:
        return weights == self.coefficient * MODEL_WIDTH**2

    def _only(self, widths: list[int]) -> dict[str, Fraction]:
        (width,) = widths
        return {"layers built of every width": Fraction(width, MODEL_WIDTH)}


@cache
def counted(model_width: int, attention_width: int, feed_forward_width: int) -> int:
    """Count the weights of one layer of torch's linear maps: four of attention, and an MLP of two matrices."""
    with torch.device("meta"):
        into_heads = [nn.Linear(model_width, attention_width, bias=False) for _ in ("query", "key", "value")]
        out_of_heads = nn.Linear(attention_width, model_width, bias=False)
        up = nn.Linear(model_width, feed_forward_width, bias=False)
        down = nn.Linear(feed_forward_width, model_width, bias=False)
    layer = nn.ModuleList([*into_heads, out_of_heads, up, down])
    return sum(weight.numel() for weight in layer.parameters())


def _widths() -> range:
    return range(1, WIDEST * MODEL_WIDTH + 1)


def _features(ratio: Fraction) -> int:
    if (features := ratio * MODEL_WIDTH).denominator != 1:
        raise ValueError(f"a layer {MODEL_WIDTH} features wide cannot have a part of {ratio} its width")
    return int(features)
