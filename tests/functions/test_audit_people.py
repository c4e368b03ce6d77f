"""The audit trail of companies, users and vehicles: what is in it, and that no name ever is."""

from __future__ import annotations

from typing import Any

import pytest

from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.simulators.sample import DRIVERS, ELBE
from tests.doubles.world import World
from tests.functions.given import IDS, NORDWIND_ID, empty_company, vehicle
from tests.functions.portal import call_as, problem

AGENT, OPERATOR, MANAGER = "service-agent", "operator", "fleet-manager"
COMPANIES, USERS, VEHICLES = "/v1/companies", "/v1/users", "/v1/vehicles"
FIRM, DRIVER, VAN = (
    f"{COMPANIES}/{NORDWIND_ID}",
    f"{USERS}/{PEOPLE['driver']}",
    f"{VEHICLES}/{IDS['vehicle_id']}",
)
NAME, MAIL, PHONE, PLATE = "Quirin Querfeld", "quirin@querfeld.example", "+49 441 777", "OL-QQ 77"
"""What has to be in no entry."""
NEW_FIRM = {
    "name": NAME,
    "customer_number": "K-77",
    "email": MAIL,
    "phone": PHONE,
    "address": {
        "name": NAME,
        "street": "Any",
        "house_number": "1",
        "postal_code": "26121",
        "city": "Any",
        "country": "DE",
    },
}
NEW_USER = {"sub": "any-new", "role": "driver", "name": NAME, "email": MAIL}
IMPORTS = {
    "companies": "name,customer_number,email,street,postal_code,city\n"
    f"{NAME},K-1,{MAIL},A,26121,A\n{NAME},K-2,{MAIL},A,26121,A\n"
    f"{NAME},K-3,no mail,A,26121,A\n{NAME},K-1,{MAIL},A,26121,A\n",
    "users": f"sub,role,name\nany-1,driver,{NAME}\nany-2,driver,{NAME}\nany-3,operator,{NAME}\n"
    f"any-1,driver,{NAME}\n",
    "vehicles": f"plate,vin\n{PLATE},\n{PLATE}1,\n,no vin\n{PLATE},\n",
}
"""Two good lines each, one that is refused, and one that comes again."""


def trail(world: World) -> list[Any]:
    """All entries, oldest first, in a chain that is as it was written."""
    found = world.call("GET", "/v1/audit?limit=100", OPERATOR)
    for secret in (NAME, "Quirin", MAIL, PHONE, PLATE):
        assert secret not in found.text
    verdict = world.call("POST", "/v1/audit/verify", OPERATOR).json
    assert (verdict["intact"], verdict["last"]) == (True, len(found.json["entries"]))
    entries: list[Any] = found.json["entries"][::-1]
    return entries


def told(world: World) -> list[tuple[str, str, str, dict[str, str]]]:
    """Who did what to whom, and what else is said of it."""
    return [(e["actor"], e["action"], e["subject_id"], e["details"]) for e in trail(world)]


def send(world: World, path: str, body: Any, user: str = AGENT, key: str = "any") -> Any:
    """Create something."""
    made = world.call("POST", path, user, body, Idempotency_Key=key)
    assert made.status == 201, made.text
    return made.json["id"]


def change(world: World, path: str, body: Any, user: str = AGENT) -> None:
    """Change something, whatever its version is."""
    changed = world.call("PATCH", path, user, body, If_Match="*")
    assert changed.status == 200, changed.text


def load(world: World, what: str, *, dry: bool = False, key: str = "any") -> Any:
    """Import by CSV; the report."""
    user = PEOPLE[AGENT if what == "companies" else MANAGER]
    path = f"/v1/{what}/import?dry_run={'true' if dry else 'false'}"
    head = {"Content-Type": "text/csv", "Idempotency-Key": key}
    return call_as(world, user, "POST", path, IMPORTS[what], head).json


# --- one by one --------------------------------------------------------------------------------


