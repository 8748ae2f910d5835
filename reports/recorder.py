"""The pytest plugin that records every claim of a run, and writes the ledger and the page.

A claim comes with pytest's report of its test, is appended as a line to a file beside the ledger, and stands in the
ledger when the run ends. A run that is killed leaves these lines: `python -m claim_suite.reports page` reads them.

PYTEST_DONT_REWRITE: no assert in here needs explaining.
"""

from __future__ import annotations

import datetime  # its class is exchanged where a test stops the clock
import platform
import signal
import time
from collections.abc import Generator
from functools import cache
from pathlib import Path
from typing import Any

import msgspec
import pytest

from claim_suite.plugin import DOCUMENT
from claim_suite.reports import files, schema, terminal, versions
from claim_suite.reports.accounting import Reported
from claim_suite.reports.schema import Claim, Collected, Ledger

OUT, ENDINGS = Path("reports/out"), {"ledger": ".json", "page": ".html"}
WHOLE, GPU, PARTIAL = "claims", "gpu", "partial"
LIBRARIES = ("torch", "transformers", "numpy", "scipy", "pytest", "hypothesis")  # by which a number may change
SHOWING = ("collectonly", "setuponly", "setupplan", "showfixtures", "show_fixtures_per_test")  # options


class Hooks:
    """What a suite tells the recorder about its claims."""

    @pytest.hookspec(firstresult=True)
    def pytest_claims_collected(self, config: pytest.Config) -> Collected | None:
        """Return what was collected. Called where it was: in a worker of a distributed run, else in the run itself."""

    @pytest.hookspec
    def pytest_claims_pictures(self, config: pytest.Config) -> list[dict[str, Any]]:  # type: ignore[empty-body]  # a specification
        """Return data of pictures, each with its `document` and `section`. Called after the last test, where it ran."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a suite tell the recorder about its claims."""
    pluginmanager.add_hookspecs(Hooks)


def pytest_configure(config: pytest.Config) -> None:
    """Start to record, unless the run executes nothing."""
    if not any(getattr(config.option, name, False) for name in SHOWING):
        config.pluginmanager.register(Recorder(config), "claims-recorder")


