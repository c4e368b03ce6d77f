"""Queue erp_apply: each event is applied, parked, or comes again; nothing else happens to it."""

from __future__ import annotations

import base64
import json
import random
from contextlib import closing
from typing import Any

import pytest

from busbar.domain.erp_events import request_key
from busbar.domain.outcome_rows import OutcomeBatch
from busbar.mapping.child import Child, JobLost
from busbar.ports.store import Put
from busbar.usecases.event_mapping import TARGET
from tests.doubles.evaluation import InProcess
from tests.doubles.memory_table import size_of
from tests.doubles.world import ORG, World
from tests.functions.erp_given import (
    BROKEN,
    CUSTOMER,
    QUEUE,
    WIEBKE,
    ErpWorld,
    any_event,
    codes,
    contact,
    contacts,
    customer,
    entities_as_stored,
    integration,
    of_entities,
    records,
    rows,
    send,
    statuses,
)
from tests.functions.given import failed, store

REQUEST = "202603020RDER00000001"
"""The request that the messages of the sample events are of."""


@pytest.fixture
def world() -> ErpWorld:
    return ErpWorld()


def parked(world: World) -> list[Any]:
    """The messages on the dead-letter queue."""
    return [json.loads(body) for body in world.sqs.dead.get(QUEUE, [])]


def keep(world: World, *events: Any) -> None:
    """The request of the sample events lies in S3."""
    body = json.dumps({"integration_id": integration().id, "events": events})
    world.files.put_there(request_key(ORG, REQUEST), body.encode())


# --- the sample events -------------------------------------------------------------------------


def test_customer_should_be_created_with_its_lineage(world: ErpWorld, event: Any) -> None:
    assert failed(world.invoke(QUEUE, event)) == []
    assert (contact(world) or {})["last_name"] == "Janssen"
    (row,) = rows(world)
    assert (row.code, row.event_id) == ("ENTITY_CREATED", f"{REQUEST}-000")
    assert row.detail["entity_slug"] == "contact"
    assert row.detail["entity_id"] in contacts(world)


@pytest.mark.parametrize("times", [1, 2])
def test_changed_should_end_with_the_later_event(world: ErpWorld, event: Any, times: int) -> None:
    for _ in range(times):
        assert failed(world.invoke(QUEUE, event)) == []
    assert (contact(world) or {})["last_name"] == "Feddersen"


def test_late_should_not_go_over_what_is_newer(world: ErpWorld, event: Any) -> None:
    world.invoke(QUEUE, event)
    assert (contact(world) or {})["last_name"] == "Feddersen"
    assert world.sqs.dead == {}


def test_poison_among_good_should_be_parked_and_hold_nobody_up(world: ErpWorld, event: Any) -> None:
    assert failed(world.invoke(QUEUE, event)) == []
    assert [one["event_id"][-3:] for one in parked(world)] == ["001", "002"]
    assert contact(world)
    assert contact(world, "1000043")  # behind the first of them, in its group
    assert codes(world) == [
        "ENTITY_CREATED",
        "ENTITY_CREATED",
        "MALFORMED_PAYLOAD",
        "MISSING_UNIQUE_IDENTIFIERS",
    ]


def test_pointer_should_be_read_from_its_request(world: ErpWorld, event: Any) -> None:
    keep(world, any_event())
    assert failed(world.invoke(QUEUE, event)) == []
    assert contact(world)


def test_unreadable_should_be_parked_as_it_is(world: ErpWorld, event: Any) -> None:
    assert failed(world.invoke(QUEUE, event)) == []
    assert len(world.sqs.dead[QUEUE]) == 2
    assert contact(world)


def test_unknown_org_should_be_parked(world: ErpWorld, event: Any) -> None:
    assert failed(world.invoke(QUEUE, event)) == []
    assert [one["org"] for one in parked(world)] == ["nobody"]
    assert contact(world)


def test_gone_should_be_told_and_parked(world: ErpWorld, event: Any) -> None:
    assert failed(world.invoke(QUEUE, event)) == []
    assert codes(world) == [
        "INTEGRATION_NOT_FOUND",
        "INVALID_MAPPING",
        "USE_CASE_DISABLED",
        "USE_CASE_NOT_FOUND",
    ]
    assert len(parked(world)) == 4


# --- by way of S3 ------------------------------------------------------------------------------


