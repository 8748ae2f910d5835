"""Serving LLaMA 3 70B on TPU v5e."""

from fractions import Fraction

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed, table
from claims.scaling_book.rooflines import ALPHA, FIRST, KIB, MS, PRINTED, V5E, G, Sum, T, flops_run, held, put_in

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed")]

CACHE = 2 * 8 * 128 * 80  # int8 bytes of a token
RATE = Fraction(820 * 10**9)  # bytes a second of a v5e, as this chapter has it
F, CONTEXT, DECODED = 28672, 8192, 512
SIZES = {"bf16": Fraction(2), "int8": Fraction(1), "int4": Fraction(1, 2)}  # bytes a parameter
CHIPS = {"bf16": 16, "int8": 8, "int4": 4}
STEP = Fraction(19, 1000)  # s, as printed
PREFILL = 2 * 3 * 8192**2 * Fraction(35, 10) * 80  # operations a token
PRICES = {"v5p": Fraction(42, 10), "v5e": Fraction(12, 10)}  # USD an hour


def left(dtype: str, chips: int) -> Fraction:
    """GB that 70B parameters leave free on chips of 16 GB."""
    return 16 * chips - 70 * SIZES[dtype]


def caches(dtype: str, chips: int) -> int:
    """How many caches of 8k tokens fit there."""
    return int(left(dtype, chips) * G // (CACHE * SIZES[dtype] * CONTEXT))


def rate(dtype: str, chips: int) -> Fraction:
    """Queries a second and chip, with as many caches as fit and steps of 19 ms, of 512 tokens each."""
    return Fraction(caches(dtype, chips)) / (STEP * DECODED * chips)


def counted(dtype: str, chips: int) -> dict[str, Fraction | int]:
    """What the tables have of a slice, by how their columns begin: from bits, arrays made and caches put in."""
    bits = {"bf16": 16, "int8": 8, "int4": 4}[dtype]
    size, token = Fraction(70 * bits, 8), held(2, 8, 16, 80, dtype=torch.int8) * bits
    free = sum(16 - size / chips for _ in range(chips))
    batch = put_in(free * G, token * CONTEXT)
    return {
        "params": size, "actual": next(2**n for n in range(9) if 16 * 2**n >= size), "remain": free,
        "KV a t": Fraction(token, 1000), "KV cac": batch, "QPS": Fraction(batch * 1000, 19 * DECODED),
        "min TP": Fraction("8.75") * bits / 16,  # by the cell of bfloat16, 16 bits
    }  # fmt: skip


def latency(batch: int, context: int) -> Fraction:
    """Seconds of a step on 4x4 v5e, by the chapter's code: int8 parameters, bfloat16 FLOPs."""
    computing = Fraction(2 * 70 * G * batch) / (16 * V5E.flops_per_second)
    return max(computing, 70 * G / (16 * RATE)) + batch * CACHE * context / (16 * RATE)


CLAIMS = Listed(
    """
    | claim               | stated | says                                                                             |
    |---------------------|--------|----------------------------------------------------------------------------------|
    | serving-layers      | =80    | LLaMA 3 70B has 80 layers.                                                       |
    | batch-bf16          | 240    | Feed-forward networks are bound by FLOPs above 240 tokens.                       |
    | batch-int8          | 120    | With int8 weights above 120.                                                     |
    | batch-int4          | 60     | With int4 weights above 60.                                                      |
    | cache-token         | 160    | An int8 cache is 160 KiB a token.                                                |
    | cache-token-bytes   | 162    | In the sum it is 162e3 bytes.                                                    |
    | cache-sequence      | 5.3    | At 32k tokens it is 5.3 GB a sequence.                                           |
    | cache-batch         | 1.3    | For 240 sequences it is 1.3 TB.                                                  |
    | cache-chips         | 86     | That and the parameters need about 86 v5e.                                       |
    | parameters-int8     | 70     | Parameters take 70 GB.                                                           |
    | step                | 19     | A step that reads all memory takes 19 ms.                                        |
    | decode              | ~9     | 512 tokens take about 9 s.                                                       |
    | step-int4           | ~10    | With int4 parameters only, it takes about 10 ms.                                 |
    | queries             | 4.42   | 43 caches give 4.42 queries a second by the number of chips.                     |
    | free-4x8            | 186    | 4x8 chips leave 186 GB for caches in bfloat16.                                   |
    | batch-4x8           | 161    | That is a batch of 161.                                                          |
    | queries-4x8         | 16.54  | The batch on 4x8 gives 16.54 queries a second by the number of chips.            |
    | tensor-ways-v5e     | 22     | On v5e two axes of model parallelism go up to 22 ways.                           |
    | scales-to           | 16     | So in general it scales to 16 chips.                                             |
    | prefill-flops       | 26     | 240 tokens of prefill are 26e12 operations.                                      |
    | prefill-time        | 8      | Prefill of 8k tokens takes 8 ms at least on 4x2 v5e.                             |
    | prefill-half        | 16     | At half of the peak it takes 16 ms.                                              |
    | prefill-guess       | 20     | With attention it is somewhere around 20 to 30 ms.                               |
    | decode-steps        | 2      | With a batch of 240 and 512 tokens a prefill is due every 2 steps.               |
    | least-latency       | 5.5    | On 4x4 latency begins at 5.5 ms.                                                 |
    | most-latency        | 20     | It goes up to 20 ms.                                                             |
    | plateau             | 1      | At 2k tokens throughput ends at around 1 token a ms and chip.                    |
    | plateau-batch       | 120    | It is reached at a batch of 120.                                                 |
    | cost-for-latency    | 100    | Twice the latency costs roughly 100 times less a token.                          |
    | flops-below-loading |        | At all batch sizes above 2k FLOPs take less than loading caches.                 |
    """,
    version=FIRST,
    model="llama-3.1-70b",
    note={
        "batch-int4": "bfloat16 products.",
        "cache-token-bytes": "In 10^3 bytes.",
        "cache-batch": "TB.",
        "prefill-flops": "In 10^12.",
        "decode": "s.",
        "tensor-ways-v5e": "Read as: with v5e's own rates, 1.97e14 and 1e11.",
        "prefill-time": "ms of the book's own formula at 8,192 tokens, at v5e's int8 rate; of the author's: of the "
        "printed 26e12 operations.",
        "prefill-half": "Of the printed 8 ms.",
        "plateau": "At a batch of 120.",
        "flops-below-loading": "Of 2,049 sequences, at the longest that fit beside the parameters on 4x4.",
        "cost-for-latency": "Of a batch of one at 2k tokens; weaker: to the nearest hundred.",
        "least-latency": "ms of a batch of one at 8k tokens; weaker: of two.",
    },
    loosely={
        "cache-sequence": "cut short",
        "step": "cut short",
        "prefill-flops": "very roughly: of a width of 8e3; of 8192 it is 27e12",
        "least-latency": "of a batch of two",
        "cost-for-latency": "to the nearest hundred",
    },
    disputed={
        "tensor-ways-v5e": "it is so with the 2550 FLOPs a byte of v5p",
        "prefill-time": "it is so of the 240 tokens of the line before: the 8k of the question take 34 times as long",
    },
    words={
        "cache-token-bytes": "this uses 162e3 * 32,768 = 5.3GB / sequence",
        "free-4x8": "If we used a 4x8 slice in bfloat16, we would have 186GB remaining for KV caches",
        "batch-4x8": "186GB remaining for KV caches, which would let us up our batch size to 161",
        "queries-4x8": "we would have a throughput of 16.54 / num_chips",
        "flops-below-loading": "at all batch sizes greater than 2k, FLOPs is always smaller than our KV loading time",
    },
    refuted={
        "cache-token-bytes": "160 KiB are 163.84e3 bytes",
        "free-4x8": "32 chips of 16 GB less 140 GB are 372 GB: 186 GB are those of 4x4 in int8",
        "batch-4x8": "372 GB hold 138 caches of 8k tokens",
        "queries-4x8": "it follows from the batch of batch-4x8: of 138 it is 14.2",
        "flops-below-loading": "so many fit only with caches of 554 tokens, and of those loading takes less",
    },
    reply={
        "cache-token-bytes": "That it is rounded: but it is neither 160 KiB nor 164 kB, and the author has corrected "
        "it to 160e3.",
        "free-4x8": "That 16 chips were meant, in int8: but the sentence says 4x8 in bfloat16, and the author has "
        "corrected it to 372.",
        "batch-4x8": "That caches were meant to be smaller: but neither 186 nor 372 GB hold 161, and the author has "
        "corrected it.",
        "queries-4x8": "That it follows from the batch: it does, and the author has corrected both.",
        "flops-below-loading": "That lengths are meant, as a later state says: but the sentence says batch sizes, and "
        "at one length the batch takes both alike.",
    },
    uncheckable={
        "prefill-guess": "the book calls it a guess",
    },
)

SUMS = {
    "step-int4": Sum(35 * G / (4 * RATE) * MS, "ms", round(35 * G / (4 * RATE) * MS, -1)),
    "batch-bf16": Sum(V5E.flops_per_second / RATE, "tokens"),
    "batch-int8": Sum(V5E.flops_per_second / RATE / 2, "tokens"),
    "batch-int4": Sum(V5E.flops_per_second / RATE / 4, "tokens"),
    "cache-token": Sum(Fraction(CACHE, KIB), "KiB"),
    "cache-token-bytes": Sum(Fraction(CACHE, 1000), "10^3 bytes", also={"an array made": counted("int8", 8)["KV a t"]}),
    "cache-sequence": Sum(Fraction(CACHE * 32768, G), "GB"),
    "cache-batch": Sum(Fraction(240 * CACHE * 32768, T), "TB"),
    "cache-chips": Sum(-(-(70 * G + 13 * T // 10) // (16 * G)), "chips"),
    "parameters-int8": Sum(70 * SIZES["int8"], "GB"),
    "step": Sum(16 * G / RATE * MS, "ms"),
    "decode": Sum(DECODED * STEP, "s"),
    "queries": Sum(43 / (STEP * DECODED), "queries a second, by the chips"),
    "free-4x8": Sum(left("bf16", 32), "GB", also={"what each chip has left": counted("bf16", 32)["remain"]}),
    "queries-4x8": Sum(
        caches("bf16", 32) / (STEP * DECODED),
        "queries a second, by the chips",
        also={"caches put in, a second's steps": counted("bf16", 32)["QPS"]},
    ),
    "batch-4x8": Sum(caches("bf16", 32), "caches", also={"put in one by one": counted("bf16", 32)["KV cac"]}),
    "prefill-half": Sum(2 * 8, "ms"),
    "decode-steps": Sum(Fraction(DECODED, 240), "steps"),
    "most-latency": Sum(16 * G / RATE * MS, "ms"),
    "plateau": Sum(120 / (latency(120, 2048) * MS * 16), "tokens a ms and chip"),
    "plateau-batch": Sum(V5E.flops_per_second / RATE / 2, "tokens"),
    "scales-to": Sum(
        max(ways for ways in (4, 8, 16, 32) if ways < 2 * F / ALPHA),
        "chips",
    ),
}
DOUBLE = max(batch for batch in range(1, 555) if latency(batch, 2048) <= 2 * latency(1, 2048))
OTHER = {
    "prefill-time": Sum(
        8192 * PREFILL / (8 * PRINTED["v5e"]["int8"]) * MS, "ms", 26 * T / (8 * PRINTED["v5e"]["int8"]) * MS
    ),
    "prefill-flops": Sum(240 * PREFILL / T, "10^12 operations", 240 * PREFILL * Fraction(8000, 8192) ** 2 / T),
    "tensor-ways-v5e": Sum(
        2 * F / (V5E.flops_per_second / (2 * V5E.interconnect_bandwidth)),
        "ways",
        2 * F / ALPHA,
    ),
    "least-latency": Sum(latency(1, 8192) * MS, "ms", latency(2, 8192) * MS),
    "cost-for-latency": Sum(Fraction(DOUBLE, 2), "times less a token", round(Fraction(DOUBLE, 2), -2)),
}


@table(
    """
    |     | bfloat16 FLOPs/s (10^14) | USD / hour | FLOPs / $ (10^14) |
    | v5p | 4.59                     | 4.2        | 1.09              |
    | v5e | 1.97                     | 1.2        | 1.64              |
    """,
    version=FIRST,
    id="prices",
    name="What a TPU costs",
    uncheckable={"USD / hour": "a price of early 2025"},
    disputed={
        "FLOPs / $ (10^14)": "it is so of FLOPs a second for a dollar an hour: a dollar buys 3,600 times as many"
    },
    note="FLOPs for a dollar from the printed rate and price.",
)
def test_prices(cell, makers, stated, reading, measure):
    """TPU {row} has {stated} by the column {column}."""
    flops = Fraction(makers[cell.row]["bf16"], 10**14)
    hours = 1 if reading == "other" else 3600
    value = flops if cell.column.startswith("bf") else flops * hours / PRICES[cell.row]
    assert measure(value, cell.column) == stated


@table(
    """
    |      | params (GB) | KV a token (kB) | min TPU v5es | actual min slice | remaining HBM (GB) | KV caches @ 8k |
    | bf16 | 140         | 324             | 8.75         | 16               | 116                | 43             |
    | int8 | 70          | 162             | 4.38         | 8                | 68                 | 52             |
    | int4 | 45          | 81              | 2.81         | 4                | 19                 | 67             |
    """,
    version=FIRST,
    id="slices",
    name="Smallest slices",
    loosely={"int4 / KV a token (kB)": "cut short"},
    words={
        "bf16": "bf16 | 140GB | 324kB | 8.75 | 4x4 = 16 chips | 116 | 43",
        "int8": "int8 | 70GB | 162kB | 4.38 | 4x2 = 8 chips | 68 | 52",
        "int4": "int4 | 45GB | 81kB | 2.81 | 2x2 = 4 chips | 19 | 67",
    },
    refuted={
        "bf16 / KV a token (kB)": "it follows from the 162 kB of int8: twice 160 KiB are 327.68 kB",
        "int8 / KV a token (kB)": "it follows from the 162e3 of cache-token-bytes: 160 KiB are 163.84 kB",
        "int4 / params (GB)": "70B parameters of half a byte are 35 GB",
        "int4 / min TPU v5es": "it follows from the 45 GB of its row: 35 GB are 2.19 times 16 GB",
        "int8 / remaining HBM (GB)": "128 less 70 are 58",
        "int4 / remaining HBM (GB)": "it follows from the 45 GB of its row: 64 less 35 are 29",
        "int8 / KV caches @ 8k": "it follows from the 68 GB of its row: 58 GB hold 43",
        "int4 / KV caches @ 8k": "it follows from the 45 GB of its row, which hold 67: the 29 GB that remain hold 43",
    },
    reply={
        "bf16 / KV a token (kB)": "That it is twice 162: it is, and that is neither 160 KiB nor 164 kB.",
        "int8 / KV a token (kB)": "That it is rounded: but 160 KiB is neither 160 nor 162 kB, and the author has taken "
        "162 out of the sum.",
        "int4 / params (GB)": "That scales of quantization are counted: they would be a fourth of all, and the author "
        "has corrected it to 35.",
        "int4 / min TPU v5es": "That it follows from the 45 GB: it does, and the author has corrected those.",
        "int8 / remaining HBM (GB)": "None: both terms are in its row, and the author has corrected it.",
        "int4 / remaining HBM (GB)": "That it follows from the 45 GB: it does, and the author has corrected both.",
        "int8 / KV caches @ 8k": "That it follows from the 68 GB: it does, and the author has corrected both.",
        "int4 / KV caches @ 8k": "That it follows from the 45 GB: it does, and the author has corrected both.",
    },
)
def test_slices(cell, stated, measure):
    """In {row} the column {column} says {stated}."""
    dtype, chips = cell.row, CHIPS[cell.row]
    size = 70 * SIZES[dtype]
    found = {"par": size, "KV ": CACHE * SIZES[dtype] / 1000, "min": size / 16, "act": chips, "rem": left(dtype, chips)}
    value = caches(dtype, chips) if cell.column.startswith("KV c") else found[cell.column[:3]]
    assert measure(value, cell.column, also={"counted": counted(dtype, chips)[cell.column[:6]]}) == stated


@table(
    """
    |                   | QPS / chip |
    | bfloat16          | 0.27       |
    | int8              | 0.66       |
    | int4              | 1.72       |
    | bfloat16 (on 4x8) | 0.51       |
    | int8 (on 4x4)     | 1.03       |
    | int4 (on 2x4)     | 2.06       |
    """,
    version=FIRST,
    id="queries-a-chip",
    name="Queries a second and chip",
    loosely={"bfloat16": "cut short"},
    words={
        "int8": "int8 | 0.66",
        "int4": "int4 | 1.72",
        "bfloat16 (on 4x8)": "bfloat16 (on 4x8) | 0.51",
        "int8 (on 4x4)": "int8 (on 4x4) | 1.03",
        "int4 (on 2x4)": "int4 (on 2x4) | 2.06",
    },
    refuted={
        "int8": "it follows from the 52 caches of slices-int8-kv-caches-8k: with 43 it is 0.55",
        "int4": "it follows from the 67 caches of slices-int4-kv-caches-8k: with 43 it is 1.1",
        "bfloat16 (on 4x8)": "it follows from the 161 of batch-4x8: with 138 it is 0.44",
        "int8 (on 4x4)": "it follows from the 161 of batch-4x8: with 138 it is 0.89",
        "int4 (on 2x4)": "it follows from the 161 of batch-4x8: with 138 it is 1.8",
    },
    reply=dict.fromkeys(
        ("int8", "int4", "bfloat16 (on 4x8)", "int8 (on 4x4)", "int4 (on 2x4)"),
        "That it follows from the number of caches: it does, and the author has corrected both.",
    ),
)
def test_queries_a_chip(cell, stated, measure):
    """In {row} it is {stated} queries a second and chip."""
    dtype = {"bfloat16": "bf16"}.get(name := cell.row.split()[0], name)
    chips = CHIPS[dtype] * (2 if "on" in cell.row else 1)
    also = {"caches put in, a second's steps": Fraction(counted(dtype, chips)["QPS"]) / chips}
    assert measure(rate(dtype, chips), "queries a second and chip", also=also) == stated


@CLAIMS.claim
def test_serving_layers(models, stated, measure):
    model = models("llama-3.1-70b")
    assert measure(model.config["num_hidden_layers"], "layers", also=len(model.counted.component_map.layers)) == stated


@CLAIMS.claim
def test_flops_below_loading(measure):
    longest, free = left("int8", 16) * G // (2049 * CACHE), left("int8", 16) * G
    run = {"as PyTorch counts": flops_run(1, 70_000, 10**6) / (16 * V5E.flops_per_second)}
    loaded = {"tokens put in": put_in(free, 2049 * held(2, 8, 128, 80, dtype=torch.int8)) * CACHE / (16 * RATE)}
    computing = measure(2 * 70 * G / (16 * V5E.flops_per_second), "s", of="FLOPs of a token", also=run)
    assert measure(CACHE * longest / (16 * RATE), "s", of="loading its cache", also=loaded) > computing


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
