"""Sample data of wallboxes that the systems share, as plain constants: nobody's products."""

from __future__ import annotations

from dataclasses import dataclass

from infra.simulators import sample
from infra.simulators.record_ids import record_id

WALLBOXES = 40
PRICE_BOOK_ID = record_id("01s", 2)
SUB_CPO_ACCOUNT_ID = record_id("001", 98)
"""The operator under whom drivers' wallboxes are run."""
CONTRACT_ID = record_id("800", 1)
"""His wallbox contract, to which every shared contract refers."""
_FIRST_PRIVATE, _FIRST_REFUND, _FIRST_ASSET = 10_000, 20_000, 30_000


@dataclass(frozen=True)
class SampleProduct:
    """A product of the price book. Price in euros before tax, tax in percent."""

    code: str
    name: str
    family: str
    price: float
    most: int
    number: int
    tax: float = 19.0
    active: bool = True
    entry_active: bool = True

    @property
    def product_id(self) -> str:
        """Id of the Product2."""
        return record_id("01t", self.number)

    @property
    def entry_id(self) -> str:
        """Id of its PricebookEntry."""
        return record_id("01u", self.number)


@dataclass(frozen=True)
class SampleWallbox:
    """A wallbox in stock: an Asset in Salesforce; its serial number is its chargeBoxIdentity."""

    asset_id: str
    serial_number: str


HOME = SampleProduct("WALLBOX-11", "Wallbox Heim 11 kW", "Wallbox", 749.0, 2, 11)
PRO = SampleProduct("WALLBOX-22", "Wallbox Profi 22 kW", "Wallbox", 1249.5, 2, 12)
CABLE = SampleProduct("CABLE-5", "Ladekabel Typ 2, 5 m", "Zubehör", 119.99, 4, 13)
STAND = SampleProduct("STAND-1", "Standsäule", "Zubehör", 199.0, 2, 14)
OLD = SampleProduct("WALLBOX-3", "Wallbox 3,7 kW", "Wallbox", 399.0, 1, 15, active=False)
UNPRICED = SampleProduct("METER-1", "Zwischenzähler", "Zubehör", 89.0, 1, 16, entry_active=False)
PRODUCTS = (HOME, PRO, CABLE, STAND, OLD, UNPRICED)
"""The last two cannot be ordered: the one is sold no more, the other one has no price."""


def wallboxes(count: int = WALLBOXES) -> list[SampleWallbox]:
    """The first `count` wallboxes in stock."""
    return [
        SampleWallbox(record_id("02i", _FIRST_ASSET + number), f"BBXW{number:06d}")
        for number in range(1, count + 1)
    ]


def private_cards(count: int = WALLBOXES) -> list[sample.SampleCard]:
    """The first `count` cards with which drivers charge at home."""
    return [sample.card(_FIRST_PRIVATE + number) for number in range(1, count + 1)]


def refund_cards(count: int = WALLBOXES) -> list[sample.SampleCard]:
    """The first `count` cards by which drivers are paid back."""
    return [sample.card(_FIRST_REFUND + number) for number in range(1, count + 1)]
