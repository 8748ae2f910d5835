"""The page is drawn from the ledger alone: all of it, the same bytes every time, and nothing that could run or load."""

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import page, schema
from reports.schema import Ledger
from reports.text import shown
from tests.reports import samples
from tests.reports.conftest import draw_all
from tests.reports.hostile import HOSTILE, everywhere

ROOT = Path(__file__).parents[2]
VOID = {"meta", "input", "br"}


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


PAGES = draw_all()
ORDINARY, WIDE = PAGES["ordinary"], PAGES["wide"]


def article(html: str, name: str) -> str:
    """The text of one claim's row."""
    found = re.search(rf'<article class="[a-z ]+" id="post/{name}">.*?</article>', html, re.S)
    assert found
    return " ".join(Outline(found[0]).text.split())


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_it_nests_and_runs_and_loads_nothing(html: str) -> None:
    outline = Outline(html)
    names = [tag for tag, _ in outline.tags]
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(names)
    assert names.count("style") == names.count("h1") == 1
    for tag, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")], tag
        address = attributes.get("href") or "#"
        assert address.startswith("#") or (tag == "a" and attributes["rel"] == "noreferrer")
    assert "default-src 'none'" in html
    assert "@import" not in html


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_every_id_is_there_once_and_every_link_leads_somewhere(html: str) -> None:
    tags = Outline(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        if (href := attributes.get("href") or "").startswith("#"):
            assert href[1:] in ids
        if labelled := attributes.get("aria-labelledby"):
            assert labelled in ids


def test_every_claim_is_there_with_all_its_numbers() -> None:
    for claim in samples.ledger().claims:
        assert claim.says in Outline(ORDINARY).text
        for one in (one for case in claim.cases for one in case.measured):
            assert not isinstance(one.value, int) or f"{one.value:,}" in ORDINARY
    told = ["13.015B to 13.025B", "45.5% to 46.5%", "46B to under 47B", "46.43%", "below 4", "above 12.5%", ".172"]
    told += ["exactly 13,824", "weaker (cut short, not rounded)", "pytest --claim post/llama-total"]
    for text in told:
        assert text in ORDINARY, text


def test_what_a_verdict_rests_on_stands_behind_it() -> None:
    told = article(ORDINARY, "wikipedia-expert-8")
    for text in ("Made onmixtral-8x7b-v0.1", "TextThe Pile", "(sha256 fedcba098765…)", "NoteRead off the figure"):
        assert text in told
    assert '<a href="https://example.org/2401.04088" rel="noreferrer">' in ORDINARY
    assert '<a href="https://example.org/post?a=1&amp;b=2" rel="noreferrer">Why mixture' in ORDINARY
    assert "Claim aboutllama-2-13b" in article(ORDINARY, "llama-total")
    assert article(ORDINARY, "experts-33-times-attention").count("Made on") == 1  # both readings share it


def test_a_stand_in_is_marked_on_every_line() -> None:
    html = PAGES["bad-day"]
    told = article(html, "wikipedia-expert-8")
    assert "stand-in" in told.partition("Figure 7")[0]
    assert "fresh measurement (stand-in): holds" in told
    assert "Made ontiny-mixtral, revision 0123abc, bfloat16, by transformers, on cpu (stand-in)" in told
    assert "Figure 7: holds" in told
    assert "1 claim stands on measurements of a stand-in" in html
    assert "stand-in" not in ORDINARY


def test_evidence_of_another_model_is_shown_and_judges_nothing() -> None:
    told = article(PAGES["bad-day"], "all-experts-hurt")
    assert told.startswith("Not checked")
    assert "0.31 nats (0.29 to 0.33)" in told
    assert "Not checked here: made on tiny-random, which is not the claim's model." in told


def only(state: str, ledger: Ledger) -> Ledger:
    """The same run with only the claims of one state checked."""
    for case in (case for claim in ledger.claims if claim.state != state for case in claim.cases):
        case.verdict, case.reason, case.measured = "unchecked", "not selected", []
    for claim in ledger.claims:
        claim.conclude()
    return ledger


def test_the_first_line_is_the_result_of_what_was_checked() -> None:
    first = "9 of 15 claims checked hold; 2 hold loosely, 2 do not; 1 is disputed, 1 is undecided, 1 awaits a GPU"
    assert first in ORDINARY
    assert "17 claims = 9 hold + 2 loosely + 2 do not hold" in ORDINARY
    assert "No claim was collected." in page.render(samples.ledger([]))
    partial = page.render(only("refuted", samples.ledger()))
    assert "<h1>0 of 2 claims checked hold; 2 do not; 1 awaits a GPU and 14 were not checked.</h1>" in partial
    assert "not checked in Mixtral of Experts" in partial
    nothing = page.render(only("surprise", samples.ledger()))
    assert "<h1>No claim was checked; 1 awaits a GPU and 16 were not checked.</h1>" in nothing
    assert not re.search(r"0 of \d+ hold", nothing)


def test_a_bad_day_says_so_first() -> None:
    text = Outline(PAGES["bad-day"]).text
    order = ["2 surprises", "Partial: 25 of 26 cases", "1 claim's instrument is broken", "Not tested with this version",
             "Unaccounted for: 1", "What does not hold"]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "declared holds, measured does not hold" in text
    assert "RuntimeError: expected Float but found BFloat16" in text
    environment = text.partition("Measured with")[2]
    assert "transformers 5.30.0 (tested: 5.6.0 to 5.24.0)" in environment
    assert environment.count("FutureWarning: use `cache` instead") == 1
    assert "Figure 7 · MMLU record" in environment


def test_the_sum_accounts_for_every_claim() -> None:
    for html in PAGES.values():
        total, parts = re.search(r"([\d,]+) claims = ([^.]*)\.", html).groups()  # type: ignore[union-attr]
        assert int(total) == sum(int(part.split()[0]) for part in parts.split(" + "))


def test_two_renders_are_equal_whatever_the_hash_seed() -> None:
    assert page.render(samples.ledger()) == ORDINARY
    code = "import hashlib; from reports import page; from tests.reports import samples;"
    code += "print(hashlib.sha256(page.render(samples.bad_day()).encode()).hexdigest())"
    seeds = [{"PYTHONHASHSEED": seed} for seed in "12"]
    runs = [
        subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=os.environ | seed, capture_output=True, check=True)
        for seed in seeds
    ]
    assert runs[0].stdout == runs[1].stdout


