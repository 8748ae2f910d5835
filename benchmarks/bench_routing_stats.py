"""Time and memory of intervals for 8 domains of 1,000 documents, 32 layers, 8 experts, 2,000 resamples.

    python -m benchmarks.bench_routing_stats

Each line is the best of three runs; memory is the most the whole process ever held, torch itself included. The goal is
2 seconds and 1 GB on two cores.
"""

from __future__ import annotations

import resource
import sys
import time
from typing import TYPE_CHECKING

import torch

from fixtures.routing.bootstrap import share_replicates
from fixtures.routing.distances import distance_intervals, trend_interval
from fixtures.routing.intervals import interval, share_intervals
from fixtures.routing.permutation import domains_differ
from fixtures.routing.shares import between_domains, from_even

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

DOMAINS, DOCUMENTS, LAYERS, EXPERTS, RESAMPLES, THREADS = 8, 1000, 32, 8, 2000, 2
REPEATS = 3


def corpus() -> tuple[Tensor, Tensor]:
    """Counts of documents of 50 to 1,000 tokens with two choices each: `[8000, 32, 8]`, and their domains."""
    generator = torch.Generator().manual_seed(0)
    documents = DOMAINS * DOCUMENTS
    slots = 2 * torch.randint(50, 1000, (documents, 1, 1), generator=generator)
    parts = torch.rand(documents, LAYERS, EXPERTS, generator=generator, dtype=torch.float64)
    counts = (parts / parts.sum(-1, keepdim=True) * slots).long()
    counts[..., 0] += slots[..., 0] - counts.sum(-1)
    return counts, torch.arange(DOMAINS).repeat_interleave(DOCUMENTS)


def peak() -> float:
    """Return the most memory this process has held so far, in gigabytes."""
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return held / (1e9 if sys.platform == "darwin" else 1e6 / 1.024)


def report(name: str, work: Callable[[], object]) -> None:
    """Print the best time of some work, by the clock and of both cores together, and the peak so far."""
    times = []
    for _ in range(REPEATS):
        start, used = time.perf_counter(), time.process_time()
        work()
        times.append((time.perf_counter() - start, time.process_time() - used))
    clock, cores = min(times)
    print(f"{name:44} {clock:6.2f} s   {cores:6.2f} core seconds   peak {peak():5.2f} GB", flush=True)


def main() -> None:
    """Print a line for each kind of interval."""
    torch.set_num_threads(THREADS)
    counts, domains = corpus()
    print(f"{'with torch and the counts':78} peak {peak():5.2f} GB")
    report("replicates of all shares", lambda: share_replicates(counts, domains, RESAMPLES, 1))
    report("intervals of all 2,048 shares", lambda: share_intervals(counts, domains, resamples=RESAMPLES))
    one = lambda shares: shares[..., 0, 31, 0] - shares[..., 1, 31, 0]  # noqa: E731  # a statistic fits on a line
    report("interval of a difference of two shares", lambda: interval(one, counts, domains, resamples=RESAMPLES))
    report("from even, 32 layers", lambda: distance_intervals(from_even, counts, domains, resamples=RESAMPLES))
    report("between domains, 32 layers", lambda: distance_intervals(between_domains, counts, domains, 0.95, RESAMPLES))
    report("trend over 32 layers", lambda: trend_interval(between_domains, counts, domains, resamples=RESAMPLES))
    report("domains differ, 1,999 permutations", lambda: domains_differ(counts, domains))


if __name__ == "__main__":
    main()
