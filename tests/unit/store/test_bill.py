"""What the main reads and writes cost in capacity units: a rise turns red here first."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from busbar.domain.lifecycle import OrderStatus
from busbar.domain.orders import ChargeCardOrder
from busbar.ports.store import Bind, Drop, Save
from busbar.process.ledger import LedgerRow
from busbar.process.outbox import Outbox, OutboxRow
from busbar.settings.function import Tuning
from busbar.store.records import TableStore
from tests.unit.domain.any_orders import NOON, any_order, event
from tests.unit.store.things import Linked, Shop, Thing

LONG = any_order(note="Bitte bei Frau Muster abgeben, Tor 3. " * 20)
FULL = any_order(events=tuple(event(n) for n in range(1, 51)))
DELIVERED = any_order(next_takeover_at=NOON)
SHOP = Shop()
OUTBOX = Outbox(SHOP.store, SHOP.clock, Tuning(), "c" * 32)
ERRAND = OUTBOX.errand("order_forward", ChargeCardOrder, LONG.id, "t" * 13)
GUARD = OUTBOX.guard(ERRAND)
LINKS = frozenset({("order", "1"), ("holder", "2")})


def update(store: TableStore, order: ChargeCardOrder, **change: object) -> None:
    before = store.get(ChargeCardOrder, order.id)
    store.commit(Save(order.model_copy(update=change), before))


WRITES: dict[str, tuple[float, Callable[[TableStore], None], Callable[[TableStore], None]]] = {
    # name: (write units, what is there before, what is counted)
    "create an order": (2, lambda _s: None, lambda s: s.commit(Save(any_order()))),
    "create an order with a long note": (2, lambda _s: None, lambda s: s.commit(Save(LONG))),
    "create an order beside its guard": (
        8,
        lambda _s: None,
        lambda s: s.commit(Save(any_order()), GUARD),
    ),
    "change an order": (
        3,
        lambda s: s.commit(Save(any_order())),
        lambda s: update(s, any_order(), base_status=OrderStatus.DELIVERED),
    ),
    "change an order with fifty events": (
        4,
        lambda s: s.commit(Save(FULL)),
        lambda s: update(s, FULL, quantity=9),
    ),
    "make an order due": (
        4,
        lambda s: s.commit(Save(any_order())),
        lambda s: update(s, any_order(), next_takeover_at=NOON),
    ),
    "take an order out of the due index": (
        4,
        lambda s: s.commit(Save(DELIVERED)),
        lambda s: update(s, DELIVERED, next_takeover_at=None),
    ),
    "end an order: order, binding, guard": (
        14,
        lambda s: s.commit(Save(any_order()), GUARD),
        lambda s: s.commit(
            Save(any_order(submitted_at=NOON), s.get(ChargeCardOrder, any_order().id)),
            Bind("charge_card_order", "1", "salesforce", "801"),
            Drop(OutboxRow, ERRAND.row_id),
        ),
    ),
    "a row without index": (1, lambda _s: None, lambda s: s.commit(Save(LedgerRow(id="l")))),
    "put an outbox row": (2, lambda _s: None, lambda s: s.commit(GUARD)),
    "a record with two new relations": (
        10,
        lambda _s: None,
        lambda s: s.commit(Save(Linked(id="1", to=LINKS))),
    ),
    "a record whose relations stay": (
        1,
        lambda s: s.commit(Save(Linked(id="1", to=LINKS))),
        lambda s: s.commit(Save(Linked(id="1", text="new", to=LINKS), s.get(Linked, "1"))),
    ),
    "nothing": (0, lambda _s: None, lambda s: s.commit()),
}
READS: dict[str, tuple[float, Callable[[TableStore], object]]] = {
    "a record": (1, lambda s: s.get(ChargeCardOrder, any_order().id)),
    "a record that is not there": (1, lambda s: s.get(Thing, "?")),
    "a binding": (1, lambda s: s.internal_id("company", "salesforce", "001")),
    "a list of ten": (5.5, lambda s: s.listed(Thing, "shelf#x")),
    "an empty list": (0.5, lambda s: s.listed(Thing, "shelf#?")),
    "a relation of ten": (5.5, lambda s: s.linked(Linked, "order", "1")),
    "nothing due in four shards": (2, lambda s: s.due(Thing, NOON)),
    "nothing due in a lane": (0.5, lambda s: s.due(Thing, NOON, lane="slow")),
}


@pytest.mark.parametrize("name", list(WRITES))
def test_should_cost_no_more_to_write_than_written_here(name: str) -> None:
    units, before, work = WRITES[name]
    shop = Shop()
    before(shop.store)
    paid = shop.table.bill.write_units
    shop.clock.advance(1)
    work(shop.store)
    assert shop.table.bill.write_units - paid == units


@pytest.mark.parametrize("name", list(READS))
def test_should_cost_no_more_to_read_than_written_here(name: str) -> None:
    units, work = READS[name]
    shop = Shop()
    shop.store.commit(Save(any_order()))
    for n in range(10):
        shop.store.commit(Save(Thing(id=str(n), shelf="x")))
        shop.store.commit(Save(Linked(id=str(n), to=LINKS)))
    work(shop.store)
    assert shop.table.bill.read_units == units


def test_should_write_nothing_for_a_read() -> None:
    shop = Shop()
    shop.store.commit(Save(Thing(id="1", shelf="x", due=shop.clock.now())))
    paid = shop.table.bill.write_units
    shop.store.listed(Thing, "shelf#x")
    shop.store.due(Thing, shop.clock.now() + timedelta(days=1))
    assert shop.table.bill.write_units == paid


def test_should_keep_fifty_events_of_an_order_below_two_kilobytes() -> None:
    shop = Shop()
    shop.store.commit(Save(FULL))
    assert len(shop.item(FULL.id, "charge_card_order")["body"]) < 2048
