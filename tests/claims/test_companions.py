"""Every law of the gate catches the wrong versions that it is there for, under the quick profile."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib.util import find_spec, module_from_spec
from typing import Any

import pytest
import torch
from hypothesis import Phase, find, given, settings
from transformers.integrations.moe import ALL_EXPERTS_FUNCTIONS

from claim_suite.fixtures.gate import implementations as routers
from claim_suite.fixtures.gate import router
from claim_suite.fixtures.gate.cases import Case
from claim_suite.fixtures.gate.rounding import Rounding
from claim_suite.fixtures.gate.strategy import DTYPES, KINDS, cases
from claim_suite.fixtures.routing import shares
from tests.claims import wrong_routers as wrong

Place = Callable[[pytest.MonkeyPatch, Any], None]


def laws(**changed: Any) -> Any:
    """Return the module of the laws, made anew under the quick profile with some settings changed."""
    spec = find_spec("claims.mixtral_paper.test_gate")
    assert spec
    assert spec.loader
    module = module_from_spec(spec)
    settings.register_profile("changed", settings.get_profile("quick"), **changed)
    settings.load_profile("changed")
    spec.loader.exec_module(module)
    settings.load_profile("quick")
    return module


# Whether a law catches a fault, the first failing case tells; the smallest takes most of the time.
LAWS = laws(phases=[Phase.explicit, Phase.generate], report_multiple_bugs=False)


def refuse(law: str, **fixtures: Any) -> None:
    """Run a law, and require that its own assert fails."""
    with pytest.raises(AssertionError) as caught:
        getattr(LAWS, f"test_{law}")(**fixtures)
    assert str(caught.traceback[-1].path).endswith("test_gate.py")


def last(registry: dict[str, Any]) -> Place:
    """Put a wrong version in the place of one implementation of many, the last."""
    return lambda patch, version: patch.setitem(registry, list(registry)[-1], version)


def gate(name: str) -> Place:
    """Put a wrong router in the place of the gate of a name."""

    def put(patch: pytest.MonkeyPatch, version: Callable[[torch.Tensor, int], router.Routing]) -> None:
        patch.setitem(routers.GATES, name, lambda logits, k: router.dense(version(logits, k), logits.shape[-1]))

    return put


def block(patch: pytest.MonkeyPatch, version: Any) -> None:
    """Put a wrong version in the place of a block's implementation."""
    assert "block: batched_mm" in routers.BLOCKS
    patch.setitem(ALL_EXPERTS_FUNCTIONS, "batched_mm", version)


def function(module: Any, name: str) -> Place:
    """Put a wrong version in the place of a function of ours."""
    return lambda patch, version: patch.setattr(module, name, version)


GATE, CHOICES, LOSS = gate("MixtralTopKRouter"), last(routers.ROUTERS), last(routers.LOSSES)
CAUGHT: list[tuple[Place, Any, str]] = [
    (GATE, wrong.not_renormalised, "softmax_of_the_top_k weights_are_positive_and_sum_to_one one_expert"),
    (GATE, wrong.one_too_many, "softmax_of_the_top_k one_expert uniform_router"),
    (GATE, wrong.softmax_twice, "softmax_of_the_top_k all_experts"),
    (GATE, wrong.smallest, "softmax_of_the_top_k scaled_logits"),
    (GATE, wrong.sigmoids, "softmax_of_the_top_k constant_added_to_all_logits all_experts"),
    (GATE, wrong.half_precision_softmax, "softmax_of_the_top_k weights_are_positive_and_sum_to_one"),
    (GATE, wrong.leaning_to_the_last, "softmax_of_the_top_k permuted_experts"),
    (GATE, wrong.twice_the_same_at_ties, "softmax_of_the_top_k weights_are_positive_and_sum_to_one"),
    (GATE, wrong.with_a_favourite, "permuted_experts uniform_router"),
    (GATE, wrong.blunted_by_size, "scaled_logits"),
    (gate(routers.RENORMALISED), wrong.not_renormalised, "renormalised_softmax"),
    *((CHOICES, one, "k_distinct_experts") for one in (wrong.twice_the_same_at_ties, wrong.one_too_many)),
    (LOSS, wrong.counting_padding, "padding_never_counts_in_the_loss"),
    *(
        (LOSS, one, "balancing_loss_at_uniform_routing")
        for one in (wrong.squared_k, wrong.first_choice_only, wrong.shares_of_assignments_loss)
    ),
    (function(router, "assignments"), wrong.assignments_of_padding, "padding_never_counts_in_shares"),
    (function(router, "uniform_share_moments"), wrong.moments_with_replacement, "uniform_router"),
    (function(shares, "token_shares"), wrong.shares_of_assignments, "shares"),
    *(
        (block, one, "weighted_sum_of_experts")
        for one in (wrong.unweighted, wrong.weighted_twice, wrong.last_left_out, wrong.gate_and_up_swapped)
    ),
]


