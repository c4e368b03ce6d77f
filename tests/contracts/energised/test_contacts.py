"""The connector for contacts against the simulated tenant: what is assumed, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from busbar.connectors.energised.cards import EnergisedCards
from busbar.connectors.energised.contacts import EnergisedContacts
from busbar.connectors.reach import Reach
from busbar.errors import Missing, Refused, Unavailable, Unknown
from busbar.mapping.registry import MappingRegistry
from busbar.ports.runtime import Json
from busbar.settings.energised import EnergisedSettings
from infra.simulators.faults import Fault
from infra.simulators.sample import NORDWIND
from tests.contracts.energised.test_against_simulator import CARD_ID, SETTINGS, Rig
from tests.contracts.energised.test_recorded_answers import RECORDED
from tests.contracts.recording import FixedClock, Player, Secrets

OURS = "BBCUC0MPANY000001"
SOURCE: dict[str, Json] = {
    "company": {
        "name": "Wattwurm Logistik GmbH",
        "email": "any@any.example",
        "phone": "",
        "customer_number": "K-200001",
        "address": {
            "street": "Am Deich",
            "house_number": "",
            "postal_code": "26721",
            "city": "Emden",
            "country": "DE",
        },
    }
}
PERSONS = "BBPE0000000000001"
PERSON = {
    "first_name": "Erika",
    "last_name": "Muster",
    "birth_date": "1980-02-01",
    "email": "erika@any.example",
    "phone": "",
    "gender": "female",
    "address": SOURCE["company"]["address"],
}
REGISTERS = replace(
    SETTINGS,
    contact_route="register",
    register_company_id=NORDWIND.energised_id,
    register_billing_contact_id=NORDWIND.energised_id,
    private_rate_id="rate-1",
)
PAYLOAD = MappingRegistry().run("energised", "contact_company", SOURCE)


@pytest.fixture
def rig() -> Rig:
    return Rig()


def created() -> httpx.Response:
    return httpx.Response(201, json={"id": "1", "name": "Any"})


def played(*steps: Any, settings: EnergisedSettings = SETTINGS) -> tuple[EnergisedContacts, Player]:
    """A tenant that answers just so."""
    player = Player(RECORDED, list(steps))
    tenant = EnergisedCards(
        settings,
        Reach(
            Secrets([{"api_token": "t0ken"}]),
            clock=FixedClock(),
            correlation=lambda: "corr-1",
            transport=player.transport,
        ),
    )
    return EnergisedContacts(settings, tenant), player


def rows(*found: dict[str, Any]) -> httpx.Response:
    return httpx.Response(200, json={"data": list(found), "meta": {"total": len(found)}})


def test_should_create_what_the_products_mapping_makes_and_find_it_again(rig: Rig) -> None:
    made = rig.contacts.create_contact(OURS, PAYLOAD, 5)
    held = rig.tenant.backend.contacts[made.external_id]
    assert (held.customer_reference, held.street, held.gender) == (OURS, "Am Deich", 0)
    assert rig.contacts.find_contacts("reference", OURS, 5) == [made]
    assert rig.contacts.find_contacts("customer_number", "K-200001", 5) == [made]
    assert made.fields["name"] == "Wattwurm Logistik GmbH"


def test_should_create_a_driver_below_his_company(rig: Rig) -> None:
    source = {"driver": {"name": "Dora", "email": ""}, "company_contact_id": NORDWIND.energised_id}
    payload = MappingRegistry().run("energised", "contact_driver", source)
    made = rig.contacts.create_contact("BBDR0000000000001", payload, 5)
    assert made.fields["company_id"] == NORDWIND.energised_id


def private_payload() -> Json:
    return MappingRegistry().run("energised", "contact_private", {"customer": PERSON})


def test_should_create_a_private_person_with_a_portal_user_of_no_company(rig: Rig) -> None:
    made = rig.contacts.create_contact(PERSONS, private_payload(), 5)
    held = rig.tenant.backend.contacts[made.external_id]
    assert (held.name, held.first_name, held.gender) == ("Erika Muster", "Erika", 2)
    assert (held.company_id, held.customer_number) == (None, "")
    (user,) = rig.tenant.backend.users.values()
    assert (user.email, user.contact_id) == ("erika@any.example", made.external_id)
    assert rig.contacts.find_contacts("reference", PERSONS, 5) == [made]
    assert made.fields == {"name": "Erika Muster", "customer_number": "", "company_id": ""}


def test_should_give_each_portal_user_another_first_password_and_nobody_else() -> None:
    contacts, player = played(created(), created())
    for _ in range(2):
        assert "password" not in str(contacts.create_contact(PERSONS, private_payload(), 5))
    first, second = (player.json_sent(n)["user"]["password"] for n in range(2))
    assert len(first) == len(second) == 24
    assert first != second


def test_should_leave_the_portal_user_out_where_the_route_makes_none() -> None:
    rig = Rig(replace(SETTINGS, contact_user_field=""))
    rig.tenant.backend.contact_user = False
    rig.contacts.create_contact(PERSONS, private_payload(), 5)
    assert rig.tenant.backend.users == {}


def test_should_send_the_portal_user_under_the_name_that_the_tenant_has() -> None:
    contacts, player = played(created(), settings=replace(SETTINGS, contact_user_field="account"))
    contacts.create_contact(PERSONS, private_payload(), 5)
    sent = player.json_sent()
    assert sent["account"]["email"] == "erika@any.example"
    assert "user" not in sent


def test_should_not_double_a_private_person_whose_create_was_not_answered(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("timeout_after", operation="create_contact"))
    with pytest.raises(Unknown) as unknown:
        rig.contacts.create_contact(PERSONS, private_payload(), 5)
    assert "Muster" not in str(unknown.value)
    (found,) = rig.contacts.find_contacts("reference", PERSONS, 5)
    assert rig.tenant.backend.contacts[found.external_id].name == "Erika Muster"


def test_should_miss_the_route_of_a_tenant_that_has_none() -> None:
    rig = Rig(REGISTERS)
    with pytest.raises(Missing):
        rig.contacts.create_contact(PERSONS, private_payload(), 5)
    with pytest.raises(Missing):
        rig.contacts.find_contacts("reference", PERSONS, 5)


def test_should_join_cards_to_a_private_person_who_holds_and_pays(rig: Rig) -> None:
    person = rig.contacts.create_contact(PERSONS, private_payload(), 5).external_id
    for active in (True, False):
        wanted = {"contact_id": person, "billing_contact_id": person, "active": active}
        rig.cards.write_card(CARD_ID, rig.wanted(**wanted), 5)
        card = rig.cards.read_card(CARD_ID, 5)
        assert (card.contact_id, card.billing_contact_id) == (person, person)
        assert card.active is active


def test_should_find_nothing_where_nothing_is(rig: Rig) -> None:
    assert rig.contacts.find_contacts("reference", "a&b=c", 5) == []


def test_should_not_find_what_is_younger_than_the_lag_of_the_search(rig: Rig) -> None:
    rig.tenant.backend.search_lag = 30.0
    rig.contacts.create_contact(OURS, PAYLOAD, 5)
    assert rig.contacts.find_contacts("reference", OURS, 5) == []
    rig.clock.at += timedelta(seconds=30)
    assert len(rig.contacts.find_contacts("reference", OURS, 5)) == 1


def test_should_name_the_field_that_is_refused_and_no_value(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.contacts.create_contact(OURS, {**PAYLOAD, "company_id": "secret-value"}, 5)
    assert refused.value.detail == "company_id"
    assert "secret-value" not in str(refused.value)


def test_should_not_know_whether_a_create_without_answer_worked(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("timeout_after", operation="create_contact"))
    with pytest.raises(Unknown):
        rig.contacts.create_contact(OURS, PAYLOAD, 5)
    assert len(rig.contacts.find_contacts("reference", OURS, 5)) == 1


def test_should_know_that_a_search_without_answer_did_nothing(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("timeout_after", operation="find_contacts"))
    with pytest.raises(Unavailable):
        rig.contacts.find_contacts("reference", OURS, 5)


def test_should_never_let_a_payload_say_our_reference(rig: Rig) -> None:
    made = rig.contacts.create_contact(OURS, {**PAYLOAD, "customer_reference": "other"}, 5)
    assert rig.tenant.backend.contacts[made.external_id].customer_reference == OURS


def test_should_refuse_a_tenant_that_passes_over_the_search() -> None:
    contacts, player = played(rows({"id": "1", "name": "Any"}))
    with pytest.raises(Refused, match="SEARCH_PASSED_OVER"):
        contacts.find_contacts("reference", OURS, 5)
    assert player.sent[0].url.query == f"customer_reference={OURS}".encode()


def test_should_read_numbers_as_text() -> None:
    row = {"id": 17, "name": "Any", "customer_number": 4711, "customer_reference": OURS}
    contacts, _ = played(rows(row))
    (found,) = contacts.find_contacts("reference", OURS, 5)
    assert (found.external_id, found.fields["customer_number"]) == ("17", "4711")


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(201, json={"name": "no id"}),
        httpx.Response(201, text="<html>"),
        httpx.Response(201, json=[]),
    ],
    ids=["no_id", "html", "list"],
)
def test_should_not_know_what_became_of_a_create_whose_answer_cannot_be_read(
    answer: httpx.Response,
) -> None:
    contacts, _ = played(answer)
    with pytest.raises(Unknown, match="UNREADABLE_ANSWER"):
        contacts.create_contact(OURS, PAYLOAD, 5)


@pytest.mark.parametrize(
    "body", [{}, {"data": {}}, {"data": [1]}, {"data": [{"customer_reference": OURS, "name": 1}]}]
)
def test_should_ask_again_when_the_answer_to_a_search_cannot_be_read(body: Any) -> None:
    contacts, _ = played(httpx.Response(200, json=body))
    with pytest.raises(Unavailable, match="UNREADABLE_ANSWER"):
        contacts.find_contacts("reference", OURS, 5)
