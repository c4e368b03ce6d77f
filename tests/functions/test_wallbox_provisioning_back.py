"""A wallbox order that ends before Salesforce has it: what it has created is taken back."""

from __future__ import annotations

import contextlib

import pytest
from botocore.exceptions import EndpointConnectionError

from busbar.domain.wallbox_orders import Step
from infra.simulators.faults import Fault
from infra.simulators.sample_wallboxes import CABLE
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.given import errands, forget_calls, tasks
from tests.functions.wallbox_world import (
    CREATED,
    decide,
    held,
    parked_at,
    place,
    refuse_call,
    shown,
    states,
    stored_customer,
    stored_order,
    wallbox_world,
)

TAKEN_BACK = {
    Step.PARTNER: "blocked",
    Step.CONTRACT: "CANCELLED",
    Step.ACCOUNT: "out of use",
    Step.SHARED_CONTRACT: "Storniert",
    Step.CONTACT: "in use",
}
"""What an object is like after the way back. A contact without a card can do nothing, and stays."""
HOUR, DAY = 3600.0, 86_400.0
BEFORE_SALESFORCE, BEFORE_SAP = "before salesforce PATCH", "before sap PATCH"


def left_by(step: Step) -> dict[Step, list[str]]:
    """What the systems hold after an order has gone back that had come to this step."""
    made = CREATED[: CREATED.index(step)]
    return {one: [TAKEN_BACK[one]] if one in made else [] for one in CREATED}


def has_gone_back(world: World, placed: Reply) -> bool:
    """Whether the order has ended, nothing of it is left to do, and nobody waits."""
    order = stored_order(world, placed)
    assert (tasks(world), errands(world)) == ([], [])
    assert stored_customer(world).live_orders == ()
    assert order.waiting_for is None
    return order.gone_back_at is not None and order.to_undo == ()


@pytest.mark.parametrize("step", CREATED)
def test_should_take_back_all_that_was_created_when_a_clerk_cancels(step: Step) -> None:
    world, placed = parked_at(step)
    assert decide(world, "cancel").status == 200
    world.pump()
    assert held(world) == left_by(step)
    assert has_gone_back(world, placed)


def test_should_say_in_the_progress_why_it_ended_and_what_became_of_each_step() -> None:
    world, placed = parked_at(Step.ORDER)
    decide(world, "cancel", reason="Doppelt bestellt")
    going = shown(world, placed)
    assert going["waiting_text"] == "Was schon angelegt war, wird gerade zurückgenommen."
    world.pump()
    order = shown(world, placed)
    assert (order["status_text"], order["waiting_text"]) == ("Abgelehnt", None)
    assert order["rejected_text"] == (
        "Unser Service hat die Bestellung storniert. Grund: Doppelt bestellt"
    )
    texts = {step["text"]: step["state_text"] for step in order["steps"]}
    assert texts == {
        "Geschäftspartner in SAP": "zurückgenommen",
        "Vertrag in SAP": "zurückgenommen",
        "Kundenkonto in Salesforce": "zurückgenommen",
        "Shared Contract in Salesforce": "zurückgenommen",
        "Kontakt in be.ENERGISED": "bleibt bestehen",
        "Bestellung in Salesforce": "offen",
        "Kennungen des Portalnutzers": "offen",
    }


def test_should_take_back_the_newest_first() -> None:
    world, _placed = parked_at(Step.ORDER)
    forget_calls(world)
    seen = len(world.boundaries.names)
    decide(world, "cancel")
    world.pump()
    changed = [n for n in world.boundaries.names[seen:] if n in {BEFORE_SALESFORCE, BEFORE_SAP}]
    assert changed == [BEFORE_SALESFORCE, BEFORE_SALESFORCE, BEFORE_SAP, BEFORE_SAP]
    first, second = (c.path for c in world.salesforce.calls if c.operation == "update_row")
    assert ("/SharedContract__c/" in first, "/Account/" in second) == (True, True)
    changes = [c.operation for c in world.sap.calls if c.method == "PATCH"]
    assert changes == ["change_contract", "change_partner"]


def test_should_end_the_machine_by_success_after_a_cancellation() -> None:
    world, placed = parked_at(Step.ORDER)
    decide(world, "cancel")
    world.pump()
    first, second = (world.states.executions[f"{placed.json['id']}-{n}"] for n in (1, 2))
    assert (first.status, first.error) == ("FAILED", "Parked")
    assert (second.status, second.entered[-1]) == ("SUCCEEDED", "Cancelled")


# --- whoever dies on the way ---------------------------------------------------------------------


