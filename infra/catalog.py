"""THE list of use cases: what starts each, what it may do, what it talks to.

The stacks, the local system, the README's table and the completeness test all read this list, so
they cannot part ways. One name everywhere: `functions/<name>/`, `busbar/usecases/<name>.py`,
`events/<name>/`, `tests/functions/test_<name>.py`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

System = Literal["salesforce", "energised", "sap", "webhook"]
"""Names a part of `OrgSettings`, and the secret in it that the function may read."""


Files = Literal["hands_out", "judges", "keeps_events", "reads_events", "replays_events"]
"""Hands out forms to upload files and links to see them; or reads what was uploaded, and keeps it
or not. Or keeps the events of ERPs as they came; or reads them; or both, to send them again."""
API_CONTEXT = "orders"
"""The context whose stack holds the API. Others hang their routes on it: clients know one
address."""


@dataclass(frozen=True)
class Route:
    """One HTTP route. `operation` is its row in `busbar.domain.authorisation`."""

    method: str
    path: str
    operation: str


@dataclass(frozen=True)
class Queue:
    """A queue of the use case's own name, with a dead-letter queue and an alarm.

    `events` names the setting of `SalesforceSettings` that holds the event's API name; the rule on
    the bus matches it. With `uploads` S3 tells it of files that users have sent. An `ordered` one
    keeps the order of each group of messages (FIFO), and a use case of ours fills it by `sends_to`.
    None of these: the queue is fed from the outbox.
    """

    events: (
        Literal["assigned_event", "status_event", "wallbox_assigned_event", "review_event"] | None
    ) = None
    uploads: bool = False
    ordered: bool = False
    batch_size: int = 1
    """One by one where each message may wait for outside systems: a killed batch would come back
    whole, and end in the dead-letter queue untried."""
    max_receive_count: int = 5
    max_concurrency: int = 5

    @property
    def from_outbox(self) -> bool:
        """Whether its messages are errands of the outbox."""
        return self.events is None and not self.uploads and not self.ordered


@dataclass(frozen=True)
class UseCase:
    """One use case: one function."""

    name: str
    context: Literal["orders", "wallboxes", "toolkit", "ops"]
    summary: str
    routes: tuple[Route, ...] = ()
    """Each behind the authoriser; its operation stands in `authorisation.TABLE`."""
    signed_routes: tuple[Route, ...] = ()
    """Without a token: a system signs what it sends. Its operation stands in
    `authorisation.SIGNED`, and the template bounds its calls for itself."""
    queue: Queue | None = None
    machine: bool = False
    """Whether it works the steps of a state machine: `functions/<name>/state_machine.asl.json`,
    which puts them on the use case's own queue."""
    every_minutes: int | None = None
    stream: bool = False
    table: Literal["read", "write"] = "write"
    systems: tuple[System, ...] = ()
    only_reads: bool = False
    """Whether it changes nothing in these systems. Who does must be over within `pause_bound`, so
    that a call of his can be waited out."""
    files: Files | None = None
    """What it does with users' files, if anything."""
    sends_to: tuple[str, ...] = ()
    timeout_seconds: int = 20
    memory_mb: int = 512


INTEGRATION_V1 = "/v1/integrations/{integrationId}"
INTEGRATION_V2 = "/v2/integrations/{integrationId}"
"""As the toolkit writes its paths."""
FED = (
    "order_forward",
    "card_forward",
    "contact_forward",
    "sync_cards",
    "reconcile",
    "wallbox_provisioning",
    "wallbox_forward",
)
"""The queues of the outbox."""

