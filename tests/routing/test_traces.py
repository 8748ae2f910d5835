"""Records of others: counted exactly, marked with what they lack, refused in one line where they cannot be true."""

from __future__ import annotations

import hashlib
import json
import shlex
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow  # type: ignore[import-untyped]  # it has no types
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from pyarrow import parquet
from safetensors.numpy import save_file

from claim_suite.fixtures.claim.numbers import NotCovered
from claim_suite.fixtures.errors import EvidenceError, RecordingError
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.recordings import Recordings
from claim_suite.fixtures.routing import traces

EXPERTS, TOP_K, TOKENS = 8, 2, 50
ABOUT = {"model": "someone/moe", "experts": EXPERTS, "top_k": TOP_K, "domain": "Code", "engine": "theirs 1.0"}


def drawn(seed: int = 0, tokens: int = TOKENS) -> Any:
    """Choices `[tokens, k]`, different experts for each token."""
    return np.random.default_rng(seed).permuted(np.tile(np.arange(EXPERTS), (tokens, 1)), axis=1)[:, :TOP_K]


def counted(chosen: Any) -> Any:
    return np.bincount(chosen.ravel(), minlength=EXPERTS)


def describe(path: Path, **more: Any) -> Path:
    file = path / "about.toml" if path.is_dir() else path.with_suffix(".toml")
    file.write_text("".join(f"{name} = {json.dumps(value)}\n" for name, value in (ABOUT | more).items()))
    return path


def trace(folder: Path, layers: dict[int, Any], kind: Any = None, **more: Any) -> Path:
    """A folder as FLAME-MoE's: a file a layer, scores beside the indices."""
    folder.mkdir()
    for number, chosen in layers.items():
        indices = pyarrow.array(
            list(np.asarray(chosen).astype(np.int16)), kind or pyarrow.list_(pyarrow.int16(), TOP_K)
        )
        table = pyarrow.table({"scores": indices.cast(pyarrow.list_(pyarrow.float32())), "indices": indices})
        parquet.write_table(table, folder / f"layer_{number:02d}.parquet", row_group_size=17)
    return describe(folder, **more)


def dump(folder: Path, counts: Any, **more: Any) -> Path:
    """A file as SGLang's, in the form that needs no pickle."""
    save_file({traces.COUNT: np.asarray(counts)}, path := folder / "d.safetensors")
    return describe(path, **more)


def passes(layers: list[Any], dense: tuple[int, ...] = (), steps: int = 3) -> Any:
    """Counts `[passes, layers, experts]` of layers' choices, spread over passes; dense layers count nothing."""
    parts = [[counted(part) for part in np.array_split(chosen, steps)] for chosen in layers]
    counts = np.stack(parts, 1)
    for place in dense:
        counts = np.insert(counts, place, 0, axis=1)
    return counts.astype(np.int32)


@pytest.mark.parametrize("kind", [None, pyarrow.list_(pyarrow.int16()), pyarrow.list_(pyarrow.int64())])
def test_a_trace_is_counted_by_layer(kind: Any, tmp_path: Path) -> None:
    layers = {number: drawn(number) for number in (2, 3, 11)}
    found = traces.read("theirs", [trace(tmp_path / "t", layers, kind, layers_from=1)])
    assert found.layers == (1, 2, 10)
    assert found.domains == ("Code",)
    np.testing.assert_allclose(found.pooled[0] * TOKENS * TOP_K, [counted(each) for each in layers.values()])
    assert found.assignment_share("Code", 2, 3) == counted(layers[3])[3] / (TOKENS * TOP_K)


def test_a_dump_is_summed_over_passes_and_dense_layers_are_left_out(tmp_path: Path) -> None:
    layers = [drawn(1), drawn(2)]
    found = traces.read("theirs", [dump(tmp_path, passes(layers, dense=(0,)))])
    assert found.layers == (1, 2)
    np.testing.assert_allclose(found.pooled[0] * TOKENS * TOP_K, [counted(each) for each in layers])