def test_pytests_own_start_costs_no_template_engine() -> None:
    code = "import sys, reports.recorder; assert not {'jinja2', 'torch'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_eight_parts_are_one_line_until_one_fails() -> None:
    assert "8 of 8 parts hold, 96 drawn cases" in ORDINARY
    assert "Held against</dt><dd>12 drawn cases" in ORDINARY
    ledger = samples.ledger()
    laws = next(claim for claim in ledger.claims if claim.id == "paper/gate-laws")
    laws.cases[2].verdict = "refuted"
    laws.conclude()
    html = page.render(ledger)
    assert "7 of 8 parts hold" in html
    assert "unchanged by a constant: <b>fails, declared: holds</b>" in html


def test_two_readings_that_agree_are_one_line() -> None:
    readings: list[Any] = ["literal", "loose"]
    cases = [samples.case("refuted", samples.number(0.19, "share"), id=name, reading=name) for name in readings]
    told = article(page.render(samples.ledger([samples.claim("first", "1", "It is first.", *cases)])), "first")
    assert "in either reading" in told
    assert "literally" not in told


def test_a_count_out_of_several_is_squares_and_many_numbers_are_cut() -> None:
    counted = samples.claim("nine", "1", "Nine of them.", samples.case("holds", samples.number(9, "of 12 benchmarks")))
    many = samples.claim("many", "1", "Many.", samples.case("holds", *map(samples.number, range(9))))
    html = page.render(samples.ledger([counted, many]))
    assert "9 of 12 benchmarks" in article(html, "nine")
    (squares,) = re.findall('<path class="b2" d="([^"]*)"/><path class="px" d="([^"]*)"', html)
    assert [drawn.count("M") for drawn in squares] == [9, 3]
    assert "and 3 more in the evidence" in article(html, "many")


