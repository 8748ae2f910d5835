"""The page's larger pictures, from the charts that a ledger's sections carry: their words, tables and scales.

The macros of charts.html.j2 draw them, `x` in per cent of a picture's width and `y` in pixels.
"""

from __future__ import annotations

from collections.abc import Callable
from math import ceil, floor, isfinite, log10
from typing import Annotated, Any

import msgspec

from claim_suite.reports.numbers import together, written
from claim_suite.reports.text import counted, joined, sentence, shown

Count = Annotated[float, msgspec.Meta(gt=0, lt=1e18)]
Figure = tuple[str, dict[str, Any]]  # the macro that draws it, and what it draws

PARTS = {
    "attention": "attention",
    "embeddings": "embeddings",
    "norms": "norms",
    "router": "router",
    "feed_forward_active": "feed-forward, used by every token",
    "feed_forward_idle": "feed-forward, idle for a given token",
}
UNITS = {1e12: "T", 1e9: "B", 1e6: "M", 1e3: "K", 1.0: ""}
IN_A_ROW, MOST_TIES = 8, 3
HIGHEST = 58  # how high the highest bar of a panel is
BOTTOM, TOP = 204, 190  # of a curve: where its zero is, and how high the last tick is
FOOT, TALL = 344, 328  # of a scatter: where its lowest line is, and how high it is
LEFT, WIDE = 9, 89  # of a curve and a scatter: where it begins and how wide it is, in per cent
GUIDES = ((1, "all active"), (0.1, "a tenth active"))


class Chart(msgspec.Struct, kw_only=True):
    """A chart as a ledger has it, of whatever kind."""

    name: str = ""
    stand_in: bool = False

    @property
    def title(self) -> str:
        """The name as it is shown."""
        return shown(self.name, 60) + " (stand-in)" * self.stand_in


class Parameters(Chart, kw_only=True):
    """How many parameters each part of a model has."""

    parts: dict[str, Annotated[int, msgspec.Meta(ge=0)]]


class Shares(Chart, kw_only=True):
    """Shares of the experts by domain and layer, with the ends of their intervals."""

    even: float
    layers: list[int]
    domains: dict[str, dict[str, list[float]]]
    intervals: dict[str, dict[str, list[tuple[float, float]]]] | None = None
    note: str = ""


class Depth(Chart, kw_only=True):
    """A value by layer: points of layer, value, and the ends of its interval."""

    points: list[tuple[int, float, float | None, float | None]]


class Size(msgspec.Struct):
    """How many parameters a model has, and how many of them work on a token."""

    total: Count
    active: Count


class Point(msgspec.Struct):
    """A model as counted, and as published where it is."""

    model: str
    measured: Size
    family: str = ""
    published: Size | None = None

    @property
    def told(self) -> str:
        """The model and how many of its parameters are active."""
        return f"{shown(self.model, 80)}, {_size(self.measured.active)} of {_size(self.measured.total)} active"


class ActiveAgainstTotal(Chart, kw_only=True):
    """Active against total parameters, a point a model."""

    points: list[Point]


def charts(found: list[dict[str, Any]]) -> list[Figure]:
    """Return the figures of a section: charts of one kind share an axis, except shares, which have a figure each.

    A chart that is not what its kind says it is becomes a note in its place, never an exception.
    """
    figures = []
    for kind in KINDS:
        same = [chart for chart in found if chart.get("kind") == kind]
        groups = [[chart] for chart in same] if kind == "shares" else [same]
        figures += [_drawn(kind, group) for group in groups if group]
    return figures + [_unknown(chart) for chart in found if chart.get("kind") not in list(KINDS)]


def _drawn(kind: str, group: list[dict[str, Any]]) -> Figure:
    form, draw = KINDS[kind]
    try:
        return kind, draw([msgspec.convert(chart, form) for chart in group])
    except (ValueError, LookupError, ArithmeticError):
        return _unknown(group[0])


def _unknown(chart: dict[str, Any]) -> Figure:
    return "unknown", {"text": f"A picture that this page cannot draw: {shown(chart, 200)}"}


def _share(value: float) -> str:
    return together([value], share=True)[0]


def round_ticks(largest: float) -> list[float]:
    """Return about five round numbers from 0 to at least `largest`. Raises ValueError when that is not above 0."""
    if not (isfinite(largest) and largest > 0):
        raise ValueError("nothing to draw to scale")
    rough = largest / 5
    power = 10.0 ** int(f"{rough:e}".partition("e")[2])
    step = next(power * factor for factor in (1, 2, 2.5, 4, 5, 10) if power * factor >= rough * (1 - 1e-9))
    return [float(f"{place * step:.6g}") for place in range(ceil(largest / step - 1e-9) + 1)]


