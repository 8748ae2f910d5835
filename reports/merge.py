"""One ledger from those of several runs; any order and any grouping of the merges gives the same ledger.

Every claim, case, document and section of a merged ledger says in `run` which run it is from, and `runs` lists the
runs. Of equals the newest run's stands, by the run's id: when it started, then a hash of its ledger. So a merge takes
maxima of total orders, and maxima can be taken in any order.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum
from typing import Any, TypeVar, cast

import msgspec
from msgspec import UNSET

from claim_suite.reports import schema
from claim_suite.reports.schema import (
    REACHED,
    Accounting,
    Case,
    Claim,
    Document,
    Ledger,
    LedgerError,
    Marked,
    Run,
    grouped,
)

Entry = TypeVar("Entry", bound=Marked)

LONGEST_START = 40  # characters of a run's start that its id keeps


def merge(ledgers: Iterable[Ledger]) -> Ledger:
    """Return the merged ledger. Raises LedgerError when a merged ledger does not say what is from which run."""
    parts = [_traced(ledger) for ledger in ledgers]
    by_id = {str(run.id): run for part in parts for run in part.runs or []}
    runs = [by_id[name] for name in sorted(by_id)]
    documents = _merge_documents(document for part in parts for document in part.documents)
    by_claim = grouped((claim for part in parts for claim in _all_claims(part)), lambda claim: claim.id)
    every = [_merge_claim(same) for same in by_claim.values()]
    sections = [(document.id, section.id) for document in documents for section in document.sections]
    places = {section: place for place, section in enumerate(sections)}
    every.sort(
        key=lambda claim: (
            places.get((claim.document, claim.section), len(places)), claim.document, claim.section, *_in_order(claim)
        )
    )  # fmt: skip
    whole_in = {document.id: str(document.whole_in or "") for document in documents}
    has_gone = grouped(every, lambda claim: _last_in(claim) < whole_in.get(claim.document, ""))
    claims, gone = has_gone.get(False, []), has_gone.get(True, [])
    merged = Ledger(
        run=_summary(runs),
        accounting=_account(runs, claims, gone, whole_in),
        documents=documents,
        claims=claims,
        runs=runs,
        withdrawn=gone or UNSET,
        extra=_extras(part.extra for part in parts),
    )
    merged.run.exit_code = merged.exit_code()
    return merged


def _all_claims(ledger: Ledger) -> list[Claim]:
    return [*ledger.claims, *(ledger.withdrawn or [])]


def _last_in(claim: Claim) -> str:
    """Return the newest run that had a claim: one that had all its document's claims, and not this, is newer."""
    return max(map(_declared_in, (*claim.cases, *(claim.withdrawn or []))), default=str(claim.run))


def outdated(merged: Ledger) -> list[str]:
    """Return the claims that were not checked whole, and of which an older wording or a part that is no more was."""
    return [
        claim.id
        for claim in merged.claims
        if any(case.verdict in REACHED for case in claim.withdrawn or [])
        and any(case.verdict == "unchecked" for case in claim.cases)
    ]


def _merge_claim(same: list[Claim]) -> Claim:
    """Merge what several runs say of one claim.

    A result that was found for another declaration of a case than the newest says nothing of it, and so does one of a
    case that a newer run, which had all the claim's, no longer had.
    """
    merged = _newest(same)
    merged.whole_in = max((claim.whole_in for claim in same if claim.whole_in), default=UNSET)
    every = [case for claim in same for case in (*claim.cases, *(claim.withdrawn or []))]
    alike = [_standing(again) for again in grouped(every, lambda case: (case.id, case.digest)).values()]
    in_time = sorted((cases[0] for cases in alike), key=lambda case: (_declared_in(case), case.digest))
    newest = {case.id: case.digest for case in in_time}
    merged.cases = []
    withdrawn: list[Case] = []
    for cases in alike:
        current = newest[cases[0].id] == cases[0].digest and _declared_in(cases[0]) >= (merged.whole_in or "")
        (merged.cases if current else withdrawn).extend(cases)
    for kept in (merged.cases, withdrawn):
        kept.sort(key=lambda case: (*_in_order(case), case.digest, case.run))
    merged.withdrawn = withdrawn or UNSET
    merged.conclude()
    return merged


def _declared_in(case: Case) -> str:
    return str(case.declared_in or case.run)


def _standing(cases: list[Case]) -> list[Case]:
    """Return what stands of several runs' results for one case: every outcome that was reached, or the best other.

    One of a stand-in gives way to any of the claim's own model and to a newer one.
    """
    best = max(map(_rank, cases))
    standing = [case for case in cases if _rank(case) == best]
    outcomes = [standing]
    if standing[0].verdict in REACHED and not standing[0].on_stand_in:
        outcomes = list(grouped(standing, lambda case: (case.verdict, schema.fixed(case.measured))).values())
    declared_in, declared = max((_declared_in(case), case.declared) for case in cases)
    return [msgspec.structs.replace(_newest(again), declared=declared, declared_in=declared_in) for again in outcomes]


