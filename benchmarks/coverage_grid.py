"""How often intervals of routing keep their word: one grid of truths and texts, declared before it was run.

    python -m benchmarks.coverage_grid --runs 400 --processes 2 --write   # the table in benchmarks/coverage.md
    python -m benchmarks.coverage_grid --runs 20 --only "60 texts" --cells  # part of it, cell by cell, printed

Promised is, for every cell and every quantity, that the interval covers the truth in .93 of the runs that decide, and
that it lies wholly on the wrong side, above the truth or below it, in at most .03 each. A run in which there are too
few texts is undecided and is not counted. Each run has its own seed, from the cell and its number.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import sys
import time
import zlib
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from statistics import NormalDist
from typing import Any

import numpy as np

from claim_suite.fixtures.claim.numbers import Estimate, Undecided
from claim_suite.fixtures.routing.counts import Counts, Text
from claim_suite.fixtures.routing.intervals import LEVEL
from claim_suite.fixtures.routing.metadata import REQUIRED
from claim_suite.fixtures.routing.shares import Array, between, evenness, margin, rise, squared_distance
from claim_suite.fixtures.routing.texts import TextCounts, by_text

TABLE = Path(__file__).with_name("coverage.md")
FIGURE = Path(__file__).parents[1] / "fixtures/data/mixtral_paper_figure7.json"
COVERED, WRONG = 0.93, 0.03
CONCENTRATION = 20  # of the Dirichlet distribution of a text's own shares: a standard deviation of .07 at 1/8
TOKENS = 200  # in a text, typically
REPETITION = 6.0, 14.0  # of the Beta distribution of a text's part of repeated tokens: .3 on average
LAYERS = 3
COPIES = 5
TRUTHS = ("dense", "one apart", "two uneven", "half even", "all even", "equal layers", "opposed layers")


@dataclass(frozen=True)
class Cell:
    """Texts of known shares: which, how many in each domain, how long, and of which model."""

    truth: str
    texts: int
    lengths: str = "usual"
    experts: int = 8
    top_k: int = 2
    domains: int = 4
    unequal: bool = False

    def __str__(self) -> str:
        model = f"{self.experts} experts, k {self.top_k}, {self.domains} domains"
        return f"{self.truth}; {self.texts} texts{', unequal' * self.unequal}; {self.lengths}; {model}"


def shares(cell: Cell) -> Array:
    """True shares of assignments, `[domains, layers, experts]`."""
    if cell.truth == "Figure 7":
        drawn = json.loads(FIGURE.read_text())["shares"]
        figure = np.array([[drawn[layer][domain] for layer in drawn] for domain in drawn["0"]])
        return np.asarray(figure / figure.sum(-1, keepdims=True))
    size = cell.domains, LAYERS, cell.experts
    dense = np.random.default_rng(1).dirichlet(np.full(cell.experts, 10.0), size[:2])
    even = np.full(size, 1 / cell.experts)
    half = cell.experts // 2
    tilted = even * np.where(np.arange(cell.experts) < half, 1.5, 0.5)
    if cell.truth == "one apart":
        return np.where(np.arange(cell.domains)[:, None, None] == 0, tilted, even)
    if cell.truth == "two uneven":
        even[..., 0], even[..., 1] = 1.3 / cell.experts, 0.7 / cell.experts
        return even
    if cell.truth == "half even":
        return np.where(np.arange(cell.domains)[:, None, None] < cell.domains // 2, dense, even)
    if cell.truth == "equal layers":
        return np.stack([np.roll(dense[:, 0], layer, -1) for layer in range(LAYERS)], 1)
    if cell.truth == "opposed layers":
        return dense[:, [0] * LAYERS]
    if cell.truth == "a lead":
        even[..., 0], even[..., 2:] = 0.2, 0.675 / (cell.experts - 2)
        return even
    if cell.truth == "two apart":
        return np.asarray(even * (1 + 0.35 * np.arange(cell.domains)[:, None, None] * np.resize([1, -1], cell.experts)))
    if cell.truth == "rare":
        dense[..., 0] = 1e-4
        return np.asarray(dense / dense.sum(-1, keepdims=True))
    return {"dense": dense, "all even": even}[cell.truth]


def moved(true: Array) -> Array:
    """By how much shares may move to and fro, expert against its neighbour, and stay shares."""
    pairs = true.shape[-1] // 2 * 2
    least = true[..., :pairs].reshape(*true.shape[:-1], -1, 2).min(-1, keepdims=True)
    apart = np.zeros(true.shape)
    apart[..., :pairs] = (0.6 * least * [1, -1]).reshape(*true.shape[:-1], pairs)
    return apart


def evidence(cell: Cell, seed: int) -> tuple[TextCounts, Array]:
    """Draw texts of a cell, and say what their shares are in truth."""
    drawing = np.random.default_rng([zlib.crc32(str(cell).encode()), seed])
    true, counted, repeated = shares(cell), [], []
    texts: list[Text] = []
    for domain, own in enumerate(true):
        number = cell.texts * (1 + 3 * (domain % 2)) if cell.unequal else cell.texts
        spread = 1.2 if cell.lengths == "heavy" else 0.7
        tokens = np.maximum(2, TOKENS * np.exp(spread * drawing.standard_normal(number))).astype(int)
        expected = np.broadcast_to(own, (number, *own.shape))
        if cell.lengths == "copies":
            tokens = tokens[: number // COPIES].repeat(COPIES)
        if cell.lengths == "giant":
            tokens[0] = tokens[1:].sum()
        if cell.lengths == "related":
            long = drawing.random(number) < 0.5
            tokens = np.where(long, 4 * TOKENS, TOKENS // 2)
            expected = own + moved(own) / 2 * np.where(long, 1, -1)[:, None, None]
        if cell.truth == "opposed layers":
            signs = np.array([1, -1, 1])[:, None] * drawing.uniform(-1, 1, (number, 1, own.shape[-1] // 2))
            texts_shares = expected + moved(own) * signs.repeat(2, -1)
        else:
            alphas = np.maximum(expected * CONCENTRATION * max(1, cell.experts / 8) ** 0.5, 1e-3)
            gammas = drawing.standard_gamma(alphas)
            if cell.lengths == "copies":
                gammas = gammas[: number // COPIES].repeat(COPIES, 0)
            texts_shares = gammas / gammas.sum(-1, keepdims=True)
        counted.append(drawing.multinomial((tokens * cell.top_k)[:, None], texts_shares))
        repeated.append(drawing.binomial(tokens - 1, drawing.beta(*REPETITION, number)))
        texts += [Text(f"{domain:02}", len(texts) + place, int(each)) for place, each in enumerate(tokens)]
    choices = np.concatenate(counted).astype(np.int32)[:, :, None]
    same = np.concatenate(repeated)[:, None].repeat(LAYERS, 1)
    metadata = dict.fromkeys(REQUIRED, "") | {
        "experts": true.shape[-1],
        "top_k": cell.top_k,
        "layers": LAYERS,
        "tokens_per_domain": 1,
    }
    if cell.lengths == "related":
        true = true + moved(true) / 2 * (4 - 0.5) / (4 + 0.5)
    return by_text("drawn", metadata, Counts(tuple(texts), choices, same, same)), true


def quantities(true: Array) -> dict[str, tuple[Callable[[TextCounts], Any], float]]:
    """What is asked of texts, and what it is in truth."""
    variations, apart = (squared_distance(true, form(len(true))) for form in (evenness, between))
    return {
        "share": (lambda drawn: drawn.assignment_share("00", 0, 0), true[0, 0, 0]),
        "margin": (lambda drawn: drawn.margin("00", 0, 0), float(margin(true[0, 0], 0))),
        "load variation": (lambda drawn: drawn.load_variation(0), variations[0]),
        "domain distance": (lambda drawn: drawn.domain_distance(0), apart[0]),
        "evenness gap": (lambda drawn: drawn.evenness_gap(0, than=[1]), variations[1] - variations[0]),
        "smallest step": (lambda drawn: drawn.smallest_step(), np.diff(apart).min()),
        "trend": (lambda drawn: drawn.distance_trend(), apart @ rise(LAYERS)),
        "farthest": (lambda drawn: drawn.farthest()[1], apart.max()),
        "repetition": (lambda drawn: drawn.least_repetition(0), REPETITION[0] / sum(REPETITION)),
    }


# For each quantity, in how many runs it was decided, above the truth, below it.
Sums = dict[str, tuple[int, int, int]]
QUANTITIES = [*quantities(np.full((2, LAYERS, 2), 0.5))]
ROUNDING = 1e-12


def run(cell: Cell, seed: int) -> Sums:
    """One run: each number is 0 or 1."""
    drawn, true = evidence(cell, seed)
    found = {}
    for name, (ask, truth) in quantities(true).items():
        try:
            estimate: Estimate = ask(drawn)
        except Undecided:
            found[name] = 0, 0, 0
        else:
            found[name] = 1, int(estimate.low > truth + ROUNDING), int(estimate.high < truth - ROUNDING)
    return found


def grid() -> list[Cell]:
    """Every truth by number and length of texts, and other models and domains at sixty."""
    lengths = ("usual", "heavy", "giant", "related")
    cells = []
    for truth in TRUTHS:
        cells += [Cell(truth, texts, each) for texts in (20, 60, 200) for each in lengths] + [Cell(truth, 1000)]
    cells += [Cell("Figure 7", texts, each, domains=8) for texts in (20, 60, 200) for each in ("usual", "heavy")]
    cells += [Cell(truth, 20, unequal=True) for truth in TRUTHS]
    models = ((2, 1), (8, 1), (64, 6), (64, 8), (256, 8))
    for experts, top_k in models:
        cells += [Cell(truth, texts, "usual", experts, top_k) for truth in TRUTHS[:5] for texts in (20, 60)]
    return cells + [Cell("rare", texts, "usual", 256, 8) for texts in (20, 60, 200)]


# Nothing is promised of texts that are copies of each other: what an interval is worth there is told beside the table.
DEPENDENT = Cell("dense", 60, "copies")


# How often what is there is found: a lead of .2 over .125, and two domains that are .35 of an even share apart.
LEAD, APART = Cell("a lead", 20, domains=2), Cell("two apart", 20, domains=2)


def power(runs: int) -> dict[str, float]:
    """In which part of the runs that decide a lead and a distance are found, by their intervals and by permutation."""
    found: dict[str, list[bool]] = {"lead": [], "distance": [], "distance, by permutation": []}
    for seed in range(runs):
        with suppress(Undecided):
            found["lead"].append(evidence(LEAD, seed)[0].margin("00", 0, 0).low > 0)  # type: ignore[union-attr]  # of texts
        drawn, _ = evidence(APART, seed)
        with suppress(Undecided):
            found["distance"].append(drawn.domain_distance(0).low > 0)  # type: ignore[union-attr]  # as above
            found["distance, by permutation"].append(permuted(drawn.choices[:, 0], drawn.rows, seed) <= 1 - LEVEL)
    return {name: float(np.mean(each)) for name, each in found.items()}


def permuted(counts: Array, domains: Array, seed: int, times: int = 199) -> float:
    """p-value of the distance between two domains where texts change places: of `counts[texts, experts]`."""

    def apart(domains: Array) -> float:
        one, two = (counts[domains == row].sum(0) for row in range(2))
        return float(((one / one.sum() - two / two.sum()) ** 2).sum())

    drawing, observed = np.random.default_rng(seed), apart(domains)
    return (1 + sum(apart(drawing.permutation(domains)) >= observed for _ in range(times))) / (times + 1)


def measure(cell: Cell, runs: int, first: int = 0) -> Sums:
    """Add up runs of a cell."""
    every = [run(cell, seed) for seed in range(first, first + runs)]
    return {name: tuple(np.sum([each[name] for each in every], 0).tolist()) for name in every[0]}


def broken(sums: Sums, slack: float = 3) -> list[str]:
    """Quantities whose rates are worse than promised by more than `slack` standard errors of so many runs."""
    found = []
    for name, (decided, above, below) in sums.items():
        for misses, allowed in ((above, WRONG), (below, WRONG), (above + below, 1 - COVERED)):
            if misses > decided * allowed + slack * (decided * allowed * (1 - allowed)) ** 0.5:
                found.append(f"{name}: {misses} of {decided}")
    return found


def by_chance(results: Mapping[Cell, Sums]) -> float:
    """Standard errors that the largest of so many rates exceeds by chance once in twenty tables."""
    return NormalDist().inv_cdf(1 - 0.05 / (3 * sum(len(sums) for sums in results.values())))


def summed(results: Mapping[Cell, Sums], name: Callable[[Cell], str]) -> dict[str, Sums]:
    """Sums of all cells of one `name`."""
    found: dict[str, Sums] = {}
    for cell, sums in results.items():
        row = found.setdefault(name(cell), {})
        for quantity, counted in sums.items():
            one, two, three = zip(row.get(quantity, (0, 0, 0)), counted, strict=True)
            row[quantity] = sum(one), sum(two), sum(three)
    return found


def row(name: str, sums: Sums, asked: int) -> str:
    """A row of the table: coverage, and in brackets the more frequent of the two sides, of so many runs."""
    told = []
    for quantity in QUANTITIES:
        decided, above, below = sums.get(quantity, (0, 0, 0))
        rates = f"{1 - (above + below) / decided:.3f} ({max(above, below) / decided:.3f})" if decided else ""
        told.append(rates)
    answered = np.mean([decided for decided, _, _ in sums.values()])
    return f"| {name} | {' | '.join(told)} | {1 - answered / asked:.0%} |"


def page(results: Mapping[Cell, Sums], runs: int, spent: str, *, cells: bool = False) -> str:
    """What is told of a grid: what was promised, the table, and which cells broke the promise."""
    name = str if cells else lambda cell: f"{cell.truth}; {cell.texts} texts"
    asked = Counter(map(name, results))
    rows = [row(each, sums, runs * asked[each]) for each, sums in summed(results, name).items()]
    rows += [row(each, sums, runs * len(results)) for each, sums in summed(results, lambda _: "all").items()]
    odd = [f"- {cell}: {each}" for cell, sums in results.items() for each in broken(sums)]
    copies = measure(DEPENDENT, runs).items()
    told = ", ".join(
        f"{name} {1 - (above + below) / decided:.3f}" for name, (decided, above, below) in copies if decided
    )
    seen = ", ".join(f"{name} {part:.2f}" for name, part in power(runs).items())
    return f"""# Coverage of intervals of routing

    OPENBLAS_NUM_THREADS=1 python -m benchmarks.coverage_grid --runs {runs} --processes 2 --write

