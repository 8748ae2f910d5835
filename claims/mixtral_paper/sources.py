"""Where this paper's claims on routing find evidence in the paper itself: Table 5, on repeated experts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING

from claim_suite.fixtures import origins
from claim_suite.fixtures.claim.numbers import Estimate, NotCovered
from claim_suite.fixtures.routing.sources import MIXTRAL, Source
from claim_suite.reports import schema

if TYPE_CHECKING:
    import pytest

DATA = Path(__file__).parent / "data"
# The one topic whose distribution the paper, section 5, calls different from the others.
SET_APART = "DM Mathematics"

TABLE = "mixtral_paper_table5.json"
HALF_A_UNIT = Fraction("0.05")  # of the last digit that the table prints, in per cent


@dataclass(frozen=True)
class Repetition:
    """Per cent of tokens that go to an expert of the token before, as a table prints them: by domain and layer."""

    percent: Mapping[str, Mapping[str, Mapping[str, Fraction]]]
    experts: int
    evidence: list[schema.Evidence]

    def least_repetition(self, layer: int, *, either: bool = False) -> Estimate:
        """Least share in any domain: of tokens with the same first choice, or, with `either`, an expert in common.

        The interval is what a printed digit stands for. Raises NotCovered for a layer that the table lacks.
        """
        rows = [kinds["first_or_second" if either else "first_choice"] for kinds in self.percent.values()]
        if any(str(layer) not in row for row in rows):
            raise NotCovered(f"Table 5 lacks layer {layer}")
        least = min(row[str(layer)] for row in rows)
        return Estimate(*(float((least + off) / 100) for off in (0, -HALF_A_UNIT, HALF_A_UNIT)))


def _table_5(_request: pytest.FixtureRequest) -> Repetition:
    percent = origins.load(TABLE, DATA, parse_float=Fraction)["percent"]
    experts = origins.load(f"configs/{MIXTRAL}.json")["num_local_experts"]
    return Repetition(percent, experts, [origins.evidence(TABLE, DATA, model=MIXTRAL)])


TABLE_5 = Source("Table 5", "cheap", _table_5)
