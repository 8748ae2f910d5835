"""`python -m claims new` makes documents that run as they are, anywhere; what it cannot make it refuses in one line."""

from __future__ import annotations

from pathlib import Path

import pytest

from claim_suite.fixtures.claim.documents import read_document
from claim_suite.reports import schema
from claims.__main__ import main
from tests import runs
from tests.runs import ROOT, Done


def run_pytest(folder: Path, *arguments: str) -> Done:
    """Run pytest as a stranger does, from a folder that knows nothing of the suite."""
    return runs.inside(folder, *arguments, environment={"COLUMNS": "200"})


def test_documents_of_a_stranger_run_green_from_where_they_are_and_can_fail(tmp_path: Path) -> None:
    for name in ("my_card", "my_paper"):
        assert main(["new", name, "--in", str(tmp_path)]) == 0
    ledger = tmp_path / "out of the way" / "claims.json"
    options = ["--ledger", str(ledger), "--page", str(ledger.with_suffix(".html")), "-W", "error"]
    run = run_pytest(tmp_path, *options)
    assert run.code == 0, run.output
    claims = schema.read(ledger).claims
    assert [(claim.id, claim.verdict) for claim in claims] == [
        ("my_card/example-total", "holds"),
        ("my_paper/example-total", "holds"),
    ]
    assert {one.file for claim in claims for case in claim.cases for one in case.evidence} == {
        str(tmp_path / name / "data" / "example.json") for name in ("my_card", "my_paper")
    }
    (test,) = (tmp_path / "my_card").glob("test_*.py")
    test.write_text(test.read_text().replace("13.0B", "13.1B"))
    assert run_pytest(tmp_path, *options).code == 1
    assert [claim.verdict for claim in schema.read(ledger).claims] == ["refuted", "holds"]


def test_a_document_elsewhere_has_its_page_where_pytest_was_started(tmp_path: Path) -> None:
    for name in ("here", "elsewhere"):
        (tmp_path / name).mkdir()
    assert main(["new", "my_card", "--in", str(tmp_path / "elsewhere")]) == 0
    run = run_pytest(tmp_path / "here", "../elsewhere/my_card")
    assert run.code == 0, run.output
    assert [path.parent for path in tmp_path.rglob("claims.html")] == [tmp_path / "here/reports/out"]


def test_what_is_made_is_clean_code(tmp_path: Path) -> None:
    assert main(["new", "my_card", "--in", str(tmp_path)]) == 0
    options = ["--config", str(ROOT / "pyproject.toml"), "--ignore=INP,D100", str(tmp_path)]
    checked = runs.run(ROOT, "ruff", "check", *options)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("title", ['A "quoted" \\ title', "Mélange d'experts, 전문가 혼합", "x" * 500])
def test_a_title_is_kept_as_it_is(tmp_path: Path, title: str) -> None:
    assert main(["new", "my_card", "--title", title, "--in", str(tmp_path)]) == 0
    assert read_document(tmp_path / "my_card").title == title


def test_a_document_comes_after_those_that_are_there(tmp_path: Path) -> None:
    for name in ("first", "second", "third"):
        assert main(["new", name, "--in", str(tmp_path)]) == 0
        if name == "first":
            (tmp_path / name / "document.toml").write_text("this is not TOML")
    assert [read_document(tmp_path / name).position for name in ("second", "third")] == [1, 2]


NO_NAMES = ["", "Big", "two words", "a-b", "a__b", "_a", "a_", "1st", "../up", "a/b", "a.b", "é", "a\n", "build"]
NO_TITLES = ["", "  ", "two\nlines", "a\x7fb", "\udc80"]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        *(((name, "--in", "."), "is no name for a document") for name in NO_NAMES),
        *((("my_card", "--in", ".", "--title", title), "is no title") for title in NO_TITLES),
        *(((name,), "already there") for name in ("moe_post", "model_cards")),
        *((("my_card", "--in", place), "is no folder") for place in ("nowhere", "file")),
    ],
)
def test_what_cannot_be_made_is_refused_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], words: list[str], why: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").write_text("")
    assert main(["new", *words]) == 2
    told = capsys.readouterr()
    assert (told.out, told.err.count("\n")) == ("", 1)
    assert why in told.err
    assert [path.name for path in tmp_path.iterdir()] == ["file"]
