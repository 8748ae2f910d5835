"""Intervals of ratios: known values, laws, where texts have nothing to say, and where they refuse."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import Estimate, Undecided
from claim_suite.fixtures.routing.intervals import (
    TextEstimate,
    effective_texts,
    fisher,
    influences,
    margin_interval,
    ratio_intervals,
    student,
)
from claim_suite.fixtures.routing.shares import Array, assignment_shares, margin
from tests.routing.planted import counts_of, drawn

SHARES = np.array([0.4, 0.3, 0.2, 0.1])
SEEDS = st.integers(0, 2**32 - 1)


def one_domain(seed: int, texts: int, shares: Array = SHARES, spread: float = 0.5) -> Array:
    """Counts `[texts, experts]`."""
    counts: Array = counts_of(drawn(seed, shares[None, None], [texts], spread=spread).counts)[0][:, 0]
    return counts


def share_intervals(counts: Array, level: float = 0.95) -> Any:
    return ratio_intervals(counts, counts.sum(-1, keepdims=True), level, 0, 1)


@given(SEEDS, st.integers(10, 15))
def test_an_influence_is_what_a_ratio_loses_without_a_text(seed: int, texts: int) -> None:
    drawing = np.random.default_rng(seed)
    above, below = drawing.random((texts, 3)), drawing.integers(1, 9, (texts, 1))
    ratio, influence = influences(above, below)
    assert ratio == pytest.approx(above.sum(0) / below.sum())
    for text in range(texts):
        without = np.delete(above, text, 0).sum(0) / np.delete(below, text).sum()
        assert influence[text] == pytest.approx((ratio - without) * math.sqrt((texts - 1) / texts))


def test_the_error_of_a_mean_is_the_one_of_the_books() -> None:
    # Of texts of one size a ratio is a mean, whose variance is that of the texts, by n - 1, over n.
    means = np.random.default_rng(1).random(12)
    _, influence = influences(means * 30, np.full(12, 30))
    assert (influence**2).sum() == pytest.approx(means.var(ddof=1) / 12)


def test_quantiles_are_those_of_the_tables() -> None:
    freedom = np.array([1.0, 2, 5, 120, np.inf])
    assert student(0.975, freedom) == pytest.approx([12.7062, 4.30265, 2.57058, 1.97993, 1.95996], abs=1e-4)
    assert float(student(1 - 0.025 / 32, 1)) == pytest.approx(407.44, abs=0.1)
    assert fisher(0.975, [1, 7], [9, 60]) == pytest.approx([7.2093, 2.5068], abs=1e-3)


def test_effective_texts_by_hand() -> None:
    assert effective_texts([3, 3, 3, 3]) == pytest.approx(4)
    # One of 2 beside two of 1: 4² / 6 by sizes, 6² / 18 by their squares.
    assert effective_texts([2, 1, 1]) == pytest.approx(math.sqrt(16 / 6 * 36 / 18))
    assert effective_texts([[3, 1], [1, 1]]) == pytest.approx([math.sqrt(16 / 10 * 100 / 82), 2])
    assert effective_texts([0, 0]) == 0


def test_a_ratio_without_bounds_has_student_s_interval() -> None:
    # Losses of a less those of b, summed over texts, by their tokens.
    tokens = np.array([30, 10] * 10)
    losses = np.array([1.0, 2.0] * 10) * tokens
    found = ratio_intervals(losses, tokens).estimate()
    assert found.value == 1.25
    error = math.sqrt((influences(losses, tokens)[1] ** 2).sum())
    assert found.high - 1.25 == pytest.approx(error * student(0.975, effective_texts(tokens) - 1))
    assert 1.25 - found.low == pytest.approx(found.high - 1.25)
    turned = ratio_intervals(-losses, tokens).estimate()
    assert (turned.low, turned.high) == pytest.approx((-found.high, -found.low))
    strict = ratio_intervals(losses, tokens, 0.99).estimate()
    assert strict.high - 1.25 == pytest.approx(error * student(0.995, effective_texts(tokens) - 1))
    assert ratio_intervals(np.zeros(20), tokens).estimate() == Estimate(0, 0, 0)
    assert found.texts == 20


def logit(place: Any) -> Any:
    return np.log(place / (1 - np.asarray(place)))


def test_a_ratio_with_bounds_has_it_in_its_logit() -> None:
    counts = one_domain(8, 30)
    sizes = counts.sum(-1)
    for least, most in ((0.0, 1.0), (0.0, 0.5), (-1.0, 1.0)):
        found = ratio_intervals(counts, sizes[:, None], 0.9, least, most)
        place, low, high = ((np.asarray(part) - least) / (most - least) for part in found[:3])
        error = np.sqrt((influences(counts, sizes[:, None])[1] ** 2).sum(0)) / (most - least)
        off = counts - least * sizes[:, None], most * sizes[:, None] - counts
        tell = np.minimum(effective_texts(sizes), np.minimum(*map(effective_texts, np.maximum(off, 0))))
        reach = student(0.95, tell - 1) * error / (place * (1 - place))
        inside = (place > 0) & (place < 1)
        assert (logit(high) - logit(place))[inside] == pytest.approx(reach[inside])
        assert (logit(place) - logit(low))[inside] == pytest.approx(reach[inside])
    assert found.estimate(2) == Estimate(*(float(part[2]) for part in found[:3]))


@given(SEEDS, st.floats(0.5, 0.999), st.floats(1.05, 8))
def test_laws_of_intervals_of_shares(seed: int, level: float, times: float) -> None:
    """Inside the bounds, about the value, mirrored, the wider the surer, and blind to the order and unit of sizes."""
    drawing = np.random.default_rng(seed)
    counts = one_domain(seed, int(drawing.integers(14, 40)), drawing.dirichlet(np.ones(5)))
    sizes = counts.sum(-1, keepdims=True)
    found = share_intervals(counts, level)
    assert ((found.low >= 0) & (found.low <= found.value) & (found.value <= found.high) & (found.high <= 1)).all()
    rest = ratio_intervals(sizes - counts, sizes, level, 0, 1)
    assert rest.low == pytest.approx(1 - found.high)
    surer = share_intervals(counts, (1 + level) / 2)
    assert ((surer.low <= found.low) & (surer.high >= found.high)).all()
    order = drawing.permutation(len(counts))
    again = ratio_intervals(times * counts[order], times * sizes[order], level, 0, 1)
    for one, other in zip(again[:3], found[:3], strict=True):
        assert one == pytest.approx(other, abs=1e-9)
    scaled = ratio_intervals(times * counts, sizes, level, 0, times)
    assert scaled.high == pytest.approx(times * found.high)
    more = share_intervals(np.concatenate([counts] * 4), level)
    assert (more.high - more.low < found.high - found.low + 1e-12).all()


def test_an_expert_that_no_text_chose_may_have_a_share_yet() -> None:
    # Of n texts none chose it: with a share above 1 - .025^(1/n) that happens less often than .025.
    counts = np.array([[4, 0]] * 20)
    found = share_intervals(counts)
    unseen = 1 - 0.025 ** (1 / 20)
    assert found.value.tolist() == [1, 0]
    assert found.low == pytest.approx(np.array([1 - unseen, 0]))
    assert found.high == pytest.approx(np.array([1, unseen]))
    counts[::2] *= 3
    n = float(effective_texts(counts[:, 0]))
    assert share_intervals(counts).high[1] == pytest.approx(1 - 0.025 ** (1 / n))
    assert share_intervals(counts, 0.9).high[1] == pytest.approx(1 - 0.05 ** (1 / n))
    assert ratio_intervals(counts, counts.sum(-1, keepdims=True), least=0, most=0.5).high[1] == pytest.approx(
        (1 - 0.025 ** (1 / n)) / 2
    )


def test_texts_that_are_all_alike_do_not_make_sure() -> None:
    found = share_intervals(np.array([[3, 1]] * 20))
    unseen = 1 - 0.025 ** (1 / 20)
    assert found.low == pytest.approx(found.value * (1 - unseen))
    assert found.high == pytest.approx(found.value + (1 - found.value) * unseen)


@pytest.mark.parametrize(("chose", "decides"), [(1, False), (2, False), (3, True), (12, True)])
def test_an_expert_that_under_three_texts_chose_decides_nothing(chose: int, decides: bool) -> None:
    counts = np.stack([np.where(np.arange(40) < chose, 1, 0), np.full(40, 100)], 1)
    counts[:, 1] -= counts[:, 0]
    found = share_intervals(counts)
    assert np.array_equal(found.low == 0, [not decides] * 2)
    assert np.array_equal(found.high == 1, [not decides] * 2)


def test_a_margin_is_as_low_as_that_over_any_rival() -> None:
    # Expert 1 is nearer, in every text alike; expert 2 is behind it, and in few texts far ahead of it.
    counts = np.array([[50, 40, 9, 1]] * 20 + [[50, 39, 10, 1]] * 20)
    counts[::3] = [24, 14, 62, 0]
    sizes = counts.sum(-1, keepdims=True)
    alone = ratio_intervals(counts[:, [0]] - counts[:, 1:], sizes, 0.95, -1, 1)
    assert alone.low.argmin() != alone.value.argmin()
    assert margin_interval(counts, 0).low == alone.low.min()


def test_shares_stay_between_none_and_all() -> None:
    counts = np.array([[0, 100]] + [[100, 0]] * 11)
    found = share_intervals(counts)
    assert (found.low >= 0).all()
    assert (found.high <= 1).all()
    assert found.high[0] > 1 - 1e-6
    assert found.low[1] < 1e-6


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
    found, share = margin_interval(counts, 0, 0.9), share_intervals(counts, 0.9)
    for part in ("value", "low", "high"):
        assert getattr(found, part) == pytest.approx(2 * float(getattr(share, part)[0]) - 1)


@given(SEEDS, st.sampled_from([0.9, 0.95]))
def test_margin_pays_for_the_rivals_that_may_be_best_above_only(seed: int, level: float) -> None:
    counts = one_domain(seed, 40, np.array([0.28, 0.28, 0.26, 0.17, 0.01]))
    found, sizes = margin_interval(counts, 0, level), counts.sum(-1, keepdims=True)
    alone = ratio_intervals(counts[:, [0]] - counts[:, 1:], sizes, level, -1, 1)
    assert found.low == pytest.approx(alone.low.min())
    near = np.flatnonzero(alone.low <= alone.high.min()) + 1
    together = ratio_intervals(counts[:, [0]] - counts[:, near], sizes, 1 - (1 - level) / len(near), -1, 1)
    assert found.high == pytest.approx(together.high.min())
    assert 4 not in near  # far behind, it cannot be the best, and costs nothing


def test_margins_stay_within_what_k_choices_allow() -> None:
    # All texts go to experts 0 and 1 alike: a margin over the others of 1/2 for k of two, and it may be less.
    counts = np.array([[5, 5, 0]] * 20)
    unseen = 1 - 0.025 ** (1 / 20)
    behind = margin_interval(counts, 2, most=0.5)
    assert (behind.value, behind.low) == (-0.5, -0.5)
    assert behind.high == pytest.approx(-0.5 + (1 - 0.0125 ** (1 / 20)))  # over two rivals that are level
    all_of_it = margin_interval(np.array([[9, 0]] * 20), 0)
    assert (all_of_it.value, all_of_it.high) == (1, 1)
    assert all_of_it.low == pytest.approx(1 - 2 * unseen)


def test_an_estimate_that_cannot_decide_says_how_many_texts_would() -> None:
    found = TextEstimate(5, 4, 7, 30)
    with pytest.raises(Undecided, match=r"includes 6; 30 texts were read, about 120 would tell"):
        assert found < 6
    with pytest.raises(Undecided, match="about 54 would tell"):
        assert found < 6.5  # (2 / 1.5)² · 30 = 53.3
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
    # A text counts that has tokens anywhere, though at one place it has none.
    two = np.array([[2, 0]] * 3 + [[2, 2]] * 9)
    assert ratio_intervals(two // 2, two).texts == 12
    padded = np.concatenate([counts, np.zeros_like(counts)])
    for one, other in zip(share_intervals(padded), share_intervals(counts), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(ValueError, match="negative"):
        ratio_intervals(np.ones(20), np.array([-1] + [1] * 19))


def test_a_few_texts_that_hold_most_tokens_are_too_few() -> None:
    # One text of 11 beside nineteen of 1 tells as much as sqrt(30² · 140 / (11⁴ + 19)) = 2.93 of one size; of 10, 3.21.
    counts = np.array([[1, 1]] * 20)
    counts[0] = 10
    share_intervals(counts)
    # It is enough that a few hold most of them at one place.
    uneven = np.stack([np.ones(20), [60] + [1] * 19], 1)
    with pytest.raises(Undecided, match="20 texts tell as much as 1"):
        ratio_intervals(uneven, uneven)
    counts[0] = 11
    with pytest.raises(Undecided, match=r"20 texts tell as much as 2.9 of one size, .* at least 3 are needed"):
        share_intervals(counts)
