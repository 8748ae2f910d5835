"""Which documents are recorded: the seeded order, the cap, the budget, the shards and the batches."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fixtures.recording.corpus import JsonLines, Text
from fixtures.recording.plan import Planned, Tokenizer, _place, batches, plan, share
from tests.recording.planted import random_corpus

if TYPE_CHECKING:
    from pathlib import Path

corpora = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 30)), min_size=1, max_size=60)


def tokens(text: str) -> list[int]:
    return list(range(len(text)))


@given(corpora, st.integers(1, 100), st.integers(1, 40))
def test_a_domain_gets_the_first_of_its_seeded_order(corpus: list[tuple[str, int]], budget: int, cap: int) -> None:
    """The second route: every document in memory, sorted."""
    texts = [Text(number, domain, "x" * length) for number, (domain, length) in enumerate(corpus)]
    expected = []
    small = {}
    for domain in "ABC":
        left = budget
        for text in sorted((text for text in texts if text.domain == domain), key=lambda text: _place(text.number)):
            if ids := tokens(text.text)[: min(cap, left)]:
                expected.append(Planned(domain, text.number, ids))
                left -= len(ids)
        if 0 < left < budget or (left == budget and any(text.domain == domain for text in texts)):
            small[domain] = budget - left
    if expected:
        found = plan(texts, tokens, budget, cap)
        assert list(found.documents) == expected
        assert found.small == small


def test_few_documents_are_tokenised() -> None:
    """A document that cannot get in is not tokenised: the work grows with the budget, not with the corpus."""
    asked = 0

    def counted(text: str) -> list[int]:
        nonlocal asked
        asked += 1
        return tokens(text)

    plan((Text(number, "A", "x" * 10) for number in range(20_000)), counted, budget=200)
    assert asked < 300


@given(st.lists(st.integers(1, 50), min_size=1, max_size=40), st.integers(1, 7), st.integers(1, 200))
def test_shards_are_the_batches_of_one_run(lengths: list[int], total: int, limit: int) -> None:
    packed = batches([Planned("A", number, [0] * length) for number, length in enumerate(lengths)], limit)
    shards = [batch for place in range(1, total + 1) for batch in share(packed, (place, total))]
    assert sorted(shards) == sorted(packed)


@given(st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 50)), min_size=1, max_size=40), st.integers(1, 200))
def test_batches_are_full_and_of_one_domain(sizes: list[tuple[str, int]], limit: int) -> None:
    documents = [Planned(domain, number, [0] * length) for number, (domain, length) in enumerate(sizes)]
    packed = batches(documents, limit)
    assert sorted(document.number for batch in packed for document in batch) == list(range(len(sizes)))
    for batch in packed:
        width = max(len(document.ids) for document in batch)
        assert len(batch) == 1 or len(batch) * width <= limit
        assert len({document.domain for document in batch}) == 1
    shuffled = random.Random(0).sample(documents, len(documents))
    assert batches(shuffled, limit) == packed


def test_little_is_padded(tmp_path: Path) -> None:
    texts = JsonLines(random_corpus(tmp_path / "text.jsonl", 3, {"A": 400}, words=(1, 300))).documents()
    documents = plan(texts, lambda text: [0] * len(text.split()), 10**6).documents
    packed = batches(documents, 8192)
    tokens = sum(len(document.ids) for document in documents)
    assert sum(len(batch) * len(batch[0].ids) for batch in packed) < 1.2 * tokens
    assert len(documents) * max(len(document.ids) for document in documents) > 2 * tokens


def test_special_tokens_are_found_and_kept_out(planted: Any) -> None:
    tokenizer = Tokenizer(planted.folder, "planted")
    assert tokenizer.leading == [0]
    assert 0 not in tokenizer("w1_1 w2_2")
    assert len(tokenizer("w1_1 w2_2")) == 2


def test_a_compressed_corpus_is_the_same_text(corpus: Path, ready: Any, tmp_path: Path) -> None:
    import zstandard

    compressed = tmp_path / "text.jsonl.zst"
    # Two frames: archives that were appended to have several.
    content = corpus.read_bytes()
    compressed.write_bytes(zstandard.compress(content[:500]) + zstandard.compress(content[500:]))
    assert list(JsonLines(compressed).documents()) == list(JsonLines(corpus).documents())
    assert ready(corpus=compressed).plan == ready().plan


def test_small_domains_are_named(ready: Any) -> None:
    prepared = ready(tokens_per_domain=300)
    assert prepared.metadata["small_domains"] == {
        domain: number for domain, number in prepared.plan.small.items() if number < 300
    }
    assert prepared.metadata["small_domains"]


@pytest.mark.parametrize("text", ["a lone \ud800 surrogate", "a nul \x00", "line\u2028separator"])
def test_odd_text_is_text(text: str, ready: Any, tmp_path: Path) -> None:
    import json

    row = {"text": text, "meta": {"pile_set_name": "A"}}
    (tmp_path / "text.jsonl").write_text(json.dumps(row) + "\n")
    (document,) = ready(corpus=tmp_path / "text.jsonl").plan.documents
    assert document.domain == "A"
    assert document.ids
