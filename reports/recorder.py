"""The pytest plugin that accounts for every claim of a run, and writes the ledger and the page.

PYTEST_DONT_REWRITE: no assert in here needs explaining.
"""

from __future__ import annotations

import datetime  # its class is exchanged where a test stops the clock
import os
import platform
import shutil
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import Any

import msgspec
import pytest

from claim_suite.reports import files, schema, terminal, versions
from claim_suite.reports.schema import RESULT, Case, Collection, Key, Ledger, Result

FOLDER, KINDS = Path("reports/out"), {"ledger": ".json", "page": ".html"}
WHOLE, CHEAP, GPU, PARTIAL = "claims", "cheap", "gpu", "partial"
LIBRARIES = ("torch", "transformers", "pytest", "hypothesis")
SUITE = "claims"  # the plugin that tells what was collected
IDLE = (
    "cacheshow", "collectonly", "setupplan", "setuponly", "showfixtures", "show_fixtures_per_test", "markers", "help",
    "version",
)  # fmt: skip


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the options that say where the ledger and the page go."""
    group = parser.getgroup("claims", "claims: what is checked, on what, and where the verdicts go")
    for name, ending in KINDS.items():
        group.addoption(
            f"--{name}", type=Path, metavar="PATH",
            help=f"where the {name} goes, {ending[1:].upper()} (default: {FOLDER / WHOLE}{ending} of the suite; "
            f"of a run of the gpu tier alone {FOLDER / GPU}{ending}, of only some claims {FOLDER / PARTIAL}{ending}; "
            f"of the cheap tier alone {FOLDER / CHEAP}{ending} where a run of both tiers wrote the default)",
        )  # fmt: skip


class Hooks:
    """What a suite tells the report about its claims."""

    @pytest.hookspec(firstresult=True)
    def pytest_claims_collected(self) -> Collection | None:
        """Return what was collected. Called where it was: in a worker of a distributed run, else in the run itself."""

    @pytest.hookspec
    def pytest_claims_pictures(self) -> list[dict[str, Any]]:  # type: ignore[empty-body]  # a specification
        """Return data of pictures, each with its `document` and `section`. Called after the last test, where it ran."""


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """Let a suite tell the report about its claims."""
    pluginmanager.add_hookspecs(Hooks)


def is_idle(config: pytest.Config) -> bool:
    """Tell whether a run's command has it execute nothing; a conftest that says so would let claims vanish."""
    return any(getattr(config.known_args_namespace, name, False) for name in IDLE)


@pytest.hookimpl(trylast=True)
def pytest_configure(config: pytest.Config) -> None:
    """Start to record where claims are asked for; a run that executes nothing has nothing to report."""
    if not config.pluginmanager.has_plugin(SUITE):
        return
    if not is_idle(config):
        config.pluginmanager.register(Recorder(config), "claims-recorder")
    # With --lf, pytest reads only files and classes that have failures, and the ledger would not know of other claims;
    # without this part of it, all are read and those that did not fail are deselected.
    if config.pluginmanager.has_plugin("lfplugin-collwrapper"):
        config.pluginmanager.unregister(name="lfplugin-collwrapper")


