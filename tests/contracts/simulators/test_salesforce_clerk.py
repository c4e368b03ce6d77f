from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from infra.simulators import sample
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.salesforce.clerk import ClerkError
from infra.simulators.salesforce.events import MOST_AT_ONCE, EventDesk
from tests.contracts.simulators.any_values import (
    BASE,
    REFERENCE,
    SOURCE,
    Caller,
    TurnedClock,
    any_salesforce,
    logged_in,
    order_graph,
    ordered,
)


class Bus:
    """Takes what is published; refuses while it is broken."""

    def __init__(self) -> None:
        self.events: list[dict[str, Any]] = []
        self.broken = False

    def __call__(self, envelope: dict[str, Any]) -> None:
        if self.broken:
            raise ConnectionError
        self.events.append(json.loads(json.dumps(envelope)))

    @property
    def payloads(self) -> list[dict[str, Any]]:
        return [e["detail"]["payload"] for e in self.events]

    @property
    def versions(self) -> list[int]:
        return [int(p["SourceVersion__c"]) for p in self.payloads]


@pytest.fixture
def bus() -> Bus:
    return Bus()


@pytest.fixture
def salesforce(clock: TurnedClock, bus: Bus) -> SalesforceSimulator:
    simulator = any_salesforce(clock, publish=bus)
    ordered(logged_in(simulator))
    return simulator


def test_should_tell_of_assigned_cards_again_with_a_newer_version(
    salesforce: SalesforceSimulator, bus: Bus
) -> None:
    ids = salesforce.assign_cards(REFERENCE)
    assert salesforce.announce_cards(REFERENCE) == ids
    assert [p["AssetId__c"] for p in bus.payloads] == [*ids, *ids]
    assert bus.versions == sorted(set(bus.versions))


def test_should_assign_what_was_ordered_with_one_event_per_card(
    salesforce: SalesforceSimulator, bus: Bus
) -> None:
    ids = salesforce.assign_cards("00000101")
    assert len(ids) == 3
    order = salesforce.order(REFERENCE)
    assets = {a["Id"]: a for a in salesforce.records("Asset")}
    assert all(assets[i]["BusbarOrder__c"] == order["Id"] for i in ids)
    assert all(assets[i]["AccountId"] == sample.NORDWIND.account_id for i in ids)
    card = sample.cards(1)[0]
    event = bus.events[0]
    assert event["source"] == SOURCE
    assert event["detail-type"] == "ChargeCardAssigned__e"
    assert event["detail"]["payload"] == {
        "OrderReference__c": REFERENCE,
        "OrderNumber__c": "00000101",
        "AssetId__c": card.asset_id,
        "CardId__c": card.energised_id,
        "SourceVersion__c": "1748851200000",
        "CreatedDate": "2025-06-02T08:00:00.000Z",
        "CreatedById": "005000000000001AAA",
        "EventUuid": bus.payloads[0]["EventUuid"],
    }
    assert bus.versions == [1748851200000, 1748851200001, 1748851200002]
    assert len({p["EventUuid"] for p in bus.payloads}) == 3
    assert salesforce.assign_cards(REFERENCE) == []


def test_should_ship_all_cards_with_geliefert(salesforce: SalesforceSimulator, bus: Bus) -> None:
    ids = salesforce.assign_cards(REFERENCE)
    salesforce.set_order_status(
        REFERENCE, "Geliefert", tracking_id="T-1", delivery_date="2025-06-05"
    )
    shipped = {a["Id"] for a in salesforce.records("Asset") if a["Status"] == "Shipped"}
    assert shipped == set(ids)
    payload = bus.payloads[-1]
    assert bus.events[-1]["detail-type"] == "OrderStatusChanged__e"
    assert payload["Status__c"] == "Geliefert"
    assert (payload["TrackingId__c"], payload["DeliveryDate__c"]) == ("T-1", "2025-06-05")
    assert payload["DeliveredQuantity__c"] == 3.0


def test_should_ship_a_part_by_number_or_by_name(salesforce: SalesforceSimulator, bus: Bus) -> None:
    ids = salesforce.assign_cards(REFERENCE)
    salesforce.set_order_status(REFERENCE, "Teilgeliefert", delivered_quantity=1)
    assert bus.payloads[-1]["DeliveredQuantity__c"] == 1.0
    salesforce.set_order_status(REFERENCE, "Teilgeliefert", delivered_assets=[ids[2]])
    assert bus.payloads[-1]["DeliveredQuantity__c"] == 2.0
    assert [a["Status"] for a in salesforce.records("Asset")[:3]] == [
        "Shipped",
        "Purchased",
        "Shipped",
    ]


