"""The router's equation, on cases drawn by hypothesis, held against every implementation that is installed.

A law is exact where the arithmetic is; elsewhere it holds up to the rounding that gate_error.py derives.
"""

from dataclasses import replace

import pytest
from hypothesis import given

from fixtures.routers import OURS, RENORMALISED, blocks, losses, routers
from fixtures.strategies import Case, cases

pytestmark = pytest.mark.cheap

# Found by hypothesis: two tokens, three experts, and a loss of 1.86 where uniform routing has 2.
BELOW_UNIFORM = Case(seed=168435954, tokens=2, experts=3, k=2)


@pytest.mark.claim("gate-is-softmax-of-top-k")
@given(case=cases())
def test_softmax_of_the_top_k(case):
    """Gates are a softmax over the k largest router logits, and zero elsewhere."""
    outcome, off = case.outcome(), case.outcome().rounding
    largest_work = outcome.misplacement <= off.logit and outcome.at_work.max() <= case.k
    assert largest_work and outcome.deviation <= off.weight


@pytest.mark.claim("gate-laws", part="k distinct experts")
@given(case=cases(by=routers))
def test_k_distinct_experts(case):
    """Every token is given k different experts."""
    choices = case.choices().sort(dim=-1).values
    assert choices.shape == (case.tokens, case.k) and choices.diff(dim=-1).all()


@pytest.mark.claim("gate-laws", part="positive, sum to one")
@given(case=cases())
def test_weights_are_positive_and_sum_to_one(case):
    """The weights of a token's experts are positive, as far as its precision has numbers so small, and sum to one."""
    outcome = case.outcome()
    positive = outcome.gates.min() >= 0 and (outcome.at_work >= outcome.visible).all()
    assert positive and (outcome.sums[:, -1] - 1).abs().max() <= outcome.rounding.total(case.k)


@pytest.mark.claim("gate-laws", part="constant added")
@given(case=cases())
def test_constant_added_to_all_logits(case):
    """A constant added to all logits changes nothing."""
    logits, shifted = case.shifted()
    assert case.gates(shifted).equal(case.gates(logits))


@pytest.mark.claim("gate-laws", part="experts permuted")
@given(case=cases())
def test_permuted_experts(case):
    """Gates follow a permutation of the experts."""
    outcome, order = case.outcome(), case.permutation()
    back = case.gates(outcome.logits[:, order])[:, order.argsort()]
    placed = outcome.of(back).misplacement <= outcome.rounding.logit
    assert placed and outcome.difference(back) <= 2 * outcome.rounding.weight


@pytest.mark.claim("gate-laws", part="logits scaled up")
@given(case=cases())
def test_scaled_logits(case):
    """Scaling logits up sharpens the gates and never reorders them."""
    blunt, sharp = case.outcome(), case.outcome(case.logits() * 2)
    in_order = sharp.of(blunt.gates).misplacement <= 2 * blunt.rounding.logit
    assert in_order and (blunt.sums - sharp.sums).max() <= 2 * blunt.rounding.weight


@pytest.mark.claim("gate-laws", part="k = 1")
@given(case=cases(k=1))
def test_one_expert(case):
    """With k = 1 the choice is hard: one expert, that of the largest logit, with weight one."""
    outcome = case.outcome()
    hard = (outcome.at_work == 1).all() and (outcome.sums == 1).all()
    assert hard and outcome.misplacement <= outcome.rounding.logit


@pytest.mark.claim("gate-laws", part="k = all")
@given(case=cases(k=0))
def test_all_experts(case):
    """With every expert chosen, gates are a plain softmax over all logits."""
    outcome = case.outcome()
    plain = outcome.logits.double().softmax(dim=-1)
    assert (outcome.gates - plain).abs().max() <= outcome.rounding.weight


@pytest.mark.claim("gate-laws", part="renormalised softmax over all")
@given(case=cases(by=lambda: [OURS], dtypes=("float64",)))
def test_renormalised_softmax(case):
    """A softmax over the top k is the softmax over all, renormalised over the top k."""
    outcome = case.outcome()
    apart = outcome.gates - replace(case, by=RENORMALISED).gates()
    assert apart.abs().max() <= 2 * outcome.rounding.weight


@pytest.mark.claim("gate-laws", part="weighted sum of experts")
@given(case=cases(by=blocks, experts=16))
def test_weighted_sum_of_experts(case):
    """The block returns the sum of its experts' outputs, each run alone and weighed by its gate."""
    block = case.block()
    assert ((block.output - block.expected).abs() <= block.allowed).all()


@pytest.mark.claim("gate-laws", part="padding, shares")
@given(case=cases(by=routers))
def test_padding_never_counts_in_shares(case):
    """Masked tokens never count in an expert's share."""
    assert case.assignments(case.repadded(), case.mask()).equal(case.assignments(mask=case.mask()))


@pytest.mark.claim("gate-laws", part="padding, balancing loss")
@given(case=cases(by=losses, dtypes=("float32",)))
def test_padding_never_counts_in_the_loss(case):
    """Masked tokens never count in the balancing loss."""
    assert case.loss(case.repadded(), case.mask()) == case.loss(mask=case.mask())


@pytest.mark.claim("gate-laws", part="shares")
@given(case=cases(by=routers))
def test_shares(case):
    """The experts' shares of assignments sum to one, their shares of tokens to k."""
    from fixtures.instruments.gate_error import share_error
    from fixtures.instruments.routing_stats import slot_shares, token_shares

    slots, tokens = slot_shares(case.assignments()), token_shares(case.assignments(), case.k)
    off = share_error(case.experts)
    assert abs(slots.sum() - 1) <= off and abs(tokens.sum() - case.k) <= case.k * off


@pytest.mark.claim("gate-laws", part="uniform router")
@given(case=cases(experts=4, tokens=2))
def test_uniform_router(case):
    """Under a router without preferences, an expert's share is 1/E on average and varies as draws without replacement do."""
    from fixtures.instruments.gate_error import moments
    from fixtures.instruments.router import uniform_share_moments

    measured = moments(case.uniform_counts(), slots=case.tokens * case.k)
    assert measured == uniform_share_moments(case.experts, case.k, case.tokens)


@pytest.mark.claim("gate-laws", part="balancing loss at uniform routing")
@given(case=cases(by=losses, dtypes=("float32",)))
def test_balancing_loss_at_uniform_routing(case):
    """The balancing loss is k where experts fare alike, as this library counts: k experts to a token."""
    from fixtures.instruments.gate_error import uniform_loss_error

    assert abs(case.loss(case.turned()) - case.k) <= case.k * uniform_loss_error(case.experts)


@pytest.mark.claim("gate-laws", part="balancing loss at uniform routing, Megatron")
@given(case=cases(by=lambda: [OURS]))
def test_megatron_balancing_loss_at_uniform_routing(case):
    """The balancing loss is 1 where experts fare alike, as Megatron counts: shares of assignments."""
    from fixtures.instruments.gate_error import uniform_loss_error
    from fixtures.instruments.router import megatron_balancing_loss

    assert abs(megatron_balancing_loss(case.turned(), case.k) - 1) <= uniform_loss_error(case.experts)


@pytest.mark.claim("gate-laws", part="balancing loss below uniform routing")
def test_balancing_loss_below_uniform_routing():
    """The balancing loss at uniform routing is no lower bound: there are logits with less."""
    assert max(replace(BELOW_UNIFORM, by=name).loss() for name in losses()) < BELOW_UNIFORM.k
