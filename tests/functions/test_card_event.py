"""Queue card_event: `ChargeCardAssigned__e` gives a card its billing contact."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.domain.orders import ChargeCardOrder
from busbar.ports.store import Save
from infra.simulators.sample import ELBE, NORDWIND
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    ORDER,
    any_blank_card,
    batch,
    bodies,
    failed,
    order,
    ours,
    store,
    stored_card,
    tasks,
    writes,
)

CARD = any_blank_card()


def parked(world: World) -> list[str]:
    """The messages on the dead-letter queue."""
    return world.sqs.dead.get("card_event", [])


def billing_contacts(world: World, count: int = 3) -> list[str | None]:
    """Who pays for the first cards, as be.ENERGISED holds it."""
    blanks = [any_blank_card(n).energised_id for n in range(1, count + 1)]
    return [world.energised.card(card).billing_contact_id for card in blanks]


def test_assigned_should_give_the_card_the_billing_contact_of_the_orders_company(
    world: World, event: Any
) -> None:
    order(world)
    before = world.energised.card(CARD.energised_id)
    assert failed(world.invoke("card_event", event)) == []
    after = world.energised.card(CARD.energised_id)
    assert after.billing_contact_id == NORDWIND.energised_id
    assert (after.tag, after.number, after.active) == (before.tag, before.number, before.active)


def test_assigned_should_bind_the_card_in_both_systems(world: World, event: Any) -> None:
    order(world)
    world.invoke("card_event", event)
    card = stored_card(world)
    assert (card.asset_id, card.order_id) == (CARD.asset_id, ORDER)
    known = store(world)
    assert known.internal_id("charge_card", "energised", CARD.energised_id) == card.id
    assert known.internal_id("charge_card", "salesforce", CARD.asset_id) == card.id


def test_assigned_should_not_show_the_card_before_it_is_delivered(world: World, event: Any) -> None:
    order(world)
    world.invoke("card_event", event)
    assert world.call("GET", "/v1/charge-cards").json["cards"] == []
    assert world.call("GET", f"/v1/charge-cards/{ours(CARD)}").status == 404


def test_assigned_should_go_to_energised_under_the_correlation_id_of_the_order(
    world: World, event: Any
) -> None:
    order(world)
    world.invoke("card_event", event)
    assert {c.correlation_id for c in world.energised.calls} == {CORRELATION}


def test_assigned_should_not_go_to_salesforce_as_long_as_the_card_is_not_delivered(
    world: World, event: Any
) -> None:
    order(world)
    world.invoke("card_event", event)
    world.run_for(300)
    assert not writes(world.salesforce)


def test_duplicate_should_make_one_write(world: World, event: Any) -> None:
    order(world)
    world.invoke("card_event", event)
    world.invoke("card_event", event)
    assert len(writes(world.energised)) == 1


def test_unknown_order_should_be_parked_with_a_task(world: World, event: Any) -> None:
    assert failed(world.invoke("card_event", event)) == []
    assert parked(world) == [event["Records"][0]["body"]]
    assert [(t.kind, t.reason) for t in tasks(world)] == [("parked_event", "unknown_order")]
    assert not world.energised.calls


def test_invalid_should_be_parked_with_a_task_that_names_the_fields(
    world: World, event: Any
) -> None:
    order(world)
    assert failed(world.invoke("card_event", event)) == []
    assert len(parked(world)) == 1
    assert tasks(world)[0].reason == "invalid_event: CardId__c, SourceVersion__c"


def test_unknown_source_should_be_parked_without_a_task_of_any_org(
    world: World, event: Any
) -> None:
    order(world)
    assert failed(world.invoke("card_event", event)) == []
    assert len(parked(world)) == 1
    assert not tasks(world)
    assert store(world).get(ChargeCard, ours(CARD)) is None


def test_unreadable_should_be_parked_at_once(world: World, event: Any) -> None:
    assert failed(world.invoke("card_event", event)) == []
    assert len(parked(world)) == 1


def test_one_of_three_broken_should_be_parked_and_leave_its_neighbours_alone(
    world: World, event: Any
) -> None:
    order(world, quantity=3)
    assert failed(world.invoke("card_event", event)) == []
    assert parked(world) == [event["Records"][1]["body"]]
    assert billing_contacts(world) == [NORDWIND.energised_id, None, NORDWIND.energised_id]


def test_one_of_three_broken_should_leave_its_neighbours_alone_when_the_table_fails_them(
    world: World, event: Any
) -> None:
    # The neighbours belong to an order whose record cannot be read: they come again, it is parked.
    order(world)
    key = next(k for k in world.table.items if ChargeCardOrder.schema_name in k.pk)
    world.table.items[key]["body"] = b"broken"
    first, _, third = (r["messageId"] for r in event["Records"])
    assert failed(world.invoke("card_event", event)) == [first, third]
    assert len(parked(world)) == 1


def test_assigned_should_not_be_taken_back_by_a_late_event(world: World, event: Any) -> None:
    order(world)
    world.invoke("card_event", event)
    late = other_order(world, bodies(event)[0], version="1")
    world.invoke("card_event", batch(late))
    assert stored_card(world).order_id == ORDER
    assert billing_contacts(world, 1) == [NORDWIND.energised_id]


def test_assigned_should_follow_a_newer_event_to_another_order(world: World, event: Any) -> None:
    order(world)
    world.invoke("card_event", event)
    newer = other_order(world, bodies(event)[0], version="1999999999999")
    world.invoke("card_event", batch(newer))
    assert stored_card(world).order_id == "0RDER00000002"
    assert billing_contacts(world, 1) == [ELBE.energised_id]


@pytest.mark.parametrize("positions", [(0, 1), (1, 0)], ids=["in_order", "out_of_order"])
def test_assigned_should_be_read_again_when_another_event_of_its_version_differs(
    world: World, event: Any, positions: tuple[int, ...]
) -> None:
    order(world)
    first = bodies(event)[0]
    second = other_order(world, first, version=first["detail"]["payload"]["SourceVersion__c"])
    held_by = world.salesforce.org
    rows = [{"Id": "801000000000001AAA", "BusbarReference__c": "BBCO0RDER00000002"}]
    world.salesforce.load({"Order": rows})
    held_by.change("Asset", CARD.asset_id, BusbarOrder__c="801000000000001AAA")
    for position in positions:
        world.invoke("card_event", batch((first, second)[position]))
    assert stored_card(world).order_id == "0RDER00000002"
    assert billing_contacts(world, 1) == [ELBE.energised_id]


def test_former_should_be_taken_without_the_number_that_it_tells(world: World, event: Any) -> None:
    order(world)
    assert failed(world.invoke("card_event", event)) == []
    assert billing_contacts(world, 1) == [NORDWIND.energised_id]
    assert stored_card(world).number == ""


def test_former_should_change_nothing_when_the_release_before_has_taken_it(
    world: World, event: Any
) -> None:
    order(world)
    world.invoke("card_event", event)
    taken = store(world).get(ChargeCard, ours(CARD))
    assert taken
    assert taken.record.assigned_by
    # What it remembers of the event is not what we would: there was a number in it.
    mark = taken.record.assigned_by.model_copy(update={"content_hash": "another"})
    store(world).commit(Save(taken.record.model_copy(update={"assigned_by": mark}), taken))
    before = dict(world.table.items)
    world.invoke("card_event", event)
    assert world.table.items == before
    assert not world.salesforce.calls


def test_former_should_be_parked_without_the_number_and_go_through_when_it_is_brought_back(
    world: World, event: Any
) -> None:
    assert failed(world.invoke("card_event", event)) == []
    (letter,) = parked(world)
    assert CARD.number in event["Records"][0]["body"]
    assert CARD.number not in letter
    order(world)  # it is there after all
    assert failed(world.invoke("card_event", batch(letter))) == []
    assert billing_contacts(world, 1) == [NORDWIND.energised_id]


@pytest.mark.parametrize("field", ["source", "detail-type"])
def test_former_should_be_parked_without_the_number_whatever_the_reason_is(
    world: World, event: Any, field: str
) -> None:
    message = {**bodies(event)[0], field: "unknown"}
    assert failed(world.invoke("card_event", batch(message))) == []
    (letter,) = parked(world)
    del message["detail"]["payload"]["CardNumber__c"]
    assert json.loads(letter) == message


def test_assigned_should_be_parked_when_the_asset_belongs_to_another_card(
    world: World, event: Any
) -> None:
    order(world)
    world.invoke("card_event", event)
    message = bodies(event)[0]
    message["detail"]["payload"]["CardId__c"] = any_blank_card(2).energised_id
    world.invoke("card_event", batch(message))
    assert [t.reason for t in tasks(world)] == ["asset_bound_to_another_card"]
    assert len(parked(world)) == 1


def other_order(world: World, message: Any, version: str) -> Any:
    """The same card, assigned to an order of another company."""
    if store(world).get(ChargeCardOrder, "0RDER00000002") is None:
        order(world, company=ELBE, id="0RDER00000002")
    payload = {
        **message["detail"]["payload"],
        "OrderReference__c": "BBCO0RDER00000002",
        "SourceVersion__c": version,
    }
    return {**message, "detail": {"payload": payload}}
