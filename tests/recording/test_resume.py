"""A recording that is killed goes on where it was, and ends as if nothing had happened."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from fixtures.recording import record as recording
from fixtures.recording.engines import OutOfMemoryError
from fixtures.recording.errors import RecordingError
from fixtures.recording.plan import batches
from fixtures.routing.files import read
from tests.recording import slowly
from tests.recording.planted import Planted, as_cells, expected, words_of
from tests.recording.test_counts import engine_for

if TYPE_CHECKING:
    from fixtures.routing.counts import RoutingCounts

ROOT = Path(__file__).parents[2]


def canonical(counts: RoutingCounts) -> object:
    metadata = {name: value for name, value in counts.metadata.items() if name not in ("started", "seconds")}
    return metadata, counts.documents, as_cells(counts)


def test_kill_9_loses_the_batch_in_hand_only(
    planted: Planted, corpus: Path, ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "killed"
    command = [sys.executable, "-m", "tests.recording.slowly", str(planted.folder), str(corpus), str(out)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(6):
            assert process.stdout.readline() == "batch\n"
        process.kill()
    parts = {path.name: path.stat().st_mtime_ns for path in out.glob(".routing-*/*.parquet")}
    assert 5 <= len(parts) < 15
    assert not list(out.glob("*.parquet"))

    monkeypatch.setattr(recording, "batch_tokens", lambda _: slowly.BATCH_TOKENS)
    prepared = ready(evidence_out=out)
    engine = Small(engine_for(prepared)(), tokens=10**9)
    resumed = recording.record(prepared, out, lambda: engine)
    undisturbed = recording.record(prepared, tmp_path / "undisturbed", engine_for(prepared))
    assert engine.batches + len(parts) == len(batches(prepared.plan.documents, slowly.BATCH_TOKENS))
    assert canonical(resumed) == canonical(undisturbed)
    assert as_cells(resumed) == expected(planted, words_of(corpus))
    assert [path.name for path in out.iterdir()] == ["routing-1-of-1.parquet"]


def test_a_finished_recording_needs_no_weights(ready: Any, tmp_path: Path) -> None:
    prepared = ready()
    first = recording.record(prepared, tmp_path / "out", engine_for(prepared))
    again = recording.record(prepared, tmp_path / "out", lambda: pytest.fail("the model was loaded again"))
    assert canonical(first) == canonical(again)
    assert canonical(read([tmp_path / "out"])) == canonical(first)


def test_a_folder_of_shards_is_one_dataset(planted: Planted, corpus: Path, ready: Any, tmp_path: Path) -> None:
    out = tmp_path / "out"
    for place in (2, 3, 1):
        prepared = ready(shard=f"{place}/3")
        recording.record(prepared, out, engine_for(prepared))
    together = read([out])
    assert as_cells(together) == expected(planted, words_of(corpus))
    assert together.metadata["shard"] == "1/1"


@pytest.mark.parametrize(
    ("given", "field"), [({"tokens_per_domain": 50}, "tokens_per_domain"), ({"dtype": "bfloat16"}, "weights_dtype")]
)
def test_another_measurement_is_not_resumed(given: dict[str, Any], field: str, ready: Any, tmp_path: Path) -> None:
    prepared = ready()
    recording.record(prepared, tmp_path / "out", engine_for(prepared))
    with pytest.raises(RecordingError, match=f"another measurement: {field} is .*--evidence-out"):
        recording.record(ready(**given), tmp_path / "out", lambda: pytest.fail("recorded"))


def test_a_changed_checkpoint_is_another_measurement(ready: Any, tmp_path: Path) -> None:
    import shutil

    from tests.recording.planted import plant, random_table

    folder = tmp_path / "model"
    plant(folder)
    prepared = ready(model=folder)
    recording.record(prepared, tmp_path / "out", engine_for(prepared))
    shutil.rmtree(folder)
    plant(folder, table=random_table(99))
    with pytest.raises(RecordingError, match="another measurement: revision is"):
        recording.finished(ready(model=folder), tmp_path / "out")


def test_two_runs_do_not_record_into_one_folder(ready: Any, tmp_path: Path) -> None:
    prepared, out = ready(), tmp_path / "out"

    def meanwhile() -> Any:
        recording.record(prepared, out, engine_for(prepared))

    with pytest.raises(RecordingError, match="is being recorded into by another run"):
        recording.record(prepared, out, meanwhile)


class Small:
    """An engine on a device that holds so many tokens."""

    def __init__(self, engine: Any, tokens: int) -> None:
        self.engine, self.tokens, self.batches = engine, tokens, 0

    def count(self, documents: Any, leading: int) -> Any:
        if len(documents) * max(map(len, documents)) > self.tokens:
            raise OutOfMemoryError
        self.batches += 1
        return self.engine.count(documents, leading)

    def losses(self, documents: Any, leading: int, k: int) -> Any:
        return self.engine.losses(documents, leading, k)


def test_out_of_memory_makes_batches_smaller(
    planted: Planted, corpus: Path, ready: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepared = ready()
    monkeypatch.setattr(recording, "batch_tokens", lambda _: 400)
    engine = Small(engine_for(prepared)(), tokens=100)
    counts = recording.record(prepared, tmp_path / "out", lambda: engine)
    assert engine.batches > 6
    assert as_cells(counts) == expected(planted, words_of(corpus))


def test_out_of_memory_with_one_document_ends_clearly(ready: Any, tmp_path: Path) -> None:
    prepared = ready()
    engine = Small(engine_for(prepared)(), tokens=40)
    with pytest.raises(RecordingError, match=r"one document of \d+ tokens does not fit .* recorded so far is kept"):
        recording.record(prepared, tmp_path / "out", lambda: engine)


def test_memory_errors_of_the_device_are_told_apart(ready: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    engine = engine_for(ready())()

    def refuse(*_: Any, **__: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(engine, "_forward", refuse)
    with pytest.raises(OutOfMemoryError):
        engine.count([[0, 2, 3]], 1)
