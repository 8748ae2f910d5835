"""A recording by actors of Ray is the recording of one process, also when an actor is killed in the middle."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any

import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from fixtures.recording.errors import RecordingError
from fixtures.recording.recordings import record
from fixtures.routing import files
from tests.recording.test_store import same

if TYPE_CHECKING:
    from pathlib import Path

pytest.importorskip("ray", reason="pip install -e '.[ray]'")


def _kill_one(parts: Path, killed: list[int]) -> None:
    """Kill an actor as soon as some parts are there."""
    ends = time.monotonic() + 120
    while len(list(parts.glob("*.parquet"))) < 3 and time.monotonic() < ends:
        time.sleep(0.01)
    actors = [each for each in psutil.Process().children(recursive=True) if "MapWorker" in " ".join(each.cmdline())]
    actors[0].kill()
    killed.append(len(actors))


def test_two_actors_of_which_one_is_killed(
    setup: Any, ready: Any, recorded: Path, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(32)
    prepared = ready(ray="local", actors=2)
    killed: list[int] = []
    killer = threading.Thread(target=_kill_one, args=(tmp_path / ".parts", killed))
    killer.start()
    path = record(prepared, tmp_path)
    killer.join()
    assert killed == [2]
    assert same(path, recorded)
    assert [each.name for each in tmp_path.iterdir()] == ["routing.parquet"]
    assert {text.key for text in setup.plan.texts} == set(files.index(path))


@pytest.mark.parametrize(
    ("given", "line"),
    [({"device": "cpu"}, r"gone|config\.json"), ({"device": "cuda"}, "1 actors with 1 GPUs each need more than the 0")],
)
def test_what_actors_cannot_do_is_said_in_one_line(
    given: dict[str, str], line: str, ready: Any, planted: Any, tmp_path: Path
) -> None:
    prepared = ready(ray="local", **given)
    object.__setattr__(prepared.checkpoint, "folder", planted.folder / "gone")
    with pytest.raises(RecordingError, match=line) as error:
        record(prepared, tmp_path)
    assert "\n" not in str(error.value)
