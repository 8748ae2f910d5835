"""Widths of published models, from the model cards of the suite: one layer of each is built."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from claim_suite.fixtures.cards.card import Card, read_card
from claim_suite.fixtures.cards.quantities import LAYERS, CardModel
from claim_suite.reports import schema

CARDS = Path(__file__).parents[1] / "model_cards" / "cards"


class OneLayer(CardModel):
    """A card's model with one of its layers, which are alike in widths."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.config |= {field: 1 for field in LAYERS if field in self.config}


@dataclass(frozen=True)
class Architectures:
    """The models whose cards are of a month or older."""

    month: str

    @cached_property
    def models(self) -> list[Any]:
        """One layer of each."""
        cards = [read_card(file) for file in sorted(CARDS.glob("*.toml"))]
        return [OneLayer(card) for card in cards if card.date <= self.month]

    @property
    def evidence(self) -> list[schema.Evidence]:
        """Whose configurations they are."""
        return [
            schema.Evidence(
                source=f"configurations of the suite's model cards, {self.month} and older",
                note=", ".join(model.name for model in self.models),
            )
        ]
