"""The router's equation, on cases drawn by hypothesis, held against every implementation that is installed.

A law is exact where the arithmetic is; elsewhere it holds up to the rounding that `fixtures/gate/rounding.py` derives.
"""

from dataclasses import replace

import pytest
from hypothesis import given

from claim_suite.fixtures.gate.strategy import cases

pytestmark = pytest.mark.cheap


@pytest.mark.claim("gate-is-softmax-of-top-k")
@given(case=cases())
def test_softmax_of_the_top_k(case):
    """Gates are a softmax over the k largest router logits, and zero elsewhere."""
    for name, gate in case.outcomes().items():
        of_the_largest = gate.rank_error <= gate.rounding.error and gate.active_experts.max() <= case.top_k
        assert of_the_largest and gate.deviation <= gate.rounding.error, name


@pytest.mark.claim(
    "gate-laws",
    part="k distinct experts",
    says="The gate obeys the laws that follow from its equation.",
)
@given(case=cases())
def test_k_distinct_experts(case):
    """Every token is given k different experts."""
    for name, choices in case.choices().items():
        different = choices.sort(dim=-1).values.diff(dim=-1).all()
        assert different and choices.shape == (case.tokens, case.top_k), name


@pytest.mark.claim("gate-laws", part="positive, sum to one")
@given(case=cases())
def test_weights_are_positive_and_sum_to_one(case):
    """The weights of a token's experts are positive, as far as its precision has numbers so small, and sum to one."""
    for name, gate in case.outcomes().items():
        positive = gate.gates.min() >= 0 and (gate.active_experts >= gate.visible_experts).all()
        assert positive and (gate.sums[:, -1] - 1).abs().max() <= gate.rounding.error, name


@pytest.mark.claim("gate-laws", part="constant added")
@given(case=cases())
def test_constant_added_to_all_logits(case):
    """A constant added to all logits changes nothing."""
    before, after = map(case.outcomes, case.shifted())
    for name in before:
        assert after[name].gates.equal(before[name].gates), name


@pytest.mark.claim("gate-laws", part="experts permuted")
@given(case=cases())
def test_permuted_experts(case):
    """Gates follow a permutation of the experts."""
    order, permuted = case.permutation(), case.outcomes(case.logits()[:, case.permutation()])
    for name, gate in case.outcomes().items():
        back = replace(gate, gates=permuted[name].gates[:, order.argsort()])
        same = (gate.sums - back.sums).abs().max() <= 2 * gate.rounding.error
        assert same and max(gate.rank_error, back.rank_error) <= gate.rounding.error, name


@pytest.mark.claim("gate-laws", part="logits scaled up")
@given(case=cases())
def test_scaled_logits(case):
    """Scaling logits up sharpens the gates and never reorders them."""
    sharp = case.outcomes(case.logits() * 2)
    for name, gate in case.outcomes().items():
        in_order = replace(sharp[name], gates=gate.gates).rank_error <= 2 * gate.rounding.error
        assert in_order and (gate.sums - sharp[name].sums).max() <= 2 * gate.rounding.error, name


@pytest.mark.claim("gate-laws", part="k = 1")
@given(case=cases(top_k=1))
def test_one_expert(case):
    """With k = 1 the choice is hard: one expert, that of the largest logit, with weight one."""
    for name, gate in case.outcomes().items():
        hard = (gate.active_experts == 1).all() and (gate.sums == 1).all()
        assert hard and gate.rank_error <= gate.rounding.error, name


@pytest.mark.claim("gate-laws", part="k = all")
@given(case=cases(top_k=0))
def test_all_experts(case):
    """With every expert chosen, gates are a plain softmax over all logits."""
    for name, gate in case.outcomes().items():
        plain = gate.logits.double().softmax(dim=-1)
        assert (gate.gates - plain).abs().max() <= gate.rounding.error, name


@pytest.mark.claim("gate-laws", part="renormalised softmax over all")
@given(case=cases())
def test_renormalised_softmax(case):
    """A softmax over the top k is the softmax over all, renormalised over the top k."""
    over_the_top_k, renormalised = case.both_ways()
    assert (over_the_top_k.gates - renormalised.gates).abs().max() <= 2 * renormalised.rounding.error


@pytest.mark.claim("gate-laws", part="weighted sum of experts")
@given(case=cases(experts=16, tokens=16))
def test_weighted_sum_of_experts(case):
    """The block returns the sum of its experts' outputs, each run alone and weighed by its gate."""
    for name, (deviation, allowed) in case.blocks().items():
        assert (deviation <= allowed).all(), name


@pytest.mark.claim("gate-laws", part="padding, shares")
@given(case=cases())
def test_padding_never_counts_in_shares(case):
    """Masked tokens never count in an expert's share."""
    assert case.assignments(case.repadded(), case.mask()) == case.assignments(mask=case.mask())


@pytest.mark.claim("gate-laws", part="padding, balancing loss")
@given(case=cases(dtypes=("float32",)))
def test_padding_never_counts_in_the_loss(case):
    """Masked tokens never count in the balancing loss."""
    assert case.losses(case.repadded(), case.mask()) == case.losses(mask=case.mask())


@pytest.mark.claim("gate-laws", part="shares")
@given(case=cases())
def test_shares(case):
    """The experts' shares of assignments sum to one, their shares of tokens to k."""
    for name, (of_assignments, of_tokens) in case.share_sums().items():
        one = abs(of_assignments - 1) <= case.error("float64")
        assert one and abs(of_tokens - case.top_k) <= case.top_k * case.error("float64"), name


@pytest.mark.claim("gate-laws", part="uniform router")
@given(case=cases(experts=4, tokens=2))
def test_uniform_router(case):
    """Without preferences, an expert's share is 1/E on average and varies as draws without replacement do."""
    for name, moments in case.uniform_moments().items():
        assert moments == case.expected_moments(), name


@pytest.mark.claim("gate-laws", part="balancing loss at uniform routing")
@given(case=cases(dtypes=("float32",)))
def test_balancing_loss_at_uniform_routing(case):
    """The balancing loss is k where experts fare alike, as this library counts: k experts to a token."""
    for name, loss in case.losses(case.rotated()).items():
        assert abs(loss - case.top_k) <= case.top_k * case.error(), name


@pytest.mark.claim("gate-laws", part="balancing loss below uniform routing")
def test_balancing_loss_below_uniform_routing(measure):
    """The balancing loss at uniform routing is no lower bound: there are logits with less, by every implementation."""
    from claim_suite.fixtures.gate.cases import Case

    found_by_hypothesis = Case(seed=168435954, tokens=2, experts=3, top_k=2)
    loss = max(found_by_hypothesis.losses().values())
    assert measure(loss, "balancing loss", of="two tokens, two of three experts") < found_by_hypothesis.top_k
