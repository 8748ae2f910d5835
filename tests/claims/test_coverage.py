"""`python -m claims coverage` lists every printed number of a text, who covers it, and what nobody does."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.authoring import coverage
from claim_suite.fixtures.claim.text import numbers
from claims.__main__ import main

CONTENT = '''
import pytest


@pytest.mark.cheap
@pytest.mark.claim("total", stated="46.70B", also_prints=("8x7B",))
def test_total(stated, measure):
    """It has 46.70 billion parameters."""
    assert measure(46_702_792_704, "parameters") == stated


@pytest.mark.cheap
@pytest.mark.claim("twice", stated="2.0", in_words=True)
def test_twice(stated, measure):
    """It has twice of that."""
    assert measure(2, "times") == stated
'''


@pytest.fixture
def document(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PYTEST_ADDOPTS", "--import-mode=importlib")  # documents of one name in one process
    assert main(["new", "paper", "--in", str(tmp_path)]) == 0
    folder = tmp_path / "paper"
    test = next(folder.glob("test_*.py"))
    test.write_text(CONTENT, encoding="utf-8")
    return folder


def run(folder: Path, text: str, reasons: str = "") -> coverage.Coverage:
    (folder / "uncovered.toml").write_text(reasons, encoding="utf-8")
    path = folder.parent / "text.md"
    path.write_text(text, encoding="utf-8")
    return coverage.coverage(str(folder), path)


def test_numbers_are_covered_explained_or_uncovered_in_the_text_s_order(
    document: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = "8x7B has 46.70 billion.\n[a link](https://example.org/2024) of 2023: 47B, ٤٦ <b id='9'>\n"
    text += "Some get <5% of it,\nfew <br/> get > 20%, <!-- 7 --> none < 1."
    reasons = '[[number]]\ntext = "2023"\nwhy = "a date"\n'
    found = run(document, text, reasons)
    told = [(number.line, number.text, by) for number, by, _ in found.rows]
    assert told == [
        (1, "8", "paper/total"),
        (1, "7B", "paper/total"),
        (1, "46.70 billion", "paper/total"),
        (2, "2023", "- a date"),
        (2, "47B", ""),
        (2, "46", ""),
        (3, "5%", ""),
        (4, "20%", ""),
        (4, "1", ""),
    ]
    assert (found.uncovered, found.unprinted, found.stale) == (5, [], [])
    assert main(["coverage", f"{document}={document.parent / 'text.md'}"]) == 1
    assert "47B            UNCOVERED: [a link] of 2023: 47B, 46" in capsys.readouterr().out


def test_what_the_text_does_not_print_and_a_reason_of_no_number_are_told(document: Path) -> None:
    found = run(
        document, "8x7B has 46.7B, of 2023.", '[[number]]\nnear = "of"\nwhy = "all"\n[[number]]\ntext="7"\nwhy="x"\n'
    )
    assert found.unprinted == ["paper/total: the text does not print 46.70B"]
    assert len(found.stale) == 1
    assert not found.complete
    assert found.uncovered == 0


def test_an_uncovered_number_is_shown_where_it_stands(document: Path) -> None:
    found = run(document, "It has twice 46.70 billion, which is much, and in words of its own 6 more.")
    assert str(found).splitlines()[2].endswith("UNCOVERED: much, and in words of its own 6 more.")


def test_a_covered_text_is_complete(document: Path) -> None:
    assert run(document, "Mixtral 8x7B has 46.70B parameters.").complete
    assert main(["coverage", f"{document}={document.parent / 'text.md'}"]) == 0


def test_sentences_without_a_number_are_listed_but_for_those_that_a_claim_quotes(tmp_path: Path) -> None:
    assert main(["new", "quoted", "--in", str(tmp_path)]) == 0  # of a name of its own: modules of one name are kept
    document = tmp_path / "quoted"
    test = next(document.glob("test_*.py"))
    test.write_text(CONTENT.replace('"46.70B", also', '"46.70B", words="faster than all others", also'))
    text = tmp_path / "text.md"
    text.write_text(
        "It has 46.70 billion.\n\nIt is faster than all others of its size. It also learns a good deal more.\n"
    )
    assert coverage.statements(str(document), text) == ["     3  It also learns a good deal more."]


@pytest.mark.parametrize("argument", ["paper", "nowhere=x.txt", "moe_post=nowhere.txt", "=x"])
def test_a_bad_argument_is_one_line(argument: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", argument]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_every_argument_is_looked_at_before_a_text_is(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["coverage", "moe_post=nowhere.txt", "paper"]) == 2
    assert capsys.readouterr().err == "paper: give the document and its text as ID=TEXT\n"


@pytest.mark.parametrize("reason", ['why = "all"', 'text = "3"\nwhy = ""', 'near = " "\nwhy = "all"'])
def test_a_reason_says_why_and_of_which_numbers(document: Path, reason: str) -> None:
    with pytest.raises(ValueError, match=r"^paper/uncovered\.toml: a \[\[number\]\] has text or near, and why"):
        run(document, "3", f"[[number]]\n{reason}\n")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("14,336", [("14336", "")]),
        ("30,5 B", [("30.5", "B")]),
        ("13 015 864", [("13015864", "")]),
        ("12.5 per cent", [("12.5", "%")]),
        ("80 GB", [("80", "")]),
        ("128K tokens", [("128", "K")]),
        ("7Billion", [("7", "")]),
        ("1/8 of 3", [("1/8", ""), ("3", "")]),
        ("GPT-3.5", [("3.5", "")]),
        ("6.4e10", [("6.4", ""), ("10", "")]),
        ("of 3.5.1", [("3.5.1", "")]),
        ("33배로", [("33", "")]),
    ],
)
def test_numbers_as_texts_print_them(text: str, expected: list[tuple[str, str]]) -> None:
    assert [(one.digits, one.scale) for one in numbers(text)] == expected


@given(st.text(max_size=200))
def test_every_digit_of_any_text_is_in_a_number(text: str) -> None:
    shown = sum(one.isascii() and one.isdecimal() for one in text)
    assert sum(one.isdecimal() for number in numbers(text) for one in number.text) == shown