def test_should_tell_who_made_changed_suspended_and_removed_a_company(world: World) -> None:
    account = {"salesforce_account_id": "001000000000050AAA"}
    ours = send(world, COMPANIES, {**NEW_FIRM, **account})
    path = f"{COMPANIES}/{ours}"
    change(world, path, {"name": f"{NAME} 2", "phone": ""})
    change(world, path, {"suspended": True}, OPERATOR)
    change(world, path, {"suspended": False}, OPERATOR)
    assert world.call("DELETE", path, OPERATOR).status == 204
    agent, operator = PEOPLE[AGENT], PEOPLE[OPERATOR]
    assert told(world) == [
        (agent, "companies_create", ours, {"bound": "salesforce"}),
        (agent, "companies_change", ours, {"changed": "name, phone"}),
        (operator, "companies_change", ours, {"changed": "suspended", "suspended": "true"}),
        (operator, "companies_change", ours, {"changed": "suspended", "suspended": "false"}),
        (operator, "companies_remove", ours, {}),
    ]
    assert {(e["subject_schema"], e["reason"]) for e in trail(world)} == {("company", "")}


def test_should_tell_who_invited_changed_suspended_and_removed_a_user(world: World) -> None:
    send(world, USERS, NEW_USER, MANAGER)
    path, contact = f"{USERS}/any-new", DRIVERS[2].energised_id
    change(world, path, {"name": f"{NAME} 2", "energised_contact_id": contact})
    change(world, path, {"role": "fleet_manager"})
    change(world, path, {"suspended": True})
    assert world.call("DELETE", path, OPERATOR).status == 204
    (manager, agent, operator), new = (PEOPLE[n] for n in (MANAGER, AGENT, OPERATOR)), "any-new"
    firm = {"company_id": NORDWIND_ID}
    bound = {"bound": "energised", "changed": "name, energised_uuid"}
    assert told(world) == [
        (manager, "users_create", new, {"role": "driver", **firm}),
        (agent, "users_change", new, bound),
        (agent, "users_change", new, {"changed": "role", "role": "fleet_manager"}),
        (agent, "users_change", new, {"changed": "suspended", "suspended": "true"}),
        (operator, "users_remove", new, {"role": "fleet_manager", **firm}),
    ]


def test_should_tell_who_added_changed_and_removed_a_vehicle(world: World) -> None:
    ours = send(world, VEHICLES, {"plate": PLATE}, MANAGER)
    path, firm = f"{VEHICLES}/{ours}", {"company_id": NORDWIND_ID}
    change(world, path, {"plate": f"{PLATE}1", "label": "Any"}, MANAGER)
    assert world.call("DELETE", path, MANAGER).status == 204
    assert [(action, subject, more) for _, action, subject, more in told(world)] == [
        ("vehicles_create", ours, firm),
        ("vehicles_change", ours, {"changed": "label, plate"}),
        ("vehicles_remove", ours, firm),
    ]


def test_should_write_the_entry_in_the_transaction_of_its_change(world: World) -> None:
    writes = world.boundaries.names
    vehicle(world)
    writes.clear()
    send(world, COMPANIES, NEW_FIRM)
    send(world, USERS, NEW_USER, MANAGER)
    send(world, VEHICLES, {"plate": PLATE}, MANAGER)
    for path, body in ((FIRM, {"phone": "1"}), (DRIVER, {"name": NAME}), (VAN, {"label": NAME})):
        change(world, path, body, AGENT if path == FIRM else MANAGER)
    for path in (DRIVER, VAN):
        assert world.call("DELETE", path, MANAGER).status == 204
    assert world.call("DELETE", f"{COMPANIES}/{empty_company(world)}", OPERATOR).status == 204
    done = [name for name in writes if name.startswith("before write") and "audit" in name]
    assert len(done) == 9
    assert all("audit+audit_head" in name for name in done)
    assert sum(name.startswith("before write company+") for name in done) == 3
    assert sum(name.startswith("before write user+") for name in done) == 3
    assert sum(name.startswith("before write vehicle+") for name in done) == 2


# --- nothing to tell ---------------------------------------------------------------------------


