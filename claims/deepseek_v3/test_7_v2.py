"""DeepSeek-V2: its size, its cache and its economy."""

from fractions import Fraction
from math import ceil

import pytest

from claim_suite.fixtures.claim.table import Entry, Listed, each, table, uncheckable
from claim_suite.fixtures.models.formula import BYTES_PER_NUMBER

pytestmark = pytest.mark.cheap

README = "https://github.com/deepseek-ai/DeepSeek-V2/blob/ec98ee3cbffc32104cd55dba8af884b3d772602a/README.md"
V2, DENSE = "DeepSeek-V2", "DeepSeek 67B"
PER_CENT = 100


CLAIMS = Listed(
    """
    | claim              | stated | says                                                           |
    |--------------------|--------|----------------------------------------------------------------|
    | v2-total           | 236B   | DeepSeek-V2 has 236 billion parameters in total.               |
    | v2-active          | 21B    | 21 billion of them are activated for each token.               |
    | v2-lite-total      | 16B    | DeepSeek-V2-Lite has 16 billion parameters in total.           |
    | latent-nine-halves | 9/2    | What latent attention keeps is 9/2 head widths a layer.        |
    | latent-four-heads  | 4      | Its latent is 4 head widths wide.                              |
    | rotary-half-a-head | 1/2    | Its rotary key is half a head wide.                            |
    | latent-groups      | 2.25   | Its cache equals that of grouped queries with only 2.25 groups. |
    """,
    model=dict.fromkeys(
        ("v2-total", "v2-active", "latent-nine-halves", "latent-four-heads", "rotary-half-a-head", "latent-groups"),
        "deepseek-v2",
    )
    | {"v2-lite-total": "deepseek-v2-lite"},
    link={"v2-lite-total": README},
    in_words=dict.fromkeys(("latent-nine-halves", "rotary-half-a-head"), True),
)


@CLAIMS.each("v2-total", "v2-active", "v2-lite-total")
def test_parameters(claim, v2, v2_lite, stated, measure):
    of = v2_lite if claim.startswith("v2-lite") else v2
    total, active = (of.model.total, {"formula": of.formula.total}), of.active("everything")
    value, also = {"total": total, "active": active}[claim.rpartition("-")[2]]
    assert measure(value, "parameters", also=also) == stated


@CLAIMS.each()
def test_latent_in_heads(claim, v2, stated, measure):
    of, attention = v2.model.config, v2.model.counted.component_map.layers[0].self_attn
    kept = measure(v2.cached, "numbers kept per token", also=v2.cached_by_other_routes)
    head, layers = of["v_head_dim"], of["num_hidden_layers"]
    latent, both = attention.kv_b_proj.weight.shape[1], attention.kv_a_proj_with_mqa.weight.shape[0]
    value, unit, also = {
        "latent-nine-halves": (Fraction(kept, layers * head), "head widths a layer", Fraction(both, head)),
        "latent-four-heads": (Fraction(of["kv_lora_rank"], head), "head widths", Fraction(latent, head)),
        "rotary-half-a-head": (Fraction(of["qk_rope_head_dim"], head), "head widths", Fraction(both - latent, head)),
        "latent-groups": (Fraction(kept, 2 * head * layers), "groups", Fraction(both, 2 * head)),
    }[claim]
    assert measure(value, unit, also={"widths of the matrices": also}) == stated


CONTEXT = "In units of 1,024 tokens. Read as: as many positions as the configuration has; weaker: no more than it has."
MORE = "the configuration has positions for more: 160 times 1,024"


