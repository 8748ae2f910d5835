"""Real runs of `python -m MODULE`, each in a process forked from one that has imported what every run imports.

Most of a short run is the start of Python, pytest, the suite, its templates or torch. A server does that once for a
process of tests. A run is a fork of it, with a folder, environment, output and session of its own: it has a process id,
takes signals, and ends as Python ends. What is fixed when Python starts cannot differ in a fork: a run that differs in
it, or is about the start itself, is started plainly, and so are all runs where there is no fork.
"""

from __future__ import annotations

import atexit
import json
import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from threading import Lock
from typing import Any, cast

ROOT = Path(__file__).parent.parent
# Where a stand-in for the hub can be served, and what runs keep of it: its library reads both when it is imported.
HUB = socket.socket()
HUB.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
HUB.bind(("127.0.0.1", 0))  # and never listens: a run that asks when nothing is served is refused
HUB_ADDRESS = "http://{}:{}".format(*HUB.getsockname())
HUB_HOME = tempfile.TemporaryDirectory(prefix="hub-")
os.environ["OMP_NUM_THREADS"] = "1"  # as many tests run at once as there are cores; torch and numpy read it
# What the process of the tests has in its environment and a run is not to have.
DROPPED = ("PYTHONDONTWRITEBYTECODE", "PYTEST_", "CLAIMS_STRICT", "GITHUB_STEP_SUMMARY", "HF_")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith(DROPPED)} | {
    "PYTHONPATH": os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])]),  # of other releases
    "HF_ENDPOINT": HUB_ADDRESS, "HF_HOME": HUB_HOME.name,
}  # fmt: skip
# What may differ from that in a fork: none of the libraries that a server imports reads it when it is imported.
READ_LATER = ("CLAIMS_STRICT", "COLUMNS", "GITHUB_", "PYTEST_", "PYTHONPATH", "TMPDIR")
FORKS = Path(__file__).with_name("forks.py")
PAGE = ("email.parser", "execnet", "packaging.requirements", "pdb", "unittest", "xml.etree.ElementTree")
MODELS = (
    "hypothesis", "transformers.models.auto.modeling_auto", "transformers.models.mixtral.modeling_mixtral",
    "claim_suite.fixtures.models.counted", "claim_suite.fixtures.recording.recordings", "claim_suite.fixtures.recording.timing", "claim_suite.fixtures.routing.traces",
)  # fmt: skip


class Server:
    """A process that imports some modules, forks a run for every request, and ends with the process of the tests."""

    def __init__(self, *modules: str) -> None:
        self._modules = modules
        self._starting = Lock()
        self._control: socket.socket | None = None

    def fork(self, request: Mapping[str, Any], *files: int) -> None:
        """Fork a run; `files` are its output, its errors, and a socket on which its process id and status are sent."""
        with self._starting:
            self._control = self._control or self._start()
        socket.send_fds(self._control, [json.dumps(request).encode()], files)

    def _start(self) -> socket.socket:
        ours, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            self._process = subprocess.Popen(
                [sys.executable, str(FORKS), str(its.fileno()), *self._modules], pass_fds=[its.fileno()],
                env=ENVIRONMENT | {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
                stdin=subprocess.DEVNULL, start_new_session=True,
            )  # fmt: skip
        atexit.register(self._end, ours)
        return ours

    def _end(self, control: socket.socket) -> None:
        control.close()
        self._process.wait()


FOR_PAGES, FOR_MODELS = Server(*PAGE), Server(*PAGE, *MODELS)


class Forked:
    """A run that a server forked: what tests use of `subprocess.Popen`."""

    def __init__(self, server: Server, request: Mapping[str, Any], *, merged: bool) -> None:
        self.returncode: Any = None  # an integer when the run has ended
        self._written = [tempfile.TemporaryFile() for _ in range(1 if merged else 2)]  # noqa: SIM115  # open until it has ended
        self._watcher, its = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with its:
            server.fork(request, self._written[0].fileno(), self._written[-1].fileno(), its.fileno())
        self.pid = int(self._watcher.recv(16))

    def poll(self) -> int | None:
        """Return how the run ended, as `Popen.returncode`; None while it runs."""
        return self._wait(0)

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what the run wrote when it has ended. Raises TimeoutExpired after so many seconds."""
        if self._wait(timeout) is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        texts = []
        for file in self._written:
            file.seek(0)
            texts.append(file.read().decode())
            file.close()
        return texts[0], "".join(texts[1:])

    def send_signal(self, number: int) -> None:
        """Send the run a signal."""
        os.kill(self.pid, number)

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            self._watcher.settimeout(timeout)
            try:
                self.returncode = os.waitstatus_to_exitcode(int(self._watcher.recv(16)))
            except (BlockingIOError, TimeoutError):
                return None
            self._watcher.close()
        return cast("int | None", self.returncode)


Run = Forked | subprocess.Popen[str]


def start(
    folder: Path, module: str, *arguments: str, environment: Mapping[str, str], server: Server | None = FOR_PAGES,
    merged: bool = False, **options: Any,
) -> Run:  # fmt: skip
    """Start `python -m module arguments` in a folder, in a session of its own.

    It is started plainly without a server, with options of `subprocess.Popen`, and in an environment unlike a server's.
    `merged`: errors are written into the output.
    """
    changed = {name for name, _ in ENVIRONMENT.items() ^ environment.items() if not name.startswith(READ_LATER)}
    if server and sys.platform == "linux" and not (options or changed):
        request = {"folder": str(folder), "module": module, "arguments": arguments, "environment": dict(environment)}
        return Forked(server, request, merged=merged)
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
