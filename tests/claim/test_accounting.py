"""Nothing that was asked for goes missing: what ran is in the ledger, and what did not is listed there."""

from __future__ import annotations

import json

import pytest

from claim_suite.reports.__main__ import main as command
from claim_suite.reports.journal import read
from tests.conftest import DOCUMENT, HEADER, PROJECT, MakeSuite, Suite, claim, fails, holds

FULL = """
import resource
def pytest_sessionfinish():
    resource.setrlimit(resource.RLIMIT_FSIZE, (9, resource.getrlimit(resource.RLIMIT_FSIZE)[1]))
"""


def ends(name: str, how: str) -> str:
    return claim(name, "import os, signal, time", how, "assert measure(3, 'things') == 3")


@pytest.mark.parametrize(("argument", "missing"), [("-x", "cde"), ("--maxfail=2", "de")])
def test_runs_that_stop_early(suite: Suite, argument: str, missing: str) -> None:
    outcome = suite.claims(holds("a") + fails("b", "c") + holds("d")).claims(holds("e"), "two").run(argument)
    assert outcome.code == 1
    assert outcome.accounting["unaccounted"] == [f"paper/{name}" for name in missing]
    assert (outcome.accounting["collected"], outcome.accounting["reported"]) == (5, 5 - len(missing))
    assert {name for name, verdict in outcome.verdicts.items() if verdict == "unchecked"} == set(missing)
    assert outcome.reasons["e"] == "not reached: the run ended before it"


def test_what_is_not_selected_is_counted_and_leaves_the_whole_ledger_alone(suite: Suite) -> None:
    suite.claims(holds("a", "b") + fails("c")).claims(holds("d"), "two").claims(holds("e"), "three", tier="gpu")
    assert suite.run().code == 1
    whole = suite.ledger.read_bytes()
    for arguments, selected in {
        ("-k", "test_a or test_d"): "ad",
        ("--claim", "a", "--claim", "paper/e"): "ae",
        ("claims/paper/test_one.py::test_b",): "b",
        ("--ignore", "claims/paper/test_one.py"): "de",
        ("-k", "nothing"): "",
    }.items():
        outcome = suite.run(*arguments)
        assert outcome.code == (0 if selected else 5), (arguments, outcome.output)
        assert "".join(name for name, verdict in outcome.verdicts.items() if verdict != "unchecked") == selected
        assert outcome.accounting["unaccounted"] == []
        assert outcome.accounting["deselected"] == len(outcome.verdicts) - len(selected)
        assert outcome.accounting["collected"] == outcome.accounting["reported"] == len(selected)
        assert suite.ledger.read_bytes() == whole, arguments
    assert suite.run("-m", "gpu").verdicts["e"] == "holds"
    assert suite.ledger.with_name("gpu.html").exists()
    assert suite.ledger.read_bytes() == whole, "it says nothing of the cheap tier"
    assert suite.run("-m", "cheap").reasons["e"] == "needs weights or a device: pytest -m gpu"
    twice = suite.run("--keep-duplicates", "claims/paper/test_two.py", "claims/paper/test_two.py")
    assert (twice.code, len(twice.claims["d"]["cases"])) == (0, 1)


def test_runs_that_write_no_ledger(suite: Suite) -> None:
    suite.claims(holds("a")).write("tests/test_plain.py", "def test_plain(): ...\n")
    for arguments in (("tests",), ("--collect-only", "-q"), ("--setup-plan",), ("--fixtures",)):
        outcome = suite.run(*arguments)
        assert (outcome.code, outcome.ledger) == (0, None), outcome.output


B = holds("b")
UNREAD, NONE = "test_two.py: could not be read, with every claim in it", "test_two.py: none of its tests was collected"
LOST = "test_two.py::test_b: was not collected"
IGNORES = "def pytest_ignore_collect(collection_path):\n    return 'two' in str(collection_path) or None"
VANISHING: dict[str, tuple[str, str, str]] = {  # what a document's file is, what its conftest is, what is said
    "syntax": ("def broken(:", "", UNREAD),
    "import": (HEADER + "import no_such_library" + B, "", UNREAD),
    "raises": (HEADER + "1 / 0" + B, "", UNREAD),
    "skip": (HEADER + "pytest.skip('no', allow_module_level=True)" + B, "", UNREAD),
    "importorskip": (HEADER + "pytest.importorskip('nowhere')" + B, "", UNREAD),
    "empty": ("", "", NONE),
    "ignored": (HEADER + B, "collect_ignore = ['test_two.py']", NONE),
    "hook": (HEADER + B, IGNORES, NONE),
    "not-a-test": (HEADER + B + "\ntest_b.__test__ = False", "", NONE),
    "deleted": (HEADER + B + holds("c") + "\ndel test_b", "", LOST),
    "bad-conftest": (HEADER + B, "import no_such_library", NONE),
}  # fmt: skip


