"""The summary that a run ends with: a line a document, then what is not as declared; with -v each claim."""

from __future__ import annotations

import os
import shutil
import textwrap
from collections import Counter
from typing import TYPE_CHECKING

from claim_suite.reports import summary
from claim_suite.reports.schema import NOT_SELECTED, STATES, Claim, Ledger, counts, grouped
from claim_suite.reports.sentence import finding
from claim_suite.reports.text import counted, shown
from claim_suite.reports.view import STAND_IN, Line, Row

if TYPE_CHECKING:
    from pathlib import Path

    import pytest

# What a run is red for comes last, next to the prompt.
ORDER = ("unchecked", "uncheckable", "holds", "loosely", "refuted", "disputed", "undecided", "broken", "surprise")
ALARM = ("broken", "surprise")
INDENT = " " * 15
NARROWEST = 60
FEW = 10  # claims that were checked: each is told, though it came out as declared
MOST_LINES = 2
COLUMN = 48  # of titles: a longer one moves what stands beside it
MOST_NAMES = 20

Entry = tuple[str, list[str]]  # what is said of a claim, and a line for every outcome


def summarise(ledger: Ledger, written: dict[str, Path], reporter: pytest.TerminalReporter) -> None:
    """Print the verdicts of a run and where its files are. With -q or --no-summary, notes, counts and places alone.

    With -v or -rA, also every section and every claim.
    """
    width = max(NARROWEST, shutil.get_terminal_size().columns - 1)
    verbose = reporter.verbosity > 0 or reporter.hasopt("P")
    reporter.ensure_newline()
    reporter.section("claims", sep="=")
    if told := reporter.verbosity >= 0 and not reporter.config.option.no_summary:
        _write_counts(_parts(ledger, verbose=verbose), width, reporter)
        _write_claims(ledger, width, verbose, reporter)
        reporter.write_line("")
    notes, warned = summary.notes(ledger), summary.warnings(ledger)
    if told and verbose:
        notes += [f"warning: {text}" for text in warned]
    elif told and warned:
        notes.append(f"{counted(len(warned), 'warning', 'warnings')} of libraries: -v shows them")
    for note in notes:
        reporter.write_line(_in_line(note))
    for line in _accounting(ledger):
        reporter.write_line(line, red=True)
    found = counts(claim.state for claim in ledger.claims)
    bad = any(found[state] for state in ALARM) or ledger.accounting.unaccounted
    total = f"{counted(len(ledger.claims), 'claim', 'claims')}: {_counts(ledger.claims) or 'nothing to check'}"
    if found["surprise"]:
        total += f"; {counted(found['surprise'], 'surprise', 'surprises')}"
    reporter.write_line(total, bold=True, **{"red" if bad else "green": True})
    for name, path in sorted(written.items(), reverse=True):
        near = os.path.relpath(path, reporter.config.invocation_params.dir)  # from where the user stands
        reporter.write_line(f"{name + ':':<8}{min(near, str(path), key=len)}")


def _parts(ledger: Ledger, *, verbose: bool) -> list[tuple[str, list[Claim]]]:
    """Return the documents of which something was checked, and below each its sections where they are asked for."""
    parts: list[tuple[str, list[Claim]]] = []
    checked = {claim.document for claim in ledger.claims if claim.verdict != "unchecked"}
    for document, sections in summary.places(ledger):
        if checked and document.id not in checked:
            continue
        parts.append((document.title, [claim for _, claims in sections for claim in claims]))
        if verbose:
            parts += [(f"  {section.title}", claims) for section, claims in sections if claims]
    return parts


def _write_counts(parts: list[tuple[str, list[Claim]]], width: int, reporter: pytest.TerminalReporter) -> None:
    """Write a line a part: its title, and how many of its claims came out how."""
    rows = [(title, _counts(claims)) for title, claims in parts]
    column = min(COLUMN, max((len(title) for title, _ in rows), default=0))
    for title, told in rows:
        indent = " " * (len(title) - len(title.lstrip(" ")))
        room = max(24, width - 2 - len(told)) - len(indent)
        reporter.write_line(f"{indent + textwrap.shorten(_in_line(title), room, placeholder=' …'):<{column}}  {told}")


def _counts(claims: list[Claim]) -> str:
    """Count by verdict: a surprise counts as what was measured."""
    found = Counter(claim.verdict for claim in claims)
    order = sorted(found, key=["holds", "loosely", "refuted", "disputed", "undecided", "unchecked", "uncheckable",
                               "broken"].index)  # fmt: skip
    return ", ".join(counted(found[verdict], STATES[verdict].one, STATES[verdict].many) for verdict in order)


