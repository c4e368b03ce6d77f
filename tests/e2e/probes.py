"""What the authorisation matrix asks of each operation, and of whose object.

A new operation needs a line in `PROBES`; `test_authorisation_matrix.py` names the one that is
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Literal

from busbar.domain.authorisation import TABLE, Relation
from busbar.domain.customers import Role
from busbar.domain.identifiers import derived_id
from busbar.domain.integrations import integration_id
from busbar.domain.wallboxes import Proof, Wallbox

Near = Literal["own", "same_company", "other_company", "deleted", "suspended", "removed"]
"""Object of the caller, of his company, of another, one that is gone; or a caller who is."""
NEARS: tuple[Near, ...] = (
    "own",
    "same_company",
    "other_company",
    "deleted",
    "suspended",
    "removed",
)
Subject = Literal[
    "nothing",
    "company",
    "order",
    "card",
    "task",
    "decision",
    "system",
    "user",
    "vehicle",
    "firm",
    "wallbox_order",
    "wallbox",
]


GONE = derived_id("matrix", "gone")
"""The id of nothing."""


@dataclass(frozen=True)
class Probe:
    """One good request. `subject` says what its path, or its `company_id`, names."""

    subject: Subject = "nothing"
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False
    """Whether the subject's ETag has to be sent."""
    content: str = ""
    """A body that is no JSON."""
    everybodys: bool = False
    """Whether the subject belongs to no company: whoever may see one may see all."""
    personal: bool = False
    """Whether the subject is the own of a user who is none of those that ask."""
    granted: int = 200
    """What who may ask is told: 200 for any success; else the subject itself rules it out."""


