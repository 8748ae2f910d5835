"""With --document, a printed number that the document does not print is a claim that nobody made."""

from __future__ import annotations

import pytest

from fixtures.claim.documents import prints
from tests.conftest import Suite

TEXT = """
Our model has 46.70B parameters, of which 12.9B work on a token; 13.57B in v3.5 do not.
Its width is 14,336 and its depth 32. The ratio is 3.5, not 1/8. (A share of 12.5% each.) Sixteen heads attend.
"""
CLAIMS = '''
@pytest.mark.claim("printed", stated="46.70B")
def test_printed(stated):
    """So."""
    assert 46_702_792_704 == stated

@pytest.mark.claim("misprinted", stated="13.20B")
def test_misprinted(stated):
    """So."""
    assert 13_200_000_000 == stated

@pytest.mark.claim("misprinted-and-refuted", stated="5B", refuted="it is not")
def test_misprinted_and_refuted(stated):
    """So."""
    assert 1 == stated

@pytest.mark.claim("inside-another", stated="13.5", loosely="cut short")
def test_inside_another(stated):
    """So."""
    assert 13.56 == stated

@pytest.mark.claim("with-separators", stated=14336)
def test_with_separators(stated):
    """So."""
    assert 14336 == stated

@pytest.mark.claim("in-words", stated=16, in_words=True)
def test_in_words(stated):
    """So."""
    assert 16 == stated

@pytest.mark.claim("not-in-words", stated=16)
def test_not_in_words(stated):
    """So."""
    assert 16 == stated

@pytest.mark.claim("no-number")
def test_no_number():
    """So."""

@pytest.mark.claim("uncheckable", stated="99B", uncheckable="nobody can know")
def test_uncheckable(stated):
    """So."""
'''


@pytest.mark.parametrize("processes", ["0", "2"])
def test_every_printed_number_stands_in_the_document(suite: Suite, processes: str) -> None:
    suite.write("paper.txt", TEXT)
    outcome = suite.claims(CLAIMS).run("--document=paper=paper.txt", "-n", processes, "-p", "no:cacheprovider")
    assert outcome.code == 1
    assert outcome.verdicts == {
        "printed": "holds",
        "misprinted": "broken",
        "misprinted-and-refuted": "broken",
        "inside-another": "broken",
        "with-separators": "holds",
        "in-words": "holds",
        "not-in-words": "broken",
        "no-number": "holds",
        "uncheckable": "uncheckable",
    }
    assert outcome.claims["misprinted"]["cases"][0]["reason"] == "BrokenInstrument: the document does not print 13.20B"
    assert "the document does not print 13.20B" in outcome.output


PRINTED = {
    "46.70B": True, "12.9B": True, "13.57B": True, "14336": True, "14,336": True, "32": True, "1/8": True,
    "12.5%": True, "3.5": True,
    "46.7": False, "6.70B": False, "46.70": False, "12.9": False, "9B": False, "13": False, "57B": False, "336": False,
    "14": False, "1433": False, "2": False, "8": False, "1": False, "12.5": False, "5%": False, "143,36": False,
}  # fmt: skip


@pytest.mark.parametrize(("number", "found"), PRINTED.items())
def test_a_number_is_found_as_printed_and_not_inside_another(number: str, *, found: bool) -> None:
    assert prints(TEXT, number) == found


@pytest.mark.parametrize(
    ("text", "number", "found"),
    [
        ("3.5", "3.5", True), ("It is 3.5.", "3.5", True), ("3.5, 4", "3.5", True), ("(3.5)", "3.5", True),
        ("GPT-3.5", "3.5", False), ("\u22123.5", "3.5", False), ("v3.5", "3.5", False), ("3.5x", "3.5", False),
        ("3.5%", "3.5", False), ("3.5/4", "3.5", False), ("13.5", "3.5", False), ("3.57", "3.5", False),
        ("3,500", "3", False), ("$3.5", "3.5", True), ("\u00d73.5", "3.5", True), ("약 3.5배", "3.5", True),
        ("33배로", "33", True), ("1,000,000", "1000000", True), ("1000000", "1,000,000", False), ("", "3", False),
    ],
)  # fmt: skip
def test_what_may_stand_beside_a_number(text: str, number: str, *, found: bool) -> None:
    assert prints(text, number) == found
