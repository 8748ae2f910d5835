"""What only this document's claims need: published tables, names and equations."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.claim.documents import read_document
from claim_suite.fixtures.routing.sources import MIXTRAL
from claim_suite.reports import schema
from claims.moe_post.scores import Scores

if TYPE_CHECKING:
    from claims.moe_post.kaplan import Kaplan

HERE = Path(__file__).parent
DATA = HERE / "data"


@dataclass(frozen=True)
class Domains:
    """What Figure 7's domains are called in the Pile, and the names of the Pile's components."""

    of_the_figure: list[str]
    of_the_pile: list[str]
    evidence: list[schema.Evidence]


@dataclass(frozen=True)
class Reports:
    """Dated public reports of running Mixtral with other numbers of experts a token than it was trained with."""

    entries: list[dict[str, Any]]
    date: str  # of the document
    evidence: list[schema.Evidence]

    def older(self, experts: int) -> list[dict[str, Any]]:
        """Reports that ran so many experts a token and are older than the document."""
        return [each for each in self.entries if experts in each["experts"] and each["date"] < self.date]


@pytest.fixture(scope="session")
def scores() -> Scores:
    """Scores of the Mixtral paper's Table 2, and Code Llama's own for its 34B model."""
    table = origins.load(name := "mixtral_paper_table2.json", DATA, parse_float=Fraction)
    code_llama = table["code_llama_34b"]
    return Scores(
        percent=table["scores"] | {"Code Llama 34B": code_llama["scores"]},
        problems=dict.fromkeys(table["scores"], table["problems"]) | {"Code Llama 34B": code_llama["problems"]},
        groups=table["groups"],
        evidence=[origins.evidence(name, DATA)],
    )


@pytest.fixture(scope="session")
def sweep() -> Scores:
    """Mixtral's scores with 1 to 8 experts a token, each number of experts as if it were a model: "2", "8"."""
    table = origins.load(name := "mixtral_k_sweep.json", DATA, parse_float=Fraction)
    numbers = next(iter(table["percent"].values()))
    return Scores(
        percent={number: {corpus: row[number] for corpus, row in table["percent"].items()} for number in numbers},
        problems=dict.fromkeys(numbers, table["problems"]),
        evidence=[origins.evidence(name, DATA, model=MIXTRAL)],
    )


@pytest.fixture(scope="session")
def public_reports() -> Reports:
    """Dated reports of other numbers of experts."""
    entries = origins.load(name := "expert_number_reports.json", DATA)["reports"]
    told = [origins.evidence(name, DATA, text=f"{each['date']}: {each['what']}", link=each["link"]) for each in entries]
    return Reports(entries, read_document(HERE).date, told)


@pytest.fixture(scope="session")
def domains() -> Domains:
    """Names of Figure 7's domains and of the Pile's components."""
    figure, pile = "mixtral_paper_figure7.json", "pile_domains.json"
    return Domains(
        list(origins.load(figure)["pile_set_names"].values()),
        origins.load(pile, DATA)["names"],
        [origins.evidence(figure), origins.evidence(pile, DATA)],
    )


@pytest.fixture(scope="session")
def kaplan() -> Kaplan:
    """Equation 2.1 of Kaplan et al. 2020."""
    from claims.moe_post.kaplan import Kaplan

    told = origins.load(name := "kaplan.json", DATA, parse_float=Fraction)
    widths = {part: Fraction(width) for part, width in told["standard_widths"].items()}
    return Kaplan(Fraction(told["coefficient"]), **widths, evidence=[origins.evidence(name, DATA)])
