"""The site: every claim on every page where a reader looks for it, and no text of a claim that does anything."""

import functools
import http.server
import json
import re
import threading
from collections.abc import Generator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit
from xml.etree import ElementTree

import pytest

from claim_suite.reports import __main__ as command
from claim_suite.reports import schema, site
from claim_suite.reports.schema import Change, Ledger
from tests.reports import samples
from tests.reports.conftest import Outline
from tests.reports.hostile import HOSTILE, everywhere, otherwise
from tests.reports.test_browser import assert_accessible, open_all_details
from tests.reports.test_history import later, refute

LINKS = site.Links("https://example.org/owner/suite", "0123abc", "https://owner.example.org/suite")
ATOM = "{http://www.w3.org/2005/Atom}"
IN_FEED = {"feed", "title", "id", "updated", "author", "name", "link", "entry", "summary"}
READ = (".html", ".json", ".xml")  # by a browser, of a site


def whole() -> Ledger:
    """The sample with cards of models and a printed table, a second document on the same count, and a correction."""
    made = samples.wide()
    made.claims += samples.ledger().claims
    made.documents += samples.documents()
    for document in ("post", "other"):
        value = samples.number(46_702_792_704, "parameters")
        case = samples.case("refuted", value, stated=samples.stated("46B"), test="claims/p/test_1.py::test_a", line=7)
        made.claims.append(samples.claim("mixtral", "2", "It has 46B.", case, document=document, model="Mixtral"))
    changed = {"was": "refuted", "is_": "loosely", "why": "cut short", "since": "2026-12-01", "found_by": "a reader"}
    made.documents[-2].errata.append(Change(claim="total-about-46B", **changed))
    return made


FILES = dict(site.files(whole(), [], LINKS))
PAGES = {name: text for name, text in FILES.items() if name.endswith(".html")}


def text(html: str) -> str:
    return " ".join(Outline(html).text.split())


@pytest.mark.parametrize("name", PAGES)
def test_a_page_nests_and_every_link_within_the_site_leads_somewhere(name: str) -> None:
    outline = Outline(PAGES[name])
    assert ("script" in {tag for tag, _ in outline.tags}) == (name == "search.html")
    assert [tag for tag, _ in outline.tags].count("h1") == 1
    for tag, attributes in outline.tags:
        assert not [key for key in attributes if key.startswith("on") or key in ("style", "srcset")], tag
        address = urlsplit(attributes.get("href") or "")
        if address.scheme or not (address.path or address.fragment):
            continue
        path = (Path(name).parent / address.path).as_posix() if address.path else name
        target = FILES[re.sub(r"[^/]+/\.\./", "", path)]
        assert not address.fragment or tag == "use" or f'id="{address.fragment}"' in target, address


def test_every_claim_is_on_the_page_of_its_document_its_model_and_its_family() -> None:
    for claim in whole().claims:
        if claim.document == "model_cards":
            family = f"families/{claim.table.lower().replace(' ', '-')}.html"
            assert claim.says in text(PAGES[family])
        assert f'id="{claim.id}"' in PAGES[f"documents/{claim.document}.html"]
    model = text(PAGES["models/mixtral.html"])
    assert model.count("It has 46B.") >= 2
    assert "Why mixture-of-experts models get attention" in model
    assert "13.02 billion" not in model


def test_a_claim_leads_to_its_place_its_test_and_a_dispute_that_is_filled_in() -> None:
    for page in ("documents/other.html", "models/mixtral.html"):
        html = PAGES[page]
        assert 'href="../documents/other.html#other/mixtral"' in html
        assert 'href="https://example.org/owner/suite/blob/0123abc/claims/p/test_1.py#L7"' in html
        assert "what checked it: test_1.py, line 7" in text(html)
        links = [attributes["href"] for _, attributes in Outline(html).tags if "href" in attributes]
        asked = [parse_qs(urlsplit(link).query) for link in links if link and "/issues/new?" in link]
        assert {
            "template": ["dispute.yml"], "title": ["Dispute: other/mixtral"], "claim": ["other/mixtral"],
            "verdict": ["Does not hold"], "printed": ["46B"], "measured": ["46,702,792,704 parameters"],
            "link": ["https://owner.example.org/suite/documents/other.html#other/mixtral"],
        } in asked  # fmt: skip
    stands = '<a href="https://example.org/post?a=1&amp;b=2" rel="noreferrer">where the text says it</a>'
    assert stands in PAGES["models/mixtral.html"]
    assert "issues/new" not in dict(site.files(whole(), [], site.Links()))["documents/other.html"]


