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

from reports import ledger
from reports.ledger import LedgerError, aggregate, surprising

CASE: dict[str, Any] = {
    "id": "", "test": "claims/paper/test_one.py::test_it", "tier": "cheap", "reading": "literal", "source": "",
    "declared": "holds", "verdict": "holds", "reason": "", "stated": {"text": "3", "low": "2.5", "high": "3.5"},
    "measured": [{"value": 3, "unit": "things", "of": "", "routes": {"formula": 3.0}, "low": None, "high": None}],
    "seconds": 0.004,
}  # fmt: skip
WHOLE: dict[str, Any] = {
    "schema": "claims-ledger/1",
    "run": {
        "started": "2026-11-24T06:00:00Z", "seconds": 5, "arguments": ["-m", "cheap"], "state": "complete",
        "exit_code": 0, "environment": {"python": "3.13"},
    },
    "accounting": {"collected": 1, "reported": 1, "unaccounted": []},
    "documents": [
        {"id": "paper", "title": "A paper", "language": "en", "sections": [{"id": "1", "title": "One", "charts": []}]}
    ],
    "claims": [
        {
            "id": "paper/it", "document": "paper", "section": "1", "says": "So.", "stated": "3", "declared": "holds",
            "verdict": "holds", "reason": "", "cases": [CASE],
        }
    ],
}  # fmt: skip


def changed(path: str, value: Any) -> dict[str, Any]:
    """The whole ledger with one value replaced, or taken out for `...`."""
    copied = copy.deepcopy(WHOLE)
    *way, last = [int(key) if key.isdecimal() else key for key in path.split(".")]
    place: Any = copied
    for key in way:
        place = place[key]
    if value is ...:
        del place[last]
    else:
        place[last] = value
    return copied


def refusal(tmp_path: Path, text: str | bytes) -> str:
    file = tmp_path / "ledger.json"
    file.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(LedgerError) as caught:
        ledger.read(file)
    message = str(caught.value)
    assert "\n" not in message
    assert len(message) < 400 + len(str(file))
    assert message.startswith(str(file))
    return message.removeprefix(str(file))


def test_a_whole_ledger_is_read_as_it_is(tmp_path: Path) -> None:
    file = tmp_path / "ledger.json"
    kept = {**WHOLE, "of another tool": {"kept": [1]}}
    file.write_text(json.dumps(kept))
    assert ledger.read(file) == kept


WRONG = {
    "claims": (..., "the ledger lacks 'claims'"),
    "run": ([], "run is not an object"),
    "run.seconds": ("5", "seconds is str, not float"),
    "run.exit_code": (True, "exit_code is bool, not int"),
    "run.arguments": ("-m cheap", "arguments is not a list"),
    "run.environment": ({"python": 3}, "environment is int, not str"),
    "accounting.unaccounted": ([3], "unaccounted is int, not str"),
    "accounting.deselected": ("1", "deselected is str, not int"),
    "documents.0.sections": ({}, "sections is not a list"),
    "documents.0.sections.0.charts": ([3], "charts is not an object"),
    "claims.0": ("it", "claims is not an object"),
    "claims.0.id": (3, "id is int, not str"),
    "claims.0.stated": (3, "stated is int, not NoneType or str"),
    "claims.0.cases": (None, "cases is not a list"),
    "claims.0.cases.0.test": (..., "cases lacks 'test'"),
    "claims.0.cases.0.stated": ("3", "stated is str, not "),
    "claims.0.cases.0.stated.low": (2.5, "low is float, not str"),
    "claims.0.cases.0.measured.0.value": (None, "value is NoneType, not float or str"),
    "claims.0.cases.0.measured.0.routes": ({"formula": []}, "routes is list, not float or str"),
    "claims.0.cases.0.measured.0.low": ("2", "low is str, not "),
    "claims.0.verdict": ("true", "'paper/it' has an unknown verdict 'true'"),
    "claims.0.cases.0.verdict": ("", "'paper/it' has an unknown verdict ''"),
}


