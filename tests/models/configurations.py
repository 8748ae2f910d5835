"""Hypothesis strategies: tiny configurations of each family, in the form that released models publish theirs."""

from __future__ import annotations

import tomllib
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st

from claim_suite.fixtures import origins
from tests.sampled import ALL

Config = dict[str, Any]
Fields = dict[str, st.SearchStrategy[Any]]
few, some_more, either = st.integers(1, 3), st.integers(1, 20), st.booleans()

# A configuration costs a model or two and several runs of it: fewer than the profile asks for.
some = settings(max_examples=40 if ALL else 4, deadline=None)


def published(name: str) -> Config:
    """Read a released model's configuration."""
    config: Config = origins.load(f"configs/{name}.json")
    return config


def of_card(name: str) -> Config:
    """Read the configuration of a model card of the suite."""
    text = (origins.PROJECT / "claims/model_cards/cards" / f"{name}.toml").read_text(encoding="utf-8")
    config: Config = tomllib.loads(text)["configuration"]["values"]
    return config


@st.composite
def decoder(draw: st.DrawFn, family: str, *own: st.SearchStrategy[Config]) -> Config:
    """The fields that all families share, then a family's own."""
    key_value_heads, group, width = draw(few), draw(few), 2 * draw(few)
    heads = key_value_heads * group
    config: Config = {
        "model_type": family,
        "vocab_size": draw(st.integers(5, 40)),
        "hidden_size": heads * width,
        "intermediate_size": draw(st.integers(1, 30)),
        "num_hidden_layers": draw(few),
        "num_attention_heads": heads,
        "num_key_value_heads": heads if family == "deepseek_v3" else key_value_heads,
        "tie_word_embeddings": draw(either),
        "max_position_embeddings": 64,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }
    for fields in own:
        config |= draw(fields)
    return config


def fields(**of: st.SearchStrategy[Any]) -> st.SearchStrategy[Config]:
    """Fields that a family always publishes."""
    return st.fixed_dictionaries(of)


def at_times(**of: st.SearchStrategy[Any]) -> st.SearchStrategy[Config]:
    """Fields that some of a family's configurations lack."""
    return st.fixed_dictionaries({}, optional=of)


def experts(count: str) -> st.SearchStrategy[Config]:
    """Experts, and how many of them work on a token."""
    return st.integers(1, 6).flatmap(
        lambda number: fields(**{count: st.just(number), "num_experts_per_tok": st.integers(1, number)})
    )


HEAD: Fields = {"head_dim": st.integers(1, 5).map(lambda half: 2 * half)}  # heads need not fill the width
BIAS: Fields = {"attention_bias": either}
SPARSE_AT_TIMES = (  # dense layers among sparse ones
    experts("num_experts"),
    fields(moe_intermediate_size=some_more, decoder_sparse_step=few),
    at_times(mlp_only_layers=st.lists(st.integers(0, 2), unique=True)),
)
GROUPS = st.tuples(few, st.integers(2, 3)).flatmap(  # of experts, one of which is chosen from
    lambda sizes: fields(
        n_group=st.just(sizes[0]),
        topk_group=st.just(1),
        n_routed_experts=st.just(sizes[0] * sizes[1]),
        num_experts_per_tok=st.integers(1, sizes[1]),
    )
)
LATENTS = fields(
    q_lora_rank=st.none() | st.integers(1, 9), kv_lora_rank=st.integers(1, 9), qk_nope_head_dim=st.integers(1, 7),
    qk_rope_head_dim=few.map(lambda half: 2 * half), v_head_dim=st.integers(1, 9),
)  # fmt: skip
YARN = {"rope_type": "yarn", "factor": 32.0, "original_max_position_embeddings": 2, "truncate": False}

FAMILIES: dict[str, st.SearchStrategy[Config]] = {
    "llama": decoder("llama", at_times(**HEAD, **BIAS, mlp_bias=either)),
    "mistral": decoder("mistral", at_times(**HEAD), fields(sliding_window=st.sampled_from([None, 4096]))),
    "qwen2": decoder("qwen2"),
    "qwen3": decoder("qwen3", fields(**HEAD, **BIAS)),
    "mixtral": decoder("mixtral", at_times(**HEAD), experts("num_local_experts")),
    "olmoe": decoder("olmoe", experts("num_experts"), fields(**BIAS)),
    "qwen2_moe": decoder(
        "qwen2_moe", *SPARSE_AT_TIMES, fields(shared_expert_intermediate_size=some_more), at_times(qkv_bias=either)
    ),
    "qwen3_moe": decoder("qwen3_moe", *SPARSE_AT_TIMES, fields(**HEAD, **BIAS)),
    "deepseek_v3": decoder(
        "deepseek_v3", LATENTS, GROUPS,
        fields(
            **BIAS, first_k_dense_replace=st.integers(0, 4), moe_intermediate_size=some_more, n_shared_experts=few,
            num_nextn_predict_layers=st.sampled_from([None, 0, 1, 2]),
        ),
    ),
    "gpt_oss": decoder(
        "gpt_oss", experts("num_local_experts"),
        fields(**HEAD, **BIAS, sliding_window=st.just(64), rope_scaling=st.just(YARN)),
    ),
}  # fmt: skip
