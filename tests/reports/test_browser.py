"""The page in a real browser: in both themes, on a desk and on a phone, by keyboard, for a screen reader, in print."""

from collections.abc import Callable, Generator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from claim_suite.reports import page as draw
from tests.reports import samples
from tests.reports.conftest import LEDGERS
from tests.reports.hostile import HOSTILE, everywhere
from tests.sampled import ALL

SIZES = {"desk": (1280, 900), "phone": (375, 800)}
SHOTS = Path(__file__).parents[1] / "out"  # for whoever wants to look, with CLAIMS_TESTS=all
Open = Callable[..., Any]


@pytest.fixture
def opened(browser: Any, drawn: dict[str, str]) -> Generator[Open]:
    """Open a drawn page in a context of its own and collect what it does."""
    contexts = []

    def open_page(name: str, width: int = 1280, height: int = 900, anchor: str = "", **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": height}, **options))
        page = contexts[-1].new_page()
        page.goto(drawn.get(name, name) + anchor)
        return page

    yield open_page
    for context in contexts:
        context.close()


def open_all_details(page: Any) -> None:
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def assert_accessible(page: Any, context: str | None = None, options: Any = None) -> None:
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]  # it has no types

    results = Axe().run(page, context, options)
    assert results.violations_count == 0, results.generate_report()


AROUND = "header, main > section:not(.doc), .flt"  # of a page whose claims are like those of another page


@pytest.mark.parametrize(
    ("name", "size", "theme", "context"),
    [
        ("bad-day", "desk", "light", None),
        ("bad-day", "phone", "dark", None),
        ("wide", "phone", "light", f"{AROUND}, [id='document:card'], figure"),
        ("large", "desk", "light", AROUND),
    ],
)
def test_axe_finds_no_violation(opened: Open, name: str, size: str, theme: str, context: str | None) -> None:
    """In the dark only colours are other ones."""
    page = opened(name, *SIZES[size], color_scheme=theme, bypass_csp=True)
    if ALL:
        page.screenshot(path=SHOTS / f"{name}-{theme}-{size}.png", full_page=True)
    if name != "large":
        open_all_details(page)
    assert_accessible(page, context, {"runOnly": ["color-contrast"]} if theme == "dark" else None)


SQUEEZED = """[...document.querySelectorAll('.c dd, .c h4, .fails dd, .pa span')]
    .filter(one => one.textContent.trim().length > 8 && one.getBoundingClientRect().width
                   && one.getBoundingClientRect().width < 60 && one.getBoundingClientRect().height > 60)
    .map(one => one.textContent)"""
PRINTED = "[...document.querySelectorAll('.c h4, .ct a')].filter(one => one.checkVisibility()).length"


@pytest.mark.parametrize("name", LEDGERS)
def test_at_any_width_nothing_is_cut_off_and_print_has_every_claim(opened: Open, name: str) -> None:
    """In print as a row, or in its cell of a table."""
    page = opened(name)
    page.emulate_media(media="print")
    assert page.evaluate(PRINTED) == len(LEDGERS[name].claims)
    if ALL:
        page.pdf(path=SHOTS / f"{name}.pdf", prefer_css_page_size=True)
    page.emulate_media(media="screen")
    if name == "ordinary":
        for width in (375, 1280):
            page.set_viewport_size({"width": width, "height": 900})
            assert page.evaluate(SQUEEZED) == []
    open_all_details(page)
    for width in (320, 375, 768, 1024, 1280):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_every_claim_can_be_reached_by_tab(opened: Open) -> None:
    page = opened("ordinary")
    missed = {claim.id for claim in samples.ledger().claims}
    for _ in range(200):
        if not missed:
            break
        page.keyboard.press("Tab")
        missed.discard(page.evaluate("document.activeElement.closest('article')?.id"))
    assert not missed


def test_the_link_to_a_claim_shows_on_hover_and_on_focus(opened: Open) -> None:
    page = opened("ordinary")
    link = page.locator("article .pl").first
    seen = []
    for act in (page.mouse.down, page.locator("article").first.hover, lambda: page.mouse.move(0, 0), link.focus):
        act()
        seen.append(link.evaluate("one => getComputedStyle(one).opacity"))
    assert seen == ["0", "1", "0", "1"]


def test_a_cell_leads_to_its_claim_and_the_filter_finds_claims_in_closed_tables(opened: Open) -> None:
    page = opened("wide")
    cell = page.locator(".ct a.refuted").first
    address = cell.get_attribute("href").removeprefix("#")
    claim = page.locator(f"[id='{address}']")
    assert not claim.is_visible()
    cell.click()
    assert claim.is_visible()
    page.goto(page.url.partition("#")[0])
    page.locator("label.refuted").click()
    seen = page.evaluate("[...document.querySelectorAll('.c')].filter(one => one.checkVisibility()).map(one => one.id)")
    assert len(seen) == sum(each.verdict == "refuted" for each in LEDGERS["wide"].claims)
    assert address in seen


def test_screen_readers_hear_what_eyes_see(opened: Open) -> None:
    page = opened("ordinary")
    heard = page.locator("article").nth(2).aria_snapshot()
    for words in ("Loosely", "The experts have 33 times", "literally:", "As printed", "Means", "32.5 to 33.5", "33.6"):
        assert words in heard
    levels = page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4')].map(one => +one.tagName[1])")
    assert levels[0] == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_a_link_leads_to_its_claim_and_the_evidence_opens_by_keyboard(opened: Open) -> None:
    claim = opened("ordinary", anchor="#post/no-topic-pattern").locator(":target")
    assert claim.get_attribute("id") == "post/no-topic-pattern"
    assert 0 <= claim.bounding_box()["y"] < 900
    claim.locator("summary").press("Enter")
    assert "pytest --claim post/no-topic-pattern" in claim.inner_text()


def test_no_text_runs_or_asks_the_network_for_anything(browser: Any, drawn: dict[str, str], tmp_path: Path) -> None:
    names = ("markup", "quotes", "url", "link", "entity")
    for name in names:
        draw.write(everywhere(HOSTILE[name]), tmp_path / f"{name}.html")
    addresses = {drawn["bad-day"], *((tmp_path / f"{name}.html").as_uri() for name in names)}
    asked: list[str] = []
    said: list[str] = []
    page = browser.new_page()
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: said.append(dialog.message))
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    for address in addresses:
        page.goto(address)
        open_all_details(page)
        for link in page.locator("a[href^='#']").all()[:8]:
            link.evaluate("one => one.click()")
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280, address
    page.close()
    assert {url.partition("#")[0] for url in asked} == addresses
    assert said == []


def test_the_style_applies_and_nothing_else_may(browser: Any, drawn: dict[str, str], tmp_path: Path) -> None:
    html = Path(drawn["ordinary"].removeprefix("file://")).read_text(encoding="utf-8")
    evil = "<script>document.title = 'run'</script><style>h1 { display: none }</style>"
    evil += "<b style='color: red' id=b onclick=alert(1)>b</b>"
    (tmp_path / "evil.html").write_text(html.replace("</main>", f"{evil}</main>"), encoding="utf-8")
    page = browser.new_page()
    page.goto((tmp_path / "evil.html").as_uri())
    assert page.evaluate("getComputedStyle(document.body).marginTop") == "0px"
    assert "claims checked hold" in page.title()
    assert page.locator("h1").is_visible()
    assert page.locator("#b").evaluate("one => getComputedStyle(one).color") != "rgb(255, 0, 0)"
    page.close()
