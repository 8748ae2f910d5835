"""The checkpoint that comes with the suite: what its script makes, and the whole way with it in seconds."""

from __future__ import annotations

import json
import random
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from claim_suite.fixtures import origins
from claim_suite.fixtures.recording import engine_transformers
from claim_suite.fixtures.recording.options import TINY, TINY_CORPUS, options
from claim_suite.fixtures.recording.plan import open_corpus
from claim_suite.fixtures.recording.setup import RecordingSetup, prepare
from claim_suite.fixtures.recording.tiny import make
from claim_suite.fixtures.routing.counts import check


@pytest.fixture(scope="module")
def setup(tmp_path_factory: pytest.TempPathFactory) -> RecordingSetup:
    out = tmp_path_factory.mktemp("out")
    return prepare(options({"--model": "tiny", "--device": "cpu", "--evidence-out": str(out)}))


@pytest.mark.parametrize("name", tomllib.loads((TINY / origins.REGISTER).read_text()))
def test_it_is_what_was_made(name: str) -> None:
    origins.check(name, TINY)


def test_its_text_and_tokenizer_are_what_the_script_makes() -> None:
    drawn = random.Random(make.SEED)
    measured, trained = make.corpus(drawn, make.MEASURED), make.corpus(drawn, make.TRAINED)
    assert [(each.domain, each.text) for each in open_corpus(str(TINY_CORPUS)).documents()] == measured
    made = json.loads(make.tokenizer([text for _, text in trained])._tokenizer.to_str())
    assert made["model"] == json.loads((TINY / "tokenizer.json").read_text())["model"]
    assert not {text for _, text in measured} & {text for _, text in trained}


def test_it_needs_no_network_and_is_a_stand_in(setup: RecordingSetup, monkeypatch: pytest.MonkeyPatch) -> None:
    assert setup.options.stand_in
    assert setup.checkpoint.model == "tiny"  # no published model's configuration
    assert {text.domain for text in setup.plan.texts} == set(make.SENTENCES["sentences"])
    monkeypatch.chdir(Path(__file__).parent)
    mine = options({"--model": "tiny", "--corpus": str(TINY_CORPUS), "--revision": None})
    assert (mine.model, mine.corpus) == (str(TINY), str(TINY_CORPUS))


def test_it_has_learned_and_its_experts_differ(setup: RecordingSetup) -> None:
    """An untrained one loses log(512), 6.2 nats a token; one that ignores what went before, more than 3."""
    engine = engine_transformers.load(setup)
    batches: list[Any] = setup.batches(routing=False)
    for batch in batches[:: len(batches) // 2]:
        counts = engine.run(batch)
        check(counts, 2, range(32))
        assert counts.losses is not None
        nats = counts.losses.sum(0) / counts.tokens.sum()
        assert nats[batch.tried.index(2)] < 1.5
        assert len(set(nats)) == len(nats)
        assert np.ptp(counts.choices.sum((0, 2)), axis=1).min() > 0
