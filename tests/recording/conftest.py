"""Planted checkpoints and text, made once a run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import torch

from fixtures.recording.options import OPTIONS, Options, options
from fixtures.recording.preflight import Ready, prepare
from tests.recording.planted import Planted, plant, random_corpus

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Small models lose more to threads that wait for each other than they gain."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="session")
def planted(tmp_path_factory: pytest.TempPathFactory) -> Planted:
    return plant(tmp_path_factory.mktemp("mixtral") / "planted")


@pytest.fixture(scope="session")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return random_corpus(
        tmp_path_factory.mktemp("text") / "text.jsonl", 7, {"ArXiv": 14, "Github": 9, "StackExchange": 11}
    )


@pytest.fixture
def chosen(planted: Planted, corpus: Path, tmp_path: Path) -> Callable[..., Options]:
    """Options as a command would give them: on a CPU, the planted checkpoint and the corpus unless told otherwise."""

    def choose(**given: Any) -> Options:
        usual = {"model": planted.folder, "corpus": corpus, "device": "cpu", "evidence_out": tmp_path / "evidence"}
        named = {f"--{name.replace('_', '-')}": str(value) for name, value in (usual | given).items() if value}
        return options(dict.fromkeys(OPTIONS) | named)

    return choose


@pytest.fixture
def ready(chosen: Callable[..., Options]) -> Callable[..., Ready]:
    return lambda **given: prepare(chosen(**given))
