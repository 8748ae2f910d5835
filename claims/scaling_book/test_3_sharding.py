"""Sharded matrices: what each chip holds, and how long collectives take."""

from fractions import Fraction
from math import prod

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import (
    ALPHA,
    FIRST,
    KIB,
    US,
    V4P,
    V5P,
    Sum,
    all_gather,
    furthest,
    held,
    ring_load,
    ring_steps,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed")]

RING = 64  # a ring that is long enough for limits
V5E_BOTH = 90 * 10**9  # bytes a second of both directions, as this chapter has v5e
GATHERED = 2 * 2048 * 8192  # bytes of quiz 2's array
V4P_BOTH = 2 * V4P.interconnect_bandwidth
ARRAY = 2 * 1024 * 4096  # bytes of question 2's array
MESH = {"X": 4, "Y": 2}  # of the chapter's code
UNIT = "of an AllGather's time"

CLAIMS = Listed(
    """
    | claim                | stated  | says                                                                           |
    |----------------------|---------|--------------------------------------------------------------------------------|
    | quarter              | 1/4     | Sharded over a 2x2 mesh an array is a fourth on each chip.                     |
    | quiz-devices         | =32     | A mesh of 2, 8 and 2 has 32 devices.                                           |
    | quiz-local-bytes     | =16,384 | int8[128, 2048] over 16 of them is 16,384 bytes on each.                       |
    | quiz-all-bytes       | 512     | On all devices it takes 512 KiB.                                               |
    | code-mesh            | =4      | The code's mesh has 4 TPUs, in a 2x2 grid.                                     |
    | code-local-rows      | =4      | In the code A is [4, 1024] on each chip.                                       |
    | code-local-columns   | =4096   | B is [2048, 4096] on each.                                                     |
    | hops-one-way         | =7      | Passing shards one way round 8 chips takes N - 1 hops.                         |
    | hops-both-ways       |         | Passing them both ways takes N / 2 hops, rounded up.                           |
    | gather-independent   |         | The time to gather does not depend on the number of chips: V / W.              |
    | hop-latency-bytes    | 45      | On v5e buffers under 45 kB are bound by latency.                               |
    | several-axes         | 2       | Gathering over two axes doubles the bandwidth.                                 |
    | quiz-local-mb        | 8.4     | Each device has 8.4 MB of bfloat16[2048, 8192] over four.                      |
    | quiz-mb              | 34      | The whole array has 34 MB.                                                     |
    | quiz-gather-time     | 377     | Gathering it takes 377 us on v5e at full bandwidth.                            |
    | quiz-hops            | =3      | It takes at most 3 hops along an axis of 4 without wraparound.                 |
    | quiz-line-time       | ~560    | Without wraparound it takes more like 560 us.                                  |
    | quiz-profile         | 680     | A profile shows 680 us.                                                        |
    | quiz-small-bytes     | 32      | A shard of bfloat16[256, 256] over four is 32 kB.                              |
    | quiz-small-hop       | 0.7     | Sending it takes 0.7 us.                                                       |
    | quiz-small-time      | 3       | Bound by latency, gathering takes about 3 us.                                  |
    | quiz-small-profile   | 8       | In practice it is closer to 8 us.                                              |
    | all-reduce           | 2       | An AllReduce takes twice as long as an AllGather.                              |
    | all-to-all           | 1/4     | An AllToAll takes a fourth of an AllGather.                                    |
    | mesh-32-ways         | =32     | Over a mesh of 4 and 8 the first axis is sharded 32 ways.                      |
    | replicated-ratio     | =16     | Sharded over X only, of a mesh of 4, 8, 2, an array takes 16 times its size.   |
    | gather-x             | 23      | Gathering [1024, 4096] over X, sharded over Y, takes 23 us on v4p.             |
    | gather-y             | 23      | Gathering it over Y takes 23 us as well.                                       |
    | gather-xy-latency    | 2       | Over both axes the hops take 2 us.                                             |
    | gather-xy            | 46      | Over both axes it takes 46 us.                                                 |
    | unreduced-z          | 5.8     | Over Z, of the array with partial sums over Z, it takes 5.8 us.                |
    | tiny-bytes           | =256    | 128 numbers in bfloat16 are 256 bytes.                                         |
    | tiny-shard           | =64     | Each device has 64 of them.                                                    |
    | tiny-way             | =32     | Each direction takes 32 bytes.                                                 |
    | tiny-hops            | =2      | The gather takes 2 hops.                                                       |
    | tiny-time            | 2       | It takes about 2 us.                                                           |
    | ici-intensity        | 2550    | v5p does 2550 FLOPs for each byte that it can send.                            |
    | strategy-1-chips     | 2       | With D of 8k, multiplying shards is bound by FLOPs below about 2 chips.        |
    | strategy-2-bytes     |         | Gathering the sharded matrix B[D, F] sends 2BD bytes.                          |
    | strategy-2-half      | 1/2     | It sends half as much as reducing the product.                                 |
    | strategy-2-bound     |         | Gathering is bound by communication where F is below 2550.                     |
    | strategies-cross     | 5100    | Reducing is better when D is above 5100.                                       |
    | range-each           | =4      | 16 indices over 4 devices are 4 on each.                                       |
    | gather-or-scatter    |         | Gathering A against scattering the product communicates as M to K.             |
    | one-way-gather       | 1       | On a one-way ring N * N * (1 - 1/D) numbers cross each link in an AllGather.   |
    | one-way-all-to-all   | 1/2     | An AllToAll takes half of an AllGather there.                                  |
    | both-ways-gather     | 2       | Both directions make an AllGather 2 times faster.                              |
    | both-ways-all-to-all | 4       | They make an AllToAll 4 times faster.                                          |
    | half-ring-sum        |         | The hops D/2 + (D/2 - 1) + ... are D/2 * (D/2 - 1) / 2.                        |
    """,
    version=FIRST,
    in_words=dict.fromkeys(
        ("hops-one-way", "several-axes", "strategy-2-half", "range-each", "one-way-gather", "both-ways-gather"), True
    ),
    note={
        "gather-independent": "Read as: 4 chips take as long as 64; weaker: 64 take as long as 128, to a hundredth.",
        "hop-latency-bytes": "kB: what 4.5e10 bytes a second send in one microsecond.",
        "quiz-gather-time": "At the chapter's own 9e10 bytes a second; chapter 2 has 1e11 for v5e.",
        "gather-xy-latency": "4 hops of half a microsecond, the book's own latency.",
        "unreduced-z": "Read as: an AllReduce, which the array needs and which the book says takes twice an AllGather.",
        "strategy-2-bytes": "Of B = 128, D = 8192, F = 32768.",
        "strategy-2-half": "For the same sizes.",
        "strategy-2-bound": "Read as: with F = 2048 and 4,096 tokens gathering takes longer than FLOPs, on v5p.",
        "half-ring-sum": "Of 8 chips.",
        "tiny-way": "By the chapter's rule, a hop sends a whole shard each way. At the least it is three shards over "
        "two ways and hops.",
        "code-mesh": "JAX's devices; of the author's: chips.",
        "both-ways-all-to-all": f"Over a ring of {RING}, as its limit.",
        "hops-both-ways": "Of an odd number, 5.",
    },
    loosely={
        "hops-both-ways": "on an even number of chips: of 5 none is more than 2 hops away",
        "gather-independent": "in the limit of many chips: of 4, each has a fourth already",
        "quiz-gather-time": "from 34 MB, and cut short",
        "gather-xy": "cut short",
    },
    disputed={
        "code-mesh": "it is so of chips: the TPU v2-8 of the code has four, of two cores each, which it counts",
        "code-local-rows": "it is so on the 2x2 mesh that the text speaks of, not on the code's 4x2",
        "strategy-2-half": "it is so where D is F: the sharded matrix has D times F numbers",
    },
    words={
        "code-mesh": "Creates a jax.Mesh that maps our 4 TPUs into a 2x2 grid",
        "unreduced-z": "Thus this operation takes time 2 * 1024 * 4096 / (16 * 9e10) seconds, or 5.8 us.",
        "strategy-2-bytes": "This means we do 2BDF FLOPs and send 2BD bytes (since AllGather is half as expensive).",
        "strategy-2-bound": "In the second case (baseline), we're comms bound when F < C / W_ICI = 2550",
        "tiny-way": "sending half the bytes in each direction, meaning only 32 bytes in each direction",
        "half-ring-sum": "the corresponding sum now becomes D/2 + D/2-1 + D/2-2 + \N{HORIZONTAL ELLIPSIS} = "
        "D/2 * (D/2-1)/2",
    },
    refuted={
        "unreduced-z": "partial sums take an AllReduce, whose time is twice as long",
        "strategy-2-bytes": "it is the matrix of D times F that is gathered: 2DF bytes",
        "strategy-2-bound": "it follows from the bytes of strategy-2-bytes: with DF of them the batch decides, not F",
        "tiny-way": "in 2 hops each chip sends its whole shard both ways, 64 bytes, at the least 48: 32 take 3",
        "half-ring-sum": "the sum of 1 to n is n(n + 1)/2",
    },
    reply={
        "unreduced-z": "That an AllGather was asked for: but the array is not sharded over Z, which leaves nothing to "
        "gather, and the author has corrected it to 11.6.",
        "strategy-2-bytes": "That A is gathered instead: but the question shards B and has it gathered, and the author "
        "has corrected it.",
        "strategy-2-bound": "That it follows from the bytes: it does, and the author has corrected both.",
        "tiny-way": "That latency decides: it does, but the printed bytes are those of 3 hops, and the author has "
        "corrected them.",
        "half-ring-sum": "That only the limit is needed, which is the same: the sum as printed is not, and the author "
        "has corrected it.",
    },
    uncheckable={
        "quiz-profile": "a profile on a TPU v5e",
        "quiz-small-profile": "a profile on a TPU v5e",
    },
)

SUMS = {
    "quiz-line-time": Sum(
        Fraction(3 * GATHERED // 4, V5E_BOTH // 2) * US, "us", Fraction(3 * 84 * 10**5, V5E_BOTH // 2) * US
    ),
    "quarter": Sum(Fraction(1, prod((2, 2))), "of the array"),
    "quiz-devices": Sum(prod((2, 8, 2)), "devices"),
    "quiz-local-bytes": Sum(128 * 2048 // (2 * 8), "bytes"),
    "quiz-all-bytes": Sum(Fraction(128 * 2048 // 16 * 32, KIB), "KiB"),
    "code-local-columns": Sum(8192 // MESH["Y"], "columns"),
    "hops-one-way": Sum(furthest(8, wrap=False), "hops"),
    "hop-latency-bytes": Sum(Fraction(45 * 10**9, US) / 10**3, "kB"),
    "several-axes": Sum(
        all_gather(GATHERED, RING, V5E_BOTH) / all_gather(GATHERED, RING, 2 * V5E_BOTH), "times as fast"
    ),
    "quiz-local-mb": Sum(Fraction(GATHERED, 4 * 10**6), "MB"),
    "quiz-mb": Sum(Fraction(GATHERED, 10**6), "MB"),
    "quiz-hops": Sum(furthest(4, wrap=False), "hops"),
    "quiz-small-bytes": Sum(Fraction(2 * 64 * 256, KIB), "kB of 1,024"),
    "quiz-small-hop": Sum(Fraction(2 * 64 * 256, 45 * 10**9) * US, "us"),
    "quiz-small-time": Sum(furthest(4, wrap=False) * V5P.latency * US, "us"),
    "all-reduce": Sum(Fraction(ring_steps(16, adds=True), ring_steps(16, adds=False)), "times an AllGather"),
    "mesh-32-ways": Sum(4 * 8, "shards"),
    "replicated-ratio": Sum(8 * 2, "copies"),
    "gather-x": Sum(Fraction(ARRAY, 4) / V4P_BOTH * US, "us"),
    "gather-y": Sum(Fraction(ARRAY, 4) / V4P_BOTH * US, "us"),
    "gather-xy-latency": Sum(Fraction(furthest(4, 4, wrap=True), 2), "us"),
    "gather-xy": Sum(ARRAY / (2 * V4P_BOTH) * US, "us"),
    "unreduced-z": Sum(
        2 * Fraction(ARRAY, 16) / V4P_BOTH * US,
        "us",
        also={"a chip's block, scattered and gathered": sum([Fraction(held(256, 1024), 9 * 10**10)] * 2) * US},
    ),
    "tiny-bytes": Sum(2 * 128, "bytes"),
    "tiny-shard": Sum(2 * 128 // 4, "bytes"),
    "tiny-way": Sum(2 * 128 // 4, "bytes", also={"half of the array each way, in two hops": held(128) // 2 // 2}),
    "tiny-hops": Sum(furthest(4, wrap=True), "hops"),
    "tiny-time": Sum(furthest(4, wrap=True) * V4P.latency * US, "us"),
    "ici-intensity": Sum(ALPHA, "FLOPs a byte"),
    "strategy-1-chips": Sum(8000 / (2 * ALPHA), "chips"),
    "strategies-cross": Sum(2 * ALPHA, "numbers along D"),
    "range-each": Sum(16 // 4, "indices"),
    "all-to-all": Sum(ring_load(RING, every=False) / ring_load(RING, every=True), UNIT),
    "one-way-gather": Sum(ring_load(8, every=True, both_ways=False) / (1 - Fraction(1, 8)), "of N * N * (1 - 1/D)"),
    "one-way-all-to-all": Sum(
        ring_load(RING, every=False, both_ways=False) / ring_load(RING, every=True, both_ways=False), UNIT
    ),
    "both-ways-all-to-all": Sum(
        round(ring_load(RING, every=False, both_ways=False) / ring_load(RING, every=False), 1), "times as fast"
    ),
    "both-ways-gather": Sum(
        round(ring_load(RING, every=True, both_ways=False) / ring_load(RING, every=True), 1), "times as fast"
    ),
}
OTHER = {
    "code-mesh": Sum(prod(MESH.values()), "devices", prod(MESH.values()) // 2),
    "quiz-gather-time": Sum(Fraction(GATHERED, V5E_BOTH) * US, "us", 34 * US * 10**6 // V5E_BOTH),
    "code-local-rows": Sum(8 // MESH["X"], "rows", 8 // 2),
    "strategy-2-half": Sum(
        Fraction(2 * 8192 * 32768, 4 * 128 * 32768), "of the bytes", Fraction(2 * 128 * 8192, 4 * 128 * 8192)
    ),
}


@CLAIMS.claim
def test_gather_independent(reading, measure):
    few, many = {"literal": (4, 64), "loose": (64, 128)}[reading]
    ratio = measure(all_gather(1, few, 1) / all_gather(1, many, 1), "times as long")
    assert abs(ratio - 1) < Fraction(1, 100)


@CLAIMS.claim
def test_hops_both_ways(reading, measure):
    chips = {"literal": 5, "loose": 8}[reading]
    assert measure(Fraction(furthest(chips, wrap=True), (chips + 1) // 2), "of the printed hops") == 1


@CLAIMS.claim
def test_strategy_2_bytes(measure):
    also = {"arrays made": Fraction(held(8192, 32768), held(128, 8192))}
    assert measure(Fraction(2 * 8192 * 32768, 2 * 128 * 8192), "times the printed bytes", also=also) == 1


@CLAIMS.claim
def test_strategy_2_bound(measure):
    gathering = Fraction(held(8192, 2048)) / (2 * V5P.interconnect_bandwidth)
    computing = Fraction(2 * 4096 * 8192 * 2048) / V5P.flops_per_second
    also = {"2,550 FLOPs a byte by tokens": ALPHA / 4096}
    assert measure(gathering / computing, "times as long gathering as computing", also=also) > 1


@CLAIMS.claim
def test_gather_or_scatter(measure):
    rows, inner, columns = 8, 64, 32
    gathered, scattered = (all_gather(rows * other, RING, 1) for other in (inner, columns))
    assert measure(gathered / scattered, "times the bytes") == Fraction(inner, columns)


@CLAIMS.claim
def test_half_ring_sum(measure):
    chips = 8
    half = chips // 2
    printed = half * (half - 1) // 2
    also = {"n(n + 1)/2": Fraction(half * (half + 1) // 2, printed)}
    assert measure(Fraction(sum(range(1, half + 1)), printed), "times the printed sum", also=also) == 1


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
