"""Distributed training."""

from fractions import Fraction

import pytest

from claims.transformer_math import equations
from fixtures.claim.table import Entry, each
from fixtures.models.pipeline import at_work, microbatches_held

pytestmark = pytest.mark.cheap

FIRST = "2023-04-18"
LAYERS, STAGES, TENSOR = 8, 2, 4  # of what is split: layers over a pipeline, each over accelerators


@pytest.mark.claim("optimizer-is-sharded", note="AdamW's states of the ZeRO paper's model of 7.5B on its 64 GPUs.")
def test_optimizer_is_sharded(zero_paper, counting, measure):
    """Sharding divides what the optimizer takes by the number of GPUs."""
    of = zero_paper["figure"]
    whole, shard = (counting.shard_bytes(of["parameters"], 12, ranks) for ranks in (1, of["gpus"]))
    assert measure(Fraction(whole, shard), "times less on each") == of["gpus"]


@pytest.mark.claim(
    "fits-only-at-scale",
    model="zero-7.5b",
    note="Read as: there is a model whose states do not fit on one A100 with 80 GB, and fit on each of many with "
    "ZeRO-1: "
    "the ZeRO paper's, of 7.5B, on one GPU and on its 64.",
)
def test_fits_only_at_scale(zero_paper, bars, measure):
    """With sharding, a model may fit on many GPUs and not on few."""
    of = zero_paper["figure"]
    sizes = [size * of["parameters"] for size in (2, 12, 2)]
    few, many = (equations.zero(1, gpus, *sizes) / 10**9 for gpus in (1, of["gpus"]))
    assert measure(few, "GB", of="on one") > bars.line > measure(many, "GB", of="on each of many")


@each(
    "stage",
    [
        Entry(
            stage,
            f"zero-{stage}",
            {
                "says": f"The equation for ZeRO-{stage} gives what a GPU holds at that stage.",
                "note": "Of model, gradients and optimizer, in mixed precision with AdamW. Read as: for the ZeRO "
                "paper's model of 7.5B on 64 GPUs it gives the GB that the paper prints, to its digit. Without "
                "activations, and without ZeRO-3's live parameters.",
                "model": "zero-7.5b",
            },
        )
        for stage in range(4)
    ],
)
def test_zero(stage, zero_paper, counting, measure):
    """The equations of ZeRO's stages give what a GPU holds."""
    of = zero_paper["figure"]
    split = {"optimizer": stage >= 1, "gradients": stage >= 2, "model": stage >= 3}
    sizes = {"optimizer": 12, "gradients": 2, "model": 2}
    held = sum(counting.shard_bytes(of["parameters"], sizes[name], of["gpus"] if split[name] else 1) for name in sizes)
    terms = {name: size * of["parameters"] for name, size in sizes.items()}
    also = equations.zero(stage, of["gpus"], terms["model"], terms["optimizer"], terms["gradients"]) / 10**9
    assert round(measure(Fraction(held, 10**9), "GB", also=also), 1) == of["gb"][str(stage)]


@pytest.mark.claim(
    "live-parameters", uncheckable="what DeepSpeed's options cost is measured by running it on many GPUs"
)
def test_live_parameters():
    """More live parameters take more memory and less communication in ZeRO-3, with significant effect."""


@pytest.mark.claim(
    "activations-over-data-parallel-ranks",
    model="zero-100b",
    refuted="ZeRO-R shares activations among the accelerators of one replica: the ZeRO paper's example shrinks by its "
    "16 ways of model parallelism, and not by its 25 replicas",
    note="Read as: the activations of the ZeRO paper's example shrink by its degree of data parallelism, to whole "
    "numbers of its printed GB.",
)
def test_activations_over_data_parallel_ranks(zero_paper, measure):
    """ZeRO-R splits activations over the ranks of data parallelism."""
    of = zero_paper["activations"]
    replicas = measure(Fraction(of["gpus"], of["model_parallel"]), "replicas")
    assert measure(round(of["gb_whole"] / replicas), "GB, by replicas") == of["gb_partitioned"]


@pytest.mark.claim(
    "zero-r-first",
    version=FIRST,
    model="zero-100b",
    note="The first version divides activations by the degree of tensor parallelism. Read as: so do the ZeRO paper's "
    "GB.",
)
def test_zero_r_first(zero_paper, measure):
    """With ZeRO-R, activations are divided by the size of tensor parallelism."""
    of = zero_paper["activations"]
    assert measure(round(Fraction(of["gb_whole"], of["model_parallel"])), "GB") == of["gb_partitioned"]


@pytest.mark.claim(
    "zero-r",
    version="2024-10-08",
    corrects="zero-r-first",
    model="zero-100b",
    refuted="the changed equation has activations whole, and so is the one of ZeRO-1 without ZeRO-R: what it is an "
    "example of is gone from it",
    note="The later version has activations undivided in its example of ZeRO-R with ZeRO-1. Read as: the ZeRO paper's "
    "GB stay.",
)
def test_zero_r(zero_paper, measure):
    """With ZeRO-R, each GPU holds all activations."""
    of = zero_paper["activations"]
    assert measure(of["gb_whole"], "GB") == of["gb_partitioned"]


@pytest.mark.claim(
    "communication-overhead", uncheckable="significant has no threshold, and no hardware, model or library is named"
)
def test_communication_overhead():
    """Pipeline and tensor parallelism take significant communication, and buffers for it."""


