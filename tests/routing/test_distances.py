"""Squared distances: unbiased, with ends that solve their equation; over texts, and over domains."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import Undecided
from claim_suite.fixtures.routing.distances import Moments, SquaredDistances, over_domains
from claim_suite.fixtures.routing.intervals import effective_texts, fisher, student
from claim_suite.fixtures.routing.shares import Array, assignment_shares, between, evenness, squared_distance
from tests.routing.planted import counts_of, drawn

DENSE = np.random.default_rng(3).dirichlet(np.full(4, 8.0), (3, 2))
SEEDS = st.integers(0, 2**32 - 1)


def of_one_size(seed: int, texts: int, domains: int = 2) -> tuple[Array, Array]:
    """Counts `[texts, layers, experts]` of texts of 30 tokens each."""
    drawing = np.random.default_rng(seed)
    counts = drawing.multinomial(30, drawing.dirichlet([3.0, 2, 2, 1], (domains * texts, 2)))
    return counts, np.arange(domains).repeat(texts)


def squared_distances(counts: Array, domains: Array, form: Array) -> SquaredDistances:
    return Moments(counts, domains).distances(form)


@given(SEEDS, st.integers(10, 14))
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


def test_variances_and_dimensions_by_hand() -> None:
    # Two experts, ten texts of two tokens: nine have one of both, one has two of expert 0; shares are .55 and .45.
    counts = np.array([[[1, 1]]] * 9 + [[[2, 0]]])
    found = squared_distances(counts, np.zeros(10, dtype=int), evenness(1))
    error = 0.05 * 2  # of the share, in even shares; that of the other expert is its negative
    assert found.value == pytest.approx(0.1**2 - error**2)
    assert found.slope == pytest.approx(error**2)  # 4 · .01 · error² is the square of the slope 2 · .1 times the error
    assert found.noise == pytest.approx(error**4)  # one dimension, of two experts: no noise of its own is taken off
    assert found.dimensions == pytest.approx(1)
    assert found.freedom == pytest.approx(9)
    assert found.influence[-1] == pytest.approx(2 * 0.1 * 0.9 * math.sqrt(10 / 9) / 10)


@given(SEEDS, st.sampled_from([1, 3]))
def test_noise_is_of_covariances_without_their_own(seed: int, longer: int) -> None:
    """The products of the domains' covariances, freed of noise where a covariance meets itself, but not below none."""
    counts, domains = of_one_size(seed, 12)
    errors = [np.cov(4 * counts[domains == row, 0].T / 30) / 12 for row in range(2)]
    traces, squares = ([float(f(each)) for each in errors] for f in (np.trace, lambda each: (each**2).sum()))
    free = [max(square - trace**2 / 11, trace**2 / 3) for trace, square in zip(traces, squares, strict=True)]
    even, apart = (squared_distances(longer * counts, domains, form(2)) for form in (evenness, between))
    assert even.noise[0] == pytest.approx(sum(free) / 4 / 4**2)
    assert even.dimensions[0] == pytest.approx(max(1, sum(traces) ** 2 / sum(free)))
    assert apart.noise[0] == pytest.approx((sum(free) + 2 * (errors[0] * errors[1]).sum()) / 4**2)
    assert even.freedom == pytest.approx([11, 11])
    slope = (even.influence[:, 0] ** 2).sum() / 4 / squared_distance(pooled(counts, domains), evenness(2))[0]
    assert even.slope[0] == pytest.approx(slope)


def pooled(counts: Array, domains: Array) -> Array:
    return assignment_shares(np.stack([counts[domains == row].sum(0) for row in range(int(domains.max()) + 1)]))


@given(SEEDS)
def test_an_influence_is_what_the_distance_of_shares_changes_by(seed: int) -> None:
    counts, domains = of_one_size(seed, 200)
    counts *= np.where(np.arange(400) % 2, 3, 1)[:, None, None]
    for form in (evenness(2), between(2)):
        found, whole = squared_distances(counts, domains, form), squared_distance(pooled(counts, domains), form)
        for text in (0, 399):
            without = squared_distance(pooled(np.delete(counts, text, 0), np.delete(domains, text)), form)
            assert found.influence[text] == pytest.approx(whole - without, abs=4e-4)


def test_freedom_joins_domains_by_their_variances() -> None:
    counts, domains = of_one_size(1, 12)
    long = counts * np.where((np.arange(24) % 2 > 0) & (domains == 1), 3, 1)[:, None, None]
    found = squared_distances(long, domains, evenness(2))
    sizes = long[12:, 0].sum(-1)
    assert found.freedom == pytest.approx([11, effective_texts(sizes) - 1])
    influence = found.influence[:, 0]
    one, two = (influence[:12] ** 2).sum(), (influence[12:] ** 2).sum()
    assert found._freedom(influence) == pytest.approx((one + two) ** 2 / (one**2 / 11 + two**2 / found.freedom[1]))


def a_distance(value: float, texts: int = 10**6, **parts: float) -> SquaredDistances:
    usual = {"slope": 0.01, "noise": 1e-6, "dimensions": 7.0} | parts
    arrays: dict[str, Array] = {name: np.array([each]) for name, each in usual.items()}
    rows = np.zeros(30, dtype=int)
    return SquaredDistances(
        value=np.array([value]), influence=np.ones((30, 1)), domains=rows, freedom=np.array([texts - 1.0]), **arrays
    )


