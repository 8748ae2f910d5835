"""One self-contained page drawn from a ledger: no script, nothing loaded, the same bytes every time."""

from __future__ import annotations

import base64
import gc
import hashlib
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import numbers, opening
from reports.ledger import write_text
from reports.lines import WORDS
from reports.origins import runs_of
from reports.places import LARGE, documents_of, tell_apart
from reports.rows import Record, Row, awaits_gpu, row
from reports.text import anchor, counted, joined, shown

if TYPE_CHECKING:
    from reports.ledger import Ledger

TEMPLATES = Path(__file__).parent / "templates"
MOST_FAILS = 60


def write(ledger: Ledger | dict[str, Any], path: str | Path) -> None:
    """Draw the page of a ledger and write it whole or not at all. Raises OSError where it cannot be written."""
    write_text(render(ledger), Path(path))


def render(ledger: Ledger | dict[str, Any]) -> str:
    """Return the page of a ledger that `reports.ledger.read` accepts."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    environment = Environment(
        loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, auto_reload=False,
    )  # fmt: skip
    with _uncollected():
        return environment.get_template("page.html.j2").render(context(dict(ledger))).lstrip() + "\n"


@contextmanager
def _uncollected() -> Generator[None]:
    """Keep the garbage collector from walking a page's rows again and again: they hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def context(ledger: Record) -> Record:
    """Return what the template draws."""
    runs = run_names(ledger)
    rows = [row(claim, runs, address) for claim, address in zip(ledger["claims"], _addresses(ledger), strict=True)]
    counts = opening.count(rows)
    css, documents = _style(), documents_of(ledger, rows)
    tell_apart(documents)
    waiting = sum(
        line.state == "unchecked" and awaits_gpu(claim) for claim, line in zip(ledger["claims"], rows, strict=True)
    )
    return {
        "title": f"{counts['holds']:,} of {counted(len(rows), 'claim', 'claims')} hold",
        "kicker": " · ".join(["Which claims hold", *(shown(one["title"], 120) for one in ledger["documents"])]),
        "headline": opening.headline(counts, waiting),
        "subline": opening.subline(ledger),
        "banners": opening.banners(ledger, rows, runs),
        "verdicts": [
            {"key": key, "word": word, "meaning": opening.MEANINGS[key], "count": counts[key]}
            for key, word in WORDS.items()
        ],
        "documents": documents,
        "big": len(rows) > LARGE,
        "total": len(rows),
        "accounting": opening.accounting(ledger, counts, WORDS),
        "unaccounted": len(ledger["accounting"]["unaccounted"]),
        "fails": _fails(documents),
        "most_fails": MOST_FAILS,
        "environment": _environment(ledger, runs),
        "css": css,
        "css_hash": base64.b64encode(hashlib.sha256(css.encode()).digest()).decode(),
    }


def run_names(ledger: Record) -> dict[str, str]:
    """Return a name for every run of a merged ledger, by its id: its device, numbered where that is not enough."""
    found = runs_of(ledger)
    devices = [shown(run["environment"].get("device", "unknown device"), 60) for run in found]
    return {
        run["id"]: f"run on {device}" if devices.count(device) == 1 else f"run {place} on {device}"
        for place, (run, device) in enumerate(zip(found, devices, strict=True), 1)
    }


def _addresses(ledger: Record) -> list[str]:
    seen: dict[str, int] = {}
    addresses = []
    for claim in ledger["claims"]:
        address = anchor(claim["id"])
        seen[address] = seen.get(address, 0) + 1
        addresses.append(address if seen[address] == 1 else f"{address}~{seen[address]}")
    return addresses


def _style() -> str:
    filters = [
        f".flt:has(#f-{key}:checked)~.doc :is(.c:not(.{key}),.sec:not(.h-{key})){{display:none}}" for key in WORDS
    ]
    return (TEMPLATES / "page.css").read_text(encoding="utf-8") + "".join(filters)


def _fails(documents: list[Record]) -> list[tuple[Row, str, list[str]]]:
    """Return what does not hold, surprises first, each with its place and what was measured where it fails."""
    placed = [
        (line, section["label"])
        for document in documents
        for section in document["sections"]
        for line in section["claims"]
    ]
    return [
        (line, f"{label} · {line.short}" if label else line.short, _measured(line))
        for state in ("surprise", "refuted") for line, label in placed if line.state == state
    ]  # fmt: skip


def _measured(line: Row) -> list[str]:
    failing = [each for each in line.lines if each.outcome == "refuted"] or line.lines
    told = [(name, f"{value} {words.partition('(')[0]}".strip()) for name, value, words in failing[0].numbers if value]
    return [f"{name}: {value}" if name else value for name, value in told[:3]]


def _environment(ledger: Record, runs: dict[str, str]) -> list[tuple[str, str]]:
    run = ledger["run"]
    told = [(shown(key, 60), shown(value, 300)) for key, value in sorted(run["environment"].items())]
    if runs:
        told.insert(0, ("runs", joined(list(runs.values()))))
    else:
        command = " ".join(["pytest", *(shown(argument, 200) for argument in run["arguments"])])
        told.insert(0, ("run", shown(command, 600)))
    sources = sorted(
        {
            shown(case["source"], 120)
            for claim in ledger["claims"]
            for case in claim["cases"]
            if case["source"] and case["verdict"] != "unchecked"
        }
    )
    if sources:
        told.append(("evidence", " · ".join(sources[:40])))
    return [*told, ("started", shown(run["started"], 40)), ("took", numbers.duration(run["seconds"]))]
