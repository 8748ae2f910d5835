"""What the tests of a run reported of its claims, and what of them reported nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest

from claim_suite.reports import schema
from claim_suite.reports.schema import Case, Claim, Collected, Key


@dataclass
class Reported:
    """What was collected and every attempt at a case, of this process or of the workers of a distributed run."""

    collected: Collected = field(default_factory=Collected)
    attempts: dict[Key, list[Case]] = field(default_factory=dict)
    claims: dict[str, Claim] = field(default_factory=dict)  # as their reports have them
    failures: dict[str, str] = field(default_factory=dict)  # of tests that reported nothing, as of a worker that died
    expected: set[str] = field(default_factory=set)  # tests that workers collected
    unreadable: list[str] = field(default_factory=list)
    warnings: dict[str, str] = field(default_factory=dict)
    pictures: list[dict[str, Any]] = field(default_factory=list)

    def take_in(self, report: pytest.TestReport) -> str | None:
        """Take in how a test ended; returns the claim's line if the report has one."""
        record = next((str(text) for name, text in report.user_properties if name == schema.CASE), None)
        if record and (report.when == "call" or report.outcome != "passed"):
            claim = msgspec.json.decode(record, type=Claim)
            self.claims.setdefault(claim.id, claim)
            self.attempts.setdefault((claim.id, claim.cases[0].id), []).append(claim.cases[0])
            return record
        if report.failed:
            self.failures[report.nodeid] = str(report.longrepr).strip().splitlines()[-1]
        return None

    def tiers(self) -> set[str]:
        """Return the tiers of the cases that were selected."""
        left_out = set(self.collected.deselected)
        claims = self.collected.claims
        return {case.tier for claim in claims for case in claim.cases if (claim.id, case.id) not in left_out}

    def account(self) -> tuple[list[Claim], schema.Accounting, list[dict[str, str]]]:
        """Return every claim with its verdict, how they add up, and what libraries warned of in which claim."""
        claims = {claim.id: claim for claim in self.collected.claims}
        known = {(claim.id, case.id) for claim in claims.values() for case in claim.cases}
        for key in self.attempts.keys() - known:  # of workers that died before they said what they collected
            claim = claims.setdefault(key[0], msgspec.structs.replace(self.claims[key[0]], cases=[]))
            claim.cases.append(self.attempts[key][-1])
        tests = {case.test: claim.id for claim in claims.values() for case in claim.cases}
        tests |= {
            case.test: key[0] for key, attempts in self.attempts.items() for case in attempts
        }  # repeated under new names
        accounting = self._account(claims, sorted(self.expected - tests.keys()))
        for claim in claims.values():
            claim.conclude()
        warnings = [{"claim": tests[test], "text": text} for text, test in self.warnings.items() if test in tests]
        return list(claims.values()), accounting, warnings

    def _account(self, claims: dict[str, Claim], vanished: list[str]) -> schema.Accounting:
        """Put what was reported of each case in its place, and say what was not."""
        unaccounted = [f"{file}: could not be read, with every claim in it" for file in dict.fromkeys(self.unreadable)]
        unaccounted += [
            line for line in self.collected.lost if not any(line.split(":")[0] in one for one in self.unreadable)
        ]
        unaccounted += vanished
        undertaken, left_out, deselected = len(unaccounted), 0, set(self.collected.deselected)
        for claim in claims.values():
            for place, case in enumerate(claim.cases):
                if attempts := self.attempts.get((claim.id, case.id)):
                    claim.cases[place] = schema.resolve(attempts)
                elif (claim.id, case.id) in deselected:
                    left_out += 1
                    case.reason = schema.NOT_SELECTED[case.tier]
                    continue
                else:
                    case.reason = self.failures.get(case.test, schema.UNREACHED)
                    unaccounted.append(f"{claim.id} {case.id}".strip())
                undertaken += 1
        return schema.Accounting(
            collected=undertaken, reported=undertaken - len(unaccounted), deselected=left_out, unaccounted=unaccounted
        )

    def documents(self) -> list[schema.Document]:
        """Return the documents with the pictures of their sections, the last of each kind and place."""
        last = {(one["kind"], one.get("name"), one["document"], one["section"]): one for one in self.pictures}
        for document in self.collected.documents:
            for section in document.sections:
                section.charts = [
                    {key: value for key, value in picture.items() if key not in ("document", "section")}
                    for (_, _, *place), picture in last.items()
                    if place == [document.id, section.id]
                ]
        return self.collected.documents
