"""LLaMA 3 70B in training on TPUs."""

from fractions import Fraction
from math import log2, sqrt

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import ALPHA, DAY, FIRST, MS, V5P, G, Sum, T, chips

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed")]

F, POD = 28672, chips("v5p")
TOKEN = 6 * 70 * G  # FLOPs
TRAINING = TOKEN * 15 * 10**12
SECONDS = TRAINING / (POD * V5P.flops_per_second * Fraction(4, 10))
CHECKPOINT = 2 * 8192 * 4 * 10**6 * 80  # bytes of one a layer
STATE = 10 * 70 * G
BEST = sqrt(2 * 4.19e6 * POD / F)

CLAIMS = Listed(
    """
    | claim              | stated   | says                                                                            |
    |--------------------|----------|---------------------------------------------------------------------------------|
    | layers             | =80      | LLaMA 3 70B has 80 layers.                                                      |
    | width              | =8,192   | It has 8,192 features.                                                          |
    | multiplier         | 3.5      | Its feed-forward networks are 3.5 times as wide.                                |
    | heads              | =64      | It has 64 query heads.                                                          |
    | key-value-heads    | =8       | It has 8 heads of keys and values.                                              |
    | head-width         | =128     | Its heads have 128 features.                                                    |
    | vocabulary-size    | =128,256 | It has 128,256 embeddings.                                                      |
    | llama-ffw          | 56.3     | Its feed-forward networks have 56.3e9 parameters.                               |
    | llama-vocabulary   | 2.1      | Embedding and head have 2.1e9.                                                  |
    | llama-attention    | 12       | Attention has 12e9.                                                             |
    | llama-total        | 70.4     | In all it has 70.4e9.                                                           |
    | mostly-ffw         | 56B      | 56B of 70B are in three matrices of the MLP.                                    |
    | token-flops        | 4.2      | A token takes roughly 4.2e11 FLOPs in training.                                 |
    | token-half         |          | That is about half a TFLOP.                                                     |
    | token-time         | 1        | A v5p takes about 1 ms for it.                                                  |
    | training-flops     | 6.3      | 15 trillion tokens take 6.3e24 FLOPs.                                           |
    | yotta              | 6.3      | That is 6.3 yottaFLOPs.                                                         |
    | one-chip-years     | 435      | One chip would take 435 years.                                                  |
    | pod-chips          | =8960    | A pod of 16x20x28 has 8960 chips.                                               |
    | pod-seconds        | 3.8      | At 40% of the peak a pod takes 3.8e6 seconds.                                   |
    | pod-days           | 44       | That is about 44 days.                                                          |
    | parameters-memory  | 140      | Parameters take 140 GB.                                                         |
    | optimizer-memory   | 560      | The optimizer takes 560 GB.                                                     |
    | checkpoints-memory | ~15.8    | Three checkpoints a layer of 4M tokens take about 15.8 TB.                      |
    | all-memory         | ~16.5    | All take about 16.5 TB.                                                         |
    | least-chips        | 171      | That needs 171 chips.                                                           |
    | least-days         | 2305     | They would take 2305 days.                                                      |
    | least-years        | 6        | That is 6 years.                                                                |
    | memory-a-chip      | 1.8      | On 8960 chips it is about 1.8 GB each.                                          |
    | more-checkpoints   | 8        | With 12 checkpoints a layer it is 8 GB each.                                    |
    | batch-length       | 8192     | A batch of 4M tokens is 1024 sequences of 8192.                                 |
    | batch-sequences    | =1024    | With 4K tokens a sequence 4M tokens are 1024 sequences.                         |
    | chip-batch         | 468      | Each of 8960 chips has 468 tokens of 4M.                                        |
    | fsdp-bound         | 850      | Sharded data parallelism needs 850 tokens a chip.                               |
    | mixed-bound        | 453      | Mixed parallelism needs 453.                                                    |
    | above-bound        |          | 468 tokens are slightly above it.                                               |
    | llama-best-x       | 1618     | The best X is 1618.                                                             |
    | best-rounded       | 2048     | Rounded to a power of two it is 2048.                                           |
    | tensor-bound       | 11       | Pure model parallelism goes up to 11 ways.                                      |
    | takeaway-data      | =1024    | That is 1024-way data, 2-way sequence and 4-way tensor parallelism.             |
    """,
    version=FIRST,
    model="llama-3.1-70b",
    also_prints={"batch-length": ("1024",), "takeaway-data": ("2-way", "4-way"), "fsdp-bound": ("2550",)},
    note={
        "layers": "Of Llama 3.1 70B, whose shapes are LLaMA 3 70B's.",
        "token-half": "Read as: nearer to a half than to a fourth or three fourths.",
        "token-flops": "In 10^11.",
        "training-flops": "In 10^24.",
        "pod-seconds": "In 10^6.",
        "batch-length": "Tokens a sequence of 4 * 1024 * 1024 tokens in 1024 sequences.",
        "least-chips": "Chips of 96 GB that hold 16.5 TB; weaker: one less than hold it.",
        "more-checkpoints": "GB of 12 checkpoints a layer with parameters and optimizer.",
        "llama-total": "In 10^9. Read as: of the model; weaker: of its three printed summands.",
    },
    loosely={
        "llama-ffw": "cut short",
        "llama-total": "of summands that were cut short themselves: it has 70.6e9",
        "least-chips": "cut short, so that it does not quite fit",
        "mixed-bound": "cut short",
        "more-checkpoints": "rounded up",
    },
    words={
        "batch-length": "train LLaMA 3-70B with 4M token batch size (1024 sequences of length 8192 per batch)",
    },
    refuted={
        "batch-length": "1024 sequences of 8192 are 8.4M tokens: of 4M each has 4096",
    },
    reply={
        "batch-length": "That LLaMA 3 went on with sequences of 8192: but then 4M tokens are 512, and the author has "
        "corrected it to 4096.",
    },
)

