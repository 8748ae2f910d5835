from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from fixtures.models.formula import closed_form
from fixtures.models.modules import attentions, decoder_layers, expert_count, experts_per_token, moe_blocks, same
from fixtures.models.param_counts import Widths, build, census, layer_parts, widths
from fixtures.models.parameters import Parameters
from tests.models.configurations import FAMILIES, Config, published, some


@pytest.fixture(scope="module")
def llama() -> Any:
    return build(published("llama-2-13b"))


@pytest.fixture(scope="module")
def mixtral() -> Any:
    return build(published("mixtral-8x7b-v0.1"))


def part_by_name(name: str) -> str:
    """Where a tensor belongs, told from its name alone: a third opinion, beside classes and arithmetic."""
    rules = {
        ".self_attn.": "attention",
        "shared_expert_gate": "router",
        "shared_expert": "shared_experts",
        ".experts.": "experts",
        ".mlp.gate.": "router",
        ".mlp.router.": "router",
        ".mlp.": "mlp",
        "norm": "norms",
        "embed_tokens": "embeddings",
        "lm_head": "head",
    }
    return next(part for pattern, part in rules.items() if pattern in name)


def allocated(config: Config) -> Parameters:
    """Count a really allocated model's tensors by their names and by slices of them; no tensor twice."""
    on_meta = build(config)
    model: Any = type(on_meta)(on_meta.config)
    tensors: dict[int, tuple[str, torch.Tensor]] = {}
    for name, tensor in model.named_parameters(remove_duplicate=False):
        assert tensor.device.type == "cpu"
        tensors.setdefault(tensor.data_ptr(), (name, tensor))
    counts = dict.fromkeys(("query", "key", "value", "key_value_latent", "output"), 0)
    rank, rotary = config.get("kv_lora_rank", 0), config.get("qk_rope_head_dim", 0)
    for name, tensor in tensors.values():
        part, size = part_by_name(name), tensor.numel()
        counts[part] = counts.get(part, 0) + size
        for pattern, projection in (("q_proj", "query"), ("q_a_proj", "query"), ("q_b_proj", "query")):
            counts[projection] += size if pattern in name else 0
        for pattern, projection in (("k_proj", "key"), ("v_proj", "value"), ("o_proj", "output")):
            counts[projection] += size if pattern in name else 0
        if "kv_a_proj" in name:
            counts["key_value_latent"] += tensor[:rank].numel()
            counts["key"] += tensor[rank : rank + rotary].numel()
        if "kv_b_proj" in name:
            a_head = tensor.view(config["num_attention_heads"], -1, rank)
            counts["key"] += a_head[:, : config["qk_nope_head_dim"]].numel()
            counts["value"] += a_head[:, config["qk_nope_head_dim"] :].numel()
    experts = next((tensor.shape[0] for name, tensor in tensors.values() if ".experts." in name), 0)
    return Parameters(
        total=sum(tensor.numel() for _, tensor in tensors.values()),
        **counts,
        expert_count=experts,
        experts_per_token=config["num_experts_per_tok"] if experts else 0,
    )


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data())
def test_class_arithmetic_and_tensors_give_the_same_count(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family]())
    counted = census(build(config))
    assert counted == closed_form(config)
    assert counted == allocated(config)


@pytest.mark.parametrize("family", FAMILIES)
@some
@given(data=st.data())
def test_layers_add_up_to_the_model(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family]())
    model = build(config)
    layers = [census(layer) for layer in decoder_layers(model)]
    assert len(layers) == config["num_hidden_layers"]
    whole = census(model)
    for part in ("attention", "query", "output", "mlp", "experts", "shared_experts", "router"):
        assert sum(getattr(layer, part) for layer in layers) == getattr(whole, part)
    assert sum(layer.norms for layer in layers) == whole.norms - config["hidden_size"]
    for number, layer in enumerate(layers):
        assert sum(layer_parts(model, number).values()) == layer.total


@pytest.mark.parametrize("family", sorted(FAMILIES.keys() - {"deepseek_v3"}))
@some
@given(data=st.data())
def test_widths_are_the_configuration_s(family: str, data: st.DataObject) -> None:
    config = data.draw(FAMILIES[family]())
    model = build(config)
    head = config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"]
    for number, layer in enumerate(decoder_layers(model)):
        sparse = "moe_intermediate_size" in config and bool(moe_blocks(layer))
        keys = head * config["num_key_value_heads"]
        assert widths(model, number) == Widths(
            model=config["hidden_size"],
            feed_forward=config["moe_intermediate_size" if sparse else "intermediate_size"],
            query=head * config["num_attention_heads"],
            key=keys,
            value=keys,
        )


