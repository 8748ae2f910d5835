"""Laws and known values of shares, distances and trends, and the published figures they must give."""

import json
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from fixtures.routing.shares import (
    between_domains,
    depth_trend,
    domain_counts,
    from_even,
    lead,
    slot_shares,
    steps_up,
    token_shares,
    total_variation,
)

DATA = Path(__file__).parents[2] / "fixtures/data"
SEEDS = st.integers(0, 2**32 - 1)
ROUNDING = 1e-14  # sums of at most 64 numbers below 1 in float64


def drawn(seed: int, *shape: int) -> Tensor:
    """Counts of which about a fifth are zero, and none of the rows."""
    generator = torch.Generator().manual_seed(seed)
    counts = torch.randint(0, 1000, shape, generator=generator)
    counts = torch.where(torch.rand(shape, generator=generator) < 0.2, 0, counts)
    counts[..., 0] += 1
    return counts


def exactly(tensor: Tensor, *values: float) -> bool:
    return tensor.flatten().tolist() == list(values)


def test_slot_shares_by_hand() -> None:
    shares = slot_shares(torch.tensor([[1, 3, 0, 4], [2, 2, 2, 2]]))
    assert shares.dtype == torch.float64
    assert exactly(shares, 0.125, 0.375, 0, 0.5, 0.25, 0.25, 0.25, 0.25)


def test_slot_shares_refuse_what_has_none() -> None:
    with pytest.raises(ValueError, match="no choices"):
        slot_shares(torch.tensor([[1, 1], [0, 0]]))
    with pytest.raises(ValueError, match="negative"):
        slot_shares(torch.tensor([2, -1]))


@given(SEEDS, st.integers(1, 64))
def test_slot_shares_sum_to_one(seed: int, experts: int) -> None:
    sums = slot_shares(drawn(seed, 5, experts)).sum(-1)
    assert bool(((sums - 1).abs() < ROUNDING).all())


def test_token_shares_by_hand() -> None:
    # Four tokens with two choices each: expert 0 serves all of them, expert 1 half.
    assert exactly(token_shares(torch.tensor([4, 2, 1, 1]), 2), 1, 0.5, 0.25, 0.25)
    assert exactly(token_shares(torch.tensor([4, 2, 1, 1]), 1), 0.5, 0.25, 0.125, 0.125)
    assert exactly(token_shares(torch.tensor([[4, 2, 1, 1], [1, 1, 0, 0]]), 2), 1, 0.5, 0.25, 0.25, 1, 1, 0, 0)


@pytest.mark.parametrize("counts", [[5, 2, 1, 0], [[1, 1, 1, 1], [3, 1, 0, 0]]])
def test_token_shares_refuse_an_expert_chosen_twice_by_a_token(counts: list[int]) -> None:
    with pytest.raises(ValueError, match="top-2"):
        token_shares(torch.tensor(counts), 2)


def test_domain_counts_add_documents_up() -> None:
    counts = torch.tensor([[1, 2], [3, 4], [5, 6]])
    summed = domain_counts(counts, torch.tensor([1, 0, 1]))
    assert summed.tolist() == [[3, 4], [6, 8]]
    assert summed.dtype == torch.int64
    assert domain_counts(counts.double() / 2, torch.tensor([1, 0, 1])).tolist() == [[1.5, 2], [3, 4]]


@pytest.mark.parametrize("domains", [[0, 2, 2], [1, 1, 1], [0, 1], [0, 0, 1, 1]])
def test_domain_counts_need_a_document_of_every_domain(domains: list[int]) -> None:
    with pytest.raises(ValueError, match="every domain"):
        domain_counts(torch.ones(3, 2), torch.tensor(domains))


def test_domain_counts_of_nothing() -> None:
    with pytest.raises(ValueError, match="every domain"):
        domain_counts(torch.ones(0, 2), torch.zeros(0, dtype=torch.int64))


@given(SEEDS)
def test_splitting_a_document_changes_nothing(seed: int) -> None:
    counts = drawn(seed, 6, 3, 8)
    domains = torch.tensor([0, 1, 0, 1, 1, 0])
    part = counts[:1] // 3
    split = torch.cat([part, counts[:1] - part, counts[1:]])
    assert torch.equal(domain_counts(counts, domains), domain_counts(split, torch.cat([domains[:1], domains])))


