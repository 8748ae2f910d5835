"""A new document: a folder with one section, one file of data and one claim that holds, all to be replaced."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from fixtures.claim.documents import NAME, read_document

CLAIMS = Path(__file__).parent
ID = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*")
NEVER_ENTERED = ("build", "dist", "node_modules", "venv")  # by pytest, unless a run names them

DOCUMENT = """\
title = {title}
language = "en"
date = "{date}" # when it was published
read = "which version was read"
link = "" # where that version can be read
position = {position} # its place among the documents
model = "" # the model that its claims are about, a configuration's name, as "mixtral-8x7b-v0.1"

[[sections]]
id = "1"
title = "The first section"
file = "{file}"
"""
TEST = '''\
"""The claims of the first section, in its order."""

import pytest


@pytest.mark.cheap
@pytest.mark.claim("example-total", stated="13.0B")
def test_example_total(table, stated, measure):
    """The model has 13.0 billion parameters."""
    assert measure(sum(table.values.values()), "parameters") == stated
'''
CONFTEST = '''\
"""What only this document's claims need."""

from pathlib import Path

from fixtures.facts import published

DATA = Path(__file__).parent / "data"

table = published("example.json", DATA, "Parameters of the model's parts, as published.")
'''
DATA = json.dumps({"attention": 4_200_000_000, "feed-forward network": 8_800_000_000}, indent=2) + "\n"
SOURCES = """\
# Where every file here comes from, under which terms, and its hash: `python -m fixtures.origins` records hashes anew.

["example.json"]
origin = "an example, made up"
licence = "none needed"
sha256 = "{sha256}"
"""


def new(name: str, title: str | None = None, folder: Path = CLAIMS) -> Path:
    """Make the folder of a new document, with one example claim that holds, and return it.

    Raises ValueError, one line, for a name or a title that will not do, and for a document that is already there;
    OSError where nothing can be written.
    """
    if not ID.fullmatch(name):
        raise ValueError(f"{name!r} is no name for a document: use lower case words joined by _, as moe_post")
    if name in NEVER_ENTERED:
        raise ValueError(f"{name!r} is no name for a document: pytest never enters a folder of this name")
    title = name.replace("_", " ").capitalize() if title is None else title.strip()
    if not title or not title.isprintable():
        raise ValueError(f"{title!r} is no title: write it in one line")
    if not folder.is_dir():
        raise ValueError(f"{folder} is no folder: make it first")
    made = folder / name
    if made.exists() or made.with_suffix(".py").exists():
        raise ValueError(f"{made} is already there: choose another name")
    file = f"test_{name}_1.py"  # of a name of its own: where pytest is not told otherwise, files of one name clash
    today = datetime.now(UTC).date().isoformat()
    quoted = json.dumps(title, ensure_ascii=False)
    content = {
        NAME: DOCUMENT.format(title=quoted, date=today, position=_next_position(folder), file=file),
        file: TEST,
        "conftest.py": CONFTEST,
        "data/example.json": DATA,
        "data/SOURCES.toml": SOURCES.format(sha256=hashlib.sha256(DATA.encode()).hexdigest()),
    }
    (made / "data").mkdir(parents=True)
    for path, text in content.items():
        (made / path).write_text(text, encoding="utf-8")
    return made


def next_steps(made: Path) -> str:
    """Say what to do with a document that was just made."""
    shown = made.relative_to(Path.cwd()) if made.is_relative_to(Path.cwd()) else made
    (test,) = (path.name for path in made.glob("test_*.py"))
    steps = [
        f"Made {shown}, with one claim that holds: pytest {shown}",
        f"1. Say in {NAME} what the document is, and list its sections in order.",
        f"2. Write its claims in {test}, a file a section; {CLAIMS.parent / 'AUTHORING.md'} says how.",
        "3. Put published numbers into data/, each file with a row in SOURCES.toml, and record their hashes: "
        f"python -m fixtures.origins {shown / 'data'}",
    ]
    if made.parent.samefile(CLAIMS):
        steps.append("4. Bring claims/INDEX.md up to date: python -m reports.index")
    return "\n".join(steps) + "\n"


def _next_position(folder: Path) -> int:
    positions = [0]
    for document in folder.glob(f"*/{NAME}"):
        with suppress(ValueError):  # whoever runs its claims is told what is wrong with it
            positions.append(read_document(document.parent).position)
    return max(positions) + 1
