"""/v1/users: who may do what for whom; invitation, suspension, removal, import."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.authorisation import MAY_GIVE
from busbar.domain.cards import ChargeCard
from busbar.domain.customers import Role, User
from busbar.ports.store import Save
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.simulators.sample import DRIVERS, ELBE
from tests.doubles.world import World
from tests.functions.given import (
    NORDWIND_ID,
    any_blank_card,
    any_user,
    card_in_portal,
    errands,
    store,
    stored_card,
)
from tests.functions.portal import CARDS, answer, call_as, fields_at_fault, problem
from tests.functions.wallbox_given import PRIVATE_CARD, REFUND_CARD, card_there, owned_by
from tests.functions.wallbox_world import wallbox_world

USERS = "/v1/users"
KEY = {"Idempotency-Key": "any"}
CSV = {"Content-Type": "text/csv", **KEY}
DRIVER = PEOPLE["driver"]
UUID = DRIVERS[0].energised_id
ELBE_ID = company_id(ELBE)
STAFF = {Role.SERVICE_AGENT, Role.OPERATOR, Role.MACHINE, Role.PARTNER}
MACHINE = {"scope": "busbar/machine"}


def body(role: Role = Role.DRIVER, **fields: Any) -> dict[str, Any]:
    """A good invitation."""
    company = {} if role in STAFF else {"company_id": NORDWIND_ID}
    return {"sub": "any-new", "role": role, "name": "Any", **company, **fields}


def invite(world: World, who: str = "service-agent", **fields: Any) -> Any:
    """Invite somebody."""
    return world.call("POST", USERS, who, body(**fields), Idempotency_Key=str(fields))


def patch(world: World, user: str, change: Any, who: str = "operator") -> Any:
    """Change a user, with the ETag that was just seen."""
    path = f"{USERS}/{user}"
    return world.call("PATCH", path, who, change, If_Match=world.call("GET", path, who).etag)


def given_card(world: World, number: int = 1, **fields: Any) -> ChargeCard:
    """A card that the driver holds, everywhere."""
    card = card_in_portal(world, number, holder_uuid=UUID, driver_id=DRIVER, **fields)
    world.energised.change_card(any_blank_card(number).energised_id, contact_id=UUID)
    return card


def holder(world: World, number: int = 1) -> str | None:
    """Who holds a card in be.ENERGISED."""
    return world.energised.card(any_blank_card(number).energised_id).contact_id


# --- invitation --------------------------------------------------------------------------------


def test_invite_should_let_the_manager_in_with_his_next_request(world: World, event: Any) -> None:
    sub = "5f2c1e80-0000-4000-8000-000000000001"
    problem(call_as(world, sub, "GET", CARDS), 403, "forbidden")
    made = answer(world, "users", event)
    assert made.status == 201, made.text
    assert (made.json["role"], made.json["waiting_for"]) == ("fleet_manager", None)
    assert call_as(world, sub, "GET", CARDS).status == 200


def test_driver_should_follow_into_energised_below_his_company(world: World, event: Any) -> None:
    made = answer(world, "users", event)
    assert made.status == 201, made.text
    assert made.json["company_id"] == NORDWIND_ID
    assert made.json["waiting_for"] == "contact_in_energised"
    world.pump()
    shown = world.call("GET", made.headers["Location"], "service-agent").json
    contact = world.energised.backend.contacts[shown["energised_contact_id"]]
    assert (contact.name, contact.company_id) == ("Dora Driver", world_nordwind(world))
    assert shown["waiting_for"] is None
    known = store(world).internal_id("user", "energised", contact.id)
    assert known == shown["id"]


def world_nordwind(world: World) -> str | None:
    """Nordwind's contact."""
    return store(world).external_id("company", NORDWIND_ID, "energised")


def test_driver_should_be_one_when_he_comes_twice(world: World, event: Any) -> None:
    first = answer(world, "users", event)
    assert answer(world, "users", event).text == first.text
    event["headers"]["idempotency-key"] = "another"
    assert answer(world, "users", event).json["id"] == first.json["id"]
    world.pump()
    assert sum(c.name == "Dora Driver" for c in world.energised.backend.contacts.values()) == 1