def test_runs_that_disagree_are_both_shown() -> None:
    ledger = samples.ledger()
    first = ledger.claims[0]
    again = schema.check(schema.plain(samples.bad_day()), "again").claims[0].cases[0]
    first.cases[0].run, again.run = "a", "b"
    first.cases.append(again)
    first.conclude()
    ledger.run.state = "merged"
    ledger.runs = [
        samples.ledger(id=name, accounting=ledger.accounting, environment={"device": "cpu"}).run for name in "ab"
    ]
    text = Outline(page.render(ledger)).text
    for words in ("Runs disagree on 1 claim", "run 2 on cpu12,852,024,320 · does not hold", "Merged from 2 runs"):
        assert words in text
    assert "Disputed" in article(page.render(ledger), "llama-total")


def in_wide(address: str) -> str:
    found = re.search(rf'<article class="[a-z ]+" id="{address}">.*?</article>', WIDE, re.S)
    assert found
    return found[0]


def test_claims_of_one_table_are_drawn_as_one() -> None:
    (table,) = re.findall(r'id="section:card:1:table:1" open>.*?(<table.*?</table>)', WIDE, re.S)
    text = " ".join(Outline(table).text.split())
    assert "large parameters" in text.replace("largeparameters", "large parameters")
    assert re.findall(r'<th scope="row">([^<]*)', table) == ["MLP", "embed and unembed", "total"]
    cells = re.findall(r'<a class="(\w+)" href="#([^"]+)">.*?</span>([^<]+)</a><span class="me">([^<]+)', table)
    assert len(cells) == 7
    assert ("holds", "card/table-0", "114.71B", "114.71B") in cells
    assert ("refuted", "card/total-old", "21.90B", "20.91B") in cells
    assert table.count("<td></td>") == 0
    assert "version 2" in text


def test_of_many_tables_those_that_do_not_hold_come_first_and_all_are_closed() -> None:
    html = page.render(samples.wide(36))
    tables = re.findall(r'<details class="tb([^"]*)" id="section:model_cards[^"]*"( open)?><summary><h4>([^<]*)', html)
    assert len(tables) == 6
    assert not any(opened for _, opened, _ in tables)
    fails = ["h-refuted" in states for states, _, _ in tables]
    assert fails == sorted(fails, reverse=True)
    assert 0 < sum(fails) < 6
    assert "holds without the input embedding" in html


def test_a_claim_says_where_it_stands_which_version_says_so_and_what_was_answered() -> None:
    old, new = in_wide("card/total-old"), in_wide("card/total-new")
    assert 'Corrected in a later version (2): <a href="#card/total-new">total-new</a>' in old
    assert 'An author answered: We will correct it. <a href="https://example.org/reply" rel="noreferrer">' in old
    assert ">Version: 2<" in new
    assert 'corrects what an earlier version says: <a href="#card/total-old">total-old</a>' in new
    assert '<dd><a href="https://example.org/card.pdf" rel="noreferrer">' in old
    assert '<dd><a href="https://example.org/card.pdf#page=4" rel="noreferrer">' in in_wide("card/table-0")
    assert "<dd>Table 1, row MLP, column large</dd>" in in_wide("card/table-0")


def test_a_suite_of_many_documents_scales() -> None:
    told = Outline(WIDE).text
    assert "Which claims hold · 5 documents" in told
    assert WIDE.count('<li class="of">') == WIDE.count('<li class="of"><a href="#document:') == 5
    assert "43 that hold" in " ".join(told.split())
    assert re.findall("<h3>([^<]*)</h3><ol>", WIDE)[0] == "Model card of an open model"
    many = samples.ledger([samples.claim(f"c{place}", "1", "So.", samples.case("refuted")) for place in range(100)])
    many.claims[70].document, many.claims[70].cases[0].declared = "paper", "holds"
    html = page.render(many)
    assert "33 further claims" not in html
    assert [len(re.findall("<li>", part)) for part in re.findall("<ol>.*?</ol>", html)] == [1, 6, 54]
    assert "and 39 more; the filter below shows every one." in html
    assert "93 further claims do not hold" in html


def test_active_parameters_against_total_ones() -> None:
    assert "12 models; the sparsest is Model-11, 10.67B of 128B active." in WIDE
    (drawn,) = re.findall(r'aria-label="Active against total.*?</svg>', WIDE, re.S)
    assert (drawn.count('class="dt"'), drawn.count('class="pu"')) == (12, 9)
    assert '<th scope="row">Model-3</th><td class="r">Family 1</td>' in WIDE
    places = [float(one) for one in re.findall(r'"dt" cx="([\d.]+)%', drawn)]
    assert places == sorted(places)
    assert 9 <= places[0] < places[-1] <= 98


