"""Inference: what bounds prefill and generation, caches, and steps of LLaMA 2 13B on TPU v5e."""

from fractions import Fraction
from itertools import pairwise
from math import sqrt

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.scaling_book.rooflines import ALPHA, FIRST, GIB, MS, US, V5E, V5P, G, Sum, T, critical, flops_run, held

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed")]

LARGE = 10**9
RIDGE = Fraction(197 * 10**12, 820 * 10**9)
CACHE = 8192 * 40 * 128 * 40 * 2 * 2  # bytes of one sequence of LLaMA 2 13B
FFW, ATTENTION, VOCABULARY = 5120**2 * Fraction(27, 10) * 3 * 40, 4 * 5120 * 40 * 128 * 40, 2 * 32000 * 5120
QUIZ = 100 * 10**3 * 8192  # bytes of one cache
BATCH_4 = (4 * 819 * 10**6 + 30 * G) / (16 * V5E.memory_bandwidth)
BATCH_256 = 256 * 819 * 10**6 / (16 * V5E.memory_bandwidth) + 2 * 256 * 30 * G / (16 * V5E.flops_per_second)
READ = 8 * 820 * G  # bytes a second of eight v5e
HOP_BYTES = 45 * 10**3  # sent in a microsecond


def degree(costs: list[int]) -> int:
    """Return the degree of a polynomial in 1, 2, 3, … by its differences."""
    times = 0
    while any(costs):
        costs, times = [after - before for before, after in pairwise(costs)], times + 1
    return times - 1


def best_2d(chips: int) -> float:
    """Least of 1/X + 8X/N over X: communication of 2D sharding in 2BD/W."""
    return min(1 / x + 8 * x / chips for x in (step / 1000 for step in range(1, 1000 * chips)))


def step(batch: int, printed: Fraction, cache: int, reading: str) -> dict[str, Fraction]:
    """Memory, time and throughput of a batch: its cache as printed in GB, or in GiB from its bytes."""
    scale, of = (G, printed) if reading == "other" else (GIB, Fraction(cache, GIB))
    time = (26 + batch * printed) * G / READ
    return {"KV": batch * of, "To": 26 * Fraction(G, scale) + batch * of, "St": MS * time, "Th": batch / time}


