"""GET /v1/my/charge-cards: the driver's own cards, no others."""

from __future__ import annotations

from typing import Any

from busbar.domain.customers import Role
from infra.local.people import PEOPLE
from infra.simulators.sample import DRIVERS, ELBE
from tests.doubles.world import World
from tests.functions.given import any_user, card_in_portal
from tests.functions.portal import CARDS, Claims, answer, call_as, problem
from tests.functions.wallbox_given import assigned, ordered, owned_by
from tests.functions.wallbox_world import wallbox_world

MINE = "/v1/my/charge-cards"
DRIVER, SECOND = (d.energised_id for d in DRIVERS[:2])


def shown(world: World, user: str = "driver") -> list[str]:
    """The ids of the cards that a driver sees."""
    return [c["id"] for c in world.call("GET", MINE, user).json["cards"]]


def test_driver_should_see_the_cards_bound_to_his_energised_uuid_and_no_others(
    world: World, event: Any
) -> None:
    mine = card_in_portal(world, number=1, holder_uuid=DRIVER)
    card_in_portal(world, number=2, holder_uuid=SECOND)
    card_in_portal(world, number=3)
    listed = answer(world, "my_charge_cards", event)
    assert listed.status == 200
    assert [c["id"] for c in listed.json["cards"]] == [mine.id]
    assert shown(world, "second-driver") != [mine.id]


def test_driver_should_not_be_shown_who_pays_or_whose_the_card_is(world: World, event: Any) -> None:
    card_in_portal(world, holder_uuid=DRIVER)
    (card,) = answer(world, "my_charge_cards", event).json["cards"]
    shown_of_it = {"id", "number", "purpose", "label", "vehicle", "active", "blocked"}
    assert set(card) == shown_of_it


def test_driver_should_not_see_a_card_before_it_is_delivered(world: World, event: Any) -> None:
    card_in_portal(world, holder_uuid=DRIVER, in_portal_since=None)
    assert answer(world, "my_charge_cards", event).json["cards"] == []


def test_service_agent_should_be_refused(world: World, event: Any) -> None:
    problem(answer(world, "my_charge_cards", event), 403, "forbidden")


def test_should_follow_when_the_card_is_given_to_another_driver(world: World) -> None:
    card = card_in_portal(world)
    path = f"{CARDS}/{card.id}"
    for user in ("driver", "second-driver"):
        tag = world.call("GET", path).etag
        world.call("PATCH", path, body={"driver_id": PEOPLE[user]}, If_Match=tag)
        assert shown(world, user) == [card.id]
    assert shown(world, "driver") == []


def test_should_see_own_cards_of_another_company_too(world: World) -> None:
    card = card_in_portal(world, company=ELBE, holder_uuid=DRIVER)
    assert shown(world) == [card.id]


def test_should_show_nothing_to_a_user_whom_energised_does_not_know(world: World) -> None:
    card_in_portal(world, holder_uuid=None)
    owner = any_user(world, Role.WALLBOX_OWNER, company_id=None)
    assert call_as(world, owner, "GET", MINE).json == {"cards": []}


def test_should_take_the_uuid_from_our_record_never_from_the_token(world: World) -> None:
    card_in_portal(world, holder_uuid=DRIVER)
    forged: Claims = {"energised_uuid": DRIVER, "custom:energised_uuid": DRIVER}
    answered = call_as(world, PEOPLE["second-driver"], "GET", MINE, claims=forged)
    assert answered.json == {"cards": []}


def test_should_never_call_an_outside_system(world: World) -> None:
    card_in_portal(world, holder_uuid=DRIVER)
    shown(world)
    assert not world.energised.calls
    assert not world.salesforce.calls


# --- cards that he has ordered for himself -------------------------------------------------------


def test_should_see_own_cards_beside_those_of_the_fleet() -> None:
    world = wallbox_world()
    fleet = card_in_portal(world, holder_uuid=DRIVER)
    assigned(world, ordered(world))
    mine = world.call("GET", MINE, "driver").json["cards"]
    purposes = {card["id"]: card["purpose"] for card in mine}
    assert purposes.pop(fleet.id) == "fleet"
    assert sorted(purposes.values()) == ["private_card", "refund_card"]


def test_should_see_own_cards_without_any_fleet() -> None:
    world = wallbox_world()
    owner = any_user(world, Role.WALLBOX_OWNER, company_id=None)
    owned_by(world, owner)
    mine = call_as(world, owner, "GET", MINE).json["cards"]
    assert {card["purpose"] for card in mine} == {"private_card", "refund_card"}
    assert shown(world, "driver") == []
