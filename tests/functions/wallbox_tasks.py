"""Tasks that wallbox orders have opened, and what became of their orders."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from busbar.domain.tasks import Task
from busbar.domain.wallbox_orders import Step
from tests.doubles.world import Reply, World
from tests.functions.given import errands, tasks
from tests.functions.samples import read_event
from tests.functions.wallbox_given import (
    BOXES,
    assigned,
    order_there,
    ordered,
    station,
)
from tests.functions.wallbox_owner import owned, prove, set_tariff
from tests.functions.wallbox_world import (
    CREATED,
    CREATES,
    TASKS,
    any_person,
    decide,
    go_wrong,
    held,
    parked_at,
    place,
    refuse_call,
    shown,
    states,
    wallbox_world,
)

HOUR, DAY = 3600.0, 86_400.0
SEEN: Sequence[Any] = [
    pytest.param(step, mode, id=f"{step}-{mode}")
    for step in CREATED
    for mode in ("unique_key", "probe")
    if (step, mode) != (Step.CONTACT, "unique_key")
]
"""Steps whose object can be looked for: by a unique key, or by a search."""
ONCE = dict.fromkeys(CREATED, 1)
SOMEBODY = "c0c7ac70-0000-4000-8000-00000000000e"
TAKEN_BACK: Mapping[Step, tuple[str, str, int, str]] = {
    Step.SHARED_CONTRACT: ("salesforce", "update_row", 0, "Storniert"),
    Step.ACCOUNT: ("salesforce", "update_row", 1, "out of use"),
    Step.CONTRACT: ("sap", "change_contract", 0, "CANCELLED"),
    Step.PARTNER: ("sap", "change_partner", 0, "blocked"),
}
"""How each object is taken back: system, operation, such calls before it, what it is like then."""


def lost_at(step: Step, kind: str) -> tuple[World, Reply]:
    """A world in which nothing can be looked for, and the answer to this step's create was lost."""
    world = wallbox_world("none")
    go_wrong(world, step, kind)
    placed = place(world)
    world.run_for(HOUR)
    assert [task.reason for task in tasks(world)] == ["outcome_unknown"]
    return world, placed


def is_through(world: World, placed: Reply) -> bool:
    """Whether every step is done, each system holds each object once, and nobody waits."""
    counts = {step: len(found) for step, found in held(world).items()}
    done = set(states(shown(world, placed)).values()) == {"done"}
    return done and counts == ONCE and not tasks(world) and not errands(world)


def created(world: World) -> Counter[str]:
    """How often each create was sent."""
    names = {operation for _, operation, _ in CREATES.values()}
    calls = [*world.sap.calls, *world.salesforce.calls, *world.energised.calls]
    return Counter(call.operation for call in calls if call.operation in names)


def trail(world: World) -> list[Any]:
    """The entries of the audit trail, newest first."""
    entries: list[Any] = world.call("GET", "/v1/audit", "operator").json["entries"]
    return entries


def seen(world: World, task: Task) -> Reply:
    """The task as a clerk sees it."""
    return world.call("GET", f"{TASKS}/{task.id}", "operator")


def looked(world: World) -> dict[str, Any]:
    """Somebody has looked just now, in vain."""
    return {"not_found_at": world.clock.now().isoformat()}


def waited_at(step: Step, kind: str) -> tuple[World, Reply]:
    """An answer was lost at this step, and its system out of reach for two weeks since."""
    world = wallbox_world("probe")
    system, operation, _ = CREATES[step]
    go_wrong(world, step, kind)
    placed = place(world)
    world.pump()
    assert states(shown(world, placed))[step] == "waiting", operation
    getattr(world, system).is_down = True
    world.run_for(15 * DAY, step=4 * HOUR)
    getattr(world, system).is_down = False
    (task,) = tasks(world)
    assert task.kind == "waited_too_long"
    assert seen(world, task).json["actions"] == ["resume", "adopt", "cancel"]
    return world, placed


def going_back(at: Step) -> tuple[World, Reply]:
    """An order on its way back, of which a system has refused the change of this object."""
    world, placed = parked_at(Step.CONTACT)
    system, operation, before, _ = TAKEN_BACK[at]
    refuse_call(world, system, operation, before)
    decide(world, "cancel", reason="first")
    world.pump()
    (task,) = tasks(world)
    assert task.kind == "parked_state"
    return world, placed


def gone_nowhere() -> World:
    """An order on its way back, while SAP was out of reach for two weeks."""
    world, _placed = parked_at(Step.CONTACT)
    decide(world, "cancel", reason="first")
    world.sap.is_down = True
    world.run_for(15 * DAY, step=4 * HOUR)
    world.sap.is_down = False
    return world


def like_another() -> World:
    """A driver who looks like another one's customer has ordered."""
    world = wallbox_world()
    place(world)
    world.pump()
    place(world, user="second-driver", person=any_person())
    world.pump()
    return world


def unknown_station() -> World:
    """The serial number of an assigned wallbox is unknown in be.ENERGISED."""
    world = wallbox_world()
    order = ordered(world)
    world.energised.backend.stations.remove(station(world).id)
    assigned(world, order, [BOXES[0].asset_id])
    return world


def others_station() -> World:
    """The station of an assigned wallbox belongs to somebody else there."""
    world = wallbox_world()
    order = ordered(world)
    world.energised.put_station(replace(station(world), contact_id=SOMEBODY))
    assigned(world, order, [BOXES[0].asset_id])
    return world


def refused_proof() -> World:
    """Salesforce does not take the proof of an installation."""
    world = wallbox_world()
    owned(world)
    refuse_call(world, "salesforce", "update_row")
    prove(world)
    return world


def refused_tariff() -> World:
    """be.ENERGISED does not take what a driver wants to be paid."""
    world = wallbox_world()
    owned(world)
    refuse_call(world, "energised", "write_station")
    set_tariff(world)
    world.pump()
    return world


def unknown_review() -> World:
    """Salesforce tells of a review that nobody has mapped."""
    world = wallbox_world()
    order_there(world)
    world.invoke("wallbox_event", read_event("wallbox_event", "all_three"))
    world.pump()
    world.invoke("wallbox_review", read_event("wallbox_review", "unknown_review"))
    return world
