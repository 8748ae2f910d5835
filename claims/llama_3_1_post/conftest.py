"""What only this document's claims need: heads of keys and values of the largest model, as released and since."""

from pathlib import Path

from claim_suite.fixtures.facts import published

heads = published("heads.json", Path(__file__).parent / "data")
