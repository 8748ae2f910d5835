"""What fits into memory."""

from fractions import Fraction
from math import ceil

import pytest

from claims.inference_arithmetic import equations

pytestmark = pytest.mark.cheap

GB = 10**9


@pytest.mark.claim("standard-capacity", stated="40")
def test_standard_capacity(datasheet, stated, measure):
    """An A100 has 40 GB."""
    assert measure(Fraction(datasheet["capacity"], GB), "GB") == stated


@pytest.mark.claim(
    "larger-bandwidth", stated="2", also_prints=("1.5",), note="In 10^12 bytes a second; the slower one."
)
def test_larger_bandwidth(datasheet, stated, measure):
    """The A100 with 80 GB reads 2e12 bytes a second."""
    rates = [datasheet[name] for name in ("memory_80gb_pcie", "memory_80gb_sxm")]
    assert measure(Fraction(min(rates), 10**12), "TB a second") == stated


@pytest.mark.claim(
    "no-cloud-has-80gb", uncheckable="what clouds offered in March 2022 was not recorded by anything that can be run"
)
def test_no_cloud_has_80gb():
    """No large cloud offers the A100 with 80 GB."""


@pytest.mark.claim(
    "52b-in-units",
    stated="52T",
    in_words=True,
    refuted="a slip of units: the exponent is that of trillions, where 52 billion parameters are meant",
    note="The document writes 52e12 for the number of parameters.",
)
def test_52b_in_units(anthropic, stated, measure):
    """A 52B model has 52e12 parameters."""
    assert measure(anthropic.attention + anthropic.mlp + anthropic.head, "parameters") == stated


@pytest.mark.claim(
    "weights-in-units",
    stated="104T",
    in_words=True,
    refuted="the same slip carried on: at two bytes each, the parameters are a thousandth of that many bytes",
    note="The document writes 104e12 bytes.",
)
def test_weights_in_units(anthropic, stated, measure):
    """Its weights take 104e12 bytes."""
    assert measure(2 * (anthropic.attention + anthropic.mlp + anthropic.head), "bytes") == stated


@pytest.mark.claim("weights", stated="104", note="In GB, with one embedding, as the size of 52B counts it.")
def test_weights(anthropic, printed, stated, measure):
    """Its weights take 104 GB."""
    of = printed["anthropic"]
    also = Fraction(2 * (equations.parameters(of["layers"], of["width"]) + of["vocabulary"] * of["width"]), GB)
    weights = anthropic.attention + anthropic.mlp + anthropic.head
    assert measure(Fraction(2 * weights, GB), "GB", also=also) == stated


@pytest.mark.claim("three-gpus", stated="3", in_words=True)
def test_three_gpus(steps, anthropic, stated, measure):
    """At least three GPUs are needed to hold them."""
    weights = 2 * (anthropic.attention + anthropic.mlp + anthropic.head)
    assert measure(ceil(Fraction(weights) / steps.a100.capacity), "GPUs") == stated


@pytest.mark.claim("left-on-three", stated="16", also_prints=("120", "104"))
def test_left_on_three(steps, printed, stated, measure):
    """Of 120 GB on three GPUs, 16 GB are left for the cache."""
    left = 3 * steps.a100.capacity - 2 * printed["anthropic"]["parameters"]
    assert measure(Fraction(left, GB), "GB", also=Fraction(120 - 104)) == stated


@pytest.mark.claim("cached-token", stated=2_097_152)
def test_cached_token(anthropic, stated, measure):
    """A token's keys and values take 2,097,152 bytes in the 52B model."""
    of = anthropic.config
    head_width = of["hidden_size"] // of["num_attention_heads"]
    also = equations.cached_bytes(of["num_hidden_layers"], of["num_attention_heads"], head_width)
    assert measure(anthropic.cached_token.total, "bytes", also=also) == stated


@pytest.mark.claim("cached-token-in-gb", stated="0.002")
def test_cached_token_in_gb(anthropic, stated, measure):
    """That is 0.002 GB."""
    assert measure(Fraction(anthropic.cached_token.total, GB), "GB") == stated


