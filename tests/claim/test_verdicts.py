"""Every verdict, as the ledger, pytest's outcome and the exit code tell it, however the run is distributed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome, Suite, together

CLAIMS = (Path(__file__).parent / "verdict_claims.txt").read_text(encoding="utf-8")
EXPECTED = {
    match["claim"]: (match["verdict"], match["outcomes"].split())
    for match in re.finditer(
        r'# expect (?P<verdict>\S+) (?P<outcomes>.+)\n(?:.*\n)*?\s*@pytest.mark.claim\("(?P<claim>[^"]+)"', CLAIMS
    )
}
LIBRARY = """
import functools
def insist(fact):
    assert fact
    return fact
def wrapped(function):
    @functools.wraps(function)
    def wrapper():
        return function()
    return wrapper
class Insistent:
    def __eq__(self, other):
        assert other is self
class Unspeakable(Exception):
    def __str__(self):
        raise KeyError("no words")
class BadlyDrawn:
    def charts(self):
        return [{"kind": "depth", "name": "n", "points": [[0, float("nan")]]}]
"""
CONFTEST = """
import library, pytest
from hypothesis import settings
from fixtures.claim.estimate import Undecided
pytest_plugins = ["reports.plugin", "fixtures.claim.collection", "fixtures.claim.verdict"]
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=100)
settings.load_profile("quick")
@pytest.fixture
def undecided():
    raise Undecided("too few documents")
@pytest.fixture
def skipped():
    pytest.skip("needs weights")
@pytest.fixture
def insistent():
    library.insist(False)
@pytest.fixture
def badly_drawn():
    return library.BadlyDrawn()
@pytest.fixture
def undecided_at_last():
    yield
    raise Undecided("too late")
@pytest.fixture
def untidy():
    yield
    library.insist(False)
