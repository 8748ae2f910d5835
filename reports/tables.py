"""The printed tables of a section: claims that share a table stand in it as its cells, each with its own verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from reports import numbers
from reports.schema import STATES, Claim
from reports.text import shown

if TYPE_CHECKING:
    from reports.view import Row

MOST_OPEN = 4  # from more tables on in a section they are closed, and those that do not hold come first
LONGEST_WHY = 70


@dataclass(slots=True)
class Cell:
    """Where a claim stands in a table, and what was measured in the unit and scale of what is printed there.

    `why` says under which reading it holds, or why there is no number.
    """

    table: str
    row: str
    column: str
    measured: list[str]
    unit: str
    why: str


@dataclass(slots=True)
class Table:
    """A table as it is drawn: `head` has the columns, each with its numbers' unit, `rows` the claims by column."""

    name: str
    anchor: str
    head: list[tuple[str, str]]
    rows: list[tuple[str, list[list[Row]]]]
    claims: list[Row]
    states: dict[str, int]
    closed: bool = False


def cell(claim: Claim, state: str) -> Cell | None:
    """Return the cell of a claim, or None for one that stands in no table."""
    if not claim.table:
        return None
    texts: dict[str, None] = {}
    units: dict[str, None] = {}
    for case in claim.cases:
        for one in case.measured[:1]:
            printed = numbers.printed(case.stated)
            told = numbers.together([one.value], one.unit, share=one.share, against=printed, scaled=True)
            texts.update(dict.fromkeys(told))
            units[numbers.unit_words(one.unit)] = None
    why = claim.reason if state == "loosely" else "" if texts else STATES[state].one
    why = "; ".join(filter(None, (f"version {claim.version}" if claim.version else "", why)))
    row = shown(claim.row, 120) or shown(claim.id.removeprefix(f"{claim.document}/"), 120)
    place = (shown(claim.table, 200), row, shown(claim.column, 120))
    return Cell(*place, list(texts), ", ".join(units), shown(shorten(why, LONGEST_WHY, placeholder=" …")))


def blocks(rows: list[Row], anchor: str) -> list[list[Row] | Table]:
    """Put the claims of a section in order: a list of those that stand alone, a table where its first cell stands.

    Where there are many tables, those of which something does not hold come first.
    """
    found: list[list[Row] | Table] = []
    cells: dict[str, list[Row]] = {}
    for one in rows:
        if one.cell is None:
            if not found or not isinstance(found[-1], list):
                found.append([])
            found[-1].append(one)  # type: ignore[union-attr]  # it is the list above
        elif one.cell.table in cells:
            cells[one.cell.table].append(one)
        else:
            cells[one.cell.table] = [one]
            found.append(Table(one.cell.table, f"{anchor}:table:{len(cells)}", [], [], cells[one.cell.table], {}))
    tables = [each for each in found if isinstance(each, Table)]
    for each in tables:
        _fill(each)
        each.closed = len(tables) > MOST_OPEN
    if len(tables) > MOST_OPEN:
        alone: list[list[Row] | Table] = [each for each in found if isinstance(each, list)]
        return [*alone, *sorted(tables, key=_gravest)]
    return found


def _fill(table: Table) -> None:
    units: dict[str, Counter[str]] = {}
    places: dict[str, dict[str, list[Row]]] = {}
    for one in table.claims:
        assert one.cell is not None
        units.setdefault(one.cell.column, Counter())[one.cell.unit] += 1
        places.setdefault(one.cell.row, {}).setdefault(one.cell.column, []).append(one)
    common = {column: next(iter(used)) if len(used) == 1 else "" for column, used in units.items()}
    for one in table.claims:
        if one.cell and common[one.cell.column]:
            one.cell.unit = ""
    table.head = [(column, "" if unit == column else unit) for column, unit in common.items()]
    table.rows = [(name, [by.get(column, []) for column in common]) for name, by in places.items()]
    states = Counter(one.state for one in table.claims)
    table.states = {state: states[state] for state in STATES if states[state]}


def _gravest(table: Table) -> int:
    return min(STATES[state].rank for state in table.states)
