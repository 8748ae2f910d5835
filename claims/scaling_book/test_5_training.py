"""Training: when communication bounds each kind of parallelism, within a pod and between pods."""

from fractions import Fraction
from math import log2, sqrt

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import (
    ALPHA,
    DAY,
    FIRST,
    V4P,
    V5P,
    G,
    Sum,
    T,
    chip,
    chips,
    least_batch,
    one_by_one,
    product_flops,
    ratio_by_trial,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("printed")]

F, F_LLAMA, F_13B = 32768, 28672, 13824
POD, HOSTS = chips("v5p"), chips("v5p") // 4
MIXED = 4 * ALPHA**2 / 2  # tokens a chip, by F, for a product of two of its axes
LLAMA = 6 * 70 * 10**9 * 15 * 10**12  # FLOPs
FFW, ATTENTION, VOCABULARY = 3 * 40 * 5120 * F_13B, 4 * 5120**2 * 40, 2 * 32000 * 5120
ACTIVATIONS = 2 * 40 * 5120 * (1 + 2 * Fraction(27, 10))  # bytes a token
LAYERS = 80
BACKWARD = [("dOut", "Y"), ("dW_out", "X"), ("W_out", "X"), ("In", "Y"), ("dW_in", "X"), ("W_in", "X"), ("dIn", "Y")]
# of mixed parallelism in the text's algorithm: what a collective gathers or scatters, and along which axis


def best(batch: float, width: int, chips: int) -> float:
    """Chips for sharded data, along two of three axes, that make communication least, by the book's equation."""
    return sqrt(2 * batch * chips / width)


def ratio(batch: int, chips: int, width: int = F) -> float:
    """FLOPs' time by communication's, of the best mixture."""
    return sqrt(batch * width * 2) / (2 * float(ALPHA) * sqrt(chips))


def bytes_a_layer(*weights: int, activations: tuple[int, ...] = ()) -> int:
    """Bytes of a layer's collectives: so many of a weight's DF, and of BD, in bfloat16."""
    return 2 * (sum(weights) + sum(activations))


