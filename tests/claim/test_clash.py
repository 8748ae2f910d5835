"""Another project's package of a name of the suite's: no other run is disturbed, and no claim is checked with it."""

from __future__ import annotations

import pytest

import claim_suite
from tests.conftest import Suite, holds


@pytest.mark.parametrize("name", claim_suite.PACKAGES)
def test_a_foreign_package_is_told_in_one_line(suite: Suite, name: str) -> None:
    suite.write(f"elsewhere/{name}/__init__.py", "raise ImportError('a foreign package')\n")
    suite.write("other/test_other.py", "def test_other():\n    assert True\n")
    suite.claims(holds("a"))
    environment = {"PYTHONPATH": f"{suite.folder / 'elsewhere'}:{claim_suite.ROOT}"}
    other = suite.run("other", plugin="claim_suite", environment=environment)
    assert (other.code, other.ledger) == (0, None), other.output
    for place in ("claims", "claims/paper/test_one.py::test_a"):
        outcome = suite.run(place, plugin="claim_suite", environment=environment)
        assert (outcome.code, outcome.ledger) == (4, None), outcome.output
        assert f"{name}/__init__.py stands where the suite's own package is looked for" in outcome.output
        assert "Traceback" not in outcome.output


def test_a_folder_of_a_name_of_the_suites_changes_nothing(suite: Suite) -> None:
    for name in claim_suite.PACKAGES:
        suite.write(f"{name}/schema.py", "raise ImportError('a foreign module')\n")
    outcome = suite.claims(holds("a")).run(plugin="claim_suite")
    assert (outcome.code, outcome.verdicts) == (0, {"a": "holds"}), outcome.output