def _rank(case: Case) -> int:
    if case.on_stand_in and case.verdict in (*REACHED, "undecided"):
        return 2
    ranks = dict.fromkeys(REACHED, 5) | {"broken": 4, "undecided": 3, "uncheckable": 3}
    return ranks.get(case.verdict, 1 if case.measured else 0)


def _merge_documents(documents: Iterable[Document]) -> list[Document]:
    merged = []
    for same in grouped(documents, lambda document: document.id).values():
        document = _newest(same)
        document.whole_in = max((one.whole_in for one in same if one.whole_in), default=UNSET)
        document.sections = []
        for again in grouped((one for each in same for one in each.sections), lambda one: one.id).values():
            section = _newest(again)
            told = [{"run": str(one.run), **chart} for one in again for chart in one.charts]
            by_name = grouped(told, lambda chart: (str(chart.get("kind")), str(chart.get("name"))))
            section.charts = [
                max(by_name[name], key=lambda chart: (str(chart["run"]), schema.digest(chart)))
                for name in sorted(by_name)
            ]
            document.sections.append(section)
        document.sections.sort(key=_in_order)
        merged.append(document)
    return sorted(merged, key=_in_order)


def _in_order(entry: Any) -> tuple[int, str]:
    return entry.position, entry.id


def _newest(same: list[Entry]) -> Entry:
    """Return a copy of the newest of several records, with the keys that the schema does not know from all of them."""
    newest = same[0] if len(same) == 1 else max(same, key=lambda entry: (str(entry.run), schema.dump(entry)))
    return msgspec.structs.replace(newest, extra=_extras(entry.extra for entry in same))


def _extras(extras: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Return the keys that the schema does not know: every one is kept, the greatest value where they differ."""
    kept: dict[str, Any] = {}
    for extra in extras:
        for key, value in extra.items():
            if key not in kept or schema.digest(value) > schema.digest(kept[key]):
                kept[key] = value
    return kept


def _account(runs: list[Run], claims: list[Claim], gone: list[Claim], whole_in: dict[str, str]) -> Accounting:
    verdicts = {" ".join(filter(None, (claim.id, case.id))): case.verdict for claim in claims for case in claim.cases}
    former = [(claim.id, case) for claim in (*claims, *gone) for case in claim.withdrawn or []]
    former += [(claim.id, case) for claim in gone for case in claim.cases]
    withdrawn = {" ".join(filter(None, (name, case.id))) for name, case in former}
    lost = {
        line
        for run in runs
        for line in cast("Accounting", run.accounting).unaccounted
        # A file that was lost is no more where a newer run had its whole document: "claims/paper/test_one.py: why".
        if line in verdicts or all(whole_in.get(part, "") <= str(run.id) for part in line.partition(":")[0].split("/"))
    }
    lost -= withdrawn - verdicts.keys()
    unaccounted = sorted(name for name in lost if verdicts.get(name, "unchecked") == "unchecked")
    reported = sum(verdict != "unchecked" for verdict in verdicts.values())
    return Accounting(
        collected=reported + len(unaccounted),
        reported=reported,
        deselected=len(verdicts) - reported - sum(name in verdicts for name in unaccounted),
        unaccounted=unaccounted,
    )


def _summary(runs: list[Run]) -> Run:
    environments = grouped((entry for run in runs for entry in run.environment.items()), lambda entry: entry[0])
    return Run(
        started=min((run.started for run in runs), default=""),
        seconds=fsum(run.seconds for run in runs),
        arguments=[],
        state="merged",
        exit_code=0,
        environment={name: " · ".join(sorted({value for _, value in told})) for name, told in environments.items()},
    )


def _traced(ledger: Ledger) -> Ledger:
    """Return a copy of a ledger whose entries say which run they are from, and where they stood there.

    Raises LedgerError for a merged ledger that does not say so of everything.
    """
    copy = msgspec.convert(msgspec.to_builtins(ledger), Ledger)
    in_section = grouped(_all_claims(copy), lambda claim: (claim.document, claim.section)).values()
    places: list[list[Any]] = [copy.documents, *in_section]
    places += [claim.cases for claim in _all_claims(copy)]
    places += [document.sections for document in copy.documents]
    if copy.run.state == "merged" and copy.runs is not UNSET:
        listed = {run.id for run in copy.runs if run.accounting is not UNSET} - {UNSET}
        if len(listed) < len(copy.runs):
            raise LedgerError("a merged ledger lists a run twice, or without its id or its accounting")
        if any(entry.run not in listed or entry.position is UNSET for entries in places for entry in entries):
            raise LedgerError("a merged ledger does not say what is from which of the runs that it lists")
        return copy
    name = f"{ledger.run.started[:LONGEST_START]} {schema.digest(schema.dump(ledger))}"
    copy.runs = [msgspec.structs.replace(copy.run, id=name, accounting=copy.accounting)]
    for entries in places:
        for place, entry in enumerate(entries):
            entry.run, entry.position = name, place
    whole = {document.id for document in copy.documents if document.whole}
    for document in copy.documents:
        document.whole_in = name if document.whole else UNSET
    for claim in copy.claims:
        claim.whole_in = name if claim.document in whole else UNSET
        for case in claim.cases:
            case.declared_in = name
    return copy
