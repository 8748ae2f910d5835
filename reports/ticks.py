"""Round numbers along an axis."""

from __future__ import annotations

from math import isfinite


def round_ticks(largest: float) -> list[float]:
    """Return about five round numbers from 0 to at least `largest`. Raises ValueError when that is not above 0."""
    if not (isfinite(largest) and largest > 0):
        raise ValueError("nothing to draw to scale")
    rough = largest / 5
    power = 10.0 ** (len(f"{rough:.0f}") - 1 if rough >= 1 else int(f"{rough:e}".partition("e")[2]))
    step = next(power * factor for factor in (1, 2, 2.5, 4, 5, 10) if power * factor >= rough * (1 - 1e-9))
    count = 1
    while count * step < largest * (1 - 1e-9):
        count += 1
    return [float(f"{place * step:.6g}") for place in range(count + 1)]
