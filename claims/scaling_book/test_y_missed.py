"""What the book corrected and no claim had found: made when corrections were known, each beside its corrected form."""

from fractions import Fraction

import pytest
import torch

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.models.accelerators import Exact
from claims.scaling_book.rooflines import (
    ALPHA,
    B200,
    FIGURES,
    H100,
    MAKERS,
    PRINTED,
    V5P,
    G,
    Sum,
    chips,
    flops_run,
    furthest,
    held,
    one_by_one,
    product_bytes,
    put_in,
    ring_load,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("makers", "printed")]

NODE = 8  # GPUs
A, B = ((1, 2), (3, 5)), ((7, 11), (13, 17))
PRODUCT = torch.tensor(A) @ torch.tensor(B)
WEIGHTS, INPUT = (2, 3, 5), 7  # of layers that multiply a number
CACHE, FREE = 2 * 128 * 8 * 80 * 8192, (256 - 70) * G  # bytes of a sequence, and on 16 chips beside the parameters
POD, DCN = 38 * 10**17, 5 * 10**13  # FLOPs and bytes a second of a pod, as printed


def layer_inputs() -> list[int]:
    """Return the input, and what each layer makes of what the one before it made."""
    made = [INPUT]
    for weight in WEIGHTS:
        made.append(made[-1] * weight)
    return made


def ratio_counted(tokens: int, flops: Exact, bandwidth: Exact) -> Fraction:
    """FLOPs' time by communication's of data parallelism, from what PyTorch counts of a matrix's backward pass.

    Its gradient is sent twice in an AllReduce.
    """
    backward = flops_run(tokens, 64, 256, trained=True) - flops_run(tokens, 64, 256)
    return Fraction(backward) / flops / (Fraction(2 * held(64, 256)) / bandwidth)


