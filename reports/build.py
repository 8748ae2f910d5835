"""Builds the ledger of one run from what was collected and what was heard of it."""

from __future__ import annotations

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import pytest

from reports.heard import Collection, Heard, Key, Result, key_of
from reports.ledger import (
    DECISIVE,
    SCHEMA,
    UNREACHED,
    Case,
    Claim,
    Document,
    Ledger,
    aggregate,
    surprising,
)


def build(collection: Collection, heard: Heard, run: dict[str, Any]) -> Ledger:
    """Return the ledger of a run; `run` is what the ledger says of it, less the environment."""
    deselected = set(collection.deselected)
    accounted: dict[Key, Case] = {}
    unaccounted = [f"{file}: could not be read, with every claim in it" for file in heard.unreadable]
    for key, registration in {key_of(registration): registration for registration in collection.cases}.items():
        case = registration["case"]
        if key in deselected:
            why = "needs weights or a device: pytest -m gpu" if case["tier"] == "gpu" else "not selected"
            accounted[key] = case | {"reason": why}
        elif key in heard.results or case["test"] in heard.crashes:
            accounted[key] = _conclude(case, heard.results.get(key), heard.crashes.get(case["test"]))
        else:
            accounted[key] = case | {"reason": UNREACHED}
            unaccounted.append(" ".join(filter(None, key)))
    undertaken = len(accounted) - len(deselected) + len(heard.unreadable)
    measured_on = {
        name: text for result in heard.results.values() for name, text in result.content.get("environment", {}).items()
    }
    return {
        "schema": SCHEMA,
        "run": {**run, "environment": environment() | measured_on},  # type: ignore[typeddict-item]  # checked when read
        "accounting": {
            "collected": undertaken,
            "reported": undertaken - len(unaccounted),
            "deselected": len(deselected),
            "unaccounted": unaccounted,
        },
        "documents": _with_charts(collection, heard.results),
        "claims": _claims(collection, accounted),
    }


def _conclude(case: Case, result: Result | None, crash: str | None) -> Case:
    told: dict[str, Any] = {}
    if result:
        told = {key: result.content[key] for key in ("verdict", "reason", "measured")}
        told["seconds"] = round(result.seconds, 6)
    if crash is not None:
        told |= {"verdict": "broken", "reason": crash}
    return case | told  # type: ignore[return-value]  # the property holds a case's fields


def _claims(collection: Collection, accounted: dict[Key, Case]) -> list[Claim]:
    claims: dict[str, Claim] = {}
    for registration in {key_of(registration): registration for registration in collection.cases}.values():
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


def exit_status(ledger: Ledger, status: int) -> int:
    """Return how a run ends that pytest itself would end with `status`, given what became of its claims."""
    cases = [case for claim in ledger["claims"] for case in claim["cases"]]
    bad = any(surprising(case) or case["verdict"] == "broken" for case in cases)
    if bad or ledger["accounting"]["unaccounted"]:
        return pytest.ExitCode.TESTS_FAILED
    if status == pytest.ExitCode.OK and nothing_was_checked(ledger):
        return pytest.ExitCode.NO_TESTS_COLLECTED
    return status


@cache
def environment() -> dict[str, str]:
    """Return the versions a run depends on, without importing what they are versions of."""
    versions = {}
    for name in ("torch", "transformers", "pytest", "hypothesis"):
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {"python": platform.python_version(), **versions, "platform": platform.platform(), "device": "cpu"}
