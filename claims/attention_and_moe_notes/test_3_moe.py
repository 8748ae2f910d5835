"""Mixture of experts: active and total parameters, and what its runs took."""

from fractions import Fraction
from itertools import pairwise

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.attention_and_moe_notes.test_1_gqa import GIB, PEAK, UNTIMED, least

pytestmark = pytest.mark.cheap

DEEPSEEK = "deepseek-v3"

PART_1 = Listed(
    """
    | claim                               | stated | says                                                          |
    |-------------------------------------|--------|---------------------------------------------------------------|
    | network-has-a-large-part            |        | The feed-forward networks have a large part of a model's      |
    |                                     |        | parameters.                                                   |
    | sixty-one-layers                    | =61    | In DeepSeek-V3 the block is repeated 61 times.                |
    | many-networks-increase-the-total    |        | Many networks in place of one increase the parameters         |
    |                                     |        | substantially.                                                |
    | few-are-active                      |        | A router selects only a few experts for each token.           |
    | two-hundred-and-fifty-six-experts   | =256   | DeepSeek-V3 has 256 experts in a module.                      |
    | six-hundred-and-seventy-one-billion | 671B   | DeepSeek-V3 has 671 billion parameters.                       |
    | nine-experts                        | =9     | Nine experts are active: one that is shared, and eight.       |
    | thirty-seven-billion                | 37B    | 37 billion of them are used for a token.                      |
    | shared-expert-helps                 |        | A shared expert improves quality.                             |
    | memory-by-the-ratio                 |        | Memory and compute scale by chosen over all experts, compared |
    |                                     |        | with a dense network of the same capacity.                    |
    """,
    uncheckable={"shared-expert-helps": "the paper's comparison is of curves, without numbers"},
)


@PART_1.claim(note="Read as: more than half of all parameters of Llama-2-13B.")
def test_network_has_a_large_part(llama, measure):
    also = Fraction(llama.formula.mlp, llama.formula.total)
    assert measure(Fraction(llama.mlp, llama.total), "of the parameters", also=also) > Fraction(1, 2)


@PART_1.claim(model=DEEPSEEK)
def test_sixty_one_layers(deepseek_v3, stated, measure):
    also = {"configuration": deepseek_v3.config["num_hidden_layers"]}
    assert measure(len(deepseek_v3.counted.component_map.layers), "layers", also=also) == stated


@PART_1.claim(note="Read as: to twice the parameters, at least.")
def test_many_networks_increase_the_total(mixtral, models, measure):
    dense = models("mistral-7b-v0.1").formula.total
    also = {"published checkpoint": Fraction(mixtral.checkpoint_total, dense)}
    assert measure(Fraction(mixtral.formula.total, dense), "times Mistral 7B's parameters", also=also) >= 2


@PART_1.claim(note="Read as: fewer than half of those there are; of DeepSeek-V3, the example.")
def test_few_are_active(deepseek_v3, measure):
    also = Fraction(deepseek_v3.formula.experts_per_token, deepseek_v3.formula.expert_count)
    share = Fraction(deepseek_v3.experts_per_token, deepseek_v3.expert_count)
    assert measure(share, "of the routed experts", also=also) < Fraction(1, 2)


@PART_1.of(
    "two-hundred-and-fifty-six-experts",
    model=DEEPSEEK,
    loosely="it leaves out the shared expert, which is among the nine that are counted as active",
    note="Read as: all experts of a module; weaker: those that are routed.",
)
def test_256_experts(deepseek_v3, reading, stated, measure):
    also = {"configuration": deepseek_v3.config["n_routed_experts"]}
    routed = measure(deepseek_v3.expert_count, "experts", of="routed", also=also)
    shared = {"literal": deepseek_v3.config["n_shared_experts"], "loose": 0}[reading]
    assert routed + measure(shared, "experts", of="shared") == stated


@PART_1.of("six-hundred-and-seventy-one-billion", model=DEEPSEEK)
def test_671_billion(deepseek_v3, stated, measure):
    assert measure(deepseek_v3.total, "parameters", also=deepseek_v3.formula.total) == stated