def test_latent_attention_has_no_key_width() -> None:
    with pytest.raises(ValueError, match="latent attention"):
        widths(build(minimal_deepseek()))


def minimal_deepseek() -> Config:
    return {
        "model_type": "deepseek_v3",
        "architectures": ["DeepseekV3ForCausalLM"],
        "vocab_size": 5,
        "hidden_size": 4,
        "intermediate_size": 3,
        "moe_intermediate_size": 2,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "num_key_value_heads": 2,
        "tie_word_embeddings": False,
        "q_lora_rank": None,
        "kv_lora_rank": 3,
        "qk_nope_head_dim": 1,
        "qk_rope_head_dim": 2,
        "v_head_dim": 5,
        "first_k_dense_replace": 1,
        "n_routed_experts": 4,
        "n_shared_experts": 1,
        "n_group": 1,
        "topk_group": 1,
        "num_experts_per_tok": 2,
        "bos_token_id": 1,
        "eos_token_id": 2,
    }


def test_a_layer_is_the_first_unless_said_otherwise() -> None:
    config = minimal_deepseek() | {"model_type": "qwen3_moe", "architectures": ["Qwen3MoeForCausalLM"], "head_dim": 2}
    model = build(config | {"num_experts": 4, "decoder_sparse_step": 2, "num_hidden_layers": 2})
    assert list(layer_parts(model)) == ["Qwen3MoeAttention", "Qwen3MoeMLP", "Qwen3MoeRMSNorm"]
    assert list(layer_parts(model, 1)) == ["Qwen3MoeAttention", "Qwen3MoeSparseMoeBlock", "Qwen3MoeRMSNorm"]
    assert (widths(model).feed_forward, widths(model, 1).feed_forward) == (3, 2)


def test_llama_2_13b(llama: Any) -> None:
    counted = census(llama)
    assert counted.total == counted.active == 13_015_864_320
    assert counted.attention == 4_194_304_000
    assert counted.query_key_value == 3 * counted.output == 3_145_728_000
    assert counted.mlp == counted.feed_forward == 8_493_465_600
    assert counted.moe_block == counted.active_experts == 0
    assert layer_parts(llama) == layer_parts(llama, 39)
    assert layer_parts(llama) == {"LlamaAttention": 104_857_600, "LlamaMLP": 212_336_640, "LlamaRMSNorm": 10_240}
    assert sum(layer_parts(llama).values()) == 317_204_480
    assert widths(llama) == Widths(model=5120, feed_forward=13_824, query=5120, key=5120, value=5120)


def test_mixtral_8x7b(mixtral: Any) -> None:
    counted = census(mixtral)
    assert counted.total == 46_702_792_704
    assert counted.attention == 1_342_177_280
    assert counted.moe_block == counted.feed_forward == 45_098_205_184
    assert (counted.experts, counted.router) == (45_097_156_608, 1_048_576)
    assert counted.active_experts == counted.experts // 4
    assert counted.active == 12_879_925_248
    assert (counted.expert_count, counted.experts_per_token) == (8, 2)
    assert widths(mixtral) == Widths(model=4096, feed_forward=14_336, query=4096, key=1024, value=1024)
    assert len(decoder_layers(mixtral)) == len(moe_blocks(mixtral)) == len(attentions(mixtral)) == 32


def test_llama_2_70b() -> None:
    assert census(build(published("llama-2-70b"))).total == 68_976_648_192


def test_a_build_stores_nothing_and_imports_one_family(mixtral: Any) -> None:
    assert {tensor.device.type for tensor in (*mixtral.parameters(), *mixtral.buffers())} == {"meta"}
    assert mixtral.config._experts_implementation == "batched_mm"


@pytest.mark.parametrize(
    "change",
    [
        {"model_type": None},
        {"model_type": 3},
        {"architectures": None},
        {"architectures": "LlamaForCausalLM"},
        {"architectures": []},
        {"architectures": ["LlamaForCausalLM", "LlamaModel"]},
    ],
)
def test_a_configuration_that_names_no_class_is_refused(change: Config) -> None:
    with pytest.raises(ValueError, match="names no model_type, or not one architecture"):
        build(published("llama-2-13b") | change)