def test_whatever_keeps_a_claim_from_being_run_is_told(suite: Suite) -> None:
    """Each happens in a document of its own, and all in one run."""
    suite.claims(holds("a"))
    for name, (text, conftest, _) in VANISHING.items():
        suite.claims("", "two", name)
        suite.write(f"claims/{name}/test_two.py", text)
        suite.write(f"claims/{name}/conftest.py", conftest)
    outcome = suite.run("--tb=no")
    assert outcome.code == 1, outcome.output
    assert "INTERNALERROR" not in outcome.output
    assert outcome.verdicts["a"] == "holds"
    told = outcome.accounting["unaccounted"]
    for name, (_, _, line) in VANISHING.items():
        assert [one for one in told if f"{name}/{line}" in one], (name, told)


def test_a_file_whose_name_is_misspelt(suite: Suite) -> None:
    suite.claims(holds("a")).write("claims/paper/tset_two.py", HEADER + B)
    document = suite.folder / "claims/paper/document.toml"
    document.write_text(document.read_text() + '[[sections]]\nid = "2"\ntitle = "Two"\nfile = "tset_two.py"\n')
    outcome = suite.run()
    assert (outcome.code, outcome.verdicts) == (1, {"a": "holds"}), outcome.output
    assert outcome.accounting["unaccounted"] == [
        "paper/tset_two.py: none of its tests was collected: pytest reads files that are called test_*.py"
    ]


@pytest.mark.parametrize("name", ["two", "x" * 300, "\\u0000"])
def test_a_file_that_a_document_names_and_has_not(suite: Suite, name: str) -> None:
    document = suite.claims(holds("a")).folder / "claims/paper/document.toml"
    document.write_text(document.read_text() + f'[[sections]]\nid = "2"\ntitle = "Two"\nfile = "{name}"\n')
    outcome = suite.run()
    assert (outcome.code, outcome.verdicts) == (1, {"a": "holds"}), outcome.output
    (line,) = outcome.accounting["unaccounted"]
    assert line.endswith(": document.toml names this file, and it is not there")


@pytest.mark.parametrize("option", ["python_files=test_one.py", "python_functions=test_a"])
def test_options_that_hide_a_file_or_a_test(suite: Suite, option: str) -> None:
    outcome = suite.claims(holds("a")).claims(holds("b"), "two").run("-o", option)
    assert outcome.code == 1
    assert outcome.accounting["unaccounted"]


def test_a_worker_that_dies_has_another_in_its_place(suite: Suite) -> None:
    suite.claims(holds("before") + ends("killed", "os.kill(os.getpid(), signal.SIGKILL)") + holds("after"))
    outcome = suite.apart("-n", "1")
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == {"before": "holds", "killed": "unchecked", "after": "holds"}
    assert outcome.accounting["unaccounted"] == ["paper/killed"]
    assert "crashed while running" in outcome.reasons["killed"]


def test_where_all_workers_die_their_tests_are_named(suite: Suite) -> None:
    suite.claims(holds("before") + ends("killed", "os.kill(os.getpid(), signal.SIGKILL)") + holds("after"))
    outcome = suite.apart("-n", "1", "--max-worker-restart=0")
    assert outcome.code in (1, 2), outcome.output
    assert outcome.verdicts == {"before": "holds"}
    assert outcome.accounting["unaccounted"] == [
        f"claims/paper/test_one.py::test_{name}" for name in ("after", "killed")
    ]


