"""Balanced load, transformers and Switch Transformers, and the router's z-loss."""

from fractions import Fraction

import pytest
from hypothesis import given

from claim_suite.fixtures.claim.table import Listed
from claim_suite.fixtures.routing.capacity import dropped_share, expected_dropped_share, expert_capacity, uniform_counts
from claims.moe_explained.costs import work_by_experts
from claims.moe_explained.drawn import batches
from claims.moe_explained.tables import better, more_stable

pytestmark = pytest.mark.cheap

TOKENS, EXPERTS = 512, 128  # a batch, and the experts of Switch-Base in its Table 1

CLAIMS = Listed(
    """
    | claim                        | stated  | says                                                                    |
    |------------------------------|---------|-------------------------------------------------------------------------|
    | few-experts-win              |         | Without help, training converges to mostly activate the same few        |
    |                              |         | experts, ever more.                                                     |
    | loss-encourages-balance      |         | An auxiliary loss encourages giving all experts equal importance.       |
    | loss-ensures-balance         |         | The loss ensures that all experts receive a roughly equal number of     |
    |                              |         | training examples.                                                      |
    | aux-loss-parameter           |         | The library exposes the auxiliary loss by the parameter `aux_loss`.     |
    | gshard-beyond-600b           | 600B    | GShard scales transformers beyond 600 billion parameters.               |
    | gshard-every-other           |         | GShard replaces every other feed-forward layer.                         |
    | second-expert-at-random      |         | The second expert is picked with a probability proportional to its      |
    |                              |         | weight.                                                                 |
    | overflow-at-both             |         | A token overflows when both of its experts are at capacity.             |
    | switch-2048-experts          | =2048   | The model of 1.6 trillion parameters was released with 2,048 experts.   |
    | four-times-over-t5-xxl       | 4       | Switch Transformers is pretrained four times as fast as T5-XXL.         |
    | layer-of-the-drawing         | =4      | The paper's Switch layer receives two tokens and has four experts.      |
    | router-computation-reduced   |         | With a single expert, the router's computation is reduced.              |
    | expert-batch-halved          |         | With a single expert a token, the batch of each expert can be at least  |
    |                              |         | halved.                                                                 |
    | communication-reduced        |         | With a single expert a token, communication costs less.                 |
    | quality-preserved            |         | With a single expert a token, quality is preserved.                     |
    | capacity-divides-evenly      |         | Tokens over experts divides the tokens of a batch evenly among the      |
    |                              |         | experts.                                                                |
    | capacity-is-a-buffer         |         | A capacity factor above 1 is a buffer for loads that are not balanced.  |
    | capacity-costs-communication |         | More capacity makes communication between devices more expensive.       |
    | low-capacity-factors         | 1.25    | Switch Transformers performs well at low capacity factors, 1 to 1.25.   |
    | rest-in-full-precision       |         | Experts were trained in bfloat16, with full precision for the rest of   |
    |                              |         | the computation.                                                        |
    | bfloat16-less-stable         |         | All in bfloat16, training was less stable.                              |
    | exponentials-need-precision  |         | As the router exponentiates, its precision matters.                     |
    | selective-precision          |         | Selective precision does not degrade quality and makes models faster.   |
    | third-of-the-energy          | a third | GLaM matches GPT-3 with a third of the energy.                          |
    | carbon-by-an-order           |         | The lower amount of computing reduces the carbon footprint by up to an  |
    |                              |         | order of magnitude.                                                     |
    | glam-capacity-factors        |         | GLaM used much larger capacity factors.                                 |
    | dropout-stabilises           |         | Dropout improves stability, at a loss of quality.                       |
    | multiplication-destabilises  |         | More multiplicative components improve quality and worsen stability.    |
    | z-loss-stabilises            |         | The router's z-loss improves stability significantly, without a loss of |
    |                              |         | quality.                                                                |
    | z-loss-rounds-less           |         | As it makes values smaller, it reduces rounding errors, which matters   |
    |                              |         | for exponentials.                                                       |
    """,
    uncheckable={
        "capacity-divides-evenly": "it is what that capacity is defined as",
        "glam-capacity-factors": "how large they were is said neither in the text nor in the tables of the paper that "
        "was read",
    },
    model=dict.fromkeys(("third-of-the-energy", "carbon-by-an-order", "glam-capacity-factors"), "glam"),
)


@CLAIMS.claim(
    note="Read as: in a published run without any balancing loss, loads vary as if no more than a quarter of them "
    "took all tokens, evenly among them: the number of experts by one plus the squared variation."
)
def test_few_experts_win(shazeer_2017, measure):
    of = shazeer_2017["table_6"]
    measure(of["without losses"]["largest over mean load"], "times the mean load", of="fullest expert")
    at_work = of["experts"] / (1 + of["without losses"]["variation of load"] ** 2)
    assert measure(at_work, "experts at work, as it were", of="without losses") <= Fraction(of["experts"], 4)


