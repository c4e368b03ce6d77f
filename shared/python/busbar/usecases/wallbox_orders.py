"""Shows orders of wallboxes: status, delivery, and each step with its system, time and number."""

from __future__ import annotations

from busbar.domain.authorisation import Relation, require
from busbar.domain.customers import Caller
from busbar.domain.identifiers import is_id
from busbar.domain.lifecycle import (
    going_back_text,
    is_parked,
    waiting_text,
)
from busbar.domain.task_texts import SYSTEMS
from busbar.domain.wallbox_orders import STEPS, OrderLine, Step, WallboxOrder
from busbar.errors import Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.deps import Deps
from busbar.usecases.orders import history_line, tracked
from busbar.usecases.pages import PAGE_QUERY, bad_parameter, read_page

LIST_QUERY = ("user_id", *PAGE_QUERY)
STATES = {
    "done": "erledigt",
    "deferred": "erst mit der Karte",
    "waiting": "wartet",
    "parked": "in Prüfung",
    "open": "offen",
    "undone": "zurückgenommen",
    "kept": "bleibt bestehen",
}
"""Where a step can stand, in the words of the portal."""
OURS = "Busbar"


def list_wallbox_orders(
    caller: Caller, deps: Deps, *, user_id: str | None, limit: int, cursor: str | None
) -> Json:
    """A user's orders, newest change first; the caller's own by default. Raises `Problem` 400."""
    relations = require(caller, "wallbox_orders_list")
    of = user_id or caller.user.id
    if of != caller.user.id and Relation.ANY_COMPANY not in relations:
        raise bad_parameter("user_id", "has to be your own, or left out")
    page = read_page(deps, WallboxOrder, f"user#{of}", limit, cursor)
    return {"orders": [view(stored) for stored in page.items], "next_cursor": page.cursor}


def show_wallbox_order(caller: Caller, deps: Deps, order_id: str) -> Json:
    """One order with its progress. Raises a 404 `Problem` if there is none within reach."""
    relations = require(caller, "wallbox_orders_show")
    stored = deps.store.get(WallboxOrder, order_id) if is_id(order_id) else None
    own = stored is not None and stored.record.ordered_by == caller.user.id
    if stored is None or not (own or Relation.ANY_COMPANY in relations):
        raise Problem(404, "order-not-found", "No such order")
    order = stored.record
    return {
        **view(stored),
        "steps": [_step(step, order) for step in Step],
        "history": [history_line(entry) for entry in order.history()],
    }


def view(stored: Stored[WallboxOrder]) -> Json:
    """An order as the portal shows it."""
    order = stored.record
    return {
        **tracked(order),
        "products": [_line(line) for line in order.lines],
        "billing_address": order.billing_address.model_dump(),
        "delivery_address": order.delivery_address.model_dump(),
        "installation_address": order.installation_address.model_dump(),
        "waiting_text": _waiting_text(order),
        "changed_at": stored.changed_at.isoformat(),
    }


def _waiting_text(order: WallboxOrder) -> str | None:
    at = order.at_step
    system = SYSTEMS.get(STEPS[at].system, OURS) if at else OURS
    say = going_back_text if order.goes_back else waiting_text
    return say(order.waiting_for, system)


def _line(line: OrderLine) -> Json:
    return {
        "code": line.product.code,
        "name": line.product.name,
        "quantity": line.quantity,
        "unit_price": line.product.unit_price,
        "currency": line.product.currency,
        "tax_rate": line.product.tax_rate,
    }


def _step(step: Step, order: WallboxOrder) -> Json:
    done, text = order.done(step), STEPS[step]
    state = _state(step, order)
    return {
        "step": step.value,
        "system": text.system,
        "text": text.german,
        "state": state,
        "state_text": STATES[state],
        "at": done.at.isoformat() if done else None,
        "reference": done.reference if done else None,
        "number": (done.external_id or None) if done else None,
    }


def _state(step: Step, order: WallboxOrder) -> str:
    if order.at_step is step and order.waiting_for:
        return "parked" if is_parked(order.waiting_for) else "waiting"
    if step in order.undone:
        return "undone"
    done = order.done(step)
    if done is None:
        return "open"
    if step in order.kept or order.gone_back_at:
        return "kept"
    deferred = step is Step.CONTACT and not done.external_id
    return "deferred" if deferred else "done"
