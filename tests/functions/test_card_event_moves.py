"""Queue card_event: a card goes to another order or company, or its Asset to another card."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.orders import ChargeCardOrder
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS, ELBE, HEIDE, NORDWIND, SampleCompany
from tests.doubles.world import World
from tests.functions.given import (
    REFERENCE,
    any_blank_card,
    asset,
    batch,
    bodies,
    delivered,
    errands,
    failed,
    forget_calls,
    order,
    portal_cards,
    shown,
    store,
    stored_card,
    sync,
    tasks,
    writes,
)
from tests.functions.portal import CARDS
from tests.functions.samples import read_event

CARD = any_blank_card()
OTHER_ORDER = "0RDER00000002"
LATER = "1999999999999"


@pytest.fixture
def used(world: World) -> World:
    """A card of Nordwind with a driver, a vehicle and a label, as all systems hold it."""
    (card,) = delivered(world, quantity=1)
    path = f"{CARDS}/{card.record.id}"
    body = {"driver_id": PEOPLE["driver"], "vehicle": "OL-NW 17", "label": "Transporter"}
    tag = world.call("GET", path).etag
    assert world.call("PATCH", path, body=body, If_Match=tag).status == 200
    world.pump()
    assert asset(world)["CardVehicle__c"] == "OL-NW 17"
    world.clock.advance(300)
    forget_calls(world)
    return world


def event(**payload: Any) -> Any:
    """The sample event with some of its fields changed."""
    message = bodies(read_event("card_event", "assigned"))[0]
    return {**message, "detail": {"payload": {**message["detail"]["payload"], **payload}}}


def moved(world: World, company: SampleCompany) -> Any:
    """A clerk assigns the card to an order of another company; what the worker answers."""
    if store(world).get(ChargeCardOrder, OTHER_ORDER) is None:
        order(world, quantity=1, company=company, id=OTHER_ORDER)
    message = event(OrderReference__c=f"BBCO{OTHER_ORDER}", SourceVersion__c=LATER)
    answered = world.invoke("card_event", batch(message))
    world.pump()
    return answered


def test_should_take_driver_label_and_vehicle_of_the_old_company_away(used: World) -> None:
    assert failed(moved(used, ELBE)) == []
    held = used.energised.card(CARD.energised_id)
    assert held.billing_contact_id == ELBE.energised_id
    assert (held.contact_id, held.label) == (None, "")
    card = stored_card(used)
    assert (card.vehicle, card.label, card.holder_uuid, card.driver_id) == ("", "", None, None)
    assert card.order_id == OTHER_ORDER


def test_should_leave_the_old_companys_portal_and_the_old_drivers_list(used: World) -> None:
    moved(used, ELBE)
    assert used.call("GET", CARDS).json["cards"] == []
    assert used.call("GET", f"{CARDS}/{stored_card(used).id}").status == 404
    assert used.call("GET", "/v1/my/charge-cards", "driver").json["cards"] == []


@pytest.mark.parametrize("kind", ["refuse", "timeout_before", "timeout_after"])
def test_should_take_them_away_later_when_be_energised_does_not_answer(
    used: World, kind: str
) -> None:
    used.energised.add_fault(Fault(kind, operation="write_card"))
    assert failed(moved(used, ELBE)) == []
    assert used.call("GET", "/v1/my/charge-cards", "driver").json["cards"] == []
    used.run_for(900)
    held = used.energised.card(CARD.energised_id)
    assert (held.contact_id, held.label) == (None, "")
    assert held.billing_contact_id == ELBE.energised_id
    assert errands(used) == []


def test_should_take_them_away_at_once_though_the_new_company_is_not_bound(used: World) -> None:
    # Who drove for the old company must not go on charging while the new one is waited for.
    assert failed(moved(used, HEIDE)) == []
    held = used.energised.card(CARD.energised_id)
    assert (held.contact_id, held.label) == (None, "")
    # And the old company must not go on paying.
    assert held.billing_contact_id is None
    assert stored_card(used).waiting_for == "company_not_in_energised"


def test_should_show_the_new_company_nothing_of_the_old_one_when_it_is_delivered(
    used: World,
) -> None:
    moved(used, ELBE)
    used.run_for(120)
    message = bodies(read_event("status_callback", "delivered"))[0]
    message["detail"]["payload"]["OrderReference__c"] = f"BBCO{OTHER_ORDER}"
    rows = [{"Id": "801000000000001AAA", "BusbarReference__c": f"BBCO{OTHER_ORDER}"}]
    used.salesforce.load({"Order": rows})
    used.salesforce.org.change("Asset", CARD.asset_id, BusbarOrder__c="801000000000001AAA")
    assert failed(used.invoke("status_callback", batch(message))) == []
    sync(used)
    used.run_for(300)
    (card,) = used.call("GET", CARDS, "other-fleet-manager").json["cards"]
    assert (card["driver"], card["vehicle"], card["label"]) == (None, "", "")
    held = asset(used)
    assert [held[f"Card{name}__c"] or None for name in ("Holder", "Vehicle", "Label")] == [None] * 3
    assert held["CardBillingContact__c"] == ELBE.energised_id
    assert portal_cards(used, NORDWIND) == []


def test_should_keep_driver_label_and_vehicle_within_the_company(used: World) -> None:
    order(used, quantity=1, id=OTHER_ORDER)
    message = event(OrderReference__c=f"BBCO{OTHER_ORDER}", SourceVersion__c=LATER)
    used.invoke("card_event", batch(message))
    used.pump()
    card = stored_card(used)
    assert (card.vehicle, card.label) == ("OL-NW 17", "Transporter")
    assert used.energised.card(CARD.energised_id).contact_id == DRIVERS[0].energised_id
    assert not writes(used.energised)


def test_should_stand_in_the_portal_again_when_it_comes_back_to_its_order(used: World) -> None:
    moved(used, NORDWIND)
    assert shown(used)["cards_in_portal"] == 0
    back = event(SourceVersion__c=str(int(LATER) + 1))
    assert failed(used.invoke("card_event", batch(back))) == []
    assert portal_cards(used) == []
    sync(used)
    (card,) = portal_cards(used)
    assert (card.record.number, card.record.vehicle) == (CARD.number, "OL-NW 17")
    assert shown(used)["cards_in_portal"] == 1
    assert not tasks(used)


def test_should_let_another_card_take_the_place_of_one_that_left_a_delivered_order(
    used: World,
) -> None:
    moved(used, ELBE)
    used.salesforce.assign_cards(REFERENCE, 1)
    used.pump()
    used.run_for(300)
    sync(used)
    assert [c.record.number for c in portal_cards(used)] == [any_blank_card(2).number]
    assert shown(used)["cards_in_portal"] == 1


@pytest.mark.parametrize(
    ("payload", "reason"),
    [
        ({"AssetId__c": any_blank_card(2).asset_id}, "card_bound_to_another_asset"),
        ({"CardId__c": any_blank_card(2).energised_id}, "asset_bound_to_another_card"),
    ],
    ids=["new_asset", "asset_of_another_card"],
)
def test_should_park_with_a_task_what_is_bound_otherwise_and_not_try_again(
    used: World, payload: dict[str, str], reason: str
) -> None:
    message = event(SourceVersion__c=LATER, **payload)
    before = stored_card(used)
    for _ in range(2):
        assert failed(used.invoke("card_event", batch(message))) == []
    assert len(used.sqs.dead["card_event"]) == 2
    (task,) = tasks(used)
    assert (task.kind, task.reason) == ("parked_event", reason)
    used.run_for(900)
    assert stored_card(used) == before
    assert not writes(used.energised, used.salesforce)
    assert errands(used) == []
