"""`python -m reports`: a page drawn again, one page of several runs, and one line for what cannot be read."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from claim_suite.reports import __main__ as command
from claim_suite.reports import page, schema
from claim_suite.reports.schema import Ledger
from tests.reports import samples
from tests.reports.conftest import Outline


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.json").write_text(schema.dump(samples.ledger()))
    (tmp_path / "b.json").write_text(schema.dump(samples.bad_day()))
    return tmp_path


def test_a_page_is_drawn_again(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command.main(["page", "b.json", "--badge", "badge.json"]) == 0
    assert (place / "b.html").read_text() == page.render(samples.bad_day())
    assert json.loads((place / "badge.json").read_text())["message"] == "6 of 13 hold, 2 surprises, 1 broken"
    assert capsys.readouterr().out == "page: b.html\n"


def test_runs_are_merged_into_one_page_and_a_disagreement_is_told(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place / "summary.md"))
    assert command.main(["merge", "a.json"]) == 0
    assert "9 of 15 claims checked hold" in (place / "summary.md").read_text()
    assert command.main(["merge", "a.json", "b.json", "--html", "m.html"]) == 1
    assert "runs disagree about 'post/llama-total'" in capsys.readouterr().out
    told = Outline((place / "m.html").read_text()).text
    for words in ("Runs disagree on", r"run [12] on cpu12,852,024,320 · does not hold", "Merged from 2 runs"):
        assert re.search(words, told)
    assert (place / "reports/out/merged.json").exists()


def rewords(newer: Ledger) -> str:
    newer.claims[0].cases[0].digest, newer.claims[0].cases[0].verdict = "new", "unchecked"
    return "left out: a verdict on an older wording of post/llama-total: run it again\n"


def withdraws(newer: Ledger) -> str:
    for document in newer.documents:
        document.complete = True
    return f"left out: {newer.claims.pop(0).id}, which its document no longer has\n"


def has_another_title(newer: Ledger) -> str:
    first, second = sorted([newer.documents[0].title, "Another paper"])
    newer.documents[0].title = "Another paper"
    return f"two documents of one name? {newer.documents[0].id!a} is {first!a} and {second!a}\n"


@pytest.mark.parametrize("change", [rewords, withdraws, has_another_title])
def test_what_a_newer_run_leaves_out_or_says_otherwise_is_told(
    place: Path, capsys: pytest.CaptureFixture[str], change: Callable[[Ledger], str]
) -> None:
    newer = samples.ledger(started="2027-01-01T00:00:00Z")
    told = change(newer)
    (place / "newer.json").write_text(schema.dump(newer))
    assert command.main(["merge", "a.json", "newer.json"]) == 0
    assert capsys.readouterr().out.endswith(f"\n{told}")
    merged = schema.read(place / "reports/out/merged.json").claims
    assert [one.id for one in merged] == [one.id for one in newer.claims]
    assert "A verdict on an older wording of the claim is left out." in (place / "reports/out/merged.html").read_text()


@pytest.mark.parametrize(
    "arguments",
    [["page", "none.json"], ["page", "bad.json"], ["merge", "a.json", "bad.json"], ["merge", "old.json"],
     ["page", "a.json", "--html", "."], ["merge", "a.json", "--json", "/dev/null"],
     ["page", "a.json", "--html", "a.json"], ["merge", "a.json", "--json", "notes.md"],
     ["merge", "a.json", "--html", "a.json", "--json", "a.json"], ["merge", "a.json", "--html", "o", "--json", "o"],
     ["merge", "a.json", "--json", "o.json", "--badge", "./o.json"], ["page", "a.json", "--badge", "a.json"],
     ["page", "a.json", "--html", "round.html"]],
)  # fmt: skip
def test_bad_input_and_unwritable_places_are_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], arguments: list[str]
) -> None:
    (place / "old.json").write_text('{"schema": "claims-ledger/1"}')
    (place / "bad.json").write_text('{"schema": "claims-ledger/2"}')
    (place / "notes.md").write_text("mine")
    (place / "round.html").symlink_to("round.html")
    assert command.main(arguments) == 2
    assert (place / "notes.md").read_text() == "mine"
    told = capsys.readouterr().err
    assert told.startswith("python -m reports: ")
    assert told.count("\n") == 1
