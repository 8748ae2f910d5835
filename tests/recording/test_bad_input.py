"""What cannot be recorded is refused in one line, before any weights are loaded, and nothing is lost."""

from __future__ import annotations

import json
import pickle
import shutil
from typing import TYPE_CHECKING, Any

import pytest

from fixtures.recording import checkpoint, precision
from fixtures.recording import record as recording
from fixtures.recording.errors import RecordingError
from fixtures.recording.options import OPTIONS, options
from tests.recording.planted import Planted, random_corpus
from tests.recording.test_counts import engine_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

OPTION_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "an engine that is not there": ({"--engine": "vllm"}, "--engine vllm: this engine is not there yet"),
    "an unknown engine": ({"--engine": "llama.cpp"}, "--engine llama.cpp: choose transformers or vllm"),
    "an unknown precision": ({"--dtype": "int4"}, "--dtype int4: choose one of bfloat16"),
    "fp8 on a CPU": ({"--dtype": "fp8", "--device": "cpu"}, "--dtype fp8: a CPU cannot run it"),
    "an unknown device": ({"--device": "gpu"}, "--device gpu: choose cpu, cuda or cuda:N"),
    "no tokens": ({"--tokens-per-domain": "0"}, "--tokens-per-domain 0: give a whole number above zero"),
    "tokens in words": ({"--tokens-per-domain": "many"}, "--tokens-per-domain many: give a whole number"),
    "a shard beyond the last": ({"--shard": "5/4"}, "--shard 5/4: parts of 4 are numbered 1 to 4"),
    "a shard of nothing": ({"--shard": "1/0"}, "--shard 1/0: parts of 0"),
    "a shard in words": ({"--shard": "first"}, "--shard first: give a part and the number of parts"),
    "a model that is nowhere": ({"--model": "./nowhere"}, "--model ./nowhere: no such folder"),
    "a model without a commit": ({"--model": "owner/name"}, "a checkpoint on the hub needs its commit: --revision"),
    "a corpus that is nowhere": ({"--corpus": "nowhere.jsonl"}, "--corpus nowhere.jsonl: no such file"),
    "a corpus of another kind": ({"--corpus": __file__}, "its name ends neither in .jsonl nor in .jsonl.zst"),
    "evidence that is nowhere": ({"--evidence": ["nowhere"]}, "--evidence nowhere: no such file or folder"),
    "a file to write folders in": ({"--evidence-out": __file__}, "it is a file; name a folder"),
    "a model that is a file": ({"--model": __file__}, "it is a file; name the folder of the checkpoint"),
}


@pytest.mark.parametrize("case", OPTION_REFUSALS)
def test_an_option_is_refused_in_one_line(case: str) -> None:
    given, line = OPTION_REFUSALS[case]
    with pytest.raises(pytest.UsageError) as refusal:
        options(dict.fromkeys(OPTIONS) | given)
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


def test_a_revision_of_a_folder_is_refused(planted: Planted) -> None:
    with pytest.raises(pytest.UsageError, match="is a folder and has no revisions"):
        options(dict.fromkeys(OPTIONS) | {"--model": str(planted.folder), "--revision": "abc"})


def test_nothing_is_asked_for_unless_named() -> None:
    assert not options(dict.fromkeys(OPTIONS)).asked
    assert not options(dict.fromkeys(OPTIONS) | {"--evidence-out": "x"}).asked
    assert options(dict.fromkeys(OPTIONS) | {"--device": "cpu"}).asked


def _config(folder: Path, **fields: Any) -> None:
    held = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(held | fields))