{runs} runs of each of {len(results)} cells{spent}; each run has its own seed, from the cell and its number. A row adds up all
lengths of texts and all models of a truth and a number of texts; with `--cells` a row is a cell. In the table: coverage, and in
brackets the more frequent of the two sides, above the truth or below it, over the runs that decide. Promised: coverage at least
{COVERED}, either side at most {WRONG}.

| | {" | ".join(QUANTITIES)} | undecided |
{"|---" * (len(QUANTITIES) + 2)}|
{chr(10).join(rows)}

Texts are taken as independent. Where {COPIES} at a time are alike ({DEPENDENT}), coverage is: {told}.

What is there is found, with {LEAD.texts} texts a domain: {seen}. The two sides of an interval have .025 each, a permutation
.05 on its one, and it takes domains to be alike in the lengths and the variety of their texts, which an interval does not.

Cells that are worse than promised by more than 3 standard errors, of which a few of so many may be chance; the command fails
where a cell is by more than {by_chance(results):.1f}, or a row by more than 3:

{chr(10).join(odd or ["- none"])}
"""  # noqa: E501  # lines of a page


def _job(job: tuple[Cell, int]) -> tuple[Cell, Sums]:
    return job[0], measure(*job)


def main(arguments: list[str]) -> int:
    """Run the grid; the exit code is 1 where a promise is broken beyond what so few runs may show."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=400, help="runs of each cell")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--only", default="", help="only cells whose name has these words")
    parser.add_argument("--cells", action="store_true", help="a row for each cell")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name} instead of printing it")
    options = parser.parse_args(arguments)
    cells = [cell for cell in grid() if options.only in str(cell)]
    start, results = time.monotonic(), {}
    with multiprocessing.Pool(options.processes) as pool:
        for cell, sums in pool.imap(_job, [(cell, options.runs) for cell in cells]):
            results[cell] = sums
            print(
                f"{len(results)} of {len(cells)}: {cell}",
                *broken(sums),
                sep="\n  broken: ",
                file=sys.stderr,
                flush=True,
            )
    text = page(results, options.runs, f" in {(time.monotonic() - start) / 60:.0f} minutes", cells=options.cells)
    TABLE.write_text(text, encoding="utf-8") if options.write else print(text)
    rows = summed(results, lambda cell: f"{cell.truth}; {cell.texts} texts").values()
    return int(any(map(broken, rows)) or any(broken(sums, by_chance(results)) for sums in results.values()))


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