CLAIMS = Listed(
    """
    | claim                   | stated | says                                                                         |
    |-------------------------|--------|------------------------------------------------------------------------------|
    | adam-bytes              | 10     | bfloat16 parameters and Adam's two float32 states are 10 bytes a parameter.  |
    | largest-model           | 10B    | A v5p with 96 GB takes about 10B parameters then.                            |
    | largest-model-takeaway  | 9B     | In the takeaway it is roughly 9B.                                            |
    | data-comms              | 8      | Data parallelism sends as 8DF bytes a layer.                                 |
    | data-math               | 8      | Its backward pass takes 8BDF/X FLOPs a layer.                                |
    | data-math-layers        |        | A layer's time has a factor L, the number of layers.                         |
    | training-ici-intensity  | 2,550  | On v5p a chip needs 2,550 tokens along one axis.                             |
    | three-axes              | 850    | Along three axes it needs 850.                                               |
    | pod-batch               | 7.6M   | That is 7.6M tokens for a pod.                                               |
    | zero-order              |        | ZeRO-1 shards weights, ZeRO-2 gradients, ZeRO-3 optimizer states.            |
    | deepseek-batch          | ~40M   | DeepSeek-V2 used batches of about 40M tokens.                                |
    | deepseek-chips          | 47,000 | That scales to roughly 47,000 chips.                                         |
    | deepseek-pods           | 5      | That is around 5 pods.                                                       |
    | llama-flops             | 6.3    | Training LLaMA 3 70B takes about 6.3e24 FLOPs.                               |
    | llama-chips             | 18,823 | 16M tokens split over roughly 18,823 chips.                                  |
    | llama-pods              | 2      | That is roughly 2 pods.                                                      |
    | llama-days              | 17     | At half of the peak it trains in about 17 days.                              |
    | training-int8-intensity | 5100   | In int8 v5p does 5100 operations a byte.                                     |
    | llama-width             | 30,000 | LLaMA 3 70B has F of about 30,000.                                           |
    | eight-way-width         | 20     | On v4p 8-way model parallelism needs F of 20k.                               |
    | gemma-ways              | 19     | Gemma 7B with F of 50k is bound by communication at 19 ways.                 |
    | best-x                  | 13.9   | With 64 chips, 48,000 tokens and F of 32,768 the best X is about 13.9.       |
    | near-x                  | 16     | That is close to 16.                                                         |
    | near-y                  | =4     | With Y of 4.                                                                 |
    | ratio-scales            |        | FLOPs by communication scale as the square of the batch size.                |
    | mixed-batch             | ~400   | Mixed parallelism needs roughly 400 tokens a chip.                           |
    | mixed-wins              | 2      | That wins about a factor of 2.                                               |
    | mixed-required          |        | Between 400 and 850 a mixture is required to be bound by communication.      |
    | figure-batch            | 1.5    | On 4096 chips all is bound by communication below 1.5e6 tokens.              |
    | figure-expected         | 1.6    | By the equation that is 1.6e10.                                              |
    | figure-crossing         | 1.6    | The curves cross at about 1.6e10.                                            |
    | code-backward           |        | The pipeline's code goes back through all layers.                            |
    | axes-ways               | 11     | For LLaMA 3 model parallelism goes up to 11 ways an axis.                    |
    | fsdp-chips              | 2400   | With 2M tokens sharded data parallelism can use about 2400 chips.            |
    | fsdp-share              | 1/4    | That is roughly a fourth of a pod.                                           |
    | mixed-llama             | 432    | For it mixed parallelism needs 432 tokens a chip.                            |
    | mixed-chips             | 9      | So it scales to roughly 9k chips.                                            |
    | pod-size                | 8      | A v5p pod has at most 8k chips.                                              |
    | recipe-x                | 1024   | With 3.5M tokens on a pod X is roughly 1024.                                 |
    | recipe-y                | =8     | And Y is 8.                                                                  |
    | recipe-lower            |        | On that pod 1.5M tokens are still bound by FLOPs.                            |
    | dcn-hosts               | 2000   | A slice has about 2000 hosts.                                                |
    | dcn-bandwidth           | 5      | Between pods they send 5e13 bytes a second.                                  |
    | pod-flops               | 3.8    | A pod does 8k times 4.5e14, that is 3.8e18 FLOPs a second.                   |
    | dcn-batch               | 76,000 | A pod needs 76,000 tokens.                                                   |
    | dcn-batch-later         | 75,000 | Later it needs roughly 75,000.                                               |
    | ten-pods                | 89,600 | Ten pods have 89,600 chips.                                                  |
    | ten-pods-batch          | ~40    | They could take about 40M tokens.                                            |
    | ten-pods-days           | 2      | They would train LLaMA 3 70B in about 2 days.                                |
    | table-data              | 8      | In the table data parallelism sends 8DF bytes.                               |
    | table-fsdp-forward      | 4      | Sharded, it sends 4DF forward.                                               |
    | table-fsdp-backward     | 8      | And 8DF backward.                                                            |
    | table-tensor            | 4      | Tensor parallelism sends 4BD forward.                                        |
    | table-tensor-backward   | 4      | And 4BD backward.                                                            |
    | table-mixed-backward    | 8      | Mixed, it sends 8BD/X backward.                                              |
    | tensor-formula          |        | W is sharded over Y along both of its axes in tensor parallelism.            |
    | ffw                     | 8.5    | LLaMA 2 13B has 8.5e9 parameters in its feed-forward networks.               |
    | attention               | 4.2    | It has 4.2e9 in attention.                                                   |
    | attention-formula       |        | They are 4DNH in all.                                                        |
    | vocabulary              | 0.3    | It has 0.3e9 for its vocabulary.                                             |
    | vocabulary-sum          | 0.39   | In the sum that is 0.39e9.                                                   |
    | total                   | 13.1   | In all it has 13.1e9.                                                        |
    | state                   | 130    | Parameters and optimizer take about 130 GB.                                  |
    | activations             | 42     | Activations of 16M tokens take 42 TB.                                        |
    | activations-exponent    | 16     | A batch of 16M tokens is 16e16.                                              |
    | sequences               | 96     | 3M tokens are 96 sequences of 32k.                                           |
    | slice-memory            | 393    | 16x16x16 chips of v5p have 393 TB.                                           |
    | small-activations       | 7.86   | Activations of 3M tokens take about 7.86e12 bytes.                           |
    | small-all               | 8      | With the optimizer that is almost exactly 8 TB.                              |
    | small-batch             | 3.48M  | 4096 chips need 3.48M tokens.                                                |
    | small-mixed             | 940    | With F of this model mixed parallelism needs 940 tokens a chip.              |
    | appendix-alpha          |        | In the appendix B/N is above 4 alpha / (Mx My F).                            |
    | appendix-weights        |        | The derivative of W_in is dTmp times Tmp.                                    |
    """,
    version=FIRST,
    also_prints={"eight-way-width": ("20k",), "gemma-ways": ("50k",), "mixed-chips": ("9k",), "best-x": ("48,000",)},
    in_words=dict.fromkeys(("fsdp-share", "mixed-wins"), True),
    note={
        "zero-order": "Read as: ZeRO-1 then leaves less than 32 GB of a 7.5B model on each of 64 GPUs, as the 31.4 of "
        "Figure 1 of arXiv 1910.02054.",
        "deepseek-batch": "By arXiv 2405.04434, section 3.1.2: up to 9216 sequences of 4,096 tokens.",
        "llama-flops": "In 10^24.",
        "eight-way-width": "K.",
        "gemma-ways": "Read as: from the printed 50k.",
        "best-x": "Read as: of 48,000 tokens.",
        "ratio-scales": "Read as: four times the tokens give 16 times the ratio.",
        "recipe-lower": "Read as: above the 453 tokens a chip that mixed parallelism needs; of the author's: 113.",
        "table-mixed-backward": "Times BD/X: of the three collectives of activations in the text's algorithm.",
        "mixed-required": "Read as: at 600 tokens a chip the mixture's communication takes longer than its FLOPs.",
        "figure-expected": "In 10^10.",
        "figure-crossing": "In 10^10.",
        "figure-batch": "In 10^6, to a digit and a half.",
        "code-backward": "As Python reads its range, of 8 layers.",
        "mixed-chips": "K chips, of the 2M tokens of the line before.",
        "dcn-bandwidth": "In 10^13.",
        "pod-flops": "In 10^18.",
        "activations-exponent": "In 10^16.",
        "ten-pods-days": "Read as: at half of the peak, as above.",
        "attention-formula": "Of LLaMA 2 13B as it is counted.",
        "tensor-formula": "Read as: four chips along Y then hold all of W.",
        "sequences": "Of 3 * 10^6 by 32 * 10^3.",
        "appendix-weights": "Read as: its shape is that of W_in.",
    },
    loosely={
        "largest-model-takeaway": "cut short: 96 GB by 10 are 9.6",
        "llama-chips": "cut short",
        "llama-width": "to the nearest five thousand",
        "gemma-ways": "cut short",
        "near-x": "the nearest power of two",
        "figure-batch": "within a tenth: the equation gives 1.6e6",
        "axes-ways": "from the exact F, 28,672",
        "fsdp-chips": "to the nearest hundred",
        "fsdp-share": "to the nearest eighth",
        "pod-size": "cut short",
        "recipe-x": "the nearest power of two, and only just",
        "dcn-hosts": "of 8k chips",
        "dcn-batch-later": "to the nearest five thousand",
        "ten-pods-days": "only at the peak itself",
        "small-mixed": "cut short",
    },
    disputed={
        "eight-way-width": "it is so on v5p: v4p has 3056 FLOPs a byte, and needs 24k",
        "best-x": "it is so of 48 * 1,024 tokens",
        "mixed-chips": "it is so of 4M tokens, which LLaMA 3 had",
        "pod-flops": "it is so of 8,192 chips with 4.59e14",
        "sequences": "it is so where both M and k are powers of two",
        "recipe-lower": "it is so where transfers along both axes overlap, as a later state assumes: here they do not",
        "total": "it is so of the printed summands: it follows from the 0.39e9 of vocabulary-sum",
    },
    words={
        "data-math-layers": "T_math = 2 * 2 * 2 * B * L * D * F / (X * C)",
        "zero-order": "ZeRO-{1,2,3} are used to refer to sharding the weights, gradients and optimizer states in this "
        "way, respectively.",
        "ratio-scales": "The ratio of the computation to communication time thus also scales as the square of the "
        "batch size",
        "mixed-required": "between roughly 400 and 850, a mixed FSDP + MP strategy is required in order to be "
        "comms-bound",
        "figure-expected": "in line with our expected 4096 * 2 * 2550^2 / (8192 * 4) = 1.6e10",
        "figure-crossing": "the black curve intersects the green curve at about 1.6e10, as predicted",
        "code-backward": "for i in range(0, num_layers, -1):",
        "mixed-llama": "becomes ICI bound when we have batch size < 2 * 2550^2 / 30,000 = 432",
        "recipe-lower": "a bit of room to drop the batch size as low as BS=1.5M on that pod and still be compute bound",
        "table-mixed-backward": "FSDP + MP | 4BDF/(XY) + 8BDF/(XY) | (4BD/X + 4DF/Y) + (8BD/X + 8DF/Y)",
        "tensor-formula": "MP | In[B, D_Y] *_D W_in[D_Y, F_Y] *_F W_out[F_Y, D_Y] -> Out[B, D_Y]",
        "attention-formula": "Attention parameters: 4DNH = 4.2e9",
        "vocabulary-sum": "Total: 8.5e9 + 4.2e9 + 0.39e9 = 13.1e9, as expected!",
        "total": "Total: 8.5e9 + 4.2e9 + 0.39e9 = 13.1e9, as expected!",
        "activations-exponent": "2 * 40 * 16e6 * 5,120 * (1 + 2 * 2.7) ~ 4.2e13 = 42TB, since BT=16e16",
        "appendix-alpha": "we can be compute-bound when B/N > 4 alpha / (M_X M_Y F)",
        "appendix-weights": "3. dW_in = dTmp[B, F] *_B Tmp[B, F]",
    },
    refuted={
        "data-math-layers": "one layer's time has no factor of all layers: it is gone two lines on",
        "zero-order": "the order is the other way round: ZeRO-1 shards optimizer states, ZeRO-3 also weights",
        "ratio-scales": "the equation beside it has the square root",
        "mixed-required": "it is required to be bound by FLOPs",
        "figure-expected": "it is 1.6e6: ten thousand times less",
        "figure-crossing": "it follows from the exponent of figure-expected: it is 1.6e6",
        "code-backward": "a range from 0 up to the number of layers with a step of -1 is empty: nothing is learned",
        "mixed-llama": "the printed product by 30,000 is 433.5",
        "table-mixed-backward": "the algorithm in the text has three collectives of activations backward: 6BD/X",
        "tensor-formula": "no axis can shard two dimensions: most pieces of the array would be on no chip",
        "attention-formula": "that is one layer's",
        "vocabulary-sum": "2VD are 0.33e9",
        "activations-exponent": "16M are 16e6",
        "appendix-alpha": "alpha is squared, as in the text and at the end of the appendix",
        "appendix-weights": "it is dTmp times In: of Tmp it would be F by F",
    },
    reply={
        "data-math-layers": "That all layers are meant: but communication beside it has no such factor, and the author "
        "has taken it out.",
        "zero-order": "That ZeRO-3 ends with all: but in order and respectively it is reversed, and the author has "
        "corrected it.",
        "ratio-scales": "That the equation is right: the sentence is not, and the author has corrected it.",
        "mixed-required": "That it is a slip of a word: it is, and the author has corrected it.",
        "figure-expected": "None: its factors are printed beside it, and the author has corrected it.",
        "figure-crossing": "That it is the exponent of the caption again: it is, and the author has corrected both.",
        "code-backward": "That it is pseudo-code: but the text says that it works and should run, and the author has "
        "corrected it.",
        "mixed-llama": "That it was cut in between: but no rounding of 2550 or of F to a unit gives 432.",
        "table-mixed-backward": "That the forward pass is computed again: but then the row's FLOPs would have it, "
        "and tensor parallelism's 4BD, too.",
        "tensor-formula": "That the definition above has W_in[D, F_Y]: it contradicts this one, and the author has "
        "corrected it.",
        "attention-formula": "That the sum is right: it is, with the L that is missing, and the author has put it in.",
        "vocabulary-sum": "That the line before has 0.3e9: it has, and the author has corrected this one to 0.33.",
        "activations-exponent": "That the product beside it has 16e6: it has, and the author has corrected this.",
        "appendix-alpha": "That the end of the appendix has the square: it has, and the author has put it in here.",
        "appendix-weights": "That the algorithms above have In: they have, and the author has corrected this one.",
    },
)

