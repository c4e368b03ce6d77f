"""POST /v1/tasks/{task_id}/…: cards that could not be brought to what was wanted, and messages."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.domain.lifecycle import OrderStatus
from busbar.domain.tasks import Task
from busbar.ports.store import Bind, Save
from busbar.process.ledger import LedgerRow, ledger_id
from infra.local.sample import company_id
from infra.simulators.energised.backend import Contact
from infra.simulators.faults import Fault
from infra.simulators.sample import HEIDE, HEIDE_LATER_ENERGISED_ID
from tests.doubles.world import World
from tests.functions.given import (
    any_blank_card,
    assigned,
    card_in_portal,
    errands,
    open_task,
    ordered,
    shown,
    store,
    stored_card,
    sync,
    tasks,
    writes,
)
from tests.functions.portal import CARDS, place, problem
from tests.functions.test_tasks import TASKS

NO = {"message": "no"}
WRITE_REFUSED = Fault("status", operation="write_card", status=422, body=NO)
BODY = {"reason": "any reason"}


def decide(world: World, task: Task, action: str, key: str = "any") -> Any:
    """Decide a task, whatever its version is."""
    path = f"{TASKS}/{task.id}/{action}"
    return world.call("POST", path, "operator", BODY, Idempotency_Key=key, If_Match="*")


def the_task(world: World) -> Task:
    """The one that is open."""
    (one,) = tasks(world)
    return one


def actions(world: World, task: Task) -> list[str]:
    """What can be decided of it."""
    found: list[str] = world.call("GET", f"{TASKS}/{task.id}", "operator").json["actions"]
    return found


def the_card(world: World) -> Any:
    """The card in be.ENERGISED."""
    wanted = any_blank_card().energised_id
    return next(c for c in world.energised.backend.cards() if c["id"] == wanted)


def is_active(world: World) -> bool:
    """Whether it is switched on there."""
    return bool(the_card(world)["active"] == "true")


@pytest.fixture
def refused(world: World) -> World:
    """be.ENERGISED refused to switch a card on."""
    path = f"{CARDS}/{card_in_portal(world).id}"
    world.energised.add_fault(WRITE_REFUSED)
    problem(world.call("POST", f"{path}/activate"), 409, "refused-by-energised")
    return world


def energised_state(world: World) -> Any:
    """What became of the last wish, as the portal shows it."""
    return world.call("GET", f"{CARDS}/{stored_card(world).id}").json["energised"]


# --- cards -------------------------------------------------------------------------------------


def test_should_want_anew_what_was_refused(refused: World) -> None:
    task = the_task(refused)
    assert (task.kind, actions(refused, task)) == ("parked_state", ["resume", "cancel"])
    assert decide(refused, task, "resume").status == 200
    assert energised_state(refused)["state"] == "pending"
    refused.pump()
    assert is_active(refused)
    assert stored_card(refused).active
    assert (tasks(refused), errands(refused)) == ([], [])


def test_should_open_the_task_anew_when_it_is_refused_again(refused: World) -> None:
    task = the_task(refused)
    refused.energised.add_fault(WRITE_REFUSED)
    decide(refused, task, "resume")
    refused.pump()
    assert the_task(refused).id == task.id
    assert energised_state(refused)["state"] == "refused"


def test_should_drop_what_was_refused(refused: World) -> None:
    assert decide(refused, the_task(refused), "cancel").status == 200
    assert energised_state(refused) == {"state": "done"}
    before = len(writes(refused.energised))
    refused.run_for(600)
    assert len(writes(refused.energised)) == before
    assert not is_active(refused)


def test_should_not_bring_back_what_somebody_else_overtook(refused: World) -> None:
    path = f"{CARDS}/{stored_card(refused).id}"
    tag = refused.call("GET", path).etag
    assert refused.call("PATCH", path, body={"label": "neu"}, If_Match=tag).status == 200
    problem(decide(refused, the_task(refused), "resume"), 409, "task-overtaken")
    assert decide(refused, the_task(refused), "cancel").status == 200
    refused.pump()
    assert (the_card(refused)["label"], is_active(refused)) == ("neu", False)


def given_up(world: World) -> Task:
    """be.ENERGISED had the card locked for two weeks, with a wish of the fleet manager."""
    path = f"{CARDS}/{card_in_portal(world).id}"
    world.energised.add_fault(Fault("status", status=423, match="PUT", count=None))
    assert world.call("POST", f"{path}/activate").status == 202
    world.run_for(120)
    world.clock.advance(15 * 86400)
    world.run_for(3600, 300)
    world.energised.faults.clear()
    return the_task(world)


def test_should_want_anew_what_was_given_up(world: World) -> None:
    task = given_up(world)
    assert (task.kind, actions(world, task)) == ("waited_too_long", ["resume", "cancel"])
    assert decide(world, task, "resume").status == 200
    world.run_for(600)
    assert is_active(world)
    assert (tasks(world), errands(world)) == ([], [])


def test_should_drop_what_was_given_up(world: World) -> None:
    assert decide(world, given_up(world), "cancel").status == 200
    world.run_for(600)
    assert not is_active(world)
    assert energised_state(world) == {"state": "done"}


def test_should_not_write_while_a_write_of_before_it_was_given_up_may_come(world: World) -> None:
    card = card_in_portal(world)
    row = LedgerRow(
        id=ledger_id("energised", "card", card.energised_id),
        attempt=1,
        lease_until=world.clock.now(),
        deadline=world.clock.now(),
    )
    store(world).commit(Save(row.wanting({"active": True}).given_up("outcome_unknown")))
    task = open_task(
        world,
        f"errand#charge_card#{card.id}#card_forward",
        kind="waited_too_long",
        subject_schema=ChargeCard.schema_name,
        subject_id=card.id,
    )
    decide(world, task, "resume")
    world.pump()
    assert not is_active(world)
    world.run_for(600)
    assert is_active(world)


def unbound(world: World) -> Task:
    """A card waited for two weeks that its company becomes known to be.ENERGISED."""
    placed = place(world, 1, "unbound-fleet-manager")
    world.salesforce.assign_cards(placed.json["salesforce_order_number"])
    world.pump()
    world.clock.advance(15 * 86400)
    world.run_for(1200, 300)
    return the_task(world)


def test_should_go_on_with_a_card_whose_company_is_known_at_last(world: World) -> None:
    task = unbound(world)
    world.energised.put_contact(Contact(HEIDE_LATER_ENERGISED_ID, HEIDE.name))
    bound = Bind("company", company_id(HEIDE), "energised", HEIDE_LATER_ENERGISED_ID)
    store(world).commit(bound)
    assert decide(world, task, "resume").status == 200
    world.run_for(600)
    assert the_card(world)["billing_contact_id"] == HEIDE_LATER_ENERGISED_ID
    assert tasks(world) == []


def test_should_let_a_card_wait_no_more_for_its_company(world: World) -> None:
    assert decide(world, unbound(world), "cancel").status == 200
    assert stored_card(world).waiting_for is None
    world.run_for(600)
    assert (tasks(world), errands(world)) == ([], [])


# --- messages and deliveries -------------------------------------------------------------------


@pytest.fixture
def narrow() -> World:
    """An org that has not mapped every status."""
    return World(status_map={"Draft": "submitted", "Bearbeitung": "in_progress"})


def unknown_status(world: World) -> Task:
    """Salesforce tells a status that nobody has mapped."""
    number = ordered(world)
    world.clock.advance(60)
    world.salesforce.set_order_status(number, "Activated")
    world.pump()
    return the_task(world)


def test_should_read_again_what_a_parked_message_hints_at(narrow: World) -> None:
    task = unknown_status(narrow)
    assert actions(narrow, task) == ["resume", "cancel"]
    with narrow.salesforce.working():
        (there,) = narrow.salesforce.records("Order")
        narrow.clock.advance(60)
        narrow.salesforce.org.change("Order", there["Id"], Status="Bearbeitung")
    assert decide(narrow, task, "resume").status == 200
    assert shown(narrow)["status"] == OrderStatus.IN_PROGRESS
    assert tasks(narrow) == []


def test_should_apply_nothing_twice_when_the_order_is_there_already(narrow: World) -> None:
    task = unknown_status(narrow)
    narrow.clock.advance(60)
    narrow.salesforce.set_order_status(shown(narrow)["salesforce_order_number"], "Bearbeitung")
    narrow.pump()
    before = shown(narrow)["history"]
    assert decide(narrow, task, "resume").status == 200
    assert shown(narrow)["history"] == before


def test_should_say_why_what_salesforce_holds_cannot_be_applied_either(narrow: World) -> None:
    body = problem(decide(narrow, unknown_status(narrow), "resume"), 409, "task-overtaken")
    assert "unknown_status" in body["detail"]
    assert the_task(narrow).decision is None


def test_should_only_discard_a_message_that_names_no_order_of_ours(world: World) -> None:
    task = open_task(world, "event#any", kind="parked_event", subject_id="BBCO0000000000000")
    problem(decide(world, task, "resume"), 409, "action-not-possible")
    assert decide(world, task, "cancel").status == 200


@pytest.mark.parametrize("kind", ["forbidden_transition", "card_not_synchronised", "parked_event"])
def test_should_close_what_somebody_has_seen_to(world: World, kind: str) -> None:
    task = open_task(world, "any", kind=kind, subject_schema="charge_card", subject_id="any")
    assert actions(world, task) == ["cancel"]
    assert decide(world, task, "cancel").status == 200
    assert tasks(world) == []


def test_should_find_no_way_out_of_a_task_of_another_release(world: World) -> None:
    task = open_task(world, "any", kind="similar_customer", subject_schema="company")
    assert actions(world, task) == []
    problem(decide(world, task, "cancel"), 409, "action-not-possible")


def never_came(world: World) -> Task:
    """An order was delivered, and its cards were not assigned for two weeks."""
    number = ordered(world)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(15 * 86400)
    sync(world)
    return the_task(world)


def test_should_look_once_more_for_cards_that_never_came(world: World) -> None:
    task = never_came(world)
    assigned(world, shown(world)["salesforce_order_number"], quietly=True)
    assert decide(world, task, "resume").status == 200
    sync(world)
    assert shown(world)["cards_in_portal"] == 2
    assert tasks(world) == []


def test_should_ask_again_when_the_cards_are_still_not_there(world: World) -> None:
    task = never_came(world)
    decide(world, task, "resume")
    sync(world)
    assert the_task(world).id == task.id


def test_should_not_ask_again_what_was_acknowledged_and_is_as_it_was(world: World) -> None:
    broken = Fault("status", operation="read_card", status=422, body=NO, count=None)
    number = ordered(world)
    assigned(world, number)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.energised.add_fault(broken)
    world.clock.advance(600)
    sync(world)
    first, second = tasks(world)
    assert first.kind == second.kind == "card_not_synchronised"
    decide(world, first, "cancel")
    decide(world, second, "cancel", "second")
    world.clock.advance(600)
    sync(world)
    assert tasks(world) == []