@each(
    "model",
    [
        Entry("v2", "v2-context", {"stated": "128", "model": "deepseek-v2", "loosely": MORE,
            "note": CONTEXT, "also_prints": ("128K", "128k"),
            "says": "DeepSeek-V2 supports a context of 128K tokens."}),
        Entry("v2_lite", "v2-lite-context", {"stated": "32", "model": "deepseek-v2-lite", "link": README,
            "loosely": MORE, "note": CONTEXT, "also_prints": ("32k",),
            "says": "DeepSeek-V2-Lite has a context of 32K tokens."}),
    ],
)  # fmt: skip
def test_context(model, v2, v2_lite, reading, stated, measure):
    """The models have contexts of 128K and 32K tokens."""
    config = {"v2": v2, "v2_lite": v2_lite}[model].model.config
    positions = measure(config["max_position_embeddings"] // 1024, "times 1,024 positions")
    assert {"literal": stated == positions, "loose": stated <= positions}[reading]


@pytest.mark.claim(
    "v2-lite-active",
    stated="2.4B",
    model="deepseek-v2-lite",
    link=README,
    loosely="without the input embedding and the routers; with them it is a hair over 2.45 billion",
    note="Read as: all parameters but the experts that do not work on a token; weaker: without the input embedding and "
    "the matrices of the routers.",
)
def test_v2_lite_active(v2_lite, reading, stated, measure):
    """2.4 billion of them are activated."""
    convention = {"literal": "everything", "loose": "without input embedding and router"}[reading]
    active, also = v2_lite.active(convention)
    assert measure(active, "parameters", of=convention, also=also) == stated


@pytest.mark.claim(
    "saves-training-cost",
    stated="42.5%",
    model="deepseek-v2",
    note="Held against the hours per trillion tokens of section 3.2.3 and the bars of Figure 1(b).",
)
def test_saves_training_cost(v2_paper, stated, measure):
    """Compared with DeepSeek 67B it saves 42.5 % of training costs."""
    by_bars = 1 - v2_paper.bar("training", V2) / v2_paper.bar("training", DENSE)
    measure(by_bars, "saved", of="by the bars")
    assert measure(1 - v2_paper.training[V2] / Fraction(v2_paper.training[DENSE]), "saved") == stated


@each(
    "model",
    [
        Entry(DENSE, "hours-of-67b", {"stated": "300.6K", "model": "deepseek-67b",
            "says": "A trillion tokens take DeepSeek 67B 300.6 thousand hours."}),
        Entry(V2, "hours-of-v2", {"stated": "172.8K", "model": "deepseek-v2",
            "says": "A trillion tokens take DeepSeek-V2 172.8 thousand hours."}),
    ],
)  # fmt: skip
def test_hours_per_trillion(model, v2_paper, stated, measure):
    """A trillion tokens take 300.6 and 172.8 thousand hours."""
    assert measure(1000 * v2_paper.bar("training", model), "hours", of="bar of Figure 1(b)") == stated


@pytest.mark.claim(
    "reduces-cache",
    stated="93.3%",
    model="deepseek-v2",
    loosely="only with its cache compressed to 6 bits a number and the other's at 16, as both were deployed",
    note="Read as Table 1 says: in numbers a token, whatever their precision; weaker: in bytes, as the bars of Figure "
    "1(b), with the 6 bits a number of section 3.2.3, and for the other the 16 that its bar comes to.",
)
def test_reduces_cache(v2, dense_67b, v2_paper, reading, stated, measure):
    """Compared with DeepSeek 67B it reduces the cache by 93.3 %."""
    latent = measure(v2.cached, "numbers kept per token", of=V2, also=v2.cached_by_other_routes)
    kept = dense_67b.counted.kv_cache_bytes(1, BYTES_PER_NUMBER).attention // BYTES_PER_NUMBER
    measure(
        kept,
        "numbers kept per token",
        of=DENSE,
        also=dense_67b.formula.kv_cache_bytes_per_token.total // BYTES_PER_NUMBER,
    )
    bits = {"literal": {V2: 1, DENSE: 1}, "loose": v2_paper.bits}[reading]
    assert measure(1 - Fraction(latent * bits[V2], kept * bits[DENSE]), "saved") == stated


@pytest.mark.claim(
    "cache-in-6-bits",
    stated="6",
    model="deepseek-v2",
    note="Held against the bar of Figure 1(b), in thousands of bytes, over the numbers that a token keeps.",
)
def test_cache_in_6_bits(v2, v2_paper, stated, measure):
    """Each number of its cache is compressed to 6 bits on average."""
    numbers = measure(v2.cached, "numbers kept per token", also=v2.cached_by_other_routes)
    assert measure(8000 * v2_paper.bar("cache", V2) / numbers, "bits a number") == stated


@pytest.mark.claim(
    "throughput",
    stated="5.76",
    model="deepseek-v2",
    also_prints=("576%",),
    note="Held against the bars of Figure 1(b), which says so, too. The services whose requests it stands on are not "
    "public: that the bars are what was measured cannot be checked.",
)
def test_throughput(v2_paper, stated, measure):
    """It boosts the maximum generation throughput to 5.76 times."""
    assert (
        measure(v2_paper.bar("throughput", V2) / v2_paper.bar("throughput", DENSE), "times", of="by the bars") == stated
    )


@pytest.mark.claim("over-50k-tokens", stated="50K", model="deepseek-v2", note="Held against Figure 1(b).")
def test_over_50k_tokens(v2_paper, stated, measure):
    """On one node of 8 H800 it generates more than 50 thousand tokens a second."""
    assert measure(v2_paper.bar("throughput", V2), "tokens a second", of="bar of Figure 1(b)") > stated


@each(
    "groups",
    [
        Entry(8, "cache-of-mha", {"says": "Multi-head attention keeps twice heads times width numbers a layer."}),
        Entry(2, "cache-of-gqa", {"says": "Grouped-query attention keeps twice groups times width numbers a layer."}),
        Entry(1, "cache-of-mqa", {"says": "Multi-query attention keeps twice the width numbers a layer."}),
    ],
)
def test_caches(groups, library, measure):
    """What other attention keeps of a token (Table 1)."""
    kept = measure(library.kept(groups, width=4, layers=3), "numbers kept per token", of="3 layers, heads of width 4")
    assert kept == 2 * groups * 4 * 3


@pytest.mark.claim(
    "cache-of-latent",
    model="deepseek-v2",
    note="Read as the formula of Table 1: latent and rotary key, for each layer.",
)
def test_cache_of_latent(v2, measure):
    """Latent attention keeps the latent's and the rotary key's widths of a token, in every layer."""
    of = v2.model.config
    kept = measure(v2.cached, "numbers kept per token", also=v2.cached_by_other_routes)
    assert kept == (of["kv_lora_rank"] + of["qk_rope_head_dim"]) * of["num_hidden_layers"]


@table(
    """
    | Benchmark (Metric) | Small MoE w/ MHA | Small MoE w/ MLA | Large MoE w/ MLA |
    | KV Cache per Token | 110.6K           | 15.6K            | 34.6K            |
    """,
    id="table-9",
    name="Table 9",
    model={
        "Small MoE w/ MHA": "small-moe-mha",
        "Small MoE w/ MLA": "small-moe-mla",
        "Large MoE w/ MLA": "large-moe-mla",
    },
    note="The models are of an ablation, and its caption calls those with latent attention DeepSeek-V2. Read as: the "
    "small ones have the layers, heads and widths of DeepSeek-V2-Lite, the large one those of DeepSeek-V2.",
)
def test_table_9(cell, v2, v2_lite, stated, measure):
    """The {column} keeps {stated} numbers of a token."""
    of = v2 if cell.column.startswith("Large") else v2_lite
    shape = of.formula.shape
    keys_and_values = 2 * shape.num_heads * shape.v_head_dim * shape.num_layers
    kept, also = (keys_and_values, {}) if "MHA" in cell.column else (of.cached, of.cached_by_other_routes)
    assert measure(kept, "numbers kept per token", also=also) == stated


@each(
    "size",
    [
        Entry("small", "cache-share-small", {"stated": "14%", "model": "small-moe-mla",
            "says": "Latent attention keeps 14 % of what multi-head attention keeps, in the small model."}),
        Entry("large", "cache-share-large", {"stated": "4%", "model": "large-moe-mla",
            "also_prints": ("860.2K",),
            "says": "Latent attention keeps 4 % of what multi-head attention keeps, in the large model."}),
    ],
)  # fmt: skip
def test_cache_shares(size, v2_paper, stated, measure):
    """Latent attention keeps 14 % and 4 % of what multi-head attention keeps."""
    row = v2_paper.table_9[size]
    assert measure(Fraction(row["MLA"], row["MHA"]), "of multi-head attention's cache") == stated


@pytest.mark.claim(
    "eight-gpus-for-bf16",
    stated="8",
    also_prints=("80GB",),
    model="deepseek-v2",
    link=README,
    loosely="the weights alone would fit on six; eight is the fewest that share 128 heads evenly",
    note="Read as: on fewer devices of 80 GB the weights do not fit; weaker: of the numbers that divide its heads "
    "evenly none smaller holds them.",
)
def test_eight_gpus_for_bf16(v2, v2_paper, reading, stated, measure):
    """In BF16 it needs 8 devices of 80 GB."""
    size = measure(BYTES_PER_NUMBER * v2.model.total, "bytes", also=BYTES_PER_NUMBER * v2.formula.total)
    least = ceil(Fraction(size, v2_paper.devices["gigabytes"] * 10**9))
    even = next(number for number in range(least, 999) if v2.formula.shape.num_heads % number == 0)
    assert measure({"literal": least, "loose": even}[reading], "devices") == stated


@uncheckable(
    ("v2-stronger-than-mha", "Its latent attention performs better than multi-head attention.",
     "the two models that differ in nothing else are not published"),
    ("v2-tokens", "DeepSeek-V2 was pre-trained on 8.1 trillion tokens.", "the data are not published", "8.1T"),
    ("prompt-throughput", "It takes in more than 100 thousand tokens of prompt a second.",
     "it is measured on requests of a service that are not public", "100K"),
    model="deepseek-v2",
)  # fmt: skip
def test_uncheckable(statement):
    """What the paper says, and nobody can check."""