@pytest.mark.parametrize("giver", Role)
def test_should_let_each_role_give_what_is_its_to_give(world: World, giver: Role) -> None:
    company = NORDWIND_ID if giver not in STAFF else None
    sub = any_user(world, giver, company)
    for number, role in enumerate(Role):
        sent = body(role, sub=f"new-{role}")
        head = {"Idempotency-Key": str(number)}
        made = call_as(world, sub, "POST", USERS, sent, head, claims=MACHINE)
        if role in MAY_GIVE.get(giver, ()):
            assert made.status == 201, made.text
        else:
            slug = "role-not-yours" if giver in MAY_GIVE else "forbidden"
            problem(made, 403, slug)


def test_should_say_who_may_give_which_role() -> None:
    every = set(Role)
    assert MAY_GIVE[Role.OPERATOR] == every
    assert MAY_GIVE[Role.SERVICE_AGENT] == every - {Role.OPERATOR, Role.MACHINE}
    assert MAY_GIVE[Role.MACHINE] == {Role.FLEET_MANAGER, Role.DRIVER, Role.WALLBOX_OWNER}
    assert MAY_GIVE[Role.FLEET_MANAGER] == {Role.DRIVER}
    assert len(MAY_GIVE) == 4


@pytest.mark.parametrize(
    ("fields", "slug"),
    [
        ({"company_id": "0000000000000"}, "company-unknown"),
        ({"role": Role.OPERATOR, "company_id": NORDWIND_ID}, "company-unfit"),
        ({"company_id": None}, "company-unfit"),
        ({"sub": "a#b"}, "fields-invalid"),
        ({"sub": "x" * 129}, "fields-invalid"),
        ({"role": "king"}, "fields-invalid"),
        ({"name": ""}, "fields-invalid"),
        ({"name": "x" * 81}, "fields-invalid"),
        ({"email": "none"}, "fields-invalid"),
        ({"suspended": False}, "fields-invalid"),
        ({"password": "secret"}, "fields-invalid"),
    ],
)
def test_should_refuse_an_invitation_by_the_field_at_fault(
    world: World, fields: dict[str, Any], slug: str
) -> None:
    refused = world.call("POST", USERS, "operator", {**body(), **fields}, Idempotency_Key="any")
    problem(refused, 422, slug)
    assert fields_at_fault(refused)[0] in {*fields, "company_id"}
    assert store(world).get(User, "any-new") is None


def test_should_not_let_a_manager_invite_for_another_company(world: World) -> None:
    refused = invite(world, "fleet-manager", company_id=ELBE_ID)
    problem(refused, 422, "company-unknown")


def test_should_refuse_a_sub_that_is_a_user_of_others_without_saying_whose(world: World) -> None:
    refused = invite(world, "fleet-manager", sub=PEOPLE["other-fleet-manager"])
    problem(refused, 409, "user-exists")
    assert ELBE_ID not in refused.text
    assert fields_at_fault(refused) == ["sub"]


def test_should_bind_the_contact_that_is_given_and_none_that_is_anothers(world: World) -> None:
    problem(invite(world, energised_contact_id=UUID), 409, "bound-elsewhere")
    made = invite(world, energised_contact_id=DRIVERS[2].energised_id)
    assert made.json["energised_contact_id"] == DRIVERS[2].energised_id
    assert made.json["waiting_for"] is None
    assert errands(world) == []


# --- what is seen and changed ------------------------------------------------------------------


def test_should_list_the_users_of_a_company_and_the_staff(world: World) -> None:
    mine = {u["id"] for u in world.call("GET", USERS).json["users"]}
    assert mine == {PEOPLE["fleet-manager"], DRIVER, PEOPLE["second-driver"]}
    staff = {u["id"] for u in world.call("GET", USERS, "operator").json["users"]}
    assert staff == {PEOPLE[name] for name in ("service-agent", "operator", "machine")}
    named = world.call("GET", f"{USERS}?company_id={NORDWIND_ID}", "service-agent").json["users"]
    assert {u["id"] for u in named} == mine


