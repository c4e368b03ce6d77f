"""What a function is told of an org's be.ENERGISED."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from busbar.errors import MisconfiguredError

SHORTEST_PASSWORD = 12
"""Characters of a first password that nobody guesses."""


@dataclass(frozen=True)
class EnergisedSettings:
    """One org's be.ENERGISED."""

    base_url: str
    """Host of the tenant, e.g. `https://acme.beenergised.cloud`; no path, no slash at the end."""
    secret_id: str
    """Secrets Manager name of `{"api_token": …}`; with wallboxes `client_id` and `client_secret` of
    the CPO API beside it."""
    page_size: int = 500
    """Cards or stations asked for at once; the tenant may give fewer."""
    lists_changes: bool = True
    """Whether the card list takes `updated_since`. Without it the sync walks the whole list, and
    compares each card with a stored hash."""
    processing_seconds: float = 60.0
    search_lag_seconds: float = 60.0
    """How long a change may stay invisible to the lists of cards and stations and to a search."""
    calls_per_minute: int = 300
    """As in `SalesforceSettings`. What be.ENERGISED allows is not public: ask for it."""
    contact_mode: Literal["probe", "none"] = "probe"
    """Whether contacts can be searched for; `none`: a create of unknown outcome is a task."""
    contact_path: str = "/api/contact/"
    """Where contacts are created and searched (assumed)."""
    contact_reference_field: str = "customer_reference"
    """Field of a contact that keeps our reference, also the name of the search (assumed)."""
    contact_number_field: str = "customer_number"
    """Field of a contact with the customer number, also the name of the search (assumed)."""
    contact_user_field: str = "user"
    """Field of a new private contact that makes its portal user (assumed); empty: this tenant's
    contact route makes none."""
    wallboxes: bool = False
    """Whether wallboxes are ordered here: then a connection check looks at what they need too."""
    contact_route: Literal["contacts", "register"] = "contacts"
    """How a private person gets contact and portal user: by `contact_path`, or by Fleet `register`
    together with the private card."""
    cpo_path: str = "/api/cpoapi/v1/"
    """Where the CPO API begins, on the tenant's host (documented)."""
    cpo_token_url: str = "https://beenergised-jwtapis.auth.eu-central-1.amazoncognito.com/token"  # noqa: S105
    """Where the CPO API's tokens come from: one host for all tenants (documented)."""
    cpo_authentication: Literal["body", "query"] = "body"
    """Where the token call carries the client's id and secret. The documentation shows the query,
    which logs of proxies keep; RFC 6749 §2.3.1 wants the body."""
    cpo_scope: str = ""
    """Scopes that a token is asked for, divided by blanks; empty: all that the client has."""
    station_identity_field: str = "chargeBoxIdentity"
    """Attribute of a station that holds the wallbox's serial number; `serialnumber` where the
    stations have another identity."""
    station_filter: str = "filter[chargeBoxIdentity]"
    """Query by which the station list is searched (assumed, in the form that is documented for
    maintenance windows); empty: none is sent, and the whole list is read."""
    station_contact_field: str = "contactUuid"
    """Attribute of a station with the contact to whom it belongs (assumed)."""
    station_tariff_field: str = "tariff"
    """Attribute of a station with its tariff (assumed)."""
    station_tariff_fields: Mapping[str, str] = field(
        default_factory=lambda: {
            "unit_price": "unitPrice",
            "unit": "unit",
            "currency": "currency",
            "valid_from": "validFrom",
        }
    )
    """Our names of what a tariff says -> the tenant's (assumed), as `mappings/energised/station`
    writes them."""
    station_proof_field: str = ""
    """Attribute of a station with the SHA-256 of its proof of installation (assumed), as
    `mappings/energised/station` writes it; empty: the tenant has none, and is told of no proof."""
    station_write_method: Literal["PUT", "PATCH"] = "PUT"
    """How fields of a station are changed (assumed; documented is PUT for maintenance windows)."""
    register_path: str = "/api/fleet/v1/register"
    """Where contact, portal user and card are made at once (documented)."""
    confirm_path: str = "/api/fleet/v1/confirm"
    """Where portal user and card are switched on (documented is that there is such a call)."""
    register_mode: Literal["probe", "none"] = "probe"
    """Whether a card can be searched for by its number; `none`: a registration of unknown outcome
    is a task."""
    register_company_id: str = ""
    """The tenant's company to which private persons are registered (documented: required)."""
    register_billing_contact_id: str = ""
    """Who pays for a card until its person does (documented: required at `register`)."""
    register_reference_field: str = "customer_number"
    """Field of a registered contact that keeps our reference; a registered card keeps it in
    `customer_reference`."""
    card_number_query: str = "number"
    """Query by which the card list is searched for a number (assumed)."""
    private_rate_id: str = ""
    """Rate of a private charging card (documented: required at `register`)."""
    refund_rate_id: str = ""
    """Rate of a refund card; empty: it keeps the one that it has."""
    password_length: int = 24
    """Characters of a portal user's first password, which nobody ever sees."""

    def __post_init__(self) -> None:
        """Raises `MisconfiguredError` if a call could not be made with these settings."""
        if not re.fullmatch(r"https?://[^/]+/.*", self.cpo_token_url):
            raise MisconfiguredError("energised.cpo_token_url has to be a whole address")
        needed = ("register_company_id", "register_billing_contact_id", "private_rate_id")
        missing = [name for name in needed if not getattr(self, name)]
        if self.contact_route == "register" and missing:
            raise MisconfiguredError(
                f"energised.{missing[0]} is needed with contact_route register"
            )
        if self.password_length < SHORTEST_PASSWORD:
            raise MisconfiguredError(
                f"energised.password_length has to be at least {SHORTEST_PASSWORD}"
            )