SUMS = {
    "ten-pods-batch": Sum(10 * POD * MIXED / 30000 / 10**6, "M tokens", round(10 * POD * MIXED / 30000 / 10**6, -1)),
    "mixed-batch": Sum(MIXED / F, "tokens a chip", round(MIXED / F, -1)),
    "deepseek-batch": Sum(9216 * 4096, "tokens", 5 * 10**6 * round(Fraction(9216 * 4096, 5 * 10**6))),
    "largest-model": Sum(V5P.capacity / 10, "parameters"),
    "largest-model-takeaway": Sum(V5P.capacity / 10, "parameters"),
    "data-comms": Sum(2 * bytes_a_layer(1, 1), "DF bytes, an AllReduce twice"),
    "data-math": Sum(Fraction(4 * product_flops(2, 3, 5), 2 * 3 * 5), "BDF FLOPs"),
    "training-ici-intensity": Sum(ALPHA, "tokens a chip"),
    "three-axes": Sum(ALPHA / 3, "tokens a chip"),
    "pod-batch": Sum(ALPHA / 3 * POD, "tokens"),
    "deepseek-chips": Sum(round(40 * 10**6 / (ALPHA / 3), -3), "chips"),
    "deepseek-pods": Sum(40 * 10**6 / (ALPHA / 3) / POD, "pods"),
    "llama-flops": Sum(Fraction(LLAMA, 10**24), "10^24 FLOPs"),
    "llama-chips": Sum(16 * 10**6 / (ALPHA / 3), "chips"),
    "llama-pods": Sum(16 * 10**6 / (ALPHA / 3) / POD, "pods"),
    "llama-days": Sum(LLAMA / (18823 * V5P.flops_per_second / 2) / DAY, "days"),
    "training-int8-intensity": Sum(
        chip("v5p", "int8").flops_per_second / (2 * V5P.interconnect_bandwidth), "operations a byte"
    ),
    "gemma-ways": Sum(50 * 10**3 / ALPHA, "ways"),
    "near-y": Sum(64 // 16, "ways"),
    "mixed-wins": Sum(ALPHA / 3 / (MIXED / F), "times fewer tokens"),
    **dict.fromkeys(
        ("figure-expected", "figure-crossing"),
        Sum(
            round(4096 * MIXED / F / 10**10, 8),
            "10^10 tokens",
            also={"batches and splits tried": round(Fraction(least_batch(4096), 10**10), 8)},
        ),
    ),
    "mixed-llama": Sum(
        round(MIXED / 30000, 1),
        "tokens a chip",
        also={"batches and splits tried": round(Fraction(least_batch(4096, 30000), 4096), 1)},
    ),
    "pod-size": Sum(Fraction(POD, 10**3), "K chips"),
    "recipe-y": Sum(8192 // 1024, "ways"),
    "dcn-bandwidth": Sum(2000 * Fraction(25, 10) / 10**3, "10^13 bytes a second"),
    "dcn-batch": Sum(Fraction(38, 10) * 10**18 / (5 * 10**13), "tokens"),
    "ten-pods": Sum(10 * POD, "chips"),
    "table-data": Sum(2 * bytes_a_layer(1, 1), "DF bytes"),
    "table-fsdp-forward": Sum(bytes_a_layer(1, 1), "DF bytes"),
    "table-fsdp-backward": Sum(bytes_a_layer(1, 1, 1, 1), "DF bytes"),
    "table-tensor": Sum(bytes_a_layer(activations=(1, 1)), "BD bytes"),
    "table-tensor-backward": Sum(bytes_a_layer(activations=(1, 1)), "BD bytes"),
    "table-mixed-backward": Sum(
        2 * sum(axis == "Y" for _, axis in BACKWARD),
        "BD/X bytes",
        also={"tensor parallelism's 4, and the input gathered": bytes_a_layer(activations=(1, 1)) + 2},
    ),
    "ffw": Sum(Fraction(FFW, G), "10^9 parameters"),
    "attention": Sum(Fraction(ATTENTION, G), "10^9 parameters"),
    "vocabulary": Sum(Fraction(VOCABULARY, G), "10^9 parameters"),
    "state": Sum(10 * 13, "GB"),
    "activations": Sum(16 * 10**6 * ACTIVATIONS / T, "TB"),
    "slice-memory": Sum(4096 * V5P.capacity / T, "TB"),
    "small-activations": Sum(3 * 10**6 * ACTIVATIONS / T, "10^12 bytes"),
    "small-all": Sum((3 * 10**6 * ACTIVATIONS + 130 * G) / T, "TB"),
    "small-batch": Sum(ALPHA / 3 * 4096, "tokens"),
    "small-mixed": Sum(MIXED / F_13B, "tokens a chip"),
}
OTHER = {
    "llama-width": Sum(F_LLAMA, "features", 5000 * round(Fraction(F_LLAMA, 5000))),
    "eight-way-width": Sum(8 * V4P.flops_per_second / (2 * V4P.interconnect_bandwidth) / 1000, "K", 8 * ALPHA / 1000),
    "best-x": Sum(best(48000, F, 64), "chips", best(48 * 1024, F, 64)),
    "near-x": Sum(best(48000, F, 64), "chips", 2 ** round(log2(best(48000, F, 64)))),
    "figure-batch": Sum(4096 * MIXED / F / 10**6, "10^6 tokens", Fraction(155, 100)),
    "axes-ways": Sum(30000 / ALPHA, "ways", F_LLAMA / ALPHA),
    "fsdp-chips": Sum(2 * 10**6 / (ALPHA / 3), "chips", round(2 * 10**6 / (ALPHA / 3), -2)),
    "fsdp-share": Sum(2 * 10**6 / (ALPHA / 3) / POD, "of a pod", Fraction(round(16 * 10**6 / (ALPHA / 3) / POD), 8)),
    "mixed-chips": Sum(2 * 10**6 / (MIXED / 30000) / 1000, "K chips", 4 * 10**6 / (MIXED / 30000) / 1000),
    "recipe-x": Sum(best(3.5e6, 30000, POD), "chips", 2 ** round(log2(best(3.5e6, 30000, POD)))),
    "dcn-hosts": Sum(HOSTS, "hosts", 8000 // 4),
    "pod-flops": Sum(Fraction(8 * 45, 100), "10^18 FLOPs a second", 8192 * V5P.flops_per_second / 10**18),
    "dcn-batch-later": Sum(POD * V5P.flops_per_second / (HOSTS * 25 * G), "tokens", 75000),
    "ten-pods-days": Sum(
        LLAMA / (10 * POD * V5P.flops_per_second / 2) / DAY, "days", LLAMA / (10 * POD * V5P.flops_per_second) / DAY
    ),
    "sequences": Sum(Fraction(3 * 10**6, 32 * 10**3), "sequences", 3 * 2**20 // 2**15),
}


@CLAIMS.claim
def test_adam_bytes(stated, measure):
    weights = torch.nn.Parameter(torch.zeros(64))
    weights.grad = torch.ones_like(weights)
    adam = torch.optim.Adam([weights])
    adam.step()
    states = sum(state.nbytes for state in adam.state[weights].values() if state.shape == weights.shape)
    assert measure(Fraction(states + weights.bfloat16().nbytes, 64), "bytes a parameter") == stated


@CLAIMS.claim
def test_data_math_layers(measure):
    printed = LAYERS * 8 * 2 * 3 * 5
    also = {"multiply-adds one by one": Fraction(4 * 2 * one_by_one(2, 3, 5), printed)}
    assert measure(Fraction(4 * product_flops(2, 3, 5), printed), "of 8BDF for each of L layers", also=also) == 1


@CLAIMS.claim
def test_zero_order(measure):
    held = Fraction(75, 10) * (Fraction(2, 64) + 2 + 12)
    also = {"the paper's 120 GB less what sharding saves": 120 - Fraction(75, 10) * 2 * Fraction(63, 64)}
    assert measure(held, "GB, weights sharded", also=also) < 32


@CLAIMS.claim
def test_ratio_scales(measure):
    few, many = 2**20, 2**22
    also = {"splits tried": ratio_by_trial(many, 4096) / ratio_by_trial(few, 4096)}
    assert measure(ratio(many, 4096) / ratio(few, 4096), "times the ratio", also=also) > 15


@CLAIMS.claim
def test_mixed_required(measure):
    also = {"splits tried": round(ratio_by_trial(600 * 64, 64), 3)}
    assert measure(round(ratio(600 * 64, 64), 3), "FLOPs' time by communication's", also=also) < 1


@CLAIMS.claim
def test_code_backward(measure):
    also = {"from start to stop by its step, none below zero": max(0, (8 - 0) // -1)}
    assert measure(len(range(0, 8, -1)), "layers gone through", also=also) == 8


@CLAIMS.claim
def test_recipe_lower(reading, measure):
    least = MIXED / F_LLAMA / (1 if reading == "literal" else 4)
    assert measure(Fraction(1500 * 10**3, POD), "tokens a chip") > least


@CLAIMS.claim
def test_tensor_formula(measure):
    pieces = torch.zeros(4, 4, dtype=torch.int)  # of W, along both of its dimensions
    for chip_of_y in range(4):
        pieces[chip_of_y, chip_of_y] += 1
    held_by_any = Fraction(int(pieces.sum()), pieces.numel())
    assert measure(held_by_any, "of W, held by any chip", also={"1/Y": Fraction(1, 4)}) == 1


@CLAIMS.claim(model="llama-2-13b")
def test_attention_formula(models, measure):
    model = models("llama-2-13b")
    printed = 4 * 5120 * 40 * 128
    also = Fraction(model.formula.attention, printed)
    assert measure(Fraction(model.attention, printed), "times 4DNH", also=also) == 1


@CLAIMS.claim(model="llama-2-13b")
def test_vocabulary_sum(models, stated, measure):
    model = models("llama-2-13b")
    counted = Fraction(model.embeddings + model.head, G)
    assert measure(counted, "10^9 parameters", also={"2VD": Fraction(VOCABULARY, G)}) == stated


@CLAIMS.claim(model="llama-2-13b")
def test_total(models, stated, reading, measure):
    total = {"literal": Fraction(models("llama-2-13b").total, G), "other": Fraction(850 + 420 + 39, 100)}
    assert measure(total[reading], "10^9 parameters") == stated


@CLAIMS.claim
def test_activations_exponent(stated, measure):
    also = {"from the 4.2e13 bytes": round(42 * T / ACTIVATIONS, -6) / 10**16}
    assert measure(Fraction(16 * 10**6, 10**16), "10^16 tokens", also=also) == stated


@CLAIMS.claim
def test_appendix_alpha(measure):
    printed = 4 * ALPHA / (2 * F)
    also = {"batches and splits tried": round(printed / Fraction(least_batch(4096), 4096), 6)}
    assert measure(round(printed / (MIXED / F), 6), "of what is needed", also=also) == 1


@CLAIMS.claim
def test_appendix_weights(measure):
    tokens, width, inner = 2, 10, 27  # in the proportion of LLaMA 2 13B
    tmp = torch.ones(tokens, inner)
    product = torch.einsum("bf,bg->fg", tmp, tmp)
    also = {"F by F of LLaMA 2 13B": Fraction(F_13B**2, 5120 * F_13B)}
    assert measure(Fraction(product.numel(), width * inner), "times the numbers of W_in", also=also) == 1


@CLAIMS.each(*OTHER)
def test_readings(claim, stated, reading, measure):
    assert measure(OTHER[claim].read(reading), OTHER[claim].unit) == stated


@CLAIMS.each()
def test_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