def test_domains_are_one_evidence_and_a_domains_files_add_up(tmp_path: Path) -> None:
    paths = [trace(tmp_path / str(n), {0: drawn(n)}, domain=domain) for n, domain in enumerate(("B", "A", "B"))]
    found = traces.read("theirs", paths)
    assert found.domains == ("A", "B")
    np.testing.assert_allclose(found.pooled[1, 0] * 2 * TOKENS * TOP_K, counted(drawn(0)) + counted(drawn(2)))
    assert f"{3 * TOKENS} tokens" in found.evidence[0].text


def test_what_it_cannot_say_is_said(tmp_path: Path) -> None:
    found = traces.read("theirs", [trace(tmp_path / "t", {0: drawn()})], stand_in=True)
    assert isinstance(found.margin("Code", 0, 0), float)  # no interval
    assert found.experts_per_token == TOP_K
    with pytest.raises(NotCovered, match="lacks texts"):
        found.least_repetition(0)
    (told,) = found.evidence
    assert (told.model, told.engine, told.stand_in) == ("someone/moe", "theirs 1.0", True)
    assert "without its texts" in told.note
    assert "ranks are not known" in told.note


def test_a_full_buffer_is_told(tmp_path: Path) -> None:
    full = np.repeat(passes([drawn()], steps=1), traces.SGLANG_BUFFER, 0)
    assert "earlier ones may be lost" in traces.read("theirs", [dump(tmp_path, full)]).evidence[0].note


@given(st.integers(0, 2**32 - 1), st.integers(1, 60), st.integers(1, 5))
def test_a_dump_and_a_trace_of_the_same_choices_agree(
    tmp_path_factory: Any, seed: int, tokens: int, steps: int
) -> None:
    folder, layers = tmp_path_factory.mktemp("both"), [drawn(seed, tokens), drawn(seed + 1, tokens)]
    one = traces.read("trace", [trace(folder / "t", dict(enumerate(layers)))])
    other = traces.read("dump", [dump(folder, passes(layers, steps=steps))])
    np.testing.assert_array_equal(one.pooled, other.pooled)


def _no_description(folder: Path) -> Path:
    (trace(folder / "t", {0: drawn()}) / "about.toml").unlink()
    return folder / "t"


def _truncated(folder: Path) -> Path:
    file = trace(folder / "t", {0: drawn()}) / "layer_00.parquet"
    file.write_bytes(file.read_bytes()[:-40])
    return folder / "t"


def _garbage(folder: Path) -> Path:
    (folder / "d.safetensors").write_bytes(b"PK\x03\x04 no such thing")
    return describe(folder / "d.safetensors")


@pytest.mark.parametrize(
    ("make", "line"),
    [
        (_no_description, "does not say what it is of: write .*about.toml with model, experts, top_k, domain, engine"),
        (lambda folder: trace(folder / "t", {0: drawn()}, weights="fp8"), "is not a description"),
        (lambda folder: trace(folder / "t", {0: drawn()}, experts="eight"), "is not a description with"),
        (lambda folder: trace(folder / "t", {0: drawn()}, top_k=9), "which no model has"),
        (lambda folder: trace(folder / "t", {0: drawn()}, top_k=3), "has not 3 experts for each token"),
        (lambda folder: trace(folder / "t", {0: drawn()}, experts=4), "not one of 4 experts"),
        (lambda folder: trace(folder / "t", {0: np.zeros((9, 2))}), "names an expert twice"),
        (lambda folder: trace(folder / "t", {0: drawn(), 1: drawn(1, 9)}), "do not count the same tokens"),
        (lambda folder: trace(folder / "t", {0: drawn()}, layers_from=1), "layers_from 1 is above"),
        (_truncated, "layer_00.parquet is not a Parquet file"),
        (_garbage, "damaged or no safetensors file"),
        (lambda folder: dump(folder, [[[0.5] * EXPERTS]]), "not whole numbers"),
        (lambda folder: dump(folder, passes([drawn()]) * 0), "no choice in it"),
        (lambda folder: dump(folder, -passes([drawn()])), "below zero"),
        (lambda folder: dump(folder, np.full((1, 1, EXPERTS), 2**63, np.uint64)), "or above 1,000,000,000,000"),
        (lambda folder: trace(folder / "t", {0: drawn()}, model=" "), "names no model or no domain"),
        (lambda folder: trace(folder / "t", {32: drawn()}, model="mixtral-8x7b-v0.1"), "32 layers .* has layer 32"),
        (lambda folder: trace(folder / "t", {0: drawn()}, model="gpt-oss-20b"), "4 of 32 .* layer 0 .* 2 of 8"),
        (
            lambda folder: dump(folder, [[[TOKENS * TOP_K] + [0] * 7]]),
            "more often than there are tokens",
        ),
    ],
)
def test_what_cannot_be_true_is_refused_in_one_line(make: Callable[[Path], Path], line: str, tmp_path: Path) -> None:
    with pytest.raises(EvidenceError, match=line):
        traces.read("theirs", [make(tmp_path)])


