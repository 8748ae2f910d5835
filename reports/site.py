"""A static site from a ledger: an index, a page a document, family and model, search, comparison, a feed, badges."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import NAMESPACE_URL, uuid5

import msgspec
from msgspec.structs import replace

from claim_suite.reports import github, history, page, summary
from claim_suite.reports.details import link
from claim_suite.reports.lists import compared, far, off, search
from claim_suite.reports.schema import STATES, Accounting, Case, Claim, Document, Ledger, clean, counts, dump, grouped
from claim_suite.reports.text import shown
from claim_suite.reports.view import Row

CARDS = "model_cards"  # the document whose tables are families of models
PLACES = (
    ("Documents", "index.html"), ("Models", "models.html"), ("Search", "search.html"), ("Compare", "compare.html"),
    ("What changed", "changes.html"),
)  # fmt: skip
STYLE = page.STYLE + (page.TEMPLATES / "site.css").read_text(encoding="utf-8")
SCRIPT = (page.TEMPLATES / "search.js").read_text(encoding="utf-8")
MOST_CHANGES = 8  # told on the index
LONGEST_NAME = 80  # of a file
NO_TIME = "1970-01-01T00:00:00+00:00"  # of a run whose time cannot be read
_UNSAFE = re.compile(rb"[^A-Za-z0-9_.~-]")
_ESCAPES = {bytes([code]): b"%%%02X" % code for code in range(256)}
_ODD = re.compile(r"[^a-z0-9._-]+")


class Links(NamedTuple):
    """Addresses outside the site: of the repository, its commit that was run, where the site will stand, the docs."""

    repository: str = ""
    commit: str = ""
    address: str = ""
    docs: str = ""

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """What stands in the navigation."""
        return (*PLACES, ("Docs", self.docs)) if self.docs else PLACES

    def source(self, row: Row) -> tuple[str, str]:
        """Return the place of a claim's test: as text, and its address where it has one."""
        case = next(iter(row.claim.cases), Case(id="", test="", tier="cheap"))
        path = case.test.partition("::")[0]
        line = f"#L{case.line}" if case.line else ""
        return (
            f"{shown(path.rpartition('/')[2], 80)}{f', line {case.line}' if case.line else ''}",
            f"{self.repository}/blob/{_path(self.commit)}/{_path(path)}{line}"
            if self.repository and self.commit
            else "",
        )

    def dispute(self, row: Row) -> str:
        """Return the address of a new issue that disputes a claim's verdict, filled in as far as a ledger can."""
        asked = {
            "template": "dispute.yml", "title": f"Dispute: {row.claim.id[:120]}", "claim": row.claim.id[:200],
            "verdict": row.word, "printed": row.printed, "measured": "; ".join(row.failing),
            "link": f"{self.address}/{row.permalink.removeprefix('../')}" if self.address else "",
        }  # fmt: skip
        query = "&".join(f"{key}={_quoted(text)}" for key, text in asked.items() if text)
        return f"{self.repository}/issues/new?{query}"


class Here(NamedTuple):
    """Which page of a site is drawn: the way back to its top, its address, and whether the site has a feed."""

    root: str
    here: str
    places: tuple[tuple[str, str], ...] = PLACES
    feed: bool = True


class Part(NamedTuple):
    """A page of some claims: where it stands, what it is called, and what it is about."""

    file: str
    title: str
    ledger: Ledger

    @property
    def tally(self) -> dict[str, int]:
        """How many of its claims came out how."""
        return {state: number for state, number in counts(one.state for one in self.ledger.claims).items() if number}


def write(ledger: Ledger, folder: Path, previous: list[Ledger], links: Links, counted: str = "") -> int:
    """Write the site into a folder; return how many files it has. `counted` is a counts.json, as text.

    Raises OSError where it cannot be written.
    """
    told = dict(files(ledger, previous, links)) | ({"counts.json": counted} if counted else {})
    for place in {(folder / name).parent for name in told}:
        place.mkdir(parents=True, exist_ok=True)
    for name, text in told.items():
        (folder / name).write_text(text, encoding="utf-8")
    return len(told)


