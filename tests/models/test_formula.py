from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.models.formula import Formula
from claim_suite.fixtures.models.parameters import Flops, NotKnown, Parameters
from claim_suite.fixtures.models.shape import Shape
from tests.models.configurations import FAMILIES, Config, of_card, published, some

LLAMA = published("llama-2-13b")
MIXTRAL = published("mixtral-8x7b-v0.1")
OPTIONAL = {
    "attention_bias", "mlp_bias", "qkv_bias", "head_dim", "mlp_only_layers", "sliding_window", "rope_scaling",
    "max_position_embeddings", "bos_token_id", "eos_token_id", "n_group", "topk_group", "num_nextn_predict_layers",
}  # fmt: skip


def parameters(config: Config) -> Parameters:
    return Formula(config).parameters


MISTRAL, GPT_OSS, DEEPSEEK_V3 = map(published, ("mistral-7b-v0.1", "gpt-oss-120b", "deepseek-v3"))
QWEN2_MOE, QWEN3_MOE = map(of_card, ("qwen1-5-moe-a2-7b", "qwen3-30b-a3b"))


@pytest.mark.parametrize(
    ("config", "total"),
    [
        (LLAMA, 13_015_864_320),
        (published("llama-2-70b"), 68_976_648_192),
        (MIXTRAL, 46_702_792_704),
        # Totals that others published: keras-team/keras-hub, the presets of each family.
        (MISTRAL, 7_241_732_096),
        (QWEN2_MOE, 14_315_784_192),
        (QWEN3_MOE, 30_532_122_624),
        (GPT_OSS, 116_829_156_672),
        (published("deepseek-v2-lite"), 15_706_484_224),  # the library's own model of it
    ],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else str(value),
)
def test_totals_of_released_models(config: Config, total: int) -> None:
    assert parameters(config).total == total


def test_multi_token_prediction_of_a_released_model() -> None:
    deepseek = Formula(DEEPSEEK_V3)
    # By hand: attention, 257 experts of 7168 x 2048, a router, two norms; 2 x 7168 x 7168 and three norms.
    layer = 187_107_328 + 257 * 44_040_192 + 256 * 7168 + 2 * 7168
    assert deepseek.count("total", "with multi-token prediction") - deepseek.total == layer + 102_760_448 + 3 * 7168
    idle = 248 * 44_040_192
    assert deepseek.count("active", "with multi-token prediction") - deepseek.active == layer + 102_781_952 - idle


def test_work_and_cache_of_released_models() -> None:
    llama = Formula(LLAMA)
    assert llama.flops(4096).layers == 28_730_982_400
    assert llama.growth == Flops(projections=0, scores=819_200)
    assert llama.break_even == 10_496
    assert llama.kv_cache_bytes_per_token.total == 819_200
    # DeepSeek-V2 report (arXiv 2405.04434), table 1: nine halves of a head's width a layer, 4.5 · 128 = 512 + 64.
    assert Formula(DEEPSEEK_V3).kv_cache_bytes_per_token.total == 61 * 576 * 2
    assert Formula(DEEPSEEK_V3).kv_cache_bytes(1, 2, latent=False).total == 61 * 128 * (192 + 128) * 2
    assert Formula(MIXTRAL).flops(7).experts == 2 * 45_097_156_608 // 4


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data())
def test_a_missing_field_is_named(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family])
    optional = OPTIONAL | ({"num_key_value_heads"} if family == "llama" else set())
    used = Shape(config)
    unused = set()
    if not used.num_moe_layers:
        unused |= {field for field in config if "expert" in field or field == "moe_intermediate_size"}
    if not used.num_dense_layers and family not in ("mixtral", "olmoe", "gpt_oss"):
        unused.add("intermediate_size")
    for field in config.keys() - optional - unused - {"model_type"}:
        rest = {name: value for name, value in config.items() if name != field}
        with pytest.raises(NotKnown, match=f"has no {field}"):
            parameters(rest)
    counting = {
        "num_key_value_heads",
        "qkv_bias",
        "attention_bias",
        "mlp_bias",
        "head_dim",
        "mlp_only_layers",
        "num_nextn_predict_layers",
    }
    for field in (config.keys() & optional | unused) - counting:
        assert parameters({name: value for name, value in config.items() if name != field}) == parameters(config)


