"""The connector for Fleet registrations against the simulated tenant, and what goes wrong."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.initial_password import random_password
from busbar.connectors.energised.register import EnergisedRegistration
from busbar.connectors.reach import Reach
from busbar.errors import Missing, Refused, Unavailable, Unknown
from busbar.mapping.registry import MappingRegistry
from busbar.ports.runtime import Json
from infra.simulators import sample
from infra.simulators.faults import Fault
from tests.contracts.energised.test_against_simulator import CARD_ID, Rig
from tests.contracts.energised.test_contacts import PERSON, PERSONS, REGISTERS, rows
from tests.contracts.energised.test_recorded_answers import RECORDED
from tests.contracts.recording import FixedClock, Player, Secrets

NUMBER = sample.cards(1)[0].number
COMPANY = REGISTERS.register_company_id


@pytest.fixture
def rig() -> Rig:
    return Rig(REGISTERS)


def payload(**changes: Any) -> Json:
    """What the product's mapping makes."""
    source = {
        "customer": PERSON,
        "card": {"number": NUMBER, "label": "Ladekarte"},
        "company_id": REGISTERS.register_company_id,
        "billing_contact_id": REGISTERS.register_billing_contact_id,
        "rate_id": REGISTERS.private_rate_id,
        **changes,
    }
    return MappingRegistry().run("energised", "register", source)


def played(*steps: Any, made: str = "any-word") -> tuple[EnergisedRegistration, Player]:
    """A tenant that answers just so."""
    player = Player(RECORDED, list(steps))
    tenant = EnergisedCards(
        REGISTERS,
        Reach(
            Secrets([{"api_token": "t0ken"}]),
            clock=FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
        ),
    )
    return EnergisedRegistration(REGISTERS, tenant, lambda _length: made), player


def card_row(**changes: Any) -> Json:
    row = {"id": "1", "number": NUMBER, "active": False, "updated_at": "2025-04-24T13:18:27Z"}
    return {**row, **changes}


def test_should_register_what_the_products_mapping_makes_and_find_it_again(rig: Rig) -> None:
    made = rig.registration.register(PERSONS, payload(), 5)
    contact = rig.tenant.backend.contacts[made.external_id]
    assert (contact.name, contact.customer_number, contact.gender) == ("Erika Muster", PERSONS, 2)
    card = rig.tenant.card(CARD_ID)
    assert made.fields == {"card_id": card.id}
    assert (card.contact_id, card.reference, card.active) == (made.external_id, PERSONS, False)
    assert (card.rate_id, card.billing_contact_id, card.label) == ("rate-1", COMPANY, "Ladekarte")
    assert rig.registration.find_registered(PERSONS, NUMBER, 5) == [made]


def test_should_find_a_registration_by_a_number_without_separators(rig: Rig) -> None:
    made = rig.registration.register(PERSONS, payload(), 5)
    bare = NUMBER.replace("-", "").lower()
    assert rig.registration.find_registered(PERSONS, bare, 5) == [made]


def test_should_take_a_blank_card_for_no_registration(rig: Rig) -> None:
    assert rig.registration.find_registered(PERSONS, NUMBER, 5) == []
    assert rig.registration.find_registered(PERSONS, "unknown", 5) == []


def test_should_not_find_what_is_younger_than_the_lag_of_the_search(rig: Rig) -> None:
    rig.tenant.backend.search_lag = 30.0
    rig.registration.register(PERSONS, payload(), 5)
    assert rig.registration.find_registered(PERSONS, NUMBER, 5) == []
    rig.clock.at += timedelta(seconds=30)
    assert len(rig.registration.find_registered(PERSONS, NUMBER, 5)) == 1


@pytest.mark.parametrize("kind", ["timeout_after", "reset_after"])
def test_should_find_by_the_card_what_became_of_a_call_without_answer(rig: Rig, kind: str) -> None:
    rig.tenant.add_fault(Fault(kind, operation="register"))
    with pytest.raises(Unknown) as unknown:
        rig.registration.register(PERSONS, payload(), 5)
    assert "Muster" not in str(unknown.value)
    (found,) = rig.registration.find_registered(PERSONS, NUMBER, 5)
    assert found.external_id in rig.tenant.backend.contacts


def test_should_find_a_registration_that_took_effect_late(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("late_commit", operation="register", seconds=20))
    with pytest.raises(Unknown):
        rig.registration.register(PERSONS, payload(), 5)
    assert rig.registration.find_registered(PERSONS, NUMBER, 5) == []
    rig.clock.at += timedelta(seconds=20)
    assert len(rig.registration.find_registered(PERSONS, NUMBER, 5)) == 1


def test_should_know_that_nothing_was_registered_while_the_system_is_down(rig: Rig) -> None:
    rig.tenant.is_down = True
    with pytest.raises(Unavailable):
        rig.registration.register(PERSONS, payload(), 5)


def test_should_show_both_when_somebody_registered_twice(rig: Rig) -> None:
    for _ in range(2):
        rig.registration.register(PERSONS, payload(), 5)
    assert len(rig.registration.find_registered(PERSONS, NUMBER, 5)) == 2


def test_should_refuse_a_card_that_is_somebody_else_s(rig: Rig) -> None:
    rig.registration.register("BBPE0000000000002", payload(), 5)
    with pytest.raises(Refused, match="CARD_OF_ANOTHER"):
        rig.registration.find_registered(PERSONS, NUMBER, 5)


