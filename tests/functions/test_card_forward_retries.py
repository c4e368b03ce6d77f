"""Queue card_forward: retries of one card never multiply, and end."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.settings.function import Tuning
from infra.simulators.faults import Fault
from infra.simulators.sample import DRIVERS
from tests.doubles.world import World
from tests.functions.given import (
    any_blank_card,
    batch,
    card_in_portal,
    command,
    errand,
    errands,
    forget_calls,
    ours,
    put_errand,
    store,
    stored_card,
    sync,
    tasks,
    wanting,
    writes,
)
from tests.functions.portal import CARDS

BLANK = any_blank_card()
CARD = f"{CARDS}/{ours(BLANK)}"
HOUR = 3600
LOCKED = Fault("status", status=423, match="PUT", count=None)
"""One card is locked: that is no outage of be.ENERGISED."""
MOST_CALLS_AN_HOUR = 60
"""A chain that waits 5 minutes at most, with full jitter: 24 calls on average."""


def duplicated(copies: int) -> World:
    """be.ENERGISED is down, and the message of one wish comes so many times."""
    world = World()
    world.energised.is_down = True
    wanting(world, active=True)
    message = errand(world, command("card_forward", ours(BLANK), "charge_card", "2"))
    for _ in range(copies):
        world.sqs.put("card_forward", batch(message)["Records"][0]["body"])
    world.pump()
    return world


def calls_in_an_hour(world: World) -> int:
    """How often be.ENERGISED is called in the next hour."""
    forget_calls(world)
    world.run_for(HOUR)
    return len(world.energised.calls)


def switched(world: World, times: int) -> None:
    """The fleet manager switches the card on and off."""
    for number in range(times):
        word = "activate" if number % 2 == 0 else "deactivate"
        assert world.call("POST", f"{CARD}/{word}").status == 202


def live_messages(world: World) -> int:
    """Messages whose token is still the one of an errand's row."""
    tokens = {row.command.token for row in errands(world)}
    bodies = [m.body for m in world.sqs.queues.get("card_forward", [])]
    return sum(any(f'"token":"{token}"' in body for token in tokens) for body in bodies)


def test_should_go_on_as_one_chain_when_the_message_comes_ten_times() -> None:
    once, often = duplicated(1), duplicated(10)
    assert len(errands(often)) == 1
    assert live_messages(often) == 1
    calls = calls_in_an_hour(once)
    assert 10 <= calls <= MOST_CALLS_AN_HOUR
    assert calls_in_an_hour(often) == calls
    assert len(errands(often)) == 1
    assert live_messages(often) <= 1


def test_should_make_no_chain_of_a_message_that_comes_late_again_and_again() -> None:
    once, often = duplicated(1), duplicated(1)
    message = command("card_forward", ours(BLANK), "charge_card", "2")
    forget_calls(often)
    for _ in range(60):
        often.sqs.put("card_forward", batch(message)["Records"][0]["body"])
        often.run_for(60)
    assert len(often.energised.calls) == calls_in_an_hour(once)


def test_should_go_on_as_one_chain_when_ten_things_are_wanted_one_after_the_other(
    world: World,
) -> None:
    card_in_portal(world)
    world.energised.is_down = True
    switched(world, 10)
    world.pump()
    assert len(errands(world)) == 1
    assert live_messages(world) <= 1
    assert calls_in_an_hour(world) <= MOST_CALLS_AN_HOUR
    assert len(errands(world)) == 1
    assert live_messages(world) <= 1
    world.energised.is_down = False
    world.run_for(600)
    assert world.energised.card(BLANK.energised_id).active is False
    assert errands(world) == []


def test_should_call_no_more_though_the_portal_asks_all_the_time(world: World) -> None:
    card_in_portal(world)
    world.energised.is_down = True
    for _ in range(10):
        switched(world, 2)
        world.run_for(60)
    assert calls_in_an_hour(world) <= MOST_CALLS_AN_HOUR
    assert world.sqs.dead == {}


def test_should_keep_the_etag_of_a_202_valid_while_retries_go_on(world: World) -> None:
    card_in_portal(world)
    world.energised.is_down = True
    pending = world.call("POST", f"{CARD}/activate")
    assert pending.status == 202
    for _ in range(3):
        world.run_for(1200)
        assert world.call("GET", CARD).etag == pending.etag
    body = {"label": "Pool"}
    changed = world.call("PATCH", CARD, body=body, If_Match=pending.etag)
    assert changed.status == 202
    world.run_for(1200)
    assert world.call("GET", CARD).etag == changed.etag
    world.energised.is_down = False
    world.run_for(600)
    held = world.energised.card(BLANK.energised_id)
    assert (held.active, held.label) == (True, "Pool")


