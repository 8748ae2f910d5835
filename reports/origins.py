"""Which run everything in a ledger is from: marked when a run's ledger is merged for the first time."""

from __future__ import annotations

import json
from collections.abc import Callable
from hashlib import sha256
from typing import Any, TypedDict

from reports import shape
from reports.ledger import Accounting, Ledger, LedgerError, Run, dump

Record = dict[str, Any]
Age = Callable[[Record], tuple[str, str]]


class MergedRun(Run):
    """A run among several: all that its ledger said of it, and an id, which is a hash of that ledger."""

    id: str
    accounting: Accounting


class Mark(TypedDict):
    """Which run an entry of a merged ledger is from, and where it stood there."""

    run: str
    position: int


def traced(ledger: Ledger) -> Record:
    """Return a ledger whose entries say which run they are from; one that already does is returned as it is.

    Raises LedgerError for a merged ledger that names runs it does not list.
    """
    if ledger["run"]["state"] == "merged" and "runs" in ledger:
        _check(dict(ledger))
        return dict(ledger)
    name = sha256(dump(ledger).encode()).hexdigest()[:16]
    places: dict[tuple[str, str], int] = {}
    claims = []
    for claim in ledger["claims"]:
        section = claim["document"], claim["section"]
        places[section] = places.get(section, -1) + 1
        claims.append(_marked(claim, name, places[section]) | {"cases": _each(claim["cases"], name)})
    return {
        **ledger,
        "runs": [{**ledger["run"], "id": name, "accounting": ledger["accounting"]}],
        "claims": claims,
        "documents": [
            document | {"sections": [_section(section, name) for section in document["sections"]]}
            for document in _each(ledger["documents"], name)
        ],
    }


def runs_of(ledger: Any) -> list[Record]:
    """Return the runs that a merged ledger lists; none when it lists none, or something else in their place."""
    try:
        shape.checker(list[MergedRun])(ledger.get("runs", []), "runs")
    except shape.ShapeError:
        return []
    runs: list[Record] = ledger.get("runs", [])
    return runs


def ages(runs: list[Record]) -> Age:
    """Return the order of entries by their runs: by when the run started, then by its id."""
    started = {run["id"]: (run["started"], run["id"]) for run in runs}
    return lambda entry: started[entry["run"]]


def canonical(value: Any) -> str:
    """Return a value as text that is the same for equal values."""
    return json.dumps(value, sort_keys=True)


def _section(section: Any, name: str) -> Record:
    charts = {"charts": _each(section["charts"], name)} if "charts" in section else {}
    return {**section, **charts}


def _each(entries: Any, name: str) -> list[Record]:
    return [_marked(entry, name, place) for place, entry in enumerate(entries)]


def _marked(entry: Any, name: str, position: int) -> Record:
    marked = {**entry, "run": name, "position": position}
    if "sections" in marked:
        marked["sections"] = _each(marked["sections"], name)
    return marked


def _check(ledger: Record) -> None:
    check_runs, check_mark = shape.checker(list[MergedRun]), shape.checker(Mark)
    try:
        check_runs(ledger["runs"], "runs")
        listed = {run["id"] for run in ledger["runs"]}
        for entry in _entries(ledger):
            check_mark(entry, "an entry of a merged ledger")
            if entry["run"] not in listed:
                raise LedgerError(f"a merged ledger names the run {entry['run'][:40]!r}, which it does not list")
    except shape.ShapeError as error:
        raise LedgerError(f"a merged ledger does not say what is from which run: {error}") from None


def _entries(ledger: Record) -> list[Record]:
    documents = ledger["documents"]
    sections = [section for document in documents for section in document["sections"]]
    charts = [chart for section in sections for chart in section.get("charts", [])]
    return [
        *ledger["claims"],
        *(case for claim in ledger["claims"] for case in claim["cases"]),
        *documents,
        *sections,
        *charts,
    ]