def test_the_index_is_small_and_tells_what_is_farthest_off() -> None:
    told = text(PAGES["index.html"])
    worst = "It has 46B. (Mixtral) Printed 46B, measured 46,702,792,704 parameters (off by \N{MINUS SIGN}1.50 %)."
    assert worst in told
    assert "Nothing in it was refuted." in told
    many = dict(site.files(samples.wide(60, 40, 5), [], LINKS))["index.html"]
    assert len(many.encode()) < 150_000


def test_documents_are_compared_where_they_speak_of_one_number_of_one_model() -> None:
    told = text(PAGES["compare.html"])
    assert "2 numbers of which" in told
    assert told.count("Does not hold\N{MINUS SIGN}1.50 %") == 2


def test_what_changed_is_on_a_page_and_in_a_feed_whose_identities_stay() -> None:
    files = dict(site.files(later(refute, torch="2.14.0"), [samples.ledger()], LINKS))
    assert "holds → does not hold, measured 13,015,864,320 parameters → 12,852,024,320" in text(files["changes.html"])
    assert "1 verdict since the run of 2026-11-24" in text(files["index.html"])
    (entry,) = ElementTree.fromstring(files["feed.xml"]).iter(f"{ATOM}entry")
    assert "post/llama-total: holds → does not hold" in str(entry.findtext(f"{ATOM}title"))
    assert entry.findtext(f"{ATOM}updated") == "2026-12-01T06:00:00+00:00"
    again = dict(site.files(later(refute, torch="2.14.0"), [samples.ledger()], LINKS))
    assert again == files
    assert "cut short" in text(PAGES["changes.html"]).lower()
    assert "Verdicts that changed (1)" in text(PAGES["documents/post.html"])


def test_names_of_files_are_plain_and_no_two_alike() -> None:
    names = site._names(["a", "A", "../x", "x", "", "\ud800", "é/ü", "con.", "a" * 300])
    assert len(set(names)) == len(names)
    assert all(re.fullmatch(r"[a-z0-9_][a-z0-9._-]{0,100}", name) for name in names)


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_only_text(kind: str) -> None:
    hostile = everywhere(HOSTILE[kind])
    files = dict(site.files(hostile, [otherwise(hostile)], LINKS))
    assert all(re.fullmatch(r"([a-z]+/)?[a-z0-9._-]+", name) for name in files)
    for name, html in files.items():
        html.encode()
        if name.endswith(".html"):
            tags = Outline(html).tags
            assert [tag for tag, _ in tags].count("script") == (name == "search.html")
            for _, attributes in tags:
                assert not [key for key in attributes if key.startswith("on")]
                assert not (attributes.get("href") or "").strip().lower().startswith(("javascript", "data"))
    feed = ElementTree.fromstring(files["feed.xml"])
    assert len([*feed.iter(f"{ATOM}entry")]) == 3
    assert {one.tag.removeprefix(ATOM) for one in feed.iter()} <= IN_FEED
    assert json.loads(files["search.json"])["claims"]
    assert len(json.loads(files["claims.json"])["claims"]) == 3