def test_should_start_with_short_waits_again_when_something_else_is_wanted(world: World) -> None:
    card_in_portal(world)
    world.energised.add_fault(LOCKED)
    switched(world, 1)
    world.run_for(4 * HOUR)
    switched(world, 1)
    (row,) = errands(world)
    assert row.tries == 1
    assert (row.not_before - world.clock.now()).total_seconds() <= 10


def test_should_wait_in_the_lane_when_something_else_is_wanted_of_a_system_that_is_down(
    world: World,
) -> None:
    card_in_portal(world)
    world.energised.is_down = True
    switched(world, 1)
    world.run_for(4 * HOUR)
    switched(world, 2)
    (row,) = errands(world)
    assert (row.lane, row.tries, row.since) == ("energised", 1, world.clock.now())


@pytest.fixture
def given_up() -> World:
    """be.ENERGISED had the card locked for two hours, and has let it go since."""
    world = World(tuning=Tuning(wait_at_most=2 * HOUR))
    card_in_portal(world)
    world.energised.add_fault(LOCKED)
    switched(world, 1)
    world.run_for(2 * HOUR - 600)
    assert not tasks(world)
    world.run_for(1200)
    forget_calls(world)
    world.run_for(HOUR)
    assert not world.energised.calls
    world.energised.faults.clear()
    return world


def test_should_become_a_task_and_end_when_it_has_waited_too_long(given_up: World) -> None:
    (task,) = tasks(given_up)
    assert (task.kind, task.reason) == ("waited_too_long", "unavailable")
    assert (task.subject_schema, task.subject_id) == ("charge_card", ours(BLANK))
    assert errands(given_up) == []
    given_up.run_for(HOUR)
    assert not given_up.energised.calls


def test_should_take_up_a_new_wish_after_one_was_given_up(given_up: World) -> None:
    assert given_up.call("POST", f"{CARD}/activate").status == 200
    assert given_up.energised.card(BLANK.energised_id).active is True
    given_up.pump()
    assert errands(given_up) == []


def test_should_not_hold_up_what_a_clerk_changes_after_a_wish_was_given_up(
    given_up: World,
) -> None:
    given_up.energised.change_card(BLANK.energised_id, label="Vom Innendienst")
    assert sync(given_up)["followed"] == 1
    assert stored_card(given_up).label == "Vom Innendienst"


def test_should_wait_its_full_time_though_older_wishes_waited_before(world: World) -> None:
    world = World(tuning=Tuning(wait_at_most=2 * HOUR))
    card_in_portal(world)
    world.energised.add_fault(LOCKED)
    switched(world, 1)
    world.run_for(HOUR)
    switched(world, 1)
    world.run_for(HOUR + 1200)
    assert not tasks(world)
    world.run_for(HOUR)
    assert [t.kind for t in tasks(world)] == ["waited_too_long"]


def test_should_give_nothing_up_however_long_a_system_is_down(world: World) -> None:
    world = World(tuning=Tuning(wait_at_most=2 * HOUR))
    card_in_portal(world)
    world.energised.is_down = True
    switched(world, 1)
    world.run_for(6 * HOUR)
    assert not tasks(world)
    world.energised.is_down = False
    world.run_for(900)
    assert world.energised.card(BLANK.energised_id).active is True


def test_should_do_nothing_for_a_token_that_is_not_the_rows(world: World) -> None:
    wanting(world, active=True)
    current = command("card_forward", ours(BLANK), "charge_card", "3")
    row = put_errand(world, current, wake=False)
    for token in ("1", "2", "2~7", "3~1", "4", ""):
        old = command("card_forward", ours(BLANK), "charge_card", token)
        answered: Any = world.invoke("card_forward", batch(old))
        assert answered == {"batchItemFailures": []}
    assert not world.energised.calls
    assert errands(world) == [row]
    world.invoke("card_forward", batch(current))
    assert world.energised.card(BLANK.energised_id).active is True


def test_should_tell_salesforce_all_that_changed_while_it_was_down(world: World) -> None:
    card_in_portal(world)
    world.salesforce.is_down = True
    for number in range(10):
        world.energised.change_card(
            BLANK.energised_id, label=f"Pool {number}", contact_id=DRIVERS[0].energised_id
        )
        sync(world)
        world.clock.advance(10)
    assert len(errands(world)) == 1
    forget_calls(world)
    world.run_for(HOUR)
    assert len(world.salesforce.calls) <= MOST_CALLS_AN_HOUR
    world.salesforce.is_down = False
    world.run_for(600)
    assert len(writes(world.salesforce)) == 1
    assert store(world).get(type(stored_card(world)), ours(BLANK)) is not None
    assert errands(world) == []
