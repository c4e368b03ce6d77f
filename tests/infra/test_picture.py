"""The picture of a state machine shows every state and every way, and is made of nothing else."""

from __future__ import annotations

import json
import re
from typing import Any

from infra.machines import definition, ways
from infra.picture import drawn

ARROW = re.compile(r"^ *(\w+) -->(?:\|\"(.+)\"\|)? (\w+)$")


def machine() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(definition("wallbox_provisioning"))
    return found


def boxes(text: str) -> dict[str, set[str]]:
    """Box -> the states that stand in it."""
    found: dict[str, set[str]] = {}
    inside = ""
    for line in text.splitlines():
        if begun := re.match(r" +subgraph (\w+)", line):
            inside = begun[1]
            found[inside] = set()
        elif line.strip() == "end":
            inside = ""
        elif inside:
            found[inside].add(line.split("[")[0].strip())
    return found


def arrows(text: str) -> set[tuple[str, str, str]]:
    """(state, why, state) of every arrow, those from a box once for each state in it."""
    found, inside = set(), boxes(text)
    for line in text.splitlines():
        if arrow := ARROW.match(line):
            before, why, after = arrow.groups(default="")
            found |= {(name, why, after) for name in inside.get(before, {before})}
    return found


def test_should_draw_every_way_between_states_once() -> None:
    states = machine()["States"]
    there = {
        (name, why.removeprefix("$states.context.Execution.Input."), after)
        for name, state in states.items()
        for after, why in ways(state)
    }
    text = drawn(machine())

    assert arrows(text) == there
    assert len([line for line in text.splitlines() if "-->" in line]) < len(there)


def test_should_show_every_state_with_its_comment_and_in_the_shape_of_its_type() -> None:
    text = drawn(machine())

    for name, state in machine()["States"].items():
        assert text.count(f'"<b>{name}</b><br>{state["Comment"]}"') == 1
    assert 'Way{"' in text
    assert 'Done(["' in text
    assert 'WaitForAPerson[["' in text


def test_should_put_steps_that_fail_alike_into_one_box() -> None:
    (box,) = boxes(drawn(machine())).values()

    assert box == {"Partner", "Contract", "Account", "SharedContract", "Contact", "Order"}


def test_should_draw_another_picture_of_another_machine() -> None:
    planted = machine()
    planted["States"]["Identities"]["Catch"].pop()

    assert drawn(planted) != drawn(machine())
