"""The small pictures beside a measurement: does it fit what was printed, and how do the measured values compare."""

from __future__ import annotations

from decimal import Decimal
from itertools import takewhile
from typing import Any

from reports.numbers import Printed, number

HEIGHT = 20  # of a viewBox 168 wide
MIDDLE, HALF = 84, 40  # a printed interval fills the middle of the strip
FAR = 1.94  # how far out, in half intervals, a value is still drawn to scale
BAR, PITCH = 10, 22  # a bar, and a line of text beside it
MOST_BARS, MOST_SQUARES = 6, 24
AXIS = '<path class="ax" d="M2 10H166"/>'

Spread = tuple[Decimal, Decimal] | None
TONES = {"holds": "in", "refuted": "out"}


def spread(one: dict[str, Any]) -> Spread:
    """Return the confidence interval of a measurement, if it has one."""
    low, high = number(one["low"]), number(one["high"])
    return None if low is None or high is None else (low, high)


def judged(verdict: str, values: list[Decimal], printed: Printed) -> int | None:
    """Return which value was held against the printed interval, as far as the verdict tells; None if none was.

    A ledger does not say which comparison a test made. Where the verdict agrees with equality, the last
    value that explains it is taken; a verdict at odds with equality belongs to another comparison.
    """
    if verdict not in ("holds", "refuted"):
        return len(values) - 1 if len(values) == 1 else None
    fitting = [place for place, value in enumerate(values) if printed.contains(value) == (verdict == "holds")]
    if verdict == "refuted" and len(values) > 1 and len(fitting) != 1:
        return None
    return fitting[-1] if fitting else None


def one_side(verdict: str, values: list[Decimal], printed: Printed) -> str:
    """Return "above" or "below" where every value of a claim that holds lies on that side of the printed number."""
    if verdict != "holds" or printed.nominal is None:
        return ""
    if all(value > printed.nominal for value in values):
        return "above"
    return "below" if all(value < printed.nominal for value in values) else ""


def parts(verdicts: list[str]) -> str:
    """Draw a square for every part of a claim that holds and a cross for every other."""
    return _squares([verdict == "holds" for verdict in verdicts])


def tally(good: int, total: int) -> str:
    """Draw "9 of 12" as squares and crosses."""
    return _squares([place < good for place in range(min(total, MOST_SQUARES + 1))]) if 0 <= good <= total else ""


def _squares(good: list[bool]) -> str:
    if not 2 <= len(good) <= MOST_SQUARES:
        return ""
    pitch = min(13.5, 164 / len(good))
    side = round(pitch * 0.74, 1)
    top = 10 - side / 2
    squares = "".join(
        f"M{2 + pitch * place:.1f} {top:g}h{side}v{side}h-{side}z" for place, one in enumerate(good) if one
    )
    stroke = side - 2
    crosses = "".join(
        f"M{3 + pitch * place:.1f} {top + 1:g}l{stroke:g} {stroke:g}m0-{stroke:g}l-{stroke:g} {stroke:g}"
        for place, one in enumerate(good) if not one
    )  # fmt: skip
    return _svg("out", _path("b2", squares) + _path("px", crosses))


def interval(verdict: str, value: Decimal, spread: Spread, printed: Printed) -> str:
    """Draw a value against the printed interval; one that is exact is a tick, one with one end is half a line."""
    low, high = printed.low, printed.high
    if low is None or high is None:
        return threshold(verdict, [value], [spread], printed, "above" if low is not None else "below")
    if low == high:
        at = MIDDLE + (0 if value == low else FAR * HALF * (1 if value > low else -1))
        return _svg(f"{_tone(verdict)} ex", f"{AXIS}{_path('cp', 'M84 3v14')}{_point(at, value == low)}")

    def place(number: Decimal) -> float:
        return MIDDLE + HALF * max(-FAR, min(FAR, _ratio(2 * number - low - high, high - low)))

    end = "M124 3v3m0 2.5v3m0 2.5v3" if printed.cut_short else "M120 3h4v14h-4"
    frame = f"{_path('bd', 'M44 3h80v14h-80z')}{_path('cp', f'M48 3h-4v14h4{end}')}"
    whisker = _path("ci", f"M{place(spread[0]):.1f} 10H{place(spread[1]):.1f}") if spread else ""
    return _svg(_tone(verdict), f"{AXIS}{frame}{whisker}{_point(place(value), printed.contains(value))}")


