"""Honest mistakes, each in a document of its own and all in one run: caught, with a line that says what to do.

What nothing here can catch is in AUTHORING.md.
"""

from __future__ import annotations

import re

from tests.conftest import Outcome, Suite, claim, holds

IT = "assert measure(3, 't') == 3"
TOP = """
import math, numpy as np, torch, library
from fractions import Fraction
from hypothesis import HealthCheck, assume, given, settings, strategies as st
from claim_suite.fixtures.claim.numbers import Estimate
from claim_suite.fixtures.claim.table import Entry, Listed, each, table
"""
LIBRARY = """
SEEN = []
def insist(fact):
    assert fact
    return fact
def first_time(kind):
    SEEN.append(kind)
    return SEEN.count(kind) == 1
"""
CONFTEST = """
import pytest
@pytest.fixture
def evidence(): ...
@pytest.fixture
def asserting():
    assert 1 == 2
@pytest.fixture
def untidy():
    yield
    assert 1 == 2
"""


def bad(*body: str, takes: str = "measure", declared: str = "", above: str = "") -> str:
    return claim("it", *(body or (IT,)), takes=takes, declared=declared, above=above)


def number(printed: str, value: str, unit: str = "parameters", compare: str = "==", **more: str) -> str:
    """A claim that holds a measured value against a printed number."""
    declared = f"stated={printed!r}, " + more.get("declared", "")
    return bad(f"assert measure({value}, {unit!r}) {compare} stated", takes="measure, stated", declared=declared)


TABLE = """
@table('''{0}''', id="t", name="Table 1"{1})
def test_it(cell, stated, measure):
    "The {{row}} of {{column}} is {{stated}}."
    assert measure(3, "t") == stated
"""
GRID = "| a | b | c |\n| x | 3 | 3 |\n| y | 3 | 3 |"
LIST = """
CLAIMS = Listed('''| claim | stated |\n| one | 3 |\n| two | 3 |''', says="So.")
@CLAIMS.of("one")
def test_it(stated, measure):
    assert measure(3, "t") == stated
"""
LAW = "@given(n=st.integers(0, 100))"

