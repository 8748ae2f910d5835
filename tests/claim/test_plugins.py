"""What other plugins and conftests do to a run, each by a few lines that do the same: no verdict is lost or false."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import pytest

from tests.conftest import Suite, claim, fails, holds, together

FIRST = "global N\nN = globals().get('N', 0) + 1"
FALSE_THEN_TRUE = claim("it", FIRST, "assert measure(3, 't') == (4 if N == 1 else 3)")
OTHER_VALUES = claim("it", FIRST, "assert measure(N, 't') > 0")
FAILS_IN_SETUP = "@pytest.fixture\ndef rough():\n    global N\n    N = globals().get('N', 0) + 1\n    assert N > 1\n"
REPORTS = """import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
"""


def on_report(lines: str) -> str:
    """A conftest that does something to every report of a test."""
    return f"{REPORTS}    {lines}\n    return report\n"


HOOK = "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef "
PROTOCOL = (
    HOOK
    + """pytest_runtest_protocol(item, nextitem):
    from _pytest.runner import runtestprotocol
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
"""
)
TWICE = (
    PROTOCOL
    + """    runtestprotocol(item, nextitem=nextitem, log=False)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
)
CALL_TWICE = """import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except BaseException:
        item.runtest()
"""
FORKED = (
    PROTOCOL
    + """    import marshal, os
    inside, outside = os.pipe()
    if not os.fork():
        told = [item.config.hook.pytest_report_to_serializable(config=item.config, report=report)
                for report in runtestprotocol(item, nextitem=nextitem, log=False)]
        os.write(outside, marshal.dumps(told))
        os._exit(0)
    os.wait()
    for data in marshal.loads(os.read(inside, 10**6)):
        report = item.config.hook.pytest_report_from_serializable(config=item.config, data=data)
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
)
FIXTURE = "import pytest\n@pytest.fixture(autouse=True)\ndef interferes(request):\n    "
# What a plugin does, to which claim, with which options: what comes out of it, and a word of the reason.
ATTACKS: dict[str, tuple[str, str, tuple[str, ...], str, str]] = {
    "the test is repeated": (TWICE, FALSE_THEN_TRUE, (), "broken", "not the same twice: refuted, then holds"),
    "repeated with other values": (TWICE, OTHER_VALUES, (), "broken", "it measured other numbers"),
    "the setup is repeated": (
        TWICE, FAILS_IN_SETUP + claim("it", "assert measure(3, 't') == 3", takes="measure, rough"), (), "broken", "",
    ),
    "the call is repeated": (CALL_TWICE, FALSE_THEN_TRUE, (), "broken", "not the same twice"),
    "each worker runs it": (
        "", claim("it", "import os", "assert (os.environ['PYTEST_XDIST_WORKER'] == 'gw0') == (measure(3, 't') == 3)"),
        ("-n", "2", "--dist", "each"), "broken", "not the same twice",
    ),
    "each worker measures another": (
        "", claim("it", "import os", "assert measure(os.getpid(), 't') > 0"), ("-n", "2", "--dist", "each"), "broken",
        "it measured other numbers",
    ),
    "forked": (FORKED, holds("it"), (), "holds", ""),
    "forked and false": (FORKED, fails("it"), (), "refuted", ""),
    "a failure passes": (
        on_report("report.outcome, report.longrepr = 'passed', None"),
        fails("it"), (), "refuted", "",
    ),
    "its assertion is swallowed": (
        CALL_TWICE.replace("item.runtest()", "return None"),
        fails("it"), (), "refuted", "",
    ),
    "a pass fails": (
        on_report("report.outcome = 'failed'"),
        holds("it"), (), "broken", "pytest reports a failure",
    ),
    "it fails in words": (
        on_report("report.outcome, report.longrepr = 'failed', 'checked softly'"), holds("it"), (),
        "broken", "checked softly",
    ),
    "teardown fails": (
        on_report("if call.when == 'teardown':\n        report.outcome = 'failed'"), holds("it"), (),
        "broken", "",
    ),
    "no report can be made": (REPORTS + "    1 / 0\n", holds("it"), (), "broken", "this failure cannot be shown"),
    "making a report exits": (REPORTS + "    raise SystemExit(0)\n", holds("it"), (), "broken", "cannot be shown"),
    "the result is garbage": (
        on_report("report.claim_result = '{'"), fails("it"), (), "refuted", "",
    ),
    "the result is another's": (
        REPORTS + "    report.claim_result = '{\"claim\": \"paper/it\", \"case\": \"\", \"verdict\": \"holds\"}'\n"
        "    return report\n", fails("it"), (), "refuted", "",
    ),
    "the result is spoilt on its way": (
        HOOK + "pytest_runtest_logreport(report):\n    report.claim_result = '{'\n",
        holds("it"), (), "broken", "spoilt",
    ),
    "it cannot be sent": (
        on_report("report.sections.append(('\\ud800', '\\ud800'))\n    report.extra = object()"), holds("it"),
        ("-n", "2"), "holds", "",
    ),
    "the report is dropped": (
        PROTOCOL + "    runtestprotocol(item, nextitem=nextitem, log=False)\n    return True\n",
        fails("it"), (), "unchecked", "not reached",
    ),
    "the test is another": (
        HOOK + "pytest_collection_finish(session):\n    session.items[0].obj = lambda measure: None\n",
        fails("it"), (), "broken", "replaced",
    ),
    "the test is not called": (
        HOOK + "pytest_collection_finish(session):\n    session.items[0].runtest = lambda: None\n",
        fails("it"), (), "broken", "its test was never called",
    ),
    "a plugin calls it": (HOOK + "pytest_pyfunc_call(pyfuncitem):\n    return True\n", fails("it"), (), "refuted", ""),
    "a fixture skips": (FIXTURE + "pytest.skip('no')\n", fails("it"), (), "unchecked", "no"),
    "a fixture xfails": (FIXTURE + "pytest.xfail('no')\n", fails("it"), (), "broken", "XFailed: no"),
    "a fixture marks": (FIXTURE + "request.applymarker(pytest.mark.xfail)\n", fails("it"), (), "refuted", ""),
    "a fixture marks what holds": (
        FIXTURE + "request.applymarker(pytest.mark.xfail)\n",
        holds("it"), (), "broken", "XPASS",
    ),
    "another measure": (
        FIXTURE + "...\n@pytest.fixture\ndef measure():\n    return lambda *given: 4\n",
        fails("it"), (), "broken", "it recorded nothing",
    ),
    "another printed number": (
        "import pytest\nfrom unittest.mock import ANY\n@pytest.fixture\ndef stated():\n    return ANY\n",
        claim("it", "assert measure(3, 't') == stated", takes="measure, stated", declared='stated="13B"'), (), "broken",
        "it never compared",
    ),
    "the exit code is mended": (
        HOOK + "pytest_sessionfinish(session):\n    session.exitstatus = 0\n",
        fails("it"), (), "refuted", "",
    ),
    "the end is an exit": (
        HOOK + "pytest_sessionfinish():\n    import os\n    os._exit(0)\n",
        fails("it"), (), "refuted", "",
    ),
    "deselected and yet run": (
        HOOK + "pytest_collection_modifyitems(config, items):\n    config.hook.pytest_deselected(items=items)\n",
        fails("it"), (), "refuted", "",
    ),
}  # fmt: skip


GIVEN = "from hypothesis import given, strategies as st\n" + claim(
    "it", "assert n < 3", takes="n", above="@given(n=st.integers(0, 9))"
)
EACH = HOOK + "pytest_collection_finish(session):\n    for item in session.items:\n        "
ATTACKS |= {
    "a fuzzed test is wrapped": (
        "import functools\n" + EACH + "item.obj = functools.wraps(item.obj)(lambda *given: None)\n", GIVEN, (),
        "broken", "replaced",
    ),
    "a fuzzed test's body is another": (
        EACH + "item.obj.hypothesis.inner_test = lambda n: None\n", GIVEN, (), "broken", "replaced",
    ),
    "its code is another": (
        EACH + "item.obj.__code__ = (lambda measure: None).__code__\n", fails("it"), (), "broken", "replaced",
    ),
    "nobody runs tests": (HOOK + "pytest_runtestloop(session):\n    return True\n", fails("it"), (), "unchecked", ""),
    "it only collects": (HOOK + "pytest_configure(config):\n    config.option.collectonly = True\n", fails("it"), (),
                         "unchecked", "not reached"),
    "the end is an exit, in words": (
        HOOK + "pytest_sessionfinish():\n    raise SystemExit(0)\n", fails("it"), (), "refuted", "",
    ),
    "the very end is an exit": (
        HOOK + "pytest_unconfigure():\n    raise SystemExit(0)\n", fails("it"), (), "refuted", "",
    ),
    "the process ends itself": (
        "", claim("it", "import atexit, os", "atexit.register(lambda: os._exit(0))", "assert measure(3, 't') == 4"), (),
        "refuted", "",
    ),
    "nobody listens to failures": (
        "", fails("it"), ("-p", "no:threadexception", "--runxfail"), "refuted", "",
    ),
}  # fmt: skip
# A conftest beside the claims is read later than the suite's own plugin, and stands around its hooks at first.
LATE = [name for name, attack in ATTACKS.items() if REPORTS in attack[0] or "sessionfinish" in attack[0]]
BOTH = ("a failure passes", "a pass fails", "the exit code is mended", "the end is an exit, in words")
EARLY = [name for name in ATTACKS if name not in LATE or name in BOTH]


@pytest.mark.parametrize(("folder", "names"), [("", EARLY), ("claims/paper/", LATE)], ids=["early", "late"])
def test_no_plugin_hides_a_verdict(new_suite: Callable[[], Suite], folder: str, names: list[str]) -> None:
    suites = [new_suite().claims(ATTACKS[name][1]) for name in names]
    for name, suite in zip(names, suites, strict=True):
        suite.write(f"{folder}conftest.py", ATTACKS[name][0])
    arguments = ("-p", "no:cacheprovider", "--tb=no")
    jobs = [partial(suite.run, *arguments, *ATTACKS[name][2]) for name, suite in zip(names, suites, strict=True)]
    for name, outcome in zip(names, together(jobs), strict=True):
        _, _, _, verdict, reason = ATTACKS[name]
        codes = {"holds": [0], "unchecked": [1, 5]}.get(verdict, [1])
        assert outcome.code in codes, (name, outcome.output)
        assert outcome.verdicts == {"it": verdict}, (name, outcome.reasons)
        assert reason in outcome.reasons["it"], (name, outcome.reasons)
        assert "INTERNALERROR" not in outcome.output, (name, outcome.output)
