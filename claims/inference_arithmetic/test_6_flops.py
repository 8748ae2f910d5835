"""FLOPs, step by step."""

from fractions import Fraction

import pytest

from claims.inference_arithmetic import equations
from fixtures.claim.table import Entry, each

pytestmark = pytest.mark.cheap

STEPS = {
    "query-key-value-work": ("Making queries, keys and values", "6", ("q_proj", "k_proj", "v_proj"), ("3",)),
    "output-work": ("The output projection", "2", ("out_proj",), ()),
    "feed-forward-work": ("The feed-forward network", "16", ("fc1", "fc2"), ("8",)),
}


@each(
    "maps",
    [
        Entry(
            maps,
            name,
            {
                "stated": stated,
                "says": f"{what} takes {stated}·d² FLOPs a token in each layer.",
                "note": "Printed as a product of its factors." if also else "Two for every weight.",
                "in_words": name == "query-key-value-work",
                "also_prints": also,
            },
        )
        for name, (what, stated, maps, also) in STEPS.items()
    ],
)
def test_step(maps, anthropic, counting, stated, measure):
    """A step takes so many times d² FLOPs a token in each layer."""
    of, places = anthropic.config, anthropic.counted.anatomy.places.values()
    weights = sum(place.size for place in places if place.name.removesuffix(".weight").endswith(maps))
    scale = of["num_hidden_layers"] * of["hidden_size"] ** 2
    also = {"two for every weight": Fraction(2 * weights, scale)}
    assert measure(Fraction(counting.projection_work(anthropic, *maps), scale), "times d² FLOPs", also=also) == stated


@pytest.mark.claim(
    "z-multiplies-no-matrices",
    refuted="over a context, queries meet a matrix of keys and weigh a matrix of values: each further token adds four "
    "FLOPs for every feature",
    note="Read as: the FLOPs of a layer's attention between its projections are a fixed multiple of d, so that a "
    "further "
    "token of context adds less than d.",
)
def test_z_multiplies_no_matrices(anthropic, measure):
    """Weighing values multiplies no matrices, and takes some multiple of d FLOPs."""
    of = anthropic.config
    scale = of["num_hidden_layers"] * of["hidden_size"]
    assert measure(Fraction(anthropic.growth.scores, scale), "times d FLOPs a further token") < 1


@pytest.mark.claim("norm-weights", note="Of GPT-2, whose norms have a gain and a bias each.", model="gpt2")
def test_norm_weights(models, counting, measure):
    """A layer norm's weights are vectors of the model's width."""
    sizes = counting.norm_sizes(models("gpt2"))
    least, most = measure(min(sizes), "numbers", of="least"), measure(max(sizes), "numbers", of="most")
    assert least == most == models("gpt2").config["n_embd"]


@pytest.mark.claim("layer-work", stated="24")
def test_layer_work(anthropic, stated, measure):
    """All steps of a layer add up to 24·d² FLOPs a token."""
    of, work = anthropic.config, anthropic.work(1)
    layers, width = of["num_hidden_layers"], of["hidden_size"]
    also = Fraction(equations.token_work(layers, width), layers * width**2)
    assert measure(Fraction(work.projections + work.mlp, layers * width**2), "times d² FLOPs", also=also) == stated


@pytest.mark.claim(
    "about-100b-flops",
    stated="100B",
    loosely="to its first digit; to the digits printed it is 103",
    note="Literal: to the billion printed; weaker: about 100, to the nearest ten billion.",
)
def test_about_100b_flops(anthropic, reading, stated, measure):
    """A token takes about 100 billion FLOPs in the 52B model."""
    work = anthropic.work(1).projections + anthropic.work(1).mlp
    assert measure({"literal": work, "loose": round(work, -10)}[reading], "FLOPs") == stated


@pytest.mark.claim("token-work", stated=103_079_215_104)
def test_token_work(anthropic, stated, measure):
    """A token takes 103,079,215,104 FLOPs in the 52B model's layers."""
    also = equations.token_work(anthropic.config["num_hidden_layers"], anthropic.config["hidden_size"])
    assert measure(anthropic.work(1).projections + anthropic.work(1).mlp, "FLOPs", also=also) == stated


