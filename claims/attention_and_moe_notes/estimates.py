"""What the notes' estimators print, by the notes' formulas and by the library's own layers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cache, cached_property
from math import ceil

import torch

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.models.counted import Counted
from claim_suite.reports import schema

FREE = {"hidden_size": 64, "intermediate_size": 64, "vocab_size": 8, "tie_word_embeddings": False}


@dataclass(frozen=True)
class Cache:
    """Keys and values of a whole context, in bytes: `groups` heads share a key, as the estimators count."""

    width: int
    heads: int
    layers: int
    context: int
    groups: int
    batch: int
    bytes: int
    evidence: list[schema.Evidence]
    latent: int = 0

    @property
    def head_width(self) -> int:
        """Features of a head: the model's width divided among the heads, rounded up."""
        return ceil(Fraction(self.width, self.heads))

    @property
    def key_value_heads(self) -> int:
        """Heads with a key and a value of their own."""
        return self.keys([self.groups])[0]

    def keys(self, groups: Sequence[int]) -> list[int]:
        """Heads with a key of their own for each number of groups: here that is how many heads share one."""
        return [self.heads // number for number in groups]

    def formula(self, key_value_heads: int, head_width: Fraction | int | None = None) -> Fraction:
        """Batch · context · head width · layers · 2 · bytes · key-value heads, as the first note has it."""
        features = self.head_width if head_width is None else head_width
        return Fraction(self.batch * self.context * self.layers * 2 * self.bytes * key_value_heads) * features

    def library(self, key_value_heads: int) -> int:
        """The same by one layer of the library's Llama that was run on a token, times layers and tokens.

        The layer is as wide as its heads together: the library builds none whose width the heads do not divide.
        """
        kept = _kept_by_a_layer(
            self.bytes, model_type="llama", num_attention_heads=self.heads, num_key_value_heads=key_value_heads,
            head_dim=self.head_width, hidden_size=self.heads * self.head_width,
        )  # fmt: skip
        return kept * self.batch * self.context * self.layers

    @property
    def latent_formula(self) -> int:
        """Batch · context · layers · latent width · bytes, as the second note has it."""
        return self.batch * self.context * self.layers * self.latent * self.bytes

    @property
    def latent_library(self) -> int:
        """The same by a layer of the library's DeepSeek-V3, less the rotary key that stands beside the latent."""
        rotary, heads = 2, 2
        kept = _kept_by_a_layer(
            self.bytes, model_type="deepseek_v3", num_attention_heads=heads, num_key_value_heads=heads,
            q_lora_rank=None, kv_lora_rank=self.latent, qk_nope_head_dim=2, qk_rope_head_dim=rotary, v_head_dim=2,
            first_k_dense_replace=1,
        )  # fmt: skip
        check_latent(kept, expanded=heads * (2 + rotary + 2) * self.bytes)
        return (kept - rotary * self.bytes) * self.batch * self.context * self.layers

    def line(self, name: str) -> tuple[Fraction | int, str, Fraction | int | None]:
        """What a line of the estimate says, its unit, and the same by the library where it tells."""
        own, shared, latent = self.formula(self.heads), self.formula(self.key_value_heads), self.latent_formula
        kept, kept_shared = self.library(self.heads), self.library(self.key_value_heads)
        lines: dict[str, tuple[Fraction | int, str, Fraction | int | None]] = {
            "dtype": (self.bytes, "bytes a number", torch.bfloat16.itemsize),
            "head_dim": (self.head_width, "features", Fraction(kept, own // self.head_width)),
            "GQA n_kv_heads": (self.key_value_heads, "keys", Fraction(kept_shared * self.heads, kept)),
            "MHA total KV cache": (own / 10**9, "GB", Fraction(kept, 10**9)),
            "GQA total KV cache": (shared / 10**9, "GB", Fraction(kept_shared, 10**9)),
            "Ratio (MHA / GQA)": (own / shared, "times", Fraction(kept, kept_shared)),
            "Savings (GQA vs MHA)": (1 - shared / own, "of the cache", 1 - Fraction(kept_shared, kept)),
        }
        if self.latent and "MLA" in name:
            kept_latent = self.latent_library
            lines |= {
                "MLA total KV cache": (Fraction(latent, 10**9), "GB", Fraction(kept_latent, 10**9)),
                "Ratio (MHA / MLA)": (own / latent, "times", Fraction(kept, kept_latent)),
                "Savings (MLA vs MHA)": (1 - latent / own, "of the cache", 1 - Fraction(kept_latent, kept)),
            }
        return lines[name]


def check_latent(kept: int, expanded: int) -> None:
    """Raise NotCovered where a release of the library keeps the keys and values that are made of the latent."""
    if kept == expanded:
        raise NotCovered("this release of the library keeps the keys and values that are made of the latent")


@cache
def _kept_by_a_layer(bytes_per_number: int, **config: object) -> int:
    """Bytes that one layer of the library's keeps of a token."""
    return Counted({**FREE, **config, "num_hidden_layers": 1}).kv_cache_bytes(1, bytes_per_number).attention


@dataclass(frozen=True)
class Experts:
    """A dense feed-forward network, and experts that have its parameters together. Counts are of one layer."""

    width: int
    hidden: int
    experts: int
    chosen: int
    matrices: int
    bytes: int
    evidence: list[schema.Evidence]

    @property
    def expert_hidden(self) -> int:
        """Width of an expert: what the dense network has and the router leaves, shared out and rounded."""
        column = self.matrices * self.width
        return round(Fraction(column * self.hidden - self.width * self.experts, self.experts * column))

    @property
    def nearest_hidden(self) -> int:
        """Width at which experts and router together are nearest to the dense network, of all widths."""
        dense, router = self.matrices * self.width * self.hidden, self.width * self.experts
        of_a_feature = self.experts * self.matrices * self.width
        return min(range(1, self.hidden), key=lambda width: abs(width * of_a_feature + router - dense))

    @property
    def formula(self) -> dict[str, int]:
        """Parameters by the estimator's equations."""
        expert, router = self.matrices * self.width * self.expert_hidden, self.width * self.experts
        return {
            "Dense FFN params": self.matrices * self.width * self.hidden,
            "Per-expert params": expert,
            "Router params": router,
            "MoE TOTAL params": self.experts * expert + router,
            "MoE ACTIVE/Token": self.chosen * expert + router,
        }

    @cached_property
    def library(self) -> dict[str, int]:
        """The same of a layer of the library's Llama, and of one of its Mixtral."""
        sizes = {
            **FREE, "num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 2, "num_hidden_layers": 1,
            "hidden_size": self.width,
        }  # fmt: skip
        dense = Counted({"model_type": "llama", **sizes, "intermediate_size": self.hidden}).parameters
        sparse = {"num_local_experts": self.experts, "num_experts_per_tok": self.chosen}
        of = Counted({"model_type": "mixtral", **sizes, **sparse, "intermediate_size": self.expert_hidden})
        return {
            "Dense FFN params": dense.mlp,
            "Per-expert params": of.parameters.experts // of.parameters.expert_count,
            "Router params": of.parameters.router,
            "MoE TOTAL params": of.parameters.moe_block,
            "MoE ACTIVE/Token": of.parameters.active_experts + of.parameters.router,
        }


def active_parameters(of: Mapping[str, int], experts: int) -> Fraction:
    """Router and chosen experts, where all experts have what the router leaves of the dense network's parameters.

    `of` are the options of the note's plot. Widths are not rounded to whole features here.
    """
    router, dense = of["width"] * experts, of["matrices"] * of["width"] * of["hidden"]
    return router + Fraction(of["chosen"] * (dense - router), experts)
