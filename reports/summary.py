"""What a page, a terminal and a job summary all show of a run: the result in a sentence, sums, and what was unusual."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from claim_suite.reports import numbers
from claim_suite.reports.schema import (
    STATES,
    Claim,
    Collected,
    Document,
    Ledger,
    Section,
    counts,
    grouped,
)
from claim_suite.reports.text import anchor, counted, joined, shown
from claim_suite.reports.view import Row, awaits_gpu

CHECKED = ("holds", "loosely", "refuted", "surprise", "disputed", "undecided")  # states of a claim that was checked
MOST_LISTED, FEW_LISTED = 60, 12  # in a banner: of what is a surprise, a conflict or missing, and of what is broken
MOST_NAMED = 3  # documents whose names and sums still fit in a line
MERGE_RULE = (
    "Where several runs checked the same case, a verdict that was reached (holds, does not hold) stands before broken, "
    "and broken before what was not decided; among equals the newest run's stands. A verdict on an older wording of "
    "the claim is left out. So is a claim that a newer run of all its document no longer had. Runs disagree when their "
    "verdicts differ, or their measured values do and have no confidence intervals; then every outcome is kept."
)

Places = list[tuple[Document, list[tuple[Section, list[Claim]]]]]


@dataclass(slots=True)
class Banner:
    """Something unusual about a run: a title, and what it is about as links, as texts ("" leads nowhere), as a table.

    `kind` is how it looks, `mark` its sign.
    """

    kind: str
    mark: str
    title: str
    text: str = ""
    links: list[tuple[str, str]] = field(default_factory=list)
    more: int = 0
    head: tuple[str, ...] = ()
    rows: list[list[str]] = field(default_factory=list)


def tally(found: Mapping[str, int]) -> str:
    """Say how many of the claims that were checked hold, from their numbers by state."""
    checked = sum(found[state] for state in CHECKED)
    return f"{found['holds']:,} of {checked:,} hold{'s' if checked == 1 else ''}" if checked else "not checked"


def places(ledger: Ledger | Collected) -> Places:
    """Return claims by document and section, in the ledger's order; what belongs to no known one comes last."""
    by_document = grouped(ledger.claims, lambda claim: claim.document)
    documents = {one.id: one for one in ledger.documents}
    documents |= {name: Document(id=name, title=name) for name in by_document if name not in documents}
    found: Places = []
    for name, document in documents.items():
        own = grouped(by_document.get(name, []), lambda claim: claim.section)
        sections = {one.id: one for one in document.sections}
        sections |= {other: Section(id=other, title=other) for other in own if other not in sections}
        told = [(one, own.get(one.id, [])) for one in sections.values() if one.id in own or one.charts]
        found += [(document, told)] * bool(own)
    return found


def headline(claims: list[Claim], found: Mapping[str, int]) -> str:
    """Say the result in one sentence, of the claims that were checked; `found` are their numbers by state."""
    checked = sum(found[state] for state in CHECKED)
    waiting = sum(claim.verdict == "unchecked" and awaits_gpu(claim) for claim in claims)
    if not claims:
        return "No claim was collected."
    first = f"{found['holds']:,} of {counted(checked, 'claim', 'claims')} checked hold{'s' if checked == 1 else ''}"
    alone = sum(claim.state == "holds" and claim.basis == "document" for claim in claims)
    if alone:
        first += f" ({found['holds'] - alone:,} confirmed, {alone:,} consistent with the document's own numbers alone)"
    weaker = [f"{found['loosely']:,} hold{'s' if found['loosely'] == 1 else ''} loosely"] * (found["loosely"] > 0)
    weaker += [f"{found['refuted']:,} {'does' if found['refuted'] == 1 else 'do'} not"] * (found["refuted"] > 0)
    rest = [
        (found["surprise"], "is a surprise", "are surprises"),
        (found["disputed"], "is disputed", "are disputed"),
        (found["undecided"], "is undecided", "are undecided"),
        (found["broken"], "is broken", "are broken"),
        (waiting, "awaits a GPU", "await a GPU"),
        (found["unchecked"] - waiting, "was not checked", "were not checked"),
        (found["uncheckable"], "cannot be checked", "cannot be checked"),
    ]
    parts = [first if checked else "No claim was checked", ", ".join(weaker)]
    parts.append(joined([counted(*each) for each in rest if each[0]]))
    return f"{'; '.join(filter(None, parts))}."


def subline(found: Places) -> str:
    """Say how each document fares where there are a few, and what more a GPU would check."""
    documents = [(one, [claim for _, claims in sections for claim in claims]) for one, sections in found]
    few = documents if 1 < len(documents) <= MOST_NAMED else []
    told = [f"{tally(counts(claim.state for claim in claims))} in {shown(one.title, 80)}" for one, claims in few]
    further = sum(claim.verdict != "unchecked" and awaits_gpu(claim) for _, claims in documents for claim in claims)
    more = counted(further, "claim checked here has a further check", "claims checked here have a further check")
    return " ".join([f"{joined(told)}."] * bool(told) + [f"{more} that awaits a GPU."] * bool(further))


def accounting(ledger: Ledger, found: Mapping[str, int]) -> str:
    """Return the sum of the claims by state, which are `found`, and the cases behind them."""
    parts = [counted(number, STATES[state].one, STATES[state].many) for state, number in found.items() if number]
    told = ledger.accounting
    claims = f"{counted(len(ledger.claims), 'claim', 'claims')} = {' + '.join(parts) or 'none'}"
    asked = f"{told.collected:,} to be checked here, {told.reported:,} of them reported"
    return f"{claims}. {counted(len(ledger.cases), 'case', 'cases')}, {asked}."


