"""Forms of numbers on cards: each is read as the plain number that it means, or refused with a hint."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.cards.values import amounts, printed, unmarked

WHOLE = st.integers(1, 999)
PLACES = st.text("0123456789", min_size=1, max_size=2)


@given(WHOLE, PLACES, st.sampled_from([("B", "billion"), ("M", "million"), ("T", "trillion"), ("K", "thousand")]))
def test_every_form_of_a_number_is_the_plain_number(whole: int, places: str, scale: tuple[str, str]) -> None:
    letter, word = scale
    plain, about = printed(f"{whole}.{places}{letter}"), f"{whole}.{places}"
    forms = [
        f"{about}{letter}", f"{about} {letter}", f"{about}{letter.lower()}", f"{about} {word}", f"{about}-{word}",
        f"A{about}{letter}", f"{whole},{places}{letter}", f"{whole},{places} {word}",
        f"{about}{letter} total", f"{about} {word} active parameters",
    ]  # fmt: skip
    for form in forms:
        number = printed(form)
        assert number.text == form
        assert (number.low, number.nominal, number.high) == (plain.low, plain.nominal, plain.high), form
    for hedged in (f"~{about}{letter}", f"≈ {about}{letter}", f"about {about} {word}"):
        number = printed(hedged)
        assert number.low < plain.low < plain.nominal == number.nominal < plain.high < number.high, hedged


MEANS = {
    "2**17": (131_072, 131_072, 131_072), "2^17": (131_072, 131_072, 131_072),
    "8.0*10^9": (7_950_000_000, 8 * 10**9, 8_050_000_000), "4.1 x 10^9": (4_050_000_000, 41 * 10**8, 4_150_000_000),
    "1e9": (5 * 10**8, 10**9, 15 * 10**8),
    "70亿": (6_950_000_000, 7 * 10**9, 7_050_000_000), "1.3 十亿": (1_250_000_000, 13 * 10**8, 1_350_000_000),
    "70억": (6_950_000_000, 7 * 10**9, 7_050_000_000), "7,6 milliards": (7_550_000_000, 76 * 10**8, 7_650_000_000),
    "350 millions": (349_500_000, 350_000_000, 350_500_000), "1.2万亿": (1_150 * 10**9, 1_200 * 10**9, 1_250 * 10**9),
}  # fmt: skip


@pytest.mark.parametrize("stated", MEANS)
def test_powers_and_other_languages(stated: str) -> None:
    number = printed(stated)
    low, nominal, high = MEANS[stated]
    assert number.low == low
    assert number.nominal == nominal
    assert number.high == high


def test_zeros_may_be_rounded_but_not_by_more_than_a_tenth() -> None:
    assert "to the nearest hundred" in printed("800M").conventions(807_000_000)
    assert printed("800M").conventions(860_000_000) == []
    assert printed("100B").conventions(140 * 10**9) == []


TEXTS = {
    "30.5B in total and 3.3B activated": ["30.5B", "3.3B"],
    "2**17 ~= 128k": ["2**17", "128k"],
    "from 4K to 128K, 2-4 layers, 8x7B, v0.3, GPT-2, 30B-A3B, 16 GB, $100, 12.5%": ["128K"],
    "训练的70亿参数": ["70亿"],
    "a 7-billion-parameter model, 24-layer": ["7-billion", "24"],
    "$2^{17}$ entries": ["2^17"],
}  # fmt: skip


@pytest.mark.parametrize("text", TEXTS)
def test_numbers_in_a_text(text: str) -> None:
    assert [one.stated for one in amounts(unmarked(text))] == TEXTS[text]


@pytest.mark.parametrize(
    ("stated", "nominal"),
    [
        ("61", 61), (62, 62), ("200,064", 200_064), ("1,011,781,632", 1_011_781_632), ("1/8", Fraction(1, 8)),
        ("16 GB", 16 * 10**9), ("60.8 GiB", Fraction(608, 10) * 2**30), ("512MiB", 2**29), ("700 MB", 7 * 10**8),
    ],
)  # fmt: skip
def test_counts_and_bytes(stated: str | int, nominal: Fraction | int) -> None:
    assert printed(stated).nominal == nominal


@given(WHOLE)
def test_a_thousand_is_1024_where_lengths_are_counted(whole: int) -> None:
    number = printed(f"{whole}K", thousand=1024)
    assert [number.low, number.nominal, number.high] == [whole * 1024 + off for off in (-512, 0, 512)]
    assert printed(f"{whole}M", thousand=1024).nominal == whole * 2**20
    assert printed(f"{whole}", thousand=1024).nominal == whole


@pytest.mark.parametrize("stated", ["30,532B", "0,123", "0,123B", "1,024 million"])
def test_a_comma_that_can_mean_two_things_is_refused_with_both(stated: str) -> None:
    with pytest.raises(ValueError, match=r"can be [0-9.]+ or [0-9]+: write it with a point, or without the comma"):
        printed(stated)


@pytest.mark.parametrize(
    "stated", ["B", "3.B", "many", "30.5.1B", "30,5,1B", "3B or 4B", "-3B", "A", "", "2**", "10^400"]
)
def test_what_is_no_number_is_refused(stated: str) -> None:
    with pytest.raises(ValueError, match="as cards print it"):
        printed(stated)


@given(st.text(max_size=12))
def test_any_text_is_a_number_or_refused(text: str) -> None:
    try:
        number = printed(text)
    except ValueError:
        return
    assert number.text == text
    assert number.low <= number.nominal <= number.high
