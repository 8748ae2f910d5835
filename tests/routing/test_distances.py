"""Squared distances from texts: unbiased, with ends that solve their equation; and the test that domains differ."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import Undecided
from claim_suite.fixtures.routing.distances import (
    Moments,
    SquaredDistances,
    _against_the_rest,
    chi_square,
    domains_differ,
)
from claim_suite.fixtures.routing.intervals import student
from claim_suite.fixtures.routing.shares import Array, assignment_shares, between, evenness, only, squared_distance
from tests.routing.planted import counts_of, drawn

DENSE = np.random.default_rng(3).dirichlet(np.full(4, 8.0), (3, 2))


def of_one_size(seed: int, texts: int, domains: int = 2) -> tuple[Array, Array]:
    """Counts `[texts, layers, experts]` of texts of 30 tokens each."""
    drawing = np.random.default_rng(seed)
    counts = drawing.multinomial(30, drawing.dirichlet([3.0, 2, 2, 1], (domains * texts, 2)))
    return counts, np.arange(domains).repeat(texts)


def squared_distances(counts: Array, domains: Array, form: Array) -> SquaredDistances:
    return Moments(counts, domains).distances(form)


@given(st.integers(0, 2**32 - 1), st.integers(10, 14))
def test_the_value_is_the_mean_over_pairs_of_different_texts(seed: int, texts: int) -> None:
    counts, domains = of_one_size(seed, texts)
    relative = 4 * counts / 30 - 1
    even, apart = [], []
    for layer in range(2):
        own = [relative[domains == domain, layer] for domain in range(2)]
        pairs = [(part @ part.T)[~np.eye(texts, dtype=bool)].mean() / 4 for part in own]
        even.append(np.mean(pairs))
        apart.append(sum(pairs) - 2 * (own[0] @ own[1].T).mean() / 4)
    assert squared_distances(counts, domains, evenness(2)).value == pytest.approx(np.array(even))
    assert squared_distances(counts, domains, between(2)).value == pytest.approx(np.array(apart))


def test_variances_and_freedoms_by_hand() -> None:
    # Two experts, ten texts of two tokens: nine have one of both, one has two of expert 0; shares are .55 and .45.
    counts = np.array([[[1, 1]]] * 9 + [[[2, 0]]])
    found = squared_distances(counts, np.zeros(10, dtype=int), evenness(1))
    error = 0.05 * 2  # of the share, in even shares; that of the other expert is its negative
    assert found.value == pytest.approx(0.1**2 - error**2)
    assert found.slope == pytest.approx(error**2)  # 4 · .01 · error² is the square of the slope 2 · .1 times the error
    assert found.noise == pytest.approx(error**4)
    assert found.dimensions == pytest.approx(1)
    assert found.freedom == found.noise_freedom == 9
    assert found.influence[-1] == pytest.approx(2 * 0.1 * 0.9 * math.sqrt(10 / 9) / 10)


def test_freedom_is_of_squared_sizes_and_joins_domains() -> None:
    counts, domains = of_one_size(1, 12)
    errors = np.cov(4 * counts[:12, 0].T / 30) / 12
    alone = squared_distances(counts[:12], np.zeros(12, dtype=int), evenness(1))
    assert alone.noise[0] == pytest.approx((errors**2).sum() / 4**2)
    assert alone.dimensions[0] == pytest.approx(np.trace(errors) ** 2 / (errors**2).sum())
    lone = [squared_distances(counts[domains == row], np.zeros(12, dtype=int), evenness(1)) for row in range(2)]
    both = squared_distances(counts, domains, evenness(2))
    linear = np.array([(each.influence**2).sum(0) for each in lone])
    assert both.freedom == pytest.approx(linear.sum(0) ** 2 / (linear**2 / 11).sum(0))
    assert both.noise == pytest.approx((lone[0].noise + lone[1].noise) / 4)
    assert both.noise_freedom == pytest.approx(11)
    # Half of the texts three times as long: (6 + 6 · 9)² / (6 + 6 · 81) = 7.3 in squares of sizes.
    long = counts * np.where(np.arange(24) % 2, 3, 1)[:, None, None]
    assert squared_distances(long, domains, evenness(2)).noise_freedom == pytest.approx(3600 / 492 - 1)


NO_SKEW = np.tile([[1.0], [-1.0]], (15, 1))


def a_distance(value: float, influence: Array = NO_SKEW, /, **parts: float) -> SquaredDistances:
    usual = {"slope": 0.01, "noise": 1e-6, "dimensions": 7.0, "freedom": 1e9, "noise_freedom": 1e9} | parts
    arrays: dict[str, Array] = {name: np.array([each]) for name, each in usual.items()}
    return SquaredDistances(value=np.array([value]), influence=influence, **arrays)


@pytest.mark.parametrize("value", [-0.01, 0.0, 0.002, 0.05, 2.0])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
def test_ends_are_where_the_measured_distance_is_as_far_off_as_the_level_allows(value: float, level: float) -> None:
    found = a_distance(value).estimate(0, level)
    q = float(student((1 + level) / 2, np.array(1e9)))
    assert found.high - max(value, 0) == pytest.approx(q * math.sqrt(4 * found.high * 0.01 + 2e-6))
    assert (found.value, found.texts) == (max(value, 0), 30)
    squares = (float(chi_square((1 + level) / 2, np.array(7.0))) - 7) / math.sqrt(14)
    if found.low:
        assert value - found.low == pytest.approx(squares * math.sqrt(4 * found.low * 0.01 + 2e-6), rel=1e-6)
    else:
        assert value <= squares * math.sqrt(2e-6)


def test_influences_skewed_to_one_side_move_that_end_out_and_never_in() -> None:
    # One text of 25 against the others: the skewness of their sum is (24³ - 24) / (24² + 24)^1.5 = .94.
    rare = np.array([[24.0], *[[-1.0]] * 24])
    usual, above, below = (a_distance(0.05, influence).estimate(0) for influence in (NO_SKEW, rare, -rare))
    assert above.low == usual.low
    assert below.high == usual.high
    z, skewness = 1.959964, (24**3 - 24) / (24**2 + 24) ** 1.5
    q = z + skewness * (2 * z**2 + 1) / 6  # Johnson's t, turned round
    assert above.high - 0.05 == pytest.approx(q * math.sqrt(4 * above.high * 0.01 + 2e-6))
    assert below.low < usual.low


def test_few_texts_widen_both_ends() -> None:
    wide, usual = a_distance(0.05, freedom=5.0).estimate(0), a_distance(0.05).estimate(0)
    assert wide.low < usual.low
    assert wide.high > usual.high
    noisy = a_distance(0.05, noise_freedom=1.0).estimate(0)
    assert noisy.low < 0.98 * usual.low
    assert noisy.high == usual.high


@pytest.mark.parametrize(("noise_freedom", "beyond"), [(1e9, 2.2414), (9.0, 2.685)])
def test_at_no_distance_the_low_end_is_above_it_as_often_as_the_level_says(noise_freedom: float, beyond: float) -> None:
    # A square of one normal number, less one: the low end of .95 is above 0 where the number is beyond 2.24, .025; and
    # beyond 2.69 where its variance is from ten texts.
    edge = (beyond**2 - 1) * 1e-3
    parts = {"slope": 0.001, "noise": 1e-6, "dimensions": 1.0, "noise_freedom": noise_freedom}
    assert a_distance(edge * 0.97, **parts).estimate(0).low == 0
    assert a_distance(edge * 1.03, **parts).estimate(0).low > 0
    # A sum over layers has all of the noise below it, where a distance alone ends at 0.
    assert a_distance(0.0, **parts).contrast([1]).low == pytest.approx(-edge, rel=0.03)


def test_quantiles_are_those_of_the_tables() -> None:
    freedom = np.array([5.0, 8, 19, 120])
    assert student(0.975, freedom) == pytest.approx([2.57058, 2.30600, 2.09302, 1.97993], abs=8e-4)
    assert student(0.9, freedom) == pytest.approx([1.47588, 1.39682, 1.32773, 1.28865], abs=1e-4)
    assert student(0.995, freedom) == pytest.approx([4.03214, 3.35539, 2.86093, 2.61742], abs=8e-3)
    # Held against the density: the part below the quantile.
    for number in (12, 30):
        quantile = float(student(0.975, np.array(float(number))))
        at = np.linspace(0, quantile, 20_001)
        density = (1 + at**2 / number) ** (-(number + 1) / 2)
        density *= math.gamma((number + 1) / 2) / math.gamma(number / 2) / math.sqrt(number * math.pi)
        assert 0.5 + np.trapezoid(density, at) == pytest.approx(0.975, abs={12: 3e-7, 30: 1e-8}[number])
    assert chi_square(0.975, np.array([1.0, 7, 56])) == pytest.approx([5.024, 16.013, 78.567], rel=0.02)


def test_a_contrast_joins_the_ends_by_the_correlation_of_the_texts() -> None:
    counts, domains = counts_of(drawn(5, DENSE, [40, 40, 40]).counts)
    found = squared_distances(counts, domains, between(3))
    low, high = found._ends(0.95)
    one, two = found.influence.T
    correlation = (one @ two) / math.sqrt((one @ one) * (two @ two))
    step = found.contrast([-1, 1])
    below = (high[0] - found.value[0]), (found.value[1] - low[1])
    above = (found.value[0] - low[0]), (high[1] - found.value[1])
    for end, (left, right) in ((step.low, below), (step.high, above)):
        reach = math.sqrt(left**2 + right**2 - 2 * correlation * left * right)
        assert abs(end - step.value) == pytest.approx(reach)
    assert step.value == pytest.approx(found.value[1] - found.value[0])
    assert step.texts == 120
    turned = found.contrast([1, -1])
    assert (turned.low, turned.high) == pytest.approx((-step.high, -step.low))
    assert found.contrast([0, 2]).high == pytest.approx(2 * high[1])


def test_layers_of_the_same_counts_have_no_distance_between_them() -> None:
    counts, domains = counts_of(drawn(5, DENSE, [40, 40, 40]).counts)
    same = squared_distances(counts[:, [0, 0]], domains, between(3)).contrast([-1, 1])
    other = squared_distances(counts, domains, between(3)).contrast([-1, 1])
    assert same.value == 0
    assert same.high - same.low < (other.high - other.low) / 2


@given(st.integers(0, 2**32 - 1))
def test_order_of_texts_and_names_of_experts_change_nothing(seed: int) -> None:
    counts, domains = of_one_size(seed, 12, 3)
    found = squared_distances(counts, domains, between(3))
    drawing = np.random.default_rng(seed)
    order = drawing.permutation(36)
    changed = squared_distances(counts[order][..., drawing.permutation(4)], (domains[order] + 1) % 3, between(3))
    for name in ("value", "slope", "noise", "dimensions", "freedom", "noise_freedom"):
        assert getattr(changed, name) == pytest.approx(getattr(found, name), rel=1e-6)


def test_a_form_of_one_domain_is_of_its_texts_alone() -> None:
    counts, domains = of_one_size(2, 12)
    alone = squared_distances(counts[:12], np.zeros(12, dtype=int), evenness(1))
    one = squared_distances(counts, domains, only(0, 2))
    assert one.value == pytest.approx(alone.value)
    assert one.estimate(0).low == pytest.approx(alone.estimate(0).low)
    with pytest.raises(Undecided, match="9 texts are too few"):
        Moments(counts[:21], domains[:21])


def test_texts_that_agree_leave_nothing_to_doubt() -> None:
    counts, domains = np.array([[[3, 1]], [[1, 1]]]).repeat(10, 0), np.arange(2).repeat(10)
    shares = assignment_shares(np.array([[[3, 1]], [[1, 1]]]))
    for form in (evenness(2), between(2)):
        found = squared_distances(counts, domains, form).estimate(0)
        assert found.low == found.value == found.high == pytest.approx(float(squared_distance(shares, form)[0]))
    assert squared_distances(counts[10:], domains[:10], evenness(1)).estimate(0).high == 0


def test_alike_domains_are_seldom_told_apart_where_lengths_and_variety_differ() -> None:
    shares = np.broadcast_to([0.4, 0.3, 0.2, 0.1], (3, 1, 4))
    found = []
    for seed in range(200):
        records = [drawn(3 * seed + row, shares[:1], [20], spread=0.2 + 0.4 * row) for row in range(3)]
        parts = [counts_of(made.counts)[0] for made in records]
        parts[2] = (parts[2] // 40) * 40 + np.eye(4, dtype=int)[0]  # fewer different texts
        parts[2] = parts[0].repeat(2, 0)[:20] if seed % 2 else parts[1]
        found.append(domains_differ(np.concatenate(parts), np.arange(3).repeat(20), 199, seed))
    assert np.mean(np.array(found) <= 0.05) <= 0.09
    assert np.mean(found) > 0.3


def test_a_difference_in_one_expert_of_one_layer_is_found() -> None:
    shares = np.broadcast_to([0.4, 0.3, 0.2, 0.1], (3, 2, 4)).copy()
    counts, domains = counts_of(drawn(1, shares, [40, 40, 40]).counts)
    assert domains_differ(counts, domains, 499) > 0.05
    shares[2, 1] = [0.2, 0.3, 0.2, 0.3]
    counts, domains = counts_of(drawn(1, shares, [40, 40, 40]).counts)
    assert domains_differ(counts, domains, 499) == 1 / 500
    assert domains_differ(counts, domains) == 1 / 1000
    assert domains_differ(counts[:, :1], domains, 499) > 0.05
    assert domains_differ(counts[domains < 2], domains[domains < 2], 499) > 0.05


def test_an_expert_that_a_small_domain_avoids_is_found() -> None:
    shares = np.full((3, 1, 8), 0.1)
    shares[..., 0] = 0.3
    shares[2, 0] = [0.16, *[0.12] * 7]
    assert domains_differ(*counts_of(drawn(4, shares, [60, 60, 14]).counts)) < 0.01


def test_p_values_are_of_the_largest_studentised_contrast() -> None:
    # Two domains, one layer: the contrast of either is the difference of shares, in their errors together.
    counts, domains = counts_of(drawn(4, DENSE[:2, :1] * 0.2 + 0.2, [15, 25]).counts)
    alone = domains_differ(counts, domains, 1999)
    assert 0 < alone < 1
    assert domains_differ(counts, 1 - domains, 1999) == pytest.approx(alone, abs=0.04)
    assert (alone * 2000) == pytest.approx(round(alone * 2000))
    assert domains_differ(counts, domains, 1999, seed=1) == pytest.approx(alone, abs=0.04)
    # An expert that nobody chose changes nothing.
    wider = np.concatenate([counts, np.zeros_like(counts)], -1)
    assert domains_differ(wider, domains, 1999) == alone


def test_a_domain_is_held_against_the_others_by_their_tokens() -> None:
    values, errors, sizes = np.array([[1.0], [2], [4]]), np.array([[0.1], [0.2], [0.4]]), np.array([1.0, 3, 6])
    for row, (apart, variance) in enumerate(_against_the_rest(values, errors, sizes)):
        contrast = np.where(np.arange(3) == row, 1, -sizes / (10 - sizes[row]))
        z = (contrast @ values) ** 2 / (contrast**2 @ errors**2)
        assert apart / variance == pytest.approx(z)


def test_texts_of_each_domain_are_drawn_for_themselves() -> None:
    # The same texts twice, of which one choice in two hundred is another: as little as chance gives with ease.
    one = np.random.default_rng(7).multinomial(200, np.random.default_rng(8).dirichlet([4, 3, 2], (20, 1)))
    other = one + np.where(one[..., :1] > 0, [-1, 1, 0], 0)
    assert domains_differ(np.concatenate([one, other]), np.arange(2).repeat(20)) > 0.5


def test_alike_texts_do_not_differ_and_few_domains_are_refused() -> None:
    counts = np.array([[[3, 1]]]).repeat(30, 0)
    assert domains_differ(counts, np.arange(3).repeat(10), 99) == 1
    with pytest.raises(ValueError, match="nothing to differ from"):
        domains_differ(counts, np.zeros(30, dtype=int))
    with pytest.raises(Undecided, match="9 texts are too few"):
        domains_differ(counts[:19], np.array([0] * 10 + [1] * 9))
