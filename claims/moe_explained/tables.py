"""What this document's claims read off published tables in more than one line."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from itertools import pairwise
from statistics import mean
from typing import Any

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


def faster_than_dense(tables: Mapping[str, Any], measure: Callable[..., Any]) -> list[Any]:
    """By how much each sparse model of Switch Transformers' Table 1 is sooner at a quality than the dense T5-Large."""
    dense = tables["table_1_dense"]["T5-Large"]["hours"]
    return [
        measure(dense / row["hours"], "times fewer hours", of=f"{model} than T5-Large, capacity factor {factor}")
        for model, rows in tables["table_1"].items()
        for factor, row in rows.items()
    ]


def against_the_baseline(tables: Mapping[str, Any], method: str, measure: Callable[..., Any]) -> tuple[Any, Any]:
    """By how much more of the runs are stable with a method, and by how much their quality is higher."""
    rows = tables["table_2_3_4"]
    stable = {
        name: measure(Fraction(rows[name]["stable"], rows[name]["runs"]), "of the runs", of=f"stable, {name}")
        for name in (method, "Baseline")
    }
    better = measure(rows[method]["quality"] - rows["Baseline"]["quality"], "nats", of=f"quality, {method}")
    return stable[method] - stable["Baseline"], better
