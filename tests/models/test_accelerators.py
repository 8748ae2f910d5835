"""Least times are exact and follow the laws of rates; schedules of pipelines are complete and in order."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.models.accelerators import Accelerator, Decoding, at_work, microbatches_held, order

rates = st.integers(1, 10**6)
SLOW = Accelerator(
    flops_per_second=600, memory_bandwidth=20, interconnect_bandwidth=30, latency=Fraction(1, 8), capacity=4
)


@st.composite
def steps(draw: st.DrawFn) -> Decoding:
    device = Accelerator(draw(rates), draw(rates), draw(rates), Fraction(1, draw(rates)))
    return Decoding(device, draw(rates), draw(rates), draw(st.integers(1, 64)), draw(st.integers(0, 9)), draw(rates))


def test_a_step_worked_by_hand() -> None:
    step = Decoding(SLOW, weights=80, flops=300, accelerators=2, messages=4, sent=6)
    assert [step.reading, step.computing(1), step.computing(12)] == [2, Fraction(1, 4), 3]
    assert [step.floor(1), step.floor(12), step.critical_batch_size] == [2, 3, 8]
    assert [step.waiting, step.sending(5)] == [Fraction(1, 2), 1]
    assert [SLOW.ridge, SLOW.interconnect_ridge] == [30, 20]


@given(steps(), st.integers(1, 1000))
def test_reading_bounds_below_the_balance_and_computing_above(step: Decoding, batch: int) -> None:
    assert step.floor(batch) == (step.reading if batch <= step.critical_batch_size else step.computing(batch))
    assert step.floor(batch) <= step.floor(batch + 1)
    assert step.floor(batch) / batch >= step.floor(batch + 1) / (batch + 1)


@given(steps(), st.integers(1, 1000), st.integers(2, 8))
def test_times_are_divided_over_accelerators_and_messages_are_not(step: Decoding, batch: int, times: int) -> None:
    more = Decoding(
        step.accelerator, step.weights, step.flops, times * step.accelerators, step.messages, step.sent
    )  # fmt: skip
    assert more.floor(batch) * times == step.floor(batch)
    assert more.critical_batch_size == step.critical_batch_size
    assert (more.waiting, more.sending(batch)) == (step.waiting, step.sending(batch))


@given(rates, rates, st.integers(1, 9))
def test_the_balance_is_the_ridge_where_each_byte_has_one_flop(flops: int, memory: int, size: int) -> None:
    device = Accelerator(flops, memory)
    assert Decoding(device, weights=size, flops=size).critical_batch_size == device.ridge


@pytest.mark.parametrize(
    "wrong",
    [
        {"flops_per_second": 0},
        {"memory_bandwidth": -1},
        {"interconnect_bandwidth": -1},
        {"latency": -1},
        {"capacity": -1},
    ],
)
def test_an_accelerator_with_a_rate_that_cannot_be_is_refused(wrong: dict[str, int]) -> None:
    with pytest.raises(ValueError, match="positive rates"):
        Accelerator(**{"flops_per_second": 1, "memory_bandwidth": 1} | wrong)


few = st.integers(1, 8)


@given(few, few)
def test_every_stage_works_on_every_microbatch_as_soon_as_it_can(stages: int, microbatches: int) -> None:
    steps = at_work(stages, microbatches)
    assert sum(steps) == stages * microbatches
    assert len(steps) == stages + microbatches - 1
    assert steps[0] == steps[-1] == 1
    assert max(steps) == min(stages, microbatches)


@given(few, few, st.booleans())
def test_orders_can_be_followed_to_the_end(stages: int, microbatches: int, alternate: bool) -> None:
    """A forward pass waits for the stage before, a backward pass for the one after: no stage waits for ever."""
    left = [order(stage, stages, microbatches, alternate=alternate) for stage in range(stages)]
    done = {1: [0] * stages, -1: [0] * stages}
    while any(left):
        ready = []
        for stage in (stage for stage in range(stages) if left[stage]):
            way = left[stage][0]
            source = stage - way
            waits = done[way][source] if 0 <= source < stages else done[1][stage] if way < 0 else microbatches
            if done[way][stage] < waits:
                ready.append(stage)
        assert ready
        for stage in ready:
            done[left[stage].pop(0)][stage] += 1
    assert done[1] == done[-1] == [microbatches] * stages


@given(few, few)
def test_a_stage_holds_one_microbatch_for_each_stage_to_come(stages: int, microbatches: int) -> None:
    assert microbatches_held(stages, microbatches) == [min(stages - stage, microbatches) for stage in range(stages)]
    assert microbatches_held(stages, microbatches, alternate=False) == [microbatches] * stages
