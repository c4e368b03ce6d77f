"""Cards, CRM contacts and portal users, as be.ENERGISED holds them."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Card:
    """An authentication medium. `contact_id` is its driver, `billing_contact_id` who pays."""

    id: str
    tag: str
    number: str
    reference: str = ""
    label: str = ""
    contact_id: str | None = None
    billing_contact_id: str | None = None
    rate_id: str = ""
    """The tariff: the field of a card that the portal knows nothing of."""
    active: bool = False
    blocked: bool = False

    def shown(self, updated_at: datetime) -> dict[str, Any]:
        """The card as the API shows it: booleans are strings."""
        truth = {"active": str(self.active).lower(), "blocked": str(self.blocked).lower()}
        when = updated_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
        return {**asdict(self), **truth, "updated_at": when}


@dataclass(frozen=True)
class Contact:
    """A CRM contact: a company (it has a customer number), its driver, or a private person."""

    id: str
    name: str
    email: str = ""
    customer_number: str = ""
    company_id: str | None = None
    customer_reference: str = ""
    gender: int = 0
    street: str = ""
    zip: str = ""
    city: str = ""
    country: str = ""
    phone: str = ""
    first_name: str = ""
    comment: str = ""

    def shown(self) -> dict[str, Any]:
        """The contact as the API shows it."""
        return asdict(self)


@dataclass(frozen=True)
class User:
    """A portal user. Its password is looked at when it comes, and not kept."""

    id: str
    email: str
    contact_id: str
    active: bool
    account_locale: str = ""
