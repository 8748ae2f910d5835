"""What the documents on mixtures of experts and on attention measure by modules of their own, worked by hand."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from typing import Any

import pytest

from claim_suite.fixtures.models.formula import Formula
from claims.attention_and_moe_notes.estimates import Cache, active_parameters
from claims.attention_and_moe_notes.gpt import Gpt
from claims.moe_explained.balancing import UNEVEN, Batch, changes_by_rounding
from claims.moe_explained.costs import EXPONENTS, four_bit_bytes, stopped_early
from claims.moe_explained.tables import (
    benefit_more,
    better,
    by_batch,
    by_high_rate,
    by_rate,
    by_small_batch,
    gains,
    more_stable,
)

MISTRAL = {
    "model_type": "mistral", "hidden_size": 64, "num_hidden_layers": 1, "num_attention_heads": 2, "vocab_size": 10,
    "num_key_value_heads": 1, "intermediate_size": 128, "tie_word_embeddings": False,
}  # fmt: skip
GPT = {"width": 6, "heads": 3, "layers": 2, "new tokens": 5, "groups": 1, "latent": 4}
FIXED = {"vocabulary": 7, "prompt": 2, "bytes": 2}


def test_four_bits_and_a_constant_for_each_block() -> None:
    of = Formula(MISTRAL)
    linear = 64 * 64 * 2 + 64 * 32 * 2 + 3 * 64 * 128
    assert four_bit_bytes(of) == linear * Fraction(9, 16) + 2 * (2 * 10 * 64 + 3 * 64)


@pytest.mark.parametrize(
    ("kind", "kept", "attention", "expanded"), [("MHA", 12, 150, 0), ("GQA", 4, 96, 12), ("MLA", 4, 150, 24)]
)
def test_a_gpt_is_counted_by_hand(kind: str, kept: int, attention: int, expanded: int) -> None:
    gpt = Gpt(kind, GPT, FIXED, hidden=24, evidence=[])
    ffn = 2 * 6 * 24 + 24 + 6
    assert gpt.weights["attention"] == 2 * attention
    assert gpt.total == gpt.formula == (7 + 7 + 7) * 6 + 2 * (attention + ffn + 24) + 12
    assert gpt.cache == 2 * 7 * 2 * kept
    assert gpt.least == gpt.least_by_formula == 2 * gpt.total + gpt.cache + 2 * 7 * expanded


def test_a_gpt_with_experts_has_a_router_besides() -> None:
    dense = Gpt("MHA", GPT, FIXED, hidden=24, evidence=[], gated=True)
    sparse = replace(dense, hidden=8, experts=3)
    assert sparse.total - dense.total == sparse.formula - dense.formula == 2 * 3 * 6
    assert dense.activations(4) == 4 * dense.activations(1) == 4 * 3 * 2 * 24


def test_lines_of_an_estimate() -> None:
    of = Cache(width=14, heads=4, layers=2, context=5, groups=2, batch=3, bytes=2, latent=8, evidence=[])
    assert of.head_width == 4
    assert of.keys([1, 2, 4]) == [4, 2, 1]
    assert of.formula(4) == of.library(4) == 3 * 5 * 2 * 2 * 2 * 4 * 4
    assert of.formula(4, Fraction(14, 4)) == 3 * 5 * 2 * 2 * 2 * 14
    assert of.latent_formula == of.latent_library == 3 * 5 * 2 * 8 * 2
    assert of.line("Ratio (MHA / MLA)") == (4, "times", 4)
    assert of.line("Savings (GQA vs MHA)") == (Fraction(1, 2), "of the cache", Fraction(1, 2))


def test_active_parameters_are_fewest_where_router_and_experts_rise_and_fall_alike() -> None:
    of = {"width": 7, "hidden": 100, "matrices": 3, "chosen": 3}
    active = [active_parameters(of, experts) for experts in range(3, 300)]
    assert 3 + active.index(min(active)) == (3 * 3 * 100) ** 0.5


def test_a_full_batch_turns_no_token_away_and_an_empty_one_all() -> None:
    assert not any(Batch(seed=1, experts=2, factor=Fraction(1)).overflowed())
    tight = Batch(seed=1, experts=2, factor=Fraction(1, 64))
    assert tight.overflowed() == tight.both_full()
    assert sum(tight.overflowed()) == 62  # each of the two experts takes one token


@pytest.mark.parametrize("experts", [2, 7])
def test_blocks_give_each_token_what_its_expert_makes_of_it(experts: int) -> None:
    batch = Batch(seed=3, experts=experts, factor=Fraction(1))
    assert batch.by_blocks().equal(batch.one_by_one())
    assert batch.one_by_one().abs().sum() > 0


def test_the_uneven_batch_is_uneven() -> None:
    assert UNEVEN.logits().topk(1, dim=1).indices.flatten().bincount().sort().values.tolist() == [2, 6]


def test_a_larger_model_stopped_early_takes_a_third_of_the_compute() -> None:
    size, steps = stopped_early(dict(zip(EXPONENTS, (0.077, 0.76, 0.02), strict=True)))
    assert size == pytest.approx(2.7, abs=0.05)  # Kaplan et al. 2020, B.3
    assert steps == pytest.approx(0.13, abs=0.005)


def test_rounding_makes_logits_alike_at_128() -> None:
    (change,) = changes_by_rounding([128])
    assert change == pytest.approx(0.36, abs=0.005)  # ST-MoE (arXiv 2202.08906), footnote 7
    assert changes_by_rounding([1]) == [0]


def test_means_of_runs_and_gains_of_doublings() -> None:
    runs: Any = {
        batch: {"1e-4": [1, 2], "5e-4": [3, 4], "1e-3": [5, place]} for place, batch in enumerate(("65k", "262k", "1M"))
    }
    runs = {batch: {rate: list(map(Fraction, pair)) for rate, pair in of.items()} for batch, of in runs.items()}
    assert by_batch(runs) == [("65k", Fraction(15, 6)), ("262k", Fraction(16, 6)), ("1M", Fraction(17, 6))]
    assert by_rate(runs) == [("1e-4", Fraction(3, 2)), ("5e-4", Fraction(7, 2)), ("1e-3", 3)]
    assert dict(gains({"experts": [2, 4, 8], "teachers": [-3, -1, 0]})) == {4: 2, 8: 1}
    assert by_small_batch(runs) == [0, 0, 0, 0, 0, -2]
    assert by_high_rate(runs) == [4, -2, 4, -1, 4, 0]
    flat = {batch: {rate: [Fraction(0)] * 2 for rate in of} for batch, of in runs.items()}
    more = benefit_more(runs, flat, by_high_rate)
    assert more.value == pytest.approx(1.5)
    assert more.value - more.low == pytest.approx(2.5706 * 2.8107 / 6**0.5, rel=1e-3)  # t of five degrees at 95 %


def test_few_runs_leave_open_whether_a_method_is_stable() -> None:
    def rows(stable: int, runs: int) -> dict[str, dict[str, Any]]:
        method, plain = ({"stable": stable, "runs": runs, "quality": -1}, {"stable": 0, "runs": runs, "quality": -2})
        return {"Method": method, "Baseline": plain}

    few, many = (more_stable({"table_2_3_4": rows(runs, runs)}, "Method") for runs in (3, 30))
    assert few.value == many.value == 1
    assert few.low < 0 < many.low
    assert better({"table_2_3_4": rows(3, 3)}, "Method") == 1
