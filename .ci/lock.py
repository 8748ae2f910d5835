"""Make both locks again, from releases that are at least as old as [tool.uv] of pyproject.toml asks.

    pip install uv && python .ci/lock.py [--torch VERSION]

constraints.txt has the newest releases for the core and every extra: README.md installs them, and the suite is tested
on them. The extra vllm is in neither: it pins torch and more, and lives in an environment of its own. .ci/lowest.txt
has the lowest releases of the core and of models that pyproject.toml allows, without torch.

torch stays at its version in constraints.txt until a person raises it: with its libraries it weighs 3 GB, and all that
is measured runs on it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "constraints.txt"
LOWEST = ROOT / ".ci" / "lowest.txt"


def compile_lock(lock: Path, requirements: list[str], *options: str) -> None:
    """Resolve requirements for every supported Python and platform, and write the versions found into `lock`."""
    command = ["-m", "uv", "pip", "compile", "-", "--universal", "--no-annotate", "--quiet", "--upgrade"]
    header = ["--custom-compile-command", "python .ci/lock.py", "--output-file", str(lock)]
    subprocess.run(
        [sys.executable, *command, *header, *options], cwd=ROOT, input="\n".join(requirements), text=True, check=True
    )


def main() -> None:
    """Write both locks."""
    parser = argparse.ArgumentParser(description="Make constraints.txt and .ci/lowest.txt again.")
    parser.add_argument("--torch", metavar="VERSION", help="raise torch to this version; otherwise it stays")
    torch = parser.parse_args().torch or re.findall(r"^torch==(\S+)", LOCK.read_text(encoding="utf-8"), re.MULTILINE)[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    python = project["requires-python"].removeprefix(">=")
    core: list[str] = project["dependencies"]
    extras = [each for name, extra in project["optional-dependencies"].items() if name != "vllm" for each in extra]
    of_others = [each for each in core + extras if not each.startswith(project["name"])]
    models = [*core, *project["optional-dependencies"]["models"]]
    without_torch = [each for each in models if not each.startswith("torch>")]
    compile_lock(LOCK, [*of_others, f"torch=={torch}"], "--python-version", python)
    compile_lock(LOWEST, without_torch, "--python-version", python, "--resolution", "lowest-direct")


if __name__ == "__main__":
    main()
