"""A forked run is what a plain one is: its own folder, environment, output, session and end.

tests/claim/test_robustness.py ends forked runs by signals.
"""

from __future__ import annotations

import json
from pathlib import Path

from tests import runs

PROGRAM = """
import json, os, sys, torch
threads = torch.get_num_threads()
product = float((torch.ones(600, 600) @ torch.ones(600, 600)).mean())
told = [os.getcwd(), os.environ["COLUMNS"], sys.argv[1:], sys.path[:2], product, os.getsid(0) == os.getpid(), threads]
print(json.dumps(told))
print("an error", file=sys.stderr)
sys.exit(7)
"""
ENVIRONMENT = runs.ENVIRONMENT | {"COLUMNS": "33"}


def test_a_forked_run_is_what_a_plain_one_is(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    forked, plain = (
        runs.run(tmp_path, "program", "one", "two words", environment=ENVIRONMENT, server=server)
        for server in (runs.FOR_MODELS, None)
    )
    assert (forked.returncode, forked.stdout, forked.stderr) == (plain.returncode, plain.stdout, plain.stderr)
    assert (plain.returncode, plain.stderr) == (7, "an error\n")
    places = [str(tmp_path), str(runs.ROOT)]
    assert json.loads(plain.stdout)[:-1] == [str(tmp_path), "33", ["one", "two words"], places, 600.0, True]
