"""One ledger from those of several runs; any order and any grouping of the merges gives the same ledger.

Every claim, case, document, section and chart of a merged ledger says in `run` which run it is from, and
`runs` lists the runs. Of equals the newest run's stands, by `started`, then by the run's id, which is a hash
of its ledger. So a merge takes maxima of total orders, and maxima can be taken in any order.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from math import fsum
from typing import Any, cast

from reports.ledger import (
    DECISIVE,
    SCHEMA,
    Accounting,
    Case,
    Claim,
    Document,
    Ledger,
    Run,
    Section,
    aggregate,
    surprising,
)
from reports.origins import Age, Record, ages, canonical, traced

Key = Callable[[Record], tuple[Any, ...]]
MARKS = {"run", "position"}
KNOWN = {kind: set(kind.__annotations__) | MARKS for kind in (Ledger, Document, Section, Claim)}
REACHED = dict.fromkeys(DECISIVE, 2) | {"undecided": 1, "uncheckable": 1}
SAME_DIGITS = 9  # of a measured fraction: two machines may add it up in another order


def merge(ledgers: Iterable[Ledger]) -> Ledger:
    """Return the merged ledger. Raises LedgerError when a merged ledger does not say what is from which run."""
    parts = [traced(ledger) for ledger in ledgers]
    runs = sorted(
        {run["id"]: run for part in parts for run in part["runs"]}.values(), key=lambda run: (run["started"], run["id"])
    )
    age = ages(runs)
    claims = _merge_claims([claim for part in parts for claim in part["claims"]], age)
    documents = _merge_documents([document for part in parts for document in part["documents"]], age)
    claims.sort(key=_place(documents))
    merged = {
        **_extras(parts, Ledger, {"runs"}),
        "schema": SCHEMA,
        "runs": runs,
        "documents": documents,
        "claims": claims,
        "accounting": (accounting := _account(runs, claims)),
        "run": _summary(runs, claims, accounting),
    }
    return cast("Ledger", merged)


def conflicts(ledger: Ledger) -> list[str]:
    """Return the claims of a merged ledger that runs disagree about: those of which it keeps a case twice."""
    return [
        claim["id"] for claim in ledger["claims"] if len({case["id"] for case in claim["cases"]}) < len(claim["cases"])
    ]


def _merge_claims(claims: list[Record], age: Age) -> list[Record]:
    merged = []
    for same in _grouped(claims, lambda claim: (claim["id"],)):
        cases = [
            case
            for again in _grouped((case for claim in same for case in claim["cases"]), lambda case: (case["id"],))
            for case in _kept(again, age)
        ]
        cases.sort(key=lambda case: (case["position"], case["id"], age(case)))
        declared, verdict = aggregate(cast("list[Case]", cases))
        if len({case["id"] for case in cases}) < len(cases):
            verdict = "disputed"
        merged.append(_newest(same, age, Claim) | {"cases": cases, "declared": declared, "verdict": verdict})
    return merged


def _kept(cases: list[Record], age: Age) -> list[Record]:
    """Return what stands of several runs' results for one case: every outcome that was reached, or the best other."""
    best = max(REACHED.get(case["verdict"], 0) for case in cases)
    standing = [case for case in cases if REACHED.get(case["verdict"], 0) == best]
    outcomes = _grouped(standing, _outcome) if best == REACHED["holds"] else [standing]
    return [_latest(same, age) for same in outcomes]


def _outcome(case: Record) -> tuple[Any, ...]:
    """Return what two runs must agree on: the verdict, and every value that has no confidence interval."""
    values = [
        (one["unit"], one["of"], None if one["low"] is not None else _digits(one["value"])) for one in case["measured"]
    ]
    return case["verdict"], *values


def _digits(value: float | str) -> str:
    return (
        f"{value:.{SAME_DIGITS}g}"
        if isinstance(value, float) and not value.is_integer()
        else f"{value:.0f}"
        if isinstance(value, float)
        else str(value)
    )


