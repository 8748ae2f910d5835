"""Model parallelism, and what accelerators tell each other."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.models.accelerators import at_work
from claims.inference_arithmetic.equations import Sizes

pytestmark = pytest.mark.cheap

WIDTH, ACCELERATORS = 16, 4  # of the layer that is run: what is sent is a share of its width
HEADS = 2  # of each accelerator

CLAIMS = Listed(
    """
    | claim                       | stated | says                                                                      |
    |-----------------------------|--------|---------------------------------------------------------------------------|
    | weights-are-divided         |        | Model parallelism divides reading the weights, and FLOPs, by the number   |
    |                             |        | of accelerators.                                                          |
    | pipeline-idles              |        | In pipeline parallelism all GPUs but one are idle for a single request.   |
    | pipeline-of-several         |        | With several requests a pipeline can be filled.                           |
    | pipeline-communicates-less  |        | Pipeline parallelism communicates less than tensor parallelism.           |
    | tensor-communication        |        | Tensor parallelism communicates N·d numbers a layer.                      |
    | link-bandwidth              | 300    | An A100 communicates at 300 GB a second.                                  |
    | link-bandwidth-as-published | 600    | Its maker says 600 GB a second, both directions added.                    |
    | output-shards               |        | Each accelerator's part of attention's output has d numbers for each of   |
    |                             |        | its heads.                                                                |
    | one-exchange                |        | Sending shards of attention's output takes (N - 1)·d/N numbers of each of |
    |                             |        | N accelerators.                                                           |
    | mlp-matrices                | 4      | The MLP's two matrices have 4 by d numbers each.                          |
    | mlp-width                   | 4      | The MLP's inner dimension is 4 times larger.                              |
    | exchanges                   | 4      | A layer communicates in 4 rounds: two after attention, two after the MLP. |
    | bytes-of-communication      | 4      | A layer communicates 4·(N - 1)·d/N bytes.                                 |
    """,
    refuted={
        "mlp-matrices": "a slip in the shapes: the inner width is four times the model's width, as the same sentence "
        "says, so each matrix has four numbers for every pair of features",
        "bytes-of-communication": "a slip of units: so many numbers are sent, and each takes two bytes in the 16-bit "
        "formats assumed throughout, as the later equations have it",
    },
    words={
        "mlp-matrices": "W_1 of 4 x d_model and W_2 of d_model x 4 to make a dimension 4 times larger",
        "bytes-of-communication": "Ultimately we do 4(N - 1)d/N bytes of communication",
    },
    reply={
        "mlp-matrices": "4 by d is short for 4d by d, as the words show; but it is printed so twice, as shapes.",
        "bytes-of-communication": "It counts numbers, and the equations for latency have the two bytes; here it says "
        "bytes.",
    },
    note={
        "mlp-matrices": "Each of the two matrices is printed with 4 rows or columns. Numbers a feature.",
        "bytes-of-communication": "As a multiple of (N - 1)·d/N, for a layer.",
    },
)


@CLAIMS.claim(note="Of a layer that is run on one accelerator and on four: its weights and its products.")
def test_weights_are_divided(sharding, measure):
    alone, shared = (sharding.share(WIDTH, accelerators) for accelerators in (1, ACCELERATORS))
    weights, work = (
        measure(Fraction(one, part), "times less", of=of)
        for one, part, of in zip(alone, shared, ("weights", "FLOPs"), strict=True)
    )
    assert weights == work == ACCELERATORS


@CLAIMS.claim(note="Of one sequence only one stage has work at a time: what it hands on is the next one's input.")
def test_pipeline_idles(measure):
    assert measure(max(at_work(ACCELERATORS, 1)), "stages at work at once, of four") == 1


@CLAIMS.claim(note="Of as many requests as there are stages.")
def test_pipeline_of_several(measure):
    assert measure(max(at_work(ACCELERATORS, ACCELERATORS)), "stages at work at once, of four") == ACCELERATORS


@CLAIMS.claim(
    note="Numbers that one accelerator sends for a token through the 52B model, by handing on a vector once, and by "
    "exchanging sums in each layer."
)
def test_pipeline_communicates_less(anthropic, sharding, measure):
    of = anthropic.config
    tensor = Fraction(sharding.exchanged(WIDTH, ACCELERATORS).sent, WIDTH) * of["hidden_size"] * of["num_hidden_layers"]
    pipeline = measure(of["hidden_size"], "numbers sent", of="pipeline")
    assert pipeline < measure(tensor, "numbers sent", of="tensor")


@CLAIMS.claim(
    loosely="of what each accelerator sends: all of them send four times N - 1 vectors in the exchange that the "
    "document goes on to describe",
    note="For a layer split over four accelerators, in vectors of the model's width: read as no more than N by all of "
    "them; weaker: no more than N by each.",
)
def test_tensor_communication(sharding, reading, measure):
    by_each = measure(Fraction(sharding.exchanged(WIDTH, ACCELERATORS).sent, WIDTH), "vectors sent", of="each")
    by_all = measure(ACCELERATORS * by_each, "vectors sent", of="all")
    assert {"literal": by_all, "loose": by_each}[reading] <= ACCELERATORS


@CLAIMS.claim(
    disputed="before an accelerator adds up what its own heads give, each of them a vector of the model's width",
    words="we multiply the result by our shard of W_o to get a shard of o_s",
    note="Numbers for one token, of a layer that is run with two heads on each of four accelerators, in vectors of the "
    "model's width. Literally: after multiplying by the accelerator's part of attention's output matrix, which adds "
    "up its heads.",
)
def test_output_shards(sharding, reading, measure):
    added, apart = sharding.partial_size(WIDTH, ACCELERATORS), sharding.sizes_by_head(WIDTH, ACCELERATORS, HEADS)
    numbers = {"literal": added, "other": apart}[reading]
    assert measure(Fraction(numbers, WIDTH), "vectors on an accelerator") >= HEADS


@CLAIMS.claim(note="Of the first round, in numbers of the vector's width, by four accelerators.")
def test_one_exchange(sharding, measure):
    sent = Fraction(sharding.exchanged(WIDTH, ACCELERATORS).rounds[0][0], WIDTH)
    assert measure(sent, "vectors sent") == Fraction(ACCELERATORS - 1, ACCELERATORS)


@CLAIMS.each("link-bandwidth", "link-bandwidth-as-published")
def test_the_link(claim, datasheet, stated, measure):
    both = Fraction(datasheet["nvlink_both_ways"], 10**9)
    found = {
        "link-bandwidth": lambda: measure(both / 2, "GB a second, each way"),
        "link-bandwidth-as-published": lambda: measure(both, "GB a second, both ways"),
    }
    assert found[claim]() == stated


@CLAIMS.each("mlp-matrices", "mlp-width")
def test_the_mlp(claim, anthropic, stated, measure):
    of, sizes = anthropic.config, Sizes.of(anthropic.config)
    parameters = {"parameters": Fraction(anthropic.mlp, 2 * sizes.unit)}
    found = {
        "mlp-matrices": lambda: measure(
            Fraction(anthropic.mlp, 2 * sizes.layers * sizes.width), "times d numbers", also=of["ffn_dim"]
        ),
        "mlp-width": lambda: measure(Fraction(of["ffn_dim"], of["hidden_size"]), "model widths", also=parameters),
    }
    assert found[claim]() == stated


@CLAIMS.each()
def test_the_exchanges_of_a_layer(claim, sharding, stated, measure):
    wire = sharding.exchanged(WIDTH, ACCELERATORS)
    numbers = Fraction(wire.sent * ACCELERATORS, (ACCELERATORS - 1) * WIDTH)
    found = {
        "exchanges": lambda: measure(len(wire.rounds), "rounds a layer", also={"numbers sent": numbers}),
        "bytes-of-communication": lambda: measure(
            2 * numbers, "times (N - 1)·d/N bytes", also={"rounds": 2 * len(wire.rounds)}
        ),
    }
    assert found[claim]() == stated
