"""One ledger from those of several runs; any order and any grouping of the merges gives the same ledger.

Every claim, case, document and section of a merged ledger says in `run` which run it is from, and `runs` lists the
runs. Of equals the newest run's stands, by `started`, then by the run's id, which is a hash of its ledger. So a merge
takes maxima of total orders, and maxima can be taken in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from math import fsum
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET

from reports import schema
from reports.schema import REACHED, Accounting, Case, Claim, Document, Ledger, LedgerError, Marked, Run, Section

Entry = TypeVar("Entry", bound=Marked)
Age = Callable[[Marked], tuple[str, str]]


def merge(ledgers: Iterable[Ledger]) -> Ledger:
    """Return the merged ledger. Raises LedgerError when a merged ledger does not say what is from which run."""
    parts = [_traced(ledger) for ledger in ledgers]
    by_id = {_id(run): run for part in parts for run in _runs(part)}
    runs = sorted(by_id.values(), key=lambda run: (run.started, _id(run)))
    ages = {_id(run): (run.started, _id(run)) for run in runs}

    def age(entry: Marked) -> tuple[str, str]:
        return ages[cast("str", entry.run)]

    documents = _merge_documents([document for part in parts for document in part.documents], age)
    claims = [
        _merge_claim(same, age)
        for same in _grouped((claim for part in parts for claim in part.claims), lambda claim: claim.id)
    ]
    claims.sort(key=_place(documents))
    merged = Ledger(
        run=Run(started="", seconds=0, arguments=[], state="merged", exit_code=0, environment={}),
        accounting=_account(runs, claims),
        documents=documents,
        claims=claims,
        runs=runs,
        extra=_extras([part.extra for part in parts]),
    )
    merged.run = _summary(runs, merged.exit_code())
    return merged


def outdated(ledgers: Iterable[Ledger], merged: Ledger) -> list[str]:
    """Return the claims of which a verdict was left out of a merge, since the claim has been worded anew since."""
    current = {(claim.id, case.id): case.digest for claim in merged.claims for case in claim.cases}
    return sorted(
        {
            claim.id
            for ledger in ledgers
            for claim in ledger.claims
            for case in claim.cases
            if case.verdict in REACHED and case.digest != current[claim.id, case.id]
        }
    )


def _merge_claim(same: list[Claim], age: Age) -> Claim:
    by_case = _grouped((case for claim in same for case in claim.cases), lambda case: case.id)
    cases = [case for again in by_case for case in _standing(again, age)]
    cases.sort(key=lambda case: (case.position, case.id, age(case)))
    merged = _newest(same, age)
    merged.cases = cases
    merged.conclude()
    return merged


def _standing(cases: list[Case], age: Age) -> list[Case]:
    """Return what stands of several runs' results for one case: every outcome that was reached, or the best other.

    A result that was found for another declaration than the newest says nothing of the case, and one of a stand-in
    gives way to any of the claim's own model and to a newer one.
    """
    newest = max(cases, key=lambda case: (age(case), schema.dump(case)))
    current = [case for case in cases if case.digest == newest.digest]
    best = max(map(_rank, current))
    standing = [case for case in current if _rank(case) == best]
    outcomes = (
        _grouped(standing, lambda case: (case.verdict, schema.fixed(case.measured)))
        if standing[0].verdict in REACHED and not standing[0].on_stand_in
        else [standing]
    )
    return [msgspec.structs.replace(_newest(again, age), declared=newest.declared) for again in outcomes]


def _rank(case: Case) -> int:
    if case.on_stand_in and case.verdict in (*REACHED, "undecided"):
        return 2
    ranks = dict.fromkeys(REACHED, 5) | {"broken": 4, "undecided": 3, "uncheckable": 3}
    return ranks.get(case.verdict, 1 if case.measured else 0)


def _merge_documents(documents: list[Document], age: Age) -> list[Document]:
    merged = []
    for same in _grouped(documents, lambda document: document.id):
        sections = []
        for again in _grouped((one for document in same for one in document.sections), lambda one: one.id):
            section = _newest(again, age)
            section.charts = _merge_charts(again, age)
            sections.append(section)
        document = _newest(same, age)
        document.sections = sorted(sections, key=_in_order)
        merged.append(document)
    return sorted(merged, key=_in_order)


def _merge_charts(sections: list[Section], age: Age) -> list[dict[str, Any]]:
    """Return every picture once, the newest run's of those with one kind and name, in the order of their names."""
    drawn: dict[tuple[str, str], dict[str, Any]] = {}
    for section in sections:
        for chart in section.charts:
            told = {"run": " ".join(age(section)), **chart}
            name = str(told.get("kind")), str(told.get("name"))
            drawn[name] = max(drawn.get(name, told), told, key=lambda one: (str(one["run"]), schema.digest(one)))
    return [drawn[name] for name in sorted(drawn)]