@pytest.mark.parametrize(
    "chart",
    [
        {"kind": "active_against_total", "points": []},
        {"kind": "active_against_total", "points": [{"model": "m", "measured": {"total": 0, "active": 0}}]},
        {"kind": "active_against_total", "points": [{"model": "m", "measured": {"total": 3, "active": "3"}}]},
        {"kind": "active_against_total", "points": [{"model": "m", "measured": {"total": 1e400, "active": 3}}]},
        {"kind": "parameters", "name": "x", "parts": {}},
        {"kind": "parameters", "name": "x", "parts": {"attention": "many"}},
        {"kind": "shares", "name": "x", "even": "half", "layers": [], "domains": {}},
        {"kind": "shares", "name": "x", "even": 0.5, "layers": [0], "domains": {"a": {"0": [0.5, None]}}},
        {"kind": "depth", "name": "x", "points": []},
        {"kind": "depth", "name": "x", "points": [[0, -1, None, None]]},
        {"kind": "depth", "points": [[0, 1e400, 0, 0]]},
        {"kind": "<script>", "name": "x"},
        {"kind": ["a"], "name": "x"},
        {},
    ],
)
def test_a_chart_that_cannot_be_drawn_is_a_note(chart: Any) -> None:
    ledger = samples.ledger()
    ledger.documents[0].sections[0].charts = [chart]
    assert "A picture that this page cannot draw" in page.render(ledger)


def test_charts_are_drawn_from_the_ledger() -> None:
    assert "Llama-2-13B has 13.02B parameters; Mixtral 8x7B has 46.70B, 12.88B of them at work per token." in ORDINARY
    assert "Figure 7: .047 at layer 0, highest at layer 31 with .103" in ORDINARY
    assert 'aria-label="ArXiv, layer 31: expert' in ORDINARY
    ledger = samples.ledger()
    ledger.documents[0].sections[2].charts[0]["stand_in"] = True
    assert "Figure 7 (stand-in): the largest share" in page.render(ledger)


def structure(html: str) -> list[str]:
    return [tag for tag, _ in Outline(html).tags]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_text(kind: str, tmp_path: Path) -> None:
    text = HOSTILE[kind]
    html = page.render(everywhere(text))
    page.write(everywhere(text), tmp_path / "page.html")
    outline = Outline(html)
    assert not {"script", "img", "b onclick"} & set(structure(html))
    assert not [attrs for _, attrs in outline.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    assert not [attrs for tag, attrs in outline.tags if tag == "a" and not re.match("#|https?:", attrs["href"] or "")]
    assert " ".join(shown(text).split()) in " ".join(outline.text.split())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=15)
def test_no_text_changes_what_the_page_is_made_of(text: str) -> None:
    plain = structure(page.render(everywhere("plain")))
    if text.strip() and not re.search(r"\d", text) and text not in ("post", "other"):
        assert structure(page.render(everywhere(text))) == plain


def test_ten_megabytes_of_text_are_cut_with_their_length() -> None:
    html = page.render(everywhere("x" * 10_000_000))
    assert len(html) < 1_000_000
    assert "10,000,000 characters in all" in html


def test_claims_of_one_id_and_of_no_known_place_are_all_there() -> None:
    again = samples.counts()[0]
    again.says, again.document, again.section = "The same id once more.", "nowhere", "<9>"
    ledger = samples.ledger([*samples.counts(), *samples.counts(), again])
    outline = Outline(page.render(ledger))
    ids = [attributes["id"] for tag, attributes in outline.tags if tag == "article"]
    assert len(ids) == len(set(ids)) == 13
    assert "The same id once more." in outline.text


def test_deep_nesting_in_extra_keys_is_left_alone() -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    ledger = samples.ledger()
    ledger.claims[0].extra["deep"] = ledger.extra["warnings"] = deep
    assert page.render(ledger) == ORDINARY
    ledger.documents[0].sections[0].charts = [{"kind": deep}]
    assert "cannot draw" in page.render(ledger)
