"""Writes a run's files whole or not at all, and keeps what was measured when a run is asked to end."""

from __future__ import annotations

import os
import secrets
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager
from math import inf
from pathlib import Path
from types import FrameType

SPACING = 50  # a checkpoint that took a second is followed by none for so many: it costs a run 2 % at most
ENDINGS = [signal.SIGTERM, signal.SIGHUP]  # what a job that is cancelled and a terminal that is closed send


def write_text(text: str, path: Path, *, lasting: bool = True) -> None:
    """Write a file aside and rename it into place, so that nobody ever reads half of it.

    A link keeps pointing where it pointed. `lasting` waits until the disk has it, so that a power cut loses nothing.
    Raises OSError where it cannot be written, also for a device, a pipe or a folder: those are never replaced.
    """
    target = resolved(path)
    if why := _no_file(target):
        raise OSError(0, why, str(path))
    target.parent.mkdir(parents=True, exist_ok=True)
    aside = target.with_name(f".aside-{secrets.token_hex(8)}")
    try:
        with aside.open("x", encoding="utf-8") as file:
            file.write(text)
            file.flush()
            if lasting:
                os.fsync(file.fileno())
        aside.replace(target)
    except BaseException as error:
        aside.unlink(missing_ok=True)
        if isinstance(error, OSError):
            error.filename = str(path)  # whose name the user knows
        raise


def unwritable(path: Path, ending: str) -> str:
    """Return why a file of this ending could not be written at `path`, or ""; leaves nothing behind.

    A file of another ending that is there is of something else, and would be lost.
    """
    try:
        target = resolved(path)
        if why := _no_file(target):
            return why
        if target.exists() and target.suffix != ending:
            return f"a file that is no {ending} is there"
        folder = target.parent
        while not folder.exists():
            folder = folder.parent
        with tempfile.TemporaryFile(dir=folder):
            return ""
    except OSError as error:
        return error.strerror or type(error).__name__


def resolved(path: Path) -> Path:
    """Return a path without links, one that goes round in circles as it is: opening it says so."""
    return Path(os.path.realpath(path))


def _no_file(target: Path) -> str:
    """Return why what is already at a place cannot be replaced by a file, or ""."""
    try:
        mode = target.stat().st_mode
    except FileNotFoundError:
        return ""
    if stat.S_ISREG(mode):
        return ""
    return "it is a folder" if stat.S_ISDIR(mode) else "it is no file that can be replaced"


@contextmanager
def _handled(signals: Iterable[signal.Signals], handler: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    mine = threading.current_thread() is threading.main_thread()  # no other thread may say what a signal does
    heard = [number for number in signals if signal.getsignal(number) != signal.SIG_IGN]  # as nohup has SIGHUP ignored
    previous = {number: signal.signal(number, handler) for number in heard} if mine else {}
    try:
        yield
    finally:
        for number, before in previous.items():
            signal.signal(number, before)


def stoppable() -> AbstractContextManager[None]:
    """Let a request to end do as Ctrl-C does: write what was measured."""
    return _handled(ENDINGS, signal.default_int_handler)


@contextmanager
def undisturbed() -> Iterator[list[int]]:
    """Let Ctrl-C wait until the block is done, for the verdicts are written in a moment; a second one does not wait.

    Yields the signals that came.
    """
    pressed: list[int] = []

    def note(number: int, _frame: FrameType | None) -> None:
        pressed.append(number)
        if len(pressed) > 1:
            raise KeyboardInterrupt

    with _handled((signal.SIGINT, *ENDINGS), note):
        yield pressed


class Checkpoint:
    """Writes what is known so far now and then, so that a run that is killed leaves its verdicts as well."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.due = 0.0

    def offer(self, text: Callable[[], str]) -> None:
        """Write the text if enough time has passed. Where it cannot be written, the end of the run will say so."""
        start = time.perf_counter()
        if start < self.due:
            return
        try:
            write_text(text(), self.path, lasting=False)
        except OSError:
            self.due = inf
        else:
            end = time.perf_counter()
            self.due = end + SPACING * (end - start)


def keep(text: str, path: Path) -> str:
    """Write a file and return "", or what went wrong and where the text is instead."""
    trouble = ""
    for place in (path, Path(tempfile.gettempdir()) / f"{path.stem}-{os.getpid()}.json"):
        try:
            write_text(text, place)
        except OSError as error:
            trouble += f"{', nor' if trouble else 'the ledger could not be written'} to {place} ({error.strerror})"
        else:
            return trouble and f"{trouble}; it is in {place}"
    return f"{trouble}; the verdicts are only on this screen"
