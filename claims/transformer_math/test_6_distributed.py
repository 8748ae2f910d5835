"""Distributed training."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.models.accelerators import microbatches_held
from claims.transformer_math import equations

pytestmark = pytest.mark.cheap

FIRST = "2023-04-18"
LAYERS, STAGES, TENSOR = 8, 2, 4  # of what is split: layers over a pipeline, each over accelerators
STAGES_OF_ZERO = ("zero-0", "zero-1", "zero-2", "zero-3")

CLAIMS = Listed(
    """
    | claim                                | stated | says                                                             |
    |--------------------------------------|--------|------------------------------------------------------------------|
    | optimizer-is-sharded                 |        | Sharding divides what the optimizer takes by the number of GPUs. |
    | fits-only-at-scale                   |        | With sharding, a model may fit on many GPUs and not on few.      |
    | zero-0                               |        | The equation for ZeRO-0 gives what a GPU holds at that stage.    |
    | zero-1                               |        | The equation for ZeRO-1 gives what a GPU holds at that stage.    |
    | zero-2                               |        | The equation for ZeRO-2 gives what a GPU holds at that stage.    |
    | zero-3                               |        | The equation for ZeRO-3 gives what a GPU holds at that stage.    |
    | live-parameters                      |        | More live parameters take more memory and less communication in  |
    |                                      |        | ZeRO-3, with significant effect.                                 |
    | activations-over-data-parallel-ranks |        | ZeRO-R splits activations over the ranks of data parallelism.    |
    | zero-r-first                         |        | With ZeRO-R, activations are divided by the size of tensor       |
    |                                      |        | parallelism.                                                     |
    | zero-r                               |        | With ZeRO-R, each GPU holds all activations.                     |
    | communication-overhead               |        | Pipeline and tensor parallelism take significant communication,  |
    |                                      |        | and buffers for it.                                              |
    | model-is-split                       |        | Pipeline and tensor parallelism divide the model by the product  |
    |                                      |        | of their sizes.                                                  |
    | gradients-are-split                  |        | Pipeline and tensor parallelism divide gradients by the size of  |
    |                                      |        | the pipeline.                                                    |
    | pipeline-keeps-activations           |        | A pipeline does not reduce what activations take.                |
    | all-stages-hold-all                  |        | In a pipeline all GPUs store activations of all microbatches in  |
    |                                      |        | flight.                                                          |
    | replicas                             |        | The degree of data parallelism is the number of GPUs by the      |
    |                                      |        | sizes of pipeline and tensor parallelism.                        |
    | hard-with-pipelines                  |        | It is hard to combine pipelines with the sharded gradients of    |
    |                                      |        | ZeRO-2 and ZeRO-3 efficiently.                                   |
    | deepspeed-forbids                    | =2     | DeepSpeed forbids pipelines with ZeRO-2 and ZeRO-3.              |
    | tensor-parallelism-goes-with-all     |        | Tensor parallelism goes with all stages of ZeRO.                 |
    | too-communication-heavy              |        | ZeRO-3 communicates too much for the lab's hardware at large     |
    |                                      |        | scales.                                                          |
    | optimizer-in-3d                      |        | In 3D parallelism with ZeRO-1 the optimizer is divided by the    |
    |                                      |        | number of GPUs.                                                  |
    | activations-in-3d                    |        | In 3D parallelism activations are divided by the size of tensor  |
    |                                      |        | parallelism.                                                     |
    """,
    note=dict.fromkeys(
        STAGES_OF_ZERO,
        "Of model, gradients and optimizer, in mixed precision with AdamW. Read as: for the ZeRO paper's model of 7.5B "
        "on 64 GPUs it gives the GB that the paper prints, to its digit. Without activations, and without ZeRO-3's "
        "live parameters.",
    ),
    version={"zero-r": "2024-10-08"},
    corrects={"zero-r": "zero-r-first"},
    uncheckable={
        "communication-overhead": "significant has no threshold, and no hardware, model or library is named",
        "hard-with-pipelines": "difficult has no threshold: no schedule and no efficiency are named",
        "zero-r": "an equation's activation memory may be what ZeRO-R has left of it: which of them is not said",
        "too-communication-heavy": "it is the lab's finding on its own hardware, without a number",
    },
)


@CLAIMS.claim(note="AdamW's states of the ZeRO paper's model of 7.5B on its 64 GPUs.")
def test_optimizer_is_sharded(zero_paper, counting, measure):
    of = zero_paper["figure"]
    whole, shard = (counting.shard_bytes(of["parameters"], 12, ranks) for ranks in (1, of["gpus"]))
    assert measure(Fraction(whole, shard), "times less on each") == of["gpus"]


@CLAIMS.claim(
    note="Read as: there is a model whose states do not fit on one A100 with 80 GB, and fit on each of many with "
    "ZeRO-1: the ZeRO paper's, of 7.5B, on one GPU and on its 64.",
)
def test_fits_only_at_scale(zero_paper, bars, measure):
    of = zero_paper["figure"]
    sizes = [size * of["parameters"] for size in (2, 12, 2)]
    few, many = (equations.zero(1, gpus, *sizes) / 10**9 for gpus in (1, of["gpus"]))
    assert measure(few, "GB", of="on one") > bars.line > measure(many, "GB", of="on each of many")


@CLAIMS.each(*STAGES_OF_ZERO)
def test_zero(claim, zero_paper, counting, measure):
    of, stage = zero_paper["figure"], STAGES_OF_ZERO.index(claim)
    sizes = {"model": 2, "optimizer": 12, "gradients": 2}
    split = {"optimizer": stage >= 1, "gradients": stage >= 2, "model": stage >= 3}
    held = sum(counting.shard_bytes(of["parameters"], sizes[name], of["gpus"] if split[name] else 1) for name in sizes)
    also = equations.zero(stage, of["gpus"], *(size * of["parameters"] for size in sizes.values())) / 10**9
    assert round(measure(Fraction(held, 10**9), "GB", also=also), 1) == of["gb"][str(stage)]


@CLAIMS.claim(
    refuted="ZeRO-R shares activations among the accelerators of one replica: the ZeRO paper's example shrinks by its "
    "16 ways of model parallelism, and not by its 25 replicas",
    words="Note that ZeRO can also partition activations over data parallel ranks via ZeRO-R.",
    reply="That tensor parallelism is meant, which the next sentence names: but what the sentence says is another "
    "split, and by it the paper's numbers are not met.",
    note="Read as: the activations of the ZeRO paper's example shrink by its degree of data parallelism, to its "
    "printed GB when they are rounded.",
)
def test_activations_over_data_parallel_ranks(zero_paper, measure):
    of = zero_paper["activations"]
    also = {"nodes, each a replica": of["nodes"]}
    replicas = measure(Fraction(of["gpus"], of["model_parallel"]), "replicas", also=also)
    assert measure(of["gb_whole"] / replicas, "GB, by replicas") >= of["gb_partitioned"] - Fraction(1, 2)


@CLAIMS.claim(
    version=FIRST,
    note="The first version divides activations by the degree of tensor parallelism. Read as: so do the ZeRO paper's "
    "GB.",
)
def test_zero_r_first(zero_paper, measure):
    of = zero_paper["activations"]
    assert measure(round(Fraction(of["gb_whole"], of["model_parallel"])), "GB") == of["gb_partitioned"]


@CLAIMS.claim(
    note="Read as: as many live parameters as DeepSpeed lets there be by default take more than all that ZeRO-3 leaves "
    "of the ZeRO paper's model on each of its GPUs, in half precision. What is communicated is not measured.",
)
def test_live_parameters(deepspeed, zero_paper, measure):
    of = zero_paper["figure"]
    left = equations.zero(3, of["gpus"], *(size * of["parameters"] for size in (2, 12, 2)))
    live = measure(Fraction(2 * deepspeed["max_live_parameters"], 10**9), "GB", of="live parameters")
    assert live > measure(left / 10**9, "GB", of="what ZeRO-3 leaves")


@CLAIMS.claim(
    note="Read as: split by columns over 4 accelerators, and each part over 8 replicas as the stage splits weights, "
    "gradients and update, a matrix is after a step where one device brings it."
)
def test_tensor_parallelism_goes_with_all(counting, measure):
    for stage in range(4):
        assert measure(counting.off_after_a_step(stage, TENSOR, 8), "off the whole", of=f"ZeRO-{stage}") == 0


@CLAIMS.claim(note="Matrices of a layer on each of 4 accelerators, in each of 2 stages of a pipeline.")
def test_model_is_split(counting, measure):
    weights = counting.shares(LAYERS, STAGES, TENSOR)["weights"]
    assert measure(Fraction(weights["whole"], weights["held"]), "times less on each") == STAGES * TENSOR


@CLAIMS.claim(
    refuted="a gradient is as large as the part of the matrix that it is of: tensor parallelism divides it as well",
    reply="That the equation is approximate: but it leaves out a whole factor, the size of tensor parallelism, which "
    "the one for the model has.",
    words="memory w/ parallelism, gradients ≈ Gradient Memory / (Pipe-Parallel-Size)",
    note="Gradients of a layer's matrices on each of 4 accelerators, in each of 2 stages of a pipeline, after a step: "
    "read as by no more than the pipeline's size.",
)
def test_gradients_are_split(counting, measure):
    shares = counting.shares(LAYERS, STAGES, TENSOR)
    gradients, matrices = (Fraction(of["whole"], of["held"]) for of in (shares["gradients"], shares["weights"]))
    assert measure(gradients, "times less on each", also={"matrices": matrices}) <= STAGES


@CLAIMS.claim(
    note="Read as: the first of 4 stages holds as many layers' activations as one accelerator would without a "
    "pipeline, with at least as many microbatches as stages, in turns of a forward and a backward pass."
)
def test_pipeline_keeps_activations(measure):
    stages = 4
    held = microbatches_held(stages, 2 * stages)[0] * LAYERS // stages
    assert measure(held, "layers' activations held") == LAYERS


@CLAIMS.claim(
    loosely="only where all forward passes come before the first backward pass; where the two alternate, the last "
    "stage holds one, for it gives back each microbatch at once",
    note="Read as: the last of 4 stages holds as many microbatches as the first, where those in flight have entered. "
    "Literal: forward and backward passes alternate (1F1B); weaker: they do not (GPipe).",
)
def test_all_stages_hold_all(reading, measure):
    first, *_, last = microbatches_held(4, 8, alternate=reading == "literal")
    assert measure(last, "microbatches held") >= measure(first, "microbatches", of="in flight")


@CLAIMS.claim(note="Of the document's figure: 32 GPUs, 4 stages, 4 ways of model parallelism.")
def test_replicas(mesh, measure):
    equation = equations.replicas(mesh["gpus"], mesh["pipeline"], mesh["model"])
    assert measure(equation, "replicas") == measure(mesh["data"], "replicas", of="figure")


@CLAIMS.claim(also_prints=("3",), note="Stages that the pipeline engine of the version named refuses.")
def test_deepspeed_forbids(deepspeed, stated, measure):
    refused = deepspeed["zero_stages_refused"]
    assert stated == measure(min(refused), "first stage refused") and measure(max(refused), "last stage refused") == 3


@CLAIMS.claim(note="4 ways of tensor parallelism, 2 stages and 8 replicas of a model of 8 layers.")
def test_optimizer_in_3d(counting, measure):
    replicas, weights = 8, counting.shares(LAYERS, STAGES, TENSOR)["weights"]
    held = counting.shard_bytes(weights["held"] // 2, 12, replicas)
    assert measure(Fraction(12 * weights["whole"] // 2, held), "times less on each") == STAGES * TENSOR * replicas


@CLAIMS.claim(
    loosely="only of what stands between layers, which activation partitioning splits; by the equations above, 10 "
    "bytes a number are not split",
    note="Read as: by 4 ways of tensor parallelism a layer's activations shrink to a fourth. Literal: with selective "
    "recomputation, as the equations have it; weaker: of a layer's input, of which each accelerator keeps its part.",
)
def test_activations_in_3d(counting, reading, measure):
    recompute = {"literal": "selective", "loose": "full"}[reading]
    kept = counting.kept_by_shards(64, 8, 16, TENSOR, recompute)
    partitioned = kept["held"] / {"literal": 1, "loose": TENSOR}[reading]
    assert measure(kept["whole"] / partitioned, "times less on each") >= TENSOR


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
