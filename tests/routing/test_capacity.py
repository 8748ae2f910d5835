"""Expert capacity: laws for every batch, and the closed form against all batches there are."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations, product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.routing.capacity import (
    Array,
    dropped_share,
    expected_dropped_share,
    expert_capacity,
    kept,
    uniform_counts,
    utilisation,
)


@st.composite
def batches(draw: st.DrawFn) -> tuple[Array, int]:
    experts = draw(st.integers(1, 8))
    top_k, tokens = draw(st.integers(1, experts)), draw(st.integers(1, 30))
    generator = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    popularity = generator.random(experts) ** 3
    return (generator.gumbel(size=(tokens, experts)) + 3 * popularity).argsort(axis=1)[:, ::-1][:, :top_k], experts


def counted(choices: Array, experts: int) -> Array:
    return np.bincount(choices.reshape(-1), minlength=experts)


@given(batches(), st.integers(0, 31))
def test_an_expert_takes_what_it_is_sent_up_to_its_capacity(batch: tuple[Array, int], capacity: int) -> None:
    choices, experts = batch
    mask = kept(choices, experts, capacity)
    taken = np.bincount(choices[mask], minlength=experts)
    assert taken.tolist() == np.minimum(counted(choices, experts), capacity).tolist()
    assert 1 - Fraction(int(mask.sum()), mask.size) == dropped_share(counted(choices, experts), capacity)


@given(batches(), st.integers(0, 31))
def test_first_choices_go_before_second_ones_and_earlier_tokens_before_later_ones(
    batch: tuple[Array, int], capacity: int
) -> None:
    choices, experts = batch
    mask = kept(choices, experts, capacity)
    for expert in range(experts):
        in_order = mask.T[np.equal(choices.T, expert)].tolist()
        assert in_order == sorted(in_order, reverse=True)


@given(batches(), st.integers(0, 30))
def test_more_places_drop_no_more(batch: tuple[Array, int], capacity: int) -> None:
    counts = counted(*batch)
    assert dropped_share(counts, capacity + 1) <= dropped_share(counts, capacity)
    assert dropped_share(counts, 0) == 1
    assert dropped_share(counts, int(counts.max())) == 0


@given(batches())
def test_only_an_even_load_uses_all_places(batch: tuple[Array, int]) -> None:
    counts = counted(*batch)
    assert (utilisation(counts) == 1) == (len(set(counts.tolist())) == 1)
    assert Fraction(1, len(counts)) <= utilisation(counts) <= 1


@given(
    st.integers(1, 10**6), st.integers(1, 4096), st.fractions(min_value=Fraction(1, 8), max_value=8), st.integers(1, 8)
)
def test_all_experts_together_have_the_factor_times_the_assignments(
    tokens: int, experts: int, factor: Fraction, top_k: int
) -> None:
    assert experts * expert_capacity(tokens, experts, factor, top_k) == factor * tokens * top_k


@pytest.mark.parametrize(("tokens", "experts", "top_k"), [(4, 3, 1), (3, 4, 2), (2, 5, 3), (5, 2, 1), (1, 1, 1)])
def test_the_closed_form_is_the_mean_over_all_batches(tokens: int, experts: int, top_k: int) -> None:
    every = list(product(combinations(range(experts), top_k), repeat=tokens))
    for capacity in range(tokens + 1):
        shares = [dropped_share(counted(np.array(batch), experts), capacity) for batch in every]
        assert expected_dropped_share(tokens, experts, capacity, top_k) == sum(shares) / len(shares)


@pytest.mark.parametrize(("tokens", "experts", "top_k", "factor"), [(64, 8, 1, "1"), (128, 16, 2, "5/4")])
def test_simulated_batches_come_to_the_closed_form(tokens: int, experts: int, top_k: int, factor: str) -> None:
    capacity = expert_capacity(tokens, experts, Fraction(factor), top_k)
    counts = uniform_counts(tokens, experts, top_k, batches=400, seed=1)
    assert counts.sum(axis=1).tolist() == [tokens * top_k] * 400
    assert counts.mean(0) == pytest.approx(np.full(experts, tokens * top_k / experts), rel=0.06)
    assert uniform_counts(1, experts, top_k, batches=9, seed=1).shape == (9, experts)
    shares = [float(dropped_share(batch, capacity)) for batch in counts]
    off = np.mean(shares) - float(expected_dropped_share(tokens, experts, capacity, top_k))
    assert abs(off) < 4 * np.std(shares) / 20


def test_a_worked_batch() -> None:
    choices = [[0, 1], [0, 2], [0, 1], [1, 0]]
    assert kept(choices, 3, 2).tolist() == [[True, True], [True, True], [False, False], [True, False]]
    assert dropped_share([4, 3, 1], 2) == dropped_share([4, 3, 1], Fraction(14, 5)) == Fraction(3, 8)
    assert expert_capacity(4, 3, Fraction(5, 4), top_k=2) == Fraction(10, 3)
    assert utilisation([5, 1, 1, 1, 1, 1]) == Fraction(1, 3)


def test_bad_sizes_are_refused() -> None:
    with pytest.raises(ValueError, match="are positive"):
        expert_capacity(4, 0, 1)
    for choice in (2, -1):
        with pytest.raises(ValueError, match="one of 2 experts"):
            kept([[choice]], 2, 1)
    with pytest.raises(ValueError, match="no assignments"):
        dropped_share([0, 0], 1)
