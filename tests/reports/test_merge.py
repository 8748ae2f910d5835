"""Merging is a maximum: any order and any grouping of the same runs gives the same ledger and the same page."""

import copy
import json
from pathlib import Path
from random import Random
from typing import Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reports import __main__ as command
from reports import page
from reports.ledger import Ledger, check, dump, read, write
from reports.merge import conflicts, merge
from tests.reports import samples
from tests.reports.samples import Record

VERDICTS = ["holds", "refuted", "broken", "undecided", "unchecked", "uncheckable"]


@st.composite
def runs(draw: Any) -> Any:
    """A run of two claims with two cases each, at one of three times, with things that the schema does not know."""
    claims = []
    for name in draw(st.lists(st.sampled_from(["a", "b", "c"]), unique=True, max_size=3)):
        cases = [
            samples.case(draw(st.sampled_from(VERDICTS)), *measured(draw), id=case, declared="holds")
            for case in draw(st.lists(st.sampled_from(["", "loose", "fresh"]), unique=True, min_size=1, max_size=2))
        ]
        claim = samples.claim(name, draw(st.sampled_from("12")), draw(st.sampled_from("xy")), "holds", *cases)
        claims.append(claim | draw(st.dictionaries(st.sampled_from(["remark", "extra"]), st.integers(0, 2))))
    run = samples.ledger(claims, started=draw(st.sampled_from(["2026-01-01", "2026-01-02", "2026-01-03"])))
    run["documents"] = [
        document | {"sections": section_list(draw)} for document in run["documents"][: draw(st.integers(0, 2))]
    ]
    run["accounting"]["unaccounted"] = draw(st.lists(st.sampled_from(["post/a", "post/b loose"]), unique=True))
    return run | draw(st.dictionaries(st.sampled_from(["comment"]), st.text(max_size=2)))


def measured(draw: Any) -> list[Record]:
    return [
        samples.number(value, "points")
        for value in draw(st.lists(st.sampled_from([1, 2.5, 2.5000000000001]), max_size=1))
    ]


def section_list(draw: Any) -> list[Record]:
    charts = draw(
        st.lists(st.sampled_from([{"kind": "depth", "name": name, "points": []} for name in "de"]), max_size=2)
    )
    titles = draw(st.lists(st.sampled_from("123"), unique=True, max_size=3))
    return [
        {"id": title, "title": draw(st.sampled_from("pq"))} | ({"charts": charts} if charts else {}) for title in titles
    ]


@given(st.lists(runs(), min_size=1, max_size=4), st.randoms(use_true_random=False))
def test_order_does_not_matter(ledgers: list[Any], random: Random) -> None:
    shuffled = random.sample(ledgers, len(ledgers))
    assert dump(merge(ledgers)) == dump(merge(shuffled))


@given(runs(), runs(), runs())
def test_merging_is_associative(a: Any, b: Any, c: Any) -> None:
    flat = dump(merge([a, b, c]))
    assert dump(merge([merge([a, b]), c])) == flat
    assert dump(merge([a, merge([c, b])])) == flat
    assert dump(merge([merge([a, b]), merge([b, c])])) == flat


@given(runs(), runs())
def test_merging_is_idempotent(a: Any, b: Any) -> None:
    once = merge([a, b])
    assert dump(merge([once])) == dump(once) == dump(merge([once, once])) == dump(merge([a, a, b]))
    assert dump(merge([once, a])) == dump(once)


@given(runs(), runs())
@settings(max_examples=10)
def test_a_merged_ledger_is_a_ledger_and_has_a_page(a: Any, b: Any) -> None:
    merged = merge([a, b])
    check(json.loads(dump(merged)), "merged")
    assert page.render(merged) == page.render(merge([b, a]))


def laptop_and_gpu() -> tuple[Any, Any]:
    laptop = samples.ledger()
    gpu = copy.deepcopy(laptop)
    gpu["run"] |= {
        "started": "2026-11-25T06:00:00Z",
        "environment": laptop["run"]["environment"] | {"device": "NVIDIA H100"},
    }
    for claim in gpu["claims"]:
        for case in claim["cases"]:
            if case["tier"] == "gpu":
                case |= {
                    "verdict": "holds",
                    "reason": "",
                    "measured": [samples.number(0.3, "points", low=0.2, high=0.4)],
                }
            else:
                case |= {"verdict": "unchecked", "measured": [], "reason": "not selected"}
    return laptop, gpu


def test_what_was_decided_stands_before_what_was_not_even_when_that_is_newer() -> None:
    laptop, gpu = laptop_and_gpu()
    merged = merge([laptop, gpu])
    verdicts = {claim["id"]: claim["verdict"] for claim in merged["claims"]}
    assert verdicts["post/llama-total"] == "holds"
    assert verdicts["post/all-experts-hurt"] == "holds"
    assert not conflicts(merged)
    assert merged["run"]["state"] == "merged"
    assert merged["run"]["environment"]["device"] == "NVIDIA H100 · cpu"
    assert merged["accounting"] == {"collected": 29, "reported": 29, "deselected": 0, "unaccounted": []}


def test_the_order_of_a_document_is_kept() -> None:
    laptop, gpu = laptop_and_gpu()
    assert [claim["id"] for claim in merge([gpu, laptop])["claims"]] == [claim["id"] for claim in laptop["claims"]]


