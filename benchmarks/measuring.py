"""Runs of commands in processes of their own, by turns, what they take as a table, and other people's tools to run."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tempfile
import time
import venv
from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from statistics import median
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
TOOLS = ROOT / "benchmarks/.venv"
PACKAGES = ("llm-flops", "accelerate", "torchinfo", "calflops", "pytest-html", "allure-pytest")
ALLURE = {"allure 3": ("allure", "node {}/cli.js"), "allure 2": ("allure-commandline", "{}/bin/allure")}


class NotMeasured(Exception):
    """Why there is no figure, in one line."""


class Taken(NamedTuple):
    """What one run of a command took: seconds, MiB at most, bytes and files that it wrote, and what it printed."""

    cpu: float
    wall: float
    memory: float
    size: int
    files: int
    said: str


Command = Callable[[], list[str]]


def take(command: list[str], out: Path, code: int = 0) -> Taken:
    """Run a command in a process of its own; `{out}` in it is a folder that is empty before.

    Raises NotMeasured where it ends with another exit code.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    arguments = [part.replace("{out}", str(out)) for part in command]
    with tempfile.TemporaryFile("w+") as said, tempfile.TemporaryFile("w+") as complained:
        began = time.perf_counter()
        process = subprocess.Popen(
            arguments, cwd=ROOT, stdout=said, stderr=complained, env=os.environ | {"OMP_NUM_THREADS": "1"}
        )
        # Of this process and those that it waited for, and of no other.
        _, status, used = os.wait4(process.pid, 0)
        wall = time.perf_counter() - began
        process.returncode = os.waitstatus_to_exitcode(status)
        texts = []
        for stream in (said, complained):
            stream.seek(0)
            texts.append(stream.read())
    if process.returncode != code:
        last = "".join(texts).strip().rpartition("\n")[2]
        raise NotMeasured(f"it ended with {process.returncode}: {last[:160]}")
    written = [path.stat().st_size for path in out.rglob("*") if path.is_file()]
    memory = used.ru_maxrss / (2**20 if sys.platform == "darwin" else 2**10)
    return Taken(used.ru_utime + used.ru_stime, wall, memory, sum(written), len(written), texts[0])


class Table(NamedTuple):
    """What commands took, turn by turn, and why some were not measured."""

    taken: dict[str, list[Taken]]
    missing: dict[str, str]

    def ratio(self, name: str, base: str) -> float:
        """How many times the CPU seconds of another a command takes: the median over turns."""
        return median(one.cpu / other.cpu for one, other in zip(self.taken[name], self.taken[base], strict=True))

    def loses(self, name: str, base: str, why: str) -> str:
        """Say in a paragraph why something takes more CPU seconds than another, where it does."""
        if self.missing.keys() & {name, base} or (ratio := self.ratio(name, base)) <= 1:
            return ""
        return f"\n\nIn CPU s {name} loses to {base}, {ratio:.2f} times: {why}"

    def cells(self, name: str, base: str) -> str:
        """CPU seconds and their ratio, wall seconds and memory, as cells."""
        if name in self.missing:
            return f"not measured: {self.missing[name].replace('|', '/')} | | | |"
        cpu, wall, memory = (median(getattr(one, field) for one in self.taken[name]) for field in Taken._fields[:3])
        ratio = f"{self.ratio(name, base):.2f}" if base not in self.missing else ""
        return f"{cpu:.2f} | {ratio} | {wall:.2f} | {memory:.0f} |"

    def rows(self, base: str, more: Callable[[str], str] = lambda _name: "", head: str = "") -> str:
        """Every command's costs as a table, with further cells."""
        columns = f"| | CPU s | ratio to {base} | wall s | peak MiB |{head}"
        lines = [columns, "|-" * (columns.count("|") - 1) + "|"]
        lines += [
            f"| {name} | {self.cells(name, base)}{'' if name in self.missing else more(name)}" for name in self.taken
        ]
        return "\n".join(lines)


def folder_of(name: str, work: Path) -> Path:
    """Where the last run of a command wrote."""
    return work / re.sub(r"\W+", "-", name)


def by_turns(commands: Mapping[str, Command], repeats: int, work: Path, codes: Mapping[str, int] = {}) -> Table:
    """Run commands by turns; one that cannot run is left out of later turns."""
    table = Table({name: [] for name in commands}, {})
    for _ in range(repeats):
        for name, command in commands.items():
            if name not in table.missing:
                print(f"  {name}", file=sys.stderr, flush=True)
                try:
                    table.taken[name].append(take(command(), folder_of(name, work), codes.get(name, 0)))
                except (NotMeasured, OSError) as error:
                    table.missing[name] = str(error)
    return table


@cache
def tools() -> str:
    """Return the Python of an environment that has other people's tools beside the packages of this one."""
    python = TOOLS / "bin/python"
    try:
        if not (TOOLS / "ready").exists():
            venv.create(TOOLS, clear=True, with_pip=True)
            here, own = sysconfig.get_path("purelib"), next(TOOLS.glob("lib/python*/site-packages"))
            (own / "beside.pth").write_text(f"import site; site.addsitedir({here!r})\n")
            subprocess.run([python, "-m", "pip", "install", "-q", *PACKAGES], check=True, capture_output=True)
            (TOOLS / "ready").touch()
    except (OSError, subprocess.CalledProcessError) as error:
        raise NotMeasured(f"pip could not install the other tools: {error}") from None
    return str(python)


@cache
def allure(kind: str) -> list[str]:
    """Return the command of an Allure report generator; the older one needs Java."""
    package, command = ALLURE[kind]
    needed = {"npm", *(["java"] if kind == "allure 2" else [])}
    if absent := sorted(name for name in needed if not shutil.which(name)):
        raise NotMeasured(f"{' and '.join(absent)} is not installed")
    place = TOOLS / "node_modules" / package
    if not place.exists():
        done = subprocess.run(["npm", "install", "--prefix", TOOLS, package], capture_output=True, text=True)  # noqa: S607
        if done.returncode:
            raise NotMeasured(f"npm could not install {package}")
    return command.format(place).split()
