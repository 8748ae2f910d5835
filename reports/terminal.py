"""The summary that a run ends with: a line a section, then whatever is not a plain "holds", the worst at the bottom."""

from __future__ import annotations

import shutil
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from reports import numbers
from reports.ledger import VERDICTS, Case, Claim, Ledger, surprising
from reports.text import counted, shown

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

WORDS = {
    "holds": ("holds", "hold"),
    "loosely": ("holds loosely", "hold loosely"),
    "refuted": ("does not hold", "do not hold"),
    "disputed": ("disputed", "disputed"),
    "undecided": ("undecided", "undecided"),
    "unchecked": ("not checked here", "not checked here"),
    "uncheckable": ("uncheckable", "uncheckable"),
    "broken": ("broken", "broken"),
}
DECLARED = {"holds": "to hold", "loosely": "to hold loosely", "refuted": "not to hold"}
READ = {"literal": "literally", "loose": "loosely"}
# What a run is red for comes last, next to the prompt.
ORDER = ("unchecked", "uncheckable", "loosely", "refuted", "disputed", "undecided", "broken", "surprise")
PLAIN = {"bold": True}
TROUBLED = ("broken", "undecided", "unchecked")  # a case of these is told by its reason
ALARM = {"broken": {"bold": True, "red": True}, "surprise": {"bold": True, "red": True}}
INDENT = " " * 15
NARROWEST = 60
MOST_LINES = 2
MOST_NAMES = 20


def summarise(ledger: Ledger, written: dict[str, Path], reporter: pytest.TerminalReporter) -> None:
    """Print the verdicts of a run and where its files are. With -q or --no-summary, the counts and the places alone."""
    width = max(NARROWEST, shutil.get_terminal_size().columns - 1)
    reporter.ensure_newline()
    reporter.section("claims", sep="=")
    if reporter.verbosity >= 0 and not reporter.config.option.no_summary:
        _write_sections(ledger, width, reporter)
        _write_claims(ledger["claims"], width, reporter)
        reporter.write_line("")
    for line in _accounting(ledger):
        reporter.write_line(line, red=True)
    bad = any(_state(claim) in ALARM for claim in ledger["claims"]) or ledger["accounting"]["unaccounted"]
    total = f"{counted(len(ledger['claims']), 'claim', 'claims')}: {_counts(ledger['claims'])}"
    if surprises := sum(_state(claim) == "surprise" for claim in ledger["claims"]):
        total += f"; {counted(surprises, 'surprise', 'surprises')}"
    reporter.write_line(total, bold=True, **{"red" if bad else "green": True})
    for name, path in sorted(written.items(), reverse=True):
        reporter.write_line(f"{name + ':':<8}{path}")


def _write_sections(ledger: Ledger, width: int, reporter: pytest.TerminalReporter) -> None:
    for document in ledger["documents"]:
        by_section: dict[str, list[Claim]] = {}
        for claim in ledger["claims"]:
            if claim["document"] == document["id"]:
                by_section.setdefault(claim["section"], []).append(claim)
        rows = [
            (shown(section["title"]), _counts(by_section[section["id"]]))
            for section in document["sections"]
            if section["id"] in by_section
        ]
        room = max(24, width - 4 - max(len(counts) for _, counts in rows))
        column = min(room, max(len(title) for title, _ in rows))
        reporter.write_line(shown(document["title"]))
        for title, counts in rows:
            reporter.write_line(f"  {textwrap.shorten(title, column, placeholder=' …'):<{column}}  {counts}")


def _counts(claims: list[Claim]) -> str:
    count = Counter(claim["verdict"] for claim in claims)
    return ", ".join(counted(count[verdict], *WORDS[verdict]) for verdict in VERDICTS if count[verdict])


def _state(claim: Claim) -> str:
    return "surprise" if claim["verdict"] != "broken" and any(map(surprising, claim["cases"])) else claim["verdict"]


def _write_claims(claims: list[Claim], width: int, reporter: pytest.TerminalReporter) -> None:
    verbose = reporter.verbosity > 0
    by_state: dict[str, list[Claim]] = {}
    for claim in claims:
        by_state.setdefault(_state(claim), []).append(claim)
    for state in ORDER:
        if state in by_state:
            reporter.write_line("")
        if state == "unchecked" and not verbose:
            for text in _unchecked(by_state.get(state, [])):
                _write_entry(state, text, [], width, reporter)
            continue
        for claim in by_state.get(state, []):
            _write_entry(state, _headline(claim, state), _evidence(claim, state, verbose=verbose), width, reporter)


def _write_entry(state: str, headline: str, evidence: list[str], width: int, reporter: pytest.TerminalReporter) -> None:
    word = "SURPRISE" if state == "surprise" else "not checked" if state == "unchecked" else WORDS[state][0]
    most = None if reporter.verbosity > 0 else MOST_LINES
    reporter.write(f"{word:>{len(INDENT) - 2}}  ", **ALARM.get(state, PLAIN))
    reporter.write_line(_wrapped(headline, width, most).lstrip())
    for text in evidence:
        reporter.write_line(_wrapped(text, width, most))


