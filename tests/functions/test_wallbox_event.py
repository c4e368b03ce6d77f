"""Queue wallbox_event: `WallboxAssigned__e` gives a driver his wallbox and his two cards."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from busbar.domain.cards import CardPurpose, ChargeCard
from busbar.domain.wallboxes import Wallbox
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    batch,
    bodies,
    failed,
    forget_calls,
    ours,
    portal_cards,
    store,
    sync,
    tasks,
    writes,
)
from tests.functions.samples import read_event
from tests.functions.wallbox_given import (
    BOXES,
    ORDER,
    PRIVATE,
    PRIVATE_CARD,
    REFUND,
    REFUND_CARD,
    SECOND_ORDER,
    assigned_in_salesforce,
    card,
    card_there,
    contact_of,
    my_cards,
    order_of,
    order_there,
    our_wallbox,
    resume,
    station,
    wallbox,
)
from tests.functions.wallbox_world import wallbox_world


@pytest.fixture
def world() -> World:
    """A world with the order of the sample events, which Salesforce has."""
    made = wallbox_world()
    order_there(made)
    return made


def take(world: World, event: Any) -> None:
    """The event is taken, and all that follows from it is done."""
    assert failed(world.invoke("wallbox_event", event)) == []
    world.pump()


def parked(world: World) -> list[str]:
    """The messages on the dead-letter queue."""
    return world.sqs.dead.get("wallbox_event", [])


def said(event: Any, **changes: Any) -> Any:
    """A message of the event whose payload says something else."""
    message = bodies(event)[0]
    payload = {**message["detail"]["payload"], **changes}
    return {**message, "detail": {**message["detail"], "payload": payload}}


def other_order(event: Any, version: str = "1999999999999") -> Any:
    """The same Asset, assigned to the order of another driver."""
    return said(event, OrderReference__c=f"BBWO{SECOND_ORDER}", SourceVersion__c=version)


# --- what each of them becomes -----------------------------------------------------------------


def test_wallbox_should_be_joined_to_the_driver_by_its_serial_number(
    world: World, event: Any
) -> None:
    take(world, event)
    assert station(world).contact_id == contact_of(world)
    known = wallbox(world)
    assert (known.joined, known.station_id, known.waiting_for) == (True, station(world).id, None)
    assert (known.order_id, known.serial_number) == (ORDER, BOXES[0].serial_number)
    assert not tasks(world)


def test_wallbox_should_be_bound_in_both_systems(world: World, event: Any) -> None:
    take(world, event)
    known = store(world)
    assert known.internal_id("wallbox", "salesforce", BOXES[0].asset_id) == our_wallbox()
    assert known.internal_id("wallbox", "energised", station(world).id) == our_wallbox()
    assert order_of(world, ORDER).wallboxes == (our_wallbox(),)


def test_private_card_should_be_the_drivers_and_active_at_once(world: World, event: Any) -> None:
    take(world, event)
    there, contact = card_there(world, PRIVATE_CARD), contact_of(world)
    assert (there.contact_id, there.billing_contact_id, there.active) == (contact, contact, True)
    assert card(world, PRIVATE_CARD).active
    assert my_cards(world)[PRIVATE[0].number]["purpose"] == "private_card"


def test_refund_card_should_be_the_drivers_and_stay_inactive(world: World, event: Any) -> None:
    take(world, event)
    there, contact = card_there(world, REFUND_CARD), contact_of(world)
    assert (there.contact_id, there.billing_contact_id, there.active) == (contact, contact, False)
    assert not card(world, REFUND_CARD).active
    assert my_cards(world)[REFUND[0].number]["active"] is False


def test_all_three_should_come_to_the_order(world: World, event: Any) -> None:
    take(world, event)
    order = order_of(world, ORDER)
    cards = {card(world, PRIVATE_CARD).id, card(world, REFUND_CARD).id}
    assert (order.wallboxes, {*order.cards}) == ((our_wallbox(),), cards)


def test_all_three_should_call_no_system_while_the_event_is_taken(world: World, event: Any) -> None:
    assert failed(world.invoke("wallbox_event", event)) == []
    assert not world.energised.calls
    assert not world.salesforce.calls


def test_wallbox_should_go_to_energised_under_the_correlation_id_of_the_order(
    world: World, event: Any
) -> None:
    take(world, event)
    called = {c.correlation_id for c in world.energised.calls if c.operation != "cpo_token"}
    assert called == {CORRELATION}


# --- late, twice, out of order -----------------------------------------------------------------


def test_duplicate_should_make_one_write(world: World, event: Any) -> None:
    take(world, event)
    assert len(writes(world.energised)) == 1


@pytest.mark.parametrize("order", sorted(permutations(range(3))), ids=str)
def test_all_three_should_end_the_same_in_any_order_and_twice(
    world: World, event: Any, order: tuple[int, ...]
) -> None:
    messages = bodies(event)
    for position in (*order, *order):
        take(world, batch(messages[position]))
    assert station(world).contact_id == contact_of(world)
    active = [card_there(world, purpose).active for purpose in (PRIVATE_CARD, REFUND_CARD)]
    assert active == [True, False]
    assert len(writes(world.energised)) == 3
    assert not tasks(world)


@pytest.mark.parametrize("case", ["wallbox", "private_card", "refund_card"])
def test_should_change_nothing_when_an_older_event_comes_late(world: World, case: str) -> None:
    event = read_event("wallbox_event", case)
    order_there(world, SECOND_ORDER, "second-driver")
    take(world, event)
    forget_calls(world)
    take(world, batch(other_order(event, version="1")))
    assert order_of(world, SECOND_ORDER).wallboxes == order_of(world, SECOND_ORDER).cards == ()
    assert not writes(world.energised)


@pytest.mark.parametrize("positions", [(0, 1), (1, 0)], ids=["in_order", "out_of_order"])
@pytest.mark.parametrize("case", ["wallbox", "private_card", "refund_card"])
def test_should_ask_salesforce_when_two_events_of_one_version_differ(
    world: World, case: str, positions: tuple[int, ...]
) -> None:
    event = read_event("wallbox_event", case)
    order_there(world, SECOND_ORDER, "second-driver")
    payload = bodies(event)[0]["detail"]["payload"]
    assigned_in_salesforce(world, payload["AssetId__c"], SECOND_ORDER)
    both = (bodies(event)[0], other_order(event, version=payload["SourceVersion__c"]))
    for position in positions:
        take(world, batch(both[position]))
    second = order_of(world, SECOND_ORDER)
    assert len((*second.wallboxes, *second.cards)) == 1
    assert order_of(world, ORDER).wallboxes == order_of(world, ORDER).cards == ()


# --- to another driver -------------------------------------------------------------------------


def test_wallbox_should_follow_a_newer_event_to_another_driver(world: World, event: Any) -> None:
    order_there(world, SECOND_ORDER, "second-driver")
    take(world, event)
    take(world, batch(other_order(event)))
    assert station(world).contact_id == contact_of(world, "second-driver")
    assert wallbox(world).order_id == SECOND_ORDER
    assert order_of(world, ORDER).wallboxes == ()
    assert not tasks(world)


def test_private_card_should_follow_a_newer_event_to_another_driver(
    world: World, event: Any
) -> None:
    order_there(world, SECOND_ORDER, "second-driver")
    take(world, event)
    take(world, batch(other_order(event)))
    there, contact = card_there(world, PRIVATE_CARD), contact_of(world, "second-driver")
    assert (there.contact_id, there.billing_contact_id, there.active) == (contact, contact, True)
    assert my_cards(world) == {}
    assert list(my_cards(world, "second-driver")) == [PRIVATE[0].number]
    assert order_of(world, ORDER).cards == ()


def test_private_card_should_be_switched_off_when_it_turns_out_to_be_the_refund_card(
    world: World, event: Any
) -> None:
    take(world, event)
    take(world, batch(said(event, AssetKind__c="refund", SourceVersion__c="1999999999999")))
    assert not card_there(world, PRIVATE_CARD).active
    assert card(world, PRIVATE_CARD).purpose is CardPurpose.REFUND


def test_refund_card_should_become_active_when_it_turns_out_to_be_the_private_card(
    world: World, event: Any
) -> None:
    take(world, event)
    take(world, batch(said(event, AssetKind__c="private", SourceVersion__c="1999999999999")))
    assert card_there(world, REFUND_CARD).active


def test_private_card_should_not_be_switched_on_again_by_a_repeat_of_its_assignment(
    world: World, event: Any
) -> None:
    take(world, event)
    world.clock.advance(300)
    world.energised.change_card(PRIVATE[0].energised_id, active=False)
    sync(world)
    take(world, batch(said(event, SourceVersion__c="1999999999999")))
    assert not card_there(world, PRIVATE_CARD).active


# --- what fits nothing -------------------------------------------------------------------------


def test_unknown_kind_should_become_a_task_and_activate_nothing(world: World, event: Any) -> None:
    take(world, event)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("parked_event", "unknown_kind")
    assert (task.subject_schema, task.subject_id) == ("wallbox_order", ORDER)
    assert len(parked(world)) == 1
    assert store(world).get(ChargeCard, ours(REFUND[0])) is None
    assert not world.energised.calls


def test_unknown_kind_should_be_passed_over_when_something_newer_is_known(
    world: World, event: Any
) -> None:
    take(world, batch(said(event, AssetKind__c="refund", SourceVersion__c="1999999999999")))
    take(world, event)
    assert not tasks(world)
    assert card(world, REFUND_CARD).purpose is CardPurpose.REFUND


@pytest.mark.parametrize(
    ("case", "changes", "reason"),
    [
        ("wallbox", {"SerialNumber__c": None}, "wallbox_without_serial_number"),
        ("private_card", {"CardId__c": None}, "card_without_id"),
        ("refund_card", {"AssetKind__c": None}, "unknown_kind"),
    ],
)
def test_should_park_what_cannot_be_told_apart(
    world: World, case: str, changes: Any, reason: str
) -> None:
    take(world, batch(said(read_event("wallbox_event", case), **changes)))
    assert [t.reason for t in tasks(world)] == [reason]
    assert not world.energised.calls


def test_without_serial_number_should_be_parked_with_a_task(world: World, event: Any) -> None:
    take(world, event)
    assert [t.reason for t in tasks(world)] == ["wallbox_without_serial_number"]


def test_wallbox_should_be_parked_when_its_asset_becomes_a_card(world: World, event: Any) -> None:
    take(world, event)
    changed = {"AssetKind__c": "refund", "CardId__c": REFUND[0].energised_id}
    take(world, batch(said(event, **changed, SourceVersion__c="1999999999999")))
    assert [t.reason for t in tasks(world)] == ["wallbox_became_card"]


def test_wallbox_should_be_parked_when_its_serial_number_changes_after_it_was_found(
    world: World, event: Any
) -> None:
    take(world, event)
    changed = {"SerialNumber__c": BOXES[1].serial_number, "SourceVersion__c": "1999999999999"}
    take(world, batch(said(event, **changed)))
    assert [t.reason for t in tasks(world)] == ["serial_number_changed"]
    assert station(world, 1).contact_id is None


def test_refund_card_should_be_parked_when_its_asset_belongs_to_another_card(
    world: World, event: Any
) -> None:
    take(world, event)
    changed = {"CardId__c": REFUND[1].energised_id, "SourceVersion__c": "1999999999999"}
    take(world, batch(said(event, **changed)))
    assert [t.reason for t in tasks(world)] == ["asset_bound_to_another_card"]


def test_unknown_order_should_be_parked_with_a_task(world: World, event: Any) -> None:
    take(world, event)
    (task,) = tasks(world)
    assert (task.reason, task.subject_id) == ("unknown_order", "BBWO0RDER0000000Z")
    assert store(world).get(Wallbox, our_wallbox()) is None


def test_invalid_should_be_parked_with_a_task_that_names_the_fields(
    world: World, event: Any
) -> None:
    take(world, event)
    assert tasks(world)[0].reason == "invalid_event: AssetId__c, SourceVersion__c"


def test_unknown_kind_should_be_read_again_when_a_clerk_resumes(world: World, event: Any) -> None:
    assigned_in_salesforce(world, REFUND[0].asset_id)
    take(world, event)
    resume(world)
    sync(world)
    assert card(world, REFUND_CARD).purpose is CardPurpose.REFUND


# --- nobody else's -----------------------------------------------------------------------------


def test_all_three_should_be_in_no_list_of_a_company(world: World, event: Any) -> None:
    take(world, event)
    assert portal_cards(world) == []
    for user in ("fleet-manager", "operator"):
        path = f"/v1/charge-cards/{card(world, PRIVATE_CARD).id}"
        assert world.call("GET", path, user).status == 404
    assert my_cards(world, "second-driver") == {}


def test_private_card_should_not_be_changed_or_switched_by_a_fleet_manager(
    world: World, event: Any
) -> None:
    take(world, event)
    forget_calls(world)
    path = f"/v1/charge-cards/{card(world, PRIVATE_CARD).id}"
    tag = {"If_Match": '"1"'}
    assert world.call("PATCH", path, body={"label": "mine"}, **tag).status == 404
    assert world.call("POST", f"{path}/deactivate", **tag).status == 404
    assert world.call("POST", f"{path}/activate", **tag).status == 404
    assert not world.energised.calls
