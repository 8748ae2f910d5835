"""Keys and values that are kept, and what it saves."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic.equations import Sizes, Times

MS = 1000
LONGER = "FLOPs of all tokens in all layers as they are counted, attention's scores with them, to those of 208 tokens."
OF_52B = (
    "52b-width", "52b-layers", "key-value-work", "pass-time", "pass-time-on-four", "double-context", "longer-context",
)  # fmt: skip

CLAIMS = Listed(
    """
    | claim                   | stated          | says                                                                 |
    |-------------------------|-----------------|----------------------------------------------------------------------|
    | cached-bytes            | 2               | A token leaves two vectors of all heads' features in each layer, of  |
    |                         |                 | two bytes a number.                                                  |
    | matrix-vector-work      | 2               | Multiplying an m by n matrix by a vector takes 2mn FLOPs.            |
    | matrix-matrix-work      | 2               | Multiplying an m by n by an n by p matrix takes 2mnp FLOPs.          |
    | 52b-width               | =8192           | The 52B model has vectors of 8192 features.                          |
    | 52b-layers              | =64             | The 52B model has 64 layers.                                         |
    | key-value-work          | =17,179,869,184 | Making the keys and values of one token takes 17,179,869,184 FLOPs   |
    |                         |                 | in the 52B model.                                                    |
    | a100-flops              | 312             | An A100 does 312e12 FLOPs a second.                                  |
    | a100-bandwidth          | 1.5             | An A100 reads 1.5e12 bytes a second from its memory.                 |
    | ratio                   | 208             | The two rates have a ratio of 208.                                   |
    | ratio-of-key-values     | 208             | Making keys and values takes as long for up to 208 tokens as for     |
    |                         |                 | one, and longer for more.                                            |
    | ratio-by-the-clock      |                 | Making keys takes about as long for 208 tokens as for one.           |
    | whole-pass-ratio        | 208             | For a pass through all weights of the layers the ratio is 208 as     |
    |                         |                 | well.                                                                |
    | whole-pass-factor       | 6               | Against keys and values alone, a whole pass multiplies both sides of |
    |                         |                 | the ratio by 6.                                                      |
    | pass-time               | ~69             | A forward pass of the 52B model takes 69 ms on one A100, for up to   |
    |                         |                 | 208 tokens.                                                          |
    | pass-time-on-four       | ~17             | On four of them it takes 17 ms.                                      |
    | double-context          | 2               | 416 tokens take twice as long as 208.                                |
    | longer-context          | 1.5             | 312 tokens take 1.5 times as long as 208.                            |
    | key-value-share         | 1/6             | Making a token's keys and values is exactly 1/6th of the work of     |
    |                         |                 | passing it through the model.                                        |
    | saved-a-step            | 1/6             | At each step a cache saves 1/6 of the step's work for every token of |
    |                         |                 | the sequence.                                                        |
    | quadratic-without-cache | 2               | Without a cache, sampling takes a time that is quadratic in the      |
    |                         |                 | number of tokens.                                                    |
    | small-batch-recomputes  |                 | When a batch is small enough that memory bounds it, it is better to  |
    |                         |                 | keep no cache and to compute again.                                  |
    """,
    model=dict.fromkeys(OF_52B, "anthropic-52b"),
    also_prints={"double-context": ("416",), "longer-context": ("312",)},
    in_words={"double-context": True},
    loosely={
        "a100-bandwidth": "the figure is cut short: the maker's rounds to 1.6, as the document itself regrets in its "
        "last part"
    },
    note={
        "cached-bytes": "One factor of two stands for keys and values, the other for two bytes a number.",
        "a100-flops": "In 10^12 a second. Dense, in 16 bits.",
        "a100-bandwidth": "In 10^12 bytes a second, of the A100 with 40 GB.",
        "double-context": LONGER,
        "longer-context": LONGER,
    },
)


@pytest.mark.gpu
@CLAIMS.claim(
    note="Read as: the 52B model's key projection takes less than twice as long for 208 tokens as for one, on an A100."
)
def test_ratio_by_the_clock(anthropic, product_clock, measure):
    width = anthropic.config["hidden_size"]
    one, many = (product_clock.microseconds(tokens, width, width) for tokens in (1, 208))
    assert measure(many.value / one.value, "times as long") < 2


@pytest.mark.cheap
@CLAIMS.claim(
    loosely="only when neither the unembedding nor attention over the context counts as passing the token",
    note="Exactly, the document says: read as a share of all FLOPs of the token, over no context but itself; weaker: "
    "of the layers' matrices.",
)
def test_key_value_share(anthropic, counting, reading, stated, measure):
    flops = anthropic.flops(1)
    whole = {"literal": flops.total, "loose": flops.projections + flops.mlp}[reading]
    assert measure(Fraction(counting.projection_work(anthropic, "k_proj", "v_proj"), whole), "of the FLOPs") == stated


@pytest.mark.cheap
@CLAIMS.claim(
    loosely="only the making of keys and values itself: they need what the layers below make of a token, so that "
    "without a cache every earlier token goes through whole layers again, and about a step's work is saved for each",
    note="Per earlier token, as a share of what a decoding step costs. Read as: all that is not done again, over 2,048 "
    "tokens, the document's request; weaker: the products that its formula counts.",
)
def test_saved_a_step(printed, anthropic, counting, reading, stated, measure):
    tokens = printed["anthropic"]["request"]
    flops = anthropic.flops(tokens)
    products = flops.projections + flops.mlp
    step = products + flops.scores
    all_saved = Fraction(tokens * flops.layers - step, (tokens - 1) * step)
    keys_and_values = Fraction(counting.projection_work(anthropic, "k_proj", "v_proj"), products)
    assert measure({"literal": all_saved, "loose": keys_and_values}[reading], "of a step's FLOPs") == stated


@pytest.mark.cheap
@CLAIMS.claim(
    in_words=True,
    loosely="only without attention's scores: with them the work that is repeated grows with the context itself",
    note="The document says it in words. Read as: the FLOPs of sampling n tokens are a polynomial of degree two in n, "
    "by its differences; weaker: without attention's scores.",
)
def test_quadratic_without_cache(anthropic, reading, stated, measure):
    by_context = [(n, anthropic.flops(n)) for n in range(1, 6)]
    steps = [n * (flops.layers - {"literal": 0, "loose": flops.scores}[reading]) for n, flops in by_context]
    levels = [steps]
    while any(levels[-1]):
        levels.append([after - before for before, after in zip(levels[-1], levels[-1][1:], strict=False)])
    assert measure(len(levels) - 1, "degree in tokens") == stated


@pytest.mark.cheap
@CLAIMS.claim(
    loosely="only for a context that does not outlast reading the weights",
    note="Read as: at batch 1 a step that computes its whole context again takes no longer than one that reads the "
    "cache, over 2,048 tokens, the document's request; weaker: over a context of 208.",
)
def test_small_batch_recomputes(steps, anthropic, printed, reading, measure):
    tokens = {"literal": printed["anthropic"]["request"], "loose": 208}[reading]
    step = steps.layers_of(anthropic)
    again = measure(MS * step.floor(tokens), "ms", of="computed again")
    kept = MS * (
        step.floor(1) + Fraction(tokens * anthropic.kv_cache_bytes_per_token.total) / steps.a100.memory_bandwidth
    )
    assert again <= measure(kept, "ms", of="with a cache that is read")


@pytest.mark.cheap
@CLAIMS.each("matrix-vector-work", "matrix-matrix-work")
def test_a_product(claim, counting, stated, measure):
    columns, unit = {
        "matrix-vector-work": (1, "FLOPs an entry"), "matrix-matrix-work": (16, "FLOPs an entry and column"),
    }[claim]  # fmt: skip
    assert measure(Fraction(counting.product_work(48, 80, columns), 48 * 80 * columns), unit) == stated


@pytest.mark.cheap
@CLAIMS.each("cached-bytes", "52b-width", "52b-layers", "key-value-work", "whole-pass-factor")
def test_the_model(claim, anthropic, counting, stated, measure):
    sizes, flops = Sizes.of(anthropic.config), anthropic.flops(1)
    vectors = 2 * sizes.layers * sizes.width
    cached = Fraction(anthropic.kv_cache_bytes_per_token.total, vectors)
    key_value_work = counting.projection_work(anthropic, "k_proj", "v_proj")
    whole_pass = Fraction(flops.projections + flops.mlp, key_value_work)
    weights = Fraction(anthropic.attention + anthropic.mlp, anthropic.attention // 2)
    layers = len(anthropic.counted.component_map.layers)
    found = {
        "cached-bytes": lambda: measure(
            cached, "vectors a layer", also=Fraction(sizes.cached_bytes(head_width=128), vectors)
        ),
        "52b-width": lambda: measure(sizes.width, "features"),
        "52b-layers": lambda: measure(layers, "layers", also=sizes.layers),
        "key-value-work": lambda: measure(key_value_work, "FLOPs", also=sizes.key_value_work),
        "whole-pass-factor": lambda: measure(whole_pass, "times the FLOPs", also={"weights": weights}),
    }
    assert found[claim]() == stated


@pytest.mark.cheap
@CLAIMS.each("a100-flops", "a100-bandwidth")
def test_an_a100(claim, datasheet, stated, measure):
    name, unit = {
        "a100-flops": ("bf16_flops", "TFLOPs a second"), "a100-bandwidth": ("memory_40gb", "TB a second"),
    }[claim]  # fmt: skip
    assert measure(Fraction(datasheet[name], 10**12), unit) == stated


@pytest.mark.cheap
@CLAIMS.claim(note="From the document's own two rates; the maker's bandwidth gives less.")
def test_ratio(steps, stated, measure):
    one = Times(steps.a100, 1, Sizes(1, 1))
    also = {"the two times, of one parameter": one.memory / one.compute(1)}
    assert measure(steps.a100.ridge, "FLOPs a byte", also=also) == stated


@pytest.mark.cheap
@CLAIMS.each()
def test_a_pass(claim, steps, anthropic, counting, stated, measure):
    step, ridge = steps.layers_of(anthropic), steps.a100.ridge
    key_value_work = Fraction(counting.projection_work(anthropic, "k_proj", "v_proj"))
    even = key_value_work / steps.a100.memory_bandwidth / (key_value_work / steps.a100.flops_per_second)
    time, equation = MS * step.floor(208), MS * steps.equations_of(anthropic).memory
    on_four = MS * steps.layers_of(anthropic, 4).floor(208)
    passes = {tokens: tokens * anthropic.flops(tokens).layers for tokens in (208, 312, 416)}
    longer = {tokens: Fraction(work, passes[208]) for tokens, work in passes.items()}
    found = {
        "ratio-of-key-values": lambda: measure(even, "tokens", also=step.critical_batch_size),
        "whole-pass-ratio": lambda: measure(step.critical_batch_size, "tokens", also=ridge),
        "pass-time": lambda: measure(time, "ms", also={"printed equation": equation}),
        "pass-time-on-four": lambda: measure(on_four, "ms", also={"a quarter of one": time / 4}),
        "double-context": lambda: measure(longer[416], "times the FLOPs"),
        "longer-context": lambda: measure(longer[312], "times the FLOPs"),
    }
    assert found[claim]() == stated
