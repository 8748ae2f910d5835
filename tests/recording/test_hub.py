"""Checkpoints and texts at the hub: fetched, pinned, gated, missing and out of reach, on a stand-in for it."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from huggingface_hub import constants
from huggingface_hub.errors import OfflineModeIsEnabled

from claim_suite.fixtures.recording.checkpoint import explained
from tests import runs
from tests.recording import apart
from tests.recording.stand_in_hub import COMMIT, Repository, serving
from tests.recording.synthetic_checkpoint import Planted, words_of

OTHER = "f" * 40


def at_the_hub(out: Path, cases: dict[str, Any]) -> dict[str, Any]:
    assert constants.ENDPOINT == runs.HUB_ADDRESS, "its library was imported before it was told where its hub is"
    return {name: apart.run({"--evidence-out": str(out / name), **case}) for name, case in cases.items()}


@pytest.fixture(scope="module")
def served(
    planted: Planted, corpus: Path, tmp_path_factory: pytest.TempPathFactory
) -> tuple[dict[str, Any], dict[str, Repository]]:
    """Every case against one stand-in, in one process: what was said of each, and what was asked of the hub."""
    files = {file.name: file.read_bytes() for file in planted.folder.iterdir()}
    pickled = {name: content for name, content in files.items() if not name.endswith(".safetensors")}
    cut = files | {"model.safetensors": files["model.safetensors"][:-100]}
    dense = files | {"config.json": files["config.json"].replace(b"mixtral", b"llama").replace(b"Mixtral", b"Llama")}
    repositories = [
        Repository("org/planted", files),
        Repository("org/gated", files, gated=True),
        Repository("org/pickled", pickled | {"pytorch_model.bin": b"\x80\x02"}),
        Repository("org/cut", cut),
        Repository("org/dense", dense),
        Repository("org/text", {"val.jsonl": corpus.read_bytes()}, kind="datasets"),
    ]

    def case(name: str, revision: str = COMMIT, text: object = corpus, **other: str) -> dict[str, Any]:
        return {"--model": f"org/{name}", "--revision": revision, "--corpus": str(text), **other}

    cases = {
        "fetched": case("planted"),
        "streamed": case("planted", text="org/text"),
        "no-token": case("gated"),
        "bad-token": case("gated", token="hf_bad"),
        "good-token": case("gated", token="hf_good"),
        "no-revision": case("planted", revision=OTHER),
        "no-model": case("absent"),
        "no-text": case("planted", text="org/absent"),
        "pickled": case("pickled"),
        "cut": case("cut"),
        "dense": case("dense"),
    }
    with serving(*repositories):
        found = at_the_hub(tmp_path_factory.mktemp("out"), cases)
    return found, {repository.name: repository for repository in repositories}


@pytest.mark.parametrize("case", ["fetched", "streamed", "good-token"])
def test_a_checkpoint_is_fetched_at_its_commit_and_recorded(
    case: str, served: Any, planted: Planted, corpus: Path
) -> None:
    found = served[0][case]
    assert found["metadata"]["revision"] == COMMIT
    assert found["metadata"]["identity"] == found["metadata"]["model"]
    words = sum(map(len, words_of(corpus).values()))
    assert found["choices"] == words * planted.top_k * len(planted.routed)
    if case == "streamed":
        assert found["metadata"]["corpus"] == "org/text"
        assert found["metadata"]["corpus_revision"] == COMMIT


def test_every_file_is_asked_for_by_commit(served: Any) -> None:
    asked = [path for path in served[1]["org/planted"].asked if "/resolve/" in path]
    assert asked
    assert all(f"/resolve/{COMMIT}/" in path or f"/resolve/{OTHER}/" in path for path in asked)


REFUSALS = {
    "no-token": "org/gated is gated and this machine may not read it: accept its terms .* HF_TOKEN",
    "bad-token": "org/gated is gated and this machine may not read it",
    "no-revision": f"org/planted has no revision {OTHER}: name one of its commits with --revision",
    "no-model": "org/absent is not on the hub, or is private",
    "no-text": "org/absent is not on the hub, or is private",
    "pickled": r"org/pickled has no weights in safetensors \(pytorch_model.bin may run",
    "cut": r"org/cut: model.safetensors is damaged or cut short .*; fetch it again",
    "dense": "org/dense is no mixture of experts",
}


@pytest.mark.parametrize("case", REFUSALS)
def test_a_refusal_is_one_line(case: str, served: Any) -> None:
    said = served[0][case]["error"]
    assert re.search(REFUSALS[case], said), said


@pytest.mark.parametrize("name", ["org/pickled", "org/dense"])
def test_nothing_big_is_fetched_of_what_is_refused(name: str, served: Any) -> None:
    assert not [path for path in served[1][name].asked if path.endswith((".safetensors", ".bin"))]


def test_without_a_network_what_was_fetched_before_serves(served: Any, corpus: Path, tmp_path: Path) -> None:
    assert served[0]["fetched"]["choices"]
    given = {"--revision": COMMIT, "--corpus": str(corpus)}
    cases = {"here": {"--model": "org/planted", **given}, "gone": {"--model": "org/never", **given}}
    found = at_the_hub(tmp_path, cases)
    assert found["here"]["choices"] == served[0]["fetched"]["choices"]
    assert found["gone"]["error"].endswith("is not on this machine and the hub is out of reach: check the network")


def test_a_hub_that_may_not_be_asked_is_out_of_reach() -> None:
    assert str(explained(OfflineModeIsEnabled("HF_HUB_OFFLINE=1"), "org/name", None)).endswith("check the network")