@given(batch=batches())
@CLAIMS.claim(
    note="Read as: for given choices, moving probability from an expert with more tokens to one with fewer lowers the "
    "loss, so that its gradient works against the overloaded."
)
def test_loss_encourages_balance(batch):
    most, least = batch.slopes()
    assert most > least


@CLAIMS.claim(
    loosely="it brings that about in a published run; it does not ensure it, as there are logits with a loss below "
    "that of an even load, and three times as many tokens for one expert as for the other",
    note="Read as: an uneven load has a higher loss than an even one. Weaker: where it was trained with, loads are off "
    "an even share by no more than a quarter of it, root mean square, what a capacity factor of 1.25 has room for.",
)
def test_loss_ensures_balance(shazeer_2017, reading, measure):
    from claims.moe_explained.balancing import loss_of_an_uneven_batch

    uneven = measure(loss_of_an_uneven_batch(), "of the loss at an even load", of="six tokens and two")
    trained = shazeer_2017["table_6"]["with both"]["variation of load"]
    off = measure(trained, "of an even share", of="off, in a published run")
    assert {"literal": uneven > 1, "loose": off <= Fraction(1, 4)}[reading]


@CLAIMS.claim(
    loosely="it is a field of what the model returns, and no parameter that it takes",
    note="Read as: Mixtral's model takes a parameter of that name; weaker: something of that name is there.",
)
def test_aux_loss_parameter(reading, measure):
    from claims.moe_explained.balancing import places_in_the_library

    kind = {"literal": "parameters", "loose": "fields"}[reading]
    assert measure(places_in_the_library("aux_loss")[kind], f"{kind} of that name") == 1


