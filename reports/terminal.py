"""The summary that a run ends with: a line a section, then whatever is not a plain "holds"."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from reports.ledger import VERDICTS, Case, Claim, Ledger, surprising

if TYPE_CHECKING:
    import pytest

WORDS = {
    "holds": "holds",
    "loosely": "holds loosely",
    "refuted": "does not hold",
    "disputed": "disputed",
    "undecided": "undecided",
    "unchecked": "not checked here",
    "uncheckable": "uncheckable",
    "broken": "broken",
}
SHORT = 96


def summarise(ledger: Ledger, config: pytest.Config, reporter: pytest.TerminalReporter) -> None:
    """Print the verdicts of a run. Quiet runs get the counts and the page alone."""
    reporter.section("claims", sep="=")
    if reporter.verbosity >= 0:
        for line in [*_sections(ledger), "", *_details(ledger), ""]:
            reporter.write_line(line)
    for line in _accounting(ledger):
        reporter.write_line(line, red=True)
    reporter.write_line(f"{len(ledger['claims'])} claims: {_counts(ledger['claims'])}")
    reporter.write_line(f"page: {config.getoption('page')}   ledger: {config.getoption('ledger')}")


def _sections(ledger: Ledger) -> list[str]:
    lines = []
    for document in ledger["documents"]:
        lines.append(document["title"])
        for section in document["sections"]:
            place = document["id"], section["id"]
            claims = [claim for claim in ledger["claims"] if (claim["document"], claim["section"]) == place]
            if claims:
                lines.append(f"  {section['title']}: {_counts(claims)}")
    return lines


def _counts(claims: list[Claim]) -> str:
    count = Counter(claim["verdict"] for claim in claims)
    return ", ".join(f"{count[verdict]} {WORDS[verdict]}" for verdict in VERDICTS if count[verdict])


def _details(ledger: Ledger) -> list[str]:
    lines = []
    for claim in ledger["claims"]:
        surprise = any(map(surprising, claim["cases"]))
        if claim["verdict"] == "holds" and not surprise:
            continue
        word = "SURPRISE, " + WORDS[claim["verdict"]] if surprise else WORDS[claim["verdict"]]
        printed = f", printed {claim['stated']}" if claim["stated"] else ""
        lines.append(f"{word:>18}  {claim['id']}{printed}")
        if claim["verdict"] in ("unchecked", "uncheckable"):
            lines.append(f"{'':>18}  {_shortened(claim['cases'][0]['reason'])}")
        else:
            lines += [f"{'':>18}  {line}" for case in claim["cases"] if (line := _case(case))]
    return lines


def _case(case: Case) -> str:
    name = " ".join(filter(None, (case["source"], case.get("part", ""), case["reading"])))
    readings = ", ".join(
        f"{_number(one['value'])} {one['unit']}" + (f" ({one['of']})" if one["of"] else "") for one in case["measured"]
    )
    declared = f", declared {WORDS.get(case['declared'], case['declared'])}" if surprising(case) else ""
    why = f" ({case['reason']})" if case["verdict"] not in ("holds", "refuted") else ""
    return _shortened(f"{name}: {WORDS[case['verdict']]}{declared}{': ' if readings else ''}{readings}{why}")


def _number(value: float | str) -> str:
    if isinstance(value, int):
        return f"{value:,}"
    return f"{value:.4g}" if isinstance(value, float) else value


def _shortened(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= SHORT else line[: SHORT - 1] + "…"


def _accounting(ledger: Ledger) -> list[str]:
    accounting, lines = ledger["accounting"], []
    if ledger["run"]["state"] == "interrupted":
        lines.append(f"interrupted after {accounting['reported']} of {accounting['collected']} cases")
    if missing := accounting["unaccounted"]:
        lines.append(f"unaccounted for: {len(missing)}")
        lines += [f"  {name}" for name in missing[:20]] + (["  …"] if len(missing) > 20 else [])
    return lines