@pytest.mark.claim(
    "model-is-split", note="Matrices of a layer on each of 4 accelerators, in each of 2 stages of a pipeline."
)
def test_model_is_split(counting, measure):
    """Pipeline and tensor parallelism divide the model by the product of their sizes."""
    weights = counting.shares(LAYERS, STAGES, TENSOR)["weights"]
    assert measure(Fraction(weights["whole"], weights["held"]), "times less on each") == STAGES * TENSOR


@pytest.mark.claim(
    "gradients-are-split",
    refuted="a gradient is as large as the part of the matrix that it is of: tensor parallelism divides it as well",
    note="Gradients of a layer's matrices on each of 4 accelerators, in each of 2 stages of a pipeline, after a step: "
    "read as by no more than the pipeline's size.",
)
def test_gradients_are_split(counting, measure):
    """They divide gradients by the size of the pipeline."""
    gradients = counting.shares(LAYERS, STAGES, TENSOR)["gradients"]
    assert measure(Fraction(gradients["whole"], gradients["held"]), "times less on each") <= STAGES


@pytest.mark.claim(
    "pipeline-keeps-activations",
    note="Read as: the first of 4 stages holds as many layers' activations as one accelerator would without a "
    "pipeline, "
    "with at least as many microbatches as stages, in turns of a forward and a backward pass.",
)
def test_pipeline_keeps_activations(measure):
    """A pipeline does not reduce what activations take."""
    stages = 4
    held = microbatches_held(stages, 2 * stages)[0] * LAYERS // stages
    assert measure(held, "layers' activations held") == LAYERS


@pytest.mark.claim(
    "all-stages-hold-all",
    loosely="only the first stage does: a microbatch that is in flight has left traces only in the stages that it "
    "reached, and the last holds one",
    note="Read as: the last of 4 stages holds as many microbatches as the stages work on at once when all of them do; "
    "weaker: the first does.",
)
def test_all_stages_hold_all(reading, measure):
    """In a pipeline all GPUs store activations of all microbatches in flight."""
    stages = 4
    held = microbatches_held(stages, 8)[{"literal": -1, "loose": 0}[reading]]
    assert measure(held, "microbatches held") >= measure(at_work(stages, 8)[stages], "microbatches", of="in flight")


@pytest.mark.claim("replicas", note="Of the document's figure: 32 GPUs, 4 stages, 4 ways of model parallelism.")
def test_replicas(mesh, measure):
    """The degree of data parallelism is the number of GPUs by the sizes of pipeline and tensor parallelism."""
    equation = equations.replicas(mesh["gpus"], mesh["pipeline"], mesh["model"])
    assert measure(equation, "replicas") == measure(mesh["data"], "replicas", of="figure")


@pytest.mark.claim(
    "hard-with-pipelines", uncheckable="difficult has no threshold: no schedule and no efficiency are named"
)
def test_hard_with_pipelines():
    """It is hard to combine pipelines with the sharded gradients of ZeRO-2 and ZeRO-3 efficiently."""


@pytest.mark.claim(
    "deepspeed-forbids",
    stated=2,
    also_prints=("3",),
    note="Stages that the pipeline engine of the version named refuses.",
)
def test_deepspeed_forbids(deepspeed, stated, measure):
    """DeepSpeed forbids pipelines with ZeRO-2 and ZeRO-3."""
    refused = deepspeed["zero_stages_refused"]
    assert stated == measure(min(refused), "first stage refused") and measure(max(refused), "last stage refused") == 3


@pytest.mark.claim(
    "tensor-parallelism-goes-with-all", uncheckable="what libraries allow in general has no list to count on"
)
def test_tensor_parallelism_goes_with_all():
    """Tensor parallelism goes with all stages of ZeRO."""


@pytest.mark.claim(
    "too-communication-heavy", uncheckable="it is the lab's finding on its own hardware, without a number"
)
def test_too_communication_heavy():
    """ZeRO-3 communicates too much for the lab's hardware at large scales."""


@pytest.mark.claim(
    "optimizer-in-3d", note="4 ways of tensor parallelism, 2 stages and 8 replicas of a model of 8 layers."
)
def test_optimizer_in_3d(counting, measure):
    """In 3D parallelism with ZeRO-1 the optimizer is divided by the number of GPUs."""
    replicas, weights = 8, counting.shares(LAYERS, STAGES, TENSOR)["weights"]
    held = counting.shard_bytes(weights["held"] // 2, 12, replicas)
    assert measure(Fraction(12 * weights["whole"] // 2, held), "times less on each") == STAGES * TENSOR * replicas


@pytest.mark.claim(
    "activations-in-3d",
    loosely="only of what stands between layers, which activation partitioning splits; by the equations above, 10 "
    "bytes "
    "a number are not split",
    note="Read as: by 4 ways of tensor parallelism a layer's activations shrink to a fourth. Literal: with selective "
    "recomputation, as the equations have it; weaker: of a layer's input, of which each accelerator keeps its part.",
)
def test_activations_in_3d(counting, reading, measure):
    """In 3D parallelism activations are divided by the size of tensor parallelism."""
    recompute = {"literal": "selective", "loose": "full"}[reading]
    kept = counting.kept_by_shards(64, 8, 16, TENSOR, recompute)
    partitioned = kept["held"] / {"literal": 1, "loose": TENSOR}[reading]
    assert measure(kept["whole"] / partitioned, "times less on each") >= TENSOR
