"""Versions that the suite was not tested with are named, and refuse nothing; a missing library stops the run."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from claim_suite.reports.versions import untested

PROJECT = """
[project]
dependencies = ["a-library>=1.5,<3"]

[project.optional-dependencies]
gpu = ["an-extra>=2"]
vllm = ["an-engine>=0.30,<0.31"]
dev = ["a-tool>=2"]
"""
LOCK = """# a comment
a-library==2.4.1 ; python_version >= '3'
a-library==9 ; python_version < '3'
an-extra==2.1
a-tool==2
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project with its lock, in an environment that has nothing yet."""
    (tmp_path / "pyproject.toml").write_text(PROJECT)
    (tmp_path / "constraints.txt").write_text(LOCK)
    monkeypatch.syspath_prepend(str(tmp_path / "installed"))
    return tmp_path


def said(root: Path) -> str:
    """What is said of what is installed there."""
    project = tomllib.loads(PROJECT)["project"]
    extras = project["optional-dependencies"].items()
    required = [*project["dependencies"], *(f"{one}; extra == '{name}'" for name, of in extras for one in of)]
    return untested(required, root / "constraints.txt")


def install(root: Path, name: str, version: str) -> None:
    folder = root / "installed" / f"{name.replace('-', '_')}-{version}.dist-info"
    folder.mkdir(parents=True)
    (folder / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")


@pytest.mark.parametrize("version", ["1.5", "1.5.0", "2.0", "2.4.1", "2.4.1+cpu", "2.4.1rc1"])
def test_what_lies_between_the_bound_and_the_lock_is_tested(root: Path, version: str) -> None:
    install(root, "a-library", version)
    assert said(root) == ""


@pytest.mark.parametrize("version", ["1.4.9", "1.5rc1", "2.4.2", "2.5.0.dev20261126+cpu", "3.0"])
def test_what_lies_outside_is_named_with_its_range(root: Path, version: str) -> None:
    install(root, "a-library", version)
    assert said(root) == f"a-library {version} (tested: 1.5 to 2.4.1)"


def test_a_missing_library_stops_the_run_in_one_line(root: Path) -> None:
    with pytest.raises(pytest.UsageError, match=r"^a-library is not installed: .*README\.md.*$"):
        said(root)


def test_an_extra_counts_where_it_is_installed_and_tools_never(root: Path) -> None:
    install(root, "a-library", "2")
    install(root, "a-tool", "99")
    assert said(root) == ""
    install(root, "an-extra", "2.2")
    assert said(root) == "an-extra 2.2 (tested: 2 to 2.1)"


@pytest.mark.parametrize(("version", "told"), [("0.30.2", ""), ("0.31.0", "an-engine 0.31.0 (tested: <0.31,>=0.30)")])
def test_what_is_in_no_lock_is_held_to_its_own_range(root: Path, version: str, told: str) -> None:
    install(root, "a-library", "2")
    install(root, "an-engine", version)
    assert said(root) == told
