"""Error rates of the permutation tests on simulated documents, and of a chi-square over tokens; halves of a domain."""

from collections.abc import Iterator

import pytest
import torch
from torch import Tensor

from fixtures.claim.estimate import Undecided
from fixtures.routing.permutation import _orders, domains_differ, halves, used_more
from fixtures.routing.shares import slot_shares, total_variation
from tests.routing.simulated import documents, in_domains

SIMULATIONS = 1000
SHARES = torch.tensor([0.4, 0.3, 0.2, 0.1], dtype=torch.float64)
THREE = torch.arange(3).repeat_interleave(20)


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def rate(p_values: list[float]) -> float:
    return sum(p <= 0.05 for p in p_values) / len(p_values)


def chi_square_over_tokens(counts: Tensor, domains: Tensor) -> float:
    """The p-value of a table of domains by experts, as if tokens were independent."""
    table = torch.zeros(int(domains.max()) + 1, counts.shape[-1]).index_add_(0, domains, counts[:, 0].float()).double()
    expected = table.sum(1, keepdim=True) * table.sum(0) / table.sum()
    freedom = torch.tensor((table.shape[0] - 1) * (table.shape[1] - 1), dtype=torch.float64)
    return float(torch.special.gammaincc(freedom / 2, ((table - expected).square() / expected).sum() / 2))


def test_the_chi_square_of_independent_tokens_is_right() -> None:
    generator = torch.Generator().manual_seed(1)
    tokens = torch.multinomial(SHARES, 300 * 60, replacement=True, generator=generator).view(300, 60)
    tables = torch.nn.functional.one_hot(tokens, 4)[:, :, None]
    assert 0.02 <= rate([chi_square_over_tokens(table, THREE) for table in tables]) <= 0.09


def test_permuted_documents_err_at_their_level_where_tokens_err_nearly_always() -> None:
    counts = [documents(run, SHARES[None], 60) for run in range(SIMULATIONS)]
    anything = [domains_differ(each, THREE, 199, run) for run, each in enumerate(counts)]
    assert 0.03 <= rate(anything) <= 0.07
    one_domain = [float(used_more(each, THREE, 1, 199, run).min()) for run, each in enumerate(counts)]
    assert 0.03 <= rate(one_domain) <= 0.07
    assert rate([chi_square_over_tokens(each, THREE) for each in counts]) > 0.95


def test_lengths_that_differ_between_domains_are_no_difference() -> None:
    found = []
    for run in range(SIMULATIONS):
        parts = [documents(2 * run + long, SHARES[None], 20 + 20 * long, 0.3 + 0.5 * long) for long in (0, 1)]
        found.append(domains_differ(torch.cat(parts), torch.tensor([0] * 20 + [1] * 40), 99, run))
    assert 0.03 <= rate(found) <= 0.07


def test_a_difference_is_found_where_it_is() -> None:
    shares = torch.stack([SHARES, SHARES, torch.tensor([0.3, 0.25, 0.15, 0.3])])[:, None].repeat(1, 2, 1)
    shares[:, 1] = SHARES
    counts, domains = in_domains(1, shares, 60)
    assert domains_differ(counts, domains, 499) == 1 / 500
    found = used_more(counts, domains, 2, 499)
    assert found.shape == (2, 4)
    assert found[0, 3] == 1 / 500
    assert int((found <= 0.05).sum()) == 1
    # Used less is not used more, and not in another domain.
    assert found[0, 0] == 1
    assert used_more(counts, domains, 0, 499)[0, 0] > 1 / 500
    assert float(used_more(counts, domains, 0, 499)[0, 3]) > 0.5
    assert domains_differ(counts[:, 1:], domains, 499) > 0.05
    assert domains_differ(counts[:, :1], domains) == 1 / 2000
    assert len(halves(counts, domains).different) == 1000


def test_a_difference_in_one_direction_only_is_found() -> None:
    # Two domains mirror each other: whatever is more in one is less in the other.
    counts, domains = in_domains(2, torch.stack([SHARES, SHARES.flip(0)])[:, None], 60)
    assert domains_differ(counts, domains, 199) == 1 / 200
    assert (used_more(counts, domains, 0, 199)[0] < 0.05).tolist() == [True, True, False, False]
    assert (used_more(counts, domains, 1, 199)[0] < 0.05).tolist() == [False, False, True, True]


def test_looking_at_more_layers_costs() -> None:
    counts = documents(4, SHARES.expand(30, 4), 60)
    counts[40:, 0, 0] += 60
    lone, among = used_more(counts[:, :1], THREE, 2, 999), used_more(counts, THREE, 2, 999)
    assert lone[0, 0] < among[0, 0]


def test_p_values_by_hand() -> None:
    # Two documents each: of the three ways to pair four documents one separates them, so a third of the permutations
    # reach the observed difference, which is as large as can be.
    counts = torch.tensor([[[8, 0]], [[8, 0]], [[0, 8]], [[0, 8]]])
    domains = torch.tensor([0, 0, 1, 1])
    found = domains_differ(counts, domains, 2999)
    assert abs(found - 1 / 3) < 0.03
    assert round(found * 3000, 6).is_integer()
    more = used_more(counts, domains, 0, 2999)
    assert abs(float(more[0, 0]) - 1 / 3) < 0.03
    # Expert 1 is used less in domain 0, by as much as can be: every permutation reaches that.
    assert float(more[0, 1]) == 1
    assert domains_differ(counts, domains, 2999, seed=1) != found


def contrast(counts: Tensor, inside: Tensor) -> float:
    """The studentised difference of expert 0's share inside and outside, from the documents themselves."""
    means, variances = [], []
    for group in (counts[inside, 0].double(), counts[~inside, 0].double()):
        sizes = group.sum(-1)
        means.append(group[:, 0].sum() / sizes.sum())
        variances.append((group[:, 0] - means[-1] * sizes).square().sum() / sizes.sum() ** 2)
    return float((means[0] - means[1]) / (variances[0] + variances[1]).sqrt())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("inside", [2, 5])
