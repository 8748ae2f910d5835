"""Numbers as text: as short as the comparison allows, with the unit's own conventions."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from claim_suite.reports.schema import Measurement, Stated
from claim_suite.reports.text import shown

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
ONE, PER_CENT = Decimal(1), Decimal("0.01")
SCALES = {PER_CENT, *(base**power for base in (Decimal(1000), Decimal(1024)) for power in range(1, 5))}
SIDES = {"!=": "outside", "<": "below", "<=": "at most", ">": "above", ">=": "at least"}
SIGNIFICANT = 4  # digits of a number on its own; a group that is compared has one fewer
SHARE_PLACES = 3
FINER = 2  # digits that a measured number has beyond the printed one
FULL = 17  # significant digits that tell any two doubles apart
LONGEST_INTEGER = 24  # digits that are still written out
HUGE = 10**LONGEST_INTEGER
FAR_APART = Decimal(10**5)
TOO_SMALL = Decimal("1e-7")
NEARLY_NOTHING = Decimal("0.0005")  # of one: smaller shares are told as per cent

_NUMERAL = re.compile(r"[+-]?(\d{1,990}(\.\d{0,990})?|\.\d{1,990})(e[+-]?\d{1,4})?|[+-]?\d{1,40}/\d{1,40}", re.I | re.A)
_SUFFIXED = re.compile(r"\D{0,20}?(\d[\d,]*(?:\.\d+)?)([^\d.,]{1,20})", re.ASCII)
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Printed:
    """A printed number that can be drawn and compared: its interval, and the number itself.

    `suffix` is what stands behind its digits and scales them by `scale`: "B", "%", " billion".
    """

    text: str
    low: Decimal
    high: Decimal
    nominal: Decimal
    cut_short: bool
    suffix: str = ""
    scale: Decimal = ONE

    def contains(self, value: Decimal) -> bool:
        """Tell whether the printed number can stand for a value; a cut-short number's upper bound is out."""
        return self.low <= value and (value < self.high if self.cut_short else value <= self.high)

    def means(self, operator: str = "==") -> str:
        """Say what it stands for where a value is compared with it so: its interval, or one side of the number."""
        if operator in ("==", "!="):
            low, high = (written(bound / self.scale) + self.suffix for bound in (self.low, self.high))
            both = f"{low} to {'under ' * self.cut_short}{high}"
            exact = low if len(low) < LONGEST_INTEGER else shown(self.text, 60)
            interval = f"exactly {exact}" if self.low == self.high else both
            return interval if operator == "==" else f"{SIDES[operator]} {interval.removeprefix('exactly ')}"
        return f"{SIDES[operator]} {shown(self.text, 40)}"


@lru_cache(maxsize=64, typed=True)  # a claim's numbers are read several times: written, compared, drawn
def number(value: Any) -> Decimal | None:
    """Return a ledger's number as it is written there, or None for what is not a finite number of a sane size."""
    kind = type(value)
    if kind is float and value - value == 0:
        return Decimal(repr(value + 0.0))  # no zero has a sign
    if kind is int or kind is Decimal:
        return Decimal(value)
    if kind is str and len(value) < 1000 and _NUMERAL.fullmatch(value):
        over, _, under = value.partition("/")
        if not under:
            return Decimal(over)
        return Decimal(over) / Decimal(under) if int(under) else None
    return None


def printed(stated: Stated | None) -> Printed | None:
    """Read what a case's document printed; None where it printed no number that can be drawn."""
    return _printed(stated.text, stated.low, stated.high, stated.nominal, stated.cut_short) if stated else None


@lru_cache(maxsize=4096)
def _printed(text: str, lower: str, upper: str, itself: str, cut_short: bool) -> Printed | None:
    low, high = number(lower), number(upper)
    if low is None or high is None:
        return None
    nominal = number(itself)
    if nominal is None:
        nominal = low if cut_short else (low + high) / 2
    digits, suffix = match.groups() if (match := _SUFFIXED.fullmatch(text[:100])) else ("", "")
    shown_as = number(digits.replace(",", ""))
    if shown_as and (scale := nominal / shown_as) in SCALES:
        return Printed(text, low, high, nominal, cut_short, suffix, scale)
    return Printed(text, low, high, nominal, cut_short)


