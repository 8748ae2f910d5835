"""How experts follow text: from one token to the next, and from one topic to another."""

from fractions import Fraction

import pytest

from fixtures.repetition import TABLE_5
from fixtures.routing import FIGURE_7, on
from fixtures.topics import NAMED_AS_ALIKE, farthest_layer


@pytest.mark.cheap
@pytest.mark.claim("repetition-baseline", stated="46%")
def test_repetition_baseline(mixtral, stated, measure):
    """Two independent tokens share one of their two experts of eight with a chance of 46 %."""
    from fixtures.instruments.router import chance_of_a_shared_expert, counted_chance_of_a_shared_expert

    sizes = mixtral.expert_count, mixtral.experts_per_token
    also = {"counted over all pairs of choices": counted_chance_of_a_shared_expert(*sizes)}
    assert measure(chance_of_a_shared_expert(*sizes), "of pairs of tokens", also=also) == stated


@on(TABLE_5)
@pytest.mark.claim("repetition-above-chance", stated="12.5%", note="Read as: in every domain.")
def test_repetition_above_chance(evidence, mixtral, stated, measure):
    """At layers 15 and 31, a token repeats the first choice of the one before more often than the 12.5 % of chance."""
    (middle_domain, middle), (last_domain, last) = evidence.lowest(15), evidence.lowest(31)
    measure(middle, "of tokens", of=f"layer 15, least in {middle_domain}")
    measure(last, "of tokens", of=f"layer 31, least in {last_domain}")
    chance = measure(Fraction(1, mixtral.expert_count), "of tokens", of="chance")
    assert middle > chance == stated and last > chance


@on(FIGURE_7)
@pytest.mark.claim(
    "no-topic-pattern",
    loosely="only for the topics that the paper names as alike",
    note="Read as: on average, two topics are no farther apart than two samples of one topic have been.",
)
def test_no_topic_pattern(evidence, same_topic, reading, measure):
    """Which experts are chosen follows no obvious pattern of topics."""
    topics = {"literal": evidence.domains, "loose": NAMED_AS_ALIKE}[reading]
    layer, apart = farthest_layer(evidence, topics)
    measure(apart, "total variation between topics", of=f"layer {layer}, the farthest")
    assert apart <= measure(same_topic, "total variation", of="two samples of one topic, at most")
