"""What only this document's claims need: its tables, what a checkpoint takes, and a model in miniature."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.facts import Facts, ScoreTable, facts, problems, published
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER
from claims.gpt_oss_card.entries import MODELS

if TYPE_CHECKING:
    from collections.abc import Callable

    from claim_suite.fixtures.models.published import Model
    from claim_suite.reports import schema
    from claims.gpt_oss_card.miniature import Miniature

DATA = Path(__file__).parent / "data"

devices = published("devices.json", DATA, "Gigabytes of memory by device.")
contents = published("contents.json", DATA, "Which tables and figures the card has, and how many entries its lists.")
elsewhere = published("elsewhere.json", DATA, "What others say of the sets that the card takes.")


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
        of_a_layer = self.model.formula.kv_cache_bytes_per_token.total // of["num_hidden_layers"]
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


@pytest.fixture(scope="session")
def checkpoints(published_models: Callable[[str], Model]) -> Checkpoints:
    """Both models as their checkpoints store them."""
    told = origins.load(name := "checkpoints.json", DATA)
    stored = {model: Stored(published_models(model), told["tensor_bytes"][model], told["block"]) for model in MODELS}
    return Checkpoints(stored, [origins.evidence(name, DATA)])


@pytest.fixture(scope="session")
def card() -> Facts:
    """The card's tables and figures of scores, by name."""
    told, sizes = facts("scores.json", DATA), problems()
    tables = {name: ScoreTable(rows, problems=sizes.values) for name, rows in told.values.items()}
    return Facts(tables, told.evidence + sizes.evidence)


@pytest.fixture(scope="session")
def miniature(published_models: Callable[[str], Model]) -> Miniature:
    """The library's gpt-oss with the published switches, which both models share, and small sizes, on the CPU."""
    from transformers import __version__

    from claims.gpt_oss_card.miniature import Miniature

    engine = f"transformers {__version__}, small sizes, CPU"
    evidence = [origins.evidence(f"configs/{model}.json", model=model, engine=engine) for model in MODELS]
    larger, smaller = (Miniature(published_models(model).config, evidence) for model in MODELS)
    if larger.config.to_dict() != smaller.config.to_dict():
        raise ValueError("the two models differ in more than their sizes")
    return larger
