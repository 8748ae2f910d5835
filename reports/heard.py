"""What is heard of a run's claims: which were collected, and how the test of each ended."""

from __future__ import annotations

import json
import shutil
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from reports.ledger import write_text

if TYPE_CHECKING:
    import pytest

    from reports.ledger import Document, Registration

Key = tuple[str, str]
CLAIM_KEYS = {"claim", "id", "verdict", "reason", "measured"}
LONGEST_REASON = 2000


@dataclass
class Collection:
    """The cases that were collected, those of them that were not selected, and their documents."""

    documents: list[Document] = field(default_factory=list)
    cases: list[Registration] = field(default_factory=list)
    deselected: list[Key] = field(default_factory=list)
    error: str = ""

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> Collection:
        """Read a collection's fields after a round trip through JSON."""
        return cls(**{**content, "deselected": [(claim, case) for claim, case in content["deselected"]]})


def leave(collection: Collection, place: Path) -> None:
    """Write what a worker collected into its controller's inbox."""
    write_text(json.dumps(asdict(collection)), place, lasting=False)


class Inbox:
    """A folder for what the workers of a run collected, there as long as its context."""

    def __enter__(self) -> Inbox:
        self.folder = Path(tempfile.mkdtemp(prefix="claims-"))
        return self

    def __exit__(self, *_error: object) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def read(self) -> Collection:
        """Return what was collected: an error if there was one, else the most, for a worker may have been cut short."""
        told = [Collection.from_json(json.loads(file.read_text())) for file in sorted(self.folder.glob("*.json"))]
        return max(told, key=lambda one: (bool(one.error), len(one.cases)), default=Collection())


@dataclass
class Result:
    """What was heard of a case: what its property "claim" holds, and how long it took in seconds."""

    content: dict[str, Any] = field(default_factory=dict)
    seconds: float = 0.0


@dataclass
class Heard:
    """What was heard in a run: results, how tests ended that left no verdict, and files that could not be read."""

    results: dict[Key, Result] = field(default_factory=dict)
    crashes: dict[str, str] = field(default_factory=dict)
    unreadable: dict[str, None] = field(default_factory=dict)

    def hear(self, report: pytest.TestReport) -> None:
        """Take in one report of a test: of its setup, its call or its teardown."""
        if told := _told(report):
            result = self.results.setdefault((told["claim"], told["id"]), Result())
            result.content = told
            result.seconds = report.duration if report.when == "call" else result.seconds
        elif report.failed:
            # Where tests are sent to workers by group, a test's name ends in its group.
            test = report.nodeid.rpartition("@")[0] or report.nodeid
            self.crashes[test] = self.crashes[report.nodeid] = report.longreprtext.strip()[:LONGEST_REASON]


def _told(report: pytest.TestReport) -> dict[str, Any] | None:
    content = dict(report.user_properties).get("claim")
    try:
        told = json.loads(content) if isinstance(content, str) else None
    except ValueError:
        return None  # a property of the same name, of a test that checks no claim
    return told if isinstance(told, dict) and told.keys() >= CLAIM_KEYS else None


def key_of(registration: Registration) -> Key:
    """Return what identifies a case within a run: its claim and its id within the claim."""
    return registration["claim"], registration["case"]["id"]
