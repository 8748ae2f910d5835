"""A claim as a row of the page: its state, its cases as lines, and the evidence behind them."""

from __future__ import annotations

import re
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

_OUT_OF = re.compile(r"of (\d{1,6}) (.+)", re.ASCII)

Record = dict[str, Any]


@dataclass(slots=True)
class Line:
    """A case: its label among several, its outcome, what the printed number means, what was measured, a picture."""

    label: str
    outcome: str
    word: str
    means: str
    numbers: list[tuple[str, str, str]]
    unit: str
    text: str
    strip: str


@dataclass(slots=True)
class Evidence:
    """What stands behind a case, as (term, text, kind) with the kinds "number", "code", "command" and ""."""

    label: str
    entries: list[tuple[str, str, str]]

    def __str__(self) -> str:
        told = [f"{term}: {text}" if kind != "command" else text for term, text, kind in self.entries]
        return "\n".join([self.label, *told] if self.label else told)


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
    groups = _grouped(cases)
    labels = _labels(groups, runs)
    return Row(
        id=address,
        short=shown(claim["id"].removeprefix(f"{claim['document']}/"), 120),
        says=shown(claim["says"]),
        state=state,
        word="Awaits a GPU" if state == "unchecked" and awaits_gpu(claim) else WORDS[state],
        printed="" if claim["stated"] is None else shown(claim["stated"], 60),
        lines=_lines(groups, labels),
        tags=_tags(claim, state),
        reasons=_reasons(groups, labels),
        hint=_hint(claim, state),
        evidence=_evidence(claim, groups, labels),
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


def _grouped(cases: list[Record]) -> list[list[Record]]:
    """Put cases together that differ by their reading alone: same source and part, same outcome, same numbers."""
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for case in cases:
        told = repr((case["measured"], case["stated"], case["reason"])) if case["verdict"] != "unchecked" else ""
        key = (case.get("part", ""), case["source"], case.get("run"), case["verdict"], case["declared"], told)
        groups.setdefault(key, []).append(case)
    return list(groups.values())


def _labels(groups: list[list[Record]], runs: dict[str, str]) -> list[str]:
    """Name every group by what tells it from the others: its part, its source, its reading, its run."""
    first = [group[0] for group in groups]
    ids = [case["id"] for case in first]
    several = {name: len({str(case.get(name, "")) for case in first}) > 1 for name in ("part", "source")}
    readings = {case["reading"] for group in groups for case in group}
    labels = []
    for group, case in zip(groups, first, strict=True):
        words = [shown(case[name], 90) for name in ("part", "source") if several[name] and case.get(name)]
        if len(readings) > 1 and case["verdict"] != "unchecked":
            words.append(_reading(group))
        if ids.count(case["id"]) > 1:
            words.append(runs.get(str(case.get("run")), "another run"))
        labels.append(", ".join(words) or (shown(case["id"], 90) if len(groups) > 1 else ""))
    return labels


def _reading(group: list[Record]) -> str:
    if len({case["reading"] for case in group}) > 1:
        return "in either reading"
    if group[0]["reading"] == "literal":
        return "literally"
    return f"weaker ({shown(group[0]['reason'])})" if _stands_beside(group[0]) else "in a weaker reading"


def _stands_beside(case: Record) -> bool:
    """Tell whether a reason is short and belongs on the case's own line: what is missing, or what is weaker."""
    beside = case["verdict"] == "unchecked" or (case["reading"] == "loose" and case["verdict"] == "holds")
    return beside and 0 < len(case["reason"]) <= SHORT_REASON


def _lines(groups: list[list[Record]], labels: list[str]) -> list[Line]:
    first = [group[0] for group in groups]
    if len(groups) > MOST_PARTS and all(case.get("part") for case in first):
        verdicts = [case["verdict"] for case in first]
        text = f"{verdicts.count('holds')} of {len(first)} parts hold"
        rest = [_line(*pair) for pair in zip(first, labels, strict=True) if pair[0]["verdict"] != "holds"]
        return [Line("", "", "", "", [], "", text, strips.parts(verdicts)), *rest]
    return [_line(case, label) for case, label in zip(first, labels, strict=True)]


def _line(case: Record, label: str) -> Line:
    verdict, measured = case["verdict"], case["measured"]
    word = "awaits a GPU" if verdict == "unchecked" and case["tier"] == "gpu" else OUTCOMES[verdict]
    if surprising(case):
        word = f"{word}, declared: {_said(case['declared'])}"
    if not measured:
        return Line(label, verdict, word, "", [], "", _beside(case), "")
    printed = numbers.printed(case["stated"])
    values = [numbers.number(one["value"]) for one in measured]
    means, strip = _compared(verdict, measured, values, printed)
    told, unit = _numbers(measured, printed)
    return Line(label, verdict, word, means, told, unit, "", strip)


def _beside(case: Record) -> str:
    if case["verdict"] == "unchecked":
        return shown(case["reason"]) if _stands_beside(case) else "not checked here"
    return "no number" if case["verdict"] == "broken" else ""


def _compared(
    verdict: str, measured: list[Record], values: list[Fraction | None], printed: numbers.Printed | None
) -> tuple[str, str]:
    """Say what the printed number stands for in this comparison, and draw the values against it.

    It stands for its interval where the claim is that they are equal, and for one side of the number
    where every value of a claim that holds lies on that side.
    """
    known = [value for value in values if value is not None]
    if printed is None and (out_of := _out_of(measured[0])):
        return "", strips.tally(*out_of)
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


def _out_of(one: Record) -> tuple[int, int] | None:
    match = _OUT_OF.fullmatch(one["unit"])
    return (one["value"], int(match[1])) if match and type(one["value"]) is int else None


def _numbers(
    measured: list[Record], printed: numbers.Printed | None
) -> tuple[list[tuple[str, str, str]], str]:
    """Return what was measured as (name, number, unit and interval), and the unit where it is the same for all."""
    few = measured[:MOST_NUMBERS]
    units = [one["unit"] for one in few]
    written: dict[int, str] = {}
    for unit in dict.fromkeys(units):
        places = [place for place, one in enumerate(few) if one["unit"] == unit]
        texts = numbers.together([few[place]["value"] for place in places], unit, printed)
        written |= dict(zip(places, texts, strict=True))
    common = len(few) > 1 and len(set(units)) == 1 and all(one["of"] for one in few)
    told = [_number(one, written[place], len(few) > 1, "" if common else one["unit"]) for place, one in enumerate(few)]
    if len(measured) > len(few):
        told.append(("", f"and {len(measured) - len(few):,} more", "in the evidence"))
    return told, numbers.unit_words(units[0]) if common else ""


def _number(one: Record, text: str, named: bool, unit: str) -> tuple[str, str, str]:
    name, words = shown(one["of"], 80), numbers.unit_words(unit)
    ends = (one["low"], one["high"])
    if None not in ends and ends != (one["value"], one["value"]):
        words = f"{words} ({numbers.interval(*ends, one['unit'], text)})".strip()
    if not named or name:
        return name, text, words
    if match := _OUT_OF.fullmatch(unit):  # "2 of 2 steps up" under the name "steps up"
        return shown(match[2], 80), f"{text} of {match[1]}", words.removeprefix(unit).strip()
    return shown(unit, 80), text, words.removeprefix(numbers.unit_words(unit)).strip()


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


def _reasons(groups: list[list[Record]], labels: list[str]) -> list[tuple[str, str]]:
    """Return every reason once, with the cases it is about unless it is about all that were checked."""
    first = [group[0] for group in groups]
    beside = {case["reason"] for case in first if _stands_beside(case) and len(groups) > 1}
    told: dict[str, list[str]] = {}
    for case, label in zip(first, labels, strict=True):
        if case["reason"] and case["reason"] not in beside and not _stands_beside(case):
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


def _evidence(claim: Record, groups: list[list[Record]], labels: list[str]) -> list[Evidence]:
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
        interval = "" if one["low"] is None else f", from {numbers.written(one['low'])} to {numbers.written(one['high'])}"
        entries.append((shown(one["of"], 80) or "Measured", f"{numbers.written(one['value'])} {unit}{interval}", "number"))
        entries += [(f"by {shown(name, 120)}", numbers.written(value), "number") for name, value in sorted(one["routes"].items())]
    if case["verdict"] == "broken":
        entries.append(("What broke", shown(case["reason"]), "trace"))
    if case["source"]:
        entries.append(("Source", shown(case["source"], 300), ""))
    return entries
