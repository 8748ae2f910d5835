"""Utilisation, and memory in training and inference."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap

VERSION = "b18d312"
ROWS, TOKENS, WIDTH = 3, 32, 64  # of a layer that is counted

BY_DEFINITION = "it is a definition: so many bytes are what the name of the format says"
CLAIMS = Listed(
    """
    | claim               | stated          | says                                                                     |
    |---------------------|-----------------|--------------------------------------------------------------------------|
    | a100-peak           | 312             | A100 does 312 TFLOPs a second in bfloat16.                               |
    | half-of-it          | 50%             | 155 of them are above 50%.                                               |
    | checkpointing       | 4               | With recomputation a step does 4 times the work of a forward pass.       |
    | no-checkpointing    | 3               | Without it 3 times.                                                      |
    | inference-matrices  | 24              | A layer's matrices take 24Bsh^2 FLOPs in inference.                      |
    | inference-scores    | 4               | Its attention takes 4Bs^2h.                                              |
    | h100-peak           | 989             | H100 does 989.                                                           |
    | hfu                 | 0.40            | 400 of 989 are 0.40%.                                                    |
    | mfu-below-hfu       |                 | With recomputation MFU is below HFU in all four rows.                    |
    | adamw-bytes         | 18              | Mixed precision with AdamW takes 18 bytes a parameter.                   |
    | mixed-weights       | 6               | Weights take 6 of them.                                                  |
    | fp32-weights        | 4               | In fp32 they take 4.                                                     |
    | adamw-states        | 8               | AdamW's states take 8.                                                   |
    | bf16-states         | 4               | In bf16 they take 4.                                                     |
    | 8-bit-states        | 2               | In 8 bits they take 2.                                                   |
    | mixed-gradients     | 4               | Gradients take 4.                                                        |
    | half-gradients      | 2               | In half precision they take 2.                                           |
    | inference-mixed     | 6               | In inference mixed precision takes 6.                                    |
    | inference-half      | 2               | Half precision takes 2.                                                  |
    | inference-int8      | 1               | int8 takes 1.                                                            |
    | all-in-bf16         | 8               | All in bf16 training takes 8 bytes a parameter.                          |
    | almost-half         |                 | Adam's states are almost half of model, optimizer and gradients.         |
    | checkpointing-costs | 20              | Recomputation typically costs 20 to 25% of throughput.                   |
    | overhead            | 30              | Papers report up to 30 to 40% overhead.                                  |
    | macs                | 0.5             | MACs are 0.5 of FLOPs.                                                   |
    | tera                | 150000000000000 | 150 TFLOPs are 150000000000000 FLOPs.                                    |
    """,
    version=VERSION,
    also_prints={"half-of-it": ("155",), "hfu": ("400/989",), "checkpointing-costs": ("25%",)},
    in_words={"hfu": True},
    note={
        "half-of-it": "Read as: 155 by 312 is at least it; weaker: to the nearest ten per cent.",
        "almost-half": "Read as: between two fifths and a half of the 18 bytes.",
        "checkpointing": "A forward pass, a backward pass of two, and the forward pass again.",
        "hfu": "Per cent.",
    },
    loosely={"half-of-it": "155 of 312 are 49.7%: to the nearest ten"},
    refuted={"hfu": "it is a share of 0.40, or 40%"},
    words={"hfu": "HFU = 400/989 = 0.40%"},
    reply={"hfu": "A slip, which the author has corrected: as printed it is a hundred times too little."},
    uncheckable={
        "checkpointing-costs": "models and hardware are not named",
        **dict.fromkeys(("fp32-weights", "half-gradients", "inference-half", "inference-int8"), BY_DEFINITION),
        "overhead": "the papers are not named",
    },
)


@table(
    """
    |      | MFU   | HFU   |
    |------|-------|-------|
    | 22B  | 41.5% | 43.7% |
    | 175B | 51.4% | 52.8% |
    | 530B | 56.0% | 57.0% |
    | 1T   | 56.3% | 57.0% |
    """,
    version=VERSION,
    id="megatron",
    name="Megatron-LM on A100",
    uncheckable="the table of arXiv 2205.05198 is not at hand",
)
def test_megatron(cell):
    """Megatron-LM of {row} had {stated} {column}."""


@CLAIMS.claim
def test_half_of_it(makers, stated, reading, measure):
    share = Fraction(155 * 10**12) / makers["a100"]["bf16"]
    assert measure(share if reading == "literal" else round(share, 1), "of the peak") >= stated


@CLAIMS.claim
def test_mfu_below_hfu(measure):
    rows = (("41.5", "43.7"), ("51.4", "52.8"), ("56.0", "57.0"), ("56.3", "57.0"))
    assert measure(max(Fraction(mfu) - Fraction(hfu) for mfu, hfu in rows), "points, the largest difference") < 0


@CLAIMS.claim
def test_almost_half(measure):
    share = measure(Fraction(8, 6 + 8 + 4), "of the bytes")
    assert share > Fraction(2, 5)


@CLAIMS.each()
def test_sums(claim, makers, stated, measure):
    square, terms = ROWS * TOKENS * WIDTH**2, ROWS * TOKENS**2 * WIDTH
    matrices = sum(2 * ROWS * TOKENS * WIDTH * columns for columns in (3 * WIDTH, WIDTH, 4 * WIDTH, 4 * WIDTH))
    value, unit = {
        "macs": (Fraction(50, 100), "MACs a FLOP"),
        "tera": (150 * 10**12, "FLOPs"),
        "a100-peak": (Fraction(makers["a100"]["bf16"], 10**12), "TFLOPs a second"),
        "checkpointing": (1 + 2 + 1, "forward passes"),
        "no-checkpointing": (1 + 2, "forward passes"),
        "inference-matrices": (Fraction(matrices, square), "Bsh^2 FLOPs"),
        "inference-scores": (Fraction(2 * 2 * ROWS * TOKENS * TOKENS * WIDTH, terms), "Bs^2h FLOPs"),
        "h100-peak": (Fraction(makers["h100"]["bf16"], 10**12), "TFLOPs a second"),
        "hfu": (Fraction(400 * 100, 989), "per cent of the peak"),
        "adamw-bytes": (4 + 2 + 4 + 4 + 4, "bytes a parameter"),
        "mixed-weights": (4 + 2, "bytes a parameter"),
        "adamw-states": (2 * 4, "bytes a parameter"),
        "bf16-states": (2 * 2, "bytes a parameter"),
        "8-bit-states": (2 * 1, "bytes a parameter"),
        "mixed-gradients": (32 // 8, "bytes a parameter"),
        "inference-mixed": (4 + 2, "bytes a parameter"),
        "all-in-bf16": (2 + 2 * 2 + 2, "bytes a parameter"),
    }[claim]
    also = 100 - Fraction(589 * 100, 989) if claim == "hfu" else None
    assert measure(value, unit, also=also) == stated
