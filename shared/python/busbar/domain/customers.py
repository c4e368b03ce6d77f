"""The operator's customers: companies, and the people who act for them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from busbar.domain.record import Record, Value

ALL_COMPANIES = "all"


class Role(StrEnum):
    """What a user may be. Given by our own user record, never by a token."""

    FLEET_MANAGER = "fleet_manager"
    DRIVER = "driver"
    WALLBOX_OWNER = "wallbox_owner"
    SERVICE_AGENT = "service_agent"
    PARTNER = "partner"
    OPERATOR = "operator"
    MACHINE = "machine"


class Address(Value):
    """A postal address. `country` is ISO 3166-1 alpha-2."""

    name: str
    street: str
    house_number: str
    postal_code: str
    city: str
    country: str


class Company(Record):
    """A fleet. Its ids in Salesforce and be.ENERGISED stand in the ID map."""

    schema_name: ClassVar[str] = "company"

    name: str
    customer_number: str
    email: str
    phone: str = ""
    address: Address

    def listed_by(self) -> str | None:
        """All companies of the org in one list."""
        return ALL_COMPANIES


class User(Record):
    """A person or a machine that calls us. `id` is the token's `sub` (machines: `client_id`)."""

    schema_name: ClassVar[str] = "user"

    role: Role
    name: str
    email: str = ""
    company_id: str | None = None
    energised_uuid: str | None = None
    suspended: bool = False

    def listed_by(self) -> str | None:
        """By company: the drivers that a fleet manager may choose from."""
        return f"company#{self.company_id}" if self.company_id else None


class Caller(Value):
    """Who asks, as our user record says, inside which org."""

    org: str
    user: User
    correlation_id: str
