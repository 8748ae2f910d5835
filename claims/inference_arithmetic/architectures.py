"""Widths of published models, from the model cards of the suite: one layer of each is built."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from claim_suite.fixtures.cards.card import Card, read_card
from claim_suite.fixtures.cards.quantities import CardModel
from claim_suite.fixtures.models.fields import LAYERS
from claim_suite.reports import schema

CARDS = Path(__file__).parents[1] / "model_cards" / "cards"
READ = "2023-08"  # the month of the revision that was read


class OneLayer(CardModel):
    """A card's model with one of its layers, which are alike in widths."""

    def __init__(self, card: Card) -> None:
        super().__init__(card)
        self.date = card.date
        if "attention_types" not in self.config:  # as GPT-Neo has them, they name every layer
            self.config |= {field: 1 for field in LAYERS if field in self.config}


class Architectures:
    """The models whose cards are of the month of the document, or older."""

    @cached_property
    def models(self) -> list[OneLayer]:
        """One layer of each."""
        cards = map(read_card, sorted(CARDS.glob("*.toml")))
        return [OneLayer(card) for card in cards if card.date <= READ]

    def until(self, month: str) -> list[OneLayer]:
        """Those that are of a month or older."""
        return [model for model in self.models if model.date <= month]

    @property
    def evidence(self) -> list[schema.Evidence]:
        """Whose configurations they are."""
        names = ", ".join(model.name for model in self.models)
        return [schema.Evidence(source=f"configurations of the suite's model cards, {READ} and older", note=names)]
