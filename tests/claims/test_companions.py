"""Every law of the gate catches the wrong versions that it is there for, under the quick profile."""

from __future__ import annotations

import importlib
import re
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import find, given, settings

from fixtures.gate import implementations as routers
from fixtures.gate import router
from fixtures.gate.cases import Case
from fixtures.gate.rounding import Rounding, uniform_loss_error
from fixtures.gate.strategy import DTYPES, KINDS, cases
from fixtures.routing import shares as routing_stats
from tests.claims import wrong_routers as wrong

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

LAWS: Any = importlib.import_module("claims.mixtral_paper.test_gate")


@pytest.fixture(autouse=True, scope="module")
def one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


def spoil(monkeypatch: pytest.MonkeyPatch, registry: dict[str, Any], version: Any) -> None:
    """Make one implementation of many, the last, a wrong one."""
    monkeypatch.setitem(registry, list(registry)[-1], version)


def refuse(law: str, **fixtures: Any) -> None:
    """Run a law as the quick profile does, and require that its own assert fails."""
    with pytest.raises(AssertionError) as caught:
        getattr(LAWS, law)(**fixtures)
    assert str(caught.traceback[-1].path).endswith("test_gate.py")


@pytest.mark.parametrize(
    ("law", "version"),
    [
        ("test_softmax_of_the_top_k", wrong.not_renormalised),
        ("test_softmax_of_the_top_k", wrong.one_too_many),
        ("test_softmax_of_the_top_k", wrong.one_too_few),
        ("test_softmax_of_the_top_k", wrong.softmax_twice),
        ("test_softmax_of_the_top_k", wrong.smallest),
        ("test_softmax_of_the_top_k", wrong.by_magnitude),
        ("test_softmax_of_the_top_k", wrong.sigmoids),
        ("test_softmax_of_the_top_k", wrong.half_precision_softmax),
        ("test_softmax_of_the_top_k", wrong.leaning_to_the_last),
        ("test_softmax_of_the_top_k", wrong.twice_the_same_at_ties),
        ("test_weights_are_positive_and_sum_to_one", wrong.not_renormalised),
        ("test_weights_are_positive_and_sum_to_one", wrong.twice_the_same_at_ties),
        ("test_weights_are_positive_and_sum_to_one", wrong.one_too_few),
        ("test_weights_are_positive_and_sum_to_one", wrong.half_precision_softmax),
        ("test_constant_added_to_all_logits", wrong.sigmoids),
        ("test_constant_added_to_all_logits", wrong.by_magnitude),
        ("test_constant_added_to_all_logits", wrong.capped),
        ("test_permuted_experts", wrong.leaning_to_the_last),
        ("test_permuted_experts", wrong.with_a_favourite),
        ("test_scaled_logits", wrong.capped),
        ("test_scaled_logits", wrong.blunted_by_size),
        ("test_scaled_logits", wrong.smallest),
        ("test_one_expert", wrong.not_renormalised),
        ("test_one_expert", wrong.one_too_many),
        ("test_one_expert", wrong.by_magnitude),
        ("test_all_experts", wrong.softmax_twice),
        ("test_all_experts", wrong.one_too_few),
        ("test_all_experts", wrong.sigmoids),
        ("test_renormalised_softmax", wrong.not_renormalised),
        ("test_uniform_router", wrong.with_a_favourite),
        ("test_uniform_router", wrong.one_too_many),
    ],
)
def test_law_of_gates_catches(
    monkeypatch: pytest.MonkeyPatch, law: str, version: Callable[[torch.Tensor, int], router.Routing]
) -> None:
    def gates(logits: torch.Tensor, k: int) -> torch.Tensor:
        return router.dense(version(logits, k), logits.shape[-1])

    name = routers.RENORMALISED if law == "test_renormalised_softmax" else "MixtralTopKRouter"
    monkeypatch.setitem(routers.gates(), name, gates)
    refuse(law)


@pytest.mark.parametrize(
    "version", [wrong.twice_the_same_at_ties, wrong.one_too_many, wrong.one_too_few], ids=lambda one: one.__name__
)
def test_law_of_choices_catches(monkeypatch: pytest.MonkeyPatch, version: Any) -> None:
    spoil(monkeypatch, routers.routers(), version)
    refuse("test_k_distinct_experts")


@pytest.mark.parametrize(
    ("law", "version"),
    [
        ("test_padding_never_counts_in_the_loss", wrong.counting_padding),
        ("test_balancing_loss_at_uniform_routing", wrong.squared_k),
        ("test_balancing_loss_at_uniform_routing", wrong.first_choice_only),
        ("test_balancing_loss_at_uniform_routing", router.megatron_balancing_loss),
    ],
)
def test_law_of_the_loss_catches(monkeypatch: pytest.MonkeyPatch, law: str, version: Any) -> None:
    spoil(monkeypatch, routers.losses(), version)
    refuse(law)