@pytest.mark.claim("half-of-the-work", stated="51.5B")
def test_half_of_the_work(anthropic, stated, measure):
    """Half of that is 51.5 billion."""
    work = anthropic.work(1)
    half = Fraction(work.projections + work.mlp, 2)
    assert measure(half, "parameters", also={"weights": anthropic.attention + anthropic.mlp}) == stated


@pytest.mark.claim(
    "embeddings-nearly-a-billion",
    stated="1B",
    in_words=True,
    loosely="they are more than a billion, by less than a tenth",
    note="The document says nearly a billion, in words. Literal: less than a billion, by less than a tenth; weaker: "
    "more or less. Both embeddings, as the document's plural and its (un) have it.",
)
def test_embeddings_nearly_a_billion(anthropic, reading, stated, measure):
    """Token embedding and unembedding are nearly a billion parameters."""
    of = anthropic.config
    size = measure(2 * anthropic.head, "parameters", also=2 * of["vocab_size"] * of["hidden_size"])
    assert size > 9 * 10**8 and stated > size - {"literal": 0, "loose": 10**8}[reading]


@pytest.mark.claim(
    "below-two-per-cent",
    stated="2%",
    loosely="against the round 52B of the model's name; with both embeddings counted it is just over",
    note="What 12·n·d² lacks of the parameters. Literal: of those that are counted, both embeddings with them, since "
    "the document puts the difference down to them; weaker: of 52 billion.",
)
def test_below_two_per_cent(anthropic, printed, reading, stated, measure):
    """Doing the calculations with 12·n·d² for the parameters makes a difference of less than 2%."""
    layers = anthropic.attention + anthropic.mlp
    whole = {"literal": layers + 2 * anthropic.head, "loose": printed["anthropic"]["parameters"]}[reading]
    assert stated > measure(1 - Fraction(layers, whole), "of the parameters")


@pytest.mark.claim("hundred-vector-steps", stated="100M", in_words=True, also_prints=("100",))
def test_hundred_vector_steps(anthropic, stated, measure):
    """A hundred operations on vectors in each layer would be a hundred million FLOPs."""
    of = anthropic.config
    also = {"of the score of one key": 100 * Fraction(anthropic.work(1).scores, 2)}
    work = 100 * 2 * of["hidden_size"] * of["num_hidden_layers"]
    assert round(measure(Fraction(work), "FLOPs", also=also), -7) == stated


@pytest.mark.claim("hundred-vector-steps-share", stated="0.1%")
def test_hundred_vector_steps_share(anthropic, stated, measure):
    """That is 0.1% of the FLOPs that were counted."""
    of, work = anthropic.config, anthropic.work(1)
    vectors = 100 * 2 * of["hidden_size"] * of["num_hidden_layers"]
    assert measure(Fraction(vectors, work.projections + work.mlp), "of the FLOPs") == stated


@pytest.mark.claim(
    "hundred-is-enough",
    stated="100",
    refuted="over a context of 2,048 tokens attention alone takes some four thousand operations on vectors a layer, "
    "and "
    "not a tenth of a per cent of the FLOPs but four",
    note="Even if there were 100 of them, the document says: read as no more than 100 in a layer, of two FLOPs a "
    "feature. Up to a context of 50 tokens that is so.",
)
def test_hundred_is_enough(anthropic, printed, stated, measure):
    """Weighing values and the other uncounted steps take no more than 100 operations on vectors a layer."""
    of, work = anthropic.config, anthropic.work(printed["anthropic"]["request"])
    measure(Fraction(work.scores, work.projections + work.mlp), "of the FLOPs that were counted")
    vectors = Fraction(work.scores, 2 * of["hidden_size"] * of["num_hidden_layers"])
    assert stated >= measure(vectors, "operations on vectors a layer")
