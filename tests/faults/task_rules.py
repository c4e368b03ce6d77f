"""What has to come out of decisions."""

from __future__ import annotations

from collections.abc import Iterator

from busbar.domain.orders import CANCELLED_BY_SERVICE
from tests.faults.evidence import Evidence, Json


def is_cancelled(shown: Json) -> bool:
    """Whether a clerk has ended the order."""
    return bool(shown.get("rejected_reason") == CANCELLED_BY_SERVICE)


def as_decided(evidence: Evidence) -> Iterator[str]:
    """An order is cancelled if somebody decided so, everywhere, and else it is not."""
    decided = evidence.history.of("decision")
    for mine in evidence.portal.orders.values():
        for order_id, shown in mine.items():
            outcomes = {
                d.outcome
                for d in decided
                if d.subject == order_id and d.wants["action"] == "cancel"
            }
            if is_cancelled(shown):
                if not outcomes & {"ok", "unknown"}:
                    yield f"order {order_id} is cancelled, and nobody decided so"
                if rows := evidence.orders_of(order_id):
                    yield f"order {order_id} is cancelled, and {len(rows)} times in Salesforce"
            elif "ok" in outcomes:
                yield f"order {order_id} was cancelled, and is {shown.get('status')}"
