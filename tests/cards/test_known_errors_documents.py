"""Corrections of documents: what counts as one, what was known before, and what a ledger lacks."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from benchmarks import known_errors_documents as known

PART = {"name": "a", "document": "a", "first": "1", "read": "1", "later": "2", "blind": "yes", "listed": [2, 1]}
NAMED: dict[str, list[str]] = {"known": ["a/late"], "without": ["a/rewritten"], "gone": [], "not_counted": ["a/input"]}


def claim(name: str, verdict: str, version: str = "1", corrects: str = "") -> dict[str, Any]:
    told = {
        "id": f"a/{name}",
        "document": "a",
        "verdict": verdict,
        "version": version,
        "stated": "3",
        "says": "it is 3",
    }
    return told | {"corrects": corrects and f"a/{corrects}", "reason": "it is 2", "reply": "about"}


CLAIMS = [
    claim("found", "refuted"), claim("head-found", "holds", "2", "found"),
    claim("late", "loosely"), claim("head-late", "disputed", "2", "late"),
    claim("right", "holds"), claim("head-right", "holds", "2", "right"),
    claim("input", "disputed"), claim("head-input", "holds", "2", "input"),
    claim("rewritten", "disputed"), claim("alone", "refuted"),
]  # fmt: skip


def corrections(named: dict[str, list[str]]) -> known.Corrections:
    changes = [
        {"where": "a, 1", "printed": "4", "later": "5", "why": "another input", "listed": True},
        {"where": "a, 2", "printed": "6", "later": "7", "why": "documents differ", "doubtful": True},
    ]
    return known.Corrections(CLAIMS, {"part": [PART], "claims": named, "change": changes})


def test_what_did_not_hold_and_was_corrected_counts_and_other_changes_do_not() -> None:
    told = corrections(NAMED)
    assert [one.earlier["id"] for one in told.counted()] == ["a/found", "a/late", "a/rewritten"]
    assert [told.blind(one.earlier) for one in told.counted()] == ["yes", "no", "yes"]
    assert [one["id"] for one in told.wrong()] == ["a/head-late"]
    assert [one["id"] for one in told.unconfirmed()] == ["a/alone"]


def test_the_page_has_the_shares_with_and_without_what_was_known() -> None:
    page = known.table(corrections(NAMED))
    assert "| found before the correction was known | 2 of 3 (66%) | 2 of 3 (66%) |" in page
    assert "| found with the claims that were added since | 3 of 3 (100%) | 3 of 3 (100%) |" in page
    assert "| by the first list: found | 1 of 2 (50%) | 1 of 2 (50%) |" in page
    assert "| corrected values that hold at the later commit | 1 of 2, 1 disputed |" in page
    assert "it would be 2 of 5 (40%)" in " ".join(page.split())


def test_a_name_that_no_ledger_has_ends_it() -> None:
    with pytest.raises(SystemExit, match="No ledger has a/other"):
        corrections(NAMED | {"gone": ["a/other"]})


def test_the_written_page_has_every_claim_that_is_named() -> None:
    named = tomllib.loads(known.TABLE.with_suffix(".toml").read_text(encoding="utf-8"))["claims"]
    page = known.TABLE.read_text(encoding="utf-8")
    assert [name for kind in ("known", "without", "gone") for name in named[kind] if f"`{name}`" not in page] == []
