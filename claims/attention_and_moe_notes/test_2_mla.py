"""Multi-head latent attention: what it keeps, and what its runs took."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.attention_and_moe_notes.test_1_gqa import (
    MOST_MEMORY,
    NETWORKS,
    PEAK,
    REPOSITORY,
    UNTIMED,
    least,
    share_of_linear,
)

pytestmark = pytest.mark.cheap

FIRST_MLA = f"{REPOSITORY}/6eb6adfa33cb9be67b025692dbd539533b9ddeae/ch04/05_mla/README.md"

PART_1 = Listed(
    """
    | claim                               | stated | says                                                              |
    |-------------------------------------|--------|-------------------------------------------------------------------|
    | keys-compressed                     |        | It compresses keys and values before they are stored.             |
    | queries-compressed-in-training-only |        | Queries are compressed too, but only in training, not at          |
    |                                     |        | inference.                                                        |
    | v2-introduced-it                    |        | DeepSeek-V2 introduced latent attention.                          |
    | gqa-worse-than-mha                  |        | In the DeepSeek-V2 paper, grouped-query attention does worse than |
    |                                     |        | multi-head attention.                                             |
    | mla-better-than-mha                 |        | In the DeepSeek-V2 paper, latent attention does better than       |
    |                                     |        | multi-head attention.                                             |
    | latent-formula                      |        | The cache is batch · length · layers · latent width · bytes.      |
    | mha-formula                         |        | With multi-head attention it is batch · length · layers · width · |
    |                                     |        | 2 · bytes.                                                        |
    """,
    uncheckable={"v2-introduced-it": "that nobody had it before is an absence at a date"},
)


@PART_1.claim(note="Of DeepSeek-V3.")
def test_keys_compressed(deepseek_v3, latent_kept, measure):
    of = deepseek_v3.formula.shape
    kept = measure(latent_kept, "bytes a token", also=deepseek_v3.formula.kv_cache_bytes_per_token.total)
    whole = 2 * of.num_layers * of.num_heads * (of.qk_head_dim + of.v_head_dim)
    assert kept < measure(whole, "bytes a token", of="keys and values of all heads")


@PART_1.claim(
    refuted="a token at inference passes through the compression of queries as well: no weight of it is idle",
    words="(As a side note, the queries are also compressed, but only during training, not inference.)",
    reply="That it is to save activations, in training, as the paper says: that it does, and at inference queries are "
    "compressed all the same.",
    note="Read as: at inference no weight of the compression of queries works on a token.",
)
def test_queries_compressed_in_training_only(deepseek_v3, measure):
    of, heads = deepseek_v3.config, deepseek_v3.config["num_attention_heads"]
    key, value, rotary = (of[name] for name in ("qk_nope_head_dim", "v_head_dim", "qk_rope_head_dim"))
    queries = of["q_lora_rank"] * heads * (key + rotary)
    keys_and_values = of["hidden_size"] * (of["kv_lora_rank"] + rotary) + of["kv_lora_rank"] * heads * (key + value)
    others = of["num_hidden_layers"] * (queries + keys_and_values + heads * value * of["hidden_size"])
    idle = deepseek_v3.attention - deepseek_v3.counted.active_by_run["attention"]
    also = {"weights that a token meets": of["hidden_size"] * of["q_lora_rank"] * of["num_hidden_layers"] - idle}
    at_work = deepseek_v3.flops(1).projections / 2 - others
    assert measure(at_work, "parameters of the compression at work", also=also) == 0


@PART_1.claim(note="Read as: on the mean of the benchmarks of the DeepSeek-V2 paper's table.")
def test_gqa_worse_than_mha(deepseek_v2, measure):
    assert measure(deepseek_v2["7B"].lead("MHA", over=["GQA"]), "points", of="mean fall") > 0


@PART_1.claim(note="Read as: on the mean of the benchmarks, at both sizes of the paper's table.")
def test_mla_better_than_mha(deepseek_v2, measure):
    for size in ("small", "large"):
        assert measure(deepseek_v2[size].lead("MLA", over=["MHA"]), "points", of=f"{size} model") > 0


@PART_1.claim(
    loosely="of the latent alone: DeepSeek's models keep a rotary key beside it, which the formula leaves out",
    note="Read as: what DeepSeek-V3 keeps of a token, to within a tenth, for the sign in the formula is that of "
    "'about'; weaker: without its rotary key.",
)
def test_latent_formula(deepseek_v3, latent_kept, reading, measure):
    of = deepseek_v3.formula.shape
    by_formula = measure(2 * of.num_layers * of.kv_lora_rank, "bytes a token", of="formula")
    kept = measure(latent_kept, "bytes a token", also=deepseek_v3.formula.kv_cache_bytes_per_token.total)
    left_out = {"literal": 0, "loose": 2 * of.num_layers * of.qk_rope_head_dim}[reading]
    assert abs(Fraction(by_formula, kept - left_out) - 1) <= Fraction(1, 10)


@PART_1.claim(note="Held against the library's cache of Llama-2-13B.")
def test_mha_formula(llama, measure):
    of = llama.config
    also = {"grouped-query formula": llama.formula.kv_cache_bytes_per_token.total}
    assert measure(llama.counted.kv_cache_bytes(1, 2).attention, "bytes a token", also=also) == (
        of["num_hidden_layers"] * of["hidden_size"] * 2 * 2
    )


@PART_1.each()
def test_uncheckable(claim):
    """Nobody can check it."""


FEWER_KEYS = "Read as: more groups leave fewer keys, which is what can hurt."
ESTIMATE = "memory estimate for MLA"
ROUNDED = (
    "By the head width that it prints. The formula above it, which says 'about', takes the width as it is and comes to "
    "a hundredth less: the estimate gives each of 24 heads 86 features, two thirds of one more than their share."
)


@table(
    """
    | line                 | printed |
    |----------------------|---------|
    | dtype                | 2       |
    | head_dim             | 86      |
    | GQA n_kv_heads       | 6       |
    | MHA total KV cache   | 3.25    |
    | GQA total KV cache   | 0.81    |
    | MLA total KV cache   | 0.81    |
    | Ratio (MHA / GQA)    | 4.00    |
    | Savings (GQA vs MHA) | 75.00%  |
    | Ratio (MHA / MLA)    | 4.03    |
    | Savings (MLA vs MHA) | 75.19%  |
    """,
    id="mla",
    name=ESTIMATE,
    note=dict.fromkeys(("MHA total KV cache", "Ratio (MHA / MLA)", "Savings (MLA vs MHA)"), ROUNDED),
)
def test_mla_estimate(cell, mla_estimate, stated, measure):
    """{row}: {stated}."""
    value, unit, also = mla_estimate.line(cell.row)
    assert measure(value, unit, also=also) == stated


PART_2 = Listed(
    """
    | claim                   | stated | says                                                                         |
    |-------------------------|--------|------------------------------------------------------------------------------|
    | saving-like-gqa         |        | With a latent of half the model's width, the saving is similar to that of    |
    |                         |        | grouped queries.                                                             |
    | small-latents-hurt      |        | Too small a latent can hurt quality.                                         |
    | too-many-groups         |        | As too small a latent, too many groups can hurt quality.                     |
    | none-has-both           |        | No prominent model has latent attention and grouped queries at once.         |
    | four-times-compressed   | 4      | A latent of 192 features for a width of 768 compresses 4 times.              |
    | eight-times-compressed  | 8      | A latent of 192 features for a width of 768 compresses 8 times: (768 x 2) /  |
    |                         |        | 192.                                                                         |
    | seconds-mla             | 487.21 | The run with MLA takes 487.21 seconds.                                       |
    | rate-mla                | 67     | The run with MLA makes 67 tokens a second.                                   |
    | peak-of-mla             | 0.68   | The run with MLA takes 0.68 GB at its peak.                                  |
    | networks-take-most-here |        | The saving is smaller as the fully connected layers take most of the memory. |
    """,
    uncheckable={
        "small-latents-hurt": "no model with a smaller latent is shown to be worse",
        "none-has-both": "it says what its author knew of, and where he looked is not said",
        "seconds-mla": UNTIMED,
    },
    table={"seconds-mla": "runs"},
    row={"seconds-mla": "MLA"},
    column={"seconds-mla": "seconds"},
)


@PART_2.claim(note="Read as: the two savings are the same when they are rounded to per cents.")
def test_saving_like_gqa(mla_estimate, measure):
    of, own = mla_estimate, mla_estimate.formula(mla_estimate.heads)
    latent = measure(1 - of.latent_formula / own, "of the cache", of="saved by the latent")
    groups = measure(1 - of.formula(of.key_value_heads) / own, "of the cache", of="saved by groups")
    assert round(100 * latent) == round(100 * groups)


@PART_2.of("too-many-groups", source="the script that estimates memory", note=FEWER_KEYS)
def test_too_many_groups_in_the_estimate(mla_estimate, measure):
    few, many = mla_estimate.keys([mla_estimate.groups, 2 * mla_estimate.groups])
    assert measure(many, "keys", of="twice the groups") < measure(few, "keys", of="groups")


@PART_2.of(
    "too-many-groups",
    source="the script that runs the model",
    note=FEWER_KEYS,
    refuted="there a group is a key, so that more groups are more keys, up to those of multi-head attention",
    words="(similar to choosing too many n_kv_groups in GQA)",
    reply="That it stands below the estimate, where more groups are fewer keys: but the script that it says to run "
    "next has the same option the other way round.",
)
def test_too_many_groups_in_the_script(gpts, measure):
    of = gpts["GQA"]
    groups, more = of.keys([of.of["groups"], 2 * of.of["groups"]])
    also = {"width of the matrices": Fraction(of.key_width * of.of["heads"], of.of["width"])}
    assert measure(more, "keys", of="twice the groups") < measure(groups, "keys", of="groups", also=also)


@PART_2.claim(
    version="of October 2025, at 6eb6adfa",
    link=FIRST_MLA,
    loosely="it is the ratio of the widths; keys and values are two of them",
    note="Read as: the cache is four times smaller; weaker: the latent is four times narrower than the model.",
)
def test_four_times_compressed(gpts, reading, stated, measure):
    mla, mha = gpts["MLA"], gpts["MHA"]
    times = {"literal": Fraction(mha.cache, mla.cache), "loose": Fraction(mla.of["width"], mla.key_width)}
    assert measure(times[reading], "times") == stated


@PART_2.claim(
    also_prints=("768", "2", "192"), version="since October 2025, at 7fe4874d", corrects="four-times-compressed"
)
def test_eight_times_compressed(gpts, stated, measure):
    mla, mha = gpts["MLA"], gpts["MHA"]
    also = {"ratio of the widths, twice": Fraction(2 * mla.of["width"], mla.key_width)}
    assert measure(Fraction(mha.cache, mla.cache), "times", also=also) == stated


@PART_2.of(
    "rate-mla",
    table="runs",
    row="MLA",
    column="rate",
    note="Read as: all tokens of the text, the start included, in the seconds that are printed.",
)
def test_rate_of_mla(gpts, runs, stated, measure):
    assert measure(gpts["MLA"].tokens / runs["MLA"]["seconds"], "tokens a second") == stated


@PART_2.claim(**PEAK)
def test_peak_of_mla(gpts, reading, stated, measure):
    assert least(gpts["MLA"], measure, reading) <= stated


@PART_2.claim(note=NETWORKS, **MOST_MEMORY)
def test_networks_take_most_here(gpts, reading, measure):
    assert share_of_linear(gpts["MLA"], measure, reading) > Fraction(1, 2)


@PART_2.each()
def test_uncheckable_2(claim):
    """Nobody can check it."""
