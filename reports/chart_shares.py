"""Routing as small multiples: a panel of bars for every domain and layer, each against the even share."""

from __future__ import annotations

from typing import Any

from reports.numbers import together
from reports.text import joined, sentence, shown

Chart = dict[str, Any]

MOST_DOMAINS, MOST_LAYERS, IN_A_ROW = 24, 6, 8
MOST_TABLE_ROWS = 400
MOST_TIES = 3


def shares(group: list[Chart]) -> tuple[str, Chart]:
    """Draw a panel of bars for every domain and layer, each against the even share."""
    (chart,) = group
    even, layers = float(chart["even"]), [str(layer) for layer in chart["layers"]]
    domains, intervals = chart["domains"], chart.get("intervals") or {}
    drawn, shown_layers = list(domains)[:MOST_DOMAINS], layers[:MOST_LAYERS]
    ends = [float(high) for by in intervals.values() for row in by.values() for _, high in row]
    top = max(
        [
            even,
            *ends,
            *(float(share) for name in drawn for layer in shown_layers for share in domains[name].get(layer, [])),
        ]
    )
    scale = 58 / top
    panels = [
        {
            "name": shown(name, 60),
            "panels": [_panel(name, layer, domains, intervals, even, scale) for layer in shown_layers],
        }
        for name in drawn
    ]
    return "shares", {
        "title": _largest_share(domains, shown(chart["name"], 60), even),
        "text": _shares_text(chart, even, bool(intervals), len(domains) - len(drawn) + len(layers) - len(shown_layers)),
        "layers": [shown(layer, 10) for layer in shown_layers],
        "groups": [panels[start : start + IN_A_ROW] for start in range(0, len(panels), IN_A_ROW)],
        "even": f"{74 - scale * even:.1f}",
        "table": _shares_table(shown(chart["name"], 60), domains, layers),
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
            "low": "" if ends is None else f"{74 - scale * float(ends[place][0]):.1f}",
            "high": f"{74 - scale * tip:.1f}",
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
    where = f"expert {expert} on {shown(domain, 60)} at layer {shown(layer, 10)}"
    return f"{name}: the largest share is {told}, {where}; even is {level}."


def _shares_text(chart: Chart, even: float, whiskers: bool, left_out: int) -> str:
    return " ".join(filter(None, (
        "Shares of expert choices, experts from left to right, numbered from 0.",
        f"Dashed: an even split, {together([even], 'share')[0]}. Numbered: the expert used most.",
        "Whiskers: confidence intervals." if whiskers else "No confidence interval is known, so none is drawn.",
        "" if not left_out else "Not everything is drawn; the numbers are in the table.",
        sentence(shown(chart["note"], 300)) if chart.get("note") else "",
    )))  # fmt: skip


def _shares_table(name: str, domains: Any, layers: list[str]) -> Chart:
    rows = [
        [f"{shown(name, 60)}, {shown(layer, 10)}", *(together([share], "share")[0] for share in shares)]
        for name, by in domains.items() for layer, shares in by.items() if layer in layers
    ][:MOST_TABLE_ROWS]  # fmt: skip
    width = max(map(len, rows)) - 1
    return {"caption": f"{name}: share by domain, layer and expert", "head": ["Domain, layer", *map(str, range(width))],
            "rows": [row + ["—"] * (width + 1 - len(row)) for row in rows]}  # fmt: skip
