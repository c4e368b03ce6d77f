"""Wrong input is never lost and never silent: each kind has its answer, its code and its row.

Every case goes the whole way: door, queue, worker, and the monitoring that a clerk reads.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

import pytest

from busbar.domain.erp_events import LARGEST_PAYLOAD
from busbar.domain.integrations import Integration, IntegrationUseCase, use_case_id
from busbar.domain.outcomes import LEVELS, level_of
from busbar.ports.store import Drop, Put
from tests.doubles.world import ORG, World
from tests.functions.erp_given import (
    BROKEN,
    CUSTOMER,
    INTEGRATION,
    PATH,
    QUEUE,
    READINGS,
    START,
    WIEBKE,
    ErpWorld,
    any_event,
    contact,
    integration,
    send,
)
from tests.functions.given import store
from tests.functions.portal import problem

SECRET = "Geheimrat-4711"
"""Stands in every payload, and nowhere else."""
REF = "202603020RDER00000009"
DTD = "<!DOCTYPE a [<!ENTITY x 'y'>]>"


def mapping(*fields: dict[str, Any], **more: Any) -> dict[str, Any]:
    """A mapping of contacts, found by their customer number unless it is said."""
    usual = [{"attribute": "customer_number", "field": "partner"}, *fields]
    entity = {"entity_schema": "contact", "unique_ids": ["customer_number"], "fields": usual}
    return {"entities": [{**entity, **more}]}


def formula(attribute: str, text: str) -> dict[str, str]:
    return {"attribute": attribute, "jsonataExpression": text}


DIRECT: dict[str, Any] = {"direct": True, "entities": [{"entity_schema": "contact"}]}
OF_ACCOUNTS: dict[str, Any] = {"direct": True, "entities": [{"entity_schema": "account"}]}
OPERATION: dict[str, Any] = {
    "entity_slug": "contact",
    "unique_ids": {"customer_number": "1"},
    "mode": "upsert",
    "attributes": {"last_name": SECRET},
}
BY_EMAIL = mapping(
    {"attribute": "email", "field": "email", "_type": "email"},
    {"attribute": "last_name", "field": "lastName"},
    unique_ids=["email"],
)


@dataclass(frozen=True)
class Case:
    """One kind of wrong input. `answer` is what its sender is told; `mapping` its configuration, if
    it is not that of the sample events; `before` makes what it needs, `after` what happens once it
    was accepted. `parked` follows from its level, but for what the door refuses."""

    code: str
    event: Any = field(default_factory=dict)
    answer: str = "success"
    mapping: Any = None
    before: Callable[[World], object] = lambda _: None
    after: Callable[[World], object] = lambda _: None
    beside: tuple[str, ...] = ()
    """Further codes: what of the event was good is applied."""

    @property
    def parked(self) -> bool:
        return self.answer == "success" and level_of(self.code) == "error"


def says(payload: Any, **more: Any) -> dict[str, Any]:
    """An event with this payload, to the use case under test."""
    return {"payload": payload, **more}


def two_of_one_email(world: World) -> None:
    for number in ("1", "2"):
        payload = {"partner": number, "email": "same@example.test"}
        send(world, any_event(payload, timestamp="2026-03-02T07:00:00Z"))
    world.pump()


def without_the_use_case(world: World) -> None:
    store(world).commit(Put(integration()))


def without_the_integration(world: World) -> None:
    keep = store(world)
    keep.commit(Drop(Integration, INTEGRATION, keep.get(Integration, INTEGRATION)))


def uploaded(size: int) -> Callable[[World], None]:
    return lambda world: world.files.put_there(f"payloads/{ORG}/{REF}", b" " * size)


def uploaded_elsewhere(world: World) -> None:
    world.files.put_there(f"payloads/elsewhere/{REF}", b"{}")


def changed_when_it_is_copied(world: World) -> None:
    uploaded(10)(world)
    at = world.boundaries
    at.count, at.meddle_at, at.meddle = 0, 2, lambda: uploaded(11)(world)


def gone_when_it_is_applied(world: World) -> None:
    for key in world.files.below("inbound/"):
        if key.endswith(".payload"):
            del world.files.objects[key]


def led_by_another(world: World) -> None:
    org = replace(world.settings.orgs[ORG], leading_systems={"contact.last_name": "crm"})
    world.settings = replace(world.settings, orgs={**world.settings.orgs, ORG: org})


def of_another_type(world: World) -> None:
    keep, found = store(world), integration()
    case = IntegrationUseCase(
        id=use_case_id(INTEGRATION, "outwards"),
        integration_id=INTEGRATION,
        slug="outwards",
        name="outwards",
        type="outbound",
        configuration={},
        changed_at=START,
    )
    keep.commit(Put(found.model_copy(update={"use_cases": (*found.use_cases, case)})))


READING = {"meter": "M1", "id": "R1", "at": "2026-01-01", "value": 1}
CASES: dict[str, Case] = {
    # --- nobody's ------------------------------------------------------------------------------
    "unknown use case": Case("EVENT_NOT_CONFIGURED", {"use_case_slug": "nobody"}, "ignored"),
    "unknown name": Case(
        "EVENT_NOT_CONFIGURED", {"use_case_slug": None, "event_name": "nobody"}, "ignored"
    ),
    "use case that is off": Case("USE_CASE_DISABLED", {"use_case_slug": "off"}, "ignored"),
    "use case without a mapping": Case(
        "USE_CASE_MISSING_CONFIG", says({"a": SECRET}), "ignored", {"entities": []}
    ),
    "use case of another type": Case(
        "USE_CASE_INVALID_TYPE", {"use_case_slug": "outwards"}, "ignored", before=of_another_type
    ),
    "use case gone since": Case(
        "USE_CASE_NOT_FOUND", says(WIEBKE), mapping=CUSTOMER, after=without_the_use_case
    ),
    "come before": Case(
        "DUPLICATE_EVENT",
        {"deduplication_id": "any-1", "timestamp": "2026-03-02T07:59:30Z"},
        "skipped",
        before=lambda world: send(world, any_event(deduplication_id="any-1")),
    ),
    # --- an event that is none -----------------------------------------------------------------
    "no object": Case("MALFORMED_PAYLOAD", None, "error"),
    "no use case named": Case("MALFORMED_PAYLOAD", {"use_case_slug": None}, "error"),
    "no payload": Case("MALFORMED_PAYLOAD", says(None), "error"),
    "another format": Case("MALFORMED_PAYLOAD", {"format": "csv"}, "error"),
    "no deduplication id": Case("MALFORMED_PAYLOAD", {"deduplication_id": "a b"}, "error"),
    "bad time": Case("INVALID_TIMESTAMP", {"timestamp": "02.03.2026 08:00"}, "error"),
    "no such day": Case("INVALID_TIMESTAMP", {"timestamp": "2026-02-30T08:00:00Z"}, "error"),
    "a time far ahead": Case("INVALID_TIMESTAMP", {"timestamp": "2027-03-02T08:00:00Z"}, "error"),
    "too large": Case("PAYLOAD_TOO_LARGE", says({"a": SECRET, "b": "x" * 262_144}), "error"),
    # --- an uploaded payload -------------------------------------------------------------------
    "nothing uploaded": Case(
        "PAYLOAD_REF_NOT_FOUND", says(None, payload_ref=REF), "error", mapping=CUSTOMER
    ),
    "uploaded by another org": Case(
        "PAYLOAD_REF_NOT_FOUND",
        says(None, payload_ref=REF),
        "error",
        before=uploaded_elsewhere,
    ),
    "uploaded, too large": Case(
        "PAYLOAD_TOO_LARGE",
        says(None, payload_ref=REF),
        "error",
        before=uploaded(LARGEST_PAYLOAD + 1),
    ),
    "uploaded anew": Case(
        "PAYLOAD_REF_CHANGED",
        says(None, payload_ref=REF),
        "error",
        before=changed_when_it_is_copied,
    ),
    "uploaded, gone since": Case(
        "PAYLOAD_REF_NOT_FOUND",
        says(None, payload_ref=REF),
        before=uploaded(10),
        after=gone_when_it_is_applied,
    ),
    "uploaded, no JSON": Case(
        "MALFORMED_PAYLOAD", says(None, payload_ref=REF), before=uploaded(10)
    ),
    "a reference that is none": Case(
        "MALFORMED_PAYLOAD", says(None, payload_ref="../any"), "error"
    ),
    # --- a payload that cannot be read ---------------------------------------------------------
    "broken JSON": Case("MALFORMED_PAYLOAD", says(f'{{"a": "{SECRET}"')),
    "a name twice": Case("MALFORMED_PAYLOAD", says(f'{{"a": "{SECRET}", "a": 1}}')),
    "no object or list": Case("MALFORMED_PAYLOAD", says(f'"{SECRET}"')),
    "deeper than 64 levels": Case("MALFORMED_PAYLOAD", says("[" * 65 + "]" * 65)),
    "more than 100,000 values": Case("PAYLOAD_TOO_LARGE", says(f"[{'1,' * 100_000}1]")),
    "broken XML": Case("MALFORMED_PAYLOAD", says(f"<a>{SECRET}", format="xml")),
    "XML with a DTD": Case("MALFORMED_PAYLOAD", says(f"<!DOCTYPE a><a>{SECRET}</a>", format="xml")),
    "XML with an entity": Case("MALFORMED_PAYLOAD", says(f"{DTD}<a>&x;</a>", format="xml")),
    "XML with an outside entity": Case(
        "MALFORMED_PAYLOAD",
        says("<!DOCTYPE a [<!ENTITY x SYSTEM 'file:///etc/passwd'>]><a>&x;</a>", format="xml"),
    ),
    "XML that is none": Case("MALFORMED_PAYLOAD", says('{"a": 1}', format="xml")),
    # --- a mapping that does not fit -----------------------------------------------------------
    "invalid mapping": Case("INVALID_MAPPING", says({"partner": SECRET}), mapping=BROKEN),
    "an expression that fails": Case(
        "MAPPING_EXPRESSION_FAILED",
        says({"partner": "1", "lastName": SECRET}),
        mapping=mapping(formula("last_name", "$number(lastName)")),
    ),
    "an expression without an end": Case(
        "MAPPING_EXPRESSION_FAILED",
        says({"partner": "1", "lastName": SECRET}),
        mapping=mapping(formula("last_name", "($f := function($n) { 1 + $f($n) }; $f(1))")),
    ),
    "a value in no table": Case(
        "LOOKUP_UNMAPPED",
        says({"partner": "1", "title": SECRET}),
        mapping=mapping(formula("title", "$mapValue({'1': 'Dr.'}, title, 'none')")),
        beside=("ENTITY_CREATED",),
    ),
    "nothing to map": Case(
        "NOTHING_MAPPED",
        says({"other": SECRET}),
        mapping=mapping(jsonataExpression="partners"),
    ),
    "missing identifiers": Case(
        "MISSING_UNIQUE_IDENTIFIERS", says({"lastName": SECRET}), mapping=CUSTOMER
    ),
    "empty identifiers": Case(
        "MISSING_UNIQUE_IDENTIFIERS", says({"partner": " ", "a": SECRET}), mapping=CUSTOMER
    ),
    # --- what it names is not there, or not alone ----------------------------------------------
    "unknown unique id": Case(
        "UNIQUE_ID_NOT_IN_SCHEMA",
        says({"partner": SECRET}),
        mapping=mapping({"attribute": "shoe_size", "field": "partner"}, unique_ids=["shoe_size"]),
    ),
    "unknown schema": Case(
        "UNIQUE_ID_NOT_IN_SCHEMA",
        says({"partner": SECRET}),
        mapping=mapping(entity_schema="spaceship"),
    ),
    "several matches": Case(
        "UNIQUE_ID_MULTIPLE_MATCHES",
        says({"email": "same@example.test", "lastName": SECRET}),
        mapping=BY_EMAIL,
        before=two_of_one_email,
    ),
    "an id of nobody": Case(
        "ENTITY_REFERENCE_NOT_FOUND",
        says({"partner": "00000000-0000-4000-8000-000000000000"}),
        mapping=mapping({"attribute": "_id", "field": "partner"}, unique_ids=["_id"]),
    ),
    "a system that does not lead": Case(
        "NOT_LEADING_SYSTEM",
        says({"partner": "1", "lastName": SECRET, "firstName": "Any"}),
        mapping=CUSTOMER,
        before=led_by_another,
        beside=("ENTITY_CREATED",),
    ),
    "an attribute of another type": Case(
        "ATTRIBUTE_TYPE_MISMATCH",
        says({"partner": "1", "born": SECRET}),
        mapping=mapping({"attribute": "birthdate", "field": "born"}),
        beside=("ENTITY_CREATED",),
    ),
    "a reference without a value": Case(
        "RELATION_REF_VALUE_UNDEFINED",
        says({"partner": "1", "a": SECRET}),
        mapping=mapping(
            {
                "attribute": "billing_address",
                "relation_refs": {
                    "operation": "_set",
                    "items": [
                        {
                            "entity_schema": "account",
                            "unique_ids": [{"attribute": "customer_number", "constant": "9"}],
                            "path": "address",
                            "value": {"attribute": "address", "operation": "_append", "field": "x"},
                        }
                    ],
                },
            }
        ),
        beside=("ENTITY_CREATED",),
    ),
    # --- readings ------------------------------------------------------------------------------
    "a meter of nobody": Case(
        "METER_NOT_FOUND",
        says({"readings": [{**READING, "meter": SECRET}]}),
        mapping={"meter_readings": READINGS["meter_readings"]},
    ),
    "a reading without its value": Case(
        "INVALID_METER_READING_ATTRIBUTES",
        says({"meter": "M1", "readings": [{**READING, "value": None}]}),
        mapping=READINGS,
        beside=("ENTITY_CREATED",),
    ),
    "a reading of no day": Case(
        "INVALID_TIMESTAMP",
        says({"meter": "M1", "readings": [{**READING, "at": "31.02.2026"}]}),
        mapping=READINGS,
        beside=("ENTITY_CREATED",),
    ),
    # --- direct --------------------------------------------------------------------------------
    "direct, no operations": Case(
        "DIRECT_PAYLOAD_INVALID", says({"version": "1", "a": SECRET}), "error", DIRECT
    ),
    "direct, another version": Case(
        "DIRECT_VERSION_UNSUPPORTED",
        says({"version": "2", "operations": [OPERATION]}),
        "error",
        DIRECT,
    ),
    "direct, not allowed": Case(
        "DIRECT_ENTITY_NOT_ALLOWED",
        says({"version": "1", "operations": [{**OPERATION, "entity_slug": "account"}]}),
        "error",
        DIRECT,
    ),
    "direct, as XML": Case(
        "DIRECT_PAYLOAD_INVALID", says("<version>1</version>", format="xml"), "error", DIRECT
    ),
    "direct, uploaded": Case(
        "DIRECT_PAYLOAD_INVALID", says(None, payload_ref=REF), mapping=DIRECT, before=uploaded(10)
    ),
    "direct, no longer allowed": Case(
        "DIRECT_ENTITY_NOT_ALLOWED",
        says({"version": "1", "operations": [OPERATION]}),
        mapping=DIRECT,
        after=lambda world: store(world).commit(Put(integration(wrong=OF_ACCOUNTS))),
    ),
}


def event_of(case: Case) -> Any:
    """The event; a field that is None is left out. No case: something that is no event."""
    if case.event is None:
        return SECRET
    usual = {"event_name": None, "use_case_slug": "wrong", "payload": WIEBKE, "group_id": "wrong"}
    return {name: v for name, v in {**any_event(), **usual, **case.event}.items() if v is not None}


def read(world: World, path: str, query: Any) -> Any:
    """What the monitoring shows a clerk."""
    reply = world.call("POST", path, "service-agent", query)
    assert reply.status == 200, reply.text
    return reply.json["data"]


@pytest.mark.parametrize("kind", CASES)
def test_should_be_answered_told_and_kept(kind: str) -> None:
    case, world = CASES[kind], ErpWorld()
    store(world).commit(Put(integration(wrong=case.mapping or CUSTOMER)))
    case.before(world)
    neighbour = any_event({"partner": "7000001"}, group_id="wrong")
    reply = send(world, event_of(case), neighbour)
    result, other = reply.json["results"]
    assert (result["status"], other["status"]) == (case.answer, "success")
    assert bool(result["message"]) == (case.answer != "success")
    case.after(world)
    world.pump()

    # Its neighbour, behind it in the same group, goes on.
    assert contact(world, "7000001")
    # A row with its code; what of the event was good is told too.
    event = {"event_id": result["event_id"]}
    shown = read(world, f"/v2/integrations/{INTEGRATION}/monitoring/events", event)
    assert sorted({row["code"] for row in shown}) == sorted({case.code, *case.beside})
    (row, *_) = [one for one in shown if one["code"] == case.code]
    assert row["level"] == level_of(case.code)
    assert row["message"] or case.code in {"METER_NOT_FOUND", "NOT_LEADING_SYSTEM"}
    # The event itself is kept, and shown without what it says.
    (came,) = read(world, f"/v1/integrations/{INTEGRATION}/events", event)
    assert (came["status"], came["message"]) == (case.answer, result["message"])
    # What only a person can mend is parked, without its payload.
    letters = [json.loads(body) for body in world.sqs.dead.get(QUEUE, [])]
    parked = [one for one in letters if one["event_id"] == result["event_id"]]
    assert bool(parked) == case.parked
    assert SECRET not in reply.text + json.dumps([shown, came, letters])


ELSEWHERE = {
    "DEPRECATED_ENDPOINT": "test_erp_events.py: of a request, not of an event",
    "INTEGRATION_NOT_FOUND": "below: nobody can ask for its rows while it is gone",
    "TIMEOUT": "test_erp_apply.py: with a process that is lost",
    "UNKNOWN_ERROR": "tests/unit/mapping/test_jobs.py; of the door below",
    "SOFT_DELETED_ENTITY_MATCHED": "tests/unit/usecases/test_entity_updates.py",
    "RELATION_REF_ITEM_NOT_FOUND": "tests/unit/usecases/test_entity_relations.py",
    "RELATION_DEFERRED": "test_erp_waiting.py: the event comes again until its target is there",
    "MAPPING_WARNING": "test_erp_apply.py: what is borne, beside what becomes of the event",
    "PRUNE_SCOPE_PARTIAL_FAILURE": "tests/unit/usecases/test_entity_prune.py",
    "METER_READING_GROUP_FAILED": "tests/unit/usecases/test_entity_hostile.py",
    "READING_MULTIPLE_MATCHES": "tests/integrations/test_meter_readings.py",
}
"""Codes of what is wrong that no single event shows, or that are shown next to what makes them."""


def test_should_show_every_code_of_what_is_wrong() -> None:
    wrong = {code for code, level in LEVELS.items() if level in ("error", "warning")}
    shown = {case.code for case in CASES.values()}
    assert wrong == (shown | set(ELSEWHERE)) - {"DUPLICATE_EVENT", "NOTHING_MAPPED"}
    assert not shown & set(ELSEWHERE)


# --- as a whole ----------------------------------------------------------------------------------


def test_should_answer_404_to_an_unknown_integration_and_keep_nothing() -> None:
    world = ErpWorld()
    reply = send(world, any_event(), integration_id=use_case_id("any", "any"))
    told = problem(reply, 404, "integration-not-found")
    assert told["code"] == "INTEGRATION_NOT_FOUND"
    assert "GET /v1/integrations lists" in told["message"]
    assert world.files.below("inbound/") == []


def test_should_tell_which_event_the_queue_has_refused() -> None:
    world = ErpWorld()
    world.sqs.refusing = lambda body: "7000001" in body
    reply = send(world, any_event(), any_event({"partner": "7000001"}))
    taken, refused = reply.json["results"]
    assert (taken["status"], refused["status"]) == ("success", "error")
    path = f"/v2/integrations/{INTEGRATION}/monitoring/events"
    (row,) = read(world, path, {"event_id": refused["event_id"]})
    assert (row["code"], row["message"]) == ("UNKNOWN_ERROR", refused["message"])


def test_should_tell_of_an_integration_that_is_gone_when_it_is_there_again() -> None:
    """Until then nobody could ask for it."""
    world = ErpWorld()
    event_id = send(world, any_event()).json["results"][0]["event_id"]
    without_the_integration(world)
    world.pump()
    without_the_use_case(world)
    path = f"/v2/integrations/{INTEGRATION}/monitoring/events"
    (row,) = read(world, path, {"event_id": event_id})
    assert row["code"] == "INTEGRATION_NOT_FOUND"
    assert len(world.sqs.dead[QUEUE]) == 1
    world.sqs.redrive(QUEUE)
    world.pump()
    assert contact(world)


@pytest.mark.parametrize(
    "body",
    ["", "{", "[]", '{"a": NaN}', json.dumps({"integration_id": INTEGRATION}), '{"events": []}'],
)
def test_should_answer_400_to_a_frame_that_is_none_and_take_nothing(body: str) -> None:
    world = ErpWorld()
    reply = world.call("POST", PATH, "machine", body)
    assert (reply.status, set(reply.json)) == (400, {"code", "message"})
    assert world.files.below("inbound/") == []
