"""What is a mixture of experts? With the summary at the top of the text."""

from fractions import Fraction

import pytest

from fixtures.routing.sources import FIGURE_7, on

pytestmark = pytest.mark.cheap

LAYER = "FLOPs per token, of one layer and the head"
HALF = "less than half is what a reader who is told 'much' or 'far' may expect, and what no measuring noise makes"


@pytest.mark.claim(
    "pretrained-much-faster",
    note="Read as: in at most half of the time, in each comparison for which the Switch Transformers paper prints a "
    "factor; less than twice as fast is faster, and not much.",
)
def test_pretrained_much_faster(switch_transformers, measure):
    """Mixtures of experts are pretrained much faster than dense models."""
    factors = switch_transformers["speed_ups"]
    assert min(measure(Fraction(factor), "times faster", of=pair) for pair, factor in factors.items()) >= 2


@pytest.mark.claim(
    "faster-inference",
    note="Read as: less work for a token than when all experts work on it, which is what a dense model of as many "
    "parameters does. By the clock it also depends on the device.",
)
def test_faster_inference(mixtral, one_layer, measure):
    """Inference is faster than in a model with the same number of parameters."""
    sparse, dense = one_layer(), one_layer(num_experts_per_tok=mixtral.expert_count)
    for of, model in (("two experts work", sparse), ("all experts work", dense)):
        measure(model.work(1).total, LAYER, of=of, also=model.formula.work(1).total)
    assert sparse.work(1).total < dense.work(1).total and sparse.total == dense.total


@on(FIGURE_7)
@pytest.mark.claim(
    "all-experts-in-memory",
    note="Read as: there is no layer and no kind of text for which an expert could be left out, as each takes more "
    "than a quarter of an even share of each.",
)
def test_all_experts_in_memory(evidence, measure):
    """They need much memory, as all experts have to be loaded."""
    shares = [
        evidence.assignment_share(domain, layer=layer, expert=expert).value
        for domain in evidence.domains
        for layer in evidence.layers
        for expert in range(evidence.experts)
    ]
    least = measure(min(shares), "of assignments", of="the least that an expert takes")
    assert least > 1 / (4 * evidence.experts)


@pytest.mark.claim(
    "larger-for-fewer-steps",
    refuted="a published pair with one budget: the smaller model, trained four times as long, scores higher",
    note="Read as it stands, for any two sizes: one pair is against it. Below the best size for a budget it holds.",
)
def test_larger_for_fewer_steps(compute_budgets, measure):
    """With a fixed budget, a larger model trained for fewer steps is better than a smaller one trained for more."""
    smaller, larger = sorted(compute_budgets.values.values(), key=lambda of: of["parameters"])
    steps = measure(Fraction(larger["tokens"], smaller["tokens"]), "times the tokens", of="larger over smaller")
    ahead = measure(larger["MMLU"] - smaller["MMLU"], "points", of="MMLU, larger over smaller")
    assert ahead > 0 and steps < 1


@pytest.mark.claim(
    "far-less-compute",
    loosely="not with the largest capacity factor that the paper tries",
    note=f"Read as: at equal quality, at most half of the hours on the same device as the dense T5-Large, with every "
    f"capacity factor; {HALF}. Weaker: with the best of them.",
)
def test_far_less_compute(switch_transformers, reading, measure):
    """They reach a quality with far less compute than a dense model."""
    dense = switch_transformers["table_1_dense"]["T5-Large"]["hours"]
    shares = {factor: row["hours"] / dense for factor, row in switch_transformers["table_1"]["Switch-Base"].items()}
    for factor, share in shares.items():
        measure(share, "of the dense model's hours", of=f"capacity factor {factor}")
    assert {"literal": max, "loose": min}[reading](shares.values()) <= Fraction(1, 2)


@pytest.mark.claim(
    "dramatically-larger",
    note="Read as: ten times as many parameters at least, for an order of magnitude is what 'dramatically' promises.",
)
def test_dramatically_larger(switch_transformers, measure):
    """With the compute of a dense model one can train a dramatically larger one."""
    dense, sparse = (switch_transformers["table_8"][name] for name in ("T5-Base", "Switch-Base"))
    measure(Fraction(sparse["flops"], dense["flops"]), "times the FLOPs")
    times = measure(Fraction(sparse["parameters"], dense["parameters"]), "times the parameters")
    assert sparse["flops"] == dense["flops"] and times >= 10


@pytest.mark.claim("experts-number-eight", stated=8)
def test_eight_experts(mixtral, stated, measure):
    """A layer has a number of experts, for example eight."""
    assert measure(mixtral.expert_count, "experts", also={"configuration": mixtral.formula.expert_count}) == stated


