"""`python -m claim_suite.reports`: a page or a site from ledgers, several merged, and what changed between them."""

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

from msgspec import to_builtins

from claim_suite.reports import github, history, journal, page, schema, site
from claim_suite.reports.files import resolved, unwritable, write_text
from claim_suite.reports.merge import merge
from claim_suite.reports.schema import Ledger, LedgerError, grouped
from claim_suite.reports.summary import MERGE_RULE

LEDGER = Path("reports/out/claims.json")
HTML, JSON = Path("reports/out/merged.html"), Path("reports/out/merged.json")


def main(arguments: list[str] | None = None) -> int:
    """Run a command; return 0, 1 when runs disagree about a case, or 2 for bad input and unwritable places."""
    options = _parser().parse_args(arguments)
    try:
        code: int = options.run(options)
    except LedgerError as error:
        fault = str(error)
    except OSError as error:
        fault = f"{error.filename}: {error.strerror}" if error.filename else str(error)
    else:
        return code
    print(f"python -m reports: {' '.join(fault.split())}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m reports", description=__doc__)
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    several = commands.add_parser(
        "merge", help="one ledger and page from the ledgers of several runs",
        description=f"{MERGE_RULE} Where they disagree the exit code is 1. "
        f"Without --html and --json: writes {HTML} and {JSON}.",
    )  # fmt: skip
    several.add_argument("ledgers", nargs="+", type=Path, metavar="LEDGER")
    several.add_argument("--html", type=Path, help=f"where the page goes (default, unless --json is given: {HTML})")
    several.add_argument("--json", type=Path, help=f"where the ledger goes (default, unless --html is given: {JSON})")
    several.set_defaults(run=_merge)
    again = commands.add_parser(
        "page", help="draw the page of a ledger again, or of the .journal of a run that was killed"
    )
    again.add_argument("ledger", type=Path, metavar="LEDGER")
    again.add_argument("--html", type=Path, help="where the page goes (default: beside the ledger, as .html)")
    again.set_defaults(run=_page)
    whole = commands.add_parser("site", help="a static site: a page a document and a model, search, what changed")
    whole.add_argument("folder", type=Path, metavar="DIR")
    whole.add_argument("ledger", type=Path, nargs="?", default=LEDGER, metavar="LEDGER", help=f"default: {LEDGER}")
    whole.add_argument("--previous", type=Path, nargs="+", default=[], metavar="LEDGER", help="of earlier runs")
    whole.add_argument("--repository", type=_address, metavar="URL", help="whose issues dispute a verdict")
    whole.add_argument("--commit", default="", metavar="SHA", help="of the repository that was run")
    whole.add_argument("--address", type=_address, metavar="URL", help="where the site will stand")
    whole.add_argument("--docs", default="", metavar="PATH", help="where the docs stand, from DIR (default: nowhere)")
    whole.add_argument("--counts", type=Path, metavar="FILE", help="counts of models, to publish as counts.json")
    whole.set_defaults(run=_site)
    past = commands.add_parser("history", help="what changed of each claim over the ledgers in their order, and why")
    past.add_argument("ledgers", nargs="+", type=Path, metavar="LEDGER")
    past.add_argument("--json", action="store_true", help="as JSON")
    past.set_defaults(run=_history)
    for command in (several, again):
        command.add_argument("--badge", type=Path, help="where counts for a badge go, as JSON (default: nowhere)")
    return parser


def _merge(options: argparse.Namespace) -> int:
    html, json = options.html, options.json
    if html is None and json is None:
        html, json = HTML, JSON
    read = [path for path in options.ledgers if path != json]  # one may be what the merged ledger replaces
    _require_writable(read, (html, ".html"), (json, ".json"), (options.badge, ".json"))
    ledgers = [schema.read(path) for path in options.ledgers]
    merged, left_out = merge(ledgers)
    if json is not None:
        write_text(schema.dump(merged), json)
    _write(merged, html, options.badge)
    github.write_job_summary(merged)
    for name, titles in _titles(ledgers).items():
        print(f"two documents of one name? {name!a} is {' and '.join(f'{title!a}' for title in titles)}")
    for line in left_out:
        print(f"left out: {line}")
    disputed = [claim.id for claim in merged.claims if claim.conflicting]
    for name in disputed:
        print(f"runs disagree about {name!a}")
    return 1 if disputed else 0


def _titles(ledgers: list[Ledger]) -> dict[str, list[str]]:
    """Return the titles of every document that has several: claims of one stand among those of the other."""
    told = grouped((one for ledger in ledgers for one in ledger.documents), lambda one: one.id)
    titles = {name: sorted({one.title for one in same}) for name, same in told.items()}
    return {name: several for name, several in titles.items() if len(several) > 1}


def _page(options: argparse.Namespace) -> int:
    html = options.html or options.ledger.with_suffix(".html")
    _require_writable([options.ledger], (html, ".html"), (options.badge, ".json"))
    ledger = options.ledger
    _write(journal.read(ledger) if ledger.suffix == journal.ENDING else schema.read(ledger), html, options.badge)
    return 0


def _address(text: str) -> str:
    if not re.fullmatch(r"https?://[!-~]+", text):
        raise argparse.ArgumentTypeError(f"must be an address that begins with https://, got {text!a}")
    return text.rstrip("/")


def _site(options: argparse.Namespace) -> int:
    ledger, *previous = (schema.read(path) for path in (options.ledger, *options.previous))
    previous.sort(key=lambda one: one.run.started)
    links = site.Links(options.repository or "", options.commit, options.address or "", options.docs)
    counted = options.counts.read_text(encoding="utf-8") if options.counts else ""
    number = site.write(ledger, options.folder, previous, links, counted)
    print(f"site: {options.folder / 'index.html'} ({number:,} files)")
    return 0


def _history(options: argparse.Namespace) -> int:
    ledgers = [schema.read(path) for path in options.ledgers]
    found = history.steps(ledgers)
    print(json.dumps(to_builtins(found), indent=1) if options.json else history.as_text(ledgers, found))
    return 0


def _require_writable(read: list[Path], *places: tuple[Path | None, str]) -> None:
    taken = [resolved(path) for path in read]
    for path, ending in [(path, ending) for path, ending in places if path]:
        if why := "another file of this command is there" if resolved(path) in taken else unwritable(path, ending):
            raise OSError(0, why, str(path))
        taken.append(resolved(path))


def _write(ledger: Ledger, html: Path | None, badge: Path | None) -> None:
    if html is not None:
        page.write(ledger, html)
        print(f"page: {html}")
    if badge is not None:
        github.write_badge(ledger, badge)


if __name__ == "__main__":
    sys.exit(main())
