"""Interrupted, out of room, in a race: the file is whole and says what was measured, and the exit code is not 0."""

from __future__ import annotations

import json
import os
import resource
import signal
import subprocess
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from tests.conftest import MakeSuite, Outcome, Suite, claim, holds, together

PASSES = holds("first", "second", "third")
WAIT = 'open("waiting", "w").close(); import time; time.sleep(30)'
WAITS = holds("first") + claim("second", WAIT, "assert measure(3, 't') == 3") + holds("third")
SLOW_TO_WRITE = """
import os, time
from claim_suite.reports import page
def write(ledger, path):
    open("waiting", "w").close()
    time.sleep(1.5)
    drawn(ledger, path)
drawn, page.write = page.write, write
"""
OLD = "the file of an earlier run"


def interrupted(suite: Suite, *arguments: str, by: int = signal.SIGINT, times: int = 1, all_of: bool = True) -> Outcome:
    """Start a run, wait until it has something to interrupt, and interrupt it; returns its outcome."""
    process = suite.start("-p", "no:cacheprovider", *arguments)
    deadline = time.monotonic() + 30
    while not (suite.folder / "waiting").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(times):
        time.sleep(0.2)
        os.killpg(process.pid, by) if all_of else process.send_signal(by)
    return suite.end(process)


def leftovers(suite: Suite) -> list[str]:
    folder = suite.folder / "reports/out"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_interrupted_while_collecting(new_suite: MakeSuite) -> None:
    """Nothing was measured and nobody knows what would have been: the files of an earlier run stay."""
    suites = {processes: new_suite(WAIT + "\n" + PASSES) for processes in "01"}
    for suite in suites.values():
        suite.write("reports/out/claims.json", json.dumps(OLD))
        suite.write("reports/out/claims.html", OLD)
    jobs = {processes: partial(interrupted, suite, "-n", processes) for processes, suite in suites.items()}
    for processes, outcome in together(jobs).items():
        suite = suites[processes]
        assert outcome.code == 2, outcome.output
        assert outcome.ledger == OLD
        assert suite.page.read_text() == OLD
        assert leftovers(suite) == ["claims.html", "claims.json"]


def test_interrupted_while_running(new_suite: MakeSuite) -> None:
    ways: dict[str, dict[str, Any]] = {
        "Ctrl-C": {}, "twice": {"times": 2}, "cancelled": {"by": signal.SIGTERM}, "hung up": {"by": signal.SIGHUP},
        "in a worker": {"arguments": ("-n", "1")}, "in a worker, alone": {"arguments": ("-n", "1"), "all_of": False},
        "in a worker, cancelled": {"arguments": ("-n", "1"), "by": signal.SIGTERM, "all_of": False},
    }  # fmt: skip
    suites = {name: new_suite(WAITS) for name in ways}
    jobs = {name: partial(interrupted, suites[name], *way.pop("arguments", ()), **way) for name, way in ways.items()}
    for name, outcome in together(jobs).items():
        # A second Ctrl-C may find pytest still taking in the first: then the signal ends it, or an error from amid it.
        assert outcome.code in ((2, 1, -signal.SIGINT) if name == "twice" else (2,)), (name, outcome.output)
        assert outcome.ledger["run"]["state"] == "interrupted", name
        assert outcome.verdicts["second"] == "unchecked", name
        assert "paper/second" in outcome.accounting["unaccounted"], name
        assert [left for left in leftovers(suites[name]) if left.startswith(".")] == [], name
        if not name.startswith("in a worker"):
            assert outcome.verdicts["first"] == "holds", name
            assert outcome.accounting["unaccounted"] == ["paper/second", "paper/third"], name


