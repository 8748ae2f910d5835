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
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Outcome, Suite, together

HOLDS = '''
@pytest.mark.claim("first")
def test_first(measure):
    """So."""
    assert measure(3, "things") == 3

@pytest.mark.claim("second")
def test_second():
    """So."""
    {second}

@pytest.mark.claim("third")
def test_third():
    """So."""
'''
WAITS = HOLDS.replace("{second}", 'open("waiting", "w").close(); import time; time.sleep(30)')
PASSES = HOLDS.replace("{second}", "pass")
SLOW_TO_WRITE = """
import os, time
from reports import page
pytest_plugins = ["reports.plugin", "fixtures.claim.collection", "fixtures.claim.verdict"]
def write(ledger, path):
    open("waiting", "w").close()
    time.sleep(1.5)
    drawn(ledger, path)
drawn, page.write = page.write, write
"""
OLD = "the file of an earlier run"


def interrupted(
    suite: Suite, *arguments: str, by: int = signal.SIGINT, times: int = 1, everyone: bool = True
) -> Outcome:
    """Start a run, wait until it has something to interrupt, and interrupt it; returns its outcome."""
    process = suite.start(*arguments)
    deadline = time.monotonic() + 30
    while not (suite.folder / "waiting").exists():
        assert process.poll() is None, process.communicate()[0]
        assert time.monotonic() < deadline
        time.sleep(0.02)
    for _ in range(times):
        time.sleep(0.2)
        os.killpg(process.pid, by) if everyone else process.send_signal(by)
    return suite.end(process)


def leftovers(suite: Suite) -> list[str]:
    folder = suite.folder / "reports/out"
    return sorted(path.name for path in folder.iterdir()) if folder.is_dir() else []


def test_interrupted_while_collecting(new_suite: Callable[[], Suite]) -> None:
    """Nothing was measured and nobody knows what would have been: the files of an earlier run stay."""
    text = 'open("waiting", "w").close()\nimport time\ntime.sleep(30)\n' + PASSES
    suites = [new_suite().claims(text) for _ in range(2)]
    for suite in suites:
        suite.write("reports/out/claims.json", json.dumps(OLD))
        suite.write("reports/out/claims.html", OLD)
    jobs = [partial(interrupted, suites[0]), partial(interrupted, suites[1], "-n", "2")]
    for suite, outcome in zip(suites, together(jobs), strict=True):
        assert outcome.code == 2, outcome.output
        assert outcome.ledger == OLD
        assert suite.page.read_text() == OLD
        assert leftovers(suite) == ["claims.html", "claims.json"]


def test_interrupted_while_running(new_suite: Callable[[], Suite]) -> None:
    ways: dict[str, dict[str, Any]] = {
        "Ctrl-C": {},
        "twice": {"times": 2},
        "cancelled": {"by": signal.SIGTERM},
        "in two": {"arguments": ("-n", "2")},
        "in two, the controller alone": {"arguments": ("-n", "2"), "everyone": False},
        "in two, cancelled": {"arguments": ("-n", "2"), "by": signal.SIGTERM, "everyone": False},
    }
    suites = [new_suite().claims(WAITS) for _ in ways]
    jobs = []
    for suite, way in zip(suites, ways.values(), strict=True):
        options = dict(way)
        jobs.append(partial(interrupted, suite, *options.pop("arguments", ()), **options))
    for name, suite, outcome in zip(ways, suites, together(jobs), strict=True):
        # A second Ctrl-C may find pytest still taking in the first, and then pytest ends by the signal.
        assert outcome.code == 2 or (name == "twice" and outcome.code == -signal.SIGINT), (name, outcome.output)
        assert outcome.verdicts["second"] == "unchecked", name
        assert "paper/second" in outcome.accounting["unaccounted"], name
        assert outcome.ledger["run"]["state"] == "interrupted", name
        assert outcome.ledger["run"]["exit_code"] == 2, name
        assert "interrupted after" in outcome.output or name == "twice", name
        assert leftovers(suite) == ["claims.html", "claims.json"], name
        if not name.startswith("in two"):
            assert outcome.verdicts["first"] == "holds", name
            assert outcome.accounting["unaccounted"] == ["paper/second", "paper/third"], name


def test_interrupted_while_writing(new_suite: Callable[[], Suite]) -> None:
    suites = [new_suite().claims(PASSES) for _ in range(2)]
    for suite in suites:
        suite.write("conftest.py", SLOW_TO_WRITE)
        suite.write("reports/out/claims.html", OLD)
    waits, gives_up = together(
        [partial(interrupted, suite, times=times) for suite, times in zip(suites, (1, 2), strict=True)]
    )
    for suite, outcome in zip(suites, (waits, gives_up), strict=True):
        assert outcome.code == 2, outcome.output
        assert set(outcome.verdicts.values()) == {"holds"}
        assert leftovers(suite) == ["claims.html", "claims.json"]
        assert "Traceback" not in outcome.output
    assert suites[0].page.read_text().rstrip().endswith("</html>")
    assert suites[1].page.read_text() == OLD
    assert "ERROR: interrupted while the verdicts were being written" in gives_up.output


