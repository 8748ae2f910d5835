"""What the book corrected and no claim had found: made when corrections were known, each beside its corrected form."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.scaling_book.rooflines import (
    B200,
    FIGURES,
    FIRST,
    H100,
    HEAD,
    MAKERS,
    V5P,
    G,
    Sum,
    chips,
    furthest,
    product_bytes,
)

pytestmark = [pytest.mark.cheap, pytest.mark.usefixtures("makers", "printed")]

ALPHA = V5P.flops_per_second / (2 * V5P.interconnect_bandwidth)
NODE, EGRESS = 8, 400 * G  # GPUs; bytes a second of a node
A, B = ((1, 2), (3, 5)), ((7, 11), (13, 17))
WEIGHTS, INPUT = (2, 3, 5), 7  # of layers that multiply a number
SERVING = {  # names that the serving code reads before the line that would make them, and those that it makes by then
    FIRST: ({"bytes_per_param", "param_count"}, {"num_chips", "param_size", "sequence_length"}),
    HEAD: ({"bytes_per_param", "param_count"}, {"num_chips", "bytes_per_param", "param_count"}),
}

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
    | heads-letter        |        | 0a702b6 |                     | Of the shape B, S, T, N the number of heads is   |
    |                     |        |         |                     | H.                                               |
    | head-heads-letter   |        | e5de31b | heads-letter        | It is N.                                         |
    | head-gemma-length   | 37     | e5de31b | gemma-length        | Gemma 27B has attention dominant around 37k.     |
    | head-additions      |        | e5de31b | two-chips-additions | Adding the two partial sums takes another BF     |
    |                     |        |         |                     | additions.                                       |
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
    | code-names          |        | 0a702b6 |                     | The serving code makes each name before it reads |
    |                     |        |         |                     | it.                                              |
    | head-code-names     |        | e5de31b | code-names          | It does so.                                      |
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
        "whole-batch": "Of twice 2,550 tokens on 16 chips.",
        "head-whole-batch": "Of twice 2,550 tokens on each chip.",
        "pods-bound": "Of twice 76,000 tokens.",
        "pods-bound-turned": "Of half of 76,000 tokens.",
        "code-inputs": "Of layers that multiply by 2, 3 and 5.",
        "code-batches": "Of 16 chips and 8,192 tokens: every fourth batch is tried, and the place of the largest in "
        "that list is taken for the batch.",
        "vector-units": "Google's page has a vector unit for each TensorCore.",
        "half-filled": "Read as: within a tenth, for 8 GPUs, by the chapter's formula of a dense one.",
        "head-half-filled": "Read as: within a fifth, which is (N - 1) / N.",
        "blackwell-rooflines": "Read as: by less than a tenth, beyond a node of 8, as a question of it has it.",
    },
    loosely={"v5p-rate": "cut short: the chapter's table has 4.59"},
    refuted={
        "footnote-hops": "2 hops each way reach all of 5 chips: it is rounded down",
        "outer-product": "that is the entry j, k",
        "heads-letter": "the shape has no H: in this chapter it is the width of a head",
        "pod-memory": "so much has one chip: the pod has 860 TB, as chapter 2 says",
        "whole-batch": "it is the batch of a chip, as the sentence before has it",
        "pods-bound": "the sign is turned: a larger batch needs no more communication",
        "code-inputs": "the list begins with the first input: one place on stands what the layer makes of it",
        "second-form": "all three are of two bytes, as in the line above",
        "code-names": "two names are read that no line makes: it stops there",
        "code-batches": "138 fit and 34 is the largest shown",
        "vector-units": "Google's page has one",
        "half-filled": "it is half of a dense one: about B / (16 W)",
        "blackwell-rooflines": "beyond a node it needs 2.3 times the batch, as its own question says",
    },
    reply={
        "footnote-hops": "The author counts for even X, where both are the same. A footnote that says technically is "
        "of the odd ones.",
        "outer-product": "The author may index by columns. Then A is M by N, and it is N by M.",
        "heads-letter": "The author has H for heads in mind, as others have. The shape beside it has N.",
        "pod-memory": "That a pod of chips of 96 GB is meant: data parallelism has a copy on each, so it is the chip's "
        "that counts.",
        "whole-batch": "The author drops X for the likeness with B > 240. The sentence before has B / X.",
        "pods-bound": "A slip: the number after it is right.",
        "code-inputs": "None: the list's first entry is the input of the first layer.",
        "second-form": "The author may keep the product in int8. The equation above it has 2BF.",
        "code-names": "They may be of an earlier cell. No cell of the chapter makes them.",
        "code-batches": "The author may have drawn the picture with other code. This is the one that is shown for it.",
        "vector-units": "That the four units of ALUs of it are meant, which can be programmed by themselves: then the "
        "product of ALUs is right, and a later state says so.",
        "half-filled": "It follows from the dense one's B / W.",
        "blackwell-rooflines": "Within a node it is so, where both double. The sentence says none.",
    },
)

SUMS = {
    "v5p-rate": Sum(MAKERS["v5p"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "head-v5p-rate": Sum(MAKERS["v5p"]["bf16"] / 10**14, "10^14 FLOPs a second"),
    "head-gemma-length": Sum(Fraction(8 * 4608, 1000), "K tokens"),
    "pod-memory": Sum(chips("v5p") * V5P.capacity / G, "GB"),
    "head-pod-memory": Sum(V5P.capacity / G, "GB"),
    "head-bus-bandwidth": Sum(round(max(FIGURES["all_reduce"]["bus"]) / G, -1), "GB a second"),
    "vector-units": Sum(MAKERS["v5p"]["vector_units"], "vector units"),
    "head-vector-units": Sum(MAKERS["v5p"]["vector_units"], "vector units"),
}
SAME = {  # what comes out, and what the sentence says of it
    "footnote-hops": (furthest(5, wrap=True), 3, "hops"),
    "head-footnote-hops": (furthest(5, wrap=True), 2, "hops"),
    "outer-product": (sum(A[i][0] * B[1][i] for i in (0, 1)), sum(A[0][i] * B[i][1] for i in (0, 1)), "entry 0, 1"),
    "head-outer-product": (sum(A[0][i] * B[i][1] for i in (0, 1)), 1 * 11 + 2 * 17, "entry 0, 1"),
    "heads-letter": ("BSTN".count("H"), 1, "axes"),
    "head-heads-letter": ("BSTN".count("N"), 1, "axes"),
    "head-additions": (64 * 32768, 64 * 32768, "numbers of a partial sum of [B, F]"),
    "code-inputs": (INPUT * WEIGHTS[0] * WEIGHTS[1], INPUT * WEIGHTS[0], "the second layer's input"),
    "head-code-inputs": (INPUT * WEIGHTS[0], INPUT * WEIGHTS[0], "the second layer's input"),
    "second-form": (2 * 3 * 5 + 2 * 5 * 7 + 3 * 7, product_bytes(3, 5, 7), "bytes"),
    "head-second-form": (2 * 3 * 5 + 2 * 5 * 7 + 2 * 3 * 7, product_bytes(3, 5, 7), "bytes"),
    "code-names": (len(SERVING[FIRST][0] - SERVING[FIRST][1]), 0, "names"),
    "head-code-names": (len(SERVING[HEAD][0] - SERVING[HEAD][1]), 0, "names"),
    "code-batches": (
        [kept for kept in range(1, 1024, 4) if 70 * G + 2 * 128 * 8 * 80 * 8192 * kept <= 256 * G].index(137),
        int((256 - 70) * G // (2 * 128 * 8 * 80 * 8192)),
        "sequences",
    ),
}
ABOVE = {  # a ratio that the sentence takes to be above one
    "whole-batch": (2 * ALPHA / 16 / ALPHA, "FLOPs' time by communication's"),
    "head-whole-batch": (2 * ALPHA / ALPHA, "FLOPs' time by communication's"),
    "pods-bound": (Fraction(1, 2), "communication's time by FLOPs'"),
    "pods-bound-turned": (Fraction(2), "communication's time by FLOPs'"),
    "half-filled": (Fraction(NODE - 1, 2 * NODE**2) / (Fraction(9, 10) / 2), "nine tenths of B / (2 W)"),
    "head-half-filled": (Fraction(NODE - 1, 2 * NODE**2) / (Fraction(4, 5) / (2 * NODE)), "four fifths of B / (2 W N)"),
    "blackwell-rooflines": (
        Fraction(11, 10) / (B200.flops_per_second / EGRESS / (H100.flops_per_second / EGRESS)),
        "of 1.1 times H100's batch",
    ),
}


@CLAIMS.each(*SAME)
def test_same(claim, measure):
    found, said, unit = SAME[claim]
    assert measure(found, unit) == said


@CLAIMS.each(*ABOVE)
def test_above(claim, measure):
    assert measure(*ABOVE[claim]) > 1


@CLAIMS.each()
def test_missed_sums(claim, stated, measure):
    assert measure(SUMS[claim].value, SUMS[claim].unit) == stated
