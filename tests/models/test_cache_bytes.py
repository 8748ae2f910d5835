from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fixtures.models.cache_bytes import Kept, formula, kept
from fixtures.models.modules import decoder_layers
from fixtures.models.param_counts import build
from tests.models.configurations import FAMILIES, published, some

LLAMA = published("llama-2-13b")


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data(), context=st.integers(1, 20), size=st.sampled_from([1, 2, 4]))
def test_the_library_s_cache_and_arithmetic_agree(family: str, data: st.DataObject, context: int, size: int) -> None:
    config = data.draw(FAMILIES[family]())
    measured = kept(build(config), context, size)
    # Which of the two a latent family keeps is its implementation's choice, and the library's has changed.
    either = [Kept(context * formula(config, size, latent=latent), 0) for latent in (True, False)]
    assert measured in either
    assert family == "deepseek_v3" or either[0] == either[1]


def test_llama_2_13b_keeps_819_200_bytes_a_token() -> None:
    model = build(LLAMA)
    assert formula(LLAMA, 2) == 819_200
    assert kept(model, 1, 2) == Kept(attention=819_200, feed_forward=0)
    assert kept(model, 5, 2) == Kept(attention=5 * 819_200, feed_forward=0)
    assert not any(child._forward_hooks or child._forward_pre_hooks for child in model.modules())


def test_deepseek_v3_keeps_a_latent_and_a_rotary_key() -> None:
    # DeepSeek-V2 report (arXiv 2405.04434), table 1: nine halves of a head's width a layer, 4.5 · 128 = 512 + 64.
    config = {"model_type": "deepseek_v3", "vocab_size": 129280, "hidden_size": 7168, "intermediate_size": 18432}
    config |= {"num_hidden_layers": 61, "num_attention_heads": 128, "num_key_value_heads": 128, "q_lora_rank": 1536}
    config |= {"kv_lora_rank": 512, "qk_nope_head_dim": 128, "qk_rope_head_dim": 64, "v_head_dim": 128}
    config |= {"moe_intermediate_size": 2048, "n_routed_experts": 256, "n_shared_experts": 1, "num_experts_per_tok": 8}
    config |= {"first_k_dense_replace": 3, "tie_word_embeddings": False}
    assert formula(config, 2) == 61 * 576 * 2
    assert formula(config, 2, latent=False) == 61 * 128 * (192 + 128) * 2


class Hoarder(torch.nn.Module):
    """A feed-forward network that keeps what it has seen."""

    seen: torch.Tensor | None = None

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        self.seen = hidden_states
        return hidden_states


def test_a_network_that_hoards_is_seen() -> None:
    model: Any = build(LLAMA | {"num_hidden_layers": 1})
    layer: Any = decoder_layers(model)[0]
    layer.mlp = Hoarder()
    layer.self_attn.held_before = torch.ones(7)
    assert kept(model, 3, 2) == Kept(attention=3 * 20_480, feed_forward=3 * 5120 * 2)
