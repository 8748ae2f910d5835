"""One self-contained page drawn from a ledger: no script, nothing loaded, the same bytes every time."""

from __future__ import annotations

import base64
import gc
import hashlib
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from claim_suite.reports import numbers, summary
from claim_suite.reports.charts import charts
from claim_suite.reports.details import as_text, link
from claim_suite.reports.files import write_text
from claim_suite.reports.schema import STATES, Claim, Document, Ledger, Section, counts, grouped
from claim_suite.reports.tables import blocks
from claim_suite.reports.text import anchor, counted, joined, sentence, shown
from claim_suite.reports.view import Row

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT = Environment(
    loader=FileSystemLoader(TEMPLATES), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
    lstrip_blocks=True, auto_reload=False,
)  # fmt: skip
ENVIRONMENT.filters |= {"shown": shown, "sentence": sentence, "as_text": as_text}
ENVIRONMENT.globals["link"] = link
FILTERS = (
    f".flt:has(#f-{key}:checked)~.doc :is(.c:not(.{key}),.sec:not(.h-{key}),.tb:not(.h-{key})){{display:none}}"
    for key in STATES
)
STYLE = (TEMPLATES / "page.css").read_text(encoding="utf-8") + "".join(FILTERS)
LARGE = 5_000  # claims from which the map is drawn in bulk and evidence is one block of text
LONG = 400  # claims from which a browser lays out a section when it is scrolled to
MOST_FAILS, FIRST_FAILS = 60, 6  # of what does not hold: told of each document, and at once
MOST_SECTIONS = 20  # in the map; of more, each document's are closed
MOST_MARKS = 40  # of a section in the map; of more, those that hold are one
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
    with uncollected():
        return draw("page.html.j2", **context(ledger, rows(ledger)))


