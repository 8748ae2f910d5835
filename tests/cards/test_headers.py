"""Parameters by headers of real safetensors files: plain, packed and quantised, with buffers, damaged, unknown."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file

from claim_suite.fixtures.cards import headers
from claim_suite.fixtures.cards.quantities import CardModel
from claim_suite.fixtures.models.config import build
from claim_suite.fixtures.models.parameters import NotKnown
from tests.cards.samples import CONFIG, TOTAL
from tests.cards.test_quantities import made

Shapes = Mapping[str, tuple[torch.dtype, tuple[int, ...]]]
F8 = torch.float8_e4m3fn
LINEAR: dict[str, tuple[Shapes, dict[str, Any]]] = {
    "bfloat16": ({"a.weight": (torch.bfloat16, (64, 128))}, {}),
    "fp8 in blocks": ({"a.weight": (F8, (64, 128)), "a.weight_scale_inv": (torch.float32, (1, 1))}, {}),
    "fp8": (
        {"a.weight": (F8, (64, 128)), "a.weight_scale": (torch.float32, ()), "a.input_scale": (torch.float32, ())}, {},
    ),
    "GPTQ, 4 bits": (
        {
            "a.qweight": (torch.int32, (128 // 8, 64)), "a.qzeros": (torch.int32, (1, 64 // 8)),
            "a.scales": (torch.float16, (1, 64)), "a.g_idx": (torch.int32, (128,)),
        },
        {"quantization_config": {"quant_method": "gptq", "bits": 4}},
    ),
    "GPTQ, 8 bits": (
        {"a.qweight": (torch.int32, (128 // 4, 64)), "a.scales": (torch.float16, (1, 64))},
        {"quantization_config": {"quant_method": "gptq", "bits": 8}},
    ),
    "AWQ": (
        {
            "a.qweight": (torch.int32, (128, 64 // 8)), "a.qzeros": (torch.int32, (1, 64 // 8)),
            "a.scales": (torch.float16, (1, 64)),
        },
        {"quantization_config": {"quant_method": "awq", "w_bit": 4}},
    ),
    "MXFP4": ({"a_blocks": (torch.uint8, (64, 4, 16)), "a_scales": (torch.uint8, (64, 4))}, {}),
    "NVFP4": (
        {
            "a.weight": (torch.uint8, (64, 64)), "a.weight_scale": (F8, (64, 8)),
            "a.weight_scale_2": (torch.float32, ()), "a.input_scale": (torch.float32, ()),
        },
        {},
    ),
    "compressed tensors": (
        {
            "a.weight_packed": (torch.int32, (64, 16)), "a.weight_scale": (torch.bfloat16, (64, 4)),
            "a.weight_shape": (torch.int64, (2,)),
        },
        {"quantization_config": {"config_groups": {"group_0": {"weights": {"num_bits": 4}}}}},
    ),
    "bitsandbytes, 4 bits": (
        {
            "a.weight": (torch.uint8, (4096, 1)), "a.weight.absmax": (torch.uint8, (128,)),
            "a.weight.quant_map": (torch.float32, (16,)), "a.weight.nested_absmax": (torch.float32, (1,)),
            "a.weight.nested_quant_map": (torch.float32, (256,)),
            "a.weight.quant_state.bitsandbytes__nf4": (torch.uint8, (90,)),
        },
        {},
    ),
    "bitsandbytes, 8 bits": ({"a.weight": (torch.int8, (64, 128)), "a.SCB": (torch.float32, (64,))}, {}),
    "MLX": (
        {
            "a.weight": (torch.uint32, (64, 16)), "a.scales": (torch.bfloat16, (64, 2)),
            "a.biases": (torch.bfloat16, (64, 2)),
        },
        {"quantization": {"bits": 4, "group_size": 64}},
    ),
}  # fmt: skip


def save(folder: Path, shapes: Shapes, name: str = "model.safetensors") -> None:
    save_file({key: torch.zeros(shape, dtype=dtype) for key, (dtype, shape) in shapes.items()}, folder / name)


def index(folder: Path, files: Mapping[str, str], **metadata: int) -> None:
    told = {"metadata": metadata, "weight_map": files}
    (folder / "model.safetensors.index.json").write_text(json.dumps(told))


@pytest.mark.parametrize("format_", LINEAR)
def test_a_matrix_has_as_many_parameters_however_it_is_stored(tmp_path: Path, format_: str) -> None:
    shapes, config = LINEAR[format_]
    norm: Shapes = {"norm.weight": (torch.bfloat16, (128,)), "norm.bias": (torch.bfloat16, (128,))}
    save(tmp_path, {**shapes, **norm})
    found = headers.read(tmp_path, config)
    assert found is not None
    assert found.total == 64 * 128 + 2 * 128


def test_buffers_tied_heads_and_further_layers_are_apart(tmp_path: Path) -> None:
    half = torch.float16
    save(tmp_path, {"model.layers.0.w": (half, (3, 5)), "model.layers.0.rotary_emb.inv_freq": (torch.float32, (9,))})
    more: Shapes = {
        "model.layers.1.eh_proj.weight": (half, (2, 2)),
        "mtp.norm.weight": (half, (7,)),
        "lm_head.weight": (half, (4, 4)),
        "h.0.attn.bias": (half, (1, 1, 8, 8)),
        "h.0.attn.c_attn.bias": (half, (6,)),
        "position_ids": (torch.int64, (1, 8)),
        "model.layers.0.mlp.gate.e_score_correction_bias": (torch.float32, (8,)),
    }
    (tmp_path / "model.safetensors").rename(tmp_path / "one.safetensors")
    save(tmp_path, more, "more.safetensors")
    index(tmp_path, dict.fromkeys(more, "more.safetensors") | {"model.layers.0.w": "one.safetensors"})
    further = {"num_hidden_layers": 1, "num_nextn_predict_layers": 1}
    found = headers.read(tmp_path, {**further, "tie_word_embeddings": True})
    assert found == headers.Headers(15 + 6, 4 + 7)
    untied = headers.read(tmp_path, further)
    assert untied == headers.Headers(15 + 6 + 16, 4 + 7)
    assert headers.read(tmp_path, {"num_hidden_layers": 1}) == headers.Headers(15 + 6 + 16 + 4, 7)


def test_a_total_that_is_published_wrongly_is_noticed(tmp_path: Path) -> None:
    save(tmp_path, {"a.weight": (torch.float16, (10,))}, "one.safetensors")
    for told, notes in ((10, 0), (89, 1)):
        index(tmp_path, {"a.weight": "one.safetensors"}, total_parameters=told, total_size=20)
        found = headers.read(tmp_path, {})
        assert found is not None
        assert len(found.notes) == notes
    assert found is not None
    assert found.notes == ("the checkpoint's metadata says 89 parameters (total_parameters), and its headers 10",)


def test_what_is_packed_in_an_unknown_way_is_not_known(tmp_path: Path) -> None:
    save(tmp_path, {"a.qweight": (torch.int32, (4, 4))})
    with pytest.raises(NotKnown, match="does not say of how many bits"):
        headers.read(tmp_path, {})
    save(tmp_path, {"a.codes": (torch.uint8, (4, 4))})
    with pytest.raises(NotKnown, match=r"a\.codes of type U8: how it is packed is not known"):
        headers.read(tmp_path, {})


@pytest.mark.parametrize("content", [b"", b"\xff" * 40, (9).to_bytes(8, "little") + b"{"])
def test_a_damaged_file_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "model.safetensors").write_bytes(content)
    with pytest.raises(ValueError, match=r"^its safetensors files are damaged: [^\n]*model\.safetensors[^\n]*$"):
        headers.read(tmp_path, {})


def test_headers_of_a_whole_model_agree_with_its_census(tmp_path: Path) -> None:
    model = build(CONFIG)
    save(tmp_path, {name: (torch.bfloat16, tuple(weight.shape)) for name, weight in model.named_parameters()})
    assert headers.read(tmp_path, CONFIG) == headers.Headers(TOTAL)
    (tmp_path / "empty").mkdir()
    assert headers.read(tmp_path / "empty", CONFIG) is None
    card = made(CONFIG)
    object.__setattr__(card, "checkpoint", tmp_path)
    assert CardModel(card).also("total")["checkpoint headers"] == TOTAL
