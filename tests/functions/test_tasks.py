"""GET /v1/tasks[/{task_id}]."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.tasks import Task
from infra.simulators.faults import Fault
from infra.simulators.sample import NORDWIND
from tests.doubles.world import World
from tests.functions.given import (
    IDS,
    ORDER,
    PARKED,
    batch,
    card_in_portal,
    command,
    errand,
    forget_calls,
    open_task,
    order,
    shown,
    store,
    stored_item,
)
from tests.functions.portal import CARDS, ORDERS, answer, fields_at_fault, place, problem

TASKS = "/v1/tasks"
BODY = [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "no", "fields": []}]
REFUSED = Fault("status", match="composite/graph", status=400, body=BODY)


@pytest.fixture
def parked(world: World) -> World:
    """Salesforce has refused the order of the sample events; that was a minute ago."""
    order(world)
    world.salesforce.add_fault(REFUSED)
    world.invoke("order_forward", batch(errand(world, command("order_forward", ORDER))))
    world.clock.advance(60)
    return world


def listed(world: World, query: str = "", user: str = "operator") -> Any:
    """A page of the list."""
    return world.call("GET", f"{TASKS}{query}", user).json


# --- list --------------------------------------------------------------------------------------


def test_list_should_show_the_order_that_salesforce_refused_to_a_service_agent(
    parked: World, event: Any
) -> None:
    reply = answer(parked, "tasks", event)
    assert reply.status == 200
    (one,) = reply.json["tasks"]
    assert (one["kind"], one["system"]) == ("parked_step", "salesforce")
    assert one["subject"] == {"schema": "charge_card_order", "id": ORDER}
    assert reply.json["next_cursor"] is None


def test_should_list_nothing_when_nothing_waits_for_a_person(world: World) -> None:
    assert listed(world) == {"tasks": [], "next_cursor": None}


def test_should_list_once_what_was_met_twice_as_it_was_the_second_time(world: World) -> None:
    path = f"{CARDS}/{card_in_portal(world).id}"
    for status in (422, 403):
        world.clock.advance(60)
        body = {"message": "no"}
        fault = Fault("status", operation="write_card", status=status, body=body)
        world.energised.add_fault(fault)
        problem(world.call("POST", f"{path}/activate"), 409, "refused-by-energised")
    (one,) = listed(world)["tasks"]
    assert (one["kind"], one["reason"]) == ("parked_state", "HTTP_403")
    assert one["changed_at"] == world.clock.now().isoformat()


def test_should_page_through_all_tasks_newest_change_first(world: World) -> None:
    made = []
    for number in range(5):
        world.clock.advance(number // 2)  # some in one instant, some not
        made.append(open_task(world, f"any#{number}").id)
    seen, following = [], "?limit=2"
    while following:
        page = listed(world, following)
        seen += [t["id"] for t in page["tasks"]]
        cursor = page["next_cursor"]
        following = f"?limit=2&cursor={cursor}" if cursor else ""
    assert sorted(seen) == sorted(made)
    assert seen[0] == made[-1]


def test_garbage_cursor_should_be_refused_with_400(world: World, event: Any) -> None:
    refused = answer(world, "tasks", event)
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["cursor"]


def test_should_refuse_the_cursor_of_another_list(world: World) -> None:
    for number in range(2):
        place(world, key=str(number))
    cursor = world.call("GET", f"{ORDERS}?limit=1").json["next_cursor"]
    refused = world.call("GET", f"{TASKS}?cursor={cursor}", "operator")
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "-1", "ten", ""])
def test_should_refuse_a_limit_that_cannot_be(world: World, limit: str) -> None:
    refused = world.call("GET", f"{TASKS}?limit={limit}", "operator")
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["limit"]


def test_should_know_no_company_as_tasks_belong_to_none(world: World) -> None:
    refused = world.call("GET", f"{TASKS}?company_id=00000000N0RDW", "operator")
    problem(refused, 400, "invalid-parameter")
    assert fields_at_fault(refused) == ["company_id"]


# --- show --------------------------------------------------------------------------------------


def test_show_should_tell_what_happened_and_what_is_to_be_decided(
    parked: World, event: Any
) -> None:
    reply = answer(parked, "tasks", event)
    assert reply.status == 200
    assert reply.json == {
        "id": IDS["task_id"],
        "status": "open",
        "actions": ["resume", "adopt", "cancel"],
        "decision": None,
        "etag": reply.etag,
        "kind": "parked_step",
        "text": (
            "Die Bestellung ließ sich in Salesforce nicht anlegen, und von selbst wird es nicht"
            " noch einmal versucht. Bitte die Ursache klären und entscheiden, ob dort angelegt"
            " oder storniert wird."
        ),
        "subject": {"schema": "charge_card_order", "id": ORDER},
        "count": 1,
        "system": "salesforce",
        "reason": "refused FIELD_CUSTOM_VALIDATION_EXCEPTION",
        "cause": PARKED,
        "opened_at": "2026-03-02T08:00:00+00:00",
        "changed_at": "2026-03-02T08:00:00+00:00",
    }
    assert listed(parked)["tasks"] == [reply.json]


def test_unknown_task_should_be_answered_404(parked: World, event: Any) -> None:
    problem(answer(parked, "tasks", event), 404, "task-not-found")


@pytest.mark.parametrize(
    "forged",
    [PARKED.replace("#", "%23"), IDS["task_id"].lower(), IDS["task_id"] + "0", "x", "..", "*"],
)
def test_should_answer_404_to_an_id_that_is_none_of_ours_without_looking_for_it(
    parked: World, forged: str
) -> None:
    calls = sum(parked.table.bill.calls.values())
    problem(parked.call("GET", f"{TASKS}/{forged}", "operator"), 404, "task-not-found")
    assert sum(parked.table.bill.calls.values()) == calls + 1  # the user


def test_should_answer_404_to_the_id_of_something_else(parked: World) -> None:
    assert shown(parked)["id"] == ORDER
    problem(parked.call("GET", f"{TASKS}/{ORDER}", "operator"), 404, "task-not-found")


def test_should_show_no_subject_where_the_message_named_none(world: World) -> None:
    task = open_task(world, kind="parked_event", subject_schema="", subject_id="", system="")
    one = world.call("GET", f"{TASKS}/{task.id}", "service-agent").json
    assert (one["subject"], one["system"]) == (None, None)


def test_should_tell_how_often_a_system_wrote_what_another_one_leads(world: World) -> None:
    task = open_task(
        world, kind="not_leading_system", subject_schema="contact", subject_id="title", count=5
    )
    one = world.call("GET", f"{TASKS}/{task.id}", "service-agent").json
    assert (one["count"], one["actions"]) == (5, ["cancel"])
    assert one["subject"] == {"schema": "contact", "id": "title"}


def test_should_show_a_task_of_another_release_and_hide_no_other_for_one_that_is_broken(
    world: World,
) -> None:
    newer = open_task(world, "newer", kind="kind_of_another_release", subject_schema="any")
    broken = open_task(world, "broken")
    stored_item(world, Task, broken.id)["body"] = b"no body"
    (one,) = listed(world)["tasks"]
    assert (one["id"], one["kind"]) == (newer.id, "kind_of_another_release")
    assert one["text"].startswith("Ein Vorgang braucht eine Entscheidung.")
    problem(world.call("GET", f"{TASKS}/{broken.id}", "operator"), 500, "internal")


# --- who, and how ------------------------------------------------------------------------------


def test_fleet_manager_should_be_refused(parked: World, event: Any) -> None:
    refused = answer(parked, "tasks", event)
    problem(refused, 403, "forbidden")
    assert ORDER not in refused.text


@pytest.mark.parametrize("user", ["fleet-manager", "driver", "machine"])
def test_should_show_no_task_to_anybody_but_staff(parked: World, user: str) -> None:
    for path in (TASKS, f"{TASKS}/{IDS['task_id']}"):
        problem(parked.call("GET", path, user), 403, "forbidden")


def test_should_show_nothing_personal_and_call_nobody(parked: World) -> None:
    forget_calls(parked)
    writes = parked.table.bill.write_units
    (one,) = listed(parked)["tasks"]
    for personal in (NORDWIND.email, NORDWIND.name, NORDWIND.street):
        assert personal not in str(one)
    assert not parked.salesforce.calls
    assert not parked.energised.calls
    assert parked.table.bill.write_units == writes


def test_should_still_list_the_task_after_a_repeat_of_what_opened_it(parked: World) -> None:
    before = listed(parked)
    parked.run_for(600)
    assert listed(parked) == before
    assert store(parked).get(Task, IDS["task_id"])
