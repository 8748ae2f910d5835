"""Intervals for shares, leads and differences: their coverage on simulated documents, and where they refuse."""

import math
from collections.abc import Callable, Iterator

import pytest
import torch
from torch import Tensor

from fixtures.claim.estimate import Estimate, Undecided
from fixtures.routing.bootstrap import (
    document_weights,
    linearised_variance,
    ratio_bootstrap,
    share_replicates,
    studentise,
    tails,
    widening,
)
from fixtures.routing.intervals import (
    Intervals,
    difference,
    documents_factor,
    interval,
    lead_interval,
    paired_difference,
    repetition,
    share_intervals,
)
from fixtures.routing.shares import lead, slot_shares
from tests.routing.simulated import documents, in_domains

SIMULATIONS = 1000
SHARES = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
ONE_DOMAIN = torch.zeros(60, dtype=torch.int64)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    """Thousands of small products are faster on one thread, above all on a busy machine."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def covered(estimates: list[Estimate], truth: float) -> float:
    return sum(estimate.low <= truth <= estimate.high for estimate in estimates) / len(estimates)


def spread(intervals: Intervals) -> Tensor:
    return intervals.high - intervals.low


# Coverage: a simulation is a layer whose documents are its own.


@pytest.mark.parametrize(("number", "unevenness"), [(60, 0.7), (60, 1.0), (200, 0.7)])
def test_intervals_of_shares_cover_them_at_their_level(number: int, unevenness: float) -> None:
    counts = documents(1, SHARES.expand(SIMULATIONS, 4), number, unevenness)
    found = share_intervals(counts, torch.zeros(number, dtype=torch.int64), resamples=999)
    hit = (found.low <= SHARES) & (found.high >= SHARES)
    assert 0.93 <= hit.double().mean() <= 0.97


def test_plain_percentiles_fall_short() -> None:
    counts = documents(1, SHARES.expand(SIMULATIONS, 4), 60, 1.0)
    low, high = tails(share_replicates(counts, ONE_DOMAIN, 999, 1)[:, 0], 0.95)
    assert ((low <= SHARES) & (high >= SHARES)).double().mean() < 0.93


@pytest.mark.parametrize("shares", [SHARES, torch.tensor([0.35, 0.35, 0.2, 0.1])])
def test_intervals_of_leads_cover_them_at_their_level(shares: Tensor) -> None:
    counts = documents(2, shares.expand(SIMULATIONS, 4), 60)
    found = [lead_interval(counts[:, run], 0, resamples=399, seed=run) for run in range(SIMULATIONS)]
    assert 0.93 <= covered(found, float(lead(shares.double(), 0))) <= 0.97


def test_a_lead_among_equals_is_seldom_claimed() -> None:
    counts = documents(3, torch.full((SIMULATIONS, 4), 0.25), 60)
    found = [lead_interval(counts[:, run], 0, resamples=399, seed=run) for run in range(SIMULATIONS)]
    assert sum(estimate.low > 0 for estimate in found) <= 0.025 * SIMULATIONS
    assert covered(found, 0) >= 0.95


def test_intervals_of_a_difference_between_domains_cover_it_at_their_level() -> None:
    shares = torch.stack([SHARES, SHARES[[1, 0, 2, 3]]])[:, None]
    counts, domains = in_domains(4, shares.expand(2, SIMULATIONS, 4), 60)
    found = [
        interval(lambda drawn: drawn[..., 0, 0, 0] - drawn[..., 1, 0, 0], counts[:, [run]], domains, 0.95, 399, run)
        for run in range(SIMULATIONS)
    ]
    assert 0.93 <= covered(found, 0.1) <= 0.97


def test_paired_differences_cover_at_their_level() -> None:
    generator = torch.Generator().manual_seed(5)
    shape = SIMULATIONS, 60
    tokens = (200 * torch.randn(shape, generator=generator, dtype=torch.float64).mul(0.7).exp()).round() + 1
    hardness = 2 + torch.randn(shape, generator=generator, dtype=torch.float64)
    harm = 0.1 + 0.2 * torch.randn(shape, generator=generator, dtype=torch.float64)
    found = [paired_difference(*each, resamples=399) for each in zip(hardness + harm, hardness, tokens, strict=True)]
    assert 0.93 <= covered(found, 0.1) <= 0.97


# Known values.


def test_a_ratio_and_its_error_by_hand() -> None:
    # Ten documents of two tokens; nine have one of both, the tenth has two.
    numerators = torch.tensor([1] * 9 + [2])
    found = ratio_bootstrap(numerators, torch.full((10,), 2), 99, 1)
    assert float(found.value) == 11 / 20
    # Residuals are nine times -.1 and once .9: squares .9, times 10 / 9, over a total of 20.
    assert math.isclose(float(found.error), 1 / 20, rel_tol=1e-12)
    assert found.studentised.shape == (99,)


def test_studentised_replicates_are_those_of_the_drawn_documents() -> None:
    numerators, denominators = (
        torch.tensor([3, 1, 4, 1, 5, 9, 2, 6, 5, 3]),
        torch.tensor([9, 7, 9, 3, 8, 9, 6, 8, 9, 7]),
    )
    found = ratio_bootstrap(numerators, denominators, 50, 7)
    weights = torch.cat(list(document_weights(10, 50, 7)))
    for row, value in zip(weights.long(), found.studentised, strict=True):
        drawn = torch.arange(10).repeat_interleave(row)
        n, d = numerators[drawn].double(), denominators[drawn].double()
        ratio = n.sum() / d.sum()
        error = ((n - ratio * d).square().sum() * 10 / 9).sqrt() / d.sum()
        assert math.isclose(float(value), float((ratio - found.value) / error), rel_tol=1e-9, abs_tol=1e-12)


def test_units_of_the_numerators_change_no_studentised_deviation() -> None:
    numerators, denominators = torch.rand(2, 20, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    usual, small = (ratio_bootstrap(numerators * unit, denominators, 99, 1) for unit in (1, 2**-20))
    assert float((usual.studentised - small.studentised).abs().max()) < 1e-12
    assert math.isclose(float(usual.error) * 2**-20, float(small.error), rel_tol=1e-12)


def test_weights_draw_as_many_documents_as_there_are() -> None:
    blocks = list(document_weights(1_500_000, 3, 1))
    assert [tuple(block.shape) for block in blocks] == [(1, 1_500_000)] * 3
    weights = torch.cat(list(document_weights(50, 4000, 1)))
    assert weights.dtype == torch.float64
    assert weights.shape == (4000, 50)
    assert bool((weights.sum(1) == 50).all())
    assert 0.97 < float(weights.var()) / 0.98 < 1.03  # binomial: n · 1/n · (1 - 1/n)
    assert torch.equal(weights[:50], torch.cat(list(document_weights(50, 50, 1))))
    assert not torch.equal(weights[:50], torch.cat(list(document_weights(50, 50, 2))))


def test_weights_come_in_blocks_that_fit() -> None:
    assert [len(block) for block in document_weights(1000, 4001, 1)] == [2000, 2000, 1]
    assert [len(block) for block in document_weights(3_000_000, 2, 1)] == [1, 1]
    assert [len(block) for block in document_weights(1, 2_000_001, 1)] == [2_000_000, 1]


def test_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, domains = in_domains(1, SHARES.expand(2, 2, 4), 20)
    shares, lone = share_intervals(counts, domains, resamples=99), interval(evenness, counts, domains, resamples=99)
    monkeypatch.setattr("fixtures.routing.bootstrap._BLOCK", 20 * 40)
    assert [len(block) for block in document_weights(20, 99, 1)] == [40, 40, 19]
    again, lone_again = (
        share_intervals(counts, domains, resamples=99),
        interval(evenness, counts, domains, resamples=99),
    )
    for before, after in zip((*shares, *vars(lone).values()), (*again, *vars(lone_again).values()), strict=True):
        assert torch.as_tensor(before).allclose(torch.as_tensor(after), rtol=1e-9)


def evenness(shares: Tensor) -> Tensor:
    return shares.square().sum((-3, -2, -1))


def test_linearised_variance_is_that_of_the_ratio() -> None:
    counts = documents(3, SHARES.expand(2, 4), 30).double()
    totals = counts.sum(0)
    shares = slot_shares(totals)
    slopes = torch.zeros(1, 2, 4).double()
    slopes[0, 1, 2] = 3.0
    found = linearised_variance(slopes, shares[None], counts, torch.ones(1, 30).double())
    residuals = counts[:, 1, 2] - shares[1, 2] * counts[:, 1].sum(-1)
    assert math.isclose(float(found), float(9 * residuals.square().sum() / totals[1].sum() ** 2), rel_tol=1e-12)


def test_widening_by_hand() -> None:
    assert math.isclose(float(widening(torch.full((10,), 3.0).double())), 10 / 9, rel_tol=1e-12)
    # Parts 1/2, 1/4, 1/4: Σh² = 3/8; 1/4 · (1 - 1 + 3/8) + 2 · 1/16 · (1 - 1/2 + 3/8) = 13/64, of 24/64.
    assert math.isclose(float(widening(torch.tensor([2.0, 1.0, 1.0]).double())), 24 / 13, rel_tol=1e-12)


def test_tails_by_hand() -> None:
    replicates = torch.arange(1, 1000)[torch.randperm(999, generator=torch.Generator().manual_seed(1))]
    assert [int(tail) for tail in tails(replicates, 0.95)] == [25, 975]
    assert [int(tail) for tail in tails(replicates, 0.9)] == [50, 950]
    assert [int(tail) for tail in tails(torch.arange(60), 0.95)] == [1, 58]
    assert [int(tail) for tail in tails(torch.arange(59), 0.95)] == [1, 57]
    low, high = tails(torch.stack([replicates, -replicates], 1), 0.95)
    assert (low.tolist(), high.tolist()) == ([25, -975], [975, -25])
    assert [int(tail) for tail in tails(replicates[:39].sort().values, 0.95)] == [
        int(replicates[:39].min()),
        int(replicates[:39].max()),
    ]


@pytest.mark.parametrize(("number", "level"), [(18, 0.95), (99, 1.0), (99, 0.0), (99, 95.0), (99, -0.5)])
def test_tails_refuse_levels_that_resamples_do_not_reach(number: int, level: float) -> None:
    with pytest.raises(ValueError, match="no tails"):
        tails(torch.arange(number), level)


def test_studentised_by_the_replicates_own_error_with_a_floor() -> None:
    deviation, errors = torch.tensor([1.0, 1.0, 0.0, -2.0]), torch.tensor([0.5, 0.0, 0.0, 0.4])
    assert studentise(deviation, errors, torch.tensor(2.0)).tolist() == pytest.approx([2.0, 5.0, 0.0, -5.0])
    assert studentise(torch.zeros(2), torch.zeros(2), torch.tensor(0.0)).tolist() == [0, 0]


def test_shares_and_intervals_of_each_domain_are_its_own() -> None:
    counts, domains = in_domains(6, torch.stack([SHARES, SHARES.flip(0)])[:, None], 60)
    found = share_intervals(counts, domains, resamples=199)
    assert found.value.shape == (2, 1, 4)
    assert found.value.equal(slot_shares(torch.stack([counts[:60].sum(0), counts[60:].sum(0)])))
    assert bool((found.low < found.value).all() & (found.value < found.high).all())
    alone = share_intervals(counts[:60], domains[:60], resamples=199)
    assert bool(((alone.low[0] - found.low[0]).abs() < 1e-12).all())
    assert found.estimate(1, 0, 3) == Estimate(*(float(part[1, 0, 3]) for part in found))
    swapped = share_intervals(counts, 1 - domains, resamples=199)
    assert bool((swapped.value[[1, 0]] == found.value).all())
    # Both domains have the same resamples only where both have the same seed, and that they must not have.
    twice = share_intervals(counts[:60].repeat(2, 1, 1), domains, resamples=199)
    assert not torch.equal(twice.low[0], twice.low[1])


def test_the_order_of_documents_matters_as_little_as_the_seed() -> None:
    counts = documents(7, SHARES[None], 60)
    found = share_intervals(counts, ONE_DOMAIN, resamples=4000)
    order = torch.randperm(60, generator=torch.Generator().manual_seed(1))
    reordered = share_intervals(counts[order], ONE_DOMAIN, resamples=4000)
    assert bool(((found.low - reordered.low).abs() < 0.1 * spread(found)).all())
    assert torch.equal(found.low, share_intervals(counts, ONE_DOMAIN, resamples=4000).low)
    assert not torch.equal(found.low, share_intervals(counts, ONE_DOMAIN, resamples=4000, seed=1).low)
    usual, said = share_intervals(counts, ONE_DOMAIN), share_intervals(counts, ONE_DOMAIN, 0.95, 2000)
    assert torch.equal(usual.low, said.low)


def test_a_wider_level_and_fewer_documents_widen() -> None:
    counts = documents(8, SHARES[None], 240)
    domains = torch.zeros(240, dtype=torch.int64)
    usual = spread(share_intervals(counts, domains))
    assert bool((spread(share_intervals(counts, domains, level=0.99)) > 1.2 * usual).all())
    assert bool((spread(share_intervals(counts[:60], domains[:60])) > 1.5 * usual).all())


def test_an_expert_never_chosen_and_one_always_chosen_are_certain() -> None:
    counts = torch.tensor([[[4, 0]]]).expand(10, 1, 2)
    found = share_intervals(counts, torch.zeros(10, dtype=torch.int64), resamples=99)
    assert [part.flatten().tolist() for part in found] == [[1, 0]] * 3


def test_an_expert_chosen_in_one_document_only_has_a_share_between_nothing_and_everything() -> None:
    counts = torch.tensor([[[100, 0]]]).repeat(10, 1, 1)
    counts[0] = torch.tensor([[0, 100]])
    found = share_intervals(counts, torch.zeros(10, dtype=torch.int64), resamples=999)
    assert 0 <= float(found.low[0, 0, 1]) < 0.1 < float(found.high[0, 0, 1]) <= 1
    assert float(found.high[0, 0, 0]) == 1
    assert float(found.low[0, 0, 0]) >= 0


def test_lead_interval_is_about_the_lead() -> None:
    counts = documents(9, SHARES, 200)
    pooled = slot_shares(counts.sum(0))
    for expert in range(4):
        found = lead_interval(counts, expert)
        assert math.isclose(found.value, float(lead(pooled, expert)), abs_tol=1e-12)
        assert found.low < found.value < found.high
    assert lead_interval(counts, 0) > 0
    assert lead_interval(counts, 3) < -0.1


def test_lead_interval_with_one_rival_is_that_of_the_difference() -> None:
    counts = documents(10, torch.tensor([0.6, 0.4]), 60)
    found = lead_interval(counts, 0, resamples=499, seed=3)
    share = share_intervals(counts[:, None], ONE_DOMAIN, resamples=499, seed=3)
    assert found.value == pytest.approx(2 * float(share.value[0, 0, 0]) - 1)
    assert found.low == pytest.approx(2 * float(share.low[0, 0, 0]) - 1)
    assert found.high == pytest.approx(2 * float(share.high[0, 0, 0]) - 1)


def test_lead_interval_of_documents_that_agree_is_certain() -> None:
    assert lead_interval(torch.tensor([[4, 2, 2]]).repeat(10, 1), 0, resamples=99) == Estimate(0.25, 0.25, 0.25)


def test_lead_interval_pays_for_many_rivals_above_only() -> None:
    # Six rivals that are level: the low end is that of the worst rival alone, the high end lies above all of theirs.
    counts = documents(11, torch.full((7,), 1 / 7), 100)
    found = lead_interval(counts, 0, resamples=999)
    sizes = counts.sum(-1, keepdim=True)
    alone = ratio_bootstrap(counts[:, [0]] - counts[:, 1:], sizes, 999, 20240108)
    low, high = tails(alone.studentised, 0.95)
    assert found.low == pytest.approx(float((alone.value - alone.error * high).min()))
    assert found.high > float((alone.value - alone.error * low).min())


@pytest.mark.parametrize(("experts", "expert"), [(4, 4), (4, -1), (1, 0)])
def test_lead_interval_refuses_an_expert_without_rivals(experts: int, expert: int) -> None:
    with pytest.raises(ValueError, match=f"expert {expert} has no lead among {experts}"):
        lead_interval(torch.ones(20, experts), expert)


def test_repetition_is_a_share_of_pairs() -> None:
    repeats, pairs = torch.tensor([1, 0] * 10), torch.tensor([4, 1] * 10)
    found = repetition(repeats, pairs)
    assert found.value == 0.2
    assert 0.1 < found.low < 0.2 < found.high < 0.3
    assert repetition(torch.zeros(10), torch.ones(10), resamples=99) == Estimate(0, 0, 0)
    assert repetition(torch.ones(10), torch.ones(10), resamples=99) == Estimate(1, 1, 1)


def test_repetition_stays_between_none_and_all() -> None:
    pairs, once = torch.full((12,), 10), torch.tensor([10] + [0] * 11)
    few, many = repetition(once, pairs, resamples=999), repetition(pairs - once, pairs, resamples=999)
    assert 0 <= few.low < few.high <= 1
    assert 0 <= many.low < many.high == 1


@pytest.mark.parametrize(("repeats", "pairs"), [(2, 1), (-1, 1)])
def test_repetition_refuses_more_repeats_than_pairs(repeats: int, pairs: int) -> None:
    with pytest.raises(ValueError, match="some of the pairs"):
        repetition(torch.tensor([repeats] + [1] * 19), torch.tensor([pairs] + [1] * 19))


def test_paired_difference_weighs_documents_by_tokens() -> None:
    a, b, tokens = torch.tensor([2.0, 3.0] * 10), torch.tensor([1.0, 1.0] * 10), torch.tensor([30, 10] * 10)
    found = paired_difference(a, b, tokens)
    assert found.value == 1.25
    assert 1 < found.low < 1.25 < found.high < 1.5
    turned = paired_difference(b, a, tokens)
    assert turned.value == -1.25
    assert turned.low == pytest.approx(-found.high)
    # Pairing: what both losses share cancels.
    hard = 100 * torch.rand(20, generator=torch.Generator().manual_seed(1))
    assert paired_difference(a + hard, b + hard, tokens).low == pytest.approx(found.low, abs=1e-4)


def one_share(domain: int, layer: int, expert: int) -> Callable[[Tensor], Tensor]:
    return lambda shares: shares[..., domain, layer, expert]


def test_a_smooth_statistic_has_the_interval_of_the_share_it_is() -> None:
    counts, domains = in_domains(12, torch.stack([SHARES, SHARES.flip(0)])[:, None].expand(2, 3, 4), 60, 1.0)
    shares = share_intervals(counts, domains, 0.9, 499, 5)
    for place in ((0, 0, 0), (1, 2, 3)):
        found = interval(one_share(*place), counts, domains, 0.9, 499, 5)
        assert found.value == pytest.approx(float(shares.value[place]))
        assert found.low == pytest.approx(float(shares.low[place]))
        assert found.high == pytest.approx(float(shares.high[place]))


STATISTICS: dict[str, Callable[[Tensor], Tensor]] = {
    "no slope, whole numbers": lambda shares: shares[..., 0, 0, :].argmax(-1).double(),
    "no slope, steps": lambda shares: shares[..., 0, 0, 0].sign(),
    r"not the shape \(4\,\)": lambda shares: shares[..., 0, 0, :],
}


@pytest.mark.parametrize("kind", STATISTICS)
def test_interval_refuses_what_is_not_one_smooth_number(kind: str) -> None:
    counts, domains = in_domains(1, SHARES.expand(2, 1, 4), 20)
    with pytest.raises(ValueError, match=kind.partition(", ")[0]):
        interval(STATISTICS[kind], counts, domains, resamples=99)


def test_difference_by_hand() -> None:
    found = difference(Estimate(5, 2, 6), Estimate(1, -3, 5))
    # Below: 3 and 4; above: 1 and 4.
    assert (found.value, found.low) == (4, -1)
    assert found.high == pytest.approx(4 + math.sqrt(17))


@pytest.mark.parametrize(("threshold", "factor"), [(3, 0.25), (4.5, 4), (5, math.inf), (5.5, 16), (6, 4), (9, 0.25)])
def test_documents_factor_by_hand(threshold: float, factor: float) -> None:
    assert documents_factor(Estimate(5, 4, 7), threshold) == factor


# Too little data.


def test_nine_documents_are_too_few_and_ten_are_not() -> None:
    counts = documents(13, SHARES[None], 10)
    domains = torch.zeros(10, dtype=torch.int64)
    share_intervals(counts, domains, resamples=99)
    interval(evenness, counts, domains, resamples=99)
    attempts: list[Callable[[], object]] = [
        lambda: share_intervals(counts[:9], domains[:9]),
        lambda: interval(evenness, counts[:9], domains[:9]),
        lambda: lead_interval(counts[:9, 0], 0),
        lambda: repetition(torch.ones(9), torch.ones(9)),
        lambda: paired_difference(torch.ones(9), torch.ones(9), torch.ones(9)),
    ]
    for attempt in attempts:
        with pytest.raises(Undecided, match="9 documents are too few to tell, at least 10"):
            attempt()


def test_documents_with_nothing_in_them_do_not_count() -> None:
    counts = documents(14, SHARES[None], 12)
    padded = torch.cat([counts, torch.zeros_like(counts)])
    domains = torch.zeros(24, dtype=torch.int64)
    found, again = share_intervals(counts, domains[:12], resamples=99), share_intervals(padded, domains, resamples=99)
    assert all(torch.equal(a, b) for a, b in zip(found, again, strict=True))
    with pytest.raises(Undecided, match="9 documents"):
        share_intervals(padded[3:], domains[3:])
    half = torch.tensor([1, 0] * 10)
    assert repetition(half, torch.ones(20)) == repetition(
        torch.cat([half, torch.zeros(5)]), torch.tensor([1] * 20 + [0] * 5)
    )
    # A document that one layer saw and another did not counts.
    seen = counts.repeat(1, 2, 1)
    seen[:3, 1] = 0
    found = share_intervals(seen, domains[:12], resamples=99)
    assert torch.equal(found.value[0, 0], share_intervals(counts, domains[:12], resamples=99).value[0, 0])
    with pytest.raises(Undecided, match="0 documents"):
        repetition(torch.ones(0), torch.ones(0))
    with pytest.raises(ValueError, match="negative"):
        paired_difference(torch.ones(20), torch.zeros(20), torch.tensor([-1] + [1] * 19))


def test_a_domain_without_documents_is_refused() -> None:
    counts = documents(15, SHARES[None], 20)
    with pytest.raises(ValueError, match="every domain a document"):
        share_intervals(counts, torch.ones(20, dtype=torch.int64))