def test_should_tell_nothing_of_a_change_that_changes_nothing(world: World) -> None:
    vehicle(world)
    contact = DRIVERS[0].energised_id
    shown = world.call("GET", DRIVER, AGENT)
    for path, body in (
        (FIRM, {"suspended": False}),
        (
            FIRM,
            {"salesforce_account_id": world.call("GET", FIRM, AGENT).json["salesforce_account_id"]},
        ),
        (DRIVER, {"role": "driver", "energised_contact_id": contact}),
        (VAN, {"label": "Transporter"}),
        (VAN, {}),
    ):
        change(world, path, body, MANAGER if path == VAN else AGENT)
    assert world.call("GET", DRIVER, AGENT).etag == shown.etag
    assert told(world) == []


def test_should_tell_a_thing_once_that_is_asked_for_twice(world: World) -> None:
    for key in ("one", "one", "other"):
        send(world, COMPANIES, NEW_FIRM, key=key)
        send(world, USERS, NEW_USER, MANAGER, key=key)
        send(world, VEHICLES, {"plate": PLATE}, MANAGER, key=key)
    made = [action for _, action, _, _ in told(world)]
    assert made == ["companies_create", "users_create", "vehicles_create"]


@pytest.mark.parametrize(
    ("method", "path", "body", "status"),
    [
        ("PATCH", DRIVER, {"role": "operator"}, 403),
        ("PATCH", FIRM, {"salesforce_account_id": ELBE.account_id}, 409),
        ("DELETE", FIRM, None, 409),
        ("DELETE", f"{USERS}/nobody", None, 404),
        ("POST", USERS, {**NEW_USER, "company_id": company_id(ELBE)[::-1]}, 422),
    ],
)
def test_should_tell_nothing_of_what_was_refused(
    world: World, method: str, path: str, body: Any, status: int
) -> None:
    refused = world.call(method, path, AGENT, body, If_Match="*", Idempotency_Key="any")
    assert refused.status == status, refused.text
    assert told(world) == []


def test_should_tell_nothing_of_what_workers_do_afterwards(world: World) -> None:
    send(world, USERS, NEW_USER, MANAGER)
    world.pump()
    assert world.call("GET", f"{USERS}/any-new", AGENT).json["energised_contact_id"]
    assert world.call("DELETE", f"{USERS}/any-new", AGENT).status == 204
    world.run_for(180)
    assert [action for _, action, _, _ in told(world)] == ["users_create", "users_remove"]


# --- imports -----------------------------------------------------------------------------------


@pytest.mark.parametrize("what", IMPORTS)
def test_import_should_tell_of_each_record_that_it_made(world: World, what: str) -> None:
    lines = load(world, what)["lines"]
    assert [li["outcome"] for li in lines] == ["created", "created", "refused", "unchanged"]
    made = [(action, subject) for _, action, subject, _ in told(world)]
    assert made == [(f"{what}_import", li["id"]) for li in lines[:2]]


@pytest.mark.parametrize("what", IMPORTS)
def test_import_should_tell_nothing_when_it_is_dry_or_comes_again(world: World, what: str) -> None:
    load(world, what, dry=True)
    assert told(world) == []
    load(world, what)
    before = trail(world)
    load(world, what)
    assert load(world, what, key="another")["created"] == 0
    assert trail(world) == before


def test_import_should_tell_of_as_many_lines_as_it_may_have(world: World) -> None:
    text = "plate\n" + "".join(f"OL {n}\n" for n in range(250))
    head = {"Content-Type": "text/csv", "Idempotency-Key": "any"}
    path = f"{VEHICLES}/import"
    report = call_as(world, PEOPLE[MANAGER], "POST", path, text, head).json
    assert report["created"] == 250
    verdict = world.call("POST", "/v1/audit/verify", OPERATOR).json
    assert (verdict["intact"], verdict["last"]) == (True, 250)


def test_should_show_the_trail_of_people_to_operators_only(world: World) -> None:
    change(world, DRIVER, {"name": NAME})
    problem(world.call("GET", "/v1/audit", MANAGER), 403, "forbidden")
