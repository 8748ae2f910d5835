"""Hypothesis strategies: tiny configurations of each family, in the form that released models publish theirs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from tests.sampled import ALL

Config = dict[str, Any]
few = st.integers(1, 3)

# A configuration costs a model or two and several runs of it: fewer than the profile asks for.
some = settings(max_examples=40 if ALL else 4, deadline=None)


def published(name: str) -> Config:
    """Read a released model's configuration."""
    path = Path(__file__).parents[2] / "fixtures" / "data" / "configs" / f"{name}.json"
    config: Config = json.loads(path.read_text(encoding="utf-8"))
    return config


@st.composite
def _decoder(draw: st.DrawFn, family: str, architecture: str, *, head_dim: bool) -> Config:
    """The fields that all families share, and `head_dim` where a family publishes it: heads need not fill the width."""
    key_value_heads, group, width = draw(few), draw(few), 2 * draw(few)
    heads = key_value_heads * group
    config: Config = {
        "model_type": family,
        "architectures": [architecture],
        "vocab_size": draw(st.integers(5, 40)),
        "hidden_size": heads * width,
        "intermediate_size": draw(st.integers(1, 30)),
        "num_hidden_layers": draw(few),
        "num_attention_heads": heads,
        "num_key_value_heads": key_value_heads,
        "tie_word_embeddings": draw(st.booleans()),
        "max_position_embeddings": 64,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    if head_dim:
        config["head_dim"] = 2 * draw(st.integers(1, 5))
    return config


@st.composite
def _experts(draw: st.DrawFn, count: str) -> Config:
    experts = draw(st.integers(1, 6))
    return {count: experts, "num_experts_per_tok": draw(st.integers(1, experts))}


@st.composite
def llama(draw: st.DrawFn) -> Config:
    """Grouped queries, biases or none, a head width of its own or none; old configurations lack the bias fields."""
    config = draw(_decoder("llama", "LlamaForCausalLM", head_dim=draw(st.booleans())))
    for field in ("attention_bias", "mlp_bias"):
        if draw(st.booleans()):
            config[field] = draw(st.booleans())
    return config


@st.composite
def mistral(draw: st.DrawFn) -> Config:
    """With and without a window, which changes no count."""
    window = {"sliding_window": draw(st.sampled_from([None, 4096]))}
    return draw(_decoder("mistral", "MistralForCausalLM", head_dim=draw(st.booleans()))) | window


@st.composite
def qwen2(draw: st.DrawFn) -> Config:
    """Biases on queries, keys and values alone, whatever the configuration says."""
    return draw(_decoder("qwen2", "Qwen2ForCausalLM", head_dim=False))


@st.composite
def qwen3(draw: st.DrawFn) -> Config:
    """Norms on each head's query and key."""
    config = draw(_decoder("qwen3", "Qwen3ForCausalLM", head_dim=True))
    return config | {"attention_bias": draw(st.booleans())}


@st.composite
def mixtral(draw: st.DrawFn) -> Config:
    """Every layer a sparse block."""
    config = draw(_decoder("mixtral", "MixtralForCausalLM", head_dim=draw(st.booleans())))
    return config | draw(_experts("num_local_experts"))


@st.composite
def olmoe(draw: st.DrawFn) -> Config:
    """Norms over all queries and over all keys."""
    config = draw(_decoder("olmoe", "OlmoeForCausalLM", head_dim=False)) | draw(_experts("num_experts"))
    return config | {"attention_bias": draw(st.booleans())}


@st.composite
def _qwen_moe(draw: st.DrawFn, layers: int) -> Config:
    config: Config = {"moe_intermediate_size": draw(st.integers(1, 20)), "decoder_sparse_step": draw(few)}
    if draw(st.booleans()):
        config["mlp_only_layers"] = draw(st.lists(st.integers(0, layers - 1), unique=True))
    return config | draw(_experts("num_experts"))


@st.composite
def qwen2_moe(draw: st.DrawFn) -> Config:
    """Dense layers among sparse ones, a gated shared expert, biases on queries, keys and values alone."""
    config = draw(_decoder("qwen2_moe", "Qwen2MoeForCausalLM", head_dim=False))
    if draw(st.booleans()):
        config["qkv_bias"] = draw(st.booleans())
    config["shared_expert_intermediate_size"] = draw(st.integers(1, 20))
    return config | draw(_qwen_moe(config["num_hidden_layers"]))


@st.composite
def qwen3_moe(draw: st.DrawFn) -> Config:
    """Dense layers among sparse ones, norms on each head's query and key."""
    config = draw(_decoder("qwen3_moe", "Qwen3MoeForCausalLM", head_dim=True))
    return config | draw(_qwen_moe(config["num_hidden_layers"])) | {"attention_bias": draw(st.booleans())}


@st.composite
def deepseek_v3(draw: st.DrawFn) -> Config:
    """Latents for keys and values, and for queries or not; first layers dense; shared experts; groups of experts."""
    config = draw(_decoder("deepseek_v3", "DeepseekV3ForCausalLM", head_dim=False))
    groups, a_group, chosen_groups = draw(few), draw(st.integers(2, 3)), 1
    return config | {
        "num_key_value_heads": config["num_attention_heads"],
        "attention_bias": draw(st.booleans()),
        "q_lora_rank": draw(st.none() | st.integers(1, 9)),
        "kv_lora_rank": draw(st.integers(1, 9)),
        "qk_nope_head_dim": draw(st.integers(1, 7)),
        "qk_rope_head_dim": 2 * draw(few),
        "v_head_dim": draw(st.integers(1, 9)),
        "first_k_dense_replace": draw(st.integers(0, 4)),
        "moe_intermediate_size": draw(st.integers(1, 20)),
        "n_routed_experts": groups * a_group,
        "n_shared_experts": draw(few),
        "num_nextn_predict_layers": draw(st.sampled_from([None, 0, 1, 2])),
        "n_group": groups,
        "topk_group": chosen_groups,
        "num_experts_per_tok": draw(st.integers(1, a_group * chosen_groups)),
    }


@st.composite
def gpt_oss(draw: st.DrawFn) -> Config:
    """Sinks, biases on router and experts, and on attention or not; every other layer has a window."""
    config = draw(_decoder("gpt_oss", "GptOssForCausalLM", head_dim=True)) | draw(_experts("num_local_experts"))
    scaling = {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 2, "truncate": False}
    return config | {"attention_bias": draw(st.booleans()), "sliding_window": 64, "rope_scaling": scaling}


FAMILIES = {
    family.__name__: family
    for family in (
        llama, mistral, qwen2, qwen3, mixtral, olmoe, qwen2_moe, qwen3_moe, deepseek_v3, gpt_oss,
    )
}  # fmt: skip
