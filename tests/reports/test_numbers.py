"""Numbers are as short as the comparison allows, and never shorter."""

import re
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.reports import numbers, strips
from claim_suite.reports.numbers import MINUS, TIMES
from claim_suite.reports.schema import Measurement, Stated


def printed(text: str, low: str, high: str, nominal: str = "", *, cut_short: bool = False) -> numbers.Printed:
    found = numbers.printed(Stated(text=text, low=low, high=high, nominal=nominal, cut_short=cut_short))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("text", "low", "high", "cut_short", "means"),
    [
        ("13.02B", "13015000000", "13025000000", False, "13.015B to 13.025B"),
        ("46%", "0.455", "0.465", False, "45.5% to 46.5%"),
        ("46B", "46000000000", "47000000000", True, "46B to under 47B"),
        ("2", "1.5", "2.5", False, "1.5 to 2.5"),
        ("13824", "13824", "13824", False, "exactly 13,824"),
        ("1,024", "1023.5", "1024.5", False, "1,023.5 to 1,024.5"),
        ("1/8", "0.125", "0.125", False, "exactly 0.125"),
        ("1/3", "1/3", "1/3", False, "exactly 1/3"),
        ("176 billion", "175500000000", "176500000000", False, "175.5 billion to 176.5 billion"),
        ("~12.5 %", "0.1245", "0.1255", False, "12.45 % to 12.55 %"),
        ("80 GiB", "85362475008", "86436216832", False, "79.5 GiB to 80.5 GiB"),
        ("10 tokens", "9.5", "10.5", False, "9.5 to 10.5"),
        ("a dozen", "11.5", "12.5", False, "11.5 to 12.5"),
    ],
)
def test_an_interval_is_told_in_the_unit_that_was_printed(
    text: str, low: str, high: str, cut_short: bool, means: str
) -> None:
    assert printed(text, low, high, cut_short=cut_short).means() == means


def test_a_bound_is_told_as_it_was_compared() -> None:
    told = {
        "<": "below 46%",
        "<=": "at most 46%",
        ">": "above 46%",
        ">=": "at least 46%",
        "!=": "outside 45.5% to 46.5%",
    }
    for operator, means in told.items():
        assert printed("46%", "0.455", "0.465", "0.46").means(operator) == means


@pytest.mark.parametrize(("low", "high"), [("", "2"), ("many", "2"), ("1/0", "2"), ("NaN", "inf")])
def test_what_is_no_interval_is_not_drawn(low: str, high: str) -> None:
    assert numbers.printed(Stated(text="2", low=low, high=high)) is None


@pytest.mark.parametrize(
    ("values", "unit", "texts"),
    [
        ([13_015_864_320], "parameters", ["13,015,864,320"]),
        ([0.142], "share of slots", [".142"]),
        ([0.1425, 0.1421], "share", [".1425", ".1421"]),
        ([-0.0, 1.0], "s", ["0", "1"]),
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
    share = unit.startswith(("share", "of "))
    assert numbers.together(values, unit, share=share) == texts


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
    measured = Measurement(value=0, unit=unit, low=low, high=high, share=unit.startswith(("share", "of ")))
    assert numbers.interval(measured, beside) == text


def value_of(text: str) -> Decimal:
    mantissa, _, power = text.replace(",", "").replace(MINUS, "-").partition(f" {TIMES} 10")
    return Decimal(mantissa).scaleb(int(power.translate(str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")) or 0))


@given(st.floats(0, 10))
def test_rounding_never_crosses_a_bound(value: float) -> None:
    bounds = printed("2", "1.5", "2.5")
    (text,) = numbers.together([value], "times", against=bounds)
    assert bounds.contains(value_of(text)) == bounds.contains(Decimal(value))


@given(st.lists(st.floats(1e-6, 1, exclude_max=True), min_size=2, max_size=5, unique=True))
def test_values_that_differ_look_different(values: list[float]) -> None:
    spread = max(values) - min(values)
    texts = numbers.together(values, "points")
    if spread > 1e-12:
        assert len(set(texts)) > 1
    assert all(value_of(text) > 0 for text in texts)


def test_durations() -> None:
    told = {0.0001: "under 0.001 s", 0.004: "0.004 s", 5.1: "5.1 s", 200: "3 min 20 s", 7500: "2 h 5 min"}
    assert {seconds: numbers.duration(seconds) for seconds in told} == told


def measured(exact: Any) -> strips.Value:
    found = numbers.number(exact)
    assert found is not None
    return found, found, found


def test_a_dot_is_inside_and_a_cross_outside() -> None:
    four = printed("4", "3.5", "4.5", "4")
    sides: dict[str, tuple[list[float], list[float]]] = {
        "==": ([3.5, 4, 4.5], [3.4, 4.6]), "<": ([3.4, 3.9], [4, 4.1]), "<=": ([3.9, 4], [4.1]),
        ">": ([4.1], [3.9, 4]), ">=": ([4, 4.1], [3.9]),
    }  # fmt: skip
    for operator, (inside, outside) in sides.items():
        drawn = strips.against("holds", operator, [measured(one) for one in (*inside, *outside)], four)
        assert (drawn.count('class="pt"'), drawn.count('class="px"')) == (len(inside), len(outside))


@given(
    st.sampled_from(["holds", "refuted", "undecided"]),
    st.integers(-(10**30), 10**30) | st.floats(allow_nan=False, allow_infinity=False),
    st.sampled_from([("2", "1.5", "2.5"), ("5", "5", "5"), ("x", "1e-999", "1e9999"), ("46%", "0.455", "0.465")]),
    st.sampled_from(["==", "!=", "<", "<=", ">", ">="]),
)
def test_every_strip_stays_inside_its_frame(verdict: str, exact: Any, bounds: Any, operator: str) -> None:
    middle, _, _ = measured(exact)
    value = (middle, middle - 1, middle + 1)
    drawn = strips.against(verdict, operator, [value], printed(*bounds)) + strips.bars(verdict, [value] * 2)
    assert "nan" not in drawn
    assert "inf" not in drawn
    assert all(0 <= float(x) <= 168 for x in re.findall(r"[MH](-?[\d.]+)", drawn))
