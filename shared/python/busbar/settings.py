"""Settings: the environment, read once into frozen, typed values. Nothing else reads it.

A function gets up to eight variables, written by `infra/` from the stage and the catalogue:

    BUSBAR_STAGE    local | dev | test | prod
    BUSBAR_TABLE    name of the table
    BUSBAR_QUEUES   JSON: queue name -> URL, only those that the function may send to
    BUSBAR_ORGS     JSON: org -> {"audiences": […], "salesforce": {…}, "energised": {…},
                    "sap": {…}, "webhook": {…}}, only the systems that the function talks to, only
                    what differs from the defaults below
    BUSBAR_PARKED   URL of the dead-letter queue of the worker's own queue (workers only)
    BUSBAR_MACHINE  ARN of the use case's state machine (only where it has one)
    BUSBAR_FILES    name of the bucket of users' files (only where it handles them)
    BUSBAR_TUNING   JSON: what differs from the defaults of `Tuning`
"""

from __future__ import annotations

import json
import math
import os
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import UnionType
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from busbar.domain.lifecycle import DEFAULT_STATUS_MAP, OrderStatus
from busbar.domain.portals import Portals, portals_of
from busbar.domain.wallbox_assets import (
    DEFAULT_ASSET_KINDS,
    DEFAULT_REVIEW_MAP,
    AssetKind,
    Review,
)
from busbar.errors import BusbarError

if TYPE_CHECKING:
    from busbar.domain.schemas import Catalogue

Mode = Literal["unique_key", "probe", "none"]
"""How a create is made safe to repeat (see `busbar.process.create`)."""


FEWEST_CALLS = 24
"""With fewer calls a minute no window of a circuit would hold those of one errand."""


SHORTEST_PASSWORD = 12
"""Characters of a first password that nobody guesses."""


class MisconfiguredError(BusbarError):
    """A variable is missing or wrong. The message names it and what it has to be."""


