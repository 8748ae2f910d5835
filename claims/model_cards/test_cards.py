"""Printed numbers of model cards: a card is a file of `cards/`, and each of its numbers a claim."""

from pathlib import Path

import pytest

from fixtures.cards.plugin import cards_in
from fixtures.claim.table import each


@pytest.mark.cheap
@each("number", cards_in(Path(__file__).parent / "cards"))
def test_number(counted, stated, measure):
    """A model has as many of something as its card says."""
    value, routes = counted.measured()
    assert counted.agrees(measure(value, counted.unit, also=routes), stated)