@pytest.mark.parametrize(("path", "wrong"), WRONG.items(), ids=WRONG)
def test_a_wrong_type_is_one_line_that_says_where(tmp_path: Path, path: str, wrong: tuple[Any, str]) -> None:
    value, message = wrong
    assert message.split(" is ")[0] in refusal(tmp_path, json.dumps(changed(path, value)))


@pytest.mark.parametrize("schema", ["claims-ledger/2", None, 1, [[]], "x" * 10_000])
def test_another_schema_is_refused_by_both_names(tmp_path: Path, schema: Any) -> None:
    message = refusal(tmp_path, json.dumps(changed("schema", schema)))
    assert repr(str(schema)[:80]) in message
    assert "'claims-ledger/1'" in message


DAMAGED = {
    "empty": "", "cut": json.dumps(WHOLE)[:-40], "text": "hello", "page": "<!doctype html><title>x</title>",
    "number": "3", "list": "[]", "null": "null", "text in JSON": '"claims-ledger/1"',
    "bytes": b"\xff\xfe{}", "NUL": b"\x00" * 64, "mark": "\ufeff" + json.dumps(WHOLE),
    "deep list": "[" * 100_000, "deep and closed": "[" * 900 + "]" * 900, "deep object": '{"a":' * 100_000,
    "deep schema": '{"schema": ' + "[" * 500 + "]" * 500 + "}",
    "NaN": json.dumps(changed("claims.0.cases.0.seconds", float("nan"))),
    "infinity": json.dumps(changed("claims.0.cases.0.measured.0.value", float("inf"))),
    "beyond": json.dumps(WHOLE).replace("0.004", "1e999"),
    "endless": json.dumps(WHOLE).replace("0.004", "9" * 10_000),
}  # fmt: skip


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_what_is_no_ledger_is_one_line(tmp_path: Path, text: str | bytes) -> None:
    refusal(tmp_path, text)


def test_what_cannot_be_opened_is_one_line(tmp_path: Path) -> None:
    for path, why in {tmp_path / "none": "No such file or directory", tmp_path: "Is a directory"}.items():
        with pytest.raises(LedgerError, match=rf"cannot be read \({why}\)$"):
            ledger.read(path)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
PLACES = [
    "claims",
    "claims.0",
    "claims.0.cases",
    "claims.0.cases.0",
    "claims.0.cases.0.measured.0",
    "run",
    "documents.0",
]


@given(path=st.sampled_from([*PLACES, *WRONG]), value=JSON)
def test_any_value_anywhere_is_read_or_refused(path: str, value: Any) -> None:
    try:
        ledger.check(changed(path, value), "a file")
    except LedgerError as error:
        message = str(error)
    else:
        message = "a file: fine"
    assert message.startswith("a file: ")
    assert "\n" not in message


# What the cases of a claim say, each "source part reading declared verdict", and what the claim is by them.
CLAIMS: dict[str, tuple[str, str]] = {
    "a - literal holds holds": ("holds", "holds"),
    "a - literal refuted refuted": ("refuted", "refuted"),
    "a - literal holds refuted": ("holds", "refuted"),
    "a - literal uncheckable uncheckable": ("uncheckable", "uncheckable"),
    "a - literal holds unchecked": ("holds", "unchecked"),
    "a - literal holds undecided": ("holds", "undecided"),
    "a - literal holds broken": ("holds", "broken"),
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
    "a - loose holds holds": ("loosely", "loosely"),
    "a - loose holds refuted": ("loosely", "refuted"),
    "a x literal holds holds, a y literal holds unchecked": ("holds", "unchecked"),
    "a x literal holds holds, a y literal holds undecided": ("holds", "undecided"),
    "a x literal holds refuted, a y literal holds unchecked": ("holds", "refuted"),
    "a x literal holds holds, a y literal holds holds": ("holds", "holds"),
    "a x literal holds holds, a y literal holds refuted": ("holds", "refuted"),
    "a x literal holds refuted, a y literal holds broken": ("holds", "broken"),
    "a - literal holds holds, b - literal holds holds": ("holds", "holds"),
    "a - literal holds holds, b - literal refuted refuted": ("disputed", "disputed"),
    "a - literal holds holds, b - literal holds refuted": ("holds", "disputed"),
    "a - literal refuted refuted, b - literal refuted refuted": ("refuted", "refuted"),
    "a - literal holds holds, b - literal holds broken": ("holds", "broken"),
    "a - literal holds holds, b - literal refuted unchecked": ("holds", "holds"),
    "a - literal holds holds, b - literal holds undecided": ("holds", "holds"),
    "a - literal holds undecided, b - literal holds unchecked": ("holds", "undecided"),
    "a - literal refuted refuted, a - loose holds holds, b - literal refuted unchecked, b - loose holds unchecked": (
        "loosely", "loosely",
    ),
    "a - literal refuted refuted, a - loose holds holds, b - literal refuted refuted, b - loose holds holds": (
        "loosely", "loosely",
    ),
}  # fmt: skip