@dataclass(frozen=True)
class SalesforceSettings:
    """One org's Salesforce. API names are settings because tenants differ."""

    base_url: str
    """My Domain, e.g. `https://acme.my.salesforce.com`; no path, no slash at the end."""
    secret_id: str
    """Secrets Manager name of `{"client_id": …, "client_secret": …}`."""
    event_source: str
    """`source` of its events on the bus: `aws.partner/salesforce.com/<org id>/<channel id>`."""
    api_version: str = "60.0"
    client_authentication: Literal["body", "basic"] = "body"
    """Where the token call carries the client's id and secret."""
    token_seconds: float = 3600.0
    """Age from which a token is renewed unasked; below the org's session time-out (default 2 h)."""
    mode: Mode = "unique_key"
    order_object: str = "Order"
    order_reference_field: str = "BusbarReference__c"
    order_account_field: str = "AccountId"
    order_tracking_field: str = "TrackingId__c"
    """Field of an order with the carrier's tracking id; empty: the org has none."""
    order_delivery_date_field: str = "DeliveryDate__c"
    """Field of an order with the day of delivery; empty: the org has none."""
    item_object: str = "OrderItem"
    item_reference_field: str = "BusbarReference__c"
    asset_object: str = "Asset"
    asset_order_field: str = "BusbarOrder__r.BusbarReference__c"
    """Path from an Asset to the reference of its order, for SOQL."""
    asset_account_field: str = "AccountId"
    asset_card_id_field: str = "EnergisedCardId__c"
    asset_fields: Sequence[str] = (
        "CardActive__c",
        "CardBlocked__c",
        "CardHolder__c",
        "CardLabel__c",
        "CardVehicle__c",
        "CardBillingContact__c",
    )
    """Fields of an Asset that are read back; those that `mappings/salesforce/sync_cards` writes."""
    asset_delivered_status: str = "Shipped"
    """`Asset.Status` of a card that is on its way to the customer or there."""
    product_code: str = "CHARGE-CARD"
    price_book_id: str = ""
    """Price book that orders use; empty: the first active entry of the product."""
    currency: str = "EUR"
    """Currency of the price book (ISO 4217); empty: an org with several, read `CurrencyIsoCode`."""
    minimum_field: str = "MinimumQuantity__c"
    maximum_field: str = "MaximumQuantity__c"
    assigned_event: str = "ChargeCardAssigned__e"
    status_event: str = "OrderStatusChanged__e"
    status_map: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_STATUS_MAP.items()}
    )
    """Status values of this org -> our states."""

    wallbox_price_book_id: str = ""
    """Price book of wallboxes and what goes with them; empty: the org sells none, and nothing that
    is said below of wallboxes is asked of it."""
    wallbox_family: str = "Wallbox"
    """`Product2.Family` of what comes with a serial number and two cards; anything else in the
    price book goes with it."""
    tax_rate_field: str = "TaxRate__c"
    """Field of a product with its tax in percent."""
    account_object: str = "Account"
    account_mode: Mode = "unique_key"
    account_reference_field: str = "BusbarReference__c"
    account_gp_number_field: str = "GpNumber__c"
    account_contract_number_field: str = "SapContractNumber__c"
    account_active_field: str = "BusbarActive__c"
    """Checkbox of an account; cleared where the order for which it was made fails."""
    shared_contract_object: str = "SharedContract__c"
    shared_contract_mode: Mode = "unique_key"
    shared_contract_reference_field: str = "BusbarReference__c"
    shared_contract_account_field: str = "Account__c"
    shared_contract_number_field: str = "SapContractNumber__c"
    shared_contract_status_field: str = "Status__c"
    shared_contract_cancelled_status: str = "Storniert"
    """What the status of a shared contract becomes where its order fails."""
    wallbox_contract_id: str = ""
    """The sub-CPO's wallbox contract, to which every shared contract refers: id of a Contract."""
    asset_serial_field: str = "SerialNumber"
    """Field of an Asset with a wallbox's serial number, or a card's number."""
    asset_kind_field: str = "AssetKind__c"
    """Field of an Asset that tells a wallbox, a private card and a refund card from each other."""
    asset_kinds: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_ASSET_KINDS.items()}
    )
    """Kinds of this org -> ours."""
    asset_review_field: str = "InstallationReview__c"
    asset_review_reason_field: str = "ReviewReason__c"
    asset_proof_hash_field: str = "InstallationProofHash__c"
    """Field of a wallbox's Asset with the SHA-256 of the proof of installation."""
    wallbox_fields: Sequence[str] = (
        "Status",
        "TariffPrice__c",
        "TariffCurrency__c",
        "TariffValidFrom__c",
        "InstallationProof__c",
        "InstallationProofHash__c",
        "InstallationProofAt__c",
    )
    """Fields of an Asset that are read back; `mappings/salesforce/wallbox_asset` writes them."""
    wallbox_assigned_event: str = "WallboxAssigned__e"
    review_event: str = "InstallationReviewed__e"
    review_map: Mapping[str, str] = field(
        default_factory=lambda: {k: v.value for k, v in DEFAULT_REVIEW_MAP.items()}
    )
    """Reviews of this org -> ours."""

    processing_seconds: float = 120.0
    """Longest time a call may still take effect after its time-out."""
    search_lag_seconds: float = 0.0
    """How long a new record may stay invisible to a read by external id."""
    calls_per_minute: int = 600
    """Most calls of all workers together while waiting work drains after an outage; at least 24.
    Salesforce counts 100,000 calls a day and more, and 25 at once that last 20 s; a tenth of it is
    left to a drain of 5,000 orders."""

    @property
    def sells_wallboxes(self) -> bool:
        """Whether the org has the part for wallboxes."""
        return bool(self.wallbox_price_book_id)


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


@dataclass(frozen=True)
class WebhookSettings:
    """Where one org's Salesforce sends its platform events itself, for want of an Event Relay.

    All but the secret has to be what its `SalesforceSettings` say: the workers go by those.
    """

    secret_id: str
    """Secrets Manager name of `{"current": "whsec_…", "previous": "whsec_…"}`."""
    event_source: str
    """`source` under which its events go on to the workers."""
    assigned_event: str = "ChargeCardAssigned__e"
    status_event: str = "OrderStatusChanged__e"
    wallbox_assigned_event: str = "WallboxAssigned__e"
    review_event: str = "InstallationReviewed__e"

    @property
    def queues(self) -> Mapping[str, str]:
        """API name of an event -> the queue of the use case that it starts."""
        return {
            self.assigned_event: "card_event",
            self.status_event: "status_callback",
            self.wallbox_assigned_event: "wallbox_event",
            self.review_event: "wallbox_review",
        }


