"""Numbers as a page prints them: as short as the comparison allows, with the unit's own conventions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from reports.text import shown

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
SCALES = {"": Decimal(1), "K": Decimal(10**3), "M": Decimal(10**6), "B": Decimal(10**9), "T": Decimal(10**12)} | {
    "%": Decimal("0.01")
}
SIGNIFICANT = 4  # digits of a number on its own; a group that is compared has one fewer
SHARE_PLACES = 3
FULL = 17  # significant digits that tell any two doubles apart
LONGEST_INTEGER = 24  # digits that are still written out
FAR_APART = 10**5
TOO_SMALL = Decimal("1e-7")
NEARLY_NOTHING = Decimal("0.0005")  # of one: smaller shares are told as per cent

_NUMERAL = re.compile(r"[+-]?(\d{1,990}(\.\d{0,990})?|\.\d{1,990})(e[+-]?\d{1,4})?|[+-]?\d{1,40}/\d{1,40}", re.I | re.A)
_SUFFIXED = re.compile(r"([+-]?[\d,]+(?:\.\d+)?)([KMBT%]?)", re.ASCII)
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Printed:
    """A number as the document printed it: its text, the number itself where it is one, and its interval."""

    text: str
    nominal: Decimal | None
    low: Decimal | None
    high: Decimal | None
    suffix: str
    cut_short: bool

    def contains(self, value: Decimal) -> bool:
        """Tell whether the printed number can stand for a value; a cut-short number's upper bound is out."""
        if self.low is not None and value < self.low:
            return False
        return self.high is None or value < self.high or (value == self.high and not self.cut_short)

    def means(self) -> str:
        """Say the interval in the printed number's own unit."""
        low, high = (None if bound is None else self.in_unit(bound) for bound in (self.low, self.high))
        if low is None or high is None:
            return f"{low} or more" if low else f"up to {high}" if high else ""
        if self.low == self.high:
            return f"exactly {low if len(low) < 24 else shown(self.text, 60)}"
        return f"{low} to under {high}" if self.cut_short else f"{low} to {high}"

    def in_unit(self, value: Decimal) -> str:
        """Write a bound with the suffix that the document used."""
        return written(value / SCALES[self.suffix]) + self.suffix


def number(value: Any) -> Decimal | None:
    """Return a ledger's number exactly, or None for what is not a finite number of a sane size."""
    kind = type(value)
    if kind is int or (kind is float and value - value == 0) or kind is Decimal:
        return Decimal(value)
    if kind is str and len(value) < 1000 and _NUMERAL.fullmatch(value):
        over, _, under = value.partition("/")
        if not under:
            return Decimal(over)
        return Decimal(over) / Decimal(under) if int(under) else None
    return None


def printed(stated: Any) -> Printed | None:
    """Read the `stated` of a case; None where the claim prints no number."""
    if not isinstance(stated, dict):
        return None
    return _printed(str(stated.get("text", "")), str(stated.get("low")), str(stated.get("high")))


@lru_cache(maxsize=4096)
def _printed(text: str, lower: str, upper: str) -> Printed:
    low, high = number(lower), number(upper)
    match = _SUFFIXED.fullmatch(text) if len(text) < 100 else None
    suffix = match[2] if match else ""
    nominal = number(match[1].replace(",", "")) if match else number(text)
    if nominal is not None:
        nominal *= SCALES[suffix]
        if (low is not None and nominal < low) or (high is not None and nominal > high):
            nominal, suffix = None, ""
    cut_short = low is not None and high is not None and nominal == low < high
    return Printed(text, nominal, low, high, suffix, cut_short)


def together(values: list[Any], unit: str, against: Printed | None = None) -> list[str]:
    """Write measured values of one unit with the same decimals, and enough of them to show what differs.

    Rounding never moves a value across a bound of the printed number, never makes two values equal that
    are not, and never turns something into nothing. Shares have three decimals and no leading zero.
    """
    percent = against is not None and against.suffix == "%"
    if not percent and unit != "%" and all(type(value) is int for value in values):
        return [written(value) for value in values]
    exact = [number(value) for value in values]
    known = [value for value in exact if value is not None]
    share = not percent and is_share(unit) and all(abs(value) <= 1 for value in known)
    if share and known and 0 < max(map(abs, known)) < NEARLY_NOTHING:
        share, percent = False, True
    places = _places(known, 100 if percent else 1, share, against)
    texts = iter(_fixed(value * 100 if percent else value, places, share) for value in known)
    suffix = "%" if percent or unit == "%" else ""
    return [shown(value, 80) if one is None else next(texts) + suffix for value, one in zip(values, exact, strict=True)]


