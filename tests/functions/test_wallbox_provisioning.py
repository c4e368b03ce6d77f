"""Queue wallbox_provisioning: errands start the machine, its tasks are answered, its ends heard."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.doubles.states import NAME
from tests.doubles.world import World
from tests.functions.given import bodies, errand, errands, failed

FIRST, SECOND = "0RDER00000001-1", "0RDER00000001-2"


def executions(world: World) -> dict[str, str]:
    """Name -> status of all executions."""
    return {name: e.status for name, e in world.states.executions.items()}


def test_accepted_should_start_an_execution_and_drop_the_errand(world: World, event: Any) -> None:
    errand(world, bodies(event)[0])

    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {FIRST: "RUNNING"}
    assert errands(world) == []


def test_accepted_should_do_nothing_when_its_errand_is_gone(world: World, event: Any) -> None:
    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {}


def test_step_asked_should_be_answered_though_nobody_waits(world: World, event: Any) -> None:
    assert failed(world.invoke(NAME, event)) == []


def test_execution_failed_should_begin_the_next_one(world: World, event: Any) -> None:
    for _ in range(2):
        assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {SECOND: "RUNNING"}


@pytest.mark.parametrize("error", ["Parked", "Rejected"])
def test_execution_failed_should_begin_none_when_the_answer_was_ours(
    world: World, event: Any, error: str
) -> None:
    record = event["Records"][0]
    told = json.loads(record["body"])
    told["detail"]["error"] = error
    record["body"] = json.dumps(told)

    assert failed(world.invoke(NAME, event)) == []

    assert executions(world) == {}


def test_accepted_should_end_parked_when_the_machine_has_asked(world: World, event: Any) -> None:
    errand(world, bodies(event)[0])
    world.invoke(NAME, event)

    world.pump()

    assert executions(world) == {FIRST: "FAILED"}
    assert world.states.executions[FIRST].error == "Parked"
