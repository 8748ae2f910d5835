"""The cases of a claim as lines of its row: what each is called, what the number means, what was measured."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from reports import ledger, numbers, strips
from reports.measured import compared, readings
from reports.text import shown

if TYPE_CHECKING:
    from reports.ledger import Case

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
LONG_NAME = 22
MOST_PARTS = 4  # more than this many parts are summed up, and only those that fail stay lines

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

    @property
    def wide(self) -> bool:
        """Whether the numbers' names need more than the column of the numbers."""
        return any(len(name) > LONG_NAME for name, _, _ in self.numbers)


def grouped(cases: list[Record]) -> list[list[Record]]:
    """Put cases together that differ by their reading alone: same source and part, same outcome, same numbers."""
    if len(cases) == 1:
        return [cases]
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for case in cases:
        told = repr((case["measured"], case["stated"], case["reason"])) if case["verdict"] != "unchecked" else ""
        key = (case.get("part", ""), case["source"], case.get("run"), case["verdict"], case["declared"], told)
        groups.setdefault(key, []).append(case)
    return list(groups.values())


def named(groups: list[list[Record]], runs: dict[str, str]) -> list[str]:
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
    return f"weaker ({shown(group[0]['reason'])})" if stands_beside(group[0]) else "in a weaker reading"


def stands_beside(case: Record) -> bool:
    """Tell whether a reason is short and belongs on the case's own line: what is missing, or what is weaker."""
    beside = case["verdict"] == "unchecked" or (case["reading"] == "loose" and case["verdict"] == "holds")
    return beside and 0 < len(case["reason"]) <= SHORT_REASON


def lines(groups: list[list[Record]], labels: list[str]) -> list[Line]:
    """Return a line a group; of many parts of a law, their sum and a line for each that does not hold."""
    first = [group[0] for group in groups]
    if len(groups) > MOST_PARTS and all(case.get("part") for case in first):
        verdicts = [case["verdict"] for case in first]
        text = f"{verdicts.count('holds')} of {len(first)} parts hold"
        rest = [_line(*pair) for pair in zip(first, labels, strict=True) if pair[0]["verdict"] != "holds"]
        return [Line("", "", "", "", [], text, strips.parts(verdicts)), *rest]
    return [_line(case, label) for case, label in zip(first, labels, strict=True)]


def _line(case: Record, label: str) -> Line:
    verdict, measured = case["verdict"], case["measured"]
    word = "awaits a GPU" if verdict == "unchecked" and case["tier"] == "gpu" else OUTCOMES[verdict]
    if surprising(case):
        word = f"{word}, declared: {said(case['declared'])}"
    if not measured:
        return Line(label, verdict, word, "", [], _beside(case), "")
    printed = numbers.printed(case["stated"])
    values = [numbers.number(one["value"]) for one in measured]
    means, strip = compared(verdict, measured, values, printed)
    return Line(label, verdict, word, means, readings(measured, printed), "", strip)


def _beside(case: Record) -> str:
    if case["verdict"] == "unchecked":
        return shown(case["reason"]) if stands_beside(case) else "not checked here"
    return "no number" if case["verdict"] == "broken" else ""


def said(verdict: str) -> str:
    """Return a verdict in the words that a sentence needs."""
    return shown(DECLARED.get(verdict, verdict), 40)


def surprising(case: Record) -> bool:
    """Tell whether a case came out otherwise than declared."""
    return ledger.surprising(cast("Case", case))
