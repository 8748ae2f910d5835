"""A bad declaration is one clear line and exit code 4, before anything has run, in one process as in several."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.conftest import DOCUMENT, HEADER, Outcome, Suite, together

GOOD = '''
@pytest.mark.claim("fine")
def test_fine():
    """It is fine."""
    open("ran", "w").close()
'''
BODY = '''
def test_it():
    """It is so."""
'''
STATED = '''
def test_it(stated, measure):
    """It is so."""
    assert measure(13, "parameters") == stated
'''
BAD: dict[str, tuple[str, str]] = {
    "no id": ("@pytest.mark.claim()" + BODY, "test_it: a claim has an id"),
    "bare marker": ("@pytest.mark.claim" + BODY, "test_it: a claim has an id"),
    "id that is a number": ("@pytest.mark.claim(3)" + BODY, "test_it: a claim has an id"),
    "id of no words": ('@pytest.mark.claim("a claim/of mine")' + BODY, "is not words joined by hyphens"),
    "unknown keyword": ('@pytest.mark.claim("it", refutes="why")' + BODY, "unknown keyword 'refutes'; known are"),
    "no docstring": ('@pytest.mark.claim("it")\ndef test_it(): pass', "a docstring that says what the document says"),
    "two tiers": ('@pytest.mark.gpu\n@pytest.mark.claim("it")' + BODY, "cheap or gpu, this one is cheap and gpu"),
    "no number": ('@pytest.mark.claim("it", stated="13.02X")' + STATED, "'13.02X' is not a printed number"),
    "a float": ('@pytest.mark.claim("it", stated=13.02)' + STATED, "a string or an integer, not 13.02"),
    "unused number": ('@pytest.mark.claim("it", stated="13")' + BODY, "and the test does not take `stated`"),
    "unstated number": ('@pytest.mark.claim("it")' + STATED, "the test takes `stated`, and its marker has no stated="),
    "exact and loose": ('@pytest.mark.claim("it", stated=13, loosely="why")' + STATED, "13 is exact and cannot be cut"),
    "nothing to loosen": ('@pytest.mark.claim("it", loosely="why")' + BODY, "loosely= needs a printed number"),
    "reading alone": ('@pytest.mark.claim("it")\ndef test_it(reading):\n    """So."""', "takes `reading` says why"),
    "two declarations": ('@pytest.mark.claim("it", loosely="a", refuted="b")' + BODY, "loosely and refuted: it"),
    "empty reason": ('@pytest.mark.claim("it", refuted=" ")' + BODY, "is a reason or a name in words, not ' '"),
    "reason True": ('@pytest.mark.claim("it", refuted=True)' + BODY, "is a reason or a name in words, not True"),
    "words of a sort": ('@pytest.mark.claim("it", in_words="yes")' + BODY, "in_words= is True or False, not 'yes'"),
    "xfail": ('@pytest.mark.xfail\n@pytest.mark.claim("it")' + BODY, "not with xfail"),
    "subtests": ('@pytest.mark.claim("it")\ndef test_it(subtests):\n    """So."""', "cannot take `subtests`"),
    "two markers": ('@pytest.mark.claim("it")\n@pytest.mark.claim("that")' + BODY, "has several claim markers"),
    "same id": ('@pytest.mark.claim("fine")' + BODY, "'paper/fine' is already checked by claims/paper/test_o"),
    "same label": (
        '@pytest.mark.claim("it", part="a")' + BODY + '@pytest.mark.claim("it", part="a")' + BODY.replace("_it", "_x"),
        "each name their own source= or part=",
    ),
}  # fmt: skip


def refused(outcome: Outcome, message: str, suite: Suite) -> None:
    errors = [line for line in outcome.output.splitlines() if line.startswith("ERROR: ")]
    assert outcome.code == 4, outcome.output
    assert len(errors) == 1, outcome.output
    assert message in errors[0]
    assert "Traceback" not in outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert not (suite.folder / "ran").exists()
    assert outcome.ledger is None


def suite_of(suite: Suite, text: str) -> Suite:
    return suite.claims(GOOD + text)


@pytest.mark.parametrize(
    ("processes", "names"),
    [("0", list(BAD)), ("2", ["no id", "unknown keyword", "no number", "same id", "xfail"])],
    ids=["in one process", "in several"],
)
def test_a_bad_marker_stops_the_run(new_suite: Callable[[], Suite], processes: str, names: list[str]) -> None:
    suites = [suite_of(new_suite(), BAD[name][0]) for name in names]
    outcomes = together([partial(suite.run, "-n", processes, "-p", "no:cacheprovider") for suite in suites])
    for suite, outcome, name in zip(suites, outcomes, names, strict=True):
        refused(outcome, BAD[name][1], suite)


DOCUMENTS: dict[str, tuple[str | None, str]] = {
    "missing": (None, "claims belong to a document: paper/document.toml is missing"),
    "not TOML": ("title =", "paper/document.toml: "),
    "no title": ("language = 'en'\ndate = '2024'\nread = ''\nposition = 1\nsections = []", "it lacks 'title'"),
    "misspelt": ("titel = 'A paper'", "it has an unknown key 'titel'; known are title, language"),
    "a date": (DOCUMENT.replace('"2024"', "2024-01-01") + "sections = []", "it has a 'date' that is not a str"),
    "no tables": (DOCUMENT + "sections = ['one']", "a section is not a table"),
    "no file": (DOCUMENT + "[[sections]]\nid = '1'\ntitle = 'One'", "a section lacks 'file'"),
    "charts": (
        DOCUMENT + "[[sections]]\nid = '1'\ntitle = 'One'\nfile = 'test_one.py'\ncharts = [1]",
        "a section has charts that are not names",
    ),
    "twice": (DOCUMENT + 2 * "[[sections]]\nid = '1'\ntitle = 'One'\nfile = 'test_one.py'\n", "have the same id"),
    "elsewhere": (
        DOCUMENT + "[[sections]]\nid = '2'\ntitle = 'Two'\nfile = 'test_two.py'",
        "test_one.py is in no section of paper/document.toml: add it under [[sections]]",
    ),
}  # fmt: skip


def test_a_bad_document_stops_the_run(new_suite: Callable[[], Suite]) -> None:
    suites = []
    for text, _ in DOCUMENTS.values():
        suites.append(new_suite().claims(GOOD))
        file = suites[-1].folder / "claims/paper/document.toml"
        file.unlink() if text is None else file.write_text(text)
    unreadable = new_suite().claims(GOOD)
    (unreadable.folder / "claims/paper/document.toml").write_bytes(b"title = '\xff'")
    twins = new_suite().claims(GOOD)
    twins.write("claims/more/paper/document.toml", (twins.folder / "claims/paper/document.toml").read_text() + "\n# x")
    twins.write("claims/more/paper/test_one.py", HEADER + GOOD.replace("fine", "other"))
    (twins.folder / "claims/more/paper/document.toml").write_text(
        (twins.folder / "claims/paper/document.toml").read_text().replace("A paper", "Another paper")
    )
    messages = [message for _, message in DOCUMENTS.values()]
    messages += ["paper/document.toml: 'utf-8' codec can't decode", "two folders of claims have the same name"]
    suites += [unreadable, twins]
    for suite, outcome, message in zip(suites, together([suite.run for suite in suites]), messages, strict=True):
        refused(outcome, message, suite)


IN_WORKERS = [("--claim", "nothing"), ("--document", "paper=none.txt"), ("--ledger", "/dev/null")]


def test_a_bad_option_stops_the_run(new_suite: Callable[[], Suite]) -> None:
    first = new_suite().claims(GOOD)
    file = first.write("text.txt", "It is fine.")
    first.write("latin.txt", "").write_bytes(b"\xe9")
    page = first.folder / "reports/out/claims.html"
    options = {
        ("--claim", "nothing"): "--claim nothing: no such claim was collected; claims/INDEX.md lists them all",
        ("--claim", "other/fine"): "--claim other/fine: no such claim was collected",
        ("--document", "paper"): "--document paper: give the document and its text as ID=PATH",
        ("--document", f"={file}"): "give the document and its text as ID=PATH",
        ("--document", "paper=none.txt"): "--document paper=none.txt: cannot be read (No such file or directory)",
        ("--document", "paper=latin.txt"): "--document paper=latin.txt: is not text in UTF-8",
        ("--document", f"novel={file}"): "--document novel=…: no claim of a document of that id was collected",
        ("--ledger", f"{file}/x.json"): f"--ledger {file}/x.json: cannot be written (Not a directory); give --ledger",
        ("--page", "/proc/x.html"): "--page /proc/x.html: cannot be written (",
        ("--page", "claims"): "--page claims: cannot be written (it is a folder)",
        ("--ledger", "/dev/null"): "--ledger /dev/null: cannot be written (it is no file that can be replaced)",
        ("--ledger", "x" * 300): "File name too long",
        ("--ledger", f"{'x' * 300}/y"): "File name too long",
        ("--ledger", str(page)): f"--ledger and --page are both {page.relative_to(first.folder)}",
    }
    # With "=", for pytest looks for its configuration beside any argument that is a path.
    jobs = [partial(first.run, "=".join(option)) for option in options]
    jobs += [partial(first.run, "-n", "2", "=".join(option)) for option in IN_WORKERS]
    messages = [*options.values(), *(options[option] for option in IN_WORKERS)]
    for outcome, message in zip(together(jobs), messages, strict=True):
        refused(outcome, message, first)


def test_asserts_that_python_drops_are_refused(suite: Suite) -> None:
    ignored = ("--assert=plain", "-W", "ignore::pytest.PytestConfigWarning")
    outcome = suite.claims(GOOD).run(*ignored, environment={"PYTHONOPTIMIZE": "1"})
    assert outcome.code == 4
    assert "claims are asserts, and this Python drops asserts: run it without -O" in outcome.output


def test_what_can_be_declared(suite: Suite) -> None:
    """All in one run: the forms that a declaration may take, and what the ledger says of each."""
    suite.claims(
        '''
class TestGroup:
    @pytest.mark.parametrize("size", [1, 2])
    @pytest.mark.claim("grouped", part="a law", note="Read as: it is so.")
    def test_grouped(self, size, measure):
        """It is
        so.

        More is not part of what the document says.
        """
        assert measure(size, "things") > 0

@pytest.mark.claim("grouped", part="another law")
def test_grouped_too():
    """It is so."""

@pytest.mark.gpu
@pytest.mark.claim("two-sources", source="afresh")
def test_afresh():
    """It is so."""
'''.replace("@pytest.mark.gpu", "")
    )
    outcome = suite.run("-p", "no:cacheprovider")
    assert outcome.code == 0, outcome.output
    grouped = outcome.claims["grouped"]
    assert grouped["says"] == "It is so."
    assert grouped["note"] == "Read as: it is so."
    assert [case["id"] for case in grouped["cases"]] == ["a law / 1", "a law / 2", "another law"]
    assert [case["part"] for case in grouped["cases"]] == ["a law", "a law", "another law"]
    assert [case["source"] for case in outcome.claims["two-sources"]["cases"]] == ["afresh"]
    assert outcome.ledger["documents"][0]["sections"][0] == {"id": "one", "title": "Part one"}
