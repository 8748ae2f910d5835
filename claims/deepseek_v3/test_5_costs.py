"""Report, section 1: Table 1 and the cost of training."""

from fractions import Fraction

import pytest

from claim_suite.fixtures.claim.table import Listed, table, uncheckable

pytestmark = pytest.mark.cheap

SHORTEST_TWO_MONTHS = 31 + 28


@table(
    """
    | Training Costs    | Pre-Training | Context Extension | Post-Training |
    | in H800 GPU Hours | 2664K        | 119K              | 5K            |
    | in USD            | 5.328M       | 0.238M            | 0.01M         |
    """,
    id="table-1",
    name="Table 1",
    note="Hours are held against the dollars and dollars against the hours, at the price that the caption assumes.",
)
def test_table_1(cell, costs, stated, measure):
    """{column}, {row}: {stated}."""
    price, stage = costs.an_hour["dollars"], cell.column
    by_the_other = {"in H800 GPU Hours": costs.dollars[stage] // price, "in USD": costs.hours[stage] * price}
    assert measure(by_the_other[cell.row], cell.row.removeprefix("in ")) == stated


@table(
    """
    | Training Costs    | Total  |
    | in H800 GPU Hours | 2788K  |
    | in USD            | 5.576M |
    """,
    id="table-1-total",
    name="Table 1",
    also_prints={"in USD": ("2",)},
)
def test_table_1_total(cell, costs, stated, measure):
    """{column}, {row}: {stated}."""
    hours, dollars, price = sum(costs.hours.values()), sum(costs.dollars.values()), costs.an_hour["dollars"]
    found = {"in H800 GPU Hours": (hours, dollars // price), "in USD": (dollars, hours * price)}[cell.row]
    assert measure(found[0], cell.row.removeprefix("in "), also=found[1]) == stated


A_TRILLION = Listed(
    """
    | claim              | stated | says                                                       |
    |--------------------|--------|------------------------------------------------------------|
    | hours-per-trillion | 180K   | A trillion tokens of pre-training take 180 thousand hours. |
    | days-per-trillion  | 3.7    | That is 3.7 days on 2048 devices.                          |
    """,
    note={"hours-per-trillion": "Held against Table 1: the hours of pre-training over the 14.8 trillion tokens."},
    also_prints={"days-per-trillion": ("2048",)},
)


@A_TRILLION.each()
def test_a_trillion(claim, costs, stated, measure):
    hours = costs.hours["Pre-Training"] / costs.run["trillions"]
    by_dollars = costs.dollars["Pre-Training"] / costs.an_hour["dollars"] / costs.run["trillions"]
    value, unit, also = {
        "hours-per-trillion": (hours, "hours", {"dollars": by_dollars}),
        "days-per-trillion": (costs.days(costs.run["hours_per_trillion"]), "days", {"Table 1": costs.days(hours)}),
    }[claim]
    assert measure(value, unit, also=also) == stated


@pytest.mark.claim(
    "less-than-two-months",
    note="Read as: in fewer days than the two shortest months that follow each other have.",
)
def test_less_than_two_months(costs, measure):
    """Pre-training is completed in less than two months."""
    also = costs.days(costs.pre_training)
    assert measure(costs.days(costs.hours["Pre-Training"]), "days", also=also) < SHORTEST_TWO_MONTHS


@pytest.mark.claim(
    "cheaper-than-dense",
    note="Read as: a trillion tokens take at least a third fewer hours than they took DeepSeek 67B, a smaller dense "
    "model, on the same devices (DeepSeek-V2, section 3.2.3), and at least a third fewer parameters work on a token "
    "than 72 billion. Hours of models so large are not printed.",
)
def test_cheaper_than_dense(v3, costs, v2_paper, measure):
    """Training it is much cheaper than training dense models of 72 or 405 billion parameters."""
    hours = costs.run["hours_per_trillion"] / (1000 * v2_paper.training["DeepSeek 67B"])
    active, also = (Fraction(of.active, 72 * 10**9) for of in (v3.model, v3.formula))
    cheaper = measure(hours, "of DeepSeek 67B's hours") <= Fraction(2, 3)
    assert cheaper and measure(active, "of 72 billion", of="active parameters", also=also) <= Fraction(2, 3)


@uncheckable(
    ("hours-are-what-was-used", "The hours are those of the official training.", "the run's log is not published"),
    ("prior-research-excluded", "Earlier research and ablations are not in the costs.",
     "what they cost is not published"),
    ("price-of-an-hour", "An hour of H800 costs $2 to rent.", "it is an assumption, as the report says; prices change"),
)  # fmt: skip
def test_uncheckable(statement):
    """What the report says of costs, and nobody can check."""
