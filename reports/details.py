"""What stands behind the cases of a claim: every number in full by every route, the evidence, the tests."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from claim_suite.reports import numbers
from claim_suite.reports.schema import BASES, Case, Claim, Evidence
from claim_suite.reports.text import counted, shown

HASH_SHOWN = 12  # characters
_ADDRESS = re.compile(r"https?://[!-~]{1,500}", re.I)

Entry = tuple[str, str, str]  # a fact behind a case: its term, its text, and "number", "code", "command", "link" or ""


class Group(NamedTuple):
    """Cases that are told as one, the first of them, and what tells them from the others."""

    label: str
    case: Case
    cases: list[Case]


@dataclass(slots=True)
class Details:
    """What stands behind some cases, which its label names unless there are no others."""

    label: str
    entries: list[Entry]


def details(claim: Claim, groups: list[Group], document: str) -> list[Details]:
    """Return what stands behind the cases: every number in full by every route, evidence, tests.

    Neighbours with the same numbers, such as two readings of them, are told together, and so is evidence that
    several cases share. `document` is the link of the claim's document.
    """
    told = []
    for values, neighbours in groupby(groups, key=lambda one: _values(one.case)):
        same = list(neighbours)
        tests = [_test(case) for one in same for case in one.cases]
        told.append(Details("; ".join([one.label for one in same]), [*values, *tests]))
    alike = len(told) == 1
    stands_on: dict[tuple[Entry, ...], list[str]] = {}
    for label, case, _ in groups:
        for one in case.evidence:
            stands_on.setdefault(_stands_on(one), []).append(label)
    for entries, names in stands_on.items():
        label = "; ".join(names)
        if own := next((one for one in told if one.label == label), None):
            own.entries += entries
        else:
            told.append(Details("" if len(names) == len(groups) else label, [*entries]))
    if alike:
        told[0].label = ""
    command = f"pytest --claim {shlex.quote(shown(claim.id, 200))}"
    return [*told, Details("", [*_place(claim, document), ("Run only this", command, "command")])]


def as_text(told: list[Details]) -> str:
    """Write details as lines: of a long page, where elements cost more than they tell."""
    lines = []
    for one in told:
        lines += [one.label] if one.label else []
        lines += [text if kind == "command" else f"{term}: {text}" for term, text, kind in one.entries]
    return "\n".join(lines)


def _place(claim: Claim, document: str) -> list[Entry]:
    """Say on what a verdict rests, what a claim is about and where it stands: the cell, and where it can be read."""
    told = [("Rests on", BASES[claim.basis], "")] if claim.basis else []
    told += [("Claim about", shown(claim.model, 120), "")] if claim.model else []
    if claim.table:
        cell = [f"{name} {shown(text, 120)}" for name, text in (("row", claim.row), ("column", claim.column)) if text]
        told.append(("Stands in", ", ".join([shown(claim.table, 200), *cell]), ""))
    if where := claim.link or document:
        told.append(("Read at", *link(where)))
    return told


def _values(case: Case) -> list[Entry]:
    entries = []
    for one in case.measured:
        text = f"{numbers.written(one.value)} {shown(one.unit, 80)}".strip()
        if one.low is not None and one.high is not None:
            text += f", from {numbers.written(one.low)} to {numbers.written(one.high)}"
        entries.append((shown(one.of, 80) or "Measured", text, "number"))
        for name, value in sorted(one.routes.items()):
            entries.append((f"by {shown(name, 120)}", numbers.written(value), "number"))
        entries += [("The sum", shown(one.made_of), "")] if one.made_of else []
    if case.code and not all(one.made_of for one in case.measured):
        entries.append(("How", shown(case.code), "code"))
    if case.drawn:
        entries.append(("Held against", counted(case.drawn, "drawn case", "drawn cases"), ""))
    if case.verdict == "broken":
        entries.append(("What broke", shown(case.reason), "code"))
    if case.source and not any(one.source == case.source for one in case.evidence):
        entries.append(("Source", shown(case.source, 300), ""))
    return entries


def _test(case: Case) -> Entry:
    took = f" · {numbers.duration(case.seconds)}" if case.seconds else ""
    return "Test", f"{shown(case.test, 300)}{f', line {case.line}' if case.line else ''}{took}", "code"


def _stands_on(one: Evidence) -> tuple[Entry, ...]:
    made = {"revision ": one.revision, "": one.precision, "by ": one.engine, "on ": one.device}
    model = ", ".join([shown(one.model, 120), *(f"{word}{shown(text, 120)}" for word, text in made.items() if text)])
    file = shown(one.file, 300) + (f" (sha256 {shown(one.sha256[:HASH_SHOWN], 80)}…)" if one.sha256 else "")
    told = {
        "Source": shown(one.source, 300),
        "Made on": f"{model.removeprefix(', ')}{' (stand-in)' * one.stand_in}".strip(),
        "Text": shown(one.text, 300),
        "File": file.strip(),
        "Note": shown(one.note, 600),
    }
    published = [("Published", *link(one.link))] if one.link else []
    return *((term, text, "") for term, text in told.items() if text), *published


def link(address: str) -> tuple[str, str]:
    """Return an address as text, and its kind: "link" where a reader may follow it, else ""."""
    return shown(address, 520), "link" if _ADDRESS.fullmatch(address) else ""