def interval(low: Any, high: Any, unit: str, beside: str) -> str:
    """Write a confidence interval with the decimals of the number it stands beside, or more where they hide it."""
    ends = [end for end in (number(low), number(high)) if end is not None]
    told = beside.rstrip("%")
    if len(ends) < 2 or ends[0] == ends[1] or TIMES in beside or max(map(abs, ends)) > 10**9:
        return " to ".join(together([low, high], unit))
    scaled = [end * 100 if told != beside and unit != "%" else end for end in ends]
    fine = abs(scaled[1] - scaled[0]) / 10
    places = len(told.partition(".")[2])
    while places < FULL and any(abs(round(end, places) - end) > fine for end in scaled):
        places += 1
    share = told.lstrip(MINUS).startswith(".")
    return " to ".join(_fixed(end, places, share) for end in scaled) + beside[len(told) :]


def _places(known: list[Decimal], parts: int, share: bool, against: Printed | None) -> int | None:
    """Return how many decimals a group needs, or None where its members' sizes are too far apart for that."""
    sizes = [abs(value) * parts for value in known if value]
    if not sizes:
        return 0
    largest, smallest = max(sizes), min(sizes)
    if largest >= 10**LONGEST_INTEGER or smallest < TOO_SMALL or (len(sizes) > 1 and largest > FAR_APART * smallest):
        return None
    digits = SIGNIFICANT if len(known) == 1 else SIGNIFICANT - 1
    places = SHARE_PLACES if share else max(0, digits - 1 - largest.adjusted() if largest >= 1 else digits)
    texts = _rounded(known, parts, places)
    while places < FULL and not _tells_apart(known, texts, parts, places, against):
        places += 1
        texts = _rounded(known, parts, places)
    fewest = SHARE_PLACES if share and largest < 1 else 0
    while places > fewest and all(text.endswith("0") for text in texts):
        places -= 1
        texts = [text[:-1] for text in texts]
    return places


def _rounded(known: list[Decimal], parts: int, places: int) -> list[str]:
    return [f"{value * parts if parts > 1 else value:.{places}f}" for value in known]


def _tells_apart(known: list[Decimal], texts: list[str], parts: int, places: int, against: Printed | None) -> bool:
    if len(set(texts)) < len(set(known)):
        return False
    visible = 10 ** (1 - places) if places > 0 else 0
    if any(abs(value) * parts < visible and value % 1 for value in known):
        return False
    return against is None or all(
        against.contains(value) == against.contains(Decimal(text) / parts)
        for value, text in zip(known, texts, strict=True)
    )


def _fixed(value: Decimal, places: int | None, share: bool) -> str:
    if places is None and (value == 0 or TOO_SMALL <= abs(value) < 10**LONGEST_INTEGER):
        places = _places([value], 1, share, None)
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
def duration(seconds: Any) -> str:
    """Write a duration: 0.004 s, 5.1 s, 3 min 20 s, 2 h 5 min."""
    exact = number(seconds)
    if exact is None or exact < 0:
        return shown(seconds, 80)
    if 0 < exact < Decimal("0.0005"):
        return "under 0.001 s"
    if exact < 60:
        return f"{float(exact):.3f} s" if exact < Decimal("0.1") else f"{float(exact):.1f} s"
    minutes, rest = divmod(round(exact), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def is_share(unit: str) -> bool:
    """Tell whether a unit says that its numbers are parts of one: shares, distances between them, "of slots"."""
    return unit == "share" or unit.startswith(("share ", "shares ", "of ", "total variation"))


def unit_words(unit: str) -> str:
    """Return what stands behind the number: nothing for a percentage, "of slots" for a share of slots."""
    if unit in ("%", "share"):
        return ""
    return shown(unit.removeprefix("share ") if unit.startswith("share of ") else unit, 80)


def _power(exact: Decimal) -> str:
    mantissa, _, exponent = f"{exact:.{SIGNIFICANT - 1}e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".").replace("-", MINUS)
    return f"{mantissa} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
