"""What stands behind the cases of a claim: every number in full by every route, the evidence, the tests."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from reports import numbers
from reports.schema import Case, Claim, Evidence, grouped
from reports.text import counted, shown

HASH_SHOWN = 12  # characters
_ADDRESS = re.compile(r"https?://[!-~]{1,500}", re.I)


class Entry(NamedTuple):
    """A fact behind a case; its kind is "number", "code", "command", "link" or ""."""

    term: str
    text: str
    kind: str = ""


@dataclass(slots=True)
class Details:
    """What stands behind some cases, which its label names unless there are no others."""

    label: str
    entries: list[Entry]

    def __str__(self) -> str:
        told = [text if kind == "command" else f"{term}: {text}" for term, text, kind in self.entries]
        return "\n".join([self.label, *told] if self.label else told)


def details(claim: Claim, groups: list[list[Case]], labels: list[str], document: str) -> list[Details]:
    """Return what stands behind the cases: every number in full by every route, evidence, tests.

    Neighbours with the same numbers, such as two readings of them, are told together, and so is evidence that
    several cases share. `document` is the link of the claim's document.
    """
    told = []
    for values, neighbours in groupby(zip(groups, labels, strict=True), key=lambda one: _values(one[0][0])):
        same = list(neighbours)
        tests = [_test(case) for group, _ in same for case in group]
        told.append(Details("; ".join(label for _, label in same), [*values, *tests]))
    alike = len(told) == 1
    stands_on = [
        (label, _stands_on(one)) for group, label in zip(groups, labels, strict=True) for one in group[0].evidence
    ]
    for entries, names in grouped(stands_on, lambda one: one[1]).items():
        label = "; ".join(name for name, _ in names)
        if own := next((one for one in told if one.label == label), None):
            own.entries += entries
        else:
            told.append(Details("" if len(names) == len(groups) else label, [*entries]))
    if alike:
        told[0].label = ""
    command = f"pytest --claim {shlex.quote(shown(claim.id, 200))}"
    return [*told, Details("", [*_place(claim, document), Entry("Run only this", command, "command")])]


def _place(claim: Claim, document: str) -> list[Entry]:
    """Say what a claim is about and where it stands: in which cell of which table, and where that can be read."""
    told = [Entry("Claim about", shown(claim.model, 120))] if claim.model else []
    if claim.table:
        cell = [f"{name} {shown(text, 120)}" for name, text in (("row", claim.row), ("column", claim.column)) if text]
        told.append(Entry("Stands in", ", ".join([shown(claim.table, 200), *cell])))
    if where := claim.link or document:
        told.append(Entry("Read at", *link(where)))
    return told


def _values(case: Case) -> list[Entry]:
    entries = []
    for one in case.measured:
        text = f"{numbers.written(one.value)} {shown(one.unit, 80)}".strip()
        if one.low is not None and one.high is not None:
            text += f", from {numbers.written(one.low)} to {numbers.written(one.high)}"
        entries.append(Entry(shown(one.of, 80) or "Measured", text, "number"))
        for name, value in sorted(one.routes.items()):
            entries.append(Entry(f"by {shown(name, 120)}", numbers.written(value), "number"))
    if case.drawn:
        entries.append(Entry("Held against", counted(case.drawn, "drawn case", "drawn cases")))
    if case.verdict == "broken":
        entries.append(Entry("What broke", shown(case.reason), "code"))
    if case.source and not any(one.source == case.source for one in case.evidence):
        entries.append(Entry("Source", shown(case.source, 300)))
    return entries


def _test(case: Case) -> Entry:
    took = f" · {numbers.duration(case.seconds)}" if case.seconds else ""
    return Entry("Test", f"{shown(case.test, 300)}{took}", "code")


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
    published = [Entry("Published", *link(one.link))] * bool(one.link)
    return *(Entry(term, text) for term, text in told.items() if text), *published


def link(address: str) -> tuple[str, str]:
    """Return an address as text, and its kind: "link" where a reader may follow it, else ""."""
    return shown(address, 520), "link" if _ADDRESS.fullmatch(address) else ""
