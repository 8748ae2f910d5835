"""README, sections 1 to 3: introduction, summary, downloads."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Entry, Listed, each, table, uncheckable
from claims.deepseek_v3.names import (
    ACTIVE,
    CLOSED,
    COUNTED,
    ON_THE_MEAN,
    OPEN,
    OTHER_BASE,
    V3,
    V3_BASE,
    WITHOUT_EMBEDDING,
)

pytestmark = pytest.mark.cheap


@pytest.mark.claim("total", stated="671B")
def test_total(v3, stated, measure):
    """DeepSeek-V3 has 671 billion parameters in total."""
    assert measure(v3.model.total, "parameters", also=v3.formula.total) == stated


@pytest.mark.claim("active", stated="37B", loosely=WITHOUT_EMBEDDING, note=ACTIVE)
def test_active(v3, reading, stated, measure):
    """37 billion of them are activated for each token."""
    active, also = v3.active(COUNTED[reading])
    assert measure(active, "parameters", also=also) == stated


@pytest.mark.claim(
    "latent-attention-and-moe",
    note="Read as: its cache keeps less than the keys and values of its key-value heads; it has shared experts, and "
    "each of its experts is narrower than the network of a dense layer.",
)
def test_latent_attention_and_moe(v3, measure):
    """It adopts multi-head latent attention and DeepSeekMoE."""
    kept = measure(v3.cached, "numbers kept per token", also=v3.cached_by_other_routes)
    shared = measure(v3.model.shared_experts, "parameters of shared experts", also=v3.formula.shared_experts)
    width = measure(v3.formula.shape.moe_intermediate_size, "features", of="an expert's width")
    of_all_heads = v3.formula.kv_cache_bytes(1, 1, latent=False).total
    assert kept < of_all_heads and shared > 0 and width < v3.formula.shape.intermediate_size


@pytest.mark.claim(
    "outperforms-open-models",
    note=ON_THE_MEAN.format("each open model of the chat models' table") + " In print two are ahead of it on one row "
    "each, Llama on MMLU and Qwen on CLUEWSC. They are two of DeepSeek's own, Qwen2.5 and Llama 3.1.",
)
def test_outperforms_open_models(tables, measure):
    """It outperforms other open-source models."""
    printed = min(lead for other in OPEN for lead in tables.chat.leads(V3, over=other).values())
    measure(printed, "points", of="narrowest printed lead")
    assert measure(tables.chat.lead(V3, over=OPEN), "points", of="narrowest mean lead") > 0


@each(
    "other",
    [
        Entry(
            other,
            f"comparable-to-{name}",
            {
                "says": f"Its performance is comparable to that of {other}, a leading closed model.",
                "note": "The report names it. " + ON_THE_MEAN.format("it"),
            },
        )
        for other, name in zip(CLOSED, ("claude-3-5-sonnet", "gpt-4o"), strict=True)
    ],
)
def test_comparable_to_closed_models(other, tables, measure):
    """Its performance is comparable to that of leading closed models."""
    assert measure(tables.chat.lead(V3, over=[other]), "points", of="mean lead") > 0


COSTS = Listed(
    """
    | claim              | stated | says                                                                      |
    |--------------------|--------|---------------------------------------------------------------------------|
    | trillion-tokens    | 14.8T  | It is pre-trained on 14.8 trillion tokens.                                |
    | gpu-hours          | 2.788M | Its full training took 2.788 million hours of H800.                       |
    | pre-training-hours | 2.664M | Pre-training on 14.8 trillion tokens took 2.664 million hours.            |
    | later-stages-hours | 0.1M   | The stages after pre-training took only 0.1 million hours.                |
    """,
    note={
        "trillion-tokens": "Held against the report: the hours of pre-training over those of a trillion tokens.",
        "gpu-hours": "Held against the stages of the report's Table 1, and its dollars at the price of an hour.",
        "pre-training-hours": "Held against the report: 180 thousand hours a trillion tokens, 14.8 times.",
    },
)


@COSTS.each()
def test_costs(claim, costs, stated, measure):
    hours, price = costs.hours, costs.an_hour["dollars"]
    first, *later = hours
    value, unit, also = {
        "trillion-tokens": (10**12 * Fraction(hours[first], costs.run["hours_per_trillion"]), "tokens", {}),
        "gpu-hours": (sum(hours.values()), "hours", {"dollars": sum(costs.dollars.values()) // price}),
        "pre-training-hours": (costs.pre_training, "hours", {"dollars": costs.dollars[first] // price}),
        "later-stages-hours": (sum(hours.values()) - hours[first], "hours", {"stages": sum(map(hours.get, later))}),
    }[claim]
    assert measure(value, unit, also=also) == stated


@pytest.mark.claim(
    "strongest-open-base-model",
    note="Read as: it has the best score, or is on the level of it by the README's rule, on more benchmarks of the "
    "base models' table than any other of its models, which are all open. Of the benchmarks in per cent.",
)
def test_strongest_open_base_model(tables, measure):
    """Its base model is the strongest open-source one."""
    levels = [tables.level("base", name) for name in tables.base_in_percent]
    own, *others = (
        measure(sum(model in level for level in levels), f"of {len(levels)} benchmarks on the best level", of=model)
        for model in (V3_BASE, *OTHER_BASE)
    )
    assert own > max(others)


@table(
    """
    | Model            | #Total Params |
    | DeepSeek-V3-Base | 671B          |
    | DeepSeek-V3      | 671B          |
    """,
    id="downloads-total",
    name="Model downloads",
)
def test_downloads_total(cell, v3, stated, measure):
    """{row} has {stated} parameters in total."""
    assert measure(v3.model.total, "parameters", of=cell.row, also=v3.formula.total) == stated


@table(
    """
    | Model            | #Activated Params |
    | DeepSeek-V3-Base | 37B               |
    | DeepSeek-V3      | 37B               |
    """,
    id="downloads-active",
    name="Model downloads",
    loosely=WITHOUT_EMBEDDING,
    note=ACTIVE,
)
def test_downloads_active(cell, v3, reading, stated, measure):
    """{row} has {stated} activated parameters."""
    active, also = v3.active(COUNTED[reading])
    assert measure(active, "parameters", of=cell.row, also=also) == stated


@pytest.mark.claim(
    "context",
    stated="128",
    loosely="the configuration has positions for more: 160 times 1,024",
    also_prints=("128K",),
    note="In units of 1,024 tokens. Read as: as many positions as the configuration has; weaker: no more than it has.",
)
def test_context(v3, reading, stated, measure):
    """Its context length is 128K."""
    positions = measure(v3.model.config["max_position_embeddings"] // 1024, "times 1,024 positions")
    assert {"literal": stated == positions, "loose": stated <= positions}[reading]


@pytest.mark.claim(
    "hub-total",
    stated="685B",
    note="Read as: all numbers that the checkpoint stores, scales of its FP8 blocks included, as the hub counts. "
    "Without the scales the weights are 684 billion to the nearest.",
)
def test_hub_total(weights, stated, measure):
    """The models on the hub have a total size of 685 billion."""
    weights_alone = weights.model.total + weights.module + weights.copies
    measure(weights_alone, "parameters", of="without scales and balancing biases")
    also = {"counted": weights_alone + weights.scales + weights.balancing_biases}
    assert measure(weights.stored, "numbers stored", also=also) == stated


@pytest.mark.claim(
    "hub-prediction",
    stated="14B",
    disputed="the size that the hub tells less the main model's parameters: all else that the file stores, with the "
    "scales of FP8 blocks",
    words="which includes 671B of the Main Model weights and 14B of the Multi-Token Prediction (MTP) Module weights",
    reply="685B less 671B is 14B; of these numbers 41 million are scales, nearly all of them of the main model.",
    note="Read as: the module's own parameters and its copies of embedding and head, which the checkpoint stores.",
)
def test_hub_prediction(weights, reading, stated, measure):
    """Of them, 14 billion are of the multi-token prediction module."""
    also = {name: size + weights.copies for name, size in weights.module_by_other_routes.items()}
    module = measure(weights.module + weights.copies, "parameters", of="module", also=also)
    assert stated == {"literal": module, "other": module + weights.scales + weights.balancing_biases}[reading]


@pytest.mark.claim(
    "prediction-helps",
    link="https://arxiv.org/abs/2412.19437v1",
    note="Held against the report's Table 4, two models trained with and without it, and the same data. Read as: at "
    "both sizes the mean of its benchmarks in per cent is higher with it.",
)
def test_prediction_helps(report, measure):
    """An objective of multi-token prediction makes the model perform better."""
    for size in ("small", "large"):
        lead = report["table_4"].lead(f"{size} with prediction", over=[size])
        assert measure(lead, "points", of=f"{size} model") > 0


@uncheckable(
    ("thoroughly-validated", "Both architectures were thoroughly validated in DeepSeek-V2.",
     "how much is thorough is not said"),
    ("pioneers-balancing", "It pioneers a strategy of load balancing without an auxiliary loss.",
     "an absence of earlier work cannot be measured"),
    ("no-loss-spikes", "Training had no irrecoverable loss spike and no rollback.", "the run's log is not published"),
    ("fp8-first", "FP8 training was validated on an extremely large model for the first time.",
     "an absence of earlier work cannot be measured"),
    ("nearly-full-overlap", "Computation and communication overlap nearly in full.",
     "no measurement of the cluster is published"),
    ("distilled-from-r1", "Reasoning was distilled from a model of the R1 series, and improves it notably.",
     "neither the data nor a model without it is published"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the README says of how it was made, and nobody can check."""
