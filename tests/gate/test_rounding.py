"""The derived bounds, worked by hand, and that what they are compared with is what it says."""

from __future__ import annotations

from fractions import Fraction
from math import log

import pytest
import torch

from claim_suite.fixtures.gate.implementations import OURS, ROUTERS, build_block, run_block
from claim_suite.fixtures.gate.rounding import (
    EXPONENTIAL,
    Outcome,
    Rounding,
    block_error,
    gamma,
    moments,
)

U = 2.0**-24
LOGITS = torch.tensor([[log(1), log(4), log(2), log(3)]], dtype=torch.float64)
EXACT = [0, 4 / 7, 0, 3 / 7]


def outcome(*gates: list[float], top_k: int = 2, logits: torch.Tensor = LOGITS) -> Outcome:
    return Outcome(logits.expand(len(gates), -1), torch.tensor(gates, dtype=torch.float64), top_k)


def test_gamma() -> None:
    assert gamma(100, torch.float32) == 100 * U / (1 - 100 * U)
    assert gamma(255, torch.bfloat16) == 255
    with pytest.raises(ValueError, match=r"256 roundings in torch\.bfloat16 may leave no digit correct"):
        gamma(256, torch.bfloat16)


# The smallest normal number is 2 to the power of -126, -1022, -14 and -126; ln(2 ** 126) is 87.3 and ln(2 ** 1022)
# is 708.4, so that a difference of logits costs 88 or 709 roundings.
@pytest.mark.parametrize(
    ("dtype", "working", "furthest", "binades", "kept"),
    [
        (torch.float32, torch.float32, 88, 125, 0),
        (torch.float64, torch.float64, 709, 1021, 0),
        (torch.float16, torch.float32, 88, 13, gamma(2, torch.float16)),
        (torch.bfloat16, torch.float32, 88, 125, gamma(2, torch.bfloat16)),
    ],
)
def test_bounds(dtype: torch.dtype, working: torch.dtype, furthest: int, binades: int, kept: float) -> None:
    off = Rounding(8, dtype)
    assert off.error == gamma(4 * 8 + 2 * (furthest + 40 + 2), working) + kept
    assert off.depth == pytest.approx(binades * log(2) - log(8), rel=1e-12)


def test_errors_of_blocks() -> None:
    smallest = 2.0**-133
    assert block_error(torch.tensor([0.0, 3.0]), 2, torch.bfloat16).tolist() == pytest.approx(
        [2 * smallest, 3 * gamma(3, torch.bfloat16) + 2 * smallest], rel=1e-6
    )


def test_exponentials_are_as_exact_as_documented() -> None:
    arguments = -torch.rand(100_000, 2, generator=torch.Generator().manual_seed(0)) * 87
    arguments[:, 0] = 0
    errors = (arguments.softmax(dim=1) / arguments.double().softmax(dim=1) - 1).abs()
    assert (errors[:, 1] <= (arguments[:, 1].abs() + 2 * EXPONENTIAL + 3) * U).all()


def test_exact_gates_have_no_error() -> None:
    exact = outcome(EXACT)
    assert exact.rounding == Rounding(4, torch.float64)
    assert exact.sums.tolist() == [[4 / 7, 1.0, 1.0, 1.0]]
    assert (exact.deviation <= 2**-52, exact.rank_error) == (True, 0)


@pytest.mark.parametrize(
    ("gates", "largest"),
    [
        ([0, 4 / 7 + 0.01, 0, 3 / 7 - 0.01], 0.01),
        ([0, 4 / 7, 0, 3 / 7 + 0.02], 0.02),
        ([0.03, 4 / 7, 0, 3 / 7], 0.03),
        ([0, 4 / 7 - 0.01, 0, 3 / 7 - 0.01], 0.02),
    ],
)
def test_deviation_is_the_largest_of_a_sum(gates: list[float], largest: float) -> None:
    assert outcome(EXACT, gates, EXACT).deviation == pytest.approx(largest, rel=1e-9)


