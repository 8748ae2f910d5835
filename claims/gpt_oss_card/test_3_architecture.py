"""Sections 2.2 to 2.5: architecture, tokenizer, pretraining and post-training."""

from fractions import Fraction
from itertools import pairwise

import pytest

from claim_suite.fixtures.claim.table import Entry, each, uncheckable
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER
from claims.gpt_oss_card.entries import LARGER, MODELS, SMALLER, both

pytestmark = pytest.mark.cheap


@each(
    "about",
    both(
        """
        | width   | The residual stream of {model} has {stated} features.     | 2880 | 2880 |
        | experts | A block of {model} has {stated} experts.                  | 128  | 32   |
        | top     | {model} selects the top {stated} experts for each token. | 4    | 4    |
        """
    ),
)
def test_widths(about, models, stated, measure):
    """How wide the models are, and how many experts they have."""
    of = models(about.model)
    value, unit, also = {
        "width": (of.widths.hidden_size, "features", of.config["hidden_size"]),
        "experts": (of.expert_count, "experts", of.formula.expert_count),
        "top": (of.experts_per_token, "experts a token", of.config["num_experts_per_tok"]),
    }[about.line]
    assert measure(value, unit, also=also) == stated


@pytest.mark.claim(
    "norm-before-every-block",
    note="Read as: what enters each block stays as it is where the residual stream is twice as large, and moves where "
    "all features rise alike, which a norm that takes their mean away would not see.",
)
def test_norm_before_every_block(miniature, measure):
    """Root mean square normalisation stands before each attention and each mixture-of-experts block."""
    doubled, risen = miniature.moved_by_the_stream(times=2), miniature.moved_by_the_stream(plus=1e4)
    normed = measure(max(doubled), "most that an input moves", of="with a stream twice as large") == 0
    assert normed and measure(min(risen), "least that an input moves", of="with a rise of all features") > 0


@pytest.mark.claim(
    "router-is-linear",
    note="Read as: one matrix and one bias a block, a row for each expert; without the bias, a sum of tokens has the "
    "sum of their scores.",
)
def test_router_is_linear(models, miniature, measure):
    """A linear projection gives the residual stream's score for each expert."""
    for of in map(models, MODELS):
        rows, width = of.config["num_hidden_layers"] * of.config["num_local_experts"], of.config["hidden_size"]
        counted = measure(of.router, "parameters of routers", of=of.name, also=of.formula.router)
        assert counted == rows * (width + 1)
    assert measure(miniature.bend_of_scores(), "score", of="of a sum, beside the sum of scores") == 0


@pytest.mark.claim(
    "softmax-over-selected",
    note="Read as: the weights sum to 1, and do not move where the scores of the selected experts rise alike and all "
    "others fall. Those of a softmax over all experts do neither; those in proportion to the scores move.",
)
def test_softmax_over_selected(miniature, measure):
    """An expert's output is weighed by the softmax of the router's scores over the selected experts only."""
    moved = measure(miniature.moved_by_scores(), "of a weight", of="moved by a rise, and by scores of others")
    assert moved == 0 and measure(miniature.sum_of_weights(), "sum of weights") == 1


@pytest.mark.claim(
    "gated-swiglu",
    note="Read as: an expert has three matrices of its widths, two of them into it: the gate and what it lets through; "
    "and a gate far below zero still lets a little through, as Swish does, and not ReLU or GELU.",
)
def test_gated_swiglu(models, miniature, measure):
    """The mixture-of-experts blocks use the gated SwiGLU."""
    for of in map(models, MODELS):
        experts = of.config["num_hidden_layers"] * of.config["num_local_experts"]
        inside, width = of.config["intermediate_size"], of.config["hidden_size"]
        counted = measure(of.experts, "parameters", of=of.name, also=of.formula.experts)
        assert counted == experts * (3 * inside * width + 2 * inside + width)
    assert measure(miniature.passed(gate=-20, linear=0), "output", of="with a gate of -20") < 0


@pytest.mark.claim(
    "swiglu-clamped-with-residual",
    note="Read as: an input that is far too large moves nothing when it doubles, and the gate passes where the linear "
    "part is zero, which plain SwiGLU does not.",
)
def test_swiglu_is_unconventional(miniature, measure):
    """Its SwiGLU is unconventional: it clamps, and has a residual connection."""
    clamped = measure(miniature.moved_by_excess(), "change", of="output when a huge input doubles") == 0
    assert clamped and measure(miniature.passed(gate=1, linear=0), "output", of="with no linear part") != 0