def test_a_process_that_dies_leaves_what_it_had(suite: Suite) -> None:
    suite.claims(holds("a", "b") + ends("killed", "os.kill(os.getpid(), signal.SIGKILL)") + holds("c"))
    outcome = suite.apart()
    assert (outcome.code, outcome.ledger) == (-9, None), outcome.output
    (journal,) = (suite.folder / "reports/out").iterdir()
    ledger = read(journal)
    assert {claim.id: claim.verdict for claim in ledger.claims} == {
        "paper/a": "holds", "paper/b": "holds", "paper/killed": "unchecked", "paper/c": "unchecked",
    }  # fmt: skip
    assert ledger.accounting.unaccounted == ["paper/killed", "paper/c"]
    with journal.open("a") as file:
        file.write('{"id": "pap')  # a line that it could not end
    assert read(journal).accounting == ledger.accounting
    assert command(["page", str(journal)]) == 0
    journal.write_text("no lines")
    assert command(["page", str(journal)]) == 2


def test_a_ledger_that_cannot_be_written_leaves_the_lines_beside_the_one_before(suite: Suite) -> None:
    suite.claims(holds("a"))
    before = suite.run().ledger
    suite.write("conftest.py", FULL)
    outcome = suite.apart()
    assert "could not be written (File too large)" in outcome.output
    assert outcome.code == 1
    out = suite.folder / "reports/out"
    assert json.loads((out / "claims.json").read_text()) == before
    assert [claim.id for claim in read(out / "claims.journal").claims] == ["paper/a"]


def test_claims_that_end_the_run(suite: Suite) -> None:
    outcome = suite.claims(holds("a") + ends("it", "pytest.exit('enough', returncode=0)") + holds("b")).run()
    assert (outcome.code, outcome.ledger["run"]["state"]) == (1, "interrupted"), outcome.output
    assert outcome.accounting["unaccounted"] == ["paper/it", "paper/b"]


def test_a_document_is_complete_where_all_its_tests_were_asked_for(new_suite: MakeSuite) -> None:
    file = "claims/paper/test_one.py"
    ways: dict[tuple[str, ...], bool] = {
        ("-k", "test_a"): True, ("-m", "gpu"): True, (file,): False, ("claims", f"--ignore={file}"): False,
        (f"{file}::test_a", "claims/paper/test_two.py"): False,
    }  # fmt: skip
    for way, complete in ways.items():
        outcome = new_suite(holds("a", "b")).claims(holds("c"), "two").run(*way)
        assert outcome.ledger["documents"][0]["complete"] is complete, way


@pytest.mark.parametrize("paths", ["", 'testpaths = ["claims/*"]\n'])
def test_one_document_replaces_nothing_of_two_wherever_they_are_looked_for(suite: Suite, paths: str) -> None:
    suite.write("pyproject.toml", PROJECT.partition("testpaths")[0] + paths)
    suite.claims(holds("a")).claims(holds("b"), "two", "other")
    whole = suite.run()
    assert (whole.code, whole.accounting["unaccounted"]) == (0, [])
    before = suite.ledger.read_bytes()
    assert suite.run("claims/paper").verdicts == {"a": "holds"}
    assert suite.ledger.read_bytes() == before


ESTIMATE = "from claim_suite.fixtures.claim.numbers import Estimate\n"
NEVER = claim("a", "assert measure(3, 't') == 4", declared='uncheckable="nobody can know"')
UNDECIDED = ESTIMATE + claim("a", "assert measure(Estimate(2, 1, 3), 't') > 2")
WARNS = claim("a", "import warnings", "warnings.warn('')", "assert measure(3, 't') == 3")
EXIT_CODES: dict[str, tuple[str, tuple[str, ...], dict[str, str], int]] = {
    "as declared": (holds("a") + claim("b", "assert measure(3, 't', also=3) == 4", declared='refuted="no"'), (), {}, 0),
    "a surprise": (fails("a"), (), {}, 1),
    "skipped": (claim("a", "pytest.skip('no GPU')", "assert measure(3, 't') == 4"), (), {}, 5),
    "no claim of that tier": (holds("a"), ("-m", "gpu"), {}, 5),
    "only uncheckable": (NEVER, (), {}, 5),
    "fixed evidence that cannot decide": (UNDECIDED, (), {}, 1),
    "warnings are told": (WARNS, (), {}, 0),
    "warnings are errors": (WARNS, (), {"CLAIMS_STRICT": "1"}, 1),
}


