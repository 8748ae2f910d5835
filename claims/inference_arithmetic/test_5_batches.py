"""Batch sizes."""

from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.inference_arithmetic.equations import Sizes, Times

pytestmark = pytest.mark.cheap

MS = 1000
DROPPED = "the same factor is left out of both rows, and their ratio, which the chart is for, is the same"
MAPS = {"q, k, v": ("q_proj", "k_proj", "v_proj"), "o": ("out_proj",), "w1": ("fc1",), "w2": ("fc2",)}


BEFORE_THE_TABLE = Listed(
    """
    | claim                       | stated | says                                                                   |
    |-----------------------------|--------|------------------------------------------------------------------------|
    | ratio-upside-down           | 208    | Memory bandwidth divided by FLOPs is 208.                              |
    | least-batch-bound-by-memory | 208    | The smallest batch that memory bandwidth bounds is 208.                |
    | larger-batch-is-not-faster  |        | Once FLOPs bound the step, a larger batch makes nothing faster.        |
    | latency-share               | 11%    | For a batch of 512 on the 52B model, latency was 11% of communication. |
    """,
    model={"latency-share": "anthropic-52b"},
)


@BEFORE_THE_TABLE.claim(note="Time of a token in batches of 208, 416 and 832.")
def test_larger_batch_is_not_faster(steps, measure):
    step = steps.sized("gopher")
    times = [measure(MS * step.floor(batch) / batch, "ms a token", of=str(batch)) for batch in (208, 416, 832)]
    assert times[0] == times[1] == times[2]


@BEFORE_THE_TABLE.claim(
    refuted="a slip: the quotient is printed upside down, for bandwidth by FLOPs is one part in 208",
    words="The min batch size for memory bandwidth bound is A_bw/A_f = 208",
    reply="The ratio is the one found before, and 208 is right; what is printed is its inverse.",
    note="The document divides the memory bandwidth by the FLOPs. An earlier version divided by the link's bandwidth.",
)
def test_ratio_upside_down(steps, stated, measure):
    one = Times(steps.a100, 1, Sizes(1, 1))
    also = {"the two times, of one parameter": one.compute(1) / one.memory}
    assert (
        measure(Fraction(steps.a100.memory_bandwidth) / steps.a100.flops_per_second, "bytes a FLOP", also=also)
        == stated
    )


@BEFORE_THE_TABLE.claim(
    disputed="it is the smallest batch at which memory bandwidth no longer bounds the step alone",
    words="The min batch size for memory bandwidth bound is A_bw/A_f = 208",
    note="Tried batch by batch. Literally the smallest that memory bounds. Other: the smallest that takes as long to "
    "compute as to read the weights.",
)
def test_least_batch_bound_by_memory(steps, reading, stated, measure):
    step, batches = steps.sized("gopher"), range(1, 513)
    by_memory = [batch for batch in batches if step.reading >= step.computing(batch)]
    by_flops = [batch for batch in batches if step.computing(batch) >= step.reading]
    found = {"literal": by_memory, "other": by_flops}[reading]
    assert measure(min(found), "sequences", of="smallest") == stated


@BEFORE_THE_TABLE.claim(
    refuted="for the 52B model waiting is more than a fifth of the time of communication; the printed share is its "
    "wait by the transfer of the model of Gopher's size",
    words="our 512 batch on 52B communication cost was still 11% latency",
    reply="It may be from other constants, as an earlier version had them; but the post prints none that give it.",
    note="Of a batch of 512 on the 52B model, of waiting and sending together; by sending alone it is more still.",
)
def test_latency_share(steps, anthropic, stated, measure):
    step, gopher, equations = steps.layers_of(anthropic, 4), steps.sized("gopher"), steps.equations_of(anthropic, 4)
    measure(step.waiting / gopher.sending(512), "of sending", of="a Gopher's")
    also = {"printed equations": equations.waiting / (equations.waiting + equations.transfer(512))}
    assert measure(step.waiting / (step.waiting + step.sending(512)), "of communication", also=also) == stated


