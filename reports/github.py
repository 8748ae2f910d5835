"""What a code host shows of a run: a job summary in Markdown, and counts for a badge.

The badge is JSON in the widespread "endpoint" form: `schemaVersion`, `label`, `message`, `color`. Publish the
file where a badge service can fetch it, and give the service its address; nothing here names or asks one.
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports import opening
from reports.ledger import write_text
from reports.lines import WORDS
from reports.origins import runs_of
from reports.rows import Row, awaits_gpu, row
from reports.text import counted, shown

if TYPE_CHECKING:
    from reports.ledger import Ledger

LARGEST = 1024 * 1024 - 64 * 1024  # bytes: the host's limit is 1 MiB a step, less room for what others write
IMPORTANCE = ("surprise", "broken", "disputed", "refuted", "undecided", "loosely", "unchecked", "uncheckable", "holds")
COLOURS = {"red": ("surprise", "broken"), "orange": ("disputed", "undecided"), "yellow": ("unchecked",)}
_SPECIAL = re.compile(r"([\\`*_{}\[\]()#+\-!|~>@$:/.])")


def write_job_summary(ledger: Ledger | dict[str, Any]) -> None:
    """Append the summary of a run to the file that `GITHUB_STEP_SUMMARY` names; without it, do nothing.

    What already stands there counts against the limit. Raises OSError when the file cannot be written.
    """
    if not (place := os.environ.get("GITHUB_STEP_SUMMARY")):
        return
    path = Path(place)
    taken = path.stat().st_size if path.exists() else 0
    with path.open("a", encoding="utf-8") as file:
        file.write(job_summary(ledger, max(LARGEST - taken, 0)))


def job_summary(ledger: Ledger | dict[str, Any], largest: int = LARGEST) -> str:
    """Return the summary in Markdown, the most important first, in at most `largest` bytes of UTF-8."""
    content = dict(ledger)
    pairs = [(claim, row(claim, {}, "")) for claim in content["claims"]]
    rows = [line for _, line in pairs]
    counts = opening.count(rows)
    waiting = sum(line.state == "unchecked" and awaits_gpu(claim) for claim, line in pairs)
    head = [f"## {_escaped(opening.headline(counts, waiting))}", ""]
    for banner in opening.banners(content, rows, {run["id"]: "run" for run in runs_of(content)}):
        if banner["kind"] != "merged":
            head += [f"**{_escaped(banner['title'])}**", ""]
    head += [
        _escaped(opening.accounting(content, counts, WORDS)),
        "",
        "| verdict | claim | says | printed | measured |",
        "|---|---|---|---|---|",
    ]
    ordered = sorted(rows, key=lambda line: IMPORTANCE.index(line.state))
    return _fitting("\n".join(head) + "\n", [_table_row(line) for line in ordered], largest)


def badge(ledger: Ledger | dict[str, Any]) -> dict[str, Any]:
    """Return the counts of a run as a badge: how many claims hold, in the colour of the worst that happened."""
    counts = opening.count([row(claim, {}, "") for claim in dict(ledger)["claims"]])
    total = sum(counts.values())
    worst = next((colour for colour, states in COLOURS.items() if any(counts[state] for state in states)), "green")
    message = f"{counts['holds']:,} of {total:,} hold"
    if bad := counts["surprise"] + counts["broken"]:
        message += f", {counted(bad, 'surprise', 'surprises')}"
    return {"schemaVersion": 1, "label": "claims", "message": message, "color": worst if total else "lightgrey"}


def write_badge(ledger: Ledger | dict[str, Any], path: str | Path) -> None:
    """Write the badge whole or not at all. Raises OSError where it cannot be written."""
    write_text(json.dumps(badge(ledger), sort_keys=True) + "\n", Path(path))


def _fitting(head: str, rows: list[str], largest: int) -> str:
    room, told = largest - len(head.encode()) - 200, []
    for text in rows:
        room -= len(text.encode())
        if room < 0:
            break
        told.append(text)
    if len(head.encode()) > largest:
        return head.encode()[:largest].decode(errors="ignore")
    left_out = len(rows) - len(told)
    return head + "".join(told) + (f"\nand {left_out:,} more claims, on the page.\n" if left_out else "")


def _table_row(line: Row) -> str:
    measured = [
        " ".join(filter(None, (f"{name}:" if name else "", number, unit)))
        for each in line.lines[:3] for name, number, unit in each.numbers[:3] if number
    ]  # fmt: skip
    cells = [line.word, line.short, line.says[:300], line.printed, "; ".join(dict.fromkeys(measured))]
    return f"| {' | '.join(_escaped(shown(cell, 400)) for cell in cells)} |\n"


def _escaped(text: str) -> str:
    """Write text so that Markdown shows it and acts on none of it: no markup, link, mention or new line."""
    plain = " ".join(text.split()).replace("&", "&amp;").replace("<", "&lt;")
    return _SPECIAL.sub(lambda match: f"&#{ord(match[1])};" if match[1] in "@|:" else f"\\{match[1]}", plain)
