"""The clock times the two halves by turns, and its interval is one of order statistics."""

from __future__ import annotations

import math

import pytest

from fixtures.recording.clock import LayerClock, order_statistic

SMALL = {
    "hidden_size": 64, "intermediate_size": 4096, "num_attention_heads": 4, "num_key_value_heads": 4,
    "num_hidden_layers": 1, "vocab_size": 8, "max_position_embeddings": 64,
}  # fmt: skip


def test_a_wide_mlp_takes_longer() -> None:
    clock = LayerClock(SMALL, "cpu", pairs=6)
    clock.seconds(8)
    assert len(clock.seconds(64)) == 6
    assert all(seconds > 0 for pair in clock.seconds(64) for seconds in pair)
    excess = clock.excess(64)
    assert excess.low <= excess.value <= excess.high
    assert excess > 0


@pytest.mark.parametrize(("pairs", "beyond"), [(6, 0), (8, 0), (9, 1), (20, 5)])
def test_the_interval_leaves_out_what_it_may(pairs: int, beyond: int) -> None:
    """Twice the chance that no more than these lie below the median is at most .05; with one more it is not."""
    assert order_statistic(pairs) == beyond
    tail = sum(math.comb(pairs, few) for few in range(beyond + 1)) / 2**pairs
    assert tail <= 0.025 < tail + math.comb(pairs, beyond + 1) / 2**pairs


def test_five_pairs_have_no_interval() -> None:
    with pytest.raises(ValueError, match="time six or more"):
        order_statistic(5)
