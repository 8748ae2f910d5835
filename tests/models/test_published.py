from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest

from fixtures import origins
from fixtures.models.counts import NotKnown
from fixtures.models.published import Model
from tests.models.configurations import published


def model(monkeypatch: pytest.MonkeyPatch, config: dict[str, Any]) -> Model:
    """A model of a configuration that is no file."""
    monkeypatch.setattr(origins, "load", lambda _: config)
    return Model("small", "small.json")


def test_both_routes_answer_by_the_same_names() -> None:
    mixtral = Model("Mixtral 8x7B", "mixtral-8x7b-v0.1.json", checkpoint="Mixtral-8x7B-v0.1")
    for name in ("total", "attention", "experts", "router", "moe_block", "active", "active_experts", "expert_count"):
        assert getattr(mixtral, name) == getattr(mixtral.formula, name)
    assert mixtral.parameters == mixtral.formula.parameters
    assert mixtral.work(100) == mixtral.formula.work(100)
    assert mixtral.growth == mixtral.formula.growth
    assert mixtral.break_even == mixtral.formula.break_even
    assert mixtral.cached_token.total == mixtral.cached_token.attention == mixtral.formula.cached_token == 131_072
    assert mixtral.total == mixtral.checkpoint_total == 46_702_792_704


def test_a_picture_of_the_parameters_adds_up() -> None:
    llama = Model("Llama-2-13B", "llama-2-13b.json")
    (chart,) = llama.charts()
    assert (chart["kind"], chart["name"], sum(chart["parts"].values())) == ("parameters", "Llama-2-13B", llama.total)


def test_evidence_says_which_configuration_and_library() -> None:
    (evidence,) = Model("Llama-2-70B", "llama-2-70b.json").evidence
    assert evidence.model == "llama-2-70b"
    assert evidence.file == "fixtures/data/configs/llama-2-70b.json"
    assert evidence.sha256 == origins.check("configs/llama-2-70b.json")["sha256"]
    assert evidence.engine.startswith("transformers 5.")
    assert evidence.engine.endswith(", meta device")


@pytest.mark.parametrize(("experts", "chosen"), [(8, 2), (6, 1), (5, 5), (128, 8), (1024, 37)])
def test_an_expert_expects_an_even_share_of_slots(monkeypatch: pytest.MonkeyPatch, experts: int, chosen: int) -> None:
    sizes = {"num_local_experts": experts, "num_experts_per_tok": chosen}
    small = {"num_hidden_layers": 1, "hidden_size": 64, "intermediate_size": 8}
    assert model(monkeypatch, published("mixtral-8x7b-v0.1") | small | sizes).expected_slot_share == Fraction(
        1, experts
    )


def test_a_dense_model_has_no_slots(monkeypatch: pytest.MonkeyPatch) -> None:
    dense = model(monkeypatch, published("llama-2-13b") | {"num_hidden_layers": 1})
    assert dense.active == dense.total
    with pytest.raises(NotKnown, match="small has no experts"):
        _ = dense.expected_slot_share