def test_should_go_by_way_of_s3_where_a_message_would_be_too_large(world: ErpWorld) -> None:
    much = {**WIEBKE, "note": "ü" * 100_000}
    assert statuses(send(world, any_event(much), customer(1))) == ["success"] * 2
    (large, small) = sorted(world.sqs.queues[QUEUE], key=lambda m: m.number)
    assert len(large.body) < 1000
    assert "payload" in json.loads(small.body)
    world.pump()
    assert len(contacts(world)) == 2


@pytest.mark.parametrize("text", ['"' * 100_000, "\\" * 100_000, "\x01" * 40_000, "\uffff" * 10])
def test_should_carry_what_a_message_may_hold_and_no_more(world: ErpWorld, text: str) -> None:
    """By the bytes of the message: escaped, a text is several times as long."""
    assert statuses(send(world, any_event({**WIEBKE, "note": text}))) == ["success"]
    (message,) = world.sqs.queues[QUEUE]
    assert len(message.body.encode()) <= 200_000
    world.pump()
    assert contact(world)


def test_should_say_that_an_event_is_no_longer_kept(world: ErpWorld) -> None:
    send(world, any_event({**WIEBKE, "note": "x" * 200_000}))
    world.files.objects.clear()
    world.pump()
    assert codes(world) == ["MALFORMED_PAYLOAD"]
    assert len(parked(world)) == 1


def test_should_say_so_too_where_another_file_lies_there(world: ErpWorld) -> None:
    send(world, any_event({**WIEBKE, "note": "x" * 200_000}))
    for key in world.files.below("inbound/"):
        world.files.put_there(key, b"no request")
    world.pump()
    assert codes(world) == ["MALFORMED_PAYLOAD"]


def test_should_hold_up_only_the_group_whose_event_cannot_be_read_now(world: ErpWorld) -> None:
    send(
        world,
        any_event({**WIEBKE, "note": "x" * 200_000}, group_id="a"),
        customer(1, group_id="b"),
        customer(2, group_id="a"),
    )
    world.files.is_down = True
    world.pump()
    assert [contact(world, n) is not None for n in ("1000042", "0000001", "0000002")] == [
        False,
        True,
        False,
    ]
    world.files.is_down = False
    world.run_for(400)
    assert len(contacts(world)) == 3
    assert world.sqs.dead == {}


# --- what nobody thought of --------------------------------------------------------------------


def breaking(number: str) -> Any:
    """The table breaks at what is written of this customer."""

    def breaks(writes: Any) -> bool:
        if any(f"#{number}" in write.key.pk for write in writes):
            raise ValueError(number)
        return False

    return breaks


@pytest.mark.parametrize("alone", [False, True])
def test_should_park_an_event_that_breaks_the_worker_and_hold_nobody_up(
    world: ErpWorld, *, alone: bool
) -> None:
    others = [] if alone else [customer(n, group_id=g) for n, g in ((1, "a"), (2, "b"))]
    behind = [] if alone else [customer(3, group_id="a")]
    send(world, *others, customer(7, group_id="a"), *behind)
    world.fails = breaking("0000007")
    world.pump()
    assert len(contacts(world)) == len(others) + len(behind)
    (row,) = [row for row in rows(world) if row.level == "error"]
    assert (row.code, row.message) == ("UNKNOWN_ERROR", "it cannot be applied: ValueError")
    (letter,) = parked(world)
    assert "payload" not in letter
    world.fails = lambda _writes: False
    world.sqs.redrive(QUEUE)
    world.pump()
    assert contact(world, "0000007")
    assert world.sqs.dead == {}


def test_should_write_down_much_that_is_wrong_with_some_events(world: ErpWorld) -> None:
    """Names of attributes come out of events: they may be many, long and of any kind."""
    store(world).commit(Put(integration(customer={"direct": True})))
    noise = random.Random(1)  # noqa: S311
    names = [base64.b64encode(noise.randbytes(100)).decode() for _ in range(1700)]
    ids = {"customer_number": "1"}
    one = {"entity_slug": "contact", "unique_ids": ids, "attributes": dict.fromkeys(names, 1)}
    send(world, *(any_event({"version": "1", "operations": [one]}, group_id=g) for g in "abcd"))
    world.pump()
    assert codes(world).count("ATTRIBUTE_TYPE_MISMATCH") == 4
    assert len(parked(world)) == 4


# --- what passes by itself ---------------------------------------------------------------------


