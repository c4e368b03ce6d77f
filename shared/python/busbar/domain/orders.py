"""Charging-card orders: what Salesforce offers, what a company orders, which cards came of it."""

from __future__ import annotations

from datetime import datetime
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.customers import Address
from busbar.domain.lifecycle import OrderStatus
from busbar.domain.record import Record, Value
from busbar.domain.tracked_orders import TrackedOrder

KIND = "CO"
"""Kind of our reference of a charging-card order: `BBCO` + entity id."""
ITEM_KIND = "CI"
"""Kind of our reference of an order item."""
CANCELLED_BY_SERVICE = "cancelled_by_service"
"""Reason of an order that a clerk has cancelled before Salesforce had it."""


class CardOffer(Value):
    """What Salesforce offers: the product, its price and its quantity limits.

    `unit_price` is a decimal string in `currency` per card.
    """

    product_code: str
    product_id: str
    price_book_id: str
    price_book_entry_id: str
    unit_price: str
    currency: str
    minimum_quantity: int
    maximum_quantity: int


class KnownOffer(Record):
    """The offer as last read from Salesforce, for the time that Salesforce is down."""

    schema_name: ClassVar[str] = "offer"

    offer: CardOffer
    read_at: AwareDatetime


class ChargeCardOrder(TrackedOrder):
    """An order of blank charging cards by a company."""

    schema_name: ClassVar[str] = "charge_card_order"
    kind: ClassVar[str] = KIND

    company_id: str
    quantity: int
    invoice_address: Address
    delivery_address: Address
    offer: CardOffer | None = None
    """The offer that the quantity was checked against; None while Salesforce was never asked."""

    cards_taken_over: tuple[str, ...] = ()
    """Ids of the cards that already stand in the portal."""

    def listed_by(self) -> str | None:
        """By company."""
        return f"company#{self.company_id}"

    @property
    def ended_without_cards(self) -> bool:
        """Whether it was rejected, or cancelled before a card had gone out."""
        cancelled = self.status is OrderStatus.CANCELLED and not self.ended_after_delivery
        return cancelled or self.status is OrderStatus.REJECTED

    @property
    def lacks_cards(self) -> bool:
        """Whether cards were sent, and not as many as were ordered stand in the portal."""
        return self.awaits_cards and len(self.cards_taken_over) < self.quantity

    def expecting(self, card: str, now: datetime) -> ChargeCardOrder:
        """The order after a card came to it or left it: that one does not stand in the portal.

        If cards of the order are on their way, it is due, so that `sync_cards` looks what is there.
        """
        there = tuple(c for c in self.cards_taken_over if c != card)
        due = (self.next_takeover_at or now) if self.awaits_cards else None
        return self.model_copy(update={"cards_taken_over": there, "next_takeover_at": due})
