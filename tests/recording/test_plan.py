"""Which texts are recorded: the seeded order, the cap, the budget and the batches."""

from __future__ import annotations

import json
import random
from pathlib import Path
from typing import Any

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording.plan import (
    Document,
    JsonLines,
    Planned,
    Tokenizer,
    _place,
    batches,
    plan,
    with_losses,
)
from tests.recording.synthetic_checkpoint import random_corpus, write_corpus

corpora = st.lists(st.tuples(st.sampled_from("ABC"), st.integers(0, 30)), min_size=1, max_size=60)


def tokens(text: Document) -> list[int]:
    """A token a letter, after the one that makes every text different."""
    return list(range(len(text.text.partition(" ")[2])))


@given(corpora, st.integers(1, 100), st.integers(1, 40))
def test_a_domain_gets_the_first_of_its_seeded_order(corpus: list[tuple[str, int]], budget: int, cap: int) -> None:
    """The second route: every text in memory, sorted."""
    texts = [Document(number, domain, f"{number} {'x' * length}") for number, (domain, length) in enumerate(corpus)]
    expected = []
    small = {}
    for domain in "ABC":
        left = budget
        for text in sorted((text for text in texts if text.domain == domain), key=lambda text: _place(text.number)):
            if ids := tokens(text)[: min(cap, left)]:
                expected.append(Planned(domain, text.number, ids))
                left -= len(ids)
        if 0 < left < budget or (left == budget and any(text.domain == domain for text in texts)):
            small[domain] = budget - left
    if expected:
        found = plan(texts, tokens, budget, cap)
        assert list(found.texts) == expected
        assert found.small == small
        assert found.duplicates == 0


def test_few_texts_are_tokenised() -> None:
    """A text that cannot get in is not tokenised: the work grows with the budget, not with the corpus."""
    asked = 0

    def counted(text: Document) -> list[int]:
        nonlocal asked
        asked += 1
        return tokens(text)

    plan((Document(number, "A", f"{number} {'x' * 10}") for number in range(20_000)), counted, budget=200)
    assert asked < 300


@given(corpora, st.randoms(use_true_random=False))
def test_a_text_that_comes_again_is_counted_once(corpus: list[tuple[str, int]], drawn: random.Random) -> None:
    once = [(domain, f"{number} {'x' * length}") for number, (domain, length) in enumerate(corpus, 1)]
    again = [(drawn.choice("ABC"), drawn.choice(once)[1]) for _ in range(5)]
    found = plan((Document(n, *each) for n, each in enumerate([*once, ("A", "0 x"), *again])), tokens, 10**6)
    assert found.duplicates == len(again)
    assert len(found.texts) == 1 + sum(length > 0 for _, length in corpus)


@given(st.integers(1, 500))
def test_losses_are_of_every_tenth_text_and_of_twenty(number: int) -> None:
    texts = [Planned("A", place, [0]) for place in range(number)]
    some = with_losses(texts)
    assert [text for text in texts if text in some] == some
    assert len(some) == number if number < 40 else len(some) >= 20
    assert len(some) == -(-number // 10) if number > 200 else True


sizes = st.lists(st.tuples(st.sampled_from("AB"), st.integers(1, 50)), min_size=1, max_size=40)


@given(sizes, st.integers(1, 200))
def test_batches_are_full_of_one_domain(sizes: list[tuple[str, int]], limit: int) -> None:
    texts = [Planned(domain, number, [0] * length) for number, (domain, length) in enumerate(sizes)]
    packed = batches(texts, limit, [1, 2])
    assert sorted(text.number for batch in packed for text in batch.texts) == list(range(len(sizes)))
    for batch, tried in packed:
        assert tried == (1, 2)
        width = max(len(text.ids) for text in batch)
        assert len(batch) == 1 or len(batch) * width <= limit
        assert len({text.domain for text in batch}) == 1
    assert batches(random.Random(0).sample(texts, len(texts)), limit, [1, 2]) == packed


def test_little_is_padded(tmp_path: Path) -> None:
    corpus = JsonLines(random_corpus(tmp_path / "text.jsonl", 3, {"A": 400}, words=(1, 300)))
    texts = plan(corpus.documents(), lambda text: [0] * len(text.text.split()), 10**6).texts
    tokens = sum(len(text.ids) for text in texts)
    assert sum(len(batch) * len(batch[0].ids) for batch, _ in batches(texts, 8192)) < 1.2 * tokens
    assert len(texts) * max(len(text.ids) for text in texts) > 2 * tokens


def test_special_tokens_are_found_and_kept_out(planted: Any) -> None:
    tokenizer = Tokenizer(planted.folder, "planted")
    assert tokenizer.leading == [0]
    assert len(tokenizer(Document(0, "A", "w1_1 w2_2"))) == 2
    # Written into a text it is letters, here of no word that the tokenizer knows.
    assert tokenizer(Document(0, "A", "w1_1<s>w2_2")) == [1]
    with pytest.raises(RecordingError, match="line 4 of the corpus has the control token <s> in its text"):
        tokenizer(Document(3, "A", "w1_1 <s> w2_2"))


def test_a_compressed_corpus_is_the_same_text(corpus: Path, setup: Any, ready: Any, tmp_path: Path) -> None:
    compressed = tmp_path / "text.jsonl.zst"
    # Two frames: archives that were appended to have several.
    content = corpus.read_bytes()
    compressed.write_bytes(zstandard.compress(content[:500]) + zstandard.compress(content[500:]))
    assert list(JsonLines(compressed).documents()) == list(JsonLines(corpus).documents())
    assert ready(corpus=compressed).plan == setup.plan


def test_the_evidence_names_small_domains_duplicates_and_its_plan(ready: Any, corpus: Path, tmp_path: Path) -> None:
    rows = [json.loads(line) for line in corpus.read_text().splitlines()]
    texts = [(row["text"], row["meta"]["pile_set_name"]) for row in rows]
    metadata = ready(tokens_per_domain=300, corpus=write_corpus(tmp_path / "t.jsonl", [*texts, *texts[:3]])).metadata
    assert metadata["duplicates"] == 3
    assert metadata["small_domains"]
    assert all(held < 300 for held in metadata["small_domains"].values())
    assert set(metadata["plan"]) == {domain for _, domain in texts}


@pytest.mark.parametrize("text", ["a lone \ud800 surrogate", "a nul \x00", "line\u2028separator"])
def test_odd_text_is_text(text: str, ready: Any, tmp_path: Path) -> None:
    (planned,) = ready(corpus=write_corpus(tmp_path / "text.jsonl", [(text, "A")])).plan.texts
    assert planned.domain == "A"
    assert planned.ids
