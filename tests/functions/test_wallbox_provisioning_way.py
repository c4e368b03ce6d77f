"""A wallbox order through SAP, Salesforce and be.ENERGISED."""

from __future__ import annotations

from tests.functions.wallbox_world import place, shown, wallbox_world


def test_should_bring_an_order_through_all_systems_by_itself() -> None:
    world = wallbox_world()
    placed = place(world)
    assert placed.status == 202, placed.text
    world.pump()
    order = shown(world, placed)
    assert [step["state"] for step in order["steps"]] == ["done"] * 7
