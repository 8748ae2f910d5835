"""The small GPT of the notes' scripts: its weights, and what it keeps of every token. All weights in bfloat16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property

import torch
from torch import nn

from claim_suite.reports import schema


@dataclass(frozen=True)
class Gpt:
    """A GPT with learned positions, a head of its own, and attention of a `kind`: "MHA", "GQA" or "MLA".

    `hidden` is the width of the feed-forward network, two matrices with biases; with `gated`, three without.
    `experts`, if there are any, each have that width.
    """

    kind: str
    of: Mapping[str, int]
    fixed: Mapping[str, int]
    hidden: int
    evidence: list[schema.Evidence]
    gated: bool = False
    experts: int = 0

    @property
    def tokens(self) -> int:
        """Tokens at the end of the run, the start included; there are as many positions."""
        return self.of["new tokens"] + self.fixed["prompt"]

    @property
    def key_width(self) -> int:
        """Features of all keys of a token, and of all values; of the latent, for MLA. `groups` heads have their own."""
        width = self.of["width"]
        if self.kind == "GQA":
            return width // self.of["heads"] * self.keys([self.of["groups"]])[0]
        return self.of["latent"] if self.kind == "MLA" else width

    def keys(self, groups: Sequence[int]) -> list[int]:
        """Heads with a key of their own for each number of groups: here a group is one."""
        return list(groups)

    @property
    def cache(self) -> int:
        """Bytes of keys and values, or latents, at the end of the run."""
        kept = self.key_width * (1 if self.kind == "MLA" else 2)
        return self.fixed["bytes"] * self.tokens * self.of["layers"] * kept

    @property
    def expanded(self) -> int:
        """Bytes of the keys and values of all heads that a layer makes of its cache for the last token.

        The script with latents has each twice: as they are made, and in the order of heads.
        """
        numbers = {"MHA": 0, "GQA": 2, "MLA": 4}[self.kind] * self.of["width"]
        return self.fixed["bytes"] * self.tokens * numbers

    @property
    def least(self) -> int:
        """Bytes that are there at once at the end of the run: weights, cache, and what a layer makes of its own."""
        return self.fixed["bytes"] * self.total + self.cache + self.expanded

    @property
    def least_by_formula(self) -> int:
        """The same, of weights by arithmetic."""
        return self.least - self.fixed["bytes"] * (self.total - self.formula)

    def activations(self, tokens: int) -> int:
        """Bytes of a gated network's gate, its other input and their product, which are there at once."""
        return 3 * self.fixed["bytes"] * self.hidden * tokens

    def share_of(self, *parts: str) -> tuple[Fraction, Fraction]:
        """Share of what is there at once that the weights of some parts take, and the same by arithmetic."""
        built, formula = (
            Fraction(self.fixed["bytes"] * sum(of[part] for part in parts), least)
            for of, least in ((self.weights, self.least), (self.weights_by_formula, self.least_by_formula))
        )
        return built, formula

    @property
    def weights(self) -> dict[str, int]:
        """Numbers by part, of modules built on the meta device."""
        sizes = {name: sum(weight.numel() for weight in module.parameters()) for name, module in self._built.items()}
        return {
            name: size * (self.of["layers"] if name in ("attention", "ffn", "norms") else 1)
            for name, size in sizes.items()
        }

    @property
    def total(self) -> int:
        """All weights."""
        return sum(self.weights.values())

    @property
    def formula(self) -> int:
        """All weights by arithmetic."""
        return sum(self.weights_by_formula.values())

    @property
    def weights_by_formula(self) -> dict[str, int]:
        """Numbers by part, by arithmetic."""
        width, hidden, key = self.of["width"], self.hidden, self.key_width
        outward = width * width + width * (self.kind != "GQA")
        inward = width * width + {"MHA": 2 * width * key, "GQA": 2 * width * key, "MLA": 3 * width * key}[self.kind]
        ffn = 3 * width * hidden if self.gated else 2 * width * hidden + hidden + width
        if self.experts:
            ffn = self.experts * (ffn + width)
        return {
            "embeddings": (self.fixed["vocabulary"] + self.tokens) * width,
            "attention": self.of["layers"] * (inward + outward),
            "ffn": self.of["layers"] * ffn,
            "norms": self.of["layers"] * 4 * width,
            "last norm": 2 * width,
            "head": self.fixed["vocabulary"] * width,
        }

    @cached_property
    def _built(self) -> dict[str, nn.Module]:
        width, vocabulary = self.of["width"], self.fixed["vocabulary"]
        with torch.device("meta"):
            embeddings = nn.ModuleList([nn.Embedding(vocabulary, width), nn.Embedding(self.tokens, width)])
            return {
                "embeddings": embeddings,
                "attention": nn.ModuleList(self._attention()),
                "ffn": nn.ModuleList(self._ffn()),
                "norms": nn.ModuleList([nn.LayerNorm(width), nn.LayerNorm(width)]),
                "last norm": nn.LayerNorm(width),
                "head": nn.Linear(width, vocabulary, bias=False),
            }

    def _attention(self) -> list[nn.Module]:
        width, key = self.of["width"], self.key_width
        shapes = {
            "MHA": [(width, key)] * 2,
            "GQA": [(width, key)] * 2,
            "MLA": [(width, key), (key, width), (key, width)],
        }
        inward = [nn.Linear(*shape, bias=False) for shape in [(width, width), *shapes[self.kind]]]
        return [*inward, nn.Linear(width, width, bias=self.kind != "GQA")]

    def _ffn(self) -> list[nn.Module]:
        width, hidden = self.of["width"], self.hidden
        shapes = (
            [(width, hidden), (width, hidden), (hidden, width)] if self.gated else [(width, hidden), (hidden, width)]
        )
        networks = [nn.Linear(*shape, bias=not self.gated) for _ in range(self.experts or 1) for shape in shapes]
        return [*networks, nn.Linear(width, self.experts, bias=False)] if self.experts else list(networks)