def test_should_hold_up_only_the_group_whose_entity_cannot_be_written(world: ErpWorld) -> None:
    send(
        world,
        customer(1, group_id="a"),
        customer(2, group_id="b"),
        customer(3, group_id="a"),
        customer(4, group_id="b"),
    )
    left = [1]

    def first_one(writes: Any) -> bool:
        return of_entities(writes) and bool(left) and left.pop() == 1

    world.fails = first_one
    world.pump()
    assert [contact(world, f"{n:07}") is not None for n in (1, 2, 3, 4)] == [
        False,
        True,
        False,
        True,
    ]
    world.run_for(400)
    assert len(contacts(world)) == 4
    assert world.sqs.dead == {}
    assert codes(world) == ["ENTITY_CREATED"] * 4


def test_should_wait_an_hour_for_the_table(world: ErpWorld) -> None:
    send(world, any_event(), customer(1, group_id="b"))
    world.fails = of_entities
    world.run_for(3000)
    world.fails = lambda _writes: False
    world.run_for(400)
    assert len(contacts(world)) == 2
    assert world.sqs.dead == {}


def test_should_tell_of_an_event_again_rather_than_never(world: ErpWorld) -> None:
    """The rows cannot be written: the events come again, and change nothing then."""
    send(world, any_event())
    world.fails = lambda writes: not of_entities(writes)
    world.pump()
    stood = entities_as_stored(world)
    assert codes(world) == []
    world.fails = lambda _writes: False
    world.run_for(400)
    assert codes(world) == ["ENTITY_NO_OP"]
    assert entities_as_stored(world) == stood


def test_should_write_down_what_becomes_of_thousands_of_entities(world: ErpWorld) -> None:
    """An item of the table may have 400 kB."""
    (entity,) = CUSTOMER["entities"]
    many = {"entities": [{**entity, "jsonataExpression": "partners.{'partner': $}"}]}
    store(world).commit(Put(integration(customer=many)))
    partners = [f"{number:07}" for number in range(1201)]
    send(world, any_event({"partners": partners}))
    world.pump()
    assert codes(world) == ["ENTITY_CREATED"] * 1201
    assert world.sqs.dead == {}
    largest = max(size_of(item) for item in world.table.items.values())
    assert largest < 100_000


def test_should_refuse_what_no_worker_has_the_time_for_and_take_its_neighbours(
    world: ErpWorld,
) -> None:
    (entity,) = CUSTOMER["entities"]
    many = {"entities": [{**entity, "jsonataExpression": "partners.{'partner': $}"}]}
    store(world).commit(Put(integration(customer=many)))
    partners = [f"{number:07}" for number in range(5001)]
    send(world, any_event({"partners": partners}), any_event({"partners": ["1000042"]}))
    world.pump()
    assert codes(world) == ["ENTITY_CREATED", "PAYLOAD_TOO_LARGE"]
    assert len(parked(world)) == 1
    assert contact(world)


def referring(*fields: str) -> dict[str, Any]:
    """The mapping of customers, with relations to accounts by these fields of the payload."""
    (entity,) = CUSTOMER["entities"]
    relations = [
        {
            "attribute": f"account_{field}",
            "relations": {
                "items": [
                    {
                        "entity_schema": "account",
                        "unique_ids": [{"attribute": "customer_number", "field": field}],
                    }
                ]
            },
        }
        for field in fields
    ]
    return {"entities": [{**entity, "fields": [*entity["fields"], *relations]}]}


def test_should_tell_what_the_mapping_warns_of_beside_what_was_done(world: ErpWorld) -> None:
    store(world).commit(Put(integration(customer=referring("payer"))))
    send(world, any_event())
    world.pump()
    (warning,) = [row for row in rows(world) if row.code == "MAPPING_WARNING"]
    assert (warning.level, warning.detail["entity_slug"]) == ("warning", "contact")
    assert warning.detail["path"] == "entities[0].fields[4].relations.items[0]"
    assert warning.message == "the relation to account is left out: customer_number is missing"
    assert codes(world) == ["ENTITY_CREATED", "MAPPING_WARNING"]
    assert world.sqs.dead == {}
    assert len(records(world, OutcomeBatch)) == 1


def test_should_tell_twenty_warnings_of_an_event_and_how_many_there_are(world: ErpWorld) -> None:
    fields = [f"payer{number}" for number in range(30)]
    store(world).commit(Put(integration(customer=referring(*fields))))
    send(world, any_event())
    world.pump()
    told = [row.message for row in rows(world) if row.code == "MAPPING_WARNING"]
    assert len(told) == 21
    assert told[-1] == "10 more, which a simulation shows"


