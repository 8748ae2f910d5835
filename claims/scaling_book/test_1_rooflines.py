"""Rooflines: when FLOPs bound a computation, and when bytes do."""

from fractions import Fraction
from math import ceil

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import (
    FIRST,
    MAKERS,
    PRINTED,
    V5E,
    Sum,
    bound_from,
    critical,
    flops_run,
    intensity,
    product_bytes,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("makers", "printed")]

E = Fraction(10)
V5E_RIDGE = Fraction(197, 100) * E**14 / (Fraction(82, 100) * E**12)
INT8_RIDGE = Fraction(394, 100) * E**14 / (Fraction(81, 100) * E**12)
LINK_RIDGE = V5E.interconnect_ridge
LARGE = 10**9  # a width beside which a batch is small
RATES = [
    (MAKERS[gpu].get("bf16", MAKERS[gpu].get("f16")), MAKERS[gpu]["hbm"])
    for gpu in ("v100", "a100", "h100", "h200", "b200")
]

CLAIMS = Listed(
    """
    | claim                       | stated | says                                                                     |
    |-----------------------------|--------|--------------------------------------------------------------------------|
    | upper-bound-factor          | 2      | The sum of two times is at most 2 times the longer one.                  |
    | v5e-intensity               | 240    | TPU v5e reaches its peak at about 240 FLOPs a byte of its memory.        |
    | dot-product-flops           | 2      | A dot product of N takes 2N - 1 operations.                              |
    | dot-product-intensity       | 0.5    | A long dot product in bfloat16 does 0.5 operations a byte.               |
    | vector-unit-intensity       | 3      | TPU v5p's vector unit is critical at about 3 operations a byte.          |
    | matmul-flops                | 2      | A product of [B, D] and [D, F] takes 2BDF FLOPs.                         |
    | matmul-bytes                | 2      | It moves 2BD + 2DF + 2BF bytes in bfloat16.                              |
    | matmul-intensity-small-b    |        | Its intensity is about B when B is small beside D and F.                 |
    | matmul-critical-batch       | 240    | A bfloat16 product is bound by FLOPs above 240 tokens on TPU v5e.        |
    | rule-of-thumb-widths        |        | With D and F above 8,000 the rule for B is exact enough: as B tokens.    |
    | on-most-tpus                | 240    | On most TPUs a bfloat16 product needs more than 240 tokens.              |
    | gpus-critical-batch         | 500    | On GPUs the critical number is slightly higher, nearer to 500.           |
    | two-chips-threshold         | 3940   | A product over two chips is bound by FLOPs where D/2 is above 3940.      |
    | two-chips-width             | 7880   | That is where D is above 7880.                                           |
    | two-chips-additions         |        | Adding the two partial sums takes another DF additions.                  |
    | int8-intensity              | 486    | In int8 TPU v5e reaches its peak at 486 operations a byte.               |
    | int8-critical-batch         | 243    | In int8 a product is bound by operations above 243 tokens.               |
    | int8-rule-direction         |        | The int8 rule is that B is below half the intensity of the memory.       |
    | int8-weights-critical-batch | 120    | With int8 weights and bfloat16 activations it is 120 tokens.             |
    | matrix-per-row-intensity    | 2      | With another int8 matrix for each row the intensity is about 2.          |
    """,
    version=FIRST,
    also_prints={"rule-of-thumb-widths": ("8000",)},
    note={
        "v5e-intensity": "From the book's own two rates.",
        "vector-unit-intensity": "7e12 operations a second, the book's own number, by the memory's rate in its table.",
        "rule-of-thumb-widths": "Read as: the exact threshold for D = F = 8,000 is within a tenth of 240.",
        "on-most-tpus": "Read as: of the five TPUs in the next chapter's table most need no more and no less than a "
        "quarter beside 240.",
        "gpus-critical-batch": "The largest of V100, A100, H100, H200 and B200 by NVIDIA's dense rates in 16 bits.",
        "int8-rule-direction": "Read as: an int8 product of 100 tokens computes longer than it moves bytes.",
        "two-chips-additions": "Read as: two partial sums of [B, F] have D times F numbers.",
        "dot-product-flops": "Numbers that grow with N.",
    },
    loosely={
        "on-most-tpus": "only of v4 and v5e: v3, v5p and v6e are at 156, 164 and 575 by the book's own table",
    },
    words={
        "gpus-critical-batch": "For GPUs, this number is slightly higher (closer to 500)",
        "two-chips-additions": "the FLOPs required to add the two partial sums together (another DF additions)",
        "int8-rule-direction": "meaning our rule becomes B < HBM int8 arithmetic intensity / 2",
    },
    refuted={
        "gpus-critical-batch": "no data sheet of these GPUs has so many FLOPs a byte: H100 has 295",
        "two-chips-additions": "the partial sums have B times F numbers, as the product has",
        "int8-rule-direction": "the sign is turned: FLOPs bound it above that number of tokens",
    },
    reply={
        "gpus-critical-batch": "That H100 has 590 with sparsity, and 378 as a PCIe card: but the rule is for dense "
        "products, neither is 500, and the author has corrected it to 300.",
        "two-chips-additions": "That it is negligible: it is, but the number is that of another matrix, and the author "
        "has corrected it to BF.",
        "int8-rule-direction": "That the next sentence has the sign right: it contradicts this one, and the author has "
        "corrected it.",
    },
)