@CLAIMS.claim
def test_gshard_beyond_600b(gshard, stated, measure):
    of = gshard["largest"]
    expert = gshard["matrices"] * gshard["model width"] * gshard["feed-forward width"]
    assert measure(of["layers"] // 2 * of["experts"] * expert, "parameters", of="experts of the largest") > stated


@CLAIMS.claim(
    note="Read as: in each row of the paper's table, half of the layers have experts. Two rows are left out: the "
    "numbers of experts that they print are no multiple of those in a layer."
)
def test_gshard_every_other(gshard, measure):
    rows = gshard["table_1"]
    sparse = {name: Fraction(row["all experts"], row["experts"] * row["layers"]) for name, row in rows.items()}
    assert {measure(share, "of the layers", of=name) for name, share in sparse.items()} == {Fraction(1, 2)}


@CLAIMS.claim(
    note="By algorithm 1 of the paper, with gates of two experts that sum to one: at twice the gate the chance is "
    "twice as high, up to the largest gate that a second expert can have, one half."
)
def test_second_expert_at_random(gshard, measure):
    times = gshard["chance of the second expert, times its gate"]
    small, large, largest = (min(1, times * gate) for gate in (Fraction(1, 8), Fraction(1, 4), Fraction(1, 2)))
    assert measure(large / small, "times the chance") == 2 and measure(largest / large, "times the chance") == 2


@given(batch=batches())
@CLAIMS.claim(
    note="Read as: on drawn batches, a token without any place is one whose every expert had no place left for it."
)
def test_overflow_at_both(batch):
    assert batch.overflowed() == batch.both_full()


@CLAIMS.claim(note="As the paper prints it, beside no times from which it would follow.")
def test_four_times_over_t5_xxl(switch_transformers, stated, measure):
    assert measure(switch_transformers["speed_ups"]["Switch-C over T5-XXL"], "times faster") == stated


@CLAIMS.claim(in_words=True, note="By the caption of the paper's Figure 2; what it proposes is a layer of any number.")
def test_layer_of_the_drawing(switch_transformers, stated, measure):
    drawn = switch_transformers["figure_2"]
    assert measure(drawn["experts"], "experts") == stated and measure(drawn["tokens"], "tokens") == 2


@CLAIMS.claim(model="switch-c-2048")
def test_switch_2048_experts(switch_c, switch_transformers, stated, measure):
    also = {"name of the checkpoint": switch_transformers["checkpoints"]["switch-c-2048"]}
    assert measure(switch_c.config["num_experts"], "experts in a layer", also=also) == stated


@CLAIMS.claim(
    loosely="only in what follows the choice: the router weighs every expert for every token, however many it chooses",
    note="Read as: the router's own products cost fewer FLOPs with one expert a token than with two; weaker: fewer "
    "experts are chosen for a token, which is the paper's own reason.",
)
def test_router_computation_reduced(one_layer, reading, measure):
    numbers = (1, 2)
    work, unit = work_by_experts(one_layer, "router", numbers), "FLOPs per token and layer"
    products = [
        measure(counted, unit, of=f"{k} experts", also=also) for k, (counted, also) in zip(numbers, work, strict=True)
    ]
    chosen = [
        measure(one_layer(num_experts_per_tok=k).experts_per_token, "experts chosen per token", of=f"{k} experts")
        for k in numbers
    ]
    one, two = {"literal": products, "loose": chosen}[reading]
    assert one < two


@CLAIMS.claim(note="Read as: the places of each expert, at the same capacity factor.")
def test_expert_batch_halved(measure):
    places = measure(expert_capacity(TOKENS, EXPERTS, Fraction(5, 4)), "places", of="one expert a token")
    assert places <= measure(Fraction(5 * 2 * TOKENS, 4 * EXPERTS), "places", of="two experts a token") / 2


@CLAIMS.claim(
    note="Read as: fewer assignments have to travel, where tokens choose without preference and each expert has room "
    "for a quarter more than an even share."
)
def test_communication_reduced(measure):
    sent = []
    for top_k in (1, 2):
        places = expert_capacity(TOKENS, EXPERTS, Fraction(5, 4), top_k)
        share = 1 - expected_dropped_share(TOKENS, EXPERTS, places, top_k)
        sent.append(measure(share * top_k, "assignments that travel a token", of=f"{top_k} experts"))
    assert sent[0] < sent[1]


@CLAIMS.claim(
    loosely="on the mean of the capacity factors, not with each",
    note="Read as: at each capacity factor of the paper's table, the quality with one expert is no lower than with "
    "two; weaker: their mean.",
)
def test_quality_preserved(switch_transformers, reading, measure):
    one, two = (switch_transformers["table_1"][model] for model in ("Switch-Base", "MoE-Base"))
    leads = [
        measure(one[factor]["quality"] - two[factor]["quality"], "nats", of=f"ahead, capacity factor {factor}")
        for factor in one
    ]
    assert {"literal": min(leads), "loose": sum(leads)}[reading] >= 0


@CLAIMS.claim(
    note="Read as: where tokens choose without preference, fewer are dropped with a factor of 1.25 than with 1. In "
    "closed form; beside it stands a simulation of a few batches."
)
def test_capacity_is_a_buffer(measure):
    counts, dropped = uniform_counts(TOKENS, EXPERTS, 1, batches=8, seed=0), []
    for factor in (Fraction(1), Fraction(5, 4)):
        places = expert_capacity(TOKENS, EXPERTS, factor)
        measure(dropped_share(counts, places), "of tokens", of=f"dropped in simulated batches, factor {float(factor)}")
        share = expected_dropped_share(TOKENS, EXPERTS, places)
        dropped.append(measure(share, "of tokens", of=f"dropped on average, factor {float(factor)}"))
    assert dropped[1] < dropped[0]


@CLAIMS.claim(
    note="Read as: of the tokens of simulated batches that choose without preference, more find a place with each "
    "larger factor, and have to travel to it. Where empty places are sent too, all that is sent grows with it."
)
def test_capacity_costs_communication(measure):
    counts = uniform_counts(TOKENS, EXPERTS, 1, batches=8, seed=0)
    sent = [
        measure(1 - dropped_share(counts, expert_capacity(TOKENS, EXPERTS, factor)), "of tokens that travel", of=name)
        for name, factor in (("factor 1", 1), ("factor 1.25", Fraction(5, 4)), ("factor 2", 2))
    ]
    assert sent[0] < sent[1] < sent[2]


@CLAIMS.claim(
    also_prints=("1",),
    note="Read as: the largest factor of the paper's table at which Switch is ahead of the model with two experts, in "
    "quality and in hours, is 1.25, and it is at 1 as well.",
)
def test_low_capacity_factors(switch_transformers, stated, measure):
    one, two = (switch_transformers["table_1"][model] for model in ("Switch-Base", "MoE-Base"))
    ahead = [
        Fraction(factor)
        for factor in one
        if one[factor]["quality"] > two[factor]["quality"] and one[factor]["hours"] < two[factor]["hours"]
    ]
    assert measure(max(ahead), "capacity factor") == stated and min(ahead) == 1


@CLAIMS.claim(
    refuted="the paper does it the other way round: only the router is in full precision, all else in bfloat16",
    words="training the experts with `bfloat16` while using full precision for the rest of the computations",
    reply="It only introduces the idea, and the routing follows; but the rest is what the paper leaves in bfloat16.",
    note="Read as: what is neither expert nor router has the precision of the router. By another table of the paper, "
    "the model is as fast as one that is all in bfloat16, which it could not be with the rest in full precision.",
)
def test_rest_in_full_precision(switch_transformers, measure):
    bits, speeds = dict(switch_transformers["table_2_bits"]), switch_transformers["table_2"]
    for name in ("selective", "bfloat16", "float32"):
        measure(speeds[name]["speed"], "examples a second", of=name)
    full = measure(bits.pop("router"), "bits", of="router")
    assert min(measure(bits[part], "bits", of=part) for part in bits if part != "experts") >= full


@CLAIMS.claim(note="Read as: at equal steps the quality is lower; beside it stands that the run diverged.")
def test_bfloat16_less_stable(switch_transformers, measure):
    quality = {name: measure(row["quality"], "nats", of=name) for name, row in switch_transformers["table_2"].items()}
    assert quality["bfloat16"] == min(quality.values()) < quality["float32"]


@CLAIMS.claim(
    note="Read as: rounding logits to bfloat16 changes a router's probabilities by more than rounding that many "
    "numbers themselves would, at the size of logits at which ST-MoE shows it (128, of its footnote 7)."
)
def test_exponentials_need_precision(measure):
    from claims.moe_explained.balancing import change_of_the_logit, changes_by_rounding

    (probability,) = changes_by_rounding([128])
    logit = measure(change_of_the_logit(128), "of the logit", of="changed by rounding")
    assert measure(probability, "of the probability", of="changed by rounding") > logit


@CLAIMS.claim(note="Read as: quality is no lower than in float32, and speed is higher.")
def test_selective_precision(switch_transformers, measure):
    selective, full = (switch_transformers["table_2"][name] for name in ("selective", "float32"))
    better = measure(selective["quality"] - full["quality"], "nats", of="quality")
    assert better >= 0 and measure(selective["speed"] - full["speed"], "examples a second", of="speed") > 0


@CLAIMS.claim(in_words=True, also_prints=("1/3",), note="How good the two models are is not compared.")
def test_third_of_the_energy(energy, stated, measure):
    used = Fraction(energy["GLaM"]["megawatt hours"], energy["GPT-3"]["megawatt hours"])
    assert measure(used, "of GPT-3's energy") == stated


@CLAIMS.claim(
    loosely="the lower amount of computing accounts for less than three times; the rest is where the power came from",
    note="Read as: ten times less by what the lower computing saves, its energy; weaker: ten times less in all.",
)
def test_carbon_by_an_order(energy, reading, measure):
    times = {
        of: measure(Fraction(energy["GPT-3"][of], energy["GLaM"][of]), f"times less {of}") for of in energy["GPT-3"]
    }
    assert times[{"literal": "megawatt hours", "loose": "tonnes of CO2e"}[reading]] >= 10


FEW_RUNS = "three runs, all stable, beside six of which four are: so few may differ by chance"


@CLAIMS.claim(undecided=FEW_RUNS, note="Read as: of runs with it more are stable; quality is lower.")
def test_dropout_stabilises(st_moe, measure):
    assert measure(better(st_moe.values, "Dropout"), "nats", of="quality") < 0
    assert measure(more_stable(st_moe.values, "Dropout"), "of the runs", of="stable beyond the baseline's") > 0


@CLAIMS.claim(
    undecided=FEW_RUNS,
    note="Read as: with each of the two kinds of them taken out more runs are stable; quality is lower.",
)
def test_multiplication_destabilises(st_moe, measure):
    for name in ("Remove GEGLU", "Remove RMS norm's scale"):
        assert measure(better(st_moe.values, name), "nats", of=f"quality, {name}") < 0
        assert measure(more_stable(st_moe.values, name), "of the runs", of=f"stable beyond the baseline's, {name}") > 0


@CLAIMS.claim(undecided=FEW_RUNS, note="Read as: of runs with it more are stable; quality is no lower.")
def test_z_loss_stabilises(st_moe, measure):
    assert measure(better(st_moe.values, "Router z-loss"), "nats", of="quality") >= 0
    assert measure(more_stable(st_moe.values, "Router z-loss"), "of the runs", of="stable beyond the baseline's") > 0


@CLAIMS.claim(note="Read as: of two sizes of logits, the smaller loses less by bfloat16.")
def test_z_loss_rounds_less(measure):
    from claims.moe_explained.balancing import changes_by_rounding

    small, large = changes_by_rounding([8, 128])
    changed = measure(small, "of the probability", of="changed by rounding, logits around 8")
    assert changed < measure(large, "of the probability", of="changed by rounding, logits around 128")


@CLAIMS.each()
def test_uncheckable(claim):
    """Nobody can check it."""
