"""The top of the page: the result in a sentence, the banners of unusual runs, and the sum that accounts for all."""

from __future__ import annotations

from typing import Any

from reports import numbers
from reports.lines import said, surprising
from reports.origins import runs_of
from reports.rows import Record, Row, awaits_gpu, in_conflict
from reports.text import anchor, counted, joined, shown

MEANINGS = {
    "holds": "the printed words or number, read literally",
    "loosely": "fails literally; a weaker reading that the wording allows holds",
    "refuted": "no reading of it survives the measurement",
    "surprise": "declared one verdict, measured another",
    "broken": "the instrument failed; nothing is said about the claim",
    "disputed": "sources or runs disagree; each is shown",
    "undecided": "measured, but no verdict follows from it",
    "unchecked": "needs weights or a device, or was not selected",
    "uncheckable": "no procedure could decide it",
}
SUMMED = {"holds": "hold", "loosely": "loosely", "refuted": "do not hold", "unchecked": "not checked"}
MOST_LISTED = 60
MERGE_RULE = (
    "Where several runs checked the same case, a verdict that was reached (holds, does not hold, broken) "
    "stands before one that was not; among equals the newest run's stands. Runs disagree when their verdicts differ, "
    "or their measured values do and have no confidence intervals; then every outcome is kept."
)


def count(rows: list[Row]) -> dict[str, int]:
    """Count the claims by state."""
    counts = dict.fromkeys(MEANINGS, 0)
    for row in rows:
        counts[row.state] += 1
    return counts


def headline(counts: dict[str, int], waiting: int) -> str:
    """Say the result in one sentence; `waiting` of the unchecked claims await a GPU."""
    total = sum(counts.values())
    if not total:
        return "No claim was collected."
    parts = [f"{counts['holds']:,} of {counted(total, 'claim holds' if total == 1 else 'claim hold', 'claims hold')}"]
    found = [f"{counts['loosely']:,} hold{'s' if counts['loosely'] == 1 else ''} loosely"] if counts["loosely"] else []
    if counts["refuted"]:
        found.append(f"{counts['refuted']:,} {'does' if counts['refuted'] == 1 else 'do'} not")
    rest = [
        (counts["surprise"], "is a surprise", "are surprises"),
        (counts["broken"], "is broken", "are broken"),
        (counts["disputed"], "is disputed", "are disputed"),
        (counts["undecided"], "is undecided", "are undecided"),
        (waiting, "awaits a GPU", "await a GPU"),
        (counts["unchecked"] - waiting, "was not checked", "were not checked"),
        (counts["uncheckable"], "cannot be checked", "cannot be checked"),
    ]
    parts += [", ".join(found)] if found else []
    parts += [joined([counted(*each) for each in rest if each[0]])] if any(each[0] for each in rest) else []
    return "; ".join(parts) + "."


def subline(ledger: Record) -> str:
    """Say how each document fares where there are several, and what more a GPU would check."""
    told = []
    if len(ledger["documents"]) > 1:
        for document in ledger["documents"]:
            verdicts = [claim["verdict"] for claim in ledger["claims"] if claim["document"] == document["id"]]
            if verdicts:
                told.append(f"{verdicts.count('holds'):,} of {len(verdicts):,} hold in {shown(document['title'], 80)}")
    further = sum(claim["verdict"] != "unchecked" and awaits_gpu(claim) for claim in ledger["claims"])
    more = counted(
        further,
        "claim checked here has a further check that awaits",
        "claims checked here have a further check that awaits",
    )
    return " ".join([f"{joined(told)}."] * bool(told) + [f"{more} a GPU."] * bool(further))


def accounting(ledger: Record, counts: dict[str, int], words: dict[str, str]) -> str:
    """Return the sum of the claims by state, and the cases behind them."""
    total, cases = sum(counts.values()), sum(len(claim["cases"]) for claim in ledger["claims"])
    parts = [f"{number:,} {SUMMED.get(key, words[key].lower())}" for key, number in counts.items() if number]
    told = ledger["accounting"]
    asked = f"{told['collected']:,} to be checked here, {told['reported']:,} of them reported"
    claims = f"{counted(total, 'claim', 'claims')} = {' + '.join(parts) or 'none'}"
    return f"{claims}. {counted(cases, 'case', 'cases')}, {asked}."


