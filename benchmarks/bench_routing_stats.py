"""Time and memory of what is asked of recorded routing, on the largest records that are expected.

    python -m benchmarks.bench_routing_stats

`benchmarks.results` has its tables. Each line is one call on fresh evidence, by the clock and of all cores together;
memory is the most that the whole process ever held. The goal is that a record of the largest models, 22 domains of 100
texts, 58 layers, 256 experts and top 8, is read and judged in a minute and 2 GB, and a record of 8 domains of 1,000
texts in a few seconds.
"""

from __future__ import annotations

import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np

from claim_suite.fixtures.routing import files
from claim_suite.fixtures.routing.counts import Counts, Text
from claim_suite.fixtures.routing.metadata import PREFERENCE, REQUIRED
from claim_suite.fixtures.routing.texts import by_text

# Domains, texts of each, layers, experts and experts per token.
SIZES = {
    "8 domains of 1,000 texts, 32 layers, 8 experts, top 2": (8, 1000, 32, 8, 2),
    "22 domains of 100 texts, 58 layers, 256 experts, top 8": (22, 100, 58, 256, 8),
}


def record(domains: int, texts: int, layers: int, experts: int, top_k: int) -> Iterator[Counts]:
    """Counts of texts of 50 to 1,000 tokens, some at a time; a rank's experts follow those of the rank before."""
    drawing = np.random.default_rng(0)
    for domain in range(domains):
        for first in range(0, texts, 20):
            number = min(20, texts - first)
            tokens = drawing.integers(50, 1000, number)
            parts = drawing.dirichlet(np.full(experts // top_k, 2.0), (number, layers))
            own = drawing.multinomial(tokens[:, None], parts).astype(np.uint16)
            choices = np.zeros((number, layers, top_k, experts), dtype=np.uint16)
            for rank in range(top_k):
                choices[:, :, rank, rank::top_k][..., : own.shape[2]] = own
            named = (
                Text(f"{domain:02}", domain * texts + first + place, int(each)) for place, each in enumerate(tokens)
            )
            yield Counts(tuple(named), choices)


def metadata(layers: int, experts: int, top_k: int) -> dict[str, object]:
    """What a recording says of itself, as far as it is read here."""
    sizes = {"layers": layers, "experts": experts, "top_k": top_k, "tokens_per_domain": 10**6, "tokens_per_text": 1000}
    return dict.fromkeys(REQUIRED, "drawn") | sizes | {
        "ranks": PREFERENCE, "tried": [top_k], "leading": 1, "plan": {}, "loss_plan": {}, "seconds": 0,
    }  # fmt: skip


def report(name: str, work: Callable[[], object]) -> None:
    """Print the time of some work and the peak of memory so far."""
    start, used = time.perf_counter(), time.process_time()
    work()
    clock, cores = time.perf_counter() - start, time.process_time() - used
    held = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (1e9 if sys.platform == "darwin" else 1e6 / 1.024)
    print(f"| {name} | {cores:.2f} | {clock:.2f} | {held:.2f} |", flush=True)


def questions(found: files.Record) -> dict[str, Callable[[], object]]:
    """What is timed of a record, in order."""
    evidence = by_text("drawn", *found)
    return {
        "share of an expert": lambda: evidence.assignment_share("00", 0, 0),
        "margin of an expert": lambda: evidence.margin("00", 0, 0),
        "load variation, every layer": lambda: evidence.load_variation(0),
        "domain distance, every layer": lambda: evidence.domain_distance(0),
        "smallest step": lambda: evidence.smallest_step(),
        "trend": lambda: evidence.distance_trend(),
    }


def main() -> None:
    """Print a line for each question."""
    for title, size in SIZES.items():
        print(f"| {title} | CPU s | wall s | most GB so far |\n|-|-|-|-|")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "a.parquet"
            report("drawn and written", lambda: files.write(record(*size), metadata(*size[2:]), path))  # noqa: B023  # now
            held = path.stat().st_size
            found: list[files.Record] = []
            report("read and checked", lambda: found.append(files.read([path])))  # noqa: B023  # it runs now
        for name, work in questions(found[0]).items():
            report(name, work)
        print(f"\nThe record has {held / 1e6:.0f} MB on disk.\n")


if __name__ == "__main__":
    main()
