"""Salesforce record ids: 18 characters, the last three of which guard the case of the others."""

from __future__ import annotations

import re
import string

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_GUARDS = string.ascii_uppercase + "012345"
_ID = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?")


def _guarded(fifteen: str) -> str:
    groups = (fifteen[start : start + 5] for start in (0, 5, 10))
    return fifteen + "".join(
        _GUARDS[sum(1 << i for i, char in enumerate(group) if char.isupper())] for group in groups
    )


def record_id(prefix: str, number: int) -> str:
    """The id of the `number`-th record of the object with this key prefix."""
    digits = ""
    while number:
        number, rest = divmod(number, 62)
        digits = _DIGITS[rest] + digits
    return _guarded(f"{prefix}WA{digits.rjust(10, '0')}")


def canonical(text: str) -> str | None:
    """The 18-character form of an id of 15 or 18 characters; None if `text` is no id."""
    if not _ID.fullmatch(text):
        return None
    whole = _guarded(text[:15])
    return whole if text in {whole, text[:15]} else None
