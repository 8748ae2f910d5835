"""FLOPs, step by step."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claims.inference_arithmetic.equations import Sizes

pytestmark = pytest.mark.cheap

MAPS = {
    "query-key-value-work": ("q_proj", "k_proj", "v_proj"),
    "output-work": ("out_proj",),
    "feed-forward-work": ("fc1", "fc2"),
}
FACTORS = "Printed as a product of its factors."

CLAIMS = Listed(
    """
    | claim                       | stated           | says                                                            |
    |-----------------------------|------------------|-----------------------------------------------------------------|
    | query-key-value-work        | 6                | Making queries, keys and values takes 6·d² FLOPs a token in     |
    |                             |                  | each layer.                                                     |
    | output-work                 | 2                | The output projection takes 2·d² FLOPs a token in each layer.   |
    | feed-forward-work           | 16               | The feed-forward network takes 16·d² FLOPs a token in each      |
    |                             |                  | layer.                                                          |
    | z-multiplies-no-matrices    |                  | Weighing values multiplies no matrices, and takes some multiple |
    |                             |                  | of d FLOPs.                                                     |
    | norm-weights                |                  | A layer norm's weights are vectors of the model's width.        |
    | layer-work                  | 24               | All steps of a layer add up to 24·d² FLOPs a token.             |
    | about-100b-flops            | 100B             | A token takes about 100 billion FLOPs in the 52B model.         |
    | token-work                  | =103,079,215,104 | A token takes 103,079,215,104 FLOPs in the 52B model's layers.  |
    | half-of-the-work            | 51.5B            | Half of that is 51.5 billion.                                   |
    | embeddings-nearly-a-billion | 1B               | Token embedding and unembedding are nearly a billion            |
    |                             |                  | parameters.                                                     |
    | below-two-per-cent          | 2%               | Doing the calculations with 12·n·d² for the parameters makes a  |
    |                             |                  | difference of less than 2%.                                     |
    | hundred-vector-steps        | 0.1B             | A hundred operations on vectors in each layer would be a        |
    |                             |                  | hundred million FLOPs.                                          |
    | hundred-vector-steps-share  | 0.1%             | That is 0.1% of the FLOPs that were counted.                    |
    | hundred-is-enough           | 100              | Weighing values and the other uncounted steps take no more than |
    |                             |                  | 100 operations on vectors a layer.                              |
    """,
    model=dict.fromkeys((*MAPS, "z-multiplies-no-matrices", "norm-weights", "layer-work"), ""),
    also_prints={"query-key-value-work": ("3",), "feed-forward-work": ("8",), "hundred-vector-steps": ("100",)},
    in_words=dict.fromkeys(("query-key-value-work", "hundred-vector-steps"), True),
    note={
        "query-key-value-work": FACTORS,
        "output-work": "Two for every weight.",
        "feed-forward-work": FACTORS,
        "hundred-vector-steps": "The document says a hundred million. Two FLOPs a feature.",
    },
)


@CLAIMS.each(*MAPS)
def test_a_step(claim, anthropic, counting, stated, measure):
    maps, unit, tensors = MAPS[claim], Sizes.of(anthropic.config).unit, anthropic.counted.component_map.tensors.values()
    weights = sum(tensor.size for tensor in tensors if tensor.name.removesuffix(".weight").endswith(maps))
    also = {"two for every weight": Fraction(2 * weights, unit)}
    assert measure(Fraction(counting.projection_work(anthropic, *maps), unit), "times d² FLOPs", also=also) == stated


@CLAIMS.claim(
    loosely="only of weights, and for one context: queries meet a matrix of keys and weigh one of values, and each "
    "further token adds four FLOPs for every feature",
    note="Read as: the FLOPs of a layer's attention between its projections are a fixed multiple of d, so that a "
    "further token of context adds less than d; weaker: some multiple, the same in GPT-2, whose d is another.",
)
def test_z_multiplies_no_matrices(anthropic, models, reading, measure):
    scales = {"52B": (anthropic, "num_hidden_layers", "hidden_size"), "GPT-2": (models("gpt2"), "n_layer", "n_embd")}
    ours, other = (
        measure(Fraction(of.growth.scores, of.config[n] * of.config[d]), "times d FLOPs a further token", of=name)
        for name, (of, n, d) in scales.items()
    )
    assert {"literal": ours < 1, "loose": ours == other}[reading]


@CLAIMS.claim(note="Of GPT-2, whose norms have a gain and a bias each.")
def test_norm_weights(models, counting, measure):
    sizes = counting.norm_sizes(models("gpt2"))
    least, most = measure(min(sizes), "numbers", of="least"), measure(max(sizes), "numbers", of="most")
    assert least == most == models("gpt2").config["n_embd"]


@CLAIMS.claim(
    loosely="to its first digit; to the digits printed it is 103",
    note="Literal: to the billion printed; weaker: about 100, to the nearest ten billion.",
)
def test_about_100b_flops(anthropic, reading, stated, measure):
    flops = anthropic.flops(1).projections + anthropic.flops(1).mlp
    assert measure({"literal": flops, "loose": round(flops, -10)}[reading], "FLOPs") == stated


@CLAIMS.claim(
    in_words=True,
    loosely="they are more than a billion, by less than a tenth",
    note="The document says nearly a billion, in words. Literal: less than a billion, by less than a tenth; weaker: "
    "more or less. Both embeddings, as the document's plural and its (un) have it.",
)
def test_embeddings_nearly_a_billion(anthropic, reading, stated, measure):
    sizes = Sizes.of(anthropic.config)
    size = measure(2 * anthropic.head, "parameters", also=2 * sizes.vocabulary * sizes.width)
    assert size > 9 * 10**8 and stated > size - {"literal": 0, "loose": 10**8}[reading]


@CLAIMS.claim(
    loosely="against the round 52B of the model's name; with both embeddings counted it is just over",
    note="What 12·n·d² lacks of the parameters. Literal: of those that are counted, both embeddings with them, since "
    "the document puts the difference down to them; weaker: of 52 billion.",
)
def test_below_two_per_cent(anthropic, printed, reading, stated, measure):
    layers = anthropic.attention + anthropic.mlp
    whole = {"literal": layers + 2 * anthropic.head, "loose": printed["anthropic"]["parameters"]}[reading]
    assert stated > measure(1 - Fraction(layers, whole), "of the parameters")


@CLAIMS.claim(
    refuted="over a context of 2,048 tokens attention alone takes some four thousand operations on vectors a layer, "
    "and not a tenth of a per cent of the FLOPs but four",
    note="Even if there were 100 of them, the document says: read as no more than 100 in a layer, of two FLOPs a "
    "feature. Up to a context of 50 tokens that is so.",
)
def test_hundred_is_enough(anthropic, printed, stated, measure):
    sizes, flops = Sizes.of(anthropic.config), anthropic.flops(printed["anthropic"]["request"])
    measure(Fraction(flops.scores, flops.projections + flops.mlp), "of the FLOPs that were counted")
    vectors = Fraction(flops.scores, 2 * sizes.width * sizes.layers)
    assert stated >= measure(vectors, "operations on vectors a layer")


@CLAIMS.each()
def test_the_work_of_a_token(claim, anthropic, stated, measure):
    sizes, flops = Sizes.of(anthropic.config), anthropic.flops(1)
    counted, weights = flops.projections + flops.mlp, anthropic.attention + anthropic.mlp
    vectors = 100 * 2 * sizes.width * sizes.layers
    hundred_keys = {"of the score of one key": 100 * Fraction(flops.scores, 2)}
    found = {
        "layer-work": lambda: measure(
            Fraction(counted, sizes.unit), "times d² FLOPs", also=Fraction(sizes.token_work, sizes.unit)
        ),
        "token-work": lambda: measure(counted, "FLOPs", also=sizes.token_work),
        "half-of-the-work": lambda: measure(Fraction(counted, 2), "parameters", also={"weights": weights}),
        "hundred-vector-steps": lambda: measure(vectors, "FLOPs", also=hundred_keys),
        "hundred-vector-steps-share": lambda: measure(Fraction(vectors, counted), "of the FLOPs"),
    }
    assert found[claim]() == stated