def test_a_run_that_is_to_outlive_its_terminal(suite: Suite) -> None:
    """As `nohup` starts one."""
    suite.claims(claim("a", "import os, signal; os.kill(os.getpid(), signal.SIGHUP)", "assert measure(3, 't') == 3"))
    outcome = suite.run(preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
    assert (outcome.code, outcome.verdicts) == (0, {"a": "holds"}), outcome.output


def test_interrupted_while_writing(new_suite: MakeSuite) -> None:
    suites = {times: new_suite(PASSES, SLOW_TO_WRITE) for times in (1, 2)}
    for suite in suites.values():
        suite.write("reports/out/claims.html", OLD)
    jobs = {times: partial(interrupted, suite, times=times) for times, suite in suites.items()}
    for times, outcome in together(jobs).items():
        assert outcome.code == 2, outcome.output
        assert set(outcome.verdicts.values()) == {"holds"}
        assert leftovers(suites[times]) == ["claims.html", "claims.json"]
        assert "Traceback" not in outcome.output
        assert (suites[times].page.read_text() == OLD) == (times == 2)
        assert ("ERROR: interrupted while the verdicts were being written" in outcome.output) == (times == 2)


def no_file_larger_than(size: int) -> Callable[[], None]:
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))


def test_a_disk_that_fills(suite: Suite) -> None:
    """Writing really fails part of the way: no file may grow beyond 1,500 bytes."""
    suite.claims(PASSES)
    assert suite.run().code == 0
    ledger = suite.ledger.read_text()
    outcome = suite.run("-p", "no:cacheprovider", "-s", preexec_fn=no_file_larger_than(1500))
    assert outcome.code == 1, outcome.output
    assert "ERROR: the ledger could not be written to" in outcome.output
    assert "(File too large); the verdicts are only on this screen" in outcome.output
    assert suite.ledger.read_text() == ledger
    assert leftovers(suite) == ["claims.html", "claims.json"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_full(suite: Suite) -> None:
    disk = suite.folder / "reports/out"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        outcome = suite.claims(holds(*(f"c{place}" for place in range(30)))).run("-p", "no:cacheprovider")
        assert outcome.code == 1, outcome.output
        assert "No space left on device" in outcome.output
        assert [name for name in leftovers(suite) if name.startswith(".")] == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_cannot_be_written_any_more(suite: Suite) -> None:
    """The folder becomes a file during the run: the ledger goes where temporary files go, and that is said."""
    refuge = suite.folder / "tmp"
    refuge.mkdir()
    gone = 'import shutil; shutil.rmtree("reports/out", ignore_errors=True); open("reports/out", "w").close()'
    suite.claims(holds("first") + claim("second", gone, "assert measure(3, 't') == 3"))
    outcome = suite.run(environment={"TMPDIR": str(refuge)})
    assert outcome.code == 1, outcome.output
    (kept,) = refuge.glob("claims-*.json")
    assert f"it is in {kept}" in outcome.output
    assert [record["verdict"] for record in json.loads(kept.read_text())["claims"]] == ["holds"] * 2
    assert "ERROR: the page could not be written to" in outcome.output


def test_a_page_that_cannot_be_drawn(suite: Suite) -> None:
    suite.write("conftest.py", SLOW_TO_WRITE.replace("    drawn(ledger, path)", "    1 / 0").replace("1.5", "0"))
    outcome = suite.claims(PASSES).run()
    assert outcome.code == 1
    assert "ERROR: the page could not be drawn (ZeroDivisionError: division by zero)" in outcome.output
    assert set(outcome.verdicts.values()) == {"holds"}
    assert "Traceback" not in outcome.output


def test_runs_that_write_at_once_through_a_link_leave_nothing_behind(suite: Suite) -> None:
    target, scratch = suite.write("elsewhere/kept.json", OLD), suite.folder / "scratch"
    scratch.mkdir()
    suite.ledger.parent.mkdir(parents=True)
    suite.ledger.symlink_to(target)
    suite.claims(PASSES)
    run = partial(suite.run, "-p", "no:cacheprovider", environment={"TMPDIR": str(scratch)})
    outcomes = together({"one": run, "another": run, "in a worker": partial(run, "-n", "1")})
    assert [outcome.code for outcome in outcomes.values()] == [0, 0, 0]
    assert suite.ledger.is_symlink()
    assert json.loads(target.read_text())["schema"] == "claims-ledger/1"
    assert leftovers(suite) == ["claims.html", "claims.json"]
    assert [path.name for path in scratch.iterdir() if path.name.startswith("claims-")] == []
    assert [path.name for path in target.parent.iterdir()] == ["kept.json"]
