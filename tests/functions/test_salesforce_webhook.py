"""POST /v1/webhooks/salesforce/{org}: signed platform events, on to their queues."""

from __future__ import annotations

import base64
import json
from dataclasses import replace
from typing import Any

import pytest

from busbar.api import LARGEST_DELIVERY
from busbar.errors import MisconfiguredError
from busbar.settings.webhook import WebhookSettings
from busbar.usecases.salesforce_webhook import MOST_EVENTS
from infra.simulators.sample import NORDWIND
from tests.doubles.world import ORG, SOURCE, Reply, World
from tests.functions.given import bodies, order, shown, stored_card, tasks
from tests.functions.portal import answer, fields_at_fault, problem
from tests.functions.samples import read_event
from tests.functions.sender import (
    CARD,
    MESSAGE_ID,
    body_of,
    card_assigned,
    post,
    queued,
    send,
    signed_headers,
    status_changed,
)

QUEUES = ("card_event", "status_callback", "wallbox_event", "wallbox_review")


def refused(world: World, reply: Reply, status: int, slug: str) -> Any:
    """Hold an answer to be this problem, and nothing to be taken."""
    body = problem(reply, status, slug)
    assert not any(queued(world, queue) for queue in QUEUES)
    assert not [
        item for item in world.table.items.values() if item.get("schema") == "webhook_message"
    ]
    return body


def test_two_events_should_be_put_on_their_queues_in_the_envelope_of_the_bus(
    world: World, event: Any
) -> None:
    taken = answer(world, "salesforce_webhook", event)
    assert (taken.status, taken.json) == (202, {"webhook_id": MESSAGE_ID, "accepted": 2})
    sent = json.loads(event["body"])["events"]
    envelopes = [*queued(world, "card_event"), *queued(world, "status_callback")]
    assert [e["detail"]["payload"] for e in envelopes] == [e["payload"] for e in sent]
    assert [e["detail-type"] for e in envelopes] == [e["event"] for e in sent]
    assert {e["source"] for e in envelopes} == {SOURCE}
    assert len({e["id"] for e in envelopes}) == 2


def test_two_events_should_be_for_the_workers_what_the_bus_brings(world: World, event: Any) -> None:
    order(world, quantity=1)
    answer(world, "salesforce_webhook", event)
    world.pump()
    assert world.energised.card(CARD.energised_id).billing_contact_id == NORDWIND.energised_id
    assert stored_card(world).asset_id == CARD.asset_id
    assert shown(world)["status"] == "delivered"
    assert shown(world)["tracking_id"] == "00340434161094015902"
    assert (world.sqs.dead, tasks(world)) == ({}, [])


def test_two_events_should_have_every_key_that_the_envelope_of_the_bus_has(
    world: World, event: Any
) -> None:
    told: list[dict[str, Any]] = []
    world.salesforce.events.publish = told.append
    world.salesforce.events.emit("ChargeCardAssigned__e", {})
    world.salesforce.flush()
    answer(world, "salesforce_webhook", event)
    (ours,) = queued(world, "card_event")
    assert set(ours) == set(told[0])
    assert set(ours["detail"]) | {"schemaId"} == set(told[0]["detail"])


