"""The derived bounds, worked by hand, and that what they are compared with is what it says."""

from __future__ import annotations

from fractions import Fraction
from math import exp, log

import pytest
import torch

from fixtures.gate.implementations import routers
from fixtures.gate.rounding import (
    EXPONENTIAL,
    Outcome,
    Rounding,
    gamma,
    moments,
    share_error,
    uniform_loss_error,
)

U = 2.0**-24
LOGITS = torch.tensor([[log(1), log(4), log(2), log(3)]], dtype=torch.float64)
EXACT = torch.tensor([[0, 4 / 7, 0, 3 / 7]], dtype=torch.float64)


def outcome(gates: list[float], k: int = 2, logits: torch.Tensor = LOGITS) -> Outcome:
    return Outcome(logits, torch.tensor([gates], dtype=torch.float64), k)


def test_gamma() -> None:
    assert gamma(1, torch.float32) == U / (1 - U)
    assert gamma(100, torch.float32) == 100 * U / (1 - 100 * U)
    assert gamma(3, torch.bfloat16) == 3 / 256 / (1 - 3 / 256)
    assert gamma(255, torch.bfloat16) == 255
    with pytest.raises(ValueError, match=r"256 roundings in torch\.bfloat16 may leave no digit correct"):
        gamma(256, torch.bfloat16)


def test_bounds_in_single_precision() -> None:
    off = Rounding(8, torch.float32)
    # ln(2 ** 126) is 87.3: at most 88 roundings for the difference, 40 for the exponential and two divisions.
    assert off.logit == gamma(2 * (88 + 40 + 2), torch.float32)
    assert off.weight == gamma(2 * 8 + 2 * 40 + 3 + 130 + 2, torch.float32)
    assert off.total(2) == gamma(3, torch.float32)
    assert off.depth == pytest.approx(125 * log(2) - log(8), rel=1e-12)


def test_bounds_in_double_precision() -> None:
    off = Rounding(8, torch.float64)
    assert off.logit == gamma(2 * (709 + 40 + 2), torch.float64)
    assert off.weight == gamma(2 * 8 + 2 * 40 + 3 + 751 + 2, torch.float64)
    assert off.total(2) == gamma(3, torch.float64)
    assert off.depth == pytest.approx(1021 * log(2) - log(8), rel=1e-12)


@pytest.mark.parametrize(("dtype", "binades"), [(torch.float16, 13), (torch.bfloat16, 125)])
def test_bounds_of_weights_kept_in_fewer_digits(dtype: torch.dtype, binades: int) -> None:
    off, single = Rounding(4, dtype), Rounding(4, torch.float32)
    assert off.logit == single.logit + gamma(2, dtype)
    assert off.weight == single.weight + gamma(2, dtype)
    assert off.total(2) == single.total(2) + gamma(2, dtype)
    assert off.depth == pytest.approx(binades * log(2) - log(4), rel=1e-12)


def test_exponentials_are_as_exact_as_documented() -> None:
    arguments = -torch.rand(100_000, 2, generator=torch.Generator().manual_seed(0)) * 87
    arguments[:, 0] = 0
    computed = arguments.softmax(dim=-1)
    exact = arguments.double().softmax(dim=-1)
    roundings = arguments[:, 1].abs() + 2 * EXPONENTIAL + 3
    assert ((computed / exact - 1).abs()[:, 1] <= roundings * U).all()


def test_exact_gates_deviate_by_nothing() -> None:
    exact = Outcome(LOGITS, EXACT, 2)
    assert exact.deviation <= 2**-52
    assert exact.misplacement == 0
    assert exact.rounding == Rounding(4, torch.float64)
    assert exact.at_work.tolist() == exact.visible.tolist() == [2]


def test_deviation_is_the_largest_of_a_sum() -> None:
    assert outcome([0, 4 / 7 + 0.01, 0, 3 / 7 - 0.01]).deviation == pytest.approx(0.01, rel=1e-9)
    assert outcome([0, 4 / 7, 0, 3 / 7 + 0.02]).deviation == pytest.approx(0.02, rel=1e-9)
    assert outcome([0.03, 4 / 7, 0, 3 / 7]).deviation == pytest.approx(0.03, rel=1e-9)
    assert outcome([0, 4 / 7 - 0.01, 0, 3 / 7 - 0.01]).deviation == pytest.approx(0.02, rel=1e-9)


def test_misplacement_is_the_logit_lost_at_a_rank() -> None:
    assert outcome([0, 4 / 7, 3 / 7, 0]).misplacement == pytest.approx(log(3 / 2), rel=1e-12)
    assert outcome([0, 3 / 7, 0, 4 / 7]).misplacement == pytest.approx(log(4 / 3), rel=1e-12)
    assert outcome([1, 0, 0, 0], k=1).misplacement == pytest.approx(log(4), rel=1e-12)


