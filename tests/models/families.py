"""Small configurations of many of the library's families, in the form that released models publish theirs."""

from __future__ import annotations

from typing import Any

from transformers.models.auto.configuration_auto import CONFIG_MAPPING

Config = dict[str, Any]

# Given to a family for the fields that its configuration has.
SMALL: Config = {
    "vocab_size": 40,
    **dict.fromkeys(("hidden_size", "n_embd", "d_model", "embed_dim", "word_embed_proj_dim"), 32),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "n_inner", "d_ff"), 48),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"), 24),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "num_layers", "n_layers"), 4),
    **dict.fromkeys(("num_attention_heads", "n_head", "num_heads", "n_heads"), 4),
    "num_key_value_heads": 2,
    "head_dim": 8,
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    "num_experts_per_tok": 2,
    **dict.fromkeys(("max_position_embeddings", "n_positions", "max_seq_len"), 64),
    "pad_token_id": 0,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
LATENT: Config = {
    "num_key_value_heads": 4,
    "head_dim": None,
    "q_lora_rank": 12,
    "kv_lora_rank": 8,
    "qk_nope_head_dim": 6,
    "qk_rope_head_dim": 4,
    "v_head_dim": 10,
    "n_group": 1,
    "topk_group": 1,
    "first_k_dense_replace": 1,
}
MAMBA: Config = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1, "mamba_chunk_size": 8}
MAMBA |= {"mamba_expand": 2, "mamba_d_conv": 4}
ATTENTION_AND = ["full_attention", "linear_attention"] * 2

# By family: its own fields, and the parts besides embeddings, norms and a head that it has.
FAMILIES: dict[str, tuple[Config, str]] = {
    **dict.fromkeys(("gpt2", "opt", "bloom", "gpt_neox", "falcon", "phi3"), ({}, "attention mlp")),
    "gemma2": ({"sliding_window": 4}, "attention mlp"),
    "gemma3_text": ({"sliding_window": 4, "layer_types": ["sliding_attention", "full_attention"] * 2}, "attention mlp"),
    "t5": ({"d_kv": 8}, "attention mlp"),
    "bart": ({"encoder_layers": 2, "decoder_layers": 3}, "attention mlp"),
    "dbrx": (
        {"attn_config": {"kv_n_heads": 2, "rope_theta": 1e4, "clip_qkv": 8},
         "ffn_config": {"ffn_hidden_size": 24, "moe_num_experts": 4, "moe_top_k": 2}},
        "attention experts router",
    ),
    "granitemoe": ({}, "attention experts router"),
    "jetmoe": ({"kv_channels": 8}, "attention experts router other"),
    "phimoe": ({}, "attention experts router"),
    "switch_transformers": ({"d_kv": 8, "num_experts": 4}, "attention mlp experts router"),
    "zamba2": (
        {**{name.replace("n_groups", "ngroups"): size for name, size in MAMBA.items()},
         "num_hidden_layers": 6, "layers_block_type": ["mamba", "mamba", "hybrid"] * 2,
         "layer_types": ["mamba", "mamba", "hybrid"] * 2, "hybrid_layer_ids": [2, 5], "num_mem_blocks": 1,
         "num_key_value_heads": 4},
        "attention mixers mlp other",  # a map that each layer has before the block that layers share
    ),
    "llama4_text": ({"intermediate_size_mlp": 40}, "attention experts shared_experts router"),
    "ernie4_5_moe": ({"moe_num_experts": 4, "moe_k": 2}, "attention mlp experts shared_experts router"),
    "deepseek_v2": (
        {**LATENT, "topk_method": "greedy", "n_shared_experts": 1},
        "attention mlp experts shared_experts router",
    ),
    "glm4_moe": ({"n_group": 1, "topk_group": 1}, "attention mlp experts shared_experts router"),
    "qwen3_next": (
        {"layer_types": ATTENTION_AND, "linear_num_key_heads": 2, "linear_num_value_heads": 4,
         "linear_key_head_dim": 8, "linear_value_head_dim": 8},
        "attention mixers experts shared_experts router",
    ),
    "minimax": ({"layer_types": ATTENTION_AND, "block_size": 8}, "attention mixers experts router"),
    "lfm2_moe": (
        {"layer_types": ["conv", "full_attention"] * 2, "num_dense_layers": 1},
        "attention mixers mlp experts router",
    ),
    "jamba": (
        {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1,
         "use_mamba_kernels": False},
        "attention mixers mlp experts router",
    ),
    "bamba": ({**MAMBA, "attn_layer_indices": [1, 3]}, "attention mixers mlp"),
    "falcon_h1": ({**MAMBA, "mamba_d_ssm": 64}, "attention mixers mlp"),
    "granitemoehybrid": (
        {**MAMBA, "layer_types": ["mamba", "attention"] * 2},
        "attention mixers experts shared_experts router",
    ),
    "mamba": ({"state_size": 8}, "mixers"),
    "mamba2": ({"state_size": 8, "num_heads": 8, "head_dim": 8, "n_groups": 1, "chunk_size": 8}, "mixers"),
    "xlstm": ({"hidden_size": 128, "num_heads": 2, "chunk_size": 4, "mode": "inference"}, "mixers mlp"),
    "recurrent_gemma": ({"lru_width": 32, "attention_window_size": 16}, "attention mixers mlp"),
    "rwkv": ({"attention_hidden_size": 32}, "mixers mlp"),
}  # fmt: skip


def small(family: str, **fields: Any) -> Config:
    """A small configuration of a family: the fields that it shares with others, then its own."""
    defaults = CONFIG_MAPPING[family]().to_dict()
    shared = {name: value for name, value in SMALL.items() if name in defaults}
    own, _ = FAMILIES.get(family, ({}, ""))
    return {"model_type": family} | shared | own | fields
