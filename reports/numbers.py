"""Numbers as a page prints them: as short as the comparison allows, with the unit's own conventions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from reports.text import shown

MINUS, TIMES = "\N{MINUS SIGN}", "\N{MULTIPLICATION SIGN}"
SCALES: dict[str, int | Fraction] = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12, "%": Fraction(1, 100)}
SIGNIFICANT = 4  # digits of a number on its own; a group that is compared has one fewer
SHARE_PLACES = 3
FULL = 17  # significant digits that tell any two doubles apart
LONGEST_INTEGER = 24  # digits that are still written out
FAR_APART = 10**5
NEARLY_NOTHING = Fraction(5, 10_000)  # of one: smaller shares are told as per cent

_NUMERAL = re.compile(r"[+-]?(\d{1,990}(\.\d{0,990})?|\.\d{1,990})(e[+-]?\d{1,4})?|[+-]?\d{1,40}/\d{1,40}", re.I | re.A)
_SUFFIXED = re.compile(r"([+-]?[\d,]+(?:\.\d+)?)([KMBT%]?)", re.ASCII)
_SUPERSCRIPT = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")


@dataclass(frozen=True)
class Printed:
    """A number as the document printed it: its text, the number itself where it is one, and its interval."""

    text: str
    nominal: Fraction | None
    low: Fraction | None
    high: Fraction | None
    suffix: str
    cut_short: bool

    def contains(self, value: Fraction) -> bool:
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
            return f"exactly {low}"
        return f"{low} to under {high}" if self.cut_short else f"{low} to {high}"

    def in_unit(self, value: Fraction) -> str:
        """Write a bound with the suffix that the document used."""
        return written(value / SCALES[self.suffix]) + self.suffix


def number(value: Any) -> Fraction | None:
    """Return a ledger's number exactly, or None for what is not a finite number of a sane size."""
    kind = type(value)
    if kind is Fraction:
        return value  # type: ignore[no-any-return]  # the line above is the check
    if kind is int or (kind is float and value - value == 0):
        return Fraction(value)
    if kind is str and len(value) < 1000 and _NUMERAL.fullmatch(value):
        try:
            return Fraction(value)
        except ZeroDivisionError:
            return None
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
    known = [value * 100 if percent else value for value in exact if value is not None]
    share = not percent and is_share(unit) and all(abs(value) <= 1 for value in known)
    if share and known and 0 < max(map(abs, known)) < NEARLY_NOTHING:
        known, share, percent = [value * 100 for value in known], False, True
    places = _places(known, share, against, 100 if percent else 1)
    texts = iter(_fixed(value, places, share) for value in known)
    suffix = "%" if percent or unit == "%" else ""
    return [shown(value, 80) if one is None else next(texts) + suffix for value, one in zip(values, exact, strict=True)]


def interval(low: Any, high: Any, unit: str, beside: str) -> str:
    """Write a confidence interval with the decimals of the number it stands beside, or more where they hide it."""
    places = len(beside.rstrip("%").partition(".")[2])
    ends = [number(end) for end in (low, high)]
    if TIMES in beside or beside.endswith("%") or None in ends:
        return " to ".join(together([low, high], unit))
    rounded = [round(end * 10**places) for end in ends if end is not None]
    if rounded[0] == rounded[1] or 0 in rounded:
        return " to ".join(together([low, high], unit))
    return " to ".join(
        _fixed(Fraction(end, 10**places), places, beside.lstrip(MINUS).startswith(".")) for end in rounded
    )


def _places(known: list[Fraction], share: bool, against: Printed | None, parts: int) -> int | None:
    """Return how many decimals a group needs, or None where its members' sizes are too far apart for that."""
    sizes = [abs(value) for value in known if value]
    if not sizes:
        return 0
    if (
        max(sizes) >= 10**LONGEST_INTEGER
        or min(sizes) * 10**FULL < 1
        or (len(sizes) > 1 and max(sizes) > FAR_APART * min(sizes))
    ):
        return None
    digits = SIGNIFICANT if len(known) == 1 else SIGNIFICANT - 1
    places = SHARE_PLACES if share else max(0, digits - len(str(int(max(sizes)))) + (max(sizes) < 1))
    while places < FULL and not _tells_apart(known, places, against, parts):
        places += 1
    fewest = SHARE_PLACES if share and max(sizes) < 1 else 0
    while places > fewest and all(round(value * 10**places) % 10 == 0 for value in known):
        places -= 1
    return places


def _tells_apart(known: list[Fraction], places: int, against: Printed | None, parts: int) -> bool:
    rounded = [round(value * 10**places) for value in known]
    if len(set(rounded)) < len(set(known)):
        return False
    if any(value.denominator > 1 and abs(value) * 10**places < 10 for value in known):
        return False
    return against is None or all(
        against.contains(value / parts) == against.contains(Fraction(short, parts * 10**places))
        for value, short in zip(known, rounded, strict=True)
    )


def _fixed(value: Fraction, places: int | None, share: bool) -> str:
    if places is None:
        return (
            _power(value)
            if not 10**-7 <= abs(value) < 10**LONGEST_INTEGER
            else _fixed(value, _places([value], share, None, 1), share)
        )
    text = f"{Decimal(round(value * 10**places)).scaleb(-places):,f}".replace("-", MINUS)
    return text.replace("0.", ".", 1) if share and text.lstrip(MINUS).startswith("0.") else text


def written(value: Any) -> str:
    """Write a number with all its digits and thousands separators; beyond 24 digits as a power of ten."""
    if type(value) is int and abs(value) < 10**LONGEST_INTEGER:
        return f"{value:,}".replace("-", MINUS)
    exact = number(value)
    if exact is None:
        return shown(value, 80)
    if exact and not 10**-7 <= abs(exact) < 10**LONGEST_INTEGER:
        return _power(exact)
    if exact.denominator == 1:
        return f"{exact.numerator:,}".replace("-", MINUS)
    full = Decimal(repr(value)) if isinstance(value, float) else _divided(exact, FULL)
    text = f"{full:,f}".replace("-", MINUS)
    return text.rstrip("0").rstrip(".") if "." in text else text


def duration(seconds: Any) -> str:
    """Write a duration: 0.004 s, 5.1 s, 3 min 20 s, 2 h 5 min."""
    exact = number(seconds)
    if exact is None or exact < 0:
        return shown(seconds, 80)
    if 0 < exact < Fraction(1, 2000):
        return "under 0.001 s"
    if exact < 60:
        return f"{float(exact):.3f} s" if exact < Fraction(1, 10) else f"{float(exact):.1f} s"
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


def _divided(exact: Fraction, digits: int) -> Decimal:
    return Context(prec=digits).divide(Decimal(exact.numerator), Decimal(exact.denominator))


def _power(exact: Fraction) -> str:
    mantissa, _, exponent = f"{_divided(exact, SIGNIFICANT).normalize():e}".partition("e")
    return f"{mantissa.replace('-', MINUS)} {TIMES} 10{str(int(exponent)).translate(_SUPERSCRIPT)}"
