"""The book's sums: bytes, FLOPs and seconds of products and collectives, exactly, on chips with the book's own rates.

A claim's sum is a `Sum`: what is computed, its unit, and what another reading computes, where there is one.
"""

from __future__ import annotations

from collections import defaultdict
from fractions import Fraction
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

from claim_suite.fixtures import origins
from claim_suite.fixtures.models.accelerators import Accelerator, Exact

FIRST, GPUS, HEAD = "0a702b6", "efbdb12", "e5de31b"  # commits: as published, and as last read
DATA = Path(__file__).parent / "data"
PRINTED: dict[str, Any] = origins.load("as_printed.json", DATA, parse_float=Fraction)
MAKERS: dict[str, Any] = origins.load("accelerators.json", parse_float=Fraction)

US, MS = 10**6, 10**3  # in a second
GIB, KIB = 2**30, 2**10
G, T, P = 10**9, 10**12, 10**15
DAY = 24 * 3600


class Sum(NamedTuple):
    """What a claim computes, its unit, and what it computes in a weaker reading, or one of its author's."""

    value: Any
    unit: str
    other: Any = None

    def read(self, reading: str) -> Any:
        """Return the value of a reading; the literal one also where no other is given."""
        return self.value if reading == "literal" or self.other is None else self.other


def chip(name: str, rate: str = "bf16", of: dict[str, Any] = PRINTED) -> Accelerator:
    """Return a chip with its FLOPs and bytes a second; `link` is one direction of one link."""
    told = of[name]
    return Accelerator(told[rate], told["hbm"], told.get("link", 0), Fraction(1, US), told["capacity"])


V4P, V5P, V5E, V6E, H100, B200 = (chip(name) for name in ("v4p", "v5p", "v5e", "v6e", "h100", "b200"))
INT8 = chip("v5e", "int8")


def chips(name: str) -> int:
    """Return how many chips a full pod has."""
    return prod(PRINTED[name]["pod"])


def product_flops(rows: int, inner: int, columns: int) -> int:
    """FLOPs of a product of matrices: a multiplication and an addition for each of its terms."""
    return 2 * rows * inner * columns


def product_bytes(rows: int, inner: int, columns: int, size: int = 2, weights: int | None = None) -> int:
    """Bytes of both factors and of the product, each number of `size` bytes, the second factor's of `weights`."""
    return size * (rows * inner + rows * columns) + (weights or size) * inner * columns


def intensity(rows: int, inner: int, columns: int, size: int = 2, weights: int | None = None) -> Fraction:
    """FLOPs a byte of a product of matrices."""
    return Fraction(product_flops(rows, inner, columns), product_bytes(rows, inner, columns, size, weights))


def critical(inner: int, columns: int, ridge: Exact, size: int = 2, weights: int | None = None) -> Fraction:
    """Rows from which a product is bound by FLOPs, on a chip with such a ridge: where 2BDF = ridge * bytes."""
    moved = ridge * (weights or size) * inner * columns
    return Fraction(moved) / (2 * inner * columns - ridge * size * (inner + columns))


def all_gather(size: Exact, chips: int, bandwidth: Exact) -> Fraction:
    """Seconds to gather `size` bytes over a ring, when each chip sends with `bandwidth`, both ways added."""
    return Fraction(size) * (chips - 1) / (chips * bandwidth)


def ring_load(chips: int, *, every: bool, both_ways: bool = True) -> Fraction:
    """Shares of the whole array over the busiest link in one direction, each message on its shortest way.

    `every`: each shard goes to every chip and is passed on (AllGather), else each chip has a piece of its shard for
    each other (AllToAll). A message half way round is split over both ways.
    """
    load: dict[tuple[int, int], int] = defaultdict(int)
    for source in range(chips):
        for hops, way, share in _ways(chips, every=every, both_ways=both_ways):
            for step in range(hops):
                load[(source + way * step) % chips, way] += share
    size = chips if every else chips * chips
    return Fraction(max(load.values()), 2 * size)


def _ways(chips: int, *, every: bool, both_ways: bool) -> list[tuple[int, int, int]]:
    """Return how far, which way and how many halves of a piece one chip sends: a chain each way, or a message each."""
    if not both_ways:
        return [(chips - 1, 1, 2)] if every else [(hops, 1, 2) for hops in range(1, chips)]
    if every:
        return [(chips // 2, 1, 2), ((chips - 1) // 2, -1, 2)]
    found = []
    for hops in range(1, chips):
        if 2 * hops == chips:
            found += [(hops, 1, 1), (hops, -1, 1)]
        else:
            found.append((hops, 1, 2) if 2 * hops < chips else (chips - hops, -1, 2))
    return found


def furthest(*sizes: int, wrap: bool) -> int:
    """Hops between the two chips of a grid that are furthest apart."""
    return sum(size // 2 if wrap else size - 1 for size in sizes)
