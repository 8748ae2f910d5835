"""§6: which expert takes which domain. The eighth expert is index 7; shares pool first and second choice."""

from fractions import Fraction
from statistics import mean

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists

from fixtures.routing.sources import FIGURE_7, FRESH, MMLU_MATHEMATICS, MMLU_RECORD, OLMOE_RECORD, on, shares_of


@pytest.mark.cheap
@pytest.mark.claim("domains-are-the-piles")
def test_domains_are_the_piles(figure_domains, pile, measure):
    """The domains of the figure are components of the Pile."""
    known = [name for name in figure_domains.values() if name in pile]
    assert measure(len(known), f"of {len(figure_domains)} domains") == len(figure_domains)


@pytest.mark.cheap
@pytest.mark.claim("even-share", stated="1/8")
def test_even_share(mixtral, stated, measure):
    """The dashed line, 1/8, is an even split."""
    also = {"a uniform router's expected share": mixtral.expected_slot_share}
    assert measure(Fraction(1, mixtral.expert_count), "of slots", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("above-the-line")
@given(counts=lists(integers(0, 10**6), min_size=8, max_size=8).filter(any))
def test_above_the_line(counts):
    """A share above the line means that the expert is selected more than the average expert."""
    above_the_line = [share > 1 / len(counts) for share in shares_of(counts)]
    assert above_the_line == [count > mean(counts) for count in counts]


@on(FIGURE_7, MMLU_MATHEMATICS, FRESH)
@pytest.mark.claim(
    "maths-expert-0",
    refuted="another expert takes as much or more",
    note="Read as: expert 0 is first and works on over half of the tokens; weaker: it is first, clear of the second.",
)
def test_mathematics_goes_to_expert_0(evidence, reading, measure):
    """At layer 31, DM Mathematics goes overwhelmingly to expert 0."""
    share = measure(evidence.token_share("DM Mathematics", layer=31, expert=0), "of tokens", of="expert 0")
    lead = measure(evidence.lead("DM Mathematics", layer=31, expert=0), "of slots", of="its lead")
    assert lead > 0 and (reading == "loose" or share > Fraction(1, 2))


@on(FIGURE_7, FRESH)
@pytest.mark.claim("stackexchange-expert-8", refuted="another expert takes more", note="Read as: expert 7 is first.")
def test_stackexchange_goes_to_the_eighth_expert(evidence, measure):
    """At layer 31, StackExchange goes to the eighth expert."""
    measure(evidence.share("StackExchange", layer=31, expert=7), "of slots", of="expert 7")
    assert measure(evidence.lead("StackExchange", layer=31, expert=7), "of slots", of="its lead") > 0


@on(FIGURE_7, FRESH)
@pytest.mark.claim("wikipedia-expert-8", note="Read as: expert 7 is first.")
def test_wikipedia_goes_to_the_eighth_expert(evidence, measure):
    """At layer 31, Wikipedia goes to the eighth expert."""
    measure(evidence.share("Wikipedia (en)", layer=31, expert=7), "of slots", of="expert 7")
    assert measure(evidence.lead("Wikipedia (en)", layer=31, expert=7), "of slots", of="its lead") > 0


@on(FIGURE_7, MMLU_RECORD, FRESH)
@pytest.mark.claim("first-layer-even", note="Read as: nearer to even than at layers 15 and 31, by total variation.")
def test_first_layer_is_even(evidence, measure):
    """At layer 0 the split is fairly even."""
    for layer in (0, 15, 31):
        measure(evidence.from_even(layer), "total variation from even", of=f"layer {layer}")
    assert measure(evidence.evener(0, than=(15, 31)), "total variation", of="layer 0 nearer by") > 0


@on(FIGURE_7, OLMOE_RECORD, MMLU_RECORD.refutes("it peaks in the first half"), FRESH.refutes("as in the MMLU record"))
@pytest.mark.claim("deeper-is-more-specific", note="Read as: mean total variation between domains rises at every step.")
def test_deeper_is_more_specific(evidence, measure):
    """The deeper the layer, the more its choices depend on the domain."""
    measure(evidence.depth_trend(), "rank correlation with depth")
    measure(evidence.steps_up(), f"of {len(evidence.layers) - 1} steps up")
    assert measure(evidence.smallest_step(), "total variation", of="smallest step") > 0


@on(FIGURE_7, MMLU_RECORD, FRESH)
@pytest.mark.claim("layer-31-deviates", stated="1/8", note="Read as: in every domain, by more than shares are known.")
def test_layer_31_deviates(evidence, stated, measure):
    """Shares at layer 31 deviate from 1/8."""
    even = measure(Fraction(1, evidence.experts), "of slots", of="even share")
    deviation = measure(evidence.smallest_deviation(31), "of slots", of="largest deviation, in the evenest domain")
    assert even == stated and deviation > evidence.resolution(31)