def _wrapped(text: str, width: int, most: int | None) -> str:
    return textwrap.fill(
        shown(" ".join(text.split())), width, initial_indent=INDENT, subsequent_indent=INDENT, max_lines=most,
        placeholder=" …", break_on_hyphens=False,
    )  # fmt: skip


def _unchecked(claims: list[Claim]) -> list[str]:
    """Say why claims were not checked, those of one reason together."""
    by_reason: dict[str, list[str]] = {}
    for claim in claims:
        by_reason.setdefault(claim["cases"][0]["reason"], []).append(claim["id"])
    return [
        f"{names[0] if len(names) == 1 else counted(len(names), 'claim', 'claims')}: {reason}"
        for reason, names in by_reason.items()
    ]


def _headline(claim: Claim, state: str) -> str:
    if state == "surprise":
        declared = DECLARED.get(claim["declared"], claim["declared"])
        told = f"{WORDS[claim['verdict']][0]}, declared {declared}" if claim["declared"] != claim["verdict"] else ""
        return ": ".join(filter(None, (claim["id"], told)))
    if state == "disputed":  # the reasons are the sources', each beside its own
        return claim["id"]
    reason = claim["reason"] or (claim["cases"][0]["reason"] if state in ("unchecked", "uncheckable") else "")
    return ": ".join(filter(None, (claim["id"], reason)))


def _evidence(claim: Claim, state: str, *, verbose: bool) -> list[str]:
    """Return a line for every outcome of a claim's cases; cases that measured the same share a line."""
    if state in ("unchecked", "uncheckable"):
        return []
    reached = [case for case in claim["cases"] if case["verdict"] != "unchecked"]
    outcomes: dict[tuple[str, str, str, str], list[Case]] = {}
    for case in claim["cases"] if verbose else reached:
        key = (case["source"], case.get("part", ""), _measured(case), _trouble(case, claim))
        outcomes.setdefault(key, []).append(case)
    several = Counter(key[:2] for key in outcomes)
    told = state in ("disputed", "surprise", "broken") and len(outcomes) > 1
    lines = []
    for (source, part, measured, trouble), cases in outcomes.items():
        name = part or source
        if several[source, part] > 1:
            readings = {case["reading"] for key in outcomes if key[:2] == (source, part) for case in outcomes[key]}
            name = f"{name} {READ.get(cases[0]['reading'], '')}".strip() if len(readings) > 1 else cases[0]["id"]
        verdict = "" if not told or cases[0]["verdict"] in TROUBLED else WORDS[cases[0]["verdict"]][0]
        lines.append(
            ": ".join(filter(None, (f"{name} {verdict}".strip(), measured, trouble))) or "nothing was measured"
        )
    printed = numbers.printed(next((case["stated"] for case in claim["cases"] if case["stated"]), None))
    if printed and len(lines) == 1:
        return [f"printed {printed.text} ({printed.means()}), measured {lines[0]}"]
    return [f"printed {printed.text} ({printed.means()})", *lines] if printed and lines else lines


def _trouble(case: Case, claim: Claim) -> str:
    if case["verdict"] in TROUBLED:
        return case["reason"]
    if claim["verdict"] == "disputed" and case["verdict"] == "refuted":
        return case["reason"]
    return case["reason"] if surprising(case) and case["reason"] != claim["reason"] else ""


def _measured(case: Case) -> str:
    against = numbers.printed(case["stated"])
    by_unit: dict[str, list[int]] = {}
    for place, one in enumerate(case["measured"]):
        by_unit.setdefault(one["unit"], []).append(place)
    texts = [""] * len(case["measured"])
    for unit, places in by_unit.items():
        values = numbers.together([case["measured"][place]["value"] for place in places], unit, against)
        for place, value in zip(places, values, strict=True):
            one = case["measured"][place]
            texts[place] = f"{value} {numbers.unit_words(unit)}".strip() + (f" ({one['of']})" if one["of"] else "")
            if one["low"] is not None and one["high"] is not None:
                texts[place] += f" [{numbers.interval(one['low'], one['high'], unit, value)}]"
    return ", ".join(texts)


def _accounting(ledger: Ledger) -> list[str]:
    accounting, lines = ledger["accounting"], []
    if ledger["run"]["state"] == "interrupted":
        lines.append(
            f"interrupted after {accounting['reported']:,} of {counted(accounting['collected'], 'case', 'cases')}"
        )
    if missing := accounting["unaccounted"]:
        lines.append(f"unaccounted for: {len(missing):,}")
        lines += [f"  {shown(name, 200)}" for name in missing[:MOST_NAMES]]
        lines += [f"  … and {len(missing) - MOST_NAMES:,} more, in the ledger"] * (len(missing) > MOST_NAMES)
    return lines
