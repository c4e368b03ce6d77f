"""/v1/charge-cards: who can get a card, and of whom the name is shown."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Role, User
from busbar.ports.store import Put
from infra.local.people import PEOPLE
from infra.simulators.sample import DRIVERS, ELBE
from tests.doubles.world import World
from tests.functions.given import (
    any_blank_card,
    any_user,
    card_in_portal,
    errands,
    ours,
    store,
    stored_card,
    sync,
)
from tests.functions.portal import CARDS, fields_at_fault, problem

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"
OF_ELBE = next(d for d in DRIVERS if d.company is ELBE)


def patch(world: World, body: dict[str, Any]) -> Any:
    """Change the card as it is now."""
    return world.call("PATCH", CARD, body=body, If_Match=world.call("GET", CARD).etag)


def change_user(world: World, user: str, **fields: Any) -> None:
    """Change our record of a sample user."""
    stored = store(world).get(User, PEOPLE[user])
    assert stored is not None
    store(world).commit(Put(stored.record.model_copy(update=fields)))


def shown(world: World) -> list[Any]:
    """The driver of the card, as the portal shows it on its own and in the list."""
    (listed,) = world.call("GET", CARDS).json["cards"]
    return [world.call("GET", CARD).json["driver"], listed["driver"]]


def test_should_refuse_a_driver_who_is_suspended(world: World) -> None:
    card_in_portal(world)
    change_user(world, "driver", suspended=True)
    refused = patch(world, {"driver_id": PEOPLE["driver"], "vehicle": "OL-NW 17"})
    problem(refused, 422, "driver-suspended")
    assert fields_at_fault(refused) == ["driver_id"]
    assert stored_card(world).vehicle == ""
    assert not world.energised.calls
    assert errands(world) == []
    change_user(world, "driver", suspended=False)
    assert patch(world, {"driver_id": PEOPLE["driver"]}).status == 200


@pytest.mark.parametrize("role", [r for r in Role if r not in {Role.DRIVER, Role.FLEET_MANAGER}])
def test_should_refuse_a_user_of_the_company_who_is_no_driver(world: World, role: Role) -> None:
    card_in_portal(world)
    user = any_user(world, role, energised_uuid=DRIVERS[2].energised_id)
    problem(patch(world, {"driver_id": user}), 422, "driver-unknown")
    assert not world.energised.calls


def test_should_show_the_driver_by_id_and_name(world: World) -> None:
    card_in_portal(world)
    changed = patch(world, {"driver_id": PEOPLE["driver"]})
    driver = {"id": PEOPLE["driver"], "name": DRIVERS[0].name}
    assert [changed.json["driver"], *shown(world)] == [driver] * 3


def test_should_not_show_who_drives_for_another_company(world: World) -> None:
    # A clerk gave the card to somebody else's driver: that it is given is all the portal may know.
    user = User(
        id="elbe-driver",
        role=Role.DRIVER,
        name=OF_ELBE.name,
        company_id=ELBE.reference.removeprefix("BBCU"),
        energised_uuid=OF_ELBE.energised_id,
    )
    store(world).commit(Put(user))
    card_in_portal(world, holder_uuid=OF_ELBE.energised_id, driver_id=user.id)
    for driver in shown(world):
        assert driver is not None
        assert (driver["id"], driver["name"]) == (None, None)
    for path in (CARD, CARDS):
        text = world.call("GET", path).text
        assert OF_ELBE.name not in text
        assert user.id not in text


def test_should_not_show_a_driver_who_has_left_the_company(world: World) -> None:
    card_in_portal(world)
    patch(world, {"driver_id": PEOPLE["driver"]})
    change_user(world, "driver", company_id=ELBE.reference.removeprefix("BBCU"))
    for driver in shown(world):
        assert (driver["id"], driver["name"]) == (None, None)
    assert DRIVERS[0].name not in world.call("GET", CARD).text


def test_should_show_no_id_and_no_name_of_a_holder_who_is_none_of_our_users(world: World) -> None:
    card_in_portal(world)
    world.energised.change_card(BLANK.energised_id, contact_id=DRIVERS[2].energised_id)
    world.clock.advance(120)
    sync(world)
    for driver in shown(world):
        assert (driver["id"], driver["name"]) == (None, None)
