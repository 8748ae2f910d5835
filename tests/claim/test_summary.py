"""What a run prints at its end: every claim that is not a plain "holds", once, and the worst next to the prompt."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from tests.conftest import Outcome, Suite, together

FIRST = '''
from fixtures.claim.estimate import Estimate
@pytest.mark.claim("total", stated="13.02B")
def test_total(stated, measure):
    """So."""
    assert measure(13_015_864_320, "parameters") == stated
@pytest.mark.claim("cut", stated="12B", loosely="cut short, not rounded")
def test_cut(stated, measure):
    """So."""
    assert measure(12_879_925_248, "parameters") == stated
@pytest.mark.claim("weaker", stated="2", loosely="only when the output projection counts as well")
def test_weaker(stated, reading, measure):
    """So."""
    assert measure({"literal": 2.7, "loose": 2.0254}[reading], "times attention") == stated
@pytest.mark.claim("not-so", stated="1/4", refuted="the equation says the opposite")
def test_not_so(stated, measure):
    """So."""
    assert measure(4, "model widths") == stated
@pytest.mark.claim("disputed", source="a figure")
def test_disputed(measure):
    """So."""
    assert measure(Estimate(0.19, 0.18, 0.2), "of slots", of="expert 7") > 0.125
@pytest.mark.claim("disputed", source="a record", refuted="it peaks in the first half")
def test_disputed_too(measure):
    """So."""
    assert measure(Estimate(0.1, 0.09, 0.11), "of slots", of="expert 7") > 0.125
@pytest.mark.claim("never", uncheckable="that nothing was reported by some date cannot be measured")
def test_never():
    """So."""
'''
SECOND = '''
from fixtures.claim.estimate import Estimate
@pytest.mark.claim("undecided")
def test_undecided(measure):
    """So."""
    assert measure(Estimate(0.13, 0.12, 0.14), "of slots") > 0.125
@pytest.mark.claim("law", part="first law")
def test_law():
    """So."""
@pytest.mark.claim("law", part="second law")
def test_law_too():
    """So."""
    raise RuntimeError("out of \\x1b[31mcheese\\x07")
@pytest.mark.claim("surprise", stated="13.02B")
def test_surprise(stated, measure):
    """So."""
    assert measure(13_025_000_001, "parameters") == stated
@pytest.mark.claim("surprise-loose", stated="46B", loosely="cut short, not rounded")
def test_surprise_loose(stated, measure):
    """So."""
    assert measure(45_500_000_000, "parameters") == stated
@pytest.mark.claim("stale", refuted="the equation says the opposite")
def test_stale(measure):
    """So."""
    assert measure(4, "model widths") == 4
'''
THIRD = '''
import pytest

@pytest.mark.gpu
@pytest.mark.claim("gpu")
def test_gpu():
    """So."""

@pytest.mark.gpu
@pytest.mark.claim("gpu-too")
def test_gpu_too():
    """So."""

@pytest.mark.cheap
@pytest.mark.claim("skip")
def test_skip():
    """So."""
    pytest.skip("needs a file that is not there")
'''
WHOLE = """
A paper
  Part one    1 holds, 2 hold loosely, 1 does not hold, 1 disputed, 1 uncheckable
  Part two    2 hold, 1 does not hold, 1 undecided, 1 broken
  Part three  3 not checked here

  not checked  2 claims: needs weights or a device: pytest -m gpu
  not checked  paper/skip: needs a file that is not there

  uncheckable  paper/never: that nothing was reported by some date cannot be measured

holds loosely  paper/cut: cut short, not rounded
               printed 12B (11.5B to 12.5B), measured 12,879,925,248 parameters
holds loosely  paper/weaker: only when the output projection counts as well
               printed 2 (1.5 to 2.5)
               literally: 2.7 times attention
               loosely: 2.025 times attention

