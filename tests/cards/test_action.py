"""What action.yml runs, with only what it installs, in a folder that has only a user's files."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distribution
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement

from claim_suite.fixtures import origins
from tests.runs import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
BUILD = "import hatchling.build, sys; hatchling.build.build_wheel(sys.argv[1])"
STEPS = {
    step.get("name"): step.get("run")
    for step in yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))["runs"]["steps"]
}


def core(asked: list[str], seen: set[str]) -> Iterator[Distribution]:
    """Yield what pip installs for the suite without an extra, as what is installed here asks for it."""
    for requirement in map(Requirement, asked):
        if requirement.name not in seen and (not requirement.marker or requirement.marker.evaluate({"extra": ""})):
            seen.add(requirement.name)
            yield (found := distribution(requirement.name))
            yield from core(found.requires or [], seen)


class Job:
    """A job of continuous integration of a user's repository."""

    def __init__(self, folder: Path) -> None:
        self.temp, self.repository = folder / "temp", folder / "repository"
        site, commands = self.temp / "site", self.temp / "claims" / "bin"
        for made in (site, commands, self.repository):
            made.mkdir(parents=True)
        subprocess.run([sys.executable, "-c", BUILD, str(folder)], cwd=ROOT, check=True, capture_output=True)
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            wheel.extractall(site)
        for installed in core(PROJECT["dependencies"], set()):
            for top in {file.parts[0] for file in installed.files or [] if file.parts[0] not in ("..", "__pycache__")}:
                if not (site / top).exists():
                    (site / top).symlink_to(Path(str(installed.locate_file(top))))
        pytest_ = commands / "pytest"
        pytest_.write_text(f'#!/bin/sh\nPYTHONPATH="{site}" exec "{sys.executable}" -S -m pytest "$@"\n')
        pytest_.chmod(0o755)
        self.site = site

    def check(self, folders: str, fail: str = "true") -> tuple[int, str, str]:
        """Run the step that checks; return its exit code, what it printed and the job's summary."""
        summary = self.temp / "summary.md"
        summary.unlink(missing_ok=True)
        environment = {
            "PATH": os.environ["PATH"], "HOME": str(self.temp), "RUNNER_TEMP": str(self.temp), "FOLDERS": folders,
            "FAIL": fail, "GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(summary),
        }  # fmt: skip
        command = ["bash", "--noprofile", "--norc", "-eo", "pipefail", "-c", STEPS["Check"]]
        done = subprocess.run(
            command, cwd=self.repository, env=environment, text=True, capture_output=True, check=False
        )
        assert "Traceback" not in done.stdout + done.stderr
        return done.returncode, done.stdout + done.stderr, summary.read_text() if summary.exists() else ""


@pytest.fixture(scope="module")
def job(tmp_path_factory: pytest.TempPathFactory) -> Job:
    pytest.importorskip("hatchling")
    made = Job(tmp_path_factory.mktemp("job"))
    for name in ("Qwen3-0.6B", "mistral-nemo"):
        shutil.copytree(origins.DATA / "readmes" / name, made.repository / name)
    made.repository.joinpath("mamba").mkdir()
    made.repository.joinpath("mamba/README.md").write_text("# Mamba\n\nIt has 3 layers.\n")
    made.repository.joinpath("mamba/config.json").write_text('{"model_type": "mamba", "num_hidden_layers": 3}')
    return made


def test_only_the_core_is_installed(job: Job) -> None:
    assert not {"torch", "transformers", "numpy"} & {path.name for path in job.site.iterdir()}
    assert "models]" not in STEPS["Install"]


def test_a_line_that_is_off_is_marked_and_fails_the_job(job: Job) -> None:
    code, printed, summary = job.check("mistral-nemo\nQwen3-0.6B\n")
    assert code == 1
    marks = [line for line in printed.splitlines() if line.startswith("::error ")]
    assert len(marks) == 1
    assert marks[0].startswith(
        "::error file=mistral-nemo/README.md,line=8::Feed-forward width, 14,436: 14,336 features"
    )
    assert "| Surprise | mistral\\-nemo\\-line\\-8\\-mlp\\-width |" in summary
    assert job.check("mistral-nemo", fail="false")[0] == 0


def test_a_card_that_holds_passes(job: Job) -> None:
    code, printed, summary = job.check("Qwen3-0.6B")
    assert (code, "::error" in printed) == (0, False)
    assert "| Holds | qwen3\\-0\\-6b\\-line\\-5\\-layers |" in summary


def test_what_arithmetic_does_not_cover_says_what_to_install(job: Job) -> None:
    code, printed, _ = job.check("mamba")
    assert code == 1
    assert "pip install 'claim-verification-suite[models]'" in printed
    assert job.check("nowhere")[0] == 4
