"""Products of matrices, and reading of weights, by the clock of a GPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch.utils.benchmark import Timer

from claim_suite.fixtures.claim.numbers import Estimate, NotCovered
from claim_suite.fixtures.recording.timing import median_time
from claim_suite.reports.schema import Evidence

CLAIMED = "A100"  # as a device of the kind that the claims are about calls itself
TIMES = 20
RUNS = 50


@dataclass(frozen=True)
class ProductClock:
    """Times of products `[rows, inner] @ [inner, columns]` on one device, in bfloat16."""

    device: str
    name: str

    @classmethod
    def on(cls, device: str | None) -> ProductClock:
        """The clock of a device, the first GPU if none is named; there may be none."""
        if device == "cpu" or not torch.cuda.is_available():
            return cls("cpu", "a CPU")
        return cls(device or "cuda:0", torch.cuda.get_device_name(device or "cuda:0"))

    @property
    def evidence(self) -> list[Evidence]:
        """What was timed, and on what."""
        engine = f"torch {torch.__version__}"
        return [Evidence(source="by the clock", precision="bfloat16", engine=engine, device=self.name)]

    def microseconds(self, rows: int, inner: int, columns: int) -> Estimate:
        """Median time of one product, with an interval that has its level whatever the times' distribution.

        Raises NotCovered for a device that the claims are not about.
        """
        if CLAIMED not in self.name:
            raise NotCovered(f"the claim is about an {CLAIMED}, and this is {self.name}")
        return self.time(rows, inner, columns)

    def time(self, rows: int, inner: int, columns: int) -> Estimate:
        """Time a product on whatever device this is, in microseconds."""
        part: dict[str, Any] = {"device": self.device, "dtype": torch.bfloat16}
        scope = {"left": torch.randn(rows, inner, **part), "right": torch.randn(inner, columns, **part)}
        timer = Timer("left @ right", globals=scope)
        timer.timeit(1)
        return median_time(1e6 * timer.timeit(RUNS).mean for _ in range(TIMES))
