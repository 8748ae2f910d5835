from __future__ import annotations

import dataclasses
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.models.architecture import Shape, shape
from fixtures.models.formula import closed_form
from fixtures.models.parameters import Parameters
from tests.models.configurations import FAMILIES, Config, published, some

LLAMA = published("llama-2-13b")
MIXTRAL = published("mixtral-8x7b-v0.1")
OPTIONAL = {
    "attention_bias",
    "mlp_bias",
    "qkv_bias",
    "head_dim",
    "mlp_only_layers",
    "architectures",
    "sliding_window",
    "rope_scaling",
    "max_position_embeddings",
    "bos_token_id",
    "eos_token_id",
    "n_group",
    "topk_group",
}


def test_llama_2() -> None:
    of = closed_form(LLAMA)
    assert (of.total, of.attention, of.mlp) == (13_015_864_320, 4_194_304_000, 8_493_465_600)
    assert closed_form(published("llama-2-70b")).total == 68_976_648_192


def test_mixtral() -> None:
    of = closed_form(MIXTRAL)
    assert (of.total, of.attention, of.moe_block) == (46_702_792_704, 1_342_177_280, 45_098_205_184)
    assert of.active == 12_879_925_248


# Total parameters that others published, with their source; the configurations are those of the released models.
RELEASED: dict[str, tuple[int, Config]] = {
    "Mistral-7B-v0.1 (keras-team/keras-hub, mistral_presets.py)": (
        7_241_732_096,
        {
            "model_type": "mistral",
            "vocab_size": 32000,
            "hidden_size": 4096,
            "intermediate_size": 14336,
            "num_hidden_layers": 32,
            "num_attention_heads": 32,
            "num_key_value_heads": 8,
            "tie_word_embeddings": False,
        },
    ),
    "Qwen1.5-MoE-A2.7B (keras-team/keras-hub, qwen_moe_presets.py)": (
        14_315_784_192,
        {
            "model_type": "qwen2_moe",
            "vocab_size": 151936,
            "hidden_size": 2048,
            "intermediate_size": 5632,
            "num_hidden_layers": 24,
            "num_attention_heads": 16,
            "num_key_value_heads": 16,
            "decoder_sparse_step": 1,
            "moe_intermediate_size": 1408,
            "shared_expert_intermediate_size": 5632,
            "num_experts": 60,
            "num_experts_per_tok": 4,
            "tie_word_embeddings": False,
        },
    ),
    "Qwen3-30B-A3B (keras-team/keras-hub, qwen3_moe_presets.py)": (
        30_532_122_624,
        {
            "model_type": "qwen3_moe",
            "attention_bias": False,
            "vocab_size": 151936,
            "hidden_size": 2048,
            "intermediate_size": 6144,
            "head_dim": 128,
            "num_hidden_layers": 48,
            "num_attention_heads": 32,
            "num_key_value_heads": 4,
            "decoder_sparse_step": 1,
            "mlp_only_layers": [],
            "moe_intermediate_size": 768,
            "num_experts": 128,
            "num_experts_per_tok": 8,
            "tie_word_embeddings": False,
        },
    ),
    "gpt-oss-120b (keras-team/keras-hub, gpt_oss_presets.py)": (
        116_829_156_672,
        {
            "model_type": "gpt_oss",
            "attention_bias": True,
            "vocab_size": 201088,
            "hidden_size": 2880,
            "intermediate_size": 2880,
            "head_dim": 64,
            "num_hidden_layers": 36,
            "num_attention_heads": 64,
            "num_key_value_heads": 8,
            "num_local_experts": 128,
            "num_experts_per_tok": 4,
            "tie_word_embeddings": False,
        },
    ),
}


@pytest.mark.parametrize("model", RELEASED)
def test_other_released_models(model: str) -> None:
    total, config = RELEASED[model]
    assert closed_form(config).total == total


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data())
def test_a_missing_field_is_named(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family]())
    optional = OPTIONAL - ({"attention_bias"} if family == "gpt_oss" else set())
    used = shape(config)
    unused = set()
    if not used.moe_layers:
        unused |= {field for field in config if "expert" in field or field == "moe_intermediate_size"}
    if not used.dense_layers and family not in ("mixtral", "olmoe", "gpt_oss"):
        unused.add("intermediate_size")
    for field in config.keys() - optional - unused:
        rest = {name: value for name, value in config.items() if name != field}
        with pytest.raises(ValueError, match=field):
            closed_form(rest)
    for field in (config.keys() & optional | unused) - {"qkv_bias", "attention_bias", "mlp_bias", "head_dim"}:
        rest = {name: value for name, value in config.items() if name != field}
        if field != "mlp_only_layers":
            assert closed_form(rest) == closed_form(config)


