"""Laws of printed numbers and of estimates: what each stands for, exactly, and what neither can be compared with."""

from __future__ import annotations

import operator
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import SCALES, Estimate, Number, Undecided, decimal, printed, to_number

ODD = [
    True,
    None,
    "33",
    b"33",
    [33],
    33 + 0j,
    Decimal(33),
    float("nan"),
    float("inf"),
    np.array([33.0, 1.0]),
    np.bool_(1),
]
PLACES = st.text("0123456789", max_size=6)
COMPARISONS: list[Callable[[Any, Any], bool]] = [operator.lt, operator.le, operator.gt, operator.ge]
NUMBERS: st.SearchStrategy[Number] = st.one_of(
    st.integers(-9, 9), st.builds(Fraction, st.integers(-9, 9), st.just(2)), st.floats(-9, 9)
)


@st.composite
def decimals(draw: st.DrawFn, scales: str = "KMBT%") -> str:
    """A decimal number as a document may print it: "13.02B", "1,024", "12.5%"."""
    whole, places = draw(st.integers(0, 10**12)), draw(PLACES)
    scale: str = draw(st.sampled_from(["", *scales]))
    return (f"{whole:,}" if draw(st.booleans()) else str(whole)) + (f".{places}" if places else "") + scale


def unit(text: str) -> Fraction:
    """One unit of the last digit, by the decimal module instead of the way under test."""
    exponent = Decimal(text.rstrip("KMBT%").replace(",", "")).as_tuple().exponent
    return Fraction(10) ** int(exponent) * SCALES[text[-1] if text[-1] in SCALES else ""]


@given(decimals())
def test_a_decimal_stands_for_what_rounds_to_it_and_loosely_for_what_is_cut_to_it(text: str) -> None:
    tiny = Fraction(1, 10**30)
    number, loose = printed(text), printed(text, loose=True)
    assert (number.low, number.high) == (number.nominal - unit(text) / 2, number.nominal + unit(text) / 2)
    for equal in (number.low, number.nominal, number.high):
        assert number == equal
    for other in (number.low - tiny, number.high + tiny):
        assert number != other
    assert [one.holds for one in number.compared] == [True] * 5
    assert loose == number.nominal + unit(text) - tiny
    assert loose.compared[-1].convention
    assert number != number.nominal + unit(text) - tiny
    assert number.compared[-1].convention


@given(decimals(scales=""), st.sampled_from("KMBT%"), st.integers(0, 10**15))
def test_scales_and_separators(text: str, scale: str, count: int) -> None:
    plain, scaled = printed(text), printed(text + scale)
    factor = Fraction({"K": "1e3", "M": "1e6", "B": "1e9", "T": "1e12", "%": "1e-2"}[scale])
    assert (scaled.nominal, scaled.low, scaled.high) == (
        plain.nominal * factor,
        plain.low * factor,
        plain.high * factor,
    )
    assert printed(str(count)).as_stated().low == printed(f"{count:,}").as_stated().low
    assert printed("12.5 %").nominal == printed("12.5%").nominal == Fraction(1, 8)


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**6))
def test_integers_and_fractions_are_exact(count: int, parts: int) -> None:
    for stated, exact in ((count, count), (f"{abs(count)}/{parts}", Fraction(abs(count), parts))):
        for loose in (False, True):
            number = printed(stated, loose=loose)
            assert number.low == number.nominal == number.high == exact
            assert number == exact
            assert number != exact + Fraction(1, 10**30)


@given(decimals(), st.one_of(st.fractions(), st.floats(allow_nan=False, allow_infinity=False)))
def test_order_is_against_the_number_itself_and_exact(text: str, other: Number) -> None:
    number = printed(text)
    for compare in COMPARISONS:
        assert compare(number, other) == compare(number.nominal, other)
        assert compare(other, number) == compare(other, number.nominal)
    assert (number == other) == (number.low <= Fraction(other) <= number.high)


@given(st.fractions())
def test_every_fraction_is_written_exactly(exact: Fraction) -> None:
    text, rest = decimal(exact), exact.denominator
    assert Fraction(text) == exact
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert ("/" in text) == (rest != 1)


KNOWN: dict[str | int, tuple[str, str, str]] = {
    "13.02B": ("13020000000", "13015000000", "13025000000"), "33": ("33", "32.5", "33.5"),
    "1/3": ("1/3", "1/3", "1/3"), "12.5%": ("0.125", "0.1245", "0.1255"), "1,024": ("1024", "1023.5", "1024.5"),
    "0": ("0", "-0.5", "0.5"), "7T": ("7000000000000", "6500000000000", "7500000000000"), -2: ("-2", "-2", "-2"),
}  # fmt: skip


def test_known_intervals() -> None:
    for stated, bounds in KNOWN.items():
        number = printed(stated)
        assert (decimal(number.nominal), decimal(number.low), decimal(number.high)) == bounds
        assert number.text == str(stated)
    assert repr(printed("46B")) == "46B (45500000000 to 46500000000)"


# A hedged number, or a scale of bytes: from where to where it literally reaches.
FORMS: dict[str, tuple[str, str]] = {
    "~46B": ("45000000000", "47000000000"), "~45B": ("42500000000", "47500000000"),
    "~50B": ("45000000000", "55000000000"),
    "~4.5B": ("4250000000", "4750000000"), "32.1 GB": ("32050000000", "32150000000"),
    "1 GiB": ("536870912", "1610612736"), "3 million": ("2500000", "3500000"), "half": ("5/12", "7/12"),
}  # fmt: skip
# What is measured, and by which conventions a printed number stands for it.
CONVENTIONS = [
    ("46B", 46_700_000_000, ["cut short"]), ("46B", 46_000_000_000, ["", "cut short"]), ("46B", 47_000_000_000, []),
    ("50B", 54_000_000_000, ["to the nearest ten"]), ("45B", 43_000_000_000, ["to the nearest five"]),
    ("24 GB", 24 * 2**30, ["GB as GiB"]), ("128K", 128 * 1024, ["in units of 1,024"]),
    ("24 GiB", 24 * 10**9, ["GiB as GB"]),
]  # fmt: skip


