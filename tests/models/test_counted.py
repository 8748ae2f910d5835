"""Laws on random small configurations, and exact numbers of released models."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.models import families
from claim_suite.fixtures.models.config import build
from claim_suite.fixtures.models.counted import Counted
from claim_suite.fixtures.models.formula import Formula
from claim_suite.fixtures.models.parameters import CacheBytes, NotKnown
from tests.models.configurations import FAMILIES, Config, published, some


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data(), context=st.integers(2, 30), size=st.sampled_from([1, 2, 4]))
def test_all_routes_agree(family: str, data: st.DataObject, context: int, size: int) -> None:
    config = data.draw(FAMILIES[family])
    counted, formula = Counted(config), Formula(config)
    of = counted.parameters
    assert of == formula.parameters
    assert counted.active == of.active
    assert counted.flops(context) == formula.flops(context)
    # Which of the two a latent family keeps is its implementation's choice, and the library's has changed.
    either = [formula.kv_cache_bytes(context, size, latent=latent) for latent in (True, False)]
    assert counted.kv_cache_bytes(context, size) in either
    assert families.FAMILIES[family].latent or either[0] == either[1]


@pytest.mark.parametrize("family", sorted(name for name in FAMILIES if not families.FAMILIES[name].latent))
@some
@given(data=st.data())
def test_widths_and_the_parts_of_a_layer(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family])
    counted, formula = Counted(config), Formula(config).shape
    layer = counted.component_map.layers[0]
    assert len(counted.layers) == len(counted.component_map.layers) == formula.num_layers
    assert sum(counted.layer_components.values()) == sum(weight.numel() for weight in layer.parameters())
    widths = counted.widths
    assert [widths.vocab_size, widths.hidden_size, widths.head_dim] == [
        formula.vocab_size,
        formula.hidden_size,
        formula.qk_head_dim,
    ]
    assert widths.intermediate_size == (
        formula.moe_intermediate_size if formula.num_moe_layers else formula.intermediate_size
    )
    assert widths.query_size == widths.heads_size == formula.num_heads * formula.qk_head_dim
    assert widths.key_size == formula.num_key_value_heads * formula.qk_head_dim


def test_llama_2_13b() -> None:
    llama, formula = Counted(published("llama-2-13b")), Formula(published("llama-2-13b"))
    assert llama.parameters == formula.parameters
    assert llama.active == 13_015_864_320
    assert llama.layer_components == {"LlamaAttention": 104_857_600, "LlamaMLP": 212_336_640, "LlamaRMSNorm": 10_240}
    assert llama.flops(4096) == formula.flops(4096)
    assert llama.flops(10_496).attention == llama.flops(10_496).feed_forward
    assert llama.kv_cache_bytes_per_token == CacheBytes(attention=819_200)


def test_mixtral_8x7b_stores_nothing_and_is_left_as_it_was() -> None:
    mixtral = Counted(published("mixtral-8x7b-v0.1"))
    assert mixtral.active == 12_879_925_248
    assert mixtral.active_by_run["embeddings"] == 4096
    mixtral.flops(9)
    assert {tensor.device.type for tensor in (*mixtral.model.parameters(), *mixtral.model.buffers())} == {"meta"}
    assert not any("forward" in vars(module) for module in mixtral.model.modules())


@pytest.mark.parametrize("kernel", ["batched_mm", "grouped_mm"])
def test_a_kernel_that_the_counter_knows_no_formula_for_is_not_known(kernel: str) -> None:
    def make(config: Config) -> Any:
        model: Any = build(config).bfloat16()
        model.set_experts_implementation(kernel)
        return model

    counted = Counted(published("mixtral-8x7b-v0.1") | {"num_hidden_layers": 1}, make)
    if kernel == "batched_mm":
        assert counted.flops(16).experts == 2 * 45_097_156_608 // 4 // 32
        return
    with pytest.raises(NotKnown, match=r"FLOPs of experts: the counter saw none in model.layers.0.mlp.experts"):
        counted.flops(16)


class Hoarder(torch.nn.Module):
    """A feed-forward network that keeps what it has seen, and multiplies all of it."""

    seen: torch.Tensor | None = None

    def forward(self, hidden_states: torch.Tensor) -> torch.Tensor:
        self.seen = hidden_states
        return hidden_states @ hidden_states.transpose(-1, -2) @ hidden_states


def test_a_network_that_hoards_and_compares_is_seen() -> None:
    def make(config: Config) -> Any:
        model: Any = build(config)
        for layer in model.model.layers:
            layer.mlp = Hoarder()
            layer.self_attn.held_before = torch.ones(7)
        return model

    counted = Counted(published("llama-2-13b") | {"num_hidden_layers": 2}, make)
    assert counted.kv_cache_bytes(3, 2) == CacheBytes(attention=2 * 3 * 20_480, feed_forward=2 * 3 * 5120 * 2)
    assert counted.kv_cache_bytes_per_token == CacheBytes(attention=2 * 20_480, feed_forward=2 * 5120 * 2)
