"""Forms of numbers on cards: each is read as the plain number that it means, or refused with a hint."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import printed, printed_on_card

WHOLE = st.integers(1, 999)
PLACES = st.text("0123456789", min_size=1, max_size=2)


@given(WHOLE, PLACES, st.sampled_from([("B", "billion"), ("M", "million"), ("T", "trillion"), ("K", "thousand")]))
def test_every_form_of_a_number_is_the_plain_number(whole: int, places: str, scale: tuple[str, str]) -> None:
    letter, word = scale
    plain, about = printed(f"{whole}.{places}{letter}"), f"{whole}.{places}"
    forms = [
        f"{about}{letter}", f"{about} {letter}", f"{about}{letter.lower()}", f"{about} {word}", f"~{about}{letter}",
        f"≈ {about}{letter}", f"A{about}{letter}", f"{whole},{places}{letter}", f"{whole},{places} {word}",
        f"{about}{letter} total", f"{about} {word} active parameters",
    ]  # fmt: skip
    for form in forms:
        number = printed_on_card(form)
        assert number.text == form
        assert (number.low, number.nominal, number.high) == (plain.low, plain.nominal, plain.high), form
        cut = printed_on_card(form, cut_short=True)
        assert (cut.low, cut.high) == (plain.nominal, plain.nominal + plain.high - plain.low), form


@pytest.mark.parametrize(
    ("stated", "nominal"),
    [
        ("61", 61), (62, 62), ("200,064", 200_064), ("1,011,781,632", 1_011_781_632), ("1/8", Fraction(1, 8)),
        ("16 GB", 16 * 10**9), ("60.8 GiB", Fraction(608, 10) * 2**30), ("512MiB", 2**29), ("700 MB", 7 * 10**8),
    ],
)  # fmt: skip
def test_counts_and_bytes(stated: str | int, nominal: Fraction | int) -> None:
    assert printed_on_card(stated).nominal == nominal


@given(WHOLE)
def test_a_thousand_is_1024_where_lengths_are_counted(whole: int) -> None:
    number = printed_on_card(f"{whole}K", thousand=1024)
    assert [number.low, number.nominal, number.high] == [whole * 1024 + off for off in (-512, 0, 512)]
    assert printed_on_card(f"{whole}M", thousand=1024).nominal == whole * 2**20
    assert printed_on_card(f"{whole}", thousand=1024).nominal == whole


@pytest.mark.parametrize("stated", ["30,532B", "0,123", "0,123B", "1,024 million"])
def test_a_comma_that_can_mean_two_things_is_refused_with_both(stated: str) -> None:
    with pytest.raises(ValueError, match=r"can be [0-9.]+ or [0-9]+: write it with a point, or without the comma"):
        printed_on_card(stated)


@pytest.mark.parametrize("stated", ["", "B", "3.B", "many", "30.5.1B", "30,5,1B", "3B or 4B", "-3B", "007", "A", True])
def test_what_is_no_number_is_refused(stated: str) -> None:
    with pytest.raises(ValueError, match=r"printed number|as cards print it"):
        printed_on_card(stated)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = printed_on_card(text)
    except ValueError:
        return
    assert number.text == text
    assert number.low <= number.nominal <= number.high
