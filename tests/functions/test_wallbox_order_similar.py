"""POST /v1/wallbox-orders by a portal user who looks like another one's customer."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from busbar.domain.private_customers import PrivateCustomer, customer_id
from busbar.domain.wallbox_orders import Step
from busbar.ports.store import Save
from infra.local.people import PEOPLE
from tests.doubles.world import ORG, Reply, World
from tests.functions.given import errands, store, tasks
from tests.functions.portal import problem
from tests.functions.wallbox_world import (
    DRIVER,
    TASKS,
    any_person,
    decide,
    held,
    place,
    shown,
    states,
    stored_customer,
    stored_order,
    wallbox_world,
)

OTHER = "second-driver"
DIFFERENT: dict[str, Any] = {
    "first_name": "Ole",
    "last_name": "Harms",
    "birth_date": "1990-11-30",
    "email": "ole.harms@example.test",
}
"""Another person, in all by which one is known."""


def both(**person: Any) -> tuple[World, Reply, Reply]:
    """One driver has ordered; then comes a second one, who is this person."""
    world = wallbox_world()
    first = place(world, user=DRIVER)
    world.pump()
    second = place(world, user=OTHER, person=any_person(**person))
    world.pump()
    return world, first, second


def waits(world: World, placed: Reply) -> bool:
    """Whether an order waits for a person to look who it is, and nothing of it was begun."""
    order = shown(world, placed, OTHER)
    assert set(states(order).values()) in ({"open"}, {"done"})
    return bool(order["waiting_for"] == "task:similar_customer")


@pytest.mark.parametrize(
    "person",
    [
        {},
        {"first_name": "Antje", "email": "other@example.test"},
        {**DIFFERENT, "email": "wiebke.janssen@example.test"},
        {**DIFFERENT, "email": "WIEBKE.Janssen@Example.Test"},
        {"last_name": " JANSSEN ", "email": "other@example.test"},
    ],
    ids=["all the same", "name and birth date", "e-mail", "e-mail in capitals", "name in capitals"],
)
def test_should_hold_an_order_of_who_looks_like_another_users_customer(
    person: dict[str, Any],
) -> None:
    world, first, second = both(**person)
    assert second.json["waiting_for"] == "task:similar_customer"
    assert second.json["waiting_text"] == "Die Bestellung wird von unserem Service geprüft."
    assert waits(world, second)
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("similar_customer", second.json["id"])
    assert set(states(shown(world, first)).values()) == {"done"}
    assert errands(world) == []


@pytest.mark.parametrize(
    "person",
    [
        DIFFERENT,
        {**DIFFERENT, "last_name": "Janssen"},
        {**DIFFERENT, "birth_date": "1984-05-17"},
        {**DIFFERENT, "first_name": "Wiebke"},
    ],
    ids=["nothing", "last name alone", "birth date alone", "first name alone"],
)
def test_should_hold_nobody_who_shares_less(person: dict[str, Any]) -> None:
    world, _first, second = both(**person)
    assert second.json["waiting_for"] is None
    assert tasks(world) == []
    assert set(states(shown(world, second, OTHER)).values()) == {"done"}


def test_should_tell_neither_of_them_about_the_other() -> None:
    world, first, second = both()
    for text in (second.text, shown(world, second, OTHER), shown(world, first)):
        assert PEOPLE[DRIVER] not in str(text).replace(first.json["id"], "")
    (task,) = tasks(world)
    seen = world.call("GET", f"{TASKS}/{task.id}", "operator").json
    assert "Janssen" not in str(seen)
    assert seen["actions"] == ["resume", "cancel"]
    assert seen["text"].startswith("Die Wallbox-Bestellung nennt eine Person")


def test_should_never_merge_them() -> None:
    world, _first, second = both()
    decide(world, "resume")
    world.pump()
    assert set(states(shown(world, second, OTHER)).values()) == {"done"}
    assert {step: len(there) for step, there in held(world).items()} == dict.fromkeys(
        held(world), 2
    )
    assert customer_id(ORG, PEOPLE[DRIVER]) != customer_id(ORG, PEOPLE[OTHER])


def test_should_start_all_orders_that_waited_once_he_is_another_person() -> None:
    world, _first, second = both()
    third = place(world, "two", OTHER)
    assert third.json["waiting_for"] == "task:similar_customer"
    (task,) = tasks(world)
    assert task.subject_id == third.json["id"]
    assert decide(world, "resume").status == 200
    assert shown(world, second, OTHER)["waiting_for"] is None
    world.pump()
    for placed in (second, third):
        assert set(states(shown(world, placed, OTHER)).values()) == {"done"}
    customer = stored_customer(world, OTHER)
    assert (customer.held, customer.held_orders) == (False, ())
    assert len(customer.live_orders) == 2
    assert (tasks(world), errands(world)) == ([], [])


def test_should_ask_no_more_after_it_was_decided_that_he_is_another_person() -> None:
    world, _first, _second = both()
    decide(world, "resume")
    assert place(world, "two", OTHER).json["waiting_for"] is None
    assert place(world, "two", DRIVER).json["waiting_for"] is None
    assert tasks(world) == []


def test_should_ask_again_when_he_comes_to_look_like_somebody_else() -> None:
    world, _first, _second = both()
    decide(world, "resume")
    third = {**DIFFERENT, "email": "third@example.test"}
    place(world, user="fleet-manager", person=any_person(**third))
    again = any_person(email="third@example.test")
    assert place(world, "two", OTHER, person=again).json["waiting_for"] == "task:similar_customer"


def test_should_end_all_orders_that_waited_when_it_is_the_same_person() -> None:
    world, first, second = both()
    third = place(world, "two", OTHER)
    before = held(world)
    assert decide(world, "cancel", reason="Bitte das andere Konto nutzen").status == 200
    world.run_for(3600)
    for placed in (second, third):
        order = shown(world, placed, OTHER)
        assert order["rejected_text"] == (
            "Unser Service hat die Bestellung storniert. Grund: Bitte das andere Konto nutzen"
        )
        assert order["waiting_for"] is None
        assert stored_order(world, placed).gone_back_at
    assert held(world) == before
    assert stored_customer(world, OTHER).live_orders == ()
    assert set(states(shown(world, first)).values()) == {"done"}
    assert (tasks(world), errands(world)) == ([], [])


def test_should_hold_the_next_order_too_after_they_were_cancelled() -> None:
    world, _first, second = both()
    decide(world, "cancel")
    again = place(world, "two", OTHER)
    assert again.json["waiting_for"] == "task:similar_customer"
    (task,) = tasks(world)
    assert task.subject_id == again.json["id"]
    decide(world, "resume")
    world.pump()
    assert set(states(shown(world, again, OTHER)).values()) == {"done"}
    assert stored_order(world, second).rejected_reason


def test_should_take_no_more_than_ten_orders_that_wait() -> None:
    world, _first, _second = both()
    for number in range(9):
        assert place(world, f"more {number}", OTHER).status == 202
    problem(place(world, "too many", OTHER), 409, "customer-in-review")
    decide(world, "resume")
    assert place(world, "too many", OTHER).status == 202
    world.pump()
    assert len(world.salesforce.records("Order")) == 12


def test_should_see_each_other_when_both_come_at_once() -> None:
    rehearsal = wallbox_world()
    place(rehearsal)
    for boundary in range(1, rehearsal.boundaries.count + 1):
        world = wallbox_world()
        came: list[Reply] = []
        world.boundaries.meddle_at = boundary
        world.boundaries.meddle = partial(_come, world, came)
        first = place(world)
        world.pump()
        customers = [stored_customer(world), stored_customer(world, OTHER)]
        assert sum(customer.held for customer in customers) == 1, boundary
        waiting = [first.json["waiting_for"], came[0].json["waiting_for"]]
        assert sorted(map(str, waiting)) == ["None", "task:similar_customer"], boundary
        assert len(held(world)[Step.PARTNER]) == 1, boundary


def _come(world: World, came: list[Reply], key: str = "one") -> None:
    came.append(place(world, key, OTHER))


def test_should_lose_no_order_that_comes_while_it_is_decided() -> None:
    rehearsal, _first, _second = both()
    begins = rehearsal.boundaries.count
    decide(rehearsal, "resume")
    for boundary in range(begins + 1, rehearsal.boundaries.count + 1):
        world, _first, second = both()
        came: list[Reply] = []
        world.boundaries.meddle_at = boundary
        world.boundaries.meddle = partial(_come, world, came, "two")
        (task,) = tasks(world)
        assert decide(world, "resume", task).status == 200
        world.pump()
        if tasks(world):
            decide(world, "resume")
            world.pump()
        for placed in (second, came[0]):
            assert set(states(shown(world, placed, OTHER)).values()) == {"done"}, boundary


def test_should_close_a_task_that_was_overtaken() -> None:
    world, _first, _second = both()
    (task,) = tasks(world)
    stored = store(world).get(PrivateCustomer, stored_customer(world, OTHER).id)
    assert stored
    store(world).commit(
        Save(stored.record.model_copy(update={"held": False, "held_orders": ()}), stored)
    )
    problem(decide(world, "resume", task), 409, "task-overtaken")
    assert decide(world, "cancel", task).status == 200
    assert tasks(world) == []
