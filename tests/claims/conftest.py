"""The suite's own runs, as they are and altered: made once, told by their ledgers."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from reports import ledger
from tests.claims.processes import run
from tests.claims.rerun import PROJECT

Cases = Mapping[tuple[str, str], ledger.Case]


@pytest.fixture(scope="session")
def ran(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Cases]:
    """Cases of every run of `rerun` by claim and id."""
    folder = tmp_path_factory.mktemp("runs")
    done = run(PROJECT, "tests.claims.rerun", str(folder))
    print(done.stdout, done.stderr)
    done.check_returncode()
    return {
        file.stem: {(claim["id"], case["id"]): case for claim in ledger.read(file)["claims"] for case in claim["cases"]}
        for file in folder.glob("*.json")
    }
