"""Intervals of ratios: known values, where resampling has nothing to say, and where they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest

from claim_suite.fixtures.claim.numbers import Estimate, Undecided
from claim_suite.fixtures.routing.intervals import (
    TextEstimate,
    cluster_correction,
    effective_texts,
    margin_interval,
    ratio_intervals,
    resample,
    student,
    studentised,
    text_weights,
)
from claim_suite.fixtures.routing.shares import Array, assignment_shares, margin
from tests.routing.planted import counts_of, drawn

SHARES = np.array([0.4, 0.3, 0.2, 0.1])


def one_domain(seed: int, texts: int, shares: Array = SHARES, spread: float = 0.5) -> Array:
    """Counts `[texts, experts]`."""
    counts: Array = counts_of(drawn(seed, shares[None, None], [texts], spread=spread).counts)[0][:, 0]
    return counts


def share_intervals(counts: Array, **how: Any) -> Any:
    return ratio_intervals(counts, counts.sum(-1, keepdims=True), least=0, most=1, **how)


def test_a_ratio_and_its_error_by_hand() -> None:
    # Ten texts of two tokens; nine have one of both, the tenth has two.
    found = resample(np.array([1] * 9 + [2]), np.full(10, 2), text_weights(10, 99, 1))
    assert found.value == 11 / 20
    # Residuals are nine times -.1 and once .9: squares .9, times 10 / 9, over a total of 20.
    assert math.isclose(float(found.error), 1 / 20, rel_tol=1e-12)
    assert found.shifts.shape == found.errors.shape == (99,)


def test_replicates_are_those_of_the_drawn_texts() -> None:
    counts, weights = one_domain(3, 12), text_weights(12, 40, 5)
    sizes = counts.sum(-1, keepdims=True)
    found = resample(counts, sizes, weights)
    for shift, error, times in zip(found.shifts, found.errors, weights.astype(int), strict=True):
        own, total = np.repeat(counts, times, 0), np.repeat(sizes, times, 0)
        share = own.sum(0) / total.sum()
        assert shift == pytest.approx(share - found.value)
        by_hand = np.sqrt((((own - share * total) ** 2).sum(0)) * 12 / 11) / total.sum()
        assert error == pytest.approx(np.maximum(by_hand, found.error / 10))
    assert studentised(found) == pytest.approx(found.shifts / found.errors)


def test_a_replicate_that_lost_all_that_varies_keeps_a_tenth_of_the_error() -> None:
    weights = np.eye(10)[[1] * 10].sum(0)[None]  # the second text, ten times
    found = resample(np.array([2] + [0] * 9), np.full(10, 2), weights)
    assert found.errors == pytest.approx(found.error / 10)
    assert studentised(found) == pytest.approx(-found.value / found.error * 10)


def test_weights_draw_as_many_texts_as_there_are() -> None:
    weights = text_weights(50, 4000, 1)
    assert (weights.sum(1) == 50).all()
    assert 0.97 < weights.var() / 0.98 < 1.03  # binomial: n · 1/n · (1 - 1/n)
    assert (text_weights(50, 4000, 1) == weights).all()
    assert (text_weights(50, 4000, 2) != weights).any()


def test_cluster_correction_by_hand() -> None:
    assert cluster_correction(np.full(10, 3.0)) == pytest.approx(10 / 9)
    # Parts 1/2, 1/4, 1/4: Σh² = 3/8; 1/4 · (1 - 1 + 3/8) + 2 · 1/16 · (1 - 1/2 + 3/8) = 13/64, of 24/64.
    assert cluster_correction(np.array([2.0, 1.0, 1.0])) == pytest.approx(24 / 13)


def test_effective_texts_by_hand() -> None:
    assert effective_texts([3, 3, 3, 3]) == 4
    assert effective_texts([[3, 1], [1, 1]]).tolist() == [1.6, 2]


def test_ends_are_turned_quantiles_of_the_studentised_replicates() -> None:
    counts = one_domain(8, 30)
    sizes = counts.sum(-1, keepdims=True)
    found = resample(counts, sizes, text_weights(30, 1999, 4))
    ordered = np.sort(studentised(found), 0)
    intervals = share_intervals(counts, seed=4)
    squares = (counts.sum(-1) ** 2).astype(float)
    error = found.error * student(0.975, squares.sum() ** 2 / (squares**2).sum() - 1) / 1.959964
    assert intervals.low == pytest.approx(found.value - error * ordered[1949])
    assert intervals.high == pytest.approx(found.value - error * ordered[49])
    assert (share_intervals(counts, seed=5).low != intervals.low).any()
    wide = share_intervals(counts, level=0.99, seed=4)
    assert (wide.low < found.value - error * ordered[1989]).all()
    assert intervals.texts == intervals.estimate(0).texts == 30
    assert intervals.estimate(2) == Estimate(*(float(part[2]) for part in intervals[:3]))


def test_a_level_that_many_share_has_replicates_beyond_it() -> None:
    strict = share_intervals(one_domain(8, 30), level=1 - 0.05 / 200)
    assert (strict.low < share_intervals(one_domain(8, 30)).low).all()


def test_an_expert_that_no_text_chose_may_have_a_share_yet() -> None:
    # Of n texts none chose it: with a share above 1 - .025^(1/n) that happens less often than .025.
    counts = np.array([[4, 0]] * 20)
    found = share_intervals(counts)
    unseen = 1 - 0.025 ** (1 / 20)
    assert found.value.tolist() == [1, 0]
    assert found.low == pytest.approx(np.array([1 - unseen, 0]))
    assert found.high == pytest.approx(np.array([1, unseen]))
    # Half of the texts are three times as long: 20 tell as much as (4 · 10)² / (10 · 10) = 16.
    counts[::2] *= 3
    assert share_intervals(counts).high[1] == pytest.approx(1 - 0.025 ** (1 / 16))
    assert share_intervals(counts, level=0.9).high[1] == pytest.approx(1 - 0.05 ** (1 / 16))
    assert ratio_intervals(counts, counts.sum(-1, keepdims=True), least=0, most=0.5).high[1] == pytest.approx(
        (1 - 0.025 ** (1 / 16)) / 2
    )


@pytest.mark.parametrize(("chose", "most", "widened"), [(9, 1, True), (10, 1, False), (12, 7, False), (12, 9, True)])
def test_an_expert_that_too_few_texts_chose_may_have_more(chose: int, most: int, widened: bool) -> None:
    # As many texts as an interval needs have to have chosen it: ten, of which no few hold most of its choices.
    chosen = np.where(np.arange(40) < chose, 1, 0)
    chosen[0] = most
    counts = np.stack([chosen, 100 - chosen], 1)
    sizes = counts.sum(-1)
    plain = ratio_intervals(counts, sizes[:, None])
    found = share_intervals(counts)
    unseen = (1 - 0.025 ** (1 / 40)) * widened
    assert found.high[0] == pytest.approx(plain.high[0] + unseen * (1 - found.value[0]))
    assert found.low[1] == pytest.approx(plain.low[1] - unseen * found.value[1])
    assert found.low[0] == pytest.approx(max(0, plain.low[0] - unseen * found.value[0]))


def test_shares_stay_between_none_and_all() -> None:
    counts = np.array([[0, 100]] + [[100, 0]] * 11)
    found = share_intervals(counts)
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()
    assert found.high[0] == 1
    assert found.low[1] == 0


def test_margin_is_that_over_the_best_rival() -> None:
    counts = one_domain(9, 200)
    pooled = assignment_shares(counts.sum(0))
    for expert in range(4):
        found = margin_interval(counts, expert)
        assert found.value == pytest.approx(float(margin(pooled, expert)))
        assert found.low < found.value < found.high
        assert found.texts == 200
    assert margin_interval(counts, 0) > 0
    assert margin_interval(counts, 3) < -0.1
    with pytest.raises(ValueError, match="expert 4 has no margin among 4"):
        margin_interval(counts, 4)


def test_margin_with_one_rival_is_twice_the_share_less_one() -> None:
    counts = one_domain(10, 60, np.array([0.6, 0.4]))
    found, share = margin_interval(counts, 0, seed=3), share_intervals(counts, seed=3)
    for part in ("value", "low", "high"):
        assert getattr(found, part) == pytest.approx(2 * float(getattr(share, part)[0]) - 1)


def test_margin_pays_for_many_rivals_above_only() -> None:
    counts = one_domain(11, 100, np.full(7, 1 / 7))
    found = margin_interval(counts, 0)
    alone = ratio_intervals(counts[:, [0]] - counts[:, 1:], counts.sum(-1, keepdims=True))
    assert found.low == pytest.approx(alone.low.min())
    assert found.high > alone.high.min()
    # A rival that is far behind cannot be the best, and costs nothing.
    clear = one_domain(12, 100, np.array([0.6, 0.38, 0.01, 0.01]))
    assert margin_interval(clear, 0).high == pytest.approx(
        float(ratio_intervals(clear[:, 0] - clear[:, 1], clear.sum(-1)).high)
    )


def test_margins_stay_within_what_k_choices_allow() -> None:
    # All texts go to experts 0 and 1 alike: a margin over the others of 1/2 for k of two, and it may be less.
    counts = np.array([[5, 5, 0]] * 20)
    unseen = 1 - 0.025 ** (1 / 20)
    behind = margin_interval(counts, 2, most=0.5)
    assert (behind.value, behind.low) == (-0.5, -0.5)
    assert behind.high == pytest.approx(-0.5 + unseen)
    all_of_it = margin_interval(np.array([[9, 0]] * 20), 0)
    assert (all_of_it.value, all_of_it.high) == (1, 1)
    assert all_of_it.low == pytest.approx(1 - 2 * unseen)


def test_a_ratio_without_bounds_has_the_ends_of_resampling_alone() -> None:
    # Losses of a less those of b, summed over texts, by their tokens.
    tokens = np.array([30, 10] * 10)
    found = ratio_intervals(np.array([1.0, 2.0] * 10) * tokens, tokens).estimate()
    assert found.value == 1.25
    assert 1 < found.low < 1.25 < found.high < 1.5
    turned = ratio_intervals(np.array([-1.0, -2.0] * 10) * tokens, tokens).estimate()
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    assert ratio_intervals(np.zeros(20), tokens).estimate() == Estimate(0, 0, 0)


def test_an_estimate_that_cannot_decide_says_how_many_texts_would() -> None:
    found = TextEstimate(5, 4, 7, 30)
    with pytest.raises(Undecided, match=r"includes 6; 30 texts were read, about 120 would tell"):
        assert found < 6
    with pytest.raises(Undecided, match="about 30 would tell"):
        assert found > 4  # the end is on it
    with pytest.raises(Undecided, match="no number would tell"):
        assert found > 5
    assert found < 8
    assert found > 3


def test_too_few_texts_and_nothing_in_them() -> None:
    counts = one_domain(13, 10, spread=0.3)
    share_intervals(counts)
    attempts: list[Any] = [
        lambda some: share_intervals(some),
        lambda some: margin_interval(some, 0),
        lambda some: ratio_intervals(some[:, 0], some.sum(-1)),
    ]
    for attempt in attempts:
        with pytest.raises(Undecided, match="9 texts are too few to tell, at least 10"):
            attempt(np.concatenate([counts[:9], np.zeros((5, 4), dtype=int)]))
    padded = np.concatenate([counts, np.zeros_like(counts)])
    for one, other in zip(share_intervals(padded), share_intervals(counts), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(ValueError, match="negative"):
        ratio_intervals(np.ones(20), np.array([-1] + [1] * 19))


def test_a_few_texts_that_hold_most_tokens_are_too_few() -> None:
    # One text of 14 beside nineteen of 1 tells as much as 33² / 215 = 5.07 of one size; one of 15 as much as 4.74.
    counts = np.array([[1, 1]] * 20)
    counts[0] = 14
    share_intervals(counts)
    counts[0] = 15
    with pytest.raises(Undecided, match=r"20 texts tell as much as 4.7 of one size, .* at least 5 are needed"):
        share_intervals(counts)
