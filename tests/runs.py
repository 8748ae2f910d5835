"""Real runs: of pytest inside this process, a tenth of a second each, and of `python -m MODULE` in one of their own.

What is about a process itself, such as signals, workers and a full disk, needs one of its own.
"""

from __future__ import annotations

import contextlib
import io
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

ROOT = Path(__file__).parent.parent
# Where a stand-in for the hub can be served, and what runs keep of it: its library reads both when it is imported.
HUB = socket.socket()
HUB.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
HUB.bind(("127.0.0.1", 0))  # and never listens: a run that asks when nothing is served is refused
HUB_ADDRESS = "http://{}:{}".format(*HUB.getsockname())
HUB_HOME = tempfile.TemporaryDirectory(prefix="hub-")
# As many tests run at once as there are cores; torch and numpy read it.
os.environ |= {"OMP_NUM_THREADS": "1", "HF_ENDPOINT": HUB_ADDRESS, "HF_HOME": HUB_HOME.name}
# What the process of the tests has in its environment and a run is not to have.
DROPPED = ("PYTEST_", "CLAIMS_STRICT", "GITHUB_", "HF_TOKEN")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)} | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),  # of other releases
    "PYTHONDONTWRITEBYTECODE": "1",  # bytecode is kept by a file's second, and tests change files faster
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1", "COLUMNS": "100",
}  # fmt: skip
# The suite, and none of the plugins that would do to this process what the pytest around it does, or take long.
PLUGINS = ("-p", "claim_suite.plugin", "-p", "no:cacheprovider")
INSIDE = ("-p", "no:faulthandler", "-p", "no:unraisableexception", "-p", "no:threadexception")

Run = subprocess.Popen[str]


class Done(NamedTuple):
    """How a run ended: its exit code, and all that it printed."""

    code: int
    output: str


def inside(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Done:
    """Run pytest with the suite in a folder, in this process, and forget what it imported from there."""
    with _entered(folder, environment or {}) as output:
        code = pytest.main([*PLUGINS, *INSIDE, *arguments])
    return Done(int(code), output.getvalue())


def command(folder: Path, main: Callable[[], int], *arguments: str) -> Done:
    """Run the `main` of a command in a folder, in this process, as `inside` does."""
    installed = {"PYTEST_PLUGINS": "claim_suite.plugin", "PYTEST_ADDOPTS": " ".join(INSIDE)}
    with _entered(folder, installed) as output, patch.object(sys, "argv", ["command", *arguments]):
        try:
            code: Any = main()
        except SystemExit as error:
            code = error.code
    return Done(int(code or 0), output.getvalue())


@contextlib.contextmanager
def _entered(folder: Path, environment: Mapping[str, str]) -> Iterator[io.StringIO]:
    output = io.StringIO()
    with (
        contextlib.chdir(folder), _without_modules_of(folder), contextlib.redirect_stdout(output),
        contextlib.redirect_stderr(output), patch.dict(os.environ, {**ENVIRONMENT, **environment}, clear=True),
        patch.object(sys, "path", [*sys.path]), patch.object(sys, "dont_write_bytecode", True),
    ):  # fmt: skip
        yield output


@contextlib.contextmanager
def _without_modules_of(folder: Path) -> Iterator[None]:
    """Hide the modules of documents that this process knows, and forget those of a folder afterwards."""
    hidden = {name: sys.modules.pop(name) for name in [*sys.modules] if _of_documents(name)}
    before = set(sys.modules)
    try:
        yield
    finally:
        for name in set(sys.modules) - before:
            file = str(getattr(sys.modules[name], "__file__", None))
            if _of_documents(name) or (file.startswith(str(folder)) and not name.startswith(("claim_suite", "tests"))):
                del sys.modules[name]
        sys.modules.update(hidden)


def _of_documents(name: str) -> bool:
    return name.partition(".")[0] in ("claims", "conftest")


def start(
    folder: Path, module: str, *arguments: str, environment: Mapping[str, str] = ENVIRONMENT, merged: bool = False,
    **options: Any,
) -> Run:  # fmt: skip
    """Start `python -m module arguments` in a folder, in a session of its own; `merged`: errors are in the output."""
    errors = subprocess.STDOUT if merged else subprocess.PIPE
    return subprocess.Popen(
        [sys.executable, "-m", module, *arguments], cwd=folder, env=environment, text=True, stdout=subprocess.PIPE,
        stderr=errors, start_new_session=True, **options,
    )  # fmt: skip


def run(folder: Path, module: str, *arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    """Run `python -m module arguments` in a folder to its end; options are those of `start`."""
    process = start(folder, module, *arguments, **options)
    output, errors = process.communicate()
    return subprocess.CompletedProcess([module, *arguments], process.returncode, output, errors)