def banners(ledger: Record, rows: list[Row], runs: dict[str, str]) -> list[Record]:
    """Return the banners of an unusual run, the gravest first."""
    pairs = list(zip(ledger["claims"], rows, strict=True))
    found = [
        _surprises([pair for pair in pairs if pair[1].state == "surprise"]),
        _conflicts([claim for claim, _ in pairs if in_conflict(claim)], runs),
        _interrupted(ledger),
        _broken([pair for pair in pairs if pair[1].state == "broken"]),
        _merged(ledger, runs),
    ]
    return [banner for banner in found if banner]


def _banner(kind: str, mark: str, title: str, text: str = "", **more: Any) -> Record:
    return {"kind": kind, "mark": mark, "title": title, "text": text, "claims": [], "more": 0, "table": None, **more}


def _surprises(pairs: list[tuple[Record, Row]]) -> Record | None:
    if not pairs:
        return None
    links = []
    for claim, row in pairs[:MOST_LISTED]:
        case = next(case for case in claim["cases"] if surprising(case))
        expected, found = (said(case[field]) for field in ("declared", "verdict"))
        links.append((row.id, f"{row.says[:200]} Declared: {expected}; measured: {found}."))
    title = counted(
        len(pairs),
        "surprise: the measurement is not what was declared",
        "surprises: the measurements are not what was declared",
    )
    return _banner("surprise", "surprise", title, claims=links, more=len(pairs) - len(links))


def _conflicts(claims: list[Record], runs: dict[str, str]) -> Record | None:
    if not claims:
        return None
    rows = []
    for claim in claims[:MOST_LISTED]:
        ids = [case["id"] for case in claim["cases"]]
        for case in claim["cases"]:
            if ids.count(case["id"]) > 1:
                values = numbers.together([one["value"] for one in case["measured"]][:3], "")
                told = " · ".join([*values, said(case["verdict"])])
                rows.append(
                    [
                        " ".join(filter(None, (shown(claim["id"], 90), shown(case["id"], 60)))),
                        runs.get(case.get("run", ""), "a run"),
                        told,
                    ]
                )
    title = f"Runs disagree on {counted(len(claims), 'claim', 'claims')}"
    text = "No outcome is dropped. The claim counts as disputed until one of the runs is explained."
    return _banner("conflict", "disputed", title, text, table={"head": ["Claim", "Run", "Outcome"], "rows": rows})


def _interrupted(ledger: Record) -> Record | None:
    lost, told = ledger["accounting"]["unaccounted"], ledger["accounting"]
    states = [run["state"] for run in runs_of(ledger)] or [ledger["run"]["state"]]
    if "interrupted" not in states and not lost:
        return None
    title = f"Partial: {told['reported']:,} of {counted(told['collected'], 'case', 'cases')} came to an end"
    if "interrupted" in states:
        title += ", then the run was interrupted" if len(states) == 1 else "; a run was interrupted"
    known = {claim["id"]: claim for claim in ledger["claims"]}
    links = []
    for name in lost[:MOST_LISTED]:
        claim = known.get(name.partition(" ")[0])
        links.append((anchor(claim["id"]) if claim else "", shown(name, 200)))
    text = "What was not reached or left no trace is listed here and never counted as holding." if lost else ""
    return _banner("interrupted", "partial", title, text, claims=links, more=len(lost) - len(links))


def _broken(pairs: list[tuple[Record, Row]]) -> Record | None:
    if not pairs:
        return None
    links = []
    for claim, row in pairs[:MOST_LISTED]:
        reason = next((case["reason"] for case in claim["cases"] if case["verdict"] == "broken"), "")
        links.append((row.id, f"{row.short}: {shown(reason.strip().partition(chr(10))[0], 200) or 'no reason given'}"))
    title = counted(len(pairs), "claim's instrument is broken", "claims' instruments are broken")
    return _banner("broken", "broken", title, claims=links, more=len(pairs) - len(links))


def _merged(ledger: Record, runs: dict[str, str]) -> Record | None:
    if ledger["run"]["state"] != "merged":
        return None
    rows = [_run(run, runs) for run in runs_of(ledger)]
    head = ["Run", "Started", "Took", "Cases reported", "State"]
    table = {"head": head, "rows": rows}
    return _banner("merged", "info", f"Merged from {counted(len(rows), 'run', 'runs')}", MERGE_RULE, table=table)


def _run(run: Record, runs: dict[str, str]) -> list[str]:
    told = run["accounting"]
    return [
        runs[run["id"]],
        shown(run["started"], 40),
        numbers.duration(run["seconds"]),
        f"{told['reported']:,} of {told['collected']:,}",
        shown(run["state"], 20),
    ]
