"""sync_cards, where the card list cannot tell what changed: a walk through all cards."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.cards import ChargeCard, card_id
from busbar.domain.orders import ChargeCardOrder
from busbar.ports.store import Save
from busbar.usecases.card_follow import CURSOR, SyncCursor
from busbar.usecases.sync_cards import ORDERS_A_RUN
from infra.simulators.faults import Fault
from tests.doubles.world import Boundaries, World
from tests.functions.given import (
    any_blank_card,
    asset,
    batch,
    bodies,
    card_in_portal,
    errands,
    forget_calls,
    order,
    put_errand,
    store,
    stored_card,
    sync,
    tasks,
    writes,
)

CARDS = 30


@pytest.fixture
def world() -> World:
    """Every second card of the tenant is one of ours, and has been followed."""
    made = World(cards=CARDS, lists_changes=False)
    for number in range(1, CARDS + 1, 2):
        card_in_portal(made, number)
    made.clock.advance(600)
    sync(made)
    made.run_for(600)
    forget_calls(made)
    return made


def change(world: World, *numbers: int, label: str = "Neu") -> None:
    """A clerk changes these cards."""
    for number in numbers:
        world.energised.change_card(any_blank_card(number).energised_id, label=label)


def labels(world: World, *numbers: int) -> list[tuple[str, str]]:
    """The labels in the portal and in Salesforce."""
    return [(stored_card(world, n).label, asset(world, n)["CardLabel__c"]) for n in numbers]


def cursor(world: World) -> SyncCursor:
    """Where the walk is."""
    stored = store(world).get(SyncCursor, CURSOR)
    return stored.record if stored else SyncCursor(id=CURSOR)


def pages(world: World) -> list[int]:
    """The positions from which pages were asked for."""
    queries = [c.query for c in world.energised.calls if c.operation == "list_cards"]
    return [int(query.partition("offset=")[2].partition("&")[0]) for query in queries]


@pytest.mark.parametrize("clamp", [1, 3, 7, 500])
def test_should_follow_what_changed_whatever_the_page_size(world: World, clamp: int) -> None:
    world.energised.backend.page_clamp = clamp
    change(world, 1, 15, 29)
    report = sync(world)
    assert (report["followed"], report["complete"]) == (3, True)
    assert labels(world, 1, 15, 29) == [("Neu", "Neu")] * 3
    assert {c.operation for c in writes(world.salesforce)} == {"update_rows"}
    assert errands(world) == []
    assert all("updated_since" not in c.query for c in world.energised.calls)


def test_should_write_nothing_and_read_no_card_in_a_second_run(world: World) -> None:
    change(world, 1, 15)
    sync(world)
    world.run_for(600)
    forget_calls(world)
    bill = world.table.bill
    before = (bill.write_units, bill.calls.get("GetItem", 0), bill.calls["BatchGetItem"])
    assert sync(world)["followed"] == 0
    after = (bill.write_units, bill.calls["GetItem"], bill.calls["BatchGetItem"])
    assert after[0] == before[0]
    assert after[1] - before[1] <= 2  # who asks, and the cursor
    assert after[2] - before[2] == 2  # all marks at once, and the circuits
    assert not writes(world.salesforce, world.energised)
    assert [c.operation for c in world.energised.calls] == ["list_cards"]


def test_should_notice_a_card_that_was_changed_and_changed_back(world: World) -> None:
    before = stored_card(world, 1)
    assert world.call("POST", f"/v1/charge-cards/{before.id}/activate").status == 200
    world.run_for(600)
    world.energised.change_card(before.energised_id, active=False)
    sync(world)
    assert stored_card(world, 1).active is False
    assert asset(world, 1)["CardActive__c"] is False


def test_should_look_again_at_a_card_with_work_in_flight(world: World) -> None:
    world.energised.add_fault(Fault("timeout_before", operation="write_card"))
    card = stored_card(world, 1)
    assert world.call("POST", f"/v1/charge-cards/{card.id}/activate").status == 202
    change(world, 1)
    assert sync(world)["postponed"] == 1
    world.run_for(600)
    assert sync(world)["followed"] == 1
    assert labels(world, 1) == [("Neu", "Neu")]


@pytest.mark.parametrize(
    "fault",
    [
        Fault("status", operation="list_cards", status=502, skip=2),
        Fault("reset_after", operation="list_cards", skip=2),
        Fault("status", operation="list_cards", status=200, body={"data": 7}, skip=2),
    ],
    ids=["5xx", "cut", "garbage"],
)
def test_should_go_on_where_a_page_was_broken(world: World, fault: Fault) -> None:
    world.energised.backend.page_clamp = 7
    change(world, 1, 15, 29)
    world.energised.add_fault(fault)
    report = sync(world)
    assert (report["followed"], report["reasons"]) == (1, ["energised_unavailable"])
    assert cursor(world).offset == 11
    forget_calls(world)
    assert sync(world)["followed"] == 2
    assert pages(world)[0] == 8
    assert labels(world, 1, 15, 29) == [("Neu", "Neu")] * 3


def test_should_open_a_task_for_a_garbage_row_and_follow_the_others(world: World) -> None:
    change(world, 1)
    rows: list[Any] = world.energised.backend.listed(None)
    rows[4] = {"id": "410005", "active": "vielleicht"}
    page = {"data": rows, "meta": {"total": len(rows)}}
    world.energised.add_fault(Fault("status", operation="list_cards", status=200, body=page))
    assert sync(world)["followed"] == 1
    assert [task.reason for task in tasks(world)] == ["card_unreadable"]


def test_should_lose_no_card_when_others_are_deleted_while_it_reads(world: World) -> None:
    world.energised.backend.page_clamp = 7
    change(world, 1, 11, 13, 29)
    world.energised.add_fault(Fault("status", operation="list_cards", status=502, skip=1))
    sync(world)
    offset = cursor(world).offset
    for number in range(2, offset + 1):
        if number != 1:
            world.energised.backend.remove(any_blank_card(number).energised_id)
    forget_calls(world)
    assert sync(world)["followed"] == 3
    assert pages(world)[:2] == [offset - 3, 0]
    assert labels(world, 11, 13, 29) == [("Neu", "Neu")] * 3


def test_should_lose_no_card_when_changed_ones_move_to_the_end(world: World) -> None:
    """A tenant whose list is in the order of changes, though it cannot ask by them."""
    world.energised.backend.lists_changes = True
    world.energised.backend.page_clamp = 7
    sync(world)
    world.energised.add_fault(Fault("status", operation="list_cards", status=502, skip=1))
    sync(world)
    listed = [row["id"] for row in world.energised.backend.listed(None)]
    for card in listed[:7]:
        world.energised.change_card(card, label="Neu")
    followed = sync(world)["followed"]
    ours = [c for c in listed[:7] if store(world).get(ChargeCard, card_id_of(world, c))]
    assert followed == len(ours)


def card_id_of(world: World, energised_id: str) -> str:
    """Our id of a card, whether it is ours or not."""
    return card_id(store(world).org, energised_id)


def test_should_not_look_for_ever_for_rows_that_are_gone(world: World) -> None:
    world.energised.backend.page_clamp = 7
    world.energised.add_fault(Fault("status", operation="list_cards", status=502, skip=2))
    sync(world)
    before = cursor(world)
    stale = before.model_copy(update={"anchors": ("00" * 8,) * 3})
    stored = store(world).get(SyncCursor, CURSOR)
    store(world).commit(Save(stale, stored))
    forget_calls(world)
    assert sync(world)["complete"] is True
    assert len(pages(world)) < 15


def test_goes_on_should_walk_on_from_where_the_time_was_up(world: World, event: Any) -> None:
    world.energised.backend.page_clamp = 7
    change(world, 1, 29)
    world.energised.add_fault(Fault("status", operation="list_cards", status=502, skip=2))
    sync(world)
    (message,) = bodies(event)
    put_errand(world, message, wake=False)
    forget_calls(world)
    assert world.invoke("sync_cards", event) == {"batchItemFailures": []}
    assert pages(world)[0] == 8
    assert labels(world, 29) == [("Neu", "Neu")]
    assert errands(world) == []


def test_should_go_on_by_itself_when_only_the_time_was_up(world: World) -> None:
    world.energised.backend.page_clamp = 3
    change(world, 1, 15, 29)
    world.boundaries = Slow(world, seconds=5.0)
    report = world.call("POST", "/v1/charge-cards/sync", "operator").json
    assert (report["complete"], report["reasons"]) == (False, [])
    assert "sync_cards" in {row.command.queue for row in errands(world)}
    world.run_for(600)
    assert labels(world, 1, 15, 29) == [("Neu", "Neu")] * 3
    assert (errands(world), cursor(world).offset) == ([], 0)


def test_should_go_on_by_itself_where_more_orders_wait_than_one_run_takes(world: World) -> None:
    for number in range(ORDERS_A_RUN + 1):
        order(world, id=f"0STVCK{number:07d}", next_takeover_at=world.clock.now())
    report = world.call("POST", "/v1/charge-cards/sync", "operator").json
    assert (report["orders"], report["complete"]) == (ORDERS_A_RUN, False)
    world.run_for(120)
    due = store(world).due(ChargeCardOrder, world.clock.now())
    assert (due, errands(world)) == ([], [])


class Slow(Boundaries):
    """Every call of be.ENERGISED takes its time."""

    def __init__(self, world: World, seconds: float) -> None:
        super().__init__()
        self._world = world
        self._seconds = seconds

    def _pass(self, name: str) -> None:
        super()._pass(name)
        if name == "before energised GET":
            self._world.clock.advance(self._seconds)


def test_should_pass_over_the_message_of_an_older_run(world: World) -> None:
    message = {
        "v": 1,
        "org": "demo",
        "queue": "sync_cards",
        "schema_of": "cursor",
        "id": CURSOR,
        "token": "old",
        "correlation_id": "any",
    }
    answered = world.invoke("sync_cards", batch(json.dumps(message)))
    assert answered == {"batchItemFailures": []}
    assert not world.energised.calls