@pytest.mark.parametrize("change", [{"model_type": "no_such_model"}, {"architectures": ["LlamaForPoetry"]}])
def test_a_class_that_the_library_lacks_is_refused(change: Config) -> None:
    with pytest.raises(ValueError, match="the installed transformers has no"):
        build(published("llama-2-13b") | change)


def test_experts_work_again_after_their_number_was_looked_up() -> None:
    on_meta = build(minimal_deepseek())
    model: Any = type(on_meta)(on_meta.config)
    (block,) = moe_blocks(model)
    before = block(torch.ones(1, 3, 4))
    assert (expert_count(block), experts_per_token(block)) == (4, 2)
    assert "forward" not in vars(block.experts)
    assert torch.equal(block(torch.ones(1, 3, 4)), before)


class Attention(torch.nn.Module):
    """A module by a name that counts as attention, with what no known attention holds."""

    def __init__(self, **held: torch.nn.Module) -> None:
        super().__init__()
        self.q_proj = torch.nn.Linear(2, 3)
        for name, module in held.items():
            self.add_module(name, module)


class Stranger(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weight = torch.nn.Parameter(torch.ones(2, 3))


def test_an_unknown_parameter_is_an_error() -> None:
    assert census(Attention()) == Parameters(total=9, attention=9, query=9)
    assert census(torch.nn.ModuleList([Attention(q_norm=torch.nn.Linear(1, 1))])).attention == 11
    with pytest.raises(ValueError, match=r"Stranger\.weight belongs to no part"):
        census(torch.nn.ModuleList([torch.nn.Linear(1, 1), Stranger()]))
    with pytest.raises(ValueError, match=r"Attention\.g_proj is no projection that is known"):
        census(Attention(g_proj=torch.nn.Linear(1, 1)))
    knows_sinks, knows_no_bias = Attention(), Attention()
    knows_sinks.sinks = torch.nn.Parameter(torch.ones(3))
    knows_no_bias.bias = torch.nn.Parameter(torch.ones(3))
    assert census(knows_sinks) == Parameters(total=12, attention=12, query=9)
    with pytest.raises(ValueError, match=r"Attention\.bias is no parameter of attention that is known"):
        census(knows_no_bias)


def test_a_weight_used_twice_counts_once() -> None:
    embedding = torch.nn.Embedding(5, 3)
    head = torch.nn.Linear(3, 5, bias=False)
    untied = torch.nn.ModuleList([embedding, head])
    assert census(untied) == Parameters(total=30, embeddings=15, head=15)
    head.weight = embedding.weight
    assert census(untied) == Parameters(total=15, embeddings=15)


def test_numbers_that_should_be_one() -> None:
    assert same(iter([3, 3, 3])) == 3
    for numbers in ([], [3, 4]):
        with pytest.raises(ValueError, match="one number expected"):
            same(numbers)


def test_parts_that_do_not_add_up_are_refused() -> None:
    whole = closed_form(published("mixtral-8x7b-v0.1"))
    for change in (
        {"total": whole.total + 1},
        {"norms": whole.norms - 1},
        {"head": -1, "embeddings": whole.embeddings + whole.head + 1},
        {"query": whole.query + 1},
        {"expert_count": 0, "experts_per_token": 0},
        {"expert_count": 9},
        {"experts_per_token": 9},
    ):
        with pytest.raises(ValueError, match=r"add up|negative|projections|experts"):
            replace(whole, **change)
    assert replace(whole, experts_per_token=8).active == whole.total


def test_sums_of_parts() -> None:
    parts = {"attention": 100, "query": 1, "key": 2, "value": 4, "key_value_latent": 8, "output": 16, "mlp": 1000}
    parts |= {"experts": 60_000, "shared_experts": 10_000, "router": 3000, "norms": 7, "embeddings": 200, "head": 300}
    counts = Parameters(total=74_607, **parts, expert_count=6, experts_per_token=2)
    assert counts.query_key_value == 15
    assert counts.moe_block == 73_000
    assert counts.feed_forward == 74_000
    assert counts.active_experts == 20_000
    assert counts.active == 34_607
