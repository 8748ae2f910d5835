"""A recording in a process of its own that can be killed: it says when a batch is on disk, and waits.

python -m tests.recording.slowly MODEL CORPUS OUT
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fixtures.recording import engine_transformers
from fixtures.recording import record as recording
from fixtures.recording.options import OPTIONS, options
from fixtures.recording.preflight import prepare

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.recording.tally import Counts

BATCH_TOKENS = 64


class Slow(engine_transformers.TransformersEngine):
    def count(self, documents: Sequence[list[int]], leading: int) -> Counts:
        print("batch", flush=True)
        time.sleep(0.02)
        return super().count(documents, leading)


def main(model: str, corpus: str, out: str) -> None:
    recording.batch_tokens = lambda device: BATCH_TOKENS if device else 0
    named = {"--model": model, "--corpus": corpus, "--device": "cpu", "--evidence-out": out}
    ready = prepare(options(dict.fromkeys(OPTIONS) | named))
    loaded = engine_transformers.load(ready.checkpoint.folder, ready.checkpoint.name, ready.device, ready.dtype)
    recording.record(ready, Path(out), lambda: Slow(loaded.model, ready.checkpoint.name))


if __name__ == "__main__":
    main(*sys.argv[1:])
