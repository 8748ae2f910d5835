"""What cannot be recorded is refused in one line, before any weights are loaded, and nothing is lost."""

from __future__ import annotations

import json
import re
import shutil
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import torch
import zstandard
from _pytest.config import get_config
from huggingface_hub import HfApi
from safetensors.torch import load_file, save_file

from claim_suite.fixtures.errors import RecordingError, extra
from claim_suite.fixtures.origins import DATA
from claim_suite.fixtures.recording import checkpoint, setup
from claim_suite.fixtures.recording.engine_transformers import TransformersEngine, check_precision, load, use_threads
from claim_suite.fixtures.recording.options import MODEL, OPTIONS, add, add_shared, dest, of, options
from claim_suite.fixtures.recording.setup import prepare
from claim_suite.fixtures.routing.metadata import evidence, published
from tests import runs
from tests.recording.stand_in_hub import COMMIT, Repository, serving
from tests.recording.synthetic_checkpoint import Planted, plant, random_corpus, random_table

FOLDER = str(Path(__file__).parent)
OPTION_REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "an engine that is not there": ({"--engine": "llm"}, "--engine llm: choose one of transformers, vllm"),
    "an option of nothing": ({"--engine-option": ["=8"]}, "--engine-option =8: give a name and a value"),
    "actors of nothing": ({"--actors": "2"}, "--actors 2: it is about actors of --ray"),
    "no actor": ({"--ray": "local", "--actors": "0"}, "--actors 0: give a whole number of at least 1"),
    "an unknown precision": ({"--dtype": "int4"}, "--dtype int4: choose one of bfloat16"),
    "fp8 on a CPU": ({"--dtype": "fp8", "--device": "cpu"}, "--dtype fp8: a CPU cannot run it"),
    "an unknown device": ({"--device": "gpu"}, "--device gpu: choose cpu, cuda or cuda:N"),
    "no tokens": ({"--tokens-per-domain": "0"}, "--tokens-per-domain 0: give a whole number of at least 1"),
    "absurdly many tokens": ({"--tokens-per-domain": "9" * 99}, "of at most 15 digits"),
    "tokens in words": ({"--tokens-per-domain": "many"}, "--tokens-per-domain many: give a whole number"),
    "a model that is nowhere": ({"--model": "./nowhere"}, "--model ./nowhere: no such folder"),
    "a model without a commit": ({"--model": "owner/name"}, "a checkpoint on the hub needs its commit: --revision"),
    "a corpus that is nowhere": ({"--corpus": "nowhere.jsonl"}, "--corpus nowhere.jsonl: no such file"),
    "a corpus of another kind": ({"--corpus": __file__}, "name a file that ends in .jsonl or .jsonl.zst"),
    "evidence that is nowhere": ({"--evidence": ["nowhere"]}, "--evidence nowhere: no such file or folder"),
    "a file to write folders in": ({"--evidence-out": __file__}, "it is a file; name a folder"),
    "a revision of a folder": ({"--model": FOLDER, "--revision": "abc"}, "is a folder and has no revisions"),
    "a model that is a file": ({"--model": __file__}, "no such folder, and not the id of a checkpoint"),
}


@pytest.mark.parametrize("case", OPTION_REFUSALS)
def test_an_option_is_refused_in_one_line(case: str) -> None:
    given, line = OPTION_REFUSALS[case]
    with pytest.raises(pytest.UsageError) as refusal:
        options(given)
    assert line in str(refusal.value)
    assert "\n" not in str(refusal.value)


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="its pathlib knows no such file, and each option tells that")
@pytest.mark.parametrize("name", ["--evidence", "--model", "--corpus", "--evidence-out"])
def test_a_name_that_is_too_long_is_told(name: str) -> None:
    value = "n" * 300
    given = {dest(name): [value] if name == "--evidence" else value}
    with pytest.raises(pytest.UsageError, match=r"^n+: File name too long$"):
        of(SimpleNamespace(getoption=given.get))  # type: ignore[arg-type]  # all that is asked of it


@pytest.mark.parametrize("other", [None, "--device"])
def test_an_option_of_another_plugin_is_left_alone(other: str | None) -> None:
    """Whichever plugin is loaded first; both have their values."""
    for first in (True, False):
        parser = get_config()._parser
        if first:
            add(parser)
        if other:
            parser.getgroup("another plugin").addoption(other)
        if not first:
            add(parser)
        add_shared(parser)
        given = parser.parse(["--claims-device=cpu", "--device=cuda"])
        assert given.claims_device == ("cpu" if other else "cuda")
        assert getattr(given, "device", None) == ("cuda" if other else None)
        assert all(hasattr(given, dest(name)) for name in OPTIONS)


