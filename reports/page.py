"""One self-contained page drawn from a ledger: no script, nothing loaded, the same bytes every time."""

from __future__ import annotations

import base64
import gc
import hashlib
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from reports import numbers, summary
from reports.charts import charts
from reports.details import link
from reports.files import write_text
from reports.schema import STATES, Claim, Document, Ledger, Section, counts
from reports.text import anchor, joined, sentence, shown
from reports.view import Row, row, stands_in

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
)  # fmt: skip
FILTERS = (f".flt:has(#f-{key}:checked)~.doc :is(.c:not(.{key}),.sec:not(.h-{key})){{display:none}}" for key in STATES)
STYLE = (TEMPLATES / "page.css").read_text(encoding="utf-8") + "".join(FILTERS)
LARGE = 400  # claims from which the map is drawn in bulk and evidence is one block of text
MOST_FAILS = 60
MOST_SOURCES = 40
MAP_COLUMNS = 120
MAP_SHAPES = {
    "holds": "h5v5h-5z", "loosely": "h5l-5 5z", "refuted": "h7v7h-7z", "undecided": "h2v5h-2z",
    "unchecked": "h5v1h-5zm0 4h5v1h-5z", "disputed": "m2 0v6l-3-3zm1 0l3 3-3 3z", "uncheckable": "m0 2h5v1h-5z",
    "broken": "m2.5 0l3 6h-6z", "surprise": "m3-2l5 5-5 5-5-5z",
}  # fmt: skip
LANGUAGES = {"ko": "Korean", "en": "English", "fr": "French", "de": "German", "zh": "Chinese", "ja": "Japanese"}


def write(ledger: Ledger, path: str | Path) -> None:
    """Draw the page of a ledger and write it whole or not at all. Raises OSError where it cannot be written."""
    write_text(render(ledger), Path(path))


def render(ledger: Ledger) -> str:
    """Return the page of a ledger that `schema.read` accepts."""
    was_on = gc.isenabled()
    gc.disable()  # it would walk a page's rows again and again, which hold no cycles
    try:
        return ENVIRONMENT.get_template("page.html.j2").render(context(ledger)).lstrip() + "\n"
    finally:
        if was_on:
            gc.enable()


def context(ledger: Ledger) -> dict[str, Any]:
    """Return what the template draws."""
    runs, found = summary.run_names(ledger), counts(ledger.claims)
    addresses = _numbered((anchor(claim.id) for claim in ledger.claims), "~{}")
    rows = [row(claim, runs, address) for claim, address in zip(ledger.claims, addresses, strict=True)]
    by_claim = {id(claim): one for claim, one in zip(ledger.claims, rows, strict=True)}
    big, headline = len(rows) > LARGE, summary.headline(ledger.claims, found)
    documents = [_document(document, sections, by_claim, big) for document, sections in summary.places(ledger)]
    _tell_apart(documents)
    fails = _fails(documents)
    return {
        "title": headline.partition(";")[0].rstrip("."),
        "kicker": " · ".join(["Which claims hold", *(shown(one.title, 120) for one in ledger.documents)]),
        "headline": headline,
        "subline": summary.subline(ledger),
        "banners": summary.banners(ledger, rows),
        "verdicts": [(key, STATES[key], number) for key, number in found.items() if number],
        "documents": documents,
        "big": big,
        "total": len(rows),
        "accounting": summary.accounting(ledger, found),
        "unaccounted": len(ledger.accounting.unaccounted),
        "fails": fails[:MOST_FAILS],
        "all_fails": len(fails),
        "environment": _environment(ledger, runs),
        "css": STYLE,
        "css_hash": base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode(),
    }


def _numbered(names: Iterable[str], form: str) -> list[str]:
    """Number the names that occur several times, from the second on."""
    seen: Counter[str] = Counter()
    told = []
    for name in names:
        seen[name] += 1
        told.append(name if seen[name] == 1 else name + form.format(seen[name]))
    return told


