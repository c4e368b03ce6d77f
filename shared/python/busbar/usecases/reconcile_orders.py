"""What can differ between an order of ours and what Salesforce holds of it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from busbar.domain.divergences import Divergence, Finding, Repair
from busbar.domain.identifiers import reference
from busbar.domain.lifecycle import is_parked
from busbar.domain.orders import KIND, ChargeCardOrder
from busbar.ports.salesforce import OrderThere
from busbar.ports.store import Stored
from busbar.process.create import StepRow, StepState
from busbar.process.outbox import OutboxRow
from busbar.usecases.card_event import read_event
from busbar.usecases.deps import Deps
from busbar.usecases.order_forward import SYSTEM, order_errand
from busbar.usecases.status_callback import StatusChanged, status_changed

Difference = tuple[Divergence, str]


def quiet(stored: Stored[ChargeCardOrder], deps: Deps) -> bool:
    """Whether nobody has been at the record lately."""
    age = deps.clock.now() - stored.changed_at
    return age >= timedelta(seconds=deps.tuning.reconcile_after)


def order_findings(
    ours: Iterable[Stored[ChargeCardOrder]],
    there: Mapping[str, Sequence[OrderThere]],
    bound: Callable[[str, str], str | None],
    deps: Deps,
) -> Iterator[tuple[Finding, Repair]]:
    """All differences of orders of ours, each seen twice before it is told.

    `there` is what Salesforce has, by reference; `bound` gives a company's id in a system.
    """
    for stored in ours:
        rows = there.get(reference(KIND, stored.record.id), ())
        if not rows:
            yield from _not_there(stored, deps)
        elif len(rows) > 1:
            yield _finding(Divergence.DOUBLED, stored.record.id, "reference"), None
        else:
            account = bound(stored.record.company_id, SYSTEM)
            yield from _held(stored, rows[0], account, deps)


def orphan(row: OrderThere) -> Finding:
    """An order in Salesforce with a reference of ours that nobody here has."""
    return _finding(Divergence.ORPHAN, row.reference, "no_such_order", row.record_id)


def _finding(kind: Divergence, subject: str, detail: str, object_id: str = "") -> Finding:
    return Finding(kind, SYSTEM, ChargeCardOrder.schema_name, subject, detail, object_id)


def _read(order_id: str, deps: Deps) -> Stored[ChargeCardOrder] | None:
    return deps.store.get(ChargeCardOrder, order_id)


def _held(
    listed: Stored[ChargeCardOrder],
    row: OrderThere,
    account: str | None,
    deps: Deps,
) -> Iterator[tuple[Finding, Repair]]:
    if not any(_differences(listed.record, row, account, deps)):
        return
    stored = _read(listed.record.id, deps)
    if stored is None or not quiet(stored, deps) or not _settled(row, deps):
        return
    order = stored.record
    for kind, detail in _differences(order, row, account, deps):
        repair: Repair = None
        if kind is Divergence.STUCK:
            if _is_worked_on(order, deps):
                continue
            repair = _waker(order, deps)
        elif kind in {Divergence.STALE, Divergence.DRIFTED}:
            repair = _follower(order, row, deps)
        yield _finding(kind, order.id, detail), repair


def _settled(row: OrderThere, deps: Deps) -> bool:
    """Whether the event of its last change has had the time to come."""
    return deps.clock.now() - _moment(row.version) >= timedelta(seconds=deps.tuning.reconcile_after)


def _moment(version: int) -> datetime:
    return datetime.fromtimestamp(version / 1000, UTC)


def _differences(
    order: ChargeCardOrder, row: OrderThere, account: str | None, deps: Deps
) -> Iterator[Difference]:
    if order.salesforce_order_id is None:
        if not order.rejected_reason:
            yield Divergence.STUCK, "answer_never_taken"
        return
    if order.salesforce_order_id != row.record_id:
        yield Divergence.WRONGLY_LINKED, "order"
    if account and row.account_id != account:
        yield Divergence.WRONGLY_LINKED, "account"
    yield from _state(order, row, deps)


def _state(order: ChargeCardOrder, row: OrderThere, deps: Deps) -> Iterator[Difference]:
    mapped = deps.salesforce.status_map.get(row.status)
    if mapped is None or any(e.version == row.version for e in order.refused_events):
        return  # both are tasks already, by the event that told of it
    day = order.delivery_date.isoformat() if order.delivery_date else ""
    here = (order.status.value, order.tracking_id or "", day)
    if here == (mapped, row.tracking_id, row.delivery_date):
        return
    newer = row.version > _last(order)
    yield (Divergence.STALE if newer else Divergence.DRIFTED), "status"


def _last(order: ChargeCardOrder) -> int:
    return max((e.version for e in order.events), default=order.base_version)


def _follower(order: ChargeCardOrder, row: OrderThere, deps: Deps) -> Repair:
    """Applies what Salesforce holds, as the event that never came would have."""
    version = max(row.version, _last(order))
    payload = {
        "OrderReference__c": row.reference,
        "Status__c": row.status,
        "TrackingId__c": row.tracking_id or None,
        "DeliveryDate__c": row.delivery_date or None,
        "SourceVersion__c": version,
        "EventUuid": f"reconcile:{row.record_id}:{version}",
        "CreatedDate": _moment(version).isoformat(),
    }
    return lambda: status_changed(read_event(StatusChanged, payload), deps)


def _waker(order: ChargeCardOrder, deps: Deps) -> Repair:
    here = deps.continuing(order.correlation_id)
    return lambda: here.store.commit(here.outbox.awake(order_errand(order.id, here)))


def _is_worked_on(order: ChargeCardOrder, deps: Deps) -> bool:
    """Whether its errand is under way, or a person has to decide."""
    return (
        is_parked(order.waiting_for)
        or deps.store.get(OutboxRow, order_errand(order.id, deps).row_id) is not None
    )


def _not_there(listed: Stored[ChargeCardOrder], deps: Deps) -> Iterator[tuple[Finding, Repair]]:
    if not quiet(listed, deps):
        return
    stored = _read(listed.record.id, deps)
    if stored is None or stored.version != listed.version:
        return
    order = stored.record
    if order.salesforce_order_id:
        if not deps.systems.salesforce.find_order(
            reference(KIND, order.id), deps.tuning.call_timeout
        ):
            yield _finding(Divergence.MISSING, order.id, "order"), None
        return
    if order.rejected_reason or _is_worked_on(order, deps):
        return
    step = deps.store.get(StepRow, f"{SYSTEM}#{reference(KIND, order.id)}")
    begun = step is not None and step.record.state is StepState.INTENT
    kind = Divergence.STUCK if begun else Divergence.UNSENT
    yield _finding(kind, order.id, "no_errand"), _waker(order, deps)
