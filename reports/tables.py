"""The printed tables of a section: claims that share a table stand in it as its cells, each with its own verdict."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from textwrap import shorten
from typing import TYPE_CHECKING

from claim_suite.reports import numbers
from claim_suite.reports.schema import STATES, Claim, grouped
from claim_suite.reports.text import shown

if TYPE_CHECKING:
    from claim_suite.reports.view import Row

MOST_OPEN = 4  # from more tables on in a section they are closed, and those that do not hold come first
LONGEST_WHY = 70


@dataclass(slots=True)
class Cell:
    """A claim in a table: its place, and what was measured in the unit and scale of what is printed there.

    `why` says under which reading it holds, or why there is no number.
    """

    row: str
    column: str
    measured: list[str]
    unit: str
    why: str


@dataclass(slots=True)
class Table:
    """A table as it is drawn: `head` has the columns, each with its numbers' unit, `rows` the claims by column.

    `alike` are the columns of one unit, which their head has.
    """

    name: str
    anchor: str
    head: list[tuple[str, str]]
    rows: list[tuple[str, list[list[Row]]]]
    claims: list[Row]
    states: dict[str, int]
    closed: bool
    alike: set[str]


def cell(claim: Claim, state: str) -> Cell:
    """Return the cell of a claim that stands in a table."""
    texts: list[str] = []
    for case in claim.cases:
        for one in case.measured[:1]:
            printed = numbers.printed(case.stated)
            texts += numbers.together([one.value], one.unit, share=one.share, against=printed, scaled=True)
    units = [numbers.unit_words(case.measured[0].unit) for case in claim.cases if case.measured]
    why = claim.reason if state == "loosely" else "" if texts else STATES[state].one
    why = "; ".join(filter(None, (f"version {claim.version}" if claim.version else "", why)))
    return Cell(
        row=shown(claim.row, 120) or shown(claim.id.removeprefix(f"{claim.document}/"), 120),
        column=shown(claim.column, 120),
        measured=list(dict.fromkeys(texts)),
        unit=", ".join(dict.fromkeys(units)),
        why=shown(shorten(why, LONGEST_WHY, placeholder=" …")),
    )


def blocks(rows: list[Row], anchor: str) -> list[list[Row] | Table]:
    """Put the claims of a section in order: a list of those that stand alone, a table where its first cell stands.

    Where there are many tables, those of which something does not hold come first.
    """
    begun: dict[str, None] = {}

    def block(one: Row) -> str | int:
        if one.claim.table:
            begun[one.claim.table] = None
        return one.claim.table or len(begun)  # what stands alone does so behind so many tables

    found = grouped(rows, block)
    many = len(begun) > MOST_OPEN
    tables = {
        name: _table(shown(name, 200), f"{anchor}:table:{place}", found[name], many)
        for place, name in enumerate(begun, 1)
    }
    if many:
        alone = [same for name, same in found.items() if name not in tables]
        return [*alone, *sorted(tables.values(), key=lambda table: min(STATES[state].rank for state in table.states))]
    return [tables[name] if isinstance(name, str) else same for name, same in found.items()]


def _table(name: str, anchor: str, claims: list[Row], closed: bool) -> Table:
    cells = [(one.cell, one) for one in claims if one.cell]
    units = {
        column: {each.unit for each, _ in same} for column, same in grouped(cells, lambda pair: pair[0].column).items()
    }
    head = []
    for column, used in units.items():
        unit = next(iter(used)) if len(used) == 1 else ""
        head.append((column, "" if unit == column else unit))
    lines = grouped(cells, lambda pair: pair[0].row)
    rows = [
        (row, [[one for each, one in same if each.column == column] for column in units]) for row, same in lines.items()
    ]
    states = Counter(one.state for one in claims)
    alike = {column for column, used in units.items() if len(used) == 1}
    found = {state: states[state] for state in STATES if states[state]}
    return Table(name, anchor, head, rows, claims, found, closed, alike)