class Recorder:
    """Records the claims of a run, of this process or of the workers of a distributed run."""

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker = hasattr(config, "workerinput")
        self.started = datetime.datetime.now(datetime.UTC)
        self.clock = time.perf_counter()
        self.reported = Reported()
        self.finished = False
        self.ledger: Ledger | None = None
        self.journal: files.Journal | None = None
        self.complaints: list[str] = []
        self.paths: dict[str, Path] = {}

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a document's file that could not be read: its claims cannot be named, but the file can."""
        is_file = report.nodeid.endswith(".py")
        if (report.failed or (report.skipped and is_file)) and self._is_of_document(report.nodeid):
            self.reported.unreadable.append(report.nodeid)

    def _is_of_document(self, nodeid: str) -> bool:
        """Tell whether a test, a file or a folder is of a document of claims, and not another project's."""
        path = self.config.rootpath / nodeid.partition("::")[0]
        return any((folder / DOCUMENT).is_file() for folder in (path, path.parent))

    @pytest.hookimpl(trylast=True)
    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Register every claim that was collected; find out before any work whether the verdicts can be written."""
        self.reported.collected = session.config.hook.pytest_claims_collected(config=session.config) or Collected()
        if not self.worker:
            self._prepare()

    def _prepare(self) -> None:
        self.paths = _places(self.config, _stem(self.reported, self.ledger))
        for name, path in self.paths.items():
            if why := files.unwritable(path, ENDINGS[name]):
                raise pytest.UsageError(f"--{name} {path}: cannot be written ({why}); give --{name} another path")
        self.journal = files.Journal(self.paths["ledger"], schema.in_a_line(self.reported.collected))

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: list[str]) -> None:
        """Keep what workers will run: a worker that dies tells nothing more."""
        of_document = cache(self._is_of_document)
        self.reported.expected.update(one for one in ids if of_document(one.partition("::")[0]))
        if self.reported.expected and not self.journal:
            self._prepare()

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over what a worker collected and drew."""
        output = getattr(node, "workeroutput", {})
        if "claims_collected" in output:
            self.reported.collected = msgspec.json.decode(output["claims_collected"], type=Collected)
            self.reported.pictures += msgspec.json.decode(output["claims_pictures"])

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Let a cancelled job do as Ctrl-C does, and know whether the run came to its own end."""
        before = _on_termination(signal.default_int_handler)
        try:
            result = yield
            self.finished = True
            return result
        finally:
            _on_termination(before)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in how a test ended."""
        if self.worker:
            return
        record = self.reported.take_in(report)
        if record and self.journal:
            self.journal.append(record)

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        """Keep what a library warned of while a claim was checked: it changes no verdict."""
        if nodeid:
            text = schema.clean(f"{warning_message.category.__name__}: {warning_message.message}")
            self.reported.warnings.setdefault(" ".join(text.split()), nodeid)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Account for every claim, write the verdicts, and let the exit code say how it went."""
        pictures = [one for drawn in self.config.hook.pytest_claims_pictures(config=self.config) for one in drawn]
        if self.worker:
            output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]  # xdist's
            output["claims_collected"] = schema.in_a_line(self.reported.collected)
            output["claims_pictures"] = schema.in_a_line(pictures)
            return
        self.reported.pictures += pictures
        self._conclude(session)

    def _conclude(self, session: pytest.Session) -> None:
        status = session.exitstatus
        lost = self.reported.collected.lost or self.reported.unreadable
        if status == pytest.ExitCode.INTERRUPTED and not self.reported.collected.claims:
            lost = []  # while they were collected: nobody knows what there would have been
        anything = self.reported.collected.claims or self.reported.claims or lost
        if not anything or status == pytest.ExitCode.USAGE_ERROR:
            return  # nothing was checked, and what earlier runs found stays where it is
        ended = self.finished and status not in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        self.ledger = self._build("complete" if ended else "interrupted")
        session.exitstatus = self.ledger.run.exit_code = int(self._exit_code(self.ledger, int(status)))
        self.paths = _places(self.config, _stem(self.reported, self.ledger))
        self.complaints += _write(self.ledger, self.paths, self.journal)
        if self.complaints:
            session.exitstatus = session.exitstatus or pytest.ExitCode.TESTS_FAILED

    def _exit_code(self, ledger: Ledger, status: int) -> int:
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
            return status
        if self.reported.collected.refused:
            return pytest.ExitCode.USAGE_ERROR
        found = ledger.exit_code()
        return found or (status if status == pytest.ExitCode.TESTS_FAILED else 0)

    def _build(self, state: Any) -> Ledger:
        claims, accounting, warnings = self.reported.account()
        return Ledger(
            run=self._run(state, claims), accounting=accounting, documents=self.reported.documents(), claims=claims,
            warnings=warnings,
        )  # fmt: skip

    def _run(self, state: Any, claims: list[Claim]) -> schema.Run:
        devices = sorted({one.device for claim in claims for case in claim.cases for one in case.evidence} - {""})
        return schema.Run(
            started=f"{self.started:%Y-%m-%dT%H:%M:%S.%fZ}",
            seconds=round(time.perf_counter() - self.clock, 3),
            arguments=[schema.clean(str(argument)) for argument in self.config.invocation_params.args],
            state=state,
            exit_code=0,
            environment=environment() | ({"device": ", ".join(devices)} if devices else {}),
        )

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which claims hold."""
        if self.ledger:
            terminal.summarise(self.ledger, self.paths, terminalreporter)
        for complaint in [*self.reported.collected.refused, *self.complaints]:
            terminalreporter.write_line(f"ERROR: {complaint}", red=True)


def _places(config: pytest.Config, stem: str) -> dict[str, Path]:
    """Return where the files go: what an option names is meant from where the run was started."""
    start = config.invocation_params.dir
    default = (config.rootpath if config.inipath else start) / OUT / stem
    return {
        name: start / (config.getoption(f"claims_{name}") or default.with_suffix(ending))
        for name, ending in ENDINGS.items()
    }


def _stem(reported: Reported, ledger: Ledger | None) -> str:
    """Return the name of a run's files: no run replaces what is known of claims that it was not asked for."""
    tiers = reported.tiers()
    if reported.collected.partial or not tiers or (ledger and ledger.exit_code() == 5):
        return PARTIAL
    return GPU if reported.collected.deselected and tiers == {"gpu"} else WHOLE


def _write(ledger: Ledger, paths: dict[str, Path], journal: files.Journal | None) -> Generator[str]:
    """Write the ledger in the place of the journal, and then draw its views; says what failed."""
    from claim_suite.reports import github, page  # they take long to import, and a run that ends early needs neither

    try:
        files.write_text(schema.dump(ledger), paths["ledger"])
        if journal:
            journal.remove()
        page.write(ledger, paths["page"])
        github.write_job_summary(ledger)
    except OSError as error:
        yield f"{error.filename or 'the page'}: could not be written ({error.strerror})"
    except Exception as error:
        yield f"the page could not be drawn ({schema.message(error)})"


def _on_termination(handler: Any) -> Any:
    """Say what a request to end does, as a cancelled job gets it; returns what it did before. Not in a thread."""
    try:
        return signal.signal(signal.SIGTERM, handler)
    except ValueError:  # only the main thread may say
        return signal.SIG_DFL


@cache
def environment() -> dict[str, str]:
    """Return the versions a run depends on, without importing what they are versions of."""
    found = {name: versions.installed(name) or "not installed" for name in LIBRARIES}
    found |= {
        "suite": versions.suite(),
        "python": platform.python_version(),
        "platform": platform.platform(),
        "device": "cpu",
    }
    untested = versions.untested()
    return found | ({"untested": untested} if untested else {})