def test_should_leave_quantity_and_delivery_empty_before_delivery(
    salesforce: SalesforceSimulator, bus: Bus
) -> None:
    salesforce.set_order_status(REFERENCE, "Bearbeitung")
    payload = bus.payloads[-1]
    assert payload["DeliveredQuantity__c"] is None
    assert payload["TrackingId__c"] is None


@pytest.mark.parametrize(
    ("order", "status", "more"),
    [
        ("nobody", "Geliefert", {}),
        (REFERENCE, "Unterwegs", {}),
        (REFERENCE, "Teilgeliefert", {"delivered_assets": ["02iWA0000000009YAA"]}),
    ],
)
def test_should_refuse_and_change_nothing(
    salesforce: SalesforceSimulator, bus: Bus, order: str, status: str, more: dict[str, Any]
) -> None:
    with pytest.raises(ClerkError):
        salesforce.set_order_status(order, status, **more)
    assert salesforce.order(REFERENCE)["Status"] == "Draft"
    assert bus.events == []


def test_should_assign_only_blank_cards_that_exist(salesforce: SalesforceSimulator) -> None:
    first = salesforce.assign_cards(REFERENCE, 1)
    for asset_ids in ([first[0]], ["nonsense"]):
        with pytest.raises(ClerkError):
            salesforce.assign_cards(REFERENCE, asset_ids=asset_ids)
    with pytest.raises(ClerkError, match="only 19"):
        salesforce.assign_cards(REFERENCE, 20)


class TestEvents:
    def test_should_hold_and_release_in_another_order(
        self, salesforce: SalesforceSimulator, bus: Bus
    ) -> None:
        salesforce.events.holding = True
        salesforce.assign_cards(REFERENCE)
        assert bus.events == []
        assert salesforce.release_events([2, 0]) == 2
        assert salesforce.release_events() == 1
        assert bus.versions == [1748851200002, 1748851200000, 1748851200001]

    def test_should_send_each_event_twice_under_another_envelope(
        self, salesforce: SalesforceSimulator, bus: Bus
    ) -> None:
        salesforce.events.copies = 2
        salesforce.assign_cards(REFERENCE, 1)
        first, second = bus.events
        assert first["detail"] == second["detail"]
        assert first["id"] != second["id"]

    def test_should_keep_events_while_the_bus_is_broken(
        self, salesforce: SalesforceSimulator, bus: Bus
    ) -> None:
        bus.broken = True
        salesforce.assign_cards(REFERENCE)
        assert salesforce.events.waiting == 3
        bus.broken = False
        salesforce.set_order_status(REFERENCE, "Bearbeitung")
        assert bus.versions == sorted(bus.versions)
        assert len(bus.events) == 4

    def test_should_send_each_event_once_when_many_call_at_once(
        self, salesforce: SalesforceSimulator, bus: Bus
    ) -> None:
        ids = [c.asset_id for c in sample.cards(20)]
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda i: salesforce.assign_cards(REFERENCE, asset_ids=[i]), ids))
        assert sorted(p["AssetId__c"] for p in bus.payloads) == sorted(ids)
        assert salesforce.events.waiting == 0

    def test_should_publish_outside_the_lock(self, clock: TurnedClock) -> None:
        seen: list[int] = []

        def publish(_envelope: dict[str, Any]) -> None:
            with ThreadPoolExecutor(1) as other:
                seen.append(other.submit(lambda: len(simulator.records("Order"))).result(5))

        simulator = any_salesforce(clock, publish=publish)
        ordered(logged_in(simulator))
        simulator.assign_cards(REFERENCE, 2)
        assert seen == [1, 1]

    def test_should_let_a_call_end_though_others_talk_all_the_time(
        self, clock: TurnedClock
    ) -> None:
        sent: list[str] = []

        def publish(envelope: dict[str, Any]) -> None:
            sent.append(envelope["id"])
            desk.emit("Any__e", {})  # what somebody else says meanwhile

        desk = EventDesk(publish, SOURCE, clock, "005")
        desk.emit("Any__e", {})
        desk.flush()
        assert (len(sent), desk.waiting) == (MOST_AT_ONCE, 1)
        desk.flush()
        assert len(set(sent)) == 2 * MOST_AT_ONCE

    def test_should_give_equal_versions_and_epoch_dates_when_asked(
        self, salesforce: SalesforceSimulator, bus: Bus, clock: TurnedClock
    ) -> None:
        salesforce.events.whole_seconds = salesforce.events.epoch_dates = True
        clock.turn(0.25)
        salesforce.assign_cards(REFERENCE, 2)
        assert bus.versions == [1748851200000, 1748851200000]
        assert bus.payloads[0]["CreatedDate"] == 1748851200250
        assert len({p["EventUuid"] for p in bus.payloads}) == 2


