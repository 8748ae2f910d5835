"""Write the site of the docs: `python docs/build.py DIR`. Its guide is the clone's Markdown, its API is docstrings."""

from __future__ import annotations

import argparse
import importlib
import inspect
import os
import re
import warnings
from pathlib import Path

import pdoc
from markdown_it import MarkdownIt
from markdown_it.token import Token

from claim_suite.reports import page, site

ROOT = Path(__file__).parents[1]
Places = tuple[tuple[str, str], ...]  # what the navigation calls a page, and where that is from the top
API = "api/index.html"
# Pages of the guide: where their text is, where they stand, and what the navigation calls them.
GUIDE = {
    "README.md": ("index.html", "Overview"),
    "docs/check_a_card.md": ("check_a_card.html", "Check a card"),
    "docs/write_a_document.md": ("write_a_document.html", "Write a document"),
    "AUTHORING.md": ("authoring.html", "Reference"),
    "docs/operators.md": ("operators.html", "Real weights"),
    "CONTRIBUTING.md": ("contributing.html", "Contributing"),
}
PLACES = (*((title, file) for file, title in GUIDE.values()), ("API", API))
# What the API is of, by who imports it.
MODULES = {
    "To write claims": (
        "fixtures.claim.table", "fixtures.claim.numbers", "fixtures.claim.verdict", "fixtures.facts",
        "fixtures.origins",
    ),
    "To count models": (
        "fixtures.models.published", "fixtures.models.parameters", "fixtures.models.counted", "fixtures.models.formula",
        "fixtures.models.shape", "fixtures.models.conventions", "fixtures.models.fields", "fixtures.models.config",
        "fixtures.models.counts", "fixtures.models.accelerators", "fixtures.models.training",
        "fixtures.models.collector",
    ),
    "To check cards": ("fixtures.cards.card", "fixtures.cards.quantities", "fixtures.cards.findings"),
    "To measure routing": (
        "fixtures.routing.sources", "fixtures.routing.evidence", "fixtures.routing.shares",
        "fixtures.routing.distances", "fixtures.routing.intervals", "fixtures.routing.capacity",
        "fixtures.routing.agreement", "fixtures.gate.router", "fixtures.gate.cases", "fixtures.gate.strategy",
        "fixtures.gate.implementations", "fixtures.gate.rounding", "fixtures.recording.timing",
    ),
    "To read ledgers": ("reports.schema", "reports.merge", "reports.history", "reports.site"),
}  # fmt: skip
NAMES = [f"claim_suite.{name}" for names in MODULES.values() for name in names]


def main(arguments: list[str] | None = None) -> int:
    """Write the site; return 0. Raises OSError where it cannot be written."""
    parser = argparse.ArgumentParser(prog="python docs/build.py", description=__doc__)
    parser.add_argument("folder", type=Path, metavar="DIR")
    parser.add_argument(
        "--claims", default="", metavar="ADDRESS", help="of the site of claims, from DIR (default: none)"
    )
    parser.add_argument(
        "--repository", default="", metavar="URL", help="where links to its files lead (default: nowhere)"
    )
    options = parser.parse_args(arguments)
    places = (*PLACES, ("Claims", options.claims)) if options.claims else PLACES
    write_api(options.folder, places)
    for name in GUIDE:
        write_page(name, options.folder, places, options.repository.rstrip("/"))
    (options.folder / "site.css").write_text(site.STYLE, encoding="utf-8")
    print(f"docs: {options.folder / 'index.html'}")
    return 0


def write_api(folder: Path, places: Places) -> None:
    """Write a page a module, and a list of them by who needs them."""
    # Its search would take 3 MB: an index for every browser, of all that is shown.
    pdoc.render.configure(search=False, show_source=False, template_directory=ROOT / "docs" / "templates")
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Error parsing type annotation")  # of a tuple's fields: shown as written
        pdoc.pdoc(*NAMES, output_directory=folder / "api")
    modules = {
        title: [(name, f"claim_suite/{name.replace('.', '/')}.html", summary(f"claim_suite.{name}")) for name in names]
        for title, names in MODULES.items()
    }
    told = page.draw(
        "api.html.j2",
        site=site.Here("../", API, places, feed=False),
        title="API: what documents and catalogues import",
        modules=modules,
    )
    (folder / API).write_text(told, encoding="utf-8")


def summary(name: str) -> str:
    """Return the first paragraph of a module's docstring."""
    return " ".join((inspect.getdoc(importlib.import_module(name)) or "").partition("\n\n")[0].replace("`", "").split())


def write_page(name: str, folder: Path, places: Places, repository: str) -> None:
    """Write a page of the guide. Links to pages lead there, others to the repository, and pictures come with it."""
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse((ROOT / name).read_text(encoding="utf-8"))
    title = name
    for token, after in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and after:
            token.attrs["id"] = slug(after.content)
            title = after.content if token.tag == "h1" else title
        _lead(token.children or [], name, folder, repository)
    text = markdown.renderer.render(tokens, markdown.options, {})
    file = GUIDE[name][0]
    drawn = page.draw(
        "guide.html.j2", site=site.Here("", file, places, feed=False), title=title, text=text, pictures=True
    )
    (folder / file).write_text(drawn, encoding="utf-8")


def slug(heading: str) -> str:
    """Return the anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")


def _lead(tokens: list[Token], name: str, folder: Path, repository: str) -> None:
    for token in tokens:
        key = {"link_open": "href", "image": "src"}.get(token.type, "")
        address, _, anchor = str(token.attrs.get(key, "")).partition("#")
        if not address or ":" in address:
            continue
        path = os.path.normpath(Path(name).parent / address)
        if token.type == "image":
            token.attrs[key] = Path(path).name
            (folder / Path(path).name).write_bytes((ROOT / path).read_bytes())
        elif path in GUIDE:
            token.attrs[key] = GUIDE[path][0] + (f"#{anchor}" if anchor else "")
        elif repository:
            token.attrs[key] = f"{repository}/blob/HEAD/{path}"
        else:
            del token.attrs[key]


if __name__ == "__main__":
    raise SystemExit(main())
