"""Jobs for the child process: bytes in, bytes out, and never an error."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from busbar.domain.updates import Mapped
from busbar.mapping.child import Child
from busbar.mapping.configuration import parse
from busbar.mapping.inbound import Context, map_event, mapped_of, serve
from busbar.mapping.jobs import (
    MOST_CONFIGURATIONS,
    ConfigurationUnknown,
    bytes_of,
    job_of,
    served,
)
from busbar.mapping.payloads import parse as parse_payload

CONFIGURATION: dict[str, Any] = {
    "entities": [
        {
            "entity_schema": "meter",
            "unique_ids": ["number", "mail"],
            "jsonataExpression": "meters",
            "mode": "upsert-prune-scope-purge",
            "scope": {"scope_mode": "query", "query": [{"attribute": "of", "field": "id"}]},
            "fields": [
                {"attribute": "number", "field": "number"},
                {"attribute": "mail", "field": "$$.mail", "_type": "email"},
                {"attribute": "env", "jsonataExpression": "$env.erp.prefix & $$.id"},
                {"attribute": "fails", "jsonataExpression": "$number(value)"},
                {"attribute": "portal", "portal_ref": {}},
                {"attribute": "text", "constant": "ä\n\u2028"},
            ],
        }
    ],
    "meter_readings": [
        {
            "mode": "upsert-prune-scope",
            "scope": {"source": "ERP"},
            "jsonataExpression": "meters",
            "meter": {"unique_ids": ["number"]},
            "meter_counter": {"unique_ids": ["number"]},
            "fields": [
                {"attribute": "external_id", "field": "number"},
                {"attribute": "timestamp", "constant": "2026-01-01"},
                {"attribute": "source", "constant": "ERP"},
                {"attribute": "value", "constant": 1},
                {"attribute": "direction", "constant": "import"},
            ],
        }
    ],
}
EVENT = {
    "id": "C-1",
    "mail": "ä@example.org",
    "meters": [{"number": "M-1", "value": "1"}, {"number": "M-2", "value": "x"}],
}
CONTEXT = Context(
    explain=True,
    env={"erp.prefix": "P-"},
    portals=[{"portal_id": "p", "enabled": True, "is_dummy": False}],
)


def job(
    configuration: Any = None, payload: Any = None, context: Context = CONTEXT, **more: Any
) -> bytes:
    text = json.dumps(configuration or CONFIGURATION)
    digest = hashlib.sha256(text.encode()).hexdigest()
    return job_of(text, digest, EVENT if payload is None else payload, context=context, **more)


def direct_result() -> Mapped:
    return map_event(parse(CONFIGURATION), EVENT, CONTEXT)


def test_should_give_what_mapping_in_the_same_process_gives() -> None:
    made = mapped_of(serve(job()))
    assert made == direct_result()
    assert len(made.entity_updates) == 1
    assert made.entity_updates[0].attributes["portal"] == "p"
    assert made.entity_updates[0].attributes["env"] == "P-C-1"
    assert made.prune_scope_updates
    assert made.meter_readings_prune_scope_updates
    assert made.warnings
    assert made.faults
    assert made.explained


def test_should_take_a_payload_as_a_text_and_as_an_object_alike() -> None:
    assert serve(job(payload=json.dumps(EVENT, indent=1))) == serve(job())
    assert b"\n" not in job()


def test_should_take_xml_and_the_event_of_a_document() -> None:
    inner = {
        "entities": [
            {
                "entity_schema": "contact",
                "unique_ids": ["id"],
                "fields": [{"attribute": "id", "field": "$.a.id"}],
            }
        ]
    }
    document = {"version": "2.0", "mapping": {"events": {"A": inner, "B": {"entities": []}}}}
    xml = "<a><id>\n007</id></a>"
    made = mapped_of(serve(job(document, xml, format="xml", event="A")))
    assert made.entity_updates[0].unique_identifiers == {"id": "007"}
    assert mapped_of(serve(job(document, xml, format="xml", event="B"))) == Mapped()


def test_should_take_a_direct_payload() -> None:
    operation = {"entity_slug": "a", "unique_ids": {"n": 1}, "attributes": {}}
    payload = {"version": "1", "operations": [operation]}
    made = mapped_of(serve(job({"direct": True}, payload)))
    assert made.entity_updates[0].unique_identifiers == {"n": "1"}
    (fault,) = mapped_of(serve(job({"direct": True}, "<a/>", format="xml"))).faults
    assert fault.code == "DIRECT_PAYLOAD_INVALID"


def test_should_need_a_configuration_once_only() -> None:
    text = json.dumps({"entities": [], "note": "once"})
    with pytest.raises(ConfigurationUnknown):
        mapped_of(serve(job_of(None, "once", EVENT)))
    assert mapped_of(serve(job_of(text, "once", EVENT))) == Mapped()
    assert mapped_of(serve(job_of(None, "once", EVENT))) == Mapped()


def test_should_forget_the_configuration_that_was_unused_for_longest() -> None:
    serve(job_of('{"entities": []}', "old", EVENT))
    serve(job_of('{"entities": []}', "used", EVENT))
    for number in range(MOST_CONFIGURATIONS - 1):
        serve(job_of(None, "used", EVENT))
        serve(job_of('{"entities": []}', f"new {number}", EVENT))
    assert mapped_of(serve(job_of(None, "used", EVENT))) == Mapped()
    with pytest.raises(ConfigurationUnknown):
        mapped_of(serve(job_of(None, "old", EVENT)))


@pytest.mark.parametrize(
    ("configuration", "paths"),
    [
        ('{"entities": [{}], "meter_readings": [{}]}', "entities[0].entity_schema"),
        ("{", ""),
        ("[]", ""),
        ('{"a": NaN}', ""),
    ],
)
def test_should_tell_an_invalid_configuration_as_faults(configuration: str, paths: str) -> None:
    for _ in range(2):
        made = mapped_of(serve(job_of(configuration, f"bad {configuration}", EVENT)))
        assert {fault.code for fault in made.faults} == {"INVALID_MAPPING"}
        assert paths in {fault.path for fault in made.faults}


@pytest.mark.parametrize(
    ("payload", "form"),
    [
        ("{", "json"),
        ("", "json"),
        ('{"a": 1, "a": 2}', "json"),
        ('{"a": "\\ud800"}', "json"),
        ("\ud800", "json"),
        ({"a": "\ud800"}, "json"),
        ("5", "json"),
        (5, "json"),
        ("<a>", "xml"),
        ({"a": 1}, "xml"),
        ("{}", "yaml"),
    ],
)
def test_should_tell_a_malformed_payload_as_a_fault(payload: Any, form: Any) -> None:
    (fault,) = mapped_of(serve(job(payload=payload, format=form))).faults
    assert fault.code == "MALFORMED_PAYLOAD"


@pytest.mark.parametrize("told", [b"", b"x", b"[]", b"{}", b"\xff", b'{"hash": {}}', b"\n\n"])
def test_should_answer_whatever_it_is_sent(told: bytes) -> None:
    (fault,) = mapped_of(serve(told)).faults
    assert fault.code == "UNKNOWN_ERROR"


@given(st.binary(max_size=60))
def test_should_answer_any_bytes(told: bytes) -> None:
    assert mapped_of(serve(told)).faults


@given(st.dictionaries(st.text(max_size=4), st.text() | st.integers() | st.none(), max_size=4))
def test_should_pass_any_values_through(event: dict[str, Any]) -> None:
    fields = [{"attribute": "id", "constant": "1"}, {"attribute": "all", "field": "$"}]
    entity = {"entity_schema": "a", "unique_ids": ["id"], "fields": fields}
    (update,) = mapped_of(serve(job({"entities": [entity]}, json.dumps(event)))).entity_updates
    assert update.attributes["all"] == parse_payload(json.dumps(event))


def test_should_come_back_as_it_was() -> None:
    made = direct_result()
    assert mapped_of(bytes_of(made)) == made


def test_should_leave_it_to_the_process_that_there_is_no_memory_left() -> None:
    def without_memory(*_: object) -> Mapped:
        raise MemoryError

    with pytest.raises(MemoryError):
        served(job(), without_memory)


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["id", "mail", "meters", "number", "value"]), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@given(JSON_VALUES, st.booleans())
def test_should_map_or_refuse_any_payload(payload: Any, simulated: bool) -> None:
    context = Context(simulation=simulated, explain=True, env=CONTEXT.env, portals=CONTEXT.portals)
    made = mapped_of(serve(job(payload=payload, context=context)))
    assert "UNKNOWN_ERROR" not in {fault.code for fault in made.faults}


@pytest.fixture(scope="module")
def child() -> Iterator[Child]:
    made = Child("busbar.mapping.inbound:serve")
    yield made
    made.close()


def test_should_be_served_by_a_child_process(child: Child) -> None:
    assert mapped_of(child.ask(job())) == direct_result()


def test_should_map_the_next_event_after_one_that_cost_the_child_its_life(child: Child) -> None:
    from busbar.mapping.child import JobLost  # noqa: PLC0415

    endless = {
        "entities": [
            {
                "entity_schema": "a",
                "unique_ids": ["id"],
                "fields": [
                    {
                        "attribute": "id",
                        "jsonataExpression": "($f := function($n) { $f($n + 1) }; $f(1))",
                    }
                    for _ in range(200)
                ],
            }
        ]
    }
    with pytest.raises(JobLost):
        child.ask(job(endless))
    assert mapped_of(child.ask(job())) == direct_result()
