"""Many families, small: what is counted against a whole run, torch's own counter and the library's own cache."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
import torch
import transformers
from huggingface_hub.errors import StrictDataclassError
from packaging.version import Version
from torch.utils.flop_counter import FlopCounterMode
from transformers.models.auto.configuration_auto import CONFIG_MAPPING
from transformers.models.auto.modeling_auto import MODEL_FOR_CAUSAL_LM_MAPPING_NAMES

from claim_suite.fixtures.models.components import ComponentMap
from claim_suite.fixtures.models.config import build
from claim_suite.fixtures.models.conventions import CONVENTIONS, WITH_PREDICTION, ways_of
from claim_suite.fixtures.models.counted import Counted
from claim_suite.fixtures.models.families import FAMILIES as FORMULAS
from claim_suite.fixtures.models.formula import Formula
from claim_suite.fixtures.models.parameters import COMPONENTS, NotKnown
from tests.models.families import FAMILIES, LATENT, Config, small
from tests.sampled import sampled

EVERYWHERE = {"embeddings", "norms", "head"}
CONTEXT = 6
# By hand, where a family returns no cache: keys and values of one layer, three states and what three convolutions see.
HELD_BY_MODULES = {"recurrent_gemma": 2 * 16 * CONTEXT + 3 * (32 + 3 * 32)}


def whole_run(model: Any, context: int) -> tuple[int, int]:
    """FLOPs by torch's counter, and the numbers in the cache, of a plain run of the whole model with real tensors.

    Attention is multiplied out: torch's counter knows no formula for the fused kernel of a CPU.
    """
    model = model.to_empty(device="cpu").float().eval()
    model.set_attn_implementation("eager")
    for tensor in (*model.parameters(), *model.buffers()):
        torch.nn.init.constant_(tensor, 0.01)
    tokens: dict[str, Any] = {"input_ids": torch.ones(1, context, dtype=torch.long)}
    if model.config.is_encoder_decoder:
        tokens["decoder_input_ids"] = tokens["input_ids"]
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        output = model(**tokens, use_cache=True)
    caches = [value for name, value in output.items() if type(value).__name__.endswith("Cache") or name == "state"]
    by_module = {path: sum(flops.values()) for path, flops in counter.get_flop_counts().items()}
    angles = sum(
        flops for path, flops in by_module.items() if path.endswith(("rotary_emb", "rotary_emb_local", "pos_emb"))
    )
    return counter.get_total_flops() - angles, sum(map(numbers, caches))


def numbers(cache: Any) -> int:
    """Numbers in a cache: its layers' tensors, or those of a list or dictionary of states."""
    if isinstance(cache, torch.Tensor):
        return cache.numel() if cache.is_floating_point() else 0
    if isinstance(cache, list | tuple | dict):
        return sum(map(numbers, cache.values() if isinstance(cache, dict) else cache))
    inner = ("layers", "self_attention_cache", "cross_attention_cache", "rnn_state", "linear_cache")
    states = ("keys", "values", "conv_states", "recurrent_states", "ssm_states", "indexer_keys")
    return sum(numbers(getattr(cache, name)) for name in (*inner, *states) if getattr(cache, name, None) is not None)


# Older releases of the library do not run some experts without values, and fuse one family's attention always.
OLDER = Version(transformers.__version__) < Version("5.24")
RUN_LATER = {"dbrx", "granitemoe", "granitemoehybrid", "recurrent_gemma", "switch_transformers"} if OLDER else set()
RUNNING = [family for family in FAMILIES if family not in RUN_LATER]
HIDDEN = [family for family in ("dbrx", "llama4_text", "jetmoe", "switch_transformers") if family in RUNNING]
SPARSE = [family for family in RUNNING if "experts" in FAMILIES[family][1].split()]


@cache
def counted_of(family: str) -> Counted:
    return Counted(small(family))