@pytest.mark.parametrize("name", EXIT_CODES)
def test_exit_codes(suite: Suite, name: str) -> None:
    """All is as declared: 0. Nothing was checked: 5. Anything else is never 0."""
    text, arguments, environment, code = EXIT_CODES[name]
    outcome = suite.claims(text).run(*arguments, **environment)
    assert outcome.code == code, outcome.output
    assert (outcome.ledger["run"]["exit_code"], outcome.ledger["run"]["state"]) == (code, "complete")


def test_fresh_evidence_that_cannot_decide_is_no_surprise(suite: Suite) -> None:
    assert suite.claims(UNDECIDED, tier="gpu").run().code == 0


FILE = "[[sections]]\nid = '{0}'\ntitle = 'One'\nfile = 'test_{0}.py'\n"
DOCUMENTS: dict[str, tuple[str, str]] = {
    "not TOML": ("title =", "document.toml: Invalid value"),
    "no title": (FILE.format("one"), "missing required field `title`"),
    "unknown key": (DOCUMENT + "colour = 'red'\n" + FILE.format("one"), "unknown key 'colour'; known are"),
    "unknown key of a section": (DOCUMENT + FILE.format("one") + "chart = []\n", "unknown key 'chart'; known are"),
    "a date": (DOCUMENT + "date = 2024-01-01\nsections = []", "Expected `str`, got `date`"),
    "no tables": (DOCUMENT + "sections = ['one']", "each is a [[sections]] with id, title and file"),
    "no file": (DOCUMENT + "[[sections]]\nid = '1'\ntitle = 'One'", "section '1' has no file"),
    "twice": (DOCUMENT + 2 * FILE.format("one"), "two sections have the same id"),
    "picture": (DOCUMENT + FILE.format("one") + "charts = ['pie']", "'pie' is no kind of picture; known are param"),
    "no link": (DOCUMENT + "link = 'www.x.org'\n" + FILE.format("one"), "'link' must be an address such as"),
    "elsewhere": (DOCUMENT + FILE.format("two"), "test_one.py is in no section of elsewhere/document.toml"),
    "bytes": ("title = '\udcff'", "invalid start byte"),
}  # fmt: skip


def test_a_bad_document_stops_itself(suite: Suite) -> None:
    suite.claims(holds("fine"))
    document = suite.folder / "claims/paper/document.toml"
    document.write_text(f"\ufeff{document.read_text()}", encoding="utf-8")  # as some editors write it
    for name, (text, _) in DOCUMENTS.items():
        suite.write(f"claims/{name}/document.toml", "").write_bytes(text.encode(errors="surrogateescape"))
        suite.write(f"claims/{name}/test_one.py", HEADER + holds("it"))
    for place in ("claims/more/twin", "claims/twin"):
        suite.write(f"{place}/document.toml", DOCUMENT + FILE.format("one"))
        suite.write(f"{place}/test_one.py", HEADER + holds("it"))
    suite.write("claims/none/test_one.py", HEADER + holds("it"))
    outcome = suite.run("--tb=short")
    assert outcome.code == 4, outcome.output
    assert outcome.verdicts == {"fine": "holds"}
    assert "Traceback" not in outcome.output
    for name, (_, message) in DOCUMENTS.items():
        assert [line for line in outcome.output.splitlines() if message in line and name in line], (
            name,
            outcome.output,
        )
    assert "claims belong to a document: none/document.toml is missing" in outcome.output
    assert outcome.output.count("ERROR: twin: two folders of claims have this name: rename ") == 2


def test_a_bad_option_stops_the_run(suite: Suite) -> None:
    suite.claims(holds("fine"))
    file = suite.write("text.txt", "It is fine.")
    suite.write("latin.txt", "").write_bytes(b"\xe9")
    options: dict[tuple[str, ...], str] = {
        ("--claim", "nothing"): "--claim nothing: no such claim was collected; claims/INDEX.md lists all of the suite",
        ("--claim", "other/fine"): "--claim other/fine: no such claim was collected; did you mean paper/fine?",
        ("--document", "paper"): "--document paper: give the document and its text as ID=PATH",
        ("--document", f"paper={file}", "--document", f"paper={file}"): "its text as ID=PATH, each once",
        ("--document", "paper=none.txt"): "--document paper=none.txt: cannot be read (No such file or directory)",
        ("--document", "paper=latin.txt"): "--document paper=latin.txt: is not text in UTF-8",
        ("--document", f"novel={file}"): "--document novel=…: no claim of a document of that id was collected",
        ("--ledger", f"{file}/x.json"): f"--ledger {file}/x.json: cannot be written (Not a directory); give --ledger",
        ("--page", "claims"): "/claims: cannot be written (it is a folder); give --page another path",
        ("--page", "claims/paper/test_one.py"): "cannot be written (a file that is no .html is there)",
        ("--ledger=/dev/null",): "--ledger /dev/null: cannot be written (it is no file that can be replaced)",
        ("--ledger", "x" * 300): "File name too long",
    }  # fmt: skip
    for option, told in options.items():
        outcome = suite.run(*option)
        assert (outcome.code, outcome.ledger) == (4, None), (option, outcome.output)
        assert told in outcome.output.replace("\n", "")
        assert "Traceback" not in outcome.output
        assert "INTERNALERROR" not in outcome.output


