"""§1: where the parameters and the work of Llama-2-13B are."""

from fractions import Fraction

import pytest


@pytest.mark.cheap
@pytest.mark.claim("attention-memory-grows")
def test_attention_memory_grows(llama, measure):
    """At inference, the memory a token costs grows because of attention, not because of the feed-forward network."""
    unit, kept = "bytes kept per token of context", llama.cached_token
    measure(kept.attention, unit, of="attention", also=llama.formula.cached_token)
    assert kept.attention > measure(kept.feed_forward, unit, of="feed-forward") == 0


@pytest.mark.cheap
@pytest.mark.claim("attention-time-grows")
def test_attention_time_grows(llama, measure):
    """The work per token grows with context because of attention, not because of the feed-forward network."""
    unit, counted, formula = "FLOPs per token for each further token of context", llama.growth, llama.formula.growth
    measure(counted.attention, unit, of="attention", also=formula.attention)
    measure(counted.feed_forward, unit, of="feed-forward", also=formula.feed_forward)
    assert counted.attention > counted.feed_forward == 0


@pytest.mark.cheap
@pytest.mark.claim("ffn-has-more-parameters")
def test_feed_forward_has_more_parameters(llama, measure):
    """The feed-forward network has more parameters than attention."""
    mlp = measure(llama.mlp, "parameters", of="MLP", also=llama.closed_form.mlp)
    assert mlp > measure(llama.attention, "parameters", of="attention", also=llama.closed_form.attention)


@pytest.mark.cheap
@pytest.mark.claim("ffn-share-of-work", note="Read as: more than attention at the full published context, full scores.")
def test_feed_forward_share_of_work(llama, measure):
    """The feed-forward network does a considerable part of the computation."""
    counted, formula = (of.work(llama.config["max_position_embeddings"]) for of in (llama, llama.formula))
    measure(counted.feed_forward, "FLOPs per token", of="MLP", also=formula.feed_forward)
    measure(counted.attention, "FLOPs per token", of="attention", also=formula.attention)
    assert counted.feed_forward > counted.attention


@pytest.mark.cheap
@pytest.mark.claim("decoder-layer-parts", loosely="to the nearest per cent there is nothing else in it: two norms")
def test_decoder_layer_parts(llama, reading, measure):
    """A decoder layer is self-attention plus an MLP."""
    rest = [size for part, size in llama.layer_parts.items() if not part.endswith(("Attention", "MLP"))]
    also = Fraction(2 * llama.config["hidden_size"], sum(llama.layer_parts.values()))
    share = measure(Fraction(sum(rest), sum(llama.layer_parts.values())), "of the layer's parameters", also=also)
    assert share <= {"literal": 0, "loose": Fraction(1, 200)}[reading]


@pytest.mark.cheap
@pytest.mark.claim("llama-total", stated="13.02B")
def test_llama_total(llama, stated, measure):
    """Llama-2-13B has 13.02 billion parameters."""
    counted = measure(llama.total, "parameters", of="tensor shapes", also=llama.closed_form.total)
    assert counted == measure(llama.checkpoint_total, "parameters", of="published checkpoint") == stated


@pytest.mark.cheap
@pytest.mark.claim("llama-attention", stated="4.19B")
def test_llama_attention(llama, stated, measure):
    """Of Llama-2-13B's parameters, 4.19 billion are in attention."""
    assert measure(llama.attention, "parameters", also=llama.closed_form.attention) == stated


@pytest.mark.cheap
@pytest.mark.claim("llama-mlp", stated="8.49B")
def test_llama_mlp(llama, stated, measure):
    """Of Llama-2-13B's parameters, 8.49 billion are in the MLP."""
    assert measure(llama.mlp, "parameters", also=llama.closed_form.mlp) == stated


@pytest.mark.cheap
@pytest.mark.claim("mlp-nearly-twice-attention", stated="2", loosely="only when the output projection counts as well")
def test_mlp_nearly_twice_attention(llama, reading, stated, measure):
    """The MLP is close to twice all of attention's query, key and value parameters."""
    part = {"literal": "query_key_value", "loose": "attention"}[reading]
    also = Fraction(llama.closed_form.mlp, getattr(llama.closed_form, part))
    assert measure(Fraction(llama.mlp, getattr(llama, part)), "times attention", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim(
    "ffn-optimisation-pays-more",
    source="counted work",
    note="Read as: an equal speed-up of either; the one that costs more gains more. Full scores.",
)
def test_feed_forward_optimisation_pays_more(llama, measure):
    """Optimising the feed-forward network helps throughput more than optimising attention."""
    even = measure(llama.break_even, "tokens", of="attention catches up", also=llama.formula.break_even)
    assert even > measure(llama.config["max_position_embeddings"], "tokens", of="published context")


@pytest.mark.gpu
@pytest.mark.claim("ffn-optimisation-pays-more", source="by the clock")
def test_feed_forward_optimisation_pays_more_by_the_clock(llama, layer_clock, measure):
    """Optimising the feed-forward network helps throughput more than optimising attention."""
    context = llama.config["max_position_embeddings"]
    assert measure(layer_clock.excess(context), "of attention's time", of="MLP's time beyond it") > 0
