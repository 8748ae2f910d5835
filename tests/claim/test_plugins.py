"""What other plugins and conftests do to a run, each by a few lines that do the same: no verdict is lost or false."""

from __future__ import annotations

from functools import partial

from tests.conftest import MakeSuite, Suite, claim, fails, holds, together

ONCE_MORE = "global N\n    N = globals().get('N', 0) + 1\n"
COUNTED = f"@pytest.fixture(autouse=True)\ndef counted():\n    {ONCE_MORE}"
FALSE_THEN_TRUE = COUNTED + claim("it", "assert measure(3, 't') == (4 if N == 1 else 3)")
FAILS_IN_SETUP = f"@pytest.fixture\ndef rough():\n    {ONCE_MORE}    assert N > 1\n"
GIVEN = "from hypothesis import given, strategies as st\n" + claim(
    "it", "assert n < 3", takes="n", above="@given(n=st.integers(0, 9))"
)
ONE_OF_MANY = """from claim_suite.fixtures.claim.table import Entry, each
@each("value", [Entry(3, "it", {})])
def test_it(value, measure):
    \"\"\"So.\"\"\"
    assert measure(value, "things") == 3
"""
LINTER = """import pytest
class File(pytest.File):
    def collect(self):
        yield Check.from_parent(self, name="lint")
def pytest_collect_file(file_path, parent):
    if file_path.suffix == ".py":
        return File.from_parent(parent, path=file_path)
class Check(pytest.Item):
    def runtest(self):
"""
FIXTURE = "import pytest\n@pytest.fixture(autouse=True)\ndef interferes(request):\n    "
HOOK = "import pytest\n@pytest.hookimpl(tryfirst=True)\ndef "
SETUP = f"{HOOK}pytest_runtest_setup(item):\n    "
REPORTS = """import pytest
@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):
    report = yield
"""
PROTOCOL = f"""{HOOK}pytest_runtest_protocol(item, nextitem):
    from _pytest.runner import runtestprotocol
    if str(item.path.parent / "conftest.py") != __file__:  # this hook is called for every test
        return None
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
"""
TWICE = f"""{PROTOCOL}    runtestprotocol(item, nextitem=nextitem, log=False)
    for report in runtestprotocol(item, nextitem=nextitem, log=False):
        item.ihook.pytest_runtest_logreport(report=report)
    return True
"""
CALL_TWICE = """import pytest
@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    try:
        return (yield)
    except BaseException:
        item.runtest()
"""
FORKED = f"""{PROTOCOL}    import marshal, os
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
EXCHANGED = "of the suite was exchanged: nothing that it judges can be believed"


def on_report(lines: str) -> str:
    """A conftest that does something to every report of a test."""
    return f"{REPORTS}    {lines}\n    return report\n"


# What a conftest beside claims does, to which claim: what comes out of it, and a word of the reason.
BESIDE: dict[str, tuple[str, str, str, str]] = {
    "the test is repeated": (TWICE, FALSE_THEN_TRUE, "broken", "not the same twice: refuted, then holds"),
    "repeated with other values": (
        TWICE, COUNTED + claim("it", "assert measure(N, 't') > 0"), "broken", "it measured other numbers",
    ),
    "the setup is repeated": (
        TWICE, FAILS_IN_SETUP + claim("it", "assert measure(3, 't') == 3", takes="measure, rough"), "broken", "",
    ),
    "the call is repeated": (
        CALL_TWICE, claim("it", ONCE_MORE.replace("    ", ""), "assert measure(3, 't') == (4 if N == 1 else 3)"),
        "broken", "not the same twice",
    ),
    "the call is repeated while it is reported": (
        REPORTS + "    if call.when == 'call' and call.excinfo:\n        item.ihook.pytest_runtest_setup(item=item)\n"
        "        pytest.CallInfo.from_call(lambda: item.ihook.pytest_runtest_call(item=item), 'call')\n"
        "    return report\n", fails("it"), "refuted", "",
    ),
    "the teardown is repeated": (
        TWICE,
        FAILS_IN_SETUP.replace("    assert", "    yield\n    assert")
        + claim("it", "assert measure(3, 't') == 3", takes="measure, rough"),
        "broken", "not the same twice: broken, then holds",
    ),
    "a case for each number": (
        "import pytest\n@pytest.fixture\ndef nth(request):\n    return request.param\n"
        "def pytest_generate_tests(metafunc):\n    metafunc.fixturenames.append('nth')\n"
        "    metafunc.parametrize('nth', (1, 2), indirect=True)\n", ONE_OF_MANY, "holds", "",
    ),
    "a linter checks the file": (LINTER + "        pass\n", holds("it"), "holds", ""),
    "the clock stands still": (
        FIXTURE + "import datetime, sys\n    class Still(datetime.datetime): ...\n    kept = datetime.datetime\n"
        "    put = [one for one in [*sys.modules.values()] if getattr(one, 'datetime', None) is kept]\n"
        "    for one in put:\n        one.datetime = Still\n    yield\n"
        "    for one in put:\n        one.datetime = kept\n", holds("it"), "holds", "",
    ),
    "forked": (FORKED, holds("it"), "holds", ""),
    "forked and false": (FORKED, fails("it"), "refuted", ""),
    "a failure passes": (on_report("report.outcome, report.longrepr = 'passed', None"), fails("it"), "refuted", ""),
    "its assertion is swallowed": (CALL_TWICE.replace("item.runtest()", "return None"), fails("it"), "refuted", ""),
    "a pass fails": (on_report("report.outcome = 'failed'"), holds("it"), "broken", "pytest reports a failure"),
    "it fails in words": (
        on_report("report.outcome, report.longrepr = 'failed', 'checked softly'"), holds("it"), "broken",
        "checked softly",
    ),
    "teardown fails": (
        on_report("if call.when == 'teardown':\n        report.outcome = 'failed'"), holds("it"), "broken", "",
    ),
    "no report can be made": (REPORTS + "    1 / 0\n", holds("it"), "broken", "this failure cannot be shown"),
    "making a report exits": (REPORTS + "    raise SystemExit(0)\n", holds("it"), "broken", "cannot be shown"),
    "the result is garbage": (on_report("report.claim_result = '{'"), fails("it"), "refuted", ""),
    "the result is another's": (
        on_report("report.claim_result = '{\"claim\": \"paper/it\", \"case\": \"\", \"verdict\": \"holds\"}'"),
        fails("it"), "refuted", "",
    ),
    "the result is spoilt on its way": (
        HOOK + "pytest_runtest_logreport(report):\n    report.claim_result = '{'\n", holds("it"), "broken", "spoilt",
    ),
    "the report is dropped": (
        PROTOCOL + "    runtestprotocol(item, nextitem=nextitem, log=False)\n    return True\n",
        fails("it"), "unchecked", "nothing was reported of it",
    ),
    "the test is another": (SETUP + "item.obj = lambda measure: None\n", fails("it"), "refuted", ""),
    "the test is wrapped": (
        SETUP + "item.obj = lambda measure, test=item.obj: test(measure)\n", holds("it"), "holds", "",
    ),
    "the test is not called": (SETUP + "item.runtest = lambda: None\n", fails("it"), "broken", "was never called"),
    "a fuzzed test is wrapped": (
        SETUP + "import functools\n    item.obj = functools.wraps(item.obj)(lambda *given: None)\n", GIVEN, "refuted",
        "",
    ),
    "a fuzzed test's body is another": (
        SETUP + "item.obj.hypothesis.inner_test = lambda n: None\n", GIVEN, "broken", "replaced",
    ),
    "its code is another": (
        SETUP + "item.obj.__code__ = (lambda measure: None).__code__\n", fails("it"), "broken", "replaced",
    ),
    "a plugin calls it": (HOOK + "pytest_pyfunc_call(pyfuncitem):\n    return True\n", fails("it"), "refuted", ""),
    "a fixture skips": (FIXTURE + "pytest.skip('no')\n", fails("it"), "unchecked", "no"),
    "a fixture xfails": (FIXTURE + "pytest.xfail('no')\n", fails("it"), "broken", "XFailed: no"),
    "a fixture marks": (FIXTURE + "request.applymarker(pytest.mark.xfail)\n", fails("it"), "refuted", ""),
    "a fixture marks what holds": (
        FIXTURE + "request.applymarker(pytest.mark.xfail)\n", holds("it"), "broken", "XPASS",
    ),
    "another measure": (
        FIXTURE + "...\n@pytest.fixture\ndef measure(measure):\n    return lambda *given: measure(*given) + 1\n",
        fails("it"), "refuted", "",
    ),
    "a tracer puts itself back": (
        "import pytest, sys\ndef tracer(*told):\n    sys.settrace(tracer)\n@pytest.fixture(autouse=True)\n"
        "def traced():\n    before = sys.gettrace()\n    sys.settrace(tracer)\n    yield\n    sys.settrace(before)\n",
        claim("it", "for value in (3, 4):\n    assert measure(value, 't') < 5"), "holds", "",
    ),
    "another all": (
        FIXTURE + "request.module.all = lambda facts: True\n",
        claim("it", "assert all(measure(3, 't') == 4 for _ in (3, 5))"), "broken", "it recorded nothing",
    ),
    "another printed number": (
        "import pytest\nfrom unittest.mock import ANY\n@pytest.fixture\ndef stated():\n    return ANY\n",
        claim("it", "assert measure(3, 't') == stated", takes="measure, stated", declared='stated="13B"'),
        "refuted", "",
    ),
    "a judge is another while it judges": (
        FIXTURE + "from claim_suite.fixtures.claim import report\n    judge = report.judge\n"
        "    report.judge = lambda *told: ('holds', '')\n    yield\n    report.judge = judge\n",
        fails("it"), "broken", f"claim_suite.fixtures.claim.report.judge {EXCHANGED}",
    ),
    "a judge is another for a while": (
        FIXTURE + "from claim_suite.fixtures.claim import report\n    judge, report.judge = report.judge, None\n"
        "    report.judge = judge\n", holds("it"), "holds", "",
    ),
}  # fmt: skip
# What a conftest of the whole run, or the run's options, do; the code is that of the run.
FALSE = fails("it")
WHOLE: dict[str, tuple[str, str, tuple[str, ...], str, str]] = {
    **{
        f"early: {name}": (BESIDE[name][0], BESIDE[name][1], (), *BESIDE[name][2:])
        for name in ("a failure passes", "a pass fails")
    },
    "the exit code is mended": (
        HOOK + "pytest_sessionfinish(session):\n    session.exitstatus = 0\n", FALSE, (), "refuted", "",
    ),
    "the end is an exit": (
        HOOK + "pytest_sessionfinish():\n    import os\n    os._exit(0)\n", FALSE, (), "refuted", "",
    ),
    "the end is an exit, in words": (
        HOOK + "pytest_sessionfinish():\n    raise SystemExit(0)\n", FALSE, (), "refuted", "",
    ),
    "the very end is an exit": (HOOK + "pytest_unconfigure():\n    raise SystemExit(0)\n", FALSE, (), "refuted", ""),
    "the process ends itself": ("import atexit, os\natexit.register(os._exit, 0)\n", FALSE, (), "refuted", ""),
    "deselected and yet run": (
        HOOK + "pytest_collection_modifyitems(config, items):\n    config.hook.pytest_deselected(items=items)\n",
        FALSE, (), "refuted", "",
    ),
    "nobody runs tests": (HOOK + "pytest_runtestloop(session):\n    return True\n", FALSE, (), "unchecked", ""),
    "it only collects": (
        HOOK + "pytest_configure(config):\n    config.option.collectonly = True\n", FALSE, (), "unchecked",
        "nothing was reported of it",
    ),
    "a linter finds something": (LINTER + "        assert 0\n", holds("it"), (), "holds", ""),
    "nobody listens to failures": ("", FALSE, ("-p", "no:threadexception", "--runxfail"), "refuted", ""),
    "each worker differs": (
        "", claim("it", "import os", "assert (os.environ['PYTEST_XDIST_WORKER'] == 'gw0') == (measure(3, 't') == 3)")
        + claim("size", "import os", "assert measure(os.getpid(), 't') > 0"), ("-n", "2", "--dist", "each"), "broken",
        "not the same twice: it measured other numbers",
    ),
    "it cannot be sent": (
        on_report("report.sections.append(('\\ud800', '\\ud800'))\n    report.extra = object()"), holds("it"),
        ("-n", "1"), "holds", "",
    ),
    "a judge is another": (
        "from claim_suite.fixtures.claim import verdict\nverdict._judge.__code__ = (lambda *told: ('holds', '')).__code__\n",
        FALSE, (), "broken", f"claim_suite.fixtures.claim.verdict._judge {EXCHANGED}",
    ),
    "a comparison is another": (
        "from claim_suite.fixtures.claim.numbers import Printed\nPrinted.__lt__ = lambda *told: True\n",
        FALSE, ("-n", "1"), "broken", f"claim_suite.fixtures.claim.numbers.Printed {EXCHANGED}",
    ),
    "a state is another": (
        "from reports import schema\nschema.STATES['refuted'] = schema.STATES['holds']\n", FALSE, (), "broken",
        f"reports.schema.STATES.refuted {EXCHANGED}",
    ),
    "a judge is another at the end": (
        HOOK + "pytest_sessionfinish():\n    from reports import recorder\n    recorder.Recorder._exit_code = 0\n",
        holds("it"), (), "holds", "",
    ),
    **{
        f"a thread fails after the last claim, {', '.join(how)}": (
            "import threading, time\ndef pytest_runtest_teardown():\n"
            "    threading.Thread(target=lambda: 1 / 0, daemon=True).start()\n    time.sleep(0.5)\n",
            holds("it"), how, "holds", "",
        )
        for how in ((), ("-n", "1"))
    },
}  # fmt: skip
WELL = ("it cannot be sent",)


def test_no_conftest_beside_claims_hides_a_verdict(suite: Suite) -> None:
    """Each stands beside a document of its own, and all in one run: what one does concerns no other."""
    suite.claims(holds("fine"))
    names = {f"attack{place}": name for place, name in enumerate(BESIDE)}
    for document, name in names.items():
        suite.claims(BESIDE[name][1], "two", document)
        suite.write(f"claims/{document}/conftest.py", BESIDE[name][0])
    outcome = suite.run("-p", "no:cacheprovider", "--tb=no")
    assert outcome.code == 1, outcome.output
    assert "INTERNALERROR" not in outcome.output
    told = {one["document"]: one["cases"][0] for one in outcome.ledger["claims"]}
    assert told.pop("paper")["verdict"] == "holds"
    assert {names[document]: case["verdict"] for document, case in told.items()} == {
        name: verdict for name, (_, _, verdict, _) in BESIDE.items()
    }
    for document, case in told.items():
        assert BESIDE[names[document]][3] in case["reason"], names[document]
    assert f"ERROR: fixtures.claim.report.judge {EXCHANGED}" in outcome.output


def test_no_plugin_of_the_whole_run_hides_a_verdict(new_suite: MakeSuite) -> None:
    jobs = {
        name: partial(new_suite(text, conftest).run, "-p", "no:cacheprovider", "--tb=no", *arguments)
        for name, (conftest, text, arguments, _, _) in WHOLE.items()
    }
    for name, outcome in together(jobs).items():
        *_, verdict, reason = WHOLE[name]
        assert outcome.code == (0 if name in WELL else 1), (name, outcome.output)
        assert set(outcome.verdicts.values()) == {verdict}, (name, outcome.reasons)
        assert any(reason in each for each in outcome.reasons.values()), (name, outcome.reasons)
        assert "INTERNALERROR" not in outcome.output, (name, outcome.output)


def test_a_run_that_a_plugin_leaves_without_a_claim_replaces_nothing(suite: Suite) -> None:
    suite.claims(holds("it")).run()
    suite.write(
        "conftest.py", "def pytest_ignore_collect(collection_path):\n    return collection_path.suffix == '.py'\n"
    )
    outcome = suite.run()
    assert outcome.code == 1
    assert outcome.accounting["unaccounted"] == ["paper/test_one.py: none of its 1 tests was collected"]
    assert suite.partial.is_file()
    assert '"paper/it"' in suite.ledger.read_text(encoding="utf-8")