@pytest.mark.parametrize("value", [-0.01, 0.0, 0.002, 0.05, 2.0])
@pytest.mark.parametrize("level", [0.9, 0.95, 0.999])
@pytest.mark.parametrize("texts", [12, 10**6])
def test_ends_are_where_the_measured_distance_is_as_far_off_as_the_level_allows(
    value: float, level: float, texts: int
) -> None:
    found, part, freedom = a_distance(value, texts).estimate(0, level), (1 + level) / 2, texts - 1
    q = float(student(part, freedom))
    assert found.high - max(value, 0) == pytest.approx(q * math.sqrt(4 * found.high * 0.01 + 2e-6))
    assert (found.value, found.texts) == (max(value, 0), 30)
    q_low = max(q, (float(fisher(part, 7, 7 * freedom)) - 1) * math.sqrt(3.5))
    if found.low:
        assert value - found.low == pytest.approx(q_low * math.sqrt(4 * found.low * 0.01 + 2e-6), rel=1e-6)
    else:
        assert value <= q_low * math.sqrt(2e-6)


@pytest.mark.parametrize(("texts", "beyond"), [(10**6, 2.2414), (10, 2.685)])
def test_at_no_distance_the_low_end_is_above_it_as_often_as_the_level_says(texts: int, beyond: float) -> None:
    # A square of one normal number, less one: the low end of .95 is above 0 where the number is beyond 2.24, .025; and
    # beyond 2.69 where its variance is from ten texts.
    edge = (beyond**2 - 1) * 1e-3
    parts = {"slope": 0.001, "noise": 1e-6, "dimensions": 1.0}
    assert a_distance(edge * 0.97, texts, **parts).estimate(0).low == 0
    assert a_distance(edge * 1.03, texts, **parts).estimate(0).low > 0


def test_a_contrast_is_of_the_influences_summed_over_layers() -> None:
    counts, domains = counts_of(drawn(5, DENSE, [40, 40, 40]).counts)
    found = squared_distances(counts, domains, between(3))
    one, two = found.influence.T
    step = found.contrast([-1, 1])
    reach = math.sqrt(((two - one) ** 2).sum()) * float(student(0.975, found._freedom(two - one)))
    assert (step.high - step.value, step.value - step.low) == pytest.approx((reach, reach))
    assert step.value == pytest.approx(found.value[1] - found.value[0])
    assert step.texts == 120
    turned = found.contrast([1, -1], 0.99)
    assert turned.low < -step.high
    twice = found.contrast([0, 2])
    assert twice.high - twice.value == pytest.approx(2 * (found.contrast([0, 1]).high - found.value[1]))
    # Layers of the same counts have no distance between them.
    same = squared_distances(counts[:, [0, 0]], domains, between(3)).contrast([-1, 1])
    assert (same.low, same.value, same.high) == (0, 0, 0)


@given(SEEDS)
def test_order_of_texts_and_names_of_experts_change_nothing(seed: int) -> None:
    counts, domains = of_one_size(seed, 12, 3)
    found = squared_distances(counts, domains, between(3))
    drawing = np.random.default_rng(seed)
    order = drawing.permutation(36)
    changed = squared_distances(counts[order][..., drawing.permutation(4)], (domains[order] + 1) % 3, between(3))
    for name in ("value", "slope", "noise", "dimensions"):
        assert getattr(changed, name) == pytest.approx(getattr(found, name), rel=1e-6)
    for layer in range(2):
        assert changed.estimate(layer).high == pytest.approx(found.estimate(layer).high)
        assert changed.contrast([1, -1]).low == pytest.approx(found.contrast([1, -1]).low)


def test_few_texts_of_a_domain_are_refused() -> None:
    counts, domains = of_one_size(2, 12)
    with pytest.raises(Undecided, match="9 texts are too few"):
        Moments(counts[:21], domains[:21])


def test_texts_that_agree_leave_nothing_to_doubt() -> None:
    counts, domains = np.array([[[3, 1]], [[1, 1]]]).repeat(10, 0), np.arange(2).repeat(10)
    shares = assignment_shares(np.array([[[3, 1]], [[1, 1]]]))
    for form in (evenness(2), between(2)):
        found = squared_distances(counts, domains, form).estimate(0)
        assert found.low == found.value == found.high == pytest.approx(float(squared_distance(shares, form)[0]))
    assert squared_distances(counts[10:], domains[:10], evenness(1)).estimate(0).high == 0


@given(SEEDS, st.integers(3, 8))
def test_distances_over_domains_have_student_s_interval(seed: int, domains: int) -> None:
    """The load variation is a mean over domains; the distance between them is twice their variance."""
    drawing = np.random.default_rng(seed)
    shares, weights = drawing.dirichlet(np.ones(5), (domains, 3)), drawing.normal(size=3)
    deviations = 5 * shares - 1
    apart = ((deviations - deviations.mean(0)) ** 2).mean(-1) * 2 * domains / (domains - 1)
    for form, each in ((evenness(domains), (deviations**2).mean(-1)), (between(domains), apart)):
        found = over_domains(shares, form)
        assert found.value == pytest.approx(squared_distance(shares, form))
        for level in (0.9, 0.95):
            reach = student((1 + level) / 2, domains - 1) * (each @ weights).std(ddof=1) / math.sqrt(domains)
            of_weights, at_one = found.contrast(weights, level), found.estimate(1, level)
            assert of_weights.value == pytest.approx(found.value @ weights)
            assert of_weights.high - of_weights.value == pytest.approx(reach)
            assert of_weights.value - of_weights.low == pytest.approx(reach)
            plain = found.contrast([0, 1, 0], level)
            assert (at_one.value, at_one.low, at_one.high) == (plain.value, max(0, plain.low), plain.high)
