"""Grouped-query attention: what it saves, and what its runs took."""

from fractions import Fraction
from statistics import mean
from typing import Any

import pytest

from claim_suite.fixtures.claim.table import Listed, table

pytestmark = pytest.mark.cheap

REPOSITORY = "https://github.com/rasbt/LLMs-from-scratch/blob"
FIRST_GQA = f"{REPOSITORY}/080ab9d5f8e821683a2ffbd535c0edba9c65de2b/ch04/04_gqa/README.md"
GIB = 2**30
NETWORKS = (
    "Read as: the feed-forward networks are more than half of what the run holds at once: weights, cache, and the keys "
    "and values that a layer makes of it; other: all linear layers, the head too, of the weights alone."
)
UNTIMED = "the device and the versions of the libraries are not named"

SINCE_NOVEMBER = "since November 2025, at 28a8408d"

PART_1 = Listed(
    """
    | claim                  | stated | says                                                                           |
    |------------------------|--------|--------------------------------------------------------------------------------|
    | gqa-is-the-standard    |        | Grouped-query attention has become the standard replacement of multi-head      |
    |                        |        | attention.                                                                     |
    | larger-llama-2-uses-it |        | The larger variants of Llama 2 use it.                                         |
    | three-groups-of-two    | =3     | With 3 groups and 6 heads, heads 1 and 2 share keys and values, as do 3 and 4, |
    |                        |        | and 5 and 6.                                                                   |
    | groups-are-keys        |        | There is a key and a value for each group of heads.                            |
    | fewer-key-computations |        | Sharing reduces the computation of keys and values.                            |
    | fewer-parameters       |        | It lowers the number of parameters.                                            |
    | less-to-store          |        | Fewer keys and values are stored in and read from the cache.                   |
    | performs-comparably    |        | Grouped-query attention performs comparably to multi-head attention.           |
    | mqa-of-all-heads       |        | With as many keys and values as heads, it is multi-query attention: one key    |
    |                        |        | for all.                                                                       |
    | mqa-of-one-group       |        | Where all heads share one group it is multi-query attention, and memory falls  |
    |                        |        | even more drastically.                                                         |
    | mqa-can-suffer         |        | With multi-query attention, quality can suffer.                                |
    | back-at-multi-head     |        | With as many groups as heads, it is multi-head attention again.                |
    | cache-formula          |        | The cache is batch · length · (width / heads) · layers · 2 · bytes · heads     |
    |                        |        | with keys.                                                                     |
    """,
    uncheckable={
        "mqa-of-one-group": "it is a definition, by which fewer keys are kept",
        "back-at-multi-head": "it is a definition: each head has a key of its own",
    },
    version=dict.fromkeys(("mqa-of-one-group", "mqa-can-suffer", "back-at-multi-head"), SINCE_NOVEMBER),
    corrects={"mqa-of-one-group": "mqa-of-all-heads"},
)


@PART_1.claim(
    note="Read as: more than half of the models that were published in the two years before, of those that this suite "
    "has a card of."
)
def test_gqa_is_the_standard(cards, measure):
    kinds = list(cards.kinds("2023-10", "2025-10").values())
    assert measure(Fraction(kinds.count("GQA"), len(kinds)), f"of {len(kinds)} models") > Fraction(1, 2)


@PART_1.claim(
    model="llama-2-70b",
    note="Read as: of the sizes that were released, the largest has fewer keys than queries and the middle one not.",
)
def test_larger_llama_2_uses_it(llama, llama_70b, measure):
    large, middle = (
        measure(
            Fraction(of.formula.shape.num_heads, of.formula.shape.num_key_value_heads), "queries to a key", of=of.name
        )
        for of in (llama_70b, llama)
    )
    assert large > middle == 1


@PART_1.claim(also_prints=("6", "1", "2", "4", "5"))
def test_three_groups_of_two(stated, measure):
    import torch
    from transformers.models.llama.modeling_llama import repeat_kv

    keys = torch.arange(3).view(1, 3, 1, 1)
    of_heads = repeat_kv(keys, 2).flatten().tolist()
    assert measure(len(set(of_heads)), "keys") == stated
    assert of_heads[0::2] == of_heads[1::2]


GROUPS = (
    "Read as: there are no more keys than groups, as in the figure of the note, where 3 groups of 6 heads have 3 keys."
)


@PART_1.of("groups-are-keys", source="the script that runs the model", note=GROUPS)
def test_groups_are_keys_in_the_script(gpts, measure):
    gpt = gpts["GQA"]
    keys = measure(Fraction(gpt.key_width * gpt.of["heads"], gpt.of["width"]), "keys")
    assert keys <= measure(gpt.of["groups"], "groups")


