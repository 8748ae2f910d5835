"""Numbers as a page prints them: as short as the comparison allows, with the unit's own conventions."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Context, Decimal
from fractions import Fraction
from functools import lru_cache
from typing import Any

from reports.text import shown

SCALES = {"": 1, "K": 10**3, "M": 10**6, "B": 10**9, "T": 10**12, "%": Fraction(1, 100)}
SIGNIFICANT = 4
FULL = 17  # significant digits that tell any two doubles apart
LONGEST_INTEGER = 24  # digits that are still written out

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

    def side(self, value: Fraction) -> tuple[bool, int]:
        """Tell whether a value lies in the interval, and on which side of the number itself."""
        nominal = self.nominal if self.nominal is not None else value
        return self.contains(value), (value > nominal) - (value < nominal)

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
    if isinstance(value, bool):
        return None
    if isinstance(value, int | Fraction):
        return Fraction(value)
    if isinstance(value, float):
        return Fraction(value) if value - value == 0 else None
    if isinstance(value, str) and len(value) < 1000 and _NUMERAL.fullmatch(value):
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
    """Write measured values of one unit, with digits enough to show what differs.

    Rounding never moves a value across a bound of the printed number, never makes two values equal that
    are not, and never turns something into nothing.
    """
    exact = [number(value) for value in values]
    percent = against is not None and against.suffix == "%"
    scaled = [None if value is None else value * 100 if percent else value for value in exact]
    share = not percent and is_share(unit) and all(value is None or 0 <= value <= 1 for value in exact)
    for digits in range(SIGNIFICANT - (1 if share else 0), FULL):
        rounded = [None if value is None else _rounded(value, digits, share) for value in scaled]
        if _tells_apart(scaled, rounded, against, percent):
            break
    texts = [
        shown(value, 80) if short is None else _signed(short, share) for value, short in zip(values, rounded, strict=True)
    ]
    texts = _level(texts) if len(texts) > 1 and not share else texts
    return [f"{text}%" for text in texts] if percent or unit == "%" else texts


def _level(texts: list[str]) -> list[str]:
    """Give short numbers with a fraction the same number of decimals, so that they can be compared at a glance."""
    if not all(re.fullmatch(r"−?\d{1,3}(\.\d{1,4})?", text) for text in texts):
        return texts
    places = max(len(text.partition(".")[2]) for text in texts)
    return [text + ("." * (places > 0) + "0" * places if "." not in text else "0" * (places - len(text.partition(".")[2]))) for text in texts]


def written(value: Any) -> str:
    """Write a number with all its digits and thousands separators; beyond 24 digits as a power of ten."""
    exact = number(value)
    if exact is None:
        return shown(value, 80)
    if exact.denominator == 1 and abs(exact) < 10**LONGEST_INTEGER:
        return f"{exact.numerator:,}".replace("-", "−")
    return _signed(Decimal(repr(value)) if isinstance(value, float) else _decimal(exact, FULL), share=False)


def duration(seconds: Any) -> str:
    """Write a duration: 0.004 s, 5.1 s, 3 min 20 s, 2 h 5 min."""
    exact = number(seconds)
    if exact is None or exact < 0:
        return shown(seconds, 80)
    if exact < 60:
        return f"{float(exact):.3f} s" if exact < Fraction(1, 10) else f"{float(exact):.1f} s"
    minutes, rest = divmod(round(exact), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours:,} h {minutes} min" if hours else f"{minutes} min {rest} s"


def is_share(unit: str) -> bool:
    """Tell whether a unit says that its numbers are parts of one."""
    return unit == "share" or unit.startswith(("share ", "shares "))


def unit_words(unit: str) -> str:
    """Return what stands behind the number: nothing for a percentage, "of slots" for a share of slots."""
    if unit in ("%", "share"):
        return ""
    return shown(unit.removeprefix("share ") if unit.startswith("share of ") else unit, 80)


def _decimal(exact: Fraction, digits: int) -> Decimal:
    return Context(prec=digits).divide(Decimal(exact.numerator), Decimal(exact.denominator))


def _rounded(exact: Fraction, digits: int, share: bool) -> Decimal:
    if exact.denominator == 1 and abs(exact) < 10**LONGEST_INTEGER:
        return Decimal(exact.numerator)
    if share and abs(exact) >= Fraction(1, 100):
        return Decimal(round(exact * 10**digits)).scaleb(-digits)
    whole = len(str(abs(int(exact)))) if abs(exact) < 10**LONGEST_INTEGER else 0
    return _decimal(exact, max(digits, whole))


def _tells_apart(
    scaled: list[Fraction | None], rounded: list[Decimal | None], against: Printed | None, percent: bool
) -> bool:
    pairs = [(one, Fraction(short)) for one, short in zip(scaled, rounded, strict=True) if one is not None and short is not None]
    if len({one for one, _ in pairs}) != len({short for _, short in pairs}):
        return False
    parts = 100 if percent else 1
    return against is None or all(against.side(one / parts)[0] == against.side(short / parts)[0] for one, short in pairs)


def _signed(value: Decimal, share: bool) -> str:
    if value and not -7 < value.adjusted() < LONGEST_INTEGER:
        mantissa, _, exponent = f"{_decimal(Fraction(value), SIGNIFICANT).normalize():e}".partition("e")
        return f"{mantissa} × 10{str(int(exponent)).translate(_SUPERSCRIPT)}".replace("-", "−", 1 if value < 0 else 0)
    text = f"{value:,f}"
    if "." in text and not (share and value.as_tuple().exponent == -3):
        text = text.rstrip("0").rstrip(".")
    if share and 0 < value < 1:
        return text.lstrip("0")
    return text.replace("-", "−")
