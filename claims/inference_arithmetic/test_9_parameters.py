"""Parameter counting, the companion post."""

from fractions import Fraction
from typing import Any

import pytest

from claims.inference_arithmetic import equations

pytestmark = pytest.mark.cheap

POST = (
    "https://github.com/kipply/blog/blob/32ef0dc16b4762f5e3e6d3d79045f70eaf6cc8fb/"
    "blog/content/transformer_parameter_counting.md"
)


@pytest.mark.claim("bytes-a-parameter", stated="2", in_words=True, link=POST)
def test_bytes_a_parameter(counting, stated, measure):
    """In half precision, such as bfloat16, a parameter takes two bytes."""
    assert measure(counting.bytes_of("bfloat16"), "bytes", also=counting.bytes_of("float16")) == stated


@pytest.mark.claim(
    "half-precision-since-gpt3",
    uncheckable="in which precision models are trained and served is not published for most of them",
    link=POST,
)
def test_half_precision_since_gpt3():
    """Models are trained and served in half precision at the least since 2020."""


@pytest.mark.claim("attention-matrices", link=POST, note="Of the 52B model's first layer.")
def test_attention_matrices(anthropic, measure):
    """Queries, keys, values and the output each have a matrix of the model's width by all heads' features."""
    of, attention = anthropic.config, anthropic.counted.anatomy.layers[0].self_attn
    sizes = [measure(one.weight.numel(), "parameters", of=name) for name, one in attention.named_children()]
    assert sizes == 4 * [of["hidden_size"] * of["num_attention_heads"] * 128]


@pytest.mark.claim("mlp-matrices-of-a-layer", stated="4", link=POST)
def test_mlp_matrices_of_a_layer(anthropic, stated, measure):
    """The MLP has two matrices of 4·d² parameters each."""
    of = anthropic.config
    also = Fraction(of["ffn_dim"], of["hidden_size"])
    each = Fraction(anthropic.mlp, 2 * of["num_hidden_layers"] * of["hidden_size"] ** 2)
    assert measure(each, "times d² parameters", also=also) == stated


@pytest.mark.claim("ratio-of-2017", stated="4", link=POST, model="transformer-base")
def test_ratio_of_2017(first_transformer, stated, measure):
    """In the first transformer the MLP is 4 times as wide as the model."""
    of = first_transformer
    assert measure(Fraction(of["feed_forward_width"], of["width"]), "model widths") == stated


@pytest.mark.claim(
    "everybody-since",
    uncheckable="there is no list of all transformers since 2017 on which to count, and the document names none it "
    "leaves out",
    link=POST,
)
def test_everybody_since():
    """Practically every transformer since has kept that ratio."""


@pytest.mark.claim("vast-majority", uncheckable="there is no list of all architectures on which to count", link=POST)
def test_vast_majority():
    """In the vast majority of architectures the heads' features are as many as the model's."""


def off(sizes: Any) -> dict[str, int]:
    """How far the features of all heads are from each model's width, by model."""
    return {name: abs(of["heads"] * of["head_width"] - of["width"]) for name, of in sizes.values.items()}


@pytest.mark.claim("gpt3-13b-is-off", stated="20", link=POST, also_prints=("13B",), model="gpt-3-13b")
def test_gpt3_13b_is_off(gpt3, stated, measure):
    """In GPT-3's table of sizes the 13B model is off by 20."""
    of = gpt3["13B"]
    assert measure(of["width"] - of["heads"] * of["head_width"], "features") == stated


@pytest.mark.claim(
    "gpt3-otherwise",
    refuted="GPT-3 XL is not: its 24 heads of 128 have half as many features again as its width of 2,048",
    link=POST,
    model="gpt-3",
)
def test_gpt3_otherwise(gpt3, measure):
    """In all other GPT-3 models the heads' features are as many as the model's."""
    apart = {name: measure(by, "features off", of=name) for name, by in off(gpt3).items() if name != "13B"}
    assert max(apart.values()) == 0


@pytest.mark.claim("gopher-heads", link=POST, model="gopher-280b")
def test_gopher_heads(gopher, measure):
    """In all Gopher models the heads' features are as many as the model's."""
    assert max(measure(by, "features off", of=name) for name, by in off(gopher).items()) == 0


@pytest.mark.claim("twelve", stated="12", link=POST)
def test_twelve(anthropic, stated, measure):
    """The layers have 12·n·d² parameters."""
    of = anthropic.config
    scale = of["num_hidden_layers"] * of["hidden_size"] ** 2
    also = Fraction(equations.parameters(of["num_hidden_layers"], of["hidden_size"]), scale)
    assert measure(Fraction(anthropic.attention + anthropic.mlp, scale), "times n·d² parameters", also=also) == stated


@pytest.mark.claim("layers-of-52b", stated=51_539_607_552, link=POST)
def test_layers_of_52b(anthropic, stated, measure):
    """For the 52B model that is 51,539,607,552."""
    also = equations.parameters(anthropic.config["num_hidden_layers"], anthropic.config["hidden_size"])
    assert measure(anthropic.attention + anthropic.mlp, "parameters", also=also) == stated


@pytest.mark.claim("named-52b", stated="52B", link=POST, note="With one embedding; the layers alone are not quite it.")
def test_named_52b(anthropic, printed, stated, measure):
    """The model has 52B parameters."""
    of = printed["anthropic"]
    also = equations.parameters(of["layers"], of["width"]) + of["vocabulary"] * of["width"]
    measure(anthropic.attention + anthropic.mlp, "parameters", of="layers")
    assert measure(anthropic.attention + anthropic.mlp + anthropic.head, "parameters", also=also) == stated