class TestTriggers:
    def test_should_tell_of_new_orders_when_the_org_has_triggers(
        self, clock: TurnedClock, bus: Bus
    ) -> None:
        sf = logged_in(any_salesforce(clock, publish=bus, triggers=True))
        ordered(sf)
        assert [p["Status__c"] for p in bus.payloads] == ["Draft"]
        key = f"{BASE}/sobjects/Order/BusbarReference__c/{REFERENCE}"
        sf("PATCH", key, {"Description": "says nothing"})
        sf("PATCH", key, {"Status": "Bearbeitung"})
        assert [p["Status__c"] for p in bus.payloads] == ["Draft", "Bearbeitung"]
        order_id = sf("GET", key).json()["Id"]
        asset = f"{BASE}/sobjects/Asset/{sample.cards(1)[0].asset_id}"
        sf("PATCH", asset, {"BusbarOrder__c": order_id})
        assert bus.events[-1]["detail-type"] == "ChargeCardAssigned__e"

    def test_should_tell_nothing_of_a_graph_that_is_rolled_back(
        self, clock: TurnedClock, bus: Bus
    ) -> None:
        sf = logged_in(any_salesforce(clock, publish=bus, triggers=True))
        sf("POST", f"{BASE}/composite/graph", order_graph(Quantity="viele"))
        assert bus.events == []

    def test_should_tell_nothing_of_api_writes_without_triggers(
        self,
        salesforce: SalesforceSimulator,
        bus: Bus,
    ) -> None:
        assert salesforce.order(REFERENCE)
        assert bus.events == []


class TestRoutes:
    def test_should_do_all_of_it_over_http(self, salesforce: SalesforceSimulator, bus: Bus) -> None:
        call = Caller(salesforce)
        assert call("POST", "/_sim/events/hold").status == 204
        cards = call("POST", f"/_sim/orders/{REFERENCE}/cards", {"quantity": 2})
        assert len(cards.json()["asset_ids"]) == 2
        call("POST", "/_sim/events/knobs", {"copies": 2, "whole_seconds": False})
        status = {"status": "Geliefert", "tracking_id": "T-1", "delivery_date": "2025-06-05"}
        assert call("POST", f"/_sim/orders/{REFERENCE}/status", status).status == 200
        assert len(call("GET", "/_sim/events").json()["held"]) == 3
        assert call("POST", "/_sim/events/release", {"order": [2, 1, 0]}).json() == {"released": 3}
        assert len(bus.events) == 6
        assert call("POST", f"/_sim/orders/{REFERENCE}/cards").json()["asset_ids"]

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("orders/nobody/cards", {}, 404),
            (f"orders/{REFERENCE}/cards", {"number": 1}, 400),
            (f"orders/{REFERENCE}/cards", {"quantity": 21}, 409),
            (f"orders/{REFERENCE}/status", {}, 400),
            (f"orders/{REFERENCE}/status", {"status": "Geliefert", "delivery_date": "5.6."}, 409),
            (f"orders/{REFERENCE}/cards", {"quantity": "two"}, 400),
            (f"orders/{REFERENCE}/status", {"status": "Unterwegs"}, 409),
            ("events/release", {"order": [9]}, 400),
            ("events/knobs", {"copies": 0}, 400),
            ("events/knobs", [], 400),
        ],
    )
    def test_should_say_what_cannot_be_done(
        self, salesforce: SalesforceSimulator, path: str, body: object, status: int
    ) -> None:
        answer = Caller(salesforce)("POST", f"/_sim/{path}", body)
        assert answer.status == status
        assert answer.json()["message"]


def test_should_enter_an_order_by_hand_and_delete_it(clock: TurnedClock) -> None:
    salesforce = any_salesforce(clock)
    call = logged_in(salesforce)
    body = {"reference": REFERENCE, "account_id": sample.NORDWIND.account_id, "quantity": 2}
    made = call("POST", "/_sim/orders", body)
    assert made.status == 201
    (item,) = salesforce.records("OrderItem")
    assert item["Quantity"] == 2
    assert [o["Id"] for o in salesforce.records("Order")] == [item["OrderId"]]
    assert call("POST", "/_sim/orders", body).status == 409  # the reference is unique
    assert call("POST", "/_sim/orders", {"reference": "x"}).status == 400
    assert call("DELETE", f"/_sim/orders/{REFERENCE}").status == 204
    assert salesforce.records("Order") == salesforce.records("OrderItem") == []
