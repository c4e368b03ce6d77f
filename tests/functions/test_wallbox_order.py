"""POST /v1/wallbox-orders: what is taken, and what of it is kept where."""

from __future__ import annotations

import json
import logging
import zlib
from collections.abc import Iterator
from typing import Any

import pytest

from busbar.domain.private_customers import PrivateCustomer
from busbar.domain.wallbox_orders import Step
from tests.doubles.world import WorkerDiedError, World
from tests.functions.given import CORRELATION, errands, known_products, stored_item
from tests.functions.portal import answer, problem
from tests.functions.wallbox_world import (
    ORDERS,
    any_person,
    decide,
    parked_at,
    place,
    shown,
    states,
    stored_customer,
    stored_order,
    wallbox_world,
)

IBAN = "DE89370400440532013000"


@pytest.fixture
def world() -> World:
    """A world that sells wallboxes."""
    return wallbox_world()


def test_one_wallbox_should_be_accepted_at_once_with_a_link_to_its_progress(
    world: World, event: Any
) -> None:
    placed = answer(world, "wallbox_order", event)
    assert placed.status == 202, placed.text
    assert placed.headers["Location"] == f"{ORDERS}/{placed.json['id']}"
    assert placed.json == {
        "id": placed.json["id"],
        "status": "accepted",
        "status_text": "Angenommen",
        "ordered_at": "2026-03-02T08:00:00+00:00",
        "waiting_for": None,
        "waiting_text": None,
    }


def test_one_wallbox_should_ask_salesforce_for_the_catalogue_and_nobody_for_more(
    world: World, event: Any
) -> None:
    answer(world, "wallbox_order", event)
    assert [c.operation for c in world.salesforce.calls] == ["token", "run_query"]
    assert not world.sap.calls
    assert not world.energised.calls


def test_one_wallbox_should_leave_one_errand_that_starts_its_machine(
    world: World, event: Any
) -> None:
    placed = answer(world, "wallbox_order", event)
    (errand,) = errands(world)
    assert errand.command.id == placed.json["id"]
    assert (errand.command.queue, errand.command.correlation_id) == (
        "wallbox_provisioning",
        CORRELATION,
    )
    assert errand.wake


def test_one_wallbox_should_go_to_its_billing_address_if_it_names_no_other(
    world: World, event: Any
) -> None:
    placed = answer(world, "wallbox_order", event)
    order = stored_order(world, placed)
    assert order.delivery_address == order.installation_address == order.billing_address


def test_all_fields_should_be_kept_as_they_were_sent(world: World, event: Any) -> None:
    placed = answer(world, "wallbox_order", event)
    order, sent = shown(world, placed), json.loads(event["body"])
    for name in ("billing_address", "delivery_address", "installation_address", "note"):
        assert order[name] == sent[name]
    lines = [(line["code"], line["quantity"]) for line in order["products"]]
    assert lines == [("WALLBOX-11", 1), ("CABLE-5", 2)]
    assert order["products"][1]["unit_price"] == "119.99"
    person = stored_customer(world)
    assert (person.iban, person.birth_date.isoformat()) == (IBAN, "1984-05-17")


def test_missing_key_should_be_refused_with_400(world: World, event: Any) -> None:
    problem(answer(world, "wallbox_order", event), 400, "idempotency-key-missing")
    assert not world.salesforce.calls


def test_service_agent_should_not_order_for_somebody(world: World, event: Any) -> None:
    problem(answer(world, "wallbox_order", event), 403, "forbidden")


# --- keys ----------------------------------------------------------------------------------------


def test_should_replay_the_answer_byte_for_byte_and_mark_it(world: World) -> None:
    first = place(world)
    world.pump()
    again = place(world)
    assert (again.status, again.text) == (202, first.text)
    assert again.headers["Location"] == first.headers["Location"]
    assert again.headers["Idempotent-Replayed"] == "true"
    assert len(world.salesforce.records("Order")) == 1


