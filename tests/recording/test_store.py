"""A recording that is killed goes on where it was, and ends as if nothing had happened; damage is mended."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import torch

from fixtures.recording import recordings as recording
from fixtures.recording.engine import TransformersEngine
from fixtures.recording.errors import RecordingError
from fixtures.recording.plan import batches
from fixtures.routing import files
from tests.recording import slowly
from tests.recording.conftest import never
from tests.recording.synthetic_checkpoint import Planted, as_cells, plant, random_table

if TYPE_CHECKING:
    from collections.abc import Callable

    from fixtures.recording.setup import RecordingSetup
    from fixtures.routing.counts import RoutingCounts

ROOT = Path(__file__).parents[2]


def canonical(counts: RoutingCounts) -> object:
    metadata = {name: value for name, value in counts.metadata.items() if name not in ("started", "seconds")}
    return metadata, counts.texts, as_cells(counts)


class Small(TransformersEngine):
    """An engine on a device that holds so many tokens, and ends as told after some batches."""

    def __init__(self, engine: Any, tokens: int = 10**9, last: int = 10**9, end: BaseException | None = None) -> None:
        super().__init__(engine.model, "planted")
        self.tokens, self.last, self.end, self.batches = tokens, last, end, 0

    def count(self, texts: Any, leading: int) -> Any:
        if len(texts) * max(map(len, texts)) > self.tokens:
            raise torch.OutOfMemoryError
        if self.batches == self.last and self.end:
            raise self.end
        self.batches += 1
        return super().count(texts, leading)


def test_kill_9_loses_the_part_in_hand_only(
    planted: Planted, corpus: Path, ready: Any, engine: Any, recorded: Any, tmp_path: Path, batches_of: Any
) -> None:
    command = [sys.executable, "-m", "tests.recording.slowly", str(planted.folder), str(corpus), str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        for _ in range(6):
            assert process.stdout.readline() == "batch\n"
        process.kill()
    parts = list(tmp_path.glob(".routing-*/*.parquet"))
    assert 5 <= len(parts) < 15
    assert not list(tmp_path.glob("*.parquet"))
    batches_of(slowly.BATCH_TOKENS)
    prepared, counted = ready(evidence_out=tmp_path), Small(engine)
    resumed = recording.record(prepared, tmp_path, lambda: counted)
    assert counted.batches + len(parts) == len(batches(prepared.plan.texts, slowly.BATCH_TOKENS))
    assert canonical(resumed) == canonical(recorded[1])
    assert [path.name for path in tmp_path.iterdir()] == ["routing-1-of-1.parquet"]


@pytest.fixture
def broken_off(setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Any) -> list[Path]:
    """Parts of a recording that was interrupted."""
    batches_of(64)
    with pytest.raises(KeyboardInterrupt):
        recording.record(setup, tmp_path, lambda: Small(engine, last=4, end=KeyboardInterrupt()))
    parts = sorted(tmp_path.glob(".routing-*/*.parquet"))
    assert len(parts) == 4
    return parts


def _another_text(path: Path) -> None:
    part = files.read_file(path)
    files.write(type(part)(part.metadata, (part.texts[0]._replace(number=10**6), *part.texts[1:]), part.choices), path)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "empty": lambda path: path.write_bytes(b""),
    "another text": _another_text,
    "gone": Path.unlink,
    "half written": lambda path: path.rename(path.with_name(path.name + ".tmp")),
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_part_is_recorded_again(
    damage: str, broken_off: list[Path], setup: RecordingSetup, engine: Any, recorded: Any, tmp_path: Path
) -> None:
    DAMAGE[damage](broken_off[1])
    counted = Small(engine)
    assert canonical(recording.record(setup, tmp_path, lambda: counted)) == canonical(recorded[1])
    assert counted.batches == len(batches(setup.plan.texts, 64)) - 3


@pytest.mark.usefixtures("broken_off")
def test_other_batches_do_not_meet_the_parts_of_these(
    setup: RecordingSetup, engine: Any, recorded: Any, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(200)
    assert canonical(recording.record(setup, tmp_path, lambda: engine)) == canonical(recorded[1])


def test_a_finished_recording_needs_no_weights(setup: RecordingSetup, recorded: tuple[Path, RoutingCounts]) -> None:
    out, counts = recorded
    assert canonical(recording.record(setup, out, never)) == canonical(counts)
    assert canonical(recording.read([out])) == canonical(counts)


@pytest.mark.parametrize(
    ("given", "field"), [({"tokens_per_domain": 50}, "tokens_per_domain"), ({"dtype": "bfloat16"}, "weights_dtype")]
)
def test_another_measurement_is_not_resumed(given: dict[str, Any], field: str, ready: Any, recorded: Any) -> None:
    with pytest.raises(RecordingError, match=f"another measurement: {field} is .*--evidence-out"):
        recording.record(ready(**given), recorded[0], never)


def test_a_changed_checkpoint_is_another_measurement(recorded: Any, ready: Any, tmp_path: Path) -> None:
    plant(tmp_path / "planted", table=random_table(99))
    with pytest.raises(RecordingError, match="another measurement: revision is"):
        recording.record(ready(model=tmp_path / "planted"), recorded[0], never)


def test_evidence_of_another_model_is_refused(recorded: Any) -> None:
    with pytest.raises(RecordingError, match="the evidence is of planted, not of --model owner/name"):
        recording.read([recorded[0]], "owner/name")


def _renamed(text: Any, name: str) -> Any:
    return text._replace(domain=name) if text.domain == "Github" else text


# What became of each text, None for one that is gone.
CHANGES: dict[str, tuple[Callable[[int, Any], Any], str]] = {
    "a lost text": (lambda place, text: text if place else None, "has 13 of 14 planned texts of ArXiv"),
    "a lost domain": (lambda _, text: None if text.domain == "Github" else text, "has 0 of 9 planned texts of Github"),
    "a renamed domain": (lambda _, text: _renamed(text, "Code"), "has 9 of 0 planned texts of Code, or others"),
    "a renamed text": (
        lambda place, text: text if place else text._replace(number=999),
        "has 14 of 14 planned texts of ArXiv, or others",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
def test_evidence_that_lacks_what_it_planned_is_refused(change: str, recorded: Any, tmp_path: Path) -> None:
    counts, (changed, line) = recorded[1], CHANGES[change]
    texts = [changed(place, text) for place, text in enumerate(counts.texts)]
    choices = counts.choices[[text is not None for text in texts]]
    files.write(type(counts)(counts.metadata, tuple(filter(None, texts)), choices), tmp_path / "a.parquet")
    with pytest.raises(RecordingError, match=line):
        recording.read([tmp_path])


def test_two_runs_do_not_record_into_one_folder(setup: RecordingSetup, engine: Any, tmp_path: Path) -> None:
    def meanwhile() -> Any:
        return recording.record(setup, tmp_path, lambda: engine)

    with pytest.raises(RecordingError, match="is being recorded into by another run"):
        recording.record(setup, tmp_path, meanwhile)


def test_a_disk_that_fills_up_loses_nothing(
    broken_off: list[Path], setup: RecordingSetup, engine: Any, tmp_path: Path
) -> None:
    full = OSError(28, "No space left on device")
    with pytest.raises(RecordingError, match=r"cannot be written to .*No space left.* kept; make room") as error:
        recording.record(setup, tmp_path, lambda: Small(engine, last=1, end=full))
    assert "\n" not in str(error.value)
    assert all(path.exists() for path in broken_off)


@pytest.mark.parametrize("folder", ["/proc/nowhere", "/dev/null/evidence"])
def test_a_folder_that_cannot_be_written_to_is_found_before_work(folder: str, ready: Any) -> None:
    with pytest.raises(RecordingError, match=f"{folder} cannot be written to .*: see --evidence-out"):
        ready(evidence_out=folder)


def test_out_of_memory_makes_batches_smaller(
    recorded: Any, setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(400)
    small = Small(engine, tokens=100)
    assert as_cells(recording.record(setup, tmp_path, lambda: small)) == as_cells(recorded[1])
    assert small.batches > 6


def test_out_of_memory_with_one_text_ends_clearly(setup: RecordingSetup, engine: Any, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"one text of \d+ tokens does not fit .* recorded so far is kept"):
        recording.record(setup, tmp_path, lambda: Small(engine, tokens=40))


def test_memory_errors_of_the_device_are_told_apart(
    engine: TransformersEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: Any, **__: Any) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(engine, "_forward", refuse)
    with pytest.raises(torch.OutOfMemoryError):
        engine.count([[0, 2, 3]], 1)