def disagreeing() -> tuple[Any, Any]:
    laptop = samples.ledger()
    other = copy.deepcopy(laptop)
    other["run"] |= {
        "started": "2026-11-26T06:00:00Z",
        "environment": laptop["run"]["environment"] | {"device": "NVIDIA H100"},
    }
    other["claims"][0]["cases"][0] |= {"verdict": "refuted", "measured": [samples.number(12_852_024_320, "parameters")]}
    return laptop, other


def test_runs_that_disagree_are_shown_side_by_side() -> None:
    merged = merge(disagreeing())
    assert conflicts(merged) == ["post/llama-total"]
    claim = merged["claims"][0]
    assert claim["verdict"] == "disputed"
    assert [case["verdict"] for case in claim["cases"]] == ["holds", "refuted"]
    html = page.render(merged)
    assert "Runs disagree on 1 claim" in html
    assert "run on NVIDIA H100" in html
    assert "13,015,864,320" in html
    assert "12,852,024,320" in html


def test_a_value_with_a_confidence_interval_may_differ_between_runs() -> None:
    laptop, gpu = laptop_and_gpu()
    again = copy.deepcopy(gpu)
    again["run"]["started"] = "2026-11-27T06:00:00Z"
    for claim in again["claims"]:
        for case in claim["cases"]:
            if case["tier"] == "gpu":
                case["measured"] = [samples.number(0.31, "points", low=0.21, high=0.41)]
    merged = merge([laptop, gpu, again])
    assert not conflicts(merged)
    assert merged["claims"][9]["cases"][0]["measured"][0]["value"] == 0.31


def test_a_case_that_vanished_in_one_run_is_accounted_for_by_another() -> None:
    lost, whole = samples.bad_day(), samples.ledger()
    whole["claims"][3]["cases"][0]["measured"] = samples.ledger()["claims"][3]["cases"][0]["measured"]
    assert merge([lost])["accounting"]["unaccounted"] == ["post/llama-d-ff"]
    assert merge([lost, whole])["accounting"]["unaccounted"] == []


def test_unknown_keys_are_kept(tmp_path: Path) -> None:
    laptop, gpu = laptop_and_gpu()
    laptop["comment"] = gpu["claims"][0]["remark"] = {"kept": [1]}
    laptop["run"]["host"] = "here"
    write(merge([laptop, gpu]), tmp_path / "merged.json")
    merged = json.loads((tmp_path / "merged.json").read_text())
    assert merged["comment"] == merged["claims"][0]["remark"] == {"kept": [1]}
    assert {run.get("host") for run in merged["runs"]} == {"here", None}


@pytest.fixture
def files(tmp_path: Path) -> list[str]:
    for name, ledger in zip("ab", laptop_and_gpu(), strict=True):
        write(ledger, tmp_path / f"{name}.json")
    return [str(tmp_path / "a.json"), str(tmp_path / "b.json")]


def test_the_command_writes_the_same_page_in_any_order(files: list[str], tmp_path: Path) -> None:
    places = [str(tmp_path / name) for name in ("one.html", "two.html")]
    assert command.main(["merge", *files, "--html", places[0], "--json", str(tmp_path / "m.json")]) == 0
    assert command.main(["merge", *reversed(files), str(tmp_path / "m.json"), "--html", places[1]]) == 0
    assert Path(places[0]).read_bytes() == Path(places[1]).read_bytes()
    assert command.main(["page", str(tmp_path / "m.json")]) == 0
    assert (tmp_path / "m.html").read_bytes() == Path(places[0]).read_bytes()


def test_the_command_has_default_places(files: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert command.main(["merge", *files]) == 0
    assert read(tmp_path / "reports/out/merged.json")["run"]["state"] == "merged"
    assert (tmp_path / "reports/out/merged.html").exists()


def test_disagreement_is_exit_code_1(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name, ledger in zip("ab", disagreeing(), strict=True):
        write(ledger, tmp_path / f"{name}.json")
    assert (
        command.main(["merge", str(tmp_path / "a.json"), str(tmp_path / "b.json"), "--html", str(tmp_path / "h")]) == 1
    )
    assert "post/llama-total" in capsys.readouterr().out


DAMAGED: dict[str, str | bytes | None] = {
    "missing": None,
    "empty": "",
    "cut short": dump(samples.ledger())[:2000],
    "foreign": '{"schema": "junit/9"}',
    "not a number": '{"schema": NaN}',
    "list": "[]",
    "deep": "[" * 100_000,
    "no claims": '{"schema": "claims-ledger/1"}',
    "merged without marks": dump(
        cast("Ledger", samples.ledger() | {"runs": [], "run": samples.ledger()["run"] | {"state": "merged"}})
    ),
    "bytes": b"\xff\xfe\x00",
}


@pytest.mark.parametrize("kind", DAMAGED)
def test_bad_input_is_one_line_that_names_the_file(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "bad.json"
    content = DAMAGED[kind]
    if content is not None:
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert command.main(["merge", str(path), "--html", str(tmp_path / "h.html")]) == 2
    errors = capsys.readouterr().err
    assert errors.count("\n") == 1
    assert "bad.json" in errors
    assert not (tmp_path / "h.html").exists()


def test_a_place_that_cannot_be_written_is_one_line(
    files: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert command.main(["page", files[0], "--html", str(tmp_path / "a.json" / "no" / "page.html")]) == 2
    assert capsys.readouterr().err.count("\n") == 1
