"""Queue wallbox_forward: a wallbox is found in be.ENERGISED and joined to its driver."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.wallboxes import Wallbox
from busbar.ports.store import Bind, Save
from infra.simulators.energised.stations import Station
from infra.simulators.faults import Fault
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    batch,
    bodies,
    errand,
    errands,
    failed,
    forget_calls,
    store,
    tasks,
    writes,
)
from tests.functions.samples import read_event
from tests.functions.wallbox_given import (
    BOXES,
    SECOND_ORDER,
    asset_there,
    contact_of,
    customer_there,
    order_there,
    our_wallbox,
    resume,
    station,
    wallbox,
    with_energised,
)
from tests.functions.wallbox_world import wallbox_world

DAY = 86_400


def given(*, contact: bool = True, **energised: Any) -> World:
    """A world with a wallbox that was assigned just now, whose errand was sent."""
    world = with_energised(wallbox_world(), **energised)
    order = order_there(world, contact=contact)
    box = Wallbox(
        id=our_wallbox(),
        asset_id=BOXES[0].asset_id,
        serial_number=BOXES[0].serial_number,
        order_id=order.id,
        customer_id=order.customer_id,
        user_id=order.ordered_by,
    )
    store(world).commit(Save(box), Bind("wallbox", box.id, "salesforce", box.asset_id))
    errand(world, bodies(read_event("wallbox_forward", "assigned"))[0])
    return world


def carry(world: World) -> None:
    """The errand is done, as far as it goes now."""
    assert failed(world.invoke("wallbox_forward", read_event("wallbox_forward", "assigned"))) == []


def is_joined(world: World) -> bool:
    """Whether be.ENERGISED and our record agree that the wallbox is its driver's."""
    return wallbox(world).joined and station(world).contact_id == contact_of(world)


def test_assigned_should_join_the_station_and_drop_the_errand(event: Any) -> None:
    world = given()
    assert failed(world.invoke("wallbox_forward", event)) == []
    assert is_joined(world)
    assert errands(world) == []


def test_assigned_should_leave_everything_else_of_the_station_as_it_is(event: Any) -> None:
    world = given()
    tariff = {"unitPrice": "30.00", "unit": "ct/kWh", "currency": "EUR", "validFrom": "2026-01-01"}
    world.energised.put_station(replace(station(world), label="Garage", tariff=tariff))
    world.invoke("wallbox_forward", event)
    assert (station(world).label, station(world).tariff) == ("Garage", tariff)


def test_assigned_should_go_under_the_correlation_id_of_its_cause(event: Any) -> None:
    world = given()
    world.invoke("wallbox_forward", event)
    called = {c.correlation_id for c in world.energised.calls if c.operation != "cpo_token"}
    assert called == {CORRELATION}


def test_assigned_should_not_write_what_energised_holds_already(event: Any) -> None:
    world = given()
    world.energised.put_station(replace(station(world), contact_id=contact_of(world)))
    world.invoke("wallbox_forward", event)
    assert is_joined(world)
    assert not writes(world.energised)


def test_assigned_should_do_nothing_when_its_errand_was_overtaken(event: Any) -> None:
    world = given()
    errand(world, {**bodies(event)[0], "token": "2"})
    world.invoke("wallbox_forward", event)
    assert not world.energised.calls


def test_unknown_wallbox_should_be_done_at_once(event: Any) -> None:
    world = wallbox_world()
    errand(world, bodies(event)[0])
    assert failed(world.invoke("wallbox_forward", event)) == []
    assert errands(world) == []
    assert not world.energised.calls


# --- a serial number that tells nothing --------------------------------------------------------


def without_station(world: World) -> Station:
    """be.ENERGISED does not know the wallbox; the station that it lacks."""
    lacks = station(world)
    world.energised.backend.stations.remove(lacks.id)
    return lacks


def test_should_open_a_task_for_an_unknown_serial_number_and_look_no_more() -> None:
    world = given()
    without_station(world)
    carry(world)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("station_not_found", "serial_number_unknown")
    assert (task.subject_schema, task.subject_id) == ("wallbox", our_wallbox())
    assert wallbox(world).waiting_for == "task:serial_number_unknown"
    forget_calls(world)
    world.run_for(3600)
    assert not world.energised.calls
    assert not wallbox(world).joined


def test_should_look_again_when_a_clerk_resumes() -> None:
    world = given()
    lacks = without_station(world)
    carry(world)
    world.energised.put_station(lacks)
    assert resume(world).status == 200
    assert is_joined(world)
    assert wallbox(world).waiting_for is None
    assert not tasks(world)


def test_should_open_the_task_anew_when_it_is_still_not_there() -> None:
    world = given()
    without_station(world)
    carry(world)
    world.clock.advance(60)
    resume(world)
    assert [t.reason for t in tasks(world)] == ["serial_number_unknown"]


def test_should_leave_it_when_a_clerk_cancels() -> None:
    world = given()
    lacks = without_station(world)
    carry(world)
    assert resume(world, "cancel").status == 200
    world.energised.put_station(lacks)
    world.run_for(3600)
    assert not tasks(world)
    assert not wallbox(world).joined