def _write_claims(ledger: Ledger, width: int, verbose: bool, reporter: pytest.TerminalReporter) -> None:
    """Write every claim where that was asked for or they are few, else those that are not as declared."""
    runs, by_state = summary.run_names(ledger), grouped(ledger.claims, lambda claim: claim.state)
    each = verbose or len(ledger.claims) - len(by_state.get("unchecked", [])) <= FEW
    for state in ORDER if each else ALARM:
        claims = by_state.get(state, [])
        told = [claim for claim in claims if state != "unchecked" or _measured(claim)]
        if state in ALARM and not verbose:
            entries: list[Entry] = [(finding(claim), []) for claim in told]
        else:
            entries = [_entry(claim, Row(claim, runs), verbose=verbose) for claim in told]
        entries += _reasons([claim for claim in claims if state == "unchecked" and not _measured(claim)])
        if entries:
            reporter.write_line("")
        for headline, lines in entries:
            _write_entry(state, headline, lines, width, verbose, reporter)
    rest = sum(len(claims) for state, claims in by_state.items() if state not in ALARM)
    if rest and not each:
        reporter.write_line("")
        reporter.write_line(f"{counted(rest, 'claim', 'claims')} as declared: the page has them, and -v tells each")


def _measured(claim: Claim) -> bool:
    return any(case.measured for case in claim.cases)


def _write_entry(
    state: str, headline: str, lines: list[str], width: int, verbose: bool, reporter: pytest.TerminalReporter
) -> None:
    word = {"surprise": "SURPRISE", "unchecked": "not checked"}.get(state, STATES[state].one)
    most = None if verbose or state in ALARM else MOST_LINES
    reporter.write(f"{word:>{len(INDENT) - 2}}  ", bold=True, red=state in ALARM)
    reporter.write_line(_wrapped(headline, width, most).lstrip())
    for text in lines:
        reporter.write_line(_wrapped(text, width, most))


def _wrapped(text: str, width: int, most: int | None) -> str:
    return textwrap.fill(
        _in_line(text), width, initial_indent=INDENT, subsequent_indent=INDENT, max_lines=most, placeholder=" …",
        break_on_hyphens=False,
    )  # fmt: skip


def _in_line(text: str) -> str:
    return shown(" ".join(text.split()))


def _reasons(claims: list[Claim]) -> list[Entry]:
    """Say why claims were not checked, those of one reason together; of a case that was selected where there is one."""

    def reason(claim: Claim) -> str:
        told = sorted((case.reason for case in claim.cases), key=lambda reason: reason in NOT_SELECTED.values())
        return told[0] if told else ""

    return [
        (f"{same[0].id if len(same) == 1 else counted(len(same), 'claim', 'claims')}: {why}", [])
        for why, same in grouped(claims, reason).items()
    ]


def _entry(claim: Claim, one: Row, *, verbose: bool) -> Entry:
    """Return what is said of a claim, and its lines: a case each, then the reasons of single cases."""
    said = [text for text, _ in one.tags if one.state != "broken" or text == STAND_IN]
    said += [reason for label, reason in one.reasons if not label]
    waiting = [line for line in one.lines if line.outcome == "unchecked" and not line.readings]
    lines = [_told(line, one.printed) for line in one.lines if verbose or line not in waiting]
    lines += [f"{label}: {reason}" for label, reason in one.reasons if label]
    return f"{claim.id}{': ' * bool(said)}{'; '.join(said)}", list(filter(None, lines))


def _told(line: Line, printed: str) -> str:
    measured = ", ".join(map(str, line.readings)) or line.text
    if printed and line.means:
        measured = f"printed {printed} ({line.means}), measured {measured}"
    measured += f"; {line.off}" if line.off else ""
    return "; ".join(filter(None, (f"{line.label}: {line.word}" if line.label else "", measured)))


def _accounting(ledger: Ledger) -> list[str]:
    told, lines = ledger.accounting, []
    if ledger.run.state == "interrupted":
        lines.append(f"interrupted after {told.reported:,} of {counted(told.collected, 'case', 'cases')}")
    if missing := told.unaccounted:
        lines.append(f"unaccounted for: {len(missing):,}")
        lines += [f"  {_in_line(name)}" for name in missing[:MOST_NAMES]]
        lines += [f"  … and {len(missing) - MOST_NAMES:,} more, in the ledger"] * (len(missing) > MOST_NAMES)
    return lines