@table(
    """
    | row            | q, k, v | o | w1 | w2 |
    | flops          | 3       | 1 | 4  | 4  |
    | bytes of comms | 1       | 1 | 1  | 1  |
    | flops/byte     | 3       | 1 | 4  | 4  |
    """,
    id="flops-and-comms",
    name="Computation and communication",
    disputed={
        "flops": f"in multiplications with their additions, of two FLOPs each: {DROPPED}",
        "bytes of comms": f"in numbers, of two bytes each: {DROPPED}",
    },
    loosely={
        "flops/byte": "only of the width for each chip, as the text below the table has it: a chip does a share of "
        "the FLOPs, and sends whole vectors"
    },
    note="N - 1 is taken as N. FLOPs of all chips, bytes of one; FLOPs a byte of one of four. Literally with the two "
    "FLOPs and two bytes of the document's own rules, and d is the model's width; weaker: what a chip has of it.",
    in_words={"bytes of comms": True, "o": True},
)
def test_flops_and_comms(cell, anthropic, counting, sharding, reading, stated, measure):
    """For {column}, the {row} are {stated} times what the row is in: B·d², B·d or d."""
    work = Fraction(counting.projection_work(anthropic, *MAPS[cell.column]), Sizes.of(anthropic.config).unit)
    sent = 2 * Fraction(sharding.exchanged(16, 4).sent * 4, 4 * 3 * 16)
    times = {"flops": work, "bytes of comms": sent, "flops/byte": work / 4 / sent}[cell.row]
    assert measure(times * Fraction({"literal": "1", "other": "1/2", "loose": "4"}[reading]), "times") == stated


AFTER_THE_TABLE = Listed(
    """
    | claim                | stated | says                                                                         |
    |----------------------|--------|------------------------------------------------------------------------------|
    | link-ratio           | 1040   | An A100 does 1040 FLOPs for each byte that it communicates.                  |
    | safe-from-1024       | 1024   | For any width over 1024 a chip, each step is bound by FLOPs rather than      |
    |                      |        | communication.                                                               |
    | awkward-at-512       | 512    | For a width of 512 it is awkward.                                            |
    | exercise-compute     | ~21    | For a batch of 256 the 52B model computes about 21 ms on four GPUs.          |
    | exercise-comms       | ~4     | It communicates about 4 ms.                                                  |
    | choices-are-absolute |        | Services of low load, services of high load and mass jobs should each choose |
    |                      |        | another batch size, absolutely.                                              |
    """,
    model=dict.fromkeys(("exercise-compute", "exercise-comms"), "anthropic-52b"),
    also_prints={"exercise-compute": ("256",)},
    uncheckable={
        "choices-are-absolute": "what a service should do with its load is advice, and no measurement decides it"
    },
    note={"exercise-compute": "Exercise 7 gives its answers: the 52B model on four GPUs."},
)


def flops_a_byte(model: Any, counting: Any, width: int) -> list[Fraction]:
    """FLOPs for each byte sent, of each of the table's columns, for vectors of a width."""
    works = [counting.projection_work(model, *names) for names in MAPS.values()]
    return [Fraction(work * width, 2 * Sizes.of(model.config).unit) for work in works]


@AFTER_THE_TABLE.claim(
    loosely="not from 1,025 to 1,040: the output projection has one FLOP a byte for each feature, and the hardware "
    "1,040; the next width that is a multiple of 128 is safe",
    note="The widest at which a step has no more FLOPs a byte than the hardware. Literal: of all widths; weaker: of "
    "multiples of 128.",
)
def test_safe_from_1024(steps, anthropic, counting, reading, stated, measure):
    apart, for_a_feature = {"literal": 1, "loose": 128}[reading], min(flops_a_byte(anthropic, counting, 1))
    widest = steps.a100.interconnect_ridge // for_a_feature // apart * apart
    assert measure(widest, "features", of="widest that communication bounds") <= stated


@AFTER_THE_TABLE.claim(note="Read as: some of the four steps have fewer FLOPs a byte than the hardware, others not.")
def test_awkward_at_512(steps, anthropic, counting, stated, measure):
    ratios = flops_a_byte(anthropic, counting, int(stated.nominal))
    below = sum(ratio < steps.a100.interconnect_ridge for ratio in ratios)
    assert stated == measure(min(ratios), "FLOPs a byte", of="least of four steps")
    assert 0 < measure(below, "steps of four that communication bounds") < len(ratios)


@AFTER_THE_TABLE.each()
def test_on_four_gpus(claim, steps, stated, measure):
    step, equations, batch = steps.sized("anthropic"), steps.equations("anthropic"), steps.printed["exercise"]["batch"]
    found = {
        "link-ratio": lambda: measure(steps.a100.interconnect_ridge, "FLOPs a byte"),
        "exercise-compute": lambda: measure(MS * step.floor(batch), "ms", also=MS * equations.compute(batch)),
        "exercise-comms": lambda: measure(MS * step.sending(batch), "ms", also=MS * equations.transfer(batch)),
    }
    assert found[claim]() == stated
