"""Interrupted, or out of room: the ledger says what was measured, files are whole, and the exit code is not 0."""

from __future__ import annotations

import json
import os
import resource
import signal
import time

import pytest

from tests.conftest import Outcome, Suite, claim, holds

WAIT = 'open("waiting", "w").close(); import time; time.sleep(30)'
WAITS = holds("first") + claim("second", WAIT, "assert measure(3, 't') == 3") + holds("third")
OLD = "the file of an earlier run"


def interrupted(suite: Suite, *arguments: str, by: int = signal.SIGINT) -> Outcome:
    """Start a run, wait until it has something to interrupt, and interrupt it; returns its outcome."""
    process = suite.start(*arguments)
    deadline = time.monotonic() + 60
    while not (suite.folder / "waiting").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    time.sleep(0.2)
    os.killpg(process.pid, by)
    return suite.end(process)


def left(suite: Suite) -> list[str]:
    return sorted(path.name for path in (suite.folder / "reports/out").iterdir())


def test_interrupted_while_collecting(suite: Suite) -> None:
    """Nothing was measured and nobody knows what would have been: the files of an earlier run stay."""
    suite.claims(WAIT + "\n" + holds("first"))
    suite.write("reports/out/claims.json", json.dumps(OLD))
    suite.write("reports/out/claims.html", OLD)
    outcome = interrupted(suite)
    assert (outcome.code, outcome.ledger, suite.page.read_text()) == (2, OLD, OLD), outcome.output
    assert left(suite) == ["claims.html", "claims.json"]


@pytest.mark.parametrize("by", [signal.SIGINT, signal.SIGTERM], ids=["Ctrl-C", "cancelled"])
def test_interrupted_while_running(suite: Suite, by: signal.Signals) -> None:
    outcome = interrupted(suite.claims(WAITS), by=by)
    assert outcome.code == 2, outcome.output
    assert outcome.ledger["run"]["state"] == "interrupted"
    assert outcome.verdicts == {"first": "holds", "second": "unchecked", "third": "unchecked"}
    assert outcome.accounting["unaccounted"] == ["paper/second", "paper/third"]
    assert left(suite) == ["claims.html", "claims.json"]


def test_interrupted_in_a_worker(suite: Suite) -> None:
    outcome = interrupted(suite.claims(WAITS), "-n", "1")
    assert outcome.code == 2, outcome.output
    assert (outcome.ledger["run"]["state"], outcome.verdicts["first"]) == ("interrupted", "holds")
    assert [name for name in left(suite) if name.startswith(".")] == []


def test_a_disk_that_fills(suite: Suite) -> None:
    """Writing really fails part of the way: no file may grow beyond 1,500 bytes."""
    assert suite.claims(holds("first", "second", "third")).run().code == 0
    ledger = suite.ledger.read_text()
    limit = (1500, 1500)
    outcome = suite.apart("-s", preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limit))
    assert outcome.code not in (0, 5), outcome.output
    assert "File too large" in outcome.output
    assert suite.ledger.read_text() == ledger
    assert not [name for name in left(suite) if name.startswith(".")]


def test_a_folder_that_cannot_be_written_any_more(suite: Suite) -> None:
    """It becomes a file during the run: the verdicts are on the screen, and that the ledger is not there is said."""
    gone = 'import shutil; shutil.rmtree("reports/out", ignore_errors=True); open("reports/out", "w").close()'
    outcome = suite.claims(holds("first") + claim("second", gone, "assert measure(3, 't') == 3")).run()
    assert outcome.code == 1, outcome.output
    assert "2 claims: 2 hold" in outcome.output
    assert "ERROR: " in outcome.output
    assert "could not be written (" in outcome.output
    assert "Traceback" not in outcome.output


def test_a_link_keeps_pointing_where_it_pointed(suite: Suite) -> None:
    target = suite.write("elsewhere/kept.json", OLD)
    suite.ledger.parent.mkdir(parents=True)
    suite.ledger.symlink_to(target)
    assert suite.claims(holds("first")).run().code == 0
    assert suite.ledger.is_symlink()
    assert json.loads(target.read_text())["schema"] == "claims-ledger/2"
    assert [path.name for path in target.parent.iterdir()] == ["kept.json"]