# Told when a file is read: it stops its document, and no other.
COLLECTED: dict[str, tuple[str, str]] = {
    "no marker": (bad().replace('@pytest.mark.claim("it", )', ""), 'must have one @pytest.mark.claim("id", …), got 0'),
    "two markers": (bad(above='@pytest.mark.claim("that")'), "must have one @pytest.mark.claim"),
    "id of no words": (bad().replace('"it"', '"a claim/of mine"'), "id must be words joined by hyphens, got 'a claim"),
    "id that is a number": (bad().replace('"it"', "3"), "a claim's id must be words joined by hyphens, got 3"),
    "misspelt keyword": (bad(declared='refutes="why"'), "claim 'it' has an unknown keyword 'refutes'; known are state"),
    "no docstring": (bad().replace('"""So."""', "pass"), "must have a docstring that says what the document says"),
    "no tier": (bad() + "pytestmark = []\n", "a claim must be either cheap or gpu, got neither"),
    "both tiers": (bad(above="@pytest.mark.gpu"), "a claim must be either cheap or gpu, got cheap and gpu"),
    "unknown letters": (number("13.02X", "3"), "'stated' must be a number such as '46.7B', '12%'"),
    "a decimal comma": (number("13,02", "3"), "'stated' must be a number such as"),
    "a number that is a float": (number("1", "3").replace("'1'", "13.02"), "a string or an integer, got 13.02"),
    "stated not taken": (bad(declared='stated="13"'), "does not take `stated`: it compares nothing with it"),
    "taken not stated": (bad(takes="measure, stated"), "the test takes `stated`, and its marker has no stated="),
    "exact and loose": (number("1", "3", declared='loosely="why"').replace("'1'", "13"), "13 is exact: it has no loos"),
    "nothing to loosen": (bad(declared='loosely="why"'), "loosely= needs a printed number"),
    "one reading disputed": (bad(declared='disputed="why"'), "disputed= needs a test that takes `reading`"),
    "reading alone": (bad(takes="measure, reading"), "takes `reading` must be declared loosely=, disputed= or refuted"),
    "declared twice": (bad(declared='loosely="a", refuted="b"'), "is declared loosely and refuted: it can be only one"),
    "refuted without a reply": (bad(declared='refuted="no", reply=""'), "'reply' must be words, got ''"),
    "refuted without its words": (bad(declared='refuted="no", words=""'), "'words' must be words, got ''"),
    "no reason": (bad(declared='refuted=" "'), "'refuted' must be words, got ' '"),
    "reason True": (bad(declared="refuted=True"), "'refuted' must be words, got True"),
    "no link": (bad(declared='link="www.example.org"'), "'link' must be an address such as https://…, got 'www.ex"),
    "in words, in words": (bad(declared='in_words="yes"'), "'in_words' must be True or False, got 'yes'"),
    "xfail": (bad(above="@pytest.mark.xfail"), 'declared with refuted="why" or loosely="why", not with xfail'),
    "subtests": (bad(takes="measure, subtests"), "takes no `subtests`: name its parts with part="),
    "evidence without model": (bad(takes="measure, evidence"), 'evidence is of a model: name it by model="…"'),
    "copied id": (bad() + bad().replace("test_it", "test_x"), "is already checked by claims/"),
    "copied part": (
        bad(declared='part="a"') + bad(declared='part="a"').replace("test_it", "test_x"),
        "must each name their own source= or part=",
    ),
    "two models": (
        bad(declared='part="a", model="m"') + bad(declared='part="b", model="n"').replace("test_it", "test_x"),
        "has another model= in claims/",
    ),
    "two numbers": (
        number("3", "3", declared="part='a'") + number("4", "4", declared="part='b'").replace("test_it", "test_x"),
        "has another stated= in claims/",
    ),
    "corrects nothing": (bad(declared='corrects="old"'), "corrects= must name another claim here, got"),
    "corrects itself": (bad(declared='corrects="it"'), "corrects= must name another claim here, got"),
    "no assert": (bad("measure(3, 't')"), "this test has no assert of its own"),
    "words in the parentheses": (bad("assert (measure(3, 't') == 4, 'so')"), "assert must compare: `assert (measure("),
    "nothing compared": (bad("assert measure(3, 't')"), "assert must compare: `assert measure(3, 't')` says yes to an"),
    "a constant": (bad("measure(3, 't')", "assert True"), "assert must compare: `assert True` says yes to any number"),
    "returns": (bad("return measure(3, 't') == 3"), "its test must not return or yield"),
    "yields": (bad(IT, "yield"), "'yield' keyword is allowed in fixtures, but not in te"),
    "assert in a loop of nothing": (
        bad("measure(3, 't')", "for one in []:", "    assert one == 4"), "and measure in its loop",
    ),
    "assert in pytest.raises": (
        bad("with pytest.raises(AssertionError):", "    assert measure(3, 't') == 4"), "assert must run always",
    ),
    "assert in if": (bad("if measure(3, 't') == 4:", f"    {IT}"), "assert must run always: put it in no if"),
    "assert in try": (bad("try:", f"    {IT}", "except AssertionError:", "    pass"), "put it in no if, while, try"),
    "assert in function": (bad("def check():", f"    {IT}"), "put it in no if, while, try or function"),
    "approx": (bad("assert measure(3, 't') == pytest.approx(3)"), "a claim has no tolerance: approx says yes"),
    "isclose": (bad("assert math.isclose(measure(3, 't'), 3)"), "a claim has no tolerance: isclose says yes"),
    "allclose": (bad("assert np.allclose(measure(3, 't'), 3)"), "a claim has no tolerance: allclose says yes"),
    "in a class": ("class TestIt:\n    @pytest.mark.claim('it')\n    def test_it(self): assert 1 == 2\n", "in no clas"),
    "async": (bad().replace("def test_it", "async def test_it"), "must be a plain function at the top"),
    "two tests of one name": (bad() + bad(), "has two tests called test_it: only the last would run"),
    "misspelt test": (holds("a") + bad().replace("test_it", "tets_it"), "tets_it declares a claim and is no test"),
    "helper that is a test": (holds("a") + "def test_helper(): ...\n", "must have one @pytest.mark.claim"),
    "syntax": (holds("a") + "def broken(:\n", "SyntaxError"),
    "import": ("import no_such_library\n" + holds("a"), "No module named 'no_such_library'"),
    "unknown row": (TABLE.format(GRID, ', refuted={"z": "no"}'), "names 'z', which is no cell, row or c"),
    "duplicate rows": (TABLE.format(GRID.replace("y", "x"), ""), "rows have names of their own"),
    "duplicate columns": (TABLE.format(GRID.replace("c", "b"), ""), "two columns of a table are called 'b'"),
    "row of another length": (TABLE.format(GRID.replace("| x | 3", "| x "), ""), "has 2 columns, its head has 3"),
    "unknown column in docstring": (TABLE.replace("{{column}}", "{{colum}}").format(GRID, ""), "only {row}, {column}"),
    "cell of no number": (TABLE.format(GRID.replace("| y | 3", "| y | three"), ""), "'stated' must be a number such a"),
    "list line unchecked": (LIST, "no test checks 'two' of its list"),
    "list line unknown": (LIST.replace('of("one")', 'of("on")'), "the list has no claim 'on'"),
    "list number twice": (LIST.replace('of("one")', 'of("one", stated="3")'), "its test says it once more"),
    "one id in a list": (
        "@each('value', [Entry(3, 'a', {}), Entry(4, 'a', {})])\ndef test_it(value, measure):\n    'So.'\n    " + IT,
        "two claims of one test are called 'a'",
    ),
}  # fmt: skip
# Told when a claim runs: what is said of the first case, which is broken but where another verdict stands before.
RUN: dict[str, tuple[str, str]] = {
    "per cent": (number("12%", "12.1", "of all"), "stated='12%' means 0.12, but measure() got 12.1; pass 0.121"),
    "per cent refuted": (number("12%", "12.1", "of all", declared='refuted="no"'), "got 12.1; pass 0.121"),
    "billions": (number("13B", "13.02"), "stated='13B' means 13000000000, but measure() got 13.02; pass 13020000000"),
    "billions in the unit": (number("13B", "99.5", "billion parameters", "<"), "means 13000000000, but measure() got "),
    "GB of bytes": (number("24GB", "24.1", "GB"), "stated='24GB' means 24000000000, but measure() got 24.1; pass"),
    "unmeasured": (bad("assert 3 == 3"), "it recorded nothing: a claim measures what it asserts, measure(value, unit)"),
    "stated not compared": (
        bad(IT, takes="measure, stated", declared="stated='3'"), "it never compared what it measured with the printed ",
    ),
    "empty loop": (bad("for one in []:", "    assert measure(one, 't') == 4"), "it recorded nothing"),
    "all of nothing": (bad("assert all(measure(one, 't') > 4 for one in [])"), "it recorded nothing"),
    "None": (bad("assert measure(None, 't') == 3"), "must be an int, float, Fraction or Estimate, got None"),
    "NaN": (bad("assert measure(math.nan, 't') != 3"), "a measured value must be finite, got nan"),
    "infinity": (bad("assert measure(math.inf, 't') > 3"), "a measured value must be finite, got inf"),
    "bool": (bad("assert measure(3 > 2, 't') == 1"), "must be an int, float, Fraction or Estimate, got True"),
    "numpy's bool": (bad("assert measure(np.bool_(1), 't') == 1"), "must be an int, float, Fraction or Estimate, got"),
    "array": (bad("assert measure(np.ones(2), 't') == 3"), "must be an int, float, Fraction or Estimate, got array"),
    "tensor": (bad("assert measure(torch.ones(2), 't') == 3"), "must be an int, float, Fraction or Estimate, got tens"),
    "text": (bad("assert measure('3', 't') == '3'"), "must be an int, float, Fraction or Estimate, got '3'"),
    "unit forgotten": (bad("assert measure(3) == 3"), "missing 1 required positional argument: 'unit'"),
    "unit and value exchanged": (bad("assert measure('t', 3) == 3"), "'unit' must be words, got 3"),
    "estimate equals": (bad("assert measure(Estimate(2, 1, 3), 't') == 2"), "equals no number: ask whether it is abov"),
    "estimate as truth": (bad("x = measure(Estimate(2, 1, 3), 't')", "assert x"), "neither true nor false: compare it"),
    "stated as truth": (
        bad("measure(3, 't')", "assert stated", takes="measure, stated", declared="stated='3'"), "neither true nor fal",
    ),
    "interval upside down": (bad("assert measure(Estimate(2, 3, 1), 't') > 1"), "must lie within its interval, got 2"),
    "routes disagree": (bad("assert measure(3, 't', also=4) == 3"), "two routes disagree: 3 t as measured, 4 by formu"),
    "raises": (bad("assert measure(1 / 0, 't') == 3"), "ZeroDivisionError: division by zero (test_one.py:1"),
    "misspelt fixture": (bad(takes="measure, mixtrel"), "no fixture 'mixtrel' is known here: pytest --fixtures lists"),
    "swallowed exception": (
        bad("try:", "    x = measure(library.insist(0), 't')", "except AssertionError:", "    x = 3", "assert x == 3"),
        "it recorded nothing",
    ),
    "stated parametrized": (
        bad("assert measure(3, 't') == stated", takes="measure, stated", declared="stated='3'",
            above="@pytest.mark.parametrize('stated', ['3'])"), "it never compared what it measured with the printed 3",
    ),
    "assert in a library": (bad("assert library.insist(measure(3, 't') == 4)"), "AssertionError (library.py:4)"),
    "assert in a fixture": (bad(takes="measure, asserting"), "AssertionError"),
    "assert in teardown": (bad(takes="measure, untidy"), "AssertionError"),
    "skip after measuring": (
        bad("if measure(3, 't') != 4:", "    pytest.skip('too few')", "assert measure(3, 't') == 4"),
        "it measured, and was skipped then: too few",
    ),
    "pytest.fail": (bad("measure(3, 't')", "assert 3 == 3", "pytest.fail('no')", declared='refuted="no"'), "Failed: n"),
    "pytest.xfail": (bad("pytest.xfail('no')", "assert 3 == 3", declared='refuted="no"'), "XFailed: no"),
    "parametrized over nothing": (
        bad(takes="measure, one", above='@pytest.mark.parametrize("one", [])'), "it is parametrized over nothing",
    ),
    "stale hash": (
        "from claim_suite.fixtures.facts import published\nfrom pathlib import Path\n"
        "sizes = published('sizes.json', Path(__file__).parent / 'data', 'Sizes.')\n" + bad(takes="measure, sizes"),
        "sizes.json",
    ),
    "law of nothing": (
        bad("assume(n != n)", "assert n == 3", takes="n",
            above=f"@settings(suppress_health_check=list(HealthCheck))\n{LAW}"), "Unsatisfiable",
    ),
    "law not the same twice": (
        bad("assert not library.first_time(n)", takes="n", above=LAW, declared='refuted="no"'), "not the same twice",
    ),
    "law in a library": (bad("library.insist(n < 42)", "assert n < 142", takes="n", above=LAW), "AssertionError"),
}  # fmt: skip


