"""sync_cards: one card, order or run in trouble holds up no other, and gets a task."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard
from busbar.domain.orders import ChargeCardOrder
from busbar.settings.function import Tuning
from busbar.usecases.card_follow import CURSOR, SyncCursor
from infra.simulators.faults import Fault
from infra.simulators.sample import cards
from tests.doubles.world import Boundaries, World
from tests.functions.given import (
    any_blank_card,
    asset,
    assigned,
    card_in_portal,
    delivered,
    errands,
    forget_calls,
    order,
    portal_cards,
    shown,
    store,
    stored_card,
    stored_item,
    sync,
    tasks,
)
from tests.functions.portal import SYNC, place

HOUR = 3600
MISSING = {"status": 404, "body": {"message": "Card not found."}}
FORBIDDEN = {"status": 403, "body": {"message": "Not yours."}}
GARBAGE = {"status": 200, "body": {"id": 7}}
LASTING = pytest.mark.parametrize(
    ("answer", "reason"),
    [(MISSING, "HTTP_404"), (FORBIDDEN, "HTTP_403")],
    ids=["missing", "forbidden"],
)


def bad_card(world: World, number: int, answer: dict[str, Any]) -> None:
    """be.ENERGISED answers this whenever the card is read by itself."""
    match = f"/{any_blank_card(number).energised_id}$"
    world.energised.add_fault(
        Fault("status", operation="read_card", match=match, count=None, **answer)
    )


def on_their_way(world: World, *quantities: int) -> list[str]:
    """Orders whose cards are assigned and delivered, but not taken over yet; their ids."""
    made = []
    for number, quantity in enumerate(quantities):
        placed = place(world, quantity, key=str(number)).json
        assigned(world, placed["salesforce_order_number"])
        world.salesforce.set_order_status(placed["salesforce_order_number"], "Geliefert")
        world.pump()
        made.append(placed["id"])
    world.clock.advance(120)
    return made


def numbers(world: World) -> list[str]:
    """The numbers of the cards in the portal."""
    return [c.record.number for c in portal_cards(world)]


def cursor(world: World) -> datetime | None:
    """How far the card list has been followed."""
    stored = store(world).get(SyncCursor, CURSOR)
    return stored.record.since if stored else None


# --- take over ---------------------------------------------------------------------------------


@LASTING
def test_should_take_over_the_other_cards_and_orders_when_one_card_cannot_be_read(
    world: World, answer: dict[str, Any], reason: str
) -> None:
    first, second = on_their_way(world, 3, 2)
    bad_card(world, 2, answer)
    assert sync(world)["taken_over"] == 4
    assert numbers(world) == [c.number for c in cards(5) if c != any_blank_card(2)]
    (task,) = tasks(world)
    assert (task.kind, task.reason) == ("card_not_synchronised", reason)
    assert (task.system, task.subject_id) == ("energised", first)
    assert any_blank_card(2).asset_id in task.cause
    assert shown(world, second)["cards_in_portal"] == 2
    for _ in range(3):
        world.run_for(600)
        sync(world)
    assert len(tasks(world)) == 1
    world.energised.faults.clear()
    world.run_for(600)
    assert sync(world)["taken_over"] == 1


def test_should_take_over_the_other_orders_when_salesforce_does_not_answer_for_one(
    world: World,
) -> None:
    on_their_way(world, 1, 2)
    world.salesforce.add_fault(Fault("timeout_before", operation="run_query"))
    report = sync(world)
    assert report["orders"] == 2
    assert len(numbers(world)) in {1, 2}
    assert (report["complete"], report["reasons"]) == (False, ["salesforce_unavailable"])
    world.run_for(600)
    sync(world)
    assert len(numbers(world)) == 3


def test_should_take_over_the_other_orders_when_a_card_belongs_to_nobody(world: World) -> None:
    first, second = on_their_way(world, 1, 1)
    world.salesforce.org.change("Asset", any_blank_card(1).asset_id, EnergisedCardId__c="410019")
    sync(world)
    assert shown(world, second)["cards_in_portal"] == 1
    assert [(t.kind, t.subject_id) for t in tasks(world)] == [("card_not_synchronised", first)]


def test_should_come_to_the_fifty_first_order_though_fifty_never_get_on(world: World) -> None:
    for number in range(50):
        order(world, id=f"0STVCK{number:07d}", next_takeover_at=world.clock.now())
    world.clock.advance(60)
    (waiting,) = on_their_way(world, 1)
    sync(world)
    sync(world)
    assert shown(world, waiting)["cards_in_portal"] == 1


def test_should_open_a_task_when_the_cards_of_a_delivered_order_never_come() -> None:
    world = World(tuning=Tuning(wait_at_most=24 * HOUR))
    placed = place(world).json
    world.salesforce.set_order_status(placed["salesforce_order_number"], "Geliefert")
    world.pump()
    for _ in range(23):
        world.clock.advance(HOUR)
        assert sync(world)["orders"] == 1
    assert not tasks(world)
    world.clock.advance(2 * HOUR)
    sync(world)
    (task,) = tasks(world)
    assert (task.subject_id, task.reason) == (placed["id"], "cards_never_came")
    forget_calls(world)
    for _ in range(3):
        world.clock.advance(HOUR)
        assert sync(world)["orders"] == 0
    assert "run_query" not in {c.operation for c in world.salesforce.calls}
    assert len(tasks(world)) == 1


def test_should_take_over_the_cards_that_come_after_the_task_was_opened() -> None:
    world = World(tuning=Tuning(wait_at_most=24 * HOUR))
    placed = place(world).json
    number = placed["salesforce_order_number"]
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(25 * HOUR)
    sync(world)
    assert len(tasks(world)) == 1
    assigned(world, number)
    world.salesforce.set_order_status(number, "Geliefert")
    world.pump()
    world.clock.advance(HOUR)
    assert sync(world)["taken_over"] == 2


# --- follow ------------------------------------------------------------------------------------


@pytest.fixture
def three(world: World) -> list[ChargeCard]:
    """Three cards that all systems agree about."""
    made = [c.record for c in delivered(world, quantity=3)]
    world.run_for(600)
    sync(world)
    forget_calls(world)
    return made


def relabelled(world: World, made: list[ChargeCard]) -> None:
    """A clerk changes all cards, one after the other."""
    for number, card in enumerate(made, 1):
        world.energised.change_card(card.energised_id, label=f"Karte {number}")
        world.clock.advance(1)


@LASTING
def test_should_follow_the_others_and_move_on_when_one_card_cannot_be_read(
    world: World, three: list[ChargeCard], answer: dict[str, Any], reason: str
) -> None:
    before = cursor(world)
    bad_card(world, 1, answer)
    relabelled(world, three)
    report = sync(world)
    assert (report["followed"], report["postponed"], report["complete"]) == (2, 0, True)
    assert [stored_card(world, n).label for n in (1, 2, 3)] == ["", "Karte 2", "Karte 3"]
    (task,) = tasks(world)
    assert (task.kind, task.reason, task.system) == ("card_not_synchronised", reason, "energised")
    assert (task.subject_schema, task.subject_id) == ("charge_card", three[0].id)
    after = cursor(world)
    assert before is not None
    assert after is not None
    assert after > before
    world.clock.advance(600)
    sync(world)
    assert len(tasks(world)) == 1


def test_should_follow_the_others_when_the_list_holds_a_row_that_cannot_be_read(
    world: World, three: list[ChargeCard]
) -> None:
    relabelled(world, three)
    changed = {c.energised_id for c in three}
    rows = [r for r in world.energised.backend.listed(None) if r["id"] in changed]
    rows[0] = {**rows[0], "updated_at": "yesterday"}
    rows.insert(1, "no row at all")  # type: ignore[arg-type]
    body = {"data": rows, "meta": {"total": 4, "offset": 0, "limit": 500}}
    before = cursor(world)
    world.energised.add_fault(Fault("status", operation="list_cards", status=200, body=body))
    report = sync(world)
    assert (report["followed"], report["complete"]) == (2, True)
    assert [stored_card(world, n).label for n in (1, 2, 3)] == ["", "Karte 2", "Karte 3"]
    assert {(t.kind, t.reason) for t in tasks(world)} == {
        ("card_not_synchronised", "card_unreadable")
    }
    assert three[0].energised_id in {t.subject_id for t in tasks(world)}
    after = cursor(world)
    assert before is not None
    assert after is not None
    assert after > before


def test_should_follow_the_others_when_our_own_record_of_one_is_busy(
    world: World, three: list[ChargeCard]
) -> None:
    world.energised.add_fault(Fault("timeout_before", operation="write_card"))
    world.call("POST", f"/v1/charge-cards/{three[0].id}/activate")
    relabelled(world, three)
    report = sync(world)
    assert (report["followed"], report["postponed"]) == (2, 1)
    world.run_for(900)
    assert sync(world)["followed"] == 1
    assert stored_card(world, 1).label == "Karte 1"


def test_should_stop_asking_when_be_energised_fails_twice_in_a_row(
    world: World, three: list[ChargeCard]
) -> None:
    relabelled(world, three)
    world.energised.add_fault(Fault("status", operation="read_card", count=None))
    report = sync(world)
    assert (report["followed"], report["postponed"]) == (0, 3)
    reads = [c for c in world.energised.calls if c.operation == "read_card"]
    assert len(reads) == 2
    assert not tasks(world)
    world.energised.faults.clear()
    assert sync(world)["followed"] == 3


# --- runs that overlap -------------------------------------------------------------------------


class Meanwhile(Boundaries):
    """Lets something else happen in full at one effect boundary of a worker."""

    def __init__(self, at: int, happens: Callable[[], object]) -> None:
        super().__init__()
        self._at = at
        self._happens = happens

    def _pass(self, name: str) -> None:
        super()._pass(name)
        if self.count == self._at:
            self._happens()


def overlapped(at: int) -> tuple[World, list[int]]:
    """Two runs, the second at this boundary of the first; what they answered."""
    world, answered = World(), list[int]()
    card_in_portal(world, number=9)
    on_their_way(world, 2)
    world.energised.change_card(any_blank_card(9).energised_id, label="neu")

    def run() -> None:
        answered.append(world.call("POST", SYNC, "operator").status)

    world.boundaries = Meanwhile(at, run)
    world._handlers.clear()
    run()
    return world, answered


BOUNDARIES = overlapped(0)[0].boundaries.names


@pytest.mark.parametrize(
    "at", range(1, len(BOUNDARIES) + 1), ids=lambda n: f"{n}-{BOUNDARIES[n - 1]}"
)
def test_should_answer_both_of_two_runs_that_overlap(at: int) -> None:
    world, answered = overlapped(at)
    assert answered == [200, 200]
    for _ in range(2):
        world.run_for(600)
        sync(world)
    assert numbers(world) == [any_blank_card(n).number for n in (1, 2, 9)]
    assert stored_card(world, 9).label == "neu"
    assert shown(world, portal_cards(world)[0].record.order_id)["cards_in_portal"] == 2
    assert asset(world, 9)["CardLabel__c"] == "neu"
    assert not tasks(world)
    assert errands(world) == []


def test_should_go_on_with_the_other_orders_when_ours_cannot_be_read(world: World) -> None:
    first, second = on_their_way(world, 1, 1)
    stored_item(world, ChargeCardOrder, first)["body"] = b"broken"
    assert sync(world)["taken_over"] == 1
    assert shown(world, second)["cards_in_portal"] == 1
