"""What only this document's claims need: its tables, what a checkpoint takes, and a model in miniature."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from claims.gpt_oss_card.entries import MODELS
from fixtures import origins
from fixtures.facts import facts
from fixtures.models.formula import BYTES_PER_NUMBER
from fixtures.scores import ScoreTable

if TYPE_CHECKING:
    from collections.abc import Callable

    from claims.gpt_oss_card.miniature import Miniature
    from fixtures.models.published import Model
    from reports import schema

DATA = Path(__file__).parent / "data"


class Asked:
    """The published models by name; a claim stands on the configurations of those that it asks for."""

    def __init__(self, models: Callable[[str], Model]) -> None:
        self._models = models
        self._asked: list[Model] = []

    def __call__(self, name: str) -> Model:
        """Return a model."""
        self._asked.append(self._models(name))
        return self._asked[-1]

    @property
    def evidence(self) -> list[schema.Evidence]:
        """The configurations of the models that were asked for."""
        return [one for model in self._asked for one in model.evidence]


@dataclass(frozen=True)
class Stored:
    """A model as its checkpoint stores it: the experts' matrices in MXFP4, all else in two bytes a number."""

    model: Model
    published: int  # bytes
    block: dict[str, int]  # the numbers of an MXFP4 block, and the bits of one and of their common scale

    @cached_property
    def quantised(self) -> int:
        """Numbers in the experts' matrices; their biases are not quantised."""
        of = self.model.config
        a_matrix = of["hidden_size"] * of["intermediate_size"]
        return int(3 * of["num_hidden_layers"] * of["num_local_experts"] * a_matrix)

    @property
    def bits(self) -> Fraction:
        """Bits of a quantised number, by the format: its own and its share of the block's scale."""
        return self.block["bits_of_an_element"] + Fraction(self.block["bits_of_a_scale"], self.block["elements"])

    @property
    def bits_of_the_checkpoint(self) -> Fraction:
        """Bits of a quantised number, by the published bytes: what the numbers of two bytes leave of them."""
        other = BYTES_PER_NUMBER * (self.model.total - self.quantised)
        return Fraction(8 * (self.published - other), self.quantised)

    @property
    def size(self) -> Fraction:
        """Bytes, by the format."""
        other: int = self.model.total - self.quantised
        return self.quantised * self.bits / 8 + BYTES_PER_NUMBER * other

    def context_beside(self, gigabytes: int) -> int:
        """Tokens whose keys and values fit beside the weights in so many gigabytes, two bytes a number.

        Layers with a window keep no more than its tokens. A token costs the full layers their share of what it costs
        all of them. Negative when the weights alone do not fit.
        """
        of = self.model.config
        of_a_layer = self.model.formula.cached_token // of["num_hidden_layers"]
        full = of["layer_types"].count("full_attention")
        windows = (of["num_hidden_layers"] - full) * of_a_layer * of["sliding_window"]
        return int((gigabytes * 10**9 - self.published - windows) // (full * of_a_layer))


@dataclass(frozen=True)
class Checkpoints:
    """Both models as their checkpoints store them."""

    stored: dict[str, Stored]
    evidence: list[schema.Evidence]

    def __getitem__(self, model: str) -> Stored:
        """Return what is stored of a model."""
        return self.stored[model]


@dataclass(frozen=True)
class Devices:
    """Gigabytes of memory by device."""

    gigabytes: dict[str, int]
    evidence: list[schema.Evidence]


@dataclass(frozen=True)
class Card:
    """The card's tables and figures of scores."""

    table_2: ScoreTable
    table_3: ScoreTable
    figure_1: ScoreTable
    figure_2: ScoreTable
    figure_4: ScoreTable
    table_4: ScoreTable
    table_5: ScoreTable
    table_6: ScoreTable
    tables_7_and_8: ScoreTable
    table_9: ScoreTable
    table_10: ScoreTable
    evidence: list[schema.Evidence]


@dataclass(frozen=True)
class Contents:
    """Which tables and figures the card has, and how many entries its lists."""

    captions: dict[str, list[int]]
    cyber_ranges: list[str]
    problems: dict[str, int]
    recommendations: dict[str, Any]
    evidence: list[schema.Evidence]


@pytest.fixture
def gpt_oss(models: Callable[[str], Model]) -> Asked:
    """`gpt_oss("gpt-oss-120b")`, `gpt_oss("gpt-oss-20b")`."""
    return Asked(models)


@pytest.fixture(scope="session")
def checkpoints(models: Callable[[str], Model]) -> Checkpoints:
    """Both models as their checkpoints store them."""
    published = origins.load(name := "checkpoints.json", DATA)
    stored = {model: Stored(models(model), published["tensor_bytes"][model], published["block"]) for model in MODELS}
    return Checkpoints(stored, [origins.evidence(name, DATA)])


@pytest.fixture(scope="session")
def devices() -> Devices:
    """Gigabytes of memory by device."""
    name = "devices.json"
    return Devices(**origins.load(name, DATA), evidence=[origins.evidence(name, DATA)])


@pytest.fixture(scope="session")
def card() -> Card:
    """The card's tables and figures of scores."""
    told = facts("scores.json", DATA)
    return Card(**{table: ScoreTable(rows) for table, rows in told.values.items()}, evidence=told.evidence)


@pytest.fixture(scope="session")
def contents() -> Contents:
    """The card's captions and lists."""
    name = "contents.json"
    return Contents(**origins.load(name, DATA), evidence=[origins.evidence(name, DATA)])


@pytest.fixture(scope="session")
def miniature(models: Callable[[str], Model]) -> Miniature:
    """The library's gpt-oss with the published switches and small sizes, on the CPU."""
    from claims.gpt_oss_card.miniature import Miniature

    return Miniature(models("gpt-oss-120b").config)
