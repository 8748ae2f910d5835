"""Laws of printed numbers: what each stands for, exactly."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from fixtures.claim.printed import SCALES, Printed, decimal, printed

DIGITS = st.text("0123456789", min_size=1, max_size=12)
PLACES = st.text("0123456789", max_size=6)


@st.composite
def decimals(draw: st.DrawFn, suffixes: str = "KMBT%") -> str:
    """A decimal number as a document may print it: "13.02B", "1,024", "12.5%"."""
    whole, places = draw(DIGITS), draw(PLACES)
    if draw(st.booleans()):
        whole = f"{int(whole):,}"
    suffix: str = draw(st.sampled_from(["", *suffixes]))
    return whole + (f".{places}" if places else "") + suffix


def unit(text: str) -> Fraction:
    """One unit of the last digit, by the decimal module instead of the way under test."""
    suffix = text[-1] if text[-1] in SCALES else ""
    exponent = Decimal(text.rstrip("KMBT%").replace(",", "")).as_tuple().exponent
    return Fraction(10) ** int(exponent) * SCALES[suffix]


def nudged(text: str, units: int) -> str:
    """The number printed so many units of its last digit higher, in the same form."""
    suffix = text[-1] if text[-1] in SCALES else ""
    number = Decimal(text.rstrip("KMBT%").replace(",", ""))
    return f"{number + units * Decimal(1).scaleb(int(number.as_tuple().exponent)):f}{suffix}"


@given(decimals())
def test_a_decimal_stands_for_half_a_unit_either_side(text: str) -> None:
    number = printed(text)
    assert number.low <= number.nominal <= number.high
    assert number.high - number.nominal == number.nominal - number.low == unit(text) / 2
    assert number == number.low
    assert number == number.nominal
    assert number == number.high
    assert number != number.low - Fraction(1, 10**30)
    assert number != number.high + Fraction(1, 10**30)


@given(decimals())
def test_cut_short_stands_for_up_to_one_unit_more(text: str) -> None:
    number = printed(text, cut_short=True)
    assert number.nominal == number.low == printed(text).nominal
    assert number.high - number.low == unit(text)
    assert number == number.low
    assert number == number.high - Fraction(1, 10**30)
    assert number != number.high
    assert number != number.low - Fraction(1, 10**30)
    # A number that is neither rounded nor cut short to what was printed is more than a unit away.
    for reading in (printed(text), number):
        assert abs(reading.low - number.nominal) <= unit(text) >= abs(reading.high - number.nominal)


@given(decimals(), st.integers(1, 1000))
def test_neighbours_share_a_bound_and_nothing_else(text: str, units: int) -> None:
    number, above = printed(text), printed(nudged(text, units))
    assert (number.high == above.low) == (units == 1)
    assert number.high <= above.low
    assert above != number.nominal
    assert number != above.nominal
    cut, next_cut = printed(text, cut_short=True), printed(nudged(text, units), cut_short=True)
    assert cut.high <= next_cut.low
    assert cut != next_cut.low


@given(decimals(suffixes=""), st.sampled_from("KMBT%"))
def test_a_suffix_scales_everything(text: str, suffix: str) -> None:
    scales: dict[str, int | Fraction] = {"K": 1000, "M": 1000**2, "B": 1000**3, "T": 1000**4, "%": Fraction(1, 100)}
    scale = scales[suffix]
    for cut_short in (False, True):
        plain, scaled = printed(text, cut_short=cut_short), printed(text + suffix, cut_short=cut_short)
        assert [scaled.nominal, scaled.low, scaled.high] == [
            plain.nominal * scale, plain.low * scale, plain.high * scale
        ]  # fmt: skip


@given(st.integers(0, 10**15))
def test_thousands_separators_mean_nothing(number: int) -> None:
    plain, separated = printed(str(number)), printed(f"{number:,}")
    assert (plain.nominal, plain.low, plain.high) == (separated.nominal, separated.low, separated.high)
    assert plain.nominal == number


@given(st.integers(-(10**20), 10**20), st.integers(1, 10**6))
def test_integers_and_fractions_are_exact(count: int, parts: int) -> None:
    number = printed(count)
    assert number.low == number.nominal == number.high == count
    assert number == count
    assert number != count + Fraction(1, 10**30)
    fraction = printed(f"{abs(count)}/{parts}")
    assert fraction.low == fraction.nominal == fraction.high == Fraction(abs(count), parts)
    assert fraction == Fraction(abs(count), parts)
    for exact in (count, f"{abs(count)}/{parts}"):
        loose = printed(exact, cut_short=True)
        assert loose.low == loose.high
        assert loose.high_included


@given(decimals(), st.fractions())
def test_order_is_against_the_number_itself(text: str, other: Fraction) -> None:
    number = printed(text)
    assert (number < other) == (number.nominal < other) == (other > number)
    assert (number > other) == (number.nominal > other) == (other < number)
    assert (number <= other) == (number.nominal <= other) == (other >= number)
    assert (number >= other) == (number.nominal >= other) == (other <= number)
    assert number <= number.nominal
    assert number >= number.nominal
    assert not number < number.nominal
    assert not number > number.nominal


@given(decimals())
def test_what_is_written_can_be_read_again(text: str) -> None:
    number = printed(text)
    assert number.text == text
    for bound in (number.nominal, number.low, number.high):
        assert Fraction(decimal(bound)) == bound
        if bound >= 0 and not text.startswith("0,"):
            assert printed(decimal(bound)).nominal == bound


@given(st.fractions())
def test_every_fraction_is_written_exactly(exact: Fraction) -> None:
    text = decimal(exact)
    assert Fraction(text) == exact
    rest = exact.denominator
    for prime in (2, 5):
        while rest % prime == 0:
            rest //= prime
    assert ("/" in text) == (rest != 1)
    assert not text.endswith(".")


@given(st.decimals(allow_nan=False, allow_infinity=False, min_value=-(10**9), max_value=10**9, places=6))
def test_a_decimal_is_written_with_no_more_digits_than_it_needs(number: Decimal) -> None:
    plain = f"{number:f}"
    plain = plain.rstrip("0").rstrip(".") if "." in plain else plain
    assert decimal(Fraction(number)) == (plain if Fraction(number) else "0")


KNOWN = {
    "13.02B": ("13020000000", "13015000000", "13025000000"),
    "46.70B": ("46700000000", "46695000000", "46705000000"),
    "12B": ("12000000000", "11500000000", "12500000000"),
    "33": ("33", "32.5", "33.5"),
    "3.5": ("3.5", "3.45", "3.55"),
    "1/8": ("0.125", "0.125", "0.125"),
    "1/3": ("1/3", "1/3", "1/3"),
    "12.5%": ("0.125", "0.1245", "0.1255"),
    "1,024": ("1024", "1023.5", "1024.5"),
    "0.1": ("0.1", "0.05", "0.15"),
    "0": ("0", "-0.5", "0.5"),
    "7K": ("7000", "6500", "7500"),
    "7M": ("7000000", "6500000", "7500000"),
    "7T": ("7000000000000", "6500000000000", "7500000000000"),
    "007": ("7", "6.5", "7.5"),
    13824: ("13824", "13824", "13824"),
    -2: ("-2", "-2", "-2"),
}


@pytest.mark.parametrize(("stated", "bounds"), KNOWN.items(), ids=map(str, KNOWN))
def test_known_intervals(stated: str | int, bounds: tuple[str, str, str]) -> None:
    number = printed(stated)
    assert (decimal(number.nominal), decimal(number.low), decimal(number.high)) == bounds
    assert number.text == str(stated)


MALFORMED = [
    "", " ", "13.02X", "13.02 B", " 13", "13 ", "13\n", "13,02", "1,0244", "1024,000", ",024", "1,,024", "13.", ".5",
    "1.2.3", "-3", "+3", "\u22123", "1e9", "0x10", "1_000", "13b", "13BB", "B", "%", "12.5%%", "1/0", "1/", "/8",
    "1/8B", "1.5/8", "1/08", "-1/8", "½", "\u0663", "\uff11\uff13", "nan", "inf", "13.02B.", "~13", "1/2/3", "1 /8",
]  # fmt: skip


@pytest.mark.parametrize("text", MALFORMED)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError) as caught:  # noqa: PT011  # the whole message is compared
        printed(text)
    assert str(caught.value) == f'{text!r} is not a printed number such as "13.02B", "1,024", "12.5%" or "1/8"'


@given(st.text(max_size=8))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = printed(text)
    except ValueError:
        return
    assert set(text) <= set("0123456789.,/KMBT%")
    assert number.low <= number.nominal <= number.high


@pytest.mark.parametrize("stated", [True, False, 13.02, None, Fraction(1, 8), Decimal(3), b"13", ["13"]])
def test_other_types_are_refused(stated: object) -> None:
    with pytest.raises(ValueError, match=r"^a printed number is a string or an integer, not ") as caught:
        printed(stated)  # type: ignore[arg-type]  # that it is refused is the point
    assert str(caught.value).endswith(f", not {stated!r}")


def test_equality_is_with_numbers_only() -> None:
    number = printed("33")
    assert number != "33"
    assert (number == None) is False  # noqa: E711  # the comparison itself is under test
    assert number != printed("33")
    assert number == 33.4
    assert number != float("nan")
    assert number != float("inf")
    with pytest.raises(TypeError):
        hash(number)
    with pytest.raises(TypeError):
        assert number < "34"  # type: ignore[operator]  # that it is refused is the point


@given(st.floats(allow_nan=False, allow_infinity=False), decimals())
def test_floats_are_compared_exactly(value: float, text: str) -> None:
    number = printed(text)
    assert (number == value) == (number.low <= Fraction(value) <= number.high)


def test_how_it_reads_in_a_failed_assertion() -> None:
    assert repr(printed("13.02B")) == "13.02B (13015000000 to 13025000000)"
    assert repr(printed("46B", cut_short=True)) == "46B (46000000000 to 47000000000, exclusive)"
    assert repr(printed("1/3")) == "1/3 (1/3 to 1/3)"


def test_a_printed_number_cannot_be_changed() -> None:
    number = printed("33")
    with pytest.raises(AttributeError):
        number.low = Fraction(0)  # type: ignore[misc]  # that it is refused is the point
    assert Printed("33", Fraction(33), Fraction(33), Fraction(33)).high_included


@given(decimals(), st.integers(2, 50))
def test_both_ends_of_an_interval_round_to_what_was_printed(text: str, parts: int) -> None:
    """The interval is what rounding gives: anything strictly inside rounds to the printed number and to no other."""
    number, step = printed(text), unit(text)
    inside = number.low + step / parts
    assume(number.low < inside < number.high)
    assert round(inside / step) == number.nominal / step
