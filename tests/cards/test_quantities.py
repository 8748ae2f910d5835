"""What cards print, measured on small models of several families: as worked by hand, and as configured."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from fixtures.cards.card import Card, card_of
from fixtures.cards.quantities import QUANTITIES, CardModel
from fixtures.models.counts import NotKnown
from tests.cards.samples import ACTIVE, CONFIG, EMBEDDING, TOTAL

DENSE = {"vocab_size": 90, "hidden_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
UNSAID = ("mlp_width", "dense_layers")  # what some configurations leave to the library
FAMILIES: dict[str, tuple[dict[str, Any], dict[str, int]]] = {
    "grouped queries": (
        {"model_type": "llama", **DENSE, "num_key_value_heads": 2, "intermediate_size": 40},
        {"heads": 4, "key_value_heads": 2, "head_width": 6, "mlp_width": 40, "width": 24, "vocabulary": 90},
    ),
    "heads beside the width": (
        {"model_type": "qwen3", **DENSE, "num_key_value_heads": 1, "head_dim": 10, "intermediate_size": 24},
        {"heads": 4, "key_value_heads": 1, "head_width": 10, "mlp_width": 24},
    ),
    "queries, keys and values in one": (
        {"model_type": "gpt_neox", **DENSE, "intermediate_size": 96},
        {"heads": 4, "key_value_heads": 4, "head_width": 6, "mlp_width": 96},
    ),
    "one key for all": (
        {"model_type": "falcon", **DENSE, "multi_query": True, "new_decoder_architecture": False},
        {"heads": 4, "head_width": 6, "mlp_width": 96},
    ),
    "matrices the other way round": (
        {"model_type": "gpt2", "vocab_size": 90, "n_embd": 24, "n_layer": 2, "n_head": 4, "n_positions": 64},
        {"heads": 4, "head_width": 6, "mlp_width": 96, "width": 24, "context": 64, "layers": 2},
    ),
    "experts": (
        CONFIG,
        {"experts": 6, "experts_per_token": 2, "expert_width": 8, "dense_layers": 0, "context": 1024, "heads": 4},
    ),
    "dense layers first, shared experts, a latent": (
        {
            "model_type": "deepseek_v3", **DENSE, "num_hidden_layers": 4, "intermediate_size": 30,
            "num_key_value_heads": 4, "q_lora_rank": 5, "kv_lora_rank": 7, "qk_nope_head_dim": 6, "v_head_dim": 8,
            "qk_rope_head_dim": 4, "first_k_dense_replace": 1, "moe_intermediate_size": 9, "n_routed_experts": 8,
            "n_shared_experts": 2, "num_experts_per_tok": 3, "n_group": 1, "topk_group": 1,
        },
        {"dense_layers": 1, "shared_experts": 2, "expert_width": 9, "mlp_width": 30, "heads": 4, "head_width": 8},
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
    for name, number in expected.items():
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
