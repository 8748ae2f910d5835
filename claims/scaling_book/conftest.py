"""What only this document's claims need: the numbers that its sums start from, its own and their makers'."""

from pathlib import Path

from claim_suite.fixtures import facts

DATA = Path(__file__).parent / "data"

printed = facts.published("as_printed.json", DATA, "The rates and sizes that the book itself starts from.")
figures = facts.published("figures.json", DATA, "What was read off figures of the book.")
makers = facts.once("What the chips' makers publish of them.", lambda: facts.makers())
