"""How experts follow text: from one token to the next, and from one topic to another."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.routing.sources import FIGURE_7, FRESH, on
from claims.mixtral_paper.sources import SET_APART, TABLE_5


@pytest.mark.cheap
@pytest.mark.claim("repetition-baseline", stated="46%")
def test_repetition_baseline(mixtral, stated, measure):
    """Two independent tokens share one of their two experts of eight with a chance of 46 %."""
    from claim_suite.fixtures.gate.router import chance_of_a_shared_expert, counted_chance_of_a_shared_expert

    sizes = mixtral.expert_count, mixtral.experts_per_token
    also = {"counted over all pairs of choices": counted_chance_of_a_shared_expert(*sizes)}
    assert measure(chance_of_a_shared_expert(*sizes), "of pairs of tokens", also=also) == stated


@on(TABLE_5, FRESH)
@pytest.mark.claim(
    "repetition-above-chance",
    stated="12.5%",
    note="Read as: in every domain, at both layers, for the table has no exception; shown is the least of any domain.",
)
def test_repetition_above_chance(evidence, stated, measure):
    """At layers 15 and 31, a token repeats the first choice of the one before more often than the 12.5 % of chance."""
    for layer in (15, 31):
        measure(evidence.least_repetition(layer), "of tokens", of=f"layer {layer}, first choice again")
        measure(evidence.least_repetition(layer, either=True), "of tokens", of=f"layer {layer}, an expert in common")
    chance = measure(Fraction(1, evidence.experts), "of tokens", of="chance of the first choice again")
    assert chance == stated and all(evidence.least_repetition(layer) > chance for layer in (15, 31))


@on(FIGURE_7, FRESH)
@pytest.mark.claim(
    "no-topic-pattern",
    note="Read as: at the layer where topics are farthest apart, they differ by no more than a quarter of an even "
    "share, root mean square over pairs of topics and experts (squared, 1/16): what a capacity factor of 1.25 (Fedus "
    "et al. 2022, Switch Transformers) lets an expert take beyond its share. How much text was read does not move the "
    "bound. DM Mathematics, which the paper itself sets apart in section 5, is shown and not held to it.",
)
def test_no_topic_pattern(evidence, measure):
    """Which experts are chosen follows no obvious pattern of topics, DM Mathematics excepted."""
    _, every = evidence.farthest()
    measure(every, "squared even shares", of="with DM Mathematics, at its farthest layer")
    layer, apart = evidence.of(domain for domain in evidence.domains if domain != SET_APART).farthest()
    assert measure(apart, "squared even shares", of=f"between topics, layer {layer}, the farthest") <= Fraction(1, 16)