@dataclass
class Results:
    """What was reported of a run: results by case, and what pytest says failed, by test."""

    by_case: dict[Key, list[tuple[Result, float]]] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)
    reached: bool = False

    def add_report(self, report: pytest.TestReport, tests: dict[str, Key]) -> None:
        """Take in one report of a test: of its setup, its call or its teardown. `tests` are the cases by their test."""
        # Where tests are sent to workers by group, a test's name ends in its group.
        test = report.nodeid if report.nodeid in tests else report.nodeid.rpartition("@")[0]
        if test not in tests:
            return
        if report.failed:
            self.failures[test] = schema.text_of(report.longrepr or "").strip() or "pytest reports a failure"
        if (text := vars(report).get(RESULT)) is None:
            return
        try:
            result = msgspec.json.decode(text, type=Result)
        except (TypeError, ValueError):
            self.failures[test] = "a plugin spoilt the result of this test"
        else:
            if (result.claim, result.case) == tests[test]:
                self.by_case.setdefault(tests[test], []).append((result, report.duration))
                self.reached = self.reached or result.verdict not in ("unchecked", "uncheckable")

    def conclude(self, case: Case, key: Key) -> bool:
        """Set how a case ended. Returns False for one of which nothing was reported."""
        told, failure = self.by_case.get(key, []), self.failures.get(case.test)
        if not told and failure is None:
            return False
        if told:
            # One that is broken says why, also where others differ from it.
            last, seconds = next((one for one in reversed(told) if one[0].verdict == "broken"), told[-1])
            case.seconds = round(seconds, 6)
            case.verdict, case.reason = last.verdict, last.reason or case.reason
            case.measured, case.compared = last.measured, last.compared
            case.drawn, case.evidence = last.drawn, last.evidence
        verdicts = list(dict.fromkeys(result.verdict for result, _ in told))
        if case.verdict == "broken":
            return True
        if len(verdicts) > 1:
            case.verdict, case.reason = "broken", f"not the same twice: {', then '.join(verdicts)}"
        elif len({schema.fixed(result.measured) for result, _ in told}) > 1:
            case.verdict, case.reason = "broken", schema.OTHER_NUMBERS
        elif failure is not None and not case.surprising:
            case.verdict, case.reason = "broken", schema.clean(failure)
        return True


