"""§6: which expert takes which domain. The eighth expert is index 7; shares pool all choices of a token."""

from fractions import Fraction
from math import comb
from statistics import mean

import pytest
from hypothesis import given
from hypothesis.strategies import integers, lists

from claim_suite.fixtures.routing.sources import FIGURE_7, FRESH, on, shares_of
from claims.moe_post.sources import MMLU_MATHEMATICS, MMLU_RECORD, OLMOE_RECORD, rise_with_depth


@pytest.mark.cheap
@pytest.mark.claim("domains-are-the-piles", model="")
def test_domains_are_the_piles(domains, measure):
    """The domains of the figure are components of the Pile."""
    known = measure(len(set(domains.of_the_figure) & set(domains.of_the_pile)), "domains", of="in the Pile")
    assert known == measure(len(domains.of_the_figure), "domains", of="in the figure")


@pytest.mark.cheap
@pytest.mark.claim("even-share", stated="1/8")
def test_even_share(mixtral, stated, measure):
    """The dashed line, 1/8, is an even split."""
    experts, chosen = mixtral.expert_count, mixtral.experts_per_token
    with_it = Fraction(comb(experts - 1, chosen - 1), comb(experts, chosen))  # of all choices of so many experts
    also = {"a uniform router's expected share": with_it / chosen}
    assert measure(Fraction(1, experts), "of assignments", also=also) == stated


@pytest.mark.cheap
@pytest.mark.claim("above-the-line", model="")
@given(counts=lists(integers(0, 10**6), min_size=1, max_size=64).filter(any))
def test_above_the_line(counts):
    """A share above the line means that the expert is selected more than the average expert."""
    above_the_line = [share > 1 / len(counts) for share in shares_of(counts)]
    assert above_the_line == [count > mean(counts) for count in counts]


@on(FIGURE_7, MMLU_MATHEMATICS, FRESH)
@pytest.mark.claim(
    "maths-expert-0",
    words="in our rendering of the Korean: at layer 31 DM Mathematics goes overwhelmingly to expert 0",
    refuted="it works on fewer than half of the tokens, and another expert's bar is as high",
    reply="That no other domain leans so far towards two experts, and 0 is one of the two. But the words are of expert "
    "0 alone, which most of its tokens never meet.",
    note="Read as: it works on over half of the tokens, for less is no overwhelming part of them. Whether it is first "
    "cannot be read off the figure: its lead over expert 2 is below zero by less than two bars may be misread.",
)
def test_mathematics_goes_to_expert_0(evidence, measure):
    """At layer 31, DM Mathematics goes overwhelmingly to expert 0."""
    measure(evidence.margin("DM Mathematics", layer=31, expert=0), "of assignments", of="its lead")
    share = evidence.token_share("DM Mathematics", layer=31, expert=0)
    assert measure(share, "of tokens", of="expert 0") > Fraction(1, 2)


@on(FIGURE_7, FRESH)
@pytest.mark.claim(
    "stackexchange-expert-8",
    loosely="it takes more than an even share, and another expert takes more yet",
    note="Read as: expert 7, the eighth from 0, is first: one expert is named, so that no other takes as much; weaker: "
    "its bar is above the line.",
)
def test_stackexchange_goes_to_the_eighth_expert(evidence, reading, measure):
    """At layer 31, StackExchange goes to the eighth expert."""
    share = measure(evidence.assignment_share("StackExchange", layer=31, expert=7), "of assignments", of="expert 7")
    lead = measure(evidence.margin("StackExchange", layer=31, expert=7), "of assignments", of="its lead")
    assert share > Fraction(1, evidence.experts) if reading == "loose" else lead > 0


@on(FIGURE_7, FRESH)
@pytest.mark.claim(
    "wikipedia-expert-8",
    note="Read as: expert 7, the eighth from 0, is first: one expert is named, so that no other takes as much.",
)
def test_wikipedia_goes_to_the_eighth_expert(evidence, measure):
    """At layer 31, Wikipedia goes to the eighth expert."""
    measure(evidence.assignment_share("Wikipedia (en)", layer=31, expert=7), "of assignments", of="expert 7")
    assert measure(evidence.margin("Wikipedia (en)", layer=31, expert=7), "of assignments", of="its lead") > 0


@on(FIGURE_7, MMLU_RECORD, FRESH)
@pytest.mark.claim(
    "first-layer-even",
    note="Read as: experts' loads are off an even share by no more than a quarter of it, root mean square over domains "
    "and experts (a squared coefficient of variation of 1/16). A quarter is what a capacity factor of 1.25 (Fedus et "
    "al. 2022, Switch Transformers) lets an expert take beyond its share; fairly even is said of the split, not of "
    "each expert, and one expert of one domain may be further off.",
)
def test_first_layer_is_even(evidence, measure):
    """At layer 0 the split is fairly even."""
    assert measure(evidence.load_variation(0), "squared variation of load", of="layer 0") < Fraction(1, 16)


@on(
    FIGURE_7,
    OLMOE_RECORD.leaves_undecided("over its five domains the interval of the least step includes zero"),
    MMLU_RECORD.leaves_undecided("the layers scatter about the line by more than it rises"),
    FRESH,
)
@pytest.mark.claim(
    "deeper-is-more-specific",
    note="Read as: the distance between domains rises from each layer to the next; or, where it does not, along the "
    "least-squares line over layers, by more than their scatter about it allows at 95 %. Beside it stand the farthest "
    "layer, and how much of the variation over layers the line accounts for.",
)
def test_deeper_is_more_specific(evidence, measure):
    """The deeper the layer, the more its choices depend on the domain."""
    measure(evidence.steps_up(), "steps", of=f"up, of {len(evidence.layers) - 1}")
    layer, apart = evidence.farthest()
    measure(apart, "squared even shares", of=f"layer {layer}, the farthest")
    measure(evidence.trend_fit(), "of the variation over layers", of="the line")
    assert measure(rise_with_depth(evidence), "squared even shares", of="rise with depth") > 0


@on(FIGURE_7, MMLU_RECORD.leaves_undecided("over its 57 subjects the interval includes zero"), FRESH)
@pytest.mark.claim(
    "layer-31-deviates",
    stated="1/8",
    note="Read as: loads are less even than at layer 0: hardly a count is exactly an eighth anywhere, and it is "
    "layer 0 that the document compares with.",
)
def test_layer_31_deviates(evidence, stated, measure):
    """Shares at layer 31 deviate from 1/8."""
    for layer in (0, 31):
        measure(evidence.load_variation(layer), "squared variation of load", of=f"layer {layer}")
    gap = measure(evidence.evenness_gap(0, than=[31]), "squared variation of load", of="layer 31 above layer 0")
    assert measure(Fraction(1, evidence.experts), "of assignments", of="even share") == stated and gap > 0
