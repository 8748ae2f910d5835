"""The site of the docs is built as it is published: its links lead somewhere, and what is imported is in its API."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from tests.runs import ROOT

pytest.importorskip("pdoc", reason="pdoc is not installed: pip install -e '.[docs]'")
from docs import build

REPOSITORY = "https://repository.invalid/suite"
NOT_FOR_AUTHORS = {
    "fixtures.authoring.commands", "fixtures.claim.documents", "fixtures.cards.plugin", "fixtures.recording.options",
    "reports.page",
}  # fmt: skip


class Page(HTMLParser):
    """The links and the anchors of a page."""

    def __init__(self, file: Path) -> None:
        super().__init__()
        self.links: list[str] = []
        self.anchors = {""}
        self.feed(file.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.links += [value or "" for name, value in attrs if name in ("href", "src") and tag != "use"]
        self.anchors |= {value or "" for name, value in attrs if name == "id"}


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[Path, Page]:
    folder = tmp_path_factory.mktemp("docs").resolve()
    assert build.main([str(folder), "--repository", REPOSITORY]) == 0
    return {file: Page(file) for file in folder.rglob("*.html")}


def test_every_link_leads_to_a_page_an_anchor_or_a_file_of_the_repository(pages: dict[Path, Page]) -> None:
    lost = []
    for file, page in pages.items():
        for address, anchor in map(urldefrag, page.links):
            target = (file.parent / unquote(address)).resolve() if address else file
            if address.startswith(f"{REPOSITORY}/blob/HEAD/"):
                found = (ROOT / address.removeprefix(f"{REPOSITORY}/blob/HEAD/")).exists()
            elif ":" in address:
                found = address.startswith(("https://", "data:"))
            else:
                found = target.is_file() and (target not in pages or unquote(anchor) in pages[target].anchors)
            lost += [] if found else [f"{file.name}: {address}#{anchor}"]
    assert lost == []
    assert sum(len(page.links) for page in pages.values()) > 500


def test_what_documents_import_is_in_the_api_with_its_docstrings(pages: dict[Path, Page]) -> None:
    files = [*(ROOT / "claims").rglob("*.py"), *(ROOT / "docs").glob("*.md"), ROOT / "AUTHORING.md"]
    text = "\n".join(file.read_text(encoding="utf-8") for file in files)
    imported = {
        f"{package}.{one}" if (ROOT / package.replace(".", "/") / f"{one}.py").is_file() else package
        for package, names in re.findall(r"from claim_suite\.([\w.]+) import ([\w, ]+)", text)
        for one in names.split(", ")
    }
    assert {f"claim_suite.{one}" for one in imported - NOT_FOR_AUTHORS} <= {*build.NAMES}
    (counting,) = (file for file in pages if file.name == "parameters.html")
    assert "Parameters that work on one token: all but the idle routed experts." in counting.read_text(encoding="utf-8")


def test_without_a_repository_no_link_leads_out_and_the_claims_are_a_place(tmp_path: Path) -> None:
    build.write_page("README.md", tmp_path, (*build.PLACES, ("Claims", "../index.html")), "")
    links = Page(tmp_path / "index.html").links
    assert {"../index.html", "page.png", "authoring.html#a-printed-number"} <= {*links}
    assert not [one for one in links if "INDEX" in one]