CLAIMS = Listed(
    """
    | claim               | stated | version | corrects            | says                                             |
    |---------------------|--------|---------|---------------------|--------------------------------------------------|
    | footnote-hops       |        | 0a702b6 |                     | Gathering both ways over X chips takes X/2 hops, |
    |                     |        |         |                     | rounded up.                                      |
    | head-footnote-hops  |        | e5de31b | footnote-hops       | It takes X/2 hops, rounded down.                 |
    | outer-product       |        | 0a702b6 |                     | The product's entry k, j is the sum of a_ik      |
    |                     |        |         |                     | b_ji.                                            |
    | head-outer-product  |        | e5de31b | outer-product       | It is the sum of a_ki b_ij.                      |
    | v5p-rate            | 4.5    | 0a702b6 |                     | A v5p chip does 4.5e14 FLOPs a second.           |
    | head-v5p-rate       | 4.59   | e5de31b | v5p-rate            | It does 4.59e14.                                 |
    | head-gemma-length   | 37     | e5de31b | gemma-length        | Gemma 27B has attention dominant around 37k.     |
    | pod-memory          | 96     | 0a702b6 |                     | A v5p pod has 96 GB.                             |
    | head-pod-memory     | 96     | e5de31b | pod-memory          | A v5p chip has 96 GB.                            |
    | whole-batch         |        | 0a702b6 |                     | Data parallelism is bound by FLOPs where B is    |
    |                     |        |         |                     | above C / W.                                     |
    | head-whole-batch    |        | e5de31b | whole-batch         | It is where B / X is.                            |
    | pods-bound          |        | 0a702b6 |                     | Pods are bound by communication where a pod's    |
    |                     |        |         |                     | batch is above C / W.                            |
    | pods-bound-turned   |        | 5e54335 | pods-bound          | They are where it is below.                      |
    | code-inputs         |        | 0a702b6 |                     | The pipeline's code takes what follows a layer   |
    |                     |        |         |                     | for the layer's input.                           |
    | head-code-inputs    |        | e5de31b | code-inputs         | It takes the layer's input.                      |
    | second-form         |        | 0a702b6 |                     | A bfloat16 product moves 2BD + 2DF + BF bytes.   |
    | head-second-form    |        | e5de31b | second-form         | It moves 2BD + 2DF + 2BF.                        |
    | code-batches        |        | 0a702b6 |                     | The serving code goes up to the largest batch    |
    |                     |        |         |                     | that fits.                                       |
    | vector-units        | =4     | efbdb12 |                     | A TensorCore of a TPU has 4 vector units.        |
    | head-vector-units   | =1     | e5de31b | vector-units        | It has one.                                      |
    | half-filled         |        | efbdb12 |                     | A half filled AllToAll takes B / (2 W).          |
    | head-half-filled    |        | e5de31b | half-filled         | It takes B / (2 W N).                            |
    | head-bus-bandwidth  | 370    | e5de31b | bus-bandwidth       | A node reaches close to 370 GB a second.         |
    | blackwell-rooflines |        | efbdb12 |                     | With B200 no roofline changes.                   |
    """,
    in_words=True,  # the text that is held beside them is of several commits
    note={
        "footnote-hops": "Of 5 chips.",
        "head-footnote-hops": "Of 5 chips.",
        "v5p-rate": "In 10^14, by Google's page.",
        "head-v5p-rate": "In 10^14.",
        "head-gemma-length": "K of 1,000 tokens, of 8 times D = 4608.",
        "whole-batch": "Of twice 2,550 tokens on 4 chips.",
        "head-whole-batch": "Of twice 2,550 tokens on each chip.",
        "pods-bound": "Of twice 76,000 tokens.",
        "pods-bound-turned": "Of half of 76,000 tokens.",
        "code-inputs": "Of layers that multiply by 2, 3 and 5.",
        "code-batches": "Of 16 chips and 8,192 tokens: every fourth batch is tried, and the place of the largest in "
        "that list is taken for the batch.",
        "vector-units": "Google's page has a vector unit for each TensorCore.",
        "half-filled": "Read as: within a tenth of the time, of B bytes over 8 GPUs; of the author's: of B rows of N.",
        "head-half-filled": "Read as: within a fifth, which is (N - 1) / N.",
        "blackwell-rooflines": "Read as: by less than a tenth, beyond a node of 8, as a question of it has it.",
    },
    loosely={"v5p-rate": "cut short: the chapter's table has 4.59"},
    disputed={
        "half-filled": "it is so where B counts rows of N numbers, as in quiz-all-to-all: of bytes it is B / (16 W)",
    },
    words={
        "footnote-hops": r"technically, $\lceil | X | / 2 \rceil$",
        "outer-product": r"storing the result in $$O[N, K]: o_{kj} = \sum_i a_{ik} b_{ji}$$",
        "pod-memory": "e.g. on a TPUv5p pod with 96GB of HBM and pure data parallelism this is about 10B parameters",
        "whole-batch": r"Note the resemblance of the $B > C/W_\text{ici}$ condition to the single-device compute-bound "
        "rule $B > 240$",
        "pods-bound": r"we become comms bound when the $\text{per pod batch size} > C_\text{pod} / W_\text{dcn}$",
        "code-inputs": "_, f_vjp = jax.vjp(layer_fn, intermediates[i + 1], weights[i])",
        "second-form": r"\frac{2BDF}{2BD + 2DF + BF} \approxeq \frac{2BDF}{2DF}",
        "code-batches": "max_idx = get_max_batch_size(num_chips, sequence_length, param_size)  # get the largest batch "
        "size that can fit",
        "vector-units": "each Tensor Core has 4 big VPU with 1024 ALUs each",
        "half-filled": r"we can send $B \cdot N \cdot k / (W \cdot N^2) = B \cdot k/N / W = B / (2 \cdot W)$",
        "blackwell-rooflines": "Because Blackwell doubles the total FLOPs and bandwidth, none of our rooflines really "
        "change.",
    },
    refuted={
        "footnote-hops": "2 hops each way reach all of 5 chips: it is rounded down",
        "outer-product": "with rows first it is an entry of the product of B and A",
        "pod-memory": "so much has one chip: the pod has 860 TB, as chapter 2 says",
        "whole-batch": "it is the batch of a chip, as the sentence before has it",
        "pods-bound": "the sign is turned: a larger batch needs no more communication",
        "code-inputs": "the list begins with the first input: one place on stands what the layer makes of it",
        "second-form": "all three are of two bytes, as in the line above",
        "code-batches": "138 fit and 34 is the largest shown",
        "vector-units": "Google's page has one",
        "blackwell-rooflines": "beyond a node it needs 2.3 times the batch, as its own question says",
    },
    reply={
        "footnote-hops": "That for even X both are the same: but a footnote that says technically is of the odd ones, "
        "and the author has corrected it.",
        "outer-product": "That columns come first: but then they do in o_kj, too, and it is the entry j, k.",
        "pod-memory": "That a pod of chips of 96 GB is meant: but the sentence gives them to the pod, and the author "
        "has corrected it to a chip.",
        "whole-batch": "That B is a chip's batch there, as in the rule beside it: but this section's B is the whole "
        "batch, as its note says, and the author has corrected it to B / X.",
        "pods-bound": "That it is a slip: but the same sign stands before 76,000 again, and the author has turned "
        "both.",
        "code-inputs": "That the place is counted from the list's end: but the list has one entry more than there are "
        "layers, and the author has corrected it.",
        "second-form": "That BF is small and left out next: but it stands there with the factor of int8, and the "
        "author has corrected it.",
        "code-batches": "That the picture was drawn with other code: but this is the one that is shown for it, and its "
        "comment says the largest batch.",
        "vector-units": "That the four units of ALUs in it are meant: but the chapter's own answer has one VPU with 4 "
        "ALUs a lane, and the author has corrected it.",
        "blackwell-rooflines": "That GB200 is meant, with more bytes a second from a node of 72: but then the bound "
        "falls, as the chapter says in a question, and the author has written it anew.",
    },
)