# A verdict that is another than the declared one, and what the line that says so has.
SURPRISES: dict[str, tuple[str, str]] = {
    "shifted column": (
        TABLE.format(GRID.replace("x | 3 | 3", "x | 4 | 3"), ""),
        "printed 4; measured 3 t; off by +33.33 %",
    ),
    "two digits exchanged": (number("46.7B", "47.6e9"), "printed 46.7B; measured 47,600,000,000 parameters; off by"),
    "million for billion": (number("46.7M", "46.7e9"), "off by a factor of 1,000, too small"),
    "fraction for per cent": (
        number("12.1", "0.121", "of all"),
        "measured 0.121 of all; off by a factor of 100, too large",
    ),
    "GB for GiB": (number("24GB", "24 * 2**30", "bytes"), "it holds GB as GiB: declare it loosely=…"),
    "cut short": (number("46B", "46.7e9"), "it holds cut short: declare it loosely=…, or correct it"),
    "refuted and holds": (bad(declared='refuted="no"'), "declared does not hold, measured holds"),
    "refuted and holds loosely": (number("46B", "46.7e9", declared='refuted="no"'), "measured holds loosely"),
    "loosely and holds": (
        number("46B", "46e9", declared='loosely="cut short"'),
        "declared does not hold, measured holds",
    ),
    "cannot tell": (bad("assert measure(Estimate(2, 1, 3), 't') > 2"), "measured undecided"),
}


