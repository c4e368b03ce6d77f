"""Private customers: the person behind a portal user, as SAP, Salesforce and be.ENERGISED know him.

*Who is the same person?* The same portal user is; nobody else. A user whose orders name another
person is refused, and a person who looks like another user's is a person's decision: nothing is
ever merged.
"""

from __future__ import annotations

import re
from datetime import date
from typing import ClassVar

from pydantic import Field

from busbar.domain.customers import Address
from busbar.domain.identifiers import derived_id
from busbar.domain.record import Record

PERSON_KIND = "PE"
"""Kind of our reference of a private customer, in every system."""

_IBAN_LENGTHS = {
    **dict.fromkeys(("NO",), 15),
    **dict.fromkeys(("BE",), 16),
    **dict.fromkeys(("DK", "FI", "NL"), 18),
    **dict.fromkeys(("SI",), 19),
    **dict.fromkeys(("AT", "EE", "LT", "LU"), 20),
    **dict.fromkeys(("CH", "HR", "LI", "LV"), 21),
    **dict.fromkeys(("BG", "DE", "GB", "GI", "IE", "ME", "MK", "RS", "VA"), 22),
    **dict.fromkeys(("AD", "CZ", "ES", "MD", "RO", "SE", "SK"), 24),
    **dict.fromkeys(("PT",), 25),
    **dict.fromkeys(("IS",), 26),
    **dict.fromkeys(("FR", "GR", "IT", "MC", "SM"), 27),
    **dict.fromkeys(("AL", "CY", "HU", "PL"), 28),
    **dict.fromkeys(("MT",), 31),
}
"""Characters of an IBAN in the countries of SEPA (IBAN registry, ISO 13616)."""
_IBAN_BEGINS = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{2}\s?[0-9]{2}")


class PrivateCustomer(Record):
    """A person who orders for himself. His ids in the systems stand in the ID map."""

    schema_name: ClassVar[str] = "private_customer"

    user_id: str
    first_name: str
    last_name: str
    birth_date: date
    email: str
    phone: str
    iban: str = Field(default="", repr=False)
    """Stands here and nowhere else of ours; empty if he gave none."""
    address: Address
    live_orders: tuple[str, ...] = ()
    """Orders that refer to him, and have not gone back: while there is one, he is not blocked."""
    held: bool = False
    """Whether a person has to decide first if he is the same as another user's customer."""
    held_orders: tuple[str, ...] = ()
    """Those of the live orders that wait for this."""


class Likeness(Record):
    """The private customers that share what a person is known by; `id` follows from that."""

    schema_name: ClassVar[str] = "likeness"

    customers: tuple[str, ...] = ()


def customer_id(org: str, user_id: str) -> str:
    """Our id of the private customer that a portal user is."""
    return derived_id(org, PrivateCustomer.schema_name, user_id)


def same_person(one: PrivateCustomer, other: PrivateCustomer) -> list[str]:
    """The fields in which two records of one user name different persons."""
    names = ("first_name", "last_name", "birth_date")
    return [n for n in names if plain(getattr(one, n)) != plain(getattr(other, n))]


def likenesses(customer: PrivateCustomer) -> list[str]:
    """Ids of what he is known by: last name with birth date, and e-mail address."""
    name = f"{plain(customer.last_name)}#{customer.birth_date.isoformat()}"
    return [derived_id("name", name), derived_id("email", plain(customer.email))]


def plain(value: object) -> str:
    """A value as people compare it: without case and with single blanks."""
    return " ".join(str(value).split()).casefold()


def is_iban(text: str) -> bool:
    """Whether this is an IBAN of a SEPA country: its length and check digits (ISO 13616, mod 97).

    Blanks have to be taken out before.
    """
    if not re.fullmatch("[A-Z]{2}[0-9]{2}[A-Z0-9]{11,27}", text):
        return False
    if len(text) != _IBAN_LENGTHS.get(text[:2]):
        return False
    digits = "".join(str(int(char, 36)) for char in text[4:] + text[:4])
    return int(digits) % 97 == 1


def masked_iban(text: str) -> str:
    """An IBAN as it may be shown: country, and the last four characters."""
    return f"{text[:2]}…{text[-4:]}" if text else ""


def without_ibans(text: str) -> str:
    """A text in which every IBAN is masked, in whatever groups and case it is written."""
    parts, end = list[str](), 0
    for begin in (head.start() for head in _IBAN_BEGINS.finditer(text)):
        if begin >= end and (found := _iban_at(text, begin)):
            parts += (text[end:begin], masked_iban(found[0]))
            end = found[1]
    return "".join((*parts, text[end:])) if parts else text


def _iban_at(text: str, begin: int) -> tuple[str, int] | None:
    """The IBAN that begins at a place, without its blanks, and where it ends."""
    length, compact = _IBAN_LENGTHS.get(text[begin : begin + 2].upper(), 0), ""
    for end in range(begin, len(text) if length else begin):
        char = text[end]
        if len(compact) >= length or not (char.isalnum() or char.isspace()):
            break
        compact += char.strip().upper()
    else:
        end = len(text)
    return (compact, end) if is_iban(compact) and not text[end : end + 1].isalnum() else None
