"""What fits into memory."""

from fractions import Fraction
from math import ceil
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic.equations import Sizes

pytestmark = pytest.mark.cheap

GB = 10**9

CLAIMS = Listed(
    """
    | claim                        | stated     | says                                                                |
    |------------------------------|------------|---------------------------------------------------------------------|
    | standard-capacity            | 40         | An A100 has 40 GB.                                                  |
    | larger-bandwidth             | 2          | The A100 with 80 GB reads 2e12 bytes a second.                      |
    | no-cloud-has-80gb            |            | No large cloud offers the A100 with 80 GB.                          |
    | weights-in-units             | 104T       | The weights of a 52B model, 52e12 parameters, take 104e12 bytes.    |
    | weights                      | 104        | Its weights take 104 GB.                                            |
    | three-gpus                   | 3          | At least three GPUs are needed to hold them.                        |
    | left-on-three                | 16         | Of 120 GB on three GPUs, 16 GB are left for the cache.              |
    | cached-token                 | =2,097,152 | A token's keys and values take 2,097,152 bytes in the 52B model.    |
    | cached-token-in-gb           | 0.002      | That is 0.002 GB.                                                   |
    | tokens-on-three              | ~8000      | 8000 tokens fit beside the weights on three GPUs.                   |
    | batch-on-three               | =4         | A batch of 4 requests of up to 2048 tokens each fits on three GPUs. |
    | larger-batch-is-cheaper      |            | A larger batch takes less GPU time for each request.                |
    | bound-by-memory              | 4          | At a batch of 4, memory bounds the step.                            |
    | drop-the-cache               |            | At that batch one should do without the cache and pay the FLOPs     |
    |                              |            | instead.                                                            |
    | left-on-four                 | 56         | On four GPUs 56 GB are left.                                        |
    | tokens-on-four               | ~23000     | On four GPUs, 56/0.002 is 23000 tokens.                             |
    | intermediates-are-negligible |            | What intermediate steps of the calculation take is negligible.      |
    """,
    model=dict.fromkeys(("standard-capacity", "larger-bandwidth", "no-cloud-has-80gb", "larger-batch-is-cheaper"), ""),
    also_prints={"left-on-three": ("120", "104")},
    in_words=dict.fromkeys(("weights-in-units", "three-gpus"), True),
    refuted={"weights-in-units": "a slip of the exponent: both numbers are a thousand times too large"},
    words={"weights-in-units": "52e12 \N{DOT OPERATOR} 2 = 104e12 bytes \N{ALMOST EQUAL TO} 104GB"},
    reply={
        "weights-in-units": "The 104 GB at the end of the line are right, and all that follows is from them; the two "
        "numbers before them are not."
    },
    uncheckable={"no-cloud-has-80gb": "what clouds offered in March 2022 was not recorded by anything that can be run"},
    note={
        "larger-bandwidth": "In 10^12 bytes a second; the slower one.",
        "weights-in-units": "The document writes 52e12 for the parameters, and 104e12 bytes.",
        "weights": "In GB, with one embedding, as the size of 52B counts it.",
    },
)


def left(steps: Any, gpus: int) -> Any:
    """Bytes that weights of 52 billion parameters leave on so many GPUs."""
    return gpus * steps.a100.capacity - 2 * steps.printed["anthropic"]["parameters"]


def a_token(model: Any, reading: str) -> Any:
    """Bytes that are kept of a token: as counted, and rounded as the document goes on with."""
    return {"literal": model.kv_cache_bytes_per_token.total, "loose": Fraction(2, 1000) * GB}[reading]


