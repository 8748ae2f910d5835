"""Counts of others that this document's claims on routing are held against, beside the figure that it talks about."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from claim_suite.fixtures.routing.sources import record

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


MMLU_RECORD = record(
    "MMLU record", "mixtral_mmlu_counts.json", DATA, lambda content: content["subjects"], text="57 subjects of MMLU"
)
MMLU_MATHEMATICS = record(
    "MMLU mathematics record", "mixtral_mmlu_counts.json", DATA, _mathematics,
    text="five mathematics subjects of MMLU, pooled, in place of DM Mathematics",
)  # fmt: skip
OLMOE_RECORD = record(
    "OLMoE repository's record", "mixtral_olmoe_repo_counts.json", DATA, lambda content: content["domains"],
    text="five domains, 208,896 tokens each",
)  # fmt: skip