def test_the_command_writes_it_all(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    ledger, counts = tmp_path / "claims.json", tmp_path / "counts.json"
    ledger.write_text(schema.dump(samples.ledger()), encoding="utf-8")
    counts.write_text("{}", encoding="utf-8")
    assert command.main(["site", str(tmp_path / "out"), str(ledger), "--counts", str(counts)]) == 0
    made = {path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*") if path.is_file()}
    assert made >= {"index.html", "search.json", "counts.json", "badges/post.json", "models/llama-2-13b.html"}
    assert f"({len(made)} files)" in capsys.readouterr().out
    assert schema.read(tmp_path / "out/claims.json") == schema.read(ledger)
    with pytest.raises(SystemExit):
        command.main(["site", str(tmp_path), "--repository", "javascript:alert(1)"])
    assert "must be an address that begins with https://" in capsys.readouterr().err


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="module")
def sites(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a site, and in it "hostile" with one whose claims have every kind of hostile text."""
    folder = tmp_path_factory.mktemp("site")
    site.write(whole(), folder, [], LINKS)
    made = whole()
    for kind, told in HOSTILE.items():
        hostile = everywhere(told)
        for claim in hostile.claims:
            claim.id = f"{kind}/{claim.id}"
        made.claims += hostile.claims
    site.write(made, folder / "hostile", [otherwise(made)], LINKS)
    return folder


@pytest.fixture(scope="module")
def served(sites: Path) -> Generator[str]:
    """The address of these sites."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(sites)))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture
def visit(browser: Any, served: str) -> Generator[Any]:
    """Open a page of the site; fails afterwards if any script but the site's own ran, or was refused."""
    contexts, told = [], []

    def open_page(address: str, width: int = 1280, **options: Any) -> Any:
        contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
        page = contexts[-1].new_page()
        for event in ("console", "dialog", "pageerror"):
            page.on(event, lambda one: told.append(str(getattr(one, "text", one))))
        page.goto(served + address)
        return page

    yield open_page
    for context in contexts:
        context.close()
    assert [one for one in told if "404" not in one] == []  # a browser asks for an icon


def test_the_search_finds_filters_and_sorts_and_its_state_is_its_address(visit: Any) -> None:
    page = visit("search.html?verdict=refuted&sort=off&q=46B")
    page.wait_for_selector(".hits li")
    assert page.locator(".hits li").count() == 2
    assert "off by \N{MINUS SIGN}1.50 %" in page.locator(".hits li").first.inner_text()
    assert "Mixtral" in page.locator(".hits li").first.inner_text()
    page.fill("[name=q]", "")
    page.select_option("[name=document]", "model_cards")
    page.wait_for_function("location.search.includes('document=model_cards')")
    assert "q=" not in page.url
    assert page.locator(".hits li").count() == 1
    page.locator(".hits a").first.click()
    assert "/documents/model_cards.html#model_cards/" in page.url
    assert page.locator("article:target").count() == 1


def test_hostile_text_runs_nothing_in_a_browser(visit: Any, sites: Path) -> None:
    """On any page, in data that a browser shows, and in a search that an address asks for."""
    page = visit("hostile/search.html")
    page.wait_for_selector(".hits li")
    while page.locator("#more").is_visible():
        page.click("#more")
    assert "<script>alert(1)</script>" in page.locator("#results").inner_text()
    assert page.locator("#results :is(img, script, b b)").count() == 0
    pages = [file.relative_to(sites).as_posix() for file in (sites / "hostile").rglob("*") if file.suffix in READ]
    assert len(pages) > 20
    for address in pages:
        page.goto(page.url.partition("hostile/")[0] + address)
        if address.endswith(".html"):
            open_all_details(page)
    page.goto(
        f"{page.url.partition('hostile/')[0]}hostile/search.html?q=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&model=%3Cb%3E"
    )
    page.wait_for_selector("#form:not([hidden])")
    assert page.input_value("[name=q]") == "<img src=x onerror=alert(1)>"


@pytest.mark.parametrize("address", ["index.html", "search.html", "documents/card.html", "models.html", "compare.html"])
@pytest.mark.parametrize(("width", "theme"), [(1280, "light"), (375, "dark")])
def test_axe_finds_nothing_and_nothing_is_wider_than_a_phone(visit: Any, address: str, width: int, theme: str) -> None:
    page = visit(address, width, color_scheme=theme, bypass_csp=True)
    page.wait_for_load_state("networkidle")
    open_all_details(page)
    assert page.evaluate("document.documentElement.scrollWidth - innerWidth") <= 0
    assert_accessible(page)


def test_without_script_the_search_says_where_the_claims_are(visit: Any) -> None:
    page = visit("search.html", java_script_enabled=False)
    assert "every claim is on the page of its document" in page.locator("noscript").inner_text()