@given(SEEDS)
def test_order_of_documents_changes_nothing(seed: int) -> None:
    counts, domains = drawn(seed, 6, 3, 8), torch.tensor([0, 1, 0, 1, 1, 0])
    order = torch.randperm(6, generator=torch.Generator().manual_seed(seed))
    assert torch.equal(domain_counts(counts, domains), domain_counts(counts[order], domains[order]))


def test_total_variation_by_hand() -> None:
    assert float(total_variation(torch.tensor([0.5, 0.25, 0.25]), torch.tensor([0.25, 0.25, 0.5]))) == 0.25
    assert float(total_variation(torch.tensor([1.0, 0.0]), torch.tensor([0.0, 1.0]))) == 1


@given(SEEDS, st.integers(1, 64))
def test_total_variation_is_a_metric(seed: int, experts: int) -> None:
    a, b, c = slot_shares(drawn(seed, 3, experts))
    assert total_variation(a, b) == total_variation(b, a)
    assert total_variation(a, a) == 0
    assert (total_variation(a, b) > 0) == (not torch.equal(a, b))
    assert total_variation(a, c) <= total_variation(a, b) + total_variation(b, c) + ROUNDING
    assert total_variation(a, b) <= 1 + ROUNDING


@given(SEEDS, st.integers(2, 16), st.integers(2, 5))
def test_names_of_experts_and_domains_change_no_distance(seed: int, experts: int, domains: int) -> None:
    shares = slot_shares(drawn(seed, domains, 3, experts))
    generator = torch.Generator().manual_seed(seed)
    renamed = shares[..., torch.randperm(experts, generator=generator)]
    reordered = shares[torch.randperm(domains, generator=generator)]
    for distance in (from_even, between_domains):
        for other in (renamed, reordered):
            assert bool(((distance(shares) - distance(other)).abs() < ROUNDING).all())


def test_from_even_by_hand() -> None:
    # [domains, layers, experts]: .25 and 0 from even at layer 0, .5 and .5 at layer 1.
    shares = torch.tensor([[[0.75, 0.25], [1.0, 0.0]], [[0.5, 0.5], [0.0, 1.0]]])
    assert exactly(from_even(shares), 0.125, 0.5)


def test_between_domains_by_hand() -> None:
    # Distances at layer 0 are .25, .5 and .25; at layer 1 the domains agree.
    shares = torch.tensor([[[0.75, 0.25], [0.1, 0.9]], [[0.5, 0.5], [0.1, 0.9]], [[0.25, 0.75], [0.1, 0.9]]]).double()
    found = between_domains(shares)
    assert found.shape == (2,)
    assert abs(float(found[0]) - 1 / 3) < ROUNDING
    assert found[1] == 0


@given(SEEDS, st.integers(2, 6))
def test_between_domains_is_the_mean_over_pairs(seed: int, domains: int) -> None:
    shares = slot_shares(drawn(seed, 2, domains, 3, 8))
    pairs = [total_variation(shares[:, a], shares[:, b]) for a in range(domains) for b in range(a)]
    assert bool(((between_domains(shares) - torch.stack(pairs).mean(0)).abs() < ROUNDING).all())


def test_between_domains_needs_two() -> None:
    with pytest.raises(ValueError, match="two"):
        between_domains(torch.full((1, 3, 8), 0.125))
    assert exactly(between_domains(torch.full((2, 3, 8), 0.125)), 0, 0, 0)


def test_lead_by_hand() -> None:
    shares = torch.tensor([0.125, 0.5, 0.25, 0.125])
    assert [float(lead(shares, expert)) for expert in range(4)] == [-0.375, 0.25, -0.25, -0.375]
    assert exactly(lead(torch.tensor([[0.5, 0.5], [0.75, 0.25]]), 0), 0, 0.5)
    assert exactly(lead(torch.tensor([[0.25, 0.5, 0.25]]), 1), 0.25)


@pytest.mark.parametrize(("experts", "expert"), [(4, 4), (4, -1), (1, 0), (2, 2)])
def test_lead_refuses_an_expert_without_rivals(experts: int, expert: int) -> None:
    with pytest.raises(ValueError, match=f"expert {expert} has no lead"):
        lead(torch.ones(experts), expert)


