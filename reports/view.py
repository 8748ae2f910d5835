"""What a page, a terminal and a job summary all show of a claim: its cases as lines, the reasons, what it stands on."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import groupby, takewhile
from operator import attrgetter
from typing import Any, NamedTuple

from msgspec import json

from claim_suite.reports import numbers, strips
from claim_suite.reports.details import Details, Group, details
from claim_suite.reports.schema import STATES, Case, Claim, Measurement, grouped
from claim_suite.reports.tables import cell
from claim_suite.reports.text import counted, joined, sentence, shown

MOST_NUMBERS = 6
MOST_PARTS = 4  # more than this many parts are summed up, and only those that fail stay lines
STAND_IN = "stand-in"
SHORT_REASON = 90  # characters that still stand beside a verdict
LONG_NAME, LONG_UNIT = 22, 24
HINTS = {"uncheckable": "why", "unchecked": "how it would be checked", "broken": "the failure"}
_OUT_OF = re.compile(r"of (\d{1,6}) (.+)", re.ASCII)


class Reading(NamedTuple):
    """A measured value as text: what was measured, the number, its unit, its interval. A lone unit has no number."""

    name: str
    number: str
    unit: str
    interval: str = ""

    @property
    def beside(self) -> str:
        """What stands behind the number."""
        return f"{self.unit} {self.interval}".strip() if self.interval else self.unit

    def __str__(self) -> str:
        return " ".join(filter(None, (f"{self.name}:" if self.name else "", self.number, self.unit, self.interval)))


@dataclass(slots=True)
class Line:
    """A case: its label among several, its outcome, what the printed number means, what was measured, a picture."""

    label: str = ""
    outcome: str = ""
    word: str = ""
    means: str = ""
    readings: list[Reading] = field(default_factory=list)
    text: str = ""
    strip: str = ""

    @property
    def wide(self) -> bool:
        """Whether the readings' names need more than the column of the numbers."""
        return any(len(one.name) > LONG_NAME for one in self.readings)


class Row:
    """A claim as it is shown.

    `runs` names the runs of a merged ledger by their id, `address` is the claim's place on the page, `link` where its
    document is. On a site `permalink` is the claim's place, `follow` has further links as text and address, and `drawn`
    is the row as it stands on several pages.
    """

    def __init__(self, claim: Claim, runs: dict[str, str], address: str = "", link: str = "") -> None:
        self.claim, self.address, self.link, self.state = claim, address, link, claim.state
        self.groups = groups = _groups(claim.cases, runs)
        self.short = shown(claim.id.removeprefix(f"{claim.document}/"), 120)
        self.says, self.note = shown(claim.says), shown(claim.note)
        self.remarked = bool(claim.version or claim.corrects or claim.reply or claim.reply_link or claim.words)
        waiting = self.state == "unchecked" and awaits_gpu(claim)
        self.word = "Awaits a GPU" if waiting else STATES[self.state].word
        self.printed = shown(claim.stated or "", 60)
        self.stand_in = claim.on_stand_in
        self.lines = _lines(groups)
        self.tags = _tags(claim, self.state) + [(STAND_IN, "si")] * self.stand_in
        self.reasons = _reasons(groups)
        self.cell = cell(claim, self.state) if claim.table else None
        self.permalink = ""
        self.follow: list[tuple[str, str]] = []
        self.drawn = ""

    @property
    def hint(self) -> str:
        """What the closed details hold: how many routes lead to the numbers, or why there are none."""
        routes = [1 + len(one.routes) for case in self.claim.cases for one in case.measured]
        if not routes or self.state == "broken":
            return HINTS.get(self.state, "evidence")
        if max(routes) == 1:
            return "one route"
        if (fewest := min(routes)) > 1:
            return f"{['two', 'three', 'four', 'five'][min(fewest - 2, 3)]} routes agree"
        return f"two routes agree on {sum(one > 1 for one in routes)} of {counted(len(routes), 'number', 'numbers')}"

    @property
    def failing(self) -> list[str]:
        """The first few numbers of the first case that does not hold."""
        lines = [one for one in self.lines if one.outcome == "refuted"] or self.lines
        return [str(each._replace(interval="")) for one in lines[:1] for each in one.readings if each.number][:3]

    @property
    def details(self) -> list[Details]:
        """What the details hold. They are the longest part of a claim and are made where they are drawn."""
        return details(self.claim, self.groups, self.link)