def test_should_answer_422_when_the_key_comes_with_another_body(world: World) -> None:
    place(world)
    problem(place(world, note="another"), 422, "idempotency-key-reused")


def test_should_make_two_orders_with_two_keys(world: World) -> None:
    assert place(world, "one").json["id"] != place(world, "two").json["id"]


def test_should_give_the_key_back_when_the_order_was_refused(world: World) -> None:
    assert place(world, products=[]).status == 422
    assert place(world).status == 202


def test_should_end_with_one_order_wherever_the_request_dies() -> None:
    rehearsal = wallbox_world()
    place(rehearsal)
    for boundary in range(1, rehearsal.boundaries.count + 1):
        world = wallbox_world()
        world.boundaries.die_at = boundary
        with pytest.raises(WorkerDiedError):
            place(world)
        world.clock.advance(31)  # the lease of the key
        placed = place(world)
        world.run_for(300)
        assert set(states(shown(world, placed)).values()) == {"done"}, boundary
        assert stored_customer(world).live_orders == (placed.json["id"],), boundary


# --- Salesforce is down --------------------------------------------------------------------------


def test_should_take_an_order_of_what_was_known_while_salesforce_is_down(world: World) -> None:
    known_products(world)
    world.clock.advance(86_400)
    world.salesforce.is_down = True
    placed = place(world)
    assert placed.status == 202
    world.run_for(3600)
    order = shown(world, placed)
    assert order["waiting_text"] == (
        "Salesforce ist gerade nicht erreichbar; die Bestellung folgt."
    )
    assert states(order) == {
        **dict.fromkeys(("partner", "contract"), "done"),
        "account": "waiting",
        **dict.fromkeys(("shared_contract", "contact", "order", "identities"), "open"),
    }
    world.salesforce.is_down = False
    world.run_for(3600)
    assert set(states(shown(world, placed)).values()) == {"done"}


def test_should_refuse_what_nobody_can_check_while_salesforce_is_down(world: World) -> None:
    world.salesforce.is_down = True
    refused = place(world)
    problem(refused, 503, "products-unknown")
    assert refused.headers["Retry-After"] == "30"
    world.salesforce.is_down = False
    assert place(world).status == 202


# --- the bank account ----------------------------------------------------------------------------


def bodies_of(world: World) -> Iterator[tuple[str, str]]:
    """(schema, content) of every record in the table."""
    for item in world.table.items.values():
        body = item.get("body")
        if isinstance(body, bytes):
            text = body if body.startswith(b"{") else zlib.decompress(body)
            yield str(item["schema"]), text.decode()


def test_should_keep_the_iban_in_its_one_home_and_tell_it_to_sap_alone(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG)
    world, placed = parked_at(Step.ORDER)
    decide(world, "cancel")
    world.pump()
    again = place(world, "two")
    world.pump()
    assert {schema for schema, body in bodies_of(world) if IBAN in body} == {"private_customer"}
    home = stored_item(world, PrivateCustomer, stored_customer(world).id)
    assert [k for k, v in home.items() if k != "body" and IBAN in str(v)] == []
    assert IBAN in json.dumps(world.sap.dump(), default=str)
    told = json.dumps([world.salesforce.dump(), world.energised.dump()], default=str)
    messages = [m.body for queue in world.sqs.queues.values() for m in queue]
    seen = [shown(world, placed), shown(world, again), world.sqs.dead, messages]
    lines = [json.dumps(record.__dict__, default=str) for record in caplog.records]
    for text in (told, json.dumps(seen), *lines):
        assert IBAN not in text.replace(" ", "")


def test_should_keep_the_iban_of_before_when_the_next_order_names_none(world: World) -> None:
    place(world, "one")
    person = any_person()
    del person["iban"]
    place(world, "two", person=person)
    assert stored_customer(world).iban == IBAN


def test_should_show_no_iban_where_a_customer_is_printed(world: World) -> None:
    place(world)
    assert IBAN not in repr(stored_customer(world))