def threshold(verdict: str, values: list[Decimal], spreads: list[Spread], printed: Printed, side: str) -> str:
    """Draw values against one side, "above" or "below", of the printed number or of its only bound."""
    line = printed.nominal if printed.nominal is not None else printed.low if side == "above" else printed.high
    if line is None:
        return ""
    every = [line, *values, *(end for spread in spreads if spread for end in spread)]
    margin = (max(every) - min(every) or abs(line) or Decimal(1)) / 5
    start, span = min(every) - margin, max(every) - min(every) + 2 * margin

    def place(number: Decimal) -> float:
        return 2 + 164 * _ratio(number - start, span)

    band = f"M{place(line):.1f} 3H166v14H{place(line):.1f}z" if side == "above" else f"M2 3H{place(line):.1f}v14H2z"
    drawn = [AXIS, _path("bd", band), _path("cp", f"M{place(line):.1f} 3v14")]
    drawn += [_path("ci", f"M{place(spread[0]):.1f} 10H{place(spread[1]):.1f}") for spread in spreads if spread]
    drawn += [_point(place(value), (value > line) == (side == "above")) for value in values]
    return _svg(_tone(verdict), "".join(drawn))


def bars(verdict: str, measured: list[dict[str, Any]], values: list[Decimal]) -> str:
    """Draw the first few named values, as long as their unit is the same, as bars from zero."""
    same = list(takewhile(lambda one: one["unit"] == measured[0]["unit"] and one["of"], measured))
    values, spreads = values[: len(same)], [spread(one) for one in same]
    ends = [Decimal(0), *values, *(end for pair in spreads if pair for end in pair)]
    lowest, span = min(ends), max(ends) - min(ends)
    if not (2 <= len(values) <= MOST_BARS and span):
        return ""

    def place(number: Decimal) -> float:
        return 2 + 164 * _ratio(number - lowest, span)

    zero = place(Decimal(0))
    drawn = [_path("ax", f"M{zero:.1f} 2V{PITCH * len(values)}")] if lowest < 0 else []
    for row, (value, pair) in enumerate(zip(values, spreads, strict=True)):
        top, length = 6 + PITCH * row, place(value) - zero
        drawn.append(_path("b1", f"M{zero:.1f} {top}h{length if abs(length) > 1 else 1:.1f}v{BAR}H{zero:.1f}z"))
        if pair:
            drawn.append(_path("wk", f"M{place(pair[0]):.1f} {top + BAR // 2}H{place(pair[1]):.1f}"))
    return _svg(f"{_tone(verdict)} n{len(values)}", "".join(drawn), PITCH * len(values))


def _tone(verdict: str) -> str:
    return TONES.get(verdict, "un")


def _ratio(part: Decimal, whole: Decimal) -> float:
    return float(part / whole)


def _path(kind: str, d: str) -> str:
    return f'<path class="{kind}" d="{d}"/>' if d else ""


def _svg(kinds: str, drawn: str, height: int = HEIGHT) -> str:
    """Wrap what was drawn; it is made of numbers and this module's own words, so a page may trust it."""
    stretch = ' preserveAspectRatio="none"' if height > HEIGHT else ""  # bars keep beside their lines of text
    return f'<svg class="s {kinds}" viewBox="0 0 168 {height}"{stretch} aria-hidden="true">{drawn}</svg>'


def _point(x: float, inside: bool) -> str:
    return _path("pt", f"M{x:.1f} 10h0") if inside else _path("px", f"M{x - 4.5:.1f} 5.5l9 9m0-9l-9 9")
