"""Keys and values that are kept, and what it saves."""

from fractions import Fraction

import pytest

from claims.inference_arithmetic import equations

MS = 1000


@pytest.mark.cheap
@pytest.mark.claim(
    "cached-bytes", stated="2", note="One factor of two stands for keys and values, the other for two bytes a number."
)
def test_cached_bytes(anthropic, stated, measure):
    """A token leaves two vectors of all heads' features in each layer, of two bytes a number."""
    of = anthropic.config
    features = of["num_hidden_layers"] * of["hidden_size"]
    also = Fraction(equations.cached_bytes(of["num_hidden_layers"], of["num_attention_heads"], 128), 2 * features)
    assert measure(Fraction(anthropic.cached_token.total, 2 * features), "vectors a layer", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("matrix-vector-work", stated="2")
def test_matrix_vector_work(counting, stated, measure):
    """Multiplying an m by n matrix by a vector takes 2mn FLOPs."""
    assert measure(Fraction(counting.product_work(48, 80, 1), 48 * 80), "FLOPs an entry", also=2) == stated


@pytest.mark.cheap
@pytest.mark.claim("matrix-matrix-work", stated="2")
def test_matrix_matrix_work(counting, stated, measure):
    """Multiplying an m by n by an n by p matrix takes 2mnp FLOPs."""
    work = Fraction(counting.product_work(48, 80, 16), 48 * 80 * 16)
    assert measure(work, "FLOPs an entry and column", also=2) == stated


@pytest.mark.cheap
@pytest.mark.claim("52b-width", stated=8192)
def test_52b_width(anthropic, stated, measure):
    """The 52B model has vectors of 8192 features."""
    assert measure(anthropic.config["hidden_size"], "features") == stated


@pytest.mark.cheap
@pytest.mark.claim("52b-layers", stated=64)
def test_52b_layers(anthropic, stated, measure):
    """The 52B model has 64 layers."""
    assert (
        measure(len(anthropic.counted.anatomy.layers), "layers", also=anthropic.config["num_hidden_layers"]) == stated
    )


@pytest.mark.cheap
@pytest.mark.claim("key-value-work", stated=17_179_869_184)
def test_key_value_work(anthropic, counting, stated, measure):
    """Making the keys and values of one token takes 17,179,869,184 FLOPs in the 52B model."""
    also = equations.key_value_work(anthropic.config["num_hidden_layers"], anthropic.config["hidden_size"])
    assert measure(counting.projection_work(anthropic, "k_proj", "v_proj"), "FLOPs", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("a100-flops", stated="312", note="In 10^12 a second. Dense, in 16 bits.")
def test_a100_flops(datasheet, stated, measure):
    """An A100 does 312e12 FLOPs a second."""
    assert measure(Fraction(datasheet["bf16_flops"], 10**12), "TFLOPs a second") == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "a100-bandwidth",
    stated="1.5",
    loosely="the figure is cut short: the maker's rounds to 1.6, as the document itself regrets in its last part",
    note="In 10^12 bytes a second, of the A100 with 40 GB.",
)
def test_a100_bandwidth(datasheet, stated, measure):
    """An A100 reads 1.5e12 bytes a second from its memory."""
    assert measure(Fraction(datasheet["memory_40gb"], 10**12), "TB a second") == stated


@pytest.mark.cheap
@pytest.mark.claim("ratio", stated="208", note="From the document's own two rates; the maker's bandwidth gives less.")
def test_ratio(steps, stated, measure):
    """The two rates have a ratio of 208."""
    also = {"the two times, of one parameter": equations.memory_time(1, 1, steps.a100.memory)
            / equations.compute_time(1, 1, 1, steps.a100.flops)}  # fmt: skip
    assert measure(steps.a100.ridge, "FLOPs a byte", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("ratio-of-key-values", stated="208")
def test_ratio_of_key_values(steps, anthropic, counting, stated, measure):
    """Making keys and values takes as long for up to 208 tokens as for one, and longer for more."""
    work = counting.projection_work(anthropic, "k_proj", "v_proj")
    even = Fraction(work, 1) / steps.a100.memory / (Fraction(work, 1) / steps.a100.flops)
    assert measure(even, "tokens", also=steps.layers_of(anthropic).balance) == stated


@pytest.mark.gpu
@pytest.mark.claim(
    "ratio-by-the-clock",
    note="Read as: the 52B model's key projection takes no twice as long for 208 tokens as for one; on an A100.",
)
def test_ratio_by_the_clock(anthropic, product_clock, measure):
    """Making keys takes about as long for 208 tokens as for one."""
    width = anthropic.config["hidden_size"]
    one, many = (product_clock.microseconds(tokens, width, width) for tokens in (1, 208))
    assert measure(many.value / one.value, "times as long") < 2


@pytest.mark.cheap
@pytest.mark.claim("whole-pass-ratio", stated="208")
def test_whole_pass_ratio(steps, anthropic, stated, measure):
    """For a pass through all weights of the layers the ratio is 208 as well."""
    assert measure(steps.layers_of(anthropic).balance, "tokens", also=steps.a100.ridge) == stated


@pytest.mark.cheap
@pytest.mark.claim("whole-pass-factor", stated="6")
def test_whole_pass_factor(anthropic, counting, stated, measure):
    """Against keys and values alone, a whole pass multiplies both sides of the ratio by 6."""
    work = anthropic.work(1)
    also = {"weights": Fraction(anthropic.attention + anthropic.mlp, anthropic.attention // 2)}
    factor = Fraction(work.projections + work.mlp, counting.projection_work(anthropic, "k_proj", "v_proj"))
    assert measure(factor, "times the FLOPs", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("pass-time", stated="69")
def test_pass_time(steps, anthropic, stated, measure):
    """A forward pass of the 52B model takes 69 ms on one A100, for up to 208 tokens."""
    step = steps.layers_of(anthropic)
    weights = equations.parameters(anthropic.config["num_hidden_layers"], anthropic.config["hidden_size"])
    also = {"printed equation": MS * equations.memory_time(weights, 1, steps.a100.memory)}
    assert measure(MS * step.floor(208), "ms", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("pass-time-on-four", stated="17")
def test_pass_time_on_four(steps, anthropic, stated, measure):
    """On four of them it takes 17 ms."""
    also = {"a quarter of one": MS * steps.layers_of(anthropic).floor(208) / 4}
    assert measure(MS * steps.layers_of(anthropic, 4).floor(208), "ms", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("double-context", stated="2", in_words=True, also_prints=("416",))
def test_double_context(steps, anthropic, stated, measure):
    """416 tokens take twice as long as 208."""
    step = steps.layers_of(anthropic)
    assert measure(step.floor(416) / step.floor(208), "times as long", also=416 / steps.a100.ridge) == stated


@pytest.mark.cheap
@pytest.mark.claim("longer-context", stated="1.5", also_prints=("312",))
def test_longer_context(steps, anthropic, stated, measure):
    """312 tokens take 1.5 times as long as 208."""
    step = steps.layers_of(anthropic)
    assert measure(step.floor(312) / step.floor(208), "times as long", also=312 / steps.a100.ridge) == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "key-value-share",
    stated="1/6",
    loosely="only when neither the unembedding nor attention over the context counts as passing the token",
    note="Exactly, the document says: read as a share of all FLOPs of the token, over no context but itself; weaker: "
    "of "
    "the layers' matrices.",
)
def test_key_value_share(anthropic, counting, reading, stated, measure):
    """Making a token's keys and values is exactly 1/6th of the work of passing it through the model."""
    work = anthropic.work(1)
    whole = {"literal": work.total, "loose": work.projections + work.mlp}[reading]
    assert measure(Fraction(counting.projection_work(anthropic, "k_proj", "v_proj"), whole), "of the FLOPs") == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "saved-a-step",
    stated="1/6",
    refuted="a layer's keys and values need what the layers below make of the token, so that without a cache every "
    "earlier token goes through whole layers again: about one step's work is saved for each, not a sixth",
    note="Per earlier token, as a share of what a decoding step costs. Over 2,048 tokens, the document's request.",
)
def test_saved_a_step(anthropic, printed, stated, measure):
    """At each step a cache saves 1/6 of the step's work for every token of the sequence."""
    tokens, work = printed["anthropic"]["request"], anthropic.work(printed["anthropic"]["request"])
    with_cache = work.projections + work.mlp + work.scores
    saved = (tokens * work.layers - with_cache) / (tokens - 1)
    assert measure(saved / with_cache, "of a step's FLOPs") == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "quadratic-without-cache",
    stated="2",
    in_words=True,
    loosely="only without attention's scores: with them the work that is repeated grows with the context itself",
    note="The document says it in words. Read as: the FLOPs of sampling n tokens are a polynomial of degree two in n, "
    "by its differences; weaker: without attention's scores.",
)
def test_quadratic_without_cache(anthropic, reading, stated, measure):
    """Without a cache, sampling takes a time that is quadratic in the number of tokens."""
    works = [(n, anthropic.work(n)) for n in range(1, 6)]
    steps = [n * (work.layers - {"literal": 0, "loose": work.scores}[reading]) for n, work in works]
    levels = [steps]
    while any(levels[-1]):
        levels.append([after - before for before, after in zip(levels[-1], levels[-1][1:], strict=False)])
    assert measure(len(levels) - 1, "degree in tokens") == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "small-batch-recomputes",
    loosely="only for a context that does not outlast reading the weights",
    note="Read as: at batch 1 a step that computes its whole context again takes no longer than one that reads the "
    "cache, over 2,048 tokens, the document's request; weaker: over a context of 208.",
)
def test_small_batch_recomputes(steps, anthropic, printed, reading, measure):
    """When a batch is small enough that memory bounds it, it is better to keep no cache and to compute again."""
    tokens = {"literal": printed["anthropic"]["request"], "loose": 208}[reading]
    step = steps.layers_of(anthropic)
    again = measure(MS * step.floor(tokens), "ms", of="computed again")
    kept = MS * (step.floor(1) + Fraction(tokens * anthropic.cached_token.total) / steps.a100.memory)
    assert again <= measure(kept, "ms", of="with a cache that is read")