def together(
    values: list[Any],
    unit: str = "",
    *,
    share: bool = False,
    against: Printed | None = None,
    scaled: bool = False,
) -> list[str]:
    """Write measured values of one unit with the same decimals, and enough of them to show what differs.

    Rounding never moves a value across a bound of the printed number, never makes two values equal that
    are not, and never turns something into nothing. Shares have three decimals and no leading zero. Beside a per cent,
    and `scaled` beside any printed number, values are written as that is: in billions beside "13.02B".
    """
    suffix = against.suffix if against and (scaled or against.suffix.strip() == "%") else ""
    if not suffix and unit != "%" and set(map(type, values)) == {int}:
        return [written(value) for value in values]
    exact = [number(value) for value in values]
    known = [value for value in exact if value is not None]
    largest = max(map(abs, known), default=0)
    share = share and not suffix and largest <= 1
    if share and 0 < largest < NEARLY_NOTHING:
        share, suffix = False, "%"
    scale = against.scale if against and against.suffix == suffix else PER_CENT if suffix else ONE

    def fits(values: Iterable[Decimal]) -> list[bool]:
        return [against.contains(value * scale) for value in values] if against else []

    known = [value / scale for value in known] if suffix else known
    width = (against.high - against.low) / scale if against else Decimal(0)
    finer = FINER - width.adjusted() if width else 0
    texts = iter(_alike(known, share, fits, finer))
    ending = "%" if unit == "%" else suffix
    return [shown(value, 80) if one is None else next(texts) + ending for value, one in zip(values, exact, strict=True)]


def interval(one: Measurement, beside: str) -> str:
    """Write a confidence interval with the decimals of the number it stands beside, or more where they hide it."""
    ends = [end for end in (number(one.low), number(one.high)) if end is not None]
    told = beside.rstrip("%")
    if len(ends) < 2 or ends[0] == ends[1] or TIMES in beside or max(map(abs, ends)) > 10**9:
        return " to ".join(together([one.low, one.high], one.unit, share=one.share))
    scaled = [end * 100 if told != beside and one.unit != "%" else end for end in ends]
    fine = abs(scaled[1] - scaled[0]) / 10
    places = len(told.partition(".")[2])
    while places < FULL and any(abs(round(end, places) - end) > fine for end in scaled):
        places += 1
    share = told.lstrip(MINUS).startswith(".")
    return " to ".join(_fixed(end, places, share) for end in scaled) + beside[len(told) :]


def _alike(
    known: list[Decimal], share: bool, fits: Callable[[Iterable[Decimal]], list[bool]], finer: int = 0
) -> list[str]:
    """Write a group with as many decimals as it needs, or each with its own where their sizes are too far apart.

    `fits` tells for which values the printed number can stand: rounding may not change that. `finer` are the decimals
    with which they have more digits than what is printed.
    """
    sizes = [abs(value) for value in known if value]
    if not sizes:
        return [_fixed(value, 0, share) for value in known]
    largest, smallest = max(sizes), min(sizes)
    if largest >= HUGE or smallest < TOO_SMALL or largest > FAR_APART * smallest:
        if len(known) == 1:
            return [_power(known[0])]
        return [text for value in known for text in _alike([value], share, lambda _: [])]
    digits = SIGNIFICANT if len(known) == 1 else SIGNIFICANT - 1
    fewest = SHARE_PLACES if share else max(0, digits - 1 - largest.adjusted() if largest >= 1 else digits)
    fewest = min(max(fewest, finer), FULL)
    different, fitting = len(set(known)), fits(known)
    for places in range(fewest, FULL + 1):
        texts = [f"{value:.{places}f}" for value in known]
        visible = not places or smallest.adjusted() > -places
        if visible and len(set(texts)) >= different and fits(map(Decimal, texts)) == fitting:
            break
    zeros = min([len(text) - len(text.rstrip("0")) for text in texts])
    places = max(places - zeros, SHARE_PLACES if share and largest < 1 else 0)
    return [_fixed(value, places, share) for value in known]


def _fixed(value: Decimal, places: int, share: bool) -> str:
    text = f"{value:,.{places}f}".replace("-", MINUS)
    return text.replace("0.", ".", 1) if share and text.lstrip(MINUS).startswith("0.") else text


def written(value: Any) -> str:
    """Write a number with all its digits and thousands separators; beyond 24 digits as a power of ten."""
    if type(value) is int and abs(value) < HUGE:
        return f"{value:,}".replace("-", MINUS)
    exact = number(value)
    if exact is None:
        return shown(value, 80)
    if exact and not TOO_SMALL <= abs(exact) < HUGE:
        return _power(exact)
    text = f"{exact:,f}".replace("-", MINUS)
    return text.rstrip("0").rstrip(".") if "." in text else text


@lru_cache(maxsize=1024)
def duration(seconds: float) -> str:
    """Write a duration: 0.004 s, 5.1 s, 3 min 20 s, 2 h 5 min."""
    if seconds < 60:
        return "under 0.001 s" if 0 < seconds < 0.0005 else f"{seconds:.{3 if seconds < 0.1 else 1}f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def unit_words(unit: str) -> str:
    """Return what stands behind the number: nothing for a percentage, "of slots" for a share of slots."""
    if unit in ("%", "share"):
        return ""
    return shown(unit.removeprefix("share ") if unit.startswith("share of ") else unit, 80)


def _power(exact: Decimal) -> str:
    mantissa, _, exponent = f"{exact:.{SIGNIFICANT - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", MINUS)
    return f"{mantissa} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
