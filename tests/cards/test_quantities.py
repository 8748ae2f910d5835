"""What cards print, measured on small models of several families: as worked by hand, and as configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from claim_suite.fixtures.cards.card import Card, card_of
from claim_suite.fixtures.cards.quantities import QUANTITIES, CardModel
from claim_suite.fixtures.models.parameters import NotKnown
from tests.cards.samples import ACTIVE, CONFIG, EMBEDDING, TOTAL
from tests.models.families import LATENT, small

UNSAID = ("mlp_width", "dense_layers")  # what some configurations leave to the library
SIZES = {"heads": 4, "width": 32, "vocabulary": 40, "layers": 4}  # of every small configuration
FAMILIES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "grouped queries": (small("llama"), {"key_value_heads": 2, "head_width": 8, "mlp_width": 48}),
    "heads beside the width": (small("qwen3", head_dim=10), {"key_value_heads": 2, "head_width": 10}),
    "queries, keys and values in one": (small("gpt_neox"), {"key_value_heads": 4, "head_width": 8, "mlp_width": 48}),
    "one key for all": (small("falcon"), {"head_width": 8}),
    "matrices the other way round": (small("gpt2"), {"head_width": 8, "mlp_width": 48, "context": 64}),
    "experts": (
        small("qwen3_moe"),
        {"experts": 4, "experts_per_token": 2, "expert_width": 24, "dense_layers": 0, "context": 64},
    ),
    "dense layers first, shared experts, a latent": (
        small("deepseek_v3", **LATENT | {"head_dim": 4, "n_shared_experts": 2}),
        {"dense_layers": 1, "shared_experts": 2, "expert_width": 24, "mlp_width": 48, "head_width": 10},
    ),
}  # fmt: skip


def made(config: dict[str, Any], **printed: Any) -> Card:
    content = {
        **dict.fromkeys(("family", "organisation", "date"), "x"),
        "name": "Tiny",
        "configuration": {"origin": "made up", "values": config},
        "printed": [{"where": "its card", **(printed or {"layers": 1})}],
    }
    return card_of(content, Path("tiny.toml"))


@pytest.mark.parametrize("family", FAMILIES)
def test_shapes_are_as_configured(family: str) -> None:
    config, expected = FAMILIES[family]
    model = CardModel(made(config))
    for name, number in (SIZES | expected).items():
        value, routes = QUANTITIES[name].measure(model, "")
        assert value == number, name
        assert set(routes.values()) <= {number}, name
        assert routes or name in UNSAID, name


def test_parameters_are_as_worked_by_hand() -> None:
    model = CardModel(made(CONFIG))
    bare = TOTAL - 2 * EMBEDDING
    for name, number in {"total": TOTAL, "active": ACTIVE, "non_embedding": bare, "embedding": EMBEDDING}.items():
        value, routes = QUANTITIES[name].measure(model, "")
        assert (name, value) == (name, number)
        assert set(routes.values()) == {number}
    assert QUANTITIES["active"].measure(model, "without the input embedding")[0] == ACTIVE - EMBEDDING
    assert QUANTITIES["checkpoint_bytes"].measure(model, "")[0] == 2 * TOTAL
    assert QUANTITIES["kv_bytes"].measure(model, "") == (3 * 2 * 2 * 8 * 2, {"formula": 3 * 2 * 2 * 8 * 2})


@pytest.mark.parametrize("name", ["experts", "context", "total", "vocabulary", "heads"])
def test_a_wrong_configuration_is_told_by_the_shapes(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    model = CardModel(made(CONFIG))
    quantity = QUANTITIES[name]
    before = quantity.measure(model, "")
    wrong = {key: value * 2 if type(value) is int else value for key, value in CONFIG.items()}
    monkeypatch.setattr(model, "config", wrong)
    monkeypatch.setattr(model.formula, "_config", wrong)
    vars(model.formula).pop("parameters", None)
    vars(model.formula).pop("shape", None)
    value, routes = quantity.measure(model, "")
    assert set(routes.values()) != {value} or value != before[0]


def test_what_cannot_be_told_is_not_known() -> None:
    dense = CardModel(made(FAMILIES["grouped queries"][0]))
    for name in ("shared_experts", "expert_width"):
        with pytest.raises(NotKnown):
            QUANTITIES[name].measure(dense, "")
    with pytest.raises(NotKnown, match="announces none"):
        QUANTITIES["total"].measure(dense, "with multi-token prediction")


def test_a_context_that_the_configuration_says_twice_is_not_known() -> None:
    assert QUANTITIES["context"].measure(CardModel(made(CONFIG | {"model_max_length": 1024})), "")[0] == 1024
    with pytest.raises(NotKnown, match="1,024 and, as model_max_length, 4,096 tokens"):
        QUANTITIES["context"].measure(CardModel(made(CONFIG | {"model_max_length": 4096})), "")
