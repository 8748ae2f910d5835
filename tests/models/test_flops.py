from __future__ import annotations

import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fixtures.models.flops import Work, break_even_context, counted, formula, growth
from fixtures.models.modules import decoder_layers, layer_inputs, layer_kinds
from fixtures.models.param_counts import build
from tests.models.configurations import FAMILIES, published, some

if TYPE_CHECKING:
    from collections.abc import Callable

LLAMA = published("llama-2-13b")
MIXTRAL = published("mixtral-8x7b-v0.1")


@pytest.fixture(scope="module")
def llama() -> Any:
    return build(LLAMA)


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data(), context=st.integers(1, 40))
def test_the_counter_and_arithmetic_give_the_same_work(family: str, data: st.DataObject, context: int) -> None:
    config = data.draw(FAMILIES[family]())
    model = build(config)
    full = counted(model, context)
    assert full == formula(config, context)
    causal = counted(model, context, "causal")
    assert causal == formula(config, context, "causal")
    assert 2 * causal.scores == full.scores
    assert causal.projections == full.projections


def test_llama_2_13b_at_its_published_context(llama: Any) -> None:
    for work in (counted(llama, 4096), formula(LLAMA, 4096)):
        assert work.feed_forward == work.mlp == 16_986_931_200
        assert work.attention == 11_744_051_200
        assert work.total == 28_730_982_400


def test_mixtral_works_with_its_active_experts_alone() -> None:
    model = build(MIXTRAL)
    for work in (counted(model, 7), formula(MIXTRAL, 7)):
        assert work.experts == 2 * 45_097_156_608 // 4
        assert work.router == 2 * 1_048_576
        assert work.feed_forward == work.experts + work.router


def test_where_attention_overtakes_the_feed_forward_network(llama: Any) -> None:
    routes: list[Callable[[int], Work]] = [lambda length: formula(LLAMA, length), lambda length: counted(llama, length)]
    for work in routes:
        assert break_even_context(work) == 10_496
        assert work(10_496).attention == work(10_496).feed_forward
        assert growth(work) == Work(projections=0, scores=819_200)
    assert break_even_context(lambda length: formula(LLAMA, length, "causal")) == 20_992
    assert growth(lambda length: formula(LLAMA, length, "causal")) == Work(projections=0, scores=409_600)


def test_a_break_even_is_exact_and_may_lie_between_lengths() -> None:
    assert break_even_context(lambda length: Work(projections=0, scores=3 * length, mlp=10)) == Fraction(10, 3)
    assert break_even_context(lambda length: Work(projections=10, scores=3 * length, mlp=10)) == 0
    assert break_even_context(lambda length: Work(projections=0, scores=5 * length, mlp=2 * length, router=9)) == 3


def test_attention_that_is_ahead_at_any_length_is_ahead_from_0_on() -> None:
    assert break_even_context(lambda length: Work(projections=11, scores=3 * length, mlp=10)) == 0


@pytest.mark.parametrize(("start", "growing", "mlp", "mlp_growing"), [(1, 0, 10, 0), (0, 1, 9, 2), (0, 1, 9, 1)])
def test_attention_that_never_catches_up_is_an_error(start: int, growing: int, mlp: int, mlp_growing: int) -> None:
    with pytest.raises(ValueError, match="does not grow against"):
        break_even_context(lambda n: Work(projections=start, scores=growing * n, mlp=mlp + mlp_growing * n))


@pytest.mark.parametrize("part", ["projections", "scores", "mlp", "experts", "shared_experts", "router"])
def test_growth_that_is_not_even_is_an_error(part: str) -> None:
    with pytest.raises(ValueError, match=f"{part} does not grow evenly"):
        growth(lambda length: Work(**({"projections": 1, "scores": length} | {part: length * length})))
    slope = growth(lambda length: Work(**({"projections": 1, "scores": 0} | {part: 5 * length + 3})))
    assert vars(slope) == vars(Work(projections=0, scores=0)) | {part: 5}


def test_work_is_for_reading_only_and_named_by_part() -> None:
    by_place: Any = Work
    work: Any = Work(projections=1, scores=2)
    with pytest.raises(dataclasses.FrozenInstanceError):
        work.mlp = 3
    with pytest.raises(TypeError, match="positional"):
        by_place(1, 2)


def test_odd_work_has_no_exact_half() -> None:
    from fixtures.models.flops import _divide, _under

    assert _divide(12, 4) == 3
    assert (_under("full", 7), _under("causal", 8)) == (7, 4)
    with pytest.raises(ValueError, match="7 FLOPs do not divide evenly by 2"):
        _under("causal", 7)


def test_a_kernel_that_the_counter_knows_no_formula_for_is_an_error() -> None:
    model: Any = build(MIXTRAL).bfloat16()
    assert counted(model, 16) == formula(MIXTRAL, 16)
    model.set_experts_implementation("grouped_mm")
    with pytest.raises(ValueError, match="the counter saw no work in experts"):
        counted(model, 16)


class Extra(torch.nn.Module):
    """A layer that multiplies matrices outside its parts."""

    def __init__(self, layer: Any) -> None:
        super().__init__()
        self.self_attn, self.mlp = layer.self_attn, layer.mlp
        self.input_layernorm = layer.input_layernorm

    def forward(self, hidden_states: torch.Tensor, **inputs: Any) -> torch.Tensor:
        hidden_states = hidden_states @ torch.ones(5120, 5120, device="meta")
        output: torch.Tensor = self.mlp(self.self_attn(hidden_states, **inputs)[0])
        return output


def test_work_outside_the_parts_is_an_error(llama: Any) -> None:
    stranger = torch.nn.ModuleDict(
        {
            "embed": llama.model.embed_tokens,
            "rotary": llama.model.rotary_emb,
            "layer": Extra(decoder_layers(llama)[0]),
        }
    )
    with pytest.raises(ValueError, match=r"104,857,600 FLOPs counted outside the parts"):
        counted(stranger, 2)


def test_layers_alike_are_run_once() -> None:
    config = {"vocab_size": 9, "hidden_size": 4, "intermediate_size": 3, "moe_intermediate_size": 2}
    config |= {"num_attention_heads": 1, "num_key_value_heads": 1, "head_dim": 2, "num_hidden_layers": 5}
    config |= {"num_experts": 2, "num_experts_per_tok": 1, "tie_word_embeddings": True, "decoder_sparse_step": 2}
    model = build(config | {"model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"]})
    layers = decoder_layers(model)
    assert sorted(layer_kinds(model), key=lambda kind: kind[1]) == [(layers[1], 2), (layers[0], 3)]


def test_a_layer_s_inputs_stand_where_the_weights_do(llama: Any) -> None:
    inputs: dict[str, Any] = layer_inputs(llama, 6)
    assert inputs["hidden_states"].shape == (1, 6, 5120)
    assert [angles.shape for angles in inputs["position_embeddings"]] == [(1, 6, 128)] * 2
    assert inputs["attention_mask"] is None
    assert inputs["hidden_states"].device.type == "meta"
