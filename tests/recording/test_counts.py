"""The recorded counts are the planted ones, in every family, and nothing about how they are made changes them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import pytest
import torch

from fixtures.recording import engine_transformers
from fixtures.recording import record as recording
from fixtures.routing.counts import RoutingCounts, combine
from tests.recording.planted import FAMILIES, Planted, as_cells, expected, plant, random_corpus, words_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from fixtures.recording.preflight import Ready


def engine_for(ready: Ready, **kernels: str) -> Callable[[], engine_transformers.TransformersEngine]:
    return lambda: engine_transformers.load(
        ready.checkpoint.folder, ready.checkpoint.name, ready.device, ready.dtype, **kernels
    )


@pytest.mark.parametrize("family", FAMILIES)
def test_every_family_is_counted_exactly(family: str, corpus: Path, ready: Any, tmp_path: Path) -> None:
    planted = plant(tmp_path / family, family)
    prepared = ready(model=planted.folder)
    counts = recording.record(prepared, tmp_path / "out", engine_for(prepared))
    assert as_cells(counts) == expected(planted, words_of(corpus))
    assert counts.layer_numbers == tuple(planted.routed)
    assert counts.metadata["top_k"] == planted.top_k


KERNELS = list(itertools.product(("eager", "sdpa"), ("eager", "batched_mm", "grouped_mm")))


@pytest.mark.parametrize(("attention", "experts"), KERNELS)
@pytest.mark.parametrize("padding", ["left", "right"])
def test_kernels_and_padding_change_nothing(
    attention: str, experts: str, padding: str, planted: Planted, corpus: Path, ready: Any, tmp_path: Path
) -> None:
    prepared = ready()
    engine = engine_for(prepared, attn_implementation=attention, experts_implementation=experts)()
    engine.padding = padding
    counts = recording.record(prepared, tmp_path / "out", lambda: engine)
    assert engine.model.config._attn_implementation == attention
    assert engine.model.config._experts_implementation == experts
    assert as_cells(counts) == expected(planted, words_of(corpus))


@pytest.mark.parametrize("tokens", [1, 90, 400, 8192])
def test_batches_change_nothing(
    tokens: int, planted: Planted, corpus: Path, ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recording, "batch_tokens", lambda _: tokens)
    prepared = ready()
    counts = recording.record(prepared, tmp_path / "out", engine_for(prepared))
    assert as_cells(counts) == expected(planted, words_of(corpus))


def test_shards_add_up(planted: Planted, corpus: Path, ready: Any, tmp_path: Path) -> None:
    parts = []
    for place in range(1, 6):
        prepared = ready(shard=f"{place}/5")
        parts.append(recording.record(prepared, tmp_path / "shards", engine_for(prepared)))
    assert all(part.documents for part in parts)
    assert as_cells(combine(parts, parts[0].metadata)) == expected(planted, words_of(corpus))


def test_a_budget_cuts_the_last_document(planted: Planted, corpus: Path, ready: Any, tmp_path: Path) -> None:
    prepared = ready(tokens_per_domain=100)
    counts = recording.record(prepared, tmp_path / "out", engine_for(prepared))
    words = words_of(corpus)
    recorded = {document.number: words[document.number][: document.tokens] for document in counts.documents}
    assert as_cells(counts) == expected(planted, recorded)
    domains = [document.domain for document in counts.documents]
    totals = {domain: sum(d.tokens for d in counts.documents if d.domain == domain) for domain in set(domains)}
    assert set(totals.values()) == {100}


@pytest.mark.parametrize("family", ["mixtral", "qwen3_moe", "olmoe"])
def test_random_weights_match_the_library_s_own_logits(family: str, ready: Any, tmp_path: Path) -> None:
    """A second route: one document at a time, without batches, from the logits that the library returns."""
    from transformers import AutoModelForCausalLM, AutoTokenizer

    corpus = random_corpus(tmp_path / "text.jsonl", 3, {"ArXiv": 6}, words=(5, 40))
    planted = plant(tmp_path / family, family)
    torch.manual_seed(1)
    load: Any = AutoModelForCausalLM.from_pretrained
    model = load(planted.folder, dtype=torch.float32)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.normal_(std=0.3)
    model.save_pretrained(planted.folder)
    prepared = ready(model=planted.folder, corpus=corpus)
    counts = recording.record(prepared, tmp_path / "out", engine_for(prepared))

    tokenize: Any = AutoTokenizer.from_pretrained(planted.folder)
    for place, document in enumerate(counts.documents):
        text = " ".join(words_of(corpus)[document.number])
        with torch.no_grad():
            output = model(**tokenize(text, return_tensors="pt"), output_router_logits=True)
        for layer, logits in enumerate(output.router_logits):
            chosen = logits[1:].topk(planted.top_k).indices
            one_hot = torch.nn.functional.one_hot(chosen, counts.experts).sum(0)
            assert torch.equal(counts.choices[place, layer].long(), one_hot)


def test_the_head_is_not_run(ready: Any, tmp_path: Path) -> None:
    prepared = ready()
    engine = engine_for(prepared)()
    engine.model.get_output_embeddings().register_forward_pre_hook(lambda *_: pytest.fail("the head ran"))
    recorded = recording.record(prepared, tmp_path / "out", lambda: engine)
    assert isinstance(recorded, RoutingCounts)