def test_other_models_and_kinds_do_not_mix(tmp_path: Path) -> None:
    one, two = (trace(tmp_path / name, {0: drawn()}, model=name) for name in ("one", "two"))
    with pytest.raises(EvidenceError, match="their model differs"):
        traces.read("theirs", [one, two])
    deeper = trace(tmp_path / "deeper", {1: drawn()}, model="one")
    with pytest.raises(EvidenceError, match="the same layers"):
        traces.read("theirs", [one, deeper])
    with pytest.raises(EvidenceError, match="name one kind"):
        traces.are_traces([one, tmp_path / "routing.parquet"])


def test_pickle_is_not_read_and_the_way_round_it_is_told(tmp_path: Path) -> None:
    (tmp_path / "d.pt").write_bytes(b"\x80\x04")
    with pytest.raises(EvidenceError, match="may run code: convert it where you trust it: python -c") as refused:
        traces.are_traces([tmp_path / "d.pt"])
    assert str(refused.value).endswith("d.pt d.safetensors")


def test_the_command_that_converts_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch.save({"rank": 0, traces.COUNT: torch.tensor(passes([drawn()]))}, tmp_path / "d.pt")
    python, flag, code = shlex.split(traces.SGLANG_COMMAND)
    assert (python, flag) == ("python", "-c")
    monkeypatch.setattr(sys, "argv", ["-c", str(tmp_path / "d.pt"), str(tmp_path / "d.safetensors")])
    exec(code, {})
    found = traces.read("theirs", [describe(tmp_path / "d.safetensors")])
    np.testing.assert_allclose(found.pooled[0, 0] * TOKENS * TOP_K, counted(drawn()))


def test_evidence_may_be_a_trace(tmp_path: Path) -> None:
    found = Recordings(options({"--evidence": [str(trace(tmp_path / "t", {0: drawn()}))]}), {"evidence"}, worker=False)
    found.check()
    assert found.routing("fresh measurement").token_share("Code", 0, 1) == counted(drawn())[1] / TOKENS
    with pytest.raises(NotCovered, match="no perplexity"):
        found.perplexity("fresh perplexity")
    (tmp_path / "t" / "about.toml").unlink()
    with pytest.raises(RecordingError, match="does not say what it is of"):
        Recordings(found.options, {"evidence"}, worker=False).check()


@pytest.mark.parametrize("kind", ["folder", "dump"])
def test_a_record_that_changed_after_it_was_described_is_refused(kind: str, tmp_path: Path) -> None:
    if kind == "folder":
        path = trace(tmp_path / "t", {0: drawn(), 1: drawn(2)})
        held = sorted(path.glob("*.parquet"))
    else:
        held = [path := dump(tmp_path, passes([drawn()]))]
    assert "no hash says" in traces.read("theirs", [path]).evidence[0].note
    content = b"".join(file.read_bytes() for file in held)
    describe(path, sha256=hashlib.sha256(content).hexdigest())
    assert "no hash says" not in traces.read("theirs", [path]).evidence[0].note
    damaged = bytearray(held[0].read_bytes())
    damaged[len(damaged) // 2] ^= 1
    held[0].write_bytes(damaged)
    with pytest.raises(EvidenceError, match="is damaged or another record: its sha256 is"):
        traces.read("theirs", [path])
