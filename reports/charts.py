"""The page's larger pictures, from the charts that a ledger's sections carry: data in, coordinates out."""

from __future__ import annotations

from math import isfinite
from typing import Any

from reports.numbers import together, written
from reports.text import joined, sentence, shown

Chart = dict[str, Any]

PARTS = {
    "attention": "attention",
    "embeddings": "embeddings",
    "norms": "norms",
    "router": "router",
    "feed_forward_active": "feed-forward, used by every token",
    "feed_forward_idle": "feed-forward, idle for a given token",
}
MOST_DOMAINS, MOST_LAYERS, IN_A_ROW = 24, 6, 8
MOST_TABLE_ROWS = 400
MOST_TIES = 3


def charts(found: Any) -> list[tuple[str, Chart]]:
    """Return the figures of a section: charts of one kind share an axis, except shares, which have a figure each.

    A chart that is not what its kind says it is becomes a note in its place, never an exception.
    """
    by_kind: dict[str, list[Chart]] = {}
    for chart in found if isinstance(found, list) else []:
        kind = chart.get("kind") if isinstance(chart, dict) else None
        by_kind.setdefault(kind if kind in DRAWN else "unknown", []).append(chart)
    figures = [(DRAWN[kind], group) for kind, same in by_kind.items() if kind in DRAWN for group in _grouped(kind, same)]
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


def _parameters(group: list[Chart]) -> tuple[str, Chart]:
    """Stack each model's parameters by part; all models stand on one scale."""
    models = [(shown(chart["name"], 60), {part: _count(chart["parts"].get(part, 0)) for part in PARTS}) for chart in group]
    ticks, unit, word = _ticks(max(sum(parts.values()) for _, parts in models))
    bars = [_bar(name, parts, ticks[-1] * unit, unit, word) for name, parts in models]
    facts = [f"{bar['name']} has {bar['total']}{' parameters' * (place == 0)}{bar['told']}" for place, bar in enumerate(bars)]
    rows = [[label, *(written(parts[part]) for _, parts in models)] for part, label in PARTS.items()]
    rows.append(["total", *(written(sum(parts.values())) for _, parts in models)])
    return "parameters", {
        "title": f"{joined(facts)}.",
        "text": "Parameters by part, all bars on one scale.",
        "alt": "; ".join(f"{bar['name']}: {bar['alt']}" for bar in bars) + ".",
        "bars": bars,
        "ticks": [(100 * tick / ticks[-1], f"{tick:g}{word}" if tick else "0") for tick in ticks],
        "table": {"caption": "Parameters by part", "head": ["Part", *(name for name, _ in models)], "rows": rows},
    }


