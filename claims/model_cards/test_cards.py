"""Printed numbers of model cards: a card is a file of `cards/`, and each of its numbers a claim."""

from pathlib import Path

import pytest

from claim_suite.fixtures.cards.plugin import cards_in
from claim_suite.fixtures.claim.table import each


@pytest.mark.cheap
@each("number", cards_in(Path(__file__).parent / "cards"))
def test_number(number, card_model, reading, stated, measure):
    """A model has as many of something as its card says."""
    convention = number.convention_of(reading)
    value, routes = number.quantity.measure(card_model, convention)
    counted = measure(value, number.quantity.unit, also=routes, made_of=card_model.sum_of(number.quantity, value))
    assert number.agrees(counted, stated, convention)