def _merge_documents(documents: list[Record], age: Age) -> list[Record]:
    merged = []
    for same in _grouped(documents, lambda document: (document["id"],)):
        sections = []
        for again in _grouped(
            (section for document in same for section in document["sections"]), lambda one: (one["id"],)
        ):
            section = _newest(again, age, Section)
            section.pop("charts", None)
            drawn = _grouped((chart for one in again for chart in one.get("charts", [])), _chart)
            charts = [_latest(charts, age) for charts in drawn]
            sections.append(
                section | ({"charts": sorted(charts, key=lambda one: (one["position"], _chart(one)))} if charts else {})
            )
        merged.append(_newest(same, age, Document) | {"sections": _ordered(sections)})
    return _ordered(merged)


def _chart(chart: Record) -> tuple[Any, ...]:
    return canonical(chart.get("kind")), canonical(chart.get("name"))


def _ordered(entries: list[Record]) -> list[Record]:
    return sorted(entries, key=lambda entry: (entry["position"], entry["id"]))


def _place(documents: list[Record]) -> Key:
    sections = [(document["id"], section["id"]) for document in documents for section in document["sections"]]
    places = {section: place for place, section in enumerate(sections)}

    def place(claim: Record) -> tuple[Any, ...]:
        at = (claim["document"], claim["section"])
        return places.get(at, len(places)), at, claim["position"], claim["id"]

    return place


def _grouped(entries: Iterable[Record], key: Key) -> list[list[Record]]:
    groups: dict[tuple[Any, ...], list[Record]] = {}
    for entry in entries:
        groups.setdefault(key(entry), []).append(entry)
    return list(groups.values())


def _latest(same: list[Record], age: Age) -> Record:
    return same[0] if len(same) == 1 else max(same, key=lambda entry: (age(entry), canonical(entry)))


def _newest(same: list[Record], age: Age, kind: Any) -> Record:
    return {**_latest(same, age), **_extras(same, kind, set())}


def _extras(same: list[Record], kind: Any, more: set[str]) -> Record:
    """Return the keys that the schema does not know: every one is kept, the greatest value where they differ."""
    extras: dict[str, Any] = {}
    for entry in same:
        for key in entry.keys() - KNOWN[kind] - more:
            if key not in extras or canonical(entry[key]) > canonical(extras[key]):
                extras[key] = entry[key]
    return extras


def _account(runs: list[Record], claims: list[Record]) -> Accounting:
    verdicts = {
        " ".join(filter(None, (claim["id"], case["id"]))): case["verdict"]
        for claim in claims
        for case in claim["cases"]
    }
    lost = {name for run in runs for name in run["accounting"]["unaccounted"]}
    unaccounted = sorted(name for name in lost if verdicts.get(name, "unchecked") == "unchecked")
    reported = sum(verdict != "unchecked" for verdict in verdicts.values())
    unchecked = len(verdicts) - reported - sum(name in verdicts for name in unaccounted)
    return {
        "collected": reported + len(unaccounted),
        "reported": reported,
        "deselected": unchecked,
        "unaccounted": unaccounted,
    }


def _summary(runs: list[Record], claims: list[Record], accounting: Accounting) -> Run:
    environments: dict[str, set[str]] = {}
    for run in runs:
        for name, value in run["environment"].items():
            environments.setdefault(name, set()).add(value)
    return {
        "started": min((run["started"] for run in runs), default=""),
        "seconds": fsum(run["seconds"] for run in runs),
        "arguments": [],
        "state": "merged",
        "exit_code": _exit_code(claims, accounting),
        "environment": {name: " · ".join(sorted(values)) for name, values in environments.items()},
    }


def _exit_code(claims: list[Record], accounting: Mapping[str, Any]) -> int:
    """Return what a single run with these cases would have exited with; a disagreement counts as a surprise."""
    cases = [cast("Case", case) for claim in claims for case in claim["cases"]]
    twice = any(len({case["id"] for case in claim["cases"]}) < len(claim["cases"]) for claim in claims)
    if twice or accounting["unaccounted"] or any(case["verdict"] == "broken" or surprising(case) for case in cases):
        return 1
    return 0 if any(case["verdict"] in (*DECISIVE, "undecided") for case in cases) else 5
