"""The pytest plugin: hears of every claim, accounts for every claim, and writes the ledger and the page."""

from __future__ import annotations

import json
import shutil
import tempfile
import time
from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reports import build, hooks, output, terminal
from reports.ledger import Ledger, surprising, write_text

PYTEST_DONT_REWRITE = "no assert in here needs explaining"

RECORDER = pytest.StashKey["Recorder"]()


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say where the ledger and the page go."""
    group = parser.getgroup("claims", "claims: what is checked, on what, and where the verdicts go")
    group.addoption(
        "--ledger", type=Path, default=Path("reports/out/claims.json"), metavar="PATH",
        help="where the ledger goes, JSON (default: %(default)s)",
    )  # fmt: skip
    group.addoption(
        "--page", type=Path, default=Path("reports/out/claims.html"), metavar="PATH",
        help="where the page goes, HTML (default: %(default)s)",
    )  # fmt: skip


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a suite tell the report about its claims."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Start listening; a run that executes nothing has nothing to report."""
    option = config.option
    if not (option.collectonly or getattr(option, "setupplan", False) or getattr(option, "setuponly", False)):
        config.stash[RECORDER] = recorder = Recorder(config)
        config.pluginmanager.register(recorder, "claims-recorder")


class Recorder:
    """Collects registrations and results, in this process or from the workers of a distributed run.

    A worker knows what was collected and the controller does not, so each worker writes it into a folder
    of the controller's before it runs anything: a worker that dies later takes nothing with it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.inbox: Path | None = None
        self.started = datetime.now(UTC)
        self.clock = time.perf_counter()
        self.deselected: list[pytest.Item] = []
        self.collection = build.Collection()
        self.results: dict[build.Key, build.Result] = {}
        self.crashes: dict[str, str] = {}
        self.ledger: Ledger | None = None
        self.complaints: list[str] = []

    def pytest_sessionstart(self) -> None:
        """Find out before any work whether the verdicts can be written at the end of it."""
        if self.worker is None:
            for option in ("ledger", "page"):
                output.refuse_unwritable(f"--{option}", self.config.getoption(option))

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to write what it collected."""
        self.inbox = self.inbox or Path(tempfile.mkdtemp(prefix="claims-"))
        node.workerinput["claims_inbox"] = str(self.inbox)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember what was collected but not selected."""
        self.deselected += items

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Carry a usage error out of a worker, where nobody would see it."""
        try:
            return (yield)
        except pytest.UsageError as error:
            if self.worker is None:
                raise
            self.collection.error = str(error)
            items.clear()

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Register every claim that was collected."""
        hook = self.config.hook
        for item in [*session.items, *self.deselected]:
            if registration := hook.pytest_claim_case(item=item):
                self.collection.cases.append(registration)
        self.collection.deselected = [
            build.key_of(registration)
            for item in self.deselected
            if (registration := hook.pytest_claim_case(item=item))
        ]
        if self.collection.cases:
            self.collection.documents = hook.pytest_claim_documents(config=self.config)
        if self.worker is not None:
            report = Path(self.worker["claims_inbox"]) / f"{self.worker['workerid']}.json"
            write_text(json.dumps(self.collection.as_json()), report)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of a case."""
        if self.worker is not None:
            return
        content = dict(report.user_properties).get("claim")
        if isinstance(content, str):
            told = json.loads(content)
            result = self.results.setdefault((told["claim"], told["id"]), build.Result())
            result.content = told
            result.seconds = report.duration if report.when == "call" else result.seconds
        elif report.failed:
            test = report.nodeid.rpartition("@")[0] or report.nodeid
            self.crashes[test] = self.crashes[report.nodeid] = report.longreprtext.strip()

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Account for every claim, write the verdicts, and let the exit code say how it went."""
        if self.worker is not None:
            return
        self._empty_inbox()
        if self.collection.error:
            self.complaints.append(f"ERROR: {self.collection.error}")
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        elif self.collection.cases:
            self._conclude(session)

    def _empty_inbox(self) -> None:
        if self.inbox is None:
            return
        told = [build.Collection.from_json(json.loads(file.read_text())) for file in sorted(self.inbox.glob("*.json"))]
        shutil.rmtree(self.inbox)
        if told:
            self.collection = next((collection for collection in told if collection.error), told[0])

    def _conclude(self, session: pytest.Session) -> None:
        cut_short = session.exitstatus == pytest.ExitCode.INTERRUPTED or session.shouldfail or session.shouldstop
        self.ledger = build.build(
            self.collection,
            self.results,
            self.crashes,
            {
                "started": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "seconds": round(time.perf_counter() - self.clock, 3),
                "arguments": [str(argument) for argument in self.config.invocation_params.args],
                "state": "interrupted" if cut_short else "complete",
                "exit_code": 0,
                "environment": build.environment(),
            },
        )
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = _exit_status(self.ledger, session.exitstatus)
        self.ledger["run"]["exit_code"] = int(session.exitstatus)
        with output.undisturbed():
            self.complaints += output.write_all(
                self.ledger, self.config.getoption("ledger"), self.config.getoption("page")
            )
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which claims hold."""
        for complaint in self.complaints:
            terminalreporter.write_line(complaint, red=True)
        if self.ledger:
            terminal.summarise(self.ledger, self.config, terminalreporter)


def _exit_status(ledger: Ledger, status: int | pytest.ExitCode) -> int | pytest.ExitCode:
    cases = [case for claim in ledger["claims"] for case in claim["cases"]]
    bad = any(surprising(case) or case["verdict"] == "broken" for case in cases)
    if bad or ledger["accounting"]["unaccounted"]:
        return pytest.ExitCode.TESTS_FAILED
    if status == pytest.ExitCode.OK and build.nothing_was_checked(ledger):
        return pytest.ExitCode.NO_TESTS_COLLECTED
    return status
