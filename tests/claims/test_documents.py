"""What documents' own modules measure, worked by hand, and their laws."""

from __future__ import annotations

from fractions import Fraction
from math import sqrt
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import NotCovered, Undecided
from claims.mixtral_paper.sources import TABLE_5, Repetition
from claims.moe_post.conftest import Reports
from claims.moe_post.kaplan import Kaplan, counted
from claims.moe_post.scores import Scores
from claims.moe_post.widths import singled_out

PERCENT = {"ours": {"code": 60, "prose": 50, "news": 40}, "theirs": {"code": 40, "prose": 48, "talk": 9}}
PROBLEMS = {"ours": {"code": 100, "prose": 400, "news": 50}, "theirs": {"code": 200, "prose": 400, "talk": 50}}


def scores(percent: Any = PERCENT, problems: Any = PROBLEMS) -> Scores:
    exact = {model: {name: Fraction(score) for name, score in row.items()} for model, row in percent.items()}
    return Scores(exact, problems, {"coding": ["code"]})


def test_leads_are_on_the_benchmarks_that_both_have() -> None:
    assert scores().printed_leads("ours", over="theirs") == {"code": 20, "prose": 2}


def test_a_lead_has_the_binomial_interval_of_two_scores() -> None:
    lead = scores().lead("ours", over="theirs", on=["code"])
    off = 1.959964 * sqrt(60 * 40 / 100 + 40 * 60 / 200)
    assert (lead.value, lead.low, lead.high) == pytest.approx((20, 20 - off, 20 + off))
    both = scores().lead("ours", over="theirs", on=["code", "prose"])
    off = 1.959964 * sqrt(60 * 40 / 100 + 40 * 60 / 200 + 50 * 50 / 400 + 48 * 52 / 400) / 2
    assert (both.value, both.low, both.high) == pytest.approx((11, 11 - off, 11 + off))


def test_a_margin_is_over_the_widest_other_lead_of_all() -> None:
    percent = {"ours": {"code": 60, "a": 50, "b": 50}, "theirs": {"code": 40, "a": 48, "b": 45}}
    problems = {model: {"code": 100, "a": 4, "b": 10_000} for model in percent}
    margin = scores(percent, problems).margin("coding", "ours", over="theirs")
    variances = {"code": 2 * 24, "a": (50 * 50 + 48 * 52) / 4, "b": (50 * 50 + 45 * 55) / 10_000}
    assert margin.value == 15
    assert margin.low == pytest.approx(18 - 1.959964 * sqrt(variances["code"] + variances["a"]))
    assert margin.high == pytest.approx(15 + 2.241403 * sqrt(variances["code"] + variances["b"]))


def test_a_margin_s_interval_has_its_level_where_the_widest_lead_is_chosen_among_equals() -> None:
    generator = torch.Generator().manual_seed(0)
    truth = torch.tensor([[0.7] + [0.6] * 8, [0.5] + [0.55] * 8], dtype=torch.float64)
    missed = 0
    for _ in range(1000):
        drawn = torch.binomial(torch.full_like(truth, 200), truth, generator=generator) / 2
        percent = {model: dict(enumerate(map(int, row * 2))) for model, row in zip("ab", drawn, strict=True)}
        exact = {model: {str(n): Fraction(hits, 2) for n, hits in row.items()} for model, row in percent.items()}
        sizes = {model: dict.fromkeys(row, 200) for model, row in exact.items()}
        margin = Scores(exact, sizes, {"code": ["0"]}).margin("code", "a", over="b")
        missed += not margin.low <= 15 <= margin.high
    assert missed <= 60


def test_a_value_that_others_share_singles_nothing_out() -> None:
    values = {"query": Fraction(7, 2), "key": Fraction(14), "model": Fraction(7, 2)}
    assert singled_out(values, "key") == 14
    with pytest.raises(Undecided, match="query and model give the same"):
        singled_out(values, "query")


def test_older_reports_are_those_before_the_year_of_the_document() -> None:
    entries = [{"date": date, "experts": experts} for date, experts in (("2023-12-31", [2, 8]), ("2024-01-01", [8]))]
    assert Reports(entries, "2024", []).older(8) == entries[:1]
    assert Reports(entries, "2024", []).older(3) == []
    assert Reports(entries, "2025", []).older(8) == entries


def test_the_equation_allows_one_width_of_each_part() -> None:
    kaplan = Kaplan(Fraction(12), attention=Fraction(1), feed_forward=Fraction(4))
    assert kaplan.feed_forward_ratio == 4
    assert kaplan.attention_ratio == 1
    assert set(kaplan.feed_forward_by_building.values()) == {4}
    assert set(kaplan.attention_by_building.values()) == {1}


@given(st.integers(1, 31).map(lambda quarters: Fraction(quarters, 4)), st.integers(1, 32).map(lambda q: Fraction(q, 4)))
def test_solving_and_building_agree_for_every_equation(attention: Fraction, feed_forward: Fraction) -> None:
    kaplan = Kaplan(2 * (2 * attention + feed_forward), attention, feed_forward)
    assert set(kaplan.feed_forward_by_building.values()) == {kaplan.feed_forward_ratio} == {feed_forward}
    assert set(kaplan.attention_by_building.values()) == {kaplan.attention_ratio} == {attention}


def test_a_width_that_no_layer_can_have_is_an_error() -> None:
    with pytest.raises(ValueError, match="4 features wide cannot have a part of 1/3 its width"):
        _ = Kaplan(Fraction(12), Fraction(1), Fraction(1, 3)).attention_by_building
    with pytest.raises(ValueError, match="not enough values"):
        _ = Kaplan(Fraction(40), Fraction(1), Fraction(4)).feed_forward_by_building


@pytest.mark.parametrize(("model", "heads", "a_head", "feed_forward"), [(8, 2, 3, 20), (4, 1, 4, 16)])
def test_a_library_s_layer_has_the_weights_that_are_counted(
    model: int, heads: int, a_head: int, feed_forward: int
) -> None:
    """T5's encoder has both widths free, two matrices in its MLP and no biases: what the equation counts, and norms."""
    from transformers.models.t5.configuration_t5 import T5Config
    from transformers.models.t5.modeling_t5 import T5Block

    config = T5Config(d_model=model, num_heads=heads, d_kv=a_head, d_ff=feed_forward, feed_forward_proj="relu")
    matrices = [tensor.numel() for tensor in T5Block(config).parameters() if tensor.ndim == 2]
    assert len(matrices) == 6
    assert sum(matrices) == counted(model, heads * a_head, feed_forward)
    assert sum(matrices) == 2 * model * (2 * heads * a_head + feed_forward)


def test_least_repetition_is_by_layer_and_choice() -> None:
    table: Repetition = TABLE_5.load(None)  # type: ignore[arg-type]  # a published table needs no request
    share = table.least_repetition(15)
    assert (share.low, share.value, share.high) == pytest.approx((0.2355, 0.236, 0.2365))
    assert table.least_repetition(0).value == pytest.approx(0.136)
    assert table.least_repetition(31, either=True).value == pytest.approx(0.445)
    with pytest.raises(NotCovered, match="Table 5 lacks layer 7"):
        table.least_repetition(7)
