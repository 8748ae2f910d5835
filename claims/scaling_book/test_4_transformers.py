"""Transformer math: parameters, FLOPs, caches, checkpoints, and attention in pieces."""

from fractions import Fraction
from math import exp

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import FIRST, GIB, KIB, Sum, T, flops_run

pytestmark = pytest.mark.cheap

D, LENGTH, BATCH = 64, 32, 2  # of a layer that is counted; F = 4D, NH = D
WIDE = 4096
SCORES = ((0.3, 1.2, -0.7), (2.1, 0.4, -1.5))  # of two pieces of keys
CHECKPOINTS = 2 * 4 * 10**6 * 64 * 8192  # bytes of one number a token, feature and layer


def trained(inner: int, columns: int) -> int:
    """FLOPs of a matrix in training, forward and backward."""
    return flops_run(BATCH * LENGTH, inner, columns, trained=True)


MLP = 3 * trained(D, 4 * D)
PROJECTIONS = 4 * trained(D, D)
SCORE_WORK = 2 * BATCH * flops_run(LENGTH, D, LENGTH, trained=True)  # scores and their values
TERM = BATCH * LENGTH * D  # B times T times D
OVER_LENGTH = Fraction(SCORE_WORK, MLP + PROJECTIONS) / LENGTH * D  # of the matrices' FLOPs, for T = D
LAYER = 3 * WIDE * 4 * WIDE + 4 * WIDE * WIDE

CLAIMS = Listed(
    """
    | claim                 | stated | says                                                                           |
    |-----------------------|--------|--------------------------------------------------------------------------------|
    | dot-product           | 2      | A dot product of P takes 2P operations.                                        |
    | matrix-vector         | 2      | A matrix by a vector takes 2NP.                                                |
    | matrix-matrix         | 2      | A product of matrices takes 2NPM.                                              |
    | derivative-of-weights | 2      | The derivative of a matrix takes 2NPM.                                         |
    | backward              | 4      | The backward pass takes 4NPM.                                                  |
    | training              | 6      | Training takes 6 FLOPs a parameter and token.                                  |
    | no-gate               | 2      | Without a gate the MLP has 2DF parameters.                                     |
    | gate                  | 3      | With it, it has 3DF.                                                           |
    | mlp-training          | 18     | An MLP takes 18BTDF FLOPs in training.                                         |
    | matrix-training       | 6      | Each of its matrices takes 6BTDF.                                              |
    | projections-training  | 24     | Attention's projections take 24BTDNH.                                          |
    | projections           | 4      | They have 4DNH parameters.                                                     |
    | scores-training       | 12     | Attention's products take 12BTTNH.                                             |
    | attention-share       | 1/8    | Attention's products are T/8D of the matrices' FLOPs, with F = 4D.             |
    | all-matrices          | 96     | All matrices of a layer take 96BTDD then.                                      |
    | dominant-length       | 64     | With D of 8k attention is dominant from 64K tokens.                            |
    | gemma-length          | 32     | Gemma 27B, with D of 4608, has it dominant around 32k.                         |
    | moe-active            | 2      | Typically 2 experts work on a token.                                           |
    | checkpoints           | 84     | Saving 20 results a layer takes 84 TB for 4M tokens, 64 layers and D of 8192.  |
    | block-checkpoints     | 4.2    | Saving each layer's input takes 4.2 TB.                                        |
    | recompute             | 8      | Computing forward again raises training from 6ND to 8ND.                       |
    | large-products        | 7      | Saving large products' results only leaves 7 instead of 20.                    |
    | cache                 | 8      | An int8 cache of 8k tokens, 64 layers and 8192 features is 8 GiB.              |
    | vocabulary-training   | 12     | In the summary the vocabulary takes 12BTDV FLOPs in training.                  |
    | vocabulary-earlier    | 6      | In the text the unembedding takes 6BTDV.                                       |
    | mlp-dominates         | 8      | The MLP dominates FLOPs until T is 8D.                                         |
    | model-parameters      | 16B    | A model of D 4096, F 4D, 64 layers and a vocabulary of 32,000 has 16B.         |
    | attention-parameters  | 1/4    | A fourth of its layers is attention.                                           |
    | model-cache           | 512    | Its int8 cache is 512 kB a token.                                              |
    | sharded-flops         | 2      | Over X and Y a product takes 2BDF/(XY) on each chip.                           |
    | five-axes             | 2      | Contracting I and J of five others takes 2IJKLMNO.                             |
    | attention-bytes       | 4      | Attention moves 4BHK(TG + S) bytes in bfloat16.                                |
    | attention-decodes     |        | With one query its intensity tends to G.                                       |
    | attention-bound       | 240    | In prefill attention is bound by FLOPs from S = 240.                           |
    | equal-length          | =8192  | Attention's products equal its projections at T = 2D, 8192 for D of 4096.      |
    | equal-length-factor   | 2      | They are equal at T = 2D.                                                      |
    | flash-intensity       |        | Loading only keys and values in pieces reduces the intensity.                  |
    | shifted-sum           |        | Adding b to all exponents multiplies their sum by exp(b).                      |
    | piece-sum             |        | The second piece's sum subtracts the first piece's maximum.                    |
    | running-denominator   |        | The running denominator is the sum of the scores less their maximum.           |
    """,
    version=FIRST,
    also_prints={"gemma-length": ("4608",), "equal-length": ("4096",), "dominant-length": ("64K",)},
    in_words={"dominant-length": False, "attention-share": True, "moe-active": False, "all-matrices": False},
    note={
        **dict.fromkeys(("gate", "projections"), "Of LLaMA 2 13B as it is counted."),
        "dominant-length": "K tokens, of D = 8K.",
        "gemma-length": "K tokens of 1,024.",
        "moe-active": "By Mixtral 8x7B's configuration.",
        "large-products": "The results of seven matrices; the two wide ones are 4 times as wide, as counted there not.",
        "model-cache": "kB: of 1,000 bytes; weaker: of 1,024.",
        "attention-bound": "FLOPs a byte of v5e are 240. Read as: with as many heads for keys as for queries, as in "
        "chapter 7, which says 480.",
        "flash-intensity": "FLOPs a byte of attention over 4,096 tokens with 128 features in pieces, by those with its "
        "scores written and read.",
        "mlp-dominates": "As a multiple of D where attention takes as much as the MLP. Read as: with its projections.",
        "piece-sum": "Read as: the formula beside it then combines both into the whole sum. Of two pieces of numbers.",
        "running-denominator": "Read as: so that it is positive, as a softmax's denominator is. Of the first piece.",
        "model-parameters": "With embedding and head, as its own formula.",
    },
    loosely={
        "gemma-length": "the nearest power of two: 8D are 36,864",
        "model-cache": "only in kB of 1,024",
        "model-parameters": "roughly: from widths rounded to thousands, and 16.6 cut short; the sizes give 17.4B",
    },
    words={
        "vocabulary-training": "Vocab | DV (total, not per-layer) | 12BTDV",
        "flash-intensity": "so we only have to load the KV chunks on each iteration, reducing the arithmetic intensity",
        "piece-sum": "L^2 = \N{N-ARY SUMMATION} exp(Q * K_i^2 - max_j Q * K_j^1)",
        "running-denominator": "L: The running denominator \N{N-ARY SUMMATION}_i (q * k_i - running max)",
    },
    disputed={
        "vocabulary-training": "it is so where the embedding counts as a product, too, as in appendix F of arXiv "
        "2203.15556: the unembedding alone takes 6BTDV",
        "piece-sum": "it is so with the second maximum as it is printed two lines on, that of the first piece again",
        "mlp-dominates": "it is so of attention's products against all matrices, projections included",
        "attention-bound": "it is so where many query heads share keys",
    },
    refuted={
        "flash-intensity": "it moves fewer bytes for the same FLOPs: intensity rises",
        "running-denominator": "the exponential is missing",
    },
    reply={
        "flash-intensity": "That less bandwidth is needed: that is a higher intensity, as the author has corrected it.",
        "running-denominator": "That the formula further down has the exponential: this one has not, and the author "
        "has corrected it.",
    },
)