@pytest.mark.parametrize("family", RUNNING)
def test_parts_add_up_and_routes_agree(family: str) -> None:
    total = sum(weight.numel() for weight in build(small(family)).parameters())
    counted = counted_of(family)
    of = counted.parameters
    assert of.total == total
    assert {part for part in COMPONENTS if getattr(of, part)} - EVERYWHERE == set(FAMILIES[family][1].split())
    assert of.count("active", "everything") == of.active <= of.total
    assert counted.active == of.active
    assert (of.active < of.total) == (of.experts > 0)
    for convention in (way for way in ways_of("active") if not CONVENTIONS[way].adds):
        assert 0 <= of.count("active", convention) <= of.count("total", convention) <= of.total


@pytest.mark.parametrize("family", [family for family in RUNNING if family not in HIDDEN])
def test_work_and_cache_are_those_of_a_whole_run(family: str) -> None:
    counted = counted_of(family)
    work, kept = counted.flops(CONTEXT), counted.kv_cache_bytes(CONTEXT, 1)
    flops, cached = whole_run(build(small(family)), CONTEXT)
    assert work.total * CONTEXT == flops
    assert kept.total == kept.attention + kept.mixers == HELD_BY_MODULES.get(family, cached)
    assert (work.mixers > 0) == (kept.mixers > 0) == (counted.parameters.mixers > 0)


INDEXED = {**LATENT, "head_dim": 4, "n_shared_experts": 1, "index_n_heads": 2, "index_head_dim": 6}
GROUPED = {"n_group": 1, "topk_group": 1, "n_shared_experts": 1, "first_k_dense_replace": 1}
BY_FORMULA: dict[str, Config] = {
    "qwen2_moe": {"decoder_sparse_step": 2},
    "qwen3_moe": {"decoder_sparse_step": 2},
    "deepseek_v2": {**LATENT, "topk_method": "greedy", "n_shared_experts": 1},
    "deepseek_v3": {**LATENT, "head_dim": 4, "n_shared_experts": 1, "num_nextn_predict_layers": 1},
    "deepseek_v32": INDEXED,
    "glm_moe_dsa": INDEXED,
    "glm4_moe": {**GROUPED, "use_qk_norm": True, "num_nextn_predict_layers": 1},
    "dots1": GROUPED,
    "ernie4_5_moe": {
        "moe_num_experts": 4, "moe_k": 2, "moe_layer_start_index": 1, "moe_layer_end_index": -1,
        "moe_layer_interval": 1, "moe_num_shared_experts": 2,
    },
}  # fmt: skip


# By the lowest release that is supported: other widths of experts, and more FLOPs than are at work.
BUILT_OTHERWISE, LOCKED = ("glm_moe_dsa", "granitemoe"), Version("5.23")


@pytest.mark.parametrize("family", sorted(FORMULAS.keys() & {*CONFIG_MAPPING}))
def test_the_formula_counts_what_the_library_builds(family: str) -> None:
    if family in BUILT_OTHERWISE and Version(transformers.__version__) < LOCKED:
        pytest.skip("an older library builds it otherwise")
    tied = FORMULAS[family].tied
    config = {"tie_word_embeddings": bool(tied)} | small(family, **BY_FORMULA.get(family, {}))
    counted, formula = Counted(config), Formula(config)
    of = formula.parameters
    assert counted.parameters == replace(of, projections=counted.parameters.projections)
    assert counted.parameters.projections in (None, of.projections)
    if not FORMULAS[family].indexer:
        assert counted.flops(CONTEXT) == formula.flops(CONTEXT)


@pytest.mark.parametrize("family", sampled(MODEL_FOR_CAUSAL_LM_MAPPING_NAMES, 40))
def test_folded_layers_hold_what_all_layers_do_in_every_family(family: str) -> None:
    try:
        folded, whole = (ComponentMap(build(small(family)), folded=fold) for fold in (True, False))
    except (ValueError, StrictDataclassError):
        pytest.skip("needs fields of its own")
    sizes, all_sizes = Counter[str](), Counter[str]()
    for ref in folded.tensors.values():
        sizes[ref.component] += ref.size
    for ref in whole.tensors.values():
        all_sizes[ref.component] += ref.parameter.numel()
    assert sizes == all_sizes
    assert all_sizes.total() == whole.total == sum(weight.numel() for weight in whole.model.parameters())


