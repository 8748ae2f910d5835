"""Builds the ledger of one run from what was collected and what was heard of it."""

from __future__ import annotations

import platform
from dataclasses import asdict, dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from reports.ledger import DECISIVE, SCHEMA, UNREACHED, Case, Claim, Document, Ledger, Registration, Run, aggregate

Key = tuple[str, str]


@dataclass
class Collection:
    """The cases that were collected, those of them that were not selected, and their documents."""

    documents: list[Document] = field(default_factory=list)
    cases: list[Registration] = field(default_factory=list)
    deselected: list[Key] = field(default_factory=list)
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return plain lists and dicts."""
        return asdict(self)

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Collection:
        """Read what `as_json` returned, after a round trip through JSON."""
        return cls(**{**content, "deselected": [(claim, case) for claim, case in content["deselected"]]})


@dataclass
class Result:
    """What was heard of a case: what its property "claim" holds, and how long it took in seconds."""

    content: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


def key_of(registration: Registration) -> Key:
    """Return what identifies a case within a run: its claim and its id within the claim."""
    return registration["claim"], registration["case"]["id"]


def build(collection: Collection, results: dict[Key, Result], crashes: dict[str, str], run: Run) -> Ledger:
    """Return the ledger of a run; `crashes` says by test id how a test ended that left no verdict."""
    deselected = set(collection.deselected)
    accounted: dict[Key, Case] = {}
    unaccounted = []
    for registration in collection.cases:
        key, case = key_of(registration), registration["case"]
        if key in deselected:
            why = "needs weights or a device: pytest -m gpu" if case["tier"] == "gpu" else "not selected"
            accounted[key] = case | {"reason": why}
        elif key in results:
            accounted[key] = _conclude(case, results[key])
        elif case["test"] in crashes:
            accounted[key] = case | {"verdict": "broken", "reason": crashes[case["test"]]}
        else:
            accounted[key] = case | {"reason": UNREACHED}
            unaccounted.append(" ".join(filter(None, key)))
    run["environment"] |= {
        name: text for result in results.values() for name, text in result.content.get("environment", {}).items()
    }
    return {
        "schema": SCHEMA,
        "run": run,
        "accounting": {
            "collected": len(accounted) - len(deselected),
            "reported": len(accounted) - len(deselected) - len(unaccounted),
            "deselected": len(deselected),
            "unaccounted": unaccounted,
        },
        "documents": _with_charts(collection, results),
        "claims": _claims(collection, accounted),
    }


def _conclude(case: Case, result: Result) -> Case:
    told = {key: result.content[key] for key in ("verdict", "reason", "measured")}
    return case | {**told, "seconds": round(result.seconds, 6)}  # type: ignore[return-value]  # the property holds a case's fields


def _claims(collection: Collection, accounted: dict[Key, Case]) -> list[Claim]:
    claims: dict[str, Claim] = {}
    for registration in collection.cases:
        claim = claims.setdefault(
            registration["claim"],
            {
                "id": registration["claim"],
                "document": registration["document"],
                "section": registration["section"],
                "says": registration["says"],
                "stated": registration["stated"],
                "reason": registration["reason"],
                "cases": [],
                "declared": "",
                "verdict": "",
            },
        )
        claim["reason"] = claim["reason"] or registration["reason"]
        if registration["note"]:
            claim["note"] = registration["note"]
        claim["cases"].append(accounted[key_of(registration)])
    for claim in claims.values():
        claim["declared"], claim["verdict"] = aggregate(claim["cases"])
    sections = [
        (document["id"], section["id"]) for document in collection.documents for section in document["sections"]
    ]
    return sorted(claims.values(), key=lambda claim: sections.index((claim["document"], claim["section"])))


def _with_charts(collection: Collection, results: dict[Key, Result]) -> list[Document]:
    charts: dict[tuple[str, str], dict[tuple[str, str], dict[str, Any]]] = {}
    for registration in collection.cases:
        for chart in results.get(key_of(registration), Result()).content.get("charts", []):
            place = registration["document"], chart["section"]
            data = {field: value for field, value in chart.items() if field != "section"}
            charts.setdefault(place, {})[chart["kind"], chart["name"]] = data
    for document in collection.documents:
        for section in document["sections"]:
            if drawn := charts.get((document["id"], section["id"])):
                section["charts"] = list(drawn.values())
    return collection.documents


def nothing_was_checked(ledger: Ledger) -> bool:
    """Tell whether no case came to a verdict, nor to "undecided" by a measurement."""
    return not any(case["verdict"] in (*DECISIVE, "undecided") for claim in ledger["claims"] for case in claim["cases"])


def environment() -> dict[str, str]:
    """Return the versions a run depends on, without importing what they are versions of."""
    versions = {}
    for name in ("torch", "transformers", "pytest", "hypothesis"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {"python": platform.python_version(), **versions, "platform": platform.platform(), "device": "cpu"}