@given(SEEDS, st.integers(2, 16))
def test_only_the_first_leads(seed: int, experts: int) -> None:
    shares = slot_shares(drawn(seed, experts))
    leads = torch.stack([lead(shares, expert) for expert in range(experts)])
    assert int((leads > 0).sum()) <= 1
    assert leads.max() == leads[shares.argmax()] >= 0


def test_depth_trend_by_hand() -> None:
    assert float(depth_trend(torch.tensor([1.0, 2.0, 3.0]))) == 1
    assert float(depth_trend(torch.tensor([9.0, 4.0, -1.0]))) == -1
    # Differences of ranks 1, 2 and 1: 1 less 6 * 6 / (3 * 8) is -.5
    assert float(depth_trend(torch.tensor([2.0, 3.0, 1.0]))) == -0.5
    # With ranks 1, 2.5, 2.5, 4 of depths 1, 2, 3, 4: covariance 4.5, variances 4.5 and 5.
    assert abs(float(depth_trend(torch.tensor([0.0, 5.0, 5.0, 7.0]))) - (4.5 / 5) ** 0.5) < ROUNDING
    assert exactly(depth_trend(torch.tensor([[1.0, 2.0], [2.0, 1.0], [1.0, 1.0]])), 1, -1, 0)


def test_depth_trend_takes_equal_distances_for_ties() -> None:
    assert float(depth_trend(torch.tensor([0.3, 0.1 + 0.2], dtype=torch.float64))) == 0
    assert float(depth_trend(torch.tensor([0.3, 0.3 + 2e-13], dtype=torch.float64))) == 0
    assert float(depth_trend(torch.tensor([0.3, 0.3 + 2e-12], dtype=torch.float64))) == 1


def test_depth_trend_needs_two_layers() -> None:
    with pytest.raises(ValueError, match="two layers"):
        depth_trend(torch.tensor([1.0]))


@given(SEEDS, st.integers(2, 32))
def test_depth_trend_sees_ranks_only(seed: int, layers: int) -> None:
    series = torch.rand(layers, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    assert depth_trend(series) == depth_trend(series.exp())
    assert abs(depth_trend(series) + depth_trend(-series)) < ROUNDING
    assert abs(depth_trend(series) + depth_trend(series.flip(0))) < ROUNDING
    assert -1 - ROUNDING <= depth_trend(series) <= 1 + ROUNDING


def test_steps_up_by_hand() -> None:
    assert int(steps_up(torch.tensor([1.0, 2.0, 2.0, 1.0, 5.0]))) == 2
    assert exactly(steps_up(torch.tensor([[1.0, 2.0, 3.0], [3.0, 2.0, 1.0]])), 2, 0)
    assert int(steps_up(torch.tensor([0.3, 0.1 + 0.2], dtype=torch.float64))) == 0


def rounded(tensor: Tensor) -> list[float]:
    return [round(value, 3) for value in tensor.tolist()]


def test_the_figure_gives_its_distances() -> None:
    figure = json.loads((DATA / "mixtral_paper_figure7.json").read_text())["shares"]
    shares = torch.tensor([[figure[layer][domain] for layer in figure] for domain in figure["0"]], dtype=torch.float64)
    assert rounded(from_even(shares)) == [0.041, 0.080, 0.084]
    assert rounded(between_domains(shares)) == [0.047, 0.090, 0.103]


def test_the_mmlu_record_gives_its_distances() -> None:
    record = json.loads((DATA / "mixtral_mmlu_counts.json").read_text())["subjects"]
    shares = slot_shares(torch.tensor(list(record.values())))
    evenness, series = from_even(shares), between_domains(shares)
    assert rounded(evenness[[0, 31]]) == [0.078, 0.079]
    assert int(evenness.argmin()) == 2
    assert int((evenness < evenness[0]).sum()) == 5
    assert round(float(depth_trend(series)), 2) == 0.27
    assert (int(series.argmax()), int(steps_up(series))) == (9, 18)


def test_the_olmoe_record_gives_its_distances() -> None:
    record = json.loads((DATA / "mixtral_olmoe_repo_counts.json").read_text())
    assert record["layers"] == [0, 7, 15]
    shares = slot_shares(torch.tensor(list(record["domains"].values())))
    assert rounded(between_domains(shares)) == [0.039, 0.047, 0.066]
