"""Commands for who writes claims.

python -m claims new NAME [--title TITLE] [--in FOLDER]    make a document to fill in
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from claims import scaffold


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return its exit code: 2, after one line that says why, when it could not be done."""
    parser = argparse.ArgumentParser(prog="python -m claims", description="Commands for who writes claims.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    new = commands.add_parser("new", help="make a document with one example claim", description=scaffold.new.__doc__)
    new.add_argument("name", metavar="NAME", help="the document's id and folder: lower case words joined by _")
    new.add_argument("--title", help="the document's title (default: the name in words)")
    new.add_argument("--in", dest="folder", type=Path, default=scaffold.CLAIMS, metavar="FOLDER",
        help="where the document's folder is made (default: claims/ of the suite)",
    )  # fmt: skip
    told = parser.parse_args(arguments)
    try:
        made = scaffold.new(told.name, told.title, told.folder)
    except (ValueError, OSError) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    sys.stdout.write(scaffold.next_steps(made))
    return 0


if __name__ == "__main__":
    sys.exit(main())