def test_should_be_back_in_the_end_wherever_a_worker_dies() -> None:
    world, placed = parked_at(Step.ORDER)
    begins = world.boundaries.count
    decide(world, "cancel")
    world.pump()
    for boundary in range(begins + 1, world.boundaries.count + 1):
        world, placed = parked_at(Step.ORDER)
        world.boundaries.die_at = boundary
        name = _cancelled_at_last(world)
        world.run_for(HOUR)
        assert held(world) == left_by(Step.ORDER), name
        assert has_gone_back(world, placed), name
        changes = [c for c in world.sap.calls if c.method == "PATCH"]
        assert len(changes) == 2, name


def _cancelled_at_last(world: World) -> str:
    """Cancel, again if the first request has died; where somebody dies."""
    (task,) = tasks(world)
    with contextlib.suppress(WorkerDiedError):
        assert decide(world, "cancel", task).status == 200
    if tasks(world):
        world.clock.advance(31)  # the lease of the key
        assert decide(world, "cancel", task).status == 200
    return f"{world.boundaries.die_at}"


@pytest.mark.parametrize("system", ["sap", "salesforce"])
def test_should_wait_and_say_so_while_a_system_is_down(system: str) -> None:
    world, placed = parked_at(Step.CONTACT)
    assert decide(world, "cancel").status == 200
    getattr(world, system).is_down = True
    world.run_for(HOUR)
    waiting = shown(world, placed)
    name = {"sap": "SAP", "salesforce": "Salesforce"}[system]
    assert waiting["waiting_text"] == (
        f"{name} ist gerade nicht erreichbar; danach geht die Rücknahme weiter."
    )
    at = {"sap": "contract", "salesforce": "shared_contract"}[system]
    assert (states(waiting)[at], states(waiting)["partner"]) == ("waiting", "done")
    getattr(world, system).is_down = False
    world.run_for(HOUR)
    assert held(world) == left_by(Step.CONTACT)
    assert has_gone_back(world, placed)


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_before", "reset_after"])
@pytest.mark.parametrize(
    ("system", "operation", "skip"),
    [
        ("salesforce", "update_row", 0),
        ("salesforce", "update_row", 1),
        ("sap", "change_contract", 0),
        ("sap", "change_partner", 0),
    ],
)
def test_should_read_before_it_writes_again_when_an_answer_is_lost(
    kind: str, system: str, operation: str, skip: int
) -> None:
    world, placed = parked_at(Step.CONTACT)
    getattr(world, system).add_fault(Fault(kind, operation=operation, skip=skip))
    decide(world, "cancel")
    world.run_for(HOUR)
    assert held(world) == left_by(Step.CONTACT)
    assert has_gone_back(world, placed)


def test_should_wait_for_the_confirmation_of_a_change_of_unknown_outcome() -> None:
    world, placed = parked_at(Step.CONTACT)
    world.sap.add_fault(Fault("timeout_after", operation="change_contract"))
    decide(world, "cancel")
    world.pump()
    assert shown(world, placed)["waiting_text"] == "Die Bestätigung von SAP steht noch aus."


def test_should_begin_anew_when_the_local_system_was_restarted_on_the_way_back() -> None:
    world, placed = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.sap.is_down = True
    world.pump()
    world.states.restart()
    world.sap.is_down = False
    world.run_for(HOUR)
    assert held(world) == left_by(Step.CONTACT)
    assert has_gone_back(world, placed)


def test_should_wait_for_nothing_once_it_is_back_though_the_machine_cannot_be_told() -> None:
    world, _placed = parked_at(Step.ORDER)
    seen = len(world.boundaries.names)
    decide(world, "cancel")
    world.pump()
    told = world.boundaries.names.index("before states succeed", seen) + 1

    world, placed = parked_at(Step.ORDER)
    world.boundaries.meddle_at, world.boundaries.meddle = told, machine_is_away
    decide(world, "cancel")
    world.pump()
    assert shown(world, placed)["waiting_for"] is None
    world.run_for(HOUR)
    assert held(world) == left_by(Step.ORDER)
    assert has_gone_back(world, placed)


def machine_is_away() -> None:
    """A call of the state machine is not answered."""
    raise EndpointConnectionError(endpoint_url="states")


# --- what a person decides on the way back -------------------------------------------------------


def stuck(operation: str = "change_contract") -> tuple[World, Reply]:
    """An order on its way back, of which SAP does not take one change."""
    world, placed = parked_at(Step.CONTACT)
    refuse_call(world, "sap", operation)
    decide(world, "cancel")
    world.pump()
    return world, placed