def _parameters(group: list[Parameters]) -> dict[str, Any]:
    """Stack each model's parameters by part; all models stand on one scale."""
    models = [(chart.title, {part: chart.parts.get(part, 0) for part in PARTS}) for chart in group]
    largest = max(sum(parts.values()) for _, parts in models)
    unit = next((size for size in UNITS if largest >= size), 1.0)
    ticks = round_ticks(largest / unit)

    def told(size: int) -> str:
        return f"{size / unit:.2f}{UNITS[unit]}"

    bars: list[dict[str, Any]] = []
    facts: list[str] = []
    for name, parts in models:
        total, idle = sum(parts.values()), parts["feed_forward_idle"]
        rest = parts["embeddings"] + parts["norms"] + parts["router"]
        segments = {"fa": parts["attention"], "fr": rest, "fb": parts["feed_forward_active"], "fi": idle}
        at_work = f"{told(total - idle)} at work per token" if idle else ""
        words = ", ".join(f"{label} {told(parts[part])}" for part, label in PARTS.items() if parts[part])
        bars.append({
            "name": name, "total": told(total), "at_work": at_work, "below": f"attention {told(parts['attention'])}",
            "segments": [(key, 100 * size / (ticks[-1] * unit), told(size)) for key, size in segments.items()],
            "active": 100 * (total - idle) / (ticks[-1] * unit), "alt": f"{name}: {words}",
        })  # fmt: skip
        active = f", {at_work.replace(' ', ' of them ', 1)}" if idle else ""
        facts.append(f"{name} has {told(total)}{'' if facts else ' parameters'}{active}")
    rows = [[label, *(written(parts[part]) for _, parts in models)] for part, label in PARTS.items()]
    rows.append(["total", *(written(sum(parts.values())) for _, parts in models)])
    return {
        "title": f"{'; '.join(facts)}.",
        "text": "Parameters by part, all bars on one scale.",
        "alt": "; ".join(bar["alt"] for bar in bars) + ".",
        "bars": bars,
        "ticks": [(100 * tick / ticks[-1], f"{tick:g}{UNITS[unit]}" if tick else "0") for tick in ticks],
        "table": {"caption": "Parameters by part", "head": ["Part", *(name for name, _ in models)], "rows": rows},
    }


def _shares(group: list[Shares]) -> dict[str, Any]:
    """Draw a panel of bars for every domain and layer, each against the even share."""
    (chart,) = group
    every = [(domain, layer, shares) for domain, by in chart.domains.items() for layer, shares in by.items()]
    columns = list(map(str, chart.layers))
    ends = [high for by in (chart.intervals or {}).values() for row in by.values() for _, high in row]
    panels = [(shown(one, 60), [_panel(chart, one, layer) for layer in columns]) for one in chart.domains]
    most, domain, layer, expert = max(
        (share, domain, layer, place) for domain, layer, shares in every for place, share in enumerate(shares)
    )
    told, level = together([most, chart.even], share=True)
    where = f"expert {expert} on {shown(domain, 60)} at layer {shown(layer, 10)}"
    text = [
        "Shares of expert choices, experts from left to right, numbered from 0.",
        f"Dashed: an even split, {_share(chart.even)}. Numbered: the expert used most.",
        "Whiskers: confidence intervals." if chart.intervals else "No confidence interval is known, so none is drawn.",
        sentence(shown(chart.note, 300)) if chart.note else "",
    ]
    return {
        "title": f"{chart.title}: the largest share is {told}, {where}; even is {level}.",
        "text": " ".join(filter(None, text)),
        "layers": columns,
        "groups": [panels[start : start + IN_A_ROW] for start in range(0, len(panels), IN_A_ROW)],
        "even": chart.even,
        "scale": HIGHEST / max(chart.even, *ends, *(max(shares) for _, _, shares in every)),
        "table": {
            "caption": f"{chart.title}: share by domain, layer and expert",
            "head": ["Domain, layer", *map(str, range(len(every[0][2])))],
            "rows": [
                [f"{shown(domain, 60)}, {shown(layer, 10)}", *map(_share, shares)] for domain, layer, shares in every
            ],
        },
    }


def _panel(chart: Shares, name: str, layer: str) -> dict[str, Any]:
    shares = chart.domains[name][layer]
    ends = chart.intervals[name][layer] if chart.intervals else [(share, share) for share in shares]
    best = [place for place, share in enumerate(shares) if share == max(shares)]
    told = _share(max(shares))
    who = f"expert {best[0]} first with {told}"
    if len(best) > 1:
        who = f"experts {joined(list(map(str, best)))} level with {told}"
    return {
        "bars": [(share, low, high) for share, (low, high) in zip(shares, ends, strict=True)],
        "numbered": best if len(best) <= MOST_TIES else [],
        "alt": f"{shown(name, 60)}, layer {shown(layer, 10)}: {who}",
    }


