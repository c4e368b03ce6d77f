"""Queue order_forward: what Salesforce did not take at once is brought through, once."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Company
from busbar.ports.store import Bind, Put
from infra.simulators.faults import Fault
from infra.simulators.sample import ELBE, NORDWIND
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    NORDWIND_ID,
    ORDER,
    REFERENCE,
    batch,
    bodies,
    command,
    errand,
    errands,
    failed,
    order,
    shown,
    store,
    tasks,
    writes,
)

DAY = 86_400
GRAPH = "composite/graph"


def put_errands(world: World, event: Any) -> None:
    """The rows of a batch's errands lie in the outbox."""
    for message in bodies(event):
        if "token" in message:
            errand(world, message)


def come(world: World) -> Any:
    """The order's errand comes."""
    message = errand(world, command("order_forward", ORDER))
    return world.invoke("order_forward", batch(message))


def again(world: World) -> Any:
    """The same message comes once more."""
    return world.invoke("order_forward", batch(command("order_forward", ORDER)))


def test_accepted_should_stand_in_salesforce_with_its_number_in_the_order(
    world: World, event: Any
) -> None:
    order(world, quantity=3)
    put_errands(world, event)
    assert failed(world.invoke("order_forward", event)) == []
    held = world.salesforce.order(REFERENCE)
    assert held["AccountId"] == NORDWIND.account_id
    assert shown(world)["salesforce_order_number"] == held["OrderNumber"]
    assert shown(world)["status_text"] == "Ausgangsstatus"


def test_accepted_should_go_under_the_correlation_id_of_the_order(world: World, event: Any) -> None:
    order(world)
    put_errands(world, event)
    world.invoke("order_forward", event)
    assert {c.correlation_id for c in world.salesforce.calls} == {CORRELATION}


def test_unknown_order_should_be_taken_off_the_queue_without_a_call(
    world: World, event: Any
) -> None:
    put_errands(world, event)
    assert failed(world.invoke("order_forward", event)) == []
    assert not world.salesforce.calls
    assert errands(world) == []


def test_one_broken_should_come_again_alone(world: World, event: Any) -> None:
    order(world)
    put_errands(world, event)
    answered = world.invoke("order_forward", event)
    assert failed(answered) == [event["Records"][1]["messageId"]]
    assert world.counts()["Order"] == 1


def test_should_make_one_order_when_the_command_comes_three_times(world: World) -> None:
    order(world)
    come(world)
    for _ in range(2):
        again(world)
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    assert len(writes(world.salesforce)) == 1


def test_should_make_one_order_when_its_errand_is_there_three_times(world: World) -> None:
    # As if each worker had died just before it took the row away.
    order(world)
    for _ in range(3):
        come(world)
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}
    assert len(writes(world.salesforce)) == 1
    assert errands(world) == []


def test_should_name_the_reason_and_space_the_tries_while_salesforce_is_down(world: World) -> None:
    order(world)
    world.salesforce.is_down = True
    come(world)
    assert shown(world)["waiting_for"] == "salesforce_unavailable"
    world.run_for(3600)
    tries = len(world.salesforce.calls)
    assert 10 <= tries <= 200
    assert world.sqs.dead == {}


def test_should_wait_for_the_company_by_name_and_go_on_when_it_is_bound(world: World) -> None:
    unbound(world)
    come(world)
    assert shown(world)["waiting_for"] == "company_not_in_salesforce"
    assert not writes(world.salesforce)

    bind = Bind("company", "0NEWC0MPANY00", "salesforce", "001000000000999AAA")
    world.salesforce.load({"Account": [{"Id": "001000000000999AAA", "Name": "New"}]})
    store(world).commit(bind)
    world.run_for(600)
    assert shown(world)["salesforce_order_number"] == "00000101"
    assert shown(world)["waiting_for"] is None


def test_should_open_a_task_when_the_company_is_not_bound_within_14_days(world: World) -> None:
    unbound(world)
    come(world)
    world.clock.advance(14 * DAY - 300)
    world.pump()
    assert not tasks(world)
    world.clock.advance(600)
    world.pump()
    (task,) = tasks(world)
    assert (task.kind, task.subject_id) == ("waited_too_long", ORDER)
    assert shown(world)["waiting_for"] == "task:company_not_in_salesforce"


def test_should_park_an_unknown_outcome_when_salesforce_can_neither_probe_nor_refuse() -> None:
    world = World(mode="none")
    order(world)
    world.salesforce.add_fault(Fault("timeout_after", match=GRAPH))
    come(world)
    world.run_for(900)
    assert [t.reason for t in tasks(world)] == ["outcome_unknown"]
    assert len(writes(world.salesforce)) == 1


def test_should_create_again_only_after_the_settle_window_when_it_can_only_probe() -> None:
    world = World(mode="probe")
    order(world)
    world.salesforce.add_fault(Fault("timeout_before", match=GRAPH))
    come(world)
    world.run_for(150)
    assert len(writes(world.salesforce)) == 1
    assert shown(world)["waiting_for"] == "settling"
    world.run_for(300)
    assert len(writes(world.salesforce)) == 2
    assert dict(world.counts()) == {"Order": 1, "OrderItem": 1}


def test_should_never_pick_one_of_several_orders_with_our_reference() -> None:
    world = World(mode="probe")
    order(world)
    world.salesforce.add_fault(Fault("timeout_before", match=GRAPH))
    come(world)
    world.salesforce.load(
        {"Order": [any_order("801000000000001AAA"), any_order("801000000000002")]}
    )
    world.run_for(600)
    assert [t.reason for t in tasks(world)] == ["several_found"]
    assert shown(world)["salesforce_order_number"] is None


@pytest.mark.parametrize("quantity", [0, 51])
def test_should_reject_an_order_out_of_the_limits_that_were_unknown_when_it_was_taken(
    world: World, quantity: int
) -> None:
    order(world, quantity=quantity)
    come(world)
    assert shown(world)["status_text"] == "Abgelehnt"
    assert shown(world)["rejected_reason"] == "quantity_out_of_range"
    assert not writes(world.salesforce)
    come(world)
    assert not writes(world.salesforce)
    assert errands(world) == []


def any_order(record_id: str) -> dict[str, Any]:
    """A row that somebody else made with our reference."""
    return {
        "Id": record_id,
        "OrderNumber": "any",
        "AccountId": ELBE.account_id,
        "Status": "Draft",
        "BusbarReference__c": REFERENCE,
    }


def unbound(world: World) -> None:
    """The order, by a company that Salesforce does not know."""
    stored = store(world).get(Company, NORDWIND_ID)
    assert stored is not None
    store(world).commit(Put(stored.record.model_copy(update={"id": "0NEWC0MPANY00"})))
    order(world, company_id="0NEWC0MPANY00")
