"""One ledger from those of several runs, made from the runs themselves: any order and any grouping gives the same.

A merged ledger keeps the ledgers of its runs, and a merge of it with others begins from these again.
"""

from __future__ import annotations

from collections.abc import Iterable
from math import fsum

import msgspec

from claim_suite.reports import schema
from claim_suite.reports.schema import REACHED, Accounting, Case, Claim, Document, Ledger, Run, grouped


def merge(ledgers: Iterable[Ledger]) -> tuple[Ledger, list[str]]:
    """Return the merged ledger, and a line for each claim that was left out of it and why."""
    leaves = {_id(leaf): leaf for ledger in ledgers for leaf in (ledger.runs or [ledger])}
    runs = [leaves[name] for name in sorted(leaves)]  # the oldest first
    left_out: dict[str, None] = {}
    documents = [_document(same) for same in grouped(_all_documents(runs), lambda one: one.id).values()]
    documents.sort(key=lambda one: (one.position, one.id))
    order = {(one.id, section.id): place for one in documents for place, section in enumerate(one.sections)}
    longest = sorted(runs, key=lambda leaf: (len(leaf.claims), leaf.run.started), reverse=True)  # it knows the order
    names = dict.fromkeys(claim.id for leaf in longest for claim in leaf.claims)
    claims = [claim for name in names if (claim := _claim(name, runs, left_out))]
    places = {one.id: place for place, one in enumerate(documents)}
    claims.sort(key=lambda one: (places.get(one.document, -1), order.get((one.document, one.section), -1)))
    merged = Ledger(
        run=_summary([leaf.run for leaf in runs]),
        accounting=_account(runs, claims),
        documents=documents,
        claims=claims,
        runs=runs,
        warnings=[one for leaf in runs for one in leaf.warnings],
    )
    merged.run.exit_code = merged.exit_code()
    return merged, list(left_out)


def _id(leaf: Ledger) -> str:
    """Return the name of a run among others: when it started, then a hash of its ledger."""
    if leaf.run.id is msgspec.UNSET:
        leaf.run.id = f"{leaf.run.started[:40]} {schema.digest(msgspec.to_builtins(leaf))}"
    return str(leaf.run.id)


def _all_documents(runs: list[Ledger]) -> list[Document]:
    return [document for leaf in reversed(runs) for document in leaf.documents]


def _document(same: list[Document]) -> Document:
    """Return the newest of a document's records, with the newest pictures of each section."""
    newest = msgspec.structs.replace(same[0], sections=[])
    for section in grouped((one for each in same for one in each.sections), lambda one: one.id).values():
        charts = {
            (str(chart.get("kind")), str(chart.get("name"))): chart for one in reversed(section) for chart in one.charts
        }
        newest.sections.append(msgspec.structs.replace(section[0], charts=list(charts.values())))
    return newest


def _claim(name: str, runs: list[Ledger], left_out: dict[str, None]) -> Claim | None:
    """Merge what runs say of one claim: the newest says what it is, and which of its cases there are.

    A verdict that an older run found for another declaration of a case is left out, and so is a claim that a newer
    run of all its document no longer had.
    """
    having = [(leaf, claim) for leaf in runs for claim in leaf.claims if claim.id == name]
    newest_run, newest = having[-1]
    later = runs[runs.index(newest_run) + 1 :]
    if any(document.id == newest.document and document.complete for leaf in later for document in leaf.documents):
        left_out[f"{name}, which its document no longer has"] = None
        return None
    merged = msgspec.structs.replace(newest, cases=[])
    for case in newest.cases:
        results = [
            msgspec.structs.replace(one, run=_id(leaf))
            for leaf, claim in having
            for one in claim.cases
            if one.id == case.id and one.digest == case.digest
        ]
        merged.cases += _standing(results)
        known = {
            one.digest for _, claim in having for one in claim.cases if one.id == case.id and one.verdict in REACHED
        }
        if case.verdict == "unchecked" and known - {case.digest}:
            left_out[f"a verdict on an older wording of {name}: run it again"] = None
    merged.conclude()
    return merged


def _standing(cases: list[Case]) -> list[Case]:
    """Return what stands of several runs' results for one case: every outcome that was reached, or the best other.

    One of a stand-in gives way to any of the claim's own model and to a newer one.
    """
    best = max(map(_rank, cases))
    standing = [case for case in cases if _rank(case) == best]
    if standing[0].verdict in REACHED and not standing[0].on_stand_in:
        outcomes = grouped(standing, lambda case: (case.verdict, schema.fixed(case.measured))).values()
        return [same[-1] for same in outcomes]
    return standing[-1:]


def _rank(case: Case) -> int:
    if case.on_stand_in and case.verdict in (*REACHED, "undecided"):
        return 2
    ranks = dict.fromkeys(REACHED, 5) | {"broken": 4, "undecided": 3, "uncheckable": 3}
    return ranks.get(case.verdict, 1 if case.measured else 0)


def _account(runs: list[Ledger], claims: list[Claim]) -> Accounting:
    verdicts = {f"{claim.id} {case.id}".strip(): case.verdict for claim in claims for case in claim.cases}
    lost = sorted({line for leaf in runs for line in leaf.accounting.unaccounted if not _found_later(line, leaf, runs)})
    unaccounted = [line for line in lost if verdicts.get(line, "unchecked") == "unchecked"]
    reported = sum(verdict != "unchecked" for verdict in verdicts.values())
    return Accounting(
        collected=reported + len(unaccounted),
        reported=reported,
        deselected=len(verdicts) - reported - sum(line in verdicts for line in unaccounted),
        unaccounted=unaccounted,
    )


def _found_later(line: str, leaf: Ledger, runs: list[Ledger]) -> bool:
    """Tell whether a newer run had the whole document of what was lost: "paper/test_one.py: why", or a claim's id."""
    parts = line.partition(":")[0].split("/")
    later = runs[runs.index(leaf) + 1 :]
    return any(document.complete and document.id in parts for newer in later for document in newer.documents)


def _summary(runs: list[Run]) -> Run:
    environments = grouped((entry for run in runs for entry in run.environment.items()), lambda entry: entry[0])
    return Run(
        started=min((run.started for run in runs), default=""),
        seconds=fsum(run.seconds for run in runs),
        arguments=[],
        state="merged",
        exit_code=0,
        environment={name: " · ".join(sorted({value for _, value in values})) for name, values in environments.items()},
    )