@pytest.mark.parametrize("wrong", [0, -1, 1.0, True, "32", None, [32]])
@pytest.mark.parametrize("field", ["vocab_size", "num_hidden_layers", "num_key_value_heads", "num_local_experts"])
def test_a_count_is_a_whole_number(field: str, wrong: Any) -> None:
    with pytest.raises(ValueError, match=rf"^{field}: .* is not a whole number of at least 1$"):
        parameters(MIXTRAL | {field: wrong})


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (LLAMA | {"tie_word_embeddings": 0}, "tie_word_embeddings: 0 is neither true nor false"),
        (LLAMA | {"attention_bias": None}, "attention_bias: None is neither true nor false"),
        (LLAMA | {"mlp_bias": "false"}, "mlp_bias: 'false' is neither true nor false"),
        (MIXTRAL | {"num_key_value_heads": 7}, "num_key_value_heads: 32 heads cannot share 7 keys evenly"),
        (MIXTRAL | {"num_attention_heads": 24}, "num_attention_heads: 24 heads cannot divide hidden_size 4096"),
        (MIXTRAL | {"num_experts_per_tok": 9}, "num_experts_per_tok: 9 is more than the 8 experts"),
        (MIXTRAL | {"head_dim": 0}, "head_dim: 0 is not"),
        (QWEN3_MOE | {"mlp_only_layers": 3}, "mlp_only_layers: 3 is not a list"),
        (DEEPSEEK_V3 | {"first_k_dense_replace": -1}, "first_k_dense_replace: -1 is not a whole number of at least 0"),
    ],
)
def test_what_cannot_be_is_refused(config: Config, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parameters(config)


@pytest.mark.parametrize("family", ["gpt4", None, ["llama"]])
def test_a_family_without_arithmetic_is_not_known(family: object) -> None:
    with pytest.raises(NotKnown, match="no arithmetic is known for model_type"):
        _ = Formula(LLAMA | {"model_type": family}).total


def test_the_bounds_of_what_can_be() -> None:
    assert parameters(MIXTRAL | {"num_experts_per_tok": 8}).active == parameters(MIXTRAL).total
    assert parameters(MIXTRAL | {"vocab_size": 1}).embeddings == 4096
    assert parameters(MIXTRAL | {"head_dim": None}) == parameters(MIXTRAL)
    assert parameters(QWEN3_MOE | {"mlp_only_layers": None}) == parameters(QWEN3_MOE)
    assert Shape(QWEN2_MOE).num_dense_layers == 0
    assert Shape(QWEN2_MOE | {"decoder_sparse_step": 25}).num_moe_layers == 0
    assert Shape(QWEN2_MOE | {"mlp_only_layers": [0, 23, 24]}).num_dense_layers == 2


def test_biases_that_a_family_does_not_know_are_not_counted() -> None:
    for config in (MIXTRAL, MISTRAL):
        assert parameters(config | {"attention_bias": True, "mlp_bias": True}) == parameters(config)


@pytest.mark.parametrize(
    ("field", "misspelt"),
    [
        ("num_key_value_heads", "num_kv_heads"), ("hidden_size", "hiden_size"), ("num_hidden_layers", "n_layers"),
        ("num_attention_heads", "n_head"), ("intermediate_size", "ffn_dim"), ("vocab_size", "vocabulary_size"),
    ],
)  # fmt: skip
def test_a_misspelt_field_is_refused_with_the_name_that_was_meant(field: str, misspelt: str) -> None:
    config = {name: value for name, value in LLAMA.items() if name != field} | {misspelt: LLAMA[field]}
    with pytest.raises(ValueError, match=f"no field '{misspelt}': does it mean '{field}'"):
        parameters(config)


LING_LITE = {
    "model_type": "bailing_moe", "vocab_size": 126_464, "hidden_size": 2048, "intermediate_size": 5632,
    "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 4, "head_dim": 128, "num_experts": 64,
    "num_experts_per_tok": 6, "num_shared_experts": 2, "moe_intermediate_size": 1408, "first_k_dense_replace": 0,
    "use_bias": False, "use_qkv_bias": False, "norm_head": False, "tie_word_embeddings": False,
}  # fmt: skip
DEEPSEEK_MOE = {
    "model_type": "deepseek", "vocab_size": 102_400, "hidden_size": 2048, "intermediate_size": 10_944,
    "num_hidden_layers": 28, "num_attention_heads": 16, "num_key_value_heads": 16, "n_routed_experts": 64,
    "num_experts_per_tok": 6, "n_shared_experts": 2, "moe_intermediate_size": 1408, "first_k_dense_replace": 1,
    "moe_layer_freq": 1, "attention_bias": False, "tie_word_embeddings": False,
}  # fmt: skip
GROK = {
    "model_type": "grok-1", "vocab_size": 131_072, "hidden_size": 6144, "intermediate_size": 32_768,
    "num_hidden_layers": 64, "num_attention_heads": 48, "num_key_value_heads": 8, "num_experts": 8,
    "num_experts_per_tok": 2,
}  # fmt: skip


@pytest.mark.parametrize(
    ("config", "billions"),
    [
        (LING_LITE, (16.8, 2.75)),  # as the publisher prints them: arXiv 2503.05139, Table 1
        (DEEPSEEK_MOE, (16.4, 2.8)),  # arXiv 2401.06066, section 5.1.2
        (GROK, (316, 84)),  # by hand: 64 layers of 8 experts of three matrices, of which 2 work
    ],
    ids=lambda value: value["model_type"] if isinstance(value, dict) else "",
)
def test_families_that_the_library_does_not_build(config: Config, billions: tuple[float, float]) -> None:
    of = parameters(config)
    for counted, printed in zip((of.total, of.active), billions, strict=True):
        digits = len(str(printed).partition(".")[2])
        assert round(counted / 10**9, digits) == printed


def test_arithmetic_needs_no_library() -> None:
    program = (
        "import sys, claim_suite.fixtures.models.formula; sys.exit(bool({'torch', 'transformers'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
