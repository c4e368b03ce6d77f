"""JSONPath, as far as the `field` of a mapping uses it: `compile(text).read(value)`.

`$.a.b`, `$['a b'][0]`, `[-1]`, `[1:3]`, `[0,2]`, `.*`, `[*]`, `..name` and
`[?(@.type == 'main' && @.valid)]` (`busbar.mapping.jsonpath_filters`). Nothing else: no script
expressions, no functions.

What a path gives, as the toolkit's engine does it: a path of names and single indices gives the
value that stands there, null too, or `UNDEFINED`; any other gives the list of what it matches, or
`UNDEFINED` where it matches nothing. A path does not reach into the items of a list by itself:
`$.lines.price` of a list of lines is `UNDEFINED`, `$.lines[*].price` is the list.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from busbar.mapping.jsonpath_filters import parse_filter
from busbar.mapping.jsonpath_text import NoPathError, Text
from busbar.mapping.undefined import UNDEFINED

__all__ = ["JsonPath", "NoPathError", "compile"]

Step = Callable[[Any], Iterable[Any]]
"""From a value to those that it leads to."""

LONGEST = 1000
"""Characters."""
_NAME = re.compile(r"[^\s.\[\]()'\"*?,@:$]+")
_INDEX = re.compile(r"-?\d{1,9}")
_SLICE = re.compile(r"(-?\d{1,9})?\s*:\s*(-?\d{1,9})?(?:\s*:\s*(-?\d{1,9})?)?")


@dataclass(frozen=True, slots=True)
class JsonPath:
    """A compiled path. `keys`: its names and indices, if it leads to one place at most."""

    text: str
    keys: tuple[str | int, ...] | None
    steps: tuple[Step, ...]

    def read(self, value: Any) -> Any:
        """What stands there, see above."""
        if self.keys is not None:
            for key in self.keys:
                if type(key) is str and type(value) is dict:
                    value = value.get(key, UNDEFINED)
                else:
                    value = _at(value, key)
            return value
        found: list[Any] = [value]
        for step in self.steps:
            found = [below for item in found for below in step(item)]
        return found or UNDEFINED


def compile(text: str) -> JsonPath:  # noqa: A001  as the engine's
    """A path that starts with `$`. Raises `NoPathError` with the character."""
    if len(text) > LONGEST:
        raise NoPathError("the path is too long", LONGEST)
    source = Text(text)
    source.expect("$")
    keys: list[str | int] | None = []
    steps: list[Step] = []
    while not source.ended():
        selectors = _selectors(source)
        steps.append(_step(selectors))
        single = selectors[0] if len(selectors) == 1 else None
        if keys is not None and isinstance(single, str | int):
            keys.append(single)
        else:
            keys = None
    return JsonPath(text, None if keys is None else tuple(keys), tuple(steps))


Selector = str | int | Step


def _selectors(source: Text) -> list[Selector]:
    if source.takes(".."):
        below = _bracket(source) if source.starts("[") else [_after_dot(source)]
        step = _step(below)
        return [lambda value: (found for each in _deep(value) for found in step(each))]
    if source.takes("."):
        return [_after_dot(source)]
    if source.starts("["):
        return _bracket(source)
    raise source.fault("a path goes on with '.' or '['")


def _after_dot(source: Text) -> Selector:
    if source.takes("*"):
        return _every
    name = source.match(_NAME)
    if name is None:
        raise source.fault("a name has to follow")
    return name.group()


def _bracket(source: Text) -> list[Selector]:
    source.expect("[")
    found = [_selector(source)]
    while source.takes(","):
        found.append(_selector(source))
    source.expect("]")
    return found


def _selector(source: Text) -> Selector:
    source.skip()
    made: Selector
    if source.takes("*"):
        made = _every
    elif source.takes("?"):
        wanted = parse_filter(source)
        made = lambda value: (each for each in _every(value) if wanted(each))  # noqa: E731
    elif (text := source.quoted()) is not None:
        made = text
    elif (match := source.match(_SLICE)) is not None:
        made = _slice(*(int(part) if part else None for part in match.groups()))
    elif (match := source.match(_INDEX)) is not None:
        made = int(match.group())
    else:
        raise source.fault("neither a name, nor an index, a slice, '*' or a filter")
    source.skip()
    return made


def _step(selectors: list[Selector]) -> Step:
    steps = [_one(each) if isinstance(each, str | int) else each for each in selectors]
    if len(steps) == 1:
        return steps[0]
    return lambda value: (found for step in steps for found in step(value))


def _one(key: str | int) -> Step:
    def step(value: Any) -> Iterable[Any]:
        found = _at(value, key)
        return () if found is UNDEFINED else (found,)

    return step


def _slice(start: int | None, stop: int | None, by: int | None) -> Step:
    cut = slice(start, stop, by or None)
    return lambda value: value[cut] if type(value) is list else ()


def _at(value: Any, key: str | int) -> Any:
    if isinstance(key, str):
        return value.get(key, UNDEFINED) if type(value) is dict else UNDEFINED
    if type(value) is list and -len(value) <= key < len(value):
        return value[key]
    return UNDEFINED


def _every(value: Any) -> Iterable[Any]:
    if type(value) is dict:
        return value.values()
    return value if type(value) is list else ()


def _deep(value: Any) -> Iterable[Any]:
    yield value
    for below in _every(value):
        yield from _deep(below)
