"""Which of several widths a printed ratio was taken against."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from claim_suite.fixtures.claim.numbers import Undecided


def singled_out(values: Mapping[str, Fraction], name: str) -> Fraction:
    """Return the value of a name. Raises Undecided where another name has the same value, so that it tells nothing."""
    if same := [other for other in values if other != name and values[other] == values[name]]:
        raise Undecided(f"{name} and {', '.join(same)} give the same")
    return values[name]