@pytest.mark.claim("experts-are-feed-forward-networks")
def test_experts_are_feed_forward_networks(mixtral, mistral, measure):
    """In practice each expert is a feed-forward network."""
    expert = Fraction(mixtral.experts, mixtral.expert_count)
    also = Fraction(mixtral.formula.experts, mixtral.formula.expert_count)
    measure(expert, "parameters", of="one expert of each layer of Mixtral", also=also)
    assert expert == measure(mistral.mlp, "parameters", of="Mistral 7B's networks", also=mistral.formula.mlp)


@pytest.mark.claim("router-has-parameters")
def test_router_has_parameters(mixtral, measure):
    """The router is made of learned parameters."""
    weights = measure(mixtral.router, "parameters", also=mixtral.formula.router)
    of = mixtral.config
    assert weights == of["num_hidden_layers"] * of["num_local_experts"] * of["hidden_size"]


@pytest.mark.claim("every-network-replaced", source="Mixtral's configuration")
def test_every_network_replaced_in_mixtral(mixtral, measure):
    """Every feed-forward layer is replaced by one with experts."""
    assert measure(mixtral.mlp, "parameters", of="dense networks left", also=mixtral.formula.mlp) == 0


@pytest.mark.claim("every-network-replaced", source="Switch-C's configuration", model="switch-c-2048")
def test_every_network_replaced_in_switch_c(switch_c, measure):
    """Every feed-forward layer is replaced by one with experts."""
    assert measure(switch_c.sparse_layers, "layers with experts") == measure(switch_c.layers, "layers")


@pytest.mark.claim(
    "every-network-replaced",
    source="other models that the text names",
    refuted="they replace every second layer or every fourth; of GShard the text says so itself further down",
)
def test_every_network_replaced_in_others(placement, measure):
    """Every feed-forward layer is replaced by one with experts."""
    layers = placement["layers an expert layer"]
    assert max(measure(each, "layers to one with experts", of=name) for name, each in layers.items()) == 1


@pytest.mark.claim("memory-of-47b", stated="47B")
def test_memory_of_47b(mixtral, stated, measure):
    """Mixtral 8x7B needs the memory of a dense model of 47 billion parameters."""
    also = {"formula": mixtral.formula.total, "published checkpoint": mixtral.checkpoint_total}
    assert measure(mixtral.total, "parameters", also=also) == stated


@pytest.mark.claim("not-56b", stated="56B")
def test_not_56b(mixtral, stated, measure):
    """It has not 8 times 7 billion parameters, which would be 56 billion."""
    assert measure(mixtral.expert_count * 7 * 10**9, "parameters", of="eight times seven billion") == stated
    assert measure(mixtral.total, "parameters", of="Mixtral", also=mixtral.formula.total) < stated


@pytest.mark.claim("only-networks-are-experts")
def test_only_networks_are_experts(mixtral, mistral, measure):
    """Only the feed-forward layers are experts of their own, all other parameters are shared."""
    shared = measure(mixtral.total - mixtral.moe_block, "parameters", of="outside the experts")
    dense = mistral.total - mistral.mlp
    assert shared == measure(dense, "parameters", of="Mistral 7B without its networks")


@pytest.mark.claim(
    "flops-like-12b",
    stated="12B",
    loosely="cut short, not rounded",
    note="Read as: half of the FLOPs of a token but those of attention's scores, as a product with a weight is a "
    "multiplication and an addition.",
)
def test_flops_like_12b(mixtral, stated, measure):
    """With two experts a token, its speed in FLOPs is that of a model of 12 billion parameters."""
    weights, also = (Fraction(of.work(1).total - of.work(1).scores, 2) for of in (mixtral, mixtral.formula))
    measure(mixtral.active, "parameters", of="at work on a token", also=mixtral.formula.active)
    assert measure(weights, "weights that are multiplied with", also=also) == stated


@pytest.mark.claim("not-14b", stated="14B")
def test_not_14b(mixtral, mistral, stated, measure):
    """It is not that of two models of 7 billion, which would be 14 billion."""
    assert measure(2 * mistral.total, "parameters", of="twice Mistral 7B", also=2 * mistral.formula.total) == stated
    assert measure(mixtral.active, "parameters", of="at work on a token", also=mixtral.formula.active) < stated


@pytest.mark.claim("two-networks-and-shared-layers")
def test_two_networks_and_shared_layers(mixtral, mistral, measure):
    """It computes the products of two models of 7 billion, with some layers shared."""
    second = measure(mixtral.active - mistral.total - mixtral.router, "parameters", of="beyond Mistral 7B and router")
    assert second == measure(mistral.mlp, "parameters", of="a second set of networks", also=mistral.formula.mlp)
