"""What is a mixture of experts? With the summary at the top of the text."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.routing.sources import FIGURE_7, MIXTRAL, on
from claims.moe_explained.costs import stopped_early
from claims.moe_explained.tables import faster_than_dense

pytestmark = pytest.mark.cheap

SLOWER = "not every sparse model of the paper's table of hours"
LAYER = "FLOPs per token, of one layer and the head"
HALF = "half is what a reader who is told 'much' or 'far' may expect, and what no measuring noise makes"

CLAIMS = Listed(
    """
    | claim                             | stated | says                                                                |
    |-----------------------------------|--------|---------------------------------------------------------------------|
    | pretrained-much-faster            |        | Mixtures of experts are pretrained much faster than dense models.   |
    | faster-inference                  |        | Inference is faster than in a model with the same number of         |
    |                                   |        | parameters.                                                         |
    | all-experts-in-memory             |        | They need much memory, as all experts have to be loaded.            |
    | larger-for-fewer-steps            |        | With a fixed budget, a larger model trained for fewer steps is      |
    |                                   |        | better than a smaller one trained for more.                         |
    | far-less-compute                  |        | They reach a quality with far less compute than a dense model.      |
    | dramatically-larger               |        | With the compute of a dense model one can train a dramatically      |
    |                                   |        | larger one.                                                         |
    | experts-number-eight              | =8     | A layer has a number of experts, for example eight.                 |
    | experts-are-feed-forward-networks |        | In practice each expert is a feed-forward network.                  |
    | router-has-parameters             |        | The router is made of learned parameters.                           |
    | every-network-replaced            |        | Every feed-forward layer is replaced by one with experts.           |
    | memory-of-47b                     | 47B    | Mixtral 8x7B needs the memory of a dense model of 47 billion        |
    |                                   |        | parameters.                                                         |
    | not-56b                           | 56B    | It has not 8 times 7 billion parameters, which would be 56 billion. |
    | only-networks-are-experts         |        | Only the feed-forward layers are experts of their own, all other    |
    |                                   |        | parameters are shared.                                              |
    | flops-like-12b                    | 12B    | With two experts a token, its speed in FLOPs is that of a model of  |
    |                                   |        | 12 billion parameters.                                              |
    | not-14b                           | 14B    | It is not that of two models of 7 billion, which would be 14        |
    |                                   |        | billion.                                                            |
    | two-networks-and-shared-layers    |        | It computes the products of two models of 7 billion, with some      |
    |                                   |        | layers shared.                                                      |
    """,
    model=dict.fromkeys(
        (
            "memory-of-47b",
            "not-56b",
            "only-networks-are-experts",
            "flops-like-12b",
            "not-14b",
            "two-networks-and-shared-layers",
        ),
        MIXTRAL,
    ),
)


@CLAIMS.claim(
    loosely=SLOWER,
    note=f"Read as: in at most half of the time, in each comparison of the Switch Transformers paper with a factor or "
    f"hours; {HALF}. Weaker: in those with a factor, which the paper gives for its own best models.",
)
def test_pretrained_much_faster(switch_transformers, reading, measure):
    factors = [
        measure(Fraction(factor), "times faster", of=pair) for pair, factor in switch_transformers["speed_ups"].items()
    ]
    hours = faster_than_dense(switch_transformers, measure)
    assert min({"literal": factors + hours, "loose": factors}[reading]) >= 2


@CLAIMS.claim(
    note="Read as: less work for a token than when all experts work on it, which is what a dense model of as many "
    "parameters does. By the clock it also depends on the device."
)
def test_faster_inference(mixtral, one_layer, measure):
    sparse, dense = one_layer(), one_layer(num_experts_per_tok=mixtral.expert_count)
    few, every = (
        measure(model.flops(1).total, LAYER, of=of, also=model.formula.flops(1).total)
        for of, model in (("two experts work", sparse), ("all experts work", dense))
    )
    assert few < every and measure(sparse.total, "parameters", of="either") == dense.total


@on(FIGURE_7)
@CLAIMS.claim(
    model=MIXTRAL,
    note="Read as: no kind of text leaves an expert out in a layer of the figure, as each takes more than a quarter of "
    "an even share of each.",
)
def test_all_experts_in_memory(evidence, measure):
    shares = [
        evidence.assignment_share(domain, layer=layer, expert=expert).value
        for domain in evidence.domains
        for layer in evidence.layers
        for expert in range(evidence.experts)
    ]
    least = measure(min(shares), "of assignments", of="the least that an expert takes")
    assert least > 1 / (4 * evidence.experts)


@CLAIMS.claim(
    disputed="against a smaller model that is trained until it hardly gains, as was usual, and which the paper "
    "that the rule comes from compares with",
    words="Given a fixed computing budget, training a larger model for fewer steps is better than training a smaller",
    note="Literally of any two sizes: a published pair with one budget, whose smaller model saw over four times the "
    "tokens. Other: by Kaplan et al. 2020, appendix B.3, a larger model that is stopped early reaches a loss with less "
    "compute than a smaller one that goes on to 2 % above its limit.",
)
def test_larger_for_fewer_steps(compute_budgets, kaplan_fit, reading, measure):
    smaller, larger = sorted(compute_budgets.values.values(), key=lambda of: of["parameters"])
    ahead = measure(larger["MMLU"] - smaller["MMLU"], "points", of="MMLU, larger over smaller")
    size, steps = stopped_early(kaplan_fit)
    saved = measure(1 - size * steps, "of the compute", of=f"saved at {size:.1f} times the size")
    assert {"literal": ahead, "other": saved}[reading] > 0


@CLAIMS.claim(
    loosely=SLOWER,
    note=f"Read as: at equal quality, at most half of the hours on the same device as the dense T5-Large, for every "
    f"sparse model of the table; {HALF}. Weaker: for the best of them.",
)
def test_far_less_compute(switch_transformers, reading, measure):
    times = faster_than_dense(switch_transformers, measure)
    assert {"literal": min, "loose": max}[reading](times) >= 2


@CLAIMS.claim(
    note="Read as: ten times as many parameters at least, for an order of magnitude is what 'dramatically' promises."
)
def test_dramatically_larger(switch_transformers, measure):
    dense, sparse = (switch_transformers["table_8"][name] for name in ("T5-Base", "Switch-Base"))
    measure(Fraction(sparse["flops"], dense["flops"]), "times the FLOPs")
    times = measure(Fraction(sparse["parameters"], dense["parameters"]), "times the parameters")
    assert sparse["flops"] == dense["flops"] and times >= 10


@CLAIMS.claim(note="Read as: an expert of Mixtral has the size of the feed-forward network of Mistral 7B.")
def test_experts_are_feed_forward_networks(mixtral, mistral, measure):
    expert = Fraction(mixtral.experts, mixtral.expert_count)
    also = Fraction(mixtral.formula.experts, mixtral.formula.expert_count)
    measure(expert, "parameters", of="one expert of each layer of Mixtral", also=also)
    assert expert == measure(mistral.mlp, "parameters", of="Mistral 7B's networks", also=mistral.formula.mlp)


@CLAIMS.claim
def test_router_has_parameters(mixtral, measure):
    weights = measure(mixtral.router, "parameters", also=mixtral.formula.router)
    of = mixtral.config
    assert weights == of["num_hidden_layers"] * of["num_local_experts"] * of["hidden_size"]


@CLAIMS.of("every-network-replaced", source="Mixtral's configuration")
def test_every_network_replaced_in_mixtral(mixtral, measure):
    assert measure(mixtral.mlp, "parameters", of="dense networks left", also=mixtral.formula.mlp) == 0


@CLAIMS.of("every-network-replaced", source="Switch-C's configuration")
def test_every_network_replaced_in_switch_c(switch_c, measure):
    assert measure(switch_c.sparse_layers, "layers with experts") == measure(switch_c.layers, "layers")


@CLAIMS.of(
    "every-network-replaced",
    source="other models that the text names",
    refuted="they replace every second layer or every fourth; of GShard the text says so itself further down",
    words="So, to recap, in MoEs we replace every FFN layer of the transformer model with an MoE layer",
    reply="It recaps the idea, and Mixtral and Switch-C do so; but it says every layer, of all such models.",
)
def test_every_network_replaced_in_others(placement, measure):
    layers = placement["layers an expert layer"]
    assert max(measure(each, "layers to one with experts", of=name) for name, each in layers.items()) == 1


@CLAIMS.each("experts-number-eight", "memory-of-47b")
def test_sizes(claim, mixtral, stated, measure):
    total_also = {"formula": mixtral.formula.total, "published checkpoint": mixtral.checkpoint_total}
    experts_also = {"configuration": mixtral.formula.expert_count}
    found = {
        "experts-number-eight": lambda: measure(mixtral.expert_count, "experts", also=experts_also),
        "memory-of-47b": lambda: measure(mixtral.total, "parameters", also=total_also),
    }
    assert found[claim]() == stated


@CLAIMS.claim
def test_not_56b(mixtral, stated, measure):
    assert measure(mixtral.expert_count * 7 * 10**9, "parameters", of="eight times seven billion") == stated
    assert measure(mixtral.total, "parameters", of="Mixtral", also=mixtral.formula.total) < stated


@CLAIMS.claim
def test_only_networks_are_experts(mixtral, mistral, measure):
    shared = measure(mixtral.total - mixtral.moe_block, "parameters", of="outside the experts")
    dense = mistral.total - mistral.mlp
    assert shared == measure(dense, "parameters", of="Mistral 7B without its networks")


@CLAIMS.claim(
    loosely="cut short, not rounded",
    note="Read as: half of the FLOPs of a token but those of attention's scores, as a product with a weight is a "
    "multiplication and an addition.",
)
def test_flops_like_12b(mixtral, stated, measure):
    weights, also = (Fraction(of.flops(1).total - of.flops(1).scores, 2) for of in (mixtral, mixtral.formula))
    measure(mixtral.active, "parameters", of="at work on a token", also=mixtral.formula.active)
    assert measure(weights, "weights that are multiplied with", also=also) == stated


@CLAIMS.claim
def test_not_14b(mixtral, mistral, stated, measure):
    assert measure(2 * mistral.total, "parameters", of="twice Mistral 7B", also=2 * mistral.formula.total) == stated
    assert measure(mixtral.active, "parameters", of="at work on a token", also=mixtral.formula.active) < stated


@CLAIMS.claim
def test_two_networks_and_shared_layers(mixtral, mistral, measure):
    second = measure(mixtral.active - mistral.total - mixtral.router, "parameters", of="beyond Mistral 7B and router")
    assert second == measure(mistral.mlp, "parameters", of="a second set of networks", also=mistral.formula.mlp)