does not hold  paper/not-so: the equation says the opposite
               printed 1/4 (exactly 0.25), measured 4 model widths

     disputed  paper/disputed
               a figure holds: .190 of slots (expert 7) [.180 to .200]
               a record does not hold: .100 of slots (expert 7) [.090 to .110]: it peaks in the
               first half

    undecided  paper/undecided
               .130 of slots [.120 to .140]: the interval 0.12 to 0.14 includes 0.125

       broken  paper/law
               first law holds
               second law: RuntimeError: out of ␛[31mcheese␇

     SURPRISE  paper/surprise: does not hold, declared to hold
               printed 13.02B (13.015B to 13.025B), measured 13,025,000,001 parameters
     SURPRISE  paper/surprise-loose: holds, declared to hold loosely
               printed 46B (45.5B to 46.5B), measured 45,500,000,000 parameters
     SURPRISE  paper/stale: holds, declared not to hold
               4 model widths

"""
TOTAL = """\
14 claims: 3 hold, 2 hold loosely, 2 do not hold, 1 disputed, 1 undecided, 3 not checked here, 1 uncheckable, \
1 broken; 3 surprises
page:   reports/out/claims.html
ledger: reports/out/claims.json
"""


def summary(outcome: Outcome) -> str:
    """What stands below the heading "claims", up to pytest's next heading."""
    lines = outcome.output.splitlines()
    start = next(place for place, line in enumerate(lines) if line.strip("=") == " claims ")
    end = next((place for place, line in enumerate(lines[start + 1 :], start + 1) if "====" in line), len(lines))
    return "\n".join(lines[start + 1 : end]) + "\n"


def test_the_summary_of_a_run(new_suite: Callable[[], Suite]) -> None:
    runs = {
        "plain": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no"),
        "in two": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no", "-n", "2"),
        "quiet": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no", "-rN", "-q"),
        "no summary": partial(mixed(new_suite()).run, "-m", "cheap", "--no-summary"),
        "verbose": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no", "-v"),
        "narrow": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no", environment={"COLUMNS": "50"}),
        "coloured": partial(mixed(new_suite()).run, "-m", "cheap", "--tb=no", "--color=yes"),
        "ASCII": partial(mixed(new_suite()).run, "--tb=no", environment={"PYTHONIOENCODING": "ascii", "LC_ALL": "C"}),
    }
    told = dict(zip(runs, together(list(runs.values())), strict=True))
    assert summary(told["plain"]) == WHOLE.removeprefix("\n") + TOTAL
    assert summary(told["in two"]) == WHOLE.removeprefix("\n") + TOTAL
    assert summary(told["quiet"]).startswith(TOTAL)
    assert summary(told["no summary"]) == TOTAL
    verbose = summary(told["verbose"])
    assert "  not checked  paper/gpu: needs weights or a device: pytest -m gpu\n" in verbose
    assert "  not checked  paper/gpu-too: needs weights or a device: pytest -m gpu\n" in verbose
    narrow = summary(told["narrow"])
    assert narrow.replace("\n               ", " ").count("printed 12B (11.5B to 12.5B), measured 12,879,925,248") == 1
    assert max(map(len, narrow.partition("not checked")[2].partition("14 claims")[0].splitlines())) <= 60
    assert "\x1b[31m     SURPRISE  \x1b[0mpaper/stale" in told["coloured"].output
    assert "\x1b" not in summary(told["plain"])
    assert "cheese" in told["ASCII"].output
    for outcome in told.values():
        assert outcome.code == 1
        assert "INTERNALERROR" not in outcome.output


def mixed(suite: Suite) -> Suite:
    suite.claims(FIRST).claims(SECOND, "two")
    suite.write("claims/paper/test_three.py", THIRD)
    return suite


def test_long_texts_are_cut_unless_asked_for(new_suite: Callable[[], Suite]) -> None:
    text = (
        '@pytest.mark.claim("it", refuted="' + "why not " * 60 + '")\ndef test_it():\n    """So."""\n    assert not 1\n'
    )
    short, full = together([new_suite().claims(text).run, partial(new_suite().claims(text).run, "-v")])
    assert summary(short).count("why not") < 30
    assert summary(short).count(" …\n") == 1
    assert " ".join(summary(full).split()).count("why not") == 60
    assert "1 claim: 1 does not hold" in summary(short)


def test_plain_runs_are_green_and_short(suite: Suite) -> None:
    outcome = suite.claims('@pytest.mark.claim("it")\ndef test_it():\n    """So."""\n').run("--color=yes")
    assert outcome.code == 0
    assert "\x1b[32m1 claim: 1 holds\x1b[0m" in outcome.output
    assert len(summary(outcome).splitlines()) == 6
