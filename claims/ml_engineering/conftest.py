"""What only this document's claims need: what the makers publish of their accelerators."""

from claim_suite.fixtures import origins
from claim_suite.fixtures.facts import published

makers = published("accelerators.json", origins.DATA, "What the accelerators' makers publish of them.")
