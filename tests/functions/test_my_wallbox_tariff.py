"""PUT /v1/my/wallbox/tariff: what is refused, what is kept, and how each system comes to know."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from busbar.domain.wallboxes import Tariff
from infra.simulators.faults import Fault
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import errands, forget_calls, tasks, writes
from tests.functions.portal import fields_at_fault, problem
from tests.functions.wallbox_given import (
    BOXES,
    asset_there,
    assigned,
    ordered,
    station,
    wallbox,
)
from tests.functions.wallbox_owner import (
    TARIFF,
    changed,
    mine,
    owned,
    prove,
    set_tariff,
    systems,
)
from tests.functions.wallbox_world import wallbox_world

TODAY = "2026-03-02"
IN_A_YEAR, TOO_FAR = "2027-03-03", "2027-03-04"
ENERGISED = {"unitPrice": "32.45", "unit": "ct/kWh", "currency": "EUR", "validFrom": "2026-04-01"}


@pytest.fixture
def world() -> World:
    return wallbox_world()


def there(world: World) -> tuple[Any, Any, Any]:
    """The tariff in Salesforce."""
    asset = asset_there(world, BOXES[0].asset_id)
    return asset["TariffPrice__c"], asset["TariffCurrency__c"], asset["TariffValidFrom__c"]


# --- what is sent ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "price", ["0", "0.0001", "32.45", "32.4500", "999.9999", "1000", "1000.0000"]
)
def test_should_keep_a_price_as_it_was_written(world: World, price: str) -> None:
    owned(world)
    assert set_tariff(world, unit_price=price).status == 202
    assert mine(world)["tariff"]["unit_price"] == price
    world.pump()
    assert (station(world).tariff or {})["unitPrice"] == price
    assert there(world)[0] == float(price)


@pytest.mark.parametrize(
    ("price", "says"),
    [
        ("-0.01", "may not be negative"),
        ("1000.0001", "may be 1000 ct/kWh at most"),
        ("1001", "may be 1000 ct/kWh at most"),
        ("99999", "may be 1000 ct/kWh at most"),
        ("32.45001", "may have 4 decimals"),
        ("32,45", "has to be a decimal as text"),
        ("032", "has to be a decimal as text"),
        (".5", "has to be a decimal as text"),
        ("5.", "has to be a decimal as text"),
        ("1e2", "has to be a decimal as text"),
        ("٣٢", "has to be a decimal as text"),
        ("NaN", "has to be a decimal as text"),
        ("", "has to be a decimal as text"),
        ("9" * 60, "has to be a decimal as text"),
        (32.45, "has to be a decimal as text"),
        (None, "has to be a decimal as text"),
    ],
)
def test_should_refuse_a_price_and_say_why(world: World, price: Any, says: str) -> None:
    owned(world)
    refused = set_tariff(world, unit_price=price)
    problem(refused, 422, "fields-invalid")
    ((field, message),) = ((e["field"], e["message"]) for e in refused.json["errors"])
    assert field == "unit_price"
    assert says in message


@pytest.mark.parametrize("currency", ["EURO", "eur", "XYZ", "EU", "", "XAU", 978, None, ["EUR"]])
def test_should_refuse_what_is_no_currency(world: World, currency: Any) -> None:
    owned(world)
    assert fields_at_fault(set_tariff(world, currency=currency)) == ["currency"]


@pytest.mark.parametrize(
    "day",
    ["2026-03-01", TOO_FAR, "9999-12-31", "01.04.2026", "2026-02-30", "2026-04-01T00:00:00Z", 0],
)
def test_should_refuse_a_day_that_is_past_too_far_or_none(world: World, day: Any) -> None:
    owned(world)
    assert fields_at_fault(set_tariff(world, valid_from=day)) == ["valid_from"]


@pytest.mark.parametrize("day", [TODAY, IN_A_YEAR])
def test_should_take_a_day_from_today_to_a_year_ahead(world: World, day: str) -> None:
    owned(world)
    assert set_tariff(world, valid_from=day).status == 202


def test_should_name_every_field_that_is_missing_or_too_many(world: World) -> None:
    owned(world)
    refused = world.call("PUT", TARIFF, "driver", {"unit": "ct/kWh"})
    assert set(fields_at_fault(refused)) == {"unit_price", "currency", "valid_from", "unit"}


def test_should_take_the_same_again_after_its_day_has_come(world: World) -> None:
    owned(world)
    set_tariff(world, valid_from=TODAY)
    world.pump()
    world.clock.advance(3 * 86400)
    assert set_tariff(world, valid_from=TODAY).status == 200


# --- what is kept ------------------------------------------------------------------------------


def test_should_stand_in_the_audit_trail_with_who_set_it(world: World) -> None:
    owned(world)
    set_tariff(world)
    set_tariff(world, unit_price="33")
    entries = world.call("GET", "/v1/audit", "operator").json["entries"]
    said = [(e["action"], e["details"]["unit_price"]) for e in entries]
    assert said == [("my_wallbox_tariff", "33"), ("my_wallbox_tariff", "32.45")]
    assert {(e["subject_schema"], e["subject_id"]) for e in entries} == {
        ("wallbox", mine(world)["id"])
    }


def test_should_write_nothing_for_the_same_again(world: World) -> None:
    owned(world)
    set_tariff(world)
    world.pump()
    forget_calls(world)
    again = set_tariff(world)
    assert again.status == 200
    world.pump()
    assert writes(world.energised, world.salesforce) == []
    assert len(world.call("GET", "/v1/audit", "operator").json["entries"]) == 1


def test_should_keep_the_last_of_many_wishes(world: World) -> None:
    owned(world)
    for price in ("10", "20", "30"):
        set_tariff(world, unit_price=price)
    world.pump()
    assert (station(world).tariff or {})["unitPrice"] == "30"
    assert there(world)[0] == 30
    assert [c.method for c in writes(world.energised)] == ["PUT"]


# --- how the systems come to know --------------------------------------------------------------


def test_should_reach_both_systems(world: World) -> None:
    owned(world)
    set_tariff(world)
    assert systems(world) == ("pending", "pending")
    world.pump()
    assert station(world).tariff == ENERGISED
    assert there(world) == (32.45, "EUR", "2026-04-01")
    assert systems(world) == ("done", "done")
    assert errands(world) == []


def test_should_leave_the_station_with_its_driver(world: World) -> None:
    assigned(world, ordered(world))
    owner = station(world).contact_id
    set_tariff(world)
    world.pump()
    assert (station(world).contact_id, station(world).tariff) == (owner, ENERGISED)


@pytest.mark.parametrize(
    ("down", "told"),
    [("energised", ("unavailable", "done")), ("salesforce", ("done", "unavailable"))],
)
def test_should_wait_for_one_system_and_tell_the_other(
    world: World, down: str, told: tuple[str, str]
) -> None:
    owned(world)
    getattr(world, down).is_down = True
    set_tariff(world)
    world.run_for(600)
    assert systems(world) == told
    getattr(world, down).is_down = False
    world.run_for(600)
    assert systems(world) == ("done", "done")
    assert (station(world).tariff, there(world)[0]) == (ENERGISED, 32.45)
    assert tasks(world) == []


def test_should_wait_for_both(world: World) -> None:
    owned(world)
    world.energised.is_down = world.salesforce.is_down = True
    set_tariff(world)
    world.run_for(600)
    assert set(systems(world)) <= {"pending", "unavailable"}
    world.energised.is_down = world.salesforce.is_down = False
    world.run_for(900)
    assert systems(world) == ("done", "done")


def test_should_spare_a_system_that_is_down(world: World) -> None:
    owned(world)
    world.energised.is_down = True
    set_tariff(world)
    world.run_for(600)
    forget_calls(world)
    world.run_for(3600)
    assert len(world.energised.calls) <= 40  # probes of the circuit, at most every two minutes


def test_should_come_with_the_join_where_it_was_set_before(world: World) -> None:
    order = ordered(world)
    world.energised.is_down = True
    assigned(world, order)
    set_tariff(world)
    assert systems(world)[0] == "waiting"
    world.run_for(600)
    world.energised.is_down = False
    world.run_for(900)
    assert wallbox(world).joined
    assert station(world).tariff == ENERGISED
    assert systems(world) == ("done", "done")


def test_should_not_keep_a_wallbox_from_its_driver_by_a_tariff_that_is_refused(
    world: World,
) -> None:
    order = ordered(world)
    world.energised.is_down = True
    assigned(world, order)
    set_tariff(world, currency="USD")  # this tenant takes euros alone
    world.energised.is_down = False
    world.run_for(900)
    assert wallbox(world).joined
    assert systems(world) == ("refused", "done")
    (task,) = tasks(world)
    assert (task.kind, task.subject_schema, task.system) == ("parked_state", "wallbox", "energised")


def test_should_not_send_a_refused_tariff_again_because_something_else_is_told(
    world: World,
) -> None:
    order = ordered(world)
    assigned(world, order)
    set_tariff(world, currency="USD")
    world.pump()
    forget_calls(world)
    prove(world)
    assert writes(world.energised) == []
    assert systems(world) == ("refused", "done")


def test_should_leave_no_tariff_at_the_station_of_a_driver_who_had_it_before(world: World) -> None:
    owned(world)
    set_tariff(world)
    world.pump()
    changed(world, tariff=None)
    prove(world)
    assert station(world).tariff is None


def test_should_go_on_showing_what_was_refused_when_something_else_was_taken(world: World) -> None:
    owned(world)
    world.salesforce.faults.add(Fault("status", status=400, match="PATCH.*Asset", body=[]))
    set_tariff(world)
    world.pump()
    assert systems(world) == ("done", "refused")
    prove(world)
    assert asset_there(world, BOXES[0].asset_id)["InstallationProofHash__c"]
    assert systems(world) == ("done", "refused")
    set_tariff(world)
    world.pump()
    assert systems(world) == ("done", "done")


def test_should_go_on_with_another_tariff_after_one_was_refused(world: World) -> None:
    owned(world)
    set_tariff(world, currency="USD")
    world.pump()
    assert systems(world) == ("refused", "done")
    set_tariff(world)
    world.pump()
    assert systems(world) == ("done", "done")
    assert station(world).tariff == ENERGISED


def test_should_want_a_refused_tariff_anew_when_it_is_sent_again(world: World) -> None:
    owned(world)
    world.energised.faults.add(Fault("status", status=422, match="PUT"))
    set_tariff(world)
    world.pump()
    assert systems(world)[0] == "refused"
    assert set_tariff(world).status == 202
    world.pump()
    assert systems(world) == ("done", "done")


def test_should_have_a_clerk_resume_what_was_refused(world: World) -> None:
    owned(world)
    world.energised.faults.add(Fault("status", status=422, match="PUT"))
    set_tariff(world)
    world.pump()
    (task,) = tasks(world)
    path, head = f"/v1/tasks/{task.id}", {"Idempotency_Key": "any"}
    tag = world.call("GET", path, "operator").etag
    body = {"reason": "tariffs are allowed now"}
    resumed = world.call("POST", f"{path}/resume", "operator", body, If_Match=tag, **head)
    assert resumed.status == 200, resumed.text
    world.pump()
    assert systems(world) == ("done", "done")


def test_should_write_once_when_an_answer_is_lost(world: World) -> None:
    owned(world)
    world.energised.faults.add(Fault("timeout_after", match="PUT"))
    set_tariff(world)
    world.run_for(900)
    assert systems(world) == ("done", "done")
    assert len(writes(world.energised)) == 1


def test_should_take_a_price_that_is_shown_in_another_form_for_the_same(world: World) -> None:
    owned(world)
    world.energised.faults.add(Fault("timeout_after", match="PUT"))
    set_tariff(world)
    world.pump()
    shown = {**ENERGISED, "unitPrice": "32.450"}
    stations = world.energised.backend.stations
    stations.put(replace(station(world), tariff=shown), world.clock.now())
    world.run_for(900)
    assert systems(world) == ("done", "done")
    assert len(writes(world.energised)) == 1


# --- wherever a worker dies --------------------------------------------------------------------


def boundaries() -> int:
    """How many effects a tariff has, until both systems hold it."""
    world = wallbox_world()
    owned(world)
    world.boundaries.count = 0
    set_tariff(world)
    world.pump()
    return world.boundaries.count


@pytest.mark.parametrize("at", range(1, boundaries() + 1))
def test_should_reach_both_systems_wherever_a_worker_dies(at: int) -> None:
    world = wallbox_world()
    owned(world)
    world.boundaries.count, world.boundaries.die_at = 0, at
    try:
        set_tariff(world)
    except WorkerDiedError:
        set_tariff(world)  # the portal had no answer
    world.run_for(1800)
    assert wallbox(world).tariff == Tariff(
        unit_price="32.45", currency="EUR", valid_from=date(2026, 4, 1)
    )
    assert station(world).tariff == ENERGISED
    assert there(world) == (32.45, "EUR", "2026-04-01")
    assert systems(world) == ("done", "done")
    assert len(writes(world.energised)) == len(writes(world.salesforce)) == 1
    assert world.sqs.dead == {}
    assert tasks(world) == []
