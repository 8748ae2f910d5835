"""History, and what sparsity is."""

from fractions import Fraction
from math import prod

import pytest
from hypothesis import given

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.routing.capacity import utilisation
from claims.moe_explained.costs import work_by_experts
from claims.moe_explained.drawn import gatings

pytestmark = pytest.mark.cheap

CLAIMS = Listed(
    """
    | claim                      | stated | says                                                                      |
    |----------------------------|--------|---------------------------------------------------------------------------|
    | lstm-of-137b               | 137B   | Shazeer et al. took the idea to an LSTM of 137 billion parameters.        |
    | work-on-translation        |        | The work that the LSTM is of focused on translation.                      |
    | multi-trillion             |        | Models of several trillion parameters were trained, such as Switch        |
    |                            |        | Transformers.                                                             |
    | switch-of-1-6t             | 1.6T   | The Switch Transformers that were released have 1.6 trillion parameters.  |
    | dense-uses-all-sparse-some |        | A dense model uses all of its parameters for every input, a sparse one    |
    |                            |        | only some.                                                                |
    | size-without-computation   |        | The size of a model can grow without more computation.                    |
    | thousands-of-experts       |        | Thousands of experts were used in each layer.                             |
    | ten-tokens-in-six-experts  | 10     | Of 10 tokens five may go to one expert and five to five others: batches   |
    |                            |        | are uneven, and experts are underused.                                    |
    | softmax-gate-runs-all      |        | With a softmax as the gate, all experts run for all inputs.               |
    | no-gate-no-computation     |        | Where the gate is zero, the expert's output need not be computed.         |
    | noisy-top-k-gating         |        | Of the noisy logits the top k are kept, and the others weigh nothing.     |
    | low-k-is-faster            |        | With one or two experts a token, a model runs much faster than with many. |
    | two-needed-to-learn        | =2     | A gate was thought to need at least two experts a token to learn routing. |
    | noise-balances             |        | The noise is there to balance the load.                                   |
    """,
)


@CLAIMS.claim(
    loosely="its experts have, and the paper says it of them; the whole network has more, and rounds to another number",
    note="Read as: all that the network has, as the paper's table prints it; weaker: its experts, by their widths.",
)
def test_lstm_of_137b(shazeer_2017, reading, stated, measure):
    largest, expert = shazeer_2017["language modelling"], shazeer_2017["expert"]
    whole = measure(largest["parameters"], "parameters", of="the network")
    experts = measure(prod((largest["experts"], *expert.values())), "parameters", of="its experts")
    assert {"literal": whole, "loose": experts}[reading] == stated


@CLAIMS.claim(
    loosely="half of its experiments are; the others, and the network of 137 billion, are of language modelling",
    words="This work focused on translation but faced many challenges",
    note="Read as: more than half of the paper's sections of experiments are on translation; weaker: no fewer. ST-MoE "
    "(section 8) says the same of that work.",
)
def test_work_on_translation(shazeer_2017, reading, measure):
    measure(shazeer_2017["translation"]["parameters"], "parameters", of="largest network for translation")
    sections, half = shazeer_2017["sections of experiments"], Fraction(1, 2)
    share = measure(Fraction(sections["translation"], sum(sections.values())), "of the experiments")
    assert {"literal": share > half, "loose": share >= half}[reading]


@CLAIMS.claim(
    model="switch-c-2048",
    loosely="it has more than one trillion, and not several",
    note="Read as: 'multi' is two at least, and the model named as an example has them; weaker: more than one.",
)
def test_multi_trillion(switch_c, reading, measure):
    assert measure(switch_c.total, "parameters", also=switch_c.formula) > {"literal": 2, "loose": 1}[reading] * 10**12


@CLAIMS.of("switch-of-1-6t", model="switch-c-2048")
def test_switch_of_1_6_trillion(switch_c, stated, measure):
    assert measure(switch_c.total, "parameters", also=switch_c.formula) == stated


