"""A claim as a row of the page: its state, its cases as lines, and the evidence behind them."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from reports import numbers, strips
from reports.ledger import surprising
from reports.text import counted, sentence, shown

WORDS = {
    "holds": "Holds",
    "loosely": "Loosely",
    "refuted": "Does not hold",
    "surprise": "Surprise",
    "broken": "Broken",
    "disputed": "Disputed",
    "undecided": "Undecided",
    "unchecked": "Not checked",
    "uncheckable": "Uncheckable",
}
OUTCOMES = {**{key: word.lower() for key, word in WORDS.items()}, "refuted": "fails"}
DECLARED = {"refuted": "does not hold", "loosely": "holds loosely"}
SHORT_REASON = 90  # characters that still stand beside a verdict
MOST_PARTS = 4  # more than this many parts are summed up, and only those that fail stay lines
MOST_NUMBERS = 6

Record = dict[str, Any]


@dataclass(slots=True)
class Line:
    """A case: its label among several, its outcome, what the printed number means, what was measured, a picture."""

    label: str
    outcome: str
    word: str
    means: str
    numbers: list[tuple[str, str, str]]
    text: str
    strip: str


@dataclass(slots=True)
class Evidence:
    """What stands behind a case, as (term, text, kind) with the kinds "number", "code", "command" and ""."""

    label: str
    entries: list[tuple[str, str, str]]


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
    hint: str
    evidence: list[Evidence]


def row(claim: Record, runs: dict[str, str], address: str) -> Row:
    """Return the row of a claim. `runs` names the runs of a merged ledger by their id."""
    cases, state = claim["cases"], state_of(claim)
    labels = _labels(cases, runs)
    return Row(
        id=address,
        short=shown(claim["id"].removeprefix(f"{claim['document']}/"), 120),
        says=shown(claim["says"]),
        state=state,
        word="Awaits a GPU" if state == "unchecked" and awaits_gpu(claim) else WORDS[state],
        printed="" if claim["stated"] is None else shown(claim["stated"], 60),
        lines=_lines(cases, labels),
        tags=_tags(claim, state),
        reasons=_reasons(cases, labels),
        hint=_hint(claim, state),
        evidence=_evidence(claim, labels),
    )


def state_of(claim: Record) -> str:
    """Return how a claim is shown: its verdict, unless runs disagree about it or a case came out undeclared."""
    if in_conflict(claim):
        return "disputed"
    if claim["verdict"] != "broken" and any(surprising(case) and case["verdict"] != "broken" for case in claim["cases"]):
        return "surprise"
    return str(claim["verdict"])


def in_conflict(claim: Record) -> bool:
    """Tell whether a merge kept two outcomes of one case, because two runs disagree about it."""
    kept = [case["id"] for case in claim["cases"] if case.get("run") is not None]
    return len(kept) > len(set(kept))


def awaits_gpu(claim: Record) -> bool:
    """Tell whether a claim has a case that was not checked and belongs to the gpu tier."""
    return any(case["verdict"] == "unchecked" and case["tier"] == "gpu" for case in claim["cases"])


def _labels(cases: list[Record], runs: dict[str, str]) -> list[str]:
    """Name every case by what tells it from the others: its part, its source, its reading, its run."""
    ids = [case["id"] for case in cases]
    several = {name: len({str(case.get(name, "")) for case in cases}) > 1 for name in ("part", "source", "reading")}
    labels = []
    for case in cases:
        words = [shown(case[name], 90) for name in ("part", "source") if several[name] and case.get(name)]
        if several["reading"]:
            words.append("literally" if case["reading"] == "literal" else _weaker(case))
        if ids.count(case["id"]) > 1:
            words.append(runs.get(str(case.get("run")), "another run"))
        labels.append(", ".join(words) or (shown(case["id"], 90) if len(cases) > 1 else ""))
    return labels


def _weaker(case: Record) -> str:
    return f"weaker ({shown(case['reason'])})" if _stands_beside(case) else "in a weaker reading"


def _lines(cases: list[Record], labels: list[str]) -> list[Line]:
    several = len(cases) > 1
    if len(cases) > MOST_PARTS and all(case.get("part") for case in cases):
        verdicts = [case["verdict"] for case in cases]
        text = f"{verdicts.count('holds')} of {len(cases)} parts hold"
        rest = [_line(*pair) for pair in zip(cases, labels, strict=True) if pair[0]["verdict"] != "holds"]
        return [Line("", "", "", "", [], text, strips.parts(verdicts)), *rest]
    return [_line(case, label if several else "") for case, label in zip(cases, labels, strict=True)]


def _line(case: Record, label: str) -> Line:
    verdict, measured = case["verdict"], case["measured"]
    word = "awaits a GPU" if verdict == "unchecked" and case["tier"] == "gpu" else OUTCOMES[verdict]
    if surprising(case):
        word = f"{word}, declared: {_said(case['declared'])}"
    if not measured:
        return Line(label, verdict, word, "", [], _beside(case), "")
    printed = numbers.printed(case["stated"])
    values = [numbers.number(one["value"]) for one in measured]
    means, strip = _compared(verdict, measured, values, printed)
    return Line(label, verdict, word, means, _numbers(measured, printed), "", strip)


def _compared(
    verdict: str, measured: list[Record], values: list[Fraction | None], printed: numbers.Printed | None
) -> tuple[str, str]:
    """Say what the printed number stands for in this comparison, and draw the values against it.

    It stands for its interval where the claim is that they are equal, and for one side of the number
    where every value of a claim that holds lies on that side.
    """
    known = [value for value in values if value is not None]
    if not known or len(known) < len(values):
        return (printed.means() if printed else ""), ""
    if printed is None:
        return "", strips.bars(verdict, measured, known)
    spreads = [strips.spread(one) for one in measured]
    if (chosen := strips.judged(verdict, known, printed)) is not None:
        return printed.means(), strips.interval(verdict, known[chosen], spreads[chosen], printed)
    if side := strips.one_side(verdict, known, printed):
        return f"{side} {shown(printed.text, 40)}", strips.threshold(verdict, known, spreads, printed, side)
    return (printed.means() if len(known) > 1 else ""), strips.bars(verdict, measured, known)


def _beside(case: Record) -> str:
    if case["verdict"] == "unchecked":
        return shown(case["reason"]) if _stands_beside(case) else "not checked here"
    return "no number" if case["verdict"] == "broken" else ""


def _stands_beside(case: Record) -> bool:
    return (case["verdict"] == "unchecked" or case["reading"] == "loose") and 0 < len(case["reason"]) <= SHORT_REASON


def _numbers(measured: list[Record], printed: numbers.Printed | None) -> list[tuple[str, str, str]]:
    """Return what was measured as (name, number, unit and interval), the first few where there are many."""
    if len(measured) == 1:
        (one,) = measured
        return [(shown(one["of"], 80), numbers.together([one["value"]], one["unit"], printed)[0], _unit(one))]
    few = measured[:MOST_NUMBERS]
    written: dict[int, str] = {}
    for unit in {one["unit"] for one in few}:
        places = [place for place, one in enumerate(few) if one["unit"] == unit]
        texts = numbers.together([few[place]["value"] for place in places], unit, printed)
        written |= dict(zip(places, texts, strict=True))
    told = [(shown(one["of"], 80), written[place], _unit(one)) for place, one in enumerate(few)]
    if len(measured) > len(few):
        told.append(("", f"and {len(measured) - len(few):,} more", "in the evidence"))
    return told


def _unit(one: Record) -> str:
    words = numbers.unit_words(one["unit"])
    if one["low"] is None or one["high"] is None:
        return words
    low, high = numbers.together([one["low"], one["high"]], one["unit"])
    return f"{words} ({low} to {high})".strip()


def _tags(claim: Record, state: str) -> list[tuple[str, str]]:
    if in_conflict(claim):
        return [("runs disagree", "cf")]
    if state == "surprise":
        return [(f"declared {_declared(claim)}, measured {_said(claim['verdict'])}", "")]
    if state == "broken":
        return [("the instrument broke; the claim is neither confirmed nor denied", "")]
    return []


def _declared(claim: Record) -> str:
    if claim["declared"] != claim["verdict"]:
        return _said(claim["declared"])
    return " and ".join(sorted({_said(case["declared"]) for case in claim["cases"] if surprising(case)}))


def _said(verdict: str) -> str:
    return shown(DECLARED.get(verdict, verdict), 40)


def _reasons(cases: list[Record], labels: list[str]) -> list[tuple[str, str]]:
    """Return every reason once, with the cases it is about unless it is about all that were checked."""
    beside = {case["reason"] for case in cases if _stands_beside(case)} if len(cases) > 1 else set()
    told: dict[str, list[str]] = {}
    for case, label in zip(cases, labels, strict=True):
        if case["reason"] and case["reason"] not in beside and not _stands_beside(case):
            told.setdefault(case["reason"], []).append(label)
    checked = sum(case["verdict"] != "unchecked" for case in cases)
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


def _evidence(claim: Record, labels: list[str]) -> list[Evidence]:
    """Return what stands behind each case: every number in full, by every route, its source and its test."""
    found = [Evidence(label, _entries(case)) for case, label in zip(claim["cases"], labels, strict=True)]
    command = f"pytest --claim {shlex.quote(shown(claim['id'], 200))}"
    return [*found, Evidence("", [("Run only this", command, "command")])]


def _entries(case: Record) -> list[tuple[str, str, str]]:
    entries = []
    for one in case["measured"]:
        unit = shown(one["unit"], 80)
        interval = "" if one["low"] is None else f", from {numbers.written(one['low'])} to {numbers.written(one['high'])}"
        entries.append((shown(one["of"], 80) or "Measured", f"{numbers.written(one['value'])} {unit}{interval}", "number"))
        entries += [(f"by {shown(name, 120)}", numbers.written(value), "number") for name, value in sorted(one["routes"].items())]
    if case["verdict"] == "broken":
        entries.append(("What broke", shown(case["reason"]), "code"))
    if case["source"]:
        entries.append(("Source", shown(case["source"], 300), ""))
    entries.append(("Test", shown(case["test"], 300), "code"))
    if case["seconds"]:
        entries.append(("Took", numbers.duration(case["seconds"]), ""))
    return entries