@pytest.mark.parametrize("wrong", [0, -1, 1.0, True, "32", None, [32]])
@pytest.mark.parametrize(
    "field",
    [
        "vocab_size",
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "num_local_experts",
        "num_experts_per_tok",
    ],
)
def test_a_count_is_a_whole_number(field: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* is not a whole number of at least 1$"):
        closed_form(MIXTRAL | {field: wrong})


@pytest.mark.parametrize("wrong", [0, 1, "false", None])
@pytest.mark.parametrize("field", ["tie_word_embeddings", "attention_bias", "mlp_bias"])
def test_a_flag_is_true_or_false(field: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* is neither true nor false$"):
        closed_form(LLAMA | {field: wrong})


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": "gpt2"}, "model_type: 'gpt2' is none of"),
        ({"model_type": ["llama"]}, "model_type"),
        ({"num_key_value_heads": 7}, "num_key_value_heads: 32 heads cannot share 7 keys evenly"),
        ({"num_key_value_heads": 64}, "num_key_value_heads"),
        ({"num_attention_heads": 24}, "num_attention_heads: 24 heads cannot divide hidden_size 4096"),
        ({"num_experts_per_tok": 9}, "num_experts_per_tok: 9 is more than the 8 experts"),
        ({"head_dim": 0}, "head_dim"),
    ],
)
def test_what_cannot_be_is_refused(change: Config, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        closed_form(MIXTRAL | change)


def test_the_bounds_of_what_can_be() -> None:
    assert closed_form(MIXTRAL | {"num_experts_per_tok": 8}).active == closed_form(MIXTRAL).total
    assert closed_form(MIXTRAL | {"vocab_size": 1}).embeddings == 4096
    assert closed_form(MIXTRAL | {"head_dim": None}) == closed_form(MIXTRAL)
    qwen = RELEASED["Qwen3-30B-A3B (keras-team/keras-hub, qwen3_moe_presets.py)"][1]
    with pytest.raises(ValueError, match="mlp_only_layers: 3 is not a list"):
        closed_form(qwen | {"mlp_only_layers": 3})
    assert closed_form(qwen | {"mlp_only_layers": None}) == closed_form(qwen)


def test_biases_that_a_family_does_not_know_are_not_counted() -> None:
    mistral = RELEASED["Mistral-7B-v0.1 (keras-team/keras-hub, mistral_presets.py)"][1]
    for config in (MIXTRAL, mistral):
        assert closed_form(config | {"attention_bias": True, "mlp_bias": True}) == closed_form(config)


def test_what_a_family_lacks_is_zero() -> None:
    lacks = {"rotary_width": 0, "query_rank": 0, "key_value_rank": 0, "shared_width": 0}
    lacks |= {"attention_bias": False, "output_bias": False, "mlp_bias": False}
    assert vars(shape(LLAMA)) == lacks | {
        "family": "llama",
        "vocabulary": 32_000,
        "model_width": 5120,
        "layers": 40,
        "tied": False,
        "heads": 40,
        "key_value_heads": 40,
        "key_width": 128,
        "value_width": 128,
        "mlp_width": 13_824,
        "moe_layers": 0,
        "experts": 0,
        "experts_per_token": 0,
        "expert_width": 0,
    }
    assert vars(shape(MIXTRAL)) == lacks | {
        "family": "mixtral",
        "vocabulary": 32_000,
        "model_width": 4096,
        "layers": 32,
        "tied": False,
        "heads": 32,
        "key_value_heads": 8,
        "key_width": 128,
        "value_width": 128,
        "mlp_width": 0,
        "moe_layers": 32,
        "experts": 8,
        "experts_per_token": 2,
        "expert_width": 14_336,
    }


def test_counts_are_for_reading_only() -> None:
    for counts in (shape(LLAMA), closed_form(LLAMA)):
        with pytest.raises(dataclasses.FrozenInstanceError):
            counts.layers = 1  # type: ignore[misc, union-attr]
    kinds: list[Any] = [Shape, Parameters]
    for by_place in kinds:
        with pytest.raises(TypeError, match="positional"):
            by_place("llama")


def test_no_layer_is_dense_or_all_are() -> None:
    qwen = RELEASED["Qwen1.5-MoE-A2.7B (keras-team/keras-hub, qwen_moe_presets.py)"][1]
    assert shape(qwen).dense_layers == 0
    assert shape(qwen | {"decoder_sparse_step": 25}).moe_layers == 0
    assert shape(qwen | {"mlp_only_layers": [0, 23, 24]}).dense_layers == 2
    with pytest.raises(ValueError, match="first_k_dense_replace: -1 is not a whole number of at least 0"):
        closed_form(LLAMA | {"model_type": "deepseek_v3", "first_k_dense_replace": -1})


def test_arithmetic_needs_no_library() -> None:
    program = "import sys, fixtures.models.formula; sys.exit(bool({'torch', 'transformers'} & {*sys.modules}))"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
