"""Other worlds: data files with their values moved, by rules that know nothing of what a file is about.

A world changes every file in the same way. In the rows at one depth, values change places, are made even, pile up on
one end, rise along the row, shrink, grow or are left out; or the numbers of records halve and double. What comes of it
need not make sense: then an instrument breaks, and no claim is turned.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from random import Random
from typing import Any

Change = Callable[[list[Any], float], list[Any]]
DEEPEST = 4  # depths at which rows are changed
RESIZED = 10  # worlds in which sizes change
PEAK = Fraction(3, 5)  # of a row's sum


def mutant(content: Any, world: int) -> Any:
    """Return JSON content as it is in a world, one of `worlds()`."""
    random = Random(world)
    if world < RESIZED:
        return _resized(content, random)
    change, depth = divmod(world - RESIZED, DEEPEST)
    return _rearranged(content, depth, CHANGES[change], random.random())


def worlds() -> list[int]:
    """Return all worlds: sizes at random once, each change at each depth, some twice, and then sizes again."""
    return [0, *range(RESIZED, RESIZED + len(CHANGES) * DEEPEST), *range(1, RESIZED)]


def _rearranged(node: Any, depth: int, change: Change, amount: float) -> Any:
    """Change every row of alike values that lies so deep below a node, all of them in the same way."""
    if not isinstance(node, (dict, list)) or not node:
        return node
    values = list(node.values()) if isinstance(node, dict) else list(node)
    if depth == 0 and _alike(values):
        values = change(values, amount)
    else:
        values = [_rearranged(value, depth - 1, change, amount) for value in values]
    return dict(zip(node, values, strict=False)) if isinstance(node, dict) else values


def _resized(node: Any, random: Random) -> Any:
    """Halve, keep or double every number that stands in a record: an object of unlike fields."""
    if isinstance(node, list):
        return [_resized(value, random) for value in node]
    if not isinstance(node, dict):
        return node
    factors = (Fraction(1, 2), 1, 2)
    scale = _times if not _alike(list(node.values())) else lambda value, _factor: value
    return {
        name: scale(value, random.choice(factors)) if _is_number(value) else _resized(value, random)
        for name, value in node.items()
    }


def _reversed(values: list[Any], _amount: float) -> list[Any]:
    return values[::-1]


def _rotated(values: list[Any], amount: float) -> list[Any]:
    by = 1 + int(amount * (len(values) - 1))
    return values[by:] + values[:by]


def _even(values: list[Any], _amount: float) -> list[Any]:
    middle = _times(sum(values), Fraction(1, len(values))) if _is_number(values[0]) else values[0]
    return [middle] * len(values)


def _peaked(values: list[Any], amount: float) -> list[Any]:
    if not _is_number(values[0]):
        return values
    top, total = round(amount) * (len(values) - 1), sum(values)
    rest = (1 - PEAK) / max(1, len(values) - 1)
    return [_times(total, PEAK if place == top else rest) for place in range(len(values))]


def _rising(values: list[Any], _amount: float) -> list[Any]:
    return [_times(value, Fraction(place + 1, len(values))) for place, value in enumerate(values)]


def _scaled(values: list[Any], amount: float) -> list[Any]:
    return [_times(value, Fraction(1, 4) if amount < 1 / 2 else 4) for value in values]


def _dropped(values: list[Any], amount: float) -> list[Any]:
    return [value for place, value in enumerate(values) if place % 2 != int(2 * amount)]


def _times(node: Any, factor: Fraction | int) -> Any:
    """Multiply all numbers in a node; whole ones stay whole, and positive ones positive."""
    if isinstance(node, dict):
        return {name: _times(value, factor) for name, value in node.items()}
    if isinstance(node, list):
        return [_times(value, factor) for value in node]
    if not _is_number(node):
        return node
    return type(node)(node * factor) or (type(node)(1) if node else node)


def _alike(values: list[Any]) -> bool:
    kinds = {type(value) for value in values}
    return len(values) > 1 and len({float if kind in (int, Fraction) else kind for kind in kinds}) == 1


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Fraction)) and not isinstance(value, bool)


CHANGES: list[Change] = [
    _rotated, _dropped, _peaked, _rising, _reversed, _scaled, _even, _peaked, _rotated, _scaled, _dropped,
]  # fmt: skip
