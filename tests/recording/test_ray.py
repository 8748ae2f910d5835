"""A recording by actors of Ray is the recording of one process, also when an actor or the driver is killed."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psutil  # type: ignore[import-untyped]  # it has no types
import pytest

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.routing import files
from tests.recording.apart import BATCH_TOKENS
from tests.recording.test_store import first_parts, same, slowly

ray = pytest.importorskip("ray", reason="pip install -e '.[ray]'")
data = pytest.importorskip("ray.data")


def test_two_actors_of_which_one_is_killed(
    setup: Any, ready: Any, recorded: Path, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(32)
    prepared, killed = ready(ray="local", actors=2), []

    def kill_one() -> None:
        first_parts(tmp_path)
        family = psutil.Process().children(recursive=True)
        actors = [each for each in family if "MapWorker" in " ".join(each.cmdline())]
        actors[0].kill()
        killed.append(len(actors))

    killer = threading.Thread(target=kill_one)
    killer.start()
    path = record(prepared, tmp_path)
    killer.join()
    assert killed == [2]
    assert same(path, recorded)
    assert [each.name for each in tmp_path.iterdir()] == ["routing.parquet"]
    assert {text.key for text in setup.plan.texts} == set(files.read([path]).counts.texts)


def test_a_driver_that_is_killed_goes_on_from_its_parts_at_a_url(
    planted: Any,
    corpus: Path,
    ready: Any,
    recorded: Path,
    tmp_path: Path,
    batches_of: Callable[[int], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    actors = {"--ray": "local", "--actors": "2"}
    driver = slowly(planted, corpus, url := f"file://{tmp_path}", **actors)
    first_parts(tmp_path)
    family = psutil.Process(driver.pid).children(recursive=True)
    driver.send_signal(signal.SIGKILL)
    driver.communicate()
    assert not psutil.wait_procs(family, timeout=120)[1], "Ray ends where its driver does"
    parts = list(tmp_path.glob(".parts/*.parquet"))
    batches_of(BATCH_TOKENS)
    prepared, asked, keep = ready(evidence_out=url, ray="local", actors=2), [], data.from_items

    def from_items(items: list[Any]) -> Any:
        asked.extend(items)
        return keep(items)

    monkeypatch.setattr(data, "from_items", from_items)
    record(prepared, prepared.options.evidence_out)
    assert 5 <= len(parts) == len(prepared.batches()) - len(asked) < len(prepared.batches())
    assert same(tmp_path / "routing.parquet", recorded)
    assert [each.name for each in tmp_path.iterdir()] == ["routing.parquet"]


@pytest.mark.parametrize(
    ("given", "line"),
    [({"device": "cpu"}, r"gone|config\.json"), ({"device": "cuda"}, "1 actors with 1 GPUs each need more than the 0")],
)
def test_what_actors_cannot_do_is_said_in_one_line(
    given: dict[str, str], line: str, ready: Any, planted: Any, tmp_path: Path
) -> None:
    prepared = ready(ray="local", **given)
    object.__setattr__(prepared.checkpoint, "folder", planted.folder / "gone")
    with pytest.raises(RecordingError, match=line):
        record(prepared, tmp_path)
