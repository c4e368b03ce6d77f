"""Queue card_forward: a card's wanted state reaches be.ENERGISED, and then Salesforce."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.ports.store import Save
from busbar.process.ledger import LedgerRow, ledger_id
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS
from tests.doubles.world import World
from tests.functions.given import (
    CORRELATION,
    any_blank_card,
    asset,
    bodies,
    errand,
    errands,
    failed,
    forget_calls,
    store,
    stored_card,
    tasks,
    wanting,
    writes,
)

CARD = any_blank_card()
DRIVER = DRIVERS[0].energised_id


def test_wanted_active_should_switch_the_card_on_and_tell_salesforce(
    world: World, event: Any
) -> None:
    wanting(world, active=True, contact_id=DRIVER)
    assert failed(world.invoke("card_forward", event)) == []
    held = world.energised.card(CARD.energised_id)
    assert (held.active, held.contact_id) == (True, DRIVER)
    assert stored_card(world).active
    world.pump()
    assert (asset(world)["CardActive__c"], asset(world)["CardHolder__c"]) == (True, DRIVER)


def test_wanted_active_should_leave_everything_else_of_the_card_as_it_is(
    world: World, event: Any
) -> None:
    wanting(world, active=True)
    world.energised.change_card(CARD.energised_id, label="Pool", reference="R-1", contact_id=DRIVER)
    world.invoke("card_forward", event)
    held = world.energised.card(CARD.energised_id)
    assert (held.label, held.reference, held.contact_id) == ("Pool", "R-1", DRIVER)


def test_wanted_active_should_go_under_the_correlation_id_of_its_cause(
    world: World, event: Any
) -> None:
    wanting(world, active=True)
    world.invoke("card_forward", event)
    world.pump()
    calls = [*world.energised.calls, *world.salesforce.calls]
    assert {c.correlation_id for c in calls} == {CORRELATION}


def test_wanted_active_should_be_written_once_however_often_the_command_comes(
    world: World, event: Any
) -> None:
    wanting(world, active=True)
    for _ in range(3):
        world.invoke("card_forward", event)
        world.pump()
    assert [c.method for c in writes(world.energised)] == ["PUT"]
    assert [c.method for c in writes(world.salesforce)] == ["PATCH"]


def test_wanted_active_should_not_be_written_when_the_card_is_active_already(
    world: World, event: Any
) -> None:
    wanting(world, active=True)
    world.energised.change_card(CARD.energised_id, active=True)
    world.invoke("card_forward", event)
    assert not writes(world.energised)
    assert stored_card(world).active


def test_unknown_card_should_be_taken_off_the_queue_without_a_call(
    world: World, event: Any
) -> None:
    errand(world, bodies(event)[0])
    assert failed(world.invoke("card_forward", event)) == []
    assert not world.energised.calls
    assert errands(world) == []


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "late_commit"])
def test_wanted_active_should_reach_salesforce_once_the_lost_write_has_settled(
    world: World, event: Any, kind: str
) -> None:
    wanting(world, active=True)
    world.energised.add_fault(Fault(kind, operation="write_card", seconds=20))
    world.invoke("card_forward", event)
    forget_calls(world)
    world.run_for(90)
    assert not writes(world.energised)  # it may still take effect
    world.run_for(300)
    assert world.energised.card(CARD.energised_id).active
    assert asset(world)["CardActive__c"] is True


def test_wanted_active_should_wait_for_salesforce_by_itself(world: World, event: Any) -> None:
    wanting(world, active=True)
    world.salesforce.is_down = True
    world.invoke("card_forward", event)
    world.run_for(900)
    assert stored_card(world).active
    world.salesforce.is_down = False
    world.run_for(600)
    assert asset(world)["CardActive__c"] is True
    assert len(writes(world.energised)) == 1


def test_wanted_active_should_open_a_task_when_the_asset_is_gone(world: World, event: Any) -> None:
    wanting(world, active=True)
    body = [{"errorCode": "ENTITY_IS_DELETED", "message": "gone", "fields": []}]
    world.salesforce.add_fault(Fault("status", operation="update_row", status=404, body=body))
    world.invoke("card_forward", event)
    world.pump()
    assert [(t.system, t.reason) for t in tasks(world)] == [("salesforce", "ENTITY_IS_DELETED")]


def test_wanted_active_should_end_in_the_newest_wish_while_an_older_write_is_unknown(
    world: World, event: Any
) -> None:
    wanting(world, active=True)
    world.energised.add_fault(Fault("late_commit", operation="write_card", seconds=30))
    world.invoke("card_forward", event)
    row = store(world).get(LedgerRow, ledger_id("energised", "card", CARD.energised_id))
    assert row is not None
    store(world).commit(Save(row.record.wanting({"active": False}), row))
    world.run_for(600)
    assert world.energised.card(CARD.energised_id).active is False
    assert stored_card(world).active is False
