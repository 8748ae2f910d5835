"""Switch-C: an encoder and a decoder of T5 whose every feed-forward network is one of 2,048 experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from claim_suite.fixtures.models.config import build
from claim_suite.reports import schema

LAYERS = ("num_layers", "num_decoder_layers", "num_sparse_encoder_layers", "num_sparse_decoder_layers")


@dataclass(frozen=True)
class SwitchC:
    """Its parameters by two routes. All are counts; `config` is the published configuration."""

    config: Mapping[str, Any]
    evidence: list[schema.Evidence]

    @cached_property
    def total(self) -> int:
        """Parameters, from the library's models with one and two layers of two and three experts.

        Every layer holds the same, and every expert: the count is affine in either number, so four small models
        give that of the large one exactly.
        """
        (one, two), (more, most) = [[self._built(layers, experts) for experts in (2, 3)] for layers in (1, 2)]
        further, experts = self.config["num_layers"] - 1, self.config["num_experts"] - 2
        total: int = one + further * (more - one) + experts * (two - one + further * (most - more - two + one))
        return total

    def _built(self, layers: int, experts: int) -> int:
        small = build({**self.config, **dict.fromkeys(LAYERS, layers), "num_experts": experts})
        return sum(weight.numel() for weight in small.parameters())

    @property
    def formula(self) -> int:
        """Parameters by arithmetic: Raffel et al. 2020 (arXiv 1910.10683), section 2.1, with experts and routers."""
        of = self.config
        layers, width = of["num_layers"], of["d_model"]
        attention = 4 * width * of["num_heads"] * of["d_kv"]
        sparse = of["num_experts"] * (2 * width * of["d_ff"] + width)
        encoder = layers * (attention + sparse + 2 * width)
        decoder = layers * (2 * attention + sparse + 3 * width)
        positions = 2 * of["relative_attention_num_buckets"] * of["num_heads"]
        total: int = encoder + decoder + positions + 2 * width + of["vocab_size"] * width
        return total

    @property
    def sparse_layers(self) -> int:
        """Feed-forward layers with experts."""
        return int(self.config["num_sparse_encoder_layers"] + self.config["num_sparse_decoder_layers"])

    @property
    def layers(self) -> int:
        """Feed-forward layers."""
        return int(self.config["num_layers"] + self.config["num_decoder_layers"])
