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
    "and values that a layer makes of it; weaker: with all other linear layers, the head among them."
)
UNTIMED = "the device and the versions of the libraries are not named"

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
    uncheckable={"gqa-is-the-standard": "of which models it would be the standard is not said"},
)


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
)
def test_groups_are_keys_in_the_estimate(gqa_estimate, measure):
    assert measure(gqa_estimate.key_value_heads, "keys") <= measure(gqa_estimate.groups, "groups")


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


def fall(rows: Any, kind: str, measure: Any) -> Any:
    """Measure by how much the mean score of a kind of attention is lower than that of MHA."""
    return measure(mean(rows["MHA"].values()) - mean(rows[kind].values()), "points", of="mean fall")


@PART_1.of("performs-comparably", source="the paper on grouped queries", note=COMPARABLE)
def test_performs_comparably_in_its_paper(gqa_paper, measure):
    behind = mean(gqa_paper["MHA"].values()) - mean(gqa_paper["GQA"].values())
    assert measure(behind, "points", of="mean fall") <= 1


@PART_1.of(
    "performs-comparably",
    source="the paper on DeepSeek-V2",
    note=COMPARABLE,
    refuted="in the comparison that the next note shows it falls by some points",
)
def test_performs_comparably_in_deepseek_v2(deepseek_v2, measure):
    assert fall(deepseek_v2["table_8"], "GQA", measure) <= 1


@PART_1.claim(
    version="of October 2025, at 080ab9d5",
    link=FIRST_GQA,
    refuted="then each head has its own, which is multi-head attention; with one for all it is multi-query attention",
)
def test_mqa_of_all_heads(gqa_estimate, measure):
    own = kept(gqa_estimate, gqa_estimate.heads, measure, of="as many keys as heads")
    assert own == kept(gqa_estimate, 1, measure, of="one key for all heads")


@PART_1.claim(
    version="since November 2025, at 28a8408d",
    corrects="mqa-of-all-heads",
    note="Read as: the cache is smaller with one group than with several, and with those than without groups.",
)
def test_mqa_of_one_group(gqa_estimate, measure):
    numbers = (1, gqa_estimate.key_value_heads, gqa_estimate.heads)
    one, groups, own = (kept(gqa_estimate, keys, measure) for keys in numbers)
    assert one < groups < own


@PART_1.claim(
    version="since November 2025, at 28a8408d",
    note="Read as: in some published comparison, here the DeepSeek-V2 paper's, it is not comparable: more than a point "
    "lower on the mean of the benchmarks.",
)
def test_mqa_can_suffer(deepseek_v2, measure):
    assert fall(deepseek_v2["table_8"], "MQA", measure) > 1


@PART_1.claim(
    version="since November 2025, at 28a8408d",
    note="Read as: the cache is that of keys and values as wide as the model, which multi-head attention has.",
)
def test_back_at_multi_head(gqa_estimate, measure):
    of = gqa_estimate
    own = of.batch * of.context * of.layers * 2 * of.bytes * of.width
    assert kept(of, of.heads, measure, of="as many keys as heads") == own


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
def test_llama_3_gemma_3_qwen3(heads, measure):
    """Llama 3, Gemma 3 and Qwen3 use grouped-query attention."""
    shared = [Fraction(of["queries"], of["keys"]) for of in heads.values.values()]
    assert min(measure(each, "queries to a key", of=name) for each, name in zip(shared, heads.values, strict=True)) > 1


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


def least(gpt: Any, measure: Any, reading: str) -> Any:
    """Measure what the peak of a run holds at once, at least."""
    unit = {"literal": 10**9, "loose": GIB}[reading]
    return measure(Fraction(gpt.least, unit), "GB", of="held at the end", also=Fraction(gpt.least_by_formula, unit))


def share_of_linear(gpt: Any, measure: Any, reading: str) -> Any:
    """Measure which share of these the feed-forward networks take, or all linear layers."""
    parts = {"literal": ("ffn",), "loose": ("ffn", "attention", "head")}[reading]
    share = Fraction(gpt.linear(*parts), gpt.least)
    return measure(share, "of what is held", of=" and ".join(parts))


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


@PART_2.claim(
    refuted="even all linear layers together take less than half of it",
    note=f"{NETWORKS} Of the two runs, the one with the smaller cache, where they weigh more.",
)
def test_networks_take_most(gpts, reading, measure):
    assert share_of_linear(gpts["GQA"], measure, reading) > Fraction(1, 2)
