"""Request bodies: read so that every reader would read the same, or refused with the reason."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from busbar.errors import FieldError, Problem

JSON_TYPE = "application/json"
CSV_TYPE = "text/csv"
DEEPEST = 16
"""Levels of objects and lists in a body."""
LONGEST_NAME = 64
UNREADABLE = "\ufffd"
"""What gateways put in the place of bytes that are no UTF-8."""
_HALF = re.compile(r"\\u[dD][89a-fA-F]|[\ud800-\udfff]")
"""Perhaps half of a character, which JSON can escape, and no encoding can hold."""


def read_object(
    text: str,
    deepest: int = DEEPEST,
    whole: Callable[[str], Any] | None = None,
    *,
    damaged: bool = False,
) -> Any:
    """A JSON object, as every system would read it. Raises a 400 `Problem` that says what is wrong.

    Names that come twice, numbers that JSON cannot hold, and depths that nothing of ours has are
    refused: two readers would not agree about them. The values are not repeated. `whole` reads
    whole numbers; by default those beyond 2^53 are refused. `damaged`: who asks looks himself which
    part of it was no UTF-8.
    """
    if UNREADABLE in text and not damaged:
        raise _no_object("It is no text in UTF-8.")
    try:
        body = json.loads(
            text,
            parse_constant=_no_constant,
            parse_int=whole or _exact,
            parse_float=_finite,
            object_pairs_hook=_each_once,
        )
    except json.JSONDecodeError as error:
        raise _no_object(f"It is no JSON from character {error.pos + 1} on.") from None
    except RecursionError:
        raise _too_deep(deepest) from None
    if not isinstance(body, dict):
        raise _no_object()
    if not _shallow(body, deepest):
        raise _too_deep(deepest)
    return body


def refuse_halves(text: str, body: Any) -> None:
    """Refuse a body of this text that holds half of a character: it could not be kept.

    Raises a 400 `Problem`.
    """
    if not _HALF.search(text):
        return
    try:
        json.dumps(body, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        raise _no_object("It holds half of a character (a lone surrogate).") from None


def _too_deep(deepest: int) -> Problem:
    return _no_object(f"It may have {deepest} levels of objects and lists.")


def _no_object(detail: str = "", *faults: FieldError) -> Problem:
    return Problem(
        400,
        "body-invalid",
        "The body is no JSON object",
        detail or "Send a JSON object, in UTF-8.",
        errors=faults,
    )


def _shallow(value: Any, levels: int) -> bool:
    if not isinstance(value, dict | list):
        return True
    parts = value.values() if isinstance(value, dict) else value
    return levels > 0 and all(_shallow(part, levels - 1) for part in parts)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    body = dict(pairs)
    if len(body) < len(pairs):
        twice = next(name for name, count in Counter(n for n, _ in pairs).items() if count > 1)
        raise _no_object("", FieldError(repeatable(twice), "is given more than once"))
    return body


def _exact(digits: str) -> int:
    """A whole number that every system holds exactly; many read a longer one as a near one."""
    if len(digits) > 17 or abs(int(digits)) > 2**53:
        raise _no_object("It holds a whole number beyond 2^53: send it as a string.")
    return int(digits)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        raise _no_object("It holds a number that is too large.")
    return number


def _no_constant(name: str) -> None:
    raise _no_object(f"It holds {name}, which JSON does not have.")


def check_content(headers: Mapping[str, str]) -> None:
    """Refuse what is no JSON in UTF-8 by its own word; a body without a word is taken for it."""
    _check_encoding(headers)
    if not _is(headers.get("content-type", JSON_TYPE), JSON_TYPE):
        raise _no_type("JSON", JSON_TYPE)


def check_file(headers: Mapping[str, str], text: str) -> None:
    """Refuse what is no CSV in UTF-8: by its word, which has to be there, or by itself."""
    _check_encoding(headers)
    if not _is(headers.get("content-type", ""), CSV_TYPE):
        raise _no_type("CSV", CSV_TYPE)
    if UNREADABLE in text:
        raise Problem(400, "body-invalid", "The file is no text", "Send it in UTF-8.")


def _is(content_type: str, wanted: str) -> bool:
    kind, _, parameters = content_type.partition(";")
    charset = parameters.strip().lower().replace('"', "")
    return kind.strip().lower() == wanted and charset in {"", "charset=utf-8"}


def _no_type(name: str, wanted: str) -> Problem:
    return Problem(
        415,
        "content-type-unsupported",
        f"The body is no {name} by its Content-Type",
        f"Send Content-Type: {wanted}, in UTF-8.",
        headers={"Accept": wanted},
    )


def _check_encoding(headers: Mapping[str, str]) -> None:
    if headers.get("content-encoding", "identity").strip().lower() not in {"", "identity"}:
        raise Problem(
            415,
            "content-encoding-unsupported",
            "The body is compressed",
            "Send it as it is, without Content-Encoding.",
            headers={"Accept-Encoding": "identity"},
        )


def repeatable(name: str) -> str:
    """A name that a caller chose, so that it can be repeated: not endless, and encodable."""
    return name[:LONGEST_NAME].encode(errors="replace").decode()


def in_words(message: str) -> str:
    """What pydantic says of a field, without what it puts before the words of our own checks."""
    return message.removeprefix("Value error, ")
