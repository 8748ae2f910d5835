"""Every verdict, as the ledger, pytest's outcome and the exit code tell it, in one process and in workers."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from typing import Any

import pytest

from claim_suite.fixtures.claim.numbers import Estimate
from claim_suite.fixtures.claim.verdict import Measure
from claim_suite.reports.schema import AFTER_RERUN, OTHER_NUMBERS, Case, Measurement, resolve
from tests.conftest import MakeSuite, Outcome, claim

STATED = "measure, stated"
LAW = "@settings(max_examples=100)\n@given(n=st.integers(0, 100))"
# A row is a claim: what comes out, and what pytest says of each case; what it takes, what is declared, what stands
# above it; its body.
ROWS: list[tuple[str, str, str, str, str, str]] = [
    ("holds passed", "holds", STATED, 'stated="13B"', "", "assert measure(13 * 10**9, 't', also=13 * 10**9) == stated"),
    ("holds passed", "kinds", "measure", "", "",
     "measure(2**60, 't', also={'route': 2**60}, made_of='2^30 * 2^30')\n"
     "measure(Fraction(1, 3), 't')\n"
     "measure(0.5, 'of all', of='half')\n"
     "assert measure(Estimate(2, Fraction(3, 2), 3), 't') > 1"),
    ("holds passed", "of-numpy", "measure", "", "",
     "assert measure(np.mean([2, 4]), 't') == measure(np.float32(3), 't') == measure(np.int64(3), 't') == 3"),
    ("holds passed", "by-numpy", STATED, 'stated="3"', "", "measure(3, 't')\nassert np.float64(3) == stated"),
    ("holds passed", "in-a-loop", "measure", "", "", "for value in (2, 1):\n    assert measure(value, 't') > 0"),
    ("holds passed", "in-a-with", "measure", "", "", "with open(__file__):\n    assert measure(3, 't') == 3"),
    ("holds passed", "all", "measure", "", "", "assert all(one < 4 for one in range(measure(4, 't')))"),
    ("holds passed", "either-way", STATED, 'stated="3"', "", "x = measure(4, 't')\nassert x == stated or x > stated"),
    ("holds passed", "in-units-of-one", STATED, 'stated="13B"', "",
     "assert measure(13 * 10**9, 'parameters') == stated and measure(13, 'billion words') > 12"),
    ("holds passed", "bytes", STATED, 'stated="32.1 GB"', "", "assert measure(32_120_000_000, 'bytes') == stated"),
    ("loosely xfailed passed", "cut-short", STATED, 'stated="12B", loosely="cut short"', "",
     "assert measure(12_879_925_248, 'parameters') == stated"),
    ("loosely xfailed passed", "weaker", "measure, reading", 'loosely="one will do"', "",
     "assert measure({'literal': 1, 'loose': 2}[reading], 't') > 1"),
    ("disputed xfailed passed", "disputed", "measure, reading", 'disputed="of the other kind it is"', "",
     "assert measure({'literal': 1, 'other': 2}[reading], 't') > 1"),
    ("refuted xfailed", "refuted", "measure", 'refuted="it is not"', "",
     "assert measure(3, 't', also=3) == 4"),
    ("broken failed", "refuted-by-one-route", "measure", 'refuted="it is not"', "", "assert measure(3, 't') == 4"),
    ("broken failed", "refuted-from-memory", "measure, from_memory", 'refuted="it is not"', "",
     "assert measure(3, 't', also=3) == 4"),
    ("refuted xfailed xfailed", "refuted-twice", "measure, reading", 'refuted="no"', "",
     "assert measure(3, reading, also=3) == 4"),
    ("refuted failed", "surprise", STATED, 'stated="13B"', "", "assert measure(1, 't') == stated"),
    ("refuted failed", "in-order", "measure", "", "",
     "rows = [measure(one, 't') for one in (1, 2, 4, 3)]\nassert all(one < two for one, two in zip(rows, rows[1:]))"),
    ("refuted xfailed failed", "not-even", STATED, 'stated="12B", loosely="cut"', "",
     "assert measure(13 * 10**9, 't') == stated"),
    ("undecided skipped", "declared-undecided", "measure", 'undecided="too little"', "",
     "assert measure(Estimate(0.5, 0.4, 0.6), 't') > 0.5"),
    ("undecided failed", "fixed-undecided", "measure", "", "", "assert measure(Estimate(0.5, 0.4, 0.6), 't') > 0.5"),
    ("unchecked skipped", "skips", "measure", "", "", "pytest.skip('needs \\ud800')\nassert measure(3, 't') == 4"),
    ("unchecked skipped", "skip-mark", "measure", "", "@pytest.mark.skip(reason='not now')",
     "assert measure(3, 't') == 4"),
    ("unchecked skipped", "fixture-skips", "measure, skipped", 'refuted="no"', "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "lacks", "measure, lacking", 'refuted="no"', "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign", "measure, foreign", "", "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign-of-two", "measure, pair", "", "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign-by-name", "measure, by_name", "", "", "assert measure(3, 't') == 4"),
    ("refuted xfailed", "stand-in", "measure, stand_in", "", "", "assert measure(3, 't') == 4"),
    ("uncheckable skipped", "never", "stated", 'stated="12B", uncheckable="nobody can know"', "", "1 / 0"),
    ("broken failed", "raises", "measure", 'refuted="no"', "", "assert measure(1 / 0, 't') == 4"),
    ("broken error", "no-fixture", "measure, mixtrel", "", "", "assert measure(3, 't') == 3"),
    ("broken xfailed-error", "refuted-teardown", "measure, untidy", 'refuted="no"', "",
     "assert measure(3, 't', also=3) == 4"),
    ("holds passed", "bad-pictures", "measure, bad_pictures", "", "", "assert measure(3, 't') == 3"),
    ("holds passed", "warns", "measure", "", "",
     "warnings.warn('old', DeprecationWarning)\nassert measure(3, 't') == 3"),
    ("refuted failed", "prints", "measure", "", "", "print('printed', measure(3, 't'))\nassert measure(3, 't') == 4"),
    ("refuted failed", "law", "n", "", LAW, "assert n < 42"),
    ("holds passed", "law-holds", "n", "", LAW, "assert n < 142"),
    ("refuted xfailed", "law-two-ways", "n", 'refuted="no"', LAW,
     "assert n != 0\nassert n < 42"),
    ("broken failed", "law-one-way-broken", "n", 'refuted="no"', LAW,
     "1 / n\nassert n < 42"),
]  # fmt: skip
TOP = """
import warnings, numpy as np
from fractions import Fraction
from hypothesis import given, settings, strategies as st
from claim_suite.fixtures.claim.numbers import Estimate
"""
CONFTEST = """
import pytest
from types import SimpleNamespace
from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.reports.schema import Evidence
TINY = SimpleNamespace(evidence=[Evidence(model="tiny", precision="float32", device="cpu")])
class Picture:
    pictures = ("depth",)
    def charts(self):
        raise KeyError("depth")
