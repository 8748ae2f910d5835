"""What stands behind the cases of a claim: every number in full by every route, its source, its test."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Any

from reports import numbers
from reports.text import shown

Record = dict[str, Any]


@dataclass(slots=True)
class Evidence:
    """What stands behind a case, as (term, text, kind) with the kinds "number", "code", "command" and ""."""

    label: str
    entries: list[tuple[str, str, str]]

    def __str__(self) -> str:
        told = [f"{term}: {text}" if kind != "command" else text for term, text, kind in self.entries]
        return "\n".join([self.label, *told] if self.label else told)


def evidence(claim: Record, groups: list[list[Record]], labels: list[str]) -> list[Evidence]:
    """Return what stands behind the cases: every number in full, by every route, its source and its test.

    Neighbours with the same numbers from the same source, such as two readings of them, are told together.
    """
    found: list[Evidence] = []
    for group, label in zip(groups, labels, strict=True):
        entries = _entries(group[0])
        if found and entries == [entry for entry in found[-1].entries if entry[2] != "code"]:
            found[-1].label += f"; {label}"
        else:
            found.append(Evidence(label, entries))
        found[-1].entries += [_test(case) for case in group]
    if len(found) == 1:
        found[0].label = ""
    command = f"pytest --claim {shlex.quote(shown(claim['id'], 200))}"
    return [*found, Evidence("", [("Run only this", command, "command")])]


def _test(case: Record) -> tuple[str, str, str]:
    took = f" · {numbers.duration(case['seconds'])}" if case["seconds"] else ""
    return "Test", f"{shown(case['test'], 300)}{took}", "code"


def _entries(case: Record) -> list[tuple[str, str, str]]:
    entries = []
    for one in case["measured"]:
        unit = shown(one["unit"], 80)
        interval = (
            "" if one["low"] is None else f", from {numbers.written(one['low'])} to {numbers.written(one['high'])}"
        )
        entries.append(
            (shown(one["of"], 80) or "Measured", f"{numbers.written(one['value'])} {unit}{interval}", "number")
        )
        entries += [
            (f"by {shown(name, 120)}", numbers.written(value), "number")
            for name, value in sorted(one["routes"].items())
        ]
    if case["verdict"] == "broken":
        entries.append(("What broke", shown(case["reason"]), "trace"))
    if case["source"]:
        entries.append(("Source", shown(case["source"], 300), ""))
    return entries
