"""Synthetic checkpoints and text, made once a run."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from claim_suite.fixtures.recording.engine_transformers import TransformersEngine, load
from claim_suite.fixtures.recording.options import Options, options
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.recording.setup import RecordingSetup, prepare
from tests.recording.synthetic_checkpoint import Planted, plant, random_corpus


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("mixtral") / "planted")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(
        tmp_path_factory.mktemp("text") / "text.jsonl", 7, {"ArXiv": 14, "Github": 9, "StackExchange": 11}
    )


@pytest.fixture(scope="session")
def chosen(planted: Planted, corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Options]:
    """Options as a command would give them: on a CPU, the planted checkpoint and the corpus unless told otherwise."""
    folder = tmp_path_factory.mktemp("out")

    def choose(**given: Any) -> Options:
        usual = {"model": planted.folder, "corpus": corpus, "device": "cpu", "evidence_out": folder / "evidence"}
        named = {f"--{name.replace('_', '-')}": str(value) for name, value in (usual | given).items() if value}
        return options(named)

    return choose


@pytest.fixture(scope="session")
def ready(chosen: Callable[..., Options]) -> Callable[..., RecordingSetup]:
    return lambda **given: prepare(chosen(**given))


@pytest.fixture(scope="session")
def setup(ready: Callable[..., RecordingSetup]) -> RecordingSetup:
    """The usual recording, checked once."""
    return ready()


@pytest.fixture(scope="session")
def engine(setup: RecordingSetup) -> TransformersEngine:
    """The planted checkpoint, loaded once."""
    return load(setup)


@pytest.fixture(scope="session")
def recorded(setup: RecordingSetup, engine: TransformersEngine, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished recording, in a folder that nobody may change."""
    return record(setup, tmp_path_factory.mktemp("recorded"), load=lambda: engine)


@pytest.fixture
def batches_of(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Set the tokens of a batch, and make a part of each."""

    def set_tokens(tokens: int) -> None:
        monkeypatch.setitem(RecordingSetup.batches.__globals__["BATCH_TOKENS"], "cpu", tokens)
        monkeypatch.setattr("claim_suite.fixtures.recording.store.SECONDS_OF_A_PART", 0.0)

    return set_tokens


never = functools.partial(pytest.fail, "the model was loaded again")
