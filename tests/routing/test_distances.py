"""Intervals of distances on simulated documents: what they cover, at no distance too, and how they follow depth."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from fixtures.claim.estimate import Estimate, Undecided
from fixtures.routing.bootstrap import share_replicates, tails, widening
from fixtures.routing.distances import distance_intervals, trend_interval
from fixtures.routing.intervals import Intervals, difference
from fixtures.routing.shares import between_domains, depth_trend, domain_counts, from_even, slot_shares
from tests.routing.simulated import in_domains

SIMULATIONS = 1000
DIRECTIONS = torch.randn(3, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def uneven(*strengths: float) -> Tensor:
    """Shares `[3 domains, layers, 4 experts]` that differ the more the stronger."""
    return torch.stack([torch.softmax(DIRECTIONS * strength, -1) for strength in strengths], 1)


def simulated(distance: Callable[[Tensor], Tensor], strength: float, number: int) -> tuple[float, Intervals]:
    shares = uneven(strength)
    counts, domains = in_domains(1, shares.expand(3, SIMULATIONS, 4), number)
    return float(distance(shares)), distance_intervals(distance, counts, domains, resamples=399)


@pytest.mark.parametrize("distance", [from_even, between_domains])
@pytest.mark.parametrize(("strength", "number"), [(0.1, 60), (0.3, 60)])
def test_intervals_of_distances_cover_them_at_their_level(
    distance: Callable[[Tensor], Tensor], strength: float, number: int
) -> None:
    truth, found = simulated(distance, strength, number)
    assert 0.93 <= ((found.low <= truth) & (found.high >= truth)).double().mean() <= 0.97
    # The value is too high about as often as it is too low; the pooled shares' distance is too high four times in five.
    assert 0.35 < (found.value < truth).double().mean() < 0.65


@pytest.mark.parametrize("distance", [from_even, between_domains])
def test_no_distance_is_seldom_taken_for_one(distance: Callable[[Tensor], Tensor]) -> None:
    _, found = simulated(distance, 0, 60)
    assert ((found.low <= 0) & (found.high >= 0)).double().mean() >= 0.97
    assert 0.4 < (found.value == 0).double().mean() < 0.6


def test_differences_of_distances_are_covered_at_their_level() -> None:
    shares = uneven(0.1, 0.3)
    truth = float(from_even(shares).diff())
    counts, domains = in_domains(2, shares.repeat(1, 500, 1), 60)
    found = distance_intervals(from_even, counts, domains, resamples=399)
    pairs = [difference(found.estimate(layer + 1), found.estimate(layer)) for layer in range(0, 1000, 2)]
    assert sum(pair.low <= truth <= pair.high for pair in pairs) >= 0.93 * len(pairs)


def test_trends_are_covered() -> None:
    shares = uneven(0.1, 0.25, 0.2, 0.3, 0.15, 0.4, 0.35, 0.5)
    truth = float(depth_trend(between_domains(shares)))
    found = []
    for seed in range(200):
        counts, domains = in_domains(seed, shares, 60)
        found.append(trend_interval(between_domains, counts, domains, resamples=199, seed=seed))
    assert sum(each.low - 1e-9 <= truth <= each.high + 1e-9 for each in found) >= 0.93 * len(found)
    assert all(-1 <= each.low <= each.value <= each.high <= 1 for each in found)


def test_a_clear_trend_is_told_either_way() -> None:
    counts, domains = in_domains(1, uneven(0, 0.5, 1), 200)
    assert trend_interval(between_domains, counts, domains, resamples=199) == Estimate(1, 1, 1)
    assert trend_interval(from_even, counts.flip(1), domains, resamples=199) == Estimate(-1, -1, -1)


def test_a_trend_in_noise_is_not_told() -> None:
    counts, domains = in_domains(1, uneven(0.2, 0.2, 0.2, 0.2), 20)
    found = trend_interval(between_domains, counts, domains, resamples=199)
    assert found.low < 0 < found.high
    wider = trend_interval(between_domains, counts, domains, level=0.99, resamples=199)
    assert wider.high - wider.low >= found.high - found.low
    with pytest.raises(Undecided):
        assert found > 0


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0], [4, 1, 0, 5, 2, 3]])
@pytest.mark.parametrize("seed", [5, 6, 7])
def test_a_trend_joins_the_middle_of_the_replicates_and_its_reflection(seed: int, order: list[int]) -> None:
    counts, domains = in_domains(seed, uneven(0.3, 0.1, 0.2, 0.15, 0.5, 0.3)[:, order], 30)
    found = trend_interval(from_even, counts, domains, 0.8, 499, 3)
    series = distance_intervals(from_even, counts, domains, 0.8, 499, 3).value
    assert found.value == float(depth_trend(series))
    shares, noise = slot_shares(domain_counts(counts, domains)), noise_of(counts, domains, 30, 499)
    freed = 0.25 + (series / from_even(shares))[:, None] * (shares - 0.25)
    replicates = from_even(freed + noise)
    trends = depth_trend(series + replicates - replicates.median(0).values)
    low, high = (float(end) for end in tails(trends, 0.8))
    assert found.low == pytest.approx(min(low, 2 * found.value - high))
    assert found.high == pytest.approx(max(high, 2 * found.value - low))


def test_a_trend_ends_at_a_perfect_one() -> None:
    counts, domains = in_domains(8, uneven(0.05, 0.2, 0.35, 0.5), 15)
    up = trend_interval(from_even, counts, domains, resamples=199)
    down = trend_interval(from_even, counts.flip(1), domains, resamples=199)
    assert up.low < up.high == 1
    assert -1 == down.low < down.high


def noise_of(counts: Tensor, domains: Tensor, number: int, resamples: int) -> Tensor:
    """Resampled noise of shares, widened, made again from its parts."""
    sizes = counts.sum(-1).double().view(-1, number, counts.shape[1])
    noise = share_replicates(counts, domains, resamples, 3) - slot_shares(domain_counts(counts, domains))
    return noise * torch.stack([widening(size) for size in sizes]).sqrt()[..., None]


def test_at_its_ends_a_distance_and_noise_just_give_what_was_measured() -> None:
    counts, domains = in_domains(2, uneven(0.05, 0.1, 0.15, 0.2), 40)
    shares, noise = slot_shares(domain_counts(counts, domains)), noise_of(counts, domains, 40, 999)
    measured, found = from_even(shares), distance_intervals(from_even, counts, domains, 0.95, 999, 3)

    def would_be_measured(truth: Tensor) -> Tensor:
        return from_even(0.25 + (truth / measured)[:, None] * (shares - 0.25) + noise)

    level = 1 - 0.7 * 0.05
    floor = tails(from_even(0.25 + noise), level)[1]
    assert bool(((tails(would_be_measured(found.high), level)[0] - measured).abs() < 0.008 * floor).all())
    assert bool(((would_be_measured(found.value).median(0).values - measured).abs() < 0.008 * floor).all())
    off = (tails(would_be_measured(found.low), level)[1] - measured) / floor
    assert bool((torch.where(found.low > 0, off.abs(), 0.0) < 0.03).all())
    assert bool((off > -0.03).all())


def test_far_from_even_the_ends_are_those_of_the_noise() -> None:
    counts, domains = in_domains(3, torch.tensor([[[0.9, 0.1]]]), 30, 1.0)
    noise, pooled = noise_of(counts, domains, 30, 499), slot_shares(counts.sum(0))[0, 0]
    found = distance_intervals(from_even, counts, domains, 0.95, 499, 3).estimate(0)
    below, above = tails(noise[:, 0, 0, 0], 1 - 0.7 * 0.05)
    assert found.low == pytest.approx(float(pooled - 0.5 - above))
    assert found.high == pytest.approx(float(pooled - 0.5 - below))


def test_every_layer_has_the_interval_that_it_has_alone() -> None:
    counts, domains = in_domains(3, uneven(0.1, 1.0), 40)
    both = distance_intervals(between_domains, counts, domains, resamples=399)
    for layer in range(2):
        alone = distance_intervals(between_domains, counts[:, [layer]], domains, resamples=399)
        for whole, part in zip(both, alone, strict=True):
            assert abs(float(whole[layer] - part[0])) < 1e-12


def test_distances_are_below_those_of_the_pooled_shares() -> None:
    counts, domains = in_domains(4, uneven(0.2, 0.5, 1.0), 60)
    pooled = from_even(slot_shares(domain_counts(counts, domains)))
    found = distance_intervals(from_even, counts, domains)
    assert bool((found.low < found.value).all() & (found.value < found.high).all())
    assert bool((found.value < pooled).all() & (pooled < found.high).all())


def test_one_expert_s_distance_has_the_interval_of_its_share() -> None:
    # Two experts, one domain, far from even and documents of one length: the distance is the share less a half.
    share = torch.tensor([[[0.8, 0.2]]])
    counts, domains = in_domains(6, share, 2000, 0.0)
    found = distance_intervals(from_even, counts, domains, resamples=3999).estimate(0)
    pooled = float(from_even(slot_shares(counts.sum(0))[None])[0])
    error = float((counts[:, 0, 0] / counts[:, 0].sum(-1)).std()) / math.sqrt(2000)
    assert found.value == pytest.approx(pooled, abs=error / 10)
    # Tails of .7 times 2.5 % on either side reach 2.108 standard errors.
    assert (pooled - found.low) / error == pytest.approx(2.108, abs=0.12)
    assert (found.high - pooled) / error == pytest.approx(2.108, abs=0.12)


def test_noise_is_widened_by_what_long_documents_hide() -> None:
    # One document in twenty is twenty times as long: two of forty hold half of the tokens.
    ways = torch.tensor([[30, 10], [10, 30]]).repeat(20, 1)[:, None]
    long = torch.where(torch.arange(40)[:, None, None] % 20 == 0, 20, 1)
    even = torch.zeros(40, dtype=torch.int64)
    usual = distance_intervals(from_even, ways, even, resamples=1999).estimate(0)
    uneven_lengths = distance_intervals(from_even, ways * long, even, resamples=1999).estimate(0)
    parts = (long / long.sum()).double().square().sum()
    assert uneven_lengths.high > usual.high * math.sqrt(float(parts) * 40) * 0.9


def test_documents_that_agree_leave_nothing_to_doubt() -> None:
    counts = torch.tensor([[[3, 1]], [[1, 1]]]).repeat_interleave(10, 0)
    domains = torch.arange(2).repeat_interleave(10)
    assert distance_intervals(between_domains, counts, domains, resamples=99).estimate(0) == Estimate(0.25, 0.25, 0.25)
    assert distance_intervals(from_even, counts, domains, resamples=99).estimate(0) == Estimate(0.125, 0.125, 0.125)
    flat = torch.ones(20, 2, 4, dtype=torch.int64)
    assert distance_intervals(from_even, flat, domains, resamples=99).estimate(1) == Estimate(0, 0, 0)
    assert trend_interval(from_even, flat, domains, resamples=99) == Estimate(0, 0, 0)


def test_pooled_shares_that_are_even_by_chance_may_not_be() -> None:
    counts = torch.tensor([[[4, 2]], [[2, 4]]]).repeat(10, 1, 1)
    found = distance_intervals(from_even, counts, torch.zeros(20, dtype=torch.int64), resamples=999).estimate(0)
    assert (found.value, found.low) == (0, 0)
    # A document is 1/6 from even, so the standard error is 1/6 over the root of 19, and 2.108 of it reach .081.
    assert 0.06 < found.high < 0.1


def test_too_few_documents_and_no_domains() -> None:
    counts, domains = in_domains(1, uneven(0.2), 9)
    with pytest.raises(Undecided, match="9 documents"):
        distance_intervals(from_even, counts, domains)
    with pytest.raises(ValueError, match="every domain"):
        distance_intervals(from_even, counts, domains + 1)
    lone, one = in_domains(1, uneven(0.2)[:1], 20)
    with pytest.raises(ValueError, match="two"):
        distance_intervals(between_domains, lone, one)
    with pytest.raises(ValueError, match="no tails"):
        distance_intervals(from_even, lone, one, resamples=20)
