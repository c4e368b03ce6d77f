"""Rows of the outbox: one per cause, due for the sweep, and awake or not."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from busbar.process.outbox import FORMAT, Command, OutboxRow, row

NOON = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)


def any_command(**values: Any) -> Command:
    usual: dict[str, Any] = {
        "org": "demo",
        "queue": "order_forward",
        "schema_of": "charge_card_order",
        "id": "0000000000001",
        "correlation_id": "any-correlation",
    }
    return Command(**{**usual, **values})


def any_row(command: Command | None = None, sequence: int = 1, **values: Any) -> OutboxRow:
    return row(command or any_command(), sequence, NOON, **{"sweep_after": 60.0, **values})


def test_should_give_each_cause_its_own_row() -> None:
    commands = [
        any_command(queue=queue, schema_of=schema, id=record_id)
        for queue in ("order_forward", "card_forward")
        for schema in ("charge_card_order", "charge_card")
        for record_id in ("0000000000001", "0000000000002")
    ]
    rows = [any_row(c, n) for c, n in itertools.product(commands, (1, 2, 10, 11, 10**12))]
    assert len({r.id for r in rows}) == len(rows)


def test_should_be_the_same_row_when_the_same_cause_is_written_again() -> None:
    assert any_row().id == any_row(any_command(correlation_id="another")).id


def test_should_sort_the_rows_of_a_record_by_their_sequence() -> None:
    ids = [any_row(sequence=n).id for n in (1, 2, 9, 10, 99, 100, 12345)]
    assert ids == sorted(ids)


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_should_be_due_for_the_sweep_some_time_after_it_could_be_sent(seconds: float) -> None:
    made = any_row(sweep_after=seconds)
    assert (made.not_before, made.due_at()) == (NOON, NOON + timedelta(seconds=seconds))


@pytest.mark.parametrize("wake", [True, False])
def test_should_wake_the_relay_unless_it_is_a_guard(wake: bool) -> None:
    assert any_row(wake=wake).wakes_relay() is wake


def test_should_wake_the_relay_when_nothing_is_said() -> None:
    assert any_row().wakes_relay()


def test_should_carry_the_format_version_in_the_message() -> None:
    assert any_command().v == FORMAT
    assert Command.model_validate_json(any_command().model_dump_json()) == any_command()


def test_should_read_a_message_of_a_newer_release() -> None:
    newer = {**any_command().model_dump(), "priority": "high", "v": FORMAT + 1}
    assert Command.model_validate(newer).id == "0000000000001"


def test_should_survive_being_stored_and_read() -> None:
    assert OutboxRow.model_validate_json(any_row().model_dump_json()) == any_row()