SUMS = {
    "upper-bound-factor": Sum(max(Fraction(1 + part, max(1, part)) for part in (0, 1, 2, 9)), "times at most"),
    "v5e-intensity": Sum(V5E_RIDGE, "FLOPs a byte"),
    "dot-product-flops": Sum(Fraction((2 * LARGE - 1), LARGE), "operations a pair of numbers"),
    "dot-product-intensity": Sum(Fraction(2 * LARGE - 1, 4 * LARGE + 2), "operations a byte"),
    "vector-unit-intensity": Sum(7 * E**12 / PRINTED["v5p"]["hbm"], "operations a byte"),
    "matmul-flops": Sum(Fraction(flops_run(3, 5, 7), 3 * 5 * 7), "FLOPs a term"),
    "matmul-bytes": Sum(Fraction(product_bytes(3, 5, 7), 3 * 5 + 5 * 7 + 3 * 7), "bytes a number"),
    "matmul-critical-batch": Sum(critical(LARGE, LARGE, V5E_RIDGE), "tokens"),
    "gpus-critical-batch": Sum(
        ceil(max(flops / bandwidth for flops, bandwidth in RATES)),
        "tokens, the next whole number",
        also={"seconds, tried token by token": max(bound_from(*rates) for rates in RATES)},
    ),
    "two-chips-threshold": Sum(LINK_RIDGE, "FLOPs a byte sent"),
    "two-chips-width": Sum(2 * LINK_RIDGE, "numbers along the axis that is summed over"),
    "int8-intensity": Sum(INT8_RIDGE, "operations a byte"),
    "int8-critical-batch": Sum(critical(LARGE, LARGE, INT8_RIDGE, size=1), "tokens"),
    "int8-weights-critical-batch": Sum(critical(LARGE, LARGE, V5E_RIDGE, weights=1), "tokens"),
    "matrix-per-row-intensity": Sum(
        Fraction(2 * 8 * LARGE * LARGE, 8 * LARGE + 8 * LARGE * LARGE + 8 * LARGE), "operations a byte"
    ),
}


@CLAIMS.claim
def test_matmul_intensity_small_b(measure):
    assert abs(measure(intensity(64, LARGE, LARGE), "FLOPs a byte") - 64) < 1


@CLAIMS.claim
def test_rule_of_thumb_widths(measure):
    assert abs(measure(critical(8000, 8000, V5E_RIDGE), "tokens") / 240 - 1) < Fraction(1, 10)


@CLAIMS.claim
def test_on_most_tpus(stated, reading, measure):
    ridges = {name: PRINTED[name]["bf16"] / PRINTED[name]["hbm"] for name in ("v3", "v4p", "v5p", "v5e", "v6e")}
    near = sorted(ridges.values(), key=lambda ridge: abs(ridge - 240))
    assert measure({"literal": near[2], "loose": V5E_RIDGE}[reading], "tokens, the third nearest") == stated


@CLAIMS.claim
def test_two_chips_additions(measure):
    rows, inner, columns = 3, 8, 5
    first, second = (torch.ones(rows, inner // 2) @ torch.ones(inner // 2, columns) for _ in range(2))
    also = {"partial sums added": Fraction((first + second).numel(), inner * columns)}
    assert measure(Fraction(rows * columns, inner * columns), "of the printed additions", also=also) == 1


@CLAIMS.claim
def test_int8_rule_direction(measure):
    computing = Fraction(2 * 100 * LARGE * LARGE, 394 * 10**12)
    moving = Fraction(100 * LARGE + LARGE * LARGE + 100 * LARGE, 810 * 10**9)
    longer = intensity(100, LARGE, LARGE, size=1) / INT8_RIDGE
    assert measure(longer, "times as long computing as moving", also={"seconds of each": computing / moving}) > 1


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
