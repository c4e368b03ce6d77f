"""Types of request bodies: nothing unknown, nothing endless, nothing unprintable.

Lengths are those that Salesforce and be.ENERGISED hold, so that what we take is not refused later.
"""

from __future__ import annotations

import re
import unicodedata
from datetime import date
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    field_validator,
)

from busbar.domain.customers import Address

_FORBIDDEN = frozenset({"Cc", "Cs", "Co", "Cn"})
"""Control characters, lone surrogates, and what Unicode has not assigned."""


def _line(text: str) -> str:
    if any(unicodedata.category(char) in _FORBIDDEN for char in text):
        raise ValueError("holds characters that cannot be printed")
    return text


def _text(text: str) -> str:
    _line(text.replace("\n", " ").replace("\r", " "))
    return text


BLANKS = " \t\r\n\u00a0\u202f\u3000"
"""What may stand around a text without counting: pasted from a sheet or a letter."""


def _stripped(value: Any) -> Any:
    # Not `strip()`: Python takes control characters for blanks too, and would hide them.
    return value.strip(BLANKS) if isinstance(value, str) else value


Line = Annotated[str, BeforeValidator(_stripped), AfterValidator(_line)]
"""One line of printable text without blanks around it."""
Note = Annotated[str, BeforeValidator(_stripped), Field(max_length=2000), AfterValidator(_text)]
"""Printable text of several lines."""

Reason = Annotated[
    str,
    BeforeValidator(_stripped),
    Field(min_length=1, max_length=500),
    AfterValidator(_text),
]
"""Why somebody decided so: printable text that says something."""


class Input(BaseModel):
    """A request body, or a part of one. A field that we do not know is a fault, not a wish."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class AddressInput(Input):
    """A postal address."""

    country: str = Field(pattern="^[A-Z]{2}$")
    name: Line = Field(min_length=1, max_length=80)
    street: Line = Field(min_length=1, max_length=100)
    house_number: Line = Field(max_length=12)
    postal_code: Line = Field(min_length=1, max_length=20)
    city: Line = Field(min_length=1, max_length=40)

    @field_validator("postal_code")
    @classmethod
    def _german_postal_code(cls, code: str, info: ValidationInfo) -> str:
        # The country stands first, so that it is known here.
        if info.data.get("country") == "DE" and not re.fullmatch("[0-9]{5}", code):
            raise ValueError("has to have five digits in Germany")
        return code

    def address(self) -> Address:
        """As a value of the domain."""
        return Address(**self.model_dump())


def _is_text(value: Any) -> Any:
    # Else a number would be taken for seconds, and "20261125" for a day of the year 1970.
    if value is not None and not (
        isinstance(value, str) and re.match(r"\d{4}-\d\d-\d\d[Tt ]", value)
    ):
        raise ValueError("has to be a time with a date and an offset, as of RFC 3339")
    return value


Moment = Annotated[AwareDatetime, BeforeValidator(_is_text)]
"""A point in time, as text with its offset."""


def _is_day(value: Any) -> Any:
    # Else a number would be taken for seconds, and a date with a time for a day.
    if not (isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\d", value)):
        raise ValueError("has to be a date, as in 1984-05-17")
    return value


Day = Annotated[date, BeforeValidator(_is_day)]
"""A day, as text."""
Email = Annotated[
    str,
    # Its form first: behind the blanks' removal it would be missing from the API's document.
    Field(max_length=254, pattern=r"^[^@\s]+@[^@\s]+\.[^@\s]+$"),
    BeforeValidator(_stripped),
]
"""An e-mail address, as far as its form tells."""
ContactId = Annotated[str, Field(pattern="^[A-Za-z0-9-]{1,64}$")]
"""The id of a contact in be.ENERGISED, a UUID as far as is known."""
AccountId = Annotated[str, Field(pattern="^001[A-Za-z0-9]{15}$")]
"""The id of an Account in Salesforce, in its long form: the short one would be another text."""
EntityId = Annotated[str, Field(pattern="^[0-9A-HJKMNP-TV-Z]{13}$")]
"""An id of ours."""