def test_should_ask_a_person_when_a_system_refuses_to_take_it_back() -> None:
    world, placed = stuck()
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("parked_state", placed.json["id"])
    order = shown(world, placed)
    assert order["waiting_text"] == "Was schon angelegt war, wird von unserem Service geprüft."
    assert states(order)["contract"] == "parked"
    assert held(world)[Step.PARTNER] == ["in use"]


def test_should_take_it_back_when_resumed_after_the_refusal() -> None:
    world, placed = stuck()
    assert decide(world, "resume").status == 200
    world.pump()
    assert held(world) == left_by(Step.CONTACT)
    assert has_gone_back(world, placed)


def test_should_let_one_object_be_and_take_back_the_rest_when_a_person_says_so() -> None:
    world, placed = stuck()
    assert decide(world, "cancel").status == 200
    world.pump()
    assert held(world) == {**left_by(Step.CONTACT), Step.CONTRACT: ["ACTIVE"]}
    assert has_gone_back(world, placed)
    assert states(shown(world, placed))["contract"] == "kept"


def test_should_count_as_out_of_use_what_a_clerk_has_deleted() -> None:
    world, placed = parked_at(Step.CONTRACT)
    world.sap.tenant.clear()
    decide(world, "cancel")
    world.pump()
    assert has_gone_back(world, placed)
    assert states(shown(world, placed))["partner"] == "undone"


def test_should_ask_a_person_when_the_way_back_has_waited_too_long() -> None:
    world, placed = parked_at(Step.CONTACT)
    decide(world, "cancel")
    world.sap.is_down = True
    world.run_for(HOUR)
    world.run_for(15 * DAY, step=HOUR)
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("waited_too_long", placed.json["id"])
    assert shown(world, placed)["waiting_for"] == "task:no_answer"
    world.sap.is_down = False
    assert decide(world, "resume").status == 200
    world.run_for(HOUR)
    assert held(world) == left_by(Step.CONTACT)
    assert has_gone_back(world, placed)


# --- what is sold no more ------------------------------------------------------------------------


def sold_no_more() -> tuple[World, Reply]:
    """SAP was down for an hour, and the cable is not offered any more since."""
    world = wallbox_world()
    world.sap.is_down = True
    placed = place(world)
    world.run_for(HOUR)
    with world.salesforce.working():
        world.salesforce.org.change("Product2", CABLE.product_id, IsActive=False)
    world.sap.is_down = False
    world.run_for(HOUR)
    return world, placed


def test_should_go_back_by_itself_when_a_product_is_sold_no_more() -> None:
    world, placed = sold_no_more()
    assert held(world) == left_by(Step.ORDER)
    assert has_gone_back(world, placed)
    order = shown(world, placed)
    assert (order["status"], order["rejected_reason"]) == ("rejected", "product_not_sold")
    assert order["rejected_text"] == "Ein bestelltes Produkt wird nicht mehr angeboten."
    execution = world.states.executions[f"{placed.json['id']}-1"]
    assert (execution.status, execution.error) == ("FAILED", "Rejected")


def test_should_send_no_order_that_another_worker_rejects_just_then() -> None:
    def late(boundary: int) -> tuple[World, Reply]:
        """SAP was down for so long that what is on sale is asked anew."""
        world = wallbox_world()
        world.sap.is_down = True
        placed = place(world)
        world.run_for(HOUR)
        world.sap.is_down = False
        world.boundaries.meddle_at = boundary
        world.boundaries.meddle = lambda: off_sale(world)
        world.run_for(HOUR)
        return world, placed

    def off_sale(world: World) -> None:
        """And while one worker has read that all of it is, another one reads that it is not."""
        with world.salesforce.working():
            world.salesforce.org.change("Product2", CABLE.product_id, IsActive=False)
        world.run_for(300)

    names = late(-1)[0].boundaries.names
    read = max(n for n, name in enumerate(names, 1) if name == "before write wallbox_products")
    world, placed = late(read)
    assert held(world) == left_by(Step.ORDER)
    assert has_gone_back(world, placed)
    assert [c.operation for c in world.salesforce.calls].count("run_graph") == 2


def test_should_take_the_next_order_of_the_same_driver_after_one_has_gone_back() -> None:
    world, _placed = sold_no_more()
    again = place(world, "two", products=[{"product_code": "WALLBOX-11", "quantity": 1}])
    world.run_for(60)
    assert set(states(shown(world, again)).values()) == {"done"}
    assert held(world)[Step.PARTNER] == ["in use"]
    assert held(world)[Step.ACCOUNT] == ["in use"]
    assert held(world)[Step.CONTRACT] == ["CANCELLED", "ACTIVE"]
