"""Check a JSON value against a TypedDict: the one place where the ledger's types meet untrusted input."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from types import NoneType, UnionType
from typing import Any, NotRequired, Union, get_args, get_origin, get_type_hints, is_typeddict

Checker = Callable[[Any, str], None]


class ShapeError(Exception):
    """A value has not the type that belongs there; the message is one line and says where."""


@cache
def checker(shape: Any) -> Checker:
    """Return a function of a value and its name that raises ShapeError unless the value has the shape.

    Shapes are TypedDicts, `list[…]`, `dict[str, …]`, unions with None, plain JSON types and Any. Keys
    that a TypedDict does not name are left alone. An integer passes for a float, a boolean for neither.
    """
    if is_typeddict(shape):
        return _record(shape)
    if get_origin(shape) is list:
        return _every(list, checker(get_args(shape)[0]))
    if get_origin(shape) is dict:
        return _every(dict, checker(get_args(shape)[1]))
    if get_origin(shape) in (Union, UnionType):
        return _union(get_args(shape))
    return (lambda _value, _where: None) if shape is Any else _plain((shape,))


def _record(shape: Any) -> Checker:
    fields = {key: checker(hint) for key, hint in get_type_hints(shape).items()}
    # where annotations are text, as under `from __future__`, __required_keys__ overlooks NotRequired
    extras = get_type_hints(shape, include_extras=True)
    required = sorted(key for key, hint in extras.items() if get_origin(hint) is not NotRequired)

    def check(value: Any, where: str) -> None:
        if not isinstance(value, dict):
            raise ShapeError(f"{where} is not an object")
        for key in required:
            if key not in value:
                raise ShapeError(f"{where} lacks {key!r}")
        for key, check_field in fields.items():
            if key in value:
                check_field(value[key], key)

    return check


def _every(container: type[list[Any]] | type[dict[str, Any]], check_element: Checker) -> Checker:
    def check(value: Any, where: str) -> None:
        if not isinstance(value, container):
            raise ShapeError(f"{where} is not {'a list' if container is list else 'an object'}")
        for element in value.values() if isinstance(value, dict) else value:
            check_element(element, where)

    return check


def _union(kinds: tuple[Any, ...]) -> Checker:
    records = [checker(kind) for kind in kinds if is_typeddict(kind)]
    check_plain = _plain(tuple(kind for kind in kinds if not is_typeddict(kind)))

    def check(value: Any, where: str) -> None:
        if records and isinstance(value, dict):
            records[0](value, where)
        else:
            check_plain(value, where)

    return check


def _plain(kinds: tuple[Any, ...]) -> Checker:
    allowed = {*kinds, int} if float in kinds else {*kinds}

    def check(value: Any, where: str) -> None:
        if type(value) not in allowed:
            names = " or ".join(sorted("null" if kind is NoneType else kind.__name__ for kind in kinds))
            raise ShapeError(f"{where} is {type(value).__name__}, not {names}")

    return check
