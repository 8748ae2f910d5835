"""Commands for who writes claims.

python -m claims new NAME [--title TITLE] [--in FOLDER]    make a document to fill in
python -m claims coverage ID=TEXT [ID=TEXT ...]            which numbers of a document's own text its claims cover
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from claims import coverage, scaffold


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 2, after a line that says why, when it could not be done.

    1 tells of a text with numbers that no claim covers, or of claims whose number the text does not print.
    """
    parser = argparse.ArgumentParser(prog="python -m claims", description="Commands for who writes claims.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    told = "make a document with one example claim that holds"
    new = commands.add_parser("new", help=told, description=f"{told.capitalize()}.")
    new.add_argument("name", metavar="NAME", help="the document's id and folder: lower case words joined by _")
    new.add_argument("--title", help="the document's title (default: the name in words)")
    new.add_argument("--in", dest="folder", type=Path, default=scaffold.CLAIMS, metavar="FOLDER",
        help="where the document's folder is made (default: claims/ of the suite)",
    )  # fmt: skip
    new.set_defaults(run=_new)
    cover = commands.add_parser("coverage", help="list every number of a text and the claim that covers it")
    cover.add_argument("texts", metavar="ID=TEXT", nargs="+",
        help="a document's id, or the path of its folder, and the file of its own text",
    )  # fmt: skip
    cover.set_defaults(run=_coverage)
    given = parser.parse_args(arguments)
    try:
        return int(given.run(given))
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2


def _new(told: argparse.Namespace) -> int:
    sys.stdout.write(scaffold.next_steps(scaffold.new(told.name, told.title, told.folder)))
    return 0


def _coverage(told: argparse.Namespace) -> int:
    pairs = [text.partition("=") for text in told.texts]
    for pair in pairs:
        if not all(pair):
            raise ValueError(f"{''.join(pair)}: give the document and its text as ID=TEXT")
    found = [coverage.coverage(name, Path(path)) for name, _, path in pairs]
    sys.stdout.write("".join(f"{one}\n" for one in found))
    return 0 if all(one.complete for one in found) else 1


if __name__ == "__main__":
    sys.exit(main())
