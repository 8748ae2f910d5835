"""README, section 6: how to run locally."""

from datetime import date
from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import uncheckable

pytestmark = pytest.mark.cheap

ENGINES = ("SGLang", "LMDeploy", "TensorRT-LLM", "vLLM", "LightLLM")
WRITTEN = date(2024, 12, 26)


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
def test_model_parallel(v3, command, stated, measure):
    """The weights are split over 16 devices, 2 nodes of 8."""
    devices = measure(command["nnodes"] * command["nproc-per-node"], "devices", of="the command's nodes by theirs")
    left_over = v3.model.expert_count % devices + v3.formula.shape.num_heads % devices
    assert devices == stated and measure(left_over, "experts and heads", of="left over") == 0


@pytest.mark.claim(
    "only-fp8-weights",
    note="Read as: of the published checkpoint all matrices of layers are in FP8, those of routers apart. What was "
    "trained in more bits, embedding, head and norms among it, is in 16 and 32.",
)
def test_only_fp8_weights(weights, measure):
    """Only FP8 weights are provided."""
    share = Fraction(weights.numbers["F8_E4M3"], weights.in_fp8)
    assert measure(share, "of the numbers in matrices of layers") == 1


@pytest.mark.claim(
    "supported-by-engines",
    note="Read as: the repository of each has a file that builds it. That it runs on AMD's and Huawei's devices takes "
    "these devices.",
)
def test_supported_by_engines(support, measure):
    """SGLang, LMDeploy, TensorRT-LLM, vLLM and LightLLM support it."""
    assert measure(sum(engine in support["classes"] for engine in ENGINES), "engines of 5") == len(ENGINES)


@pytest.mark.claim(
    "not-in-transformers",
    note="Read as: on the day of its first release. The library has it since March 2025; the README still says so.",
)
def test_not_in_transformers(support, measure):
    """The library transformers does not support it yet."""
    since = date.fromisoformat(support["transformers"]["added"])
    assert measure((since - WRITTEN).days, "days until the library had it") > 0


@uncheckable(
    ("amd-and-ascend", "It runs on AMD GPUs and on Huawei Ascend NPUs.", "it takes these devices"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the README says of running it, and nobody can check here."""
