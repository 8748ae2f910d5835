"""What a real run prints at its end, however it is started; tests/reports has what it tells of a ledger."""

from __future__ import annotations

from functools import partial

from tests.conftest import MakeSuite, Outcome, claim, together

BOTH = "measure, stated"
CLAIMS = "".join([
    claim("total", "assert measure(13_015_864_320, 'parameters') == stated", takes=BOTH, declared='stated="13.02B"'),
    claim("not-so", "assert measure(4, 'model widths') == stated", takes=BOTH,
          declared='stated="1/4", refuted="the equation says the opposite"'),
    claim("law", "assert measure(1, 'law') > 0", "raise_cheese()"),
    "\ndef raise_cheese():\n    raise RuntimeError('out of \\x1b[31mcheese\\x07')\n",
    claim("surprise", "assert measure(13_025_000_001, 'parameters') == stated", takes=BOTH, declared='stated="13.02B"'),
    claim("long", "assert measure(1, 'thing') > 1", declared='refuted="why not, " * 60'),
])  # fmt: skip
TOTAL = "5 claims: 1 holds, 3 do not hold, 1 broken; 1 surprise\n"


def summary(outcome: Outcome) -> str:
    """What stands below the heading "claims", up to pytest's next heading."""
    lines = outcome.output.splitlines()
    start = next(place for place, line in enumerate(lines) if line.strip("=") == " claims ")
    end = next((place for place, line in enumerate(lines[start + 1 :], start + 1) if "====" in line), len(lines))
    return "\n".join(lines[start + 1 : end]) + "\n"


def test_the_summary_of_a_run(new_suite: MakeSuite) -> None:
    ways: dict[str, tuple[tuple[str, ...], dict[str, str]]] = {
        "plain": ((), {}), "in a worker": (("-n", "1"), {}), "quiet": (("-rN", "-q"), {}),
        "verbose": (("-v", "--color=yes"), {}), "ASCII": ((), {"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}),
    }  # fmt: skip
    runs = {name: partial(new_suite(CLAIMS).run, "--tb=no", *how, environment=of) for name, (how, of) in ways.items()}
    told = together(runs)
    plain = summary(told["plain"])
    assert plain == summary(told["in a worker"])
    assert plain.index("paper/not-so") < plain.index("paper/law") < plain.index("paper/surprise")
    assert "printed 13.02B (13.015B to 13.025B), measured 13,025,000,001 parameters" in plain
    assert "cheese␇" in plain
    quiet = summary(told["quiet"])  # no claims, and a line more where a library is newer than what was tested
    assert (TOTAL in plain, TOTAL in quiet, "paper/" in quiet) == (True, True, False)
    assert plain.count("hy not") < 60 == " ".join(summary(told["verbose"]).split()).count("hy not")
    assert ("\x1b" in plain, "\x1b[31m" in told["verbose"].output) == (False, True)
    assert "cheese" in told["ASCII"].output
    for outcome in told.values():
        assert outcome.code == 1
        assert "INTERNALERROR" not in outcome.output
