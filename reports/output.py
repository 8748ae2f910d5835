"""Writes a run's files: whole or not at all, and checked before the work that they are to hold."""

from __future__ import annotations

import os
import signal
import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reports.ledger import Ledger, dump, write_text


def refuse_unwritable(option: str, path: Path) -> None:
    """Raise UsageError, one line, when a file at `path` could not be written; leaves nothing behind."""
    folder = path.absolute().parent
    while not folder.exists():
        folder = folder.parent
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "it is a folder")
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise pytest.UsageError(
            f"{option} {path}: cannot be written ({error.strerror}); give {option} another path"
        ) from None


@contextmanager
def undisturbed() -> Generator[None]:
    """Let Ctrl-C wait until the block is done: the verdicts are written in a moment."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pressed: list[int] = []
    previous = signal.signal(signal.SIGINT, lambda number, _frame: pressed.append(number))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, previous)
    if pressed:
        raise KeyboardInterrupt


def write_all(ledger: Ledger, ledger_path: Path, page_path: Path) -> list[str]:
    """Write the ledger, then the page, then a job summary where one is asked for; return what went wrong.

    A ledger that finds no room where it should go is written to the folder for temporary files.
    """
    complaints = []
    try:
        write_text(dump(ledger), ledger_path)
    except OSError as error:
        refuge = Path(tempfile.gettempdir()) / f"{ledger_path.stem}-{os.getpid()}.json"
        complaints.append(f"ERROR: the ledger could not be written to {ledger_path} ({error.strerror})")
        try:
            write_text(dump(ledger), refuge)
            complaints[-1] += f"; it is in {refuge}"
        except OSError as second:
            complaints[-1] += f", nor to {refuge} ({second.strerror}); the verdicts are only above"
    try:
        from reports import page

        page.write(ledger, page_path)
        if "GITHUB_STEP_SUMMARY" in os.environ:
            from reports import github

            github.write_job_summary(ledger)
    except OSError as error:
        complaints.append(f"ERROR: the page could not be written to {page_path} ({error.strerror})")
    return complaints