@pytest.mark.claim(
    "tokens-on-three",
    stated="8000",
    loosely="only when a token is rounded down to 0.002 GB first; as it is counted, some 370 fewer fit",
    note="About, the document says: read to the digits it prints; weaker: from the rounded size of a token.",
)
def test_tokens_on_three(steps, anthropic, printed, reading, stated, measure):
    """8000 tokens fit beside the weights on three GPUs."""
    left = 3 * steps.a100.capacity - 2 * printed["anthropic"]["parameters"]
    token = {"literal": anthropic.cached_token.total, "loose": Fraction(2, 1000) * GB}[reading]
    assert measure(left // token, "tokens") == stated


@pytest.mark.claim(
    "batch-on-three",
    stated=4,
    also_prints=("2048",),
    refuted="four requests of that length are 8,192 tokens, more than even the rounded 8000: three fit",
    note="Both from a token as counted and from the rounded 0.002 GB. With 16 times 2^30 bytes four would just fit.",
)
def test_batch_on_three(steps, anthropic, printed, reading, stated, measure):
    """A batch of 4 requests of up to 2048 tokens each fits on three GPUs."""
    left = 3 * steps.a100.capacity - 2 * printed["anthropic"]["parameters"]
    token = {"literal": anthropic.cached_token.total, "loose": Fraction(2, 1000) * GB}[reading]
    assert measure(left // (printed["anthropic"]["request"] * token), "requests of 2,048 tokens") == stated


@pytest.mark.claim("larger-batch-is-cheaper", note="Read as: up to twice the ratio of 208, each doubling is cheaper.")
def test_larger_batch_is_cheaper(steps, anthropic, measure):
    """A larger batch takes less GPU time for each request."""
    step = steps.layers_of(anthropic, 3)
    times = [1000 * step.floor(batch) / batch for batch in (4, 8, 64, 128)]
    assert measure(times[0], "ms a request", of="4") > times[1] > times[2] > measure(times[3], "ms a request", of="128")


@pytest.mark.claim("bound-by-memory", stated="4", in_words=True, note="The batch of 4 that was found for three GPUs.")
def test_bound_by_memory(steps, anthropic, stated, measure):
    """At a batch of 4, memory bounds the step."""
    assert stated < measure(steps.layers_of(anthropic, 3).balance, "sequences at which both take as long")


@pytest.mark.claim(
    "drop-the-cache",
    refuted="computing the contexts of the whole batch again takes far longer than the step that it is to save: they "
    "are thirty-nine times the tokens that are free beside reading the weights",
    note="Read as: without a cache a step of 4 requests of 2,048 tokens takes no longer than with one that is read.",
)
def test_drop_the_cache(steps, anthropic, printed, measure):
    """At that batch one should do without the cache and pay the FLOPs instead."""
    step, tokens = steps.layers_of(anthropic, 3), 4 * printed["anthropic"]["request"]
    again = measure(1000 * step.floor(tokens), "ms", of="computed again")
    kept = step.floor(4) + Fraction(tokens * anthropic.cached_token.total) / (3 * steps.a100.memory)
    assert again <= measure(1000 * kept, "ms", of="with a cache that is read")


@pytest.mark.claim("left-on-four", stated="56")
def test_left_on_four(steps, printed, stated, measure):
    """On four GPUs 56 GB are left."""
    left = 4 * steps.a100.capacity - 2 * printed["anthropic"]["parameters"]
    assert measure(Fraction(left, GB), "GB", also=Fraction(160 - 104)) == stated


@pytest.mark.claim(
    "tokens-on-four",
    stated="23000",
    refuted="56 by 0.002 is 28,000, and 26,703 tokens as they are counted: the printed quotient belongs to neither",
    note="Both from a token as counted and from the rounded 0.002 GB, to the nearest thousand.",
)
def test_tokens_on_four(steps, anthropic, printed, reading, stated, measure):
    """On four GPUs, 56/0.002 is 23000 tokens."""
    left = 4 * steps.a100.capacity - 2 * printed["anthropic"]["parameters"]
    token = {"literal": anthropic.cached_token.total, "loose": Fraction(2, 1000) * GB}[reading]
    assert measure(round(Fraction(left) / token, -3), "tokens, to the nearest thousand") == stated


@pytest.mark.claim(
    "intermediates-are-negligible",
    note="Read as: the largest tensor that a decoding step of a batch of 512 makes is below a hundredth of the "
    "weights.",
)
def test_intermediates_are_negligible(anthropic, counting, measure):
    """What intermediate steps of the calculation take is negligible."""
    largest = counting.largest_intermediate(anthropic, 512)
    assert measure(Fraction(largest, 2 * anthropic.total), "of the weights' bytes") < Fraction(1, 100)