@CLAIMS.claim(
    loosely="only when a token is rounded down to 0.002 GB first; as it is counted, some 370 fewer fit",
    note="Weaker: from the rounded size of a token, as the document divides.",
)
def test_tokens_on_three(steps, anthropic, reading, stated, measure):
    assert measure(left(steps, 3) // a_token(anthropic, reading), "tokens") == stated


@CLAIMS.claim(
    also_prints=("2048",),
    loosely="only with a GB of 2^30 bytes, of which 16 just hold four: they are 8,192 tokens, where at most 8000 fit",
    note="Read as: what the weights leave holds as many, a GB being 10^9 bytes; weaker: 2^30 bytes, as memory has.",
)
def test_batch_on_three(steps, anthropic, reading, stated, measure):
    gigabyte = {"literal": GB, "loose": 2**30}[reading]
    request = steps.printed["anthropic"]["request"] * anthropic.kv_cache_bytes_per_token.total
    assert measure(left(steps, 3) * gigabyte // (GB * request), "requests of 2,048 tokens") == stated


@CLAIMS.claim(note="Read as: of batches of 4, 16, 64 and 256, each larger one is cheaper.")
def test_larger_batch_is_cheaper(steps, anthropic, measure):
    step = steps.layers_of(anthropic, 3)
    few, more, many, most = (
        measure(1000 * step.floor(batch) / batch, "ms a request", of=str(batch)) for batch in (4, 16, 64, 256)
    )
    assert few > more > many > most


@CLAIMS.claim(in_words=True, note="The batch of 4 that was found for three GPUs.")
def test_bound_by_memory(steps, anthropic, stated, measure):
    assert stated < measure(steps.layers_of(anthropic, 3).critical_batch_size, "sequences at which both take as long")


@CLAIMS.claim(
    loosely="only for contexts that do not outlast reading the weights, of 52 tokens for each of four requests",
    words="at batch sizes this low we're bound to be memory bound, and should forego the kv cache",
    note="Read as: without a cache a step of 4 requests of 2,048 tokens takes no longer than with one that is read; "
    "weaker: of 52 tokens, 208 in all. As the sentence on small batches before it is read.",
)
def test_drop_the_cache(steps, anthropic, printed, reading, measure):
    tokens = {"literal": 4 * printed["anthropic"]["request"], "loose": 208}[reading]
    step = steps.layers_of(anthropic, 3)
    again = measure(1000 * step.floor(tokens), "ms", of="computed again")
    kept = step.floor(4) + Fraction(tokens * anthropic.kv_cache_bytes_per_token.total) / (
        3 * steps.a100.memory_bandwidth
    )
    assert again <= measure(1000 * kept, "ms", of="with a cache that is read")


@CLAIMS.claim(
    refuted="56 by 0.002 is 28,000, and 26,703 tokens as they are counted: the printed quotient belongs to neither",
    words="For four GPUs, we'd get 56/0.002 \N{ALMOST EQUAL TO} 23000",
    reply="It is rough, and some memory goes to other things; but the line is a quotient of two numbers that it "
    "prints.",
    note="Both from a token as counted and from the rounded 0.002 GB, to the nearest thousand.",
)
def test_tokens_on_four(steps, anthropic, printed, reading, stated, measure):
    of = Sizes(printed["anthropic"]["layers"], printed["anthropic"]["width"])
    tokens, by_equation = (
        Fraction(left(steps, 4)) / token
        for token in (a_token(anthropic, reading), {"literal": of.cached_bytes(128), "loose": 2 * 10**6}[reading])
    )
    nearest = {"equation": round(by_equation, -3)}
    assert measure(round(tokens, -3), "tokens, to the nearest thousand", also=nearest) == stated


@CLAIMS.claim(
    note="Read as: the largest tensor that a decoding step of a batch of 512 makes, or a pass over a request of 2,048 "
    "tokens, is below a hundredth of the weights."
)
def test_intermediates_are_negligible(anthropic, counting, printed, measure):
    passes = {"decoding step": (512, 1), "pass over a request": (1, printed["anthropic"]["request"])}
    shares = [
        measure(
            Fraction(counting.largest_intermediate(anthropic, *size), 2 * anthropic.total), "of the weights", of=name
        )
        for name, size in passes.items()
    ]
    assert max(shares) < Fraction(1, 100)


@CLAIMS.each("standard-capacity", "larger-bandwidth")
def test_an_a100(claim, datasheet, stated, measure):
    slower = min(datasheet["memory_80gb_pcie"], datasheet["memory_80gb_sxm"])
    found = {
        "standard-capacity": lambda: measure(Fraction(datasheet["capacity"], GB), "GB"),
        "larger-bandwidth": lambda: measure(Fraction(slower, 10**12), "TB a second"),
    }
    assert found[claim]() == stated


@CLAIMS.each("weights-in-units", "cached-token", "cached-token-in-gb")
def test_the_model(claim, anthropic, stated, measure):
    of, token = anthropic.config, anthropic.kv_cache_bytes_per_token.total
    weights = 2 * (anthropic.attention + anthropic.mlp + anthropic.head)
    by_equation = Sizes.of(of).cached_bytes(of["hidden_size"] // of["num_attention_heads"])
    found = {
        "weights-in-units": lambda: measure(weights, "bytes", also=2 * Sizes.of(of).with_embedding),
        "cached-token": lambda: measure(token, "bytes", also=by_equation),
        "cached-token-in-gb": lambda: measure(Fraction(token, GB), "GB"),
    }
    assert found[claim]() == stated


@CLAIMS.each("weights", "three-gpus")
def test_weights(claim, steps, anthropic, stated, measure):
    weights, of = 2 * (anthropic.attention + anthropic.mlp + anthropic.head), steps.printed["anthropic"]
    also = Fraction(2 * Sizes(of["layers"], of["width"], of["vocabulary"]).with_embedding, GB)
    found = {
        "weights": lambda: measure(Fraction(weights, GB), "GB", also=also),
        "three-gpus": lambda: measure(ceil(Fraction(weights) / steps.a100.capacity), "GPUs"),
    }
    assert found[claim]() == stated


@CLAIMS.each()
def test_left(claim, steps, stated, measure):
    gpus, printed = {"left-on-three": (3, 120), "left-on-four": (4, 160)}[claim]
    assert measure(Fraction(left(steps, gpus), GB), "GB", also=Fraction(printed - 104)) == stated
