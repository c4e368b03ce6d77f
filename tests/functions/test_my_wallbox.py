"""GET /v1/my/wallbox and what is sent of it: the driver's own wallboxes, no others."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Role
from busbar.domain.wallbox_assets import Review
from infra.local.people import PEOPLE
from tests.doubles.world import World
from tests.functions.given import any_user, owned_wallbox
from tests.functions.portal import answer, call_as, fields_at_fault, problem
from tests.functions.wallbox_given import BOXES, assigned, ordered, our_wallbox, wallbox
from tests.functions.wallbox_owner import (
    MINE,
    PDF,
    PROOF,
    TARIFF,
    any_tariff,
    changed,
    form,
    mine,
    owned,
    prove,
    set_tariff,
    upload,
)
from tests.functions.wallbox_world import wallbox_world


@pytest.fixture
def world() -> World:
    return wallbox_world()


# --- what is shown -----------------------------------------------------------------------------


def test_driver_should_see_his_wallboxes_and_no_others(world: World, event: Any) -> None:
    owned(world)
    owned(world, 1, "second-driver")
    shown = answer(world, "my_wallbox", event)
    assert shown.status == 200
    (one,) = shown.json["wallboxes"]
    assert (one["id"], one["serial_number"]) == (our_wallbox(), BOXES[0].serial_number)
    assert one["joined"]
    assert (one["tariff"], one["proof"], one["review"], one["refused_upload"]) == (None,) * 4


def test_driver_should_see_none_before_one_is_assigned(world: World, event: Any) -> None:
    assert answer(world, "my_wallbox", event).json == {"wallboxes": []}


def test_service_agent_should_be_refused(world: World, event: Any) -> None:
    problem(answer(world, "my_wallbox", event), 403, "forbidden")


@pytest.mark.parametrize("role", [Role.DRIVER, Role.FLEET_MANAGER, Role.WALLBOX_OWNER])
def test_should_show_it_to_whoever_may_have_one(world: World, role: Role) -> None:
    sub = any_user(world, role)
    owned_wallbox(world, sub)
    assert len(call_as(world, sub, "GET", MINE).json["wallboxes"]) == 1


def test_should_follow_an_order_to_the_wallbox_that_was_assigned(world: World) -> None:
    order = ordered(world)
    assigned(world, order)
    shown = mine(world)
    assert (shown["order_id"], shown["joined"]) == (order.id, True)


@pytest.mark.parametrize(
    ("fields", "awaited"),
    [
        ({"joined": False}, ["join", "tariff", "proof"]),
        ({}, ["tariff", "proof"]),
        ({"review": Review.TO_REVIEW}, ["tariff", "review"]),
        ({"review": Review.RETURNED}, ["tariff", "proof"]),
        ({"review": Review.APPROVED}, ["tariff"]),
    ],
)
def test_should_say_what_is_awaited(
    world: World, fields: dict[str, Any], awaited: list[str]
) -> None:
    owned(world, **fields)
    assert [one["what"] for one in mine(world)["awaited"]] == awaited


def test_should_say_in_german_that_a_person_looks_for_the_station(world: World) -> None:
    owned(world, joined=False, station_id=None, waiting_for="task:serial_number_unknown")
    join = mine(world)["awaited"][0]
    assert join == {"what": "join", "text": "Die Wallbox wird von unserem Service geprüft."}


def test_should_show_why_a_proof_was_given_back(world: World) -> None:
    owned(world)
    prove(world)
    changed(world, review=Review.RETURNED, review_reason="Das Typenschild fehlt")
    shown = mine(world)
    assert shown["review"] == {
        "state": "returned",
        "text": "Zurückgegeben",
        "reason": "Das Typenschild fehlt",
    }
    again = {"what": "proof", "text": "Bitte laden Sie einen neuen Installationsnachweis hoch."}
    assert again in shown["awaited"]


def test_should_show_no_key_of_a_file(world: World) -> None:
    owned(world)
    prove(world)
    assert "proofs/" not in world.call("GET", MINE, "driver").text


# --- the tariff --------------------------------------------------------------------------------


def test_tariff_should_be_kept_at_once_and_told_to_the_systems(world: World, event: Any) -> None:
    owned(world)
    kept = answer(world, "my_wallbox", event)
    assert kept.status == 202
    assert kept.json["tariff"] == {**any_tariff(), "unit": "ct/kWh"}
    assert {told["state"] for told in kept.json["systems"]} == {"pending"}
    world.pump()
    assert {told["state"] for told in mine(world)["systems"]} == {"done"}


def test_negative_price_should_be_refused_by_its_field(world: World, event: Any) -> None:
    owned(world)
    refused = answer(world, "my_wallbox", event)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["unit_price"]
    assert wallbox(world).tariff is None


def test_other_wallbox_should_be_answered_as_if_there_were_none(world: World, event: Any) -> None:
    owned(world)
    problem(answer(world, "my_wallbox", event), 404, "wallbox-not-found")
    assert wallbox(world).tariff is None


# --- which wallbox is meant --------------------------------------------------------------------


@pytest.mark.parametrize(("method", "path"), [("PUT", TARIFF), ("POST", PROOF)])
def test_should_want_to_know_which_one_of_several(world: World, method: str, path: str) -> None:
    owned(world)
    owned(world, 1)
    body = any_tariff() if method == "PUT" else None
    refused = world.call(method, path, "driver", body)
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["wallbox_id"]
    named = {**(body or {}), "wallbox_id": our_wallbox(1)}
    assert world.call(method, path, "driver", named).status in {200, 202}


@pytest.mark.parametrize(("method", "path"), [("PUT", TARIFF), ("POST", PROOF)])
def test_should_answer_404_to_who_has_none(world: World, method: str, path: str) -> None:
    body = any_tariff() if method == "PUT" else None
    problem(world.call(method, path, "driver", body), 404, "wallbox-not-found")


@pytest.mark.parametrize("wallbox_id", ["", "any", 7, "F6100BA4YESF", None])
def test_should_name_the_field_of_an_id_that_is_none(world: World, wallbox_id: Any) -> None:
    owned(world)
    kept = set_tariff(world, wallbox_id=wallbox_id)
    if wallbox_id is None:
        assert kept.status == 202
    else:
        assert fields_at_fault(kept) == ["wallbox_id"]


# --- the form for a proof ----------------------------------------------------------------------


def test_proof_form_should_take_a_file_up_to_the_limit_under_one_key(
    world: World, event: Any
) -> None:
    owned(world)
    given = answer(world, "my_wallbox", event).json
    assert given["wallbox_id"] == our_wallbox()
    assert given["largest"] == 10 * 1024 * 1024
    assert given["fields"]["key"].startswith(f"uploads/demo/{our_wallbox()}/")
    sizes = {0: 400, 1: 204, given["largest"]: 204, given["largest"] + 1: 400}
    found = {size: world.files.upload(given, b"x" * size) for size in sizes}
    assert found == sizes
    assert world.files.upload(given, PDF, key="proofs/demo/any") == 403


def test_proof_form_should_be_good_for_ten_minutes(world: World, event: Any) -> None:
    owned(world)
    given = answer(world, "my_wallbox", event).json
    world.clock.advance(599)
    assert world.files.upload(given, PDF) == 204
    world.clock.advance(1)
    assert world.files.upload(given, PDF) == 403


def test_should_give_another_form_each_time(world: World) -> None:
    owned(world)
    assert form(world)["fields"]["key"] != form(world)["fields"]["key"]


def test_should_give_no_form_once_the_installation_is_approved(world: World) -> None:
    owned(world, review=Review.APPROVED)
    problem(world.call("POST", PROOF, "driver"), 409, "proof-approved")


# --- the link to a proof -----------------------------------------------------------------------


def test_proof_link_should_save_the_file_under_a_name_of_ours(world: World, event: Any) -> None:
    owned(world)
    prove(world)
    link = answer(world, "my_wallbox", event)
    assert link.status == 200
    content, kind, disposition = world.files.follow(link.json["url"])
    assert (content, kind) == (PDF, "application/pdf")
    assert disposition == 'attachment; filename="installationsnachweis.pdf"'


def test_should_give_a_link_for_five_minutes(world: World) -> None:
    owned(world)
    prove(world)
    url = world.call("GET", mine(world)["proof"]["link"], "driver").json["url"]
    world.clock.advance(299)
    world.files.follow(url)
    world.clock.advance(1)
    with pytest.raises(AssertionError, match="too old"):
        world.files.follow(url)


@pytest.mark.parametrize(
    ("user", "status"),
    [
        ("driver", 200),
        ("second-driver", 404),
        ("fleet-manager", 404),
        ("service-agent", 200),
        ("operator", 200),
        ("machine", 403),
    ],
)
def test_should_show_a_proof_to_its_driver_and_to_staff_alone(
    world: World, user: str, status: int
) -> None:
    owned(world)
    prove(world)
    assert world.call("GET", mine(world)["proof"]["link"], user).status == status


def test_should_answer_404_while_there_is_no_proof(world: World) -> None:
    owned(world)
    path = f"/v1/wallboxes/{our_wallbox()}/proof"
    problem(world.call("GET", path, "driver"), 404, "proof-not-found")
    upload(world)  # not judged yet
    problem(world.call("GET", path, "driver"), 404, "proof-not-found")


@pytest.mark.parametrize("wallbox_id", ["F6100BA4YESFC", "any"])
def test_should_answer_404_where_there_is_no_such_wallbox(world: World, wallbox_id: str) -> None:
    path = f"/v1/wallboxes/{wallbox_id}/proof"
    problem(world.call("GET", path, "operator"), 404, "wallbox-not-found")


def test_should_not_ask_s3_for_any_of_it(world: World) -> None:
    owned(world)
    prove(world)
    world.files.is_down = True
    link = mine(world)["proof"]["link"]
    assert world.call("GET", link, "driver").status == 200
    assert world.call("POST", PROOF, "driver").status == 200


def test_should_know_the_driver_by_the_token_and_not_by_what_he_says(world: World) -> None:
    owned(world)
    refused = call_as(world, PEOPLE["second-driver"], "PUT", TARIFF, {**any_tariff(), "user_id": 1})
    assert fields_at_fault(refused) == ["user_id"]
