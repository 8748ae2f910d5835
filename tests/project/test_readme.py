"""What the README and its pages say is so: commands run as they stand there, names exist, tables are complete."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from claim_suite.fixtures.claim.documents import FIELDS
from claim_suite.fixtures.claim.marker import KEYWORDS
from claim_suite.reports import schema
from tests import runs
from tests.runs import ROOT

PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("README.md", "AUTHORING.md", "CONTRIBUTING.md")}
# What is no part of a clone, what only describes the suite, and all documents but one.
OTHERS = {file.parent.name for file in ROOT.glob("claims/*/document.toml")} - {"moe_post"}
LEFT_OUT = shutil.ignore_patterns(".*", "__pycache__", "out", "tests", "build", "*.egg-info", *OTHERS)
# Options of other programs than the suite's.
FOREIGN = {"--torch"}


def run(folder: Path, command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of a page with this Python, in a folder whose suite is the one that is imported."""
    program, *words = shlex.split(command, comments=True)
    if program == "pytest" or program.endswith("/pytest"):
        words = ["-m", "pytest", *runs.PLUGINS, "-p", "xdist", "-p", "_hypothesis_pytestplugin", *words]
    paths = os.pathsep.join([str(folder / "src"), str(folder)])  # before those of the clone that tests
    changed = {"PYTHONPATH": paths, "PYTEST_PLUGINS": "claim_suite.plugin", "COLUMNS": "120"}
    return runs.run(folder, *words[1:], environment=runs.ENVIRONMENT | changed)


def section(title: str) -> str:
    """Return a section of the README."""
    return PAGES["README.md"].partition(f"## {title}\n")[2].partition("\n## ")[0]


def first_column(heading: str) -> list[str]:
    """Return the names in the first column of a table of AUTHORING.md."""
    rows = PAGES["AUTHORING.md"].partition(heading)[2].partition("\n\n")[0].splitlines()[2:]
    return [name for row in rows for name in re.findall(r"`\W*(\w+)", row.split("|")[1])]


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of the suite in which a document can be added."""
    return Path(shutil.copytree(ROOT, tmp_path / "clone", ignore=LEFT_OUT, symlinks=True))


def test_a_document_and_a_claim_are_added_word_for_word(clone: Path) -> None:
    commands = re.findall(r"^\.venv/bin/.*$", section("Add a document"), re.MULTILINE)
    commands += re.findall(r"`(\.venv/bin/python [^`]*)`", section("Add a document"))
    assert len(commands) == 5
    for command in commands:
        done = run(clone, command)
        assert done.returncode == 0, f"{command}\n{done.stdout}{done.stderr}"
    assert "my_document/example-total" in (clone / "claims/INDEX.md").read_text(encoding="utf-8")

    examples = re.findall(
        r"^```python\n(.*?)^```", section("Add a claim") + PAGES["AUTHORING.md"], re.MULTILINE | re.DOTALL
    )
    (test,) = (clone / "claims/my_document").glob("test_*.py")
    # The page for authors begins with the README's example.
    text = "\n\n".join([test.read_text(encoding="utf-8"), *dict.fromkeys(examples)])
    test.write_text(text, encoding="utf-8")
    done = run(clone, "pytest claims/my_document --ledger l.json --page l.html")
    assert done.returncode == 0, done.stdout
    verdicts = Counter(claim.verdict for claim in schema.read(clone / "l.json").claims)
    assert verdicts == {"holds": 10, "uncheckable": 1}


def test_every_option_that_is_named_exists() -> None:
    helps = (
        "pytest --help",
        "python -m reports merge --help",
        "python -m claims new --help",
        "python -m claims coverage --help",
        "python -m claims mutate --help",
        "python -m reports site --help",
    )
    known = set(re.findall(r"--[\w-]+", "".join(run(ROOT, command).stdout for command in helps)))
    named = {option for page in PAGES.values() for option in re.findall(r"(?<![\w-])--[a-z][\w-]*", page)}
    assert named - known - FOREIGN == set()


def test_every_file_that_is_linked_or_named_exists() -> None:
    for page in PAGES.values():
        paths = re.findall(r"\]\((?!http)([^)#]+)\)", page) + re.findall(r"(?:claims|tests|fixtures)/\w+[\w/.]*", page)
        missing = [path for path in paths if not (ROOT / path).exists() and "my_document" not in path]
        assert missing == []


def test_the_tables_for_authors_are_complete_and_true() -> None:
    assert set(first_column("| keyword of `claim` | says |")) == {*KEYWORDS}
    assert set(first_column("| key | says |")) == FIELDS
    fixtures = run(ROOT, "pytest --fixtures claims/moe_post").stdout
    named = set(first_column("| the test takes | and gets |")) - {"conftest"}
    assert {name for name in named if not re.search(rf"^{name}\b", fixtures, re.MULTILINE)} == set()