@pytest.mark.parametrize("user", ["x" * 129, "x" * 3000, "any one", "any*"])
def test_should_know_no_user_whom_no_token_could_name(world: World, user: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        told = world.call(method, f"{USERS}/{user}", "operator", {}, If_Match="*")
        problem(told, 404, "user-not-found")


def test_should_hide_users_of_others_and_staff_from_a_manager(world: World) -> None:
    for user in ("other-fleet-manager", "operator"):
        for method in ("GET", "DELETE"):
            refused = world.call(method, f"{USERS}/{PEOPLE[user]}")
            problem(refused, 404, "user-not-found")


def test_should_not_let_a_manager_change_or_remove_a_manager(world: World) -> None:
    colleague = any_user(world, Role.FLEET_MANAGER)
    path = f"{USERS}/{colleague}"
    problem(world.call("DELETE", path), 403, "role-not-yours")
    problem(world.call("PATCH", path, body={"name": "X"}, If_Match="*"), 403, "role-not-yours")


def test_should_not_let_an_agent_touch_or_make_an_operator(world: World) -> None:
    problem(
        world.call("DELETE", f"{USERS}/{PEOPLE['operator']}", "service-agent"),
        403,
        "role-not-yours",
    )
    problem(patch(world, DRIVER, {"role": "operator"}, "service-agent"), 403, "role-not-yours")


def test_should_keep_roles_and_companies_together(world: World) -> None:
    problem(patch(world, DRIVER, {"role": "operator"}), 422, "company-unfit")
    agent = PEOPLE["service-agent"]
    problem(patch(world, agent, {"role": "fleet_manager"}), 422, "company-unfit")
    assert patch(world, DRIVER, {"role": "fleet_manager"}).json["role"] == "fleet_manager"


def test_should_write_nothing_for_a_change_that_is_none(world: World) -> None:
    before = dict(world.table.items)
    assert patch(world, DRIVER, {"name": DRIVERS[0].name}).status == 200
    assert world.table.items == before


def test_should_refuse_a_change_without_etag_and_with_a_stale_one(world: World) -> None:
    path = f"{USERS}/{DRIVER}"
    problem(world.call("PATCH", path, body={"name": "X"}), 428, "if-match-missing")
    patch(world, DRIVER, {"name": "New"})
    refused = world.call("PATCH", path, body={"name": "X"}, If_Match='"1"')
    problem(refused, 412, "user-changed")
    problem(world.call("DELETE", path, If_Match='"1"'), 412, "user-changed")


# --- the end of access -------------------------------------------------------------------------


def test_suspend_should_end_access_at_once_and_take_the_cards(world: World, event: Any) -> None:
    given_card(world)
    assert call_as(world, DRIVER, "GET", "/v1/my/charge-cards").json["cards"]
    suspended = answer(world, "users", event)
    assert suspended.json["waiting_for"] == "cards_taken_back"
    problem(call_as(world, DRIVER, "GET", "/v1/my/charge-cards"), 403, "forbidden")
    world.run_for(180)
    assert holder(world) is None
    assert (stored_card(world).holder_uuid, stored_card(world).driver_id) == (None, None)
    shown = world.call("GET", f"{USERS}/{DRIVER}").json
    assert (shown["waiting_for"], shown["suspended"]) == (None, True)
    assert errands(world) == []
    back = patch(world, DRIVER, {"suspended": False}, "service-agent")
    assert (back.status, back.json["energised_contact_id"]) == (200, UUID)
    assert call_as(world, DRIVER, "GET", "/v1/my/charge-cards").json == {"cards": []}


def test_should_leave_a_user_the_cards_that_are_his_own_when_his_access_ends() -> None:
    world = wallbox_world()
    owner = any_user(world, Role.WALLBOX_OWNER, company_id=None)
    contact = owned_by(world, owner)
    stored = store(world).get(User, owner)
    assert stored
    known = stored.record.model_copy(update={"energised_uuid": contact})
    store(world).commit(Save(known, stored))
    assert patch(world, owner, {"suspended": True}, "operator").status in {200, 202}
    world.run_for(180)
    cards = [card_there(world, purpose) for purpose in (PRIVATE_CARD, REFUND_CARD)]
    assert [card.contact_id for card in cards] == [contact, contact]
    assert errands(world) == []


def test_should_end_access_at_once_and_leave_nothing_when_a_user_is_removed(world: World) -> None:
    for number in (1, 2):
        given_card(world, number)
    assert world.call("DELETE", f"{USERS}/{DRIVER}").status == 204
    problem(call_as(world, DRIVER, "GET", "/v1/my/charge-cards"), 403, "forbidden")
    problem(world.call("GET", f"{USERS}/{DRIVER}"), 404, "user-not-found")
    world.run_for(180)
    assert [holder(world, n) for n in (1, 2)] == [None, None]
    assert store(world).internal_id("user", "energised", UUID) is None
    assert store(world).external_id("user", DRIVER, "energised") is None
    left = store(world).get(User, DRIVER)
    assert left
    assert (left.record.name, left.record.email, left.record.waiting_for) == ("", "", None)
    assert errands(world) == []
    cards = world.call("GET", CARDS).json["cards"]
    assert [c["driver"] for c in cards] == [None, None]


def test_should_not_show_a_removed_driver_as_one(world: World) -> None:
    given_card(world)
    world.call("DELETE", f"{USERS}/{DRIVER}")
    shown = world.call("GET", CARDS).json["cards"][0]["driver"]
    assert shown == {"id": None, "name": None}
    refused = world.call(
        "PATCH", f"{CARDS}/{stored_card(world).id}", body={"driver_id": DRIVER}, If_Match="*"
    )
    problem(refused, 422, "driver-unknown")


def test_should_take_a_card_that_was_just_on_its_way_to_him(world: World) -> None:
    card = card_in_portal(world)
    world.energised.is_down = True
    pending = world.call("PATCH", f"{CARDS}/{card.id}", body={"driver_id": DRIVER}, If_Match='"1"')
    assert pending.status == 202
    world.call("DELETE", f"{USERS}/{DRIVER}")
    world.pump()
    world.energised.is_down = False
    world.run_for(900)
    assert holder(world) is None
    assert world.call("GET", CARDS).json["cards"][0]["driver"] is None


def test_should_take_a_card_that_a_slow_worker_gave_him_after_the_first_look(world: World) -> None:
    world.call("DELETE", f"{USERS}/{DRIVER}")
    world.pump()
    given_card(world)  # by a worker that had read the user before
    world.run_for(180)
    assert holder(world) is None


def test_should_let_a_removed_user_come_again_when_his_cards_are_gone(world: World) -> None:
    given_card(world)
    world.call("DELETE", f"{USERS}/{DRIVER}")
    back = {"sub": DRIVER, "name": "Back", "company_id": ELBE_ID}
    problem(invite(world, **back), 409, "user-still-leaving")
    world.run_for(180)
    assert invite(world, **back).status == 201
    world.pump()
    shown = world.call("GET", f"{USERS}/{DRIVER}", "service-agent").json
    assert shown["energised_contact_id"] not in {None, UUID}
    assert holder(world) is None


def test_should_refuse_the_removed_and_suspended_even_where_they_had_every_right(
    world: World,
) -> None:
    agent = PEOPLE["service-agent"]
    assert call_as(world, agent, "GET", USERS).status == 200
    patch(world, agent, {"suspended": True})
    problem(call_as(world, agent, "GET", USERS), 403, "forbidden")
    world.call("DELETE", f"{USERS}/{agent}", "operator")
    problem(call_as(world, agent, "GET", USERS), 403, "forbidden")


# --- import ------------------------------------------------------------------------------------


def test_import_should_invite_drivers_and_refuse_other_roles(world: World, event: Any) -> None:
    report = answer(world, "users", event)
    assert report.status == 200, report.text
    lines = [(li["line"], li["outcome"]) for li in report.json["lines"]]
    assert lines == [(2, "created"), (3, "refused")]
    assert report.json["lines"][1]["errors"][0]["field"] == "role"
    event["headers"]["idempotency-key"] = "another"
    world.run_for(120)
    again = answer(world, "users", event)
    assert [li["outcome"] for li in again.json["lines"]] == ["unchanged", "refused"]
    assert errands(world) == []


def test_should_try_an_import_dry(world: World) -> None:
    text = "sub;role;name\nd-1;driver;Dora\n;driver;Nobody\n"
    before = dict(world.table.items)
    report = call_as(
        world, PEOPLE["fleet-manager"], "POST", f"{USERS}/import?dry_run=true", text, CSV
    )
    assert [li["outcome"] for li in report.json["lines"]] == ["created", "refused"]
    assert world.table.items == before
