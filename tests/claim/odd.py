"""Values that look like numbers, or compare like them, and are none."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np


class Agreeable:
    """Compares as its answer says, whatever with."""

    def __eq__(self, other: object) -> bool:
        return True

    def __ne__(self, other: object) -> bool:
        return True

    __lt__ = __le__ = __gt__ = __ge__ = __eq__

    def __hash__(self) -> Any:
        return 1


class AgreeableFraction(Agreeable, Fraction):  # type: ignore[misc]  # that its hash is another is the point
    """A fraction that compares as it likes."""


class AgreeableInt(Agreeable, int):
    """An integer that compares as it likes."""


class AgreeableFloat(Agreeable, float):
    """A float that compares as it likes."""


class SaysItIsInt(Agreeable):
    """An object that `isinstance` takes for an integer."""

    denominator = numerator = 3
    __class__ = int  # type: ignore[assignment]  # the trick itself


ODD = [
    True, None, "33", b"33", [33], 33 + 0j, Decimal(33), float("nan"), float("inf"), np.float64(33), np.int64(33),
    np.array([33.0, 1.0]), AgreeableFraction(1), AgreeableInt(1), AgreeableFloat(1), SaysItIsInt(),
]  # fmt: skip