@pytest.mark.parametrize("text", FORMS)
def test_forms_of_printed_numbers(text: str) -> None:
    number = printed(text)
    assert (decimal(number.low), decimal(number.high)) == FORMS[text]


@pytest.mark.parametrize(("text", "value", "conventions"), CONVENTIONS)
def test_conventions_of_printing(text: str, value: int, conventions: list[str]) -> None:
    assert [one for one in printed(text).conventions(value) if one in ("", *conventions)] == conventions


MALFORMED = [
    "", " ", "13.02X", " 13", "13\n", "13,02", "1,0244", "1024,000", ",024", "0,123", "007", "13.", ".5",
    "1.2.3", "-3", "+3", "\u22123", "1e9", "0x10", "1_000", "13b", "13BB", "B", "%", "12.5%%", "1/0", "1/", "/8",
    "1/8B", "1/08", "½", "\u0663", "\uff11\uff13", "nan", "inf", "1 /8",
]  # fmt: skip


@given(st.one_of(st.sampled_from(MALFORMED), st.text(max_size=8)))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = printed(text)
    except ValueError as error:
        told = str(error)
    else:
        told = ""
        assert set(text) <= set("0123456789.,/KMBT% ~\N{ALMOST EQUAL TO}GiB")
        assert number.low <= number.nominal <= number.high
    assert bool(told) or text not in MALFORMED
    assert told == "" or (told.startswith("'stated' must be a number such as ") and told.endswith(f"got {text!r}"))


@pytest.mark.parametrize("stated", [True, 13.02, None, Fraction(1, 8), Decimal(3), b"13", ["13"]])
def test_other_types_are_refused(stated: object) -> None:
    with pytest.raises(ValueError, match=r"^'stated' must be a string or an integer, got "):
        printed(stated)  # type: ignore[arg-type]  # that it is refused is the point


@given(ends=st.tuples(NUMBERS, NUMBERS, NUMBERS), bound=NUMBERS)
def test_an_estimate_decides_exactly_when_its_whole_interval_does(
    ends: tuple[float, float, float], bound: float
) -> None:
    low, value, high = sorted(ends)
    estimate = Estimate(value, low, high)
    for compare in COMPARISONS:
        answers = {compare(low, bound), compare(high, bound)}
        if len(answers) == 1:
            assert compare(estimate, bound) is answers.pop()
        else:
            with pytest.raises(Undecided, match=r"^the interval .+ to .+ includes "):
                compare(estimate, bound)
    assume(not low <= bound <= high)
    assert (bound < estimate) == (estimate > bound) != (estimate < bound)


def test_a_printed_number_bounds_an_estimate_by_itself() -> None:
    number = printed("3.5")
    assert Estimate(3.6, 3.51, 3.7) > number
    assert number < Estimate(3.6, 3.51, 3.7)
    with pytest.raises(Undecided, match=r"^the interval 3.4 to 3.7 includes 3.5$"):
        assert Estimate(3.6, 3.4, 3.7) > number
    assert [(one.operator, one.value, one.holds) for one in number.compared] == [
        (">", 3.6, True), (">", 3.6, True), (">", 3.6, None),
    ]  # fmt: skip


def test_estimates_equal_only_themselves_and_have_no_order() -> None:
    assert Estimate(1, 0, 2) == Estimate(1.0, 0, 2) != Estimate(1, 0, 3)
    for compare in COMPARISONS:
        with pytest.raises(TypeError, match="two estimates have no order"):
            compare(Estimate(1, 0, 2), Estimate(4, 3, 5))
    for ends in [(1.0, 2.0, 3.0), (1.0, 0.0, 0.5), (1.0, float("nan"), 2.0), (0.0, float("-inf"), 1.0)]:
        with pytest.raises(ValueError, match=r"must lie within its interval|must be finite"):
            Estimate(*ends)


@pytest.mark.parametrize("odd", ODD, ids=map(str, range(len(ODD))))
def test_what_is_no_finite_number_cannot_be_compared_recorded_or_asked(odd: Any) -> None:
    """Else a claim that compares it would be refuted, or would hold, by no measurement at all."""
    with pytest.raises((TypeError, ValueError)):
        to_number(odd)
    for number in (printed("33"), Estimate(1, 1, 1)):
        for compare in (operator.eq, operator.ne, *COMPARISONS):
            with pytest.raises((TypeError, ValueError)):
                compare(number, odd)
    with pytest.raises((TypeError, ValueError)):
        Estimate(odd, odd, odd)


def test_neither_has_a_truth_value_or_a_hash() -> None:
    for number in (printed("33"), Estimate(1, 1, 1)):
        for ask in (bool, hash):
            with pytest.raises(TypeError):
                ask(number)


@pytest.mark.parametrize(
    "scalar", [np.float64(3.25), np.float32(3.25), np.int64(3), torch.tensor(3.25), np.mean([3, 3.2])]
)
def test_scalars_of_numpy_and_torch_are_numbers(scalar: Any) -> None:
    assert to_number(scalar) == float(scalar)
    assert type(to_number(scalar)) in (int, float)
    assert printed("3") == scalar
    assert scalar == printed("3") or isinstance(scalar, torch.Tensor)