def test_python_that_drops_asserts_checks_no_claims(suite: Suite) -> None:
    outcome = suite.claims(fails("a")).apart(environment={"PYTHONOPTIMIZE": "1"})
    assert (outcome.code != 0, outcome.ledger) == (True, None), outcome.output
    assert "claims are asserts, and this Python drops asserts: run it without -O" in outcome.output


def test_paths_are_meant_from_where_the_user_stands(suite: Suite) -> None:
    """With a space too, when the file exists, and where folders are links."""
    suite.claims(holds("a"))
    (suite.folder / "link").symlink_to(suite.folder / "claims")
    text = suite.write("claims/text.txt", "3")
    for _ in range(2):
        outcome = suite.run("link", "--ledger", "out/l.json", "--page", "out/p.html", "--document", f"paper={text}")
        assert outcome.code == 0, outcome.output
        assert {path.name for path in (suite.folder / "out").iterdir()} == {"l.json", "p.html"}
    assert not (suite.folder / "reports").exists()


IT = "assert measure(3, 't') == 3"
PLACE = {
    "link": "https://example.org/paper#3", "version": "v1", "words": "three things",
    "reply": "The author says that v2 mends it.", "reply_link": "https://example.org/reply",
}  # fmt: skip


def test_a_claim_has_its_own_model_and_link_or_its_sections_or_its_documents(suite: Suite) -> None:
    own = claim("own", IT, declared='model="own", link="https://own"') + claim("none", IT, declared='model=""')
    suite.claims(holds("documents")).claims(holds("sections") + own, "two")
    document = suite.folder / "claims/paper/document.toml"
    document.write_text(f'model = "documents"\n{document.read_text()}model = "sections"\nlink = "https://sections"\n')
    told = {name: (claim["model"], claim["link"]) for name, claim in suite.run().claims.items()}
    assert told == {
        "documents": ("documents", ""), "sections": ("sections", "https://sections"), "own": ("own", "https://own"),
        "none": ("", "https://sections"),
    }  # fmt: skip


def test_what_can_be_declared(suite: Suite) -> None:
    suite.claims(
        claim("grouped", "assert measure(size, 'things') > 0", takes="size, measure",
              declared='part="a law", note="Read as: it is so."', above='@pytest.mark.parametrize("size", [1, 2])',
              says="It is\n    so.\n\n    More is not part of what the document says.\n    ")
        + claim("grouped", IT, declared='part="another law"').replace("test_grouped", "test_grouped_too")
        + claim("source", IT, declared='source="afresh", says="Otherwise said.", model="m"')
        + claim("old", IT, declared=", ".join(f'{key}="{value}"' for key, value in PLACE.items()))
        + claim("new", IT, declared='version="v2", corrects="old"')
    )  # fmt: skip
    outcome = suite.run()
    assert outcome.code == 0, outcome.output
    grouped, source = outcome.claims["grouped"], outcome.claims["source"]
    assert (grouped["says"], grouped["note"]) == ("It is so.", "Read as: it is so.")
    assert [case["id"] for case in grouped["cases"]] == ["a law / 1", "a law / 2", "another law"]
    assert [case["part"] for case in grouped["cases"]] == ["a law", "a law", "another law"]
    assert len({case["digest"] for case in grouped["cases"]}) == 3
    assert (source["says"], source["model"], source["cases"][0]["source"]) == ("Otherwise said.", "m", "afresh")
    assert {key: outcome.claims["old"][key] for key in PLACE} == PLACE
    assert outcome.claims["new"]["corrects"] == "paper/old"