def _depth(group: list[Depth]) -> dict[str, Any]:
    """Draw a value against the layer, one line a source."""
    points = [(chart.title, *point) for chart in group for point in chart.points]
    ticks = round_ticks(max(number for _, _, *value in points for number in value if number is not None))
    last = max(layer for _, layer, *_ in points)

    def x(layer: int) -> str:
        return f"{LEFT + WIDE * layer / max(last, 1):.1f}"

    def y(value: float) -> str:
        return f"{BOTTOM - TOP / ticks[-1] * value:.1f}"

    series = []
    for chart in group:
        (start, opening, *_), (peak, highest, *_) = chart.points[0], max(chart.points, key=lambda point: point[1])
        first, most = together([opening, highest], share=True)
        series.append({
            "name": chart.title,
            "fact": f"{first} at layer {start}, highest at layer {peak} with {most}",
            "dots": [(x(layer), y(value)) for layer, value, _, _ in chart.points],
            "whiskers": [
                (x(layer), y(low), y(high))
                for layer, _, low, high in chart.points if low is not None and high is not None
            ],
        })  # fmt: skip
    facts = "; ".join(f"{line['name']}: {line['fact']}" for line in series)
    step = max(1, round(last / 6 / 5) * 5 or round(last / 6))
    layers = [*(layer for layer in range(0, last, step) if last - layer > step / 2), last]
    places = max(len(f"{tick:g}".partition(".")[2]) for tick in ticks)
    words = [f"{tick:.{places}f}".removeprefix("0") if 0 < tick < 1 else f"{tick:g}" for tick in ticks]
    whiskers = " Whiskers: confidence intervals." * any(line["whiskers"] for line in series)
    return {
        "title": f"{facts}.",
        "text": f"By layer, from the first to the last of {last + 1}.{whiskers}",
        "alt": facts,
        "series": series,
        "ticks": [(y(tick), word) for tick, word in zip(ticks, words, strict=True)],
        "layers": [(x(layer), layer) for layer in layers],
        "table": {
            "caption": "Value by source and layer",
            "head": ["Source", "Layer", "Value", "Interval"],
            "rows": [[name, written(layer), _share(value), _interval(*ends)] for name, layer, value, *ends in points],
        },
    }


def _interval(low: float | None, high: float | None) -> str:
    return "—" if low is None or high is None else " to ".join(together([low, high], share=True))


def _active_against_total(group: list[ActiveAgainstTotal]) -> dict[str, Any]:
    """Draw every model's active against its total parameters on logarithmic axes: counted, and what was published."""
    points = sorted(
        (point for chart in group for point in chart.points), key=lambda point: (point.measured.total, point.model)
    )
    every = [size for point in points for size in (point.measured, point.published or point.measured)]
    across, up = _decades([size.total for size in every]), _decades([size.active for size in every])

    def at(total: float, active: float) -> tuple[float, float]:
        x, y = ((log10(value) - axis[0]) / (axis[-1] - axis[0]) for value, axis in ((total, across), (active, up)))
        return round(LEFT + WIDE * x, 2), round(FOOT - TALL * y, 1)

    sparsest = min(points, key=lambda point: point.measured.active / point.measured.total)
    models = counted(len(points), "model", "models")
    return {
        "title": f"{models}; the sparsest is {sparsest.told}.",
        "text": "Active against total parameters, both axes logarithmic. Filled: as counted; ring: as published.",
        "alt": f"Active against total parameters of {models}. The sparsest is {sparsest.told}.",
        "dots": [
            (*(at(size.total, size.active) if size else None for size in (one.measured, one.published)), one.told)
            for one in points
        ],
        "guides": [(*at(*low), *at(*high), word) for share, word in GUIDES for low, high in _guide(share, across, up)],
        "across": [(at(10**power, 10 ** up[0])[0], _size(10**power)) for power in across],
        "up": [(at(10 ** across[0], 10**power)[1], _size(10**power)) for power in up],
        "table": {
            "caption": "Total and active parameters by model",
            "head": ["Model", "Family", "Total, published", "Total, counted", "Active, published", "Active, counted"],
            "rows": [
                [shown(one.model, 80), shown(one.family, 80)]
                + [
                    _size(getattr(size, name, None))
                    for name in Size.__struct_fields__
                    for size in (one.published, one.measured)
                ]
                for one in points
            ],
        },
    }


def _decades(values: list[float]) -> list[int]:
    """Return the powers of ten from below the least value to above the largest; at least two."""
    low, high = floor(log10(min(values))), ceil(log10(max(values)))
    return list(range(low, max(high, low + 1) + 1))


def _guide(share: float, across: list[int], up: list[int]) -> list[list[tuple[float, float]]]:
    """Return the line on which so large a share is active by its ends, within the picture; none where it is outside."""
    shift = log10(share)
    low, high = max(across[0], up[0] - shift), min(across[-1], up[-1] - shift)
    return [[(10**total, 10 ** (total + shift)) for total in (low, high)]] if low < high else []


def _size(value: float | None) -> str:
    """Write a number of parameters in its largest unit: 46.7B, 1.02T; a dash where it is not known."""
    if value is None:
        return "—"
    unit = next((size for size in UNITS if value >= size * 0.9995), 1.0)
    return f"{value / unit:.4g}{UNITS[unit]}"


KINDS: dict[str, tuple[type[Chart], Callable[[list[Any]], dict[str, Any]]]] = {
    "parameters": (Parameters, _parameters), "shares": (Shares, _shares), "depth": (Depth, _depth),
    "active_against_total": (ActiveAgainstTotal, _active_against_total),
}  # fmt: skip