def _in_order(entry: Any) -> tuple[int, str]:
    return entry.position, entry.id


def _place(documents: list[Document]) -> Callable[[Claim], tuple[Any, ...]]:
    sections = [(document.id, section.id) for document in documents for section in document.sections]
    places = {section: place for place, section in enumerate(sections)}

    def place(claim: Claim) -> tuple[Any, ...]:
        at = (claim.document, claim.section)
        return places.get(at, len(places)), at, claim.position, claim.id

    return place


Grouped = TypeVar("Grouped")


def _grouped(entries: Iterable[Grouped], key: Callable[[Grouped], Hashable]) -> list[list[Grouped]]:
    groups: dict[Hashable, list[Grouped]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return list(groups.values())


def _newest(same: list[Entry], age: Age) -> Entry:
    """Return a copy of the newest of several records, with the keys that the schema does not know from all of them."""
    newest = same[0] if len(same) == 1 else max(same, key=lambda entry: (age(entry), schema.dump(entry)))
    return msgspec.structs.replace(newest, extra=_extras([entry.extra for entry in same]))


def _extras(extras: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the keys that the schema does not know: every one is kept, the greatest value where they differ."""
    kept: dict[str, Any] = {}
    for extra in extras:
        for key, value in extra.items():
            if key not in kept or schema.digest(value) > schema.digest(kept[key]):
                kept[key] = value
    return kept


def _account(runs: list[Run], claims: list[Claim]) -> Accounting:
    verdicts = {" ".join(filter(None, (claim.id, case.id))): case.verdict for claim in claims for case in claim.cases}
    lost = {name for run in runs for name in cast("Accounting", run.accounting).unaccounted}
    unaccounted = sorted(name for name in lost if verdicts.get(name, "unchecked") == "unchecked")
    reported = sum(verdict != "unchecked" for verdict in verdicts.values())
    return Accounting(
        collected=reported + len(unaccounted),
        reported=reported,
        deselected=len(verdicts) - reported - sum(name in verdicts for name in unaccounted),
        unaccounted=unaccounted,
    )


def _summary(runs: list[Run], exit_code: int) -> Run:
    environments: dict[str, set[str]] = {}
    for run in runs:
        for name, value in run.environment.items():
            environments.setdefault(name, set()).add(value)
    return Run(
        started=min((run.started for run in runs), default=""),
        seconds=fsum(run.seconds for run in runs),
        arguments=[],
        state="merged",
        exit_code=exit_code,
        environment={name: " · ".join(sorted(values)) for name, values in environments.items()},
    )


def _traced(ledger: Ledger) -> Ledger:
    """Return a copy of a ledger whose entries say which run they are from, and where they stood there.

    Raises LedgerError for a merged ledger that names runs it does not list.
    """
    merged = ledger.run.state == "merged" and ledger.runs is not UNSET
    copy: Ledger = msgspec.convert(schema.gathered(Ledger, schema.plain(ledger)), Ledger)
    if merged:
        _check(copy)
        return copy
    name = schema.digest(schema.dump(ledger))
    copy.runs = [msgspec.structs.replace(copy.run, id=name, accounting=copy.accounting)]
    places: dict[tuple[str, str], int] = {}
    for claim in copy.claims:
        section = claim.document, claim.section
        places[section] = places.get(section, -1) + 1
        claim.run, claim.position = name, places[section]
        _mark(claim.cases, name)
    _mark(copy.documents, name)
    for document in copy.documents:
        _mark(document.sections, name)
    return copy


def _mark(entries: Iterable[Marked], name: str) -> None:
    for place, entry in enumerate(entries):
        entry.run, entry.position = name, place


def _check(ledger: Ledger) -> None:
    sections = [section for document in ledger.documents for section in document.sections]
    cases = [case for claim in ledger.claims for case in claim.cases]
    listed = {run.id for run in _runs(ledger)}
    if UNSET in listed or any(run.accounting is UNSET for run in _runs(ledger)):
        raise LedgerError("a merged ledger lists a run without its id or its accounting")
    for entry in (*ledger.claims, *cases, *ledger.documents, *sections):
        if entry.run is UNSET or entry.position is UNSET:
            raise LedgerError("a merged ledger does not say what is from which run")
        if entry.run not in listed:
            raise LedgerError(f"a merged ledger names the run {str(entry.run)[:40]!r}, which it does not list")


def _runs(ledger: Ledger) -> list[Run]:
    return [] if ledger.runs is UNSET else ledger.runs


def _id(run: Run) -> str:
    return cast("str", run.id)
