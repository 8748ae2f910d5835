"""What reads a page and a summary in tests, and a browser: the system's Chromium, or else Playwright's own."""

import io
import os
import shutil
from collections.abc import Callable, Generator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pytest
from _pytest.terminal import TerminalReporter

from claim_suite.reports import page, terminal
from claim_suite.reports.schema import Ledger
from tests.reports import samples

# Chromium's own services are switched off, so that what is left on the wire would be the page's.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps",
]  # fmt: skip
Tell = Callable[..., str]
VOID = {"meta", "link", "input", "br"}


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{why}: in CI the page is tested in a browser")
    pytest.skip(f"{why}: playwright install --with-deps chromium")


LEDGERS: dict[str, Ledger] = {
    "ordinary": samples.ledger(), "bad-day": samples.bad_day(), "wide": samples.wide(), "large": samples.large(120),
}  # fmt: skip


def draw_all() -> dict[str, str]:
    """Draw each kind of ledger; the large one as if it had thousands of claims, the wide one with its map closed."""
    pages = {name: page.render(LEDGERS[name]) for name in ("ordinary", "bad-day")}
    with patch.multiple(page, MOST_SECTIONS=3, MOST_MARKS=20):
        pages["wide"] = page.render(LEDGERS["wide"])
    with patch.multiple(page, LARGE=100, LONG=100):
        pages["large"] = page.render(LEDGERS["large"])
    return pages


@pytest.fixture(scope="session")
def browser() -> Generator[Any]:
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _missing("Playwright is not installed")
    system = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    try:
        driver = sync_playwright().start()
    except Exception as error:  # of no class of its own, where the machine lacks a library that it needs
        _missing(f"Playwright does not start ({error})")
    try:
        launched = driver.chromium.launch(executable_path=system, args=QUIET)
    except Error as error:
        driver.stop()
        _missing(f"no Chromium to be had ({str(error).splitlines()[0]})")
    yield launched
    launched.close()
    driver.stop()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of drawn pages: an ordinary run, a bad day, many documents with tables, a large run."""
    folder = tmp_path_factory.mktemp("pages")
    for name, html in draw_all().items():
        (folder / f"{name}.html").write_text(html, encoding="utf-8")
    return {name: (folder / f"{name}.html").as_uri() for name in LEDGERS}


@pytest.fixture
def tell(pytestconfig: pytest.Config, monkeypatch: pytest.MonkeyPatch) -> Tell:
    """Print the summary of a ledger and return it."""

    def print_it(drawn: Ledger, verbose: int = 0, **written: Path) -> str:
        file = io.StringIO()
        with monkeypatch.context() as patch:
            patch.setenv("COLUMNS", "120")
            patch.setattr(pytestconfig.option, "verbose", verbose)
            terminal.summarise(drawn, written, TerminalReporter(pytestconfig, file))
        return file.getvalue()

    return print_it


class Outline(HTMLParser):
    """Every start tag with its attributes, and the text in reading order; complains about tags that do not nest."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len({name for name, _ in attrs}) == len(attrs)
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data