@pytest.mark.parametrize("family", ["deepseek_v3", "glm4_moe"])
def test_announced_layers_are_those_that_the_library_can_build_apart(family: str) -> None:
    layers = pytest.importorskip("transformers.modeling_layers")
    if not hasattr(layers, "MtpModel"):
        pytest.skip("this release has none")
    fields: dict[str, Any] = {**LATENT, "head_dim": 4} if family == "deepseek_v3" else {"n_group": 1, "topk_group": 1}
    config = small(family, num_nextn_predict_layers=2, **fields)
    main: Any = build(config)
    main.config.num_mtp_layers = 2
    with torch.device("meta"):
        apart = layers.MtpModel(main, 2)
    size = sum(weight.numel() for weight in apart.layers.parameters())
    of = Counted(config).parameters
    assert of.count("total", WITH_PREDICTION) - of.total == size > 0
    assert of.count("active", WITH_PREDICTION) - of.active < size
    assert Counted(small(family, **fields)).parameters.announced is None


# JetMoE chooses experts for queries, too, and those of a token that attends to itself alone have no gradient.
@pytest.mark.parametrize("family", [family for family in SPARSE if family != "jetmoe"])
def test_the_active_experts_are_those_that_a_token_s_gradient_reaches(family: str) -> None:
    component_map = ComponentMap(build(small(family)), folded=False)
    torch.manual_seed(1)
    model: Any = component_map.model
    model.to_empty(device="cpu").float().eval()
    for tensor in (*model.parameters(), *model.buffers()):
        torch.nn.init.normal_(tensor, std=0.2) if tensor.requires_grad else torch.nn.init.constant_(tensor, 0.01)
    token = torch.ones(1, 1, dtype=torch.long)
    inputs = {"decoder_input_ids": token} if model.config.is_encoder_decoder else {}
    model(token, **inputs).logits.square().sum().backward()
    weights, reached = dict(model.named_parameters()), 0
    for ref in component_map.tensors.values():
        weight = weights[ref.name]
        if ref.component == "experts" and weight.grad is not None:
            listed = isinstance(ref.root, torch.nn.ModuleList | torch.nn.ModuleDict)
            rows = weight.grad.reshape(1 if listed else len(weight), -1)
            reached += int((rows != 0).any(1).sum()) * rows.shape[1]
    counted = counted_of(family)
    assert counted.active_by_run["experts"] == counted.parameters.active_experts == reached


@pytest.mark.parametrize("family", HIDDEN)
def test_work_of_experts_that_cannot_be_seen_is_not_known(family: str) -> None:
    with pytest.raises(NotKnown, match="FLOPs of the experts"):
        Counted(small(family)).flops(CONTEXT)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"model_type": None}, "the configuration names no model_type"),
        ({"model_type": 3}, "the configuration names no model_type"),
        ({"model_type": "no_such_model"}, "the installed transformers has no model_type 'no_such_model'"),
        ({"num_attention_heads": "many"}, "transformers cannot build this llama"),
        ({"hidden_size": None}, "transformers cannot build this llama"),
        ({"model_type": "vit"}, "transformers cannot build this vit: ValueError: there is no language model for"),
    ],
)
def test_a_configuration_that_does_not_build_is_refused_in_a_line(change: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message) as refused:
        build(small("llama") | change)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    "named", [None, [], "LlamaForCausalLM", ["LlamaForPoetry"], ["LlamaModel", "LlamaForCausalLM"]]
)
def test_the_library_s_own_class_stands_in_for_names_that_it_has_not(named: object) -> None:
    assert type(build(small("llama", architectures=named))).__name__ == "LlamaForCausalLM"


def test_a_family_that_the_library_has_not_is_built_as_the_class_that_it_names() -> None:
    stranger = small("llama", model_type="stranger", architectures=["StrangerForCausalLM", "LlamaForCausalLM"])
    assert type(build(stranger)).__name__ == "LlamaForCausalLM"
    for named in (None, ["StrangerForCausalLM"], [7, []]):
        with pytest.raises(ValueError, match="no model_type 'stranger', nor a class of its architectures"):
            build(stranger | {"architectures": named})


