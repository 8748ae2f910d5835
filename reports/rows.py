"""A claim as a row of the page: its state, its cases as lines, and the evidence behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reports.evidence import Evidence, evidence
from reports.lines import WORDS, Line, grouped, lines, named, said, stands_beside, surprising
from reports.text import counted, sentence, shown

Record = dict[str, Any]


@dataclass(slots=True)
class Row:
    """A claim as the template draws it."""

    id: str
    short: str
    says: str
    state: str
    word: str
    printed: str
    lines: list[Line]
    tags: list[tuple[str, str]]
    reasons: list[tuple[str, str]]
    note: str
    hint: str
    evidence: list[Evidence]


def row(claim: Record, runs: dict[str, str], address: str) -> Row:
    """Return the row of a claim. `runs` names the runs of a merged ledger by their id."""
    cases, state = claim["cases"], state_of(claim)
    groups = grouped(cases)
    labels = named(groups, runs)
    return Row(
        id=address,
        short=shown(claim["id"].removeprefix(f"{claim['document']}/"), 120),
        says=shown(claim["says"]),
        state=state,
        word="Awaits a GPU" if state == "unchecked" and awaits_gpu(claim) else WORDS[state],
        printed="" if claim["stated"] is None else shown(claim["stated"], 60),
        lines=lines(groups, labels),
        tags=_tags(claim, state),
        reasons=_reasons(groups, labels),
        note=shown(claim.get("note", "")),
        hint=_hint(claim, state),
        evidence=evidence(claim, groups, labels),
    )


def state_of(claim: Record) -> str:
    """Return how a claim is shown: its verdict, unless runs disagree about it or a case came out undeclared."""
    if in_conflict(claim):
        return "disputed"
    surprises = any(surprising(case) and case["verdict"] != "broken" for case in claim["cases"])
    return "surprise" if surprises and claim["verdict"] != "broken" else str(claim["verdict"])


def in_conflict(claim: Record) -> bool:
    """Tell whether a merge kept two outcomes of one case, because two runs disagree about it."""
    kept = [case["id"] for case in claim["cases"] if case.get("run") is not None]
    return len(kept) > len(set(kept))


def awaits_gpu(claim: Record) -> bool:
    """Tell whether a claim has a case that was not checked and belongs to the gpu tier."""
    return any(case["verdict"] == "unchecked" and case["tier"] == "gpu" for case in claim["cases"])


def _tags(claim: Record, state: str) -> list[tuple[str, str]]:
    if in_conflict(claim):
        return [("runs disagree", "cf")]
    if state == "surprise":
        return [(f"declared {_declared(claim)}, measured {said(claim['verdict'])}", "")]
    if state == "broken":
        return [("the instrument broke; the claim is neither confirmed nor denied", "")]
    return []


def _declared(claim: Record) -> str:
    if claim["declared"] != claim["verdict"]:
        return said(claim["declared"])
    return " and ".join(sorted({said(case["declared"]) for case in claim["cases"] if surprising(case)}))


def _reasons(groups: list[list[Record]], labels: list[str]) -> list[tuple[str, str]]:
    """Return every reason once, with the cases it is about unless it is about all that were checked."""
    first = [group[0] for group in groups]
    beside = {case["reason"] for case in first if stands_beside(case) and len(groups) > 1}
    told: dict[str, list[str]] = {}
    for case, label in zip(first, labels, strict=True):
        if case["reason"] and case["reason"] not in beside and not stands_beside(case):
            told.setdefault(case["reason"], []).append(label)
    checked = sum(case["verdict"] != "unchecked" for case in first)
    return [
        ("; ".join(names) if len(names) < min(checked, 4) else "", shown(sentence(reason)))
        for reason, names in told.items()
    ]


def _hint(claim: Record, state: str) -> str:
    if state in ("uncheckable", "unchecked", "broken"):
        return {"uncheckable": "why", "unchecked": "how it would be checked", "broken": "the failure"}[state]
    routes = [1 + len(one["routes"]) for case in claim["cases"] for one in case["measured"]]
    if not routes:
        return "evidence"
    if min(routes) == max(routes) == 1:
        return "one route"
    if min(routes) > 1:
        return f"{['two', 'three', 'four', 'five'][min(min(routes) - 2, 3)]} routes agree"
    return f"two routes agree on {sum(one > 1 for one in routes)} of {counted(len(routes), 'number', 'numbers')}"
