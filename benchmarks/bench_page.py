"""Claims to draw, and how soon a browser shows them: what `benchmarks.results` runs in processes of their own.

python -m benchmarks.bench_page make FOLDER N    # a ledger of about N claims, a document of N, and N plain tests
python -m benchmarks.bench_page load FILE        # milliseconds to the first paint and until all is there
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median

LOADED = """() => {
  const load = performance.getEntriesByType('navigation')[0].loadEventEnd
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  return [paint ? paint.startTime : NaN, load]
}"""
PLAIN = """import pytest


@pytest.mark.parametrize("at", range({total}))
def test_number(at):
    \"\"\"A number is itself.\"\"\"
    assert at * 2 == at + at
"""
CLAIMED = """import pytest

from claim_suite.fixtures.claim.table import Entry, each


@pytest.mark.cheap
@each("at", [Entry(at, f"number-{{at}}", {{"stated": str(at * 2), "says": f"Twice {{at}}."}}) for at in range({total})])
def test_number(at, stated, measure):
    assert measure(at * 2, "things", also=at + at) == stated
"""
DOCUMENT = 'title = "Many claims"\n\n[[sections]]\nid = "1"\ntitle = "All"\nfile = "test_1.py"\n'


def make(folder: Path, total: int) -> None:
    """Write a ledger of many documents and models, and the two files of tests."""
    from claim_suite.reports.schema import dump
    from tests.reports import samples

    ledger = samples.wide(max(6, total // 17), 12, max(1, total // 16))
    (folder / "ledger.json").write_text(dump(ledger), encoding="utf-8")
    document = folder / "claims" / "many"
    document.mkdir(parents=True)
    (document / "document.toml").write_text(DOCUMENT, encoding="utf-8")
    (document / "test_1.py").write_text(CLAIMED.format(total=total), encoding="utf-8")
    (folder / "test_plain.py").write_text(PLAIN.format(total=total), encoding="utf-8")


def load(file: Path) -> tuple[float, float]:
    """Return when Chromium first paints a file and when it has loaded it, in milliseconds: medians of five tabs."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        figures = []
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(file.resolve().as_uri(), timeout=120_000)
            tab.wait_for_timeout(100)
            figures.append(tab.evaluate(LOADED))
            tab.close()
        browser.close()
    paints, loads = zip(*figures, strict=True)
    return median(paints), median(loads)


if __name__ == "__main__":
    what, place, *count = sys.argv[1:]
    if what == "make":
        make(Path(place), int(*count))
    else:
        print(*load(Path(place)))
