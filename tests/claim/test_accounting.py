"""Nothing that was collected goes missing: what ran is in the ledger, and what did not is listed there."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from reports import output
from tests.conftest import PLUGINS, Suite, together

HOLDS = '''
@pytest.mark.claim("{name}")
def test_{name}(measure):
    """So."""
    assert measure(3, "things") == 3
'''
ENDS = '''
@pytest.mark.claim("{name}")
def test_{name}(measure):
    """So."""
    import os, signal, time
    measure(3, "things")
    {how}
'''
FAILS = ENDS.replace("{how}", "assert not True")


def holds(*names: str) -> str:
    return "".join(HOLDS.format(name=name) for name in names)


def ends(name: str, how: str) -> str:
    return ENDS.format(name=name, how=how)


def test_runs_that_stop_early(new_suite: Callable[[], Suite]) -> None:
    text = holds("a") + FAILS.format(name="b") + FAILS.format(name="c") + holds("d")
    stopped, later, in_two = together(
        [
            partial(new_suite().claims(text).claims(holds("e"), "two").run, *arguments)
            for arguments in [("-x",), ("--maxfail=2",), ("-x", "-n", "2")]
        ]
    )
    assert stopped.code == 1
    assert stopped.ledger["run"]["state"] == "interrupted"
    assert stopped.accounting["unaccounted"] == ["paper/c", "paper/d", "paper/e"]
    assert (stopped.accounting["collected"], stopped.accounting["reported"]) == (5, 2)
    assert stopped.verdicts == {"a": "holds", "b": "refuted", "c": "unchecked", "d": "unchecked", "e": "unchecked"}
    assert stopped.claims["e"]["cases"][0]["reason"] == "not reached: the run ended before it"
    assert "interrupted after 2 of 5 cases" in stopped.output
    assert "unaccounted for: 3\n  paper/c\n" in stopped.output
    assert later.code == 1
    assert later.accounting["unaccounted"] == ["paper/d", "paper/e"]
    assert in_two.code == 2, "pytest-xdist calls it interrupted"
    assert in_two.ledger["run"]["state"] == "interrupted"
    assert in_two.verdicts["b"] == "refuted"
    missing = in_two.accounting["unaccounted"]
    assert in_two.accounting["collected"] == 5 == in_two.accounting["reported"] + len(missing)
    assert {name for name, verdict in in_two.verdicts.items() if verdict == "unchecked"} == {
        name.removeprefix("paper/") for name in missing
    }


def test_what_is_not_selected_is_counted(suite: Suite) -> None:
    suite.claims(holds("a", "b") + FAILS.format(name="c")).claims(holds("d"), "two")
    suite.write("claims/paper/test_three.py", "import pytest\n@pytest.mark.gpu" + holds("e"))
    assert suite.run().code == 1
    for arguments, selected in {
        ("--lf",): {"c"},
        ("-k", "test_a or test_d"): {"a", "d"},
        ("--claim", "a", "--claim", "paper/e"): {"a", "e"},
        ("--claim", "d", "-n", "2"): {"d"},
        ("-m", "cheap", "-p", "no:cacheprovider"): {"a", "b", "c", "d"},
        ("--deselect", "claims/paper/test_one.py::test_b"): {"a", "c", "d", "e"},
    }.items():
        outcome = suite.run(*arguments)
        assert outcome.code == ("c" in selected), outcome.output
        assert {name for name, verdict in outcome.verdicts.items() if verdict != "unchecked"} == selected, arguments
        assert [claim["id"] for claim in outcome.ledger["claims"]] == [f"paper/{name}" for name in "abcde"], arguments
        assert outcome.accounting["unaccounted"] == []
        assert outcome.accounting["deselected"] == 5 - len(selected)
        assert outcome.accounting["collected"] == outcome.accounting["reported"] == len(selected)
    assert outcome.claims["b"]["cases"][0]["reason"] == "not selected"
    cheap = suite.run("-m", "cheap")
    assert cheap.claims["e"]["cases"][0]["reason"] == "needs weights or a device: pytest -m gpu"


def test_one_file_or_one_test_is_a_run_of_its_claims(suite: Suite) -> None:
    suite.claims(holds("a", "b")).claims(holds("c"), "two")
    assert set(suite.run("claims/paper/test_two.py").claims) == {"c"}
    assert set(suite.run("claims/paper/test_one.py::test_b").claims) == {"b"}
    twice = suite.run("--keep-duplicates", "claims/paper/test_one.py", "claims/paper/test_one.py")
    assert twice.code == 0
    assert [len(claim["cases"]) for claim in twice.claims.values()] == [1, 1]


def test_runs_that_write_no_ledger(new_suite: Callable[[], Suite]) -> None:
    no_claims = new_suite()
    no_claims.write(
        "tests/test_plain.py", "def test_plain(record_property):\n    record_property('claim', 'no JSON')\n"
    )
    runs = {
        "own tests": partial(no_claims.run, "tests"),
        "own tests in two": partial(no_claims.run, "tests", "-n", "2"),
        "collect": partial(new_suite().claims(holds("a")).run, "--collect-only", "-q"),
        "plan": partial(new_suite().claims(holds("a")).run, "--setup-plan"),
    }
    for name, outcome in zip(runs, together(list(runs.values())), strict=True):
        assert outcome.code == 0, (name, outcome.output)
        assert outcome.ledger is None, name
        assert "= claims =" not in outcome.output, name


def test_files_that_cannot_be_read(new_suite: Callable[[], Suite]) -> None:
    runs = [(), ("-n", "2"), ("--continue-on-collection-errors",), ("-n", "2", "--continue-on-collection-errors")]
    suites = [new_suite().claims(holds("a")).claims("def broken(:", "two") for _ in runs]
    outcomes = together([partial(suite.run, *arguments) for suite, arguments in zip(suites, runs, strict=True)])
    file = "claims/paper/test_two.py: could not be read, with every claim in it"
    for arguments, outcome in zip(runs, outcomes, strict=True):
        assert outcome.code in (1, 2), (arguments, outcome.output)
        assert file in outcome.accounting["unaccounted"], arguments
        assert outcome.accounting["collected"] == 2
    assert outcomes[0].code == 2
    assert outcomes[0].accounting["unaccounted"] == [file, "paper/a"]
    assert outcomes[0].ledger["run"]["state"] == "interrupted"
    assert outcomes[2].code == 1
    assert outcomes[2].verdicts == {"a": "holds"}
    assert outcomes[2].accounting["unaccounted"] == [file]


def test_workers_that_die(new_suite: Callable[[], Suite]) -> None:
    deaths = {
        "killed": ends("it", "os.kill(os.getpid(), signal.SIGKILL)"),
        "left": ends("it", "os._exit(0)"),
        "out of memory": ends("it", "raise MemoryError"),
        "in teardown": HOLDS.format(name="it").replace("(measure)", "(measure, dies)"),
    }
    suites = [new_suite().claims(holds("a", "b") + text + holds("c", "d", "e")) for text in deaths.values()]
    dying = "import os, pytest\n@pytest.fixture\ndef dies():\n    yield\n    os._exit(0)\n"
    for suite in suites:
        suite.write("claims/conftest.py", dying)
    for name, outcome in zip(deaths, together([partial(suite.run, "-n", "2") for suite in suites]), strict=True):
        assert outcome.code == 1, (name, outcome.output)
        assert outcome.verdicts == {
            "a": "holds",
            "b": "holds",
            "it": "broken",
            "c": "holds",
            "d": "holds",
            "e": "holds",
        }
        assert outcome.accounting["unaccounted"] == []
        told = outcome.claims["it"]["cases"][0]
        assert ("crashed while running" in told["reason"]) == (name != "out of memory"), name
        assert bool(told["measured"]) == (name in ("out of memory", "in teardown")), name


def test_all_workers_die(suite: Suite) -> None:
    names = [f"c{number}" for number in range(8)]
    suite.claims("".join(ends(name, "os._exit(0)") for name in names))
    outcome = suite.run("-n", "2", "--max-worker-restart=1")
    verdicts = outcome.verdicts
    assert outcome.code == 1, outcome.output
    assert set(verdicts) == set(names)
    missing = outcome.accounting["unaccounted"]
    assert missing
    assert set(verdicts.values()) == {"broken", "unchecked"}
    assert {f"paper/{name}" for name, verdict in verdicts.items() if verdict == "unchecked"} == set(missing)


def test_a_process_that_dies_leaves_what_it_had(new_suite: Callable[[], Suite]) -> None:
    """In one process there is nobody to tell: the ledger of the last checkpoint is what remains."""
    dying = holds("a", "b") + ends("it", "{}") + holds("c")
    hanging = dying.format("time.sleep(30)").replace(
        '@pytest.mark.claim("it")', '@pytest.mark.timeout(0.3, method="thread")\n@pytest.mark.claim("it")'
    )
    texts = [dying.format("os.kill(os.getpid(), signal.SIGKILL)"), dying.format("os._exit(0)"), hanging, hanging]
    suites = [new_suite().claims(text) for text in texts]
    for suite in suites:
        suite.write("conftest.py", PLUGINS + "from reports import output\noutput.SPACING = 0\n")
    arguments = [(), (), ("-p", "timeout"), ("-p", "timeout", "-n", "2")]
    jobs = [partial(suite.run, *each) for suite, each in zip(suites, arguments, strict=True)]
    kill, leave, hang, hang_in_two = together(jobs)
    assert (kill.code, leave.code, hang.code) == (-9, 0, 1)  # os._exit(0) ends it all, and nobody can say otherwise
    for outcome in (kill, leave, hang):
        assert outcome.verdicts == {"a": "holds", "b": "holds", "it": "unchecked", "c": "unchecked"}
        assert outcome.accounting["unaccounted"] == ["paper/it", "paper/c"]
        assert (outcome.ledger["run"]["state"], outcome.ledger["run"]["exit_code"]) == ("interrupted", 2)
    assert hang_in_two.code == 1
    assert hang_in_two.accounting["unaccounted"] == []
    assert hang_in_two.verdicts == {"a": "holds", "b": "holds", "it": "broken", "c": "holds"}


def test_claims_that_end_the_run(new_suite: Callable[[], Suite]) -> None:
    exits, zero, changes_folder = together(
        [
            new_suite().claims(holds("a") + ends("it", 'pytest.exit("enough")') + holds("b")).run,
            new_suite().claims(holds("a") + ends("it", 'pytest.exit("enough", returncode=0)') + holds("b")).run,
            new_suite().claims(holds("a") + ends("it", 'os.chdir("/")') + holds("b")).run,
        ]
    )
    assert exits.code == zero.code == 2
    for outcome in (exits, zero):
        assert outcome.accounting["unaccounted"] == ["paper/it", "paper/b"]
    assert changes_folder.code == 0
    assert changes_folder.accounting["unaccounted"] == []
    assert changes_folder.verdicts == {"a": "holds", "it": "holds", "b": "holds"}


def test_checkpoints_cost_two_per_cent_at_most(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A clock that jumps a second whenever the ledger is asked for."""
    clock = [100.0]
    monkeypatch.setattr("reports.output.time.perf_counter", lambda: clock[0])
    monkeypatch.setattr(output, "dump", lambda _ledger: "text")
    checkpoint, asked = output.Checkpoint(tmp_path / "ledger.json"), []

    def ledger() -> Any:
        asked.append(clock[0])
        clock[0] += 1
        return {}

    for _ in range(200):
        checkpoint.offer(ledger)
        clock[0] += 1
    assert asked[:3] == [100.0, 151.0, 202.0]
    nowhere = output.Checkpoint(tmp_path / "ledger.json" / "below a file")
    nowhere.offer(ledger)
    clock[0] += 1000
    nowhere.offer(ledger)
    assert len(asked) == 5
