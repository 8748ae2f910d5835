"""Tables of printed scores compare exactly."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

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
