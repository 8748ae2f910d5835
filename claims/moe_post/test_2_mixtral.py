"""§2: the same count for Mixtral 8x7B."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.routing.sources import FRESH, on

CLAIMS = Listed(
    """
    | claim                      | stated | says                                                                 |
    |----------------------------|--------|----------------------------------------------------------------------|
    | mixtral-total              | 46.70B | Mixtral 8x7B has 46.70 billion parameters.                           |
    | mixtral-attention          | 1.34B  | Of Mixtral's parameters, 1.34 billion are in attention.              |
    | mixtral-moe-block          | 45.10B | Of Mixtral's parameters, 45.10 billion are in the sparse mixture-of- |
    |                            |        | experts blocks.                                                      |
    | eight-experts              | =8     | Each block has eight experts.                                        |
    | experts-33-times-attention | 33     | The experts have 33 times the parameters of attention.               |
    | two-experts-used           | =2     | Two experts are used per token.                                      |
    | active-experts-8-times     | 8      | The experts at work on a token have eight times the parameters of    |
    |                            |        | attention.                                                           |
    """,
    loosely={"experts-33-times-attention": "cut short, not rounded"},
)


@pytest.mark.cheap
@CLAIMS.of("two-experts-used", source="a router run")
def test_two_experts_used(mixtral, stated, measure):
    also = {"configuration": mixtral.formula.experts_per_token}
    assert measure(mixtral.experts_per_token, "experts per token", also=also) == stated


@on(FRESH)
@CLAIMS.of("two-experts-used")
def test_two_experts_used_afresh(evidence, stated, measure):
    assert measure(evidence.experts_per_token, "experts per token") == stated


@pytest.mark.cheap
@CLAIMS.each()
def test_mixtral(claim, mixtral, stated, measure):
    formula = mixtral.formula
    total_also = {"formula": formula.total, "published checkpoint": mixtral.checkpoint_total}
    times, active_times = (
        [Fraction(getattr(of, part), of.attention) for of in (mixtral, formula)]
        for part in ("experts", "active_experts")
    )
    found = {
        "mixtral-total": lambda: measure(mixtral.total, "parameters", also=total_also),
        "mixtral-attention": lambda: measure(mixtral.attention, "parameters", also=formula.attention),
        "mixtral-moe-block": lambda: measure(mixtral.moe_block, "parameters", also=formula.moe_block),
        "eight-experts": lambda: measure(mixtral.expert_count, "experts", also={"configuration": formula.expert_count}),
        "experts-33-times-attention": lambda: measure(times[0], "times attention", also=times[1]),
        "active-experts-8-times": lambda: measure(active_times[0], "times attention", also=active_times[1]),
    }
    assert found[claim]() == stated
