"""How experts follow text: from one token to the next, and from one topic to another."""

from fractions import Fraction

import pytest

from fixtures.repetition import TABLE_5
from fixtures.routing.sources import FIGURE_7, FRESH, on
from fixtures.topics import NAMED_AS_ALIKE


@pytest.mark.cheap
@pytest.mark.claim("repetition-baseline", stated="46%")
def test_repetition_baseline(mixtral, stated, measure):
    """Two independent tokens share one of their two experts of eight with a chance of 46 %."""
    from fixtures.gate.router import chance_of_a_shared_expert, counted_chance_of_a_shared_expert

    sizes = mixtral.expert_count, mixtral.experts_per_token
    also = {"counted over all pairs of choices": counted_chance_of_a_shared_expert(*sizes)}
    assert measure(chance_of_a_shared_expert(*sizes), "of pairs of tokens", also=also) == stated


@on(TABLE_5, FRESH)
@pytest.mark.claim(
    "repetition-above-chance", stated="12.5%", note="Read as: in every domain; shown is the least of any."
)
def test_repetition_above_chance(evidence, mixtral, stated, measure):
    """At layers 15 and 31, a token repeats the first choice of the one before more often than the 12.5 % of chance."""
    for layer in (15, 31):
        measure(evidence.lowest(layer), "of tokens", of=f"layer {layer}, first choice again")
        measure(evidence.lowest(layer, either=True), "of tokens", of=f"layer {layer}, an expert in common")
    chance = measure(Fraction(1, mixtral.expert_count), "of tokens", of="chance of the first choice again")
    assert chance == stated and all(evidence.lowest(layer) > chance for layer in (15, 31))


@on(FIGURE_7, FRESH)
@pytest.mark.claim(
    "no-topic-pattern",
    loosely="only for the topics that the paper names as alike",
    note="Read as: on average, two topics are no farther apart than two samples of one topic have been.",
)
def test_no_topic_pattern(evidence, same_topic, reading, measure):
    """Which experts are chosen follows no obvious pattern of topics."""
    layer, apart = evidence.of({"literal": evidence.domains, "loose": NAMED_AS_ALIKE}[reading]).farthest()
    measure(apart, "total variation", of=f"between topics, layer {layer}, the farthest")
    for name, chance in evidence.chance_of_such_differences().items():
        measure(chance, "p-value", of=name)
    assert apart <= measure(same_topic(evidence, layer), "total variation", of="two samples of one topic, at most")
