"""Every verdict, as the ledger, pytest's outcome and the exit code tell it, however the run is distributed."""

from __future__ import annotations

import json
import re
import xml.etree.ElementTree as ET
from functools import partial
from typing import Any

from tests.claim import odd
from tests.conftest import MakeSuite, Outcome, Suite, claim, together

# A row is a claim: what comes out and what pytest says of each case, what it takes, what is declared, what stands
# above it, its body.
ROWS: list[tuple[str, str, str, str, str, str]] = [
    ("holds passed", "holds", "measure, stated", 'stated="13B"', "",
     "assert measure(13 * 10**9, 't', also=13 * 10**9) == stated"),
    ("holds passed", "kinds", "measure", "", "",
     "measure(2**60, 't', also={'route': 2**60})\n"
     "measure(Fraction(1, 3), 't')\n"
     "measure(0.5, 'of all', of='half')\n"
     "assert measure(Estimate(2, Fraction(3, 2), 3), 't') > 1"),
    ("holds passed", "collected", "measure", "", "",
     "found, rows = {}, []\n"
     "for place, _ in enumerate('ab'):\n    found[place] = measure(place, 't')\n    rows.append(found[place])\n"
     "for other, _ in enumerate('cd'):\n    found[other] += 3\n"
     "total = sum(found.values())\ntotal /= 2\n"
     "assert total == 3.5 and max(rows) == 1 and min(found.values()) > rows[1]"),
    ("holds passed", "named-twice", "measure", "", "", "x = measure(3, 't')\nx = x + 1\nassert x == 4"),
    ("holds passed", "in-order", "measure", "", "",
     "assert [measure(one, 't') for one in (1, 2, 3, 4)] == [4 - measure(one, 't') for one in (3, 2, 1, 0)]"),
    ("holds passed", "many", "measure", "", "",
     "for place in range(99):\n    assert measure(place, 't', of=f'layer {place}') < 100"),
    ("refuted failed", "out-of-order", "measure", "", "",
     "rows = [measure(one, 't') for one in (1, 2, 4, 3, 5, 6)]\n"
     "assert all(one < other for one, other in zip(rows, rows[1:]))"),
    ("loosely xfailed passed", "cut-short", "measure, stated", 'stated="12B", loosely="cut short"', "",
     "assert measure(12_879_925_248, 'parameters') == stated"),
    ("loosely xfailed passed", "weaker", "measure, reading", 'loosely="one will do"', "",
     "assert measure({'literal': 1, 'loose': 2}[reading], 't') > 1"),
    ("refuted xfailed", "refuted", "measure", 'refuted="it is not"', "", "assert measure(3, 't') == 4"),
    ("refuted xfailed xfailed", "refuted-twice", "measure, reading", 'refuted="no"', "",
     "assert measure(3, reading) == 4"),
    ("refuted failed", "surprise", "measure, stated", 'stated="13B"', "", "assert measure(1, 't') == stated"),
    ("holds failed", "stale", "measure", 'refuted="it is not"', "", "assert measure(3, 't') == 3"),
    ("holds failed passed", "literal-too", "measure, stated", 'stated="12B", loosely="cut"', "",
     "assert measure(12_100_000_000, 't') == stated"),
    ("refuted xfailed failed", "not-even", "measure, stated", 'stated="12B", loosely="cut"', "",
     "assert measure(13 * 10**9, 't') == stated"),
    ("undecided failed", "fixed-undecided", "measure", "", "", "assert measure(Estimate(0.5, 0.4, 0.6), 't') > 0.5"),
    ("undecided skipped", "declared-undecided", "measure", 'undecided="too little"', "",
     "assert measure(Estimate(0.5, 0.4, 0.6), 't') > 0.5"),
    ("holds failed", "decided", "measure", 'undecided="too little"', "", "assert measure(3, 't') == 3"),
    ("unchecked skipped", "skips", "measure", "", "", "pytest.skip('needs \\ud800')\n" "assert measure(3, 't') == 4"),
    ("broken failed", "skips-late", "measure", "", "",
     "x = measure(3, 't')\nx == 4 or pytest.skip('too few')\nassert x == 4"),
    ("broken failed", "in-billions", "measure, stated", 'stated="13B"', "",
     "assert measure(99.5, 'billion parameters') < stated"),
    ("broken failed", "in-GB", "measure, stated", 'stated="13B"', "", "assert measure(99.5, 'GB of it') < stated"),
    ("broken failed", "in-short", "measure, stated", 'stated="47B"', "", "assert measure(99, 'bn of it') < stated"),
    ("broken failed", "in-words", "measure, stated", 'stated="13B"', "", "assert measure(9, 'in billions') < stated"),
    ("broken failed", "in-per-cent", "measure, stated", 'stated="13%", refuted="no"', "",
     "assert measure(13, 'per cent of all') == stated"),
    ("holds passed", "in-units-of-one", "measure, stated", 'stated="13B"', "",
     "assert measure(Fraction(13 * 10**9), 'parameters') == stated and measure(13, 'billion words') > 12"),
    ("broken failed", "fixture-measures", "measuring", "", "", "assert measuring == 3"),
    ("unchecked skipped", "skip-mark", "measure", "", "@pytest.mark.skip(reason='not now')",
     "assert measure(3, 't') == 4"),
    ("unchecked skipped", "fixture-skips", "measure, skipped", 'refuted="no"', "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "lacks", "measure, lacking", 'refuted="no"', "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign", "measure, foreign", "", "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign-in-a-pair", "measure, pair", "", "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign-in-a-dictionary", "measure, by_name", "", "", "assert measure(3, 't') == 4"),
    ("unchecked skipped", "foreign-by-name", "measure, request", "", "",
     "request.getfixturevalue('foreign')\n" "assert measure(3, 't') == 4"),
    ("refuted xfailed", "stand-in", "measure, stand_in", "", "", "assert measure(3, 't') == 4"),
    ("uncheckable skipped", "never", "stated", 'stated="12B", uncheckable="nobody can know"', "", "library.fail()"),
    ("broken failed", "raises", "measure", 'refuted="no"', "", "library.fail()\n" "assert measure(3, 't') == 4"),
    ("broken failed", "unspeakable", "measure", 'refuted="no"', "",
     "library.fail(library.Unspeakable())\n" "assert measure(3, 't') == 4"),
    ("broken failed", "exits", "measure", 'refuted="no"', "",
     "library.fail(SystemExit(0))\n" "assert measure(3, 't') == 4"),
    ("broken failed", "leaves", "measure", "", "", "library.leave()\n" "assert measure(3, 't') == 3"),
    ("broken failed", "helper", "measure", 'refuted="no"', "",
     "library.insist(measure(3, 't') == 4)\n" "assert measure(3, 't') == 4"),
    ("broken failed", "operand", "measure", 'refuted="no"', "",
     "assert library.Insistent() == measure(3, 't')"),
    ("broken failed", "compiled", "measure", 'refuted="no"', "",
     "assert measure(library.future().result(), 't') == 4"),
    ("broken failed", "in-thread", "measure", "", "",
     "library.in_thread(library.insist, False)\n" "assert measure(3, 't') == 3"),
    ("broken failed", "hook-replaced", "measure", "", "",
     "library.deaf()\n" "library.in_thread(library.insist, False)\n" "assert measure(3, 't') == 3"),
    ("broken failed", "thread-left", "measure", "", "", "library.leave_running()\n" "assert measure(3, 't') == 3"),
    ("broken failed", "loop-over-nothing", "measure", "", "",
     "for value in range(measure(3, 't'), 3):\n" "    assert value == 4"),
    ("holds passed", "loop", "measure", "", "", "for value in (2, 1):\n" "    assert measure(value, 't') > 0"),
    ("broken failed", "all-of-nothing", "measure", "", "", "assert all(value > 4 for value in range(measure(0, 't')))"),
    ("broken failed", "any-of-nothing", "measure", "", "", "assert not any(range(measure(0, 't')))"),
    ("holds passed", "all-of-some", "measure", "", "", "assert all(value < 4 for value in range(measure(4, 't')))"),
    ("broken failed", "executes-another", "measure", "", "", "library.execute()\n" "assert measure(3, 't') == 3"),
    ("broken error", "misspelt-fixture", "measure, mixtrel", "", "", "assert measure(3, 't') == 3"),
    ("broken error", "fixture-asserts", "measure, asserting", 'refuted="no"', "", "assert measure(3, 't') == 4"),
    ("broken error", "teardown", "measure, untidy", "", "", "assert measure(3, 't') == 3"),
    ("broken error", "teardown-skips", "measure, untidy_skip", "", "", "assert measure(3, 't') == 3"),
    ("broken xfailed-error", "refuted-teardown", "measure, untidy", 'refuted="no"', "",
     "assert measure(3, 't') == 4"),
    ("broken failed", "fails", "measure", 'refuted="no"', "", "pytest.fail('no')\n" "assert measure(3, 't') == 4"),
    ("broken failed", "xfails", "measure", 'refuted="no"', "", "pytest.xfail('no')\n" "assert measure(3, 't') == 4"),
    ("broken failed", "strict-xpass", "measure, request", "", "",
     "request.applymarker(pytest.mark.xfail(strict=True))\n" "assert measure(3, 't') == 3"),
    ("broken failed", "routes", "measure", 'refuted="no"', "", "assert measure(3, 't', also={'formula': 4}) == 5"),
    ("broken failed", "records-nothing", "measure", "", "", "assert len(str(measure)) > 3"),
    ("broken failed", "compares-nothing", "measure, stated", 'stated="3"', "",
     "assert measure(3, 't') == 3 or measure(4, 't') == stated"),
    ("broken failed", "compares-aside", "measure, stated", 'stated="3"', "",
     "assert measure(4, 't') == stated or measure(3, 't') == 3"),
    ("broken failed", "any-of-several", "measure, stated", 'stated="3"', "",
     "assert any(measure(one, 't') == stated for one in (4, 3))"),
    ("broken failed", "among-several", "measure, stated", 'stated="3"', "",
     "assert stated in [measure(one, 't') for one in (4, 3)]"),
    ("holds passed", "either-way", "measure, stated", 'stated="3"', "",
     "it = measure(4, 't')\nassert it == stated or it > stated"),
    ("broken failed", "never-compared", "measure, stated", 'stated="3", refuted="no"', "",
     "assert measure(3, 't') == 4 and measure(3, 't') == stated"),
    ("broken failed", "stated-aside", "measure, stated", 'stated="3"', "",
     "x = measure(3, 't') == stated\n" "assert measure(3, 't') == 3"),
    ("broken failed", "compares-no-measurement", "measure, stated", 'stated="3"', "",
     "assert stated == 3 and measure(5, 't') == 5"),
    ("broken failed", "once", "measure", "", "", "assert measure(3, 't') == 3 and library.first_time('d', 1)"),
    ("broken failed", "once-more", "measure", "", "", "assert measure(3, 't') == 3 and not library.first_time('e', 1)"),
    ("broken failed", "subtests", "measure, request", "", "",
     "library.subtest(request)\n" "assert measure(3, 't') == 3"),
    ("refuted failed", "replaced", "measure, replacing", "", "", "assert measure(3, 't') == 4"),
    ("broken failed", "odd-evidence", "measure, odd_evidence", "", "", "assert measure(3, 't') == 3"),
    ("broken failed", "bad-evidence", "measure, bad_evidence", "", "", "assert measure(3, 't') == 3"),
    ("refuted failed", "computed", "measure, stated", 'stated="314"', "",
     "p, t = measure(175e9, 'p'), measure(400e9, 't')\n"
     "assert 6 * p * t / 1e21 == stated and round(p / t, 1) > 0.4"),
    ("refuted failed", "computed-of-three", "measure", "", "",
     "a, b, c = (measure(one, 'of all') for one in (0.5, 0.3, 0.25))\n"
     "assert a > b > c and a + b + c == 1"),
    ("refuted failed", "between-two", "measure", "", "", "assert 1e-9 < measure(2e-8, 's') < 3e-9"),
    ("refuted failed", "in-a-set", "measure", "", "", "assert {measure(one, 't') for one in (8, 32, 8)} == {8, 16}"),
    ("broken failed", "kept", "measure", "", "", "assert library.once(lambda: measure(3, 't')) == 3"),
    ("holds passed", "keeps", "measure", "", "",
     "library.KEPT['it'] = measure(3, 't')\nassert library.KEPT['it'] == 3"),
    ("refuted failed", "kept-before", "measure", "", "", "assert measure(library.KEPT['it'], 't') == 0"),
    ("broken failed", "cannot-be-repeated", "measure", "", "",
     "library.first_time('f', 1) or library.fail()\n" "assert measure(3, 't') == 3"),
    ("holds passed", "bad-pictures", "measure, bad_pictures", "", "", "assert measure(3, 't') == 3"),
    ("holds passed", "warns", "measure", "", "", "library.warn()\n" "assert measure(3, 't') == 3"),
    ("holds passed", "forks", "measure", "", "", "library.fork()\n" "assert measure(3, 't') == 3"),
    ("holds passed", "forks-again", "measure", "", "", "library.fork_again()\n" "assert measure(3, 't') == 3"),
    ("refuted failed", "prints", "measure", "", "",
     "print('printed', measure(3, 't'))\n" "assert measure(3, 't') == 4"),
    ("holds passed", "cannot-be-sent", "measure, request", "", "@pytest.mark.xdist_group('group')",
     "library.leave_properties(request.node)\n" "assert measure(3, 't \\ud800') == 3"),
    ("refuted failed", "says-what-cannot-be-sent", "measure", "", "@pytest.mark.xdist_group('group')",
     "assert measure(3, 't') == 4, '\\ud800' + 'x' * 10**5"),
    ("refuted failed", "law", "n", "", "@given(n=st.integers(0, 100))", "assert n < 42"),
    ("holds passed", "law-of-a-list", "n", "", "@given(n=st.integers(0, 100))",
     "x = []\nx.append(n)\nassert x != [101]"),
    ("broken failed", "law-in-library", "n", 'refuted="no"', "@given(n=st.integers(0, 100))",
     "library.insist(n < 42)\n" "assert n < 142"),
    ("broken failed", "law-strategy", "n", 'refuted="no"', "@given(n=st.integers(0, 100).map(library.insist))",
     "assert n == 1"),
    ("refuted xfailed", "law-two-ways", "n", 'refuted="no"',
     "@settings(max_examples=200)\n@given(n=st.integers(0, 100))",
     "assert n != 0\n"
     "assert n < 42"),
    ("broken failed", "law-one-way-broken", "n", 'refuted="no"',
     "@settings(max_examples=200)\n@given(n=st.integers(0, 100))",
     "library.insist(n != 0)\n"
     "assert n < 42"),
    ("broken failed", "law-flaky", "n", 'refuted="no"', "@given(n=st.integers(0, 100))",
     "assert library.first_time('a', n) != True"),
    ("broken failed", "law-two-ways-flaky", "n", 'refuted="no"',
     "@settings(max_examples=300)\n@given(n=st.integers(0, 100))",
     "assert (library.first_time('b', n) and n > 50) != True\n"
     "assert (n < 3 and library.first_time('c', n)) != True"),
    ("broken failed", "law-with-a-failure-expected", "n", "",
     "@example(n=9).xfail()\n@given(n=st.integers(0, 5))", "assert n < 6"),
    ("broken failed", "law-of-nothing", "n", "",
     "@settings(suppress_health_check=list(HealthCheck))\n@given(n=st.integers())",
     "assume(n != n)\n"
     "assert n == 3"),
]  # fmt: skip
OF_NOTHING = [
    "True", "x", "not x", "(x == 3, 'so')", "[x == 3]", "1 == 1", "measure(3, 't')", "(z := x)", "f'{x}'", "x is not y",
    "lambda: x == 4", "x == 3 or True", "x == 3 or x", "x == 3 if x else True", "x != None", "x == x", "bool(x)",
    "measure(3, 't') != 'a'", "len('abc') == 3", "x == 3 or 1 == 1", "x - x == 1", "len([x]) == 2", "z == 3 and x == 3",
    "[z for z in ()] == []", "[z for z in (x, y) if False] == []", "(lambda: 4)() == 4", "sum(z for z in (4,)) == 4",
    "all(1 == 1 for z in (x, y))", "{x: 1}[x] == 1", "f != 3", "f['x'] != 3", "x >= 0 or x < 0", "x <= x + 1",
    "abs(x) >= 0", "not (x > 1 and x < 0)", "max([x, 5]) >= 5", "[x] != []", "abs(measure(4, 't')) >= 0",
    "library.first(True, x)", "str(x)", "np.all(z == 4 for z in (x, y))",
    "x == 4 or library.odd(x) != library.odd(x) + 1", "library.Anything() == x", "x + 1 == library.Anything()",
    "abs(x) < float('nan')", "x + 1 != None", "x == 3 and False", "sorted([x, y])[0] > sorted([x, y])[1]",
]  # fmt: skip
ASSERTED = [
    ("broken failed", f"of-nothing-{place}", "measure", "", "",
     f"x, y = measure(3, 't'), measure(4, 't')\nf = {{'x': lambda: x}}\nassert {fact}")
    for place, fact in enumerate(OF_NOTHING)
]  # fmt: skip
WAYS = {
    "equals": "assert library.first(ODD[{0}], measure(3, 't')) == stated",
    "differs": "assert stated != library.first(ODD[{0}], measure(3, 't'))",
    "above": "assert stated < library.first(ODD[{0}], measure(3, 't'))",
    "measured": "assert measure(ODD[{0}], 't') == stated",
    "route": "assert measure(3, 't', also={{'route': ODD[{0}]}}) == stated",
    "bound": "assert stated == measure(33, 't') == ODD[{0}]",
}
COMPARED = [
    ("broken failed", f"odd-{way}-{place}", "measure, stated", 'stated="33", refuted="no"', "", body.format(place))
    for place in range(len(odd.ODD))
    for way, body in WAYS.items()
]
TOP = """
from fractions import Fraction
import library, numpy as np
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st
from claim_suite.fixtures.claim.numbers import Estimate
from tests.claim.odd import ODD
"""
LIBRARY = """
import asyncio, os, threading, time, warnings
from pathlib import Path
import numpy as np
def first(odd, measured):
    return odd
def insist(fact):
    assert fact
    return fact
def fail(error=RuntimeError("out of cheese")):
    raise error
def leave():
    os._exit(0)
def in_thread(function, *arguments):
    thread = threading.Thread(target=function, args=arguments)
    thread.start()
    thread.join()
def deaf():
    threading.excepthook = print
def leave_running():
    threading.Thread(target=time.sleep, args=(2,)).start()
def execute():
    os.execv("/bin/true", ["true"])
def future():
    loop = asyncio.new_event_loop()
    made = loop.create_future()
    loop.close()
    made.set_exception(AssertionError("from elsewhere"))
    return made
def subtest(request):
    with request.getfixturevalue("subtests").test("a"):
        insist(False)
def warn():
    warnings.warn("old \\ud800", DeprecationWarning)
def fork():
    if os.fork() == 0:
        os._exit(0)
    os.wait()
def fork_again():
    if not first_time('g', 1) and os.fork():
        os.wait()
def leave_properties(node):
    node.user_properties += [("size", np.float64(0.5)), ("place", Path("/")), ("text", "\\ud800"), (None, 1), 3]
def first_time(kind, number, seen=set()):
    first = (kind, number) not in seen
    seen.add((kind, number))
    return first
KEPT = {"it": 3}
def once(function, kept=[]):
    kept[:] = kept or [function()]
    return kept[0]
class Insistent:
    def __eq__(self, other):
        assert other is self
class Anything:
    def __eq__(self, other):
        return True
def odd(x):
    return x % 2
class Unspeakable(Exception):
    def __str__(self):
        raise SystemExit(0)
class Picture:
    pictures = ("depth",)
    def __str__(self):
        raise KeyError
    def charts(self):
        raise SystemExit(0)
"""
CONFTEST = """
import library, pytest
from types import SimpleNamespace
from hypothesis import settings
from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.reports.schema import Evidence
settings.register_profile("quick", derandomize=True, deadline=None, max_examples=30)
settings.load_profile("quick")
@pytest.fixture
def lacking():
    raise NotCovered("the record has no layer 31")
@pytest.fixture
def skipped():
    pytest.skip("needs weights")
@pytest.fixture
def foreign():
    return SimpleNamespace(evidence=[Evidence(model="tiny", precision="float32", device="cpu")])
@pytest.fixture
def pair():
    return None, SimpleNamespace(evidence=[Evidence(model="tiny", precision="float32")])
@pytest.fixture
def by_name(pair):
    return {"tiny": pair[1]}
@pytest.fixture
def stand_in():
    return SimpleNamespace(evidence=[Evidence(model="tiny", precision="float32", stand_in=True)])
@pytest.fixture
def odd_evidence():
    return SimpleNamespace(evidence=[{"model": "tiny", "precision": "float32"}])
@pytest.fixture
def bad_evidence():
    class Bad:
        @property
        def evidence(self):
            raise SystemExit(0)
    return Bad()
@pytest.fixture
def bad_pictures():
    return library.Picture()
@pytest.fixture
def asserting():
    library.insist(False)
@pytest.fixture
def measuring(measure):
    return measure(3, "t")
@pytest.fixture
def untidy():
    yield
    library.insist(False)
@pytest.fixture
def untidy_skip():
    yield
    pytest.skip("too late")
@pytest.fixture
def replacing(request):
    request.node.obj = lambda measure, replacing: measure(3, "t") and None
"""
RUNS = {
    "in one process": (ROWS + ASSERTED + COMPARED, ("--junitxml=junit.xml",)),
    "with plain asserts": (ROWS + ASSERTED, ("--assert=plain",)),
    "in two, by group": (ROWS, ("-n", "2", "--dist", "loadgroup", "--junitxml=junit.xml")),
}


def test_every_verdict_however_it_is_run(new_suite: MakeSuite) -> None:
    """One test, for the runs are long and each of its parts is about all of them."""
    suites = {}
    for name, (rows, _) in RUNS.items():
        text = "".join(claim(row[1], row[5], takes=row[2], declared=row[3], above=row[4]) for row in rows)
        suite = suites[name] = new_suite(TOP + text, CONFTEST)
        suite.write("library.py", LIBRARY)
        toml = suite.folder / "claims/paper/document.toml"
        shown = toml.read_text().replace('"test_one.py"', '"test_one.py"\ncharts = ["depth"]')
        toml.write_text('model = "m"\n' + shown)
    usual = ("-p", "_hypothesis_pytestplugin", "-p", "no:cacheprovider", "--tb=no", "-o", "junit_logging=system-out")
    outcomes = together({name: partial(suite.run, *usual, *RUNS[name][1]) for name, suite in suites.items()})
    first = outcomes["in one process"]
    for name, outcome in outcomes.items():
        assert outcome.code == 1, (name, outcome.output)
        assert outcome.verdicts == {row[1]: row[0].partition(" ")[0] for row in RUNS[name][0]}, name
        assert outcome.accounting["unaccounted"] == []
        assert "INTERNALERROR" not in outcome.output
        assert outcome.output.count("ledger:") == 1, "a child went on as a second run"
        assert name == "with plain asserts" or comparable(outcome) == comparable(first), name
    check_outcomes(first, suites["in one process"])
    check_reasons_and_measurements(first)
    for name in ("in one process", "in two, by group"):
        check_properties(suites[name])


def test_what_a_test_adds_to_is_there_for_the_next(suite: Suite) -> None:
    """Once, and as it was measured, in whatever way the test is tried with other measurements."""
    adds = "FOUND.append(measure({0}, 't'))\nbox['{0}'] = FOUND[-1]\nassert FOUND[-1] == {0}"
    suite.write(
        "claims/paper/conftest.py", "import pytest\n@pytest.fixture(scope='module')\ndef box():\n    return {}\n"
    )
    suite.claims(
        "FOUND = []\n"
        + "".join(claim(f"adds-{size}", adds.format(size), takes="measure, box") for size in (3, 4))
        + claim("sum", "assert measure(sum(FOUND), 't') == 7 == measure(sum(box.values()), 't')", takes="measure, box")
        + claim("count", "assert measure(len(FOUND), 't') == 2")
    )
    outcome = suite.run()
    assert (outcome.code, set(outcome.verdicts.values())) == (0, {"holds"}), outcome.output


def check_outcomes(outcome: Outcome, suite: Suite) -> None:
    """What pytest, and with it every other report, says of each case: of its call, and of an error around it."""
    told: dict[str, list[str]] = {}
    for case in ET.parse(suite.folder / "junit.xml").iter("testcase"):  # written by the run above
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
    found = {
        name: " ".join("-".join(told[case["test"].rpartition("::")[2]]) for case in record["cases"])
        for name, record in outcome.claims.items()
    }
    assert found == {row[1]: row[0].partition(" ")[2] for row in RUNS["in one process"][0]}
    assert (suite.folder / "junit.xml").read_text(encoding="utf-8").count("printed 3\n") == 1


def comparable(outcome: Outcome) -> dict[str, Any]:
    """The ledger of the rows that each run has, less times, arguments, processes and addresses in memory."""
    ledger = json.loads(re.sub(r"0x[0-9a-f]+|pid=\d+", "", json.dumps(outcome.ledger)))
    ledger["run"] = {key: ledger["run"][key] for key in ("state", "exit_code", "environment")}
    # Threads are numbered, and since Python 3.12 a fork beside one that has not ended yet is warned of.
    ledger["warnings"] = [told for told in ledger["warnings"] if "thread" not in told["text"].lower()]
    names = {f"paper/{row[1]}" for row in ROWS}
    ledger["claims"] = [record for record in ledger["claims"] if record["id"] in names]
    for case in (case for record in ledger["claims"] for case in record["cases"]):
        assert case.pop("seconds") >= 0
    del ledger["accounting"]
    return dict(ledger)


def check_reasons_and_measurements(outcome: Outcome) -> None:
    expected = {
        "refuted": "it is not", "fixed-undecided": "the interval 0.4 to 0.6 includes 0.5", "skip-mark": "not now",
        "lacks": "the record has no layer 31", "never": "nobody can know", "raises": "RuntimeError: out of cheese",
        "unspeakable": "Unspeakable: its message raises SystemExit", "xfails": "XFailed: no", "cut-short": "cut short",
        "routes": "BrokenInstrument: two routes disagree: 3 t as measured, 4 by formula", "skips": "needs \\ud800",
        "misspelt-fixture": "FixtureLookupError: no fixture 'mixtrel' is known here; pytest --fixtures lists all",
        "leaves": "BrokenInstrument: os._exit(0) would have ended the run", "teardown-skips": "Skipped: too late",
        "foreign": "made on tiny, and the claim is about m: shown is what tiny does",
        "odd-evidence":
            "it could not be judged: TypeError: `evidence` of the fixture odd_evidence lists {'model': 'tiny', "
            "'precision': 'float32'}, which is no reports.schema.Evidence",
        "bad-evidence": "it could not be judged: SystemExit: 0",
        "executes-another": "BrokenInstrument: os.execv('/bin/true') would have ended the run",
        "loop-over-nothing": "its assert never ran: the loop around it went over nothing",
        "all-of-nothing": "BrokenInstrument: all() was asked of nothing",
        "thread-left": "a thread that the test started still runs: join it before the assert",
        "records-nothing": "it recorded nothing: a claim measures what it asserts, measure(value, unit)",
        "never-compared": "it never compared what it measured with the printed 3",
        "compares-nothing": "it holds whatever number is printed: its assert does not hang on 3",
        "compares-aside": "it holds whatever number is printed: its assert does not hang on 3",
        "stated-aside": "it holds whatever number is printed: its assert does not hang on 3",
        "compares-no-measurement": "it compares 3 with nothing that was measured",
        "of-nothing-0": "it holds whatever is measured: its assert compares nothing that was measured",
        "of-nothing-20":
            "it fails whatever is measured: compare what is measured, or a sum, difference, product or ratio of it",
        "kept": "not the same twice: it measured 1 things, and 0 when called again",
        "cannot-be-repeated":
            "not the same twice: called again with the same measurements, it raised RuntimeError: out of cheese",
        "skips-late": "it measured, and was skipped then: too few",
        "in-billions": "it compared 99.5 billion parameters with the number 13B: measure in units of one",
        "fixture-measures":
            "BrokenInstrument: a fixture measured before the test was called: let the test measure what it returns",
        "once": "not the same twice: called again with the same measurements, it came out otherwise",
    }  # fmt: skip
    assert {name: outcome.reasons[name] for name in expected} == expected
    assert outcome.reasons["law"].endswith("test_law( n=42, )")
    assert outcome.reasons["law-flaky"].startswith("not the same twice")
    assert outcome.reasons["law-two-ways-flaky"].startswith("not the same twice")
    case = {name: claim["cases"][0] for name, claim in outcome.claims.items()}
    measured = case["kinds"]["measured"]
    assert [one["value"] for one in measured] == [str(2**60), 1 / 3, 0.5, 2]
    assert measured[0]["routes"] == {"route": str(2**60)}
    assert (measured[3]["low"], measured[3]["high"], measured[2]["of"]) == (1.5, 3.0, "half")
    assert [one["share"] for one in measured] == [False, False, True, False]
    assert case["holds"]["stated"]["low"] == "12500000000"
    assert case["holds"]["compared"] == [{"operator": "==", "value": 13 * 10**9, "holds": True}]
    assert case["foreign"]["measured"][0]["value"] == case["kept-before"]["measured"][0]["value"] == 3
    assert case["foreign"]["evidence"][0]["model"] == "tiny"
    assert case["law"]["drawn"] > 0
    (picture,) = outcome.ledger["documents"][0]["sections"][0]["charts"]
    assert (picture["kind"], picture["name"]) == ("failed", "bad_pictures")
    assert {"claim": "paper/warns", "text": "DeprecationWarning: old \\ud800"} in outcome.ledger["warnings"]


def check_properties(suite: Suite) -> None:
    found: dict[str, dict[str | None, str | None]] = {}
    for case in ET.parse(suite.folder / "junit.xml").iter("testcase"):  # written by the run above
        test, _, _ = (case.get("name") or "").partition("@")  # a group follows its name
        properties = [(one.get("name"), one.get("value")) for one in case.iter("property")]
        assert len(dict(properties)) == len(properties), test
        # A test with an error in its teardown has two entries, and only one of them has properties.
        found[test] = dict(properties) or found.get(test, {})
        if test == "test_stale":
            (failure,) = case.iter("failure")
            told = "surprise: declared refuted (it is not), found holds: correct the one or the other"
            assert failure.get("message") == told
    assert found["test_cut_short[literal]"] == {
        "verdict": "refuted", "printed": "12B", "measured": "12879925248 parameters",
    }  # fmt: skip
    assert found["test_teardown"]["verdict"] == "broken"
    assert (found["test_cannot_be_sent"]["size"], found["test_cannot_be_sent"]["place"]) == ("0.5", "/")
