"""§1: where the parameters and the work of Llama-2-13B are."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed

FULL_SCORES = "Full scores: each token is compared with all others."

CLAIMS = Listed(
    """
    | claim                      | stated | says                                                                       |
    |----------------------------|--------|----------------------------------------------------------------------------|
    | attention-memory-grows     |        | At inference, the memory a token costs grows because of attention, not     |
    |                            |        | because of the feed-forward network.                                       |
    | attention-time-grows       |        | The work per token grows with context because of attention, not because of |
    |                            |        | the feed-forward network.                                                  |
    | ffn-has-more-parameters    |        | The feed-forward network has more parameters than attention.               |
    | ffn-share-of-work          |        | The feed-forward network does a considerable part of the computation.      |
    | decoder-layer-parts        |        | A decoder layer is self-attention plus an MLP.                             |
    | llama-total                | 13.02B | Llama-2-13B has 13.02 billion parameters.                                  |
    | llama-attention            | 4.19B  | Of Llama-2-13B's parameters, 4.19 billion are in attention.                |
    | llama-mlp                  | 8.49B  | Of Llama-2-13B's parameters, 8.49 billion are in the MLP.                  |
    | mlp-nearly-twice-attention | ~2.0   | The MLP is close to twice all of attention's query, key and value          |
    |                            |        | parameters.                                                                |
    | ffn-optimisation-pays-more |        | Optimising the feed-forward network helps throughput more than optimising  |
    |                            |        | attention.                                                                 |
    """
)


@pytest.mark.cheap
@CLAIMS.claim(note="Read as: the feed-forward network keeps nothing, so that all of the growth is attention's.")
def test_attention_memory_grows(llama, measure):
    unit, kept = "bytes kept per token of context", llama.kv_cache_bytes_per_token
    measure(kept.attention, unit, of="attention", also=llama.formula.kv_cache_bytes_per_token.total)
    assert kept.attention > measure(kept.feed_forward, unit, of="feed-forward") == 0


@pytest.mark.cheap
@CLAIMS.claim(note="Read as: the feed-forward network's work stays the same, so that all of the growth is attention's.")
def test_attention_time_grows(llama, measure):
    unit, counted, formula = "FLOPs per token for each further token of context", llama.growth, llama.formula.growth
    attention = measure(counted.attention, unit, of="attention", also=formula.attention)
    assert attention > measure(counted.feed_forward, unit, of="feed-forward", also=formula.feed_forward) == 0


@pytest.mark.cheap
@CLAIMS.claim
def test_ffn_has_more_parameters(llama, measure):
    mlp = measure(llama.mlp, "parameters", of="MLP", also=llama.formula.mlp)
    assert mlp > measure(llama.attention, "parameters", of="attention", also=llama.formula.attention)


@pytest.mark.cheap
@CLAIMS.claim(
    note="Read as: more than attention, at the full published context, where attention's part is largest: what does "
    f"more than the other part does a considerable one in anybody's reading. {FULL_SCORES}"
)
def test_ffn_share_of_work(llama, measure):
    counted, formula = (of.flops(llama.config["max_position_embeddings"]) for of in (llama, llama.formula))
    mlp = measure(counted.feed_forward, "FLOPs per token", of="MLP", also=formula.feed_forward)
    assert mlp > measure(counted.attention, "FLOPs per token", of="attention", also=formula.attention)


@pytest.mark.cheap
@CLAIMS.claim(
    loosely="to the nearest per cent there is nothing else in it: two norms",
    note="Read as: nothing else is in it; weaker: the rest is below 1/200 of its parameters and rounds to 0 %. "
    "Nothing turns it: no layer of this architecture is without norms, and none is so narrow that they count.",
)
def test_decoder_layer_parts(llama, reading, measure):
    rest = [size for part, size in llama.layer_components.items() if not part.endswith(("Attention", "MLP"))]
    also = Fraction(2 * llama.config["hidden_size"], sum(llama.layer_components.values()))
    share = measure(Fraction(sum(rest), sum(llama.layer_components.values())), "of the layer's parameters", also=also)
    assert share <= {"literal": 0, "loose": Fraction(1, 200)}[reading]


@pytest.mark.cheap
@CLAIMS.claim(
    in_words=True,
    loosely="only when the output projection counts as well",
    note="The document says it in words. Close to twice is read as about 2.0.",
)
def test_mlp_nearly_twice_attention(llama, reading, stated, measure):
    part = {"literal": "query_key_value", "loose": "attention"}[reading]
    also = Fraction(llama.formula.mlp, getattr(llama.formula, part))
    assert measure(Fraction(llama.mlp, getattr(llama, part)), "times attention", also=also) == stated


@pytest.mark.cheap
@CLAIMS.of(
    "ffn-optimisation-pays-more",
    source="counted work",
    note="Read as: an equal speed-up of either helps more where more work is, and that is so at every context up to "
    f"the published one. {FULL_SCORES}",
)
def test_feed_forward_optimisation_pays_more(llama, measure):
    even = measure(llama.break_even, "tokens", of="attention catches up", also=llama.formula.break_even)
    assert even > measure(llama.config["max_position_embeddings"], "tokens", of="published context")


@pytest.mark.gpu
@CLAIMS.of("ffn-optimisation-pays-more", source="by the clock")
def test_feed_forward_optimisation_pays_more_by_the_clock(llama, layer_clock, measure):
    context = llama.config["max_position_embeddings"]
    assert measure(layer_clock.excess(context), "of attention's time", of="MLP's time beyond it") > 0


@pytest.mark.cheap
@CLAIMS.each()
def test_parameters(claim, llama, stated, measure):
    formula = llama.formula
    total_also = {"formula": formula.total, "published checkpoint": llama.checkpoint_total}
    found = {
        "llama-total": lambda: measure(llama.total, "parameters", also=total_also),
        "llama-attention": lambda: measure(llama.attention, "parameters", also=formula.attention),
        "llama-mlp": lambda: measure(llama.mlp, "parameters", also=formula.mlp),
    }
    assert found[claim]() == stated
