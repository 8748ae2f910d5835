"""Time and memory of what is asked of recorded routing, on the largest records that are expected.

    python -m benchmarks.bench_routing_stats

Each line is one call on fresh evidence, by the clock and of all cores together; memory is the most that the whole
process ever held. The goal is a few seconds and 1 GB for 8 domains of 1,000 texts, 32 layers and 8 experts, and seconds
for 22 domains of 100 texts, 58 layers and 256 experts.
"""

from __future__ import annotations

import functools
import resource
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from fixtures.routing import files
from fixtures.routing.counts import RoutingCounts, Text
from fixtures.routing.metadata import REQUIRED
from fixtures.routing.texts import by_text

SIZES = {
    "8 domains of 1,000 texts, 32 layers, 8 experts": (8, 1000, 32, 8),
    "22 domains of 100 texts, 58 layers, 256 experts": (22, 100, 58, 256),
}
MOST_CELLS = 10**7  # of a record that is written: a row for each is what the format has


def record(domains: int, texts: int, layers: int, experts: int) -> RoutingCounts:
    """Counts of texts of 50 to 1,000 tokens, one choice each."""
    drawing = np.random.default_rng(0)
    tokens = drawing.integers(50, 1000, domains * texts)
    parts = drawing.dirichlet(np.full(experts, 2.0), (len(tokens), layers))
    choices = drawing.multinomial(tokens[:, None], parts).astype(np.int32)[:, :, None]
    metadata = dict.fromkeys(REQUIRED, "") | {
        "experts": experts, "top_k": 1, "layers": layers, "tokens_per_domain": 10**6, "shard": "1/1", "seconds": 0,
    }  # fmt: skip
    named = tuple(Text(f"{place // texts:02}", place, int(each)) for place, each in enumerate(tokens))
    return RoutingCounts(metadata, named, choices)


def report(name: str, work: Callable[[], object]) -> None:
    """Print the time of some work and the peak of memory so far."""
    start, used = time.perf_counter(), time.process_time()
    work()
    clock, cores = time.perf_counter() - start, time.process_time() - used
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6 / 1.024)
    print(f"  {name:44} {clock:7.2f} s   {cores:7.2f} core seconds   peak {held:5.2f} GB", flush=True)


def questions(counts: RoutingCounts) -> dict[str, Callable[[], object]]:
    """What is timed of a record, in order."""
    evidence = by_text("drawn", counts)
    return {
        "share of an expert": lambda: evidence.assignment_share("00", 0, 0),
        "margin of an expert": lambda: evidence.margin("00", 0, 0),
        "load variation, every layer": lambda: evidence.load_variation(0),
        "least load variation": lambda: evidence.smallest_load_variation(0),
        "domain distance, every layer": lambda: evidence.domain_distance(0),
        "smallest step": lambda: evidence.smallest_step(),
        "trend": lambda: evidence.distance_trend(),
        "domains differ, 999 resamples": lambda: evidence.domains_differ(),
    }


def main() -> None:
    """Print a line for each question."""
    for title, size in SIZES.items():
        print(title)
        counts = record(*size)
        if counts.choices.size < MOST_CELLS:
            with tempfile.TemporaryDirectory() as folder:
                path = Path(folder) / "a.parquet"
                report("written", functools.partial(files.write, counts, path))
                report("read and checked", functools.partial(files.read, [path]))
        for name, work in questions(counts).items():
            report(name, work)


if __name__ == "__main__":
    main()
