"""GET /v1/systems."""

from __future__ import annotations

from typing import Any

import pytest

from tests.doubles.world import World
from tests.functions.portal import answer, place, problem

SYSTEMS = "/v1/systems"
MINUTE = 60.0


def shown(world: World, system: str = "salesforce") -> Any:
    """A system, as an operator sees it."""
    (one,) = [
        s for s in world.call("GET", SYSTEMS, "operator").json["systems"] if s["system"] == system
    ]
    return one


@pytest.fixture
def down(world: World) -> World:
    """Salesforce is down for ten minutes, and three orders wait."""
    world.salesforce.is_down = True
    for number in range(3):
        assert place(world, key=str(number)).status == 202
        world.run_for(3 * MINUTE)
    return world


def test_list_should_show_every_system_that_has_never_failed_as_closed(
    world: World, event: Any
) -> None:
    reply = answer(world, "systems", event)
    assert reply.status == 200
    assert [s["system"] for s in reply.json["systems"]] == [
        "salesforce",
        "energised",
        "sap",
    ]
    assert {(s["state"], s["since"], s["waiting"]) for s in reply.json["systems"]} == {
        ("closed", None, 0)
    }


def test_fleet_manager_should_not_see_them(world: World, event: Any) -> None:
    problem(answer(world, "systems", event), 403, "forbidden")


def test_should_show_since_when_and_why_a_system_is_down_and_what_waits(down: World) -> None:
    one = shown(down)
    assert (one["state"], one["reason"]) == ("open", "ConnectError")
    assert one["since"].startswith("2026-03-02T08:0")
    assert one["next_probe_at"] is not None
    assert one["waiting"] >= 2
    assert one["waiting_since"].startswith("2026-03-02T08:0")
    assert shown(down, "energised")["state"] == "closed"


def test_should_show_how_it_drains_and_that_it_has(down: World) -> None:
    down.salesforce.is_down = False
    states = []
    for _ in range(20):
        down.run_for(MINUTE)
        states.append((shown(down)["state"], shown(down)["waiting"]))
    assert "draining" in {state for state, _ in states}
    assert states[-1] == ("closed", 0)
    assert shown(down)["reason"] is None
    assert down.counts()["Order"] == 3