def test_a_loss_that_cannot_fall_below_uniform_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, routers.losses(), wrong.squared_k)
    refuse("test_balancing_loss_below_uniform_routing", measure=lambda loss, *_, **__: loss)


def test_megatron_law_catches_the_other_convention(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(router, "megatron_balancing_loss", router.balancing_loss)
    refuse("test_megatron_balancing_loss_at_uniform_routing")


def test_shares_that_count_padding_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = router.assignments
    monkeypatch.setattr(router, "assignments", lambda choices, experts, _mask: right(choices, experts))
    refuse("test_padding_never_counts_in_shares")


def test_shares_of_the_wrong_whole_are_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing_stats, "token_shares", lambda counts, _k: routing_stats.assignment_shares(counts))
    refuse("test_shares")


def test_variance_of_draws_with_replacement_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    right = router.uniform_share_moments

    def binomial(experts: int, k: int, tokens: int) -> tuple[list[Any], list[Any]]:
        means, _ = right(experts, k, tokens)
        return means, [mean * (1 - mean) / (tokens * k) for mean in means]

    monkeypatch.setattr(router, "uniform_share_moments", binomial)
    refuse("test_uniform_router")


@pytest.mark.parametrize(
    "version",
    [wrong.unweighted, wrong.weighted_twice, wrong.last_left_out, wrong.gate_and_up_swapped],
    ids=lambda one: one.__name__,
)
def test_law_of_the_block_catches(monkeypatch: pytest.MonkeyPatch, version: Any) -> None:
    from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

    assert "block: batched_mm" in routers.blocks()
    monkeypatch.setitem(ALL_EXPERTS_FUNCTIONS, "batched_mm", version)
    refuse("test_weighted_sum_of_experts")


def test_all_installed_implementations_are_held_against_the_laws() -> None:
    assert set(routers.routers()) == {"router.py", "router.py, renormalised", "MixtralTopKRouter"}
    assert set(routers.blocks()) == {"block: eager", "block: batched_mm", "block: grouped_mm"}
    assert set(routers.gates()) == set(routers.routers()) | set(routers.blocks())
    assert set(routers.losses()) == {"router.py", "load_balancing_loss_func"}


@pytest.mark.parametrize("name", ["eager", "batched_mm", "grouped_mm"])
def test_a_block_runs_the_implementation_that_it_is_named_after(name: str) -> None:
    block = routers.build_block(name, experts=3, k=2, width=8, dtype=torch.float32)
    assert block.experts.config._experts_implementation == name


def test_a_failing_case_is_small_and_can_be_pasted_back(monkeypatch: pytest.MonkeyPatch) -> None:
    spoil(monkeypatch, routers.routers(), wrong.twice_the_same_at_ties)
    with pytest.raises(AssertionError) as caught:
        LAWS.test_k_distinct_experts()
    printed = re.search(r"Case\(.*?\)", "\n".join(caught.value.__notes__), re.DOTALL)
    assert printed
    case = eval(printed[0], {"Case": Case})
    assert (case.seed, case.tokens, case.experts, case.k, case.kind) == (0, 1, 2, 2, "flat")
    assert "MixtralTopKRouter" in str(caught.value)
    with pytest.raises(AssertionError):
        LAWS.test_k_distinct_experts.hypothesis.inner_test(case)


def test_hypothesis_finds_a_balancing_loss_below_that_of_uniform_routing() -> None:
    def below(case: Case) -> bool:
        return max(case.losses().values()) < case.k * (1 - uniform_loss_error(case.experts))

    assert below(find(cases(dtypes=("float32",)), below, settings=settings(max_examples=2000)))


def test_cases_cover_what_the_laws_speak_of() -> None:
    drawn: list[Case] = []

    @settings(max_examples=300)
    @given(case=cases())
    def draw(case: Case) -> None:
        drawn.append(case)

    draw()
    assert {case.dtype for case in drawn} == set(DTYPES)
    assert {case.kind for case in drawn} == set(KINDS)
    assert min(case.experts for case in drawn) == 1
    assert max(case.experts for case in drawn) > 48
    assert any(1 < case.k == case.experts for case in drawn)
    assert any(1 == case.k < case.experts for case in drawn)
    assert min(case.tokens for case in drawn) == 1
    assert max(case.tokens for case in drawn) > 2000
    assert any(case.logits().abs().max() >= 9_900 for case in drawn)
    rivals = [case for case in drawn if case.kind == "near-ties" and case.k < case.experts and case.tokens < 100]
    ambiguous = [case for case in rivals if smallest_margin(case) <= Rounding(case.experts, torch.float32).logit]
    assert len(ambiguous) > len(rivals) / 2


def smallest_margin(case: Case) -> float:
    """Smallest difference between a token's k-th and next logit."""
    ranked = case.logits().double().sort(descending=True).values
    return float((ranked[:, case.k - 1] - ranked[:, case.k]).min())
