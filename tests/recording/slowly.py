"""A recording in a process of its own that can be killed: it makes a part of each batch.

python -m tests.recording.slowly OPTIONS     JSON
"""

from __future__ import annotations

import json
import sys
import time

from fixtures.recording import setup, store
from fixtures.recording.engine_transformers import TransformersEngine, load
from fixtures.recording.options import options
from fixtures.recording.plan import Batch
from fixtures.recording.recordings import record
from fixtures.routing.counts import Counts

BATCH_TOKENS = 64


class Slow(TransformersEngine):
    def run(self, batch: Batch) -> Counts:
        time.sleep(0.02)
        return super().run(batch)


def main(given: str) -> None:
    setup.BATCH_TOKENS["cpu"] = BATCH_TOKENS
    store.SECONDS_OF_A_PART = 0.0
    ready = setup.prepare(options({"--device": "cpu"} | json.loads(given)))

    def slow() -> Slow:
        return Slow(load(ready).model, "planted", ready.leading, ranked=True)

    record(ready, ready.options.evidence_out, load=slow)


if __name__ == "__main__":
    main(*sys.argv[1:])
