"""Settings: the environment, read once into frozen, typed values. Nothing else reads it.

A function gets up to six variables, written by `infra/` from the stage and the catalogue:

    BUSBAR_STAGE    local | dev | test | prod
    BUSBAR_TABLE    name of the table
    BUSBAR_QUEUES   JSON: queue name -> URL, only those that the function may send to
    BUSBAR_ORGS     JSON: org -> {"audiences": […], "salesforce": {…}, "energised": {…},
                    "webhook": {…}}, only the systems that the function talks to, only what differs
                    from the defaults below
    BUSBAR_PARKED   URL of the dead-letter queue of the worker's own queue (workers only)
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
from types import UnionType
from typing import Any, Literal, TypeVar, get_args, get_origin, get_type_hints

from busbar.domain.lifecycle import DEFAULT_STATUS_MAP, OrderStatus
from busbar.errors import BusbarError

Mode = Literal["unique_key", "probe", "none"]
"""How a create is made safe to repeat (see `busbar.process.create`)."""


FEWEST_CALLS = 24
"""With fewer calls a minute no window of a circuit would hold those of one errand."""


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
    processing_seconds: float = 120.0
    """Longest time a call may still take effect after its time-out."""
    search_lag_seconds: float = 0.0
    """How long a new record may stay invisible to a read by external id."""
    calls_per_minute: int = 600
    """Most calls of all workers together while waiting work drains after an outage; at least 24.
    Salesforce counts 100,000 calls a day and more, and 25 at once that last 20 s; a tenth of it is
    left to a drain of 5,000 orders."""


@dataclass(frozen=True)
class EnergisedSettings:
    """One org's be.ENERGISED."""

    base_url: str
    """Host of the tenant, e.g. `https://acme.beenergised.cloud`; no path, no slash at the end."""
    secret_id: str
    """Secrets Manager name of `{"api_token": …}`."""
    page_size: int = 500
    """Cards asked for at once; the tenant may give fewer."""
    lists_changes: bool = True
    """Whether the card list takes `updated_since`. Without it the sync walks the whole list, and
    compares each card with a stored hash."""
    processing_seconds: float = 60.0
    search_lag_seconds: float = 60.0
    """How long a change may stay invisible to the card list and to a search for contacts."""
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


@dataclass(frozen=True)
class OrgSettings:
    """One brand or legal entity of the operator."""

    audiences: tuple[str, ...]
    """Audiences (app client ids) of the tokens that speak for this org."""
    salesforce: SalesforceSettings | None = None
    energised: EnergisedSettings | None = None
    webhook: WebhookSettings | None = None
    cards_per_company_30_days: int | None = None
    """Charging cards that a company may order in 30 days, counted from the deploy on that sets it;
    None: no limit but Salesforce's, which is per order."""

    def __post_init__(self) -> None:
        """Raises `MisconfiguredError` if the workers would not know the webhook's events."""
        for name in ("event_source", "assigned_event", "status_event"):
            values = {getattr(s, name) for s in (self.salesforce, self.webhook) if s}
            if len(values) > 1:
                raise MisconfiguredError(f"webhook.{name} has to be that of salesforce")


@dataclass(frozen=True)
class Tuning:
    """Times and sizes. All in seconds unless named otherwise."""

    answer_within: float = 8.0
    """How long a portal request may wait for Salesforce before it answers 202."""
    offer_within: float = 3.0
    """How long of that may go into reading the offer."""
    card_answer_within: float = 8.0
    """How long a portal request may wait for be.ENERGISED before it answers 202."""
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


@dataclass(frozen=True)
class Settings:
    """All that one function is told."""

    stage: str
    table: str
    orgs: Mapping[str, OrgSettings]
    queues: Mapping[str, str] = field(default_factory=dict)
    parked: str = ""
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


def _org(raw: object, where: str) -> OrgSettings:
    if not isinstance(raw, dict):
        raise MisconfiguredError(f"{where} has to be a JSON object")
    parts: dict[str, Any] = dict(raw)
    if "salesforce" in parts:
        parts["salesforce"] = _build(SalesforceSettings, parts["salesforce"], f"{where}.salesforce")
        states = set(parts["salesforce"].status_map.values())
        if unknown := sorted(states - {state.value for state in OrderStatus}):
            raise MisconfiguredError(f"{where}.salesforce.status_map: no such states {unknown}")
    if "energised" in parts:
        parts["energised"] = _build(EnergisedSettings, parts["energised"], f"{where}.energised")
    if "webhook" in parts:
        parts["webhook"] = _build(WebhookSettings, parts["webhook"], f"{where}.webhook")
    for name in ("salesforce", "energised"):
        if name in parts and parts[name].calls_per_minute < FEWEST_CALLS:
            raise MisconfiguredError(
                f"{where}.{name}.calls_per_minute has to be at least {FEWEST_CALLS}"
            )
    org = _build(OrgSettings, {"audiences": (), **parts}, where)
    _check_limit(org.cards_per_company_30_days, where)
    return replace(org, audiences=tuple(org.audiences))


def _check_limit(most: int | None, where: str) -> None:
    if most is not None and most < 1:
        raise MisconfiguredError(f"{where}.cards_per_company_30_days has to be above 0")


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
        tuning=_build(Tuning, _json(env, "BUSBAR_TUNING", "{}"), "BUSBAR_TUNING"),
    )


def on_lambda() -> bool:
    """Whether this process is a Lambda function's."""
    return "AWS_LAMBDA_FUNCTION_NAME" in os.environ