def test_should_find_it_once_salesforce_has_mended_the_serial_number() -> None:
    world = given()
    lacks = without_station(world)
    carry(world)
    world.energised.put_station(replace(lacks, identity="MENDED-1"))
    message = bodies(read_event("wallbox_event", "wallbox"))[0]
    payload = {**message["detail"]["payload"], "SerialNumber__c": "MENDED-1"}
    world.invoke("wallbox_event", batch({**message, "detail": {"payload": payload}}))
    world.pump()
    assert wallbox(world).joined
    assert world.energised.station(lacks.id).contact_id == contact_of(world)


def test_should_open_a_task_when_several_stations_have_the_serial_number() -> None:
    world = given(station_identity_field="serialnumber", station_filter="")
    for name in ("one", "two"):
        twin = Station(id=name, identity=name, serialnumber=BOXES[0].serial_number)
        world.energised.put_station(twin)
    carry(world)
    assert [t.reason for t in tasks(world)] == ["several_found"]
    assert not writes(world.energised)


# --- somebody else's ---------------------------------------------------------------------------


def test_should_take_the_station_from_nobody_who_holds_it_in_energised() -> None:
    world = given()
    customer_there(world, "second-driver")
    other = contact_of(world, "second-driver")
    world.energised.put_station(replace(station(world), contact_id=other))
    carry(world)
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("parked_state", "STATION_OF_ANOTHER")
    assert station(world).contact_id == other
    assert not wallbox(world).joined
    assert wallbox(world).waiting_for == "task:STATION_OF_ANOTHER"


def test_should_join_the_station_once_a_clerk_has_freed_it_and_resumes() -> None:
    world = given()
    customer_there(world, "second-driver")
    taken = replace(station(world), contact_id=contact_of(world, "second-driver"))
    world.energised.put_station(taken)
    carry(world)
    world.energised.put_station(replace(taken, contact_id=None))
    assert resume(world).status == 200
    assert is_joined(world)


def test_should_open_a_task_when_two_wallboxes_have_one_serial_number() -> None:
    world = given()
    carry(world)
    order_there(world, SECOND_ORDER, "second-driver")
    message = bodies(read_event("wallbox_event", "wallbox"))[0]
    payload = {
        **message["detail"]["payload"],
        "OrderReference__c": f"BBWO{SECOND_ORDER}",
        "AssetId__c": BOXES[1].asset_id,
    }
    world.invoke("wallbox_event", batch({**message, "detail": {"payload": payload}}))
    world.pump()
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("station_not_found", "STATION_OF_ANOTHER")
    assert task.subject_id == our_wallbox(1)
    assert is_joined(world)


# --- what it waits for -------------------------------------------------------------------------


def test_should_wait_for_a_driver_whom_energised_does_not_know() -> None:
    world = given(contact=False)
    carry(world)
    assert wallbox(world).waiting_for == "contact_not_in_energised"
    world.run_for(3600)
    assert not world.energised.calls
    customer_there(world)
    world.run_for(600)
    assert is_joined(world)
    assert wallbox(world).waiting_for is None


def test_should_become_a_task_after_14_days_and_go_on_when_a_clerk_resumes() -> None:
    world = given(contact=False)
    carry(world)
    world.clock.advance(14 * DAY + 600)
    world.pump()
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("waited_too_long", "contact_not_in_energised")
    customer_there(world)
    assert resume(world).status == 200
    assert is_joined(world)


def test_should_drop_what_was_wanted_when_a_clerk_cancels() -> None:
    world = given(contact=False)
    carry(world)
    world.clock.advance(14 * DAY + 600)
    world.pump()
    assert resume(world, "cancel").status == 200
    customer_there(world)
    world.run_for(3600)
    assert not wallbox(world).joined


@pytest.mark.parametrize("operation", ["cpo_token", "list_stations", "read_station"])
def test_should_go_on_by_itself_when_a_read_of_energised_fails(operation: str) -> None:
    world = given()
    world.energised.add_fault(Fault("status", operation=operation, status=503, count=2))
    carry(world)
    assert not wallbox(world).joined
    world.run_for(900)
    assert is_joined(world)
    assert not tasks(world)


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after", "late_commit"])
def test_should_end_joined_when_the_answer_to_the_write_is_lost(kind: str) -> None:
    world = given()
    world.energised.add_fault(Fault(kind, operation="write_station", seconds=20))
    carry(world)
    world.run_for(900)
    assert is_joined(world)
    assert len(writes(world.energised)) == (2 if kind == "timeout_before" else 1)
    assert not tasks(world)


def test_should_open_a_task_when_energised_refuses_and_go_on_when_a_clerk_resumes() -> None:
    world = given()
    world.energised.add_fault(
        Fault("status", operation="write_station", status=422, body={"errors": []})
    )
    carry(world)
    assert [t.kind for t in tasks(world)] == ["parked_state"]
    assert resume(world).status == 200
    assert is_joined(world)


def test_should_wait_out_an_hour_in_which_energised_is_down() -> None:
    world = given()
    world.energised.is_down = True
    carry(world)
    world.run_for(3600)
    assert not wallbox(world).joined
    world.energised.is_down = False
    world.run_for(900)
    assert is_joined(world)
    assert world.sqs.dead == {}


# --- what Salesforce hears ---------------------------------------------------------------------


def test_should_tell_salesforce_nothing_of_a_wallbox_that_is_only_joined() -> None:
    world = given()
    before = asset_there(world, BOXES[0].asset_id)
    carry(world)
    world.pump()
    assert asset_there(world, BOXES[0].asset_id) == before
    assert not writes(world.salesforce)