@pytest.mark.parametrize("told", CLAIMS)
def test_cases_add_up_to_the_verdict_of_their_claim(told: str) -> None:
    cases = []
    for each in told.split(", "):
        source, part, reading, declared, verdict = each.split()
        cases.append({**CASE, "source": source, "reading": reading, "declared": declared, "verdict": verdict})
        if part != "-":
            cases[-1]["part"] = part
    assert aggregate(cases) == CLAIMS[told]  # type: ignore[arg-type]  # plain dicts stand in for cases
    assert aggregate(cases[::-1]) == CLAIMS[told]  # type: ignore[arg-type]  # as above


@pytest.mark.parametrize(
    ("declared", "verdict", "surprise"),
    [
        ("holds", "holds", False), ("refuted", "refuted", False),
        ("holds", "refuted", True), ("refuted", "holds", True),
        ("holds", "broken", True), ("holds", "undecided", False), ("undecided", "holds", True),
        ("holds", "unchecked", False), ("uncheckable", "uncheckable", False),
    ],
)  # fmt: skip
def test_surprises(declared: str, verdict: str, *, surprise: bool) -> None:
    case = {**CASE, "declared": declared, "verdict": verdict}
    assert surprising(case) == surprise  # type: ignore[arg-type]  # a plain dict stands in for a case


def test_the_same_ledger_gives_the_same_text() -> None:
    turned = json.loads(json.dumps(WHOLE), object_pairs_hook=lambda pairs: dict(reversed(pairs)))
    text = ledger.dump(turned)
    assert text == ledger.dump(WHOLE)  # type: ignore[arg-type]  # a plain dict stands in for a ledger
    assert text.isascii()
    assert list(json.loads(text)) == sorted(WHOLE)
    assert list(json.loads(text)["claims"][0]["cases"][0]) == sorted(CASE)
    with pytest.raises(ValueError, match="JSON"):
        ledger.dump(changed("claims.0.cases.0.seconds", float("nan")))  # type: ignore[arg-type]  # as above


def test_a_file_is_replaced_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "new/ledger.json"
    ledger.write_text("first", file)
    assert file.read_text() == "first"
    with pytest.raises(UnicodeEncodeError):
        ledger.write_text("second \ud800", file)

    def fail(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(OSError, match="No space left"):
        ledger.write_text("third", file)
    assert file.read_text() == "first"
    assert [path.name for path in file.parent.iterdir()] == ["ledger.json"]
    ledger.write_text("fourth", file, lasting=False)
    assert file.read_text() == "fourth"


def test_a_file_is_as_private_as_the_user_wants(tmp_path: Path) -> None:
    previous = os.umask(0o027)
    try:
        ledger.write_text("text", tmp_path / "ledger.json")
    finally:
        os.umask(previous)
    assert (tmp_path / "ledger.json").stat().st_mode & 0o777 == 0o640
