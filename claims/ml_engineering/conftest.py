"""What only this document's claims need: what the makers publish of their accelerators."""

from claim_suite.fixtures import facts

makers = facts.once("What the accelerators' makers publish of them.", lambda: facts.makers())
