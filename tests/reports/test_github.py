"""The job summary and the badge: the most important first, within the limit, and inert whatever the text."""

from pathlib import Path

import pytest

from claim_suite.reports import github
from claim_suite.reports.schema import Ledger
from tests.reports import samples


def test_the_summary_starts_with_the_result_and_with_what_is_wrong() -> None:
    lines = github.job_summary(samples.bad_day()).splitlines()
    assert lines[0].startswith("## 6 of 13 claims checked hold")
    rows = [line for line in lines if line.startswith("| ") and "---" not in line][1:]
    assert [row.split("|")[1].strip() for row in rows][:4] == ["Surprise", "Surprise", "Broken", "Does not hold"]
    assert len(rows) == 17
    assert "12,852,024,320" in rows[0]
    assert "**Not tested with this version\\: transformers" in "\n".join(lines).replace("&#58;", "\\:")
    assert "| Holds \\(stand\\-in\\) | wikipedia\\-expert\\-8 |" in "\n".join(lines)


def test_the_summary_of_a_large_run_stays_under_the_limit_and_says_what_it_leaves_out() -> None:
    summary = github.job_summary(samples.large(500), largest=20_000)
    assert 19_000 < len(summary.encode()) < 20_000
    assert f"and {500 - (summary.count(chr(10) + '| ') - 1)} more claims, on the page." in summary
    assert len(github.job_summary(samples.large(50), largest=100).encode()) <= 100
    assert github.LARGEST < 1024 * 1024


def test_the_summary_is_appended_where_the_host_asks_for_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "summary.md"
    place.write_text("before\n")
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)
    github.write_job_summary(samples.ledger())
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", str(place))
    github.write_job_summary(samples.ledger())
    assert place.read_text().startswith("before\n## 9 of 15 claims checked hold")


@pytest.mark.parametrize(
    ("ledger", "message", "color"),
    [
        (samples.ledger(), "9 of 15 hold", "orange"),
        (samples.ledger(samples.counts()[:4]), "3 of 4 hold", "green"),
        (samples.bad_day(), "6 of 13 hold, 2 surprises, 1 broken", "red"),
        (samples.ledger([]), "not checked", "lightgrey"),
    ],
)
def test_the_badge_counts(ledger: Ledger, message: str, color: str) -> None:
    assert github.badge(ledger) == {"schemaVersion": 1, "label": "claims", "message": message, "color": color}
