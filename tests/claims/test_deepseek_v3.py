"""What the DeepSeek document's own instruments measure: laws, on small models."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from types import SimpleNamespace
from typing import Any

import pytest
import torch
from hypothesis import assume, given
from hypothesis import strategies as st

from claim_suite.fixtures.facts import ScoreTable
from claim_suite.fixtures.models.counted import Counted
from claim_suite.fixtures.models.formula import Formula
from claims.deepseek_v3.conftest import Costs, Counts, Tables, WeightFile
from claims.deepseek_v3.library import Library
from tests.models.configurations import FAMILIES, Config, some


def model_of(config: Config) -> Any:
    counted = Counted(config)
    return SimpleNamespace(config=config, counted=counted, formula=Formula(config), total=counted.parameters.total)


def weight_file(config: Config, block: int = 4) -> WeightFile:
    return WeightFile(model_of(config), {}, block, [])


def sparse(config: Config) -> Config:
    assume(config["first_k_dense_replace"] < config["num_hidden_layers"])
    return config


@some
@given(config=FAMILIES["deepseek_v3"])
def test_a_module_is_a_sparse_layer_by_both_routes(config: Config) -> None:
    of = weight_file(sparse(config))
    assert of.layer == of.layer_by_formula
    assert of.idle < of.layer


@some
@given(config=FAMILIES["deepseek_v3"], block=st.integers(1, 5))
def test_scales_are_blocks_of_matrices(config: Config, block: int) -> None:
    of = weight_file(sparse(config), block)
    layers = of.model.counted.component_map.layers
    blocks = 0
    for layer in (*layers, layers[-1]):
        for name, weight in layer.named_parameters():
            if weight.ndim > 1 and name != "mlp.gate.weight":
                *rest, rows, columns = weight.shape
                cut = torch.zeros(rows, columns)[::block, ::block]
                blocks += prod(rest) * cut.numel()
    assert of.scales == blocks


@some
@given(config=FAMILIES["deepseek_v3"], modules=st.integers(0, 3))
def test_modules_are_what_the_main_model_leaves_over(config: Config, modules: int) -> None:
    model = model_of(sparse(config))
    *_, last = in_fp8 = [
        sum(
            weight.numel() for name, weight in layer.named_parameters() if weight.ndim > 1 and name != "mlp.gate.weight"
        )
        for layer in model.counted.component_map.layers
    ]
    assert WeightFile(model, {"F8_E4M3": sum(in_fp8) + modules * last}, 4, []).modules == modules


@some
@given(config=FAMILIES["deepseek_v3"])
def test_the_latent_is_kept_by_every_route(config: Config) -> None:
    of = Counts(model_of(config))
    width = config["kv_lora_rank"] + config["qk_rope_head_dim"]
    assert {of.cached, *of.cached_by_other_routes.values()} == {config["num_hidden_layers"] * width}


@pytest.mark.parametrize("groups", [1, 4, 8])
def test_groups_keep_a_key_and_a_value_each(groups: int) -> None:
    assert Library().kept(groups, width=6, layers=2) == 2 * groups * 6 * 2


def test_misprinted_rows_are_those_that_break_the_rule() -> None:
    rows = {
        "right": {"a": Fraction(5), "b": Fraction(4)},
        "tie": {"a": Fraction(50, 10), "b": Fraction(47, 10)},
        "bytes (BPB)": {"a": Fraction(9), "b": Fraction(2)},
    }
    bold = {"base": {"right": ["a"], "tie": ["a"], "bytes (BPB)": ["b"]}}
    table = ScoreTable(rows)
    assert Tables(table, table, table, bold, []).misprinted("base", "base") == ["tie"]


def test_days_are_hours_shared_among_the_devices() -> None:
    run: dict[str, Fraction | int] = {"hours_per_trillion": 48, "trillions": Fraction(5, 2), "gpus": 2}
    costs = Costs({}, {}, {}, run, {}, [])
    assert costs.days(costs.run["hours_per_trillion"]) == 1
    assert costs.pre_training == 120