@pytest.mark.parametrize(
    ("place", "version", "law"),
    [
        pytest.param(place, version, law, id=f"{version.__name__}-{law}")
        for place, version, named in CAUGHT
        for law in named.split()
    ],
)
def test_a_law_catches(monkeypatch: pytest.MonkeyPatch, place: Place, version: Any, law: str) -> None:
    place(monkeypatch, version)
    refuse(law)


def test_a_loss_that_cannot_fall_below_uniform_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    LOSS(monkeypatch, wrong.squared_k)
    refuse("balancing_loss_below_uniform_routing", measure=lambda loss, *_, **__: loss)


def test_all_installed_implementations_are_held_against_the_laws() -> None:
    assert set(routers.ROUTERS) == {"router.py", "router.py, renormalised", "MixtralTopKRouter"}
    assert set(routers.BLOCKS) == {"block: eager", "block: batched_mm", "block: grouped_mm"}
    assert set(routers.GATES) == set(routers.ROUTERS) | set(routers.BLOCKS)
    assert set(routers.LOSSES) == {"router.py", "load_balancing_loss_func"}


@pytest.mark.parametrize("name", ["eager", "batched_mm", "grouped_mm"])
def test_a_block_runs_the_implementation_that_it_is_named_after(name: str) -> None:
    block = routers.build_block(name, experts=3, top_k=2, width=8, dtype=torch.float32)
    assert block.experts.config._experts_implementation == name


def test_a_failing_case_is_small_and_can_be_pasted_back(monkeypatch: pytest.MonkeyPatch) -> None:
    CHOICES(monkeypatch, wrong.twice_the_same_at_ties)
    law = laws().test_k_distinct_experts
    with pytest.raises(AssertionError) as caught:
        law()
    printed = re.search(r"Case\(.*?\)", "\n".join(caught.value.__notes__), re.DOTALL)
    assert printed
    case = eval(printed[0], {"Case": Case})
    assert (case.seed, case.tokens, case.experts, case.top_k, case.kind) == (0, 1, 2, 2, "flat")
    assert "MixtralTopKRouter" in str(caught.value)
    with pytest.raises(AssertionError):
        law.hypothesis.inner_test(case)


def test_hypothesis_finds_a_balancing_loss_below_that_of_uniform_routing() -> None:
    def below(case: Case) -> bool:
        return max(case.losses().values()) < case.top_k * (1 - case.error())

    assert below(find(cases(dtypes=("float32",)), below, settings=settings(max_examples=2000, phases=[Phase.generate])))


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
    assert any(1 < case.top_k == case.experts for case in drawn)
    assert any(1 == case.top_k < case.experts for case in drawn)
    assert min(case.tokens for case in drawn) == 1
    assert max(case.tokens for case in drawn) > 2000
    assert any(case.logits().abs().max() >= 9_900 for case in drawn)
    rivals = [case for case in drawn if case.kind == "near-ties" and case.top_k < case.experts and case.tokens < 100]
    ambiguous = [case for case in rivals if smallest_margin(case) <= Rounding(case.experts, torch.float32).error]
    assert len(ambiguous) > len(rivals) / 2


def smallest_margin(case: Case) -> float:
    """Smallest difference between a token's k-th and next logit."""
    ranked = case.logits().double().sort(descending=True).values
    return float((ranked[:, case.top_k - 1] - ranked[:, case.top_k]).min())
