from __future__ import annotations

from pathlib import Path

from claim_suite.fixtures import origins
from claim_suite.fixtures.models.published import Asked, Model


def test_both_routes_answer_by_the_same_names() -> None:
    mixtral = Model("mixtral-8x7b-v0.1", checkpoint="Mixtral-8x7B-v0.1")
    for name in ("total", "attention", "experts", "router", "moe_block", "active", "active_experts", "expert_count"):
        assert getattr(mixtral, name) == getattr(mixtral.formula, name)
    assert mixtral.parameters == mixtral.formula.parameters
    assert mixtral.flops(100) == mixtral.formula.flops(100)
    assert mixtral.growth == mixtral.formula.growth
    assert mixtral.break_even == mixtral.formula.break_even
    assert (
        mixtral.kv_cache_bytes_per_token.total
        == mixtral.kv_cache_bytes_per_token.attention
        == mixtral.formula.kv_cache_bytes_per_token.total
        == 131_072
    )
    assert mixtral.total == mixtral.checkpoint_total == 46_702_792_704


def test_what_was_counted_is_explained_and_nothing_is_built_for_it() -> None:
    models = Asked(Model, Path())
    llama = models("llama-2-13b")
    assert (llama.explain(llama.formula.total, "parameters"), "counted" in vars(llama)) == ("", False)
    assert llama.explain(llama.total, "parameters") == (
        "attention 4,194,304,000 + mlp 8,493,465,600 + norms 414,720 + embeddings 163,840,000 + head 163,840,000"
        " = 13,015,864,320"
    )
    assert models.explain(llama.total, "parameters") == llama.explain(llama.total, "parameters")
    assert {llama.explain(value, unit) for value, unit in ((llama.total, "bytes"), (0.5, "parameters"))} == {""}


def test_a_picture_of_the_parameters_adds_up() -> None:
    llama = Model("llama-2-13b", "Llama-2-13B")
    (chart,) = llama.charts()
    assert (chart["kind"], chart["name"], sum(chart["parts"].values())) == ("parameters", "Llama-2-13B", llama.total)


def test_models_that_a_claim_asks_for_by_name_have_their_pictures() -> None:
    models = Asked(Model, Path())
    for name in ("mistral-7b-v0.1", "llama-2-13b", "mistral-7b-v0.1"):
        assert models(name).formula.total > 0
    assert models.charts() == models("mistral-7b-v0.1").charts() + models("llama-2-13b").charts()
    assert models.pictures == Model.pictures


def test_evidence_says_which_configuration_and_library() -> None:
    (evidence,) = Model("llama-2-70b").evidence
    assert evidence.model == "llama-2-70b"
    assert evidence.file == "fixtures/data/configs/llama-2-70b.json"
    assert evidence.sha256 == origins.check("configs/llama-2-70b.json")["sha256"]
    assert evidence.engine.startswith("transformers 5.")
    assert evidence.engine.endswith(", meta device")
