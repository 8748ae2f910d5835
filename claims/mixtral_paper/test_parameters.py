"""How many parameters Mixtral has, and how many are at work on a token."""

from fractions import Fraction

import pytest

pytestmark = pytest.mark.cheap


@pytest.mark.claim("paper-total", stated="47B")
def test_paper_total(mixtral, stated, measure):
    """Mixtral has 47 billion parameters."""
    also = {"formula": mixtral.formula.total, "published checkpoint": mixtral.checkpoint_total}
    assert measure(mixtral.total, "parameters", also=also) == stated


@pytest.mark.claim("paper-active", stated="13B")
def test_paper_active(mixtral, stated, measure):
    """Of them, 13 billion are active on a token."""
    assert measure(mixtral.active, "active parameters", also=mixtral.formula.active) == stated


@pytest.mark.claim(
    "paper-five-times-fewer", stated="5", note="Read as: rounded to the one digit in the word, 4.5 to 5.5."
)
def test_paper_five_times_fewer(mixtral, llama_70b, stated, measure):
    """Mixtral uses five times fewer active parameters than Llama-2-70B, which uses all it has."""
    also = Fraction(llama_70b.formula.total, mixtral.formula.active)
    assert measure(Fraction(llama_70b.total, mixtral.active), "times fewer", also=also) == stated
