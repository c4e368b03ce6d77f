"""/v1/vehicles: a company's vehicles, and their names on cards."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.simulators.sample import ELBE
from tests.doubles.world import World
from tests.functions.given import IDS, card_in_portal, stored_card, vehicle
from tests.functions.portal import CARDS, answer, call_as, fields_at_fault, problem

VEHICLES = "/v1/vehicles"
VEHICLE = f"{VEHICLES}/{IDS['vehicle_id']}"
VIN = "WDB9066331S123456"


def add(world: World, key: str, user: str = "fleet-manager", **names: str) -> Any:
    """Create a vehicle."""
    return world.call("POST", VEHICLES, user, names, Idempotency_Key=key)


def change(world: World, path: str, **names: str) -> Any:
    """Change a vehicle, with the ETag that was just seen."""
    return world.call("PATCH", path, body=names, If_Match=world.call("GET", path).etag)


def give(world: World, body: Any) -> Any:
    """Put the first card into a vehicle."""
    path = f"{CARDS}/{stored_card(world).id}"
    return world.call("PATCH", path, body=body, If_Match="*")


def test_create_should_answer_with_the_vehicle(world: World, event: Any) -> None:
    made = answer(world, "vehicles", event)
    assert made.status == 201, made.text
    assert (made.json["plate"], made.json["vin"]) == ("OL-NW 17", VIN)
    assert world.call("GET", made.headers["Location"]).json == made.json
    assert world.call("GET", VEHICLES).json["vehicles"] == [made.json]


def test_create_should_make_one_when_it_comes_twice(world: World, event: Any) -> None:
    first = answer(world, "vehicles", event)
    assert answer(world, "vehicles", event).text == first.text
    event["headers"]["idempotency-key"] = "another"
    assert answer(world, "vehicles", event).json["id"] == first.json["id"]
    assert len(world.call("GET", VEHICLES).json["vehicles"]) == 1


@pytest.mark.parametrize("names", [{"plate": "ol-nw  17"}, {"vin": VIN, "label": "Other"}])
def test_should_refuse_a_plate_or_vin_that_is_anothers(world: World, names: dict[str, str]) -> None:
    add(world, "1", plate="OL-NW 17", vin=VIN)
    refused = add(world, "2", **names)
    problem(refused, 409, "vehicle-exists")
    assert fields_at_fault(refused)[0] in names
    assert add(world, "3", "other-fleet-manager", **names).status == 201


def test_should_let_a_plate_move_on_to_another_vehicle(world: World) -> None:
    old = add(world, "1", plate="OL-NW 17").headers["Location"]
    assert change(world, old, plate="OL-NW 18").status == 200
    new = add(world, "2", plate="OL-NW 17")
    assert new.status == 201
    refused = change(world, new.headers["Location"], plate="OL-NW 18")
    problem(refused, 409, "vehicle-exists")
    assert change(world, old, plate="", label="Pool").json["plate"] == ""
    assert change(world, new.headers["Location"], plate="OL-NW 18").status == 200
    assert world.call("DELETE", new.headers["Location"]).status == 204
    assert add(world, "3", plate="OL-NW 18").status == 201


@pytest.mark.parametrize(
    "names", [{}, {"vin": "IOQ"}, {"label": "x" * 41}, {"plate": "x" * 21}, {"color": "red"}]
)
def test_should_refuse_what_is_no_vehicle(world: World, names: dict[str, str]) -> None:
    problem(add(world, "1", **names), 422, "fields-invalid")


@pytest.mark.parametrize("hidden", ["\x1f", "\x0b", "\x85"])
def test_should_refuse_control_characters_though_python_takes_them_for_blanks(
    world: World, hidden: str
) -> None:
    refused = add(world, "1", plate=f"{hidden}OL-NW 17")
    assert (refused.status, fields_at_fault(refused)) == (422, ["plate"])


def test_should_pass_over_blanks_around_a_text(world: World) -> None:
    assert add(world, "1", plate="\u00a0 OL-NW 17\t").json["plate"] == "OL-NW 17"


def test_should_keep_a_name_of_a_vehicle(world: World) -> None:
    vehicle(world)
    problem(change(world, VEHICLE, label=""), 422, "fields-invalid")
    assert change(world, VEHICLE, label="", plate="OL 1").status == 200


def test_should_hide_vehicles_of_another_company(world: World) -> None:
    vehicle(world)
    for method in ("GET", "DELETE"):
        refused = world.call(method, VEHICLE, "other-fleet-manager")
        problem(refused, 404, "vehicle-not-found")
    assert world.call("GET", VEHICLES, "other-fleet-manager").json["vehicles"] == []
    assert world.call("GET", VEHICLE, "service-agent").status == 200


def test_should_refuse_a_stale_etag_and_a_second_removal(world: World) -> None:
    vehicle(world)
    change(world, VEHICLE, label="New")
    refused = world.call("PATCH", VEHICLE, body={"label": "X"}, If_Match='"1"')
    problem(refused, 412, "vehicle-changed")
    assert world.call("DELETE", VEHICLE).status == 204
    problem(world.call("DELETE", VEHICLE), 404, "vehicle-not-found")


def test_import_should_do_the_good_lines_and_be_silent_when_it_comes_again(
    world: World, event: Any
) -> None:
    first = answer(world, "vehicles", event)
    assert [li["outcome"] for li in first.json["lines"]] == ["created", "refused", "created"]
    assert [e["field"] for e in first.json["lines"][1]["errors"]] == ["vin"]
    event["headers"]["idempotency-key"] = "another"
    again = answer(world, "vehicles", event)
    assert [li["outcome"] for li in again.json["lines"]] == ["unchanged", "refused", "unchanged"]
    assert len(world.call("GET", VEHICLES).json["vehicles"]) == 2


def test_should_know_by_an_import_what_was_made_by_hand(world: World) -> None:
    made = add(world, "1", plate="OL-NW 17").json["id"]
    head = {"Content-Type": "text/csv", "Idempotency-Key": "any"}
    text = "plate;label\nOL-NW 17;\nOL-NW 18;Pool\n"
    path = f"{VEHICLES}/import?dry_run=true"
    report = call_as(world, PEOPLE["fleet-manager"], "POST", path, text, head).json["lines"]
    assert (report[0]["outcome"], report[0]["id"]) == ("unchanged", made)
    assert report[1]["outcome"] == "created"
    assert len(world.call("GET", VEHICLES).json["vehicles"]) == 1


def test_should_put_the_name_of_a_vehicle_on_a_card_and_keep_it_there(world: World) -> None:
    card_in_portal(world)
    vehicle(world, label="", plate="OL-NW 17")
    assert give(world, {"vehicle_id": IDS["vehicle_id"]}).json["vehicle"] == "OL-NW 17"
    world.call("DELETE", VEHICLE)
    assert stored_card(world).vehicle == "OL-NW 17"
    assert give(world, {"vehicle_id": None}).json["vehicle"] == ""
    assert give(world, {"vehicle": "any text"}).json["vehicle"] == "any text"


def test_should_put_no_vehicle_on_a_card_that_is_none_of_the_company(world: World) -> None:
    card_in_portal(world)
    vehicle(world, company_id(ELBE))
    both = {"vehicle_id": IDS["vehicle_id"], "vehicle": "x"}
    for body in ({"vehicle_id": IDS["vehicle_id"]}, {"vehicle_id": "none"}, both):
        refused = give(world, body)
        problem(refused, 422, "vehicle-unknown")
        assert fields_at_fault(refused) == ["vehicle_id"]