@contextmanager
def uncollected() -> Iterator[None]:
    """Leave the garbage collector off: it would walk a page's rows again and again, which hold no cycles."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def draw(template: str, **told: Any) -> str:
    """Return what a template makes of what it is told; a page of a site is told its `site`."""
    return ENVIRONMENT.get_template(template).render({"site": None, **told}).lstrip() + "\n"


def rows(ledger: Ledger) -> list[Row]:
    """Return every claim as it is shown, each with an address of its own."""
    runs = summary.run_names(ledger)
    addresses = _numbered((anchor(claim.id) for claim in ledger.claims), "~{}")
    links = {one.id: one.link for one in ledger.documents}
    return [
        Row(claim, runs, address, links.get(claim.document, ""))
        for claim, address in zip(ledger.claims, addresses, strict=True)
    ]


def beside(rows: list[Row]) -> dict[str, Any]:
    """Return what rows need to know of each other: where a claim stands, and which claims correct it."""
    claims = [one.claim for one in rows if one.claim.corrects]
    return {
        # of several claims of one id, the first
        "addresses": {one.claim.id: one.permalink or f"#{one.address}" for one in reversed(rows)},
        "corrections": grouped(claims, lambda claim: claim.corrects),
    }


def context(ledger: Ledger, rows: list[Row]) -> dict[str, Any]:
    """Return what the template draws of a ledger, whose claims are shown as `rows`."""
    runs, places = summary.run_names(ledger), summary.places(ledger)
    by_claim = {id(one.claim): one for one in rows}
    found = counts(one.state for one in rows)
    headline = summary.headline(ledger.claims, found)
    documents = [_document(document, sections, by_claim) for document, sections in places]
    _tell_apart(documents)
    titles = [shown(one.title, 120) for one in ledger.documents]
    of = titles if len(titles) <= summary.MOST_NAMED else [f"{len(titles)} documents"]
    return {
        "title": headline.partition(";")[0].rstrip("."),
        "kicker": " · ".join(["Which claims hold", *of]),
        "headline": headline,
        "subline": summary.subline(places),
        "banners": list(summary.banners(ledger, rows)),
        "verdicts": [(key, STATES[key], number) for key, number in found.items() if number],
        "documents": documents,
        **beside(rows),
        "big": len(rows) > LARGE,
        "marks_of": _tiny,
        "long": len(rows) > LONG,
        "folded": sum(len(one["sections"]) for one in documents) > MOST_SECTIONS and len(documents) > 1,
        "total": len(rows),
        "accounting": summary.accounting(ledger, found),
        "withdrawn": summary.withdrawn(ledger.documents, ledger.claims),
        "unaccounted": len(ledger.accounting.unaccounted),
        "fails": _fails(documents),
        "environment": _environment(ledger, runs),
        "css": STYLE,
        "css_hash": base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode(),
    }


def _numbered(names: Iterable[str], form: str) -> list[str]:
    """Number the names that occur several times, from the second on."""
    seen: dict[str, int] = {}
    told = []
    for name in names:
        seen[name] = number = seen.get(name, 0) + 1
        told.append(name if number == 1 else name + form.format(number))
    return told


def _document(document: Document, sections: list[tuple[Section, list[Claim]]], rows: dict[int, Row]) -> dict[str, Any]:
    language = LANGUAGES.get(document.language, shown(document.language, 40))
    about = [sentence(shown(document.read, 200))] if document.read else []
    about += [f"In {language}, told here in other words."] if document.language != "en" else []
    address, kind = link(document.link)
    states = [rows[id(claim)].state for _, claims in sections for claim in claims]
    return {
        "id": f"document:{anchor(document.id)}",
        "name": shown(document.title, 200),
        "link": address if kind else "",
        "about": " ".join(about),
        "errata": [
            {
                "claim": f"{document.id}/{one.claim}",
                "was": _word(one.was),
                "is": _word(one.is_),
                "why": sentence(shown(one.why, 600)),
                "since": shown(one.since, 40),
                "found_by": shown(one.found_by, 120),
            }
            for one in document.errata
        ],
        "tally": summary.tally(Counter(states)),
        "states": states,
        "sections": [
            _section(document, section, [rows[id(claim)] for claim in claims]) for section, claims in sections
        ],
    }


def _word(verdict: str) -> str:
    return STATES[verdict].one if verdict in STATES else shown(verdict, 40)


def _section(document: Document, section: Section, rows: list[Row]) -> dict[str, Any]:
    states = [one.state for one in rows]
    place = f"section:{anchor(document.id)}:{anchor(section.id)}"
    marked = rows if len(rows) <= MOST_MARKS else [one for one in rows if one.state != "holds"]
    return {
        "anchor": place,
        "label": f"§{shown(section.id, 8)}" if section.id.isdecimal() else "",
        "title": shown(section.title, 200),
        "states": states,
        "tally": summary.tally(Counter(states)) if rows else "",
        "charts": charts(section.charts),
        "claims": rows,
        "blocks": blocks(rows, place),
        "marked": marked,
        "unmarked": len(rows) - len(marked),
    }


def _tiny(states: list[str]) -> tuple[int, int, dict[str, str]]:
    """Draw claims as one path a verdict: ten thousand marks cost bytes, not elements."""
    paths: dict[str, list[str]] = {}
    for place, state in enumerate(states):
        x, y = place % MAP_COLUMNS * 8, place // MAP_COLUMNS * 9 + 2
        paths.setdefault(state, []).append(f"M{x} {y}{MAP_SHAPES[state]}")
    height = (max(len(states), 1) - 1) // MAP_COLUMNS * 9 + 10
    return MAP_COLUMNS * 8, height, {key: "".join(drawn) for key, drawn in paths.items()}


def _tell_apart(documents: list[dict[str, Any]]) -> None:
    """Number the captions that occur several times: a screen reader lists tables by their names."""
    figures = [figure for document in documents for section in document["sections"] for _, figure in section["charts"]]
    tables = [figure["table"] for figure in figures if "table" in figure]
    for table, caption in zip(tables, _numbered((table["caption"] for table in tables), " ({})"), strict=True):
        table["caption"] = caption


def _fails(documents: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return what does not hold, by document, surprises first: those told at once, further ones, and how many more."""
    found = []
    for document in documents:
        fails = [
            (one, " · ".join(filter(None, (section["label"], one.short, "stand-in" * one.stand_in))))
            for section in document["sections"] for one in section["claims"] if one.state in ("surprise", "refuted")
        ]  # fmt: skip
        fails.sort(key=lambda fail: STATES[fail[0].state].rank)
        surprises = sum(one.state == "surprise" for one, _ in fails)
        first = len(fails) if len(documents) == 1 else max(FIRST_FAILS, surprises)
        further = counted(len(fails[first:]), "further claim does not hold", "further claims do not hold")
        if fails:
            found.append({
                "name": document["name"], "first": fails[:first][:MOST_FAILS], "further": fails[first:MOST_FAILS],
                "summary": further, "more": max(len(fails) - MOST_FAILS, 0),
            })  # fmt: skip
    return sorted(found, key=lambda one: one["first"][0][0].state != "surprise")


def _environment(ledger: Ledger, runs: dict[str, str]) -> list[tuple[str, str]]:
    command = " ".join(["pytest", *(shown(argument, 200) for argument in ledger.run.arguments)])
    told = [("runs", joined(list(runs.values()))) if runs else ("run", shown(command, 600))]
    told += [(shown(key, 60), shown(value, 300)) for key, value in sorted(ledger.run.environment.items())]
    checked = {(one.source, one.on_stand_in) for one in ledger.cases if one.source and one.verdict != "unchecked"}
    sources = sorted({f"{shown(source, 120)}{' (stand-in)' * stand_in}" for source, stand_in in checked})
    told += [("evidence", " · ".join(sources[:MOST_SOURCES]))] if sources else []
    told += [("warning", text) for text in summary.warnings(ledger)]
    return [*told, ("started", shown(ledger.run.started, 40)), ("took", numbers.duration(ledger.run.seconds))]
