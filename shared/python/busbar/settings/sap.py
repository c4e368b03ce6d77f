"""What a function is told of an org's SAP."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from busbar.settings.modes import Mode


@dataclass(frozen=True)
class SapSettings:
    """One org's SAP. Partners come from the public API; contracts from a service of the org's own,
    as no public one creates them: its names below are where to begin, not what SAP documents."""

    base_url: str
    """Host of the gateway, e.g. `https://sap.acme.example`; no path, no slash at the end."""
    secret_id: str
    """Secrets Manager name of `{"user": …, "password": …}`."""
    client: str = ""
    """Client (Mandant), three digits; empty: the gateway's own default."""
    language: str = "DE"
    """Language of SAP's texts, and the one in which partners are written to."""
    partner_service: str = "API_BUSINESS_PARTNER"
    partner_set: str = "A_BusinessPartner"
    partner_number_field: str = "BusinessPartner"
    partner_reference_field: str = "BusinessPartnerIDByExtSystem"
    partner_first_name_field: str = "FirstName"
    partner_last_name_field: str = "LastName"
    partner_birth_date_field: str = "BirthDate"
    partner_blocked_field: str = "BusinessPartnerIsBlocked"
    partner_mode: Mode = "probe"
    """`unique_key`: SAP refuses a second partner with our reference (`BPEXT_NOT_UNIQUE`)."""
    partner_category: str = "1"
    """Category of a private customer: 1 is a person."""
    partner_grouping: str = ""
    """Grouping, which decides on the number range; empty: SAP's default."""
    partner_roles: Sequence[str] = ("MKK",)
    """Roles of a private customer, valid without end; customising, so ask for yours."""
    contract_service: str = "ZERP_UTILITIES_UMC_SRV"
    contract_set: str = "Contracts"
    contract_number_field: str = "ContractID"
    contract_reference_field: str = "ExternalReference"
    contract_partner_field: str = "AccountID"
    contract_status_field: str = "ProcessingStatus"
    contract_cancelled_status: str = "CANCELLED"
    """The status of a contract that is cancelled, for good."""
    contract_mode: Mode = "probe"
    contract_division: str = ""
    """Division (Sparte) of a wallbox contract, two characters; empty: the service's default."""
    processing_seconds: float = 120.0
    search_lag_seconds: float = 0.0
    """How long a new partner or contract may stay invisible to a search by our reference."""
    calls_per_minute: int = 300
    """As in `SalesforceSettings`. Only SAP's work processes bound it: ask for yours."""