@PART_1.of(
    "groups-are-keys",
    source="the script that estimates memory",
    note=GROUPS,
    refuted="there the same option is the number of heads that share a key",
    words="n_kv_groups : 4 … GQA n_kv_heads : 8",
    reply="That the option of this script is the size of a group: but it is printed as a number of groups, beside keys "
    "of another number, and in the other script the option of that name is theirs.",
)
def test_groups_are_keys_in_the_estimate(gqa_estimate, runs, measure):
    printed = runs["estimate"]
    share = printed["GQA total KV cache"] / printed["MHA total KV cache"]
    also = {"totals as printed": round(gqa_estimate.heads * share)}
    keys = measure(gqa_estimate.key_value_heads, "keys", also=also)
    assert keys <= measure(gqa_estimate.groups, "groups")


@PART_1.claim(note="Read as: features of keys and values that are made of a token.")
def test_fewer_key_computations(gpts, measure):
    shared, own = (measure(2 * gpts[kind].key_width, "keys and values", of=kind) for kind in ("GQA", "MHA"))
    assert shared < own


@PART_1.claim
def test_fewer_parameters(gpts, measure):
    shared, own = (measure(gpts[kind].total, "parameters", of=kind, also=gpts[kind].formula) for kind in ("GQA", "MHA"))
    assert shared < own


def kept(estimate: Any, keys: int, measure: Any, of: str = "") -> Any:
    """Measure the cache of an estimate with so many heads that have a key of their own."""
    return measure(estimate.library(keys), "bytes", of=of or f"{keys} keys", also=estimate.formula(keys))


@PART_1.claim
def test_less_to_store(gqa_estimate, measure):
    shared, own = (kept(gqa_estimate, keys, measure) for keys in (gqa_estimate.key_value_heads, gqa_estimate.heads))
    assert shared < own


COMPARABLE = (
    "Read as: no more than a point lower on the mean of the benchmarks: scores that differ in the first decimal are "
    "comparable to a reader, those that differ by some points are not, and a point lies between."
)


@PART_1.claim(
    note=COMPARABLE + " Of the paper on grouped queries, which it names. That it was worse in the DeepSeek-V2 paper "
    "is said in the next note."
)
def test_performs_comparably(gqa_paper, measure):
    own, shared = (measure(mean(gqa_paper[kind].values()), "points", of=f"mean of {kind}") for kind in ("MHA", "GQA"))
    assert own - shared <= 1


@PART_1.claim(
    version="of October 2025, at 080ab9d5",
    link=FIRST_GQA,
    refuted="then each head has its own, which is multi-head attention; with one for all it is multi-query attention",
    words="key-value heads equal to the number of heads (this special case is known as multi-query attention)",
    reply="That it was a slip, corrected a month later: the later text has one group for all heads.",
)
def test_mqa_of_all_heads(gqa_estimate, measure):
    own = kept(gqa_estimate, gqa_estimate.heads, measure, of="as many keys as heads")
    assert own == kept(gqa_estimate, 1, measure, of="one key for all heads")


@PART_1.claim(
    note="Read as: in some published comparison, here the DeepSeek-V2 paper's, it is worse on the mean of benchmarks."
)
def test_mqa_can_suffer(deepseek_v2, measure):
    assert measure(deepseek_v2["7B"].lead("MHA", over=["MQA"]), "points", of="mean fall") > 0


@PART_1.claim(note="Held against the library's cache of Llama-2-70B, whose heads share keys.")
def test_cache_formula(llama_70b, measure):
    of = llama_70b.config
    keys = of["hidden_size"] // of["num_attention_heads"] * of["num_key_value_heads"]
    assert (
        measure(llama_70b.counted.kv_cache_bytes(1, 2).attention, "bytes a token")
        == 2 * 2 * of["num_hidden_layers"] * keys
    )


@PART_1.each()
def test_uncheckable(claim):
    """Nobody can check it."""


@table(
    """
    | line                 | printed |
    |----------------------|---------|
    | dtype                | 2       |
    | head_dim             | 128     |
    | GQA n_kv_heads       | 8       |
    | MHA total KV cache   | 17.18   |
    | GQA total KV cache   | 4.29    |
    | Ratio (MHA / GQA)    | 4.00    |
    | Savings (GQA vs MHA) | 75.00%  |
    """,
    id="gqa",
    name="memory estimate for GQA",
)
def test_gqa_estimate(cell, gqa_estimate, stated, measure):
    """{row}: {stated}."""
    value, unit, also = gqa_estimate.line(cell.row)
    assert measure(value, unit, also=also) == stated


