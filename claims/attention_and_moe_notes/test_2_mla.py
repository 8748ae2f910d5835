"""Multi-head latent attention: what it keeps, and what its runs took."""

from fractions import Fraction
from statistics import mean

import pytest

from claim_suite.fixtures.claim.table import Listed, table
from claims.attention_and_moe_notes.test_1_gqa import NETWORKS, PEAK, REPOSITORY, UNTIMED, least, share_of_linear

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
    refuted="a token at inference passes through the compression of queries as well: no weight of attention is idle",
    note="Read as: at inference, weights of the compression of queries do nothing for a token. What is saved by it are "
    "activations, in training; it is there all the same.",
)
def test_queries_compressed_in_training_only(deepseek_v3, measure):
    of = deepseek_v3.config
    compression = of["hidden_size"] * of["q_lora_rank"] * of["num_hidden_layers"]
    idle = deepseek_v3.attention - deepseek_v3.counted.active_by_run["attention"]
    assert measure(idle, "parameters", of="of attention, idle") >= measure(compression, "parameters", of="compression")


@PART_1.claim(note="Read as: on every benchmark of the DeepSeek-V2 paper's table.")
def test_gqa_worse_than_mha(deepseek_v2, measure):
    rows = deepseek_v2["table_8"]
    assert max(measure(score - rows["MHA"][name], "points", of=name) for name, score in rows["GQA"].items()) < 0


@PART_1.claim(
    loosely="on the mean at both sizes; on one benchmark of the smaller model it is worse",
    note="Read as: on every benchmark at both sizes of the paper's table; weaker: on their mean at both.",
)
def test_mla_better_than_mha(deepseek_v2, reading, measure):
    lowest = []
    for size, rows in deepseek_v2["table_9"].items():
        leads = [score - rows["MHA"][name] for name, score in rows["MLA"].items()]
        lead = min(leads) if reading == "literal" else mean(leads)
        lowest.append(measure(lead, "points", of=f"{size} model, {reading} lead"))
    assert min(lowest) > 0


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
PRINTED = "the printed head width"
FORMULA = "the printed formula"
ESTIMATE = "memory estimate for MLA"
ROUNDED = (
    "The estimate gives each of 24 heads 86 features, two thirds of one more than their share of a width of 2,048; the "
    "formula printed above it does not. Neither the scripts beside it nor the library build such a model."
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
    source=PRINTED,
    note=dict.fromkeys(("MHA total KV cache", "Ratio (MHA / MLA)", "Savings (MLA vs MHA)"), ROUNDED),
)
def test_mla_estimate(cell, mla_estimate, stated, measure):
    """{row}: {stated}."""
    value, unit, also = mla_estimate.line(cell.row)
    assert measure(value, unit, also=also) == stated


@table(
    """
    | line                 | printed |
    |----------------------|---------|
    | MHA total KV cache   | 3.25    |
    | Ratio (MHA / MLA)    | 4.03    |
    | Savings (MLA vs MHA) | 75.19%  |
    """,
    id="mla",
    name=ESTIMATE,
    source=FORMULA,
    note=ROUNDED,
    refuted="the printed formula takes the width as it is, and comes to less",
)
def test_mla_estimate_by_the_formula(cell, mla_estimate, stated, measure):
    """{row}: {stated}."""
    of = mla_estimate
    own, latent = of.formula(of.heads, Fraction(of.width, of.heads)), of.latent_formula
    value, unit = {
        "MHA total KV cache": (own / 10**9, "GB"),
        "Ratio (MHA / MLA)": (own / latent, "times"),
        "Savings (MLA vs MHA)": (1 - latent / own, "of the cache"),
    }[cell.row]
    assert measure(value, unit) == stated


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
)
def test_too_many_groups_in_the_script(gpts, measure):
    of = gpts["GQA"]
    groups, more = of.keys([of.of["groups"], 2 * of.of["groups"]])
    assert measure(more, "keys", of="twice the groups") < measure(groups, "keys", of="groups")


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


@PART_2.claim(refuted="all linear layers together take less than half of it", note=NETWORKS)
def test_networks_take_most_here(gpts, reading, measure):
    assert share_of_linear(gpts["MLA"], measure, reading) > Fraction(1, 2)


@PART_2.each()
def test_uncheckable_2(claim):
    """Nobody can check it."""
