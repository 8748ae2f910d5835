"""§3: scaling the feed-forward width."""

from fractions import Fraction

import pytest

from claims.moe_post.widths import singled_out

pytestmark = pytest.mark.cheap


@pytest.mark.claim(
    "kaplan-ratio", model="", stated=4, note="12·n·d² parameters follow from it and from no other ratio."
)
def test_kaplan_ratio(kaplan, stated, measure):
    """Equation 2.1 of Kaplan et al. sets the feed-forward width to four model widths."""
    assert measure(kaplan.feed_forward_ratio, "model widths", also=kaplan.feed_forward_by_building) == stated


@pytest.mark.claim("kaplan-attention-width", model="")
def test_kaplan_attention_width(kaplan, measure):
    """The same equation sets attention's width equal to the model's."""
    assert measure(kaplan.attention_ratio, "model widths", also=kaplan.attention_by_building) == 1


@pytest.mark.claim(
    "ffn-width-is-a-quarter",
    model="",
    stated="1/4",
    in_words=True,
    refuted="the equation printed beside the sentence says the opposite: the model's width is a quarter of it",
)
def test_feed_forward_width_is_a_quarter(kaplan, stated, measure):
    """In the prose, the feed-forward width is a quarter of the model's."""
    assert measure(kaplan.feed_forward_ratio, "model widths", also=kaplan.feed_forward_by_building) == stated


@pytest.mark.claim("llama-d-ff", stated=13824, model="llama-2-13b")
def test_llama_feed_forward_width(llama, stated, measure):
    """Llama-2-13B's feed-forward width is 13,824."""
    also = {"configuration": llama.config["intermediate_size"]}
    assert measure(llama.widths.intermediate_size, "features", also=also) == stated


@pytest.mark.claim("llama-d-model", stated=5120, model="llama-2-13b")
def test_llama_model_width(llama, stated, measure):
    """Llama-2-13B's model width is 5,120."""
    assert measure(llama.widths.hidden_size, "features", also={"configuration": llama.config["hidden_size"]}) == stated


@pytest.mark.claim("llama-ratio", stated="2.7", model="llama-2-13b")
def test_llama_ratio(llama, stated, measure):
    """Llama-2-13B's feed-forward width is 2.7 model widths."""
    also = {"configuration": Fraction(llama.config["intermediate_size"], llama.config["hidden_size"])}
    assert (
        measure(Fraction(llama.widths.intermediate_size, llama.widths.hidden_size), "model widths", also=also) == stated
    )


@pytest.mark.claim("mixtral-d-ff", stated=14336)
def test_mixtral_feed_forward_width(mixtral, stated, measure):
    """Mixtral's feed-forward width is 14,336."""
    also = {"configuration": mixtral.config["intermediate_size"]}
    assert measure(mixtral.widths.intermediate_size, "features", also=also) == stated


@pytest.mark.claim("mixtral-d-model", stated=4096)
def test_mixtral_model_width(mixtral, stated, measure):
    """Mixtral's model width is 4,096."""
    assert (
        measure(mixtral.widths.hidden_size, "features", also={"configuration": mixtral.config["hidden_size"]}) == stated
    )


@pytest.mark.claim("mixtral-ratio", stated="3.5")
def test_mixtral_ratio(mixtral, stated, measure):
    """Mixtral's feed-forward width is 3.5 model widths."""
    also = {"configuration": Fraction(mixtral.config["intermediate_size"], mixtral.config["hidden_size"])}
    assert (
        measure(Fraction(mixtral.widths.intermediate_size, mixtral.widths.hidden_size), "model widths", also=also)
        == stated
    )


@pytest.mark.claim("mixtral-q-k-widths-differ")
def test_mixtral_query_and_key_widths_differ(mixtral, measure):
    """Mixtral's query and key projections differ in output width."""
    query = measure(mixtral.widths.query_size, "features", of="query")
    assert query != measure(mixtral.widths.key_size, "features", of="key")


@pytest.mark.claim(
    "ratio-by-query-width",
    stated="3.5",
    undecided="the query projection is as wide as the model: the ratio rules out the key's width, and not the model's",
    note="Read as: the ratio follows from the query's output width and from no other.",
)
def test_ratio_by_query_width(mixtral, stated, measure):
    """The ratio is taken against the query projection's output width, not the key's."""
    widths = {"query": mixtral.widths.query_size, "key": mixtral.widths.key_size, "model": mixtral.widths.hidden_size}
    ratios = {of: measure(Fraction(mixtral.widths.intermediate_size, widths[of]), f"{of} widths") for of in widths}
    assert singled_out(ratios, "query") == stated


@pytest.mark.claim("mixtral-ratio-below-kaplan", stated=4)
def test_mixtral_ratio_below_kaplan(llama, mixtral, stated, measure):
    """Mixtral's ratio, too, is below four."""
    ratios = {
        model.name: Fraction(model.widths.intermediate_size, model.widths.hidden_size) for model in (mixtral, llama)
    }
    assert max(measure(ratio, "model widths", of=name) for name, ratio in ratios.items()) < stated


@pytest.mark.claim("mixtral-attention-smaller")
def test_mixtral_attention_is_smaller(llama, mixtral, measure):
    """Mixtral's attention is smaller than Llama-2-13B's."""
    small, large = (
        measure(model.attention, "parameters", of=model.name, also=model.formula.attention)
        for model in (mixtral, llama)
    )
    assert small < large


@pytest.mark.claim(
    "mixtral-ffn-wider",
    note="Read as: than Llama-2-13B's, both in features and in model widths, for the document speaks of "
    "the one and of the other.",
)
def test_mixtral_feed_forward_is_wider(llama, mixtral, measure):
    """Mixtral scales the feed-forward width up."""
    wide, narrow = (measure(model.widths.intermediate_size, "features", of=model.name) for model in (mixtral, llama))
    ratios = [Fraction(model.widths.intermediate_size, model.widths.hidden_size) for model in (mixtral, llama)]
    assert wide > narrow and measure(ratios[0] - ratios[1], "model widths", of="wider by") > 0


@pytest.mark.claim(
    "structure-explains-quality",
    uncheckable="the two models differ in data, training and size at once: no measurement on them tells which did it",
)
def test_structure_explains_quality():
    """This structure is why Mixtral reports better quality."""
