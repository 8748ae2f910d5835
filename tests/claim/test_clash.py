"""Another project's package of a name of the suite's: no other run is disturbed, and no claim is checked with it."""

from __future__ import annotations

import pytest

import claim_suite
from tests.conftest import HEADER, PROJECT, Suite, claim, holds


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


@pytest.mark.parametrize("name", ["helpers", "conftest", "lib/__init__"])
def test_a_module_of_another_document_is_not_taken_for_a_document_s_own(suite: Suite, name: str) -> None:
    """As pytest imports by default: by a bare name, of which Python keeps one."""
    suite.write("pyproject.toml", PROJECT.replace("importlib", "prepend"))
    module = name.partition("/")[0]
    measures = f"import {module} as of\n" + HEADER + claim("it", "assert measure(of.SIZE, 't') < 5")
    for size, document in enumerate(("alpha", "beta"), 3):
        suite.claims(measures, document, document)
        suite.write(f"claims/{document}/{name}.py", f"SIZE = {size}\n")
    for alone in ("alpha", "beta"):
        assert suite.run(f"claims/{alone}").verdicts == {"it": "holds"}
    both = suite.run("claims/alpha", "claims/beta")
    wrong, right = ("alpha", "beta") if name == "conftest" else ("beta", "alpha")
    assert both.code == 1, both.output
    assert [one["id"] for one in both.ledger["claims"]] == [f"{right}/it"]
    assert f"{wrong}: import {module} finds {suite.folder}/claims/{right}/{name}.py" in both.output.replace("\n", "")
