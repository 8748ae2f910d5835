"""README, section 6: how to run locally."""

import pytest

from claim_suite.fixtures.claim.table import uncheckable

pytestmark = pytest.mark.cheap


@pytest.mark.claim("converted-experts", stated="256")
def test_converted_experts(v3, stated, measure):
    """The checkpoint is converted for 256 experts."""
    assert measure(v3.model.expert_count, "experts in a block", also=v3.formula.expert_count) == stated


@pytest.mark.claim(
    "model-parallel",
    stated="16",
    also_prints=("2", "8"),
    note="Held against the command that runs it: 2 nodes of 8 devices. It divides experts and heads evenly.",
)
def test_model_parallel(v3, stated, measure):
    """The weights are split over 16 devices, 2 nodes of 8."""
    devices = measure(2 * 8, "devices", of="the command's nodes by theirs")
    left_over = v3.model.expert_count % devices + v3.formula.shape.num_heads % devices
    assert devices == stated and measure(left_over, "experts and heads", of="left over") == 0


@uncheckable(
    ("only-fp8-weights", "Only FP8 weights are provided; a script converts them to BF16.",
     "what is provided changes; the numbers of the published checkpoint by type are another claim"),
    ("supported-by-engines", "SGLang, LMDeploy, TensorRT-LLM, vLLM, LightLLM, AMD GPUs and Ascend NPUs support it.",
     "which versions of them do, on which devices, is theirs to say and changes"),
    ("not-in-transformers", "The library transformers does not support it yet.",
     "it was so when it was written; the installed one builds the model that other claims count"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the README says of running it, and nobody can check."""