def test_two_events_should_be_answered_as_the_first_time_when_they_come_again(
    world: World, event: Any
) -> None:
    first = answer(world, "salesforce_webhook", event)
    world.clock.advance(299)
    again = answer(world, "salesforce_webhook", event)
    assert (again.status, again.text) == (first.status, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    assert [len(queued(world, queue)) for queue in QUEUES] == [1, 1, 0, 0]


def test_base64_body_should_be_checked_byte_by_byte_as_it_was_sent(
    world: World, event: Any
) -> None:
    assert answer(world, "salesforce_webhook", event).status == 202
    assert len(queued(world, "card_event")) == 1


def test_two_signatures_should_do_when_one_of_them_fits(world: World, event: Any) -> None:
    assert answer(world, "salesforce_webhook", event).status == 202


def test_wrong_signature_should_be_refused_and_logged(
    world: World, event: Any, caplog: pytest.LogCaptureFixture
) -> None:
    got = answer(world, "salesforce_webhook", event)
    (line,) = [vars(r) for r in caplog.records if r.getMessage() == "delivery refused"]
    assert (line["org"], line["reason"]) == (ORG, "signature-invalid")
    body = refused(world, got, 401, "signature-invalid")
    assert [e["field"] for e in body["errors"]] == ["webhook-signature"]
    assert got.headers["WWW-Authenticate"] == "Standard-Webhooks"


def test_old_timestamp_should_be_refused_with_a_type_of_its_own(world: World, event: Any) -> None:
    got = answer(world, "salesforce_webhook", event)
    body = refused(world, got, 401, "timestamp-outside-window")
    assert [e["field"] for e in body["errors"]] == ["webhook-timestamp"]
    assert world.secrets.reads == 0


def test_unknown_event_should_be_named_and_the_known_ones_not_be_taken(
    world: World, event: Any
) -> None:
    got = answer(world, "salesforce_webhook", event)
    body = refused(world, got, 422, "event-unknown")
    (fault,) = body["errors"]
    assert fault["field"] == "events[1].event"
    assert "'InvoicePaid__e' is unknown" in fault["message"]


def test_no_json_should_be_refused_with_400(world: World, event: Any) -> None:
    refused(world, answer(world, "salesforce_webhook", event), 400, "body-invalid")


def test_unknown_org_should_be_answered_with_404(world: World, event: Any) -> None:
    refused(world, answer(world, "salesforce_webhook", event), 404, "webhook-unknown")


def test_should_answer_404_for_an_org_without_webhook_settings(world: World) -> None:
    orgs = {ORG: replace(world.settings.orgs[ORG], webhook=None)}
    world.settings = replace(world.settings, orgs=orgs)
    refused(world, send(world, card_assigned()), 404, "webhook-unknown")


# --- the window ----------------------------------------------------------------------------------


@pytest.mark.parametrize("age", [-300, -1, 0, 1, 300])
def test_should_take_what_was_sent_within_five_minutes_either_way(world: World, age: float) -> None:
    assert send(world, card_assigned(), age=age).status == 202


@pytest.mark.parametrize("age", [-301, 301, 10**8])
def test_should_refuse_what_was_signed_earlier_or_will_be_later(world: World, age: float) -> None:
    refused(world, send(world, card_assigned(), age=age), 401, "timestamp-outside-window")


@pytest.mark.parametrize("name", ["webhook-id", "webhook-timestamp", "webhook-signature"])
def test_should_name_the_header_that_is_missing(world: World, name: str) -> None:
    body = body_of(card_assigned())
    headers = {**signed_headers(world, body), name: ""}
    got = post(world, body, headers)
    refused(world, got, 401, "signature-missing")
    assert fields_at_fault(got) == [name]
    del headers[name]
    refused(world, post(world, body, headers), 401, "signature-missing")


@pytest.mark.parametrize("message_id", ["a.b", "a b", "ü", "x" * 129, "a\n"])
def test_should_refuse_ids_that_could_be_read_in_two_ways(world: World, message_id: str) -> None:
    got = send(world, card_assigned(), message_id=message_id)
    refused(world, got, 401, "signature-invalid")
    assert fields_at_fault(got) == ["webhook-id"]


# --- bodies --------------------------------------------------------------------------------------


def sent_raw(world: World, body: bytes) -> Reply:
    """Sign and send these very bytes."""
    encoded = base64.b64encode(body).decode()
    return post(world, encoded, signed_headers(world, body), isBase64Encoded=True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'\xef\xbb\xbf{"events": []}',
        '{"events": []}'.encode("utf-16"),
        b'{"events": [{"event": "x", "payload": {"a": NaN}}]}',
        b'{"events": [{"event": "x", "payload": {"a": 1e999}}]}',
        b'{"a":' * 20_000 + b"1" + b"}" * 20_000,
        b'{"a": ' + b"9" * 5000 + b"}",
    ],
    ids=lambda body: str(body[:24]),
)
def test_should_answer_400_for_a_signed_body_that_is_no_json_object(
    world: World, body: bytes
) -> None:
    refused(world, sent_raw(world, body), 400, "body-invalid")


@pytest.mark.parametrize("depth", [10, 900, 2000, 5000, 9000, 20_000])
def test_should_take_or_refuse_a_nested_payload_but_never_break(world: World, depth: int) -> None:
    nested = b'{"a":' * depth + b"1" + b"}" * depth
    head, _, tail = body_of(card_assigned(Nested__c="HERE")).partition(b'"HERE"')
    got = sent_raw(world, head + nested + tail)
    assert got.status in {202, 400}, got.text
    assert len(queued(world, "card_event")) == (got.status == 202)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "events"),
        ({"events": []}, "events"),
        ({"events": {}}, "events"),
        ({"events": ["x"]}, "events[0]"),
        ({"events": [{"payload": {}}]}, "events[0].event"),
        ({"events": [{"event": 1, "payload": {}}]}, "events[0].event"),
        ({"events": [{"event": "x" * 256, "payload": {}}]}, "events[0].event"),
        ({"events": [{"event": "x"}]}, "events[0].payload"),
        ({"events": [{"event": "x", "payload": None}]}, "events[0].payload"),
        ({"events": [{"event": "x", "payload": [1]}]}, "events[0].payload"),
    ],
)
def test_should_name_the_field_at_fault(world: World, body: Any, field: str) -> None:
    got = sent_raw(world, json.dumps(body).encode())
    refused(world, got, 422, "fields-invalid")
    assert fields_at_fault(got) == [field]