"""
RUNS = {
    "in one process": ("-n", "0", "--junitxml=junit.xml"),
    "with plain asserts": ("-n", "0", "--assert=plain"),
    "in two": ("-n", "2", "--junitxml=junit.xml"),
    "by group": ("-n", "2", "--dist", "loadgroup"),
    "by file": ("-n", "2", "--dist", "loadfile"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Suite, Outcome]]:
    suites = {name: Suite(tmp_path_factory.mktemp("suite")) for name in RUNS}
    for suite in suites.values():
        suite.write("claims/paper/test_one.py", CLAIMS)
        suite.write("library.py", LIBRARY)
        suite.write("conftest.py", CONFTEST)
        toml = suite.folder / "claims/paper/document.toml"
        toml.write_text(toml.read_text().replace('file = "test_one.py"', 'file = "test_one.py"\ncharts = ["depth"]'))
    plugins = ("-p", "timeout", "-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider")
    jobs = [partial(suite.run, *plugins, *RUNS[name]) for name, suite in suites.items()]
    return {name: (suites[name], outcome) for name, outcome in zip(RUNS, together(jobs), strict=True)}


def test_verdicts(outcomes: dict[str, tuple[Suite, Outcome]]) -> None:
    _, outcome = outcomes["in one process"]
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == {claim: verdict for claim, (verdict, _) in EXPECTED.items()}
    assert outcome.accounting["unaccounted"] == []
    assert outcome.accounting["collected"] == outcome.accounting["reported"] > 80
    assert "INTERNALERROR" not in outcome.output


def test_outcomes(outcomes: dict[str, tuple[Suite, Outcome]]) -> None:
    """What pytest, and with it every other report, says of each case."""
    suite, outcome = outcomes["in one process"]
    told = {test: "-".join(each) for test, each in junit(suite).items()}
    found = {
        claim: [told[case["test"].rpartition("::")[2]] for case in record["cases"]]
        for claim, record in outcome.claims.items()
    }
    assert found == {claim: states for claim, (_, states) in EXPECTED.items()}


def junit(suite: Suite) -> dict[str, list[str]]:
    """What became of each test by its name: a word for its call, and one for an error in its setup or teardown."""
    outcomes: dict[str, list[str]] = {}
    for case in ET.parse(suite.folder / "junit.xml").iter("testcase"):  # written by the run above
        states = outcomes.setdefault(case.get("name") or "", [])
        kinds = {child.tag: child.get("type") or "" for child in case}
        if "skipped" in kinds:
            states.append("xfailed" if kinds["skipped"] == "pytest.xfail" else "skipped")
        elif "failure" in kinds:
            states.append("failed")
        elif "error" not in kinds:
            states.append("passed")
        if "error" in kinds:
            states.append("error")
    return outcomes


@pytest.mark.parametrize("name", list(RUNS)[1:])
def test_every_way_to_run_gives_the_same_ledger(outcomes: dict[str, tuple[Suite, Outcome]], name: str) -> None:
    expected, found = comparable(outcomes["in one process"][1]), comparable(outcomes[name][1])
    if name == "with plain asserts":
        assert outcomes[name][1].verdicts == outcomes["in one process"][1].verdicts
    else:
        assert found == expected
    assert outcomes[name][1].code == 1


def comparable(outcome: Outcome) -> dict[str, Any]:
    """The ledger less times, arguments and addresses in memory."""
    ledger = json.loads(re.sub(r"0x[0-9a-f]+", "0x", json.dumps(outcome.ledger)))
    ledger["run"] = {key: ledger["run"][key] for key in ("state", "exit_code", "environment")}
    for claim in ledger["claims"]:
        for case in claim["cases"]:
            assert case.pop("seconds") >= 0
    return dict(ledger)


def test_reasons_and_measurements(outcomes: dict[str, tuple[Suite, Outcome]]) -> None:
    claims = outcomes["in one process"][1].claims
    reason = {name: [case["reason"] for case in claim["cases"]] for name, claim in claims.items()}
    assert reason["law"][0].endswith("test_law( number=42, )")
    assert reason["refuted"] == ["it is not"]
    assert reason["undecided"] == ["the interval 0.4 to 0.6 includes 0.5"]
    assert reason["not-covered"] == ["the record has no layer 31"]
    assert reason["skipped-by-mark"] == ["not now"]
    assert reason["uncheckable"] == ["nobody can know"]
    assert reason["raises"] == ["RuntimeError: out of cheese"]
    assert reason["raises-and-says-nothing"] == ["Unspeakable: its message raises KeyError"]
    assert reason["routes-disagree"] == ["BrokenInstrument: two routes disagree: 3 things as measured, 4 by formula"]
    assert reason["no-number"][0] == "BrokenInstrument: nan is not a measurement"
    assert reason["no-number"][5] == "BrokenInstrument: measure takes ints, floats and fractions, not float64"
    assert reason["charts"] == ["its charts: ValueError: Out of range float values are not JSON compliant"]
    assert reason["hangs"][0].startswith("Failed: Timeout")
    assert reason["xfails"] == ["XFailed: no"]
    assert reason["cut-short"] == ["cut short", "cut short"]
    measured = claims["measures-all-it-may"]["cases"][0]["measured"]
    assert [one["value"] for one in measured] == [str(2**60), 1 / 3, str(10**30), str(10**400), 0.5, 2]
    assert measured[0]["routes"] == {"configuration": str(2**60)}
    assert (measured[5]["low"], measured[5]["high"], measured[4]["of"]) == (1.5, 3.0, "a half")
    assert claims["holds"]["cases"][0]["stated"] == {"text": "13.02B", "low": "13015000000", "high": "13025000000"}
    assert claims["holds"]["cases"][0]["measured"][0]["routes"] == {"closed form": 13_015_864_320}
    assert claims["teardown"]["cases"][0]["reason"] == "AssertionError in insist, library.py line 4"


def test_junit_carries_the_evidence(outcomes: dict[str, tuple[Suite, Outcome]]) -> None:
    for name in ("in one process", "in two"):
        suite, _ = outcomes[name]
        found = {}
        for case in ET.parse(suite.folder / "junit.xml").iter("testcase"):  # written by the run above
            names = [one.get("name") for one in case.iter("property")]
            assert len(names) == len(set(names)), case.get("name")
            if names:
                found[case.get("name")] = {one.get("name"): one.get("value") for one in case.iter("property")}
        told = found["test_cut_short[literal]"]
        assert told["verdict"] == "refuted"
        assert told["printed"] == "12B"
        assert told["measured"] == "12879925248 parameters"
        assert found["test_teardown"]["verdict"] == "broken"
        assert found["test_cannot_be_sent"]["size"] == "0.5"
        assert found["test_cannot_be_sent"]["place"] == "/"


def test_exit_codes(new_suite: Callable[[], Suite]) -> None:
    """All is as declared: 0. Nothing was checked: 5. Anything else is never 0."""
    holds = '@pytest.mark.claim("a")\ndef test_a():\n    """So."""\n'
    undecided = holds.replace(
        '"""So."""', '"""So."""\n    from fixtures.claim.estimate import Undecided\n    raise Undecided("x")'
    )
    suites = {
        0: holds + '@pytest.mark.claim("b", refuted="no")\ndef test_b():\n    """So."""\n    assert not True\n',
        5: holds.replace('"""So."""', '"""So."""\n    pytest.skip("needs a GPU")'),
        1: holds.replace('"""So."""', '"""So."""\n    assert not True'),
    }
    jobs = [new_suite().claims(text).run for text in suites.values()]
    assert [outcome.code for outcome in together(jobs)] == list(suites)
    others = {
        "undecided is an answer": (new_suite().claims(undecided), (), 0),
        "none selected": (new_suite().claims(holds), ("-k", "nothing"), 5),
        "no claim of that tier": (new_suite().claims(holds), ("-m", "gpu"), 5),
        "only uncheckable": (new_suite().claims(holds.replace('"a"', '"a", uncheckable="nobody can know"')), (), 5),
        "skipped in two": (new_suite().claims(suites[5]), ("-n", "2"), 5),
    }
    ended = together([partial(suite.run, *arguments) for suite, arguments, _ in others.values()])
    for (name, (_, _, code)), outcome in zip(others.items(), ended, strict=True):
        assert outcome.code == code, (name, outcome.output)
        assert outcome.ledger["run"]["exit_code"] == code, name
        assert outcome.ledger["run"]["state"] == "complete", name
