"""What the site's search and its comparison of documents read of all claims."""

from __future__ import annotations

from typing import Any, NamedTuple

from claim_suite.reports import numbers
from claim_suite.reports.schema import Claim, Ledger, clean
from claim_suite.reports.sentence import distance, off_by
from claim_suite.reports.text import shown
from claim_suite.reports.view import Row


def far(claim: Claim) -> float:
    """How far the claim's number is off: a fourth of it is as far as four times; below zero where nothing tells it."""
    parts = [1 + float(far) for case in claim.cases if (far := distance(case)) is not None]
    return max((max(part, 1 / part) - 1 if part > 0 else abs(part) + 1 for part in parts), default=-1.0)


def off(claim: Claim) -> str:
    """Say by how much the first case that is off is so."""
    return next(filter(None, map(off_by, claim.cases)), "")


def search(rows: list[Row], ledger: Ledger) -> dict[str, Any]:
    """Return what the search reads: lists of names, and a line a claim that names them by their place."""
    titles = {one.id: shown(one.title, 200) for one in ledger.documents}
    documents = list(dict.fromkeys(one.claim.document for one in rows))
    models = sorted({one.claim.model for one in rows if one.claim.model})
    units = sorted({_unit(one.claim) for one in rows} - {""})
    at = {name: place for place, name in enumerate(models)} | {"": -1}
    unit_at = {name: place for place, name in enumerate(units)} | {"": -1}
    document_at = {name: place for place, name in enumerate(documents)}
    files = {one.claim.document: one.permalink.removeprefix("../").partition("#")[0] for one in rows}
    return {
        "documents": [[clean(name), titles.get(name, shown(name, 200)), files[name]] for name in documents],
        "models": [shown(one, 120) for one in models],
        "units": [shown(one, 80) for one in units],
        "claims": [
            [
                document_at[one.claim.document], one.address, one.says, one.state, at[one.claim.model],
                unit_at[_unit(one.claim)], one.printed, "; ".join(one.failing), off(one.claim),
                round(far(one.claim), 6), _where(one.claim),
            ]
            for one in rows
        ],
    }  # fmt: skip


def _where(claim: Claim) -> str:
    return shown(" · ".join(filter(None, (claim.table, claim.row, claim.column))), 200)


def _unit(claim: Claim) -> str:
    return next((one.unit for case in claim.cases for one in case.measured), "")


class Quantity(NamedTuple):
    """One measured number of one model, and the claims of several documents that print it."""

    model: str
    value: str
    unit: str
    claims: list[tuple[str, Row, str]]  # the document's title, the claim, how far it is off


def compared(rows: list[Row], ledger: Ledger) -> list[Quantity]:
    """Return the quantities that at least two documents speak of, by model."""
    titles = {one.id: shown(one.title, 200) for one in ledger.documents}
    found: dict[tuple[str, str, str], dict[int, Row]] = {}
    for row in rows:
        for case in row.claim.cases if row.claim.model else []:
            compared = {one.value for one in case.compared if case.stated}
            for one in (one for one in case.measured if one.value in compared):
                found.setdefault((row.claim.model, str(one.value), one.unit), {})[id(row)] = row
    return [
        Quantity(
            shown(model, 120), numbers.written(value), shown(numbers.unit_words(unit), 80),
            [(titles.get(row.claim.document, row.claim.document), row, off(row.claim)) for row in same.values()],
        )
        for (model, value, unit), same in sorted(found.items())
        if len({row.claim.document for row in same.values()}) > 1
    ]  # fmt: skip
