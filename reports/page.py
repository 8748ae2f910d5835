"""One self-contained page drawn from a ledger: no script, nothing loaded, the same bytes every time."""

from __future__ import annotations

import base64
import gc
import hashlib
from collections import Counter
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import numbers, opening
from reports.charts import charts
from reports.ledger import write_text
from reports.lines import WORDS
from reports.origins import runs_of
from reports.rows import Record, Row, awaits_gpu, row
from reports.text import anchor, counted, joined, sentence, shown

if TYPE_CHECKING:
    from reports.ledger import Ledger

TEMPLATES = Path(__file__).parent / "templates"
LARGE = 400  # claims from which the map is drawn in bulk and evidence is one block of text
MOST_FAILS = 60
MAP_COLUMNS = 120
MAP_SHAPES = {
    "holds": "h5v5h-5z", "loosely": "h5l-5 5z", "refuted": "h7v7h-7z", "undecided": "h2v5h-2z",
    "unchecked": "h5v1h-5zm0 4h5v1h-5z", "disputed": "m2 0v6l-3-3zm1 0l3 3-3 3z", "uncheckable": "m0 2h5v1h-5z",
    "broken": "m2.5 0l3 6h-6z", "surprise": "m3-2l5 5-5 5-5-5z",
}  # fmt: skip
LANGUAGES = {"ko": "Korean", "en": "English", "fr": "French", "de": "German", "zh": "Chinese", "ja": "Japanese"}


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
    css, documents = _style(), _documents(ledger, rows)
    _tell_apart([figure["table"] for kind, figure in _figures(documents) if kind != "unknown"])
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


def _documents(ledger: Record, rows: list[Row]) -> list[Record]:
    """Group the rows by document and section, in the ledger's order; what belongs to no known one comes last."""
    places: dict[str, dict[str, list[Row]]] = {}
    for claim, line in zip(ledger["claims"], rows, strict=True):
        places.setdefault(claim["document"], {}).setdefault(claim["section"], []).append(line)
    known = [
        (document, {section["id"]: section for section in document["sections"]}) for document in ledger["documents"]
    ]
    titles = {document["id"]: document for document, _ in known}
    order = [document["id"] for document, _ in known] + [name for name in places if name not in titles]
    return [
        _document(
            titles.get(name, {"id": name, "title": name, "sections": []}), places.get(name, {}), len(rows) > LARGE
        )
        for name in order
        if name in places
    ]


def _figures(documents: list[Record]) -> list[tuple[str, Record]]:
    return [figure for document in documents for section in document["sections"] for figure in section["charts"]]


def _tell_apart(tables: list[Record]) -> None:
    """Number the captions that occur several times: a screen reader lists tables by their names."""
    seen: Counter[str] = Counter()
    for table in tables:
        seen[table["caption"]] += 1
        if seen[table["caption"]] > 1:
            table["caption"] += f" ({seen[table['caption']]})"


def _document(document: Record, by_section: dict[str, list[Row]], big: bool) -> Record:
    listed = {section["id"]: section for section in document["sections"]}
    names = [*listed, *(name for name in by_section if name not in listed)]
    language = document.get("language", "en")
    about = [sentence(shown(document["read"], 200))] if isinstance(document.get("read"), str) else []
    about += [f"In {LANGUAGES.get(language, shown(language, 40))}, told here in other words."] * (language != "en")
    return {
        "id": f"document:{anchor(document['id'])}",
        "name": shown(document["title"], 200),
        "about": " ".join(about),
        "sections": [
            _section(document["id"], listed.get(name, {"id": name, "title": name}), by_section.get(name, []), big)
            for name in names if name in by_section or listed[name].get("charts")
        ],
    }  # fmt: skip


def _section(document: str, section: Record, rows: list[Row], big: bool) -> Record:
    label = f"§{shown(section['id'], 8)}" if section["id"].isdecimal() else ""
    states = [line.state for line in rows]
    return {
        "anchor": f"section:{anchor(document)}:{anchor(section['id'])}",
        "label": label,
        "title": shown(section["title"], 200),
        "states": sorted(set(states)),
        "tally": f"{states.count('holds'):,} of {len(states):,} hold{'s' if len(states) == 1 else ''}" if rows else "",
        "charts": charts(section.get("charts")),
        "claims": rows,
        "tiny": _tiny(states) if big else None,
    }


def _tiny(states: list[str]) -> Record:
    """Draw a section's claims as one path a verdict: ten thousand marks cost bytes, not elements."""
    paths: dict[str, list[str]] = {}
    for place, state in enumerate(states):
        x, y = place % MAP_COLUMNS * 8, place // MAP_COLUMNS * 9 + 2
        paths.setdefault(state, []).append(f"M{x} {y}{MAP_SHAPES[state]}")
    height = (max(len(states), 1) - 1) // MAP_COLUMNS * 9 + 10
    return {
        "width": MAP_COLUMNS * 8,
        "height": height,
        "paths": [(state, "".join(drawn)) for state, drawn in paths.items()],
    }


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
