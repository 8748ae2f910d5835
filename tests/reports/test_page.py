"""The page is drawn from the ledger alone: all of it, the same bytes every time, and nothing that could run or load."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from claim_suite.reports import page
from claim_suite.reports.schema import Ledger
from tests.reports import samples
from tests.reports.conftest import Outline, draw_all

ROOT = Path(__file__).parents[2]
PAGES = draw_all()
ORDINARY, WIDE = PAGES["ordinary"], PAGES["wide"]


def row(html: str, address: str) -> str:
    """One claim's row."""
    (found,) = re.findall(rf'<article class="[a-z ]+" id="{address}">.*?</article>', html, re.S)
    return str(found)


def article(html: str, name: str) -> str:
    """The text of one claim's row."""
    return " ".join(Outline(row(html, f"post/{name}")).text.split())


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_it_nests_and_runs_and_loads_nothing_and_every_link_leads_somewhere(html: str) -> None:
    outline = Outline(html)
    names = [tag for tag, _ in outline.tags]
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(names)
    assert names.count("style") == names.count("h1") == 1
    assert "default-src 'none'" in html
    assert "@import" not in html
    ids = [attributes["id"] for _, attributes in outline.tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for tag, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")], tag
        address = attributes.get("href") or ""
        assert address[1:] in ids if address[:1] == "#" else not address or attributes["rel"] == "noreferrer"
        assert attributes.get("aria-labelledby", ids[0]) in ids


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


def test_on_which_side_of_a_number_something_lies_is_said_of_what_was_measured() -> None:
    for value, told in ((3.5, True), (2.5, False)):  # 3.5 less one is no measurement
        against = samples.compared("holds", value, operator="<")
        one = samples.case("holds", samples.number(3.5, "widths"), stated=samples.stated("4"), compared=against)
        html = page.render(samples.ledger([samples.claim("total", "1", "Roughly 4.", one)]))
        assert ("below 4" in article(html, "total")) == told


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
    first = (
        "9 of 15 claims checked hold (4 confirmed, 5 consistent with the document's own numbers alone); 2 hold loosely"
    )
    assert f"{first}, 2 do not; 1 is disputed, 1 is undecided, 1 awaits a GPU" in Outline(ORDINARY).text
    assert "17 claims = 9 hold + 2 hold loosely + 2 do not hold" in ORDINARY
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
    old, new = row(WIDE, "card/total-old"), row(WIDE, "card/total-new")
    assert 'Corrected in a later version (2): <a href="#card/total-new">total-new</a>' in old
    assert 'An author answered: We will correct it. <a href="https://example.org/reply" rel="noreferrer">' in old
    assert ">Version: 2<" in new
    assert 'corrects what an earlier version says: <a href="#card/total-old">total-old</a>' in new
    assert '<dd><a href="https://example.org/card.pdf" rel="noreferrer">' in old
    assert '<dd><a href="https://example.org/card.pdf#page=4" rel="noreferrer">' in row(WIDE, "card/table-0")
    assert "<dd>Table 1, row MLP, column large</dd>" in row(WIDE, "card/table-0")


def test_a_suite_of_many_documents_scales() -> None:
    told = Outline(WIDE).text
    assert "Which claims hold · 5 documents" in told
    assert WIDE.count('<li class="of">') == WIDE.count('<li class="of"><a href="#document:') == 5
    assert "21 that hold" in " ".join(told.split())
    assert re.findall("<h3>([^<]*)</h3><ol>", WIDE)[0] == "Model card of an open model"
    many = samples.ledger([samples.claim(f"c{place}", "1", "So.", samples.case("refuted")) for place in range(100)])
    many.claims[70].document, many.claims[70].cases[0].declared = "paper", "holds"
    html = page.render(many)
    assert "33 further claims" not in html
    assert [len(re.findall("<li>", part)) for part in re.findall("<ol>.*?</ol>", html)] == [1, 6, 54]
    assert "and 39 more; the filter below shows every one." in html
    assert "93 further claims do not hold" in html


def test_active_parameters_against_total_ones() -> None:
    assert "6 models; the sparsest is Model-5, 10.33B of 62B active." in WIDE
    (drawn,) = re.findall(r'aria-label="Active against total.*?</svg>', WIDE, re.S)
    assert (drawn.count('class="dt"'), drawn.count('class="pu"')) == (6, 5)
    assert '<th scope="row">Model-3</th><td class="r">Family 1</td>' in WIDE
    places = [float(one) for one in re.findall(r'"dt" cx="([\d.]+)%', drawn)]
    assert places == sorted(places)
    assert 9 <= places[0] < places[-1] <= 98


@pytest.mark.parametrize(
    "chart",
    [
        {"kind": "active_against_total", "points": []},
        {"kind": "active_against_total", "points": [{"model": "m", "measured": {"total": 1e400, "active": 3}}]},
        {"kind": "parameters", "name": "x", "parts": {"attention": "many"}},
        {"kind": "shares", "name": "x", "even": 0.5, "layers": [0], "domains": {"a": {"0": [0.5, None]}}},
        {"kind": "depth", "points": [[0, 1e400, 0, 0]]},
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