@CLAIMS.claim(note="An embedding counts as used, though a token reads a single row of it.")
def test_dense_uses_all_sparse_some(mixtral, mistral, measure):
    shares = []
    for name, of in (("Mistral 7B", mistral), ("Mixtral", mixtral)):
        also = Fraction(of.formula.active, of.formula.total)
        shares.append(measure(Fraction(of.active, of.total), "of the parameters", of=name, also=also))
    assert shares[1] < shares[0] == 1


@CLAIMS.claim(
    loosely="to the nearest per cent: the router has to weigh more experts",
    note="Read as: twice the experts cost a token no further FLOP; weaker: below 1/200 more, which rounds to 0 %.",
)
def test_size_without_computation(one_layer, reading, measure):
    smaller = one_layer()
    larger = one_layer(num_local_experts=2 * smaller.expert_count)
    measure(Fraction(larger.experts, smaller.experts), "times the parameters of experts")
    also = Fraction(larger.formula.flops(1).total, smaller.formula.flops(1).total) - 1
    more = Fraction(larger.flops(1).total, smaller.flops(1).total) - 1
    assert measure(more, "of the FLOPs of a layer and the head", of="more", also=also) <= (
        0 if reading == "literal" else Fraction(1, 200)
    )


@CLAIMS.claim(note="Read as: two thousand at least, in a layer for translation.")
def test_thousands_of_experts(shazeer_2017, measure):
    assert measure(shazeer_2017["translation"]["experts"], "experts in a layer") >= 2000


@CLAIMS.claim(
    note="Read as: uneven is not all alike, and underused is less than half of the places, if each expert has as many "
    "as the fullest needs: then more are idle than at work."
)
def test_ten_tokens_in_six_experts(stated, measure):
    batches = [5, *[1] * 5]
    assert measure(sum(batches), "tokens") == stated
    assert measure(utilisation(batches), "of the places used") < Fraction(1, 2) and len(set(batches)) > 1


@given(gating=gatings())
@CLAIMS.claim
def test_softmax_gate_runs_all(gating):
    assert gating.idle_under_softmax() == 0


@given(gating=gatings())
@CLAIMS.claim
def test_no_gate_no_computation(gating):
    assert gating.combined().equal(gating.combined_where_open())


@given(gating=gatings())
@CLAIMS.of("noisy-top-k-gating", part="k experts", says="Noise is added, the top k are kept, and a softmax.")
def test_noisy_top_k_keeps_k(gating):
    assert gating.open_with_noise() == [gating.k]


@given(gating=gatings())
@CLAIMS.of("noisy-top-k-gating", part="without noise")
def test_noisy_top_k_without_noise(gating):
    assert gating.chosen_without_noise().equal(gating.chosen_by_the_library())


@CLAIMS.claim(
    note="Read as: with two of its eight experts a token, a layer of Mixtral costs at most half of the FLOPs that it "
    "costs with all; with one, fewer."
)
def test_low_k_is_faster(mixtral, one_layer, measure):
    numbers, unit = (1, 2, mixtral.expert_count), "FLOPs per token and layer"
    work = zip(numbers, work_by_experts(one_layer, "layers", numbers), strict=True)
    one, two, every = [measure(counted, unit, of=f"{k} experts", also=also) for k, (counted, also) in work]
    assert one < two <= every / 2


@given(gating=gatings())
@CLAIMS.claim(
    note="Read as: with noise, the loads of experts vary less where the gate favours some of them by the same amount "
    "for all tokens, far more than logits vary and far less than the noise; whether training keeps them favoured is "
    "another claim."
)
def test_noise_balances(gating):
    plain, noisy = gating.load_variations(noises=(0, 16))
    assert noisy < plain


@CLAIMS.claim(
    in_words=True, note="As Switch Transformers (section 2.1) tells it of Shazeer et al. 2017: more than one."
)
def test_two_needed_to_learn(switch_transformers, stated, measure):
    told = switch_transformers["conjectured of Shazeer et al."]["experts a token, more than"]
    assert measure(told + 1, "experts a token", of="fewest") == stated
