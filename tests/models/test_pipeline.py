"""Schedules of pipelines: complete, in order, and with as many microbatches in flight as there are stages to come."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from fixtures.models.pipeline import at_work, microbatches_held, order

few = st.integers(1, 8)


@given(few, few)
def test_every_stage_works_on_every_microbatch_as_soon_as_it_can(stages: int, microbatches: int) -> None:
    steps = at_work(stages, microbatches)
    assert sum(steps) == stages * microbatches
    assert len(steps) == stages + microbatches - 1
    assert steps[0] == steps[-1] == 1
    assert max(steps) == min(stages, microbatches)


@given(few, few)
def test_orders_can_be_followed_to_the_end(stages: int, microbatches: int) -> None:
    """A forward pass waits for the stage before, a backward pass for the one after: no stage waits for ever."""
    left = [order(stage, stages, microbatches) for stage in range(stages)]
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
