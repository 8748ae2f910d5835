"""Writes a run's files: whole or not at all, and checked before the work that they are to hold."""

from __future__ import annotations

import os
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from math import inf
from pathlib import Path
from types import FrameType

import pytest

from reports.ledger import Ledger, dump, write_text

SPACING = 50  # a checkpoint that took a second is followed by none for so many: it costs a run 2 % at most


def refuse_unwritable(option: str, path: Path) -> None:
    """Raise UsageError, one line, when a file at `path` could not be written; leaves nothing behind."""
    try:
        target = path.resolve()
        if target.is_dir():
            raise OSError(0, "it is a folder")
        if target.exists() and not stat.S_ISREG(target.stat().st_mode):
            raise OSError(0, "it is no file that can be replaced")
        folder = target.parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"{option} {path}: cannot be written ({error.strerror}); give {option} another path"
        ) from None


@contextmanager
def stoppable() -> Generator[None]:
    """Let a request to end (SIGTERM, as when a CI job is cancelled) do as Ctrl-C does: write what was measured."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    previous = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, previous)


@contextmanager
def undisturbed() -> Generator[list[int]]:
    """Let Ctrl-C wait until the block is done, for the verdicts are written in a moment; a second one does not wait.

    Yields the signals that came.
    """
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield pressed
        return
    previous = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield pressed
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)


class Checkpoint:
    """Writes what is known so far now and then, so that a run that is killed leaves its verdicts as well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.due = 0.0

    def offer(self, ledger: Callable[[], Ledger]) -> None:
        """Write the ledger if enough time has passed. Where it cannot be written, the end of the run will say so."""
        start = time.perf_counter()
        if start < self.due:
            return
        try:
            write_text(dump(ledger()), self.path, lasting=False)
        except OSError:
            self.due = inf
        else:
            end = time.perf_counter()
            self.due = end + SPACING * (end - start)


def write_ledger(ledger: Ledger, path: Path) -> str:
    """Write the ledger and return "", or what went wrong and where it is instead."""
    try:
        write_text(dump(ledger), path)
    except OSError as error:
        trouble = f"the ledger could not be written to {path} ({error.strerror})"
    else:
        return ""
    refuge = Path(tempfile.gettempdir()) / f"{path.stem}-{os.getpid()}.json"
    try:
        write_text(dump(ledger), refuge)
    except OSError as error:
        return f"{trouble}, nor to {refuge} ({error.strerror}); the verdicts are only on this screen"
    return f"{trouble}; it is in {refuge}"


def write_page(ledger: Ledger, path: Path) -> str:
    """Draw the page and return "", or what went wrong: whatever it is, the ledger has the verdicts already."""
    try:
        from reports import page

        page.write(ledger, path)
    except OSError as error:
        return f"the page could not be written to {path} ({error.strerror})"
    except Exception as error:
        return f"the page could not be drawn ({type(error).__name__}: {error})"
    return ""


def write_job_summary(ledger: Ledger) -> str:
    """Write the summary of a CI job where one is asked for; return "", or what went wrong."""
    if "GITHUB_STEP_SUMMARY" not in os.environ:
        return ""
    try:
        from reports import github

        github.write_job_summary(ledger)
    except OSError as error:
        return f"the job summary could not be written ({error.strerror})"
    except Exception as error:
        return f"the job summary could not be drawn ({type(error).__name__}: {error})"
    return ""
