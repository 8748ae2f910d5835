"""What this document's claims read off published tables in more than one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from math import sqrt
from statistics import mean, stdev
from typing import Any

from claim_suite.fixtures.claim.numbers import Estimate

BATCHES = ("65k", "262k", "1M")
RATES = ("1e-4", "5e-4", "1e-3")

Scored = list[tuple[str, Fraction]]
Runs = Mapping[str, Mapping[str, list[Fraction]]]  # scores by batch and learning rate


def gains(row: Mapping[str, Any]) -> list[tuple[int, Fraction]]:
    """Rise of quality with each doubling of the experts, by the number of experts that it leads to."""
    return list(zip(row["experts"][1:], (more - less for less, more in pairwise(row["teachers"])), strict=True))


def by_batch(runs: Runs) -> Scored:
    """Mean score of all runs with a batch size, from the smallest on."""
    return [(batch, mean(score for pair in runs[batch].values() for score in pair)) for batch in BATCHES]


def by_rate(runs: Runs) -> Scored:
    """Mean score of all runs with a learning rate, from the lowest on."""
    return [(rate, mean(score for batch in runs.values() for score in batch[rate])) for rate in RATES]


def benefit_more(sparse: Runs, dense: Runs, better: Callable[[Runs], list[Fraction]]) -> Estimate:
    """By how many points more a setting helps sparse models than dense ones: mean over runs alike in all else.

    `better` returns what the setting gains in each of these runs. The interval is Student's, at 95 %.
    """
    from scipy.stats import t

    gained = [float(ours - other) for ours, other in zip(better(sparse), better(dense), strict=True)]
    half = float(t.ppf(0.975, len(gained) - 1)) * stdev(gained) / sqrt(len(gained))
    return Estimate(mean(gained), mean(gained) - half, mean(gained) + half)


def by_small_batch(runs: Runs) -> list[Fraction]:
    """What the smallest batch gains over the largest, in runs of one learning rate."""
    small, large = (runs[batch] for batch in (BATCHES[0], BATCHES[-1]))
    return [less - more for rate in RATES for less, more in zip(small[rate], large[rate], strict=True)]


def by_high_rate(runs: Runs) -> list[Fraction]:
    """What the highest learning rate gains over the lowest, in runs of one batch size."""
    ends = [(of[RATES[0]], of[RATES[-1]]) for of in runs.values()]
    return [higher - lower for low, high in ends for lower, higher in zip(low, high, strict=True)]


def faster_than_dense(tables: Mapping[str, Any], measure: Callable[..., Any]) -> list[Any]:
    """By how much each sparse model of Switch Transformers' Table 1 is sooner at a quality than the dense T5-Large."""
    dense = tables["table_1_dense"]["T5-Large"]["hours"]
    return [
        measure(dense / row["hours"], "times fewer hours", of=f"{model} than T5-Large, capacity factor {factor}")
        for model, rows in tables["table_1"].items()
        for factor, row in rows.items()
    ]


def more_stable(tables: Mapping[str, Any], method: str) -> Estimate:
    """By how much more of the runs are stable with a method; the ends are those of two exact intervals at 95 %."""
    from scipy.stats import binomtest

    rows = tables["table_2_3_4"]
    ours, other = (Fraction(rows[name]["stable"], rows[name]["runs"]) for name in (method, "Baseline"))
    within, without = (
        binomtest(rows[name]["stable"], rows[name]["runs"]).proportion_ci() for name in (method, "Baseline")
    )
    return Estimate(float(ours - other), float(within.low - without.high), float(within.high - without.low))


def better(tables: Mapping[str, Any], method: str) -> Fraction:
    """By how many nats the quality is higher with a method."""
    rows = tables["table_2_3_4"]
    return Fraction(rows[method]["quality"] - rows["Baseline"]["quality"])