@pytest.mark.claim("rounded-up-by", stated="0.5B", in_words=True, link=POST, note="The document says half a billion.")
def test_rounded_up_by(anthropic, printed, stated, measure):
    """Calling that 52B rounds it up by half a billion."""
    assert measure(printed["anthropic"]["parameters"] - anthropic.attention - anthropic.mlp, "parameters") == stated


@pytest.mark.claim("vocabulary", stated=65536, link=POST)
def test_vocabulary(anthropic, stated, measure):
    """Its vocabulary has 65536 tokens."""
    rows = anthropic.counted.model.get_input_embeddings().weight.shape[0]
    assert measure(rows, "tokens", also={"two to the sixteenth": 2**16}) == stated


@pytest.mark.claim("embedding", stated=536_870_912, link=POST)
def test_embedding(anthropic, stated, measure):
    """Their embeddings are 536,870,912 parameters."""
    also = anthropic.config["vocab_size"] * anthropic.config["hidden_size"]
    assert measure(anthropic.counted.model.get_input_embeddings().weight.numel(), "parameters", also=also) == stated


@pytest.mark.claim("with-embedding", stated=52_076_478_464, link=POST)
def test_with_embedding(anthropic, printed, stated, measure):
    """With them the model has 52,076,478,464."""
    of = printed["anthropic"]
    also = equations.parameters(of["layers"], of["width"]) + of["vocabulary"] * of["width"]
    assert measure(anthropic.attention + anthropic.mlp + anthropic.head, "parameters", also=also) == stated


@pytest.mark.claim(
    "with-both-embeddings",
    stated="52.5B",
    refuted="with the embedding and the unembedding it is 52.6, neither rounded nor cut short to that",
    link=POST,
    note="The document calls them tokens: a slip of the unit, since it counts parameters.",
)
def test_with_both_embeddings(anthropic, stated, measure):
    """With the unembedding as well it is about 52.5 billion."""
    assert measure(anthropic.attention + anthropic.mlp + 2 * anthropic.head, "parameters") == stated


@pytest.mark.claim(
    "biases-are-zero",
    link=POST,
    model="gpt2",
    note="Approximately zero is read as below a thousandth of the parameters, together with the norms. Of the smallest "
    "GPT-2, where they are most.",
)
def test_biases_are_zero(models, measure):
    """Biases and layer norms are approximately zero."""
    places = models("gpt2").counted.anatomy.places.values()
    weights = [place.size for place in places if place.parameter.ndim == 1]
    assert measure(Fraction(sum(weights), models("gpt2").total), "of the parameters") < Fraction(1, 1000)


@pytest.mark.claim("gpt2-positions", link=POST, model="gpt2")
def test_gpt2_positions(models, counting, measure):
    """GPT-2's positions are as many parameters as its context times its width."""
    model = models("gpt2")
    also = {"embeddings that no token has": model.embeddings - model.tied}
    size = measure(counting.positions(model), "parameters", also=also)
    assert size == model.config["n_ctx"] * model.config["n_embd"]


@pytest.mark.claim(
    "positions-are-zero",
    link=POST,
    model="gpt2",
    loosely="in the smallest GPT-2 they are six thousandths of the parameters, and do not vanish at one digit of a "
    "per cent",
    note="Also known as zero: read as biases are, below a thousandth of the parameters, of the smallest GPT-2; weaker: "
    "below a hundredth.",
)
def test_positions_are_zero(models, reading, measure):
    """GPT-2's positions are practically no parameters."""
    model = models("gpt2")
    share = measure(Fraction(model.embeddings - model.tied, model.total), "of the parameters")
    assert share < {"literal": Fraction(1, 1000), "loose": Fraction(1, 100)}[reading]


@pytest.mark.claim(
    "first-positions",
    link=POST,
    model="transformer-base",
    refuted="the first transformer adds fixed sines and cosines, as the other post says: nothing of it is a parameter",
    note="Read as: they are more than none, whatever the context.",
)
def test_first_positions(first_transformer, measure):
    """So are those of the first transformer."""
    assert measure(first_transformer["learned_position_parameters"], "parameters") > 0


@pytest.mark.claim(
    "relative-positions",
    stated="21.5B",
    link=POST,
    model="gopher-280b",
    note="A matrix that makes keys of relative positions in each layer, as in Transformer-XL (arXiv 1901.02860, "
    "section 3.3).",
)
def test_relative_positions(gopher, stated, measure):
    """Gopher 280B has 21.5 billion parameters of relative positions."""
    of = gopher["280B"]
    also = {"a twelfth of the layers": equations.parameters(of["layers"], of["width"]) // 12}
    assert measure(of["layers"] * of["width"] * of["heads"] * of["head_width"], "parameters", also=also) == stated


@pytest.mark.claim(
    "gopher-total",
    stated="280B",
    link=POST,
    model="gopher-280b",
    note="Layers, relative positions and 32,000 embeddings.",
)
def test_gopher_total(gopher, stated, measure):
    """With them Gopher has 280 billion."""
    of = gopher["280B"]
    positions = of["layers"] * of["width"] * of["heads"] * of["head_width"]
    layers = equations.parameters(of["layers"], of["width"])
    assert measure(layers + positions + 32_000 * of["width"], "parameters") == stated
