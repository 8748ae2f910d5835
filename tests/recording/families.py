"""Every mixture-of-experts family of the installed library, as small as it can be, and a second way to see choices.

The second way knows no router: an expert of a block is disturbed, and the tokens whose outputs change were sent to it.
"""

from __future__ import annotations

import copy
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from transformers.models.auto.configuration_auto import CONFIG_MAPPING

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording.engine_transformers import kind_of_model, on_meta
from tests.recording.synthetic_checkpoint import tokenizer

Config = dict[str, Any]
EXPERTS, LAYERS, MOST = 8, 4, 100_000_000
CHOOSING = ("num_experts_per_tok", "num_experts_per_token", "moe_topk", "moe_k", "top_k_experts", "top_k")
# Given to a family for the fields that its configuration has.
SMALL: Config = {
    "vocab_size": 64, "hidden_size": 32, "num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 8,
    **dict.fromkeys(("num_hidden_layers", "num_layers"), LAYERS),
    **dict.fromkeys(("intermediate_size", "ffn_hidden_size", "intermediate_size_mlp"), 32),
    **dict.fromkeys(("moe_intermediate_size", "shared_expert_intermediate_size", "shared_intermediate_size"), 16),
    **dict.fromkeys(("expert_ffn_hidden_size", "share_expert_dim", "shared_experts_intermediate_size"), 16),
    **dict.fromkeys(("moe_hidden_size", "moe_shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts", "moe_num_experts"), EXPERTS),
    **dict.fromkeys(CHOOSING, 2),
    **dict.fromkeys(("n_group", "topk_group", "num_expert_group"), 1),
    **dict.fromkeys(("max_position_embeddings", "model_max_length"), 256),
    "pad_token_id": None, "bos_token_id": 0, "eos_token_id": 1, "tie_word_embeddings": False,
    "q_lora_rank": 12, "kv_lora_rank": 8, "qk_nope_head_dim": 8, "qk_rope_head_dim": 8, "v_head_dim": 8,
    "index_n_heads": 2, "index_head_dim": 16, "index_topk": 64, "sliding_window": 16, "attention_chunk_size": 16,
    "linear_num_key_heads": 2, "linear_num_value_heads": 4, "linear_key_head_dim": 8, "linear_value_head_dim": 8,
    "linear_num_heads": 2, "linear_head_dim": 8, "global_head_dim": 8,
    "swa_head_dim": 8, "swa_v_head_dim": 8, "swa_num_attention_heads": 4, "swa_num_key_value_heads": 2,
    "enable_moe_block": True, "hidden_size_per_layer_input": 0, "num_kv_shared_layers": 0, "first_k_dense_replace": 1,
}  # fmt: skip
# What reads pictures and sounds: as small as a family allows.
AROUND: tuple[Config, ...] = (
    {
        **dict.fromkeys(("depth", "num_hidden_layers"), 1),
        **dict.fromkeys(("hidden_size", "intermediate_size", "embed_dim"), 16),
        **dict.fromkeys(("num_attention_heads", "num_heads", "num_key_value_heads"), 2),
        "image_size": 28, "patch_size": 14, "out_hidden_size": 32,
    },
    dict.fromkeys(("depth", "num_hidden_layers", "encoder_layers"), 1),
    {},
)  # fmt: skip
DENSE_FIRST = {"mlp_layer_types": ["dense"] + ["sparse"] * (LAYERS - 1)}
BY_TURNS = {"layer_types": ["linear_attention", "full_attention"] * (LAYERS // 2)}
# By type of configuration: its own fields.
OWN: dict[str, Config] = {
    "deepseek_ocr2_text": DENSE_FIRST,
    "deepseek_v2": {"n_group": 2, "topk_method": "group_limited_greedy"},
    "deepseek_v3": {"n_group": 2},
    "dots1": DENSE_FIRST | {"n_shared_experts": 1},
    "dots3_note_audio_encoder": {"adapter_input_size": 16, "adapter_out_dim": 32},
    "dots3_note_vision_encoder": {
        "num_hidden_layers": 42, "moe_intermediate_size": 8, "adapter_in_dim": 16, "adapter_out_dim": 32,
    },
    "ernie4_5_vl_moe_text": {
        "moe_intermediate_size": [16, 16],
        "rope_parameters": {"rope_type": "default", "rope_theta": 1e4, "mrope_section": [1, 1, 2]},
    },
    "gemma4_text": {"pad_token_id": 2},
    "glm4v_moe_text": {
        "rope_parameters": {
            "rope_type": "default", "rope_theta": 1e4, "partial_rotary_factor": 0.5, "mrope_section": [1, 1, 0],
        },
    },
    "glm5_next_text": {"qk_rope_head_dim": 0},
    "granitemoehybrid": {
        "mamba_n_heads": 8, "mamba_d_head": 8, "mamba_d_state": 8, "mamba_n_groups": 1, "mamba_chunk_size": 8,
        **BY_TURNS,
    },
    "inkling2_text": {"unpadded_vocab_size": 60, "n_layers_per_attn_res_block": 2},
    "inkling2_vision": {"text_hidden_size": 32},
    "jetmoe": {"kv_channels": 8},
    "kimi_linear": DENSE_FIRST | BY_TURNS,
    "lfm2_moe": {"layer_types": ["conv", "full_attention"] * (LAYERS // 2), "num_dense_layers": 1},
    "longcat_flash": {"zero_expert_num": 4, "qk_head_dim": 16},
    "muse_spark_audio": {"num_hidden_layers": 4, "hidden_sizes": [8] * 4, "depths": [1] * 4, "out_hidden_size": 32},
    "nemotron_h": {
        "layers_block_type": ["linear_attention", "moe", "full_attention", "moe"],
        "mamba_num_heads": 4, "mamba_head_dim": 8, "ssm_state_size": 8, "n_groups": 2, "chunk_size": 8,
    },
    "qwen3_omni_moe_audio_encoder": {"d_model": 16, "encoder_attention_heads": 2, "output_dim": 32},
    "qwen3_omni_moe_talker_text": {"shared_expert_intermediate_size": 16},
    "qwen3_omni_moe_vision_encoder": {"deepstack_visual_indexes": [0], "num_position_embeddings": 16},
    "qwen3_vl_moe_vision": {"deepstack_visual_indexes": [0]},
    "qwen4_exp_text": {
        "indexer_n_heads": 2, "indexer_kv_heads": 1, "indexer_head_dim": 16, "indexer_budget": 16,
        "indexer_compress_ratio": 4, "hc_lowrank": 8,
    },
    "radio": {"video_temporal_patch_size": 2},
    "step3p5": {"pad_token_id": 2},
    "step3p7": {"pad_token_id": 2},
    "unlimited_ocr_text": DENSE_FIRST,
    "zaya": {"num_experts_per_tok": 1},
}  # fmt: skip


def families() -> Iterable[str]:
    """Types of configuration, of their own or by their text part, that tell of experts."""
    for name in CONFIG_MAPPING.keys():  # noqa: SIM118  # it is no dict
        try:
            text = CONFIG_MAPPING[name]().get_text_config()
        except Exception:  # configurations check themselves in ways of their own; some have no text part
            continue
        if any(re.search(r"^(?!_).*(expert|moe)", field) for field in vars(text)):
            yield name


def small(family: str) -> Any:
    """A small configuration that makes a model. Raises RecordingError where the library makes no language model."""
    for around in AROUND:
        try:
            config = _small(CONFIG_MAPPING[family], SMALL, around)
            if sum(weight.numel() for weight in on_meta(config, family).parameters()) > MOST:
                raise RecordingError(f"{family} makes no small model")
        except Exception as error:  # as above
            found = error
        else:
            return config
    raise RecordingError(str(found))


def _small(kind: Any, fields: Config, around: Config) -> Any:
    usual, have = kind(), kind.__dataclass_fields__
    given = {name: value for name, value in fields.items() if name in have}
    if "kv_lora_rank" in given:
        given["num_key_value_heads"] = given["num_attention_heads"]
    given |= OWN.get(kind.model_type, {})
    for name in kind.sub_configs or {}:
        if hasattr(part := getattr(usual, name, None), "model_type"):
            of_text = fields is SMALL and re.search("text|thinker|talker|llm", name)
            given[name] = _small(type(part), SMALL if of_text else around, around).to_dict()
    return kind(**given)


def write(family: str, folder: Path) -> None:
    """Write a checkpoint with random weights and biases, and its tokenizer."""
    config = small(family)
    torch.manual_seed(0)
    model: Any = kind_of_model(config).from_config(config, dtype=torch.float32)
    with torch.no_grad():
        for name, weight in [*model.named_parameters(), *model.named_buffers()]:
            if "tid2eid" in name:  # experts that a token is sent to by its number
                weight.copy_(torch.stack([torch.randperm(EXPERTS)[: weight.shape[1]] for _ in weight]))
            elif isinstance(weight, torch.nn.Parameter) or "bias" in name:
                weight.normal_(std=0.15 if weight.dim() > 1 else 0.3).add_(weight.dim() == 1 and "norm" in name)
    model.save_pretrained(folder)
    tokenizer().save_pretrained(folder)


class Seen:
    """The blocks of a model around fused experts by the numbers of their layers, and what they read of some ids."""

    def __init__(self, model: Any, ids: Tensor) -> None:
        self._blocks: dict[int, tuple[Any, Any]] = {}
        self._given: dict[int, tuple[Any, Any]] = {}
        for path, module in model.named_modules():
            layer = re.search(r"(?:^|\.)layers\.(\d+)\.(?!.*shared).*experts$", path)
            if layer and not re.search("vision|visual|audio|encoder|talker", path):
                self._blocks[int(layer[1])] = model.get_submodule(path.rpartition(".")[0]), module
        hooks = [
            block.register_forward_pre_hook(self._keep(number), with_kwargs=True)
            for number, (block, _) in self._blocks.items()
        ]
        with torch.no_grad():
            self.logits: Tensor = model(input_ids=ids, use_cache=False).logits[0]
        for hook in hooks:
            hook.remove()
        self.layers = sorted(self._blocks)

    def _keep(self, number: int) -> Any:
        def keep(_: Any, args: Any, kwargs: Any) -> None:
            self._given[number] = args, kwargs

        return keep

    @torch.no_grad()
    def chosen(self, number: int, k: int) -> Tensor:
        """Which tokens need which of a layer's experts that do something: bool `[tokens, experts]`."""
        block, experts = self._blocks[number]
        modules = list(block.modules())
        holders = [*modules, *(module.config for module in modules if hasattr(module, "config"))]
        before = [(each, name, getattr(each, name)) for each in holders for name in CHOOSING if hasattr(each, name)]
        for holder, name, _ in before:
            setattr(holder, name, k)
        try:
            plain, needed = self._run(number), []
            fused = [weight for weight in experts.parameters(recurse=False) if weight.dim() == 3]
            for expert in range(min(map(len, fused))):
                kept = [weight[expert].clone() for weight in fused]
                for weight in fused:
                    weight[expert].normal_()
                needed.append((self._run(number) != plain).any(1))
                for weight, old in zip(fused, kept, strict=True):
                    weight[expert] = old
        finally:
            for holder, name, value in before:
                setattr(holder, name, value)
        return torch.stack(needed, 1)

    def _run(self, number: int) -> Tensor:
        args, kwargs = copy.deepcopy(self._given[number])
        out = self._blocks[number][0](*args, **kwargs)
        out = out[0] if isinstance(out, tuple) else out
        flat: Tensor = out.reshape(-1, out.shape[-1])
        return flat
