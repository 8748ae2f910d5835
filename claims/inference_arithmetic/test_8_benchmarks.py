"""Against a benchmark: a model of 13B with FasterTransformer, on one A100 and on two."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic.equations import Sizes

MS, US = 1000, 10**6
PRINTED = "printed equation"
OWN_RUN = "it was read off a profile of one run on the author's machines, which is not published as numbers"

cheap = pytest.mark.cheap

CLAIMS = Listed(
    """
    | claim                      | stated | says                                                                       |
    |----------------------------|--------|----------------------------------------------------------------------------|
    | benchmark-width            | =5120  | 40 heads of 128 features make a width of 5120.                             |
    | benchmark-parameters       | 13B    | 40 layers of that width are a model of 13B parameters.                     |
    | expected-on-two            | 8.4    | For one token on two GPUs 8.4 ms are expected.                             |
    | expected-comms             | ~1     | Communication is expected to take about 1 ms.                              |
    | expected-on-one            | 16.8   | On one GPU 16.8 ms are expected.                                           |
    | comms-on-one               | 0      | On one GPU nothing is communicated.                                        |
    | exact-bandwidth            | 1.555  | The bandwidth of an A100 is 1.555e12 bytes a second rather than 1.5e12.    |
    | timed-on-one               | 22.0   | On one GPU a token took 22.0 ms.                                           |
    | reached-on-one             | 76%    | The expected time is 76% of that.                                          |
    | bandwidth-reached          | ~90%   | Up to 90% of the memory bandwidth is reached on one GPU.                   |
    | after-bandwidth-on-one     | ~90%   | At that bandwidth 18.5 ms are expected on one GPU.                         |
    | intermediates-on-one       | 2.2    | Intermediate activations take another 2.2 ms.                              |
    | accounted-on-one           | 20.7   | Together they take 20.7 ms.                                                |
    | left-on-one                | 1.4    | That leaves 1.4 ms to account for.                                         |
    | timed-on-two               | 13.5   | On two GPUs a token took 13.5 ms.                                          |
    | reached-on-two             | 62%    | The expected time is 62% of that.                                          |
    | bandwidth-on-two           | ~87    | 87% of the memory bandwidth is reached on two GPUs.                        |
    | after-bandwidth-on-two     | 9.5    | At that bandwidth 9.5 ms are expected on two GPUs.                         |
    | accounted-on-two           | 11.7   | With 2 ms of intermediate activations it is 11.7 ms.                       |
    | left-on-two                | 1.5    | That leaves 1.5 ms for communication.                                      |
    | easily-covered             |        | What is left is easily covered by the calculated communication.            |
    | comms-of-a-layer           | 40     | In the profile, communication takes 40 to 50 microseconds a layer.         |
    | comms-in-all               | 1.7    | That is 1.7 ms or so in all.                                               |
    | profile-was-slower         |        | The profiled run was consistently a little slower than the plain one, so   |
    |                            |        | that intermediates are overcounted.                                        |
    | ratio-at-90                | 231    | At 90% of the bandwidth the ratio is 231.                                  |
    | pass-on-one                | 48     | On one GPU the pass over 512 tokens is expected to take 48 ms.             |
    | pass-timed-on-one          | 63     | It took 63 ms.                                                             |
    | pass-on-two                | 30     | On two GPUs it is expected to take 30 ms.                                  |
    | pass-even-worse            |        | On two GPUs the expectation is even further off than on one.               |
    | store-time                 | 0.7    | Storing keys and values, 18 microseconds a layer, takes 0.7 ms.            |
    | memsets                    | 0.2    | Setting memory takes 0.2 ms.                                               |
    | mlp-product                | 344    | One of the MLP's products is expected to take 344 microseconds over 512    |
    |                            |        | tokens.                                                                    |
    | mlp-product-timed          | 476    | It took 476 microseconds at the lowest.                                    |
    | mlp-product-reached        | 72%    | That is 72% of the expected FLOPs.                                         |
    | projection-product         | 86     | The output projection is expected to take 86 microseconds over 512 tokens. |
    | projection-product-timed   | 159    | It took 159 microseconds at the lowest.                                    |
    | projection-product-reached | 54%    | That is 54% of the expected FLOPs.                                         |
    | projection-above-its-floor | 86     | The output projection over 512 tokens takes longer than the 86             |
    |                            |        | microseconds of the formula.                                               |
    | mlp-above-its-floor        | 344    | One of the MLP's products over 512 tokens takes longer than the 344        |
    |                            |        | microseconds of the formula.                                               |
    | product-of-4000            | 150    | A product of 512 by 4000 by 4000 reaches less than 150 TFLOPs a second.    |
    """,
    model=dict.fromkeys(("exact-bandwidth", "ratio-at-90", "product-of-4000"), ""),
    also_prints={
        "benchmark-width": ("40", "128"),
        "after-bandwidth-on-one": ("18.5",),
        "timed-on-one": ("283.60", "63.17", "10"),
        "timed-on-two": ("180.86", "45.45"),
        "comms-of-a-layer": ("50",),
        "ratio-at-90": ("0.9",),
        "pass-on-one": ("22", "512"),
        "store-time": ("18",),
    },
    loosely={"pass-on-one": "it is cut short: it rounds to 49"},
    uncheckable={
        "bandwidth-reached": OWN_RUN,
        "intermediates-on-one": OWN_RUN,
        "bandwidth-on-two": OWN_RUN,
        "comms-of-a-layer": OWN_RUN,
        "profile-was-slower": "the profile's own times are not published beside those of the run without it",
        "memsets": OWN_RUN,
        "mlp-product-timed": OWN_RUN,
        "projection-product-timed": OWN_RUN,
    },
    note={
        "timed-on-one": "From the output that the document prints.",
        "accounted-on-one": "From the document's own two terms.",
        "after-bandwidth-on-one": "The share of the bandwidth at which the calculated time is the printed 18.5 ms; "
        "about 90 %, the document says, and that it is rounded up.",
    },
)


def expected_pass(steps: Any, name: str) -> Fraction:
    """Milliseconds of the pass over the context, as the document expects them of a decoding step."""
    ratio = steps.a100.ridge / steps.printed["one_gpu"]["bandwidth_reached"]
    return Fraction(steps.printed[name]["step_ms"] * steps.printed["benchmark"]["context"], ratio)


def product_time(steps: Any, widths: int) -> Any:
    """Microseconds of a product over the context with a matrix so many model widths wide, as the document has it."""
    return US * Fraction(512 * widths * 5120**2 * 2) / steps.a100.flops_per_second


def left(printed: Any, name: str) -> dict[str, Fraction]:
    """Milliseconds of a step that are not accounted for: by the printed numbers, and as few as terms that print so."""
    run = printed[name]
    step = Fraction(run["total_ms"] - run["context_ms"], printed["benchmark"]["tokens"])
    accounted = {"literal": run["accounted_ms"], "loose": run["accounted_ms"] - Fraction(1, 20)}
    return {"literal": run["step_ms"] - accounted["literal"], "loose": step - accounted["loose"]}


@cheap
@CLAIMS.claim(
    loosely="only with the 2.2 ms of one GPU; the sentence itself says 2",
    note="From the document's own two terms; weaker: the second one is that of one GPU.",
)
def test_accounted_on_two(printed, reading, stated, measure):
    name = {"literal": "two_gpus", "loose": "one_gpu"}[reading]
    assert measure(printed["two_gpus"]["after_bandwidth_ms"] + printed[name]["intermediate_ms"], "ms") == stated


@cheap
@CLAIMS.claim(
    loosely="only at 88 %, which more like 87 allows",
    words="it doesn't quite get to 90, more like 87, getting us to 9.5ms",
    note="Literally at 87 % of the bandwidth; weaker: at one more, as a number that is said to be like another allows.",
)
def test_after_bandwidth_on_two(steps, benchmarked, reading, stated, measure):
    reached = steps.printed["two_gpus"]["bandwidth_reached"] + {"literal": 0, "loose": Fraction(1, 100)}[reading]
    assert measure(MS * steps.layers_of(benchmarked, 2).floor(1) / reached, "ms") == stated


LEFT = (
    "Literally from the document's own two numbers; weaker: from the time of the benchmark as it is printed, and the "
    "least number that prints as the second."
)


@cheap
@CLAIMS.claim(
    loosely="only with the terms as they may be before rounding, 22.04 less 20.65; the document asks to excuse its "
    "digits",
    note=LEFT,
)
def test_left_on_one(printed, reading, stated, measure):
    assert measure(left(printed, "one_gpu")[reading], "ms") == stated


@cheap
@CLAIMS.claim(
    refuted="13.5 less 11.7 is 1.8, and no rounding of the two makes up for three tenths",
    words="getting us 11.7ms. With the remaining 1.5 ms then, we're searching for comms!",
    reply="The digits are mangled, as the text says itself; but no terms that print so leave less than 1.7.",
    note=LEFT,
)
def test_left_on_two(printed, reading, stated, measure):
    least = printed["two_gpus"]["after_bandwidth_ms"] + printed["one_gpu"]["intermediate_ms"]
    run, tokens = printed["two_gpus"], printed["benchmark"]["tokens"]
    at_most = run["total_ms"] - run["context_ms"] - tokens * (run["accounted_ms"] - Fraction(1, 20))  # of all tokens
    also = {
        "literal": {"terms of the second": run["step_ms"] - least},
        "loose": {"all tokens together": at_most / tokens},
    }[reading]
    assert measure(left(printed, "two_gpus")[reading], "ms", also=also) == stated


@cheap
@CLAIMS.claim(
    refuted="what is left is more than the communication that was calculated, by its own number and still more by the "
    "difference as it is",
    words="This is easily covered by our calculated 1ms of comms not being parallelised",
    reply="The profile shows 1.7 ms of it, as the next sentence says; but what was calculated is less than what is "
    "left.",
    note="Read as: the calculated time of messages is no less than the time that is left.",
)
def test_easily_covered(steps, benchmarked, printed, measure):
    also = {PRINTED: MS * steps.equations_of(benchmarked, 2).waiting}
    messages = measure(MS * steps.layers_of(benchmarked, 2).waiting, "ms", of="messages", also=also)
    assert messages >= measure(left(printed, "two_gpus")["literal"], "ms", of="left")


@cheap
@CLAIMS.claim(note="Between 40 and 50 microseconds for each of 40 layers.")
def test_comms_in_all(printed, stated, measure):
    times = [Fraction(printed["benchmark"]["layers"] * each, MS) for each in printed["kernels"]["comms_us_a_layer"]]
    least, most = (measure(time, "ms", of=of) for time, of in zip(times, ("least", "most"), strict=True))
    assert stated > least and stated < most


@cheap
@CLAIMS.claim(note="By how much the timed pass is longer than expected, as a ratio.")
def test_pass_even_worse(steps, measure):
    two, one = (
        measure(steps.printed[name]["context_ms"] / expected_pass(steps, name), "times expected", of=name)
        for name in ("two_gpus", "one_gpu")
    )
    assert two > one


@pytest.mark.gpu
@CLAIMS.claim(note="On an A100, in bfloat16, whatever runs it.")
def test_projection_above_its_floor(product_clock, stated, measure):
    assert stated < measure(product_clock.microseconds(512, 5120, 5120), "microseconds")


@pytest.mark.gpu
@CLAIMS.claim(note="On an A100, in bfloat16, whatever runs it.")
def test_mlp_above_its_floor(product_clock, stated, measure):
    assert stated < measure(product_clock.microseconds(512, 5120, 4 * 5120), "microseconds")


@pytest.mark.gpu
@CLAIMS.claim(also_prints=("4000",), note="In 10^12 FLOPs a second, on an A100, in bfloat16.")
def test_product_of_4000(product_clock, stated, measure):
    slowest = product_clock.microseconds(512, 4000, 4000)
    assert stated > measure(2 * 512 * 4000**2 / slowest.value / 1e6, "TFLOPs a second")


@cheap
@CLAIMS.each(
    "benchmark-width", "benchmark-parameters", "expected-on-two", "expected-comms", "expected-on-one", "reached-on-one",
    "after-bandwidth-on-one", "reached-on-two", "mlp-product", "projection-product",
)  # fmt: skip
def test_expected(claim, steps, benchmarked, counting, stated, measure):
    one, two = (MS * steps.layers_of(benchmarked, gpus).floor(1) for gpus in (1, 2))
    waiting = MS * steps.layers_of(benchmarked, 2).waiting
    equations, of = steps.equations_of(benchmarked, 2), steps.printed["benchmark"]
    of_one, of_two = (steps.printed[name] for name in ("one_gpu", "two_gpus"))
    rows = benchmarked.counted.model.get_input_embeddings().weight.shape[1]
    width, inner = benchmarked.config["hidden_size"], benchmarked.config["ffn_dim"]
    mlp, projection = (
        US * Fraction(counting.product_work(of["context"], width, columns)) / steps.a100.flops_per_second
        for columns in (inner, width)
    )
    layers, share = benchmarked.attention + benchmarked.mlp, "of the time that was timed"
    found = {
        "benchmark-width": lambda: measure(of["heads"] * of["head_width"], "features", also={"weights": rows}),
        "benchmark-parameters": lambda: measure(layers, "parameters of its layers", also=Sizes(40, 5120).parameters),
        "expected-on-two": lambda: measure(two, "ms", also={PRINTED: MS * equations.memory}),
        "expected-comms": lambda: measure(waiting, "ms", also=MS * equations.waiting),
        "expected-on-one": lambda: measure(one, "ms", also={"twice the time on two": 2 * two}),
        "reached-on-one": lambda: measure(one / of_one["step_ms"], share),
        "after-bandwidth-on-one": lambda: measure(one / of_one["after_bandwidth_ms"], "of the bandwidth"),
        "reached-on-two": lambda: measure(two / of_two["step_ms"], share),
        "mlp-product": lambda: measure(mlp, "microseconds", also={PRINTED: product_time(steps, 4)}),
        "projection-product": lambda: measure(projection, "microseconds", also={PRINTED: product_time(steps, 1)}),
    }
    assert found[claim]() == stated


@cheap
@CLAIMS.claim
def test_comms_on_one(sharding, stated, measure):
    assert measure(sharding.exchanged(16, 1).sent, "numbers sent") == stated


@cheap
@CLAIMS.claim(note="In 10^12 bytes a second.")
def test_exact_bandwidth(datasheet, stated, measure):
    assert measure(Fraction(datasheet["memory_40gb"], 10**12), "TB a second") == stated


@cheap
@CLAIMS.each()
def test_from_its_own_numbers(claim, steps, stated, measure):
    of, one, two = (steps.printed[name] for name in ("benchmark", "one_gpu", "two_gpus"))
    kernels, reached, a100 = steps.printed["kernels"], one["bandwidth_reached"], steps.a100
    token_on_one, token_on_two = (Fraction(run["total_ms"] - run["context_ms"], of["tokens"]) for run in (one, two))
    found = {
        "timed-on-one": lambda: measure(token_on_one, "ms"),
        "accounted-on-one": lambda: measure(one["after_bandwidth_ms"] + one["intermediate_ms"], "ms"),
        "timed-on-two": lambda: measure(token_on_two, "ms"),
        "ratio-at-90": lambda: measure(
            a100.flops_per_second / (a100.memory_bandwidth * reached), "FLOPs a byte", also=a100.ridge / reached
        ),
        "pass-on-one": lambda: measure(expected_pass(steps, "one_gpu"), "ms"),
        "pass-timed-on-one": lambda: measure(one["context_ms"], "ms"),
        "pass-on-two": lambda: measure(expected_pass(steps, "two_gpus"), "ms"),
        "store-time": lambda: measure(Fraction(of["layers"] * kernels["store_us"], MS), "ms"),
        "mlp-product-reached": lambda: measure(product_time(steps, 4) / kernels["mlp_us"], "of the FLOPs"),
        "projection-product-reached": lambda: measure(
            product_time(steps, 1) / kernels["projection_us"], "of the FLOPs"
        ),
    }
    assert found[claim]() == stated