@pytest.mark.parametrize(
    ("gates", "top_k", "lost"),
    [
        ([0, 4 / 7, 3 / 7, 0], 2, log(3 / 2)),
        ([0, 3 / 7, 0, 4 / 7], 2, log(4 / 3)),
        ([0, 0.2, 0.3, 0.5], 3, log(4 / 2)),
        ([1, 0, 0, 0], 1, log(4)),
    ],
)
def test_rank_error_is_the_most_that_a_logit_is_off_at_a_rank(gates: list[float], top_k: int, lost: float) -> None:
    assert outcome(EXACT, gates, EXACT, top_k=top_k).rank_error == pytest.approx(lost, rel=1e-12)


def test_logits_too_deep_to_leave_a_weight_are_one() -> None:
    deep = torch.tensor([[900.0, -100.0, -1100.0]], dtype=torch.float64)
    lowest = outcome([1, 0, 1e-300], logits=deep)
    assert lowest.rank_error == 0
    assert lowest.visible_experts.tolist() == [1]
    just_seen = torch.tensor([[0.0, -lowest.rounding.depth + 1, -2000.0]], dtype=torch.float64)
    assert outcome([1, 0, 1e-300], logits=just_seen).rank_error == pytest.approx(1)
    assert outcome([1, 1e-300, 0], logits=just_seen).visible_experts.tolist() == [2]
    assert outcome([1, 0, 0], top_k=1, logits=just_seen).visible_experts.tolist() == [1]
    at_the_depth = torch.tensor([[0.0, -Rounding(2, torch.float64).depth]], dtype=torch.float64)
    assert outcome([1, 0], logits=at_the_depth).visible_experts.tolist() == [1]


def test_how_deep_a_logit_is_depends_on_its_own_token() -> None:
    logits = torch.tensor([[0.0, -1.0], [-2000.0, -2001.0]], dtype=torch.float64)
    assert Outcome(logits, torch.zeros(2, 2, dtype=torch.float64), 2).visible_experts.tolist() == [2, 2]


def test_sums_are_in_double_precision() -> None:
    few_digits = Outcome(torch.zeros(1, 2), torch.tensor([[2**-20, 1]], dtype=torch.bfloat16), 2)
    assert few_digits.sums.tolist() == [[1, 1 + 2**-20]]


def test_active_experts_have_positive_gates() -> None:
    gates = [0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]
    assert outcome(*gates, logits=torch.zeros(1, 3)).active_experts.tolist() == [2, 1, 0]


def test_moments_by_hand() -> None:
    assert moments(torch.tensor([[0, 2], [1, 1], [2, 0], [1, 1]]), slots=2) == (
        [Fraction(1, 2)] * 2,
        [Fraction(1, 8)] * 2,
    )
    assert moments(torch.tensor([[3, 1]]), slots=4) == ([Fraction(3, 4), Fraction(1, 4)], [Fraction(0), Fraction(0)])


def test_a_block_is_held_against_its_experts() -> None:
    block = build_block("eager", experts=2, top_k=1, width=8, dtype=torch.float32)
    block.experts.gate_up_proj[:, [0, 8], 0] = 1
    block.experts.down_proj[0, 0, 0], block.experts.down_proj[1, 0, 0] = 3, 5
    hidden = torch.eye(8)[:1] * 2
    block.gate.weight[1, 0] = 1  # the second expert answers 2 with 5 times 2 times 2
    right, allowed = run_block(block, hidden)
    assert block(hidden[None])[0, 0, 0] == 20
    assert right.tolist() == [[0.0] * 8]
    assert allowed[0, 0].item() == pytest.approx(20 * gamma(2, torch.float32), rel=1e-9)
    block.register_forward_hook(lambda _block, _given, output: output + 1)
    assert run_block(block, hidden)[0].tolist() == [[1.0] * 8]


def test_the_library_chooses_by_probabilities_and_so_blindly_where_they_have_vanished() -> None:
    # Not a fault that a weight could show: what it chooses there it weighs with zero.
    far_apart = torch.tensor([[1e4, -1e4, -9e3, -8e3, -7e3, -6e3, -5e3, -4e3]])
    theirs, ours = (ROUTERS[name](far_apart, 3) for name in ("MixtralTopKRouter", OURS))
    assert ours.choices.tolist() == [[0, 7, 6]]
    assert theirs.choices.tolist() != ours.choices.tolist()
    assert theirs.weights.tolist() == ours.weights.tolist() == [[1.0, 0.0, 0.0]]
