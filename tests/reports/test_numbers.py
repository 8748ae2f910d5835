"""Numbers are as short as the comparison allows, and never shorter."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports import numbers, strips
from reports.numbers import MINUS, TIMES


def printed(text: str, low: str | None, high: str | None) -> numbers.Printed:
    found = numbers.printed({"text": text, "low": low, "high": high})
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "low", "high", "means"),
    [
        ("13.02B", "13015000000", "13025000000", "13.015B to 13.025B"),
        ("46%", "0.455", "0.465", "45.5% to 46.5%"),
        ("12.5%", "0.1245", "0.1255", "12.45% to 12.55%"),
        ("46B", "46000000000", "47000000000", "46B to under 47B"),
        ("2", "1.5", "2.5", "1.5 to 2.5"),
        ("13824", "13824", "13824", "exactly 13,824"),
        ("1,024", "1023.5", "1024.5", "1,023.5 to 1,024.5"),
        ("1/8", "0.125", "0.125", "exactly 0.125"),
        ("1/3", "1/3", "1/3", "exactly 1/3"),
        ("a dozen", "11.5", "12.5", "11.5 to 12.5"),
        ("5", "5", None, "5 or more"),
        ("5", None, "5", "up to 5"),
        ("7B", "1", "2", "1 to 2"),
    ],
)
def test_an_interval_is_told_in_the_unit_that_was_printed(text: str, low: str, high: str, means: str) -> None:
    assert printed(text, low, high).means() == means


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        ([13_015_864_320], "parameters", ["13,015,864,320"]),
        ([0.142], "share of slots", [".142"]),
        ([0.1425, 0.1421], "share", [".1425", ".1421"]),
        ([0.1913, -0.0017], "of slots", [".1913", f"{MINUS}.0017"]),
        ([1.0], "share", ["1"]),
        ([0.5], "share", [".500"]),
        ([3.2282e-05], "of the layer", ["0.0032%"]),
        ([2.025], "times", ["2.025"]),
        ([2.7], "times", ["2.7"]),
        ([10.900000000000006], "points", ["10.9"]),
        ([55.0, 60.7], "points", ["55.0", "60.7"]),
        ([46.4286], "%", ["46.43%"]),
        ([10**400], "", [f"1 {TIMES} 10⁴⁰⁰"]),
        (["1" + "0" * 400], "", [f"1 {TIMES} 10⁴⁰⁰"]),
        ([1e-300], "", [f"1 {TIMES} 10⁻³⁰⁰"]),
        ([1e9, 0.001], "", ["1,000,000,000", "0.001"]),
        ([float("nan"), None, True, "x\0", 2.5], "", ["nan", "None", "True", "x␀", "2.5"]),
    ],
)
def test_measured_values(values: list[Any], unit: str, texts: list[str]) -> None:
    assert numbers.together(values, unit) == texts


@pytest.mark.parametrize(
    ("low", "high", "unit", "beside", "text"),
    [
        (0.4866500566908383, 7.693349943309162, "points", "4.09", "0.49 to 7.69"),
        (0.04055, 0.04167, "share", ".041", ".0406 to .0417"),
        (0.2355, 0.2365, "of tokens", "23.6%", "23.55 to 23.65%"),
        (-0.0032360434, -0.00010806, "of slots", f"{MINUS}.0017", f"{MINUS}.0032 to {MINUS}.0001"),
        (10, 20, "s", "15", "10 to 20"),
        (1.0, 1.0, "s", "1", "1 to 1"),
        ("x", 1, "s", "1", "x to 1"),
        (-(10**400), 10**400, "s", "1", f"{MINUS}1 {TIMES} 10⁴⁰⁰ to 1 {TIMES} 10⁴⁰⁰"),
    ],
)
def test_an_interval_is_as_exact_as_its_width_asks(low: Any, high: Any, unit: str, beside: str, text: str) -> None:
    assert numbers.interval(low, high, unit, beside) == text


@given(st.floats(-1e12, 1e12), st.floats(-1e12, 1e12), st.sampled_from(["1", "0.5", ".125", "23.6%", "1,000"]))
def test_every_interval_is_written(low: float, high: float, beside: str) -> None:
    assert " to " in numbers.interval(low, high, "share", beside)


def test_a_percentage_is_measured_as_a_fraction() -> None:
    assert numbers.together([13 / 28], "", printed("46%", "0.455", "0.465")) == ["46.43%"]


def value_of(text: str) -> Decimal:
    mantissa, _, power = text.replace(",", "").replace(MINUS, "-").partition(f" {TIMES} 10")
    return Decimal(mantissa).scaleb(int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")) or 0))


@given(st.floats(0, 10))
def test_rounding_never_crosses_a_bound(value: float) -> None:
    bounds = printed("2", "1.5", "2.5")
    (text,) = numbers.together([value], "times", bounds)
    assert bounds.contains(value_of(text)) == bounds.contains(Decimal(value))


@given(st.lists(st.floats(1e-6, 1, exclude_max=True), min_size=2, max_size=5, unique=True))
def test_values_that_differ_look_different(values: list[float]) -> None:
    spread = max(values) - min(values)
    texts = numbers.together(values, "points")
    if spread > 1e-12:
        assert len(set(texts)) > 1
    assert all(value_of(text) > 0 for text in texts)


@given(st.integers() | st.floats(allow_nan=True) | st.text(max_size=20) | st.none() | st.booleans())
def test_anything_is_written_in_bounded_space(value: Any) -> None:
    assert 0 <= len(numbers.written(value)) < 400
    assert len(numbers.together([value], "")[0]) < 400


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0001, "under 0.001 s"),
        (0.004, "0.004 s"),
        (5.1, "5.1 s"),
        (200, "3 min 20 s"),
        (7500, "2 h 5 min"),
        (-1, "-1"),
    ],
)
def test_durations(seconds: float, text: str) -> None:
    assert numbers.duration(seconds) == text


def judged(verdict: str, value: Any, bounds: numbers.Printed) -> int | None:
    exact = numbers.number(value)
    assert exact is not None
    return strips.judged(verdict, [exact], bounds)


def test_a_strip_is_drawn_only_where_it_agrees_with_the_verdict() -> None:
    bounds = printed("4", "3.5", "4.5")
    assert judged("holds", 4, bounds) == 0
    assert judged("holds", 2.7, bounds) is None
    assert judged("refuted", 4, bounds) is None
    assert judged("refuted", 2.7, bounds) == 0


def test_a_bound_is_told_as_a_side() -> None:
    values = [Decimal("3.5"), Decimal("2.7")]
    assert strips.one_side("holds", values, printed("4", "4", "4")) == "below"
    assert strips.one_side("holds", values, printed("2", "1.5", "2.5")) == "above"
    assert strips.one_side("holds", values, printed("3", "2.5", "3.5")) == ""


@given(
    st.sampled_from(["holds", "refuted", "undecided"]),
    st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from(
        [("2", "1.5", "2.5"), ("5", "5", "5"), ("5", "5", None), ("x", None, "1e9999"), ("46%", "0.455", "0.465")]
    ),
)
def test_every_strip_stays_inside_its_frame(verdict: str, value: Any, bounds: Any) -> None:
    exact = numbers.number(value)
    assert exact is not None
    drawn = strips.interval(verdict, exact, (exact - 1, exact + 1), printed(*bounds))
    assert "nan" not in drawn
    assert "inf" not in drawn
