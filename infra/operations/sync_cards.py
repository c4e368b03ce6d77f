"""POST /v1/charge-cards/sync."""

from __future__ import annotations

from infra.operations import Operation, Says, View


class SyncReport(View):
    """What a run did; `complete` is false if time or a system ended it early, and `reasons` why."""

    orders: int
    taken_over: int
    followed: int
    postponed: int
    complete: bool
    reasons: list[str]


EXAMPLE = {
    "orders": 1,
    "taken_over": 2,
    "followed": 2,
    "postponed": 0,
    "complete": True,
    "reasons": [],
}
OPERATIONS = {
    "sync_cards": Operation(
        "Take delivered cards over, and carry on what changed in be.ENERGISED",
        {200: Says("What the run did", SyncReport, EXAMPLE)},
    ),
}
