"""The ledger: every claim with its cases and verdicts, as one JSON file, schema `claims-ledger/1`."""

from __future__ import annotations

import json
import os
import secrets
from math import isfinite
from pathlib import Path
from typing import Any, NotRequired, TypedDict

from reports import shape

SCHEMA = "claims-ledger/1"
VERDICTS = ("holds", "loosely", "refuted", "disputed", "undecided", "unchecked", "uncheckable", "broken")
DECISIVE = ("holds", "refuted", "broken")
UNREACHED = "not reached: the run ended before it"


class LedgerError(Exception):
    """A file that cannot be read as a ledger; the message is one line."""


class Stated(TypedDict):
    """A printed number and the interval it stands for, bounds as exact decimal strings."""

    text: str
    low: str
    high: str


class Measurement(TypedDict):
    """One reading: its value in `unit`, the other routes to it, and its confidence interval if it has one."""

    value: float | str
    unit: str
    of: str
    routes: dict[str, float | str]
    low: float | None
    high: float | None


class Case(TypedDict):
    """One run of a claim's test: a reading, on a source of evidence, of one of its parts."""

    id: str
    test: str
    tier: str
    reading: str
    source: str
    part: NotRequired[str]
    declared: str
    verdict: str
    reason: str
    stated: Stated | None
    measured: list[Measurement]
    seconds: float


class Claim(TypedDict):
    """What a document says, and what became of it."""

    id: str
    document: str
    section: str
    says: str
    stated: str | None
    declared: str
    verdict: str
    reason: str
    note: NotRequired[str]
    cases: list[Case]


class Registration(TypedDict):
    """A case as it is known before it runs, with what its claim says of itself."""

    claim: str
    document: str
    section: str
    says: str
    note: str
    stated: str | None
    reason: str
    case: Case


class Section(TypedDict):
    """A section of a document; `charts` is data for the page's pictures."""

    id: str
    title: str
    charts: NotRequired[list[dict[str, Any]]]


class Document(TypedDict):
    """A document and its sections, in reading order."""

    id: str
    title: str
    language: str
    sections: list[Section]


class Run(TypedDict):
    """How, when and on what the claims were checked."""

    started: str
    seconds: float
    arguments: list[str]
    state: str
    exit_code: int
    environment: dict[str, str]


class Accounting(TypedDict):
    """Cases this run undertook, cases it heard of again, and the cases that vanished."""

    collected: int
    reported: int
    deselected: NotRequired[int]
    unaccounted: list[str]


class Ledger(TypedDict):
    """The whole file."""

    schema: str
    run: Run
    accounting: Accounting
    documents: list[Document]
    claims: list[Claim]


def surprising(case: Case) -> bool:
    """Tell whether a case came out otherwise than declared."""
    return case["verdict"] in DECISIVE and case["verdict"] != case["declared"]


def aggregate(cases: list[Case]) -> tuple[str, str]:
    """Return the declared and the measured verdict of a claim from its cases.

    Both are taken over the sources that came to a verdict, so that a claim is compared with what was declared of the
    same evidence; a claim of which none did is compared as a whole. Of one source every part counts, and both readings:
    a claim of which only some were checked has not been found to hold, nor to fail in every reading.
    """
    heard = {case["source"] for case in cases if case["verdict"] in DECISIVE}
    decided = [case for case in cases if case["source"] in heard] or cases
    return _over_sources(decided, "declared"), _over_sources(decided, "verdict")


def _over_sources(cases: list[Case], field: str) -> str:
    by_source: dict[str, list[Case]] = {}
    for case in cases:
        by_source.setdefault(case["source"], []).append(case)
    verdicts = {_of_source(group, field) for group in by_source.values()}
    if verdicts - {"undecided", "unchecked"}:
        verdicts -= {"undecided", "unchecked"}
    for verdict in ("broken", "undecided"):
        if verdict in verdicts:
            return verdict
    return verdicts.pop() if len(verdicts) == 1 else "disputed"


def _of_source(cases: list[Case], field: str) -> str:
    by_reading: dict[str, set[str]] = {}
    for case in cases:
        by_reading.setdefault(case["reading"], set()).add(case[field])  # type: ignore[literal-required]  # declared or verdict
    literal, loose = (_weakest(by_reading.get(reading, set())) for reading in ("literal", "loose"))
    if "broken" in (literal, loose):
        return "broken"
    if literal == "refuted" and loose:
        return "loosely" if loose == "holds" else loose
    return literal or ("loosely" if loose == "holds" else loose)


def _weakest(verdicts: set[str]) -> str:
    """Every part of a claim must hold, so the claim fares as its worst part."""
    order = ("broken", "refuted", "undecided", "unchecked", "uncheckable", "holds")
    return next((verdict for verdict in order if verdict in verdicts), "")


def dump(ledger: Ledger) -> str:
    """Serialise a ledger: sorted keys, no NaN; the same ledger gives the same text."""
    return json.dumps(ledger, sort_keys=True, indent=1, allow_nan=False, ensure_ascii=True) + "\n"


def write(ledger: Ledger, path: Path) -> None:
    """Write a ledger whole or not at all. Raises OSError when the place cannot be written."""
    write_text(dump(ledger), path)


def write_text(text: str, path: Path, *, lasting: bool = True) -> None:
    """Write a file aside and rename it into place, so that nobody ever reads half of it.

    A link keeps pointing where it pointed. `lasting` waits until the disk has it, so that a power cut loses nothing.
    """
    target = path.resolve()
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".aside-{secrets.token_hex(8)}")
    try:
        with aside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        aside.replace(target)
    except BaseException:
        aside.unlink(missing_ok=True)
        raise


def read(path: Path) -> Ledger:
    """Read and check a ledger. Raises LedgerError, one line, for anything that is not one."""
    try:
        content = json.loads(path.read_text(encoding="utf-8"), parse_constant=_refuse, parse_float=_finite)
    except OSError as error:
        raise LedgerError(f"{path}: cannot be read ({error.strerror})") from None
    except (ValueError, RecursionError) as error:
        raise LedgerError(f"{path}: not a ledger: {str(error).splitlines()[0]}") from None
    return check(content, str(path))


def check(content: Any, name: str) -> Ledger:
    """Return `content` as a ledger if it has the schema's shape; unknown extra keys are left alone."""
    found = content.get("schema") if isinstance(content, dict) else None
    if found != SCHEMA:
        raise LedgerError(f"{name}: its schema is {str(found)[:80]!r}, this reader knows {SCHEMA!r}")
    try:
        shape.checker(Ledger)(content, "the ledger")
    except shape.ShapeError as error:
        raise LedgerError(f"{name}: {error}") from None
    for claim in content["claims"]:
        for record in [claim, *claim["cases"]]:
            if record["verdict"] not in VERDICTS:
                raise LedgerError(f"{name}: {claim['id'][:80]!r} has an unknown verdict {record['verdict'][:80]!r}")
    return content  # type: ignore[no-any-return]  # its shape was just checked


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not a number of JSON")


def _finite(text: str) -> float:
    if not isfinite(number := float(text)):
        raise ValueError(f"{text[:80]} is beyond any measurement")
    return number
