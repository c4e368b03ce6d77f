"""The operator's customers: companies, and the people who act for them."""

from __future__ import annotations

from enum import StrEnum
from typing import ClassVar

from pydantic import AwareDatetime

from busbar.domain.record import Record, Value

CUSTOMER_NUMBERS = "customer_number"
"""The ID map's name of the operator's customer numbers: each belongs to one company."""
COMPANY_KIND = "CU"
"""Kind of our reference of a company, in every system."""
DRIVER_KIND = "DR"
"""Kind of our reference of a driver."""
SUB_PATTERN = "^[A-Za-z0-9._:|-]{1,128}$"
"""What the `sub` of a token may look like, and so the id of a user."""
ALL_COMPANIES = "all"
STAFF_LIST = "staff"
"""The list of users who belong to no company."""


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
    suspended: bool = False
    """Its users may look, and order nothing."""
    removed_at: AwareDatetime | None = None
    """A removed company stays as a record: orders and cards name it."""
    waiting_for: str | None = None
    """`contact_in_energised` until it is bound there; `task:…` while a person has to decide."""

    def listed_by(self) -> str | None:
        """All companies of the org in one list."""
        return None if self.removed_at else ALL_COMPANIES


class User(Record):
    """A person or a machine that calls us. `id` is the token's `sub` (machines: `client_id`)."""

    schema_name: ClassVar[str] = "user"

    role: Role
    name: str
    email: str = ""
    company_id: str | None = None
    energised_uuid: str | None = None
    suspended: bool = False
    removed_at: AwareDatetime | None = None
    """A removed user stays as a record without name and address: his token must open nothing."""
    access_ended_at: AwareDatetime | None = None
    """When he was removed or suspended: what had read him before may still give him a card."""
    waiting_for: str | None = None
    """`contact_in_energised`, `company_not_in_energised`, `cards_taken_back`, or `task:…`."""

    @property
    def has_access(self) -> bool:
        """Whether he may do anything at all."""
        return not self.suspended and self.removed_at is None

    def listed_by(self) -> str | None:
        """By company: the drivers that a fleet manager may choose from."""
        if self.removed_at:
            return None
        return f"company#{self.company_id}" if self.company_id else STAFF_LIST


class Vehicle(Record):
    """A vehicle of a company. At least one of its three names is there."""

    schema_name: ClassVar[str] = "vehicle"

    company_id: str
    label: str = ""
    plate: str = ""
    vin: str = ""

    @property
    def shown_as(self) -> str:
        """What stands on a card that is given to it."""
        return self.label or self.plate or self.vin

    def listed_by(self) -> str | None:
        """By company."""
        return f"company#{self.company_id}"


class Caller(Value):
    """Who asks, as our user record says, inside which org."""

    org: str
    user: User
    correlation_id: str
