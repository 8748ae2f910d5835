"""§2: the same count for Mixtral 8x7B."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.routing.sources import FRESH, on


@pytest.mark.cheap
@pytest.mark.claim("mixtral-total", stated="46.70B")
def test_mixtral_total(mixtral, stated, measure):
    """Mixtral 8x7B has 46.70 billion parameters."""
    also = {"formula": mixtral.formula.total, "published checkpoint": mixtral.checkpoint_total}
    assert measure(mixtral.total, "parameters", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("mixtral-attention", stated="1.34B")
def test_mixtral_attention(mixtral, stated, measure):
    """Of Mixtral's parameters, 1.34 billion are in attention."""
    assert measure(mixtral.attention, "parameters", also=mixtral.formula.attention) == stated


@pytest.mark.cheap
@pytest.mark.claim("mixtral-moe-block", stated="45.10B")
def test_mixtral_moe_block(mixtral, stated, measure):
    """Of Mixtral's parameters, 45.10 billion are in the sparse mixture-of-experts blocks."""
    measure(mixtral.experts, "parameters", of="experts", also=mixtral.formula.experts)
    measure(mixtral.router, "parameters", of="router", also=mixtral.formula.router)
    assert measure(mixtral.moe_block, "parameters", of="block", also=mixtral.formula.moe_block) == stated


@pytest.mark.cheap
@pytest.mark.claim("eight-experts", stated=8)
def test_eight_experts(mixtral, stated, measure):
    """Each block has eight experts."""
    assert measure(mixtral.expert_count, "experts", also={"configuration": mixtral.formula.expert_count}) == stated


@pytest.mark.cheap
@pytest.mark.claim("experts-33-times-attention", stated="33", loosely="cut short, not rounded")
def test_experts_against_attention(mixtral, stated, measure):
    """The experts have 33 times the parameters of attention."""
    also = Fraction(mixtral.formula.experts, mixtral.formula.attention)
    assert measure(Fraction(mixtral.experts, mixtral.attention), "times attention", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("two-experts-used", source="a router run", stated=2)
def test_two_experts_used(mixtral, stated, measure):
    """Two experts are used per token."""
    also = {"configuration": mixtral.formula.experts_per_token}
    assert measure(mixtral.experts_per_token, "experts per token", also=also) == stated


@on(FRESH)
@pytest.mark.claim("two-experts-used", stated=2)
def test_two_experts_used_afresh(evidence, stated, measure):
    """Two experts are used per token."""
    assert measure(evidence.experts_per_token, "experts per token") == stated


@pytest.mark.cheap
@pytest.mark.claim("active-experts-8-times", stated="8")
def test_active_experts_against_attention(mixtral, stated, measure):
    """The experts at work on a token have eight times the parameters of attention."""
    also = Fraction(mixtral.formula.active_experts, mixtral.formula.attention)
    assert measure(Fraction(mixtral.active_experts, mixtral.attention), "times attention", also=also) == stated
