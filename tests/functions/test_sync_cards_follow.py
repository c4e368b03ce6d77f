"""sync_cards: what a clerk changes in be.ENERGISED reaches the portal and Salesforce."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.domain.tasks import Task
from busbar.ports.store import Stored
from infra.local.people import PEOPLE
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS
from tests.doubles.world import World
from tests.functions.given import (
    any_blank_card,
    asset,
    card_in_portal,
    delivered,
    forget_calls,
    portal_cards,
    stored_card,
    sync,
    tasks,
    writes,
)
from tests.functions.portal import CARDS

CARD = any_blank_card().energised_id
DRIVER = DRIVERS[0].energised_id


@pytest.fixture
def card(world: World) -> Stored[ChargeCard]:
    """A delivered card that be.ENERGISED, portal and Salesforce agree about."""
    (made,) = delivered(world, quantity=1)
    world.run_for(600)
    sync(world)
    forget_calls(world)
    return made


@pytest.mark.parametrize(
    ("change", "field", "held"),
    [
        ({"blocked": True}, "CardBlocked__c", True),
        ({"active": True}, "CardActive__c", True),
        ({"label": "Pool 7"}, "CardLabel__c", "Pool 7"),
        ({"contact_id": DRIVER}, "CardHolder__c", DRIVER),
    ],
    ids=["block", "status", "label", "assignment"],
)
@pytest.mark.usefixtures("card")
def test_should_tell_salesforce_and_the_portal_what_a_clerk_changed(
    world: World, change: dict[str, Any], field: str, held: object
) -> None:
    world.energised.change_card(CARD, **change)
    assert sync(world)["followed"] == 1
    assert asset(world)[field] == held
    record = stored_card(world).model_dump()
    ours = {"contact_id": "holder_uuid"}
    assert all(record[ours.get(name, name)] == value for name, value in change.items())
    assert not writes(world.energised)


def test_should_show_the_driver_whom_a_clerk_assigned(
    world: World, card: Stored[ChargeCard]
) -> None:
    world.energised.change_card(CARD, contact_id=DRIVER)
    sync(world)
    shown = world.call("GET", f"{CARDS}/{card.record.id}").json
    assert shown["driver"]["id"] == PEOPLE["driver"]
    mine = world.call("GET", "/v1/my/charge-cards", "driver").json["cards"]
    assert [c["id"] for c in mine] == [card.record.id]

    world.energised.change_card(CARD, contact_id=None)
    world.clock.advance(60)
    sync(world)
    assert world.call("GET", "/v1/my/charge-cards", "driver").json["cards"] == []
    assert asset(world)["CardHolder__c"] is None


@pytest.mark.usefixtures("card")
def test_should_not_let_an_old_wish_of_the_portal_come_back_after_a_clerks_change(
    world: World,
) -> None:
    path = f"{CARDS}/{stored_card(world).id}"
    world.call("POST", f"{path}/activate")
    world.clock.advance(300)
    world.energised.change_card(CARD, active=False)
    sync(world)
    body = {"label": "Neu"}
    changed = world.call("PATCH", path, body=body, If_Match=world.call("GET", path).etag)
    assert changed.status == 200
    held = world.energised.card(CARD)
    assert (held.label, held.active) == ("Neu", False)


def test_should_not_echo_a_change_of_the_portal(world: World, card: Stored[ChargeCard]) -> None:
    assert world.call("POST", f"{CARDS}/{card.record.id}/activate").status == 200
    world.run_for(300)
    forget_calls(world)
    assert sync(world)["followed"] == 0
    assert not writes(world.salesforce, world.energised)


def test_should_leave_a_card_with_work_in_flight_for_the_next_run_and_lose_nothing(
    world: World, card: Stored[ChargeCard]
) -> None:
    world.energised.add_fault(Fault("timeout_before", operation="write_card"))
    pending = world.call("POST", f"{CARDS}/{card.record.id}/activate")
    assert pending.status == 202
    world.energised.change_card(CARD, label="Vom Innendienst")
    report = sync(world)
    assert (report["followed"], report["postponed"]) == (0, 1)
    world.run_for(600)
    assert sync(world)["followed"] == 1
    record = stored_card(world)
    assert (record.label, record.active) == ("Vom Innendienst", True)
    assert asset(world)["CardLabel__c"] == "Vom Innendienst"


def test_should_not_let_a_postponed_card_hold_up_the_others(world: World) -> None:
    first, second = delivered(world)
    world.run_for(600)
    sync(world)
    world.energised.add_fault(Fault("timeout_before", operation="write_card"))
    world.call("POST", f"{CARDS}/{first.record.id}/activate")
    world.energised.change_card(first.record.energised_id, label="eins")
    world.energised.change_card(second.record.energised_id, label="zwei")
    report = sync(world)
    assert (report["followed"], report["postponed"]) == (1, 1)
    assert stored_card(world, 2).label == "zwei"


@pytest.mark.usefixtures("card")
def test_should_see_a_change_that_the_list_shows_late(world: World) -> None:
    world.energised.backend.search_lag = 50
    world.energised.change_card(CARD, label="spät")
    other = card_in_portal(world, number=9)
    world.clock.advance(30)
    sync(world)
    world.energised.change_card(other.energised_id, label="danach")
    world.clock.advance(30)
    sync(world)
    world.clock.advance(60)
    sync(world)
    assert stored_card(world).label == "spät"
    assert stored_card(world, 9).label == "danach"


@pytest.mark.usefixtures("card")
def test_should_read_the_card_itself_not_the_list_that_lags(world: World) -> None:
    world.energised.change_card(CARD, label="eins")
    world.clock.advance(60)
    world.energised.change_card(CARD, label="zwei")
    world.energised.add_fault(Fault("search_lag", operation="list_cards", seconds=30))
    sync(world)
    assert stored_card(world).label == "zwei"


@pytest.mark.parametrize("clamp", [1, 3, 500])
def test_should_follow_every_card_whatever_the_page_size(world: World, clamp: int) -> None:
    made = [card_in_portal(world, number=n) for n in range(1, 8)]
    world.energised.backend.page_clamp = clamp
    for card in made:
        world.energised.change_card(card.energised_id, label=f"Karte {card.number}")
    assert sync(world)["followed"] == 7
    assert {c.record.label for c in portal_cards(world)} == {f"Karte {c.number}" for c in made}


@pytest.mark.usefixtures("card")
def test_should_ask_only_for_what_changed_since_the_last_run(world: World) -> None:
    sync(world)
    asked = [c.query for c in world.energised.calls if c.operation == "list_cards"]
    assert all("updated_since=2026-03-02" in query for query in asked)


@pytest.mark.usefixtures("card")
def test_should_go_on_from_the_same_place_when_the_list_failed(world: World) -> None:
    world.energised.change_card(CARD, label="Neu")
    world.energised.add_fault(Fault("status", operation="list_cards", status=500))
    assert sync(world)["reasons"] == ["energised_unavailable"]
    assert sync(world)["followed"] == 1


def test_should_pass_over_cards_that_are_none_of_ours(world: World) -> None:
    world.energised.change_card(CARD, label="fremd")
    assert sync(world)["followed"] == 0
    assert not writes(world.salesforce)
    assert tasks(world) == list[Task]()
