"""Payloads that are uploaded first, and named by an event: what is accepted is kept as it was."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from typing import Any

import pytest

from busbar.domain.erp_events import LARGEST_PAYLOAD, MOST_UPLOADED
from busbar.mapping.child import Child, JobLost
from busbar.ports.store import Put
from busbar.usecases.erp_apply import TOGETHER
from busbar.usecases.event_mapping import TARGET
from tests.doubles.evaluation import InProcess
from tests.doubles.world import Reply, WorkerDiedError, World
from tests.functions.erp_given import (
    CUSTOMER,
    INTEGRATION,
    QUEUE,
    WIEBKE,
    ErpWorld,
    any_event,
    codes,
    contact,
    contacts,
    customer,
    integration,
    messages,
    rows,
    send,
    statuses,
)
from tests.functions.given import store
from tests.functions.portal import problem

UPLOADS = "/v3/erp/updates/payloads"
A = f"/v1/integrations/{INTEGRATION}"
LARGE = json.dumps({**WIEBKE, "document": "x" * 2_000_000}).encode()
OTHER = json.dumps({**WIEBKE, "lastName": "Somebody"}).encode()


@pytest.fixture
def world() -> ErpWorld:
    return ErpWorld()


def form(world: World, **wish: Any) -> Any:
    """A form to upload a payload by."""
    reply = world.call("POST", UPLOADS, "machine", wish)
    assert reply.status == 200, reply.text
    return reply.json


def upload(world: World, content: bytes = LARGE) -> str:
    """Upload a payload; how an event names it."""
    given = form(world)
    assert world.files.upload(given, content) == 204
    return str(given["payload_ref"])


def named(ref: Any, **fields: Any) -> dict[str, Any]:
    """An event whose payload was uploaded."""
    event = any_event(payload_ref=ref, **fields)
    del event["payload"]
    return event


def told(reply: Reply, number: int = 0) -> str:
    """What is said of an event."""
    return str(reply.json["results"][number]["message"])


def ask(world: World, path: str, body: Any) -> Any:
    reply = world.call("POST", f"{A}/{path}", "operator", body)
    assert reply.status == 200, reply.text
    return reply.json


# --- forms -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wish", "type_"), [({}, "json"), ({"format": "json"}, "json"), ({"format": "xml"}, "xml")]
)
def test_should_sign_a_form_for_the_type_that_is_wished(
    world: ErpWorld, wish: Any, type_: str
) -> None:
    given = form(world, **wish)
    assert given["fields"]["Content-Type"] == f"application/{type_}"
    odd = {**given, "fields": {**given["fields"], "Content-Type": "text/html"}}
    assert world.files.upload(odd, OTHER) == 403


def test_should_refuse_a_format_that_is_none(world: ErpWorld) -> None:
    refused = world.call("POST", UPLOADS, "machine", {"format": "csv"})
    assert "format" in problem(refused, 400, "invalid-request")["message"]


@pytest.mark.parametrize("user", ["service-agent", "fleet-manager", "driver"])
def test_should_give_forms_to_machines_and_operators_alone(world: ErpWorld, user: str) -> None:
    problem(world.call("POST", UPLOADS, user, {}), 403, "forbidden")


@pytest.mark.parametrize(
    ("size", "status"), [(0, 400), (1, 204), (LARGEST_PAYLOAD, 204), (LARGEST_PAYLOAD + 1, 400)]
)
def test_should_take_so_many_bytes(world: ErpWorld, size: int, status: int) -> None:
    given = form(world)
    assert given["largest"] == LARGEST_PAYLOAD
    assert world.files.upload(given, b"x" * size) == status


def test_should_take_nothing_after_a_quarter_of_an_hour(world: ErpWorld) -> None:
    given = form(world)
    world.clock.advance(900)
    assert world.files.upload(given, OTHER) == 403


def test_should_sign_no_other_key(world: ErpWorld) -> None:
    assert world.files.upload(form(world), OTHER, key="inbound/demo/any.json") == 403


# --- an event that names one -------------------------------------------------------------------


def test_should_apply_what_was_uploaded(world: ErpWorld) -> None:
    assert statuses(send(world, named(upload(world)), customer(1))) == ["success"] * 2
    world.pump()
    assert (contact(world) or {})["last_name"] == "Janssen"
    assert len(contacts(world)) == 2
    assert world.sqs.dead == {}


def test_should_read_xml_that_was_uploaded(world: ErpWorld) -> None:
    ref = upload(world, b"<partner>1000042</partner>")
    send(world, named(ref, format="xml"))
    world.pump()
    assert contact(world) == {"customer_number": "1000042"}


@pytest.mark.parametrize(
    ("form", "content"),
    [
        ("json", b'\xef\xbb\xbf{"partner": "1000042", "lastName": "M\xc3\xbcller"}'),
        ("xml", b'<?xml version="1.0" encoding="ISO-8859-1"?><e>%s</e>'),
        ("xml", b'<?xml version="1.0" encoding="utf-16"?><e>%s</e>'),
    ],
)
def test_should_read_what_windows_and_old_erps_write(
    world: ErpWorld, form: str, content: bytes
) -> None:
    if form == "xml":
        name = "iso-8859-1" if b"8859" in content else "utf-16"
        inner = "<partner>1000042</partner><lastName>Müller</lastName>"
        content = (content.decode() % inner).encode(name)
        entity = CUSTOMER["entities"][0]
        told = {"entities": [{**entity, "jsonataExpression": "e"}]}
        store(world).commit(Put(integration(customer=told)))
    send(world, named(upload(world, content), format=form))
    world.pump()
    assert contact(world) == {"customer_number": "1000042", "last_name": "Müller"}


def test_should_say_in_which_encoding_xml_is_no_text(world: ErpWorld) -> None:
    ref = upload(world, b"<partner>\xe4</partner>")
    send(world, named(ref, format="xml"))
    world.pump()
    (row,) = rows(world)
    assert (row.code, row.message) == (
        "MALFORMED_PAYLOAD",
        "the uploaded payload: it is no text in UTF-8",
    )


def test_should_apply_what_was_there_when_it_was_accepted(world: ErpWorld) -> None:
    """The form still takes another file; that is another event's, or nobody's."""
    given = form(world)
    world.files.upload(given, LARGE)
    assert statuses(send(world, named(given["payload_ref"]))) == ["success"]
    assert world.files.upload(given, OTHER) == 204
    world.pump()
    assert (contact(world) or {})["last_name"] == "Janssen"


def test_should_keep_it_as_long_as_its_request(world: ErpWorld) -> None:
    """S3 forgets what was uploaded after a day."""
    ref = upload(world)
    send(world, named(ref))
    world.files.objects.pop(f"payloads/demo/{ref}")
    (request, payload) = sorted(world.files.below("inbound/"), key=lambda key: key[-7:])
    assert payload == request.removesuffix(".json") + "-000.payload"
    world.pump()
    assert contact(world)


def test_should_take_one_payload_for_several_events(world: ErpWorld) -> None:
    ref = upload(world)
    later = named(ref, timestamp="2026-03-02T07:59:30Z")
    assert statuses(send(world, named(ref), later)) == ["success"] * 2
    assert len(messages(world)) == 2


def test_should_collapse_a_repeat_but_not_another_payload_by_the_same_form(world: ErpWorld) -> None:
    given = form(world)
    world.files.upload(given, LARGE)
    for _ in range(2):
        send(world, named(given["payload_ref"]))
    assert len(messages(world)) == 1
    world.files.upload(given, OTHER)
    send(world, named(given["payload_ref"]))
    assert len(messages(world)) == 2


def test_should_skip_a_repeat_by_its_id_and_copy_nothing_for_it(world: ErpWorld) -> None:
    ref = upload(world)
    send(world, named(ref, deduplication_id="any-1"))
    writes = world.files.writes
    repeat = send(world, named(ref, deduplication_id="any-1"))
    assert (statuses(repeat), world.files.writes) == (["skipped"], writes)


def test_should_not_take_an_id_for_seen_whose_payload_is_not_there(world: ErpWorld) -> None:
    events = [named("202603020RDER00000009", deduplication_id="any-1")]
    events += [any_event(deduplication_id="any-1")]
    assert statuses(send(world, *events)) == ["error", "success"]


# --- what is wrong with one --------------------------------------------------------------------


def of_nobody(_: ErpWorld) -> str:
    return "202603020RDER00000009"


def of_another_org(world: ErpWorld) -> str:
    world.files.put_there("payloads/elsewhere/202603020RDER00000009", LARGE)
    return "202603020RDER00000009"


def too_large(world: ErpWorld) -> str:
    """As by a form of a release that allowed more."""
    ref = str(form(world)["payload_ref"])
    world.files.put_there(f"payloads/demo/{ref}", b" " * (LARGEST_PAYLOAD + 1))
    return ref


def changing(world: ErpWorld) -> str:
    """It is uploaded anew between the look at it and its copy."""
    given = form(world)
    world.files.upload(given, LARGE)
    name, at = "after s3 head", world.boundaries

    def meddle() -> None:
        if at.names[-1] == name:
            world.files.upload(given, OTHER)

    at.count, at.meddle_at, at.meddle = 0, 2, meddle
    return str(given["payload_ref"])


def vanishing(world: ErpWorld) -> str:
    ref = upload(world)
    at = world.boundaries
    at.count, at.meddle_at, at.meddle = 0, 2, world.files.objects.clear
    return ref


@pytest.mark.parametrize(
    ("ref", "code"),
    [
        (of_nobody, "PAYLOAD_REF_NOT_FOUND"),
        (of_another_org, "PAYLOAD_REF_NOT_FOUND"),
        (too_large, "PAYLOAD_TOO_LARGE"),
        (changing, "PAYLOAD_REF_CHANGED"),
        (vanishing, "PAYLOAD_REF_CHANGED"),
    ],
)
def test_should_refuse_it_say_so_and_take_its_neighbour(
    world: ErpWorld, ref: Callable[[ErpWorld], str], code: str
) -> None:
    reply = send(world, named(ref(world)), customer(1))
    assert statuses(reply) == ["error", "success"]
    assert "payload" in told(reply)
    (row,) = rows(world)
    assert (row.code, row.level, row.message) == (code, "error", told(reply))
    assert row.event_id == reply.json["results"][0]["event_id"]
    world.pump()
    assert len(contacts(world)) == 1


@pytest.mark.parametrize(
    "ref", ["", "x", 1, {}, "../../proofs/any", "202603020RDER00000009/x", "202603020RDER0000009"]
)
def test_should_refuse_what_is_no_reference(world: ErpWorld, ref: Any) -> None:
    reply = send(world, named(ref))
    assert statuses(reply) == ["error"]
    assert "payload_ref" in told(reply)
    assert codes(world) == ["MALFORMED_PAYLOAD"]


def test_should_refuse_a_payload_beside_it(world: ErpWorld) -> None:
    reply = send(world, any_event(payload_ref=upload(world)))
    assert statuses(reply) == ["error"]
    assert "payload_ref and payload" in told(reply)


def test_should_take_so_many_in_a_request(world: ErpWorld) -> None:
    events = [named(upload(world, OTHER), group_id=str(n)) for n in range(MOST_UPLOADED + 1)]
    reply = send(world, *events, customer(1))
    assert statuses(reply) == ["success"] * MOST_UPLOADED + ["error", "success"]
    assert codes(world) == ["PAYLOAD_TOO_LARGE"]


def test_should_know_no_reference_in_version_2(world: ErpWorld) -> None:
    event = {**named(upload(world)), "event_type": "UPDATE", "object_type": "customer"}
    body = {"integration_id": INTEGRATION, "events": [event]}
    assert statuses(world.call("POST", "/v2/erp/updates/events", "machine", body)) == ["error"]


def test_should_have_it_sent_again_while_s3_does_not_answer(world: ErpWorld) -> None:
    ref = upload(world)
    world.files.is_down = True
    problem(send(world, named(ref)), 503, "try-again")
    assert messages(world) == []


# --- what the worker finds ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"{", "MALFORMED_PAYLOAD"),
        (b"\xff\xfe{}", "MALFORMED_PAYLOAD"),
        (b"0", "MALFORMED_PAYLOAD"),
        (b'{"partner": ""}', "MISSING_UNIQUE_IDENTIFIERS"),
    ],
)
def test_should_park_what_cannot_be_applied(world: ErpWorld, content: bytes, code: str) -> None:
    assert statuses(send(world, named(upload(world, content)))) == ["success"]
    world.pump()
    assert codes(world) == [code]
    assert len(world.sqs.dead[QUEUE]) == 1


def test_should_say_that_it_is_no_longer_kept(world: ErpWorld) -> None:
    send(world, named(upload(world)))
    for key in world.files.below("inbound/"):
        if key.endswith(".payload"):
            del world.files.objects[key]
    world.pump()
    assert codes(world) == ["PAYLOAD_REF_NOT_FOUND"]
    assert len(world.sqs.dead[QUEUE]) == 1


class ProcessWorld(ErpWorld):
    """A world that maps events in a process of its own."""

    child: Child | None = None

    def _clients(self) -> Any:
        clients = super()._clients()
        clients.child = self.child
        return clients


def test_should_name_what_becomes_of_the_largest_in_the_process_for_mappings() -> None:
    """20 MB of one text are read; of a million values they are told to be too many."""
    one = json.dumps({**WIEBKE, "document": "x" * (LARGEST_PAYLOAD - 1000)}).encode()
    many = json.dumps({**WIEBKE, "values": [{"a": 1}] * 1_900_000}).encode()
    assert 0.8 * LARGEST_PAYLOAD < len(many) <= LARGEST_PAYLOAD
    with closing(Child(TARGET)) as child:
        world = ProcessWorld()
        world.child = child
        for content in (one, many):
            send(world, named(upload(world, content), group_id=str(len(content))))
        send(world, customer(1))
        world.pump()
    assert len(contacts(world)) == 2
    assert codes(world) == ["ENTITY_CREATED"] * 2 + ["PAYLOAD_TOO_LARGE"]


# --- who dies ----------------------------------------------------------------------------------


def door(world: World, ref: str) -> Reply:
    return send(world, named(ref, deduplication_id="any-1"), customer(1))


def boundaries() -> int:
    """How many boundaries the door has on the way of such an event."""
    world = ErpWorld()
    ref = upload(world)
    world.boundaries.count = 0
    door(world, ref)
    return world.boundaries.count


@pytest.mark.parametrize("at", range(1, boundaries() + 1))
def test_should_lose_and_double_nothing_when_the_door_dies(world: ErpWorld, at: int) -> None:
    given = form(world)
    world.files.upload(given, LARGE)
    world.boundaries.count, world.boundaries.die_at = 0, at
    with pytest.raises(WorkerDiedError):
        door(world, given["payload_ref"])
    world.boundaries.die_at = -1
    world.pump()
    assert set(statuses(door(world, given["payload_ref"]))) <= {"success", "skipped"}
    world.files.upload(given, OTHER)
    world.pump()
    assert (contact(world) or {})["last_name"] == "Janssen"
    assert len(contacts(world)) == 2
    assert world.sqs.dead == {}


# --- shown, and sent again ---------------------------------------------------------------------


def test_should_show_the_form_of_a_small_one_and_say_that_a_large_one_is(world: ErpWorld) -> None:
    send(world, named(upload(world, OTHER)))
    world.clock.advance(1)
    send(world, named(upload(world)))
    large, small = ask(world, "events", {})["data"]
    assert small["payload"]["lastName"] == "<redacted>"
    assert large["payload"] == "<too large to be shown>"
    for key in world.files.below("inbound/"):
        if key.endswith(".payload"):
            del world.files.objects[key]
    assert [one["payload"] for one in ask(world, "events", {})["data"]] == ["<no longer kept>"] * 2


def test_should_send_it_again_with_its_payload(world: ErpWorld) -> None:
    broken = {"entities": [{**CUSTOMER["entities"][0], "enabled": "$sum(lastName)"}]}
    store(world).commit(Put(integration(customer=broken)))
    event_id = send(world, named(upload(world))).json["results"][0]["event_id"]
    world.pump()
    assert contact(world) is None
    store(world).commit(Put(integration()))
    world.clock.advance(600)
    for _ in range(2):  # a replay can be replayed
        (result,) = ask(world, "events/replay", {"event_ids": [event_id]})["results"]
        assert result["status"] == "success"
        event_id = result["replay_event_id"]
    for key in world.files.below("inbound/"):
        if key.endswith(".payload") and event_id[:-4] not in key:
            del world.files.objects[key]
    world.pump()
    assert contact(world)


def test_should_not_find_an_uploaded_payload_that_is_gone(world: ErpWorld) -> None:
    results = send(world, named(upload(world)), customer(1)).json["results"]
    world.pump()
    (gone,) = [key for key in world.files.below("inbound/") if key.endswith(".payload")]
    del world.files.objects[gone]
    world.clock.advance(600)
    ids = [one["event_id"] for one in results]
    told = ask(world, "events/replay", {"event_ids": ids})
    assert [one["status"] for one in told["results"]] == ["not_found", "success"]
    assert told["replayed"] == 1
    assert "replay_event_id" not in told["results"][0]
    assert len(messages(world)) == 1


def test_should_send_so_many_again_in_one_call(world: ErpWorld) -> None:
    ids = [
        send(world, named(upload(world, OTHER), group_id=str(n))).json["results"][0]["event_id"]
        for n in range(MOST_UPLOADED + 1)
    ]
    world.clock.advance(600)
    results = ask(world, "events/replay", {"event_ids": ids})["results"]
    assert [one["status"] for one in results] == ["success"] * MOST_UPLOADED + ["error"]


class Weighing(InProcess):
    """Maps in this process, and weighs what it is asked at once."""

    most = 0

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]:
        """The answers to jobs."""
        self.most = max(self.most, sum(map(len, jobs)))
        return super().ask_all(jobs)


class WeighedWorld(ErpWorld):
    """A world that weighs what is mapped at once."""

    def __init__(self) -> None:
        self.weighing = Weighing()
        super().__init__()

    def _clients(self) -> Any:
        clients = super()._clients()
        clients.child = self.weighing
        return clients


def test_should_not_hold_ten_of_them_at_once() -> None:
    """Of the largest ones neither the worker nor its child would have room for so many."""
    world = WeighedWorld()
    refs = [upload(world, LARGE.replace(b"1000042", f"{n:07}".encode())) for n in range(10)]
    send(world, *(named(ref, group_id=str(n)) for n, ref in enumerate(refs)))
    world.pump()
    assert len(contacts(world)) == 10
    assert 2 * len(LARGE) < world.weighing.most < TOGETHER + 2 * len(LARGE)
