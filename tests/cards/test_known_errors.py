"""Errors that authors corrected in public: what was printed is off, what was corrected and what is disputed is not."""

from __future__ import annotations

import pytest

from benchmarks import known_errors
from claim_suite.fixtures import origins

# The corrections of these changed the convention, or the printed value is within a reading that is named.
IN_A_READING = {"pythia-sizes", "bloom-175b"}


@pytest.fixture(scope="module")
def outcomes() -> dict[str, list[tuple[known_errors.Checked, known_errors.Checked]]]:
    return {error["id"]: rows for error, rows in known_errors.outcomes() if rows}


def test_printed_errors_are_off_and_their_corrections_are_not(
    outcomes: dict[str, list[tuple[known_errors.Checked, known_errors.Checked]]],
) -> None:
    missed = {name for name, rows in outcomes.items() if any(wrong.kind != "off" for wrong, _ in rows)}
    assert missed == IN_A_READING
    assert {right.kind for rows in outcomes.values() for _, right in rows} == {"holds", "reading"}
    assert len(outcomes) >= 12


def test_no_dispute_of_convention_is_refuted() -> None:
    found = {dispute["subject"]: got for dispute, got in known_errors.disputes() if got}
    assert {name: got.kind for name, got in found.items()} == {"Gemma report": "reading", "Gemma 7B": "reading"}
    assert "gate and up together" in found["Gemma report"].says


def test_every_check_is_of_a_registered_error_and_the_table_is_as_written() -> None:
    known = {error["id"] for error in origins.load("known_errors.json")["errors"]}
    assert known_errors.CHECKS.keys() <= known
    assert known_errors.TABLE.read_text(encoding="utf-8") == known_errors.table()