@PART_1.claim(also_prints=("1", "8"), model=DEEPSEEK)
def test_nine_experts(deepseek_v3, stated, measure):
    also = {"configuration": deepseek_v3.config["num_experts_per_tok"]}
    routed = measure(deepseek_v3.experts_per_token, "experts", of="routed", also=also)
    shared = measure(deepseek_v3.config["n_shared_experts"], "experts", of="shared")
    assert routed + shared == stated and (routed, shared) == (8, 1)


@PART_1.of(
    "thirty-seven-billion",
    model=DEEPSEEK,
    loosely="without the input embedding, of which a token uses one row",
    note="Read as: every parameter but the idle experts; weaker: the input embedding does not count.",
)
def test_37_billion(deepseek_v3, reading, stated, measure):
    convention = {"literal": "everything", "loose": "without the input embedding"}[reading]
    counted, formula = (of.count("active", convention) for of in (deepseek_v3, deepseek_v3.formula))
    assert measure(counted, "parameters", of=convention, also=formula) == stated


@PART_1.claim(
    note="Read as: active over dense parameters of the estimate is chosen over all experts, to within one in twenty; "
    "roughly leaves room for the router."
)
def test_memory_by_the_ratio(moe_estimate, measure):
    of, also = moe_estimate.library, moe_estimate.formula
    share = Fraction(of["MoE ACTIVE/Token"], of["Dense FFN params"])
    measure(share, "of the dense parameters", also=Fraction(also["MoE ACTIVE/Token"], also["Dense FFN params"]))
    ratio = measure(Fraction(moe_estimate.chosen, moe_estimate.experts), "of the experts")
    assert abs(share / ratio - 1) <= Fraction(1, 20)


@PART_1.each()
def test_uncheckable(claim):
    """Nobody can check it."""


@table(
    """
    | line              | parameters  | GB   |
    |-------------------|-------------|------|
    | Dense FFN params  | 308,281,344 | 0.62 |
    | Per-expert params | 38,535,168  | 0.08 |
    | Router params     | 57,344      | 0.00 |
    | MoE TOTAL params  | 308,338,688 | 0.62 |
    | MoE ACTIVE/Token  | 77,127,680  | 0.15 |
    """,
    id="moe",
    name="memory estimate for MoE",
)
def test_moe_estimate(cell, moe_estimate, stated, measure):
    """{row}: {stated} ({column})."""
    unit = Fraction(1) if cell.column == "parameters" else Fraction(10**9, moe_estimate.bytes)
    also = moe_estimate.formula[cell.row] / unit
    assert measure(Fraction(moe_estimate.library[cell.row]) / unit, cell.column, also=also) == stated


PART_2 = Listed(
    """
    | claim                     | stated | says                                                                       |
    |---------------------------|--------|----------------------------------------------------------------------------|
    | expert-width              | =1792  | The experts are 1,792 features wide.                                       |
    | dense-of-308m             | ~308M  | A network of 14,336 by 7,168 has about 308 million parameters, all of them |
    |                           |        | active.                                                                    |
    | total-roughly-the-same    |        | The experts together have roughly as many.                                 |
    | active-of-77m             | ~77M   | With two of eight experts, about 77 million are active.                    |
    | more-experts-fewer-active |        | The more experts there are, the fewer parameters are active.               |
    """,
    also_prints={"dense-of-308m": ("7,168", "14,336")},
)


@PART_2.claim(table="memory estimate for MoE", row="moe_hidden_size", column="features")
def test_expert_width(moe_estimate, stated, measure):
    also = {"nearest of all widths": moe_estimate.nearest_hidden}
    assert measure(moe_estimate.expert_hidden, "features", also=also) == stated


@PART_2.each("dense-of-308m", "active-of-77m")
def test_in_words(claim, moe_estimate, stated, measure):
    line = {"dense-of-308m": "Dense FFN params", "active-of-77m": "MoE ACTIVE/Token"}[claim]
    assert measure(moe_estimate.library[line], "parameters", also=moe_estimate.formula[line]) == stated


