"""A browser for the page's tests: the system's Chromium, or else Playwright's own; nothing is downloaded here."""

import os
import shutil
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

from reports import page
from tests.reports import samples

# Chromium's own services are switched off, so that what is left on the wire would be the page's.
QUIET = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update",
    "--disable-sync", "--no-first-run", "--disable-default-apps",
]  # fmt: skip
SHOTS = Path(__file__).parents[1] / "out"


def _missing(why: str) -> None:
    if os.environ.get("CI"):
        pytest.fail(f"{why}: in CI the page is tested in a browser")
    pytest.skip(f"{why}: playwright install chromium")


@pytest.fixture(scope="session")
def browser() -> Generator[Any]:
    try:
        from playwright.sync_api import Error, sync_playwright
    except ImportError:
        _missing("Playwright is not installed")
    system = next(filter(None, map(shutil.which, ("chromium", "google-chrome", "chromium-browser"))), None)
    with sync_playwright() as driver:
        try:
            launched = driver.chromium.launch(executable_path=system, args=QUIET)
        except Error as error:
            _missing(f"no Chromium to be had ({str(error).splitlines()[0]})")
        yield launched
        launched.close()


@pytest.fixture(scope="session")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """Addresses of drawn pages: an ordinary run, a bad day, a large run."""
    folder = tmp_path_factory.mktemp("pages")
    ledgers = {"ordinary": samples.ledger(), "bad-day": samples.bad_day(), "large": samples.large(450)}
    for name, ledger in ledgers.items():
        page.write(ledger, folder / f"{name}.html")
    return {name: (folder / f"{name}.html").as_uri() for name in ledgers}


@pytest.fixture(scope="session")
def shots() -> Path:
    SHOTS.mkdir(parents=True, exist_ok=True)
    return SHOTS
