"""Plugins that people have change no verdict and break no run; a run without claims is changed in nothing.

Others than these were tried by hand: CONTRIBUTING.md names them.
"""

from __future__ import annotations

import pytest

from claim_suite.reports.schema import AFTER_RERUN
from tests import runs
from tests.conftest import Suite, claim, fails, holds

FLAKY = """
import library
@pytest.fixture
def disk():
    if library.first_time("disk"):
        raise OSError("no disk")
"""
LIBRARY = """
SEEN = []
def first_time(kind):
    SEEN.append(kind)
    return SEEN.count(kind) == 1
def count():
    SEEN.append("count")
    return SEEN.count("count")
"""
CLAIMS = {  # a claim, and its verdict and reason where failures are run again
    "fine": (holds("fine"), "holds", ""),
    "wrong": (fails("wrong"), "refuted", ""),
    "disk": (claim("disk", "assert measure(3, 't') == 3", takes="measure, disk"), "holds", f"({AFTER_RERUN}OSError"),
    "instrument": (
        claim("instrument", "if library.first_time('it'):", "    raise OSError('busy')", "assert measure(3, 't') == 3"),
        "holds", f"({AFTER_RERUN}OSError: busy",
    ),
    "both-ways": (
        claim("both-ways", "assert measure(3 + library.first_time('x'), 't') == 3"), "broken",
        "not the same twice: refuted, then holds",
    ),
    "drifts": (claim("drifts", "assert measure(library.count(), 't') == 0"), "broken", "not the same twice: it mea"),
}  # fmt: skip


def test_failures_that_are_run_again(suite: Suite) -> None:
    pytest.importorskip("pytest_rerunfailures")
    suite.write("library.py", LIBRARY)
    suite.claims(FLAKY + "".join(text for text, _, _ in CLAIMS.values()))
    outcome = suite.run("-p", "pytest_rerunfailures", "--reruns=2", "--tb=no")
    assert outcome.code == 1, outcome.output
    assert outcome.verdicts == {name: verdict for name, (_, verdict, _) in CLAIMS.items()}
    for name, (_, _, reason) in CLAIMS.items():
        assert outcome.reasons[name].startswith(reason), name
    assert outcome.accounting == {"collected": 6, "reported": 6, "deselected": 0, "unaccounted": []}


def test_claims_that_are_repeated(suite: Suite) -> None:
    pytest.importorskip("pytest_repeat")
    suite.write("library.py", LIBRARY)
    loosely = {"takes": "measure, stated", "declared": 'stated="46B", loosely="cut"'}
    loose = claim("loose", "assert measure(46.7e9, 't') == stated", **loosely)
    suite.claims("import library\n" + holds("fine") + loose + CLAIMS["drifts"][0])
    outcome = suite.run("-p", "pytest_repeat", "--count=3", "--tb=no")
    assert outcome.verdicts == {"fine": "holds", "loose": "loosely", "drifts": "broken"}, outcome.output
    assert [len(one["cases"]) for one in outcome.claims.values()] == [1, 2, 1]


OTHER = """
import sys
def test_of_another_project(record_property):
    record_property("claim", "no JSON")
    assert not {"claim_suite.fixtures.claim.plugin", "claim_suite.reports.schema", "msgspec", "torch"} & {*sys.modules}
def test_its_options(request):
    assert request.config.getoption("--device", None) is None
"""


def test_a_run_without_claims_is_changed_in_nothing(suite: Suite) -> None:
    """Apart, for this process has imported what such a run must not."""
    suite.write("tests/test_other.py", OTHER)
    outcome = suite.apart("tests")
    assert (outcome.code, outcome.ledger) == (0, None), outcome.output
    assert "ledger" not in outcome.output
    assert {path.name for path in suite.folder.iterdir()} == {"pyproject.toml", "tests"}


def test_a_plugin_with_options_of_the_same_names_goes_before(suite: Suite) -> None:
    """As pytest-playwright's --device, which ended every run in a traceback."""
    suite.write("other.py", 'def pytest_addoption(parser):\n    parser.addoption("--device", dest="device")\n')
    suite.write("tests/test_other.py", "def test_it(pytestconfig):\n    assert pytestconfig.option.device == 'x'\n")
    outcome = suite.run("-p", "other", "--device=x", "tests")
    assert (outcome.code, outcome.ledger) == (0, None), outcome.output


def test_a_path_that_pytest_takes_for_a_place_of_tests(suite: Suite, tmp_path_factory: pytest.TempPathFactory) -> None:
    suite.claims(holds("fine"))
    there = tmp_path_factory.mktemp("elsewhere") / "ledger.json"
    installed = {name: value for name, value in runs.ENVIRONMENT.items() if name != "PYTEST_DISABLE_PLUGIN_AUTOLOAD"}
    assert runs.run(suite.folder, "pytest", f"--ledger={there}", environment=installed).returncode == 0
    again = runs.run(suite.folder, "pytest", "--ledger", str(there), environment=installed)
    assert again.returncode == 4
    assert f"--ledger {there}: write --ledger={there}" in again.stderr


@pytest.mark.parametrize("option", ["-p", "-pno:claim_suite.reports.recorder"])
def test_without_the_suite_claims_are_no_claims(suite: Suite, option: str) -> None:
    """Nobody is told of a verdict that nothing recorded."""
    assert runs.ENVIRONMENT["PYTEST_DISABLE_PLUGIN_AUTOLOAD"]
    outcome = suite.claims(holds("a")).run(option, *(["no:claim_suite.plugin"] if option == "-p" else []))
    assert (outcome.code != 0, outcome.ledger) == (True, None), outcome.output
