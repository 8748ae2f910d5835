"""The small pictures beside a measurement: does it fit what was printed, and how do the measured values compare.

A strip is made of numbers and of this module's own words alone, so a page may trust it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from decimal import Decimal

from claim_suite.reports.numbers import Printed

HEIGHT = 20  # of a viewBox 168 wide
MIDDLE, HALF = 84, 40  # a printed interval fills the middle of the strip
FAR = 1.94  # how far out, in half intervals, a value is still drawn to scale
BAR, PITCH = 10, 22  # a bar, and a line of text beside it
MOST_BARS, MOST_SQUARES = 6, 24
AXIS = '<path class="ax" d="M2 10H166"/>'
TONES = {"holds": "in", "refuted": "out"}

Value = tuple[Decimal, Decimal, Decimal]  # a value and the ends of its interval, which are itself where it has none


def squares(good: Sequence[bool]) -> str:
    """Draw a square for everything that holds and a cross for every other thing, in order."""
    if not 2 <= len(good) <= MOST_SQUARES:
        return ""
    pitch = min(13.5, 164 / len(good))
    side = round(pitch * 0.74, 1)
    top, stroke = 10 - side / 2, side - 2
    drawn = ["", ""]
    for place, one in enumerate(good):
        x = 2 + pitch * place
        if one:
            drawn[0] += f"M{x:.1f} {top:g}h{side}v{side}h-{side}z"
        else:
            drawn[1] += f"M{x + 1:.1f} {top + 1:g}l{stroke:g} {stroke:g}m0-{stroke:g}l-{stroke:g} {stroke:g}"
    return _svg("out", _path("b2", drawn[0]) + _path("px", drawn[1]))


def against(verdict: str, operator: str, values: list[Value], printed: Printed) -> str:
    """Draw values against the printed number as they were compared with it: with its interval, or with one side."""
    if operator not in ("==", "!="):
        return _threshold(verdict, operator, values, printed)
    if printed.low == printed.high:
        points = [MIDDLE + FAR * HALF * ((value > printed.low) - (value < printed.low)) for value, _, _ in values]
        drawn = "".join(_point(at, at == MIDDLE) for at in points)
        return _svg(f"{_tone(verdict)} ex", f"{AXIS}{_path('cp', 'M84 3v14')}{drawn}")

    def place(number: Decimal) -> float:
        halves = float((2 * number - printed.low - printed.high) / (printed.high - printed.low))
        return MIDDLE + HALF * max(-FAR, min(FAR, halves))

    end = "M124 3v3m0 2.5v3m0 2.5v3" if printed.cut_short else "M120 3h4v14h-4"
    frame = _path("bd", "M44 3h80v14h-80z") + _path("cp", f"M48 3h-4v14h4{end}")
    return _svg(_tone(verdict), AXIS + frame + _placed(values, place, printed.contains))


def _threshold(verdict: str, operator: str, values: list[Value], printed: Printed) -> str:
    line, above = printed.nominal, operator[0] == ">"
    every = [line, *(end for value in values for end in value)]
    lowest, highest = min(every), max(every)
    margin = (highest - lowest or abs(line) or Decimal(1)) / 5
    start, span = lowest - margin, highest - lowest + 2 * margin

    def place(number: Decimal) -> float:
        return 2 + 164 * float((number - start) / span)

    def on_its_side(value: Decimal) -> bool:
        return operator.endswith("=") if value == line else (value > line) == above

    at = f"{place(line):.1f}"
    frame = _path("bd", f"M{at} 3H166v14H{at}z" if above else f"M2 3H{at}v14H2z") + _path("cp", f"M{at} 3v14")
    return _svg(_tone(verdict), AXIS + frame + _placed(values, place, on_its_side))


def _placed(values: list[Value], place: Callable[[Decimal], float], fits: Callable[[Decimal], bool]) -> str:
    """Draw intervals, and on them a dot for a value that fits and a cross for another."""
    whiskers = [_whisker("ci", place(low), place(high), 10) for _, low, high in values if low < high]
    return "".join(whiskers + [_point(place(value), fits(value)) for value, _, _ in values])


def bars(verdict: str, values: list[Value]) -> str:
    """Draw values of one unit as bars from zero, a line of text high each."""
    if not (2 <= len(values) <= MOST_BARS and any(map(any, values))):
        return ""
    ends = [Decimal(0), *(end for value in values for end in value)]
    lowest, span = min(ends), max(ends) - min(ends)

    def place(number: Decimal) -> float:
        return 2 + 164 * float((number - lowest) / span)

    zero = place(Decimal(0))
    drawn = [_path("ax", f"M{zero:.1f} 2V{PITCH * len(values)}")] if lowest < 0 else []
    for row, (value, low, high) in enumerate(values):
        top, length = 6 + PITCH * row, place(value) - zero
        drawn.append(_path("b1", f"M{zero:.1f} {top}h{length if abs(length) > 1 else 1:.1f}v{BAR}H{zero:.1f}z"))
        drawn.append(_whisker("wk", place(low), place(high), top + BAR // 2))
    return _svg(f"{_tone(verdict)} n{len(values)}", "".join(drawn), PITCH * len(values))


def _tone(verdict: str) -> str:
    return TONES.get(verdict, "un")


def _whisker(kind: str, low: float, high: float, y: int) -> str:
    return _path(kind, f"M{low:.1f} {y}H{high:.1f}") if low < high else ""


def _point(x: float, inside: bool) -> str:
    return _path("pt", f"M{x:.1f} 10h0") if inside else _path("px", f"M{x - 4.5:.1f} 5.5l9 9m0-9l-9 9")


def _path(kind: str, d: str) -> str:
    return f'<path class="{kind}" d="{d}"/>' if d else ""


def _svg(kinds: str, drawn: str, height: int = HEIGHT) -> str:
    stretch = ' preserveAspectRatio="none"' if height > HEIGHT else ""  # bars keep beside their lines of text
    return f'<svg class="s {kinds}" viewBox="0 0 168 {height}"{stretch} aria-hidden="true">{drawn}</svg>'
