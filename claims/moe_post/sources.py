"""Counts of others that this document's claims on routing are held against, beside the figure that it talks about."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from claim_suite.fixtures.claim.numbers import Estimate
from claim_suite.fixtures.routing.sources import record

if TYPE_CHECKING:
    from claim_suite.fixtures.routing.evidence import Measured, RoutingEvidence

DATA = Path(__file__).parent / "data"
MATHEMATICS = (
    "abstract_algebra",
    "college_mathematics",
    "elementary_mathematics",
    "high_school_mathematics",
    "high_school_statistics",
)


def _mathematics(content: dict[str, Any]) -> dict[str, list[list[int]]]:
    """Pool the subjects that stand in for DM Mathematics."""
    layers = zip(*(content["subjects"][subject] for subject in MATHEMATICS), strict=True)
    return {"DM Mathematics": [[sum(counts) for counts in zip(*rows, strict=True)] for rows in layers]}


def rise_with_depth(evidence: RoutingEvidence) -> Measured:
    """Least rise of the domain distance from one layer to the next, where it rises at every step.

    Else the rise of the least-squares line from first to last layer, in Student's interval from the scatter of the
    layers about it.
    """
    import numpy as np

    from claim_suite.fixtures.routing.intervals import LEVEL, student
    from claim_suite.fixtures.routing.shares import rise

    layers = len(evidence.layers)
    if evidence.steps_up() == layers - 1:
        return evidence.smallest_step()
    found = [evidence.domain_distance(layer) for layer in evidence.layers]
    values = np.array([each.value if isinstance(each, Estimate) else each for each in found])
    line = rise(layers)
    value = float(line @ values)
    about = values - values.mean() - value * line / (line @ line)
    reach = float(student((1 + LEVEL) / 2, layers - 2)) * float((about @ about) * (line @ line) / (layers - 2)) ** 0.5
    return Estimate(value, value - reach, value + reach)


OVER_DOMAINS = "no texts were kept: intervals are over the domains, as if these were drawn independently"
MMLU_RECORD = record(
    "MMLU record", "mixtral_mmlu_counts.json", DATA, lambda content: content["subjects"],
    text="57 subjects of MMLU", note=OVER_DOMAINS,
)  # fmt: skip
MMLU_MATHEMATICS = record(
    "MMLU mathematics record", "mixtral_mmlu_counts.json", DATA, _mathematics,
    text="five mathematics subjects of MMLU, pooled, in place of DM Mathematics",
)  # fmt: skip
OLMOE_RECORD = record(
    "OLMoE repository's record", "mixtral_olmoe_repo_counts.json", DATA, lambda content: content["domains"],
    text="five domains, 208,896 tokens each", note=OVER_DOMAINS,
)  # fmt: skip
