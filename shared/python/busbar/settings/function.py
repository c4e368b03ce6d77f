"""What a function is told, whatever it talks to. The settings of outside systems stand apart: a
function imports those of the systems that its orgs name, and no others."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from busbar.domain.portals import Portals, portals_of
from busbar.errors import MisconfiguredError

if TYPE_CHECKING:
    from busbar.domain.schemas import Catalogue
    from busbar.settings.energised import EnergisedSettings
    from busbar.settings.salesforce import SalesforceSettings
    from busbar.settings.sap import SapSettings
    from busbar.settings.webhook import WebhookSettings


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
