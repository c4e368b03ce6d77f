"""Charging cards: what the portal shows of them, and what be.ENERGISED shall hold.

be.ENERGISED leads a card's state. The portal's wishes become the card's *wanted state* there
(`WantedCard`), kept in the ledger of the outside object; what be.ENERGISED says comes back as
`BackendCard` and is copied into our record.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any, ClassVar

from pydantic import AwareDatetime, Field

from busbar.domain.customers import Company
from busbar.domain.identifiers import derived_id
from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.record import Record, SourceMark, Value


class CardPurpose(StrEnum):
    """What a card is for, and so whose it is."""

    FLEET = "fleet"
    """A company's, which gives it to its drivers."""
    PRIVATE = "private_card"
    """A driver's own, with which he charges at home; active as soon as it is his."""
    REFUND = "refund_card"
    """A driver's own, by which he is paid back; active while his installation is approved."""


class BackendCard(Value):
    """A card as be.ENERGISED shows it. `contact_id` is the driver's be.ENERGISED UUID."""

    id: str
    tag: str
    number: str
    reference: str = ""
    active: bool
    blocked: bool = False
    label: str = ""
    contact_id: str | None = None
    billing_contact_id: str | None = None
    updated_at: AwareDatetime
    raw: dict[str, Any] = Field(default_factory=dict, repr=False)
    """The row as be.ENERGISED sent it, without what only it can set: a write sends all of a card,
    so fields that we do not know have to go back as they came. Empty in a list."""


class CardAsset(Value):
    """A card as Salesforce shows it: the Asset that was assigned to an order."""

    asset_id: str
    card_id: str
    delivered: bool
    version: int


class ChargeCard(Record):
    """A charging card of a company, or of a driver for himself.

    `id` follows from the card's id in be.ENERGISED, so whoever hears of the card first makes the
    same record.
    """

    schema_name: ClassVar[str] = "charge_card"

    energised_id: str
    asset_id: str | None = None
    number: str = ""
    """As be.ENERGISED has it; empty until the card was read there."""
    order_id: str
    purpose: CardPurpose = CardPurpose.FLEET
    company_id: str = ""
    """Whose it is; empty if it is a driver's own."""
    customer_id: str = ""
    """The private customer whose own it is; empty if it is a company's."""
    vehicle: str = ""
    label: str = ""
    active: bool = False
    blocked: bool = False
    holder_uuid: str | None = None
    """be.ENERGISED UUID of the driver."""
    driver_id: str | None = None
    """The user with that UUID, if it is one of ours."""
    billing_contact_id: str | None = None
    in_portal_since: AwareDatetime | None = None
    observed_at: AwareDatetime | None = None
    """`updated_at` of be.ENERGISED when we last read the card."""
    assigned_by: SourceMark | None = None
    """The last `ChargeCardAssigned__e`, or `WallboxAssigned__e`, that was applied."""
    approved_at: AwareDatetime | None = None
    """When the installation that a driver's own card belongs to was first approved."""
    waiting_for: str | None = None
    """A named reason while the card waits, e.g. `company_not_in_energised`."""

    @property
    def is_fleet(self) -> bool:
        """Whether it is a company's."""
        return self.purpose is CardPurpose.FLEET

    @property
    def owner(self) -> tuple[str, str]:
        """Who pays for it, as the ID map knows him: schema and id."""
        if self.is_fleet:
            return Company.schema_name, self.company_id
        return PrivateCustomer.schema_name, self.customer_id

    def listed_by(self) -> str | None:
        """A company's by it, as soon as it stands in the portal; a driver's own in no list."""
        shown = self.is_fleet and self.in_portal_since
        return f"company#{self.company_id}" if shown else None

    def links(self) -> frozenset[tuple[str, str]]:
        """By holder: the cards that a driver carries, his own among them."""
        if self.holder_uuid and self.in_portal_since:
            return frozenset({("holder", self.holder_uuid)})
        return frozenset()

    def observed(self, backend: BackendCard) -> ChargeCard:
        """The card with the state that be.ENERGISED shows."""
        return self.model_copy(
            update={
                "number": backend.number,
                "label": backend.label,
                "active": backend.active,
                "blocked": backend.blocked,
                "holder_uuid": backend.contact_id,
                "billing_contact_id": backend.billing_contact_id,
                "observed_at": backend.updated_at,
            }
        )

    def shown_in_portal(self, at: datetime) -> ChargeCard:
        """The card, standing in the portal from `at` unless it stood there before."""
        return self if self.in_portal_since else self.model_copy(update={"in_portal_since": at})


def card_id(org: str, energised_id: str) -> str:
    """Our id of the card that be.ENERGISED calls `energised_id`."""
    return derived_id(org, ChargeCard.schema_name, energised_id)
