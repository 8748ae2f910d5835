"""The routing equations, worked by hand, and the balancing loss beside the library's."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from math import exp, log

import pytest
import torch
from hypothesis import given

from claim_suite.fixtures.gate.cases import Case
from claim_suite.fixtures.gate.router import (
    Routing,
    assignments,
    balancing_loss,
    chance_of_a_shared_expert,
    counted_chance_of_a_shared_expert,
    dense,
    route,
    route_renormalised,
    uniform_share_moments,
)
from claim_suite.fixtures.gate.strategy import cases

Equation = Callable[[torch.Tensor, int], Routing]

# Softmax of these is 1/10, 4/10, 2/10, 3/10, and of the second row 3/10, 3/10, 4/10, 0.
LOGITS = torch.tensor([[log(1), log(4), log(2), log(3)], [log(3), log(3), log(4), float("-inf")]], dtype=torch.float64)


both_equations = pytest.mark.parametrize("equation", [route, route_renormalised])


@both_equations
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_low_precision_is_widened_before_the_softmax(equation: Equation, dtype: torch.dtype) -> None:
    weights, _ = equation(torch.tensor([[0.0, 1.0, 2.0]], dtype=dtype), 2)
    assert weights.dtype == torch.float32
    assert weights[0, 0].item() == pytest.approx(1 / (1 + exp(-1)), rel=1e-5)


@both_equations
def test_choices_are_made_by_logits_where_probabilities_have_vanished(equation: Equation) -> None:
    assert equation(torch.tensor([[1e4, -1e4, -9e3, -8e3]]), 3).choices.tolist() == [[0, 3, 2]]


def test_dense_gates_stand_at_the_chosen_experts_and_add_up() -> None:
    weights = torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    gates = dense(Routing(weights, torch.tensor([[2, 0], [1, 1]])), 3)
    assert gates.tolist() == [[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]
    assert gates.dtype == weights.dtype


def test_assignments_count_every_choice_of_the_tokens_that_count() -> None:
    choices = torch.tensor([[2, 0], [2, 1], [2, 3]])
    assert assignments(choices, 5).tolist() == [1, 1, 3, 1, 0]
    assert assignments(choices, 5, torch.tensor([True, False, True])).tolist() == [1, 0, 2, 1, 0]


def test_balancing_loss_by_hand() -> None:
    # Token shares with k = 2: expert 1 twice of two tokens, experts 2 and 3 once; the tie for second of the second row
    # is settled by a hair. Mean probabilities .2, .35, .3, .15.
    logits = LOGITS.clone()
    logits[1, 1] += 1e-12
    by_hand = 4 * (0.35 * 2 / 2 + 0.3 / 2 + 0.15 / 2)
    assert balancing_loss(logits, 2) == pytest.approx(by_hand, rel=1e-9)


def test_balancing_loss_of_tokens_that_count() -> None:
    by_hand = pytest.approx(2.8, rel=1e-12)  # 4 * (.4 + .3)
    assert balancing_loss(LOGITS, 2, torch.tensor([True, False])) == balancing_loss(LOGITS[:1], 2) == by_hand


def test_balancing_loss_is_computed_in_double_precision() -> None:
    logits = torch.tensor([[0.0, 1.0, 3.0]], dtype=torch.bfloat16)
    assert balancing_loss(logits, 1) == pytest.approx(3 * exp(3) / (1 + exp(1) + exp(3)), rel=1e-14)


@pytest.mark.parametrize(("experts", "top_k"), [(8, 2), (8, 8), (64, 8), (1, 1), (5, 3)])
def test_balancing_loss_at_uniform_and_at_collapsed_routing(experts: int, top_k: int) -> None:
    assert balancing_loss(torch.zeros(7, experts), top_k) == pytest.approx(top_k, rel=1e-14)
    collapsed = torch.full((7, experts), -1e4)
    collapsed[:, :top_k] = 0
    assert balancing_loss(collapsed, top_k) == pytest.approx(experts, rel=1e-14)


@given(drawn=cases(dtypes=("float32",)))
def test_balancing_loss_is_the_library_s(drawn: Case) -> None:
    case = replace(drawn, kind="normal")  # at ties the two choose differently
    for mask in (None, case.mask()):
        ours, theirs = case.losses(mask=mask).values()
        assert ours == pytest.approx(theirs, rel=1e-4)


def test_chance_of_a_shared_expert() -> None:
    assert chance_of_a_shared_expert(8, 2) == Fraction(13, 28)
    assert chance_of_a_shared_expert(64, 8) == 1 - Fraction(1_420_494_075, 4_426_165_368)


@pytest.mark.parametrize(
    ("experts", "top_k"), [(experts, top_k) for experts in range(1, 7) for top_k in range(1, experts + 1)]
)
def test_chance_of_a_shared_expert_by_both_routes(experts: int, top_k: int) -> None:
    assert chance_of_a_shared_expert(experts, top_k) == counted_chance_of_a_shared_expert(experts, top_k)


def test_moments_of_a_uniform_share() -> None:
    means, variances = uniform_share_moments(8, 2, tokens=1)
    # One token puts half its slots on an expert with a chance of a quarter.
    assert means == [Fraction(1, 8)] * 8
    assert variances == [Fraction(1, 4) * Fraction(1, 2) ** 2 - Fraction(1, 8) ** 2] * 8
    assert uniform_share_moments(8, 2, tokens=100)[1] == [variances[0] / 100] * 8
    assert uniform_share_moments(3, 3, tokens=1) == ([Fraction(1, 3)] * 3, [Fraction(0)] * 3)
