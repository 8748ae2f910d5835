"""Tables of printed scores compare exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.facts import ScoreTable

MODELS = ("ours", "theirs", "a third")
score = st.decimals(0, 100, places=1).map(Fraction)
tables = st.dictionaries(
    st.text("ab", min_size=1, max_size=3), st.fixed_dictionaries(dict.fromkeys(MODELS, score)), min_size=1
).map(ScoreTable)


@given(table=tables)
def test_a_lead_one_way_is_behind_the_other(table: ScoreTable) -> None:
    ahead, behind = table.leads("ours", over="theirs"), table.leads("theirs", over="ours")
    assert {name: -lead for name, lead in ahead.items()} == behind
    assert sum(ahead.values()) == len(ahead) * (table.mean("ours") - table.mean("theirs"))


@given(table=tables, gap=score)
def test_the_level_is_all_within_the_gap_of_the_best(table: ScoreTable, gap: Fraction) -> None:
    for name, row in table.scores.items():
        assert table.level(name, gap) == {model for model in MODELS if row[model] + gap >= max(row.values())}
        best = table.level(name, Fraction(0), lower_is_better=True)
        assert {row[model] for model in best} == {min(row.values())}


def test_a_benchmark_may_lack_a_model() -> None:
    table = ScoreTable({"code": {"ours": Fraction(7)}, "talk": {"ours": Fraction(5), "theirs": Fraction(6)}})
    assert table.leads("ours", over="theirs") == {"talk": Fraction(-1)}
    assert table.of("theirs") == {"talk": Fraction(6)}
    assert table.mean("ours", on=["code"]) == 7


def test_the_interval_of_a_lead_is_that_of_two_shares() -> None:
    table = ScoreTable({"maths (no tools)": {"ours": Fraction(60), "theirs": Fraction(40)}}, problems={"maths": 96})
    lead = table.lead("ours", over=["theirs"])
    assert (lead.value, lead.high) == (20, 40 - lead.low)
    assert lead.low == pytest.approx(20 - 1.96 * 50**0.5, abs=0.01)


@given(table=tables, sizes=st.lists(st.integers(1, 10**4), min_size=1, max_size=20))
def test_a_lead_over_two_is_no_more_than_over_either(table: ScoreTable, sizes: list[int]) -> None:
    sized = ScoreTable(table.scores, problems=dict(zip(table.scores, [*sizes, *[7] * 20], strict=False)))
    both, *each = (sized.lead("ours", over=over) for over in (MODELS[1:], MODELS[1:2], MODELS[2:]))
    assert (both.value, both.low) == (min(one.value for one in each), min(one.low for one in each))
    assert both.high >= min(one.high for one in each)


def test_scores_on_an_unknown_number_of_problems_decide_nothing() -> None:
    with pytest.raises(NotCovered, match="not known"):
        ScoreTable({"maths": {"ours": Fraction(60), "theirs": Fraction(40)}}).lead("ours", over=["theirs"])