_SHARED_WITH_WEBHOOK = (
    "event_source",
    "assigned_event",
    "status_event",
    "wallbox_assigned_event",
    "review_event",
)


@dataclass(frozen=True)
class OrgSettings:
    """One brand or legal entity of the operator."""

    audiences: tuple[str, ...]
    """Audiences (app client ids) of the tokens that speak for this org."""
    salesforce: SalesforceSettings | None = None
    energised: EnergisedSettings | None = None
    sap: SapSettings | None = None
    webhook: WebhookSettings | None = None
    cards_per_company_30_days: int | None = None
    """Charging cards that a company may order in 30 days, counted from the deploy on that sets it;
    None: no limit but Salesforce's, which is per order."""
    leading_systems: Mapping[str, str] = field(default_factory=dict)
    """Which system alone may write an attribute of an entity: `{"contract.status": "sap"}`, or
    `contract.*` for all that are not named. Another system's write is left out and becomes a task;
    an attribute that is led by nobody takes the newest event's value."""
    entity_attributes: Mapping[str, str] = field(default_factory=dict)
    """Attributes of entities beside the core schemas', with their types: `{"contract.grid_number":
    "string!"}`; with `!` an entity is found by it. What is stored already is found only once it is
    written again."""
    entity_filters: Mapping[str, str] = field(default_factory=dict)
    """By what a schema's entities are listed, in place of the core schema's filters, at most four:
    `{"contract": "grid_number status"}`."""
    portals: Mapping[str, str] = field(default_factory=dict)
    """The portals that mappings find by `portal_ref`: `{"<id>": "END_CUSTOMER_PORTAL
    portal.example 2024-01-31 Kundenportal"}`: origin, domain, since when, name."""
    proof_link: str = ""
    """Page of your portal on which a clerk sees a proof of installation, `{wallbox_id}` in place of
    the wallbox; its Asset in Salesforce shows it. Empty: the Asset shows the proof's hash alone."""

    def __post_init__(self) -> None:
        """Raises `MisconfiguredError` if the workers would not know the webhook's events."""
        for name in _SHARED_WITH_WEBHOOK:
            values = {getattr(s, name) for s in (self.salesforce, self.webhook) if s}
            if len(values) > 1:
                raise MisconfiguredError(f"webhook.{name} has to be that of salesforce")

    def catalogue(self) -> Catalogue:
        """The schemas of its entities. Raises `ValueError` if what it adds to them is no such."""
        from busbar.domain.core_schemas import core_catalogue  # noqa: PLC0415  (import cost)

        return core_catalogue().extended(self.entity_attributes, self.entity_filters)

    def known_portals(self) -> Portals:
        """Its portals. Raises `ValueError` if they are not told as they have to be."""
        return portals_of(self.portals)