def awaits_gpu(claim: Claim) -> bool:
    """Tell whether all that was not checked of a claim belongs to the gpu tier and was not measured."""
    unchecked = [case for case in claim.cases if case.verdict == "unchecked"]
    return bool(unchecked) and all(case.tier == "gpu" and not case.measured for case in unchecked)


def _readings(case: Case, printed: numbers.Printed | None) -> list[Reading]:
    """Return what a case measured, the first few where there are many.

    Neighbours share their unit: it stands behind the first of them, or on a line of its own where it is long.
    """
    few, told = case.measured[:MOST_NUMBERS], []
    texts = _texts(few, printed)
    for unit, neighbours in groupby(few, key=attrgetter("unit")):
        same = list(neighbours)
        below = len(same) > 1 and len(unit) > LONG_UNIT and all(one.of for one in same)
        for place, one in enumerate(same):
            beside = unit if (place == 0 and not below) or not one.of else ""
            told.append(_reading(one, next(texts), beside, alone=len(few) == 1))
        told += [Reading("", "", numbers.unit_words(unit))] * below
    if len(case.measured) > len(few):
        told.append(Reading("", f"and {len(case.measured) - len(few):,} more", "in the evidence"))
    return told


def _texts(measured: list[Measurement], printed: numbers.Printed | None) -> Iterator[str]:
    """Write every measured value; those of one unit are written alike."""
    first, values = measured[0], [one.value for one in measured]
    if all(one.unit == first.unit and one.share == first.share for one in measured):
        return iter(numbers.together(values, first.unit, share=first.share, against=printed))
    texts = {
        (unit, share): iter(numbers.together([one.value for one in same], unit, share=share, against=printed))
        for (unit, share), same in grouped(measured, attrgetter("unit", "share")).items()
    }
    return (next(texts[one.unit, one.share]) for one in measured)


def _reading(one: Measurement, text: str, unit: str, *, alone: bool) -> Reading:
    name, words, between = shown(one.of, 80), numbers.unit_words(unit), ""
    if one.low is not None and one.high is not None and (one.low, one.high) != (one.value, one.value):
        between = f"({numbers.interval(one, text)})"
    if not alone and not name:
        if match := _OUT_OF.fullmatch(unit):  # "2 of 2 steps up" under the name "steps up"
            return Reading(shown(match[2], 80), f"{text} of {match[1]}", "", between)
        return Reading(shown(unit, 80), text, "", between)
    return Reading(name, text, words, between)


def _against(case: Case, printed: numbers.Printed | None) -> tuple[str, str]:
    """Say what the printed number means as it was compared, and draw what was measured."""
    measured = case.measured
    if printed is None and (match := _OUT_OF.fullmatch(measured[0].unit)) and type(good := measured[0].value) is int:
        total = int(match[1])
        return "", strips.squares([place < good for place in range(min(total, 99))]) if 0 <= good <= total else ""
    if printed and case.compared:
        deciding = next((one for one in case.compared if one.holds is not True), case.compared[0])
        values = [numbers.number(one.value) for one in case.compared if one.operator == deciding.operator]
        spreads = {one[0]: one for one in map(_spread, measured)}
        if deciding.operator != "==" and not spreads.keys() & values:
            return "", ""  # what lies on that side was worked out from what is shown, and that may lie on the other
        drawn = [spreads.get(value, (value, value, value)) for value in values if value is not None]
        return printed.means(deciding.operator), strips.against(case.verdict, deciding.operator, drawn, printed)
    named = list(takewhile(lambda one: one.unit == measured[0].unit and one.of, measured))
    bars = [one for one in map(_spread, named[: strips.MOST_BARS + 1]) if one[0] is not None]
    return printed.means() if printed else "", strips.bars(case.verdict, bars)


def _spread(one: Measurement) -> tuple[Any, Any, Any]:
    value = numbers.number(one.value)
    low, high = (value, value) if one.low is None or one.high is None else map(numbers.number, (one.low, one.high))
    return value, value if low is None else low, value if high is None else high


def _groups(cases: list[Case], runs: dict[str, str]) -> list[Group]:
    """Put cases together that differ by their reading alone: same source and part, same outcome, same numbers."""
    if len(cases) == 1:
        return [Group("", cases[0], cases)]

    def outcome(case: Case) -> tuple[Any, ...]:
        reason = "" if case.verdict == "unchecked" and not case.measured else case.reason
        numbers = json.encode((case.measured, case.stated, case.compared))
        return case.part, case.source, case.run, case.verdict, case.declared, reason, numbers

    groups = list(grouped(cases, outcome).values())
    return [Group(label, same[0], same) for label, same in zip(_labels(groups, runs), groups, strict=True)]