def _count(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise ValueError("a number of parameters is a whole number")
    return value


def _ticks(largest: float) -> tuple[list[float], float, str]:
    """Return round ticks from 0 to at least `largest` in a unit, the unit, and its suffix."""
    if not 0 < largest < 10**21:
        raise ValueError("nothing to draw to scale")
    unit, word = next(((size, name) for size, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")) if largest >= size), (1.0, ""))
    return _round_ticks(largest / unit), unit, word


def _round_ticks(largest: float) -> list[float]:
    if not (isfinite(largest) and largest > 0):
        raise ValueError("nothing to draw to scale")
    rough = largest / 5
    power = 10.0 ** (len(f"{rough:.0f}") - 1 if rough >= 1 else int(f"{rough:e}".partition("e")[2]))
    step = next(power * factor for factor in (1, 2, 2.5, 4, 5, 10) if power * factor >= rough * (1 - 1e-9))
    count = 1
    while count * step < largest * (1 - 1e-9):
        count += 1
    return [float(f"{place * step:.6g}") for place in range(count + 1)]


def _bar(name: str, parts: dict[str, int], full: float, unit: float, word: str) -> Chart:
    total, idle = sum(parts.values()), parts["feed_forward_idle"]
    rest = parts["embeddings"] + parts["norms"] + parts["router"]
    segments, start = [], 0.0
    for key, size in (("fa", parts["attention"]), ("fr", rest), ("fb", parts["feed_forward_active"]), ("fi", idle)):
        width = 100 * size / full
        label = f"{size / unit:.2f}{word}" + (" idle" if key == "fi" else "")
        segments.append({"cls": key, "x": f"{start:.2f}", "width": f"{width:.2f}", "middle": f"{start + width / 2:.2f}",
                         "label": label if width > 12 else ""})  # fmt: skip
        start += width
    at_work = f"{(total - idle) / unit:.2f}{word} at work on each token"
    return {
        "name": name,
        "total": f"{total / unit:.2f}{word}",
        "segments": segments,
        "below": f"attention {parts['attention'] / unit:.2f}{word}",
        "active": f"{100 * (total - idle) / full:.2f}" if idle else "",
        "at_work": at_work if idle else "",
        "told": f", {(total - idle) / unit:.2f}{word} of them at work on each token" if idle else "",
        "alt": ", ".join(f"{label} {parts[part] / unit:.2f}{word}" for part, label in PARTS.items() if parts[part]),
    }


def _shares(group: list[Chart]) -> tuple[str, Chart]:
    """Draw a panel of bars for every domain and layer, each against the even share."""
    (chart,) = group
    even, layers = float(chart["even"]), [str(layer) for layer in chart["layers"]]
    domains, intervals = chart["domains"], chart.get("intervals") or {}
    drawn, shown_layers = list(domains)[:MOST_DOMAINS], layers[:MOST_LAYERS]
    ends = [float(high) for by in intervals.values() for row in by.values() for _, high in row]
    top = max([even, *ends, *(float(share) for name in drawn for layer in shown_layers for share in domains[name].get(layer, []))])
    scale = 58 / top
    panels = [
        {"name": shown(name, 60), "panels": [_panel(name, layer, domains, intervals, even, scale) for layer in shown_layers]}
        for name in drawn
    ]
    return "shares", {
        "title": _largest_share(domains, shown(chart["name"], 60), even),
        "text": _shares_text(chart, even, bool(intervals), len(domains) - len(drawn) + len(layers) - len(shown_layers)),
        "layers": [shown(layer, 10) for layer in shown_layers],
        "groups": [panels[start : start + IN_A_ROW] for start in range(0, len(panels), IN_A_ROW)],
        "even": f"{74 - scale * even:.1f}",
        "table": _shares_table(domains, layers),
    }


def _panel(name: str, layer: str, domains: Any, intervals: Any, even: float, scale: float) -> Chart | None:
    shares = [float(share) for share in domains[name].get(layer, [])]
    if not shares:
        return None
    ends = (intervals.get(name) or {}).get(layer)
    first, slot = max(shares), 100 / len(shares)
    ties = shares.count(first)
    bars = []
    for place, share in enumerate(shares):
        tip = share if ends is None else float(ends[place][1])
        bars.append({
            "cls": "tp" if share == first and ties <= MOST_TIES else "up" if share > even else "lo",
            "x": f"{slot * (place + 0.08):.2f}", "width": f"{slot * 0.84:.2f}", "middle": f"{slot * (place + 0.5):.2f}",
            "y": f"{74 - scale * share:.1f}", "height": f"{scale * share:.1f}",
            "low": "" if ends is None else f"{74 - scale * float(ends[place][0]):.1f}", "high": f"{74 - scale * tip:.1f}",
            "label": str(place) if share == first and ties <= MOST_TIES else "", "above": f"{71 - scale * tip:.1f}",
        })  # fmt: skip
    best = [str(place) for place, share in enumerate(shares) if share == first]
    told = together([first], "share")[0]
    who = f"expert {best[0]} first with {told}" if len(best) == 1 else f"experts {joined(best)} level with {told}"
    return {"bars": bars, "alt": f"{shown(name, 60)}, layer {shown(layer, 10)}: {who}"}


def _largest_share(domains: Any, name: str, even: float) -> str:
    share, domain, layer, expert = max(
        (float(share), domain, layer, place)
        for domain, by in domains.items() for layer, shares in by.items() for place, share in enumerate(shares)
    )  # fmt: skip
    told, level = together([share, even], "share")
    return f"{name}: the largest share is {told}, expert {expert} on {shown(domain, 60)} at layer {shown(layer, 10)}; even is {level}."


def _shares_text(chart: Chart, even: float, whiskers: bool, left_out: int) -> str:
    return " ".join(filter(None, (
        "Shares of expert choices, experts from left to right, numbered from 0.",
        f"Dashed: an even split, {together([even], 'share')[0]}. Numbered: the expert used most.",
        "Whiskers: confidence intervals." if whiskers else "No confidence interval is known, so none is drawn.",
        "" if not left_out else "Not everything is drawn; the numbers are in the table.",
        sentence(shown(chart["note"], 300)) if chart.get("note") else "",
    )))  # fmt: skip


def _shares_table(domains: Any, layers: list[str]) -> Chart:
    rows = [
        [f"{shown(name, 60)}, {shown(layer, 10)}", *(together([share], "share")[0] for share in shares)]
        for name, by in domains.items() for layer, shares in by.items() if layer in layers
    ][:MOST_TABLE_ROWS]  # fmt: skip
    width = max(map(len, rows)) - 1
    return {"caption": "Share by domain, layer and expert", "head": ["Domain, layer", *map(str, range(width))],
            "rows": [row + ["—"] * (width + 1 - len(row)) for row in rows]}  # fmt: skip


def _depth(group: list[Chart]) -> tuple[str, Chart]:
    """Draw a value against the layer, one line a source."""
    series = [(shown(chart["name"], 60), [tuple(point) for point in chart["points"]]) for chart in group]
    bands = [tuple(map(float, chart["band"])) for chart in group if chart.get("band")]
    values = [float(value) for _, points in series for point in points for value in point[1:] if value is not None]
    ticks, last = _round_ticks(max([*values, *(high for _, high in bands)])), max(int(point[0]) for _, points in series for point in points)
    scale = 190 / ticks[-1]
    lines = [_curve(name, points, last, scale, place) for place, (name, points) in enumerate(series)]
    facts = [f"{name}: {line['fact']}" for (name, _), line in zip(series, lines, strict=True)]
    rows = [[name, written(layer), *_told(value, low, high)] for name, points in series for layer, value, low, high in points]
    low, high = bands[0] if bands else (0.0, 0.0)
    return "depth", {
        "title": "; ".join(facts) + ".",
        "text": f"By layer, from the first to the last of {last + 1}." + (" Whiskers: confidence intervals." if any(line["whiskers"] for line in lines) else ""),
        "alt": "; ".join(facts),
        "series": lines,
        "band": {"y": f"{204 - scale * high:.1f}", "height": f"{scale * (high - low):.1f}", "text": " to ".join(together([low, high], "share"))} if bands else None,
        "ticks": [(f"{204 - scale * tick:.1f}", word) for tick, word in zip(ticks, _tick_words(ticks), strict=True)],
        "layers": [(f"{9 + 89 * layer / max(last, 1):.1f}", str(layer)) for layer in _layer_ticks(last)],
        "table": {"caption": "Value by source and layer", "head": ["Source", "Layer", "Value", "Interval"], "rows": rows[:MOST_TABLE_ROWS]},
    }  # fmt: skip


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
        "lines": [tuple(f"{x:.1f}" for x in (*a, *b)) for a, b in zip(at, at[1:], strict=False)],
        "dots": [(f"{x:.1f}", f"{y:.1f}") for x, y in at],
        "radius": 4 if len(at) < 12 else 2.5,
        "whiskers": whiskers,
    }


DRAWN = {"parameters": _parameters, "shares": _shares, "depth": _depth}
