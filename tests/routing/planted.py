"""Records of texts whose counts are made by hand or drawn."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from claim_suite.fixtures.routing.counts import Counts, Text, count
from claim_suite.fixtures.routing.files import Record
from claim_suite.fixtures.routing.metadata import PREFERENCE
from claim_suite.fixtures.routing.shares import Array

METADATA: dict[str, Any] = {
    "model": "m", "revision": "r", "weights_dtype": "float32", "experts": 4, "top_k": 2, "layers": 3, "engine": "e",
    "torch": "2", "transformers": "5", "device": "cpu", "corpus": "c", "corpus_revision": "", "corpus_sha256": "",
    "tokenizer_sha256": "", "tokens_per_domain": 100, "started": "2026-01-01T00:00:00Z", "seconds": 1.5,
    "ranks": PREFERENCE, "tried": [1, 2], "leading": 1, "plan": {}, "loss_plan": {},
}  # fmt: skip


def choose(seed: int, texts: list[Text], layers: int, experts: int, top_k: int) -> list[Any]:
    """Choices at random of every token, `[tokens, layers, k]` of each text."""
    drawing, every = np.random.default_rng(seed), np.arange(experts, dtype=np.uint8)
    return [drawing.permuted(np.tile(every, (text.tokens, layers, 1)), axis=2)[..., :top_k] for text in texts]


def record(seed: int, texts: list[Text], **metadata: Any) -> Record:
    """Counts of tokens that choose at random, and losses of every second text."""
    fields = METADATA | metadata
    layers = len(fields.get("routed_layers", range(fields["layers"])))
    chosen = choose(seed, texts, layers, fields["experts"], fields["top_k"])
    losses = np.random.default_rng(seed).exponential(size=(len(texts), len(fields["tried"])))
    losses[1::2] = np.nan
    return Record(fields, replace(count(texts, chosen, fields["experts"], ranked=True), losses=losses))


def drawn(seed: int, shares: Array, numbers: list[int], top_k: int = 1, spread: float = 0.5) -> Record:
    """Counts around `shares[domains, layers, experts]`, for so many texts of each domain, named a, b, c and so on."""
    drawing = np.random.default_rng(seed)
    texts: list[Text] = []
    counted = []
    for name, number, own in zip("abcdefgh", numbers, shares, strict=False):
        tokens = np.maximum(2, 200 * np.exp(spread * drawing.standard_normal(number))).astype(int)
        gammas = drawing.standard_gamma(np.broadcast_to(own * 20, (number, *own.shape)))
        counted.append(
            drawing.multinomial((tokens * top_k)[:, None], gammas / gammas.sum(-1, keepdims=True)).astype(np.int32)
        )
        texts += [Text(name, len(texts) + place, int(each)) for place, each in enumerate(tokens)]
    layers, experts = shares.shape[1:]
    metadata = METADATA | {"experts": experts, "top_k": top_k, "layers": layers}
    return Record(metadata, Counts(tuple(texts), np.concatenate(counted)[:, :, None]))


def counts_of(made: Counts) -> tuple[Array, Array]:
    """Counts `[texts, layers, experts]` and domains, as the statistics take them."""
    domains = sorted({text.domain for text in made.texts})
    return made.choices.sum(2), np.array([domains.index(text.domain) for text in made.texts])