@dataclass(frozen=True)
class Tuning:
    """Times, sizes and the like. All in seconds unless named otherwise."""

    answer_within: float = 8.0
    """How long a portal request may wait for Salesforce before it answers 202."""
    offer_within: float = 3.0
    """How long of that may go into reading the offer."""
    card_answer_within: float = 8.0
    """How long a portal request may wait for be.ENERGISED before it answers 202."""
    products_kept: float = 900.0
    """How old the catalogue of wallboxes may be; older it gets while Salesforce is down."""
    lease: float = 30.0
    """How long one worker may hold a step or an outside object."""
    pause_bound: float = 60.0
    """Longest time limit of a function that makes outside calls: it ends a paused worker."""
    call_timeout: float = 10.0
    """Longest single outside operation of a queue worker."""
    retry_first: float = 5.0
    retry_most: float = 300.0
    wait_retry: float = 300.0
    """How often a wait for a person (an unbound company) looks again."""
    wait_at_most: float = 14 * 86400.0
    """After this a wait becomes a task."""
    sweep_after: float = 60.0
    """Age from which `outbox_sweep` sends what the stream has not."""
    resend_after: float = 3600.0
    """When the sweep repeats a message that was sent but whose work has not ended: later than a
    message can live on its queue, retries included."""
    reconcile_after: float = 900.0
    """Age of the last change from which a difference is no longer work in progress."""
    circuit_failures: int = 3
    """Failed calls in a row after which a system is taken for down."""
    circuit_window: float = 120.0
    """Failures further apart than this are no row."""
    circuit_probe_first: float = 20.0
    """First wait for a probe; each is twice the one before, up to `circuit_probe_most`, and up to
    a half more by chance. Longer than a worker may take for one call."""
    circuit_probe_most: float = 120.0
    circuit_cache: float = 2.0
    """How old a worker's picture of a circuit may be."""
    idempotency_kept: float = 7 * 86400.0
    idempotency_lease: float = 30.0
    jsonata: Literal["jlens", "jsonata-python"] = "jlens"
    """The engine that evaluates mappings (`busbar.mapping.engine`)."""
    load_slices: int = 8
    """Parts of an initial load that are worked off side by side, at most 32: what it may take of
    Lambda and the table while live events come."""
    load_turn: float = 30.0
    """How long a worker goes on with a part before it hands on what is left. With its last batch it
    has to be over before the function's time limit."""


@dataclass(frozen=True)
class Settings:
    """All that one function is told."""

    stage: str
    table: str
    orgs: Mapping[str, OrgSettings]
    queues: Mapping[str, str] = field(default_factory=dict)
    parked: str = ""
    machine: str = ""
    files: str = ""
    tuning: Tuning = field(default_factory=Tuning)

    def org_of_audience(self, audience: str) -> str | None:
        """The org for which tokens with this audience speak."""
        return next((o for o, s in self.orgs.items() if audience in s.audiences), None)

    def org_of_event_source(self, source: str) -> str | None:
        """The org whose Salesforce puts events with this `source` on the bus."""
        return next(
            (
                o
                for o, s in self.orgs.items()
                if s.salesforce and s.salesforce.event_source == source
            ),
            None,
        )


T = TypeVar("T")


def _fits(value: object, kind: Any) -> bool:
    """Whether a value out of JSON is what a field above is declared to be."""
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return value in parts
    if origin is UnionType:
        return any(_fits(value, part) for part in parts)
    if origin is Mapping:
        return isinstance(value, dict) and _texts(value.values())
    if origin in {tuple, Sequence}:
        return isinstance(value, list | tuple) and _texts(value)
    if kind is float:
        return type(value) in {int, float} and math.isfinite(value)  # type: ignore[arg-type]
    return type(value) is kind


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) and value for value in values)


def _build(kind: type[T], raw: object, where: str) -> T:
    if not isinstance(raw, dict):
        raise MisconfiguredError(f"{where} has to be a JSON object")
    kinds = get_type_hints(kind)
    if unknown := sorted(set(raw) - set(kinds)):
        raise MisconfiguredError(f"{where} has unknown keys {unknown}; known are {sorted(kinds)}")
    for name, value in raw.items():
        if not _fits(value, kinds[name]):
            raise MisconfiguredError(f"{where}.{name} has to be {kinds[name]}")
    try:
        return kind(**raw)
    except TypeError as error:
        raise MisconfiguredError(f"{where}: {error}") from None


_PARTS: Mapping[str, type[Any]] = {
    "salesforce": SalesforceSettings,
    "energised": EnergisedSettings,
    "sap": SapSettings,
    "webhook": WebhookSettings,
}
_WORDS: Mapping[str, type[StrEnum]] = {
    "status_map": OrderStatus,
    "asset_kinds": AssetKind,
    "review_map": Review,
}
"""Settings of Salesforce that translate words of the org into ours."""


def _org(raw: object, where: str) -> OrgSettings:
    if not isinstance(raw, dict):
        raise MisconfiguredError(f"{where} has to be a JSON object")
    parts: dict[str, Any] = dict(raw)
    for name, kind in _PARTS.items():
        if name in parts:
            parts[name] = _build(kind, parts[name], f"{where}.{name}")
            _check_calls(parts[name], f"{where}.{name}")
    if "salesforce" in parts:
        _check_words(parts["salesforce"], f"{where}.salesforce")
    org = _build(OrgSettings, {"audiences": (), **parts}, where)
    _check_limit(org.cards_per_company_30_days, where)
    _check_entities(org, where)
    return replace(org, audiences=tuple(org.audiences))


