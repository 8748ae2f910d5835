"""Model parallelism, and what accelerators tell each other."""

from dataclasses import replace
from fractions import Fraction

import pytest

from fixtures.models.pipeline import at_work

pytestmark = pytest.mark.cheap

WIDTH, ACCELERATORS = 16, 4  # of the layer that is run: what is sent is a share of its width


@pytest.mark.claim("weights-are-divided", note="Of the layers' matrices, on each of four accelerators.")
def test_weights_are_divided(steps, anthropic, measure):
    """Model parallelism divides reading the weights, and FLOPs, by the number of accelerators."""
    one = steps.layers_of(anthropic)
    four = replace(one, accelerators=4)
    reading = measure(one.reading / four.reading, "times less", of="reading")
    assert reading == measure(one.computing(9) / four.computing(9), "times less", of="computing") == 4


@pytest.mark.claim(
    "pipeline-idles",
    note="Of one sequence only one stage has work at a time: what it hands on is the next one's input.",
)
def test_pipeline_idles(measure):
    """In pipeline parallelism all GPUs but one are idle for a single request."""
    assert measure(max(at_work(ACCELERATORS, 1)), "stages at work at once, of four") == 1


@pytest.mark.claim("pipeline-of-several", note="Of as many requests as there are stages.")
def test_pipeline_of_several(measure):
    """With several requests a pipeline can be filled."""
    assert measure(max(at_work(ACCELERATORS, ACCELERATORS)), "stages at work at once, of four") == ACCELERATORS


@pytest.mark.claim(
    "pipeline-communicates-less",
    note="Numbers that one accelerator sends for a token through the 52B model, by handing on a vector once, and by "
    "exchanging sums in each layer.",
)
def test_pipeline_communicates_less(anthropic, sharding, measure):
    """Pipeline parallelism communicates less than tensor parallelism."""
    of = anthropic.config
    tensor = Fraction(sharding.exchanged(WIDTH, ACCELERATORS).sent, WIDTH) * of["hidden_size"] * of["num_hidden_layers"]
    pipeline = measure(of["hidden_size"], "numbers sent", of="pipeline")
    assert pipeline < measure(tensor, "numbers sent", of="tensor")


@pytest.mark.claim(
    "tensor-communication",
    refuted="the exchange that the document goes on to describe sends more: by all accelerators, four times N - 1 "
    "vectors a layer",
    note="For a layer split over four accelerators, in vectors of the model's width that all of them send: read as no "
    "more than N.",
)
def test_tensor_communication(sharding, measure):
    """Tensor parallelism communicates N·d numbers a layer."""
    sent = ACCELERATORS * sharding.exchanged(WIDTH, ACCELERATORS).sent
    assert measure(Fraction(sent, WIDTH), "vectors sent") <= ACCELERATORS


@pytest.mark.claim("link-bandwidth", stated="300")
def test_link_bandwidth(datasheet, stated, measure):
    """An A100 communicates at 300 GB a second."""
    assert measure(Fraction(datasheet["nvlink_both_ways"], 2 * 10**9), "GB a second, each way") == stated


@pytest.mark.claim("link-bandwidth-as-published", stated="600")
def test_link_bandwidth_as_published(datasheet, stated, measure):
    """Its maker says 600 GB a second, both directions added."""
    assert measure(Fraction(datasheet["nvlink_both_ways"], 10**9), "GB a second, both ways") == stated


@pytest.mark.claim(
    "output-shards",
    refuted="a slip in the shape: heads are summed over by then, and each accelerator has one vector of the model's "
    "width",
    note="What an accelerator has after multiplying by its part of attention's output matrix, before the exchange: the "
    "document prints d by a number of heads. Numbers for one token, of the 52B model's 64 heads on four accelerators.",
)
def test_output_shards(anthropic, sharding, measure):
    """Each accelerator's part of attention's output has d numbers for each of its heads."""
    heads = anthropic.config["num_attention_heads"] // ACCELERATORS
    assert measure(Fraction(sharding.partial_size(WIDTH, ACCELERATORS), WIDTH), "vectors") >= heads


@pytest.mark.claim("one-exchange", note="Of the first round, in numbers of the vector's width, by four accelerators.")
def test_one_exchange(sharding, measure):
    """Sending shards of attention's output takes (N - 1)·d/N numbers of each of N accelerators."""
    sent = Fraction(sharding.exchanged(WIDTH, ACCELERATORS).rounds[0][0], WIDTH)
    assert measure(sent, "vectors sent") == Fraction(ACCELERATORS - 1, ACCELERATORS)


@pytest.mark.claim(
    "mlp-matrices",
    stated="4",
    refuted="a slip in the shapes: the inner width is four times the model's width, as the same sentence says, so each "
    "matrix has four numbers for every pair of features",
    note="Each of the two matrices is printed with 4 rows or columns. Numbers a feature.",
)
def test_mlp_matrices(anthropic, stated, measure):
    """The MLP's two matrices have 4 by d numbers each."""
    of = anthropic.config
    assert (
        measure(Fraction(anthropic.mlp, 2 * of["num_hidden_layers"] * of["hidden_size"]), "times d numbers") == stated
    )


@pytest.mark.claim("mlp-width", stated="4")
def test_mlp_width(anthropic, stated, measure):
    """The MLP's inner dimension is 4 times larger."""
    of = anthropic.config
    also = {"parameters": Fraction(anthropic.mlp, 2 * of["num_hidden_layers"] * of["hidden_size"] ** 2)}
    assert measure(Fraction(of["ffn_dim"], of["hidden_size"]), "model widths", also=also) == stated


@pytest.mark.claim("exchanges", stated="4")
def test_exchanges(sharding, stated, measure):
    """A layer communicates in 4 rounds: two after attention, two after the MLP."""
    wire = sharding.exchanged(WIDTH, ACCELERATORS)
    also = Fraction(wire.sent * ACCELERATORS, (ACCELERATORS - 1) * WIDTH)
    assert measure(len(wire.rounds), "rounds a layer", also={"numbers sent": also}) == stated


@pytest.mark.claim(
    "bytes-of-communication",
    stated="4",
    refuted="a slip of units: so many numbers are sent, and each takes two bytes in the 16-bit formats assumed "
    "throughout, as the later equations have it",
    note="As a multiple of (N - 1)·d/N, for a layer.",
)
def test_bytes_of_communication(sharding, stated, measure):
    """A layer communicates 4·(N - 1)·d/N bytes."""
    numbers = Fraction(sharding.exchanged(WIDTH, ACCELERATORS).sent * ACCELERATORS, (ACCELERATORS - 1) * WIDTH)
    assert measure(2 * numbers, "times (N - 1)·d/N bytes") == stated
