"""Sections 2.2 to 2.5: architecture, tokenizer, pretraining and post-training."""

from itertools import pairwise

import pytest

from claims.gpt_oss_card.entries import LARGER, SMALLER, both
from fixtures.claim.table import Entry, each, uncheckable
from fixtures.models.formula import BYTES_PER_NUMBER

pytestmark = pytest.mark.cheap


@each(
    "model",
    both("width", "The residual stream of {model} has {stated} features.", {"stated": "2880"}, {"stated": "2880"}),
)
def test_width(model, models, stated, measure):
    """The residual stream has 2880 features."""
    of = models(model)
    assert measure(of.widths.model, "features", also=of.config["hidden_size"]) == stated


@pytest.mark.claim(
    "norm-before-every-block",
    note="Read as: two norms a layer, each with a gain a feature and nothing else, and one at the end.",
)
def test_norm_before_every_block(models, measure):
    """Root mean square normalisation stands before each attention and each mixture-of-experts block."""
    of = models("gpt-oss-120b")
    layers, width = of.config["num_hidden_layers"], of.config["hidden_size"]
    assert measure(of.norms, "parameters of norms", also=of.formula.norms) == (2 * layers + 1) * width


@each("model", both("experts", "A block of {model} has {stated} experts.", {"stated": "128"}, {"stated": "32"}))
def test_experts(model, models, stated, measure):
    """A block has 128 experts in the larger model and 32 in the smaller."""
    of = models(model)
    assert measure(of.expert_count, "experts", also=of.formula.expert_count) == stated


@pytest.mark.claim("router-is-linear", note="Read as: one matrix and one bias a block, a row for each expert.")
def test_router_is_linear(models, measure):
    """A linear projection gives the residual stream's score for each expert."""
    of = models("gpt-oss-120b")
    rows = of.config["num_hidden_layers"] * of.config["num_local_experts"]
    assert measure(of.router, "parameters of routers", also=of.formula.router) == rows * (of.config["hidden_size"] + 1)


@each(
    "model", both("top", "{model} selects the top {stated} experts for each token.", {"stated": "4"}, {"stated": "4"})
)
def test_top_4(model, models, stated, measure):
    """The top 4 experts are selected for each token."""
    of = models(model)
    assert measure(of.experts_per_token, "experts a token", also=of.config["num_experts_per_tok"]) == stated


@pytest.mark.claim(
    "softmax-over-selected",
    note="Read as: the weights sum to 1, and the scores of the experts that are not selected move them not at all. "
    "A softmax over all experts does neither.",
)
def test_softmax_over_selected(miniature, measure):
    """An expert's output is weighed by the softmax of the router's scores over the selected experts only."""
    moved = measure(miniature.moved_by_the_unselected(), "of a weight", of="moved by scores of others")
    assert moved == 0 and measure(miniature.sum_of_weights(), "sum of weights") == 1


@pytest.mark.claim(
    "gated-swiglu",
    note="Read as: an expert has three matrices of its widths, two of them into it: the gate and what it lets through.",
)
def test_gated_swiglu(models, measure):
    """The mixture-of-experts blocks use the gated SwiGLU."""
    of = models("gpt-oss-120b")
    inside, width = of.config["intermediate_size"], of.config["hidden_size"]
    experts = of.config["num_hidden_layers"] * of.config["num_local_experts"]
    assert measure(of.experts, "parameters", also=of.formula.experts) == experts * (
        3 * inside * width + 2 * inside + width
    )


@pytest.mark.claim(
    "swiglu-clamped-with-residual",
    note="Read as: an input that is far too large moves nothing when it doubles, and the gate passes where the linear "
    "part is zero, which plain SwiGLU does not.",
)
def test_swiglu_is_unconventional(miniature, measure):
    """Its SwiGLU is unconventional: it clamps, and has a residual connection."""
    clamped = measure(miniature.moved_by_excess(), "change", of="output when a huge input doubles") == 0
    assert clamped and measure(miniature.passed_without_linear_part(), "output", of="with no linear part") != 0


@pytest.mark.claim(
    "window-alternates",
    note="Read as: one layer has the window and the next sees everything, from the first to the last.",
)
def test_window_alternates(models, miniature, measure):
    """Attention alternates between a banded window and a fully dense pattern."""
    windows = [kind == "sliding_attention" for kind in models("gpt-oss-120b").config["layer_types"]]
    measure(sum(windows), "layers with a window")
    narrow, wide = (measure(miniature.seen(layer), "of 200 tokens seen", of=f"layer {layer}") for layer in (0, 1))
    assert narrow < wide and all(one != other for one, other in pairwise(windows))


