"""`busbar.ports.PartnerSystem` on OData services of SAP."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import httpx

from busbar.connectors.budget import Monotonic
from busbar.connectors.credentials import Credentials
from busbar.connectors.sap.client import SapClient
from busbar.connectors.sap.entities import Entities, EntitySet
from busbar.connectors.sap.models import contract_of, partner_of
from busbar.errors import Refused
from busbar.ports import Clock, Found, Gate, Json
from busbar.settings import SapSettings


class SapSystem:
    """Business partners and contracts in one SAP."""

    def __init__(
        self,
        settings: SapSettings,
        credentials: Credentials,
        *,
        clock: Clock,
        correlation: Callable[[], str],
        transport: httpx.BaseTransport | None = None,
        monotonic: Monotonic = time.monotonic,
        gate: Gate | None = None,
    ) -> None:
        self._blocked = settings.partner_blocked_field
        self._cancelled = settings.contract_cancelled_field
        self.client = SapClient(
            settings,
            credentials,
            clock=clock,
            correlation=correlation,
            transport=transport,
            monotonic=monotonic,
            gate=gate,
        )
        self._partners = Entities(self.client, settings.base_url, _partners(settings))
        self._contracts = Entities(self.client, settings.base_url, _contracts(settings))

    def close(self) -> None:
        """Close all connections."""
        self.client.close()

    def find_partners(self, reference: str, timeout: float) -> list[Found]:
        """See `PartnerSystem.find_partners`: `GET A_BusinessPartner?$filter=` (documented)."""
        return self._partners.find("find_partners", reference, timeout)

    def create_partner(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `PartnerSystem.create_partner`: a deep insert (documented)."""
        return self._partners.create("create_partner", reference, payload, timeout)

    def read_partner(self, number: str, timeout: float) -> Json:
        """See `PartnerSystem.read_partner`."""
        return {"blocked": self._partners.read_flag("read_partner", number, self._blocked, timeout)}

    def write_partner(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `PartnerSystem.write_partner`: `PATCH` with `If-Match` (documented)."""
        named = _named("write_partner", fields, {"blocked": self._blocked})
        self._partners.write("write_partner", number, named, timeout)

    def find_contracts(self, reference: str, timeout: float) -> list[Found]:
        """See `PartnerSystem.find_contracts` (assumed, as all of contracts)."""
        return self._contracts.find("find_contracts", reference, timeout)

    def create_contract(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `PartnerSystem.create_contract`."""
        return self._contracts.create("create_contract", reference, payload, timeout)

    def read_contract(self, number: str, timeout: float) -> Json:
        """See `PartnerSystem.read_contract`."""
        name = self._cancelled
        return {"cancelled": self._contracts.read_flag("read_contract", number, name, timeout)}

    def write_contract(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `PartnerSystem.write_contract`."""
        named = _named("write_contract", fields, {"cancelled": self._cancelled})
        self._contracts.write("write_contract", number, named, timeout)


def _partners(settings: SapSettings) -> EntitySet:
    return EntitySet(
        service=settings.partner_service,
        name=settings.partner_set,
        number=settings.partner_number_field,
        reference=settings.partner_reference_field,
        shown=(
            settings.partner_first_name_field,
            settings.partner_last_name_field,
            settings.partner_birth_date_field,
        ),
        found_of=partial(partner_of, settings=settings),
    )


def _contracts(settings: SapSettings) -> EntitySet:
    return EntitySet(
        service=settings.contract_service,
        name=settings.contract_set,
        number=settings.contract_number_field,
        reference=settings.contract_reference_field,
        shown=(settings.contract_partner_field,),
        found_of=partial(contract_of, settings=settings),
    )


def _named(operation: str, fields: Mapping[str, Any], names: Mapping[str, str]) -> dict[str, Any]:
    """The fields under the tenant's names. Raises `Refused` for one that there is not."""
    if unknown := sorted(set(fields) - set(names)):
        raise Refused("sap", operation, ", ".join(unknown), "UNKNOWN_FIELD")
    return {names[name]: value for name, value in fields.items()}
