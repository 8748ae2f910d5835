"""What a case measured, as a row shows it: against the printed number, as numbers with names, as a picture."""

from __future__ import annotations

import re
from decimal import Decimal
from itertools import groupby
from typing import Any

from reports import numbers, strips
from reports.text import shown

MOST_NUMBERS = 6
LONG_UNIT = 24
_OUT_OF = re.compile(r"of (\d{1,6}) (.+)", re.ASCII)

Record = dict[str, Any]


def compared(
    verdict: str, measured: list[Record], values: list[Decimal | None], printed: numbers.Printed | None
) -> tuple[str, str]:
    """Say what the printed number stands for in this comparison, and draw the values against it.

    It stands for its interval where the claim is that they are equal, and for one side of the number
    where every value of a claim that holds lies on that side.
    """
    known = [value for value in values if value is not None]
    if printed is None and (out_of := _out_of(measured[0])):
        return "", strips.tally(*out_of)
    if not known or len(known) < len(values):
        return (printed.means() if printed else ""), ""
    if printed is None:
        return "", strips.bars(verdict, measured, known)
    spreads = [strips.spread(one) for one in measured]
    if (chosen := strips.judged(verdict, known, printed)) is not None:
        return printed.means(), strips.interval(verdict, known[chosen], spreads[chosen], printed)
    if side := strips.one_side(verdict, known, printed):
        return f"{side} {shown(printed.text, 40)}", strips.threshold(verdict, known, spreads, printed, side)
    return (printed.means() if len(known) > 1 else ""), strips.bars(verdict, measured, known)


def _out_of(one: Record) -> tuple[int, int] | None:
    match = _OUT_OF.fullmatch(one["unit"])
    return (one["value"], int(match[1])) if match and type(one["value"]) is int else None


def readings(measured: list[Record], printed: numbers.Printed | None) -> list[tuple[str, str, str]]:
    """Return what was measured as (name, number, unit and interval), the first few where there are many.

    Neighbours share their unit: it stands behind the first of them, or on a line of its own where it is long.
    """
    few, told = measured[:MOST_NUMBERS], []
    written = _written(few, printed)
    for unit, places in groupby(range(len(few)), key=lambda place: few[place]["unit"]):
        same = list(places)
        below = len(same) > 1 and len(unit) > LONG_UNIT and all(few[place]["of"] for place in same)
        for place in same:
            beside = unit if (place == same[0] and not below) or not few[place]["of"] else ""
            told.append(_number(few[place], written[place], len(few) > 1, beside))
        told += [("", "", numbers.unit_words(unit))] * below
    if len(measured) > len(few):
        told.append(("", f"and {len(measured) - len(few):,} more", "in the evidence"))
    return told


def _written(few: list[Record], printed: numbers.Printed | None) -> list[str]:
    written = [""] * len(few)
    for unit in dict.fromkeys(one["unit"] for one in few):
        places = [place for place, one in enumerate(few) if one["unit"] == unit]
        for place, text in zip(
            places, numbers.together([few[place]["value"] for place in places], unit, printed), strict=True
        ):
            written[place] = text
    return written


def _number(one: Record, text: str, named: bool, unit: str) -> tuple[str, str, str]:
    name, words = shown(one["of"], 80), numbers.unit_words(unit)
    ends = (one["low"], one["high"])
    if None not in ends and ends != (one["value"], one["value"]):
        words = f"{words} ({numbers.interval(*ends, one['unit'], text)})".strip()
    if not named or name:
        return name, text, words
    if match := _OUT_OF.fullmatch(unit):  # "2 of 2 steps up" under the name "steps up"
        return shown(match[2], 80), f"{text} of {match[1]}", words.removeprefix(unit).strip()
    return shown(unit, 80), text, words.removeprefix(numbers.unit_words(unit)).strip()
