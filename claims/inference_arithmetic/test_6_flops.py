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
    | about-100b-flops            | ~100B            | A token takes about 100 billion FLOPs in the 52B model.         |
    | token-work                  | =103,079,215,104 | A token takes 103,079,215,104 FLOPs in the 52B model's layers.  |
    | half-of-the-work            | ~51.5B           | Half of that is 51.5 billion.                                   |
    | embeddings-nearly-a-billion | ~1B              | Token embedding and unembedding are nearly a billion            |
    |                             |                  | parameters.                                                     |
    | below-two-per-cent          | 2%               | Doing the calculations with 12·n·d² for the parameters makes a  |
    |                             |                  | difference of less than 2%.                                     |
    | hundred-vector-steps        | 0.1B             | A hundred operations on vectors in each layer would be a        |
    |                             |                  | hundred million FLOPs.                                          |
    | hundred-vector-steps-share  | 0.1%             | That is 0.1% of the FLOPs that were counted.                    |
    """,
    model=dict.fromkeys((*MAPS, "z-multiplies-no-matrices", "norm-weights", "layer-work"), ""),
    also_prints={"query-key-value-work": ("3",), "feed-forward-work": ("8",), "hundred-vector-steps": ("100",)},
    in_words=dict.fromkeys(("query-key-value-work", "embeddings-nearly-a-billion", "hundred-vector-steps"), True),
    note={
        "query-key-value-work": FACTORS,
        "output-work": "Two for every weight.",
        "feed-forward-work": FACTORS,
        "embeddings-nearly-a-billion": "Both, as the document's plural and its (un) have it.",
        "hundred-vector-steps": "The document says a hundred million. Two FLOPs a feature; of fewer or more it says "
        "nothing.",
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
    note="What 12·n·d² lacks of P, which is the model's 52B: its layers and one embedding. Of layers and both "
    "embeddings it is just over."
)
def test_below_two_per_cent(anthropic, stated, measure):
    layers, sizes = anthropic.attention + anthropic.mlp, Sizes.of(anthropic.config)
    lacks = {of: 1 - Fraction(layers, layers + of * anthropic.head) for of in (1, 2)}
    measure(lacks[2], "of the parameters", of="with both embeddings")
    also = 1 - Fraction(sizes.parameters, sizes.with_embedding)
    assert stated > measure(lacks[1], "of the parameters", of="with one", also=also)


@CLAIMS.each()
def test_the_work_of_a_token(claim, anthropic, stated, measure):
    sizes, flops = Sizes.of(anthropic.config), anthropic.flops(1)
    both = 2 * sizes.vocabulary * sizes.width
    counted, weights = flops.projections + flops.mlp, anthropic.attention + anthropic.mlp
    vectors = 100 * 2 * sizes.width * sizes.layers
    hundred_keys = {"of the score of one key": 100 * Fraction(flops.scores, 2)}
    found = {
        "layer-work": lambda: measure(
            Fraction(counted, sizes.unit), "times d² FLOPs", also=Fraction(sizes.token_work, sizes.unit)
        ),
        "token-work": lambda: measure(counted, "FLOPs", also=sizes.token_work),
        "about-100b-flops": lambda: measure(counted, "FLOPs", also=sizes.token_work),
        "embeddings-nearly-a-billion": lambda: measure(2 * anthropic.head, "parameters", also=both),
        "half-of-the-work": lambda: measure(Fraction(counted, 2), "parameters", also={"weights": weights}),
        "hundred-vector-steps": lambda: measure(vectors, "FLOPs", also=hundred_keys),
        "hundred-vector-steps-share": lambda: measure(Fraction(vectors, counted), "of the FLOPs"),
    }
    assert found[claim]() == stated