def test_misplacement_is_of_the_worst_token() -> None:
    two = Outcome(LOGITS.repeat(2, 1), torch.cat([EXACT, torch.tensor([[0, 4 / 7, 3 / 7, 0]])]), 2)
    assert two.misplacement == pytest.approx(log(3 / 2), rel=1e-12)


def test_logits_too_deep_to_leave_a_weight_are_one() -> None:
    deep = torch.tensor([[900.0, -100.0, -1100.0]], dtype=torch.float64)
    lowest = outcome([1, 0, 1e-300], logits=deep)
    assert lowest.misplacement == 0
    assert lowest.visible.tolist() == [1]
    just_seen = torch.tensor([[0.0, -lowest.rounding.depth + 1, -2000.0]], dtype=torch.float64)
    assert outcome([1, 0, 1e-300], logits=just_seen).misplacement == pytest.approx(1)
    assert outcome([1, 1e-300, 0], logits=just_seen).visible.tolist() == [2]
    assert outcome([1, 0, 0], k=1, logits=just_seen).visible.tolist() == [1]


def test_visible_is_strictly_above_the_depth() -> None:
    depth = Rounding(2, torch.float64).depth
    assert outcome([1, 0], logits=torch.tensor([[0.0, -depth]], dtype=torch.float64)).visible.tolist() == [1]


def test_at_work_counts_positive_gates() -> None:
    gates = torch.tensor([[0.5, 0.5, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, -1.0]])
    assert Outcome(torch.zeros(3, 3), gates, 2).at_work.tolist() == [2, 1, 0]


def test_sums_run_from_the_largest() -> None:
    assert outcome([0.125, 0.5, 0.0, 0.375]).sums.tolist() == [[0.5, 0.875, 1.0, 1.0]]


def test_decided_needs_a_gap_after_the_last_chosen() -> None:
    gap = Rounding(3, torch.float64).logit
    logits = torch.tensor([[0.0, 0.0, 1.0], [0.0, 3 * gap, 1.0], [0.0, 0.5 * gap, 1.0], [0.5, 0.5, 0.5]]).double()
    gates = torch.zeros(4, 3, dtype=torch.float64)
    assert Outcome(logits, gates, 2).decided.tolist() == [False, True, False, False]
    assert Outcome(logits, gates, 1).decided.tolist() == [True, True, True, False]
    assert Outcome(logits, gates, 3).decided.all()


def test_difference_is_over_decided_tokens() -> None:
    logits = torch.tensor([[0.0, 1.0, -1.0], [1.0, 1.0, 0.0]], dtype=torch.float64)
    one = Outcome(logits, torch.tensor([[0.0, 1.0, 0.0], [1.0, 0.0, 0.0]], dtype=torch.float64), 1)
    other = one.of(torch.tensor([[0.25, 1.0 - 2**-40, 0.0], [0.0, 1.0, 0.0]], dtype=torch.float64))
    assert one.difference(other) == 0.25
    assert one.difference(one.of(one.gates - 2**-40)) == 2**-40
    assert other.logits is one.logits
    undecided = Outcome(logits[1:], torch.tensor([[1.0, 0.0, 0.0]]), 1)
    assert undecided.difference(undecided.of(torch.tensor([[0.0, 1.0, 0.0]]))) == 0


def test_moments_by_hand() -> None:
    means, variances = moments(torch.tensor([[0, 2], [1, 1], [2, 0], [1, 1]]), slots=2)
    assert means == [Fraction(1, 2)] * 2
    assert variances == [Fraction(1, 8)] * 2
    assert moments(torch.tensor([[3, 1]]), slots=4) == ([Fraction(3, 4), Fraction(1, 4)], [Fraction(0), Fraction(0)])


def test_errors_of_losses_and_shares() -> None:
    assert uniform_loss_error(8) == gamma(4 * 8 + 2 * 40 + 8, torch.float32)
    assert share_error(8) == gamma(9, torch.float64)


def test_the_library_chooses_by_probabilities_and_so_blindly_where_they_have_vanished() -> None:
    # Not a fault that a weight could show: what it chooses there it weighs with zero.
    far_apart = torch.tensor([[1e4, -1e4, -9e3, -8e3, -7e3, -6e3, -5e3, -4e3]])
    theirs = routers()["MixtralTopKRouter"](far_apart, 3)
    ours = routers()["router.py"](far_apart, 3)
    assert ours.choices.tolist() == [[0, 7, 6]]
    assert theirs.choices.tolist() != ours.choices.tolist()
    assert theirs.weights.tolist() == ours.weights.tolist() == [[1.0, 0.0, 0.0]]
    assert exp(-1.4e4) == 0
