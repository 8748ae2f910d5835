"""Writes a run's files whole or not at all, and keeps every claim as a line while the run goes on."""

from __future__ import annotations

import os
import secrets
import stat
import tempfile
from pathlib import Path
from typing import TextIO


def write_text(text: str, path: Path) -> None:
    """Write a file aside and rename it into place, so that nobody ever reads half of it.

    A link keeps pointing where it pointed. Raises OSError where it cannot be written, also for a device, a pipe or a
    folder: those are never replaced.
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


class Journal:
    """A line for each claim as it is reported, in a file beside the ledger that the ledger replaces at the end.

    Its first line is what was collected.
    """

    def __init__(self, ledger: Path, collected: str) -> None:
        self.path = ledger.with_suffix(".journal")
        self._first = collected
        self._file: TextIO | None = None

    def append(self, line: str) -> None:
        """Write a line at once: a run that is killed later has lost nothing."""
        if self._file is None:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self.path.open("w", encoding="utf-8")
            self._file.write(f"{self._first}\n")
        self._file.write(f"{line}\n")
        self._file.flush()

    def remove(self) -> None:
        """Remove it: the ledger has all that it has."""
        if self._file is not None:
            self._file.close()
            self.path.unlink(missing_ok=True)