KEY = {"Idempotency-Key": "matrix-{number}"}
CSV = {**KEY, "Content-Type": "text/csv"}
ADDRESS = {
    "name": "Any",
    "street": "Any",
    "house_number": "1",
    "postal_code": "26121",
    "city": "Any",
    "country": "DE",
}
FIRM = {
    "name": "Any",
    "customer_number": "matrix-{number}",
    "email": "any@any.example",
    "address": ADDRESS,
}
WALLBOX = {
    "products": [{"product_code": "WALLBOX-11", "quantity": 1}],
    "person": {
        "first_name": "Any",
        "last_name": "Body",
        "birth_date": "1984-05-17",
        "email": "any@any.example",
        "phone": "+49 441 1",
    },
    "billing_address": ADDRESS,
}
NOT_SOLD = {**WALLBOX, "products": [{"product_code": "any", "quantity": 1}]}
"""An order that nobody gets: granted, it would go on in the background of all other cells."""
INVITED = {"sub": "invited-{number}", "role": "driver", "name": "Any", "company_id": "{company}"}
IN_A_MONTH = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
TARIFF = {"unit_price": "32.45", "currency": "EUR", "valid_from": IN_A_MONTH}
"""Of the only wallbox of whoever asks."""
REASON = {"reason": "any"}
INTEGRATION = integration_id("demo", "erp")
APP = {"app_id": INTEGRATION, "component_id": INTEGRATION}
"""An app that stands for no integration."""
NO_MAPPING: dict[str, Any] = {"entities": []}
ANY, NAMED = {"any": "any"}, {"name": "Any"}
NONE = Probe(granted=404)
"""What belongs to no company and is not there: who may ask is told so."""
ENTITY_READS = ("list", "show", "relations", "history", "version", "readings")
INTEGRATION_READS = ("show", "show_whole", "list_cases", "show_case")
DECISION = Probe("decision", REASON, KEY, etag=True, everybodys=True)
"""About a message of Salesforce that nobody could apply: it is read again, or let be."""
PROBES: Mapping[str, Probe] = {
    "order_form": Probe(),
    "order_submit": Probe(body={"quantity": 1}, headers=KEY),
    "orders_list": Probe("company"),
    "orders_show": Probe("order"),
    "charge_cards_list": Probe("company"),
    "charge_cards_show": Probe("card"),
    "charge_cards_change": Probe("card", {"label": "{number}"}, etag=True),
    "charge_cards_activate": Probe("card"),
    "charge_cards_deactivate": Probe("card"),
    "my_charge_cards": Probe(),
    "wallbox_products": Probe(),
    "wallbox_order": Probe(body=NOT_SOLD, headers=KEY, granted=422),
    "wallbox_orders_list": Probe(),
    "wallbox_orders_show": Probe("wallbox_order", personal=True),
    "my_wallbox": Probe(),
    "my_wallbox_tariff": Probe(body=TARIFF),
    "my_wallbox_proof": Probe(),
    "erp_events_upload": Probe(),
    "wallbox_proof_show": Probe("wallbox", personal=True),
    "sync_cards": Probe(),
    "reconcile": Probe(),
    "systems_list": Probe(),
    "companies_list": Probe(),
    "companies_create": Probe(body=FIRM, headers=KEY),
    "companies_import": Probe(content="name\n", headers=CSV),
    "companies_show": Probe("firm"),
    "companies_change": Probe("firm", {"phone": "{number}"}, etag=True),
    "companies_remove": Probe("firm"),
    "users_list": Probe("company"),
    "users_create": Probe(body=INVITED, headers=KEY),
    "users_import": Probe(content="sub\n", headers=CSV),
    "users_show": Probe("user"),
    "users_change": Probe("user", {"name": "{number}"}, etag=True),
    "users_remove": Probe("user"),
    "vehicles_list": Probe("company"),
    "vehicles_create": Probe(body={"label": "{number}"}, headers=KEY),
    "vehicles_import": Probe(content="label\n", headers=CSV),
    "vehicles_show": Probe("vehicle"),
    "vehicles_change": Probe("vehicle", {"label": "{number}"}, etag=True),
    "vehicles_remove": Probe("vehicle"),
    "tasks_list": Probe(),
    "tasks_show": Probe("task", everybodys=True),
    "tasks_resume": DECISION,
    "tasks_retry": replace(DECISION, granted=409),
    "tasks_adopt": replace(DECISION, body={**REASON, "external_id": "any"}, granted=409),
    "tasks_cancel": DECISION,
    "audit_list": Probe(),
    "audit_verify": Probe(body={"first": 1}),
    "connection_check": Probe("system", everybodys=True),
    "erp_events_v1": Probe(body={**APP, "meta": {}, "events": []}, granted=404),
    "erp_events_v2": Probe(body={"integration_id": INTEGRATION, "events": []}),
    "erp_events_v3": Probe(body={"integration_id": INTEGRATION, "events": []}),
    **{f"entities_{name}": NONE for name in ENTITY_READS},
    "entities_restore": NONE,
    "erp_simulation_v1": Probe(
        body={"mapping_configuration": NO_MAPPING, "object_type": "any", "payload": ANY}
    ),
    "erp_simulation_v2": Probe(body={"event_configuration": NO_MAPPING, "payload": ANY}),
    "erp_simulation_direct": Probe(body={"event_configuration": {"direct": True}, "payload": ANY}),
    **{f"erp_monitoring_{name}": NONE for name in ("received", "inbound", "rows", "stats")},
    "erp_monitoring_replay": replace(NONE, body={"event_ids": ["any"]}),
    "erp_monitoring_trace": NONE,
    **{f"erp_loads_{name}": NONE for name in ("upload", "list", "show")},
    "erp_loads_start": replace(NONE, body={"key": "loads/demo/any"}, headers=KEY),
    "erp_loads_change": replace(NONE, body={"state": "paused"}),
    "erp_monitoring_synced": Probe(granted=400),
    **{f"integrations_{name}": Probe() for name in ("list", "list_whole")},
    **{f"integrations_{name}": NONE for name in INTEGRATION_READS},
    **{f"integrations_{name}": Probe(body=NAMED) for name in ("create", "create_whole")},
    **{f"integrations_{name}": replace(NONE, body=NAMED) for name in ("change", "put_whole")},
    **{f"integrations_{name}": NONE for name in ("remove", "remove_whole", "remove_case")},
    **{f"integrations_{name}": replace(NONE, body=APP) for name in ("map_app", "unmap_app")},
    "integrations_create_case": replace(
        NONE, body={**NAMED, "slug": "any", "type": "inbound", "enabled": True}
    ),
    "integrations_change_case": replace(NONE, body=NAMED),
    "openapi": Probe(),
}


def proven(ours: str, sub: str, **more: Any) -> Wallbox:
    """A user's wallbox, whose installation is proven, as far as any answer shows."""
    proof = Proof(
        key="proofs/demo/any",
        sha256="a" * 64,
        content_type="application/pdf",
        size=1,
        uploaded_at=datetime.now(UTC),
    )
    return Wallbox(
        id=ours,
        asset_id=f"any-{ours}",
        serial_number=ours,
        order_id=GONE,
        customer_id=GONE,
        user_id=sub,
        proof=proof,
        **more,
    )


def expected(operation: str, role: Role, near: Near) -> int:
    """What the table says of a cell: 200 for any success, 403 or 404; or what the probe says."""
    probe, relations = PROBES[operation], TABLE[operation].get(role, frozenset())
    if near in {"suspended", "removed"} or not relations:
        return 403
    if probe.subject == "nothing":
        return probe.granted
    if near == "deleted":
        return 404
    if probe.personal:
        return probe.granted if Relation.ANY_COMPANY in relations else 404
    if probe.everybodys or Relation.ANY_COMPANY in relations:
        return probe.granted
    return probe.granted if near in {"own", "same_company"} else 404
