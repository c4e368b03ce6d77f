"""Sample data that both systems hold, as plain constants: no customer of anybody's."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache

from infra.simulators.record_ids import record_id

CARDS = 300
PRODUCT_CODE = "CHARGE-CARD"
PRODUCT_ID = record_id("01t", 1)
PRICE_BOOK_ID = record_id("01s", 1)
PRICE_BOOK_ENTRY_ID = record_id("01u", 1)
UNIT_PRICE = 9.9
CURRENCY = "EUR"
MINIMUM_QUANTITY = 1
MAXIMUM_QUANTITY = 50
STOCK_ACCOUNT_ID = record_id("001", 99)
"""The operator's own account, to which blank cards belong until they are assigned."""


@dataclass(frozen=True)
class SampleCompany:
    """A customer. `energised_id` is empty where be.ENERGISED does not know it."""

    name: str
    customer_number: str
    reference: str
    account_id: str
    energised_id: str
    email: str
    street: str
    postal_code: str
    city: str
    country: str = "Deutschland"


@dataclass(frozen=True)
class SampleDriver:
    """A driver: a contact in be.ENERGISED."""

    name: str
    email: str
    energised_id: str
    company: SampleCompany


@dataclass(frozen=True)
class SampleCard:
    """A blank card: an Asset in Salesforce, an authentication medium in be.ENERGISED."""

    energised_id: str
    asset_id: str
    tag: str
    number: str


NORDWIND = SampleCompany(
    name="Nordwind Logistik GmbH",
    customer_number="K-100017",
    reference="BBCU00000000N0RDW",
    account_id=record_id("001", 1),
    energised_id="6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a01",
    email="fuhrpark@nordwind.example",
    street="Hafenstraße 12",
    postal_code="26121",
    city="Oldenburg",
)
ELBE = SampleCompany(
    name="Elbe Handwerk GmbH",
    customer_number="K-100025",
    reference="BBCU00000000E1BEH",
    account_id=record_id("001", 2),
    energised_id="6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a02",
    email="buero@elbe-handwerk.example",
    street="Deichweg 3",
    postal_code="21073",
    city="Hamburg",
)
HEIDE = SampleCompany(
    name="Heide Mobil GmbH",
    customer_number="K-100033",
    reference="BBCU00000000HE1DE",
    account_id=record_id("001", 3),
    energised_id="",
    email="info@heide-mobil.example",
    street="Birkenallee 40",
    postal_code="21335",
    city="Lüneburg",
)
COMPANIES = (NORDWIND, ELBE, HEIDE)
WATTWURM = SampleCompany(
    name="Wattwurm Logistik GmbH",
    customer_number="K-200001",
    reference="",
    account_id=record_id("001", 4),
    energised_id="",
    email="fuhrpark@wattwurm.example",
    street="Am Deich 1",
    postal_code="26721",
    city="Emden",
)
"""A customer whom only Salesforce knows, and who is no company of ours yet."""
HEIDE_LATER_ENERGISED_ID = "6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a03"
"""The contact id that Heide Mobil gets when a clerk creates it in be.ENERGISED."""

DRIVERS = tuple(
    SampleDriver(name, f"{name.split()[-1].lower()}@{domain}", f"{_PREFIX}{number:02d}", company)
    for _PREFIX in ["b2c7c6de-41f3-4a86-8d9a-5f0e7c2ad0"]
    for number, name, domain, company in (
        (1, "Jana Petersen", "nordwind.example", NORDWIND),
        (2, "Ole Harms", "nordwind.example", NORDWIND),
        (3, "Mirko Janssen", "nordwind.example", NORDWIND),
        (4, "Selma Yildiz", "elbe-handwerk.example", ELBE),
        (5, "Tom Brandt", "elbe-handwerk.example", ELBE),
    )
)

_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"


def _times(row: tuple[int, int], matrix: tuple[int, int, int, int], base: int) -> tuple[int, int]:
    a, b, c, d = matrix
    return (row[0] * a + row[1] * c) % base, (row[0] * b + row[1] * d) % base


def emaid_check(instance: str) -> str:
    """The check character of an EMAID of 14 characters without separators (ISO 15118)."""
    twos, threes = (0, 0), (0, 0)
    for char in reversed(instance):
        i = _ALPHABET.index(char)
        a, b = (i // 18, (i // 9) % 2), ((i // 3) % 3, i % 3)
        # Horner: the k-th character counts with the k-th power of the matrix.
        twos = _times((twos[0] + a[0], twos[1] + a[1]), (0, 1, 1, 1), 2)
        threes = _times((threes[0] + b[0], threes[1] + b[1]), (0, 1, 1, 2), 3)
    threes = _times(threes, (0, 2, 2, 1), 3)
    return _ALPHABET[18 * twos[0] + 9 * twos[1] + 3 * threes[0] + threes[1]]


@cache
def card(number: int) -> SampleCard:
    """The card with this number, from 1."""
    emaid = f"DEBBXC{number:08d}"
    # NXP makes the chips: their 7-byte UIDs start with 04.
    tag = "04" + hashlib.sha256(emaid.encode()).hexdigest()[:12].upper()
    return SampleCard(
        energised_id=str(410000 + number),
        asset_id=record_id("02i", number),
        tag=tag,
        number=f"DE-BBX-C{number:08d}-{emaid_check(emaid)}",
    )


def cards(count: int = CARDS) -> list[SampleCard]:
    """The first `count` blank cards."""
    return [card(number) for number in range(1, count + 1)]
