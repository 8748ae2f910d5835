"""The job summary and the badge: the most important first, within the limit, and inert whatever the text."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]  # it has no types

from reports import __main__ as command
from reports import github
from reports.ledger import write
from tests.reports import samples


def test_the_summary_starts_with_the_result_and_with_what_is_wrong() -> None:
    lines = github.job_summary(samples.bad_day()).splitlines()
    assert lines[0].startswith("## 6 of 17 claims hold")
    rows = [line for line in lines if line.startswith("| ") and "---" not in line][1:]
    assert [row.split("|")[1].strip() for row in rows][:5] == [
        "Surprise",
        "Surprise",
        "Broken",
        "Disputed",
        "Does not hold",
    ]
    assert len(rows) == 17
    assert "12,852,024,320" in rows[0]


@pytest.mark.parametrize("total", [10_000])
def test_the_summary_of_a_large_run_stays_under_the_limit_and_says_what_it_leaves_out(total: int) -> None:
    summary = github.job_summary(samples.large(total))
    assert len(summary.encode()) < 1024 * 1024
    drawn = summary.count("\n| ") - 1
    assert f"and {total - drawn:,} more claims, on the page." in summary
    assert github.job_summary(samples.large(50), largest=3000).encode().__len__() <= 3000
    assert len(github.job_summary(samples.large(50), largest=100).encode()) <= 100


@pytest.mark.parametrize(
    "text",
    [
        "<img src=x onerror=alert(1)>",
        "[a](javascript:x) ![b](http://c)",
        "a | b\n| c |",
        "@someone #1 `code` **b** http://x.invalid",
        "a\0\u202eb",
    ],
)
def test_text_in_the_summary_is_inert(text: str) -> None:
    ledger = samples.ledger()
    ledger["claims"][0]["says"] = text
    summary = github.job_summary(ledger)
    row = next(line for line in summary.splitlines() if "llama\\-total" in line)
    assert "<" not in row
    assert "@" not in row
    assert "http:" not in row
    assert row.count("|") == 6
    assert not re.search(r"(?<!\\)[`*\[\]]", row)
    assert not re.search("[\0\u202e]", summary)


def test_the_summary_is_appended_where_the_host_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    github.write_job_summary(samples.ledger())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    github.write_job_summary(samples.ledger())
    assert place.read_text().startswith("before\n## 9 of 17 claims hold")


def test_merging_on_the_host_says_so_in_its_summary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(tmp_path / "summary.md"))
    write(samples.ledger(), tmp_path / "a.json")
    badge = tmp_path / "badge.json"
    assert (
        command.main(["merge", str(tmp_path / "a.json"), "--html", str(tmp_path / "m.html"), "--badge", str(badge)])
        == 0
    )
    assert "9 of 17 claims hold" in (tmp_path / "summary.md").read_text()
    assert json.loads(badge.read_text())["message"] == "9 of 17 hold"


@pytest.mark.parametrize(
    ("ledger", "message", "color"),
    [
        (samples.ledger(), "9 of 17 hold", "orange"),
        (samples.ledger(samples.counts()[:4]), "3 of 4 hold", "green"),
        (samples.bad_day(), "6 of 17 hold, 3 surprises", "red"),
        (samples.ledger([]), "0 of 0 hold", "lightgrey"),
    ],
)
def test_the_badge_counts(ledger: Any, message: str, color: str) -> None:
    assert github.badge(ledger) == {"schemaVersion": 1, "label": "claims", "message": message, "color": color}


WORKFLOWS = sorted((Path(__file__).parents[2] / ".github/workflows").glob("*.yml"))


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflows_pin_their_actions_and_put_no_input_into_a_command(path: Path) -> None:
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"]
        for step in job["steps"]:
            assert re.fullmatch(r"actions/[a-z-]+@v\d+", step["uses"]) if "uses" in step else "${{" not in step["run"]
