"""The pytest plugin: hears of every claim, accounts for every claim, and writes the ledger and the page.

PYTEST_DONT_REWRITE: no assert in here needs explaining.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reports import build, heard, hooks, output, terminal
from reports.ledger import Ledger

DEFAULTS = {"ledger": Path("reports/out/claims.json"), "page": Path("reports/out/claims.html")}


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say where the ledger and the page go."""
    group = parser.getgroup("claims", "claims: what is checked, on what, and where the verdicts go")
    for name, default in DEFAULTS.items():
        group.addoption(
            f"--{name}", type=Path, default=default, metavar="PATH",
            help=f"where the {name} goes, {default.suffix[1:].upper()} (default: %(default)s)",
        )  # fmt: skip


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a suite tell the report about its claims."""
    pluginmanager.add_hookspecs(hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Start listening; a run that executes nothing has nothing to report."""
    option = config.option
    if not (option.collectonly or getattr(option, "setupplan", False) or getattr(option, "setuponly", False)):
        config.pluginmanager.register(Recorder(config), "claims-recorder")
    # With --lf, pytest reads only files and classes that have failures, and the ledger would not know of other claims;
    # without this part of it, all are read and those that did not fail are deselected.
    if config.pluginmanager.has_plugin("lfplugin-collwrapper"):
        config.pluginmanager.unregister(name="lfplugin-collwrapper")


class Recorder:
    """Collects registrations and results, in this process or from the workers of a distributed run.

    A worker knows what was collected and the controller does not, so each worker leaves it in the controller's inbox
    before it runs anything: a worker that dies later takes nothing with it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.inbox: heard.Inbox | None = None
        self.started = datetime.now(UTC)
        self.clock = time.perf_counter()
        self.in_order: list[pytest.Item] = []
        self.deselected: list[pytest.Item] = []
        self.collection = heard.Collection()
        self.heard = heard.Heard()
        self.finished = False
        self.ledger: Ledger | None = None
        self.complaints: list[str] = []
        self.until_end = ExitStack()
        # A claim may change the working folder; the paths are meant from where the run was started.
        self.paths = {name: config.invocation_params.dir / config.getoption(name) for name in DEFAULTS}
        self.checkpoint = output.Checkpoint(self.paths["ledger"])

    def pytest_sessionstart(self) -> None:
        """Find out before any work whether the verdicts can be written at the end of it."""
        if self.worker is None:
            for name in DEFAULTS:
                output.refuse_unwritable(f"--{name}", self.config.getoption(name))
            if self.paths["ledger"].resolve() == self.paths["page"].resolve():
                raise pytest.UsageError(f"--ledger and --page are both {self.config.getoption('page')}")
            self.until_end.enter_context(output.stoppable())

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to write what it collected."""
        self.inbox = self.inbox or self.until_end.enter_context(heard.Inbox())
        node.workerinput["claims_inbox"] = str(self.inbox.folder)

    def pytest_deselected(self, items: list[pytest.Item]) -> None:
        """Remember what was collected but not selected."""
        self.deselected += items

    @pytest.hookimpl(wrapper=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Leave nothing to run or report after a usage error; carry it out of a worker, where nobody would see it."""
        self.in_order = list(items)
        try:
            return (yield)
        except pytest.UsageError as error:
            items.clear()
            self.deselected.clear()
            self.in_order.clear()
            if self.worker is None:
                raise
            self.collection.error = str(error)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Hear of a file that could not be read: its claims cannot be named, but the file can."""
        if report.failed and self.worker is None:
            self.heard.unreadable[report.nodeid or "collection"] = None

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Register every claim that was collected."""
        hook, collected = self.config.hook, {*session.items, *self.deselected}
        for item in self.in_order:
            if item in collected and (registration := hook.pytest_claim_case(item=item)):
                self.collection.cases.append(registration)
        self.collection.deselected = [
            heard.key_of(registration)
            for item in self.deselected
            if (registration := hook.pytest_claim_case(item=item))
        ]
        if self.collection.cases:
            self.collection.documents = hook.pytest_claim_documents(config=self.config)
        if self.worker is not None:
            heard.leave(self.collection, Path(self.worker["claims_inbox"]) / f"{self.worker['workerid']}.json")

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Know whether the run came to its own end: after Ctrl-C pressed twice, not even pytest does."""
        result = yield
        self.finished = True
        return result

    def pytest_runtest_logstart(self) -> None:
        """Save what is known so far: the test that starts now may be the one that ends the process."""
        if self.worker is None:
            self._read_inbox()
            if self.collection.cases:
                build.environment()  # kept from now on: what it takes is not taken for the checkpoint's
                self.checkpoint.offer(lambda: self._build("interrupted", pytest.ExitCode.INTERRUPTED))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Hear of a case."""
        if self.worker is None:
            self.heard.hear(report)

    @pytest.hookimpl(tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Account for every claim, write the verdicts, and let the exit code say how it went.

        It comes first because others may take their time, as xdist does to end its workers, and somebody may
        lose patience.
        """
        if self.worker is not None:
            return
        try:
            with output.undisturbed() as pressed:
                self._conclude(session)
        except KeyboardInterrupt:
            self.complaints.append("interrupted while the verdicts were being written")
        if pressed:
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        self.until_end.close()

    def _read_inbox(self) -> None:
        if self.inbox and not self.collection.cases and not self.collection.error:
            self.collection = self.inbox.read()

    def _build(self, state: str, exit_code: int) -> Ledger:
        run: dict[str, Any] = {
            "started": self.started.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "seconds": round(time.perf_counter() - self.clock, 3),
            "arguments": [str(argument) for argument in self.config.invocation_params.args],
            "state": state,
            "exit_code": int(exit_code),
        }
        return build.build(self.collection, self.heard, run)

    def _conclude(self, session: pytest.Session) -> None:
        self._read_inbox()
        if self.collection.error:
            self.complaints.append(self.collection.error)
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        if not self.collection.cases:
            return
        self.ledger = self._build("complete", session.exitstatus)
        ended = session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if ended or (self.ledger["accounting"]["unaccounted"] and not self.finished):
            self.ledger["run"]["state"] = "interrupted"
        if session.exitstatus == pytest.ExitCode.OK and not self.finished:
            session.exitstatus = pytest.ExitCode.INTERRUPTED
        if session.exitstatus in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
            session.exitstatus = build.exit_status(self.ledger, session.exitstatus)
        self.ledger["run"]["exit_code"] = int(session.exitstatus)
        for name, write in (("ledger", output.write_ledger), ("page", output.write_page)):
            if trouble := write(self.ledger, self.paths[name]):
                self.complaints.append(trouble)
                del self.paths[name]
        self.complaints += filter(None, [output.write_job_summary(self.ledger)])
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which claims hold."""
        if self.ledger:
            written = {name: self.config.getoption(name) for name in self.paths}
            terminal.summarise(self.ledger, written, terminalreporter)
        for complaint in self.complaints:
            terminalreporter.write_line(f"ERROR: {complaint}", red=True)
