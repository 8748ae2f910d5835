"""The ledger: what a reader refuses, how verdicts add up, and that a file is never half written."""

from __future__ import annotations

import copy
import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.reports import files, schema
from claim_suite.reports.merge import merge
from claim_suite.reports.schema import Case, Claim, LedgerError

WHOLE: dict[str, Any] = {
    "schema": "claims-ledger/2",
    "run": {
        "started": "2026-11-24T06:00:00Z", "seconds": 5, "arguments": ["-m", "cheap"], "state": "complete",
        "exit_code": 0, "environment": {"python": "3.13"},
    },
    "accounting": {"collected": 1, "reported": 1, "deselected": 0, "unaccounted": []},
    "documents": [
        {"id": "paper", "title": "A paper", "sections": [{"id": "1", "title": "One", "charts": [{"kind": "a"}]}]}
    ],
    "claims": [
        {
            "id": "paper/it", "document": "paper", "section": "1", "says": "So.", "stated": "3", "verdict": "holds",
            "cases": [{
                "id": "", "test": "claims/paper/test_one.py::test_it", "tier": "cheap", "verdict": "holds", "drawn": 3,
                "stated": {"text": "3", "low": "2.5", "high": "3.5"}, "evidence": [{"model": "m", "stand_in": False}],
                "measured": [{"value": 3, "unit": "things", "routes": {"formula": 3.0}, "low": None, "high": 4.5}],
                "compared": [{"operator": "==", "value": "1/3", "holds": None}], "seconds": 0.004,
            }],
        }
    ],
}  # fmt: skip


