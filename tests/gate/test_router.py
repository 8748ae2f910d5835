"""The routing equations, worked by hand, and the values that the transformers library's own tests expect."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from math import exp, log

import pytest
import torch

from fixtures.gate.router import (
    Routing,
    assignments,
    balancing_loss,
    balancing_loss_of,
    chance_of_a_shared_expert,
    counted_chance_of_a_shared_expert,
    dense,
    megatron_balancing_loss,
    route,
    route_renormalised,
    uniform_share_moments,
    weighted_sum,
)

Equation = Callable[[torch.Tensor, int], Routing]

# Softmax of these is 1/10, 4/10, 2/10, 3/10, and of the second row 3/10, 3/10, 4/10, 0.
LOGITS = torch.tensor([[log(1), log(4), log(2), log(3)], [log(3), log(3), log(4), float("-inf")]], dtype=torch.float64)


@pytest.mark.parametrize("equation", [route, route_renormalised])
def test_gates_of_two_of_four_experts(equation: Equation) -> None:
    weights, choices = equation(LOGITS[:1], 2)
    assert choices.tolist() == [[1, 3]]
    assert weights[0].tolist() == pytest.approx([4 / 7, 3 / 7], rel=1e-15)


@pytest.mark.parametrize("equation", [route, route_renormalised])
def test_gates_of_one_and_of_all_experts(equation: Equation) -> None:
    weights, choices = equation(LOGITS[:1], 1)
    assert (weights.tolist(), choices.tolist()) == ([[1.0]], [[1]])
    weights, choices = equation(LOGITS[:1], 4)
    assert choices.tolist() == [[1, 3, 2, 0]]
    assert weights[0].tolist() == pytest.approx([0.4, 0.3, 0.2, 0.1], rel=1e-15)


@pytest.mark.parametrize("equation", [route, route_renormalised])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float16, torch.float32])
def test_low_precision_is_widened_before_the_softmax(equation: Equation, dtype: torch.dtype) -> None:
    weights, _ = equation(torch.tensor([[0.0, 1.0, 2.0]], dtype=dtype), 2)
    assert weights.dtype == torch.float32
    assert weights[0, 0].item() == pytest.approx(1 / (1 + exp(-1)), rel=1e-5)


def test_double_precision_is_kept() -> None:
    assert route(LOGITS, 2).weights.dtype == route_renormalised(LOGITS, 2).weights.dtype == torch.float64


def test_choices_are_made_by_logits_where_probabilities_have_vanished() -> None:
    far_apart = torch.tensor([[1e4, -1e4, -9e3, -8e3]])
    assert route(far_apart, 3).choices.tolist() == route_renormalised(far_apart, 3).choices.tolist() == [[0, 3, 2]]


def test_more_experts_than_there_are_is_an_error() -> None:
    with pytest.raises(RuntimeError, match="out of range"):
        route(LOGITS, 5)


def test_dense_gates_stand_at_the_chosen_experts_and_add_up() -> None:
    weights = torch.tensor([[0.75, 0.25], [0.5, 0.5]])
    gates = dense(Routing(weights, torch.tensor([[2, 0], [1, 1]])), 3)
    assert gates.tolist() == [[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]]
    assert gates.dtype == weights.dtype


def test_weighted_sum_of_expert_outputs() -> None:
    gates = torch.tensor([[0.25, 0.0, 0.75], [0.0, 1.0, 0.0]])
    outputs = torch.arange(12.0).reshape(3, 2, 2)
    assert weighted_sum(gates, outputs).tolist() == [[0.75 * 8, 0.25 + 0.75 * 9], [6.0, 7.0]]


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
    assert megatron_balancing_loss(logits, 2) == pytest.approx(by_hand / 2, rel=1e-9)


def test_balancing_loss_of_tokens_that_count() -> None:
    mask = torch.tensor([True, False])
    by_hand = 4 * (0.4 + 0.3)
    assert balancing_loss(LOGITS, 2, mask) == pytest.approx(by_hand, rel=1e-12)
    assert megatron_balancing_loss(LOGITS, 2, mask) == pytest.approx(by_hand / 2, rel=1e-12)
    assert balancing_loss(LOGITS[:1], 2) == pytest.approx(by_hand, rel=1e-12)


def test_balancing_loss_is_computed_in_double_precision() -> None:
    logits = torch.tensor([[0.0, 1.0, 3.0]], dtype=torch.bfloat16)
    of_the_largest = exp(3) / (1 + exp(1) + exp(3))
    assert balancing_loss(logits, 1) == pytest.approx(3 * of_the_largest, rel=1e-14)


@pytest.mark.parametrize(("experts", "k"), [(8, 2), (8, 8), (64, 8), (1, 1), (5, 3)])
def test_balancing_loss_at_uniform_and_at_collapsed_routing(experts: int, k: int) -> None:
    assert balancing_loss(torch.zeros(7, experts), k) == pytest.approx(k, rel=1e-14)
    assert megatron_balancing_loss(torch.zeros(7, experts), k) == pytest.approx(1, rel=1e-14)
    collapsed = torch.full((7, experts), -1e4)
    collapsed[:, :k] = 0
    assert balancing_loss(collapsed, k) == pytest.approx(experts, rel=1e-14)


def test_value_of_the_library_s_switch_transformers_test() -> None:
    # tests/models/switch_transformers/test_modeling_switch_transformers.py of transformers,
    # test_equivalency_balancy_loss: one expert a token, to 5 decimals; its rows are no distributions.
    probabilities = torch.tensor(
        [
            [0.35490513, 0.60419905],
            [0.4275843, 0.23061597],
            [0.32985854, 0.43953657],
            [0.25099766, 0.27730572],
            [0.7678207, 0.71474564],
        ]
    )
    choices = torch.tensor([[0], [1], [1], [0], [0]])
    assert round(balancing_loss_of(probabilities, choices), 5) == round(0.8741045, 5)


def test_value_of_the_library_s_top_1_router_test() -> None:
    # The same file, test_equivalency_token_chose_masked_router: the mean loss of two groups of three tokens.
    tokens = torch.tensor(
        [
            [
                [0.6433916, 0.18188512, 0.02240455, 0.563781],
                [0.5526401, 0.0958724, 0.34253013, 0.03644359],
                [0.08744538, 0.7909105, 0.35205448, 0.53364205],
            ],
            [
                [0.02900076, 0.4168595, 0.5802449, 0.91486526],
                [0.27414513, 0.14991808, 0.9383501, 0.5209162],
                [0.51207185, 0.90618336, 0.7309413, 0.95533276],
            ],
        ]
    )
    router = torch.tensor(
        [[0.02008116, 0.00620062], [-0.00811031, -0.00031623], [-0.03542127, 0.02703803], [0.02335377, -0.02971946]]
    )
    losses = [balancing_loss(group @ router, 1) for group in tokens]
    assert round(sum(losses) / 2, 5) == round(1.000308, 5)


def test_value_of_the_library_s_mixtral_test() -> None:
    # tests/models/mixtral/test_modeling_mixtral.py of transformers, test_load_balancing_loss: a tiny random model with
    # three experts, two a token, has a loss of 2 within 1 % and .01; left padding of four times the length changes it
    # by no more than 1 in 10,000 and .0001 when it is masked, and does change it when it is not.
    from transformers import MixtralConfig, MixtralForCausalLM, set_seed

    set_seed(42)
    config = MixtralConfig(
        vocab_size=99,
        hidden_size=32,
        intermediate_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        num_key_value_heads=2,
        num_local_experts=3,
        output_router_logits=True,
    )
    model = MixtralForCausalLM(config)
    model.train(False)
    tokens = torch.randint(2, 99, (13, 7))
    padded = torch.cat([torch.ones(13, 28, dtype=torch.long), tokens], dim=1)
    with torch.no_grad():
        theirs = model(tokens, attention_mask=tokens.ne(1))
        theirs_padded = model(padded, attention_mask=padded.ne(1))
    ours = balancing_loss(torch.cat(theirs.router_logits), 2)
    ours_padded = balancing_loss(torch.cat(theirs_padded.router_logits), 2, padded.ne(1).flatten().repeat(2))
    assert theirs.router_logits[0].shape == (91, 3)
    assert ours == pytest.approx(2, rel=1e-2, abs=1e-2)
    assert ours == pytest.approx(float(theirs.aux_loss), rel=1e-5)
    assert ours_padded == pytest.approx(ours, rel=1e-4, abs=1e-4)
    assert ours_padded == pytest.approx(float(theirs_padded.aux_loss), rel=1e-5)
    assert balancing_loss(torch.cat(theirs_padded.router_logits), 2) != pytest.approx(ours, rel=1e-5)


def test_chance_of_a_shared_expert() -> None:
    assert chance_of_a_shared_expert(8, 2) == Fraction(13, 28)
    assert chance_of_a_shared_expert(8, 1) == Fraction(1, 8)
    assert chance_of_a_shared_expert(64, 8) == 1 - Fraction(1_420_494_075, 4_426_165_368)
    assert counted_chance_of_a_shared_expert(8, 2) == Fraction(13, 28)


@pytest.mark.parametrize(("experts", "k"), [(experts, k) for experts in range(1, 7) for k in range(1, experts + 1)])
def test_chance_of_a_shared_expert_by_both_routes(experts: int, k: int) -> None:
    assert chance_of_a_shared_expert(experts, k) == counted_chance_of_a_shared_expert(experts, k)


def test_moments_of_a_uniform_share() -> None:
    means, variances = uniform_share_moments(8, 2, tokens=1)
    # One token puts half its slots on an expert with a chance of a quarter.
    assert means == [Fraction(1, 8)] * 8
    assert variances == [Fraction(1, 4) * Fraction(1, 2) ** 2 - Fraction(1, 8) ** 2] * 8
    assert uniform_share_moments(8, 2, tokens=100)[1] == [variances[0] / 100] * 8
    assert uniform_share_moments(3, 3, tokens=1) == ([Fraction(1, 3)] * 3, [Fraction(0)] * 3)
