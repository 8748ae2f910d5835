"""README_WEIGHTS: what the weight file holds."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Entry, each, uncheckable
from claims.deepseek_v3.names import COUNTED

pytestmark = pytest.mark.cheap

LATER = "README_WEIGHTS of the published checkpoint, a later revision"
COPY = (
    "https://github.com/tenstorrent/tt-metal/blob/f3712cc6f089cb59d2c8379118a0701de6dd1ade/models/demos/deepseek_v3/"
    "reference/README_WEIGHTS.md"
)
OF_LATER = (
    "It stands beside the checkpoint and not in the repository; the link is to a copy. The head is included, the "
    "embedding no longer."
)
TO_FIVE = (
    "to the nearest five tenths: to one tenth it is the layer alone, without the projection of the two hidden states "
    "that the text lists among the module's tensors"
)


@pytest.mark.claim("prediction-modules", stated="1")
def test_prediction_modules(weights, stated, measure):
    """The weights include 1 module of multi-token prediction."""
    modules = weights.model.config["num_nextn_predict_layers"]
    assert measure(modules, "modules", also={"numbers in FP8 beyond the main model's": weights.modules}) == stated


@pytest.mark.claim("layers", stated="61")
def test_layers(v3, stated, measure):
    """The main model has 61 layers."""
    layers = len(v3.model.counted.component_map.layers)
    assert measure(layers, "layers", also=v3.formula.shape.num_layers) == stated


@pytest.mark.claim("weights-total", stated="671B")
def test_weights_total(v3, stated, measure):
    """The main model's parameters are 671 billion in total."""
    assert measure(v3.model.total, "parameters", also=v3.formula.total) == stated


@pytest.mark.claim(
    "weights-active",
    stated="36.7B",
    refuted="with both vocabulary matrices it is nearly a billion more, and with one of them it rounds to a tenth less",
    words="Activation parameters: 36.7B (including 0.9B for Embedding and 0.9B for the output Head).",
    reply="That it was corrected: the later text counts the head alone and prints a tenth less, which holds; no way of "
    "counting gives this number.",
    note="Read as the sentence says: embedding and head are included. It was corrected later.",
)
def test_weights_active(v3, stated, measure):
    """36.7 billion parameters are activated, embedding and head included."""
    active, also = v3.active(COUNTED["literal"])
    assert measure(active, "parameters", also=also) == stated


@pytest.mark.claim(
    "weights-active-corrected", stated="36.6B", version=LATER, corrects="weights-active", in_words=True,
    link=COPY, note=OF_LATER,
)  # fmt: skip
def test_weights_active_corrected(v3, stated, measure):
    """36.6 billion parameters are activated, the head included."""
    active, also = v3.active(COUNTED["loose"])
    assert measure(active, "parameters", also=also) == stated


@each(
    "part",
    [
        Entry("embeddings", "embedding", {"stated": "0.9B", "says": "The embedding has 0.9 billion parameters."}),
        Entry("head", "head", {"stated": "0.9B", "says": "The output head has 0.9 billion parameters."}),
    ],
)
def test_vocabulary_matrices(part, v3, stated, measure):
    """Embedding and head have 0.9 billion parameters each."""
    assert measure(getattr(v3.model, part), "parameters", also=getattr(v3.formula, part)) == stated


@pytest.mark.claim(
    "prediction-unique",
    stated="11.5B",
    words="11.5B unique parameters, excluding the shared 0.9B Embedding and 0.9B output Head).",
    loosely=TO_FIVE,
)
def test_prediction_unique(weights, stated, measure):
    """The module has 11.5 billion parameters of its own, embedding and head excluded."""
    measure(weights.layer, "parameters", of="layer", also=weights.layer_by_formula)
    assert measure(weights.module, "parameters", of="module", also=weights.module_by_other_routes) == stated


@pytest.mark.claim(
    "prediction-active",
    stated="2.4B",
    words="Activation parameters: 2.4B (including the shared 0.9B Embedding and 0.9B output Head).",
    note="Read as the sentence says: embedding and head are included. It was corrected later.",
    disputed="of the module's layer, without the projection of the two hidden states and its norms",
    reply="That the layer is meant: 2.4B less 0.9B for the embedding is the 1.5B of the later text.",
)
def test_prediction_active(weights, reading, stated, measure):
    """2.4 billion of the module's parameters are activated, embedding and head included."""
    active, also = weights.active(weights.copies - (weights.beside_the_layer if reading == "other" else 0))
    assert measure(active, "parameters", also=also) == stated


@pytest.mark.claim(
    "prediction-active-corrected", stated="1.5B", version=LATER, corrects="prediction-active", in_words=True,
    words="Activation parameters: 1.5B (including 0.9B for the output Head).",
    link=COPY, note=OF_LATER, loosely=TO_FIVE,
)  # fmt: skip
def test_prediction_active_corrected(weights, stated, measure):
    """1.5 billion of the module's parameters are activated, the head included."""
    active, also = weights.active(weights.model.head)
    assert measure(active, "parameters", also=also) == stated


@pytest.mark.claim(
    "shared-vocabulary",
    note="Read as: beside a copy of each, as large as the main model's, the checkpoint stores no vocabulary matrix for "
    "the module. That the copies are equal takes the weights; an engine such as SGLang puts the main model's in their "
    "place.",
)
def test_shared_vocabulary(weights, measure):
    """The module shares embedding and head with the main model."""
    own = weights.layer_by_formula + weights.beside_the_layer + weights.scales + weights.balancing_biases
    left = weights.stored - weights.model.total - own
    assert measure(Fraction(left, weights.copies), "copies of embedding and head") == 1


@pytest.mark.claim(
    "prediction-layer-id",
    stated="61",
    note="Layers are counted from 0: the main model's are 0 to 60.",
)
def test_prediction_layer_id(v3, stated, measure):
    """The module's layer follows at once, with the id 61."""
    layers = len(v3.model.counted.component_map.layers)
    assert measure(layers, "id of the next layer, counted from 0", also=v3.formula.shape.num_layers) == stated


@pytest.mark.claim(
    "block-scaling",
    stated="128",
    note="Held against the published checkpoint: its numbers in 32 bits are one scale for each block of that many rows "
    "and columns of every matrix of a layer, and the biases that balance the experts. Blocks at a matrix's end may be "
    "cut, as the text says.",
)
def test_block_scaling(weights, stated, measure):
    """FP8 weights are scaled by blocks of 128 by 128."""
    scales = measure(weights.numbers["F32"] - weights.balancing_biases, "scales", also={"blocks": weights.scales})
    of_whole_blocks = weights.numbers["F8_E4M3"] / scales
    assert measure(round(of_whole_blocks**0.5), "rows and columns of a block", of="numbers to a scale") == stated


@pytest.mark.claim(
    "e4m3",
    note="Read as: 4 bits of exponent and 3 of mantissa.",
)
def test_e4m3(library, measure):
    """The format e4m3 is torch's float8_e4m3fn."""
    bits, step = library.float8()
    assert measure(bits, "bits") == 1 + 4 + 3 and measure(step, "step above 1") == 2.0**-3


@uncheckable(
    ("dynamic-activation", "Activations are quantised as they come, for each token by 128 channels.",
     "it is what an engine does, not what the file holds"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the text says of the weights, and nobody can check here."""
