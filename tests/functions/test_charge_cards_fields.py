"""PATCH /v1/charge-cards/{card_id}: every field is looked at; lists carry what a change needs."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.people import PEOPLE
from tests.doubles.world import Reply, World
from tests.functions.given import any_blank_card, card_in_portal, ours, stored_card
from tests.functions.portal import CARDS, fields_at_fault, problem

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"


@pytest.fixture(autouse=True)
def _card(world: World) -> None:
    card_in_portal(world)


def patch(world: World, body: Any) -> Reply:
    """Change the card as it was when it came into the portal."""
    return world.call("PATCH", CARD, body=body, If_Match='"1"')


def held_at(world: World, body: Any, field: str) -> None:
    """The change is refused by the name of the field, and nothing is wanted."""
    before = stored_card(world)
    refused = patch(world, body)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == [field]
    assert stored_card(world) == before
    assert not world.energised.calls


@pytest.mark.parametrize("name", ["active", "number", "blocked", "driver", "Label", "etag"])
def test_should_refuse_a_field_that_cannot_be_changed_here_by_its_name(
    world: World, name: str
) -> None:
    held_at(world, {"label": "Pool", name: "any"}, name)


@pytest.mark.parametrize(("field", "longest"), [("label", 80), ("vehicle", 40)])
def test_should_take_the_longest_text_and_no_longer_one(
    world: World, field: str, longest: int
) -> None:
    held_at(world, {field: "x" * (longest + 1)}, field)
    changed = patch(world, {field: "ß" * longest})
    assert (changed.status, changed.json[field]) == (200, "ß" * longest)


def test_should_refuse_a_driver_id_that_is_too_long(world: World) -> None:
    held_at(world, {"driver_id": "x" * 65}, "driver_id")


@pytest.mark.parametrize("field", ["label", "vehicle", "driver_id"])
@pytest.mark.parametrize(
    "text", ['"\\ud800"', '"a\\udfffb"', '"a\\u0000"', '"a\\nb"', "7", "true", "[]", "{}"]
)
def test_should_refuse_what_is_no_line_of_text(world: World, field: str, text: str) -> None:
    held_at(world, f'{{"{field}":{text}}}', field)


@pytest.mark.parametrize("field", ["label", "vehicle"])
def test_should_refuse_null_where_only_a_text_can_stand(world: World, field: str) -> None:
    held_at(world, {field: None}, field)


@pytest.mark.parametrize("driver", ["", " ", "x" * 64, "0b5e#x", "ä"])
def test_should_refuse_a_driver_id_of_nobody(world: World, driver: str) -> None:
    refused = patch(world, {"driver_id": driver})
    problem(refused, 422, "driver-unknown")
    assert fields_at_fault(refused) == ["driver_id"]


def test_should_take_blanks_around_a_text_away(world: World) -> None:
    changed = patch(world, {"label": "  Pool 7 ", "vehicle": "\tOL-NW 5 "})
    assert (changed.json["label"], changed.json["vehicle"]) == ("Pool 7", "OL-NW 5")
    assert world.energised.card(BLANK.energised_id).label == "Pool 7"


def test_should_carry_an_etag_in_the_list_with_which_the_card_can_be_changed(world: World) -> None:
    card_in_portal(world, number=2)
    for card in world.call("GET", CARDS).json["cards"]:
        path = f"{CARDS}/{card['id']}"
        one = world.call("GET", path)
        assert card["etag"] == one.etag == one.json["etag"]
        changed = world.call("PATCH", path, body={"label": "neu"}, If_Match=card["etag"])
        assert changed.status == 200
        assert changed.json["etag"] == changed.etag != card["etag"]
        again = world.call("PATCH", path, body={"label": "alt"}, If_Match=card["etag"])
        problem(again, 412, "card-changed")
    listed = {c["id"]: c["etag"] for c in world.call("GET", CARDS).json["cards"]}
    assert listed == {i: world.call("GET", f"{CARDS}/{i}").etag for i in listed}


def test_should_do_nothing_for_an_empty_change(world: World) -> None:
    changed = patch(world, {})
    assert (changed.status, changed.etag) == (200, '"1"')
    assert not world.energised.calls


def test_should_refuse_all_of_a_change_when_one_field_is_wrong(world: World) -> None:
    body = {"driver_id": PEOPLE["driver"], "label": "Pool", "vehicle": "x" * 41}
    held_at(world, body, "vehicle")
    assert world.energised.card(BLANK.energised_id).contact_id is None
