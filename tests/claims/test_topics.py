"""Distances between topics, and between two samples of one, worked by hand from the published numbers."""

from __future__ import annotations

from typing import Any

import pytest

from fixtures.claim.estimate import NotCovered
from fixtures.repetition import TABLE_5
from fixtures.routing.evidence import recorded
from fixtures.topics import between_published_samples

COUNTS = {
    "a": [[4, 0], [2, 2], [3, 1]],
    "b": [[4, 0], [2, 2], [1, 3]],
    "c": [[0, 4], [2, 2], [3, 1]],
}
EVIDENCE: Any = recorded("a record", COUNTS, [0, 7, 15], 1, "")


def test_farthest_layer_is_over_the_domains_that_were_asked_for() -> None:
    assert EVIDENCE.of(["a", "b"]).farthest() == (15, 0.5)
    layer, apart = EVIDENCE.farthest()
    assert layer == 0
    assert apart == pytest.approx(2 / 3)


def test_some_domains_keep_their_own_shares() -> None:
    some = EVIDENCE.of(["c", "a"])
    assert some.domains == ("c", "a")
    assert [some.share("c", 0, 1), some.share("a", 0, 1)] == [1, 0]


def test_a_domain_without_text_is_not_covered() -> None:
    with pytest.raises(NotCovered, match="a record has no text of d"):
        EVIDENCE.of(["a", "d"])


def test_a_share_of_tokens_is_k_times_the_share_of_slots() -> None:
    twice: Any = recorded("a record", COUNTS, [0, 7, 15], 2, "")
    assert (twice.share("a", 7, 0), twice.token_share("a", 7, 0)) == (0.5, 1.0)


def test_two_samples_of_one_topic_differ_most_in_books_at_layer_15() -> None:
    assert between_published_samples() == pytest.approx(0.0651, abs=5e-5)


def test_least_repetition_is_by_layer_and_choice() -> None:
    table: Any = TABLE_5.load(None)  # type: ignore[arg-type]  # a published table needs no request
    share = table.lowest(15)
    assert (share.low, share.value, share.high) == pytest.approx((0.2355, 0.236, 0.2365))
    assert table.lowest(0).value == pytest.approx(0.136)
    assert table.lowest(31, either=True).value == pytest.approx(0.445)