def _labels(groups: list[list[Case]], runs: dict[str, str]) -> list[str]:
    """Name every group by what tells it from the others: its part, its source, its reading, its run."""
    first = [group[0] for group in groups]
    several = {name: len({getattr(case, name) for case in first}) > 1 for name in ("part", "source")}
    readings = {case.reading for group in groups for case in group}
    ids = Counter(case.id for case in first)
    labels = []
    for group, case in zip(groups, first, strict=True):
        words = [shown(getattr(case, name), 90) for name in several if several[name] and getattr(case, name)]
        if len(readings) > 1 and case.verdict != "unchecked":
            words.append(_reading_words(group))
        if ids[case.id] > 1:
            words.append(runs.get(str(case.run), "another run"))
        label = ", ".join(words) or (shown(case.id, 90) if len(groups) > 1 else "")
        labels.append(f"{label} ({STAND_IN})" if label and case.on_stand_in else label)
    return labels


def _reading_words(group: list[Case]) -> str:
    if len({case.reading for case in group}) > 1:
        return "in either reading"
    if group[0].reading == "literal":
        return "literally"
    return f"weaker ({shown(group[0].reason)})" if _beside(group[0]) else "in a weaker reading"


def _beside(case: Case) -> bool:
    """Tell whether a reason is short and belongs on the case's own line: what is missing, or what is weaker."""
    missing = case.verdict == "unchecked" and not case.measured
    return (missing or (case.reading == "loose" and case.verdict == "holds")) and 0 < len(case.reason) <= SHORT_REASON


def _lines(groups: list[Group]) -> list[Line]:
    """Return a line a group; of many parts of a law, their sum and a line for each that does not hold."""
    if len(groups) <= MOST_PARTS or not all(one.case.part for one in groups):
        return [_line(one.case, one.label) for one in groups]
    good = [one.case.verdict == "holds" for one in groups]
    text = f"{sum(good)} of {len(groups)} parts hold"
    if drawn := sum(one.case.drawn or 0 for one in groups):
        text += f", {counted(drawn, 'drawn case', 'drawn cases')}"
    rest = [_line(one.case, one.label) for one in groups if one.case.verdict != "holds"]
    return [Line(text=text, strip=strips.squares(good)), *rest]


def _line(case: Case, label: str) -> Line:
    waiting = case.verdict == "unchecked" and case.tier == "gpu" and not case.measured
    word = "awaits a GPU" if waiting else STATES[case.verdict].case
    if case.surprising:
        word = f"{word}, declared: {STATES[case.declared].one}"
    line = Line(label, case.verdict, word)
    if case.measured:
        printed = numbers.printed(case.stated)
        line.readings = _readings(case, printed)
        line.means, line.strip = _against(case, printed) if case.verdict != "unchecked" else ("", "")
    elif case.verdict == "unchecked":
        line.text = shown(case.reason) if _beside(case) else "not checked here"
    elif case.drawn:
        line.text = counted(case.drawn, "drawn case", "drawn cases")
    elif case.verdict == "broken":
        line.text = "no number"
    return line


def _tags(claim: Claim, state: str) -> list[tuple[str, str]]:
    if claim.conflicting:
        return [("runs disagree", "cf")]
    if state == "surprise":
        declared = {case.declared for case in claim.cases if case.surprising}
        if claim.declared != claim.verdict:
            declared = {claim.declared}
        words = joined(sorted(STATES[verdict].one for verdict in declared))
        return [(f"declared {words}, measured {STATES[claim.verdict].one}", "")]
    if state == "broken":
        return [("the instrument broke; the claim is neither confirmed nor denied", "")]
    return []


def _reasons(groups: list[Group]) -> list[tuple[str, str]]:
    """Return every reason once, with the cases it is about unless it is about all that were checked."""
    beside = {one.case.reason for one in groups if _beside(one.case)}
    told: dict[str, list[str]] = {}
    for label, case, _ in groups:
        if case.reason and case.reason not in beside:
            elsewhere = "not checked here: " if case.verdict == "unchecked" and case.measured else ""
            told.setdefault(sentence(shown(elsewhere + case.reason)), []).append(label)
    checked = len([case for _, case, _ in groups if case.verdict != "unchecked" or case.measured])
    return [("; ".join(names) if len(names) < min(checked, 4) else "", reason) for reason, names in told.items()]
