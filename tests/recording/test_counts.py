"""The recorded counts are the planted ones, in every family, and nothing about how they are made changes them."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording import routers
from claim_suite.fixtures.recording.engine_transformers import TransformersEngine, load, load_model
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.plan import Batch, Planned
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.recording.setup import RecordingSetup, prepare
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.counts import combine, count
from claim_suite.fixtures.routing.metadata import evidence
from tests.recording.synthetic_checkpoint import (
    EXPERTS,
    Planted,
    cells,
    expected,
    kind_of,
    plant,
    rewrite,
    words_of,
)

TWO = Batch((Planned("A", 0, [2, 3, 4]), Planned("A", 1, [2])))


def test_planted_choices_are_counted(recorded: Path, planted: Planted, corpus: Path) -> None:
    assert cells(recorded) == expected(planted, words_of(corpus))
    metadata = files.read_metadata(recorded)
    assert (metadata["routed_layers"], metadata["top_k"]) == (planted.routed, planted.top_k)


@pytest.mark.parametrize(
    ("attention", "experts"), [*itertools.product(("eager", "sdpa"), ("eager", "batched_mm", "grouped_mm"))]
)
def test_kernels_change_nothing(
    attention: str, experts: str, planted: Planted, corpus: Path, setup: RecordingSetup, tmp_path: Path
) -> None:
    kernels = {"attn_implementation": attention, "experts_implementation": experts}
    model: Any = load_model(setup.checkpoint.folder, "planted", "cpu", "float32", kernels)
    engine = TransformersEngine(model, "planted", setup.leading, ranked=True)
    path = record(setup, tmp_path, losses=False, load=lambda: engine)
    assert model.config._attn_implementation == attention
    assert model.config._experts_implementation == experts
    assert cells(path) == expected(planted, words_of(corpus))


@pytest.mark.parametrize("tokens", [1, 90, 400, 8192])
def test_batches_change_nothing(
    tokens: int, recorded: Path, setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Callable[[int], None]
) -> None:
    batches_of(tokens)
    assert cells(record(setup, tmp_path, losses=False, load=lambda: engine)) == cells(recorded)


def test_padding_makes_no_mask(engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch) -> None:
    """A dense mask would keep the kernels that know causal attention from being used."""
    kept = torch.nn.functional.scaled_dot_product_attention
    seen = []

    def attend(*args: Any, **kwargs: Any) -> Any:
        seen.append((kwargs.get("attn_mask"), kwargs.get("is_causal")))
        return kept(*args, **kwargs)

    monkeypatch.setattr(torch.nn.functional, "scaled_dot_product_attention", attend)
    engine.run(TWO)
    assert set(seen) == {(None, True)}


def test_a_budget_cuts_the_last_text(planted: Planted, corpus: Path, ready: Any, engine: Any, tmp_path: Path) -> None:
    path = record(ready(tokens_per_domain=100), tmp_path, load=lambda: engine)
    words, texts = words_of(corpus), files.read([path]).counts.texts
    assert cells(path) == expected(planted, {number: words[number][:tokens] for _, number, tokens in texts})
    for domain in {domain for domain, _, _ in texts}:
        assert sum(tokens for own, _, tokens in texts if own == domain) == 100


def test_the_head_is_not_run(setup: RecordingSetup, engine: TransformersEngine, tmp_path: Path) -> None:
    head = engine.model.get_output_embeddings().register_forward_pre_hook(lambda *_: pytest.fail("the head ran"))
    try:
        assert record(setup, tmp_path, losses=False, load=lambda: engine).exists()
    finally:
        head.remove()


def test_choices_can_be_kept_one_by_one(planted: Planted, corpus: Path, tmp_path: Path) -> None:
    """And counted by whoever has them: another engine's choices come one by one."""
    given = {"--model": str(planted.folder), "--corpus": str(corpus), "--device": "cpu", "--keep-choices": True}
    prepared = prepare(options(given | {"--evidence-out": str(tmp_path)}))
    words = words_of(corpus)
    parts: Any = files.scan(record(prepared, tmp_path))
    for part in parts:
        for place, (text, kept) in enumerate(zip(part.texts, part.chosen, strict=True)):
            kinds = map(kind_of, words[text.number])
            assert kept.tolist() == [[planted.choices(layer, kind) for layer in planted.routed] for kind in kinds]
            for ranked in (True, False):
                counts: Any = count([text], [kept], EXPERTS, ranked=ranked)
                own = part.choices[place] if ranked else part.choices[place].sum(1, keepdims=True)
                assert (counts.choices[0] == own).all()
                assert (counts.shared[0] == part.shared[place]).all()


def test_without_ranks_choices_are_counted_all_the_same(
    recorded: Path, setup: RecordingSetup, engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    unranked = TransformersEngine(engine.model, "planted", setup.leading, ranked=False)
    monkeypatch.setattr(routers._Watch, "last", property(lambda _: None, lambda *_: None), raising=False)
    batches = setup.batches(losses=False)
    counts, whole = combine([unranked.run(batch) for batch in batches]), files.read([recorded]).counts
    order = [counts.texts.index(text) for text in whole.texts]
    assert counts.same_first is None
    assert (counts.select(order).choices == whole.choices).all()
    with pytest.raises(RecordingError, match="or choices not the router's own, at layer 0"):
        engine.run(batches[0])


def _poison(part: str, value: float) -> Callable[[str, torch.Tensor], object]:
    return lambda name, weight: weight.fill_(value) if part in name else None


@pytest.mark.parametrize(
    ("part", "value", "dtype"),
    [
        ("gate.weight", float("nan"), "float32"),  # the router's logits and gates
        ("gate.weight", float("inf"), "float32"),
        ("layers.3.mlp.experts", float("nan"), "float32"),  # the last hidden states only
        ("embed_tokens", 1e6, "float16"),  # what overflows in half precision
    ],
)
def test_numbers_that_are_not_finite_end_a_recording(
    part: str, value: float, dtype: str, ready: Any, tmp_path: Path
) -> None:
    planted = plant(tmp_path / "model")
    rewrite(planted, _poison(part, value))
    prepared = ready(model=planted.folder, dtype=dtype)
    with pytest.raises(RecordingError, match=rf"not finite.* at (layer 0|the last layer) in {dtype}: .*--dtype"):
        record(prepared, tmp_path / "out")


def test_logits_that_are_not_finite_have_no_loss(ready: Any, tmp_path: Path) -> None:
    planted = plant(tmp_path / "model")
    rewrite(planted, _poison("lm_head", float("inf")))
    engine = load(ready(model=planted.folder))
    assert engine.run(TWO).choices.sum()
    with pytest.raises(RecordingError, match="its logits are not finite"):
        engine.run(TWO._replace(tried=(2,)))


def test_counts_are_evidence_of_one_model(recorded: Path) -> None:
    metadata, counts = files.read([recorded])
    told = evidence("fresh", metadata, counts.texts)
    assert (told.model, told.precision, told.device, told.stand_in) == ("planted", "float32", "cpu", False)
    # A recording of the pinned checkpoint, made before recordings said which published model theirs is.
    pinned = {name: value for name, value in metadata.items() if name != "identity"}
    pinned |= {"model": "mistralai/Mixtral-8x7B-v0.1", "revision": "fc7ac94680e38d7348cfa806e51218e6273104b0"}
    assert evidence("fresh", pinned, counts.texts).model == "mixtral-8x7b-v0.1"
    assert told.engine.startswith("transformers ")
    assert "34 texts" in told.text
    assert "less than 100,000 tokens of ArXiv, Github, StackExchange" in told.note