CLAIMS = Listed(
    """
    | claim                 | stated | says                                                                           |
    |-----------------------|--------|--------------------------------------------------------------------------------|
    | naive-ffw             | 2      | Without a cache generating n tokens costs n squared in feed-forward networks.  |
    | naive-attention       | 3      | In attention it costs n to the third.                                          |
    | cached-ffw            |        | With a cache it costs n in feed-forward networks.                              |
    | cached-attention      | 2      | In attention it costs n squared.                                               |
    | critical-batch        | 240    | On v5e linear operations are bound by FLOPs above 240 tokens.                  |
    | critical-int8-weights | 120    | With int8 parameters it is 120.                                                |
    | critical-int8         | 240    | With int8 for both it is about 240 again.                                      |
    | v5e-int8              | 400    | v5e does 400 TOPs of int8.                                                     |
    | score-flops           | 2      | Attention's first product takes 2BSTD FLOPs.                                   |
    | all-score-flops       | 4      | Both take 4BSTD.                                                               |
    | score-bytes           | 4      | They move 4BSD + 4BTD bytes.                                                   |
    | prefill-intensity     | 1/2    | In prefill the intensity is T / 2.                                             |
    | decode-intensity      | 1      | In generation it is about 1.                                                   |
    | prefill-bound         | 480    | Attention is bound by FLOPs above roughly 480 tokens.                          |
    | quiz-cache            | 819    | A cache of 8192 tokens of 100 kB is 819 MB.                                    |
    | quiz-small-batch      | 2.5    | With 4 sequences a step takes 2.5 ms at least.                                 |
    | quiz-large-batch      | 21     | With 256 it takes roughly 21 ms.                                               |
    | llama-2-ffw           | 8.5    | LLaMA 2 13B has 8.5e9 parameters in feed-forward networks.                     |
    | llama-2-vocabulary    | 0.3    | It has 0.3e9 for its vocabulary.                                               |
    | llama-2-attention     | 4.2    | It has 4.2e9 in attention.                                                     |
    | llama-2-total         | 13     | In all it has 13e9.                                                            |
    | training-parameters   | 40     | In training they take 40 GB, mixed in bf16 and fp32.                           |
    | training-optimizer    | 100    | The optimizer takes 100 GB in fp32.                                            |
    | training-activations  | 2.5    | Activations take about 2.5 TB.                                                 |
    | bf16-parameters       | 26     | In bf16 the parameters take 26 GB.                                             |
    | one-activation        | ~80    | One activation of 8k tokens takes about 80 MB.                                 |
    | one-cache             | 6.7    | A cache of 8192 tokens takes 6.7 GB.                                           |
    | eight-memory          | =128   | Eight v5e have 128 GiB.                                                        |
    | eight-bandwidth       | 6.5    | They read 6.5 TiB a second.                                                    |
    | eight-flops           | 1600   | They do 1600 TFLOPs a second.                                                  |
    | fits-16               | =16    | Batches above 16 do not fit.                                                   |
    | smaller-cache         | 5      | 8 heads for 40 make caches 5 times smaller.                                    |
    | fits-64               | =64    | With smaller caches a batch of 64 fits.                                        |
    | llama-3-8b-heads      | =32    | LLaMA 3 8B has 32 query heads.                                                 |
    | llama-3-8b-key-value  | =8     | It has 8 heads of keys and values.                                             |
    | prefill-ways          |        | Model parallelism goes up to about alpha / F in prefill.                       |
    | prefix-share          | 1/3    | With two of three tokens cached, a third of the work is left.                  |
    | server-memory         | =128   | A server of eight v5e has 128 GiB.                                             |
    | server-dram           | 450    | Its host has around 450 GiB.                                                   |
    | two-axes-x            | 8      | The best X of 2D sharding is the root of N / 8.                                |
    | two-axes-constant     | 11.3   | Its communication is then 11.3 BD / (W times the root of N).                   |
    | two-axes-square       | 128    | 11.3 is the root of 128.                                                       |
    | two-axes-chips        | 81     | It is better than one axis from 81 chips.                                      |
    | tensor-ways           | 20     | Tensor parallelism is bound at about 20 ways.                                  |
    | layer-parameters      | 600M   | A layer of 8192 and 32768 with two matrices has about 600M parameters.         |
    | layer-latency         | 365    | Split four ways it takes 365 us at least.                                      |
    | latency-buffer        | 360    | 8-way sharding is bound by latency below 360 kB.                               |
    | latency-activations   | 131    | 16 tokens of 8192 int8 features are 131 kB.                                    |
    | latency-ways          | 45,000 | In int8 it is bound by latency where Y is above BD / 45,000.                   |
    | speculated            | 3      | For XSum 3 to 4 tokens ahead are best.                                         |
    """,
    version=FIRST,
    also_prints={"quiz-cache": ("100",), "smaller-cache": ("8", "40"), "latency-activations": ("16",)},
    in_words=dict.fromkeys(("naive-ffw", "naive-attention", "cached-attention", "two-axes-constant"), True),
    note={
        "naive-ffw": "The degree in n.",
        "naive-attention": "The degree in n.",
        "cached-attention": "The degree in n.",
        "cached-ffw": "Read as: a polynomial of degree one in n.",
        "critical-int8": "At 3.94e14 and the chapter's 8.2e11 bytes a second.",
        "eight-memory": "At 16 GiB each.",
        "eight-bandwidth": "TiB: of 2^40 bytes.",
        "training-optimizer": "GB, of 13e9 parameters.",
        "fits-16": "The largest of the table's batches that fits 128 GiB, with 26 GB of parameters.",
        "prefill-ways": "Read as: on v5p with LLaMA 3 70B no more ways than that are bound by FLOPs.",
        "two-axes-x": "N by the square of the X at which communication is least, of 512 chips.",
        "layer-latency": "At 8.2e11 bytes a second, in bf16. Read as: of its matrices.",
        "two-axes-constant": "The printed end of the equation leaves out D.",
        "tensor-ways": "Ways for F of Gemma 7B, as chapter 5 has it.",
    },
    loosely={
        "v5e-int8": "to the nearest hundred",
        "quiz-small-batch": "cut short",
        "training-optimizer": "cut short to hundreds",
        "eight-flops": "to the nearest hundred",
        "critical-int8": "to the nearest ten",
        "layer-parameters": "about, in hundreds of millions, rounded up: two matrices of 8192 by 32768 have 537M",
    },
    disputed={
        "eight-bandwidth": "it is so in TB: cut short of 6.56",
        "layer-latency": "it is so of 600M parameters, cut short",
    },
    words={
        "prefill-ways": "some amount of model parallelism (again, up to about alpha / F)",
        "two-axes-chips": "N > 128 * (3/4)^2 = 81",
        "layer-parameters": "Since our layer is about 600M parameters sharded 4 ways here",
    },
    refuted={
        "prefill-ways": "it is F / alpha: alpha / F is less than one",
        "two-axes-chips": "128 times nine sixteenths are 72",
    },
    reply={
        "prefill-ways": "That chapter 5 has F / alpha: it has, and the author has corrected this one.",
        "two-axes-chips": "None: the product is printed beside it, and the author has corrected it.",
    },
    uncheckable={
        "training-parameters": "which part is in which format is not said",
        "training-activations": "the batch is not said",
        "server-dram": "no published page at hand says so of that server",
        "speculated": "read from a figure of another paper",
    },
)

