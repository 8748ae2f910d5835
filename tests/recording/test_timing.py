"""The clock times the two halves by turns where that tells something; its interval is one of order statistics."""

from __future__ import annotations

import math

import pytest

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.recording.timing import LayerClock, order_statistic

SMALL = {
    "hidden_size": 64, "intermediate_size": 4096, "num_attention_heads": 4, "num_key_value_heads": 4,
    "num_hidden_layers": 1, "vocab_size": 8, "max_position_embeddings": 64,
}  # fmt: skip


class Stopped(LayerClock):
    """A clock that shows given times."""

    def seconds(self, context: int) -> list[tuple[float, float]]:
        return [(float(context), context * ratio) for ratio in (1.5, 3.0, 1.0, 2.5, 2.0, 3.5)]


def test_both_halves_are_timed_by_turns_once_a_context() -> None:
    clock = LayerClock("small", SMALL, "cpu", on_cpu=True)
    assert len(clock.seconds(8)) == 6
    assert all(seconds > 0 for pair in clock.seconds(64) for seconds in pair)
    assert clock.seconds(64) is clock.seconds(64) is not clock.seconds(8)


def test_a_cpu_is_not_timed_unless_asked() -> None:
    with pytest.raises(NotCovered, match=r"a CPU's time tells nothing of .* --time-on-cpu"):
        LayerClock("small", SMALL, "cpu").excess(64)


def test_a_time_says_what_was_timed() -> None:
    (told,) = LayerClock("small", SMALL, "cpu").evidence
    assert (told.model, told.precision, told.device) == ("small", "float32", "cpu")
    assert "random weights" in told.note


def test_excess_is_the_median_ratio_less_one() -> None:
    excess = Stopped("small", SMALL, "cpu").excess(64)
    assert (excess.low, excess.value, excess.high) == (0.0, 1.25, 2.5)


@pytest.mark.parametrize(("pairs", "beyond"), [(6, 0), (8, 0), (9, 1), (20, 5)])
def test_the_interval_leaves_out_what_it_may(pairs: int, beyond: int) -> None:
    """Twice the chance that no more than these lie below the median is at most .05; with one more it is not."""
    assert order_statistic(pairs) == beyond
    tail = sum(math.comb(pairs, few) for few in range(beyond + 1)) / 2**pairs
    assert tail <= 0.025 < tail + math.comb(pairs, beyond + 1) / 2**pairs


def test_five_pairs_have_no_interval() -> None:
    with pytest.raises(ValueError, match="time six or more"):
        order_statistic(5)
