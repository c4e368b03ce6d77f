"""`busbar.ports.sap.PartnerSystem` on OData services of SAP."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from busbar.connectors.reach import Reach
from busbar.connectors.reading import text_or_none
from busbar.connectors.sap.client import SapClient
from busbar.connectors.sap.entities import Entities, EntitySet
from busbar.connectors.sap.models import contract_of, partner_of
from busbar.connectors.sap.odata import flag
from busbar.errors import Refused
from busbar.ports.outside import Found
from busbar.ports.runtime import Json
from busbar.settings.sap import SapSettings


class SapSystem:
    """Business partners and contracts in one SAP."""

    def __init__(
        self,
        settings: SapSettings,
        reach: Reach,
    ) -> None:
        self._settings = settings
        self.client = SapClient(
            settings,
            reach,
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
        name = self._settings.partner_blocked_field
        return {"blocked": self._partners.read("read_partner", number, name, flag, timeout)}

    def write_partner(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `PartnerSystem.write_partner`: `PATCH` with `If-Match` (documented)."""
        if set(fields) != {"blocked"}:
            raise Refused("sap", "write_partner", ", ".join(sorted(fields)), "UNKNOWN_FIELD")
        wanted = {self._settings.partner_blocked_field: fields["blocked"]}
        self._partners.write("write_partner", number, wanted, timeout)

    def find_contracts(self, reference: str, timeout: float) -> list[Found]:
        """See `PartnerSystem.find_contracts` (assumed, as all of contracts)."""
        return self._contracts.find("find_contracts", reference, timeout)

    def create_contract(self, reference: str, payload: Mapping[str, Any], timeout: float) -> Found:
        """See `PartnerSystem.create_contract`."""
        return self._contracts.create("create_contract", reference, payload, timeout)

    def read_contract(self, number: str, timeout: float) -> Json:
        """See `PartnerSystem.read_contract`: by its status."""
        name = self._settings.contract_status_field
        status = self._contracts.read("read_contract", number, name, text_or_none, timeout)
        return {"cancelled": status == self._settings.contract_cancelled_status}

    def write_contract(self, number: str, fields: Mapping[str, Any], timeout: float) -> None:
        """See `PartnerSystem.write_contract`: by its status."""
        if fields != {"cancelled": True}:
            raise Refused("sap", "write_contract", ", ".join(sorted(fields)), "NOT_A_CANCELLATION")
        settings = self._settings
        wanted = {settings.contract_status_field: settings.contract_cancelled_status}
        self._contracts.write("write_contract", number, wanted, timeout)


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