@pytest.fixture
def lacking():
    raise NotCovered("the record has no layer 31")
@pytest.fixture
def skipped():
    pytest.skip("needs weights")
@pytest.fixture
def foreign():
    return TINY
@pytest.fixture
def pair():
    return None, TINY
@pytest.fixture
def by_name():
    return {"tiny": TINY}
@pytest.fixture
def from_memory():
    return SimpleNamespace(evidence=[Evidence(file="a.json", whose="memory", basis="document")])
@pytest.fixture
def stand_in():
    return SimpleNamespace(evidence=[Evidence(model="tiny", precision="float32", stand_in=True)])
@pytest.fixture
def bad_pictures():
    return Picture()
@pytest.fixture
def untidy():
    yield
    assert 1 == 2
"""
REASONS = {
    "holds": "", "refuted": "it is not", "cut-short": "cut short", "disputed": "of the other kind it is",
    "fixed-undecided": "the interval 0.4 to 0.6 includes 0.5",
    "declared-undecided": "the interval 0.4 to 0.6 includes 0.5",
    "skip-mark": "not now", "skips": "needs \\ud800", "lacks": "the record has no layer 31", "never": "nobody can know",
    "foreign": "made on tiny, and the claim is about m: shown is what tiny does",
    "refuted-teardown": "AssertionError: assert 1 == 2",
}  # fmt: skip


def test_every_verdict_in_one_process_and_in_workers(new_suite: MakeSuite) -> None:
    suite = new_suite(TOP + "".join(claim(row[1], row[5], takes=row[2], declared=row[3], above=row[4]) for row in ROWS))
    suite.write("claims/conftest.py", CONFTEST)
    toml = suite.folder / "claims/paper/document.toml"
    toml.write_text('model = "m"\n' + toml.read_text() + 'charts = ["depth"]\n')
    usual = ("-p", "_hypothesis_pytestplugin", "--tb=short", "--junitxml=junit.xml")
    outcome = suite.run(*usual)
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == {row[1]: row[0].partition(" ")[0] for row in ROWS}
    assert pytest_outcomes(outcome, suite.folder / "junit.xml") == {row[1]: row[0].partition(" ")[2] for row in ROWS}
    assert {name: outcome.reasons[name] for name in REASONS} == REASONS
    assert outcome.reasons["law"].endswith("test_law( n=42, )")
    check_records(outcome)
    in_workers = suite.apart(*usual, "-n", "1")
    assert in_workers.code == 1, in_workers.output
    assert comparable(in_workers) == comparable(outcome)
    assert "INTERNALERROR" not in outcome.output + in_workers.output


def pytest_outcomes(outcome: Outcome, junit: Any) -> dict[str, str]:
    """What pytest, and with it every other report, says of each case: of its call, and of an error around it."""
    told: dict[str, list[str]] = {}
    for case in ET.parse(junit).iter("testcase"):  # written by the run above
        states = told.setdefault(case.get("name") or "", [])
        kinds = {child.tag: child.get("type") or "" for child in case}
        if "skipped" in kinds:
            states.append("xfailed" if kinds["skipped"] == "pytest.xfail" else "skipped")
        elif "failure" in kinds:
            states.append("failed")
        elif "error" not in kinds:
            states.append("passed")
        if "error" in kinds:
            states.append("error")
    return {
        name: " ".join("-".join(told[case["test"].rpartition("::")[2]]) for case in record["cases"])
        for name, record in outcome.claims.items()
    }


def comparable(outcome: Outcome) -> dict[str, Any]:
    """A ledger less times, arguments, effort and addresses in memory."""
    ledger = json.loads(re.sub(r"0x[0-9a-f]+", "", json.dumps(outcome.ledger)))
    ledger["run"] = {key: ledger["run"][key] for key in ("state", "exit_code", "environment")}
    for case in (case for record in ledger["claims"] for case in record["cases"]):
        assert case.pop("seconds") >= 0
        case["drawn"] = bool(case["drawn"])  # how many is up to hypothesis' settings
    return dict(ledger)


def check_records(outcome: Outcome) -> None:
    case = {name: record["cases"][0] for name, record in outcome.claims.items()}
    measured = case["kinds"]["measured"]
    assert [one["value"] for one in measured] == [str(2**60), 1 / 3, 0.5, 2]
    assert measured[0]["routes"] == {"route": str(2**60)}
    assert [one["made_of"] for one in measured] == ["2^30 * 2^30", "", "", ""]
    assert case["kinds"]["code"].splitlines()[1] == "measure(Fraction(1, 3), 't')"
    assert (measured[3]["low"], measured[3]["high"], measured[2]["of"]) == (1.5, 3.0, "half")
    assert [one["share"] for one in measured] == [False, False, True, False]
    assert [one["value"] for one in case["of-numpy"]["measured"]] == [3.0, 3.0, 3]
    assert case["holds"]["stated"]["low"] == "12500000000"
    assert case["holds"]["compared"] == [{"operator": "==", "value": 13 * 10**9, "holds": True, "convention": ""}]
    assert case["foreign"]["evidence"][0]["model"] == "tiny"
    assert case["law"]["drawn"] > 0
    assert outcome.claims["cut-short"]["cases"][1]["stated"]["convention"] == "cut short"
    (picture,) = outcome.ledger["documents"][0]["sections"][0]["charts"]
    assert (picture["kind"], picture["name"]) == ("failed", "bad_pictures")
    assert outcome.ledger["warnings"] == [{"claim": "paper/warns", "text": "DeprecationWarning: old"}]
    told = "paper/surprise: declared holds, measured does not hold; printed 13B; measured 1 t; off by"
    assert outcome.output.count(f"\n{told}") == 1
    assert "Traceback" not in outcome.output


def attempt(verdict: Any, value: float = 1.0, reason: str = "") -> Case:
    return Case(
        id="", test="t", tier="cheap", verdict=verdict, reason=reason, measured=[Measurement(value=value, unit="t")]
    )


FAILED = attempt("broken", reason="OSError: no disk")
# What several attempts at a case were, and what they come to, with the reason.
ATTEMPTS: dict[str, tuple[list[Case], str, str]] = {
    "one": ([attempt("holds")], "holds", ""),
    "the same twice": ([attempt("refuted", reason="no"), attempt("refuted", reason="no")], "refuted", "no"),
    "the same to nine digits": ([attempt("holds"), attempt("holds", 1 + 1e-12)], "holds", ""),
    "an instrument that failed": ([FAILED, attempt("holds")], "holds", f"({AFTER_RERUN}OSError: no disk)"),
    "and does not hold": ([FAILED, attempt("refuted", reason="no")], "refuted", f"no ({AFTER_RERUN}OSError: no disk)"),
    "an instrument that fails again": ([FAILED, FAILED], "broken", "OSError: no disk"),
    "an instrument that fails later": ([attempt("holds"), FAILED], "broken", "OSError: no disk"),
    "both ways": ([attempt("refuted"), attempt("holds")], "broken", "not the same twice: refuted, then holds"),
    "both ways, and broken": ([attempt("holds"), FAILED, attempt("refuted")], "broken", "not the same twice: holds"),
    "other numbers": ([attempt("holds"), attempt("holds", 2)], "broken", OTHER_NUMBERS),
}  # fmt: skip


@pytest.mark.parametrize("name", ATTEMPTS)
def test_what_several_attempts_at_a_case_come_to(name: str) -> None:
    attempts, verdict, reason = ATTEMPTS[name]
    came_to = resolve(attempts)
    assert (came_to.verdict, came_to.reason[: len(reason)]) == (verdict, reason)


@pytest.mark.parametrize("wrong", [True, None, "3", b"33", [3], 3 + 0j, float("nan"), float("inf"), Estimate])
def test_only_finite_numbers_are_measured(wrong: Any) -> None:
    measure = Measure(Case(id="", test="t", tier="cheap"))
    for keywords in ({"value": wrong}, {"value": 3, "also": {"route": wrong}}):
        with pytest.raises((TypeError, ValueError), match=r"^a measured value must be "):
            measure(unit="t", **keywords)
    assert measure.case.measured == []