@pytest.mark.claim("window", stated="128", note="Counted with the token itself.")
def test_window(models, miniature, stated, measure):
    """The window is 128 tokens wide."""
    also = models("gpt-oss-120b").config["sliding_window"]
    assert measure(miniature.seen(0), "tokens seen, of 200", also=also) == stated


HEADS = [
    Entry("heads", "query-heads", {"stated": "64", "says": "Each layer has 64 query heads."}),
    Entry("key_width", "head-width", {"stated": "64", "says": "A head has 64 dimensions."}),
    Entry("key_value_heads", "key-value-heads", {"stated": "8", "says": "Each layer has 8 key-value heads."}),
]


@each("field", HEADS)
def test_heads(field, models, stated, measure):
    """Each layer has 64 query heads of 64 dimensions and 8 key-value heads."""
    of, shape = models("gpt-oss-120b"), models("gpt-oss-120b").formula.shape
    by_width = {
        "heads": of.widths.query // shape.key_width,
        "key_width": of.widths.query // shape.heads,
        "key_value_heads": of.widths.key // shape.key_width,
    }
    assert (
        measure(getattr(shape, field), field.replace("_", " "), also={"widths of the matrices": by_width[field]})
        == stated
    )


@pytest.mark.claim(
    "grouped-queries",
    note="Read as: a token leaves as many bytes of keys and values behind as 8 heads take, and not 64.",
)
def test_grouped_queries(models, measure):
    """Attention uses grouped queries."""
    of = models("gpt-oss-120b")
    for_all_heads = of.formula.cached_token * of.formula.shape.heads // of.formula.shape.key_value_heads
    one = of.counted.kept(1, BYTES_PER_NUMBER).attention
    kept = measure(one, "bytes kept per token", also=of.formula.cached_token)
    assert kept < measure(for_all_heads, "bytes", of="if every head had its own")


@pytest.mark.claim(
    "context", stated="131,072", note="Also by YaRN: the context before its extension, times the factor."
)
def test_context(models, stated, measure):
    """YaRN extends the context of the dense layers to 131,072 tokens."""
    config = models("gpt-oss-120b").config
    extended = config["initial_context_length"] * int(config["rope_scaling"]["factor"])
    assert measure(config["max_position_embeddings"], "tokens", also={"YaRN": extended}) == stated


@pytest.mark.claim(
    "sink-in-the-denominator",
    note="Read as: a head whose sink is large gives every token exactly no weight, where a softmax gives 1 in all.",
)
def test_sink_in_the_denominator(miniature, measure):
    """A learned bias in the softmax's denominator lets a head attend to no token at all."""
    without, large = miniature.most_attention()
    assert measure(without, "weight", of="a sink of 0") > measure(large, "weight", of="a large sink") == 0


@pytest.mark.claim("vocabulary", stated="201,088", note="Read as: the embedding has a row for each, and no other.")
def test_vocabulary(models, stated, measure):
    """The tokenizer has 201,088 tokens."""
    of = models("gpt-oss-120b")
    assert measure(of.embeddings // of.widths.model, "rows of the embedding", also=of.config["vocab_size"]) == stated


@uncheckable(
    ("tokenizer-extends-o200k", "The tokenizer extends o200k with tokens for the chat format.",
     "what a tokenizer was made from is history; the numbers of its tokens are another claim"),
    ("trillions-of-tokens", "The models were trained on text alone, trillions of tokens of it.",
     "neither the data nor their number is published"),
    ("knowledge-cutoff", "The model's knowledge ends in June 2024.", "what was in the training data is not published"),
    ("h100-hours", "Training gpt-oss-120b took 2.1 million H100-hours.",
     "the hours of a run cannot be measured afterwards", "2.1M"),
    ("20b-ten-times-fewer-hours", "Training gpt-oss-20b took almost 10 times fewer hours.",
     "its hours are not printed, and cannot be measured afterwards", "10"),
    ("same-techniques-as-o3", "Post-training used techniques similar to those of o3.", "those of o3 are not published"),
    ("three-reasoning-levels", "A keyword sets one of three reasoning levels; a higher one makes thought longer.",
     "the lengths stand in a picture only, on problems that are not named"),
    model={"h100-hours": LARGER, "20b-ten-times-fewer-hours": SMALLER},
)  # fmt: skip
def test_uncheckable(statement):
    """How the models were trained."""