def test_should_refuse_a_card_of_ours_whose_contact_is_not_shown() -> None:
    registration, _ = played(rows(card_row(reference=PERSONS)))
    with pytest.raises(Refused, match="CARD_WITHOUT_CONTACT"):
        registration.find_registered(PERSONS, NUMBER, 5)


def test_should_refuse_a_tenant_that_passes_over_the_search() -> None:
    registration, player = played(rows(card_row(number="DE-OTHER"), card_row()))
    with pytest.raises(Refused, match="SEARCH_PASSED_OVER"):
        registration.find_registered(PERSONS, NUMBER, 5)
    assert dict(player.sent[0].url.params) == {"number": NUMBER}


@pytest.mark.parametrize("body", [{}, {"data": {}}, {"data": [1]}, {"data": [{"id": "1"}]}])
def test_should_ask_again_when_the_answer_to_a_search_cannot_be_read(body: Any) -> None:
    registration, _ = played(httpx.Response(200, json=body))
    with pytest.raises(Unavailable, match="UNREADABLE_ANSWER"):
        registration.find_registered(PERSONS, NUMBER, 5)


def test_should_send_the_documented_body_with_our_reference_and_a_password() -> None:
    answer = {"contact": {"id": "c"}, "user": {"id": "u"}, "card": {"id": 7}}
    registration, player = played(httpx.Response(201, json=answer), made="fresh")
    made = registration.register(PERSONS, payload(), 5)
    assert (made.external_id, made.fields) == ("c", {"card_id": "7"})
    assert player.calls() == ["POST /api/fleet/v1/register"]
    sent = player.json_sent()
    assert sent["company_id"] == COMPANY
    assert (sent["contact"]["customer_number"], sent["card"]["customer_reference"]) == (
        PERSONS,
        PERSONS,
    )
    assert sent["user"] == {
        "email": "erika@any.example",
        "account_locale": "de_DE",
        "password": "fresh",
    }


def test_should_never_let_a_payload_say_reference_or_password() -> None:
    registration, player = played(httpx.Response(201, json={"contact_id": "c", "card_id": "1"}))
    body = payload()
    body["contact"]["customer_number"] = body["card"]["customer_reference"] = "other"
    body["user"]["password"] = "known"
    registration.register(PERSONS, body, 5)
    sent = player.json_sent()
    assert sent["contact"]["customer_number"] == sent["card"]["customer_reference"] == PERSONS
    assert sent["user"]["password"] == "any-word"


def test_should_name_the_field_that_is_refused_and_no_value(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.registration.register(PERSONS, payload(rate_id=""), 5)
    assert refused.value.detail == "rate_id"
    assert "Muster" not in str(refused.value)


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, json={"contact_id": "c"}),
        httpx.Response(201, json={"card_id": "c", "contact": "c"}),
        httpx.Response(201, text="<html>"),
        httpx.Response(204),
    ],
    ids=["no_card", "no_contact", "html", "empty"],
)
def test_should_not_know_what_became_of_a_registration_whose_answer_cannot_be_read(
    answer: httpx.Response,
) -> None:
    registration, _ = played(answer)
    with pytest.raises(Unknown, match="UNREADABLE_ANSWER"):
        registration.register(PERSONS, payload(), 5)


def test_should_miss_the_route_of_a_tenant_without_fleet() -> None:
    with pytest.raises(Missing):
        Rig().registration.register(PERSONS, payload(), 5)


def test_should_switch_user_and_card_on_by_the_cards_number(rig: Rig) -> None:
    rig.registration.register(PERSONS, payload(), 5)
    for _ in range(2):
        rig.registration.confirm(NUMBER, 5)
    assert rig.tenant.card(CARD_ID).active is True
    assert [user.active for user in rig.tenant.backend.users.values()] == [True]


def test_should_miss_whom_nobody_has_registered(rig: Rig) -> None:
    with pytest.raises(Missing):
        rig.registration.confirm(NUMBER, 5)


def test_should_go_to_the_paths_and_fields_that_the_tenant_has() -> None:
    settings = replace(
        REGISTERS,
        register_path="/fleet/in",
        confirm_path="/fleet/on",
        register_reference_field="comment",
        card_number_query="card_no",
    )
    steps = [httpx.Response(201, json={"contact_id": "c", "card_id": "1"})]
    player = Player(RECORDED, [*steps, httpx.Response(200), rows()])
    tenant = EnergisedCards(
        settings,
        Reach(
            Secrets([{"api_token": "t0ken"}]),
            clock=FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
        ),
    )
    registration = EnergisedRegistration(settings, tenant)
    registration.register(PERSONS, payload(), 5)
    registration.confirm(NUMBER, 5)
    registration.find_registered(PERSONS, NUMBER, 5)
    assert player.calls() == ["POST /fleet/in", "POST /fleet/on", "GET /api/card/"]
    assert player.json_sent(0)["contact"]["comment"] == PERSONS
    assert dict(player.sent[2].url.params) == {"card_no": NUMBER}


def test_should_make_passwords_of_all_kinds_of_characters_and_none_twice() -> None:
    made = {random_password(12) for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert len(password) == 12
        for kind in (string.ascii_lowercase, string.ascii_uppercase, string.digits, "-_.!"):
            assert set(password) & set(kind)
