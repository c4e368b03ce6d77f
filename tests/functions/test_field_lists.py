"""Field lists per role: what of a body or an answer is for some of those who may call.

That an answer has what its caller sees and nothing else is held at every answer of every test
(`tests/doubles/contract.py`); `test_authorisation.py` asks for every operation in every role.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Role
from busbar.domain.field_lists import SENT, SHOWN, Fields, shown_to
from infra.catalog import USE_CASES
from infra.operations import operations
from infra.operations.roles import mark
from tests.doubles.contract import hold, operation_of, resolved, validator
from tests.doubles.world import World
from tests.functions.given import IDS, NORDWIND_ID, any_user, card_in_portal, store
from tests.functions.portal import call_as, fields_at_fault, problem

ROUTES = {route.operation: route for case in USE_CASES for route in case.routes}
# What a person has decided: who sends and sees it, of those who may call. The lists must say so.
PICTURE = """
                                                    fleet_manager  service_agent  operator  machine
sent  users_create.energised_contact_id             -              x              x         x
sent  users_import.energised_contact_id             -              x              x         x
sent  users_change.energised_contact_id             -              x              x         x
shown companies_show.energised_contact_id           -              x              x         x
shown companies_show.salesforce_account_id          -              x              x         x
shown users_list.users.energised_contact_id         -              x              x         x
shown users_create.energised_contact_id             -              x              x         x
shown users_show.energised_contact_id               -              x              x         x
shown users_change.energised_contact_id             -              x              x         x
shown charge_cards_list.cards.driver.energised_uuid -              x              x         -
shown charge_cards_show.driver.energised_uuid       -              x              x         -
shown charge_cards_change.driver.energised_uuid     -              x              x         -
shown charge_cards_activate.driver.energised_uuid   -              x              x         -
shown charge_cards_deactivate.driver.energised_uuid -              x              x         -
"""
UUID = "11111111-0000-4000-8000-000000000001"
MACHINE_SCOPE = "busbar/machine"


def decided() -> dict[tuple[str, str], frozenset[Role]]:
    head, *lines = PICTURE.strip().splitlines()
    roles = [Role(name) for name in head.split()]
    found = {}
    for line in lines:
        way, path, *marks = line.split()
        row = zip(roles, marks, strict=True)
        found[way, path] = frozenset(role for role, mark in row if mark == "x")
    return found


def listed(way: str, lists: Mapping[str, Fields]) -> Iterator[tuple[tuple[str, str], Any]]:
    for operation, fields in lists.items():
        for path, roles in fields.items():
            yield (way, f"{operation}.{path}"), roles


def test_should_say_in_the_lists_what_was_decided() -> None:
    assert dict([*listed("sent", SENT), *listed("shown", SHOWN)]) == decided()


@pytest.mark.parametrize("operation", SHOWN)
def test_should_hold_an_answer_against_what_its_caller_sees(operation: str) -> None:
    """An answer with a field that is not for him is refused, as one without a field that is."""
    status, says = next(iter(operations()[operation].answers.items()))
    declared = resolved(operation_of(operation)["responses"][str(status)])["headers"]
    values = {"X-Correlation-Id": "portal-0001", "ETag": '"1"', "Location": "/v1/any"}
    headers = {"Content-Type": "application/json"} | {
        name: value for name, value in values.items() if name in declared
    }
    for role in TABLE[operation]:
        hold(operation, status, headers, shown_to(role, operation, says.example), role)
        seen = all(role in roles for roles in SHOWN[operation].values())
        other = Role.FLEET_MANAGER if seen else Role.OPERATOR
        if other in TABLE[operation]:
            with pytest.raises(AssertionError, match=operation):
                hold(operation, status, headers, shown_to(other, operation, says.example), role)


@pytest.mark.parametrize("operation", [name for name in SENT if operations()[name].body])
def test_should_know_no_field_in_the_document_of_a_role_that_does_not_send_it(
    operation: str,
) -> None:
    for role in TABLE[operation]:
        content = operation_of(operation, role)["requestBody"]["content"]["application/json"]
        body = validator(content["schema"], role)
        for example in operations()[operation].bodies.values():
            sends = all(role in roles for name, roles in SENT[operation].items() if name in example)
            assert body.is_valid(example) == sends


def test_should_refuse_two_lists_for_one_schema() -> None:
    shared = {"properties": {"salesforce_account_id": {"description": "Only for `driver`."}}}
    answers = {"200": {"content": {"application/json": {"schema": shared}}}}
    entry = {"operationId": "companies_show", "responses": answers}
    del shared["properties"]["salesforce_account_id"]
    shared["properties"]["energised_contact_id"] = {"description": "Only for `driver`."}
    with pytest.raises(ValueError, match="energised_contact_id is for other roles elsewhere"):
        mark({"paths": {"/any": {"get": entry}}})


# --- over the doors ----------------------------------------------------------------------------


def any_body(operation: str, role: Role) -> Any:
    """A good body with every field that only some may send."""
    if operation == "users_change":
        return {"energised_contact_id": UUID}
    invited = {"sub": "any-new", "role": "driver", "name": "Any", "energised_contact_id": UUID}
    body = invited | ({} if role is Role.FLEET_MANAGER else {"company_id": NORDWIND_ID})
    if operation == "users_import":
        return f"{','.join(body)}\n{','.join(body.values())}\n"
    return body


@pytest.mark.parametrize(
    ("operation", "role"),
    [(operation, role) for operation in SENT for role in TABLE[operation]],
)
def test_should_take_a_field_from_those_who_send_it_and_from_no_other(
    world: World, operation: str, role: Role
) -> None:
    sub, route = any_user(world, role), ROUTES[operation]
    ids = {**IDS, "user_id": any_user(world, Role.DRIVER, company_id=NORDWIND_ID)}
    kind = "text/csv" if operation.endswith("_import") else "application/json"
    written = world.table.bill.write_units
    answered = call_as(
        world,
        sub,
        route.method,
        route.path.format(**ids),
        any_body(operation, role),
        {"Idempotency-Key": "any", "If-Match": "*", "Content-Type": kind},
        claims={"scope": MACHINE_SCOPE},
    )
    bound = store(world).internal_id("user", "energised", UUID)
    if all(role in roles for roles in SENT[operation].values()):
        assert answered.status in {200, 201}, answered.text
        assert bound
    elif operation == "users_import":
        problem(answered, 422, "import-unreadable")
        assert fields_at_fault(answered) == ["header"]
        assert bound is None
    else:
        problem(answered, 422, "fields-invalid")
        assert fields_at_fault(answered) == ["energised_contact_id"]
        assert (bound, world.table.bill.write_units) == (None, written)


def test_should_show_the_drivers_contact_to_staff_and_not_to_his_fleet_manager(
    world: World,
) -> None:
    contact = "6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a09"
    driver = any_user(world, Role.DRIVER, energised_uuid=contact)
    card = card_in_portal(world, holder_uuid=contact, driver_id=driver)
    paths = ["/v1/charge-cards", f"/v1/charge-cards/{card.id}", f"/v1/users/{driver}"]
    query = f"?company_id={NORDWIND_ID}"
    for path in [*paths, "/v1/users"]:
        asked = path + (query if path.endswith("s") else "")
        assert contact in world.call("GET", asked, "service-agent").text
        assert contact not in world.call("GET", asked, "fleet-manager").text


def test_should_replay_an_answer_as_its_caller_saw_it(world: World) -> None:
    body = {"sub": "any-new", "role": "driver", "name": "Any"}
    first, again = (
        world.call("POST", "/v1/users", "fleet-manager", body, Idempotency_Key="any")
        for _ in range(2)
    )
    assert (first.status, again.status) == (201, 201)
    assert first.text == again.text
    assert "energised_contact_id" not in first.json
