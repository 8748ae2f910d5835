"""Memory in training."""

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap


@pytest.mark.claim(
    "training-needs-more",
    note="Always is read as: by the document's own rules, with the least of them that train at all: half precision, "
    "8-bit states and no activations, against weights and 20%.",
)
def test_training_needs_more(training, printed, measure):
    """Training takes more memory than inference, always."""
    weights, gradients = training.weights["float16"], training.gradients["float16"]
    states = sum(training.states["bitsandbytes"].values())
    least = measure(weights + gradients + states, "bytes a parameter", of="training")
    assert least > measure((1 + printed["overhead"]) * weights, "bytes a parameter", of="inference")


@pytest.mark.claim(
    "often-very-much-more",
    note="Very much more is read as more than five times: with AdamW in mixed precision, before activations, against "
    "weights and 20%. A reader would call twice as much merely more.",
)
def test_often_very_much_more(training, printed, measure):
    """Often training takes very much more."""
    weights, gradients = training.weights["float16"], training.gradients["float16"]
    states = sum(training.states["AdamW"].values())
    inference = (1 + printed["overhead"]) * weights
    assert measure((weights + gradients + states) / inference, "times as much") > 5


@table(
    """
    | precision | bytes |
    | pure fp32 | 4     |
    | pure fp16 | 2     |
    | mixed     | 2     |
    | fp32 copy | 4     |
    """,
    id="model",
    name="Model Parameters",
    uncheckable="it is a definition: single precision has four bytes, and half precision two",
)
def test_model(cell):
    """In training, a parameter takes {stated} bytes: {row}."""


CLAIMS = Listed(
    """
    | claim                             | stated | says                                                                |
    |-----------------------------------|--------|---------------------------------------------------------------------|
    | single-precision-and-tensor-cores |        | Training in single precision is stable, and makes no use of tensor  |
    |                                   |        | cores.                                                              |
    | half-precision-converges-hardly   |        | Training in half precision is stable and hard to bring to converge. |
    | three-copies                      | 3      | Adam needs three more copies.                                       |
    """,
    uncheckable={
        "single-precision-and-tensor-cores": "whether single precision uses tensor cores is a setting",
        "half-precision-converges-hardly": "difficult has no threshold, and no training is named",
    },
)


@CLAIMS.claim(
    in_words=True,
    note="Copies of the gradients, it says: read as tensors of as many numbers, beside parameters and gradients.",
)
def test_three_copies(training, stated, measure):
    states, copy = training.states["AdamW"].values(), training.weights["float32"]
    also = {"bytes of all, by bytes of one": round(sum(states) / copy, 3)}
    assert measure(sum(state >= copy for state in states), "copies", also=also) == stated


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""


@table(
    """
    | optimizer         | fp32 copy | momentum | variance | in all |
    | AdamW             | 4         | 4        | 4        | 12     |
    | bitsandbytes      | 4         | 1        | 1        | 6      |
    | SGD with momentum | 4         | 4        | -        | 8      |
    """,
    id="states",
    name="Optimizer States",
    uncheckable={"fp32 copy": "it is a definition: single precision has 32 bits, which are four bytes"},
    note={
        "AdamW": "Of torch's optimizer, after a step on the meta device.",
        "SGD with momentum": "Of torch's optimizer, after a step on the meta device.",
        "bitsandbytes": "By its published layout: a byte a number, and four for each block of 2,048.",
    },
)
def test_states(cell, training, stated, measure):
    """With {row}, {column} takes {stated} bytes for each parameter."""
    names = {"momentum": ["exp_avg", "momentum_buffer"], "variance": ["exp_avg_sq"]}
    states = training.states[cell.row]
    kept = [states[name] for name in names.get(cell.column, states) if name in states]
    assert measure(sum(kept), "bytes a parameter") == stated


@table(
    """
    | precision | bytes |
    | fp32      | 4     |
    | fp16      | 2     |
    """,
    id="gradients",
    name="Gradients",
    note="Of GPT-NeoX-20B's own parameters, after a step on the meta device.",
)
def test_gradients(cell, training, stated, measure):
    """In {row} a gradient takes {stated} bytes."""
    name = {"fp32": "float32", "fp16": "float16"}[cell.row]
    also = {"its parameter": training.weights[name]}
    assert measure(training.gradients[name], "bytes a parameter", also=also) == stated


@pytest.mark.claim("gradients-follow-parameters", note="In torch, for a model in half precision.")
def test_gradients_follow_parameters(training, measure):
    """Gradients often have the type of the model, and so half precision where it has."""
    gradients = measure(training.gradients["float16"], "bytes", of="gradients")
    assert gradients == measure(training.weights["float16"], "bytes", of="parameters")
