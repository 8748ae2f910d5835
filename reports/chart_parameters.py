"""The parameter split: each model's parameters by part, as stacked bars on one scale."""

from __future__ import annotations

from typing import Any

from reports.numbers import written
from reports.text import shown
from reports.ticks import round_ticks

Chart = dict[str, Any]

PARTS = {
    "attention": "attention",
    "embeddings": "embeddings",
    "norms": "norms",
    "router": "router",
    "feed_forward_active": "feed-forward, used by every token",
    "feed_forward_idle": "feed-forward, idle for a given token",
}


def parameters(group: list[Chart]) -> tuple[str, Chart]:
    """Stack each model's parameters by part; all models stand on one scale."""
    models = [
        (shown(chart["name"], 60), {part: _count(chart["parts"].get(part, 0)) for part in PARTS}) for chart in group
    ]
    ticks, unit, word = _scale(max(sum(parts.values()) for _, parts in models))
    bars = [_bar(name, parts, ticks[-1] * unit, unit, word) for name, parts in models]
    facts = [
        f"{bar['name']} has {bar['total']}{' parameters' * (place == 0)}{bar['told']}" for place, bar in enumerate(bars)
    ]
    rows = [[label, *(written(parts[part]) for _, parts in models)] for part, label in PARTS.items()]
    rows.append(["total", *(written(sum(parts.values())) for _, parts in models)])
    return "parameters", {
        "title": f"{'; '.join(facts)}.",
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


def _bar(name: str, parts: dict[str, int], full: float, unit: float, word: str) -> Chart:
    total, idle = sum(parts.values()), parts["feed_forward_idle"]
    rest = parts["embeddings"] + parts["norms"] + parts["router"]
    segments, start = [], 0.0
    for key, size in (("fa", parts["attention"]), ("fr", rest), ("fb", parts["feed_forward_active"]), ("fi", idle)):
        width = 100 * size / full
        label = f"{size / unit:.2f}{word}" + (" idle" if key == "fi" else "")
        segments.append({"cls": key, "x": f"{start:.2f}", "width": f"{width:.2f}", "middle": f"{start + width / 2:.2f}",
                         "label": label if width > 12 and key != "fa" else ""})  # fmt: skip
        start += width
    at_work = f"{(total - idle) / unit:.2f}{word} at work per token"
    return {
        "name": name,
        "total": f"{total / unit:.2f}{word}",
        "segments": segments,
        "below": f"attention {parts['attention'] / unit:.2f}{word}",
        "active": f"{100 * (total - idle) / full:.2f}" if idle else "",
        "at_work": at_work if idle else "",
        "told": f", {(total - idle) / unit:.2f}{word} of them at work per token" if idle else "",
        "alt": ", ".join(f"{label} {parts[part] / unit:.2f}{word}" for part, label in PARTS.items() if parts[part]),
    }


def _scale(largest: float) -> tuple[list[float], float, str]:
    """Return round ticks from 0 to at least `largest` in a unit, the unit, and its suffix."""
    if not 0 < largest < 10**21:
        raise ValueError("nothing to draw to scale")
    unit, word = next(
        ((size, name) for size, name in ((1e12, "T"), (1e9, "B"), (1e6, "M"), (1e3, "K")) if largest >= size), (1.0, "")
    )
    return round_ticks(largest / unit), unit, word