def files(ledger: Ledger, previous: list[Ledger], links: Links) -> Iterator[tuple[str, str]]:
    """Yield the name and the text of every file of the site. The same ledgers give the same texts."""
    with page.uncollected():
        rows = page.rows(ledger)
        documents, models, families = _documents(ledger), _models(ledger), _families(ledger)
        _follow(rows, {part.ledger.documents[0].id: part.file for part in documents}, links)
        by_claim, among = {id(one.claim): one for one in rows}, page.beside(rows)
        for part in (*documents, *models, *families):
            own = [by_claim[id(claim)] for claim in part.ledger.claims]
            told = page.context(part.ledger, own) | among | {"kicker": part.title, "title": part.title}
            yield part.file, page.draw("page.html.j2", site=Here("../", part.file, links.places), **told)
        changed = history.steps([*previous, ledger])[::-1]
        places = {one.claim.id: one.permalink.removeprefix("../") for one in reversed(rows)}
        told = {"places": places, "words": STATES, "changed": changed, "runs": [*previous, ledger]}
        found = counts(one.state for one in rows)
        whole = {
            "withdrawn": summary.withdrawn(ledger.documents, ledger.claims),
            "headline": summary.headline(ledger.claims, found), "accounting": summary.accounting(ledger, found),
            "verdicts": [(state, STATES[state], number) for state, number in found.items() if number],
            "banners": [one.title for one in summary.banners(ledger, rows) if one.kind != "merged"],
        }  # fmt: skip
        index = [(part, part.ledger.documents[0], _worst(part, by_claim)) for part in documents]
        yield "index.html", _draw("index", links, documents=index, most=MOST_CHANGES, **whole, **told)
        yield "models.html", _draw("models", links, families=families, models=models, words=STATES)
        yield "compare.html", _draw("compare", links, quantities=compared(rows, ledger), **told)
        yield "changes.html", _draw("changes", links, documents=index, **told)
        listed = search(rows, ledger)
        yield "search.html", _draw("search", links, script="search.js", found=listed, words=STATES, models=models)
        yield "search.json", json.dumps(listed, ensure_ascii=False, separators=(",", ":"))
        yield "search.js", SCRIPT
        yield "site.css", STYLE
        yield "feed.xml", page.draw("feed.xml.j2", updated=_time(ledger.run.started), address=links.address, time=_time,
                                    identity=_identity, **told)  # fmt: skip
        yield "claims.json", _ledger(ledger)
        for part in documents:
            yield f"badges/{Path(part.file).stem}.json", json.dumps(github.badge(part.ledger), sort_keys=True) + "\n"


def _draw(name: str, links: Links, **told: Any) -> str:
    titles = {address: text for text, address in PLACES}
    address = f"{name}.html"
    here = Here("", address, links.places)
    return page.draw(f"{name}.html.j2", site=here, title=f"{titles[address]}: which claims hold", **told)


def _documents(ledger: Ledger) -> list[Part]:
    whole = [
        (document, [claim for _, claims in sections for claim in claims])
        for document, sections in summary.places(ledger)
    ]  # fmt: skip
    names = _names([document.id for document, _ in whole])
    return [
        Part(f"documents/{name}.html", shown(document.title, 200), _part(ledger, claims, [document]))
        for name, (document, claims) in zip(names, whole, strict=True)
    ]


def _models(ledger: Ledger) -> list[Part]:
    found = _by(ledger, lambda claim: claim.model)
    return [_about(ledger, "models", name, file, found[name]) for name, file in _filed(sorted(found))]


def _families(ledger: Ledger) -> list[Part]:
    found = _by(ledger, lambda claim: claim.table if claim.document == CARDS else "")
    return [_about(ledger, "families", name, file, found[name]) for name, file in _filed(sorted(found))]


def _by(ledger: Ledger, key: Callable[[Claim], str]) -> dict[str, list[Claim]]:
    found = grouped(ledger.claims, key)
    found.pop("", None)
    return found


