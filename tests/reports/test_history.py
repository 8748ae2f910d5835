"""What changed between runs is found, once, and what else changed with it is named."""

import copy
import json
import re
from pathlib import Path
from typing import Any

import pytest

from claim_suite.reports import __main__ as command
from claim_suite.reports import history, recorder, schema
from claim_suite.reports.schema import Case, Ledger
from tests.conftest import Suite, claim
from tests.reports import samples

TOTAL = "post/llama-total"


def later(changes: Any = lambda _: None, day: str = "2026-12-01", **versions: str) -> Ledger:
    """The sample's run some days on, with other versions, where a function changed the case of a claim."""
    made = copy.deepcopy(samples.ledger(started=f"{day}T06:00:00Z"))
    made.run.environment |= versions
    (claim,) = (one for one in made.claims if one.id == TOTAL)
    changes(claim.cases[0])
    claim.conclude()
    return made


def refute(case: Case) -> None:
    case.verdict, case.measured = "refuted", [samples.number(12_852_024_320, "parameters")]


def test_two_runs_that_came_out_alike_have_no_changes() -> None:
    assert history.steps([samples.ledger(), later(torch="2.14.0")]) == []


def test_a_verdict_that_two_versions_change_is_found_and_its_cause_named() -> None:
    (step,) = history.steps([samples.ledger(), later(refute, torch="2.14.0")])
    assert (step.claim, step.was, step.now, step.of_verdict) == (TOTAL, "holds", "refuted", True)
    assert (step.before, step.after) == ("13,015,864,320 parameters", "12,852,024,320 parameters")
    assert step.causes == ["version: torch 2.13.0 → 2.14.0"]


@pytest.mark.parametrize(
    ("name", "value", "cause"),
    [
        ("digest", "other", "the test or its declaration"),
        ("sha256", "f" * 64, "data: fixtures/models/data/llama-2-13b.json 1234567890ab → ffffffffffff"),
        ("revision", "abc", "model revision: fixtures/models/data/llama-2-13b.json none → abc"),
        ("seconds", 2.0, "unknown"),
    ],
)
def test_each_cause_is_told_from_the_others(name: str, value: Any, cause: str) -> None:
    def change(case: Case) -> None:
        refute(case)
        setattr(case if hasattr(case, name) else case.evidence[0], name, value)

    (step,) = history.steps([samples.ledger(), later(change)])
    assert step.causes == [cause]


def test_numbers_alone_can_change_and_the_last_digits_of_a_fraction_are_no_change() -> None:
    def other(case: Case) -> None:
        case.measured = [samples.number(13_015_864_321, "parameters")]

    (step,) = history.steps([samples.ledger(), later(other)])
    assert not step.of_verdict
    first, second = samples.ledger(), samples.ledger()
    second.claims[-1].cases[0].measured[0].value = 0.236 + 1e-12
    assert history.steps([first, second]) == []


def test_a_run_that_did_not_check_a_claim_says_nothing_of_it() -> None:
    def unchecked(case: Case) -> None:
        case.verdict, case.measured = "unchecked", []

    runs = [samples.ledger(), later(unchecked), later(refute, "2026-12-08"), later(day="2026-12-15")]
    told = [(one.was, one.now, one.since[:10]) for one in history.steps(runs)]
    assert told == [("holds", "refuted", "2026-12-08"), ("refuted", "holds", "2026-12-15")]


def test_a_case_that_is_new_is_named_and_a_merged_case_has_the_versions_of_its_own_run() -> None:
    def more(case: Case) -> None:
        refute(case)
        case.run = "b"

    merged = later(more)
    leaf = later(torch="2.15.0")
    leaf.run.id = "b"
    merged.runs = [leaf]
    (step,) = history.steps([samples.ledger(), merged])
    assert step.causes == ["version: torch 2.13.0 → 2.15.0"]
    added = later()
    own = next(one for one in added.claims if one.id == TOTAL)
    own.cases.append(samples.case("refuted", id="second", part="second"))
    own.conclude()
    (step,) = history.steps([samples.ledger(), added])
    assert step.causes == ["checked for the first time: second"]