SUMS = {
    "v5p-rate": Sum(MAKERS["v5p"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "head-v5p-rate": Sum(MAKERS["v5p"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "head-gemma-length": Sum(Fraction(8 * 4608, 1000), "K tokens"),
    "pod-memory": Sum(
        chips("v5p") * V5P.capacity / G,
        "GB",
        also={"chips gone to": one_by_one(*PRINTED["v5p"]["pod"]) * V5P.capacity / G},
    ),
    "head-pod-memory": Sum(V5P.capacity / G, "GB"),
    "head-bus-bandwidth": Sum(round(max(FIGURES["all_reduce"]["bus"]) / G, -1), "GB a second"),
    "vector-units": Sum(
        MAKERS["v5p"]["vector_units"], "vector units", also={"ALUs by those of 8 by 128 lanes": 4096 // (8 * 128 * 4)}
    ),
    "head-vector-units": Sum(MAKERS["v5p"]["vector_units"], "vector units"),
}
SAME = {  # what comes out, and what the sentence says of it
    "footnote-hops": (
        Sum(furthest(5, wrap=True), "hops", also={"shards over the busiest link": 5 * ring_load(5, every=True)}),
        3,
    ),
    "head-footnote-hops": (Sum(furthest(5, wrap=True), "hops"), 2),
    "outer-product": (
        Sum(
            sum(A[i][0] * B[1][i] for i in (0, 1)),
            "as its entry 0, 1",
            also={"by PyTorch": int(torch.einsum("ik,ji->kj", torch.tensor(A), torch.tensor(B))[0, 1])},
        ),
        PRODUCT[0, 1],
    ),
    "head-outer-product": (Sum(sum(A[0][i] * B[i][1] for i in (0, 1)), "as its entry 0, 1"), PRODUCT[0, 1]),
    "code-inputs": (
        Sum(
            INPUT * WEIGHTS[0] * WEIGHTS[1], "taken for the second's input", also={"layer by layer": layer_inputs()[2]}
        ),
        INPUT * WEIGHTS[0],
    ),
    "head-code-inputs": (Sum(layer_inputs()[1], "taken for the second's input"), INPUT * WEIGHTS[0]),
    "second-form": (
        Sum(2 * 3 * 5 + 2 * 5 * 7 + 3 * 7, "bytes", also={"arrays made": held(3, 5) + held(5, 7) + held(3, 7) // 2}),
        product_bytes(3, 5, 7),
    ),
    "head-second-form": (Sum(held(3, 5) + held(5, 7) + held(3, 7), "bytes"), product_bytes(3, 5, 7)),
    "code-batches": (
        Sum(
            max(place for place, batch in enumerate(range(1, 1024, 4)) if CACHE * batch <= FREE),
            "sequences",
            also={"put in one by one, by fours": (put_in(FREE, CACHE) - 1) // 4},
        ),
        FREE // CACHE,
    ),
}
ABOVE = {  # a ratio that the sentence takes to be above one
    "whole-batch": Sum(
        Fraction(2 * 2550, 4) / ALPHA,
        "FLOPs' time by communication's",
        also={"counted": ratio_counted(2 * 2550 // 4, V5P.flops_per_second, 2 * V5P.interconnect_bandwidth)},
    ),
    "head-whole-batch": Sum(2 * 2550 / ALPHA, "FLOPs' time by communication's"),
    "pods-bound": Sum(
        Fraction(POD, DCN * 2 * 76000),
        "communication's time by FLOPs'",
        also={"counted": 1 / ratio_counted(2 * 76000, POD, DCN)},
    ),
    "pods-bound-turned": Sum(Fraction(POD, DCN * 38000), "communication's time by FLOPs'"),
}


@CLAIMS.each(*SAME)
def test_same(claim, measure):
    found, said = SAME[claim]
    also = {name: other - said for name, other in (found.also or {}).items()}
    assert measure(found.value - said, f"{found.unit}: more than is said", also=also or None) == 0


@CLAIMS.each(*ABOVE)
def test_above(claim, measure):
    assert measure(ABOVE[claim].value, ABOVE[claim].unit, also=ABOVE[claim].also) > 1


@CLAIMS.claim
def test_half_filled(reading, measure):
    dense = {"literal": Fraction(NODE - 1, NODE**2), "other": Fraction(NODE, NODE)}
    assert measure(dense[reading] / 2 / Fraction(1, 2), "times B / (2 W)") > Fraction(9, 10)


@CLAIMS.claim
def test_head_half_filled(measure):
    half = Fraction(NODE - 1, NODE**2) / 2
    assert measure(half / Fraction(1, 2 * NODE), "times B / (2 W N)") > Fraction(4, 5)


@CLAIMS.claim
def test_blackwell_rooflines(measure):
    also = {"batches of the chapter": Fraction(5625, 2475)}
    assert measure(B200.flops_per_second / H100.flops_per_second, "times H100's batch", also=also) < Fraction(11, 10)


@CLAIMS.each()
def test_missed_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit, also=SUMS[claim].also) == stated
