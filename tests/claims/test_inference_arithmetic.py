"""What the document's own modules count, worked by hand, and their laws."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.facts import facts
from claim_suite.fixtures.models.published import Model
from claim_suite.fixtures.origins import DATA
from claims.inference_arithmetic import counting, sharding
from claims.inference_arithmetic.architectures import Architectures
from claims.inference_arithmetic.clock import ProductClock
from claims.inference_arithmetic.conftest import LayerTimes

few = st.integers(1, 40)


@given(few, few, few)
def test_a_product_has_two_flops_for_each_pair_of_entries(rows: int, inner: int, columns: int) -> None:
    assert counting.product_work(rows, inner, columns) == 2 * rows * inner * columns


def test_projections_and_intermediates_are_those_of_the_model() -> None:
    model = Model("fastertransformer-13b")
    width = model.config["hidden_size"]
    assert counting.projection_work(model, "fc1") == 40 * 2 * 4 * width**2
    assert counting.projection_work(model, "q_proj", "out_proj") == 40 * 2 * 2 * width**2
    assert counting.projection_work(model, "nothing") == 0
    assert counting.largest_intermediate(model, 3) == 2 * 3 * max(4 * width, model.config["vocab_size"])
    scores = 40 * 2048**2
    assert counting.largest_intermediate(model, 1, 2048) == 2 * max(scores, 2048 * model.config["vocab_size"])


@given(few)
def test_accesses_to_memory_are_those_of_each_pass(size: int) -> None:
    assert counting.softmax_accesses(size) == 4 * size
    assert counting.multiply_add_accesses(size, fused=True) == 2 * size
    assert counting.multiply_add_accesses(size, fused=False) == 4 * size


@pytest.mark.parametrize("tokens", [1, 3])
def test_a_layer_counts_its_matrices_and_what_it_keeps(tokens: int) -> None:
    assert counting.layer_work(8, 2, tokens) == tokens * (2 * 12 * 8**2 + 4 * 8 * tokens)
    assert counting.layer_bytes(8, 2, tokens) == tokens * (34 * 8 + 16 + 5 * 2 * tokens)


@given(st.sampled_from([1, 2, 4, 8]), st.integers(1, 4))
def test_split_layers_compute_what_one_does_and_send_as_the_equation_has_it(accelerators: int, times: int) -> None:
    width = accelerators * times
    wire = sharding.exchanged(width, accelerators)
    assert len(wire.rounds) == 4
    assert Fraction(wire.sent) == Fraction(4 * (accelerators - 1) * width, accelerators)


def test_heads_of_an_accelerator_are_vectors_until_they_are_added_up() -> None:
    assert sharding.partial_size(16, 4) == 16
    assert sharding.sizes_by_head(16, 4, heads=2) == 2 * 16


def test_sines_and_cosines_are_numbers_and_no_parameters() -> None:
    assert counting.sinusoids(5, 8) == (40, 0)


def test_architectures_are_those_of_cards_of_the_document_s_time() -> None:
    models = Architectures().until("2019-08")
    assert {model.name for model in models} == {"GPT-2 small", "GPT-2 medium", "GPT-2 large"}
    assert all(model.widths.intermediate_size == 4 * model.widths.hidden_size for model in models)


def test_a_split_that_computes_something_else_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sharding.Layer, "whole", lambda _layer, attended: attended)
    with pytest.raises(ValueError, match="do not compute what one does"):
        sharding.exchanged(8, 2)


def test_times_of_operators_add_up() -> None:
    times = LayerTimes({"microseconds": {"one": 3, "two": 5, "three": 7}, "memory_bound": ["one", "three"]})
    assert (times.time(), times.time("one", "two"), times.at_memory, times.at_flops) == (15, 8, 10, 5)


def test_a_clock_of_another_device_times_nothing_for_a_claim() -> None:
    clock = ProductClock.on("cpu")
    with pytest.raises(NotCovered, match="the claim is about an A100, and this is a CPU"):
        clock.microseconds(2, 2, 2)
    (told,) = clock.evidence
    assert (told.device, told.precision) == ("a CPU", "bfloat16")


def test_a_clock_gives_a_time_within_its_interval() -> None:
    small, large = (ProductClock("cpu", "a CPU").time(size, size, size) for size in (8, 96))
    assert 0 < small.low <= small.value <= small.high
    assert large.value > small.value


@pytest.mark.parametrize("name", ["NVIDIA A100-SXM4-40GB", "NVIDIA A100 80GB PCIe"])
def test_an_a100_of_any_make_is_one(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ProductClock, "time", lambda _clock, *sizes: sizes)
    assert ProductClock("cuda:0", name).microseconds(1, 2, 3) == (1, 2, 3)


def test_facts_keep_decimals_exact_and_say_where_they_are_from() -> None:
    told = facts("configs/gpt2.json", DATA)
    assert told["layer_norm_epsilon"] == Fraction(1, 100_000)
    assert told.evidence[0].file.endswith("configs/gpt2.json")