@pytest.mark.claim("llama-3-gemma-3-qwen3")
def test_llama_3_gemma_3_qwen3(cards, measure):
    """Llama 3, Gemma 3 and Qwen3 use grouped-query attention."""
    heads = {name: cards.heads(name) for name in ("Llama-3.1-8B", "Gemma-3-4B, text", "Qwen3-8B")}
    shared = [measure(Fraction(queries, keys), "queries to a key", of=name) for name, (queries, keys) in heads.items()]
    assert min(shared) > 1


@table(
    """
    | run       | seconds |
    |-----------|---------|
    | MHA       | 453.81  |
    | GQA       | 516.33  |
    """,
    id="seconds",
    name="runs",
    uncheckable=UNTIMED,
)
def test_seconds(cell, stated, measure):
    """The run with {row} takes {stated} seconds."""


@table(
    """
    | run | rate |
    |-----|------|
    | MHA | 72   |
    | GQA | 63   |
    """,
    id="rate",
    name="runs",
    note="Read as: all tokens of the text, the start included, in the seconds that are printed.",
)
def test_rate(cell, gpts, runs, stated, measure):
    """The run with {row} makes {stated} tokens a second."""
    assert measure(gpts[cell.row].tokens / runs[cell.row]["seconds"], "tokens a second") == stated


PEAK: dict[str, Any] = {
    "loosely": "in units of 2³⁰ bytes, in which the script prints it",
    "note": "Read as: a peak is no lower than what is there at once at the end: weights, cache, and keys and values "
    "of all heads that a layer makes of it. A GB is 10⁹ bytes, as in the estimate above; weaker: 2³⁰ bytes.",
}

PART_2 = Listed(
    """
    | claim                 | stated | says                                                                          |
    |-----------------------|--------|-------------------------------------------------------------------------------|
    | peak-of-mha           | 1.54   | The run with MHA takes 1.54 GB at its peak.                                   |
    | peak-of-gqa           | 0.63   | The run with GQA takes 0.63 GB at its peak.                                   |
    | saving-is-smaller     |        | The saving of the run is not as big as that of the cache alone.               |
    | smaller-configuration |        | One reason is that the configuration is smaller.                              |
    | networks-take-most    |        | The more important reason is that the fully connected layers take most of the |
    |                       |        | memory.                                                                       |
    """,
)


LINEAR = ("ffn", "attention", "head")


def least(gpt: Any, measure: Any, reading: str) -> Any:
    """Measure what the peak of a run holds at once, at least."""
    unit = {"literal": 10**9, "loose": GIB}[reading]
    return measure(Fraction(gpt.least, unit), "GB", of="held at the end", also=Fraction(gpt.least_by_formula, unit))


def share_of_linear(gpt: Any, measure: Any, reading: str) -> Any:
    """Measure which share of these the feed-forward networks take, or all linear layers of the weights alone."""
    if reading == "other":
        linear = sum(gpt.weights[part] for part in LINEAR)
        also = Fraction(sum(gpt.weights_by_formula[part] for part in LINEAR), gpt.formula)
        return measure(Fraction(linear, gpt.total), "of the weights", of=" and ".join(LINEAR), also=also)
    share, also = gpt.share_of("ffn")
    return measure(share, "of what is held", of="ffn", also=also)


@PART_2.claim(**PEAK)
def test_peak_of_mha(gpts, reading, stated, measure):
    assert least(gpts["MHA"], measure, reading) <= stated


@PART_2.claim(**PEAK)
def test_peak_of_gqa(gpts, reading, stated, measure):
    assert least(gpts["GQA"], measure, reading) <= stated


@PART_2.claim(note="Read as: the ratio of the peaks is below that of the caches.")
def test_saving_is_smaller(gpts, runs, measure):
    peaks = measure(runs["MHA"]["peak"] / runs["GQA"]["peak"], "times", of="peaks")
    assert peaks < measure(Fraction(gpts["MHA"].cache, gpts["GQA"].cache), "times", of="caches")


@PART_2.claim(note="Read as: fewer bytes of cache are saved, for there are fewer.")
def test_smaller_configuration(gpts, gqa_estimate, measure):
    of = gqa_estimate
    estimate = measure(of.library(of.heads) - of.library(of.key_value_heads), "bytes", of="saved in the estimate")
    assert measure(gpts["MHA"].cache - gpts["GQA"].cache, "bytes", of="saved in the run") < estimate


MOST_MEMORY = {
    "words": "the fully-connected layers in the model take up most of the memory",
    "disputed": "linear layers, attention's and the head among them, are most of the model's weights; of all that is "
    "held at the peak, which the sentence explains, even they are less than half",
}


@PART_2.claim(
    note=f"{NETWORKS} Of the two runs, the one with the smaller cache, where they weigh more.",
    **MOST_MEMORY,
)
def test_networks_take_most(gpts, reading, measure):
    assert share_of_linear(gpts["GQA"], measure, reading) > Fraction(1, 2)