@PART_2.claim(note="Read as: to the nearest per cent there is no difference, below 1/200.")
def test_total_roughly_the_same(moe_estimate, measure):
    more = Fraction(moe_estimate.library["MoE TOTAL params"], moe_estimate.library["Dense FFN params"]) - 1
    assert measure(more, "of the parameters", of="more") < Fraction(1, 200)


@PART_2.claim(
    loosely="up to as many experts as the plot has; beyond some eight hundred the router outgrows what is saved",
    note="Read as: at a constant number of chosen experts, for 'of experts' says the opposite of what follows, each "
    "doubling leaves fewer parameters active, up to four times the experts of the plot; weaker: up to those.",
)
def test_more_experts_fewer_active(settings, reading, measure):
    from claims.attention_and_moe_notes.estimates import active_parameters

    of = settings["moe plot"]
    most = {"literal": 4, "loose": 1}[reading] * of["most experts"]
    numbers = [count for count in (2**power for power in range(3, 14)) if of["chosen"] <= count <= most]
    active = [measure(active_parameters(of, count), "parameters", of=f"active of {count} experts") for count in numbers]
    assert all(more < fewer for fewer, more in pairwise(active))


TIMES = """
    | run       | seconds | milliseconds a call |
    |-----------|---------|---------------------|
    | dense FFN | 25.13   | 0.759               |
    | MoE       | 35.11   | 1.555               |
    """


@table(TIMES, id="time", name="runs of feed-forward networks", uncheckable=UNTIMED)
def test_time(cell, stated, measure):
    """The run with {row} takes {stated} {column}."""


PART_3 = Listed(
    """
    | claim                      | stated | says                                                                  |
    |----------------------------|--------|-----------------------------------------------------------------------|
    | rate-dense                 | 40     | The run with a dense network makes 40 tokens a second.                |
    | rate-moe                   | 29     | The run with experts makes 29 tokens a second.                        |
    | dense-activations          | ~0.19  | A dense network takes 0.19 MB of activations for a token.             |
    | dense-activations-at-most  | ~0.75  | It takes at most 0.75 MB.                                             |
    | sparse-activations         | 0.04   | Experts take 0.04 MB of activations for a token, and at most 0.11 MB. |
    | fair-comparison            | =1024  | For a fair comparison, 32 experts are each 32768 / 32 features wide.  |
    | peak-of-the-dense-run      | 11.47  | The run with a dense network takes 11.47 GB at its peak.              |
    | peak-of-the-sparse-run     | 11.48  | The run with experts takes 11.48 GB at its peak.                      |
    | time-of-0-76               | ~0.76  | A dense network processes a token in about 0.76 milliseconds.         |
    | roughly-twice-the-time     | ~2     | Experts take roughly twice the time.                                  |
    | both-near-11-5             | ~11.5  | Both runs peak around 11.5 GB.                                        |
    | same-number-of-weights     |        | Both load the same number of weights.                                 |
    | same-cache                 |        | Both have the same cache.                                             |
    | weights-and-cache-dominate |        | Weights and cache dominate the memory.                                |
    | four-to-five-times-less    | 5      | Experts reduce the memory of activations by about 4 to 5 times.       |
    | larger-batches-save-more   |        | With more tokens at once, the saving would be more pronounced.        |
    """,
    also_prints={"sparse-activations": ("0.11",)},
    loosely={"rate-dense": "cut short, not rounded, as the script does"},
    note=dict.fromkeys(
        ("rate-dense", "rate-moe"),
        "Read as: all tokens of the text, the start included, in the seconds that are printed.",
    ),
    uncheckable={
        "sparse-activations": "little of it is an expert's; the rest is what the device's library has not yet freed",
        "larger-batches-save-more": "no run with a larger batch is shown",
    },
)


