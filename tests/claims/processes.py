"""Runs of the suite in processes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

# What would reach a run that nobody meant it for; a summary of a world that is none is the worst of them.
NOT_FOR_THEM = ("GITHUB_STEP_SUMMARY", "PYTEST_ADDOPTS", "PYTEST_XDIST_WORKER", "PYTHONDONTWRITEBYTECODE")


def run(folder: Path, *module: str) -> subprocess.CompletedProcess[str]:
    """Run a module with its arguments in a folder."""
    environment = {name: value for name, value in os.environ.items() if name not in NOT_FOR_THEM}
    command = [sys.executable, "-m", *module]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
