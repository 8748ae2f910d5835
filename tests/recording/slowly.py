"""A recording in a process of its own that can be killed: it says when a batch begins, and makes a part of each.

python -m tests.recording.slowly MODEL CORPUS OUT
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from fixtures.recording import recordings as recording
from fixtures.recording import setup, store
from fixtures.recording.engine import TransformersEngine
from fixtures.recording.options import options

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fixtures.recording.counter import Counts

BATCH_TOKENS = 64


class Slow(TransformersEngine):
    def count(self, texts: Sequence[list[int]], leading: int) -> Counts:
        print("batch", flush=True)
        time.sleep(0.02)
        return super().count(texts, leading)


def main(model: str, corpus: str, out: str) -> None:
    setup.BATCH_TOKENS["cpu"] = BATCH_TOKENS
    store.SECONDS_OF_A_PART = 0.0
    ready = setup.prepare(options({"--model": model, "--corpus": corpus, "--device": "cpu", "--evidence-out": out}))
    loaded = ready.load()
    recording.record(ready, Path(out), lambda: Slow(loaded.model, ready.checkpoint.name))


if __name__ == "__main__":
    main(*sys.argv[1:])
