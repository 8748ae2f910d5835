"""The page is drawn from the ledger alone: all of it, the same bytes every time, and nothing that could run or load."""

import json
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

from reports import page
from reports.ledger import LedgerError, check, dump, read
from reports.text import shown
from tests.reports import samples
from tests.reports.hostile import HOSTILE, everywhere

ROOT = Path(__file__).parents[2]
VOID = {"meta", "input", "br", "path", "rect", "line", "circle", "use"}


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


ORDINARY = page.render(samples.ledger())
PAGES = {"ordinary": ORDINARY, "bad day": page.render(samples.bad_day()), "large": page.render(samples.large(450))}


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_it_nests_and_runs_and_loads_nothing(html: str) -> None:
    outline = Outline(html)
    names = [tag for tag, _ in outline.tags]
    assert not {"script", "link", "img", "iframe", "object", "embed", "base", "form"} & set(names)
    assert names.count("style") == names.count("h1") == 1
    for tag, attributes in outline.tags:
        assert not [name for name in attributes if name.startswith("on") or name in ("style", "src", "srcset")], tag
        for name in ("href", "xlink:href"):
            assert (attributes.get(name) or "#").startswith("#")
    assert "default-src 'none'" in html
    assert "://" not in html
    assert "@import" not in html


@pytest.mark.parametrize("html", PAGES.values(), ids=PAGES)
def test_every_id_is_there_once_and_every_link_leads_somewhere(html: str) -> None:
    tags = Outline(html).tags
    ids = [attributes["id"] for _, attributes in tags if "id" in attributes]
    assert len(ids) == len(set(ids))
    for _, attributes in tags:
        if href := attributes.get("href"):
            assert href[1:] in ids
        if labelled := attributes.get("aria-labelledby"):
            assert labelled in ids


def test_every_claim_is_there_with_all_its_numbers() -> None:
    for claim in samples.ledger()["claims"]:
        assert claim["says"] in Outline(ORDINARY).text
        for case in claim["cases"]:
            for one in case["measured"]:
                if isinstance(one["value"], int):
                    assert f"{one['value']:,}" in ORDINARY
    told = ["13.015B to 13.025B", "45.5% to 46.5%", "46B to under 47B", "46.43%", "below 4", "above 12.5%", ".172"]
    told += ["exactly 13,824", "weaker (cut short, not rounded)", "pytest --claim post/llama-total"]
    for text in told:
        assert text in ORDINARY, text


def test_the_first_line_is_the_result() -> None:
    assert "9 of 17 claims hold; 2 hold loosely, 2 do not; 1 is disputed, 1 is undecided, 1 awaits a GPU" in ORDINARY
    assert "17 claims = 9 hold + 2 loosely + 2 do not hold" in ORDINARY
    assert "No claim was collected." in page.render(samples.ledger([]))


def test_a_bad_day_says_so_first() -> None:
    text = Outline(PAGES["bad day"]).text
    order = [
        "2 surprises",
        "Partial: 25 of 26 cases",
        "1 claim's instrument is broken",
        "Unaccounted for: 1",
        "What does not hold",
    ]
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "declared holds, measured does not hold" in text
    assert "RuntimeError: expected Float but found BFloat16" in text


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


def test_a_ledger_that_went_through_a_file_gives_the_same_page(tmp_path: Path) -> None:
    (tmp_path / "l.json").write_text(dump(samples.ledger()), encoding="utf-8")
    page.write(read(tmp_path / "l.json"), tmp_path / "p.html")
    assert (tmp_path / "p.html").read_text(encoding="utf-8") == ORDINARY


def test_importing_the_page_costs_no_template_engine() -> None:
    code = "import sys, reports.page, reports.__main__; assert not {'jinja2', 'torch'} & sys.modules.keys()"
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)


def test_eight_parts_are_one_line_until_one_fails() -> None:
    ledger = samples.ledger()
    assert "8 of 8 parts hold" in page.render(ledger)
    laws = next(claim for claim in ledger["claims"] if claim["id"] == "paper/gate-laws")
    laws["cases"][2] |= {"verdict": "refuted"}
    laws["verdict"] = "refuted"
    html = page.render(ledger)
    assert "7 of 8 parts hold" in html
    assert "unchanged by a constant: <b>fails, declared: holds</b>" in html


def test_two_readings_that_agree_are_one_line() -> None:
    cases = [
        samples.case("refuted", samples.number(0.19, "share"), id=name, reading=name) for name in ("literal", "loose")
    ]
    html = page.render(samples.ledger([samples.claim("first", "1", "It is first.", "refuted", *cases)]))
    assert html.count("in either reading") >= 1
    assert "literally" not in Outline(html).text.split("It is first.")[-1]


@pytest.mark.parametrize(
    "chart",
    [
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
    ledger["documents"][0]["sections"][0]["charts"] = [chart]
    assert "A picture that this page cannot draw" in page.render(ledger)


def test_wide_and_deep_charts_are_cut_with_a_word() -> None:
    chart = samples.figure("57 subjects")
    chart["layers"] = list(range(32))
    chart["domains"] = {f"d{place}": {str(layer): [0.1] * 64 for layer in range(32)} for place in range(57)}
    ledger = samples.ledger()
    ledger["documents"][0]["sections"][0]["charts"] = [chart]
    html = page.render(ledger)
    assert "Not everything is drawn" in html
    assert len(html) < 3_000_000


def structure(html: str) -> list[str]:
    return [tag for tag, _ in Outline(html).tags]


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_text(kind: str, tmp_path: Path) -> None:
    text = HOSTILE[kind]
    ledger = check(json.loads(dump(everywhere(text))), "hostile")
    html = page.render(ledger)
    page.write(ledger, tmp_path / "page.html")
    outline = Outline(html)
    assert not {"script", "img", "b onclick"} & set(structure(html))
    assert not [attrs for _, attrs in outline.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    assert " ".join(shown(text).split()) in " ".join(outline.text.split())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=15)
def test_no_text_changes_what_the_page_is_made_of(text: str) -> None:
    def numberless(found: str) -> bool:
        return not re.search(r"\d", found)

    plain = structure(page.render(everywhere("plain")))
    if text.strip() and numberless(text) and text not in ("post", "other"):
        assert structure(page.render(everywhere(text))) == plain


def test_ten_megabytes_of_text_are_cut_with_their_length() -> None:
    html = page.render(everywhere("x" * 10_000_000))
    assert len(html) < 1_000_000
    assert "10,000,000 characters in all" in html


@pytest.mark.parametrize("value", [10**400, "1" + "0" * 5000, 1e308, -(10**400), "0x10", "NaN", "9" * 50])
def test_numbers_of_any_size_are_drawn(value: Any) -> None:
    case = samples.case("refuted", samples.number(value, "parameters"), stated="13.02B")
    html = page.render(samples.ledger([samples.claim("a", "1", "Big.", "refuted", case)]))
    assert "inf" not in html.partition("<main>")[2].partition("Measured with")[0].lower().replace("infer", "")
    assert len(html) < 200_000


def test_nan_is_not_a_number_of_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "nan.json").write_text(dump(samples.ledger()).replace("13015864320", "NaN"))
    with pytest.raises(LedgerError, match=r"nan\.json: .*NaN"):
        read(tmp_path / "nan.json")


def test_deep_nesting_in_extra_keys_is_left_alone() -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    ledger = samples.ledger()
    ledger["claims"][0]["extra"] = ledger["extra"] = deep
    assert page.render(ledger) == ORDINARY
    ledger["documents"][0]["sections"][0]["charts"] = [{"kind": deep}]
    assert "cannot draw" in page.render(ledger)
