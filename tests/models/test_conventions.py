"""No number of the suite's cards is refuted that a known way of counting gives, or without its author's best reply."""

from __future__ import annotations

from contextlib import suppress

import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.cards.card import Number, read_card
from claim_suite.fixtures.cards.quantities import CardModel
from claim_suite.fixtures.models.parameters import NotKnown

CARDS = [read_card(file) for file in sorted((origins.PROJECT / "claims/model_cards/cards").glob("*.toml"))]
REFUTED = [number for card in CARDS for number in card.numbers if "refuted" in number.declared]


@pytest.mark.parametrize("number", REFUTED, ids=lambda number: number.id)
def test_no_convention_gives_a_number_that_is_refuted(number: Number) -> None:
    model = CardModel(number.card)
    for convention in ("", *number.quantity.conventions):
        with suppress(NotKnown):
            value, _ = number.quantity.measure(model, convention)
            assert not number.agrees(value, number.printed("literal", convention), convention), convention
    assert number.reply


def test_conventions_stand_on_their_card_s_words() -> None:
    for number in (number for card in CARDS for number in card.numbers if number.convention):
        assert number.note if not number.loose else number.declared["loosely"], number.id