SUMS = {
    "dot-product": Sum(Fraction(flops_run(1, 64, 1), 64), "FLOPs a pair"),
    "matrix-vector": Sum(Fraction(flops_run(48, 64, 1), 48 * 64), "FLOPs an entry"),
    "matrix-matrix": Sum(Fraction(flops_run(48, 64, 16), 48 * 64 * 16), "FLOPs a term"),
    "derivative-of-weights": Sum(Fraction(flops_run(64, 48, 16), 48 * 64 * 16), "FLOPs a term"),
    "backward": Sum(Fraction(trained(D, D) - flops_run(BATCH * LENGTH, D, D), TERM * D), "FLOPs a term"),
    "training": Sum(Fraction(trained(D, D), TERM * D), "FLOPs a parameter and token"),
    "mlp-training": Sum(Fraction(MLP, TERM * 4 * D), "times BTDF"),
    "matrix-training": Sum(Fraction(trained(D, 4 * D), TERM * 4 * D), "times BTDF"),
    "projections-training": Sum(Fraction(PROJECTIONS, TERM * D), "times BTDNH"),
    "scores-training": Sum(Fraction(SCORE_WORK, BATCH * LENGTH * LENGTH * D), "times BTTNH"),
    "attention-share": Sum(OVER_LENGTH, "of the matrices' FLOPs, times T/D"),
    "all-matrices": Sum(Fraction(MLP + PROJECTIONS, TERM * D), "times BTDD"),
    "dominant-length": Sum(8 / OVER_LENGTH, "K tokens"),
    "checkpoints": Sum(Fraction(20 * CHECKPOINTS, T), "TB"),
    "block-checkpoints": Sum(Fraction(CHECKPOINTS, T), "TB"),
    "recompute": Sum(
        Fraction(trained(D, D) + flops_run(BATCH * LENGTH, D, D), TERM * D), "FLOPs a parameter and token"
    ),
    "large-products": Sum(4 + 3, "results a layer"),
    "cache": Sum(Fraction(2 * 8192 * 64 * 8192, GIB), "GiB"),
    "vocabulary-earlier": Sum(Fraction(trained(D, 32000), TERM * 32000), "times BTDV"),
    "attention-parameters": Sum(Fraction(4 * WIDE * WIDE, LAYER), "of a layer's parameters"),
    "sharded-flops": Sum(Fraction(flops_run(64 // 4, 32 // 8, 16), 64 * 32 * 16 // 32), "times BDF/(XY)"),
    "five-axes": Sum(Fraction(flops_run(4 * 5, 2 * 3, 6 * 7 * 8), 2 * 3 * 4 * 5 * 6 * 7 * 8), "times the axes"),
    "attention-bytes": Sum(Fraction(2 * (2 * 8 * 4 + 2 * 16), 8 * 4 + 16), "bytes a BHK(TG + S)"),
    "equal-length": Sum(2 * WIDE, "tokens"),
    "equal-length-factor": Sum(Fraction(PROJECTIONS, SCORE_WORK) * LENGTH / D, "times D"),
}
OTHER = {
    "vocabulary-training": Sum(
        Fraction(trained(D, 32000), TERM * 32000), "times BTDV", Fraction(2 * trained(D, 32000), TERM * 32000)
    ),
    "model-parameters": Sum(
        64 * (LAYER + WIDE) + 2 * WIDE * 32000,
        "parameters",
        (64 * (3 * 4 * 16 + 4 * 4 * 4) * 10**6 + (64 * 4 + 2 * 4 * 32 * 1000) * 1000) // 10**9 * 10**9,
    ),
    "gemma-length": Sum(Fraction(8 * 4608, KIB), "K tokens", Fraction(2**15, KIB)),
    "model-cache": Sum(Fraction(2 * 64 * WIDE, 10**3), "kB", Fraction(2 * 64 * WIDE, KIB)),
    "mlp-dominates": Sum(Fraction(MLP - PROJECTIONS, SCORE_WORK) * LENGTH / D, "times D", 1 / OVER_LENGTH),
    "attention-bound": Sum(240 * 2, "tokens", 240 * Fraction(10**6 + 1, 10**6)),
}


def attention_intensity(queries: int, keys: int, group: int) -> Fraction:
    """FLOPs a byte of attention in bfloat16, of `group` query heads for a head of keys."""
    return Fraction(4 * queries * keys * group, 4 * (queries * group + keys))


def shifted(scores: tuple[float, ...], by: float) -> float:
    """Return the sum of exponentials of scores less a number."""
    return sum(exp(score - by) for score in scores)


@CLAIMS.each("gate", "projections")
def test_parts(claim, models, stated, measure):
    model = models("llama-2-13b")
    counted, sizes = {"gate": (model.mlp, 5120 * 13824), "projections": (model.attention, 5120 * 40 * 128)}[claim]
    assert measure(Fraction(counted, 40 * sizes), f"times D times {'F' if claim == 'gate' else 'NH'}") == stated


@CLAIMS.claim
def test_no_gate(stated, measure):
    matrices = torch.nn.Linear(D, 4 * D, bias=False), torch.nn.Linear(4 * D, D, bias=False)
    assert measure(Fraction(sum(one.weight.numel() for one in matrices), D * 4 * D), "times D times F") == stated


@CLAIMS.claim
def test_moe_active(models, stated, measure):
    assert measure(models("mixtral-8x7b-v0.1").config["num_experts_per_tok"], "experts a token") == stated


@CLAIMS.claim
def test_attention_decodes(measure):
    assert abs(measure(attention_intensity(1, 10**6, 8), "FLOPs a byte") - 8) < Fraction(1, 100)


@CLAIMS.claim
def test_flash_intensity(measure):
    flops, moved, scores = 4 * 4096 * 4096 * 128, 4 * 2 * 4096 * 128, 4 * 2 * 4096 * 4096
    higher = Fraction(flops, moved) / Fraction(flops, moved + scores)
    assert measure(higher, "times the intensity", also={"1 + tokens by features": 1 + Fraction(4096, 128)}) < 1


@CLAIMS.claim
def test_shifted_sum(measure):
    first, _ = SCORES
    assert abs(measure(shifted(first, -1.5) / shifted(first, 0), "times the sum") - exp(1.5)) < 1e-9


@CLAIMS.claim
def test_piece_sum(reading, measure):
    first, second = SCORES
    tops = max(first), max(second if reading == "literal" else first)
    top = max(tops)
    combined = exp(tops[0] - top) * shifted(first, tops[0]) + exp(tops[1] - top) * shifted(second, tops[0])
    assert abs(measure(combined / shifted(first + second, top), "of the whole sum") - 1) < 1e-9


@CLAIMS.claim
def test_running_denominator(measure):
    first, _ = SCORES
    also = {"sum less three maxima": round(sum(first) - 3 * max(first), 9)}
    assert measure(round(sum(score - max(first) for score in first), 9), "the sum as printed", also=also) > 0


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