SHARED = claim("a", 'assert measure(count(), "things", of=TIMES) == 3')


def ran(suite: Suite) -> Ledger:
    assert suite.run().ledger
    return schema.read(suite.ledger)


def test_a_helper_that_changed_is_named_and_one_that_the_test_is_not_made_with_is_not(suite: Suite) -> None:
    suite.claims(
        "from claims.paper import counting\nfrom claims.paper.counting import count\nTIMES = 'once'\n" + SHARED
    )
    suite.write("claims/paper/counting.py", "from claims.paper.sizes import SIZE\n\ndef count():\n    return SIZE\n")
    suite.write("claims/paper/sizes.py", "SIZE = 3\n")
    suite.write("claims/paper/other.py", "SIZE = 3\n")
    first = ran(suite)
    assert list(first.documents[0].sections[0].modules) == ["counting.py", "sizes.py", "test_one.py"]
    assert re.fullmatch(r".+, [0-9a-f]{8}", first.run.environment["suite"])
    for name in ("sizes", "other"):
        suite.write(f"claims/paper/{name}.py", "SIZE = 4\n")
    (step,) = history.steps([first, second := ran(suite)])
    assert (step.now, step.causes) == ("refuted", ["what the test is made with: sizes.py"])
    suite.claims(suite.folder.joinpath("claims/paper/test_one.py").read_text().replace("once", "twice"))
    (step,) = history.steps([second, ran(suite)])
    assert step.causes == ["what the test is made with: test_one.py"]


def test_a_library_whose_two_releases_count_otherwise_is_named(suite: Suite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "LIBRARIES", (*recorder.LIBRARIES, "counting-library"))
    suite.claims("from counting_library import count\nTIMES = ''\n" + SHARED)
    runs = []
    for release, number in (("1.0", 3), ("2.0", 4)):
        folder = suite.write(f"{release}/counting_library.py", f"def count():\n    return {number}\n").parent
        about = f"Metadata-Version: 2.1\nName: counting-library\nVersion: {release}\n"
        suite.write(f"{release}/counting_library-{release}.dist-info/METADATA", about)
        recorder.environment.cache_clear()
        with monkeypatch.context() as patched:
            patched.syspath_prepend(folder)
            runs.append(ran(suite))
    recorder.environment.cache_clear()
    (step,) = history.steps(runs)
    assert (step.was, step.now) == ("holds", "refuted")
    assert step.causes == ["version: counting-library 1.0 → 2.0"]


def test_the_command_tells_it_as_text_and_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths = [tmp_path / f"{place}.json" for place in range(3)]
    for path, ledger in zip(
        paths, (samples.ledger(), later(refute, torch="2.14.0"), later(day="2026-12-08")), strict=True
    ):
        path.write_text(schema.dump(ledger), encoding="utf-8")
    names = [str(path) for path in paths]
    assert command.main(["history", *names[:2]]) == 0
    text = capsys.readouterr().out
    assert "1 verdict changed, and 0 claims in numbers alone." in text
    assert "  holds → does not hold\n    measured 13,015,864,320 parameters → 12,852,024,320 parameters\n" in text
    assert "cause: version: torch 2.13.0 → 2.14.0" in text
    assert command.main(["history", *names]) == 0
    assert "2026-12-08T06:00:00Z  does not hold → holds" in capsys.readouterr().out
    assert command.main(["history", "--json", *names]) == 0
    assert [one["now"] for one in json.loads(capsys.readouterr().out)] == ["refuted", "holds"]
    assert command.main(["history", names[0], str(tmp_path / "none.json")]) == 2
    assert "none.json: cannot be read" in capsys.readouterr().err
