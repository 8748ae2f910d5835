"""The book's sums: bytes, FLOPs and seconds of products and collectives, exactly, on chips with the book's own rates.

A claim's sum is a `Sum`: what is computed, its unit, what another reading computes, where there is one, and the same
number by another route, without which no number is refuted. The last functions are for such routes: they count.
"""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from fractions import Fraction
from functools import cache
from itertools import count, product
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch.utils.flop_counter import FlopCounterMode

from claim_suite.fixtures import facts, origins
from claim_suite.fixtures.models.accelerators import Accelerator, Exact

FIRST, GPUS, HEAD = "0a702b6", "efbdb12", "e5de31b"  # commits: as published, and as last read
DATA = Path(__file__).parent / "data"
PRINTED: dict[str, Any] = origins.load("as_printed.json", DATA, parse_float=Fraction)
FIGURES: dict[str, Any] = origins.load("figures.json", DATA, parse_float=Fraction)
MAKERS: dict[str, Any] = facts.makers().values

US, MS = 10**6, 10**3  # in a second
GIB, KIB = 2**30, 2**10
G, T, P = 10**9, 10**12, 10**15
DAY = 24 * 3600


class Sum(NamedTuple):
    """What a claim computes, its unit, what it computes in another reading, and the same value by other routes."""

    value: Any
    unit: str
    other: Any = None
    also: dict[str, Any] | None = None

    def read(self, reading: str) -> Any:
        """Return the value of a reading; the literal one also where no other is given."""
        return self.value if reading == "literal" or self.other is None else self.other


def chip(name: str, rate: str = "bf16", of: dict[str, Any] = PRINTED) -> Accelerator:
    """Return a chip with its FLOPs and bytes a second; `link` is one direction of one link."""
    told = of[name]
    return Accelerator(told[rate], told["hbm"], told.get("link", 0), Fraction(1, US), told["capacity"])


V4P, V5P, V5E, V6E, H100, B200 = (chip(name) for name in ("v4p", "v5p", "v5e", "v6e", "h100", "b200"))
INT8 = chip("v5e", "int8")
ALPHA = V5P.flops_per_second / (2 * V5P.interconnect_bandwidth)  # FLOPs for each byte of both directions


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


def ring_steps(chips: int, *, adds: bool) -> int:
    """Steps until every chip of a ring has all pieces, each passing one on a step; an AllReduce `adds`.

    A piece of an AllReduce is whole when it has the numbers of every chip; one of an AllGather is whole on its chip.
    """
    whole = set(range(chips))
    pieces = [[{chip} if adds else whole if chip == piece else set() for piece in whole] for chip in whole]
    for step in count():
        if all(piece == whole for own in pieces for piece in own):
            return step
        passed = [pieces[chip][(chip - step) % chips] for chip in whole]
        for chip, piece in enumerate(passed):
            to, place = (chip + 1) % chips, (chip - step) % chips
            pieces[to][place] = pieces[to][place] | piece
    raise AssertionError


def furthest(*sizes: int, wrap: bool) -> int:
    """Hops between the two chips of a grid that are furthest apart."""
    return sum(size // 2 if wrap else size - 1 for size in sizes)


def held(*shape: int, dtype: torch.dtype = torch.bfloat16) -> int:
    """Bytes of an array of some shape, as PyTorch counts those of one that it makes without memory."""
    return torch.empty(shape, dtype=dtype, device="meta").nbytes


def flops_run(rows: int, inner: int, columns: int, *, trained: bool = False) -> int:
    """FLOPs of a product of matrices as PyTorch counts what it runs, with both derivatives if it is `trained`."""
    first, second = (
        torch.empty(shape, device="meta", requires_grad=True) for shape in ((rows, inner), (inner, columns))
    )
    with FlopCounterMode(display=False) as counter:
        product = first @ second
        if trained:
            torch.autograd.backward(product.sum())
    return int(counter.get_total_flops())


def one_by_one(*sizes: int) -> int:
    """How many places a grid of some sizes has, each of them gone to."""
    return sum(1 for _ in product(*map(range, sizes)))


def put_in(free: Exact, size: int) -> int:
    """How many pieces of `size` bytes go into `free` bytes, one after the other."""
    return next(pieces for pieces in count() if size * (pieces + 1) > free)


def bound_from(flops: Exact, bandwidth: Exact, size: int = 2) -> int:
    """Least whole number of tokens for which a weight of `size` bytes is computed with as long as it is read."""
    return next(tokens for tokens in count(1) if Fraction(2 * tokens) / flops >= Fraction(size) / bandwidth)


def ratio_by_trial(batch: int, chips: int, width: int = 32768) -> float:
    """FLOPs' time by communication's on v5p, of the best of 4,096 splits between sharding data and tensors."""
    splits = (chips * part / 4096 for part in range(1, 4097))
    moving = min(width * split / (2 * chips) + batch / split for split in splits)
    return batch * width / (chips * float(ALPHA)) / moving


@cache
def least_batch(chips: int, width: int = 32768) -> int:
    """Least tokens for which FLOPs take as long as communication of the best split, found by trying batches."""
    return bisect_left(range(1, 10**8), True, key=lambda batch: ratio_by_trial(batch, chips, width) >= 1) + 1