SUMS = {
    "all-memory": Sum(Fraction(3 * CHECKPOINT + STATE, T), "TB", Fraction(158 + 7, 10)),
    "checkpoints-memory": Sum(Fraction(3 * CHECKPOINT, T), "TB", Fraction(3 * CHECKPOINT, T) + Fraction(1, 10)),
    "token-flops": Sum(Fraction(TOKEN, 10**11), "10^11 FLOPs"),
    "token-time": Sum(TOKEN / V5P.flops_per_second * MS, "ms"),
    "training-flops": Sum(Fraction(TRAINING, 10**24), "10^24 FLOPs"),
    "yotta": Sum(Fraction(TRAINING, 10**24), "yottaFLOPs"),
    "one-chip-years": Sum(TRAINING / V5P.flops_per_second / (DAY * Fraction(36525, 100)), "years"),
    "pod-chips": Sum(POD, "chips"),
    "pod-seconds": Sum(SECONDS / 10**6, "10^6 s"),
    "pod-days": Sum(SECONDS / DAY, "days"),
    "parameters-memory": Sum(2 * 70, "GB"),
    "optimizer-memory": Sum(8 * 70, "GB"),
    "least-days": Sum(Fraction(44 * POD, 171), "days"),
    "least-years": Sum(Fraction(44 * POD, 171) / 365, "years"),
    "memory-a-chip": Sum(Fraction(3 * CHECKPOINT + STATE, POD * G), "GB"),
    "batch-length": Sum(
        4 * 1024 * 1024 // 1024, "tokens", also={"dealt out to 1024 in turn": len(range(0, 4 * 1024 * 1024, 1024))}
    ),
    "batch-sequences": Sum(4 * 1024 * 1024 // 4096, "sequences"),
    "chip-batch": Sum(Fraction(4 * 1024 * 1024, POD), "tokens"),
    "fsdp-bound": Sum(ALPHA / 3, "tokens"),
    "mixed-bound": Sum(2 * ALPHA**2 / F, "tokens"),
    "llama-best-x": Sum(BEST, "chips"),
    "best-rounded": Sum(2 ** round(log2(BEST)), "chips"),
    "tensor-bound": Sum(F / ALPHA, "ways"),
    "takeaway-data": Sum(2048 // 2, "ways"),
}
OTHER = {
    "least-chips": Sum(-(-165 * 10**11 // (96 * G)), "chips", 165 * 10**11 // (96 * G)),
    "more-checkpoints": Sum(
        Fraction(12 * CHECKPOINT + STATE, POD * G), "GB", -(-(12 * CHECKPOINT + STATE) // (POD * G))
    ),
}


@CLAIMS.claim
def test_above_bound(measure):
    assert measure(Fraction(4 * 1024 * 1024, POD), "tokens") > 2 * ALPHA**2 / F


@CLAIMS.claim
def test_token_half(measure):
    assert abs(measure(Fraction(TOKEN, T), "TFLOPs") - Fraction(1, 2)) < Fraction(1, 8)


@CLAIMS.each("layers", "width", "multiplier", "heads", "key-value-heads", "head-width", "vocabulary-size")
def test_shape(claim, models, stated, measure):
    of = models("llama-3.1-70b").config
    found = {
        "layers": of["num_hidden_layers"],
        "width": of["hidden_size"],
        "multiplier": Fraction(of["intermediate_size"], of["hidden_size"]),
        "heads": of["num_attention_heads"],
        "key-value-heads": of["num_key_value_heads"],
        "head-width": of["hidden_size"] // of["num_attention_heads"],
        "vocabulary-size": of["vocab_size"],
    }
    assert measure(found[claim], claim) == stated


@CLAIMS.each("llama-vocabulary", "llama-attention", "mostly-ffw", "llama-ffw")
def test_parts(claim, models, stated, measure):
    model = models("llama-3.1-70b")
    parts = {"llama-vocabulary": ("embeddings", "head"), "llama-attention": ("attention",)}.get(claim, ("mlp",))
    unit = 1 if claim == "mostly-ffw" else G
    counted, formula = (sum(getattr(of, part) for part in parts) for of in (model, model.formula))
    assert measure(Fraction(counted, unit), "parameters", also=Fraction(formula, unit)) == stated


@CLAIMS.claim
def test_llama_total(models, stated, reading, measure):
    model = models("llama-3.1-70b")
    of = {"literal": Fraction(model.formula.total, G), "loose": Fraction(563 + 21 + 120, 10)}
    assert measure(of[reading], "10^9 parameters") == stated


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