SUMS = {
    "one-activation": Sum(Fraction(8192 * 5120 * 2, 10**6), "MB", round(Fraction(8192 * 5120 * 2, 10**6), -1)),
    "naive-ffw": Sum(degree([sum(range(1, n + 1)) for n in range(1, 8)]), "degree"),
    "naive-attention": Sum(degree([sum(k * k for k in range(1, n + 1)) for n in range(1, 8)]), "degree"),
    "cached-attention": Sum(degree([sum(range(1, n + 1)) for n in range(1, 8)]), "degree"),
    "critical-batch": Sum(critical(LARGE, LARGE, RIDGE), "tokens"),
    "critical-int8-weights": Sum(critical(LARGE, LARGE, RIDGE, weights=1), "tokens"),
    "score-flops": Sum(Fraction(flops_run(3, 7, 5), 3 * 5 * 7), "BSTD FLOPs"),
    "all-score-flops": Sum(Fraction(flops_run(3, 7, 5) + flops_run(3, 5, 7), 3 * 5 * 7), "BSTD FLOPs"),
    "score-bytes": Sum(Fraction(2 * held(3, 7) + 2 * held(5, 7), (3 + 5) * 7), "bytes a BD(S + T)"),
    "prefill-intensity": Sum(Fraction(4 * 64 * 64, 8 * 64) / 64, "of T"),
    "decode-intensity": Sum(Fraction(4 * LARGE, 4 * LARGE + 4), "FLOPs a byte"),
    "prefill-bound": Sum(round(2 * RIDGE, -1), "tokens"),
    "quiz-cache": Sum(Fraction(QUIZ, 10**6), "MB"),
    "quiz-small-batch": Sum(BATCH_4 * MS, "ms"),
    "quiz-large-batch": Sum(BATCH_256 * MS, "ms"),
    "llama-2-ffw": Sum(FFW / G, "10^9 parameters"),
    "llama-2-vocabulary": Sum(Fraction(VOCABULARY, G), "10^9 parameters"),
    "llama-2-attention": Sum(Fraction(ATTENTION, G), "10^9 parameters"),
    "llama-2-total": Sum((FFW + ATTENTION + VOCABULARY) / G, "10^9 parameters"),
    "bf16-parameters": Sum(2 * 13, "GB"),
    "one-cache": Sum(Fraction(CACHE, G), "GB"),
    "eight-memory": Sum(8 * 16, "GiB"),
    "smaller-cache": Sum(Fraction(40, 8), "times smaller"),
    "fits-16": Sum(max(batch for batch in (1, 8, 16, 32, 64, 240) if 26 * G + batch * CACHE <= 128 * GIB), "sequences"),
    "fits-64": Sum(
        max(batch for batch in (1, 8, 16, 32, 64, 240) if 26 * G + batch * CACHE // 5 <= 128 * GIB), "sequences"
    ),
    "prefix-share": Sum(Fraction(1, 3), "of the work"),
    "server-memory": Sum(8 * 16, "GiB"),
    "two-axes-square": Sum(round((4 * sqrt(8)) ** 2), "square"),
    "two-axes-constant": Sum(2 * best_2d(64) * sqrt(64), "BD/W by the root of N"),
    "two-axes-chips": Sum(
        Fraction(128 * 9, 16),
        "chips",
        also={"most chips for which 4/3 are no more": max(n for n in range(1, 200) if sqrt(128 / n) >= 4 / 3)},
    ),
    "tensor-ways": Sum(50000 / ALPHA, "ways"),
    "two-axes-x": Sum(
        512 / min((step / 10 for step in range(1, 5000)), key=lambda x: 1 / x + 8 * x / 512) ** 2, "by N"
    ),
    "latency-buffer": Sum(Fraction(8 * HOP_BYTES, 10**3), "kB"),
    "latency-activations": Sum(Fraction(16 * 8192, 10**3), "kB"),
    "latency-ways": Sum(HOP_BYTES, "by BD"),
}
OTHER = {
    "layer-parameters": Sum(2 * 8192 * 32768, "parameters", -(-2 * 8192 * 32768 // 10**8) * 10**8),
    "critical-int8": Sum(
        Fraction(394 * 10**12, 820 * 10**9) / 2 + 1,
        "tokens, the next",
        round(Fraction(394 * 10**12, 820 * 10**9) / 2, -1),
    ),
    "v5e-int8": Sum(394, "TOPs", round(394, -2)),
    "training-optimizer": Sum(8 * 13, "GB", round(8 * 13, -2)),
    "eight-flops": Sum(8 * 197, "TFLOPs a second", round(8 * 197, -2)),
    "eight-bandwidth": Sum(Fraction(READ, 2**40), "TiB a second", Fraction(READ // (T // 10), 10)),
    "layer-latency": Sum(Fraction(2 * 2 * 8192 * 32768, 4 * 820 * G) * US, "us", 2 * 600 * 10**6 * US // (4 * 820 * G)),
}

GB_NOT_GIB = "it is so in GB of 10^9 bytes, and as multiples of 6.7: in GiB one cache is 6.25"


@table(
    """
    |                                   |      1 |      8 |     16 |     32 |     64 |    240 |
    | KV Cache Memory (GiB)             |    6.7 |   53.6 |  107.2 |  214.4 |  428.8 |   1608 |
    | Total Memory (GiB)                |   32.7 |   79.6 |  133.2 |  240.4 |  454.8 |   1634 |
    | Theoretical Step Time (ms)        |   4.98 |  12.13 |  20.30 |  36.65 |  69.33 | 249.09 |
    | Theoretical Throughput (tokens/s) | 200.61 | 659.30 | 787.99 | 873.21 | 923.13 | 963.53 |
    """,
    version=FIRST,
    id="steps",
    name="LLaMA 2 13B by batch size",
    disputed={"KV Cache Memory (GiB)": GB_NOT_GIB, "Total Memory (GiB)": GB_NOT_GIB},
    note="Times and throughput from the memory as printed, read as GB, at 8 times 8.2e11 bytes a second.",
)
def test_steps(cell, stated, reading, measure):
    """At a batch of {column}: {row} is {stated}."""
    found = step(int(cell.column), Fraction(67, 10), CACHE, reading)
    assert measure(found[cell.row.removeprefix("Theoretical ")[:2]], cell.row) == stated


@table(
    """
    |                                   |      1 |        8 |       16 |       32 |       64 |      240 |
    | KV Cache Memory (GiB)             |   1.34 |    10.72 |    21.44 |    42.88 |    85.76 |    321.6 |
    | Total Memory (GiB)                |  27.34 |    36.72 |    47.44 |    68.88 |   111.76 |    347.6 |
    | Theoretical Step Time (ms)        |   4.17 |     5.60 |     7.23 |    10.50 |    17.04 |    52.99 |
    | Theoretical Throughput (tokens/s) | 239.94 | 1,429.19 | 2,212.48 | 3,047.62 | 3,756.62 | 4,529.34 |
    """,
    version=FIRST,
    id="small-steps",
    name="LLaMA 2 13B with caches a fifth as large",
    disputed={"KV Cache Memory (GiB)": GB_NOT_GIB, "Total Memory (GiB)": GB_NOT_GIB},
    note="Times and throughput from the memory as printed, read as GB, at 8 times 8.2e11 bytes a second.",
)
def test_small_steps(cell, stated, reading, measure):
    """At a batch of {column}, with a fifth of the cache: {row} is {stated}."""
    found = step(int(cell.column), Fraction(134, 100), CACHE // 5, reading)
    assert measure(found[cell.row.removeprefix("Theoretical ")[:2]], cell.row) == stated


@CLAIMS.claim
def test_cached_ffw(measure):
    assert measure(degree(list(range(1, 8))), "degree") == 1


@CLAIMS.claim
def test_prefill_ways(measure):
    flops, sent = V5P.flops_per_second, 2 * V5P.interconnect_bandwidth
    bound = [ways for ways in range(1, 64) if Fraction(4 * 28672, ways) / flops >= Fraction(4) / sent]
    ways = measure(int(28672 / ALPHA), "ways that FLOPs bound", also={"seconds, tried": max(bound)})
    assert ways <= ALPHA / 28672


@CLAIMS.each("llama-3-8b-heads", "llama-3-8b-key-value")
def test_heads(claim, models, stated, measure):
    of = models("llama-3.1-8b").config
    key = {"llama-3-8b-heads": "num_attention_heads", "llama-3-8b-key-value": "num_key_value_heads"}[claim]
    assert measure(of[key], "heads") == stated


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