def no_file_larger_than(size: int) -> Callable[[], None]:
    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))

    return limit


def test_a_disk_that_fills(suite: Suite) -> None:
    """Writing really fails part of the way: no file may grow beyond 1,500 bytes."""
    suite.claims(PASSES)
    assert suite.run().code == 0
    ledger, page = suite.ledger.read_text(), suite.page.read_text()
    outcome = suite.run("-p", "no:cacheprovider", "-s", preexec_fn=no_file_larger_than(1500))
    assert outcome.code == 1, outcome.output
    assert "ERROR: the ledger could not be written to" in outcome.output
    assert "(File too large); the verdicts are only on this screen" in outcome.output
    assert "ERROR: the page could not be written to" in outcome.output
    assert "3 claims: 3 hold" in outcome.output
    assert "page: " not in outcome.output
    assert (suite.ledger.read_text(), suite.page.read_text()) == (ledger, page)
    assert leftovers(suite) == ["claims.html", "claims.json"]


@pytest.mark.skipif(os.getuid() != 0, reason="only root can mount a small disk")
def test_a_disk_that_is_full(suite: Suite) -> None:
    disk = suite.folder / "reports/out"
    disk.mkdir(parents=True)
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=8k", "tmpfs", disk], check=False).returncode:
        pytest.skip("no disk can be mounted here")
    try:
        outcome = suite.claims(PASSES).run("-p", "no:cacheprovider")
        assert outcome.code == 1, outcome.output
        assert "No space left on device" in outcome.output
        assert [name for name in leftovers(suite) if name.startswith(".")] == []
    finally:
        subprocess.run(["umount", disk], check=True)


def test_a_folder_that_cannot_be_written_any_more(suite: Suite) -> None:
    """The folder becomes a file during the run: the ledger goes where temporary files go, and that is said."""
    refuge = suite.folder / "tmp"
    refuge.mkdir()
    gone = 'import shutil; shutil.rmtree("reports/out"); open("reports/out", "w").close()'
    outcome = suite.claims(HOLDS.replace("{second}", gone)).run(environment={"TMPDIR": str(refuge)})
    assert outcome.code == 1, outcome.output
    (kept,) = refuge.glob("claims-*.json")
    assert f"it is in {kept}" in outcome.output
    assert [claim["verdict"] for claim in json.loads(kept.read_text())["claims"]] == ["holds"] * 3
    assert "ERROR: the page could not be written to" in outcome.output


def test_a_page_that_cannot_be_drawn(suite: Suite) -> None:
    suite.write("conftest.py", SLOW_TO_WRITE.replace("    drawn(ledger, path)", "    1 / 0").replace("1.5", "0"))
    outcome = suite.claims(PASSES).run()
    assert outcome.code == 1
    assert "ERROR: the page could not be drawn (ZeroDivisionError: division by zero)" in outcome.output
    assert set(outcome.verdicts.values()) == {"holds"}
    assert "Traceback" not in outcome.output


def test_two_runs_that_write_at_once(suite: Suite) -> None:
    suite.claims(PASSES)
    outcomes = together([partial(suite.run, "-p", "no:cacheprovider") for _ in range(3)])
    assert [outcome.code for outcome in outcomes] == [0, 0, 0]
    assert set(suite.run().verdicts.values()) == {"holds"}
    assert suite.page.read_text().rstrip().endswith("</html>")
    assert leftovers(suite) == ["claims.html", "claims.json"]


def test_a_link_keeps_pointing_where_it_did(suite: Suite) -> None:
    target = suite.write("elsewhere/kept.json", OLD)
    suite.ledger.parent.mkdir(parents=True)
    suite.ledger.symlink_to(target)
    assert suite.claims(PASSES).run().code == 0
    assert suite.ledger.is_symlink()
    assert json.loads(target.read_text())["schema"] == "claims-ledger/1"


def test_nothing_is_left_behind(suite: Suite, tmp_path: Path) -> None:
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    assert suite.claims(PASSES).run("-n", "2", environment={"TMPDIR": str(scratch)}).code == 0
    assert [path.name for path in scratch.iterdir() if path.name.startswith("claims-")] == []


def test_the_summary_of_a_job(new_suite: Callable[[], Suite]) -> None:
    suites = [new_suite().claims(PASSES) for _ in range(2)]
    places = [suites[0].folder / "summary.md", suites[1].write("file", "") / "summary.md"]
    written, not_written = together(
        [
            partial(suite.run, environment={"GITHUB_STEP_SUMMARY": str(place)})
            for suite, place in zip(suites, places, strict=True)
        ]
    )
    assert written.code == 0
    assert "3" in places[0].read_text()
    assert not_written.code == 1
    assert "ERROR: the job summary could not be written (Not a directory)" in not_written.output
    assert set(not_written.verdicts.values()) == {"holds"}