def test_p_values_are_the_parts_of_all_orders(seed: int, inside: int) -> None:
    counts = documents(seed, torch.tensor([[0.6, 0.4]]), 7, 1.0)
    domains = (torch.arange(7) < inside).long()
    ways = torch.combinations(torch.arange(7), inside)
    found = torch.tensor([contrast(counts, torch.isin(torch.arange(7), way)) for way in ways])
    observed = contrast(counts, domains == 1)
    either = float((found.abs() >= abs(observed) - 1e-6).double().mean())
    assert abs(domains_differ(counts, domains, 4999) - either) < 0.022
    # The other expert's contrast is the same with its sign turned, and the larger of both counts.
    assert abs(float(used_more(counts, domains, 1, 4999)[0, int(observed < 0)]) - either) < 0.022


def test_an_expert_never_chosen_changes_nothing() -> None:
    for seed in range(5):
        counts = documents(seed, SHARES[None, :2], 12)
        domains = torch.arange(12) % 2
        wider = torch.cat([counts, torch.zeros_like(counts)], -1)
        assert domains_differ(wider, domains, 99) == domains_differ(counts, domains, 99)


def test_documents_that_are_all_alike_do_not_differ() -> None:
    counts = torch.tensor([[[3, 1]]]).repeat(60, 1, 1)
    assert domains_differ(counts, THREE, 99) == 1
    assert used_more(counts, THREE, 0, 99).tolist() == [[1, 1]]


def test_orders_come_in_blocks_that_fit() -> None:
    assert [len(block) for block in _orders(1000, 4001, 1)] == [2000, 2000, 1]
    assert [len(block) for block in _orders(1, 2_000_001, 1)] == [2_000_000, 1]
    assert [len(block) for block in _orders(2_000_001, 2, 1)] == [1, 1]


def test_permutations_come_in_blocks_that_change_little(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, domains = in_domains(3, SHARES.expand(3, 1, 4), 20)
    whole = domains_differ(counts, domains, 999)
    split = halves(counts, domains, 30)
    monkeypatch.setattr("fixtures.routing.permutation._BLOCK", 60 * 100)
    assert domains_differ(counts, domains, 999) == whole
    monkeypatch.setattr("fixtures.routing.permutation._BLOCK", 20 * 7)
    assert torch.equal(halves(counts, domains, 30).same, split.same)
    monkeypatch.setattr("fixtures.routing.permutation._BLOCK", 1)
    assert torch.equal(halves(counts, domains, 30).same, split.same)


@pytest.mark.parametrize("domain", [2, -3])
def test_used_more_refuses_a_domain_that_is_not_there(domain: int) -> None:
    counts, domains = in_domains(3, SHARES.expand(2, 1, 4), 20)
    with pytest.raises(IndexError):
        used_more(counts, domains, domain)


def test_halves_of_four_documents_by_hand() -> None:
    # Domain 0: one document differs, a half has it or not, so the halves' shares are 1/2 apart. Domain 1: all alike.
    counts = torch.tensor([[[2, 0]], [[2, 0]], [[2, 0]], [[0, 2]], [[0, 2]], [[0, 2]], [[0, 2]], [[0, 2]]])
    found = halves(counts, torch.tensor([0] * 4 + [1] * 4), 50)
    assert found.same.shape == (50, 2, 1)
    assert found.different.shape == (50, 1)
    assert bool((found.same[:, 0] == 0.5).all() & (found.same[:, 1] == 0).all())
    # One half of domain 0 is 1 away from domain 1, the other 1/2.
    assert bool((found.different == 0.75).all())


def test_halves_are_of_whole_documents_each_in_one_of_them() -> None:
    # A domain of three documents leaves one out; what is drawn is one document against another.
    counts = torch.tensor([[[8, 0]], [[4, 4]], [[1, 7]]])
    found = halves(counts.repeat(2, 1, 1), torch.tensor([0, 0, 0, 1, 1, 1]), 300)
    pairs = {float(total_variation(*slot_shares(counts[[a, b], 0]))) for a, b in ((0, 1), (0, 2), (1, 2))}
    assert set(found.same.flatten().tolist()) == pairs
    assert not torch.equal(found.same[:, 0], found.same[:, 1])


def test_halves_of_one_domain_and_of_two_are_equally_far_when_domains_do_not_differ() -> None:
    counts, domains = in_domains(5, SHARES.expand(4, 50, 4), 40)
    found = halves(counts, domains, 40)
    ratio = float(found.different.mean() / found.same.mean())
    assert 0.95 < ratio < 1.05
    counts[:40, :, 0] += 150
    assert halves(counts, domains, 40).different.mean() > 1.5 * found.same.mean()


def test_too_few_documents_and_domains() -> None:
    counts = documents(1, SHARES[None], 6)
    for attempt in (domains_differ, halves):
        with pytest.raises(Undecided, match="one document"):
            attempt(counts, torch.tensor([0, 0, 0, 0, 0, 1]))
        with pytest.raises(ValueError, match="nothing to differ from"):
            attempt(counts, torch.zeros(6, dtype=torch.int64))
        with pytest.raises(ValueError, match="every domain"):
            attempt(counts, torch.tensor([0, 0, 0, 2, 2, 2]))
        attempt(counts, torch.tensor([0, 0, 1, 1, 2, 2]))
    with pytest.raises(ValueError, match="no choices"):
        domains_differ(torch.zeros(6, 1, 4, dtype=torch.int64), torch.tensor([0, 0, 1, 1, 2, 2]))
