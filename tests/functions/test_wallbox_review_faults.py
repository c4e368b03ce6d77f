"""A refund card is active only where an approval is recorded, wherever a worker dies."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations
from typing import Any

import pytest

from busbar.domain.wallboxes import Wallbox
from tests.doubles.world import World
from tests.functions.given import bodies, store, tasks
from tests.functions.samples import read_event
from tests.functions.wallbox_given import (
    BOXES,
    PRIVATE,
    PRIVATE_CARD,
    REFUND,
    REFUND_CARD,
    asset_there,
    assigned_in_salesforce,
    card_there,
    contact_of,
    in_salesforce,
    order_there,
    our_wallbox,
    station,
    wallbox,
)
from tests.functions.wallbox_world import wallbox_world

ASSIGNED = bodies(read_event("wallbox_event", "all_three"))
APPROVED = bodies(read_event("wallbox_review", "approved"))[0]
RETURNED = bodies(read_event("wallbox_review", "returned"))[0]
MOST = 200
"""More boundaries than any of these runs has."""


def given() -> World:
    """Salesforce has assigned and approved all; no event has told of it yet."""
    world = wallbox_world()
    order_there(world)
    for asset in (BOXES[0], PRIVATE[0], REFUND[0]):
        assigned_in_salesforce(world, asset.asset_id)
    in_salesforce(world)
    world.salesforce.org.change("Asset", BOXES[0].asset_id, InstallationReview__c="Abgeschlossen")
    return world


def told(world: World, *messages: Any) -> None:
    """The bus takes these events to their queues."""
    for message in messages:
        world.salesforce.events.publish(message)


def hold(world: World) -> None:
    """A refund card that is active has an approval behind it, on record."""
    if card_there(world, REFUND_CARD).active:
        stored = store(world).get(Wallbox, our_wallbox())
        assert stored is not None
        assert stored.record.approved_at is not None


def finished(world: World) -> None:
    """All is as if nobody had died."""
    assert card_there(world, REFUND_CARD).active
    assert card_there(world, PRIVATE_CARD).active
    assert station(world).contact_id == contact_of(world)
    assert wallbox(world).joined
    status = [asset_there(world, a.asset_id)["Status"] for a in (BOXES[0], PRIVATE[0], REFUND[0])]
    assert status == ["Installed", "Registered", "Registered"]
    assert not tasks(world)
    assert world.sqs.dead == {}


def dying(at: int, story: Callable[[World], None]) -> bool:
    """A run in which a worker dies at this boundary; False if it has fewer."""
    world = given()
    world.boundaries.die_at = world.boundaries.count + at
    story(world)
    world.pump()
    hold(world)
    died = world.boundaries.count >= world.boundaries.die_at
    world.boundaries.die_at = -1
    world.run_for(900, step=60)
    hold(world)
    finished(world)
    return died


def assigned_then_approved(world: World) -> None:
    """Everything in the order in which it happened."""
    told(world, *ASSIGNED, APPROVED)


def approved_before_assigned(world: World) -> None:
    """The approval comes first."""
    told(world, APPROVED, *ASSIGNED)


@pytest.mark.parametrize(
    ("story", "step"), [(assigned_then_approved, 1), (approved_before_assigned, 3)]
)
def test_should_end_the_same_wherever_a_worker_dies(
    story: Callable[[World], None], step: int
) -> None:
    at = 1
    while dying(at, story):
        at += step
        assert at < MOST
    assert at > 20


@pytest.mark.parametrize("order", sorted(permutations(range(4))), ids=str)
def test_should_end_the_same_in_any_order(order: tuple[int, ...]) -> None:
    world = given()
    messages = (*ASSIGNED, APPROVED)
    for position in (*order, *order):
        told(world, messages[position])
        world.pump()
        hold(world)
    finished(world)


def test_should_never_activate_before_the_approval_is_on_record() -> None:
    world = given()
    told(world, *ASSIGNED)
    world.pump()
    assert not card_there(world, REFUND_CARD).active
    world.run_for(3600, step=60)
    assert not card_there(world, REFUND_CARD).active


def test_should_stay_off_wherever_a_worker_dies_when_it_is_given_back() -> None:
    at, died = 1, True
    while died:
        world = given()
        world.boundaries.die_at = world.boundaries.count + at
        told(world, *ASSIGNED, RETURNED)
        world.pump()
        died = world.boundaries.count >= world.boundaries.die_at
        world.boundaries.die_at = -1
        world.run_for(900, step=60)
        assert not card_there(world, REFUND_CARD).active
        assert card_there(world, PRIVATE_CARD).active
        assert not tasks(world)
        at += 1
        assert at < MOST
