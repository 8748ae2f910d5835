"""A small suite of claims in a folder of its own, and real runs of pytest on it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from xdist.scheduler import LoadFileScheduling  # type: ignore[import-untyped]  # it ships no types

from tests import runs

LONGEST_RUN = 60  # seconds

PROJECT = """
[tool.pytest]
strict = true
addopts = ["--import-mode=importlib"]
pythonpath = ["."]
testpaths = ["claims"]
"""
DOCUMENT = 'title = "A paper"\n'
HEADER = "import pytest\n\npytestmark = pytest.mark.cheap\n\n"


def claim(name: str, *body: str, takes: str = "measure", declared: str = "", above: str = "", says: str = "So.") -> str:
    """Write a claim: its body, what it takes, more keywords of its marker, and lines above it."""
    for key in ("reply", "words"):
        declared += f', {key}="It was meant so."' * ("refuted=" in declared and f"{key}=" not in declared)
    test = f'def test_{name.replace("-", "_")}({takes}):\n    """{says}"""\n'
    lines = "".join(f"    {line}\n" for part in body for line in part.splitlines())
    return f'\n{above}\n@pytest.mark.claim("{name}", {declared})\n{test}{lines}'


def holds(*names: str) -> str:
    """Write claims that hold."""
    return "".join(claim(name, 'assert measure(3, "things") == 3') for name in names)


def fails(*names: str) -> str:
    """Write claims that do not hold, which is a surprise."""
    return "".join(claim(name, 'assert measure(3, "things") == 4') for name in names)


@dataclass(frozen=True)
class Outcome:
    """How a run ended: its exit code, what it printed, and the ledger it left, if any."""

    code: int
    output: str
    ledger: Any

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the ledger by id, less their document."""
        assert self.ledger is not None, self.output
        return {claim["id"].partition("/")[2]: claim for claim in self.ledger["claims"]}

    @property
    def verdicts(self) -> dict[str, str]:
        """The verdict of every claim, by id."""
        return {name: claim["verdict"] for name, claim in self.claims.items()}

    @property
    def reasons(self) -> dict[str, str]:
        """The reason of the first case of every claim, by id."""
        return {name: claim["cases"][0]["reason"] for name, claim in self.claims.items()}

    @property
    def accounting(self) -> dict[str, Any]:
        """Who was counted and who is missing."""
        assert self.ledger is not None, self.output
        return dict(self.ledger["accounting"])


class Suite:
    """A folder with claims about one document, `paper`, of the sections that `claims` wrote: test_one.py and so on."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "reports/out/claims.json"
        self.partial = folder / "reports/out/partial.json"
        self.page = folder / "reports/out/claims.html"
        self.sections: list[str] = []
        self.write("pyproject.toml", PROJECT)

    def write(self, name: str, text: str) -> Path:
        """Write a file of the suite, by its path in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def claims(self, text: str, section: str = "one", document: str = "paper", tier: str = "cheap") -> Suite:
        """Write the claims of a section, and name it in the document."""
        self.sections = list(dict.fromkeys([*self.sections, section])) if document == "paper" else [section]
        named = (f'[[sections]]\nid = "{one}"\ntitle = "Part {one}"\nfile = "test_{one}.py"\n' for one in self.sections)
        self.write(f"claims/{document}/document.toml", DOCUMENT + "".join(named))
        self.write(f"claims/{document}/test_{section}.py", HEADER.replace("cheap", tier) + text)
        return self

    def run(self, *arguments: str, **environment: str) -> Outcome:
        """Run pytest on the suite in this process, with no plugin but those named by -p."""
        before = self._ledgers()
        done = runs.inside(self.folder, *arguments, environment=environment)
        return self._outcome(done.code, done.output, before)

    def start(self, *arguments: str, environment: dict[str, str] | None = None, **options: Any) -> runs.Run:
        """Start pytest on the suite in a process group of its own, with xdist and the plugins named by -p."""
        environment = {**runs.ENVIRONMENT, **(environment or {})}
        plugins = (*runs.PLUGINS, "-p", "xdist")
        return runs.start(self.folder, "pytest", *plugins, *arguments, environment=environment, merged=True, **options)

    def apart(self, *arguments: str, **options: Any) -> Outcome:
        """Run pytest on the suite in a process of its own to its end; options are those of `start`."""
        return self.end(self.start(*arguments, **options))

    def end(self, process: runs.Run) -> Outcome:
        """Wait for a run that was started, and read what it left."""
        output, _ = process.communicate(timeout=LONGEST_RUN)
        return self._outcome(process.returncode, output, {})

    def _ledgers(self) -> dict[Path, int]:
        return {path: path.stat().st_mtime_ns for path in self.folder.glob("reports/out/*.json")}

    def _outcome(self, code: int, output: str, before: dict[Path, int]) -> Outcome:
        written = {path: at for path, at in self._ledgers().items() if before.get(path) != at}
        newest = max(written, key=lambda path: written[path], default=None)
        return Outcome(code, output, newest and json.loads(newest.read_text(encoding="utf-8")))


MakeSuite = Callable[..., Suite]


class ByFile(LoadFileScheduling):  # type: ignore[misc]  # untyped, as said
    """Hands a file's tests to one process, which makes once what they share; counterfactuals of a document, alone."""

    def _split_scope(self, nodeid: str) -> str:
        return nodeid if "/test_counterfactuals.py" in nodeid else str(super()._split_scope(nodeid))


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> ByFile | None:
    """Schedule `-n` by file, in the order of collection: those at the end are short."""
    if config.getoption("dist") != "load":
        return None
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture
def new_suite(tmp_path: Path) -> MakeSuite:
    """Make a new small suite with every call, with the claims of a section and a conftest where they are given."""

    def make(claims: str = "", conftest: str = "") -> Suite:
        suite = Suite(tmp_path / f"suite-{len(list(tmp_path.iterdir()))}")
        if claims:
            suite.claims(claims)
        if conftest:
            suite.write("conftest.py", conftest)
        return suite

    return make


@pytest.fixture
def suite(new_suite: MakeSuite) -> Suite:
    """A small suite of claims."""
    return new_suite()
