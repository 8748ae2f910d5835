"""What a recording says of checkpoints at a hub.

python -m tests.recording.at_the_hub OUT CASES     cases: JSON {name: {"token": …, option: value}}; prints JSON
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from fixtures.errors import RecordingError
from fixtures.recording.options import options
from fixtures.recording.recordings import record
from fixtures.recording.setup import prepare
from fixtures.routing.files import read


def run(given: dict[str, Any], out: Path) -> dict[str, Any]:
    os.environ.pop("HF_TOKEN", None)
    if token := given.pop("token", None):
        os.environ["HF_TOKEN"] = token
    try:
        ready = prepare(options({"--device": "cpu", "--evidence-out": out, **given}))
        metadata, counts = read([record(ready, out)])
    except RecordingError as error:
        return {"error": str(error)}
    return {"metadata": metadata, "choices": int(counts.choices.sum())}


if __name__ == "__main__":
    cases = json.loads(sys.argv[2])
    print(json.dumps({name: run(given, Path(sys.argv[1]) / name) for name, given in cases.items()}))
