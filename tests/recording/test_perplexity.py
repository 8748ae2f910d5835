"""Perplexity at k experts per token is of k experts, by another route too."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording import routers
from claim_suite.fixtures.recording.engine_transformers import load
from claim_suite.fixtures.recording.plan import Batch, Planned
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.texts import Perplexity, perplexity
from tests.recording.synthetic_checkpoint import (
    FAMILIES,
    Planted,
    plant,
    random_corpus,
    rewrite,
    words_of,
)


@pytest.fixture(scope="module")
def text(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(tmp_path_factory.mktemp("text") / "text.jsonl", 11, {"ArXiv": 12, "Github": 12}, words=(2, 30))


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    """A checkpoint whose every weight matters, so that the number of experts does."""
    planted = plant(tmp_path_factory.mktemp("random") / "random")
    return rewrite(planted, lambda _, weight: weight.normal_(std=0.3))


@pytest.fixture(scope="module")
def measured(trained: Planted, text: Path, ready: Any, tmp_path_factory: pytest.TempPathFactory) -> files.Record:
    """A recording of losses alone."""
    out = tmp_path_factory.mktemp("measured")
    return files.read([record(ready(model=trained.folder, corpus=text), out, routing=False)])


def test_losses_match_a_model_configured_for_k(trained: Planted, text: Path, measured: files.Record) -> None:
    """The second route: the library's own loss, of a model that was loaded with k in its configuration."""
    found, words = perplexity("fresh", *measured), words_of(text)
    assert found.experts_used == (1, 2, 3, 4, 8)
    read: Any = AutoModelForCausalLM.from_pretrained
    tokenize: Any = AutoTokenizer.from_pretrained(trained.folder)
    for k in found.experts_used:
        model = read(trained.folder, dtype=torch.float32, num_experts_per_tok=k)
        for place, (_, number, tokens) in enumerate(measured.counts.texts):
            ids = tokenize(" ".join(words[number]), return_tensors="pt")["input_ids"]
            with torch.no_grad():
                loss = model(input_ids=ids, labels=ids).loss * (ids.shape[1] - 1)
            assert float(found.losses[k][place]) == pytest.approx(float(loss), rel=1e-4)
            assert int(found.tokens[place]) == tokens == ids.shape[1] - 1


def test_a_first_token_that_nothing_precedes_has_no_loss(measured: files.Record) -> None:
    metadata, counts = measured
    found = perplexity("fresh", metadata | {"leading": 0}, counts)
    assert found.tokens.tolist() == [text.tokens - 1 for text in counts.texts if text.tokens > 1]


def test_evidence_without_losses_covers_none(measured: files.Record) -> None:
    metadata, counts = measured
    with pytest.raises(NotCovered, match="has no perplexity in it"):
        perplexity("fresh", metadata, counts.select([]))


TWO = Batch((Planned("A", 0, [2, 3, 4]), Planned("A", 1, [7, 8])))


@pytest.mark.parametrize("family", FAMILIES)
def test_k_experts_run_in_every_family(family: str, ready: Any, tmp_path: Path) -> None:
    engine = load(prepared := ready(model=plant(tmp_path / family, family).folder))
    configured = routers.experts_per_token(engine.layers)
    assert prepared.metadata["tried"] == [1, 2, 3, 4, 8]
    found = engine.run(TWO._replace(tried=tuple(prepared.metadata["tried"])))
    assert found.losses is not None
    assert (found.losses > 0).all()
    assert (found.choices == engine.run(TWO).choices).all()
    assert routers.experts_per_token(engine.layers) == configured


def test_other_experts_than_were_asked_for_are_noticed(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """Changing the configuration after loading does nothing, and a router that holds to its own number is caught."""
    engine = load(ready())
    engine.model.config.num_experts_per_tok = 8
    assert engine.run(TWO).choices.shape[2] == 2
    monkeypatch.setattr(routers, "_holders", lambda _: [])
    monkeypatch.setattr(routers, "experts_per_token", lambda _: 2)
    with pytest.raises(RecordingError, match="8 experts per token were asked for and others ran"):
        engine.run(TWO._replace(tried=(8,)))


def test_the_rise_is_paired_by_text() -> None:
    drawing = np.random.default_rng(0)
    tokens = drawing.integers(20, 60, 40)
    hard, small = drawing.random(40) * 4, drawing.normal(size=40) * 0.01
    found = Perplexity({2: (2 + hard) * tokens, 8: (2.1 + hard + small) * tokens}, tokens, [])
    rise = found.rise(experts=8, against=2)
    assert 0.09 < rise.low < rise.high < 0.11
    alone = found.of(2)
    assert alone.value == pytest.approx(math.exp(((2 + hard) * tokens).sum() / tokens.sum()))
    assert alone.low < alone.value < alone.high
    with pytest.raises(NotCovered, match="not measured with 16 experts"):
        found.of(16)
