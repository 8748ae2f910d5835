"""What a run prints at its end: few lines, the worst next to the prompt, nothing of what was not asked for."""

import os
from pathlib import Path

import msgspec
import pytest

from claim_suite.reports import schema
from tests.reports import samples
from tests.reports.conftest import Tell


def test_a_plain_run_tells_each_document_and_then_only_what_is_not_as_declared(tell: Tell) -> None:
    text = tell(samples.bad_day())
    order = [
        "Why mixture-of-experts", "Mixtral of Experts  ", "broken  paper/repetition-baseline: broken: Runtime",
        "SURPRISE  post/llama-total", "14 claims as declared: the page", "unaccounted for: 1", "17 claims: ",
    ]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    wrong = (
        "SURPRISE  post/llama-total: declared holds, measured does not hold; printed 13.02B; measured 12,852,024,320"
    )
    assert wrong in text
    assert "interrupted after 25 of 26 cases" in text
    for elsewhere in ("Where the parameters are", "holds loosely  post/", "does not hold  post/", "awaits a GPU"):
        assert elsewhere not in text
    assert "; 2 surprises\n" in text


def test_a_verbose_run_tells_it_by_section_then_by_claim_the_worst_last(tell: Tell) -> None:
    text = tell(samples.bad_day(), verbose=1)
    order = ["Where the parameters are", "not checked  ", "uncheckable  post/", "holds loosely  post/",
             "does not hold  post/", "disputed  post/", "undecided  post/", "broken  paper/",
             "SURPRISE  post/llama-total: declared holds,", "unaccounted for: 1", "17 claims: "]  # fmt: skip
    places = [text.index(words) for words in order]
    assert places == sorted(places)
    assert "printed 13.02B (13.015B to 13.025B), measured 12,852,024,320 parameters" in text
    assert "Figure 7: holds; rank correlation with depth: 1, steps up: 2 of 2, smallest step" in text
    assert "MMLU record: It peaks in the first half." in text


def test_a_claim_as_declared_is_told_where_few_were_checked_or_on_request(tell: Tell) -> None:
    held = "holds  post/llama-total\n               printed 13.02B (13.015B to 13.025B), measured 13,015,864,320"
    assert held in tell(samples.ledger(samples.counts()))
    assert held not in tell(samples.ledger())
    assert "\n17 claims as declared: the page has them, and -v tells each\n" in tell(samples.ledger())
    assert held in tell(samples.ledger(), verbose=1)
    assert held in tell(samples.ledger(), chars="A")
    laws = tell(samples.ledger(samples.laws()))
    assert "holds  paper/gate-laws\n               8 of 8 parts hold, 96 drawn cases" in laws


def test_the_reason_is_that_of_what_was_selected(tell: Tell) -> None:
    ledger = samples.ledger()
    (claim,) = (each for each in ledger.claims if each.id == "post/llama-total")
    selected = msgspec.structs.replace(claim.cases[0], verdict="unchecked", measured=[], reason="it lacks a domain")
    other = msgspec.structs.replace(selected, id="other", source="figure", reason=schema.NOT_SELECTED["cheap"])
    claim.cases = [other, selected]
    claim.conclude()
    assert "not checked  post/llama-total: it lacks a domain\n" in tell(ledger, verbose=1)


@pytest.mark.parametrize("verbose", [0, 1])
def test_what_was_not_selected_is_one_line(tell: Tell, verbose: int) -> None:
    ledger = samples.ledger()
    for case in (case for claim in ledger.claims[1:] for case in claim.cases):
        case.verdict, case.reason, case.measured = "unchecked", "not selected", []
    for claim in ledger.claims:
        claim.conclude()
    text = tell(ledger, verbose=verbose)
    assert "not checked  16 claims: not selected\n" in text
    assert "holds  post/llama-total" in text
    assert "17 claims: 1 holds, 16 not checked here\n" in text
    assert len(text.splitlines()) < 20


def test_what_was_measured_on_another_model_and_on_a_stand_in_is_told(tell: Tell) -> None:
    text = tell(samples.bad_day(), verbose=1)
    assert "not checked  post/all-experts-hurt" in text
    assert "made on tiny-random, which is not the claim's model.\n               rise: 0.31 nats (0.29 to 0.33)" in text
    assert "fresh measurement (stand-in): holds; expert 7: .181 of slots" in text
    assert "post/wikipedia-expert-8: stand-in\n" in text
    assert "1 claim stands on measurements of a stand-in" in text


def test_an_untested_version_is_one_line_and_warnings_are_told_once(tell: Tell) -> None:
    short, full = tell(samples.bad_day()), tell(samples.bad_day(), verbose=1)
    for text in (short, full):
        assert text.count("Not tested with this version: transformers 5.30.0 (tested: 5.6.0 to 5.24.0)\n") == 1
    assert "1 warning of libraries: -v shows them\n" in short
    assert "FutureWarning" not in short
    assert full.count("warning: post/llama-total: FutureWarning: use `cache` instead\n") == 1


def test_paths_can_be_opened_from_where_the_user_stands(tell: Tell, pytestconfig: pytest.Config) -> None:
    here, far = pytestconfig.invocation_params.dir, Path("/x/claims.json")
    text = tell(samples.ledger(), ledger=far, page=here / "reports/out/claims.html")
    assert "\npage:   reports/out/claims.html\n" in text
    assert text.endswith(f"ledger: {min(os.path.relpath(far, here), str(far), key=len)}\n")
    assert "\npage:   ../claims.html\n" in tell(samples.ledger(), page=here.parent / "claims.html")


def test_quiet_runs_tell_the_counts_alone(tell: Tell) -> None:
    text = tell(samples.ledger(), verbose=-1)
    assert len(text.strip().splitlines()) == 2
    assert "17 claims: 9 hold, 2 hold loosely, 2 do not hold, 1 disputed, 1 undecided, 1 not checked here" in text
    assert "1 claim stands on measurements of a stand-in" in tell(samples.bad_day(), verbose=-1)
    assert "0 claims: nothing to check\n" in tell(samples.ledger([]))
