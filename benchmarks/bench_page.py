"""What the page and the site cost, in bytes and seconds: `python -m benchmarks.bench_page [LEDGER] [--claims 10000]`.

First paint and load need Playwright and a Chromium. The CPU seconds tell more than the others on a busy machine.
"""

from __future__ import annotations

import argparse
import shutil
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from statistics import median

from claim_suite.reports import page, site
from claim_suite.reports.schema import read
from tests.reports import samples

LOADED = """() => {
  const load = performance.getEntriesByType('navigation')[0].loadEventEnd
  const paint = performance.getEntriesByName('first-contentful-paint')[0]
  return [paint ? paint.startTime : NaN, load]
}"""


def main() -> None:
    """Print bytes and seconds for an ordinary run and for a large one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ledger", nargs="?", type=Path, help="an ordinary run's ledger (default: the tests' sample)")
    parser.add_argument("--claims", type=int, default=10_000, help="claims of the large run (default: %(default)s)")
    options = parser.parse_args()
    ordinary = read(options.ledger) if options.ledger else samples.ledger()
    first, _ = seconds(partial(page.render, ordinary), 1)
    print(f"first draw, with the import of the template engine: {first:.3f} s")
    for name, ledger in (("ordinary", ordinary), ("large", samples.large(options.claims))):
        drawn, busy = seconds(partial(page.render, ledger), 5)
        html = page.render(ledger)
        print(f"{name}: {len(ledger.claims):,} claims, {len(html.encode()):,} bytes")
        print(f"  drawn in {drawn:.3f} s, of which {busy:.3f} s on the CPU")
        load(html)
    several = samples.wide(options.claims // 17, 12, options.claims // 16)
    links = site.Links("https://example.org/suite", "0123abc", "https://example.org")
    drawn, busy = seconds(lambda: dict(site.files(several, [], links)), 3)
    files = dict(site.files(several, [], links))
    index = len(files["index.html"].encode())
    print(f"site: {len(several.claims):,} claims, {len(files)} files, index {index:,} bytes")
    print(f"  drawn in {drawn:.3f} s, of which {busy:.3f} s on the CPU")


def seconds(work: Callable[[], object], times: int) -> tuple[float, float]:
    """Return the median wall time and the median CPU time of some calls, in seconds."""
    wall, busy = [], []
    for _ in range(times):
        began, idle = time.perf_counter(), time.process_time()
        work()
        wall.append(time.perf_counter() - began)
        busy.append(time.process_time() - idle)
    return median(wall), median(busy)


def load(html: str) -> None:
    """Print when Chromium first paints a page and when it has loaded it: the median of five fresh tabs."""
    from playwright.sync_api import sync_playwright

    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        place = Path(folder) / "page.html"
        place.write_text(html, encoding="utf-8")
        browser = driver.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        figures = []
        for _ in range(5):
            tab = browser.new_page(viewport={"width": 1280, "height": 900})
            tab.goto(place.as_uri())
            tab.wait_for_timeout(100)
            figures.append(tab.evaluate(LOADED))
            tab.close()
        browser.close()
    paints, loads = zip(*figures, strict=True)
    print(f"  first paint {median(paints) / 1000:.2f} s, loaded {median(loads) / 1000:.2f} s")


if __name__ == "__main__":
    main()
