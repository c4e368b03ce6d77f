"""Numbers of JSON, of which no system may lose a digit."""

from __future__ import annotations

LARGEST_INTEGER = 2**53
"""Above it a number is not exact in other JSON programs: such an id has to be a string."""


def whole_or_text(digits: str) -> int | str:
    """A whole number as it is written; beyond 2^53 its digits, as such a number is an id."""
    # The length first: Python refuses to read thousands of digits.
    if len(digits) > len(str(LARGEST_INTEGER)) + 1:
        return digits
    value = int(digits)
    return value if abs(value) <= LARGEST_INTEGER else digits