def _filed(names: list[str]) -> Iterator[tuple[str, str]]:
    return zip(names, _names(names), strict=True)


def _about(ledger: Ledger, folder: str, name: str, file: str, claims: list[Claim]) -> Part:
    """Return a page of claims out of several documents; of these it has no pictures, which are about all of one."""
    of = {claim.document for claim in claims}
    documents = [
        replace(one, sections=[replace(section, charts=[]) for section in one.sections], errata=[])
        for one in ledger.documents if one.id in of
    ]  # fmt: skip
    return Part(f"{folder}/{file}.html", shown(name, 120), _part(ledger, claims, documents))


def _part(ledger: Ledger, claims: list[Claim], documents: list[Document]) -> Ledger:
    ids = {claim.id for claim in claims}
    lost = [one for one in ledger.accounting.unaccounted if one.partition(" ")[0] in ids]
    reached = sum(case.verdict != "unchecked" for claim in claims for case in claim.cases)
    return replace(
        ledger, claims=claims, documents=documents,
        accounting=Accounting(collected=reached + len(lost), reported=reached, unaccounted=lost),
        warnings=[one for one in ledger.warnings if one.get("claim") in ids],
    )  # fmt: skip


def _names(ids: list[str]) -> list[str]:
    """Return a file's name for every id: the id where it is plain, else made so; no two are alike on any machine."""
    taken: set[str] = set()
    names = []
    for one in ids:
        name = _ODD.sub("-", one.lower()).strip(".-")[:LONGEST_NAME]
        if not name or name in taken:
            name = f"{name}-{sha256(one.encode('utf-8', 'surrogatepass')).hexdigest()[:12]}".strip("-")
        taken.add(name)
        names.append(name)
    return names


def _follow(rows: list[Row], files: dict[str, str], links: Links) -> None:
    """Give every row its place on the site, its links, and draw it: it stands on up to three pages."""
    for one in rows:
        one.permalink = f"../{files[one.claim.document]}#{one.address}"
        where, address = links.source(one)
        place, kind = link(one.claim.link or one.link)
        one.follow = [("where the text says it", place)] if kind else []
        one.follow += [(f"what checked it: {where}", address)] if address else []
        one.follow += [("dispute this verdict", links.dispute(one))] if links.repository else []
    module: Any = page.ENVIRONMENT.get_template("row.html.j2").make_module(page.beside(rows))
    for one in rows:
        one.drawn = module.article(one, len(rows) > page.LARGE)


def _worst(part: Part, rows: dict[int, Row]) -> dict[str, str] | None:
    """Return the claim of a document that does not hold and is the farthest off, or one without a number."""
    refuted = [claim for claim in part.ledger.claims if claim.state == "refuted"]
    if not refuted:
        return None
    claim = max(refuted, key=far)
    row = rows[id(claim)]
    return {
        "says": row.says, "model": shown(claim.model, 120), "place": row.permalink.removeprefix("../"),
        "printed": row.printed, "measured": ", ".join(row.failing), "off": off(claim),
    }  # fmt: skip


def _ledger(ledger: Ledger) -> str:
    try:
        return msgspec.json.encode(ledger).decode()
    except UnicodeError:  # a text that UTF-8 cannot hold is written out by the slower way
        return dump(ledger)


@cache
def _path(text: str) -> str:
    return quote(clean(text))


def _quoted(text: str) -> str:
    """Return a text as a value of a query; `quote_plus` goes through every sign of ten thousand claims."""
    return _UNSAFE.sub(lambda sign: _ESCAPES[sign[0]], clean(text).encode()).decode()


def _time(text: str) -> str:
    """Return a run's time as a feed must write it."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return NO_TIME
    return found.isoformat() if found.tzinfo else f"{found.isoformat()}+00:00"


def _identity(step: history.Step) -> str:
    told = f"{step.claim} {step.was} {step.now} {step.since}"
    return uuid5(NAMESPACE_URL, clean(told)).urn