class Recorder:
    """Collects registrations and results, in this process or from the workers of a distributed run.

    A worker knows what was collected and the controller does not, so each worker hands it over before it runs anything:
    a worker that dies later takes nothing with it.
    """

    def __init__(self, config: pytest.Config) -> None:
        self.config = config
        self.worker: dict[str, Any] | None = getattr(config, "workerinput", None)
        self.handoff: Path | None = None
        self.started = datetime.datetime.now(datetime.UTC)
        self.clock = time.perf_counter()
        self.collection = Collection()
        self.results = Results()
        self.unreadable: dict[str, None] = {}
        self.warnings: dict[str, str] = {}
        self.pictures: list[dict[str, Any]] = []
        self.finished = self.stopped = False
        self.ledger: Ledger | None = None
        self.complaints: list[str] = []
        self.until_end = ExitStack()
        self.checkpoint: files.Checkpoint | None = None
        self.tests: dict[str, Key] = {}
        self.paths: dict[str, Path] = {}

    def pytest_sessionstart(self) -> None:
        """Find out before any work whether the verdicts can be written at the end of it."""
        if self.worker is None:
            for name, path in self._paths().items():
                if why := files.unwritable(path, KINDS[name]):
                    given = self.config.getoption(name) or path
                    raise pytest.UsageError(f"--{name} {given}: cannot be written ({why}); give --{name} another path")
            if len({files.resolved(path) for path in self._paths().values()}) < len(KINDS):
                raise pytest.UsageError(f"--ledger and --page are both {self.config.getoption('page')}")
            self.until_end.enter_context(files.stoppable())

    def _paths(self) -> dict[str, Path]:
        """Return where the files go: what an option names is meant from where the run was started."""
        default = self._folder() / self._stem()
        return {
            name: self.config.invocation_params.dir / (self.config.getoption(name) or default.with_suffix(ending))
            for name, ending in KINDS.items()
        }

    def _folder(self) -> Path:
        """Return where files go by default: without a project, pytest's root may be as far up as the user's folder."""
        start = self.config.invocation_params.dir
        if self.config.inipath or self.config.rootpath == start:
            return self.config.rootpath / FOLDER
        places = [(start / argument.partition("::")[0]).resolve() for argument in self.config.args]
        return Path(os.path.commonpath([place if place.is_dir() else place.parent for place in places])) / FOLDER

    def _stem(self) -> str:
        """Return the name of a run's files: no run replaces what is known of claims that it was not asked for."""
        nothing = self.ledger is not None and (
            not self.ledger.claims or self.ledger.exit_code() == pytest.ExitCode.NO_TESTS_COLLECTED
        )
        if self.collection.partial or nothing:
            return PARTIAL
        left_out = set(self.collection.deselected)
        every = [(claim.id, case) for claim in self.collection.claims for case in claim.cases]
        tiers = {case.tier for claim, case in every if (claim, case.id) not in left_out}
        if left_out and tiers == {"gpu"}:
            return GPU
        return CHEAP if left_out and left_out & self._decided else WHOLE

    @cached_property
    def _decided(self) -> set[Key]:
        """Return the cases that the ledger of an earlier run, where this one's goes by default, has a verdict of."""
        try:
            content = msgspec.json.decode((self._folder() / f"{WHOLE}.json").read_bytes())
            cases = [(claim["id"], case) for claim in content["claims"] for case in claim["cases"]]
            return {(name, case["id"]) for name, case in cases if case["verdict"] in schema.REACHED}
        except (OSError, ValueError, LookupError, TypeError):  # there is none that can be read
            return set()

    @pytest.hookimpl(optionalhook=True)
    def pytest_configure_node(self, node: Any) -> None:
        """Tell a worker where to leave what it collected."""
        if self.handoff is None:
            self.handoff = Path(tempfile.mkdtemp(prefix="claims-"))
            self.until_end.callback(shutil.rmtree, self.handoff, ignore_errors=True)
        node.workerinput["claims_handoff"] = str(self.handoff)

    @pytest.hookimpl(optionalhook=True)
    def pytest_testnodedown(self, node: Any) -> None:
        """Take over the pictures' data of a worker that is done."""
        self.pictures += msgspec.json.decode(getattr(node, "workeroutput", {}).get("claims_pictures", "[]"))

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> Generator[None]:
        """Leave nothing to run or report after a usage error; carry it out of a worker, where nobody would see it."""
        try:
            return (yield)
        except pytest.UsageError as error:
            items.clear()
            self.collection.error = str(error)
            if self.worker is None:
                raise

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Keep a file that could not be read: its claims cannot be named, but the file can."""
        if report.failed and self.worker is None:
            self.unreadable[report.nodeid or "collection"] = None

    def pytest_collection_finish(self) -> None:
        """Register every claim that was collected."""
        if not self.collection.error and not (self.worker is None and self.handoff):
            self.collection = self.config.hook.pytest_claims_collected() or Collection()
        if self.worker is not None:
            place = Path(self.worker["claims_handoff"]) / f"{self.worker['workerid']}.json"
            files.write_text(schema.dump(self.collection), place, lasting=False)

    def _take_over(self) -> None:
        """Read what the workers collected: an error if there was one, else the most, as one may have been cut short."""
        if self.handoff and not self.collection.claims and not self.collection.error:
            told = [
                msgspec.json.decode(file.read_bytes(), type=Collection) for file in sorted(self.handoff.glob("*.json"))
            ]
            self.collection = max(told, key=lambda one: (bool(one.error), len(one.claims)), default=Collection())
        if not self.tests:
            self.tests = {case.test: (claim.id, case.id) for claim in self.collection.claims for case in claim.cases}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtestloop(self) -> Generator[None, object, object]:
        """Know whether the run came to its own end: after Ctrl-C pressed twice, not even pytest does."""
        try:
            result = yield
        except pytest.Session.Failed:  # as many failures as -x or --maxfail allow
            self.stopped = True
            raise
        self.finished = True
        return result

    def pytest_runtest_logstart(self) -> None:
        """Save what is known so far: the test that starts now may be the one that ends the process."""
        if self.worker is None:
            self._take_over()
            if self.collection.claims:
                environment()  # kept from now on: what it takes is not taken for the checkpoint's
                self.checkpoint = self.checkpoint or files.Checkpoint(self._paths()["ledger"])
                # What an earlier run found stays until this one has found something.
                if self.results.reached or not self.checkpoint.path.exists():
                    self.checkpoint.offer(lambda: schema.dump(self._build("interrupted", pytest.ExitCode.INTERRUPTED)))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Take in how a test ended."""
        if self.worker is None:
            self._take_over()
            self.results.add_report(report, self.tests)

    @pytest.hookimpl(wrapper=True)
    def pytest_report_to_serializable(self) -> Generator[None, Any, Any]:
        """Send from a worker only what can be sent."""
        return schema.sendable((yield))

    @pytest.hookimpl(tryfirst=True)
    def pytest_warning_recorded(self, warning_message: Any, nodeid: str) -> None:
        """Keep what a library warned of while a claim was checked: it changes no verdict."""
        warning_message.message = schema.clean(schema.text_of(warning_message.message))  # xdist could not send it else
        if nodeid:
            told = f"{warning_message.category.__name__}: {warning_message.message}"
            self.warnings.setdefault(" ".join(told.split()), nodeid)

    @pytest.hookimpl(wrapper=True, tryfirst=True)
    def pytest_sessionfinish(self, session: pytest.Session) -> Generator[None]:
        """Account for every claim, write the verdicts, and let the exit code say how it went, whatever others do.

        It comes first because others may take their time, as xdist does to end its workers, and somebody may
        lose patience.
        """
        if self.worker is not None:
            output: dict[str, Any] = self.config.workeroutput  # type: ignore[attr-defined]  # xdist's
            output["claims_pictures"] = msgspec.json.encode(self._pictures()).decode()
            return (yield)
        self._finish(session)
        status = session.exitstatus
        try:
            return (yield)
        finally:
            session.exitstatus = session.exitstatus or status

    def _finish(self, session: pytest.Session) -> None:
        try:
            with files.undisturbed() as pressed:
                self.pictures += self._pictures()
                self._conclude(session)
        except KeyboardInterrupt:
            self.complaints.append("interrupted while the verdicts were being written")
        if pressed:
            session.exitstatus = pytest.ExitCode.INTERRUPTED

    def _pictures(self) -> list[dict[str, Any]]:
        return [schema.plain(one) for told in self.config.hook.pytest_claims_pictures() for one in told]

    def pytest_unconfigure(self) -> None:
        """Leave nothing behind."""
        self.until_end.close()

    def _build(self, state: Any, exit_code: int) -> Ledger:
        claims = msgspec.convert(schema.plain(self.collection.claims), list[schema.Claim])
        deselected = set(self.collection.deselected)
        unaccounted = [f"{file}: could not be read, with every claim in it" for file in self.unreadable]
        unaccounted += self.collection.lost
        undertaken, left_out = len(unaccounted), 0
        for claim in claims:
            for case in claim.cases:
                key = claim.id, case.id
                reported = self.results.conclude(case, key)
                if key in deselected and not reported:
                    left_out += 1
                    case.reason = schema.NOT_SELECTED[case.tier]
                    continue
                undertaken += 1
                if not reported:
                    case.reason = schema.UNREPORTED if self.finished else schema.UNREACHED
                    unaccounted.append(" ".join(filter(None, key)))
            claim.conclude()
        tests = {case.test: claim.id for claim in claims for case in claim.cases}
        devices = sorted({one.device for claim in claims for case in claim.cases for one in case.evidence} - {""})
        warnings = [
            {"claim": tests.get(test, ""), "text": text} for text, test in self.warnings.items() if test in tests
        ]
        return Ledger(
            run=schema.Run(
                started=f"{self.started:%Y-%m-%dT%H:%M:%S.%fZ}",
                seconds=round(time.perf_counter() - self.clock, 3),
                arguments=[schema.clean(str(argument)) for argument in self.config.invocation_params.args],
                state=state,
                exit_code=int(exit_code),
                environment=environment() | ({"device": ", ".join(devices)} if devices else {}),
            ),
            accounting=schema.Accounting(
                collected=undertaken,
                reported=undertaken - len(unaccounted),
                deselected=left_out,
                unaccounted=unaccounted,
            ),
            documents=self._documents(),
            claims=claims,
            extra={"warnings": warnings} if warnings else {},
        )

    def _documents(self) -> list[schema.Document]:
        documents = msgspec.convert(schema.plain(self.collection.documents), list[schema.Document])
        last = {
            (str(one.get("kind")), str(one.get("name")), one["document"], one["section"]): one for one in self.pictures
        }
        for document in documents:
            for section in document.sections:
                section.charts += [
                    {key: value for key, value in picture.items() if key not in ("document", "section")}
                    for (_, _, *place), picture in last.items()
                    if place == [document.id, section.id]
                ]
        return documents

    def _conclude(self, session: pytest.Session) -> None:
        self._take_over()
        if not self.config.pluginmanager.has_plugin(SUITE):
            self.complaints.append("the plugin that judges claims was removed while they were checked")
        if self.collection.error:
            self.complaints += [self.collection.error] * bool(self.handoff)  # pytest tells that of its own process
            session.exitstatus = pytest.ExitCode.USAGE_ERROR
        lost = self.collection.lost or self.unreadable
        if not self.collection.claims and (not lost or session.exitstatus == pytest.ExitCode.INTERRUPTED):
            return
        if session.exitstatus == pytest.ExitCode.USAGE_ERROR:
            return  # nothing was checked, and what earlier runs found stays where it is
        self.ledger = self._build("complete", session.exitstatus)
        ended = session.exitstatus in (pytest.ExitCode.INTERRUPTED, pytest.ExitCode.INTERNAL_ERROR)
        if ended or (self.ledger.accounting.unaccounted and not self.finished):
            self.ledger.run.state = "interrupted"
        session.exitstatus = self._exit_code(self.ledger, session.exitstatus)
        self.ledger.run.exit_code = int(session.exitstatus)
        self._write(self.ledger)
        if self.complaints and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def _exit_code(self, ledger: Ledger, status: int) -> int:
        if status not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED, pytest.ExitCode.NO_TESTS_COLLECTED):
            return status
        if not self.finished and not self.stopped:
            return pytest.ExitCode.INTERRUPTED
        if self.collection.refused:
            return pytest.ExitCode.USAGE_ERROR
        return ledger.exit_code() or (status if status == pytest.ExitCode.TESTS_FAILED else pytest.ExitCode.OK)

    def _write(self, ledger: Ledger) -> None:
        """Write the ledger and draw its views; whatever goes wrong with these, the ledger has the verdicts already."""
        self.paths = self._paths()
        if trouble := files.keep(schema.dump(ledger), self.paths["ledger"]):
            self.complaints.append(trouble)
            del self.paths["ledger"]
        for view in ("page", "job summary"):
            try:
                self._draw(view, ledger)
                continue
            except OSError as error:
                place = f" to {self.paths[view]}" if view in self.paths else ""
                self.complaints.append(f"the {view} could not be written{place} ({error.strerror})")
            except Exception as error:
                self.complaints.append(f"the {view} could not be drawn ({type(error).__name__}: {error})")
            self.paths.pop(view, None)

    def _draw(self, view: str, ledger: Ledger) -> None:
        from claim_suite.reports import (  # they take long to import, and a run that ends early needs neither
            github,
            page,
        )

        if view == "page":
            page.write(ledger, self.paths["page"])
        else:
            github.write_job_summary(ledger)

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Say which claims hold."""
        if self.ledger:
            terminal.summarise(self.ledger, self.paths, terminalreporter)
        for complaint in [*self.collection.refused, *self.complaints]:
            terminalreporter.write_line(f"ERROR: {complaint}", red=True)


@cache
def environment() -> dict[str, str]:
    """Return the versions a run depends on, without importing what they are versions of."""
    told = {name: versions.installed(name) or "not installed" for name in LIBRARIES}
    told |= {"python": platform.python_version(), "platform": platform.platform(), "device": "cpu"}
    untested = versions.untested()
    return told | ({"untested": untested} if untested else {})
