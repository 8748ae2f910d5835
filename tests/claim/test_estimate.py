"""An estimate decides a comparison only when its whole interval does."""

from __future__ import annotations

import operator
from collections.abc import Callable
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fixtures.claim.estimate import Estimate, NotCovered, Undecided
from fixtures.claim.printed import printed

COMPARISONS: list[Callable[[float | Estimate | Fraction, float | Fraction], bool]] = [
    operator.lt, operator.le, operator.gt, operator.ge,
]  # fmt: skip
NO_NUMBER = r"^an estimate is a range and equals no number: ask whether it is above or below (1.*|None)$"
NUMBERS = st.one_of(st.integers(-9, 9), st.sampled_from([Fraction(n, 2) for n in range(-9, 9)]), st.floats(-9, 9))


@pytest.mark.parametrize("compare", COMPARISONS)
@given(ends=st.tuples(NUMBERS, NUMBERS, NUMBERS), bound=NUMBERS)
def test_decided_exactly_when_every_value_of_the_interval_agrees(
    compare: Callable[[object, object], bool], ends: tuple[float, float, float], bound: float
) -> None:
    low, value, high = sorted(ends)
    answers = {compare(low, bound), compare(high, bound)}
    estimate = Estimate(value, low, high)
    if len(answers) == 1:
        assert compare(estimate, bound) is answers.pop()
    else:
        with pytest.raises(Undecided):
            compare(estimate, bound)


@given(ends=st.tuples(NUMBERS, NUMBERS, NUMBERS), bound=NUMBERS)
def test_a_comparison_means_the_same_from_either_side(ends: tuple[float, float, float], bound: float) -> None:
    low, value, high = sorted(ends)
    estimate = Estimate(value, low, high)
    assume(not low <= bound <= high)
    assert (bound < estimate) == (estimate > bound)
    assert (bound >= estimate) == (estimate <= bound)
    assert (estimate > bound) != (estimate < bound)


def test_an_exact_estimate_decides_everything() -> None:
    exact = Estimate(0.5, 0.5, 0.5)
    assert [exact < 0.5, exact <= 0.5, exact > 0.5, exact >= 0.5] == [False, True, False, True]


def test_undecided_says_why() -> None:
    with pytest.raises(Undecided, match=r"^the interval 0\.1235 to 0\.1429 includes 0\.125$"):
        assert Estimate(0.13, 0.123456, 1 / 7) > Fraction(1, 8)


@pytest.mark.parametrize("ends", [(1.0, 2.0, 3.0), (1.0, 0.0, 0.5), (1.0, float("nan"), 2.0), (float("nan"), 0.0, 1.0)])
def test_a_value_outside_its_interval_is_refused(ends: tuple[float, float, float]) -> None:
    value, low, high = ends
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        Estimate(value, low, high)
    assert str(caught.value) == f"an estimate lies within its interval, not {value} in {low} to {high}"


def test_estimates_have_no_order_among_themselves() -> None:
    for compare in COMPARISONS:
        with pytest.raises(TypeError, match="not supported between instances of 'Estimate' and 'Estimate'"):
            compare(Estimate(1, 0, 2), Estimate(4, 3, 5))  # type: ignore[arg-type]  # that it is refused is the point


@pytest.mark.parametrize("other", [1, 1.0, Fraction(1), printed("1"), "1", None], ids=repr)
def test_an_estimate_neither_equals_nor_differs_from_a_number(other: object) -> None:
    """Else a claim that compares them would be refuted by no measurement at all."""
    with pytest.raises(TypeError, match=NO_NUMBER):
        assert Estimate(1, 1, 1) == other
    with pytest.raises(TypeError, match=NO_NUMBER):
        assert other != Estimate(1, 1, 1)


def test_estimates_are_the_same_when_all_of_them_is() -> None:
    assert Estimate(1, 0, 2) == Estimate(1.0, 0, 2)
    assert Estimate(1, 0, 2) != Estimate(1, 0, 3)
    assert hash(Estimate(1, 0, 2)) == hash(Estimate(1, 0, 2))


def test_a_printed_number_bounds_an_estimate_by_itself() -> None:
    assert Estimate(3.6, 3.51, 3.7) > printed("3.5")
    assert printed("3.5") < Estimate(3.6, 3.51, 3.7)
    with pytest.raises(Undecided, match=r"the interval 3.4 to 3.7 includes 3.5"):
        assert Estimate(3.6, 3.4, 3.7) > printed("3.5")


def test_undecided_and_not_covered_are_no_failures_of_an_assertion() -> None:
    assert not issubclass(Undecided, AssertionError)
    assert not issubclass(NotCovered, (AssertionError, Undecided))
