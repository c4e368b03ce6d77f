"""Tasks: one per cause."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import get_args

import pytest

import busbar
from busbar.domain.identifiers import is_id
from busbar.domain.tasks import CLOSED, OPEN, Decision, Kind, Task, task_id

PRODUCT = Path(busbar.__file__).parent
NOON = datetime(2026, 3, 2, 12, tzinfo=UTC)


def any_task(kind: Kind = "parked_step", cause: str = "step#salesforce#BBCO1") -> Task:
    """A task about an order."""
    return Task.about(
        cause,
        kind=kind,
        subject_schema="charge_card_order",
        subject_id="0RDER00000001",
        system="salesforce",
        reason="any_reason",
        opened_at=NOON,
    )


@pytest.mark.parametrize("cause", ["step#salesforce#BBCO1", "event#a/b#ü", "", "x" * 2000])
def test_should_have_an_id_that_fits_into_a_url_whatever_the_cause(cause: str) -> None:
    task = any_task(cause=cause)
    assert is_id(task.id)
    assert task.cause == cause


def test_should_be_the_same_task_for_the_same_cause_and_another_for_any_other() -> None:
    assert any_task(cause="sync#1#list").id == any_task("parked_state", cause="sync#1#list").id
    assert any_task(cause="sync#1#list").id != any_task(cause="sync#1#follow").id


def test_should_keep_its_id_for_ever() -> None:
    assert task_id("step#salesforce#BBCO0RDER00000001") == "9BDN2ZRQSJKP6"


def decided(action: str) -> Task:
    """A task on which somebody has decided."""
    decision = Decision(id="any", action=action, by="any", role="operator", at=NOON, reason="any")
    return any_task().decided(decision)


def test_should_stand_among_the_closed_ones_once_it_is_decided() -> None:
    assert (any_task().listed_by(), decided("resume").listed_by()) == (OPEN, CLOSED)


def test_should_ask_again_unless_it_is_open_or_the_same_was_acknowledged() -> None:
    assert any_task().answers("another_reason")
    assert decided("cancel").answers("any_reason")
    assert not decided("cancel").answers("another_reason")
    assert not decided("resume").answers("any_reason")


def opened_in_the_product() -> list[ast.Call]:
    """Every call of `Task.about(…)` or `Task(…)` in the product's code."""
    calls = [
        node
        for path in PRODUCT.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call)
    ]
    return [c for c in calls if ast.unparse(c.func) in {"Task", "Task.about"}]


def test_should_open_tasks_by_their_cause_only_and_of_the_known_kinds() -> None:
    calls = opened_in_the_product()
    assert {ast.unparse(call.func) for call in calls} == {"Task.about"}
    kinds = [ast.literal_eval(k.value) for call in calls for k in call.keywords if k.arg == "kind"]
    assert set(kinds) == set(get_args(Kind))