def withdrawn(documents: list[Document], claims: list[Claim]) -> str:
    """Say how many of all refutations ever made were withdrawn, by the documents' errata."""
    changes = [change for document in documents for change in document.errata]
    taken_back = sum(change.was == "refuted" != change.is_ for change in changes)
    ever = sum(claim.declared == "refuted" for claim in claims) + taken_back
    was = "was" if taken_back == 1 else "were"
    return f"Of {counted(ever, 'refutation', 'refutations')} {taken_back} {was} withdrawn."


def run_names(ledger: Ledger) -> dict[str, str]:
    """Return a name for every run of a merged ledger, by its id: its device, numbered where that is not enough."""
    devices = [shown(one.run.environment.get("device", "unknown device"), 60) for one in ledger.runs]
    return {
        str(one.run.id): f"run on {device}" if devices.count(device) == 1 else f"run {place} on {device}"
        for place, (one, device) in enumerate(zip(ledger.runs, devices, strict=True), 1)
    }


def notes(ledger: Ledger) -> list[str]:
    """Return what a reader must know of the whole run: that a stand-in was measured, or an untested version used."""
    standing = sum(claim.on_stand_in for claim in ledger.claims)
    claims = counted(standing, "claim stands", "claims stand")
    told = [f"{claims} on measurements of a stand-in, not of the model that is meant"] * bool(standing)
    untested = ledger.run.environment.get("untested")
    return told + [f"Not tested with this version: {shown(untested, 300)}"] * bool(untested)


def warnings(ledger: Ledger) -> list[str]:
    """Return what libraries warned of, once each, with the claim."""
    told = [(one.get("claim", ""), one.get("text", "")) for one in ledger.warnings]
    return list(dict.fromkeys(f"{shown(claim, 120)}: {shown(text, 400)}" for claim, text in told))


def banners(ledger: Ledger, rows: list[Row]) -> Iterator[Banner]:
    """Yield the banners of an unusual run, the gravest first."""
    runs = run_names(ledger)
    if surprises := [one for one in rows if one.state == "surprise"]:
        are = counted(
            len(surprises), "surprise: the measurement is not what was", "surprises: the measurements are not what was"
        )
        yield _listed("surprise", f"{are} declared", [(one.address, _surprise(one)) for one in surprises], MOST_LISTED)
    if conflicts := [claim for claim in ledger.claims if claim.conflicting]:
        title = f"Runs disagree on {counted(len(conflicts), 'claim', 'claims')}"
        text = "No outcome is dropped. The claim counts as disputed until one of the runs is explained."
        table = [each for claim in conflicts[:MOST_LISTED] for each in _outcomes(claim, runs)]
        yield Banner("conflict", "disputed", title, text, head=("Claim", "Run", "Outcome"), rows=table)
    states = {one.run.state for one in ledger.runs or [ledger]}
    if "interrupted" in states or ledger.accounting.unaccounted:
        yield _interrupted(ledger)
    if broken := [one for one in rows if one.state == "broken"]:
        failed = counted(len(broken), "claim's instrument is broken", "claims' instruments are broken")
        yield _listed("broken", failed, [(one.address, _broken(one)) for one in broken], FEW_LISTED)
    if ledger.run.state == "merged":
        table = [_run(one, runs) for one in ledger.runs]
        head = ("Run", "Started", "Took", "Cases reported", "State")
        yield Banner(
            "merged", "info", f"Merged from {counted(len(table), 'run', 'runs')}", MERGE_RULE, head=head, rows=table
        )
    for note in notes(ledger):
        yield Banner("info", "info", note)


def _listed(kind: str, title: str, links: list[tuple[str, str]], most: int) -> Banner:
    return Banner(kind, kind, title, links=links[:most], more=max(len(links) - most, 0))


def _surprise(row: Row) -> str:
    case = next(case for case in row.claim.cases if case.surprising)
    return f"{row.says[:200]} Declared: {STATES[case.declared].one}; measured: {STATES[case.verdict].one}."


def _broken(row: Row) -> str:
    reason = next((case.reason for case in row.claim.cases if case.verdict == "broken"), "")
    return f"{row.short}: {shown(reason.strip().partition(chr(10))[0], 200) or 'no reason given'}"


def _outcomes(claim: Claim, runs: dict[str, str]) -> Iterator[list[str]]:
    """Yield a line for every outcome that runs disagree about."""
    for again in grouped(claim.cases, lambda case: case.id).values():
        for case in again if len(again) > 1 else []:
            values = numbers.together([one.value for one in case.measured][:3])
            name = f"{shown(claim.id, 90)} {shown(case.id, 60)}".strip()
            yield [name, runs.get(str(case.run), "a run"), " · ".join([*values, STATES[case.verdict].one])]


def _run(leaf: Ledger, runs: dict[str, str]) -> list[str]:
    run, told = leaf.run, leaf.accounting
    reported = f"{told.reported:,} of {told.collected:,}"
    return [runs[str(run.id)], shown(run.started, 40), numbers.duration(run.seconds), reported, run.state]


def _interrupted(ledger: Ledger) -> Banner:
    told, lost = ledger.accounting, ledger.accounting.unaccounted
    runs = [one.run for one in ledger.runs or [ledger]]
    title = f"Partial: {told.reported:,} of {counted(told.collected, 'case', 'cases')} came to an end"
    if any(run.state == "interrupted" for run in runs):
        title += ", then the run was interrupted" if len(runs) == 1 else "; a run was interrupted"
    known = {claim.id for claim in ledger.claims}
    claims = [(name.partition(" ")[0], name) for name in lost[:MOST_LISTED]]
    links = [(anchor(claim) if claim in known else "", shown(name, 200)) for claim, name in claims]
    text = "What was not reached or left no trace is listed here and never counted as holding." if lost else ""
    return Banner("interrupted", "partial", title, text, links, len(lost) - len(links))
