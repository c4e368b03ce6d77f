"""What the authorisation matrix asks of each operation, and of whose object.

A new operation needs a line in `PROBES`; `test_authorisation_matrix.py` names the one that is
missing.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from busbar.domain.authorisation import TABLE, Relation
from busbar.domain.customers import Role

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
Subject = Literal["nothing", "company", "order", "card", "task", "system"]


@dataclass(frozen=True)
class Probe:
    """One good request. `subject` says what its path, or its `company_id`, names."""

    subject: Subject = "nothing"
    body: Any = None
    headers: Mapping[str, str] = field(default_factory=dict)
    etag: bool = False
    """Whether the subject's ETag has to be sent."""
    everybodys: bool = False
    """Whether the subject belongs to no company: whoever may see one may see all."""


KEY = {"Idempotency-Key": "matrix-{number}"}
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
    "sync_cards": Probe(),
    "reconcile": Probe(),
    "systems_list": Probe(),
    "tasks_list": Probe(),
    "tasks_show": Probe("task", everybodys=True),
    "connection_check": Probe("system", everybodys=True),
}


def expected(operation: str, role: Role, near: Near) -> int:
    """What the table says of a cell: 200 for any success, 403 or 404."""
    probe, relations = PROBES[operation], TABLE[operation].get(role, frozenset())
    if near in {"suspended", "removed"} or not relations:
        return 403
    if probe.subject == "nothing":
        return 200
    if near == "deleted":
        return 404
    if probe.everybodys or Relation.ANY_COMPANY in relations:
        return 200
    return 200 if near in {"own", "same_company"} else 404
