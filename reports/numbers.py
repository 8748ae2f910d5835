"""Numbers as text: as short as the comparison allows, with the unit's own conventions."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from reports.schema import Measurement, Stated
from reports.text import shown

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
PER_CENT = Decimal("0.01")
SCALES = {PER_CENT, *(base**power for base in (Decimal(1000), Decimal(1024)) for power in range(1, 5))}
SIDES = {"!=": "outside", "<": "below", "<=": "at most", ">": "above", ">=": "at least"}
SIGNIFICANT = 4  # digits of a number on its own; a group that is compared has one fewer
SHARE_PLACES = 3
FULL = 17  # significant digits that tell any two doubles apart
LONGEST_INTEGER = 24  # digits that are still written out
FAR_APART = 10**5
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
    scale: Decimal = Decimal(1)

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


def number(value: Any) -> Decimal | None:
    """Return a ledger's number as it is written there, or None for what is not a finite number of a sane size."""
    kind = type(value)
    if kind is float and value - value == 0:
        return Decimal(repr(value))
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
    if not suffix and unit != "%" and all(type(value) is int for value in values):
        return [written(value) for value in values]
    exact = [number(value) for value in values]
    known = [value for value in exact if value is not None]
    share = share and not suffix and all(abs(value) <= 1 for value in known)
    if share and 0 < max(map(abs, known), default=0) < NEARLY_NOTHING:
        share, suffix = False, "%"
    scale = against.scale if against and against.suffix == suffix else PER_CENT if suffix else Decimal(1)

    def fits(value: Decimal) -> bool:
        return against is None or against.contains(value * scale)

    known = [value / scale for value in known] if suffix else known
    places = _places(known, share, fits)
    texts = iter(_fixed(value, places, share) for value in known)
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


def _places(known: list[Decimal], share: bool, fits: Callable[[Decimal], bool]) -> int | None:
    """Return how many decimals a group needs, or None where its members' sizes are too far apart for that.

    `fits` tells whether the printed number can stand for a value: rounding may not change that.
    """
    sizes = [abs(value) for value in known if value]
    if not sizes:
        return 0
    largest, smallest = max(sizes), min(sizes)
    if largest >= 10**LONGEST_INTEGER or smallest < TOO_SMALL or (len(sizes) > 1 and largest > FAR_APART * smallest):
        return None
    digits = SIGNIFICANT if len(known) == 1 else SIGNIFICANT - 1
    places = SHARE_PLACES if share else max(0, digits - 1 - largest.adjusted() if largest >= 1 else digits)
    while places < FULL and not _tells_apart(known, places, fits):
        places += 1
    fewest = SHARE_PLACES if share and largest < 1 else 0
    texts = [f"{value:.{places}f}" for value in known]
    while places > fewest and all(text.endswith("0") for text in texts):
        places -= 1
        texts = [text[:-1] for text in texts]
    return places


def _tells_apart(known: list[Decimal], places: int, fits: Callable[[Decimal], bool]) -> bool:
    texts = [f"{value:.{places}f}" for value in known]
    visible = 10 ** (1 - places) if places > 0 else 0
    if len(set(texts)) < len(set(known)) or any(abs(value) < visible and value % 1 for value in known):
        return False
    return all(fits(value) == fits(Decimal(text)) for value, text in zip(known, texts, strict=True))


def _fixed(value: Decimal, places: int | None, share: bool) -> str:
    if places is None and (value == 0 or TOO_SMALL <= abs(value) < 10**LONGEST_INTEGER):
        places = _places([value], share, lambda _: True)
    if places is None:
        return _power(value)
    text = f"{value:,.{places}f}".replace("-", MINUS)
    return text.replace("0.", ".", 1) if share and text.lstrip(MINUS).startswith("0.") else text


def written(value: Any) -> str:
    """Write a number with all its digits and thousands separators; beyond 24 digits as a power of ten."""
    if type(value) is int and abs(value) < 10**LONGEST_INTEGER:
        return f"{value:,}".replace("-", MINUS)
    exact = number(value)
    if exact is None:
        return shown(value, 80)
    if exact and not TOO_SMALL <= abs(exact) < 10**LONGEST_INTEGER:
        return _power(exact)
    text = f"{Decimal(repr(value)) if type(value) is float else exact:,f}".replace("-", MINUS)
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
