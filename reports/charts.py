"""The page's larger pictures, from the charts that a ledger's sections carry: data in, coordinates out."""

from __future__ import annotations

from typing import Any

from reports.chart_depth import depth
from reports.chart_parameters import parameters
from reports.chart_shares import shares
from reports.text import shown

Chart = dict[str, Any]


def charts(found: Any) -> list[tuple[str, Chart]]:
    """Return the figures of a section: charts of one kind share an axis, except shares, which have a figure each.

    A chart that is not what its kind says it is becomes a note in its place, never an exception.
    """
    by_kind: dict[str, list[Chart]] = {}
    for chart in found if isinstance(found, list) else []:
        kind = chart.get("kind") if isinstance(chart, dict) else None
        known = isinstance(kind, str) and kind in DRAWN
        by_kind.setdefault(str(kind) if known else "unknown", []).append(chart)
    figures = [
        (DRAWN[kind], group) for kind, same in by_kind.items() if kind in DRAWN for group in _grouped(kind, same)
    ]
    figures += [(_unknown, [chart]) for chart in by_kind.get("unknown", [])]
    return [_drawn(draw, group) for draw, group in figures]


def _grouped(kind: str, same: list[Chart]) -> list[list[Chart]]:
    return [[chart] for chart in same] if kind == "shares" else [same]


def _drawn(draw: Any, group: list[Chart]) -> tuple[str, Chart]:
    try:
        figure: tuple[str, Chart] = draw(group)
    except (KeyError, TypeError, ValueError, IndexError, AttributeError, ArithmeticError):
        return _unknown(group)
    return figure


def _unknown(group: list[Chart]) -> tuple[str, Chart]:
    return "unknown", {"text": f"A picture that this page cannot draw: {shown(group[0], 200)}"}


DRAWN = {"parameters": parameters, "shares": shares, "depth": depth}