@pytest.mark.parametrize(
    ("field", "misspelt"),
    [
        ("hidden_size", "hiden_size"), ("hidden_size", "d_model"), ("num_key_value_heads", "num_kv_heads"),
        ("num_key_value_heads", "kv_heads"), ("num_hidden_layers", "n_layers"), ("num_attention_heads", "n_head"),
        ("intermediate_size", "ffn_dim"), ("vocab_size", "vocabulary_size"), ("head_dim", "headdim"),
    ],
)  # fmt: skip
def test_a_misspelt_field_does_not_become_a_default(field: str, misspelt: str) -> None:
    config = small("llama")
    config[misspelt] = config.pop(field)
    with pytest.raises(ValueError, match=f"no field '{misspelt}': does it mean '{field}'"):
        build(config)


@pytest.mark.parametrize("field", ["hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size"])
def test_a_size_that_is_not_given_does_not_become_a_default(field: str) -> None:
    config = {name: value for name, value in small("llama").items() if name != field}
    with pytest.raises(ValueError, match=f"it has no {field}"):
        build(config)


@pytest.mark.parametrize("name", ["attn_implementation", "_attn_implementation", "experts_implementation", "auto_map"])
def test_code_that_a_configuration_names_is_not_asked_for(name: str) -> None:
    assert build(small("llama") | {name: "someone/kernel"}).config._attn_implementation != "someone/kernel"


def test_a_multimodal_model_has_encoders_and_a_text_part() -> None:
    text = small("gemma3_text")
    vision = {"hidden_size": 16, "intermediate_size": 24, "num_hidden_layers": 2, "image_size": 16, "patch_size": 4}
    vision |= {"num_attention_heads": 2}
    config = {"model_type": "gemma3", "text_config": text, "mm_tokens_per_image": 4, "vision_config": vision}
    whole, alone = Counted(config), Counted(text)
    assert whole.parameters.modality_encoders > 0
    assert alone.parameters.modality_encoders == 0
    assert whole.parameters.count("total", "text part alone") == alone.parameters.total
    assert whole.active == whole.parameters.total
    for part in ("attention", "mlp", "norms", "embeddings", "head"):
        assert getattr(whole.parameters, part) == getattr(alone.parameters, part)


def test_attention_that_scores_nothing_is_a_mixer() -> None:
    model: Any = build(small("minimax"))
    sizes = [sum(weight.numel() for weight in layer.self_attn.parameters()) for layer in model.model.layers]
    counted = Counted(small("minimax"))
    assert counted.parameters.attention == sizes[0] + sizes[2]
    assert counted.parameters.mixers == sizes[1] + sizes[3]


class Chooser(torch.nn.Module):
    """A network that looks dense and chooses which half of it works."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.both, self.which = torch.nn.Linear(width, 2 * width), torch.nn.Linear(width, 2)

    def forward(self, hidden: torch.Tensor) -> torch.Tensor:
        weight, chosen = self.which(hidden).topk(1)
        first, second = self.both(hidden).chunk(2, dim=-1)
        output: torch.Tensor = weight * torch.where(chosen == 0, first, second)
        return output


def test_experts_under_another_name_leave_the_active_count_unknown() -> None:
    def make(config: Config) -> Any:
        model: Any = build(config)
        with torch.device("meta"):
            for layer in model.model.layers:
                layer.mlp = Chooser(32)
        return model

    of = Counted(small("llama"), make).parameters
    assert of.total == sum(weight.numel() for weight in make(small("llama")).parameters())
    with pytest.raises(NotKnown, match="how many experts work on a token"):
        _ = of.active


def test_a_part_without_a_rule_is_other_and_in_the_total() -> None:
    def make(config: Config) -> Any:
        model: Any = build(config)
        with torch.device("meta"):
            model.model.layers[1].novelty = torch.nn.Linear(3, 5)
            model.model.stranger = torch.nn.Parameter(torch.ones(7))
        return model

    before, after = Counted(small("llama")).parameters, Counted(small("llama"), make).parameters
    assert (after.other, after.total) == (27, before.total + 27)
    assert {part for part in COMPONENTS if getattr(after, part) != getattr(before, part)} == {"other"}
