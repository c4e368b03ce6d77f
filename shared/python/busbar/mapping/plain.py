"""JSON values on their way into an engine and out of it: checked, and copied where they have to."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from busbar.domain.numbers import LARGEST_INTEGER
from busbar.mapping.limits import Limits, TooMuchError


class NotJsonError(Exception):
    """A value that JSON cannot hold, or not exactly. The text says where, never what."""


_LEAST_INTEGER = -LARGEST_INTEGER


def is_plain(value: object, limits: Limits) -> bool:
    """Whether a value is plain JSON within the limits, so that it needs no copy.

    The quick answer for the usual case, level by level. Keys are not looked at; a "no" means only
    that `source_of` or `plain_of` have to look, which know what is wrong and where.
    """
    level, left = [value], limits.values
    for _ in range(limits.nesting + 1):
        left -= len(level)
        below = None if left < 0 else _below(level)
        if not below:
            return below is not None
        level = below
    return False


def _below(level: list[Any]) -> list[Any] | None:
    """The values in some; None if one of these is no plain JSON."""
    found: list[Any] = []
    for item in level:
        kind = type(item)
        # Texts first, as most of it is text.
        if kind is str:
            continue
        if kind is dict:
            found += item.values()
        elif kind is list:
            found += item
        elif kind is int or kind is float:
            # Not a number is not within the bounds either.
            if not _LEAST_INTEGER <= item <= LARGEST_INTEGER:
                return None
        elif kind is not bool and item is not None:
            return None
    return found


def source_of(value: object, limits: Limits, null: object) -> Any:
    """A copy of the source for an engine; None becomes `null`, the engine's own."""

    def leaf(item: object, where: str) -> object:
        if item is None:
            return null
        if item is True or item is False or isinstance(item, str):
            return item
        if isinstance(item, int | float):
            _check_number(item, where)
            return item
        raise NotJsonError(f"source{where} has no JSON type")

    return _copied(value, limits, leaf)


def plain_of(value: object, limits: Limits, null: object) -> Any:
    """The result in plain types: lists, dicts, str, int, float, bool, None."""

    def leaf(item: object, where: str) -> object:
        if item is None or item is null:
            return None
        if item is True or item is False or isinstance(item, str):
            return item
        if isinstance(item, int | float):
            _check_number(item, where)
            # As JavaScript writes it: `$number("5.00")` is 5.
            return int(item) if item == int(item) else item
        raise NotJsonError(f"result{where} has no JSON type")

    return _copied(value, limits, leaf)


def _check_number(item: float, where: str) -> None:
    if not math.isfinite(item):
        raise NotJsonError(f"number{where} is not finite")
    if abs(item) > LARGEST_INTEGER:
        raise NotJsonError(f"number{where} is above 2^53: an id has to be a string")


def _copied(value: object, limits: Limits, leaf: Callable[[object, str], object]) -> Any:
    left = limits.values

    def copy(item: object, where: str, nesting: int) -> object:
        nonlocal left
        left -= 1
        if left < 0 or nesting > limits.nesting:
            raise TooMuchError("D2014")
        if isinstance(item, Mapping):
            return {
                _key(k, where): copy(v, f"{where}.{_shown(k)}", nesting + 1)
                for k, v in item.items()
            }
        if isinstance(item, list | tuple):
            return [copy(v, f"{where}[]", nesting + 1) for v in item]
        return leaf(item, where)

    return copy(value, "", 0)


def _shown(key: object) -> str:
    # A key may be data itself, e.g. an e-mail address.
    return key if isinstance(key, str) and key.isidentifier() else "?"


def _key(key: object, where: str) -> str:
    if not isinstance(key, str):
        raise NotJsonError(f"key in source{where} is no string")
    return key