def _document(
    document: Document, sections: list[tuple[Section, list[Claim]]], rows: dict[int, Row], big: bool
) -> dict[str, Any]:
    language = LANGUAGES.get(document.language, shown(document.language, 40))
    about = [sentence(shown(document.read, 200))] if document.read else []
    about += [f"In {language}, told here in other words."] if document.language != "en" else []
    address, kind = link(document.link)
    return {
        "id": f"document:{anchor(document.id)}",
        "name": shown(document.title, 200),
        "link": address if kind else "",
        "about": " ".join(about),
        "sections": [
            _section(document, section, [rows[id(claim)] for claim in claims], big) for section, claims in sections
        ],
    }


def _section(document: Document, section: Section, rows: list[Row], big: bool) -> dict[str, Any]:
    states = [one.state for one in rows]
    return {
        "anchor": f"section:{anchor(document.id)}:{anchor(section.id)}",
        "label": f"§{shown(section.id, 8)}" if section.id.isdecimal() else "",
        "title": shown(section.title, 200),
        "states": sorted(set(states)),
        "tally": summary.tally(Counter(states)) if rows else "",
        "charts": charts(section.charts),
        "claims": rows,
        "tiny": _tiny(states) if big else None,
    }


def _tiny(states: list[str]) -> dict[str, Any]:
    """Draw a section's claims as one path a verdict: ten thousand marks cost bytes, not elements."""
    paths: dict[str, list[str]] = {}
    for place, state in enumerate(states):
        x, y = place % MAP_COLUMNS * 8, place // MAP_COLUMNS * 9 + 2
        paths.setdefault(state, []).append(f"M{x} {y}{MAP_SHAPES[state]}")
    height = (max(len(states), 1) - 1) // MAP_COLUMNS * 9 + 10
    return {"width": MAP_COLUMNS * 8, "height": height, "paths": {key: "".join(drawn) for key, drawn in paths.items()}}


def _tell_apart(documents: list[dict[str, Any]]) -> None:
    """Number the captions that occur several times: a screen reader lists tables by their names."""
    figures = [figure for document in documents for section in document["sections"] for _, figure in section["charts"]]
    tables = [figure["table"] for figure in figures if "table" in figure]
    for table, caption in zip(tables, _numbered((table["caption"] for table in tables), " ({})"), strict=True):
        table["caption"] = caption


def _fails(documents: list[dict[str, Any]]) -> list[tuple[Row, str, list[str]]]:
    """Return what does not hold, surprises first, each with its place and what was measured where it fails."""
    fails = [
        (one, " · ".join(filter(None, (section["label"], one.short, "stand-in" * one.stand_in))), _measured(one))
        for document in documents for section in document["sections"] for one in section["claims"]
        if one.state in ("surprise", "refuted")
    ]  # fmt: skip
    return sorted(fails, key=lambda fail: STATES[fail[0].state].rank)


def _measured(one: Row) -> list[str]:
    failing = next((line for line in one.lines if line.outcome == "refuted"), one.lines[0] if one.lines else None)
    told = [each for each in failing.readings if each.number] if failing else []
    return [str(each._replace(interval="")) for each in told[:3]]


def _environment(ledger: Ledger, runs: dict[str, str]) -> list[tuple[str, str]]:
    command = " ".join(["pytest", *(shown(argument, 200) for argument in ledger.run.arguments)])
    told = [("runs", joined(list(runs.values()))) if runs else ("run", shown(command, 600))]
    told += [(shown(key, 60), shown(value, 300)) for key, value in sorted(ledger.run.environment.items())]
    checked = [case for case in ledger.cases if case.source and case.verdict != "unchecked"]
    sources = sorted({f"{shown(case.source, 120)}{' (stand-in)' * stands_in(case)}" for case in checked})
    told += [("evidence", " · ".join(sources[:MOST_SOURCES]))] if sources else []
    told += [("warning", text) for text in summary.warnings(ledger)]
    return [*told, ("started", shown(ledger.run.started, 40)), ("took", numbers.duration(ledger.run.seconds))]
