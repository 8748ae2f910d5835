"""Another project's package of a name of the suite's: no other run is disturbed, and no claim is checked with it."""

from __future__ import annotations

import claim_suite
from tests.conftest import HEADER, PROJECT, Suite, claim, holds


def test_a_foreign_package_is_told_in_one_line(suite: Suite) -> None:
    suite.write("other/test_other.py", "def test_other():\n    assert True\n")
    suite.claims(holds("a"))
    for name, place in zip(claim_suite.PACKAGES, ("claims", "claims/paper/test_one.py::test_a"), strict=True):
        suite.write(f"{name}/{name}/__init__.py", "raise ImportError('a foreign package')\n")
        path = {"PYTHONPATH": f"{suite.folder / name}:{claim_suite.ROOT}"}
        other, outcome = (suite.run(each, plugin="claim_suite", environment=path) for each in ("other", place))
        assert (other.code, other.ledger) == (0, None), other.output
        assert (outcome.code, outcome.ledger) == (4, None), outcome.output
        assert f"{name}/__init__.py stands where the suite's own package is looked for" in outcome.output
        assert "Traceback" not in outcome.output


def test_a_folder_of_a_name_of_the_suites_changes_nothing(suite: Suite) -> None:
    for name in claim_suite.PACKAGES:
        suite.write(f"{name}/schema.py", "raise ImportError('a foreign module')\n")
    outcome = suite.claims(holds("a")).run(plugin="claim_suite")
    assert (outcome.code, outcome.verdicts) == (0, {"a": "holds"}), outcome.output


def test_a_module_of_another_document_is_not_taken_for_a_document_s_own(suite: Suite) -> None:
    """As pytest imports by default: by a bare name, of which Python keeps one."""
    suite.write("pyproject.toml", PROJECT.replace("importlib", "prepend"))
    # What is imported above the test and in it, which file of the document that is, and which document finds another's.
    modules = {
        "helpers": ("import helpers as of", "", "helpers", "beta"),
        "lib": ("x = 1; import lib as of", "", "lib/__init__", "beta"),
        "conftest": ("import json, \\\n    conftest as of", "", "conftest", "alpha"),
        "kit": ("from kit import sizes as of", "", "kit/sizes", "beta"),
        "late": ("", "import limits as of", "limits", "alpha"),
    }
    for name, (above, within, file, _) in modules.items():
        text = f"{above}\n" + HEADER + claim("it", within, "assert measure(of.SIZE, 't') < 5")
        for size, document in enumerate((f"alpha_{name}", f"beta_{name}"), 3):
            suite.claims(text, document, document)
            suite.write(f"claims/{document}/{file}.py", f"SIZE = {size}\n")
    alphas, betas = ([f"claims/{first}_{name}" for name in modules] for first in ("alpha", "beta"))
    for alone in (alphas, betas):
        outcome = suite.run(*alone)
        assert [one["verdict"] for one in outcome.ledger["claims"]] == ["holds"] * len(modules), outcome.output
    both = suite.run(*alphas, *betas)
    assert both.code == 1, both.output
    found = {one["id"]: one["verdict"] for one in both.ledger["claims"]}
    for name, (*_, file, wrong) in modules.items():
        right = "beta" if wrong == "alpha" else "alpha"
        assert found.get(f"{wrong}_{name}/it", "broken") == "broken"
        assert found[f"{right}_{name}/it"] == "holds"
        place = f"{suite.folder}/claims/{right}_{name}/{file}.py: give what is here another name"
        assert place in both.output.replace("\n", "")