USE_CASES: tuple[UseCase, ...] = (
    UseCase(
        name="order_form",
        context="orders",
        summary="What the order form needs: customer data, addresses, quantity limits",
        routes=(Route("GET", "/v1/charge-card-orders/form", "order_form"),),
        systems=("salesforce",),
    ),
    UseCase(
        name="order_submit",
        context="orders",
        summary="Takes an order and creates it in Salesforce; answers with its number",
        routes=(Route("POST", "/v1/charge-card-orders", "order_submit"),),
        systems=("salesforce",),
        timeout_seconds=25,
    ),
    UseCase(
        name="order_forward",
        context="orders",
        summary="Brings accepted orders through that Salesforce did not take at once",
        queue=Queue(),
        systems=("salesforce",),
        timeout_seconds=60,
    ),
    UseCase(
        name="orders",
        context="orders",
        summary="Shows a company's orders, with status, history and delivery",
        routes=(
            Route("GET", "/v1/charge-card-orders", "orders_list"),
            Route("GET", "/v1/charge-card-orders/{order_id}", "orders_show"),
        ),
        table="read",
    ),
    UseCase(
        name="card_event",
        context="orders",
        summary="A blank card was assigned to an order: sets its billing contact in be.ENERGISED",
        queue=Queue(events="assigned_event"),
        systems=("energised", "salesforce"),
        timeout_seconds=60,
    ),
    UseCase(
        name="card_forward",
        context="orders",
        summary="Brings a card's wanted state through to be.ENERGISED and Salesforce",
        queue=Queue(),
        systems=("energised", "salesforce"),
        timeout_seconds=60,
    ),
    UseCase(
        name="status_callback",
        context="orders",
        summary="An order's status changed in Salesforce: moves the order, keeps the tracking id",
        queue=Queue(events="status_event", batch_size=5),
        systems=("salesforce",),
        timeout_seconds=60,
    ),
    UseCase(
        name="salesforce_webhook",
        context="orders",
        summary="Takes Salesforce's events where an org has no Event Relay; signed, not by token",
        signed_routes=(Route("POST", "/v1/webhooks/salesforce/{org}", "salesforce_webhook"),),
        systems=("webhook",),
        sends_to=("card_event", "status_callback", "wallbox_event", "wallbox_review"),
    ),
    UseCase(
        name="wallbox_products",
        context="orders",
        summary="The wallboxes that can be ordered, with price, tax and quantity limits",
        routes=(Route("GET", "/v1/wallbox-products", "wallbox_products"),),
        systems=("salesforce",),
    ),
    UseCase(
        name="wallbox_order",
        context="orders",
        summary="Takes an order of wallboxes; answers at once with its number and its progress",
        routes=(Route("POST", "/v1/wallbox-orders", "wallbox_order"),),
        systems=("salesforce",),
        timeout_seconds=25,
    ),
    UseCase(
        name="wallbox_orders",
        context="orders",
        summary="Shows orders of wallboxes and how far each has come, step by step",
        routes=(
            Route("GET", "/v1/wallbox-orders", "wallbox_orders_list"),
            Route("GET", "/v1/wallbox-orders/{order_id}", "wallbox_orders_show"),
        ),
        table="read",
    ),
    UseCase(
        name="wallbox_provisioning",
        context="wallboxes",
        summary="Works the steps of a wallbox order in SAP, Salesforce and be.ENERGISED, or back",
        queue=Queue(),
        machine=True,
        systems=("salesforce", "energised", "sap"),
        timeout_seconds=60,
    ),
    UseCase(
        name="wallbox_event",
        context="wallboxes",
        summary="A wallbox or card was assigned to a wallbox order: takes it over for its driver",
        queue=Queue(events="wallbox_assigned_event"),
        systems=("salesforce",),
        timeout_seconds=60,
    ),
    UseCase(
        name="wallbox_review",
        context="wallboxes",
        summary="An installation was reviewed: keeps the result; approved, the refund card goes on",
        queue=Queue(events="review_event"),
        systems=("salesforce",),
        timeout_seconds=60,
    ),
    UseCase(
        name="wallbox_forward",
        context="wallboxes",
        summary="Finds a wallbox in be.ENERGISED, and brings its wanted state through",
        queue=Queue(),
        systems=("energised", "salesforce"),
        timeout_seconds=60,
    ),
    UseCase(
        name="sync_cards",
        context="orders",
        summary="Takes delivered cards over into the portal; carries changes on to Salesforce",
        routes=(Route("POST", "/v1/charge-cards/sync", "sync_cards"),),
        every_minutes=15,
        queue=Queue(max_concurrency=2),
        systems=("energised", "salesforce"),
        timeout_seconds=60,
    ),
    UseCase(
        name="charge_cards",
        context="orders",
        summary="The fleet manager's cards: list, show, change, activate, deactivate",
        routes=(
            Route("GET", "/v1/charge-cards", "charge_cards_list"),
            Route("GET", "/v1/charge-cards/{card_id}", "charge_cards_show"),
            Route("PATCH", "/v1/charge-cards/{card_id}", "charge_cards_change"),
            Route("POST", "/v1/charge-cards/{card_id}/activate", "charge_cards_activate"),
            Route("POST", "/v1/charge-cards/{card_id}/deactivate", "charge_cards_deactivate"),
        ),
        systems=("energised",),
        timeout_seconds=25,
    ),
    UseCase(
        name="my_charge_cards",
        context="orders",
        summary="The driver's own cards",
        routes=(Route("GET", "/v1/my/charge-cards", "my_charge_cards"),),
        table="read",
    ),
    UseCase(
        name="my_wallbox",
        context="orders",
        summary="The driver's own wallbox: its tariff, its proof of installation, what is awaited",
        routes=(
            Route("GET", "/v1/my/wallbox", "my_wallbox"),
            Route("PUT", "/v1/my/wallbox/tariff", "my_wallbox_tariff"),
            Route("POST", "/v1/my/wallbox/proof", "my_wallbox_proof"),
            Route("GET", "/v1/wallboxes/{wallbox_id}/proof", "wallbox_proof_show"),
        ),
        files="hands_out",
    ),
    UseCase(
        name="wallbox_proof",
        context="wallboxes",
        summary="A driver has uploaded a proof of installation: judges it by its content",
        queue=Queue(uploads=True),
        files="judges",
        timeout_seconds=60,
    ),
    UseCase(
        name="companies",
        context="orders",
        summary="The operator's companies: list, create, import, show, change, remove",
        routes=(
            Route("GET", "/v1/companies", "companies_list"),
            Route("POST", "/v1/companies", "companies_create"),
            Route("POST", "/v1/companies/import", "companies_import"),
            Route("GET", "/v1/companies/{company_id}", "companies_show"),
            Route("PATCH", "/v1/companies/{company_id}", "companies_change"),
            Route("DELETE", "/v1/companies/{company_id}", "companies_remove"),
        ),
        timeout_seconds=25,
    ),
    UseCase(
        name="users",
        context="orders",
        summary="Users and drivers: list, invite, import, show, change, suspend, remove",
        routes=(
            Route("GET", "/v1/users", "users_list"),
            Route("POST", "/v1/users", "users_create"),
            Route("POST", "/v1/users/import", "users_import"),
            Route("GET", "/v1/users/{user_id}", "users_show"),
            Route("PATCH", "/v1/users/{user_id}", "users_change"),
            Route("DELETE", "/v1/users/{user_id}", "users_remove"),
        ),
        timeout_seconds=25,
    ),
    UseCase(
        name="vehicles",
        context="orders",
        summary="A company's vehicles: list, create, import, show, change, remove",
        routes=(
            Route("GET", "/v1/vehicles", "vehicles_list"),
            Route("POST", "/v1/vehicles", "vehicles_create"),
            Route("POST", "/v1/vehicles/import", "vehicles_import"),
            Route("GET", "/v1/vehicles/{vehicle_id}", "vehicles_show"),
            Route("PATCH", "/v1/vehicles/{vehicle_id}", "vehicles_change"),
            Route("DELETE", "/v1/vehicles/{vehicle_id}", "vehicles_remove"),
        ),
        timeout_seconds=25,
    ),
    UseCase(
        name="contact_forward",
        context="orders",
        summary="Brings companies and drivers to be.ENERGISED; takes cards from who has left",
        queue=Queue(),
        systems=("energised",),
        timeout_seconds=60,
    ),
    UseCase(
        name="tasks",
        # Not `ops`: a context with routes has an API of its own, and clients know one address.
        context="orders",
        summary="Shows what waits for a person's decision, and takes it: resume, adopt, cancel …",
        routes=(
            Route("GET", "/v1/tasks", "tasks_list"),
            Route("GET", "/v1/tasks/{task_id}", "tasks_show"),
            Route("POST", "/v1/tasks/{task_id}/resume", "tasks_resume"),
            Route("POST", "/v1/tasks/{task_id}/retry", "tasks_retry"),
            Route("POST", "/v1/tasks/{task_id}/adopt", "tasks_adopt"),
            Route("POST", "/v1/tasks/{task_id}/cancel", "tasks_cancel"),
        ),
        systems=("salesforce", "energised", "sap"),
        timeout_seconds=25,
    ),
    UseCase(
        name="audit",
        context="orders",
        summary="Shows who decided what, and whether that trail is as it was written",
        routes=(
            Route("GET", "/v1/audit", "audit_list"),
            Route("POST", "/v1/audit/verify", "audit_verify"),
        ),
        table="read",
        timeout_seconds=25,
    ),
    UseCase(
        name="reconcile",
        # Not `ops`, as it has a route.
        context="orders",
        summary="Joins our records with what each system holds, and has them agree again",
        routes=(Route("POST", "/v1/reconcile", "reconcile"),),
        every_minutes=60,
        queue=Queue(max_concurrency=2),
        systems=("energised", "salesforce"),
        only_reads=True,
        timeout_seconds=900,
        memory_mb=1024,
    ),
    UseCase(
        name="connection_check",
        context="orders",
        summary="Checks that an outside system lets us do what we have to, without writing there",
        routes=(Route("POST", "/v1/systems/{system}/connection-check", "connection_check"),),
        table="read",
        systems=("salesforce", "energised", "sap"),
        timeout_seconds=25,
    ),
    UseCase(
        name="systems",
        context="orders",
        summary="Shows which outside systems are down, and how much work waits for them",
        routes=(Route("GET", "/v1/systems", "systems_list"),),
        table="read",
    ),
    UseCase(
        name="openapi",
        context="orders",
        summary="Shows the API's own description, an OpenAPI 3.1 document",
        routes=(Route("GET", "/v1/openapi.json", "openapi"),),
        table="read",
    ),
    UseCase(
        name="erp_events",
        context="toolkit",
        summary="Takes events of an ERP in the toolkit's format; each is answered for itself",
        routes=(
            Route("POST", "/v1/erp/updates/events", "erp_events_v1"),
            Route("POST", "/v2/erp/updates/events", "erp_events_v2"),
            Route("POST", "/v3/erp/updates/events", "erp_events_v3"),
        ),
        files="keeps_events",
        sends_to=("erp_apply",),
        timeout_seconds=25,
        memory_mb=1024,
    ),
    UseCase(
        name="erp_apply",
        context="toolkit",
        summary="Maps the events of ERPs, and applies to the entities what they come to",
        # Ten together: what they are about is read at once. What can never be applied is parked at
        # its first try, so that tries are used up by outages alone, of an hour here.
        queue=Queue(ordered=True, batch_size=10, max_receive_count=10, max_concurrency=20),
        files="reads_events",
        timeout_seconds=60,
        memory_mb=1024,
    ),
    UseCase(
        name="entities",
        context="toolkit",
        summary="Shows entities with their lineage, relations and history; restores deleted ones",
        routes=(
            Route("GET", "/v1/entities/{schema}", "entities_list"),
            Route("GET", "/v1/entities/{schema}/{entity_id}", "entities_show"),
            Route("GET", "/v1/entities/{schema}/{entity_id}/relations", "entities_relations"),
            Route("GET", "/v1/entities/{schema}/{entity_id}/history", "entities_history"),
            Route("GET", "/v1/entities/{schema}/{entity_id}/history/{version}", "entities_version"),
            Route("POST", "/v1/entities/{schema}/{entity_id}/restore", "entities_restore"),
            Route("GET", "/v1/meters/{entity_id}/readings", "entities_readings"),
        ),
    ),
    UseCase(
        name="erp_simulation",
        context="toolkit",
        summary="Tries out a mapping: what an event would come to, why, and what would change",
        routes=(
            Route("POST", "/v1/erp/updates/mapping_simulation", "erp_simulation_v1"),
            Route("POST", "/v2/erp/updates/mapping_simulation", "erp_simulation_v2"),
            Route("POST", "/v1/erp/updates/direct_simulation", "erp_simulation_direct"),
        ),
        table="read",
        timeout_seconds=25,
        memory_mb=1024,
    ),
    UseCase(
        name="erp_monitoring",
        context="toolkit",
        summary="Shows what became of an ERP's events, counts it, and sends events again",
        routes=(
            Route("POST", f"{INTEGRATION_V1}/events", "erp_monitoring_received"),
            Route("POST", f"{INTEGRATION_V1}/events/replay", "erp_monitoring_replay"),
            Route("POST", f"{INTEGRATION_V1}/monitoring/inbound-events", "erp_monitoring_inbound"),
            Route("POST", f"{INTEGRATION_V2}/monitoring/events", "erp_monitoring_rows"),
            Route("POST", f"{INTEGRATION_V2}/monitoring/stats", "erp_monitoring_stats"),
            Route(
                "GET",
                f"{INTEGRATION_V2}/monitoring/traces/{{correlationId}}",
                "erp_monitoring_trace",
            ),
            Route(
                "GET", "/v1/integrations/entities/{entityId}/sync-status", "erp_monitoring_synced"
            ),
        ),
        files="replays_events",
        sends_to=("erp_apply",),
        timeout_seconds=25,
        memory_mb=1024,
    ),
    UseCase(
        name="integrations",
        context="toolkit",
        summary="The integrations with ERPs and their mappings: show, put, check, remove",
        routes=(
            Route("GET", "/v1/integrations", "integrations_list"),
            Route("POST", "/v1/integrations", "integrations_create"),
            Route("GET", INTEGRATION_V1, "integrations_show"),
            Route("PUT", INTEGRATION_V1, "integrations_change"),
            Route("DELETE", INTEGRATION_V1, "integrations_remove"),
            Route("GET", "/v2/integrations", "integrations_list_whole"),
            Route("POST", "/v2/integrations", "integrations_create_whole"),
            Route("GET", INTEGRATION_V2, "integrations_show_whole"),
            Route("PUT", INTEGRATION_V2, "integrations_put_whole"),
            Route("DELETE", INTEGRATION_V2, "integrations_remove_whole"),
            Route("PUT", f"{INTEGRATION_V1}/app-mapping", "integrations_map_app"),
            Route("DELETE", f"{INTEGRATION_V1}/app-mapping", "integrations_unmap_app"),
            Route("GET", f"{INTEGRATION_V1}/use-cases", "integrations_list_cases"),
            Route("POST", f"{INTEGRATION_V1}/use-cases", "integrations_create_case"),
            Route("GET", f"{INTEGRATION_V1}/use-cases/{{useCaseId}}", "integrations_show_case"),
            Route("PUT", f"{INTEGRATION_V1}/use-cases/{{useCaseId}}", "integrations_change_case"),
            Route(
                "DELETE", f"{INTEGRATION_V1}/use-cases/{{useCaseId}}", "integrations_remove_case"
            ),
        ),
        timeout_seconds=25,
        memory_mb=1024,
    ),
    UseCase(
        name="outbox_relay",
        context="ops",
        summary="Sends outbox rows to their queues as soon as the table's stream shows them",
        stream=True,
        sends_to=FED,
        timeout_seconds=60,
    ),
    UseCase(
        name="outbox_sweep",
        context="ops",
        summary="Sends outbox rows that the stream has left behind",
        every_minutes=1,
        sends_to=FED,
        timeout_seconds=60,
    ),
)


_BY_NAME = {u.name: u for u in USE_CASES}


def use_case(name: str) -> UseCase:
    """The use case of this name. Raises `KeyError`."""
    return _BY_NAME[name]
