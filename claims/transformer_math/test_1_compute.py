"""Compute."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed

pytestmark = pytest.mark.cheap

FLOPS = "FLOPs a parameter and token"
OWN_MODEL = (
    "Of GPT-NeoX-20B over its context of 2,048: the lab's largest model then. All its parameters, and all products."
)


def per_parameter(model: Any, training: Any, flops: int) -> Fraction:
    """FLOPs for each parameter and token."""
    return Fraction(flops, model.total * training.tokens)


CLAIMS = Listed(
    """
    | claim                 | stated | says                                                                          |
    |-----------------------|--------|-------------------------------------------------------------------------------|
    | training-work         | 6      | Training takes 6 FLOPs for each parameter and token.                          |
    | forward-and-backward  |        | The compute of training is that of the forward pass and of the backward pass. |
    | forward-work          | 2      | The forward pass takes 2 FLOPs for each parameter and token.                  |
    | backward-work         | 4      | The backward pass takes 4 FLOPs for each parameter and token.                 |
    | throughput-times-time |        | Compute is the throughput of all GPUs times the time of training.             |
    | equations-validated   |        | Two papers on scaling laws propose these equations and confirm them by        |
    |                       |        | experiments.                                                                  |
    | flop-seconds          |        | FLOPs a second times seconds are FLOP-seconds.                                |
    | petaflop-day          | 1.00   | A petaflop-day is 10^15·24·3600 FLOPs.                                        |
    | twenty-tokens         | 20     | A compute-optimal model is trained on 20 tokens for each parameter.           |
    | gpu-hours             | 1,000  | Where that is best, 1,000 GPUs for an hour cost what one costs for 1,000      |
    |                       |        | hours.                                                                        |
    | least-tokens          | 200B   | A model should not be trained on fewer than 200B tokens.                      |
    | optimal-for-many      | 200B   | Fewer than 200B tokens are compute-optimal for many models.                   |
    | quite-poor            |        | The models that come of so few tokens are usually poor.                       |
    """,
    uncheckable={
        "throughput-times-time": "it defines throughput: compute by time, whatever they are",
        "equations-validated": "what two papers validated is read there: their experiments are trainings that cannot "
        "be repeated here",
        "gpu-hours": "it is the condition of the claim above, and where it is so is not said",
        "least-tokens": "it is advice: for how few tokens not to train depends on what is wanted",
        "quite-poor": "poor has no threshold: no measure and no task is named",
    },
)


@CLAIMS.claim(note=OWN_MODEL)
def test_training_work(neox, training, stated, measure):
    assert measure(per_parameter(neox, training, training.whole.total), FLOPS) == stated


@CLAIMS.claim(note="Counted in one go, and pass by pass, for one layer and the head.")
def test_forward_and_backward(training, measure):
    passes = training.passes(1)
    parts = [measure(getattr(passes, name), "FLOPs", of=name) for name in ("forward", "backward")]
    assert measure(training.at_once(1), "FLOPs", of="both") == sum(parts)


@CLAIMS.claim(note=OWN_MODEL)
def test_forward_work(neox, training, stated, measure):
    run = neox.counted.seen(training.tokens).flops  # with the tables of positions, which some releases multiply
    also = {"run layer by layer": Fraction(sum(run.values()), neox.total * training.tokens)}
    assert measure(per_parameter(neox, training, training.whole.forward), FLOPS, also=also) == stated


@CLAIMS.claim(note=OWN_MODEL)
def test_backward_work(neox, training, stated, measure):
    also = {"twice the forward pass": Fraction(2 * neox.flops(training.tokens).total, neox.total)}
    assert measure(per_parameter(neox, training, training.whole.backward), FLOPS, also=also) == stated


@CLAIMS.claim(
    refuted="FLOPs a second for so many seconds are FLOPs: the seconds cancel, and nothing is left of them in the unit",
    note="Nothing turns it: the seconds cancel, whatever the numbers. Read as: the product is in FLOP-seconds, and so "
    "shrinks by 60 when time is told in minutes instead. GPT-3's training, by its time on a thousand GPUs of 150 "
    "TFLOPs a second.",
)
def test_flop_seconds(gpt3, printed, measure):
    rate = 1000 * printed["tflops_a_gpu"]["normal_attention"] * 10**12
    seconds = Fraction(gpt3["175B"]["flops"], rate)
    product, in_minutes = rate * seconds, (rate * 60) * (seconds / 60)
    assert measure(product / in_minutes, "times as much, told in minutes") == 60


@CLAIMS.claim(
    in_words=True,
    also_prints=("24", "3600"),
    note="In units of 10^15·24·3600. GPT-3's table has both, FLOPs and petaflop-days: they agree to its three digits.",
)
def test_petaflop_day(gpt3, stated, measure):
    day = 10**15 * 24 * 3600
    days = {name: Fraction(of["flops"], day) / of["petaflop_days"] for name, of in gpt3.values.items()}
    assert measure(sum(days.values()) / len(days), "of that, at the mean of eight models") == stated


@CLAIMS.claim(
    loosely="the paper's projections for large models want up to an eighth more; Chinchilla itself was trained so",
    note="To the digits printed, 19.5 to 20.5. Literal: at every size that the paper projects; weaker: of the model "
    "that it trained.",
)
def test_twenty_tokens(compute_optimal, reading, stated, measure):
    rows = {"literal": compute_optimal["projected"], "loose": [compute_optimal["trained"]]}[reading]
    ratios = [measure(Fraction(of["tokens"], of["parameters"]), "tokens a parameter") for of in rows]
    assert stated == min(ratios) and stated == max(ratios)


@CLAIMS.claim(note="Read as: for most of GPT-3's eight sizes, at 20 tokens for each parameter.")
def test_optimal_for_many(gpt3, printed, stated, measure):
    tokens = sorted(printed["tokens_a_parameter"] * of["parameters"] for of in gpt3.values.values())
    assert stated > measure(tokens[len(tokens) // 2], "tokens", of="the fifth of eight sizes")


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
