"""Nothing that was asked for goes missing: what ran is in the ledger, and what did not is listed there."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from claim_suite.reports import files, schema
from tests import runs
from tests.conftest import HEADER, PROJECT, MakeSuite, Outcome, Suite, claim, fails, holds, together


def ends(name: str, how: str) -> str:
    return claim(name, "import os, signal, time", how, "assert measure(3, 'things') == 3")


NOTHING = "import pytest\n@pytest.fixture(autouse=True)\ndef lacking():\n    pytest.skip('no weights')\n"
REFUSES = "import pytest\ndef pytest_collection_finish():\n    raise pytest.UsageError('no such model')\n"


def test_runs_that_stop_early(new_suite: MakeSuite) -> None:
    text = holds("a") + fails("b", "c") + holds("d")
    arguments = [("-x",), ("--maxfail=2",), ("-x", "-n", "1")]
    jobs = {each: partial(new_suite(text).claims(holds("e"), "two").run, *each) for each in arguments}
    stopped, later, in_a_worker = together(jobs).values()
    assert stopped.code == later.code == 1
    assert in_a_worker.code == 2, "pytest-xdist calls it interrupted"
    assert stopped.ledger["run"]["state"] == in_a_worker.ledger["run"]["state"] == "interrupted"
    assert stopped.accounting["unaccounted"] == ["paper/c", "paper/d", "paper/e"]
    assert later.accounting["unaccounted"] == ["paper/d", "paper/e"]
    assert (stopped.accounting["collected"], stopped.accounting["reported"]) == (5, 2)
    assert stopped.verdicts == {"a": "holds", "b": "refuted", "c": "unchecked", "d": "unchecked", "e": "unchecked"}
    assert stopped.reasons["e"] == schema.UNREACHED
    missing = in_a_worker.accounting["unaccounted"]
    assert in_a_worker.accounting["collected"] == 5 == in_a_worker.accounting["reported"] + len(missing)
    assert [f"paper/{name}" for name, verdict in in_a_worker.verdicts.items() if verdict == "unchecked"] == missing


def test_what_is_not_selected_is_counted_and_leaves_the_whole_ledger_alone(suite: Suite) -> None:
    suite.claims(holds("a", "b") + fails("c")).claims(holds("d"), "two").claims(holds("e"), "three", tier="gpu")
    assert suite.run().code == 1
    whole = suite.ledger.read_bytes()
    for arguments, selected in {
        ("--lf",): "c",
        ("-k", "test_a or test_d"): "ad",
        ("--claim", "a", "--claim", "paper/e", "-n", "1"): "ae",
        ("claims/paper/test_one.py::test_b",): "b",
        ("--ignore", "claims/paper/test_one.py"): "de",
        ("-k", "nothing"): "",
    }.items():
        outcome = suite.run(*arguments)
        assert outcome.code == (5 if not selected else int("c" in selected)), outcome.output
        assert "".join(name for name, verdict in outcome.verdicts.items() if verdict != "unchecked") == selected
        assert outcome.accounting["unaccounted"] == []
        assert outcome.accounting["deselected"] == len(outcome.verdicts) - len(selected)
        assert outcome.accounting["collected"] == outcome.accounting["reported"] == len(selected)
        assert suite.ledger.read_bytes() == whole, arguments
    suite.write("claims/paper/conftest.py", NOTHING)
    assert suite.run("-m", "gpu").code == 5
    suite.write("conftest.py", REFUSES)
    assert suite.run().code == 4
    assert suite.ledger.read_bytes() == whole, "nothing was checked"
    (suite.folder / "conftest.py").unlink()
    (suite.folder / "claims/paper/conftest.py").unlink()
    assert suite.run("-m", "gpu").verdicts["e"] == "holds"
    assert suite.ledger.with_name("gpu.html").exists()
    assert suite.ledger.read_bytes() == whole, "it says nothing of the cheap tier"
    tier = suite.run("-m", "cheap", "-p", "no:cacheprovider")
    assert suite.ledger.read_bytes() == whole, "it says nothing of the gpu tier"
    assert suite.ledger.with_name("cheap.html").exists()
    assert tier.reasons["e"] == "needs weights or a device: pytest -m gpu"
    twice = suite.run("--keep-duplicates", "claims/paper/test_two.py", "claims/paper/test_two.py")
    assert (twice.code, len(twice.claims["d"]["cases"])) == (0, 1)


def test_runs_that_write_no_ledger(new_suite: MakeSuite) -> None:
    plain, with_claims = new_suite(), new_suite(holds("a"))
    plain.write("tests/test_plain.py", "def test_plain(record_property):\n    record_property('claim', 'no JSON')\n")
    with_claims.write("tests/test_plain.py", "import os\ndef test_plain(): assert os._exit.__name__ == '_exit'\n")
    jobs = {
        "own tests": partial(plain.run, "tests"), "own tests in a worker": partial(plain.run, "tests", "-n", "1"),
        "beside claims": partial(with_claims.run, "tests"),
        "collect": partial(with_claims.run, "--collect-only", "-q"), "plan": partial(with_claims.run, "--setup-plan"),
        "fixtures": partial(with_claims.run, "--fixtures"),
    }  # fmt: skip
    for name, outcome in together(jobs).items():
        assert (outcome.code, outcome.ledger) == (0, None), (name, outcome.output)


TWO = holds("b")
UNREAD, NONE = (
    "/test_two.py: could not be read, with every claim in it",
    "/test_two.py: none of its 1 tests was collected",
)
OWN = "[item for item in {} if str(item.path.parent / 'conftest.py') != __file__]"
VANISHING: dict[str, tuple[str, str, str]] = {  # what a document's file is, what its conftest is, what is said
    "syntax": ("def broken(:", "", UNREAD),
    "deep": ("x = " + "-" * 20_000 + "1", "", UNREAD),
    "skip": (HEADER + "pytest.skip('no', allow_module_level=True)" + TWO, "", NONE),
    "import": (HEADER + "pytest.importorskip('nowhere')" + TWO, "", NONE),
    "SkipTest": (HEADER + "import unittest; raise unittest.SkipTest('no')" + TWO, "", NONE),
    "sys.exit": (HEADER + "import sys; sys.exit(0)" + TWO, "", UNREAD),
    "os._exit": (HEADER + "import os; os._exit(0)" + TWO, "", UNREAD),
    "posix._exit": (HEADER + "import posix; posix._exit(0)" + TWO, "", UNREAD),
    "yields": (HEADER + TWO + "    yield\n", "", UNREAD),
    "ignored": (HEADER + TWO, "collect_ignore = ['test_two.py']", NONE),
    "hook": (
        HEADER + TWO,
        "def pytest_ignore_collect(collection_path):\n    return 'two' in str(collection_path) or None", NONE,
    ),
    "shortened": (
        HEADER + TWO, f"def pytest_collection_modifyitems(items):\n    items[:] = {OWN.format('items')}", "shortened/b",
    ),
    "emptied": (
        HEADER + TWO, "def pytest_collection_finish(session):\n    session.items[:] = " + OWN.format("session.items"),
        "emptied/b",
    ),
    "not-run": (
        HEADER + TWO, "def pytest_runtest_protocol(item):\n    return 'not-run' in str(item.path) or None", "not-run/b",
    ),
    "not-made": (
        HEADER + TWO, "def pytest_pycollect_makeitem(name):\n    return [] if name == 'test_b' else None", NONE,
    ),
    "not-a-test": (HEADER + TWO + "\ntest_b.__test__ = False", "", NONE),
    "deleted": (HEADER + TWO + holds("c") + "\ndel test_b", "", "/test_two.py::test_b: was not collected"),
    "never-defined": (
        HEADER + holds("c") + "\nif False:" + TWO.replace("\n", "\n    "), "",
        "/test_two.py::test_b: was not collected",
    ),
    "misspelt": (
        HEADER + holds("c") + TWO.replace("test_b", "tets_b"), "", "/test_two.py::tets_b: was not collected",
    ),
    "class": (
        HEADER + holds("c") + "\nclass TestB:\n    def __init__(self): ...\n    def test_b(self): assert 1 == 2", "",
        "/test_two.py::test_b: was not collected",
    ),
    "empty": ("", "", "/test_two.py: it has no test"),
}  # fmt: skip


@pytest.mark.parametrize("processes", ["0", "1"])
def test_whatever_keeps_a_claim_from_being_run_is_told(suite: Suite, processes: str) -> None:
    """Each happens in a document of its own, and all in one run."""
    suite.claims(holds("a"))
    for name, (text, conftest, _) in VANISHING.items():
        suite.claims("", "two", name)
        suite.write(f"claims/{name}/test_two.py", text)
        suite.write(f"claims/{name}/conftest.py", conftest)
    outcome = suite.run("-n", processes, "-p", "no:cacheprovider")
    assert outcome.code == 1, outcome.output
    assert "INTERNALERROR" not in outcome.output
    told = {one["id"]: one["verdict"] for one in outcome.ledger["claims"]}
    assert told.pop("paper/a") == "holds"
    assert {verdict for name, verdict in told.items() if name.endswith("/b")} == {"unchecked"}
    for name, (_, _, line) in VANISHING.items():
        assert [one for one in outcome.accounting["unaccounted"] if one.startswith(line) or f"{name}{line}" in one], (
            name
        )


def test_a_file_that_ends_the_run(suite: Suite) -> None:
    suite.claims(holds("a")).claims("pytest.exit('no', returncode=0)" + TWO, "two")
    outcome = suite.run()
    assert (outcome.code, outcome.verdicts) == (1, {"a": "holds"}), outcome.output
    assert f"claims/paper{UNREAD}" in outcome.accounting["unaccounted"]


def test_a_file_whose_name_is_misspelt(suite: Suite) -> None:
    suite.claims(holds("a")).write("claims/paper/tset_two.py", HEADER + TWO)
    (line,) = suite.run().accounting["unaccounted"]
    assert line.startswith("paper/tset_two.py: none of its 1 tests was collected: pytest reads files that are called ")


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


ENDS = ("pytest.exit('no', returncode=0)", "raise SystemExit(0)", "__import__('os')._exit(0)", "return 0")
HOOKS = dict.fromkeys(("configure", "cmdline_main"), "config")
HOOKS |= dict.fromkeys(("sessionstart", "collection", "sessionfinish"), "session")
TAKEN = "def pytest_runtestloop(session):\n    session.config.pluginmanager.unregister(name='{}')\n"
# What the conftest of a run is, and what is said of it.
CONFTESTS = {
    "import os; os._exit(0)": "would have ended the run", "import sys; sys.exit(0)": "ends the run: sys.exit(0)",
    "def pytest_addoption(parser): parser.addoption('--device')": "adds an option that is there already",
    **{TAKEN.format(name): "" for name in ("claims", "claims-recorder")},
    **{
        f"import pytest\n@pytest.hookimpl(tryfirst=True)\ndef pytest_{hook}({told}):\n    {end}\n": ""
        for hook, told in HOOKS.items()
        for end in ENDS
    },
}  # fmt: skip


def test_no_conftest_ends_the_run_or_takes_the_judge_away(new_suite: MakeSuite) -> None:
    outcomes = together({conftest: new_suite(fails("a"), conftest).run for conftest in CONFTESTS})
    for conftest, outcome in outcomes.items():
        assert outcome.code, (conftest, outcome.output)
        assert CONFTESTS[conftest] in outcome.output, conftest


HANGS = ends("hangs", "time.sleep(30)").replace("@py", "@pytest.mark.timeout(0.3, method='thread')\n@py", 1)


def test_workers_that_die(suite: Suite) -> None:
    """One after the other in one run, for each has another in its place."""
    deaths = {
        "killed": ends("killed", "os.kill(os.getpid(), signal.SIGKILL)"), "aborted": ends("aborted", "os.abort()"),
        "hangs": HANGS, "out-of-memory": ends("out-of-memory", "bytearray(10**18)"),
        "in-teardown": holds("in-teardown").replace("(measure)", "(measure, dies)"),
    }  # fmt: skip
    others = [f"before-{name}" for name in deaths] + ["last"]
    suite.claims("".join(map(str.__add__, map(holds, others), [*deaths.values(), ""])))
    dies = "import os, pytest\n@pytest.fixture\ndef dies():\n    yield\n    os.kill(os.getpid(), 9)\n"
    suite.write("claims/conftest.py", dies)
    outcome = suite.run("-n", "1", "-p", "timeout")
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == dict.fromkeys(others, "holds") | dict.fromkeys(deaths, "broken")
    assert outcome.accounting["unaccounted"] == []
    for name in deaths:
        assert ("crashed while running" in outcome.reasons[name]) == (name != "out-of-memory"), name
        assert bool(outcome.claims[name]["cases"][0]["measured"]) == (name == "in-teardown"), name


def test_all_workers_die(suite: Suite) -> None:
    names = [f"c{number}" for number in range(8)]
    suite.claims("".join(ends(name, "os.kill(os.getpid(), 9)") for name in names))
    outcome = suite.run("-n", "1", "--max-worker-restart=1")
    assert outcome.code == 1, outcome.output
    missing = outcome.accounting["unaccounted"]
    assert set(outcome.verdicts) == set(names)
    assert {f"paper/{name}" for name, verdict in outcome.verdicts.items() if verdict == "unchecked"} == set(missing)
    assert set(outcome.verdicts.values()) == {"broken", "unchecked"}


def test_a_process_that_dies_leaves_what_it_had(new_suite: MakeSuite) -> None:
    """In one process there is nobody to tell: the ledger of the last checkpoint is what remains."""
    leaves = ends("leaves", "import ctypes; ctypes.CDLL(None)._exit(0)")  # nothing in the process can refuse that
    ways = {"killed": (ends("killed", "os.kill(os.getpid(), 9)"), -9), "leaves": (leaves, 0), "hangs": (HANGS, 1)}
    often = "from reports import files\nfiles.SPACING = 0\n"
    suites = {name: new_suite(holds("a", "b") + text + holds("c"), often) for name, (text, _) in ways.items()}
    for name, outcome in together({name: partial(one.run, "-p", "timeout") for name, one in suites.items()}).items():
        assert outcome.code == ways[name][1], outcome.output
        assert outcome.verdicts == {"a": "holds", "b": "holds", name: "unchecked", "c": "unchecked"}
        assert outcome.accounting["unaccounted"] == [f"paper/{name}", "paper/c"]
        assert (outcome.ledger["run"]["state"], outcome.ledger["run"]["exit_code"]) == ("interrupted", 2)


def test_claims_that_end_the_run_or_change_it(new_suite: MakeSuite) -> None:
    ways = ["pytest.exit('enough')", "pytest.exit('enough', returncode=0)", "os.chdir('/')"]
    jobs = {how: new_suite(holds("a") + ends("it", how) + holds("b")).run for how in ways}
    *exits, moved = together(jobs).values()
    for outcome in exits:
        assert outcome.code == 2
        assert outcome.accounting["unaccounted"] == ["paper/it", "paper/b"]
    assert moved.code == 0
    assert set(moved.verdicts.values()) == {"holds"}


def test_a_document_is_whole_where_all_its_tests_were_asked_for(new_suite: MakeSuite) -> None:
    """Then, and only then, is a case that the run does not have no longer one of its claim."""
    file = "claims/paper/test_one.py"
    ways: dict[tuple[str, ...], bool] = {
        ("-k", "test_a"): True, ("-m", "gpu"): True, (file,): False, ("claims", f"--ignore={file}"): False,
        (f"{file}::test_a", "claims/paper/test_two.py"): False, ("-p", "vanish"): False,
    }  # fmt: skip
    jobs = {}
    for way in ways:
        suite = new_suite(holds("a", "b")).claims(holds("c"), "two")
        suite.write("vanish.py", "def pytest_pycollect_makeitem(name):\n    return [] if name == 'test_b' else None\n")
        jobs[way] = partial(suite.run, *way)
    assert {way: one.ledger["documents"][0]["whole"] for way, one in together(jobs).items()} == ways


@pytest.mark.parametrize("paths", ["", 'testpaths = ["claims/*"]\n'])
def test_one_document_replaces_nothing_of_two_wherever_they_are_looked_for(suite: Suite, paths: str) -> None:
    suite.write("pyproject.toml", PROJECT.partition("testpaths")[0] + paths)
    suite.claims(holds("a")).claims(holds("b"), "two", "other")
    suite.write("env/pyvenv.cfg", "")  # a virtual environment, which is nobody's claim
    shutil.copytree(suite.folder / "claims/other", suite.folder / "env/installed")
    whole = suite.run()
    assert (whole.code, whole.accounting["unaccounted"]) == (0, [])
    before = suite.ledger.read_bytes()
    assert suite.run("claims/paper").verdicts == {"a": "holds"}
    assert suite.ledger.read_bytes() == before


def test_a_claim_of_which_not_every_test_is_named_is_not_judged(new_suite: MakeSuite) -> None:
    compares = "assert measure(12.9, 't') == stated"
    text = claim("a", compares, takes="measure, stated", declared="stated='12', loosely='cut short'")
    for part in ("x", "y"):
        text += holds("b").replace('"b", ', f'"b", part="{part}"').replace("test_b", f"test_b_{part}")
    file = "claims/paper/test_one.py"
    ways = {
        ("a",): "loosely", ("a[literal]",): "unchecked", ("a[loose]",): "unchecked",
        ("a[loose]", "a[literal]"): "loosely", ("b_x",): "unchecked", ("b_x", "b_y"): "holds",
    }  # fmt: skip
    jobs = {names: partial(new_suite(text).run, *(f"{file}::test_{name}" for name in names)) for names in ways}
    for names, outcome in together(jobs).items():
        assert (outcome.code, outcome.accounting["unaccounted"]) == (0, []), (names, outcome.output)
        assert list(outcome.verdicts.values()) == [ways[names]], (names, outcome.output)


TWICE = """
import pathlib, pytest, sys
ARGUMENTS = ["-p", "claim_suite.fixtures.claim.plugin", "-p", "no:cacheprovider"]
first, file = pytest.main(ARGUMENTS), pathlib.Path("claims/paper/test_one.py")
unchanged = pytest.main(ARGUMENTS)
file.write_text(file.read_text().replace("== 3", "== 4"))
print("ended with", int(first), int(unchanged), int(pytest.main(ARGUMENTS)))
"""


def test_a_process_that_read_an_older_file_says_so(suite: Suite) -> None:
    """As a notebook does: what Python imported once it does not import anew."""
    suite.claims(holds("a")).write("twice.py", TWICE)
    told = runs.run(suite.folder, "twice", environment={**runs.ENVIRONMENT, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"})
    assert "ended with 0 0 1" in told.stdout
    assert "paper/test_one.py: it has changed since this process read it: start pytest anew" in told.stdout


def test_exit_codes(new_suite: MakeSuite) -> None:
    """All is as declared: 0. Nothing was checked: 5. Anything else is never 0."""
    skipped = claim("a", "pytest.skip('needs a GPU')", "assert measure(3, 't') == 4")
    never = claim("a", "assert measure(3, 't') == 4", declared='uncheckable="nobody can know"')
    undecided = claim("a", "from claim_suite.fixtures.claim.numbers import Estimate", "assert measure(Estimate(2, 1, 3), 't') > 2")
    declared = holds("a") + claim("b", "assert measure(3, 't') == 4", declared='refuted="no"')
    warns = claim("a", "import warnings", "warnings.warn('')", "assert measure(3, 't') == 3")
    strict = partial(new_suite(warns).run, environment={"CLAIMS_STRICT": "1"})
    ways: dict[str, tuple[Callable[[], Outcome], int]] = {
        "as declared": (new_suite(declared).run, 0), "refuted": (new_suite(fails("a")).run, 1),
        "skipped": (new_suite(skipped).run, 5), "in a worker": (partial(new_suite(skipped).run, "-n", "1"), 5),
        "no claim of that tier": (partial(new_suite(holds("a")).run, "-m", "gpu"), 5),
        "only uncheckable": (new_suite(never).run, 5),
        "fixed evidence that cannot decide": (new_suite(undecided).run, 1),
        "fresh evidence that cannot decide": (new_suite().claims(undecided, tier="gpu").run, 0),
        "warnings are told": (new_suite(warns).run, 0), "warnings are errors": (strict, 1),
    }  # fmt: skip
    for name, outcome in together({name: run for name, (run, _) in ways.items()}).items():
        assert outcome.code == ways[name][1], (name, outcome.output)
        assert (outcome.ledger["run"]["exit_code"], outcome.ledger["run"]["state"]) == (outcome.code, "complete"), name


def test_checkpoints_cost_two_per_cent_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps a second whenever the ledger is asked for."""
    clock = [100.0]
    monkeypatch.setattr("claim_suite.reports.files.time.perf_counter", lambda: clock[0])
    checkpoint, asked = files.Checkpoint(tmp_path / "ledger.json"), []

    def ledger() -> Any:
        asked.append(clock[0])
        clock[0] += 1
        return "text"

    for _ in range(200):
        checkpoint.offer(ledger)
        clock[0] += 1
    assert asked[:3] == [100.0, 151.0, 202.0]
    nowhere = files.Checkpoint(tmp_path / "ledger.json" / "below a file")
    for _ in range(2):
        nowhere.offer(ledger)
        clock[0] += 1000
    assert len(asked) == 5