def _check_calls(system: object, where: str) -> None:
    if getattr(system, "calls_per_minute", FEWEST_CALLS) < FEWEST_CALLS:
        raise MisconfiguredError(f"{where}.calls_per_minute has to be at least {FEWEST_CALLS}")


def _check_words(settings: SalesforceSettings, where: str) -> None:
    for name, known in _WORDS.items():
        words = set(getattr(settings, name).values())
        if unknown := sorted(words - {word.value for word in known}):
            raise MisconfiguredError(f"{where}.{name}: no such states {unknown}")


def _check_limit(most: int | None, where: str) -> None:
    if most is not None and most < 1:
        raise MisconfiguredError(f"{where}.cards_per_company_30_days has to be above 0")


def _check_entities(org: OrgSettings, where: str) -> None:
    try:
        org.known_portals()
    except ValueError as error:
        raise MisconfiguredError(f"{where}.portals: {error}") from None
    if not (org.entity_attributes or org.entity_filters):
        return  # nearly always: the core schemas are made only where entities are
    try:
        org.catalogue()
    except ValueError as error:
        raise MisconfiguredError(f"{where}.entity_attributes, entity_filters: {error}") from None


def _orgs(raw: object) -> dict[str, OrgSettings]:
    if not isinstance(raw, dict) or not raw:
        raise MisconfiguredError("BUSBAR_ORGS has to name at least one org")
    for name in raw:
        if not re.fullmatch("[A-Za-z0-9_-]+", name):  # it leads every key of the table
            raise MisconfiguredError(f"BUSBAR_ORGS: {name!r} may have letters, digits, - and _")
    orgs = {name: _org(value, f"BUSBAR_ORGS.{name}") for name, value in raw.items()}
    _each_once("audiences", [a for org in orgs.values() for a in set(org.audiences)])
    tellers = [org.salesforce or org.webhook for org in orgs.values()]
    sources = [teller.event_source for teller in tellers if teller]
    _each_once("event_source", sources)
    return orgs


def _each_once(what: str, values: list[str]) -> None:
    """A token or an event of two orgs would silently belong to the first."""
    if twice := sorted(value for value, count in Counter(values).items() if count > 1):
        raise MisconfiguredError(f"BUSBAR_ORGS: {what} {twice} belong to more than one org")


def _queues(raw: object) -> dict[str, str]:
    if not isinstance(raw, dict) or not _texts(raw.values()):
        raise MisconfiguredError("BUSBAR_QUEUES has to be a JSON object of URLs")
    return raw


def _json(env: Mapping[str, str], name: str, default: str | None = None) -> Any:
    text = env.get(name, default)
    if text is None:
        raise MisconfiguredError(f"{name} is not set")
    try:
        return json.loads(text)
    except json.JSONDecodeError as error:
        raise MisconfiguredError(f"{name} is no JSON: {error}") from None


def read_settings(env: Mapping[str, str] | None = None) -> Settings:
    """Parse the environment. Raises `MisconfiguredError` naming the variable at fault."""
    env = os.environ if env is None else env
    for name in ("BUSBAR_STAGE", "BUSBAR_TABLE"):
        if not env.get(name):
            raise MisconfiguredError(f"{name} is not set")
    return Settings(
        stage=env["BUSBAR_STAGE"],
        table=env["BUSBAR_TABLE"],
        orgs=_orgs(_json(env, "BUSBAR_ORGS")),
        queues=_queues(_json(env, "BUSBAR_QUEUES", "{}")),
        parked=env.get("BUSBAR_PARKED", ""),
        machine=env.get("BUSBAR_MACHINE", ""),
        files=env.get("BUSBAR_FILES", ""),
        tuning=_build(Tuning, _json(env, "BUSBAR_TUNING", "{}"), "BUSBAR_TUNING"),
    )


def on_lambda() -> bool:
    """Whether this process is a Lambda function's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
