"""The ledger of a run that was killed, from the lines that it left: see `files.Journal`."""

from __future__ import annotations

from pathlib import Path

import msgspec

from claim_suite.reports import schema
from claim_suite.reports.schema import Accounting, Claim, Collected, Ledger, LedgerError, grouped

ENDING = ".journal"
KILLED = "not reached: the run was killed before it"


def read(path: Path) -> Ledger:
    """Read what a run that was killed had collected and reported. Raises LedgerError, one line.

    The last line may be cut off: it is left out.
    """
    try:
        first, *lines = path.read_text(encoding="utf-8").split("\n")
        collected = msgspec.json.decode(first, type=Collected)
        reported = [msgspec.json.decode(line, type=Claim) for line in lines[:-1]]
    except (OSError, ValueError, RecursionError) as error:
        raise LedgerError(f"{path}: not the lines of a run: {str(error)[:300]}") from None
    attempts = grouped(
        [(claim.id, case) for claim in reported for case in claim.cases], lambda one: (one[0], one[1].id)
    )
    unaccounted, total = list(collected.lost), 0
    left_out = set(collected.deselected)
    for claim in collected.claims:
        for place, case in enumerate(claim.cases):
            if attempts_at := attempts.get((claim.id, case.id)):
                claim.cases[place] = schema.resolve([one for _, one in attempts_at])
            elif (claim.id, case.id) not in left_out:
                case.reason = KILLED
                unaccounted.append(f"{claim.id} {case.id}".strip())
            total += (claim.id, case.id) not in left_out
        claim.conclude()
    return Ledger(
        run=schema.Run(started="", seconds=0.0, arguments=[], state="interrupted", exit_code=2, environment={}),
        accounting=Accounting(
            collected=total, reported=total - len(unaccounted), deselected=len(left_out), unaccounted=unaccounted
        ),
        documents=collected.documents,
        claims=collected.claims,
    )
