"""How much memory Llama 3.1 needs: weights, caches, and training."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap

G, GIB = 10**9, 2**30
TOKENS = {"1k tokens": 1000, "16k tokens": 16000, "128k tokens": 128000}
AS_RELEASED = "it is so of the 16 heads of keys and values that the checkpoint had when it was released"
BINARY = "it is so in GB of 2^30 bytes"

CLAIMS = Listed(
    """
    | claim            | stated  | model          | says                                                              |
    |------------------|---------|----------------|-------------------------------------------------------------------|
    | node             | ~640 GB |                | A node of eight H100 has about 640 GB.                            |
    | needs-nodes      |         | llama-3.1-405b | In FP16 the 405B model needs more than one such node.             |
    | fits-in-fp8      |         | llama-3.1-405b | In FP8 it does not.                                               |
    | cache-as-weights |         | llama-3.1-8b   | Near its longest context the small model's cache takes as much as |
    |                  |         |                | its weights.                                                      |
    """,
    note={
        "cache-as-weights": "Of 131,072 tokens in FP16, at least nine tenths of the weights in FP16.",
        "fits-in-fp8": "Weights alone, a byte each.",
    },
)


@table(
    """
    |      | FP16    | FP8     | INT4    |
    |------|---------|---------|---------|
    | 8B   | ~16 GB  | ~8 GB   | ~4 GB   |
    | 70B  | ~140 GB | ~70 GB  | ~35 GB  |
    | 405B | ~810 GB | ~405 GB | ~203 GB |
    """,
    id="weights",
    name="Memory of the weights",
    model={size: f"llama-3.1-{size.lower()}" for size in ("8B", "70B", "405B")},
    note="The document calls them approximate.",
)
def test_weights(cell, models, stated, measure):
    """In {column} the weights of {row} take {stated}."""
    model, size = models(f"llama-3.1-{cell.row.lower()}"), {"FP16": 2, "FP8": 1, "INT4": Fraction(1, 2)}[cell.column]
    assert measure(model.total * size, "bytes", also=model.formula.total * size) == stated


@table(
    """
    |      | 1k tokens | 16k tokens | 128k tokens |
    |------|-----------|------------|-------------|
    | 8B   | 0.125 GB  | 1.95 GB    | 15.62 GB    |
    | 70B  | 0.313 GB  | 4.88 GB    | 39.06 GB    |
    | 405B | 0.984 GB  | 15.38      | 123.05 GB   |
    """,
    id="caches",
    name="Memory of the caches in FP16",
    model={size: f"llama-3.1-{size.lower()}" for size in ("8B", "70B", "405B")},
    note="Read as: GB of 10^9 bytes, and k of 1,000 tokens, as the columns of 16k and 128k have it; that of 1k "
    "has 1,024.",
    disputed={
        f"{size} / {tokens}": reading + (", of 1,024 tokens" if tokens == "1k tokens" else "")
        for size, reading in {"8B": BINARY, "70B": BINARY, "405B": f"{AS_RELEASED}, in GB of 2^30 bytes"}.items()
        for tokens in TOKENS
    },
)
def test_caches(cell, models, heads, stated, reading, measure):
    """The cache of {row} takes {stated} at {column}."""
    model = models(f"llama-3.1-{cell.row.lower()}")
    token, tokens = model.kv_cache_bytes_per_token.total, TOKENS[cell.column]
    if reading != "literal" and cell.row == "405B":
        token = Fraction(token * heads["as_released"], model.formula.shape.num_key_value_heads)
    if_binary = Fraction(token * (1024 if tokens == 1000 else tokens), GIB)
    value = Fraction(token * tokens, G) if reading == "literal" else if_binary
    unit = 1 if cell.column == "16k tokens" and cell.row == "405B" else G
    assert measure(value * unit, "GB" if unit == 1 else "bytes") == stated


@table(
    """
    |      | Full Fine-tuning | LoRA   | Q-LoRA |
    |------|------------------|--------|--------|
    | 8B   | 60 GB            | 16 GB  | 6 GB   |
    | 70B  | 300 GB           | 160 GB | 48 GB  |
    | 405B | 3.25 TB          | 950 GB | 250 GB |
    """,
    id="training",
    name="Memory of training",
    uncheckable={
        "Full Fine-tuning": "optimizer, formats, batch and length are not said; 7.5, 4.3 and 8.0 bytes a parameter, so "
        "that no one way of training gives all three",
        "LoRA": "rank, optimizer, batch and length are not said; it is 2.0, 2.3 and 2.3 bytes a parameter",
        "Q-LoRA": "rank, optimizer, batch and length are not said; it is 0.7, 0.7 and 0.6 bytes a parameter",
    },
)
def test_training(cell):
    """{column} of {row} takes {stated}."""


@CLAIMS.claim
def test_node(stated, measure):
    assert measure(8 * 80 * G, "bytes") == stated


@CLAIMS.claim
def test_needs_nodes(models, measure):
    assert measure(2 * models("llama-3.1-405b").total, "bytes") > 8 * 80 * G


@CLAIMS.claim
def test_fits_in_fp8(models, measure):
    assert measure(models("llama-3.1-405b").total, "bytes") < 8 * 80 * G


@CLAIMS.claim
def test_cache_as_weights(models, measure):
    model = models("llama-3.1-8b")
    cache = model.kv_cache_bytes_per_token.total * model.config["max_position_embeddings"]
    assert measure(Fraction(cache, 2 * model.total), "of the weights") > Fraction(9, 10)
