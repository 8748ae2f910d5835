"""The program of `runs.Server`: imports what runs do, and forks a run for every request that comes through a socket.

python forks.py SOCKET MODULE …     SOCKET is its number; a request comes with the files that `runs.Server.fork` names
"""

from __future__ import annotations

import contextlib
import functools
import importlib
import io
import json
import os
import runpy
import signal
import socket
import sys
import tempfile
from importlib import metadata
from unittest.mock import patch

LARGEST_REQUEST = 1 << 20  # bytes
SUITE = os.environ["PYTHONPATH"]
PACKAGES = ("claims", "fixtures", "reports", "tests")


def serve(control: socket.socket) -> str:
    """Fork for every request; return, in the fork, the module that it is to run."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for those who watch
    while True:
        message, files, *_ = socket.recv_fds(control, LARGEST_REQUEST, 3)
        if not message:
            os._exit(0)
        if not os.fork():
            break
        for file in files:
            os.close(file)
    control.close()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    # A shell lets what runs behind it ignore Ctrl-C, and nohup lets it ignore that the terminal is closed.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    output, errors, told = files
    if process := os.fork():
        os.write(told, str(process).encode())
        os.write(told, str(os.waitpid(process, 0)[1]).encode())
        os._exit(0)
    os.setsid()
    os.dup2(output, 1)
    os.dup2(errors, 2)
    for file in files:
        os.close(file)
    request = json.loads(message)
    os.chdir(request["folder"])
    os.environ.clear()
    os.environ.update(request["environment"])
    tempfile.tempdir = None  # where it is was found for the server
    if os.environ["PYTHONPATH"] != SUITE or "claim_suite" in request["arguments"]:  # which asks where it would be found
        for name in [name for name in sys.modules if name.partition(".")[0] in PACKAGES]:
            del sys.modules[name]
    sys.path[:0] = [request["folder"], *os.environ["PYTHONPATH"].split(os.pathsep)]
    sys.argv[1:] = request["arguments"]
    return str(request["module"])


if __name__ == "__main__":
    del sys.path[0]  # the folder of this file
    for name in sys.argv[2:]:
        importlib.import_module(name)
    installed = list(metadata.distributions())  # pytest asks for them with every `-p`
    patch.object(metadata, "distributions", lambda: installed).start()
    patch.object(metadata.PathDistribution, "read_text", functools.cache(metadata.PathDistribution.read_text)).start()
    with contextlib.redirect_stdout(io.StringIO()):
        importlib.import_module("pytest").main(["--help", "-p", "claim_suite.plugin", "-p", "xdist"])
    importlib.import_module("claim_suite.reports.recorder").environment()  # versions of libraries
    page = importlib.import_module("claim_suite.reports.page")
    for template in page.ENVIRONMENT.list_templates(["j2"]):
        page.ENVIRONMENT.get_template(template)
    sys.path.remove(SUITE.partition(os.pathsep)[0])
    importlib.import_module("claim_suite.fixtures.models.collector").freeze()
    runpy.run_module(serve(socket.socket(fileno=int(sys.argv[1]))), run_name="__main__", alter_sys=True)