@pytest.mark.claim(
    "window-alternates",
    note="Read as: one layer has the window and the next sees everything, from the first to the last.",
)
def test_window_alternates(models, miniature, measure):
    """Attention alternates between a banded window and a fully dense pattern."""
    for model in MODELS:
        pairs = list(pairwise(models(model).config["layer_types"]))
        assert measure(sum(one != other for one, other in pairs), "changes of pattern", of=model) == len(pairs)
    narrow, wide = (measure(miniature.seen(layer), "of 200 tokens seen", of=f"layer {layer}") for layer in (0, 1))
    assert narrow < 200 and wide == 200


@pytest.mark.claim("window", stated="128", note="Counted with the token itself.")
def test_window(models, miniature, stated, measure):
    """The window is 128 tokens wide."""
    also = {f"configuration of {model}": models(model).config["sliding_window"] for model in MODELS}
    assert measure(miniature.seen(0), "tokens seen, of 200", also=also) == stated


HEADS = [
    Entry("num_heads", "query-heads", {"stated": "64", "says": "Each layer has 64 query heads."}),
    Entry("qk_head_dim", "head-width", {"stated": "64", "says": "A head has 64 dimensions."}),
    Entry("num_key_value_heads", "key-value-heads", {"stated": "8", "says": "Each layer has 8 key-value heads."}),
]


@each("field", HEADS)
def test_heads(field, models, stated, measure):
    """Each layer has 64 query heads of 64 dimensions and 8 key-value heads."""
    for of in map(models, MODELS):
        shape = of.formula.shape
        by_width = {
            "num_heads": of.widths.query_size // shape.qk_head_dim,
            "qk_head_dim": of.widths.query_size // shape.num_heads,
            "num_key_value_heads": of.widths.key_size // shape.qk_head_dim,
        }
        also = {"widths of the matrices": by_width[field]}
        assert measure(getattr(shape, field), field.replace("_", " "), of=of.name, also=also) == stated


@pytest.mark.claim(
    "grouped-queries",
    note="Read as: several query heads share keys and values, and not all of them. By the widths of the matrices, and "
    "by the bytes that a token leaves behind.",
)
def test_grouped_queries(models, measure):
    """Attention uses grouped queries."""
    for of in map(models, MODELS):
        of_every_head = 2 * of.formula.shape.num_layers * of.widths.query_size * BYTES_PER_NUMBER
        also = Fraction(of_every_head, of.counted.kv_cache_bytes(1, BYTES_PER_NUMBER).attention)
        shared = measure(Fraction(of.widths.query_size, of.widths.key_size), "heads that share", of=of.name, also=also)
        assert 1 < shared < of.formula.shape.num_heads


@pytest.mark.claim(
    "context", stated="131,072", note="Also by YaRN: the context before its extension, times the factor."
)
def test_context(models, stated, measure):
    """YaRN extends the context of the dense layers to 131,072 tokens."""
    for model in MODELS:
        config = models(model).config
        also = {"YaRN": config["initial_context_length"] * int(config["rope_scaling"]["factor"])}
        assert measure(config["max_position_embeddings"], "tokens", of=model, also=also) == stated


@pytest.mark.claim(
    "sink-in-the-denominator",
    note="Read as: a head whose sink is large gives every token exactly no weight, where a softmax gives 1 in all.",
)
def test_sink_in_the_denominator(miniature, measure):
    """A learned bias in the softmax's denominator lets a head attend to no token at all."""
    without, large = miniature.most_attention()
    some, none = measure(without, "weight", of="a sink of 0"), measure(large, "weight", of="a large sink")
    assert some > 0 and none == 0


@pytest.mark.claim("vocabulary", stated="201,088", note="Read as: the embedding has a row for each, and no other.")
def test_vocabulary(models, stated, measure):
    """The tokenizer has 201,088 tokens."""
    for of in map(models, MODELS):
        rows = measure(of.embeddings // of.widths.hidden_size, "rows", of=of.name, also=of.config["vocab_size"])
        assert rows == stated


@pytest.mark.claim(
    "tokenizer-extends-o200k",
    note="Held against the maker's library of tokenizers, whose o200k_harmony takes all tokens of o200k. Read as: the "
    "vocabulary goes on where these end.",
)
def test_tokenizer_extends_o200k(models, elsewhere, measure):
    """The tokenizer extends o200k with tokens for the chat format."""
    more = models(LARGER).config["vocab_size"] - elsewhere["o200k"]["first_special"]
    assert measure(more, "tokens beyond those of o200k") > 0


@uncheckable(
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
