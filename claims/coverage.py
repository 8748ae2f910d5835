"""Which numbers of a document's own text its claims cover: all of them, in the order in which the text prints them."""

from __future__ import annotations

import contextlib
import io
import re
import tomllib
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest

from fixtures.claim.declaration import DECLARED, Declared
from fixtures.claim.documents import NAME
from fixtures.claim.text import Number, digits, in_ascii, numbers

CLAIMS = Path(__file__).parent
EXPLAINED = "uncovered.toml"
CONTEXT = 60  # characters shown of a line

# Addresses and markup.
_UNSAID = re.compile(r"<!--.*?-->|<[/!?]?[A-Za-z][^<>]*>|(?<=\])\([^)]*\)|https?://\S+", re.DOTALL)


class Explained(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Why no claim covers some numbers: those that read `text`, or that stand in such a word, in a line with `near`."""

    why: str
    text: str = ""
    near: str = ""

    def __post_init__(self) -> None:
        if not self.why.strip() or not (self.text + self.near).strip():
            raise ValueError("a [[number]] has text or near, and why")

    def matches(self, number: Number, line: str) -> bool:
        """Tell whether a number of a line is one of these."""
        same = self.text in ("", number.text, number.word) or digits(self.text) == number.digits
        return same and self.near.casefold() in line.casefold()


@dataclass
class Coverage:
    """What a text prints, and who covers each number of it."""

    name: str
    rows: list[tuple[Number, str, str]] = field(default_factory=list)  # a number, who or what covers it, its line
    unprinted: list[str] = field(default_factory=list)
    stale: list[str] = field(default_factory=list)

    @property
    def uncovered(self) -> int:
        """How many numbers nobody covers."""
        return sum(not by for _, by, _ in self.rows)

    @property
    def complete(self) -> bool:
        """Whether every number is covered, every claim's number printed, and every reason needed."""
        return not (self.uncovered or self.unprinted or self.stale)

    def __str__(self) -> str:
        told = [f"{self.name}: {len(self.rows)} numbers, {self.uncovered} uncovered"]
        for number, by, line in self.rows:
            around = line[max(0, number.start - CONTEXT // 2) : number.start + CONTEXT // 2].strip()
            told.append(f"{number.line:>6}  {number.text:<14} {by or f'UNCOVERED: {around}'}")
        return "\n".join([*told, *self.unprinted, *self.stale])


def coverage(name: str, text: Path) -> Coverage:
    """Hold a document's claims against its own text. `name` is a folder of claims/, or the path of a document's folder.

    Raises ValueError, one line, where the text, the document or its `uncovered.toml` cannot be read.
    """
    folder = CLAIMS / name if (CLAIMS / name / NAME).is_file() else Path(name)
    if not (folder / NAME).is_file():
        raise ValueError(f"{name}: no document of that name in claims/, and no folder with a {NAME}")
    try:
        lines = _without_markup(text.read_text(encoding="utf-8-sig")).splitlines()
    except (OSError, UnicodeError) as error:
        raise ValueError(f"{text}: cannot be read as a text in UTF-8 ({error})") from None
    claims = [(one.claim.id, number) for one in declared(folder) for stated in one.prints for number in numbers(stated)]
    explained = _explained(folder / EXPLAINED)
    found, used, printed = Coverage(name), set[Explained](), set[tuple[str, Number]]()
    for place, line in enumerate(lines, start=1):
        for number in numbers(line, place):
            by = [(claim, other) for claim, other in claims if number.is_printed_by(other)]
            why = next((one for one in explained if one.matches(number, line)), None)
            printed.update(by)
            if why and not by:
                used.add(why)
            told = ", ".join(dict.fromkeys(claim for claim, _ in by)) or (f"- {why.why}" if why else "")
            found.rows.append((number, told, line))
    found.unprinted = [
        f"{claim}: the text does not print {number.text}"
        for claim, number in dict.fromkeys(claims)
        if (claim, number) not in printed
    ]
    found.stale = [f"{EXPLAINED}: no uncovered number is {one}" for one in explained if one not in used]
    return found


def declared(folder: Path) -> list[Declared]:
    """Return the claims that a document declares, each once. Raises ValueError with pytest's words if it cannot run."""
    found: dict[str, Declared] = {}

    class Collected:
        @pytest.hookimpl(trylast=True)
        def pytest_collection_finish(self, session: pytest.Session) -> None:
            for item in session.items:
                found.setdefault(item.stash[DECLARED].claim.id, item.stash[DECLARED])

    told = io.StringIO()
    with contextlib.redirect_stdout(told), contextlib.redirect_stderr(told):
        quiet = ["--collect-only", "-q", "-p", "no:cacheprovider", "-c", str(CLAIMS.parent / "pyproject.toml")]
        code = pytest.main([*quiet, str(folder)], plugins=[Collected()])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.NO_TESTS_COLLECTED):
        raise ValueError(f"{folder.name}: its claims cannot be collected:\n{told.getvalue().strip()}")
    return list(found.values())


def _without_markup(text: str) -> str:
    """Blank what a reader does not see, line by line, and write the digits of every script as ASCII."""
    return in_ascii(_UNSAID.sub(lambda match: "\n" * match[0].count("\n"), text))


def _explained(file: Path) -> list[Explained]:
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8-sig")) if file.is_file() else {}
        return msgspec.convert(content.get("number", []), list[Explained])
    except (OSError, ValueError, msgspec.ValidationError) as error:
        raise ValueError(f"{file.parent.name}/{file.name}: {' '.join(str(error).split())}") from None