def run(suite: Suite, mistakes: dict[str, tuple[str, str]], *arguments: str) -> tuple[Outcome, dict[str, str]]:
    """Run each mistake as a document, beside a claim that holds; returns the names of mistakes by document."""
    suite.write("library.py", LIBRARY)
    suite.write("claims/conftest.py", CONFTEST)
    suite.claims(holds("fine"))
    names = {"m_" + re.sub(r"\W+", "_", name): name for name in mistakes}
    for document, name in names.items():
        suite.claims(TOP + mistakes[name][0], "one", document)
        suite.write(f"claims/{document}/data/sizes.json", "[3]")
        suite.write(
            f"claims/{document}/data/SOURCES.toml", '["sizes.json"]\norigin = "x"\nlicence = "y"\nsha256 = "0"\n'
        )
    outcome = suite.run("-p", "_hypothesis_pytestplugin", *arguments)
    assert outcome.code, "a mistake fails the run"
    assert "INTERNALERROR" not in outcome.output
    assert [one["verdict"] for one in outcome.ledger["claims"] if one["document"] == "paper"] == ["holds"]
    return outcome, names


def test_mistakes_that_are_told_when_a_file_is_read(suite: Suite) -> None:
    outcome, names = run(suite, COLLECTED)
    checked = {one["document"] for one in outcome.ledger["claims"]}
    for document, name in names.items():
        assert document not in checked, name
        told = [line for line in outcome.output.splitlines() if COLLECTED[name][1] in line]
        assert told, (name, outcome.output)


def test_mistakes_that_are_told_when_a_claim_runs(suite: Suite) -> None:
    outcome, names = run(suite, RUN, "--tb=no")
    told = {one["document"]: one["cases"][0] for one in outcome.ledger["claims"]}
    for document, name in names.items():
        assert told[document]["verdict"] == "broken", (name, told[document])
        assert RUN[name][1] in told[document]["reason"], name
        assert "\n" not in told[document]["reason"], name


def test_mistakes_that_are_surprises(suite: Suite) -> None:
    outcome, names = run(suite, SURPRISES)
    lines = outcome.output.splitlines()
    for document, name in names.items():
        told = [line for line in lines if line.startswith(f"{document}/") and ": declared " in line]
        assert told, name
        assert SURPRISES[name][1] in told[0], name