def test_an_option_that_the_engine_lacks_is_refused_before_weights(chosen: Any) -> None:
    with pytest.raises(RecordingError, match="--engine-option beam: transformers takes attn_implementation and"):
        prepare(replace(chosen(), engine_options={"beam": 3}))


def test_nothing_is_asked_for_unless_named() -> None:
    assert not options({}).asked
    for given in ({"--evidence-out": "x"}, {"--stand-in": True}, {"--time-on-cpu": True}):
        assert not options(given).asked
    assert options({"--device": "cpu"}).asked


Damage = Callable[[Path], object]
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"


def gone(name: str) -> Damage:
    return lambda folder: (folder / name).unlink()


def holding(name: str, content: str | bytes) -> Damage:
    return lambda folder: (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())


def changed(**fields: Any) -> Damage:
    """A configuration with other fields."""

    def change(folder: Path) -> None:
        held = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps(held | fields))

    return change


def _cut(folder: Path) -> None:
    weights = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(weights[: len(weights) // 2])


def _pickle(folder: Path) -> None:
    (folder / WEIGHTS).rename(folder / "pytorch_model.bin")


def _without_text(folder: Path) -> None:
    """A tokenizer that makes no token of a letter: its only words are others, and there is none for the unknown."""
    held = json.loads((folder / "tokenizer.json").read_text())
    held["model"] |= {"type": "BPE", "vocab": {"<s>": 0, "w": 1}, "merges": [], "unk_token": None}
    held["added_tokens"] = [token for token in held["added_tokens"] if token["content"] == "<s>"]
    (folder / "tokenizer.json").write_text(json.dumps(held))


CHECKPOINT_REFUSALS: dict[str, tuple[Damage, str]] = {
    "no configuration": (gone("config.json"), "has no config.json"),
    "a damaged configuration": (holding("config.json", "{"), "config.json is damaged"),
    "an unknown kind": (changed(model_type="brand_new"), "is of a kind that transformers"),
    "a configuration of nonsense": (changed(hidden_size=-1), "configuration"),
    "a dense model": (changed(model_type="llama"), "is no mixture of experts"),
    "a configuration of another form": (holding("config.json", "[]"), "config.json is damaged"),
    "no experts a token": (changed(num_experts_per_tok=0), "its routers choose 0 of 8 experts"),
    "too many a token": (changed(num_experts_per_tok=9), "its routers choose 9 of 8 experts"),
    "more layers than weights": (changed(num_hidden_layers=6), "has 6 layers .* lack layer 4"),
    "no room for a token": (changed(max_position_embeddings=1), "reads 1 tokens: mend max_position"),
    "truncated weights": (_cut, "model.safetensors is damaged or cut short .*; fetch it again"),
    "garbled weights": (holding(WEIGHTS, b"\xff" * 4096), "model.safetensors is damaged or cut short"),
    "a damaged index": (holding(INDEX, "{"), "model.safetensors.index.json is damaged"),
    "an index of another form": (holding(INDEX, '{"weight_map": 1}'), "model.safetensors.index.json is damaged"),
    "a missing file of weights": (
        holding(INDEX, '{"weight_map": {"a": "model.safetensors", "b": "model-2.safetensors"}}'),
        "model-2.safetensors is missing, 1 of 2 files",
    ),
    "pickled weights": (_pickle, r"no weights in safetensors \(pytorch_model.bin may run code"),
    "no weights": (gone(WEIGHTS), "no weights in safetensors:"),
    "no tokenizer": (gone("tokenizer.json"), "has no tokenizer"),
    "a damaged tokenizer": (holding("tokenizer.json", "{}"), "tokenizer cannot be read"),
    "a tokenizer of another model": (changed(vocab_size=4), "its tokenizer gives token"),
    "a tokenizer without text": (_without_text, 'makes no token of the text "a"'),
    "remote code": (changed(model_type="own", auto_map={"AutoConfig": "own.Own"}), "is of a kind that"),
}


@pytest.mark.parametrize("case", CHECKPOINT_REFUSALS)
def test_a_checkpoint_is_refused_in_one_line(case: str, planted: Planted, ready: Any, tmp_path: Path) -> None:
    damage, line = CHECKPOINT_REFUSALS[case]
    folder = tmp_path / "model"
    shutil.copytree(planted.folder, folder)
    damage(folder)
    with pytest.raises(RecordingError, match=line):
        ready(model=folder)


NOT_JSON = [b'{"text": "a"', b'{"text": "\xff\xfe", "meta": {"pile_set_name": "A"}}']
NO_OBJECT = [
    b"[1]",
    b'{"text": "w1_1"}',
    b'{"meta": {"pile_set_name": "A"}}',
    b'{"text": "w1_1", "meta": {"pile_set_name": 3}}',
    b'{"text": 5, "meta": {"pile_set_name": "A"}}',
]


@pytest.mark.parametrize("bad", NOT_JSON + NO_OBJECT)
def test_a_line_of_the_corpus_is_named(bad: bytes, ready: Any, tmp_path: Path) -> None:
    line = "is not JSON" if bad in NOT_JSON else "is no object with text and meta.pile_set_name"
    corpus = random_corpus(tmp_path / "text.jsonl", 1, {"A": 4})
    rows = corpus.read_bytes().splitlines()
    corpus.write_bytes(b"\n".join([*rows[:2], bad, *rows[3:]]))
    with pytest.raises(RecordingError, match=f"line 3 of text.jsonl {line}"):
        ready(corpus=corpus)


@pytest.mark.parametrize("content", ["", "\n\n", '{"text": "", "meta": {"pile_set_name": "A"}}\n'])
def test_a_corpus_without_text_is_refused(content: str, ready: Any, tmp_path: Path) -> None:
    (tmp_path / "text.jsonl").write_text(content)
    with pytest.raises(RecordingError, match="has no text in it"):
        ready(corpus=tmp_path / "text.jsonl")


LINE = b'{"text": "w1_1", "meta": {"pile_set_name": "A"}}\n'


def _at_a_block(lines: bytes) -> bytes:
    """The first blocks of a frame that goes on: what is there can be read."""
    writer = zstandard.ZstdCompressor().compressobj()
    return bytes(writer.compress(lines) + writer.flush(zstandard.COMPRESSOBJ_FLUSH_BLOCK))


@pytest.mark.parametrize("content", [b"no archive", zstandard.compress(LINE * 9)[:-4], _at_a_block(LINE)])
def test_a_damaged_or_shortened_archive_is_refused(content: bytes, ready: Any, tmp_path: Path) -> None:
    (tmp_path / "text.jsonl.zst").write_bytes(content)
    with pytest.raises(RecordingError, match=r"text.jsonl.zst is damaged or cut short"):
        ready(corpus=tmp_path / "text.jsonl.zst")


@pytest.mark.parametrize("part", ["gate.weight", "experts.5."])
def test_weights_that_lack_a_tensor_are_refused(part: str, planted: Planted, ready: Any, tmp_path: Path) -> None:
    folder = tmp_path / "model"
    shutil.copytree(planted.folder, folder)
    tensors = load_file(folder / "model.safetensors")
    tensors.pop(next(name for name in tensors if part in name))
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    prepared = ready(model=folder)
    with pytest.raises(RecordingError, match="its weights"):
        load(prepared)


def test_a_device_that_is_not_there_is_refused(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    with pytest.raises(RecordingError, match="--device cuda: this machine has no GPUs"):
        ready(device="cuda")


def test_what_cannot_fit_is_refused_with_what_would(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    assert ready().dtype == "float32"
    needed: dict[str, int] = {}
    keep = setup.needs
    monkeypatch.setattr(setup, "needs", lambda model, dtype: needed.setdefault(dtype, keep(model, dtype)))
    monkeypatch.setattr(setup, "free_bytes", lambda _: needed.get("bfloat16", 1 << 60))
    ready(dtype="bfloat16")
    with pytest.raises(RecordingError, match=r"needs .* GB and cpu has .* GB free: it would fit with --dtype bfloat16"):
        ready(dtype="float32")
    monkeypatch.setattr(setup, "free_bytes", lambda _: 10)
    with pytest.raises(RecordingError, match="no precision fits; use more GPUs or a smaller --model"):
        ready()


def test_experts_that_were_left_unconverted_are_noticed(engine: TransformersEngine) -> None:
    with pytest.raises(RecordingError, match=r"loaded with 4 bytes a parameter, not 2 as in bfloat16"):
        check_precision("planted", "bfloat16", [layer.experts for layer in engine.layers])


def test_a_small_model_takes_one_thread(engine: TransformersEngine) -> None:
    torch.set_num_threads(2)
    use_threads(engine.model)
    assert torch.get_num_threads() == 1


@pytest.mark.parametrize("name", ["gpu", "ray"])
def test_a_missing_extra_says_how_to_install_it(name: str) -> None:
    with pytest.raises(
        RecordingError, match=re.escape(f"it needs nowhere: install it with pip install -e '.[{name}]'")
    ):
        extra("nowhere.at_all", "it", name)


def test_what_goes_wrong_is_one_line() -> None:
    assert str(RecordingError("a library\nsays more")) == "a library says more"


@pytest.mark.skipif(find_spec("ray") is not None, reason="Ray is here")
def test_ray_is_missed_before_anything_is_read(ready: Any) -> None:
    with pytest.raises(RecordingError, match=re.escape("--ray needs ray: install it with pip install -e '.[ray]'")):
        ready(ray="local")


MIXTRAL = json.loads((DATA / "configs/mixtral-8x7b-v0.1.json").read_text())
SPELT = {"rope_theta": None, "rope_parameters": {"rope_theta": 1e6, "rope_type": "default"}, "head_dim": 128}
CONFIGURATIONS: dict[str, tuple[dict[str, Any], bool]] = {
    "the published one": ({}, True),
    "the library's spelling": (SPELT, True),
    "what does not shape the model": ({"torch_dtype": "float16", "use_cache": False}, True),
    "more experts": ({"num_local_experts": 16}, False),
    "another rotation": ({"rope_theta": 1e4}, False),
    "an unknown kind": ({"model_type": "brand_new"}, False),
}


@pytest.mark.parametrize("case", CONFIGURATIONS)
def test_a_folder_is_a_published_model_only_where_all_that_shapes_it_is(case: str, tmp_path: Path) -> None:
    change, same = CONFIGURATIONS[case]
    config = {field: value for field, value in (MIXTRAL | change).items() if value is not None or field in MIXTRAL}
    if change.get("rope_theta", 0) is None:
        del config["rope_theta"]
    found, known_by = checkpoint.recognise(config, "mine", tmp_path, unverified=True)
    assert found == ("mixtral-8x7b-v0.1" if same else "mine")
    assert ("--weights-unverified" in known_by) is same


def test_a_checkpoint_of_the_hub_is_a_published_model_at_its_commit_alone() -> None:
    commit = "fc7ac94680e38d7348cfa806e51218e6273104b0"
    assert published(MODEL, commit) == "mixtral-8x7b-v0.1"
    for other in ((MODEL, "0" * 40), (MODEL, commit[:7]), ("mistralai/Mixtral-8x7B-Instruct-v0.1", commit)):
        assert published(*other) == other[0]


def test_a_fine_tune_in_a_folder_is_not_taken_for_its_base(
    planted: Planted, ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same configuration, and other weights: the hub's hashes tell, or the user says what they are."""
    (tmp_path / "configs").mkdir()
    shutil.copyfile(planted.folder / "config.json", tmp_path / "configs/famous.json")
    monkeypatch.setattr(checkpoint, "DATA", tmp_path)
    monkeypatch.setattr(checkpoint, "pinned", lambda: {"famous": ("org/planted", COMMIT)})
    monkeypatch.setattr(checkpoint, "HfApi", partial(HfApi, endpoint=runs.HUB_ADDRESS))
    tuned = plant(tmp_path / "tuned", table=random_table(99)).folder
    with serving(Repository.of("org/planted", planted.folder)):
        base, other = (checkpoint.find(str(folder), None) for folder in (planted.folder, tuned))
        meant = ready(model=tuned, weights_unverified="yes", evidence_out=tmp_path / "out").metadata
    assert (base.model, base.known_by) == ("famous", f"its weights have the hashes of org/planted at {COMMIT}")
    assert other.model == "tuned"
    assert other.known_by == f"configuration of famous, but its weights are not those of org/planted at {COMMIT}"
    assert meant["identity"] == "famous"
    assert "were not compared: --weights-unverified" in evidence("fresh", meant | {"device": "cpu"}, []).note
    monkeypatch.setattr(checkpoint, "HfApi", partial(HfApi, endpoint="http://127.0.0.1:1"))  # where nobody answers
    away = checkpoint.find(str(planted.folder), None)
    assert away.model == "planted"
    assert "could not be compared: org/planted at" in away.known_by
    assert "out of reach" in away.known_by


def test_a_local_checkpoint_is_pinned_by_its_content(planted: Planted, tmp_path: Path) -> None:
    found = checkpoint.find(str(planted.folder), None)
    assert found.model == found.name == "planted"
    shutil.copytree(planted.folder, tmp_path / "planted")
    assert checkpoint.find(str(tmp_path / "planted"), None).revision == found.revision
    tensors = load_file(tmp_path / "planted/model.safetensors")
    tensors["lm_head.weight"][0, 0] += 1
    save_file(tensors, tmp_path / "planted/model.safetensors", {"format": "pt"})
    assert checkpoint.find(str(tmp_path / "planted"), None).revision != found.revision
