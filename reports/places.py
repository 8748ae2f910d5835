"""The rows in their places: documents in order, their sections, and what the map shows of each."""

from __future__ import annotations

from collections import Counter

from reports.charts import charts
from reports.rows import Record, Row
from reports.text import anchor, sentence, shown

LARGE = 400  # claims from which the map is drawn in bulk and evidence is one block of text
MAP_COLUMNS = 120
MAP_SHAPES = {
    "holds": "h5v5h-5z", "loosely": "h5l-5 5z", "refuted": "h7v7h-7z", "undecided": "h2v5h-2z",
    "unchecked": "h5v1h-5zm0 4h5v1h-5z", "disputed": "m2 0v6l-3-3zm1 0l3 3-3 3z", "uncheckable": "m0 2h5v1h-5z",
    "broken": "m2.5 0l3 6h-6z", "surprise": "m3-2l5 5-5 5-5-5z",
}  # fmt: skip
LANGUAGES = {"ko": "Korean", "en": "English", "fr": "French", "de": "German", "zh": "Chinese", "ja": "Japanese"}


def documents_of(ledger: Record, rows: list[Row]) -> list[Record]:
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


def tell_apart(documents: list[Record]) -> None:
    """Number the captions that occur several times: a screen reader lists tables by their names."""
    seen: Counter[str] = Counter()
    for table in (figure["table"] for kind, figure in _figures(documents) if kind != "unknown"):
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
