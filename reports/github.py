"""What a code host shows of a run: a job summary in Markdown, and counts for a badge.

The badge is JSON in the widespread "endpoint" form: `schemaVersion`, `label`, `message`, `color`. Publish the
file where a badge service can fetch it, and give the service its address; nothing here names or asks one.
"""

from __future__ import annotations

import json
import os
import re
from itertools import accumulate
from pathlib import Path
from typing import Any

from claim_suite.reports import summary
from claim_suite.reports.files import write_text
from claim_suite.reports.schema import STATES, Ledger, counts
from claim_suite.reports.text import counted, shown
from claim_suite.reports.view import Row

LARGEST = 1024 * 1024 - 64 * 1024  # bytes: the host's limit is 1 MiB a step, less room for what others write
HEAD = "| verdict | claim | says | printed | measured |\n|---|---|---|---|---|"
COLOURS = ("red", "orange", "yellow", "green")
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|~>@$:/.])")


def write_job_summary(ledger: Ledger) -> None:
    """Append the summary of a run to the file that `GITHUB_STEP_SUMMARY` names; without it, do nothing.

    What already stands there counts against the limit. Raises OSError when the file cannot be written.
    """
    if not (place := os.environ.get("GITHUB_STEP_SUMMARY")):
        return
    path = Path(place)
    taken = path.stat().st_size if path.exists() else 0
    with path.open("a", encoding="utf-8") as file:
        file.write(job_summary(ledger, max(LARGEST - taken, 0)))


def job_summary(ledger: Ledger, largest: int = LARGEST) -> str:
    """Return the summary in Markdown, the most important first, in at most `largest` bytes of UTF-8."""
    runs = summary.run_names(ledger)
    rows = [Row(claim, runs) for claim in ledger.claims]
    found = counts(one.state for one in rows)
    titles = [banner.title for banner in summary.banners(ledger, rows) if banner.kind != "merged"]
    head = [f"## {_escaped(summary.headline(ledger.claims, found))}"]
    head += [f"**{_escaped(title)}**" for title in titles]
    head += [_escaped(summary.accounting(ledger, found)), HEAD]
    ordered = sorted(rows, key=lambda one: STATES[one.state].rank)
    return _fitting("\n\n".join(head) + "\n", [_table_row(one) for one in ordered], largest)


def badge(ledger: Ledger) -> dict[str, Any]:
    """Return the counts of a run as a badge: how many claims hold, in the colour of the worst that happened."""
    found = counts(claim.state for claim in ledger.claims)
    colours = {STATES[state].colour for state, number in found.items() if number}
    message = summary.tally(found)
    for state, one, many in (("surprise", "surprise", "surprises"), ("broken", "broken", "broken")):
        message += f", {counted(found[state], one, many)}" if found[state] else ""
    color = next((colour for colour in COLOURS if colour in colours), "lightgrey")
    return {"schemaVersion": 1, "label": "claims", "message": message, "color": color}


def write_badge(ledger: Ledger, path: str | Path) -> None:
    """Write the badge whole or not at all. Raises OSError where it cannot be written."""
    write_text(json.dumps(badge(ledger), sort_keys=True) + "\n", Path(path))


def _fitting(head: str, rows: list[str], largest: int) -> str:
    if len(head.encode()) > largest:
        return head.encode()[:largest].decode(errors="ignore")
    room = largest - len(head.encode()) - 200
    fitting = sum(size <= room for size in accumulate(len(text.encode()) for text in rows))
    rest = f"\nand {len(rows) - fitting:,} more claims, on the page.\n" if fitting < len(rows) else ""
    return head + "".join(rows[:fitting]) + rest


def _table_row(one: Row) -> str:
    measured = [str(each) for line in one.lines[:3] for each in line.readings[:3] if each.number]
    word = f"{one.word}{' (stand-in)' * one.stand_in}"
    cells = [word, one.short, one.says[:300], one.printed, "; ".join(dict.fromkeys(measured))]
    return f"| {' | '.join(_escaped(shown(cell, 400)) for cell in cells)} |\n"


def _escaped(text: str) -> str:
    """Write text so that Markdown shows it and acts on none of it: no markup, link, mention or new line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(lambda match: f"&#{ord(match[1])};" if match[1] in "@|:" else f"\\{match[1]}", plain)
