"""Evidence by documents: what is measured of hand-made counts, and what it cannot tell."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from fixtures.claim.estimate import NotCovered, Undecided
from fixtures.routing.counts import Document, RoutingCounts, select
from fixtures.routing.text_evidence import by_document

EXPERTS, TOP_K, LAYERS, TOKENS, DOCUMENTS = 4, 2, 2, 100, 20
METADATA: dict[str, Any] = {
    "model": "made", "revision": "", "weights_dtype": "float32", "engine": "none", "device": "cpu", "corpus": "made",
    "experts": EXPERTS, "top_k": TOP_K, "layers": LAYERS, "routed_layers": [0, 1],
    "tokens_per_domain": TOKENS * DOCUMENTS,
}  # fmt: skip
# First choices at layers 0 and 1 out of a hundred tokens; the second choice is always the next expert.
FIRST = {"a": [[40, 20, 20, 20], [90, 0, 10, 0]], "b": [[40, 20, 20, 20], [10, 0, 90, 0]]}
REPEATED = {"a": 60, "b": 30}


def counts(documents: int = DOCUMENTS, domains: str = "ab") -> RoutingCounts:
    names = [Document(name, number, TOKENS) for number, name in enumerate(domains * documents)]
    first = torch.tensor([FIRST[each.domain] for each in names], dtype=torch.int32)
    # Documents vary by a few tokens, so that there is something to resample.
    shift = torch.tensor([number // 2 % 5 for number in range(len(names))], dtype=torch.int32)
    first[..., 2] -= shift[:, None]
    first[..., 0] += shift[:, None]
    choices = torch.stack([first, first.roll(1, -1)], dim=2)
    same = torch.zeros_like(choices)
    for number, each in enumerate(names):
        same[number, :, 0, 0] = REPEATED[each.domain] * first[number, :, 0] // 100
    return RoutingCounts(METADATA, tuple(sorted(names)), *(each[_sorted(names)] for each in (choices, same, same)))


def _sorted(names: list[Document]) -> list[int]:
    return sorted(range(len(names)), key=lambda place: names[place])


EVIDENCE: Any = by_document("made", counts())


def test_shares_are_of_slots_and_of_tokens() -> None:
    slots, tokens = EVIDENCE.share("a", 1, 0), EVIDENCE.token_share("a", 1, 0)
    assert slots.value == pytest.approx(0.46)
    assert (tokens.value, tokens.low, tokens.high) == pytest.approx((2 * slots.value, 2 * slots.low, 2 * slots.high))
    assert tokens > 0.5
    assert EVIDENCE.experts_per_token == TOP_K


def test_least_repetition_is_of_the_domain_with_the_least() -> None:
    own = counts()
    found = own.same_first.sum((-2, -1))[:, 0]  # type: ignore[union-attr]  # it was recorded
    pairs = {name: [int(found[i]) for i, each in enumerate(own.documents) if each.domain == name] for name in "ab"}
    least = min(sum(repeats) / (len(repeats) * (TOKENS - 1)) for repeats in pairs.values())
    assert EVIDENCE.lowest(0).value == pytest.approx(least)
    assert EVIDENCE.lowest(0, either=True).value == pytest.approx(least)
    assert EVIDENCE.lowest(0).high - EVIDENCE.lowest(0).low > 0


def test_repetition_that_was_not_counted_is_not_covered() -> None:
    without: Any = by_document("made", RoutingCounts(METADATA, counts().documents, counts().choices))
    with pytest.raises(NotCovered, match="did not count repetition"):
        without.lowest(0)


def test_topics_are_farthest_apart_at_the_layer_where_they_differ() -> None:
    layer, apart = EVIDENCE.farthest()
    assert layer == 1
    assert apart > EVIDENCE.halves(1) > EVIDENCE.halves(0) / 100
    (chance,) = EVIDENCE.chance_of_such_differences().values()
    assert chance < 0.01


def test_one_topic_alone_is_apart_from_none() -> None:
    alone = EVIDENCE.of(["b"])
    assert alone.domains == ("b",)
    assert alone.share("b", 1, 2).value == pytest.approx(EVIDENCE.share("b", 1, 2).value)
    with pytest.raises(Undecided, match="fewer than two domains"):
        alone.farthest()
    with pytest.raises(NotCovered, match="no text of c"):
        EVIDENCE.of(["b", "c"])


def test_some_documents_keep_all_that_was_counted_of_them() -> None:
    whole = counts()
    some = select(whole, [each.domain == "b" for each in whole.documents])
    assert {each.domain for each in some.documents} == {"b"}
    assert len(some.documents) == len(some.choices) == DOCUMENTS
    for kept, all_ in ((some.choices, whole.choices), (some.same_first, whole.same_first), (some.shared, whole.shared)):
        assert kept is not None
        assert all_ is not None
        assert kept.equal(all_[[each.domain == "b" for each in whole.documents]])


def test_few_documents_cannot_tell() -> None:
    few: Any = by_document("made", counts(documents=4))
    for ask in (few.farthest, lambda: few.lowest(0)):
        with pytest.raises(Undecided, match="too few"):
            ask()
