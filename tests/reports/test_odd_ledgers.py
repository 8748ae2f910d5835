"""Whatever a ledger says, so long as its types are right, every view of it is drawn, and no text is more than text."""

import re
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import UNSET, UnsetType

from claim_suite.reports import github, index, page
from claim_suite.reports.schema import Collected, Ledger, Record
from claim_suite.reports.text import shown
from tests.reports import samples
from tests.reports.conftest import Outline, Tell
from tests.reports.hostile import HOSTILE, everywhere

TEXTS = st.text(max_size=12) | st.sampled_from(
    ["1", "<2>", "²", "1/3", "13.02B", "46%", "1e5000", "https://x.y/a", "of 3 steps", "9" * 400]
)
JUNK: Any = st.recursive(
    st.none() | st.booleans() | st.floats() | TEXTS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(["0", "a", "attention"]), inner),
    max_leaves=8,
)
CHARTS = st.fixed_dictionaries(
    {"kind": st.sampled_from(["parameters", "shares", "depth", "active_against_total", "x"]), "name": JUNK},
    optional=dict.fromkeys(("parts", "points", "even", "layers", "domains", "intervals", "note", "warnings"), JUNK),
)
SIMPLE: dict[Any, st.SearchStrategy[Any]] = {
    str: TEXTS, float: st.floats(allow_nan=False, allow_infinity=False), int: st.integers(-(10**500), 10**500),
    bool: st.booleans(), type(None): st.none(), UnsetType: st.just(UNSET), dict[str, Any]: CHARTS,
}  # fmt: skip


def any_of(kind: Any) -> st.SearchStrategy[Any]:
    """Whatever a field of this type, or a record of it, may hold."""
    if kind in SIMPLE:
        return SIMPLE[kind]
    if isinstance(kind, type) and issubclass(kind, Record):
        fields = [one for one in msgspec.structs.fields(kind) if one.name != "runs"]  # ledgers again
        return st.builds(kind, **{one.name: any_of(one.type) for one in fields})
    inner = get_args(kind)
    if get_origin(kind) is Literal:
        return st.sampled_from(inner)
    if get_origin(kind) is list:
        return st.lists(any_of(inner[0]), max_size=3)
    if get_origin(kind) is dict:
        return st.dictionaries(*map(any_of, inner), max_size=2)
    return st.one_of(*map(any_of, inner))


@given(any_of(Ledger))
@settings(suppress_health_check=list(HealthCheck))
def test_every_view_of_an_odd_ledger_is_drawn(tell: Tell, ledger: Ledger) -> None:
    for claim in ledger.claims:
        claim.conclude()
    assert Outline(page.render(ledger)).text.encode()
    assert github.job_summary(ledger).startswith("## ")
    assert github.badge(ledger)["label"] == "claims"
    assert index.render(Collected(documents=ledger.documents, claims=ledger.claims)).startswith("# Every claim")
    assert tell(ledger, verbose=1).encode()


@pytest.mark.parametrize("kind", HOSTILE)
def test_hostile_text_is_text(kind: str, tmp_path: Path, tell: Tell) -> None:
    text = HOSTILE[kind]
    ledger = everywhere(text)
    page.write(ledger, tmp_path / "page.html")
    html = page.render(ledger)
    outline = Outline(html)
    assert not {"script", "img", "b onclick"} & {tag for tag, _ in outline.tags}
    assert not [attrs for _, attrs in outline.tags if any(name.startswith("on") or name == "style" for name in attrs)]
    assert not [attrs for tag, attrs in outline.tags if tag == "a" and not re.match("#|https?:", attrs["href"] or "")]
    assert " ".join(shown(text).split()) in " ".join(outline.text.split())
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202a-\u202e\u2066-\u2069\ud800-\udfff]", html)
    said = tell(ledger, verbose=1)
    assert said.replace("\n", "").isprintable()
    assert "3 claims: " in said


@pytest.mark.parametrize(
    "text", [*HOSTILE.values(), "[a](javascript:x) ![b](http://c)", "a | b\n| c |", "@someone #1 `code` **b** http://x"]
)
def test_text_in_the_job_summary_is_inert(text: str) -> None:
    ledger = samples.ledger()
    ledger.claims[0].says = text
    summary = github.job_summary(ledger)
    row = next(line for line in summary.splitlines() if "llama\\-total" in line)
    assert not re.search("[<@]|https?:", row)
    assert row.count("|") == 6
    assert not re.search(r"(?<!\\)[`*\[\]]", row)
    assert not re.search("[\0\u202e]", summary)


@given(st.text(min_size=1, max_size=30))
@settings(max_examples=15)
def test_no_text_changes_what_the_page_is_made_of(text: str) -> None:
    plain, other = ([tag for tag, _ in Outline(page.render(everywhere(each))).tags] for each in ("plain", text))
    if text.strip() and not re.search(r"\d", text) and text not in ("post", "other"):
        assert other == plain


def test_megabytes_of_text_are_cut_with_their_length() -> None:
    html = page.render(everywhere("x" * 2_000_000))
    assert len(html) < 1_000_000
    assert "2,000,000 characters in all" in html


def test_a_picture_of_no_known_kind_is_told() -> None:
    deep: Any = []
    for _ in range(500):
        deep = [deep]
    ledger = samples.ledger()
    ledger.documents[0].sections[0].charts = [{"kind": deep}]
    assert "cannot draw" in page.render(ledger)


def test_claims_of_one_id_and_of_no_known_place_are_all_there() -> None:
    again = samples.counts()[0]
    again.says, again.document, again.section = "The same id once more.", "nowhere", "<9>"
    outline = Outline(page.render(samples.ledger([*samples.counts(), *samples.counts(), again])))
    ids = [attributes["id"] for tag, attributes in outline.tags if tag == "article"]
    assert len(ids) == len(set(ids)) == 13
    assert "The same id once more." in outline.text
