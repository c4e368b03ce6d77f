"""/v1/charge-cards: the fleet manager sees the company's cards and changes them."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Role
from infra.local.people import PEOPLE
from infra.simulators.sample import DRIVERS, ELBE
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    any_blank_card,
    any_user,
    asset,
    card_in_portal,
    ours,
    stored_card,
    writes,
)
from tests.functions.portal import CARDS, answer, fields_at_fault, problem

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"
DRIVER = DRIVERS[0].energised_id


def patch(world: World, body: Any, tag: str | None = None) -> Any:
    """Change the card as it was seen last, or as `tag` says."""
    tag = tag or world.call("GET", CARD).etag
    return world.call("PATCH", CARD, body=body, If_Match=tag)


def test_list_should_show_new_cards_without_a_driver(world: World, event: Any) -> None:
    card = card_in_portal(world)
    listed = answer(world, "charge_cards", event)
    assert listed.status == 200
    (one,) = listed.json["cards"]
    assert (one["id"], one["number"], one["driver"]) == (card.id, BLANK.number, None)
    assert one["energised"] == {"state": "done"}


def test_list_should_not_show_cards_that_are_not_delivered(world: World, event: Any) -> None:
    card_in_portal(world, in_portal_since=None)
    assert answer(world, "charge_cards", event).json["cards"] == []


def test_show_should_carry_the_version_as_etag(world: World, event: Any) -> None:
    card_in_portal(world)
    shown = answer(world, "charge_cards", event)
    assert (shown.status, shown.etag) == (200, '"1"')


def test_other_company_should_be_answered_as_if_the_card_did_not_exist(
    world: World, event: Any
) -> None:
    missing = problem(answer(world, "charge_cards", event), 404, "card-not-found")
    card_in_portal(world)
    assert problem(answer(world, "charge_cards", event), 404, "card-not-found") == missing


@pytest.mark.parametrize(
    ("method", "path"),
    [("PATCH", CARD), ("POST", f"{CARD}/activate"), ("POST", f"{CARD}/deactivate")],
)
def test_should_not_let_another_company_change_a_card(world: World, method: str, path: str) -> None:
    card_in_portal(world)
    refused = world.call(method, path, "other-fleet-manager", {"label": "x"}, If_Match='"1"')
    problem(refused, 404, "card-not-found")
    assert not world.energised.calls


def test_change_should_stand_in_energised_at_once_and_in_salesforce_soon(
    world: World, event: Any
) -> None:
    card_in_portal(world)
    changed = answer(world, "charge_cards", event)
    assert changed.status == 200, changed.text
    assert changed.json["energised"] == {"state": "done"}
    assert changed.json["driver"]["id"] == PEOPLE["driver"]
    assert changed.headers["ETag"] == world.call("GET", CARD).etag
    held = world.energised.card(BLANK.energised_id)
    assert (held.contact_id, held.label) == (DRIVER, "Transporter")
    world.pump()
    told = asset(world)
    assert (told["CardHolder__c"], told["CardLabel__c"]) == (DRIVER, "Transporter")
    assert told["CardVehicle__c"] == "OL-NW 17"


def test_change_should_carry_its_correlation_id_to_both_systems(world: World, event: Any) -> None:
    card_in_portal(world)
    answer(world, "charge_cards", event)
    world.pump()
    calls = [*world.energised.calls, *world.salesforce.calls]
    assert {c.correlation_id for c in calls} == {CORRELATION}


def test_without_if_match_should_be_refused_with_428(world: World, event: Any) -> None:
    card_in_portal(world)
    problem(answer(world, "charge_cards", event), 428, "if-match-missing")
    assert not world.energised.calls


def test_stale_etag_should_be_refused_with_412(world: World, event: Any) -> None:
    card_in_portal(world)
    problem(answer(world, "charge_cards", event), 412, "card-changed")
    assert not world.energised.calls


@pytest.mark.parametrize("tag", ["1", 'W/"1"', '"abc"', '"1", "2"'])
def test_should_refuse_a_tag_that_is_none_of_ours_with_412(world: World, tag: str) -> None:
    card_in_portal(world)
    problem(patch(world, {"label": "x"}, tag), 412, "etag-unknown")


def test_should_refuse_the_second_of_two_who_saw_the_same_version(world: World) -> None:
    card_in_portal(world)
    seen = world.call("GET", CARD).etag
    assert patch(world, {"label": "eins"}, seen).status == 200
    problem(patch(world, {"label": "zwei"}, seen), 412, "card-changed")
    assert world.energised.card(BLANK.energised_id).label == "eins"


def test_foreign_driver_should_be_refused_by_the_name_of_the_field(
    world: World, event: Any
) -> None:
    card_in_portal(world)
    refused = answer(world, "charge_cards", event)
    problem(refused, 422, "driver-unknown")
    assert fields_at_fault(refused) == ["driver_id"]
    assert not world.energised.calls


@pytest.mark.parametrize("driver", ["nobody", PEOPLE["operator"]])
def test_should_refuse_a_driver_who_is_none(world: World, driver: str) -> None:
    card_in_portal(world)
    problem(patch(world, {"driver_id": driver}), 422, "driver-unknown")


def test_should_refuse_a_driver_whom_energised_does_not_know(world: World) -> None:
    card_in_portal(world)
    refused = patch(world, {"driver_id": any_user(world, Role.DRIVER)})
    problem(refused, 422, "driver-not-in-energised")
    assert fields_at_fault(refused) == ["driver_id"]


def test_label_is_number_should_be_refused_by_the_name_of_the_field(
    world: World, event: Any
) -> None:
    card_in_portal(world)
    refused = answer(world, "charge_cards", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["label"]


def test_should_take_the_driver_away_with_null_and_leave_the_rest(world: World) -> None:
    card_in_portal(world)
    patch(world, {"driver_id": PEOPLE["driver"], "label": "Pool"})
    assert patch(world, {"driver_id": None}).json["driver"] is None
    held = world.energised.card(BLANK.energised_id)
    assert (held.contact_id, held.label) == (None, "Pool")


def test_should_tell_salesforce_a_vehicle_that_changed_alone(world: World) -> None:
    card_in_portal(world)
    changed = patch(world, {"vehicle": "OL-NW 99"})
    assert (changed.status, changed.json["vehicle"]) == (200, "OL-NW 99")
    world.run_for(300)
    assert asset(world)["CardVehicle__c"] == "OL-NW 99"
    assert not writes(world.energised)


def test_activate_should_switch_the_card_on_at_once(world: World, event: Any) -> None:
    card_in_portal(world)
    active = answer(world, "charge_cards", event)
    assert (active.status, active.json["active"]) == (200, True)
    assert world.energised.card(BLANK.energised_id).active is True


def test_activate_should_be_one_write_when_it_comes_twice(world: World, event: Any) -> None:
    card_in_portal(world)
    first, second = (answer(world, "charge_cards", event) for _ in range(2))
    assert (first.json["active"], second.json["active"]) == (True, True)
    world.pump()
    assert len(writes(world.energised)) == 1
    assert len(writes(world.salesforce)) == 1


def test_deactivate_should_switch_the_card_off_and_tell_salesforce(
    world: World, event: Any
) -> None:
    card_in_portal(world)
    world.call("POST", f"{CARD}/activate")
    world.pump()
    assert answer(world, "charge_cards", event).json["active"] is False
    world.pump()
    assert world.energised.card(BLANK.energised_id).active is False
    assert asset(world)["CardActive__c"] is False


def test_activate_should_respect_an_etag_that_is_sent(world: World, event: Any) -> None:
    card_in_portal(world)
    event["headers"]["if-match"] = '"9"'
    problem(answer(world, "charge_cards", event), 412, "card-changed")
    assert stored_card(world).active is False


def test_should_page_through_the_cards_and_refuse_a_foreign_cursor(world: World) -> None:
    made = [card_in_portal(world, number=n).id for n in range(1, 6)]
    card_in_portal(world, number=9, company=ELBE)
    first = world.call("GET", f"{CARDS}?limit=3").json
    rest = world.call("GET", f"{CARDS}?limit=3&cursor={first['next_cursor']}").json
    assert sorted(c["id"] for c in first["cards"] + rest["cards"]) == sorted(made)
    assert rest["next_cursor"] is None
    stolen = f"{CARDS}?cursor={first['next_cursor']}"
    problem(world.call("GET", stolen, "other-fleet-manager"), 400, "invalid-parameter")
    problem(world.call("GET", f"{CARDS}?cursor=%25%25"), 400, "invalid-parameter")


def test_should_let_an_agent_see_the_cards_of_a_named_company(world: World) -> None:
    card = card_in_portal(world)
    listed = world.call("GET", f"{CARDS}?company_id={card.company_id}", "service-agent")
    assert [c["id"] for c in listed.json["cards"]] == [card.id]
    assert world.call("GET", CARD, "service-agent").status == 200
