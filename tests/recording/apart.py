"""Recordings in a process of their own, and what is said of them: to be killed, or to ask a hub.

python -m tests.recording.apart CASES     JSON {name: {"token": …, "slow": …, option: value}}; prints JSON by name
"""

from __future__ import annotations

import json
import os
import sys
import time
from functools import partial
from typing import Any

from claim_suite.fixtures.errors import RecordingError
from claim_suite.fixtures.recording import setup, store
from claim_suite.fixtures.recording.engine_transformers import TransformersEngine, load
from claim_suite.fixtures.recording.options import options
from claim_suite.fixtures.recording.plan import Batch
from claim_suite.fixtures.recording.recordings import record
from claim_suite.fixtures.routing.counts import Counts
from claim_suite.fixtures.routing.files import read

BATCH_TOKENS = 64


class Slow(TransformersEngine):
    def run(self, batch: Batch) -> Counts:
        time.sleep(0.02)
        return super().run(batch)


def slowly(ready: setup.RecordingSetup) -> Slow:
    return Slow(load(ready).model, "planted", ready.leading, ranked=True)


def run(given: dict[str, Any]) -> dict[str, Any]:
    os.environ.pop("HF_TOKEN", None)
    if token := given.pop("token", None):
        os.environ["HF_TOKEN"] = token
    if slow := given.pop("slow", False):  # a part of each batch
        setup.BATCH_TOKENS["cpu"] = BATCH_TOKENS
        store.SECONDS_OF_A_PART = 0.0
    try:
        ready = setup.prepare(options({"--device": "cpu", **given}))
        made = record(ready, ready.options.evidence_out, load=partial(slowly, ready) if slow else None)
        metadata, counts = read([made])
    except RecordingError as error:
        return {"error": str(error)}
    return {"metadata": metadata, "choices": int(counts.choices.sum())}


if __name__ == "__main__":
    print(json.dumps({name: run(given) for name, given in json.loads(sys.argv[1]).items()}))
