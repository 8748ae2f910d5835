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
    | training-work         | ~6     | Training takes 6 FLOPs for each parameter and token.                          |
    | forward-and-backward  |        | The compute of training is that of the forward pass and of the backward pass. |
    | forward-work          | ~2     | The forward pass takes 2 FLOPs for each parameter and token.                  |
    | backward-work         | ~4     | The backward pass takes 4 FLOPs for each parameter and token.                 |
    | throughput-times-time |        | Compute is the throughput of all GPUs times the time of training.             |
    | equations-validated   |        | Two papers on scaling laws propose these equations and confirm them by        |
    |                       |        | experiments.                                                                  |
    | flop-seconds          |        | FLOPs a second times seconds are FLOP-seconds.                                |
    | petaflop-day          | 1.00   | A petaflop-day is 10^15·24·3600 FLOPs.                                        |
    | twenty-tokens         | ~20    | A compute-optimal model is trained on 20 tokens for each parameter.           |
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
        "flop-seconds": "it defines a unit, in which the seconds cancel: a FLOP-second is a FLOP",
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
    in_words=True,
    also_prints=("24", "3600"),
    note="In units of 10^15·24·3600. GPT-3's table has both, FLOPs and petaflop-days: they agree to its three digits.",
)
def test_petaflop_day(gpt3, stated, measure):
    day = 10**15 * 24 * 3600
    days = {name: Fraction(of["flops"], day) / of["petaflop_days"] for name, of in gpt3.values.items()}
    assert measure(sum(days.values()) / len(days), "of that, at the mean of eight models") == stated


@CLAIMS.claim(note="At every size that the Chinchilla paper projects, and of the model that it trained.")
def test_twenty_tokens(compute_optimal, stated, measure):
    rows = [*compute_optimal["projected"], compute_optimal["trained"]]
    ratios = [measure(Fraction(of["tokens"], of["parameters"]), "tokens a parameter") for of in rows]
    assert stated == min(ratios) and stated == max(ratios)


@CLAIMS.claim(note="Read as: for most of GPT-3's eight sizes, at 20 tokens for each parameter.")
def test_optimal_for_many(gpt3, printed, stated, measure):
    tokens = sorted(printed["tokens_a_parameter"] * of["parameters"] for of in gpt3.values.values())
    assert stated > measure(tokens[len(tokens) // 2], "tokens", of="the fifth of eight sizes")


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