def places(content: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in JSON content, the outermost last."""
    inner = content.items() if isinstance(content, dict) else enumerate(content) if isinstance(content, list) else ()
    return [each for key, value in inner for each in places(value, (*way, key))] + [way]


def changed(way: tuple[Any, ...], value: Any) -> Any:
    """The whole ledger with one value replaced, or taken out for `...`."""
    copied = copy.deepcopy(WHOLE)
    *outer, last = way
    place: Any = copied
    for key in outer:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


def refusal(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    with pytest.raises(LedgerError) as caught:
        schema.read(path)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400 + len(str(path))
    assert message.startswith(str(path))
    return message


def test_a_ledger_is_written_as_it_was_read_without_what_the_schema_does_not_know(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    content = changed(("claims", 0, "cases", 0, "measured", 0, "of another tool"), {"kept": [1]})
    path.write_text(json.dumps(content | {"comment": "x"}))
    text = schema.dump(schema.read(path))
    told = json.loads(text)
    assert list(told) == sorted(told)
    assert "of another tool" not in told["claims"][0]["cases"][0]["measured"][0]
    assert "comment" not in told
    path.write_text(text)
    assert schema.dump(schema.read(path)) == text


def test_a_text_that_utf_8_cannot_hold_is_written_out(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(WHOLE))
    ledger = schema.read(path)
    ledger.claims[0].says = "So \ud800."
    path.write_text(schema.dump(ledger), encoding="utf-8")
    assert schema.read(path).claims[0].says == "So \\ud800."


DAMAGED = {
    "empty": b"", "cut": json.dumps(WHOLE)[:-40].encode(), "page": b"<!doctype html><title>x</title>", "number": b"3",
    "list": b"[]", "null": b"null", "bytes": b"\xff\xfe{}", "NUL": b"\x00" * 64, "deep": b"[" * 100_000,
    "deep object": b'{"a":' * 100_000, "deep and closed": b"[" * 900 + b"]" * 900,
    "deep schema": b'{"schema": ' + b"[" * 500 + b"]" * 500 + b"}", "surrogate": b'{"schema": "\\ud800"}',
    "NaN": json.dumps(changed(("claims", 0, "cases", 0, "seconds"), float("nan"))).encode(),
    "beyond": json.dumps(WHOLE).replace("0.004", "1e999").encode(),
    "endless": json.dumps(changed(("run", "seconds"), 1e308)).encode(),
    "odd verdict": json.dumps(changed(("claims", 0, "cases", 0, "verdict"), "true")).encode(),
}  # fmt: skip


def test_what_is_no_ledger_is_one_line(tmp_path: Path) -> None:
    for content in DAMAGED.values():
        refusal(tmp_path / "ledger.json", content)
    names: list[Any] = ["claims-ledger/1", None, 1, [[]], "x" * 10_000]
    for name in names:
        message = refusal(tmp_path / "ledger.json", json.dumps(changed(("schema",), name)).encode())
        assert repr(str(name)[:80]) in message
        assert "'claims-ledger/2'" in message
    for path, why in {tmp_path / "none": "No such file or directory", tmp_path: "Is a directory"}.items():
        with pytest.raises(LedgerError, match=rf"cannot be read \({why}\)$"):
            schema.read(path)


def survive(path: Path, content: Any) -> str:
    """Read content and do with it all that is done with a ledger; returns the refusal."""
    path.write_text(json.dumps(content))
    try:
        ledger = schema.read(path)
    except LedgerError as error:
        return str(error)
    path.write_text(json.dumps(WHOLE))
    merged, left_out = merge([ledger, schema.read(path)])
    path.write_text(schema.dump(merged), encoding="utf-8")
    schema.counts(claim.state for claim in schema.read(path).claims)
    return f"{merged.exit_code()} {left_out}"


ODD: list[Any] = [
    None, True, -1, 1.5, 10**30, "", "x", "\ud800", "1/0", [], [[]], {}, {"a": 1}, "9" * 5000, "merged",
    float("nan"), ...,
]  # fmt: skip


@pytest.fixture(scope="module")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("scratch") / "ledger.json"


@given(way=st.sampled_from(places(WHOLE)[:-1]), value=st.sampled_from(ODD))
def test_any_value_anywhere_is_read_or_refused_in_one_line(scratch: Path, way: tuple[Any, ...], value: Any) -> None:
    assert "\n" not in survive(scratch, changed(way, value))


# What the cases of a claim say, each "source part reading declared verdict", and what the claim is by them.
CLAIMS: dict[str, tuple[str, str]] = {
    **{f"a - literal {each} {each}": (each, each) for each in ("holds", "refuted", "uncheckable", "undecided")},
    **{f"a - literal holds {each}": ("holds", each) for each in ("refuted", "unchecked", "undecided", "broken")},
    "a - literal refuted refuted, a - loose holds holds": ("loosely", "loosely"),
    "a - literal refuted refuted, a - loose holds refuted": ("loosely", "refuted"),
    "a - literal refuted holds, a - loose holds holds": ("loosely", "holds"),
    "a - literal refuted refuted, a - loose refuted refuted": ("refuted", "refuted"),
    "a - literal refuted refuted, a - loose holds broken": ("loosely", "broken"),
    "a - literal refuted broken, a - loose holds holds": ("loosely", "broken"),
    "a - literal refuted unchecked, a - loose holds unchecked": ("loosely", "unchecked"),
    "a - literal refuted refuted, a - loose holds unchecked": ("loosely", "unchecked"),
    "a - literal refuted refuted, a - loose holds undecided": ("loosely", "undecided"),
    "a - literal refuted unchecked, a - loose holds holds": ("loosely", "unchecked"),
    "a x literal holds holds, a y literal holds unchecked": ("holds", "unchecked"),
    "a x literal holds holds, b y literal holds unchecked": ("holds", "unchecked"),
    "a x literal holds holds, a y literal holds undecided": ("holds", "undecided"),
    "a x literal holds refuted, a y literal holds unchecked": ("holds", "refuted"),
    "a x literal holds holds, a y literal holds refuted": ("holds", "refuted"),
    "a x literal holds refuted, a y literal holds broken": ("holds", "broken"),
    "a - literal refuted refuted, a - other holds holds": ("disputed", "disputed"),
    "a - literal refuted refuted, a - other holds refuted": ("disputed", "refuted"),
    "a - literal refuted holds, a - other holds holds": ("disputed", "holds"),
    "a - literal holds holds, b - literal holds holds": ("holds", "holds"),
    "a - literal holds holds, b - literal refuted refuted": ("disputed", "disputed"),
    "a - literal holds holds, b - literal holds refuted": ("holds", "disputed"),
    "a - literal holds holds, b - literal holds broken": ("holds", "broken"),
    "a - literal holds holds, b - literal refuted unchecked": ("holds", "holds"),
    "a - literal holds holds, b - literal holds undecided": ("holds", "holds"),
    "a - literal holds undecided, b - literal holds unchecked": ("holds", "undecided"),
    "a - literal refuted refuted, a - loose holds holds, b - literal refuted unchecked, b - loose holds unchecked":
        ("loosely", "loosely"),
}  # fmt: skip


@pytest.mark.parametrize("told", CLAIMS)
def test_cases_add_up_to_the_verdict_of_their_claim(told: str) -> None:
    cases = []
    for place, each in enumerate(told.split(", ")):
        source, part, reading, declared, verdict = each.split()
        case: Any = {"source": source, "part": part, "reading": reading, "declared": declared, "verdict": verdict}
        cases.append(Case(id=str(place), test="t", tier="cheap", **case))
    for same in (cases, cases[::-1]):
        claim = Claim(id="paper/it", document="paper", section="1", says="So.", cases=same, verdict="holds")
        claim.conclude()
        assert (claim.declared, claim.verdict) == CLAIMS[told]


@pytest.mark.parametrize(("own", "alone"), [("holds", False), ("undecided", False), ("unchecked", True)])
def test_a_stand_in_has_no_say_beside_the_model_that_is_meant(own: Any, alone: bool) -> None:
    mine = Case(id="1", test="t", tier="cheap", source="figure", verdict=own)
    other = [schema.Evidence(model="tiny", stand_in=True)]
    tried = Case(id="2", test="t", tier="gpu", source="fresh", verdict="refuted", evidence=other)
    claim = Claim(id="paper/it", document="paper", section="1", says="So.", cases=[mine, tried])
    claim.conclude()
    assert claim.verdict == ("refuted" if alone else own)
    tried.verdict = "broken"
    claim.conclude()
    assert claim.verdict == "broken"


def test_a_claim_that_contradicts_its_cases_is_read_by_its_cases(tmp_path: Path) -> None:
    path = tmp_path / "ledger.json"
    path.write_text(json.dumps(changed(("claims", 0, "cases", 0, "verdict"), "refuted")))
    ledger = schema.read(path)
    assert ledger.claims[0].verdict == "refuted"
    assert (ledger.claims[0].state, ledger.exit_code()) == ("surprise", 1)


@pytest.mark.parametrize(
    ("declared", "verdict", "cheap", "gpu"),
    [
        ("holds", "holds", False, False), ("refuted", "refuted", False, False), ("holds", "refuted", True, True),
        ("refuted", "holds", True, True), ("holds", "broken", True, True), ("holds", "undecided", True, False),
        ("undecided", "undecided", False, False), ("undecided", "holds", True, True),
        ("holds", "unchecked", False, False), ("uncheckable", "uncheckable", False, False),
    ],
)  # fmt: skip
def test_surprises(declared: Any, verdict: Any, *, cheap: bool, gpu: bool) -> None:
    cases = [Case(id="", test="t", tier=tier, declared=declared, verdict=verdict) for tier in ("cheap", "gpu")]
    assert [case.surprising for case in cases] == [cheap, gpu]


def test_a_file_is_replaced_whole_and_is_as_private_as_the_user_wants(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "new/ledger.json"
    previous = os.umask(0o027)
    try:
        files.write_text("first", file)
    finally:
        os.umask(previous)
    assert file.stat().st_mode & 0o777 == 0o640
    with pytest.raises(UnicodeEncodeError):
        files.write_text("second \ud800", file)

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match=r"No space left on device: .*/new/ledger\.json"):
        files.write_text("third", file)
    assert file.read_text() == "first"
    assert [path.name for path in file.parent.iterdir()] == ["ledger.json"]


def test_what_is_no_file_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe", Path("/dev/null")):
        with pytest.raises(OSError, match=r"it is (a folder|no file that can be replaced)"):
            files.write_text("text", place)
        assert files.unwritable(place, ".json")
    assert not files.unwritable(tmp_path / "below/new.json", ".json")
    assert [path.name for path in tmp_path.iterdir()] == ["pipe"]


def test_every_claim_is_a_line_until_the_ledger_has_it(tmp_path: Path) -> None:
    ledger = tmp_path / "below" / "claims.json"
    journal = files.Journal(ledger, "what was collected")
    journal.remove()
    assert not ledger.parent.exists()
    for line in ("one", "two"):
        journal.append(line)
    (file,) = ledger.parent.iterdir()
    assert file.read_text() == "what was collected\none\ntwo\n"
    journal.remove()
    assert list(ledger.parent.iterdir()) == []