@PART_3.each("rate-dense", "rate-moe")
def test_rate(claim, gpts, runs, stated, measure):
    run = {"rate-dense": "dense FFN", "rate-moe": "MoE"}[claim]
    assert measure(gpts[run].tokens / runs[run]["seconds"], "tokens a second") == stated


MEGABYTES = (
    "Read as: the gate, the other input and their product, in bfloat16, are what is there at once. An MB is 10⁶ bytes, "
    "as a GB is 10⁹ in the estimate above."
)


@PART_3.claim(note=MEGABYTES)
def test_dense_activations(gpts, stated, measure):
    assert measure(Fraction(gpts["dense FFN"].activations(1), 10**6), "MB") == stated


@PART_3.claim(
    loosely="in units of 2²⁰ bytes, in which the script prints it",
    note=f"{MEGABYTES} Weaker: 2²⁰ bytes. The most is for the start of the text, whose tokens come together.",
)
def test_dense_activations_at_most(gpts, reading, stated, measure):
    gpt, unit = gpts["dense FFN"], {"literal": 10**6, "loose": 2**20}[reading]
    assert measure(Fraction(gpt.activations(gpt.fixed["prompt"]), unit), "MB") == stated


@PART_3.claim(also_prints=("32768", "32"))
def test_fair_comparison(gpts, stated, measure):
    dense, sparse = gpts["dense FFN"], gpts["MoE"]
    also = {"option": sparse.hidden}
    assert measure(Fraction(dense.hidden, sparse.experts), "features", also=also) == stated


@PART_3.claim(**PEAK)
def test_peak_of_the_dense_run(gpts, reading, stated, measure):
    assert least(gpts["dense FFN"], measure, reading) <= stated


@PART_3.claim(**PEAK)
def test_peak_of_the_sparse_run(gpts, reading, stated, measure):
    assert least(gpts["MoE"], measure, reading) <= stated


@PART_3.claim
def test_time_of_0_76(runs, stated, measure):
    assert measure(runs["dense FFN"]["milliseconds a call"], "milliseconds") == stated


@PART_3.claim(in_words=True)
def test_roughly_twice_the_time(runs, stated, measure):
    dense, sparse = (runs[name]["milliseconds a call"] for name in ("dense FFN", "MoE"))
    assert measure(sparse / dense, "times") == stated


@PART_3.claim(note="Of the peaks that are printed of the runs.")
def test_both_near_11_5(runs, stated, measure):
    low, high = (measure(runs[name]["peak"], "GB", of=name) for name in ("dense FFN", "MoE"))
    assert low == stated and high == stated


@PART_3.claim(
    loosely="to the nearest per cent: the experts have a router besides",
    note="Read as: the same number; weaker: the difference is below 1/200 and rounds to 0 %.",
)
def test_same_number_of_weights(gpts, reading, measure):
    dense, sparse = (
        measure(gpts[name].total, "parameters", of=name, also=gpts[name].formula) for name in ("dense FFN", "MoE")
    )
    most = Fraction(0) if reading == "literal" else Fraction(1, 200)
    assert Fraction(sparse, dense) - 1 <= most


@PART_3.claim
def test_same_cache(gpts, measure):
    dense, sparse = (measure(gpts[name].cache, "bytes", of=name) for name in ("dense FFN", "MoE"))
    assert dense == sparse


@PART_3.claim(note="Read as: more than nine tenths of the peak, in units of 2³⁰ bytes.")
def test_weights_and_cache_dominate(gpts, runs, measure):
    shares = [gpts[name].least / (runs[name]["peak"] * GIB) for name in ("dense FFN", "MoE")]
    assert min(measure(share, "of the peak") for share in shares) > Fraction(9, 10)


@PART_3.claim(also_prints=("4",), note="Read as: the ratio of the two printed averages lies between 4 and 5.")
def test_four_to_five_times_less(runs, stated, measure):
    dense, sparse = (runs[name]["megabytes a call"] for name in ("dense FFN", "MoE"))
    assert 4 < measure(dense / sparse, "times") < stated


@PART_3.each()
def test_others(claim):
    """Nobody can check it."""