def _cut(folder: Path) -> None:
    weights = (folder / "model.safetensors").read_bytes()
    (folder / "model.safetensors").write_bytes(weights[: len(weights) // 2])


def _garble(folder: Path) -> None:
    (folder / "model.safetensors").write_bytes(b"\xff" * 4096)


def _pickle(folder: Path) -> None:
    (folder / "model.safetensors").unlink()
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({}))


def _index(folder: Path) -> None:
    index = {"metadata": {}, "weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(index))


def _small_vocabulary(folder: Path) -> None:
    _config(folder, vocab_size=4)


CHECKPOINT_REFUSALS: dict[str, tuple[Callable[[Path], Any], str]] = {
    "no configuration": (lambda folder: (folder / "config.json").unlink(), "has no config.json"),
    "a damaged configuration": (lambda folder: (folder / "config.json").write_text("{"), "config.json is damaged"),
    "an unknown kind": (lambda folder: _config(folder, model_type="brand_new"), "is of a kind that transformers"),
    "a configuration of nonsense": (lambda folder: _config(folder, hidden_size=-1), "configuration"),
    "a dense model": (lambda folder: _config(folder, model_type="llama"), "is no mixture of experts"),
    "truncated weights": (_cut, r"model.safetensors has [\d,]+ bytes of [\d,]+; fetch it again"),
    "garbled weights": (_garble, "model.safetensors is damaged or cut short"),
    "pickled weights": (_pickle, "has pickled weights only"),
    "no weights": (lambda folder: (folder / "model.safetensors").unlink(), "has no weights"),
    "a missing file of weights": (_index, "model-2.safetensors is missing, 1 of 2 files"),
    "no tokenizer": (lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer"),
    "a damaged tokenizer": (lambda folder: (folder / "tokenizer.json").write_text("{}"), "tokenizer cannot be read"),
    "a tokenizer of another model": (_small_vocabulary, "its tokenizer gives token"),
    "remote code": (
        lambda folder: _config(folder, model_type="own", auto_map={"AutoConfig": "own.Own"}), "is of a kind that"
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", CHECKPOINT_REFUSALS)
def test_a_checkpoint_is_refused_in_one_line(case: str, planted: Planted, ready: Any, tmp_path: Path) -> None:
    damage, line = CHECKPOINT_REFUSALS[case]
    folder = tmp_path / "model"
    shutil.copytree(planted.folder, folder)
    damage(folder)
    with pytest.raises(RecordingError, match=line) as refusal:
        ready(model=folder)
    assert "\n" not in str(refusal.value)


CORPUS_REFUSALS: dict[str, tuple[str | bytes, str]] = {
    "not JSON": ('{"text": "a"', "line 3 of text.jsonl is not JSON"),
    "no object": ("[1]", "line 3 of text.jsonl is not an object with text"),
    "no text": ('{"meta": {"pile_set_name": "A"}}', "line 3 of text.jsonl has no text"),
    "no domain": ('{"text": "w1_1"}', "line 3 of text.jsonl has no meta.pile_set_name"),
    "a domain that is no text": (
        '{"text": "w1_1", "meta": {"pile_set_name": 3}}',
        "line 3 .* has no meta.pile",
    ),
    "a number for text": ('{"text": 5, "meta": {"pile_set_name": "A"}}', "line 3 of text.jsonl has no text"),
    "not UTF-8": (b'{"text": "\xff\xfe", "meta": {"pile_set_name": "A"}}', "line 3 of text.jsonl is not JSON"),
}


@pytest.mark.parametrize("case", CORPUS_REFUSALS)
def test_a_line_of_the_corpus_is_named(case: str, ready: Any, tmp_path: Path) -> None:
    bad, line = CORPUS_REFUSALS[case]
    corpus = random_corpus(tmp_path / "text.jsonl", 1, {"A": 4})
    rows = corpus.read_bytes().splitlines()
    rows[2] = bad.encode() if isinstance(bad, str) else bad
    corpus.write_bytes(b"\n".join(rows))
    with pytest.raises(RecordingError, match=line) as refusal:
        ready(corpus=corpus)
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize("content", ["", "\n\n", '{"text": "", "meta": {"pile_set_name": "A"}}\n'])
def test_a_corpus_without_text_is_refused(content: str, ready: Any, tmp_path: Path) -> None:
    (tmp_path / "text.jsonl").write_text(content)
    with pytest.raises(RecordingError, match="has no text in it"):
        ready(corpus=tmp_path / "text.jsonl")


def test_a_damaged_archive_is_refused(ready: Any, tmp_path: Path) -> None:
    (tmp_path / "text.jsonl.zst").write_bytes(b"no archive")
    with pytest.raises(RecordingError, match=r"text.jsonl.zst is damaged"):
        ready(corpus=tmp_path / "text.jsonl.zst")


@pytest.mark.parametrize("part", ["gate.weight", "experts.5."])
def test_weights_that_lack_a_tensor_are_refused(part: str, planted: Planted, ready: Any, tmp_path: Path) -> None:
    from safetensors.torch import load_file, save_file

    folder = tmp_path / "model"
    shutil.copytree(planted.folder, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(next(name for name in tensors if part in name))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    prepared = ready(model=folder)
    with pytest.raises(RecordingError, match="its weights"):
        recording.record(prepared, tmp_path / "out", engine_for(prepared))


@pytest.mark.parametrize("name", ["config.json", "model.safetensors"])
def test_what_was_recorded_survives_a_damaged_checkpoint(
    name: str, planted: Planted, ready: Any, tmp_path: Path
) -> None:
    prepared = ready()
    recording.record(prepared, tmp_path / "out", engine_for(prepared))
    kept = (tmp_path / "out/routing-1-of-1.parquet").read_bytes()
    folder = tmp_path / "model"
    shutil.copytree(planted.folder, folder)
    (folder / name).write_bytes(b"{")
    with pytest.raises(RecordingError):
        ready(model=folder)
    assert (tmp_path / "out/routing-1-of-1.parquet").read_bytes() == kept


def test_a_device_that_is_not_there_is_refused(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(RecordingError, match="--device cuda: this machine has no GPUs"):
        ready(device="cuda")


def test_what_cannot_fit_is_refused_with_what_would(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    model = ready().metadata
    assert model["weights_dtype"] == "float32"
    needed: dict[str, int] = {}
    keep = precision.needs
    monkeypatch.setattr(precision, "needs", lambda model, dtype: needed.setdefault(dtype, keep(model, dtype)))
    monkeypatch.setattr(precision, "free_bytes", lambda _: needed.get("bfloat16", 1 << 60))
    ready(dtype="bfloat16")
    with pytest.raises(RecordingError, match=r"needs .* GB and cpu has .* GB free: it would fit with --dtype bfloat16"):
        ready(dtype="float32")
    monkeypatch.setattr(precision, "free_bytes", lambda _: 10)
    with pytest.raises(RecordingError, match="no precision fits; use more GPUs or a smaller --model"):
        ready()


def test_a_local_checkpoint_is_pinned_by_its_content(planted: Planted) -> None:
    assert checkpoint.find(str(planted.folder), None).revision.startswith("sha256:")
