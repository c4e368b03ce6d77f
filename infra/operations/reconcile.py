"""POST /v1/reconcile."""

from __future__ import annotations

from pydantic import Field

from infra.operations import Operation, Says, View


class ReconcileReport(View):
    """What a run found, by class of divergence, and did; `complete` is false if it ended early."""

    orders: int
    cards: int
    found: dict[str, int] = Field(description="Class of divergence -> how many.")
    repaired: int
    tasks: int
    complete: bool
    reasons: list[str]


EXAMPLE = {
    "orders": 12,
    "cards": 40,
    "found": {"card_state_differs": 1},
    "repaired": 1,
    "tasks": 0,
    "complete": True,
    "reasons": [],
}
OPERATIONS = {
    "reconcile": Operation(
        "Join our records with what each system holds, and have them agree again",
        {200: Says("What the run found and did", ReconcileReport, EXAMPLE)},
    ),
}
