"""Queue card_event: a company that be.ENERGISED does not know, and be.ENERGISED out of order."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.ports.store import Bind
from infra.simulators.energised.backend import Contact
from infra.simulators.faults import Fault
from infra.simulators.sample import HEIDE, HEIDE_LATER_ENERGISED_ID, NORDWIND
from tests.doubles.world import World
from tests.functions.given import (
    any_blank_card,
    batch,
    bodies,
    delivered,
    failed,
    forget_calls,
    order,
    portal_cards,
    store,
    stored_card,
    sync,
    tasks,
    writes,
)
from tests.functions.samples import read_event

CARD = any_blank_card()
DAY = 86_400
HEIDE_ID = HEIDE.reference.removeprefix("BBCU")


def sent(world: World, card: str = CARD.energised_id) -> Any:
    """The sample event, for this card; what the worker answers."""
    message = bodies(read_event("card_event", "assigned"))[0]
    message["detail"]["payload"]["CardId__c"] = card
    return world.invoke("card_event", batch(message))


def bound(world: World, contact: str = HEIDE_LATER_ENERGISED_ID) -> None:
    """Heide Mobil is bound to this contact."""
    store(world).commit(Bind("company", HEIDE_ID, "energised", contact))


def billing_contact(world: World) -> str | None:
    """Who pays for the card."""
    return world.energised.card(CARD.energised_id).billing_contact_id


@pytest.fixture
def waiting(world: World) -> World:
    """A card that waits for Heide Mobil, which be.ENERGISED does not know."""
    order(world, company=HEIDE)
    assert failed(sent(world)) == []
    return world


def test_should_wait_with_a_named_reason_while_the_company_is_unbound(waiting: World) -> None:
    assert stored_card(waiting).waiting_for == "company_not_in_energised"
    waiting.run_for(3600)
    assert stored_card(waiting).waiting_for == "company_not_in_energised"
    assert not waiting.energised.calls
    assert waiting.sqs.dead == {}


def test_should_go_on_by_itself_when_the_company_is_bound(waiting: World) -> None:
    waiting.run_for(3600)
    waiting.energised.put_contact(Contact(HEIDE_LATER_ENERGISED_ID, HEIDE.name))
    bound(waiting)
    waiting.run_for(600)
    assert billing_contact(waiting) == HEIDE_LATER_ENERGISED_ID
    assert stored_card(waiting).waiting_for is None
    assert not tasks(waiting)


def test_should_keep_a_waiting_card_out_of_the_portal_until_the_company_is_bound(
    world: World,
) -> None:
    world.energised.put_contact(Contact(HEIDE_LATER_ENERGISED_ID, HEIDE.name))
    assert delivered(world, quantity=1, company=HEIDE) == []
    world.run_for(600)
    assert sync(world)["taken_over"] == 0
    bound(world)
    world.run_for(600)
    assert sync(world)["taken_over"] == 1
    assert len(portal_cards(world, HEIDE)) == 1


def test_should_become_a_task_after_14_days_and_not_before(waiting: World) -> None:
    waiting.clock.advance(14 * DAY - 300)
    waiting.pump()
    assert not tasks(waiting)
    waiting.clock.advance(600)
    waiting.pump()
    (task,) = tasks(waiting)
    assert (task.kind, task.reason) == ("waited_too_long", "company_not_in_energised")
    assert (task.subject_schema, task.subject_id) == ("charge_card", stored_card(waiting).id)
    written = waiting.table.bill.write_units
    waiting.run_for(3600)
    assert waiting.table.bill.write_units == written


def test_should_open_a_task_when_energised_refuses_the_contact(waiting: World) -> None:
    bound(waiting, contact="00000000-0000-4000-8000-000000000000")
    waiting.run_for(600)
    assert [(t.kind, t.reason) for t in tasks(waiting)] == [("parked_state", "HTTP_422")]
    assert billing_contact(waiting) is None


@pytest.mark.parametrize("kind", ["timeout_before", "timeout_after", "reset_after", "late_commit"])
def test_should_end_with_the_billing_contact_when_the_answer_to_the_write_is_lost(
    world: World, kind: str
) -> None:
    order(world)
    world.energised.add_fault(Fault(kind, operation="write_card", seconds=20))
    sent(world)
    world.run_for(600)
    assert billing_contact(world) == NORDWIND.energised_id
    assert len(writes(world.energised)) == (2 if kind == "timeout_before" else 1)
    assert not tasks(world)


def test_should_take_the_event_while_energised_is_down_and_go_on_later(world: World) -> None:
    order(world)
    world.energised.is_down = True
    assert failed(sent(world)) == []
    world.run_for(1200)
    assert world.sqs.dead == {}
    world.energised.is_down = False
    world.run_for(600)
    assert billing_contact(world) == NORDWIND.energised_id


def test_should_open_a_task_when_energised_does_not_know_the_card(world: World) -> None:
    order(world)
    sent(world, card="999999")
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("parked_state", "HTTP_404")
    assert store(world).get(ChargeCard, task.subject_id) is not None
    forget_calls(world)
    world.run_for(300)
    assert not world.energised.calls
