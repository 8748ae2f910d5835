"""What only this document's claims need: the numbers that its sums start from, its own and their makers'."""

from pathlib import Path

from claim_suite.fixtures import origins
from claim_suite.fixtures.facts import published

DATA = Path(__file__).parent / "data"

printed = published("as_printed.json", DATA, "The rates and sizes that the book itself starts from.")
makers = published("accelerators.json", origins.DATA, "What the chips' makers publish of them.")
