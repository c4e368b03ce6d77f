"""Shows a company's charging-card orders: status, number, delivery, history, what is awaited."""

from __future__ import annotations

from busbar.domain.authorisation import reaches
from busbar.domain.customers import Caller, Company
from busbar.domain.identifiers import is_id
from busbar.domain.lifecycle import LIFECYCLE, rejected_text, waiting_text
from busbar.domain.orders import ChargeCardOrder
from busbar.domain.tracked_orders import HistoryEntry, TrackedOrder
from busbar.errors import FieldError, Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.deps import Deps
from busbar.usecases.pages import PAGE_QUERY, read_page

LIST_QUERY = ("company_id", *PAGE_QUERY)
"""Query parameters of a company's lists."""


def list_orders(
    caller: Caller, deps: Deps, *, company_id: str | None, limit: int, cursor: str | None
) -> Json:
    """A company's orders, newest change first. Raises `Problem` 400, 403 or 404."""
    company = scope(caller, "orders_list", company_id, deps)
    page = read_page(deps, ChargeCardOrder, f"company#{company}", limit, cursor)
    return {"orders": [view(stored) for stored in page.items], "next_cursor": page.cursor}


def show_order(caller: Caller, deps: Deps, order_id: str) -> Json:
    """One order with its history. Raises a 404 `Problem` if there is none within reach."""
    stored = deps.store.get(ChargeCardOrder, order_id) if is_id(order_id) else None
    if stored is None or not reaches(caller, "orders_show", stored.record.company_id):
        raise Problem(404, "order-not-found", "No such order")
    history = [history_line(entry) for entry in stored.record.history()]
    return {**view(stored), "history": history}


def scope(caller: Caller, operation: str, company_id: str | None, deps: Deps) -> str:
    """The company whose list is asked for; by default the caller's own.

    A company that there is not is a 404 `Problem`, as one out of reach is: an empty list would hide
    a wrong id.
    """
    company = company_id or caller.user.company_id
    if not company:
        message = "name a company: your user belongs to none"
        raise Problem(
            400,
            "company-missing",
            "company_id is missing",
            errors=(FieldError("company_id", message),),
        )
    within_reach = is_id(company) and reaches(caller, operation, company)
    own = company == caller.user.company_id
    if not within_reach or not (own or deps.store.get(Company, company)):
        raise Problem(404, "company-not-found", "No such company")
    return company


def view(stored: Stored[ChargeCardOrder]) -> Json:
    """An order as the portal shows it."""
    order = stored.record
    return {
        **tracked(order),
        "company_id": order.company_id,
        "quantity": order.quantity,
        "invoice_address": order.invoice_address.model_dump(),
        "delivery_address": order.delivery_address.model_dump(),
        "waiting_text": waiting_text(order.waiting_for),
        "cards_in_portal": len(order.cards_taken_over),
        "changed_at": stored.changed_at.isoformat(),
    }


def tracked(order: TrackedOrder) -> Json:
    """What the portal shows of every order that Salesforce moves on."""
    return {
        "id": order.id,
        "status": order.status.value,
        "status_text": LIFECYCLE[order.status].german,
        "salesforce_order_number": order.salesforce_order_number,
        "note": order.note,
        "ordered_at": order.ordered_at.isoformat(),
        "tracking_id": order.tracking_id,
        "delivery_date": order.delivery_date.isoformat() if order.delivery_date else None,
        "waiting_for": order.waiting_for,
        "rejected_reason": order.rejected_reason,
        "rejected_text": rejected_text(order.rejected_reason, order.rejected_note),
    }


def history_line(entry: HistoryEntry) -> Json:
    """A line of an order's history as the portal shows it."""
    return {
        "at": entry.at.isoformat(),
        "status": entry.status.value,
        "status_text": LIFECYCLE[entry.status].german,
        "source": entry.source,
        "refused": entry.refused,
        "tracking_id": entry.tracking_id,
        "delivery_date": entry.delivery_date.isoformat() if entry.delivery_date else None,
    }