# --- parked, mended, redriven ------------------------------------------------------------------


def test_should_apply_a_parked_event_once_its_mapping_is_mended(world: ErpWorld) -> None:
    store(world).commit(Put(integration(customer=BROKEN)))
    send(world, any_event(), customer(1, group_id="b"))
    world.pump()
    assert len(parked(world)) == 2
    store(world).commit(Put(integration(customer=CUSTOMER)))
    assert world.sqs.redrive(QUEUE) == 2
    world.pump()
    assert len(contacts(world)) == 2
    assert world.sqs.dead == {}


def test_should_park_it_again_while_it_is_not(world: ErpWorld) -> None:
    store(world).commit(Put(integration(customer=BROKEN)))
    send(world, any_event())
    world.pump()
    assert world.sqs.redrive(QUEUE) == 1
    world.pump()
    assert len(parked(world)) == 1


def test_should_not_let_a_redriven_event_go_over_what_came_after_it(world: ErpWorld) -> None:
    store(world).commit(Put(integration(customer=BROKEN)))
    send(world, any_event())
    world.pump()
    store(world).commit(Put(integration(customer=CUSTOMER)))
    later = {**WIEBKE, "lastName": "Feddersen"}
    send(world, any_event(later, timestamp="2026-03-02T07:59:30Z"))
    world.pump()
    world.sqs.redrive(QUEUE)
    world.pump()
    assert (contact(world) or {})["last_name"] == "Feddersen"
    assert world.sqs.dead == {}


def test_should_leave_the_event_itself_out_of_what_it_parks(world: ErpWorld) -> None:
    store(world).commit(Put(integration(customer=BROKEN)))
    send(world, any_event())
    world.pump()
    (letter,) = parked(world)
    assert "payload" not in letter
    assert "Janssen" not in world.sqs.dead[QUEUE][0]


# --- what nobody survives ----------------------------------------------------------------------


class Deadly(InProcess):
    """Loses every job that holds the word `deadly`."""

    def __init__(self, code: str) -> None:
        super().__init__()
        self._code = code

    def answer(self, job: bytes) -> bytes | JobLost:
        """The answer to a job, if it is survived."""
        if b"deadly" in job:
            return JobLost(f"{self._code}: any", self._code)
        return super().answer(job)


class DeadlyWorld(ErpWorld):
    """A world in which some events end what maps them."""

    code = "TIMEOUT"

    def _clients(self) -> Any:
        clients = super()._clients()
        clients.child = Deadly(self.code)
        return clients


@pytest.mark.parametrize(
    ("lost", "told"),
    [
        ("TIMEOUT", "TIMEOUT"),
        ("OUT_OF_MEMORY", "MAPPING_EXPRESSION_FAILED"),
        ("CRASHED", "MAPPING_EXPRESSION_FAILED"),
    ],
)
def test_should_park_an_event_that_ends_what_maps_it(lost: str, told: str) -> None:
    world = DeadlyWorld()
    world.code = lost  # before the first event, with which its worker is made
    send(world, any_event({**WIEBKE, "note": "deadly"}), customer(1))
    world.pump()
    assert codes(world) == sorted(["ENTITY_CREATED", told])
    assert len(parked(world)) == 1


class ProcessWorld(ErpWorld):
    """A world that maps events in a process of its own."""

    child: Child | None = None

    def _clients(self) -> Any:
        clients = super()._clients()
        clients.child = self.child
        return clients


def test_should_map_in_a_process_of_its_own() -> None:
    with closing(Child(TARGET)) as child:
        world = ProcessWorld()
        world.child = child
        store(world).commit(Put(integration(customer=endless())))
        send(world, any_event())
        world.pump()
        store(world).commit(Put(integration()))
        send(world, customer(1))
        world.pump()
    assert codes(world) == ["ENTITY_CREATED", "MAPPING_EXPRESSION_FAILED"]


def endless() -> dict[str, Any]:
    """A configuration whose expression never ends."""
    fields = [
        {"attribute": "customer_number", "jsonataExpression": "($f := function() {$f()}; $f())"}
    ]
    entity = {"entity_schema": "contact", "unique_ids": ["customer_number"], "fields": fields}
    return {"entities": [entity]}
