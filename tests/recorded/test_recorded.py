"""Work in flight of an older release, played to its end by the code of now."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from pydantic import BaseModel, ValidationError

from busbar.domain.erp_events import EventMessage
from busbar.domain.record import Record
from busbar.process.outbox import Command
from busbar.store.table import Item
from infra.catalog import USE_CASES
from tests.faults.checker import judge
from tests.faults.inbound import OWNERS
from tests.faults.run import concluded, let, silence
from tests.faults.scenarios import synchronised
from tests.recorded.cases import CASES, go_on
from tests.recorded.recording import HERE, Json, as_file, load, read, record, table_of
from tests.recorded.records import body_of

FILES = sorted(HERE.glob("*/*.json"))
NAMES = [f"{path.parent.name}/{path.stem}" for path in FILES]
DROPPED: dict[str, str] = {}
"""Fields that nobody reads any more, as `schema.field`, and why nothing is lost by it."""
A_WHILE = 4 * 3600.0
"""Seconds in which people come to the end of an order."""
EVENTS = {case.name for case in USE_CASES if case.queue and case.queue.events}


@pytest.fixture(autouse=True)
def _silence() -> Iterator[None]:
    with silence():
        yield


def _recorded(name: str) -> Json:
    path = min(HERE.glob(f"*/{name}.json"))
    return read(path)


def _played(recorded: Json) -> list[str]:
    """What is wrong after the code of now has played it to its end."""
    stage = load(recorded)
    known = {(o.user, o.subject, o.wants["quantity"]) for o in stage.history.of("order")}
    told = [OWNERS] if stage.history.of("event") else []
    let(stage, [*told, *(go_on(*one) for one in sorted(known)), synchronised(6)], A_WHILE)
    if stage.history.broken:
        return stage.history.broken
    return judge(concluded(stage, may_park=recorded["mode"] == "none", redeliver=True))


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_should_end_well_on_the_code_of_now(path: Any) -> None:
    assert _played(read(path)) == []


# --- every field is still read -----------------------------------------------------------------


def _schemas() -> dict[str, type[Record]]:
    """Every kind of record that the product has, once all of it is imported."""
    found: dict[str, type[Record]] = {}
    waiting = list(Record.__subclasses__())
    while waiting:
        kind = waiting.pop()
        waiting += kind.__subclasses__()
        if "schema_name" in vars(kind):
            found[kind.schema_name] = kind
    return found


def _unread(kind: type[BaseModel], written: Json) -> set[str]:
    """Fields that were written, and that the class passes over, with those inside of them."""
    value = kind.model_validate_json(json.dumps(written))
    return set(_lost(written, json.loads(value.model_dump_json()), ""))


def _lost(written: Any, kept: Any, where: str) -> Iterator[str]:
    if isinstance(written, list) and isinstance(kept, list):
        for old, new in zip(written, kept, strict=True):
            yield from _lost(old, new, where)
    elif isinstance(written, dict) and isinstance(kept, dict):
        for name, old in written.items():
            if name not in kept:
                yield f"{where}.{name}"
            else:
                yield from _lost(old, kept[name], f"{where}.{name}")


def _unread_of(recorded: Json) -> set[str]:
    """What the code of now passes over in a recorded file."""
    found: set[str] = set()
    schemas = _schemas()
    for item in table_of(recorded):
        if "schema" in item:
            schema = str(item["schema"])
            found |= {schema + name for name in _unread(schemas[schema], body_of(item))}
    for message in recorded["messages"]:
        if message["queue"] not in EVENTS:
            body = json.loads(message["body"])
            found |= {"command" + name for name in _unread(Command, body)}
    events = [body for taken in recorded.get("ordered", {}).values() for body, _ in taken]
    events += [row["body"] for row in _bodies(recorded, "outbox") if row.get("body")]
    for event in events:
        found |= {"event" + name for name in _unread(EventMessage, json.loads(event))}
    return found


@pytest.mark.parametrize("path", FILES, ids=NAMES)
def test_should_still_read_every_field_that_was_written(path: Any) -> None:
    assert _unread_of(read(path)) - set(DROPPED) == set()


# --- the recordings are what they are called, and more than one kind of work is in flight --------


def _bodies(recorded: Json, schema: str) -> list[Json]:
    return [body_of(i) for i in table_of(recorded) if i.get("schema") == schema]


@pytest.mark.parametrize("name", CASES)
def test_should_have_a_recording_of_each_point(name: str) -> None:
    recorded = _recorded(name)
    assert recorded["case"] == name
    assert len(recorded["commit"]) == 40
    assert recorded["table"]


@pytest.mark.parametrize("mode", ["unique_key", "probe", "none"])
@pytest.mark.parametrize(("done", "orders"), [("carried_out", 1), ("not_carried_out", 0)])
def test_should_have_intents_of_both_outcomes(mode: str, done: str, orders: int) -> None:
    recorded = _recorded(f"intent_{done}_{mode}")
    assert [step["state"] for step in _bodies(recorded, "step")] == ["intent"]
    rows = recorded["salesforce"]["rows"]
    assert len([row for name, row in _rows(rows) if name == "Order"]) == orders


def _rows(rows: Any) -> Iterator[tuple[str, Json]]:
    for name, held in rows.items():
        yield from ((name, row) for row in (held.values() if isinstance(held, dict) else held))


@pytest.mark.parametrize(
    ("name", "queue"),
    [
        ("cards_on_queue", "card_event"),
        ("status_on_queue", "status_callback"),
        ("errands_put_off", "order_forward"),
        ("ledger_put_off", "card_forward"),
    ],
)
def test_should_have_messages_of_each_queue(name: str, queue: str) -> None:
    assert queue in {message["queue"] for message in _recorded(name)["messages"]}


# --- it turns red if a format changes ------------------------------------------------------------

Plant = Callable[[Json], None]


def _in_messages(old: str, new: str) -> Plant:
    """As if the code of now had renamed what lies on the queues."""

    def rename(recorded: Json) -> None:
        for message in recorded["messages"]:
            message["body"] = message["body"].replace(f'"{old}"', f'"{new}"')

    return rename


def _in_records(schema: str, old: str, new: str) -> Plant:
    """As if the code of now had renamed a field of a record."""

    def renamed(item: Item) -> Item:
        if item.get("schema") != schema:
            return item
        body = {new if k == old else k: v for k, v in body_of(item).items()}
        return {**item, "body": json.dumps(body).encode()}

    def rename(recorded: Json) -> None:
        recorded["table"] = as_file(map(renamed, table_of(recorded)))

    return rename


def _in_keys(recorded: Json) -> None:
    """As if the code of now had put the journal under other keys."""
    for item in recorded["table"]:
        item["pk"] = item["pk"].replace("#step#", "#steps#")


def _breaks(recorded: Json) -> bool:
    try:
        return bool(_played(recorded))
    except (ValueError, KeyError):  # a record cannot be read at all
        return True


@pytest.mark.parametrize(
    ("name", "plant"),
    [
        pytest.param("errands_put_off", _in_records("outbox", "command", "errand"), id="outbox"),
        pytest.param(
            "accepted", _in_records("charge_card_order", "quantity", "amount"), id="order"
        ),
        pytest.param("intent_carried_out_none", _in_records("step", "state", "status"), id="step"),
        pytest.param("key_claimed", _in_records("idempotency", "entity_id", "order"), id="key"),
        pytest.param("answered", _in_records("idempotency", "entity_id", "of"), id="answer"),
        pytest.param("cards_on_queue", _in_messages("AssetId__c", "Asset__c"), id="event"),
        pytest.param("intent_carried_out_probe", _in_keys, id="keys"),
        pytest.param("relations_wait", _in_records("outbox", "body", "message"), id="waiting"),
    ],
)
def test_should_be_red_if_what_was_written_cannot_be_used(name: str, plant: Plant) -> None:
    recorded = copy.deepcopy(_recorded(name))
    plant(recorded)
    assert _breaks(recorded)


@pytest.mark.parametrize(
    ("name", "plant", "field"),
    [
        pytest.param(
            "errands_put_off", _in_messages("token", "stamp"), "command.stamp", id="command"
        ),
        pytest.param(
            "ledger_put_off", _in_records("ledger", "applied", "seen"), "ledger.seen", id="ledger"
        ),
        pytest.param(
            "answered",
            _in_records("idempotency", "status", "code"),
            "idempotency.code",
            id="answer",  # taken for unanswered: the same order, asked for under the same id
        ),
        pytest.param(
            "step_parked", _in_records("task", "reason", "cause_of"), "task.cause_of", id="task"
        ),
    ],
)
def test_should_name_a_field_that_nobody_reads(name: str, plant: Plant, field: str) -> None:
    recorded = copy.deepcopy(_recorded(name))
    plant(recorded)
    try:
        found = _unread_of(recorded)
    except ValidationError as error:  # one that has to be there is missing
        found = {str(error)}
    assert field in found or any("Field required" in text for text in found)


def test_should_record_what_is_in_flight_now_as_before() -> None:
    made = record(CASES["step_parked"], "")
    assert set(made) == set(_recorded("step_parked"))
    assert _played(json.loads(json.dumps(made))) == []
