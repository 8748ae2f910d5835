"""A small suite of claims in a folder of its own, and real runs of pytest on it in processes of their own."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
LONGEST_RUN = 60  # seconds

PROJECT = """
[tool.pytest]
strict = true
addopts = ["--import-mode=importlib"]
pythonpath = ["."]
testpaths = ["claims"]
filterwarnings = ["error"]
markers = ["cheap: needs nothing", "gpu: needs weights or a device"]
"""
PLUGINS = """
pytest_plugins = ["reports.plugin", "fixtures.claim.collection", "fixtures.claim.verdict"]
"""
DOCUMENT = """
title = "A paper"
language = "en"
date = "2024"
read = "nowhere"
position = 1
"""
SECTIONS = ("one", "two", "three")
HEADER = "import pytest\n\npytestmark = pytest.mark.cheap\n\n"


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
    def accounting(self) -> dict[str, Any]:
        """Who was counted and who is missing."""
        assert self.ledger is not None, self.output
        return dict(self.ledger["accounting"])


class Suite:
    """A folder with claims about one document, `paper`, of three sections: test_one.py, test_two.py, test_three.py."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.ledger = folder / "reports/out/claims.json"
        self.page = folder / "reports/out/claims.html"
        self.write("pyproject.toml", PROJECT)
        self.write("conftest.py", PLUGINS)
        sections = (f'[[sections]]\nid = "{name}"\ntitle = "Part {name}"\nfile = "test_{name}.py"' for name in SECTIONS)
        self.write("claims/paper/document.toml", "\n".join([DOCUMENT, *sections]))

    def write(self, name: str, text: str) -> Path:
        """Write a file of the suite, by its path in the folder."""
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def claims(self, text: str, section: str = "one") -> Suite:
        """Write the cheap claims of a section."""
        self.write(f"claims/paper/test_{section}.py", HEADER + text)
        return self

    def start(self, *arguments: str, **options: Any) -> subprocess.Popen[str]:
        """Start pytest in the folder, in a process group of its own, with no plugin but xdist and those named by -p."""
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100"}
        for name in ("PYTHONDONTWRITEBYTECODE", "PYTEST_ADDOPTS", "GITHUB_STEP_SUMMARY", "PYTEST_XDIST_WORKER"):
            environment.pop(name, None)
        environment |= options.pop("environment", {})
        return subprocess.Popen(
            [sys.executable, "-m", "pytest", "-p", "xdist", *arguments],
            cwd=self.folder, env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
            start_new_session=True, **options,
        )  # fmt: skip

    def run(self, *arguments: str, **options: Any) -> Outcome:
        """Run pytest in the folder to its end."""
        return self.end(self.start(*arguments, **options))

    def end(self, process: subprocess.Popen[str]) -> Outcome:
        """Wait for a run that was started, and read what it left."""
        output, _ = process.communicate(timeout=LONGEST_RUN)
        ledger = json.loads(self.ledger.read_text(encoding="utf-8")) if self.ledger.exists() else None
        return Outcome(process.returncode, output, ledger)


@pytest.fixture
def new_suite(tmp_path: Path) -> Callable[[], Suite]:
    """Make a new small suite with every call."""

    def make() -> Suite:
        return Suite(tmp_path / f"suite-{len(list(tmp_path.iterdir()))}")

    return make


@pytest.fixture
def suite(new_suite: Callable[[], Suite]) -> Suite:
    """A small suite of claims."""
    return new_suite()


def together(jobs: Sequence[Callable[[], Outcome]]) -> list[Outcome]:
    """Run several suites at once, for a run spends much of its time waiting; returns their outcomes in order."""
    with ThreadPoolExecutor(max_workers=3) as pool:
        return list(pool.map(lambda job: job(), jobs))
