"""Brings an accepted order into Salesforce, now or later, once.

`forward` is called by `order_submit` while the portal waits, and by the queue when that did not
succeed. Whatever happens, the order is either in Salesforce, or refused for a reason the portal
shows, or parked with a task, or its errand in the outbox brings it back here.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from busbar.domain.customers import Company
from busbar.domain.identifiers import derived_id, reference
from busbar.domain.lifecycle import is_parked
from busbar.domain.orders import ITEM_KIND, KIND, CardOffer, ChargeCardOrder
from busbar.errors import UpstreamError
from busbar.observability import Metric, count
from busbar.ports.outside import Found
from busbar.ports.store import Bind, Change, Save, Stored
from busbar.process.contract import Done, Later, Outcome, Parked, failed
from busbar.process.create import CreateStep, Creator
from busbar.process.outbox import Errand
from busbar.usecases.deps import Deps, revise
from busbar.usecases.order_form import current_offer

SYSTEM = "salesforce"


def order_errand(order_id: str, deps: Deps) -> Errand:
    """The errand with which every order begins; there is one per order."""
    return deps.outbox.errand("order_forward", ChargeCardOrder, order_id, token="1")  # noqa: S106


def forward(
    order_id: str,
    deps: Deps,
    timeout: float,
    errand: Errand,
    failure: UpstreamError | None = None,
) -> ChargeCardOrder | None:
    """Try to bring the order through within `timeout` seconds; 0 only plans the next try.

    `failure` is how Salesforce has failed the caller just now; then it is not asked again.
    Returns the order as it stands then; None if there is no such order.
    """
    stored = deps.store.get(ChargeCardOrder, order_id)
    if stored is None or _ended(stored.record):
        outcome: Outcome = Done(Found(order_id))
    else:
        outcome = _try(stored.record, deps, timeout, failure)
        if isinstance(outcome, Done):
            count(Metric.ORDERS_IN_SALESFORCE, deps.store.org)
    settled = deps.outbox.settle(errand, outcome, lambda reason: _parked(order_id, reason, deps))
    if isinstance(settled, Later):
        _show_reason(order_id, settled.reason, deps)
    after = deps.store.get(ChargeCardOrder, order_id)
    return after.record if after else None


def _ended(order: ChargeCardOrder) -> bool:
    return order.ended or is_parked(order.waiting_for)


def _unavailable(at: datetime, failure: UpstreamError | None) -> Later:
    reason = "salesforce_unavailable"
    return failed(at, reason, failure) if failure else Later(at, reason)


def _try(
    order: ChargeCardOrder, deps: Deps, timeout: float, failure: UpstreamError | None
) -> Outcome:
    now = deps.clock.now()
    if timeout <= 0:
        return _unavailable(now, failure)
    account_id = deps.store.external_id(Company.schema_name, order.company_id, SYSTEM)
    if account_id is None:
        wait = timedelta(seconds=deps.tuning.wait_retry)
        return Later(now + wait, "company_not_in_salesforce")
    offer = order.offer
    creator = Creator(deps.store, deps.clock, deps.tuning)
    if offer is None:
        offer, failure = current_offer(deps, min(timeout, deps.tuning.offer_within))
        if offer is None or failure:
            return _unavailable(now + timedelta(seconds=deps.tuning.retry_first), failure)
        allowed = offer.minimum_quantity <= order.quantity <= offer.maximum_quantity
        # What was sent once was checked then; Salesforce may have it, whatever the limits are now.
        if not allowed and not creator.was_begun(SYSTEM, reference(KIND, order.id)):
            return _reject(order, deps, "quantity_out_of_range")
    left = timeout - (deps.clock.now() - now).total_seconds()
    return creator.run(_step(order, account_id, offer, deps, left))


def _step(
    order: ChargeCardOrder, account_id: str, offer: CardOffer, deps: Deps, timeout: float
) -> CreateStep:
    settings, systems = deps.salesforce, deps.systems
    ours = reference(KIND, order.id)

    def payload() -> dict[str, Any]:
        item = reference(ITEM_KIND, derived_id(deps.store.org, order.id, "item", "1"))
        return deps.mapper.run(
            SYSTEM,
            "order_submit",
            {
                "reference": ours,
                "item_reference": item,
                "account_id": account_id,
                "company_id": order.company_id,
                "quantity": order.quantity,
                "offer": offer.model_dump(mode="json"),
                "invoice_address": order.invoice_address.model_dump(),
                "delivery_address": order.delivery_address.model_dump(),
                "note": order.note,
                "ordered_on": order.ordered_at.date().isoformat(),
            },
        )

    return CreateStep(
        system=SYSTEM,
        reference=ours,
        process=f"{ChargeCardOrder.schema_name}#{order.id}",
        mode=settings.mode,
        settle=deps.settle_of(SYSTEM),
        timeout=timeout,
        payload=payload,
        find=systems.salesforce.find_order,
        create=systems.salesforce.create_order,
        on_done=lambda found: _done(order.id, found, deps),
        on_parked=lambda reason: _parked(order.id, reason, deps),
        task_schema=ChargeCardOrder.schema_name,
        task_subject=order.id,
    )


def _done(order_id: str, found: Found, deps: Deps) -> Sequence[Change]:
    stored = deps.store.get(ChargeCardOrder, order_id)
    if stored is None or stored.record.salesforce_order_id:
        return ()
    return taken(stored, found, deps)


def taken(stored: Stored[ChargeCardOrder], found: Found, deps: Deps) -> Sequence[Change]:
    """The changes after Salesforce was found to hold the order: its number, and the ID map."""
    order = stored.record.model_copy(
        update={
            "salesforce_order_id": found.external_id,
            "salesforce_order_number": found.fields.get("order_number"),
            "submitted_at": deps.clock.now(),
            "waiting_for": None,
        }
    )
    return (
        Save(order, stored),
        Bind(ChargeCardOrder.schema_name, order.id, SYSTEM, found.external_id),
    )


def _parked(order_id: str, reason: str, deps: Deps) -> Sequence[Change]:
    stored = deps.store.get(ChargeCardOrder, order_id)
    if stored is None:
        return ()
    order = stored.record.model_copy(update={"waiting_for": f"task:{reason}"})
    return (Save(order, stored),)


def _reject(order: ChargeCardOrder, deps: Deps, reason: str) -> Outcome:
    def change(stored: Stored[ChargeCardOrder]) -> Sequence[Change]:
        new = stored.record.model_copy(update={"rejected_reason": reason, "waiting_for": None})
        return (Save(new, stored),)

    revise(deps.store, ChargeCardOrder, order.id, change)
    count(Metric.ORDERS_REJECTED, deps.store.org)
    return Parked(reason)


def _show_reason(order_id: str, reason: str, deps: Deps) -> None:
    """Let the portal see what the order waits for."""

    def change(stored: Stored[ChargeCardOrder]) -> Sequence[Change]:
        if _ended(stored.record) or stored.record.waiting_for == reason:
            return ()
        return (Save(stored.record.model_copy(update={"waiting_for": reason}), stored),)

    revise(deps.store, ChargeCardOrder, order_id, change)
