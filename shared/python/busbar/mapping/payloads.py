"""The payload of an event, as JSON or as XML: read so that nothing is lost or guessed, or refused.

Of JSON, integers above 2^53 become strings: they are numbers of partners or documents, and no
JSON program but ours would keep their last digits. `10.0` is 10, as in every JavaScript program.
Refused are names that come twice in an object, NaN and infinities, lone surrogates, more than 64
levels, more members of objects than a mapping reads values (while they are read: they would take
all memory), and what is neither object nor list.
A byte order mark is passed over. XML: see `busbar.mapping.xml_payloads`.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Callable, Iterator
from typing import Any, Literal

from busbar.domain.numbers import LARGEST_INTEGER, whole_or_text
from busbar.mapping.limits import Limits
from busbar.mapping.payload_faults import MalformedPayload
from busbar.mapping.xml_payloads import parse_xml

__all__ = ["Format", "MalformedPayload", "loads", "parse"]

Format = Literal["json", "xml"]

DEEPEST = 64
"""Levels of objects and lists."""
MOST_VALUES = Limits().values
"""Members of objects: what has more, no mapping reads."""
_LONG_NUMBER = re.compile(r"\d{16}")
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")
_TWICE = "a name comes twice in an object"
_NOT_FINITE = "a number is not finite"
_TOO_DEEP = f"it has more than {DEEPEST} levels"
_TOO_MANY = f"it has more than {MOST_VALUES} values"
_MARK = "\ufeff"


def parse(payload: str | bytes | dict[str, Any] | list[Any], format: Format = "json") -> Any:  # noqa: A002
    """The payload as an object or a list. Raises `MalformedPayload`, which never quotes it.

    An object is what a JSON reader made of a request's body; it is not changed. XML has to be text.
    """
    if format == "xml":
        if not isinstance(payload, str | bytes):
            raise MalformedPayload("XML has to be a text")
        return parse_xml(payload)
    if format != "json":
        raise MalformedPayload("its format is neither json nor xml")
    value = loads(payload) if isinstance(payload, str | bytes) else _checked(payload, 0)
    if not isinstance(value, dict | list):
        raise MalformedPayload("it is neither an object nor a list")
    return value


def loads(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `MalformedPayload`."""
    if isinstance(text, bytes):
        text = _decoded(text)
    elif not text.isascii():
        _refuse_surrogates(text)
    text = text.removeprefix(_MARK)
    # A function of ours for each integer costs more than looking whether there is a long one.
    parse_int = whole_or_text if _LONG_NUMBER.search(text) else int
    try:
        value = json.loads(
            text,
            parse_int=parse_int,
            parse_float=_float,
            parse_constant=_no_constant,
            object_pairs_hook=_each_once(),
        )
    except json.JSONDecodeError as error:
        raise MalformedPayload(f"it is no JSON from character {error.pos + 1} on") from None
    except RecursionError:
        raise MalformedPayload(_TOO_DEEP) from None
    if text.count("{") + text.count("[") > DEEPEST and not _shallow(value):
        raise MalformedPayload(_TOO_DEEP)
    if _SURROGATE.search(text):
        _refuse_surrogates(json.dumps(value, ensure_ascii=False))
    return value


def _decoded(text: bytes) -> str:
    try:
        return text.decode()
    except UnicodeDecodeError:
        raise MalformedPayload("it is no text in UTF-8") from None


def _float(digits: str) -> float:
    return _as_said(float(digits))


def _as_said(value: float) -> float:
    """A number as JavaScript and JSONata have it: `10.0` is 10, in a text too."""
    if not math.isfinite(value):
        raise MalformedPayload(_NOT_FINITE)
    return int(value) if value.is_integer() and abs(value) <= LARGEST_INTEGER else value


def _no_constant(_: str) -> None:
    raise MalformedPayload(_NOT_FINITE)


def _each_once() -> Callable[[list[tuple[str, Any]]], dict[str, Any]]:
    left = MOST_VALUES

    def made(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal left
        left -= len(pairs)
        if left < 0:
            raise MalformedPayload(_TOO_MANY, "PAYLOAD_TOO_LARGE")
        each = dict(pairs)
        if len(each) != len(pairs):
            raise MalformedPayload(_TWICE)
        return each

    return made


def _refuse_surrogates(text: str) -> None:
    try:
        text.encode()
    except UnicodeEncodeError:
        raise MalformedPayload("it has half of a character (a lone surrogate)") from None


def _shallow(value: Any) -> bool:
    level = [value]
    for _ in range(DEEPEST):
        level = [below for item in level for below in _below(item)]
        if not level:
            return True
    return False


def _below(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from (each for each in value.values() if isinstance(each, dict | list))
    elif isinstance(value, list):
        yield from (each for each in value if isinstance(each, dict | list))


def _checked(value: Any, depth: int) -> Any:
    """A copy by the same rules of what has been read already."""
    if isinstance(value, dict | list) and depth >= DEEPEST:
        raise MalformedPayload(_TOO_DEEP)
    if isinstance(value, dict):
        return {_name(name): _checked(each, depth + 1) for name, each in value.items()}
    if isinstance(value, list):
        return [_checked(each, depth + 1) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, str):
        return _name(value)
    if isinstance(value, int):
        return value if -LARGEST_INTEGER <= value <= LARGEST_INTEGER else _digits(value)
    if isinstance(value, float):
        return _as_said(value)
    raise MalformedPayload("it has a value of no JSON type")


def _digits(value: int) -> str:
    try:
        return str(value)
    except ValueError:
        raise MalformedPayload("a number has thousands of digits") from None


def _name(text: Any) -> str:
    if not isinstance(text, str):
        raise MalformedPayload("a name is no text")
    if not text.isascii():
        _refuse_surrogates(text)
    return text
