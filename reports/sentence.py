"""What is wrong with a claim, in one sentence: printed, measured, off by."""

from __future__ import annotations

from decimal import Decimal

from claim_suite.reports import numbers
from claim_suite.reports.schema import STATES, Case, Claim

MANY_TIMES = 4  # from which on a part of the measured number tells a reader little


def finding(claim: Claim) -> str:
    """Say how a claim came out otherwise than declared, with the numbers of that case: in a terminal, for an author."""
    case = next((one for one in claim.cases if one.surprising or one.verdict == "broken"), claim.cases[0])
    if case.verdict == "broken":
        return f"{claim.id}: broken: {case.reason}"
    parts = [f"{claim.id}: declared {STATES[case.declared].one}, measured {STATES[case.verdict].one}"]
    if case.stated:
        parts.append(f"printed {case.stated.text}")
    if case.measured:
        parts.append("measured " + ", ".join(f"{numbers.written(one.value)} {one.unit}" for one in case.measured[:3]))
    parts += [far] if (far := off_by(case)) else []
    return "; ".join([*parts, *([case.reason] if case.reason else [])])


def distance(case: Case) -> Decimal | None:
    """Return how far the printed number is from what was measured, as a part of the latter; None where it is not."""
    if not case.stated or not case.compared or case.compared[-1].holds is not False:
        return None
    printed, measured = numbers.number(case.stated.nominal), numbers.number(case.compared[-1].value)
    return None if printed is None or not measured else (printed - measured) / abs(measured)


def off_by(case: Case) -> str:
    """Say by how much the printed number is off what was measured: as a part of the latter, or how often."""
    if (far := distance(case)) is None:
        return ""
    for ratio, way in ((1 + far, "large"), (1 / (1 + far) if far != -1 else 0, "small")):
        if ratio >= MANY_TIMES:
            return f"off by a factor of {numbers.written(Decimal(f'{ratio:.3g}'))}, too {way}"
    return f"off by {far:+.2%}".replace("%", " %").replace("-", "\N{MINUS SIGN}")
