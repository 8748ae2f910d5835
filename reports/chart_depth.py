"""A value against the layer, one line a source, on one axis."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from reports.numbers import together, written
from reports.text import shown
from reports.ticks import round_ticks

Chart = dict[str, Any]

MOST_TABLE_ROWS = 400


def depth(group: list[Chart]) -> tuple[str, Chart]:
    """Draw a value against the layer, one line a source."""
    series = [(shown(chart["name"], 60), [tuple(point) for point in chart["points"]]) for chart in group]
    bands = [tuple(map(float, chart["band"])) for chart in group if chart.get("band")]
    values = [float(value) for _, points in series for point in points for value in point[1:] if value is not None]
    ticks, last = (
        round_ticks(max([*values, *(high for _, high in bands)])),
        max(int(point[0]) for _, points in series for point in points),
    )
    scale = 190 / ticks[-1]
    lines = [_curve(name, points, last, scale, place) for place, (name, points) in enumerate(series)]
    facts = [f"{name}: {line['fact']}" for (name, _), line in zip(series, lines, strict=True)]
    rows = [
        [name, written(layer), *_told(value, low, high)]
        for name, points in series
        for layer, value, low, high in points
    ]
    whiskers = " Whiskers: confidence intervals." if any(line["whiskers"] for line in lines) else ""
    return "depth", {
        "title": "; ".join(facts) + ".",
        "text": f"By layer, from the first to the last of {last + 1}.{whiskers}",
        "alt": "; ".join(facts),
        "series": lines,
        "band": _band(bands[0], scale) if bands else None,
        "ticks": [(f"{204 - scale * tick:.1f}", word) for tick, word in zip(ticks, _tick_words(ticks), strict=True)],
        "layers": [(f"{9 + 89 * layer / max(last, 1):.1f}", str(layer)) for layer in _layer_ticks(last)],
        "table": {
            "caption": "Value by source and layer",
            "head": ["Source", "Layer", "Value", "Interval"],
            "rows": rows[:MOST_TABLE_ROWS],
        },
    }


def _band(ends: tuple[float, ...], scale: float) -> Chart:
    low, high = ends
    text = " to ".join(together([low, high], "share"))
    return {"y": f"{204 - scale * high:.1f}", "height": f"{scale * (high - low):.1f}", "text": text}


def _tick_words(ticks: list[float]) -> list[str]:
    places = max(len(f"{tick:g}".partition(".")[2]) for tick in ticks)
    return [f"{tick:.{places}f}".removeprefix("0") if 0 < tick < 1 else f"{tick:g}" for tick in ticks]


def _layer_ticks(last: int) -> list[int]:
    step = max(1, round(last / 6 / 5) * 5 or round(last / 6))
    return [*(layer for layer in range(0, last, step) if last - layer > step / 2), last]


def _told(value: Any, low: Any, high: Any) -> tuple[str, str]:
    interval = "—" if low is None or high is None else " to ".join(together([low, high], "share"))
    return together([value], "share")[0], interval


def _curve(name: str, points: list[Any], last: int, scale: float, place: int) -> Chart:
    at = [(9 + 89 * int(layer) / max(last, 1), 204 - scale * float(value)) for layer, value, _, _ in points]
    whiskers = [
        (f"{x:.1f}", f"{204 - scale * float(low):.1f}", f"{204 - scale * float(high):.1f}")
        for (x, _), (_, _, low, high) in zip(at, points, strict=True) if low is not None and high is not None
    ]  # fmt: skip
    peak = max(points, key=lambda point: float(point[1]))
    first, most = together([points[0][1], peak[1]], "share")
    return {
        "name": name,
        "fact": f"{first} at layer {points[0][0]}, highest at layer {peak[0]} with {most}",
        "key": place % 6 + 1,
        "dashed": place % 2 == 1,
        "lines": [tuple(f"{x:.1f}" for x in (*a, *b)) for a, b in pairwise(at)],
        "dots": [(f"{x:.1f}", f"{y:.1f}") for x, y in at],
        "radius": 4 if len(at) < 12 else 2.5,
        "whiskers": whiskers,
    }
