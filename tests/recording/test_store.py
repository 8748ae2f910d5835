"""A recording that is killed goes on where it was, and ends as if nothing had happened; damage is mended."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest
import torch

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording.engine_transformers import TransformersEngine
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.recordings import Recordings, record
from claim_suite.fixtures.recording.setup import RecordingSetup
from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.texts import TextCounts
from tests import runs
from tests.recording.apart import BATCH_TOKENS
from tests.recording.conftest import never
from tests.recording.synthetic_checkpoint import Planted, plant, random_table


def same(one: Path, other: Path) -> bool:
    (left, counts), (right, others) = (files.read([path]) for path in (one, other))
    arrays = [(getattr(counts, name), getattr(others, name)) for name in ("choices", "same_first", "shared", "losses")]
    return (
        left | {"started": "", "seconds": 0} == right | {"started": "", "seconds": 0}
        and counts.texts == others.texts
        and all(np.allclose(*pair, rtol=1e-6, atol=0, equal_nan=True) for pair in arrays)
    )


class Small(TransformersEngine):
    """An engine on a device that holds so many tokens; it ends as told after some batches, or changes what it gives."""

    def __init__(
        self, engine: Any, tokens: int = 10**9, last: int = 10**9, end: BaseException | None = None, change: Any = None
    ) -> None:
        super().__init__(engine.model, "planted", engine._leading, ranked=True)
        self.tokens, self.last, self.end, self.change, self.batches = tokens, last, end, change, 0

    def _run(self, batch: Any) -> Any:
        if len(batch.texts) * max(len(text.ids) for text in batch.texts) > self.tokens:
            raise torch.OutOfMemoryError
        if self.batches == self.last and self.end:
            raise self.end
        self.batches += 1
        counts = super()._run(batch)
        return self.change(counts) if self.change else counts


def slowly(planted: Planted, corpus: Path, out: Path | str, **more: str) -> runs.Run:
    """Start a recording in a process of its own."""
    given = {"--model": str(planted.folder), "--corpus": str(corpus), "--evidence-out": str(out)} | more
    cases = json.dumps({"slowly": given | {"slow": True}})
    return runs.start(runs.ROOT, "tests.recording.apart", cases)


def first_parts(folder: Path) -> None:
    """Wait for the first parts of a recording."""
    ends = time.monotonic() + 900
    while len(list(folder.glob(".parts/*.parquet"))) < 5 and time.monotonic() < ends:
        time.sleep(0.01)


def test_kill_9_loses_the_part_in_hand_only(
    planted: Planted, corpus: Path, ready: Any, engine: Any, recorded: Path, tmp_path: Path, batches_of: Any
) -> None:
    process = slowly(planted, corpus, tmp_path)
    first_parts(tmp_path)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    parts = list(tmp_path.glob(".parts/*.parquet"))
    assert 5 <= len(parts) < 15
    assert not list(tmp_path.glob("*.parquet"))
    batches_of(BATCH_TOKENS)
    prepared, counted = ready(evidence_out=tmp_path), Small(engine)
    assert same(record(prepared, tmp_path, load=lambda: counted), recorded)
    assert counted.batches + len(parts) == len(prepared.batches())
    assert [path.name for path in tmp_path.iterdir()] == ["routing.parquet"]


@pytest.fixture
def broken_off(setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Any) -> list[Path]:
    """Parts of a recording that was interrupted."""
    batches_of(64)
    with pytest.raises(KeyboardInterrupt):
        record(setup, tmp_path, load=lambda: Small(engine, last=8, end=KeyboardInterrupt()))
    parts = sorted(tmp_path.glob(".parts/*.parquet"))
    assert len(parts) == 8
    return parts


def _another_text(path: Path) -> None:
    (part,) = files.scan(path)
    texts = (part.texts[0]._replace(number=10**6), *part.texts[1:])
    files.write([replace(part, texts=texts)], files.read_metadata(path), path)


def _garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[40:60] = b"\xff" * 20
    path.write_bytes(content)


DAMAGE: dict[str, Callable[[Path], object]] = {
    "cut": lambda path: path.write_bytes(path.read_bytes()[:-20]),
    "garbled": _garble,
    "empty": lambda path: path.write_bytes(b""),
    "another text": _another_text,
    "gone": Path.unlink,
    "half written": lambda path: path.rename(path.with_name(path.name + ".tmp")),
}


def test_damaged_parts_are_recorded_again(
    broken_off: list[Path], setup: RecordingSetup, engine: Any, recorded: Path, tmp_path: Path
) -> None:
    for path, damage in zip(broken_off, DAMAGE.values(), strict=False):
        damage(path)
    counted = Small(engine)
    assert same(record(setup, tmp_path, load=lambda: counted), recorded)
    assert counted.batches == len(setup.batches()) - (len(broken_off) - len(DAMAGE))


@pytest.mark.usefixtures("broken_off")
@pytest.mark.parametrize("change", ["removed", "moved", "another domain", "another word"])
def test_another_corpus_is_refused_by_its_parts_before_work(
    change: str, corpus: Path, ready: Any, tmp_path: Path
) -> None:
    rows = corpus.read_text().splitlines()
    changed = {
        "removed": rows[1:],
        "moved": [*rows[1:], rows[0]],
        "another domain": [json.dumps(json.loads(rows[0]) | {"meta": {"pile_set_name": "Books"}}), *rows[1:]],
        "another word": [*rows[:-1], json.dumps(json.loads(rows[-1]) | {"text": "w1_1 w2_1"})],
    }[change]
    (tmp_path / "other").mkdir()
    (tmp_path / "other/text.jsonl").write_text("\n".join(changed) + "\n")
    with pytest.raises(RecordingError, match=r"another measurement: corpus_sha256 is .*name another folder"):
        ready(evidence_out=tmp_path, corpus=tmp_path / "other/text.jsonl")


def test_a_corpus_that_is_called_otherwise_goes_on(
    broken_off: list[Path], corpus: Path, ready: Any, engine: Any, recorded: Path, tmp_path: Path
) -> None:
    (renamed := tmp_path / "other.jsonl").write_bytes(corpus.read_bytes())
    prepared, counted = ready(evidence_out=tmp_path, corpus=renamed), Small(engine)
    found = files.read([record(prepared, tmp_path, load=lambda: counted)])
    assert counted.batches == len(prepared.batches()) - len(broken_off)
    assert found.counts.texts == files.read([recorded]).counts.texts


@pytest.mark.usefixtures("broken_off")
def test_other_batches_go_on_from_the_same_parts(
    setup: RecordingSetup, engine: Any, recorded: Path, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(200)
    assert same(record(setup, tmp_path, load=lambda: engine), recorded)


def test_a_finished_recording_needs_no_weights(setup: RecordingSetup, recorded: Path) -> None:
    before = recorded.read_bytes()
    for wanted in ({}, {"routing": False}, {"losses": False}):
        assert record(setup, recorded.parent, load=never, **wanted) == recorded
    assert recorded.read_bytes() == before


def test_what_is_wanted_is_added_to_what_is_there(ready: Any, engine: Any, tmp_path: Path, batches_of: Any) -> None:
    """Losses of some texts, then routing of all, then both: nothing runs twice."""
    batches_of(64)
    prepared, counted = ready(), Small(engine)
    some = len(prepared.batches(routing=False))
    record(prepared, tmp_path, routing=False, load=lambda: counted)
    assert counted.batches == some
    alone = Recordings(options({"--evidence": [tmp_path]}), {"perplexity"}, worker=False)
    assert alone.perplexity("fresh").experts_used == (1, 2, 3, 4, 8)
    record(prepared, tmp_path, losses=False, load=lambda: counted)
    record(prepared, tmp_path, load=never)
    assert counted.batches == len(prepared.batches())


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"tokens_per_domain": 50}, "tokens_per_domain"),
        ({"dtype": "bfloat16"}, "weights_dtype"),
        ({"keep_choices": True}, "choices_kept"),
        ({"model": "changed"}, "revision"),
    ],
)
def test_another_measurement_is_found_before_work(
    given: dict[str, Any], field: str, ready: Any, recorded: Path, tmp_path: Path
) -> None:
    if "model" in given:
        given = {"model": plant(tmp_path / "planted", table=random_table(99)).folder}
    with pytest.raises(RecordingError, match=f"another measurement: {field} is .*--evidence-out"):
        ready(evidence_out=recorded.parent, **given)


def _recordings(path: Path | str, **given: Any) -> Recordings:
    return Recordings(options({"--evidence": [path], **given}), {"evidence", "perplexity"}, worker=False)


def test_evidence_is_read_where_it_is_named(recorded: Path, planted: Planted, tmp_path: Path) -> None:
    renamed = tmp_path / "routing.bin"  # the ending of many a pickle
    renamed.write_bytes(recorded.read_bytes())
    assert _recordings(renamed).routing("fresh").experts_per_token == 2
    for given in ({}, {"--model": str(planted.folder)}):
        found = _recordings(recorded.parent, **given)
        counted = found.routing("fresh")
        assert isinstance(counted, TextCounts)
        assert len(counted.counts.texts) == 34
        (told,) = found.perplexity("fresh").evidence
        assert (told.model, told.precision, told.file) == ("planted", "float32", str(recorded.parent))
    other = _recordings(recorded, **{"--model": "owner/name", "--revision": "abc"})
    with pytest.raises(RecordingError, match="the evidence is of planted, not of --model owner/name"):
        other.routing("fresh")


def test_evidence_that_lacks_what_it_planned_is_refused(recorded: Path, tmp_path: Path) -> None:
    metadata, counts = files.read_metadata(recorded), next(iter(files.scan(recorded)))
    files.write([counts.select(range(1, 34))], metadata, tmp_path / "a.parquet")
    found = _recordings(tmp_path)
    for ask in (found.routing, found.perplexity):
        with pytest.raises(RecordingError, match=r"has \d+ of \d+ planned texts of ArXiv"):
            ask("fresh")


def test_a_recording_goes_to_a_url_and_on_from_there(
    ready: Any, engine: Any, recorded: Path, tmp_path: Path, batches_of: Any
) -> None:
    """Another spelling of the URL has a copy of its own, as another machine has."""
    batches_of(64)
    url = f"memory://key:secret@{tmp_path.name}/evidence"
    there, root = fsspec.url_to_fs(url)
    prepared = ready(evidence_out=url)
    with pytest.raises(KeyboardInterrupt):
        record(prepared, prepared.options.evidence_out, load=lambda: Small(engine, last=4, end=KeyboardInterrupt()))
    assert len(there.glob(f"{root}/.parts/*.parquet")) == 4
    elsewhere, counted = ready(evidence_out=f"{url}/"), Small(engine)
    record(elsewhere, elsewhere.options.evidence_out, load=lambda: counted)
    assert counted.batches == len(prepared.batches()) - 4
    assert there.find(root) == [f"{root}/routing.parquet"]
    there.get(f"{root}/routing.parquet", str(tmp_path))
    assert same(tmp_path / "routing.parquet", recorded)
    found = _recordings(url)
    found.check()
    assert found.perplexity("fresh").evidence[0].file == f"memory://{tmp_path.name}/evidence"
    with pytest.raises(RecordingError, match="--evidence memory://nowhere: nothing is there, or it is"):
        _recordings("memory://nowhere").check()


@pytest.mark.parametrize(
    ("damage", "line"),
    [
        ("cut", "not a Parquet file that can be read: .*; move it away and record again"),
        ("another text", "holds other texts than its plan; move it away and record again"),
        ("garbled", "not a Parquet file that can be read"),
    ],
)
def test_a_damaged_whole_is_found_before_work_and_not_thrown_away(
    damage: str, line: str, recorded: Path, ready: Any, tmp_path: Path
) -> None:
    whole = tmp_path / recorded.name
    whole.write_bytes(recorded.read_bytes())
    DAMAGE[damage](whole)
    with pytest.raises(RecordingError, match=line):
        Recordings(ready(evidence_out=tmp_path).options, {"evidence"}, worker=False).check()
    assert whole.exists()


def test_two_runs_do_not_record_into_one_folder(setup: RecordingSetup, engine: Any, tmp_path: Path) -> None:
    def meanwhile() -> Any:
        return record(setup, tmp_path, load=lambda: engine)

    with pytest.raises(RecordingError, match="is being recorded into by another run"):
        record(setup, tmp_path, load=meanwhile)


def test_a_disk_that_fills_up_loses_nothing(
    broken_off: list[Path], setup: RecordingSetup, engine: Any, tmp_path: Path
) -> None:
    full = OSError(28, "No space left on device")
    with pytest.raises(RecordingError, match=r"cannot be written to .*No space left.* kept; make room"):
        record(setup, tmp_path, load=lambda: Small(engine, last=1, end=full))
    assert all(path.exists() for path in broken_off)


@pytest.mark.parametrize(
    ("place", "line"),
    [
        ("/proc/nowhere", "cannot be written to .*: see --evidence-out"),
        ("/dev/null/evidence", "cannot be written to .*: see --evidence-out"),
        ("file:///proc/nowhere", "cannot be read or written to .*: check it and start again"),
        ("nothing://bucket/evidence", "cannot be read or written to .*Protocol not known: nothing"),
        ("packed://bucket/evidence", "needs no_package: install it with pip install no_package"),
    ],
)
def test_a_place_that_cannot_be_written_to_is_found_before_work(place: str, line: str, ready: Any) -> None:
    fsspec.register_implementation("packed", "no_package.FileSystem", clobber=True)
    with pytest.raises(RecordingError, match=f"^{place} {line}"):
        ready(evidence_out=place)


def test_out_of_memory_makes_batches_smaller(
    recorded: Path, setup: RecordingSetup, engine: Any, tmp_path: Path, batches_of: Any
) -> None:
    batches_of(400)
    small = Small(engine, tokens=100)
    assert same(record(setup, tmp_path, load=lambda: small), recorded)
    assert small.batches > 6


def test_out_of_memory_with_one_text_ends_clearly(setup: RecordingSetup, engine: Any, tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match=r"one text of \d+ tokens does not fit .* recorded so far is kept"):
        record(setup, tmp_path, load=lambda: Small(engine, tokens=40))
    refused = RuntimeError("DefaultCPUAllocator: can't allocate memory")
    with pytest.raises(RecordingError, match="does not fit on the device"):
        Small(engine, last=0, end=refused).run(setup.batches()[0])


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (lambda counts: replace(counts, texts=counts.texts[::-1]), "gave counts of other texts than it was given"),
        (lambda counts: replace(counts, choices=counts.choices * 2), "its choices do not add up to its tokens"),
    ],
)
def test_what_an_engine_gives_is_checked(
    change: Any, line: str, setup: RecordingSetup, engine: Any, tmp_path: Path
) -> None:
    with pytest.raises(RecordingError, match=line):
        record(setup, tmp_path, load=lambda: Small(engine, change=change))
    assert not list(tmp_path.glob("**/*.parquet"))