def test_should_take_fields_that_it_does_not_know(world: World) -> None:
    more = {**card_assigned(Unknown__c="ü", Nested__c={"a": [1, None]}), "replay_id": 17}
    body = body_of(more, sent_by="any")
    assert post(world, body, signed_headers(world, body)).status == 202
    payload = queued(world, "card_event")[0]["detail"]["payload"]
    assert (payload["Unknown__c"], payload["Nested__c"]) == ("ü", {"a": [1, None]})


def test_should_park_a_payload_with_a_fault_as_if_the_bus_had_brought_it(world: World) -> None:
    assert send(world, card_assigned(CardId__c="")).status == 202
    world.pump()
    assert [t.reason for t in tasks(world)] == ["invalid_event: CardId__c"]
    assert len(world.sqs.dead["card_event"]) == 1


@pytest.mark.parametrize("count", [MOST_EVENTS - 1, MOST_EVENTS])
def test_should_take_as_many_events_as_the_limit_says(world: World, count: int) -> None:
    events = [card_assigned(EventUuid=f"event-{n}") for n in range(count)]
    assert send(world, *events).json["accepted"] == count
    assert len({e["id"] for e in queued(world, "card_event")}) == count


def test_should_refuse_one_event_more(world: World) -> None:
    got = send(world, *[card_assigned()] * (MOST_EVENTS + 1))
    refused(world, got, 422, "fields-invalid")
    assert fields_at_fault(got) == ["events"]


def sized(size: int) -> bytes:
    """A body of this many bytes."""
    empty = body_of(card_assigned(Filler__c=""))
    return body_of(card_assigned(Filler__c="x" * (size - len(empty))))


@pytest.mark.parametrize("size", [LARGEST_DELIVERY - 1, LARGEST_DELIVERY])
def test_should_take_a_body_as_large_as_the_limit_says(world: World, size: int) -> None:
    assert sent_raw(world, sized(size)).status == 202
    assert len(world.sqs.queues["card_event"][0].body) < 256 * 1024


def test_should_refuse_one_byte_more(world: World) -> None:
    refused(world, sent_raw(world, sized(LARGEST_DELIVERY + 1)), 413, "body-too-large")


def test_should_refuse_a_query_as_every_route_does(world: World) -> None:
    body = body_of(card_assigned())
    headers = signed_headers(world, body)
    got = post(world, body, headers, queryStringParameters={"dry": "1"})
    refused(world, got, 400, "invalid-parameter")


# --- one id, one message -------------------------------------------------------------------------


def test_should_take_a_message_once_when_it_is_signed_anew_for_another_try(world: World) -> None:
    assert send(world, card_assigned()).status == 202
    world.clock.advance(3600)
    assert send(world, card_assigned()).headers["Idempotent-Replayed"] == "true"
    assert len(queued(world, "card_event")) == 1


def test_should_refuse_an_id_that_was_another_messages(world: World) -> None:
    send(world, card_assigned())
    got = send(world, status_changed())
    problem(got, 422, "webhook-id-reused")
    assert not queued(world, "status_callback")


def test_should_take_an_id_anew_once_it_is_forgotten(world: World) -> None:
    send(world, card_assigned())
    world.clock.advance(world.settings.tuning.idempotency_kept + 1)
    assert "Idempotent-Replayed" not in send(world, card_assigned()).headers
    assert len(queued(world, "card_event")) == 2


def test_should_go_by_the_event_names_of_the_org() -> None:
    world = World(assigned_event="Card__e", status_event="Status__e")
    problem(send(world, card_assigned()), 422, "event-unknown")
    assert send(world, {**card_assigned(), "event": "Card__e"}).status == 202
    order(world)
    world.pump()
    assert stored_card(world).asset_id == CARD.asset_id


@pytest.mark.parametrize(
    ("use_case", "case"), [("wallbox_event", "wallbox"), ("wallbox_review", "approved")]
)
def test_should_put_events_of_wallboxes_on_their_queues(
    world: World, use_case: str, case: str
) -> None:
    told = bodies(read_event(use_case, case))[0]
    event = {"event": told["detail-type"], "payload": told["detail"]["payload"]}
    assert send(world, event).status == 202
    (envelope,) = queued(world, use_case)
    assert envelope["detail"]["payload"] == told["detail"]["payload"]


def test_should_write_one_small_record_and_read_one_per_message(world: World) -> None:
    before = (world.table.bill.read_units, world.table.bill.write_units)
    send(world, *[card_assigned(EventUuid=f"e{n}") for n in range(50)])
    after = (world.table.bill.read_units, world.table.bill.write_units)
    assert [b - a for a, b in zip(before, after, strict=True)] == [1, 1]


def test_should_never_let_settings_part_ways_with_those_of_the_workers(world: World) -> None:
    other = WebhookSettings(secret_id="any", event_source="another")
    with pytest.raises(
        MisconfiguredError, match=r"webhook.event_source has to be that of salesforce"
    ):
        replace(world.settings.orgs[ORG], webhook=other)
