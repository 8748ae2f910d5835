"""Distances between topics, and between two samples of one, worked by hand from the published numbers."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.instruments.estimate import NotCovered
from fixtures.instruments.routing_evidence import recorded
from fixtures.repetition import TABLE_5
from fixtures.topics import farthest_layer, same_topic

COUNTS = {
    "a": [[4, 0], [2, 2], [3, 1]],
    "b": [[4, 0], [2, 2], [1, 3]],
    "c": [[0, 4], [2, 2], [3, 1]],
}


def test_farthest_layer_is_over_the_domains_that_were_asked_for() -> None:
    evidence: Any = recorded("a record", COUNTS, [0, 7, 15], "")
    assert farthest_layer(evidence, ["a", "b"]) == (15, 0.5)
    layer, apart = farthest_layer(evidence, ["a", "b", "c"])
    assert layer == 0
    assert apart == pytest.approx(2 / 3)


def test_a_domain_without_text_is_not_covered() -> None:
    evidence: Any = recorded("a record", COUNTS, [0, 7, 15], "")
    with pytest.raises(NotCovered, match="a record has no text of d"):
        farthest_layer(evidence, ["a", "d"])


def test_two_samples_of_one_topic_differ_most_in_books_at_layer_15() -> None:
    distance: Any = same_topic.__wrapped__  # type: ignore[attr-defined]  # the function that the fixture was made from
    assert distance() == pytest.approx(0.0651, abs=5e-5)


def test_least_repetition_is_by_layer_and_says_where() -> None:
    table: Any = TABLE_5.load(None)  # type: ignore[arg-type]  # a published table needs no request
    (domain, share) = table.lowest(15)
    assert domain == "Wikipedia (en)"
    assert (share.low, share.value, share.high) == pytest.approx((0.2355, 0.236, 0.2365))
    assert table.lowest(0)[1].value == pytest.approx(0.136)
