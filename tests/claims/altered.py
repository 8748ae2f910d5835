"""Instruments that err: whatever a claim is handed answers with other numbers, always the same ones within a world.

A positive number stays positive, and zero becomes one: a claim that would hold for every measurement is not turned. How
a number is altered follows from the way to it (attributes, calls, places): a question asked twice has one answer.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import torch

from claim_suite.fixtures.claim.numbers import Estimate

FACTORS = [Fraction(2) ** power for power in (-20, -8, -1, 1, 8, 20)]


class Altered:
    """Stands in for an object: its attributes, items and what its methods return are altered.

    A copy with other fields, `dataclasses.replace`, is of the object's own class and has the altered fields.
    """

    def __new__(cls, of: Any, _way: str) -> Altered:
        fields = getattr(type(of), "__dataclass_fields__", None)
        return object.__new__(type("Altered", (cls,), {"__dataclass_fields__": fields} if fields else {}))

    def __init__(self, of: Any, way: str) -> None:
        self._of, self._way = of, way

    @property  # type: ignore[misc]  # what it stands in for is what it says it is
    def __class__(self) -> Any:
        return type(self._of)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._of, name)
        as_it_is = name == "evidence" or name.startswith("__")  # which the report reads, and Python
        return value if as_it_is else altered(value, f"{self._way}.{name}")

    def __getitem__(self, key: Any) -> Any:
        return altered(self._of[key], f"{self._way}[{key}]")

    def __iter__(self) -> Iterator[Any]:
        return iter([altered(one, f"{self._way}[{place}]") for place, one in enumerate(self._of)])

    def __len__(self) -> int:
        return len(self._of)


def altered(value: Any, way: str) -> Any:
    """Return a value with its numbers altered, or what alters them when they are asked for.

    `way` begins with the number of a world: in the first all numbers are altered, in the next half of them, then a
    quarter, an eighth, and all again.
    """
    if isinstance(value, (bool, int, float, Fraction, Estimate, torch.Tensor)):
        random = Random(way)
        share = 2.0 ** -(int(way.split()[0]) % 4)
        return _leaf(value, random) if random.random() < share else value
    if value is None or isinstance(value, (str, bytes, type)):
        return value
    if isinstance(value, Mapping):
        return {key: altered(one, f"{way}[{key}]") for key, one in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)([altered(one, f"{way}[{place}]") for place, one in enumerate(value)])
    if callable(value):
        return called(value, way)
    return Altered(value, way)


def called(function: Callable[..., Any], way: str) -> Callable[..., Any]:
    """Return a function whose result is altered; what is handed to it is not."""

    @functools.wraps(function)
    def asked(*arguments: Any, **keywords: Any) -> Any:
        plain = [_plain(one) for one in arguments]
        return altered(function(*plain, **{name: _plain(one) for name, one in keywords.items()}), f"{way}()")

    return asked


def _plain(value: Any) -> Any:
    return object.__getattribute__(value, "_of") if issubclass(type(value), Altered) else value


def _leaf(value: Any, random: Random) -> Any:
    if isinstance(value, bool):
        return not value
    if isinstance(value, Estimate):
        factor = float(random.choice(FACTORS))
        return replace(value, **{end: factor * getattr(value, end) for end in ("value", "low", "high")})
    if isinstance(value, torch.Tensor):
        return _tensor(value, random)
    number = type(value)(value * random.choice(FACTORS))
    return type(value)(1) if number == 0 else number


def _tensor(value: torch.Tensor, random: Random) -> torch.Tensor:
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    if value.dtype == torch.bool:
        return value ^ (torch.rand(value.shape, generator=generator) < 1 / 2)
    moved = value[..., torch.randperm(value.shape[-1], generator=generator)] if value.ndim else value
    return moved if value.dtype == torch.int64 else moved * float(random.choice(FACTORS))
