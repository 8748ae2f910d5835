"""Laws and known values of shares and distances, and what the published figures give."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.routing.distances import over_domains
from claim_suite.fixtures.routing.shares import (
    Array,
    assignment_shares,
    between,
    evenness,
    margin,
    rise,
    squared_distance,
    token_shares,
)

SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 1e-12


def random_counts(seed: int, *shape: int) -> Array:
    """Counts of which about a fifth are zero, and none of the rows."""
    drawing = np.random.default_rng(seed)
    counts = drawing.integers(0, 1000, shape) * (drawing.random(shape) > 0.2)
    counts[..., 0] += 1
    return np.asarray(counts)


def test_assignment_shares_by_hand() -> None:
    shares = assignment_shares(np.array([[1, 3, 0, 4], [2, 2, 2, 2]], dtype=np.int32))
    assert shares.dtype == np.float64
    assert shares.tolist() == [[0.125, 0.375, 0, 0.5], [0.25] * 4]


def test_token_shares_by_hand() -> None:
    # Four tokens with two choices each: expert 0 works on all of them, expert 1 on half.
    assert token_shares([4, 2, 1, 1], 2).tolist() == [1, 0.5, 0.25, 0.25]
    assert token_shares([[4, 2, 1, 1], [1, 1, 0, 0]], 2).tolist() == [[1, 0.5, 0.25, 0.25], [1, 1, 0, 0]]


@pytest.mark.parametrize(
    ("counts", "top_k", "line"),
    [
        ([[1, 1], [0, 0]], 1, "no choices"),
        ([2, -1], 1, "negative"),
        ([5, 2, 1, 0], 2, "these are not top-2"),
        ([[1, 1, 1, 1], [3, 1, 0, 0]], 2, "these are not top-2"),
    ],
)
def test_counts_without_shares_are_refused(counts: Any, top_k: int, line: str) -> None:
    with pytest.raises(ValueError, match=line):
        token_shares(counts, top_k)


@given(SEEDS, st.integers(1, 64))
def test_shares_sum_to_one(seed: int, experts: int) -> None:
    assert assignment_shares(random_counts(seed, 5, experts)).sum(-1) == pytest.approx(1, abs=ROUNDING)


def test_margin_by_hand() -> None:
    shares = np.array([0.125, 0.5, 0.25, 0.125])
    assert [float(margin(shares, expert)) for expert in range(4)] == [-0.375, 0.25, -0.25, -0.375]
    assert margin(np.array([[0.5, 0.5], [0.75, 0.25]]), 0).tolist() == [0, 0.5]


@pytest.mark.parametrize(("experts", "expert"), [(4, 4), (4, -1), (1, 0)])
def test_margin_refuses_an_expert_without_rivals(experts: int, expert: int) -> None:
    with pytest.raises(ValueError, match=f"expert {expert} has no margin among {experts}"):
        margin(np.ones(experts), expert)


def test_squared_distances_by_hand() -> None:
    # [domains, layers, experts] in even shares of 1/2: deviations of 1/2 and 0 at layer 0, 1 and -1 at layer 1.
    shares = np.array([[[0.75, 0.25], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]])
    assert squared_distance(shares, evenness(2)).tolist() == [0.125, 1]
    assert squared_distance(shares, between(2)).tolist() == [0.25, 4]


@given(SEEDS, st.integers(2, 6))
def test_the_distance_between_domains_is_the_mean_over_pairs(seed: int, domains: int) -> None:
    shares = assignment_shares(random_counts(seed, 2, domains, 3, 8))
    pairs = [(8 * (shares[:, a] - shares[:, b])) ** 2 for a in range(domains) for b in range(a)]
    assert squared_distance(shares, between(domains)) == pytest.approx(np.mean(pairs, (0, -1)), rel=1e-9)


@given(SEEDS, st.integers(2, 16))
def test_load_variation_is_the_squared_coefficient_of_variation(seed: int, experts: int) -> None:
    shares = assignment_shares(random_counts(seed, 3, 1, experts))
    found = np.mean((shares.std(-1) / shares.mean(-1)) ** 2, 0)
    assert squared_distance(shares, evenness(3)) == pytest.approx(found, rel=1e-9)


@given(SEEDS, st.integers(2, 6))
def test_equal_distances_are_equal_to_the_last_digit(seed: int, domains: int) -> None:
    shares = assignment_shares(random_counts(seed, domains, 1, 8))
    order = np.random.default_rng(seed).permutation(8)
    for form in (evenness(domains), between(domains)):
        layers = np.concatenate([shares, shares[..., order], shares[..., ::-1]], 1)
        assert len(set(squared_distance(layers, form).tolist())) == 1
        assert len(set(over_domains(layers, form).value.tolist())) == 1


def test_a_distance_between_domains_needs_two() -> None:
    with pytest.raises(ValueError, match="two of them"):
        between(1)


def test_rise_is_that_of_the_least_squares_line() -> None:
    for layers in (2, 3, 32):
        series = np.random.default_rng(layers).random(layers)
        slope = np.polyfit(np.arange(layers), series, 1)[0]
        assert rise(layers) @ series == pytest.approx(slope * (layers - 1))
    with pytest.raises(ValueError, match="two layers"):
        rise(1)
