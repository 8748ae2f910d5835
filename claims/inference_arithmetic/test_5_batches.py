"""Batch sizes."""

from fractions import Fraction
from typing import Any

import pytest

from claims.inference_arithmetic import equations
from fixtures.claim.table import table

pytestmark = pytest.mark.cheap

MS = 1000


@pytest.mark.claim(
    "ratio-upside-down",
    stated="208",
    refuted="a slip: the quotient is printed upside down, for bandwidth by FLOPs is one part in 208",
    note="The document divides the memory bandwidth by the FLOPs. An earlier version divided by the link's bandwidth.",
)
def test_ratio_upside_down(steps, stated, measure):
    """Memory bandwidth divided by FLOPs is 208."""
    assert measure(Fraction(steps.a100.memory) / steps.a100.flops, "bytes a FLOP") == stated


@pytest.mark.claim(
    "least-batch-bound-by-memory",
    stated="208",
    refuted="memory bounds the step up to that batch: it is the smallest that FLOPs bound, and the smallest that "
    "memory bounds is one",
    note="Tried batch by batch.",
)
def test_least_batch_bound_by_memory(steps, stated, measure):
    """The smallest batch that memory bandwidth bounds is 208."""
    step = steps.sized("gopher")
    bound = [batch for batch in range(1, 513) if step.reading >= step.computing(batch)]
    measure(max(bound), "sequences", of="largest")
    assert measure(min(bound), "sequences", of="smallest") == stated


@pytest.mark.claim("larger-batch-is-not-faster", note="Time of a token in batches of 208, 416 and 832.")
def test_larger_batch_is_not_faster(steps, measure):
    """Once FLOPs bound the step, a larger batch makes nothing faster."""
    step = steps.sized("gopher")
    times = [measure(MS * step.floor(batch) / batch, "ms a token", of=str(batch)) for batch in (208, 416, 832)]
    assert times[0] == times[1] == times[2]


@pytest.mark.claim(
    "latency-share",
    stated="11%",
    refuted="for the 52B model waiting is more than a fifth of the time of communication; the printed share is its "
    "wait "
    "by the transfer of the model of Gopher's size",
    note="Of a batch of 512 on the 52B model, of waiting and sending together; by sending alone it is more still.",
)
def test_latency_share(steps, anthropic, stated, measure):
    """For a batch of 512 on the 52B model, latency was 11% of communication."""
    step, gopher = steps.layers_of(anthropic, 4), steps.sized("gopher")
    measure(step.waiting / gopher.sending(512), "of sending", of="a Gopher's")
    assert measure(step.waiting / (step.waiting + step.sending(512)), "of communication") == stated


@table(
    """
    | row            | q, k, v | o | w1 | w2 |
    | flops          | 3       | 1 | 4  | 4  |
    | bytes of comms | 1       | 1 | 1  | 1  |
    | flops/byte     | 3       | 1 | 4  | 4  |
    """,
    id="flops-and-comms",
    name="Computation and communication",
    refuted={
        "flops": "a multiplication and its addition are two FLOPs, as the document's own rule for a product has it",
        "bytes of comms": "these are numbers, each of two bytes in the 16-bit formats assumed throughout",
    },
    note="As a multiple of B·d², B·d and d, for N - 1 taken as N.",
    in_words={"bytes of comms": True, "o": True},
)
def test_flops_and_comms(cell, anthropic, counting, sharding, stated, measure):
    """For {column}, the {row} are {stated} times what the table's row is a multiple of."""
    of = anthropic.config
    maps = {"q, k, v": ("q_proj", "k_proj", "v_proj"), "o": ("out_proj",), "w1": ("fc1",), "w2": ("fc2",)}[cell.column]
    work = counting.projection_work(anthropic, *maps) // of["num_hidden_layers"]
    numbers = Fraction(sharding.exchanged(16, 4).sent * 4, 4 * 3 * 16)
    sizes = {"flops": Fraction(work, of["hidden_size"] ** 2), "bytes of comms": 2 * numbers}
    assert measure(sizes.get(cell.row, sizes["flops"] / sizes["bytes of comms"]), "times") == stated


@pytest.mark.claim("link-ratio", stated="1040")
def test_link_ratio(steps, stated, measure):
    """An A100 does 1040 FLOPs for each byte that it communicates."""
    assert (
        measure(steps.a100.ridge_of_link, "FLOPs a byte", also=steps.a100.flops / Fraction(steps.a100.link)) == stated
    )


def flops_a_byte(model: Any, counting: Any, width: int) -> list[Fraction]:
    """FLOPs for each byte sent, of each of the table's columns, for vectors of a width."""
    maps = [("q_proj", "k_proj", "v_proj"), ("out_proj",), ("fc1",), ("fc2",)]
    of = model.config
    works = [counting.projection_work(model, *names) for names in maps]
    return [Fraction(work * width, 2 * of["num_hidden_layers"] * of["hidden_size"] ** 2) for work in works]


@pytest.mark.claim(
    "safe-from-1024",
    stated="1024",
    loosely="not from 1,025 to 1,040: the output projection has one FLOP a byte for each feature, and the hardware "
    "1,040; the next width that is a multiple of 128 is safe",
    note="Literal: for every width above it each step has more FLOPs a byte than the hardware; weaker: for every "
    "multiple of 128 above it.",
)
def test_safe_from_1024(steps, anthropic, counting, reading, stated, measure):
    """For any width over 1024 a chip, each step is bound by FLOPs rather than communication."""
    first = int(stated.nominal) + {"literal": 1, "loose": 128}[reading]
    least = measure(min(flops_a_byte(anthropic, counting, first)), "FLOPs a byte", of=f"width {first}")
    assert stated < first and least > steps.a100.ridge_of_link


@pytest.mark.claim(
    "awkward-at-512",
    stated="512",
    note="Read as: some of the four steps have fewer FLOPs a byte than the hardware, others not.",
)
def test_awkward_at_512(steps, anthropic, counting, stated, measure):
    """For a width of 512 it is awkward."""
    ratios = flops_a_byte(anthropic, counting, int(stated.nominal))
    below = sum(ratio < steps.a100.ridge_of_link for ratio in ratios)
    assert stated == min(ratios) and 0 < measure(below, "steps of four that communication bounds") < len(ratios)


@pytest.mark.claim(
    "exercise-compute",
    stated="21",
    also_prints=("256",),
    note="Exercise 7 gives its answers: the 52B model on four GPUs.",
)
def test_exercise_compute(steps, stated, measure):
    """For a batch of 256 the 52B model computes about 21 ms on four GPUs."""
    of, batch = steps.printed["anthropic"], steps.printed["exercise"]["batch"]
    also = MS * equations.compute_time(batch, of["parameters"], of["accelerators"], steps.a100.flops)
    assert measure(MS * steps.sized("anthropic").floor(batch), "ms", also=also) == stated


@pytest.mark.claim("exercise-comms", stated="4")
def test_exercise_comms(steps, stated, measure):
    """It communicates about 4 ms."""
    of, batch = steps.printed["anthropic"], steps.printed["exercise"]["batch"]
    also = MS * equations.transfer_time(batch, of["layers"], of["width"], steps.a100.link)
    assert measure(MS * steps.sized("anthropic").sending(batch), "ms", also=also) == stated


@pytest.mark.claim(
    "choices-are-absolute",
    uncheckable="what a service should do with its load is advice, and no measurement decides it",
)
def test_choices_are_absolute():
    """Services of low load, services of high load and mass jobs should each choose another batch size, absolutely."""
