"""How private persons come into the simulated be.ENERGISED: by contact, or by Fleet `register`."""

from __future__ import annotations

from typing import Any

import pytest

from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.energised.records import User
from infra.simulators.faults import Fault
from infra.simulators.messages import Response
from tests.contracts.simulators.any_values import Caller, TurnedClock, any_energised, with_token

CARD = sample.cards(1)[0]
COMPANY = sample.NORDWIND.energised_id
REGISTER = "/api/fleet/v1/register"
CONFIRM = "/api/fleet/v1/confirm"
PASSWORD = "any-long-password"


def any_registration(**changes: Any) -> dict[str, Any]:
    body: dict[str, Any] = {
        "company_id": COMPANY,
        "contact": {"name": "Erika Muster", "first_name": "Erika", "gender": 2},
        "user": {"email": "erika@any.example", "password": PASSWORD, "account_locale": "de_DE"},
        "card": {
            "card_no": CARD.number,
            "rate_id": "rate-1",
            "billing_contact_id": COMPANY,
            "customer_reference": "BBPE0000000000001",
        },
    }
    return {**body, **changes}


def changed(part: str, **fields: Any) -> dict[str, Any]:
    """A registration of which a part has other fields; None takes one away."""
    values = {**any_registration()[part], **fields}
    return any_registration(**{part: {k: v for k, v in values.items() if v is not None}})


@pytest.fixture
def fleet(clock: TurnedClock) -> EnergisedSimulator:
    """A tenant without a route for contacts."""
    return any_energised(clock, wallboxes=2, contact_route="register")


@pytest.fixture
def call(fleet: EnergisedSimulator) -> Caller:
    return with_token(fleet)


def users(simulator: EnergisedSimulator) -> list[User]:
    return list(simulator.backend.users.values())


def registered(call: Caller, body: object = None) -> dict[str, str]:
    answer = call("POST", REGISTER, body or any_registration())
    assert answer.status == 201, answer.body
    made: dict[str, str] = answer.json()
    return made


class TestRegister:
    def test_should_make_contact_user_and_inactive_card_of_a_blank_one(
        self, call: Caller, fleet: EnergisedSimulator
    ) -> None:
        made = registered(call)
        contact = call("GET", f"/api/contact/{made['contact_id']}").json()
        assert (contact["name"], contact["gender"], contact["company_id"]) == (
            "Erika Muster",
            2,
            COMPANY,
        )
        (user,) = users(fleet)
        assert (user.contact_id, user.active) == (made["contact_id"], False)
        card = fleet.card(CARD.energised_id)
        assert made["card_id"] == card.id
        assert (card.contact_id, card.billing_contact_id) == (made["contact_id"], COMPANY)
        assert (card.active, card.rate_id, card.tag) == (False, "rate-1", CARD.tag)
        assert card.reference == "BBPE0000000000001"

    def test_should_make_a_card_that_was_not_there(
        self, call: Caller, fleet: EnergisedSimulator
    ) -> None:
        made = registered(call, changed("card", card_no="DE-BBX-C99999999-X"))
        card = fleet.card(made["card_id"])
        assert (card.number, card.active) == ("DE-BBX-C99999999-X", False)
        found = call("GET", "/api/card/?number=debbxc99999999x").json()
        assert [row["id"] for row in found["data"]] == [made["card_id"]]

    def test_should_make_a_second_person_when_it_is_called_again(
        self, call: Caller, fleet: EnergisedSimulator
    ) -> None:
        first, second = registered(call), registered(call)
        assert first["contact_id"] != second["contact_id"]
        assert len(users(fleet)) == 2
        assert call("GET", f"/api/card/?number={CARD.number}").json()["meta"] == {"total": 2}

    def test_should_keep_no_password(self, call: Caller, fleet: EnergisedSimulator) -> None:
        registered(call)
        assert PASSWORD not in str(fleet.state()) + str(fleet.dump())

    def test_should_show_the_card_to_a_search_after_the_lag(
        self, call: Caller, fleet: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        fleet.backend.search_lag = 30
        registered(call)
        query = f"/api/card/?number={CARD.number}"
        (before,) = call("GET", query).json()["data"]
        assert before["contact_id"] is None
        clock.turn(30)
        (after,) = call("GET", query).json()["data"]
        assert after["contact_id"]

    def test_should_come_late_if_the_fault_says_so(
        self, call: Caller, fleet: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        fleet.add_fault(Fault("late_commit", operation="register", seconds=20))
        assert call("POST", REGISTER, any_registration()).cut
        assert users(fleet) == []
        clock.turn(20)
        assert fleet.card(CARD.energised_id).contact_id

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            (any_registration(company_id="nobody"), "company_id"),
            (any_registration(contact=None), "contact"),
            (any_registration(colour="red"), "colour"),
            (changed("contact", name=None), "contact.name"),
            (changed("contact", gender=3), "contact.gender"),
            (changed("contact", birth_date="1980-01-01"), "contact.birth_date"),
            (changed("user", email=None), "user.email"),
            (changed("user", password=None), "user.password"),
            (changed("user", password="short"), "user.password"),
            (changed("user", gender=1), "user.gender"),
            (changed("card", card_no=None), "card.card_no"),
            (changed("card", rate_id=None), "card.rate_id"),
            (changed("card", billing_contact_id=None), "card.billing_contact_id"),
            (changed("card", billing_contact_id="nobody"), "card.billing_contact_id"),
            (changed("card", label=7), "card.label"),
        ],
    )
    def test_should_answer_422_naming_the_field(
        self, call: Caller, fleet: EnergisedSimulator, body: object, field: str
    ) -> None:
        answer = call("POST", REGISTER, body)
        assert answer.status == 422
        assert answer.json()["message"].startswith(f"{field}: ")
        assert (users(fleet), fleet.card(CARD.energised_id).contact_id) == ([], None)

    def test_should_answer_400_for_no_object(self, call: Caller) -> None:
        assert call("POST", REGISTER, body=b"[]").status == 400

    def test_should_not_be_there_where_contacts_have_a_route(self, be: Caller) -> None:
        for path in (REGISTER, CONFIRM):
            answer = be("POST", path, any_registration())
            assert (answer.status, answer.json()) == (404, {"message": "Not found."})


class TestConfirm:
    def test_should_switch_user_and_card_on_and_change_nothing_again(
        self, call: Caller, fleet: EnergisedSimulator
    ) -> None:
        registered(call)
        for _ in range(2):
            assert call("POST", CONFIRM, {"card_no": CARD.number}).status == 200
        assert [user.active for user in users(fleet)] == [True]
        assert fleet.card(CARD.energised_id).active is True

    @pytest.mark.parametrize(
        ("body", "status"), [({}, 422), ({"card_no": 7}, 422), ({"card_no": CARD.number}, 404)]
    )
    def test_should_refuse_what_nobody_is_registered_with(
        self, call: Caller, body: object, status: int
    ) -> None:
        assert call("POST", CONFIRM, body).status == status


class TestContactRoute:
    def post(self, be: Caller, **user: Any) -> Response:
        body = {"name": "Erika Muster", "first_name": "Erika", "gender": 2, "user": user}
        return be("POST", "/api/contact/", body)

    def test_should_make_the_portal_user_with_the_contact(
        self, be: Caller, energised: EnergisedSimulator
    ) -> None:
        made = self.post(be, email="erika@any.example", password=PASSWORD).json()
        (user,) = users(energised)
        assert (user.email, user.contact_id, user.active) == (
            "erika@any.example",
            made["id"],
            True,
        )
        assert (made["first_name"], made["gender"], made["company_id"]) == ("Erika", 2, None)
        page = Caller(energised)("GET", "/_sim").body.decode()
        assert page.count("Erika Muster") == 2

    @pytest.mark.parametrize(
        ("user", "field"),
        [
            ({"email": "any"}, "user.password"),
            ({"password": PASSWORD}, "user.email"),
            ({"email": "any", "password": "short"}, "user.password"),
            ({"email": "any", "password": PASSWORD, "admin": "yes"}, "user.admin"),
        ],
    )
    def test_should_make_neither_of_a_wrong_user(
        self, be: Caller, energised: EnergisedSimulator, user: Any, field: str
    ) -> None:
        contacts = len(energised.backend.contacts)
        answer = self.post(be, **user)
        assert (answer.status, answer.json()["message"].split(":")[0]) == (422, field)
        assert len(energised.backend.contacts) == contacts
        assert be("POST", "/api/contact/", {"name": "Any", "user": 7}).status == 422

    def test_should_know_no_user_if_so_set(self, be: Caller, energised: EnergisedSimulator) -> None:
        energised.backend.contact_user = False
        answer = self.post(be, email="any", password=PASSWORD)
        assert (answer.status, answer.json()["message"]) == (422, "user: unknown field.")

    def test_should_be_gone_where_persons_come_by_register(
        self, call: Caller, fleet: EnergisedSimulator
    ) -> None:
        assert call("POST", "/api/contact/", {"name": "Any"}).status == 404
        assert call("GET", "/api/contact/?customer_reference=any").status == 404
        assert call("GET", f"/api/contact/{COMPANY}").status == 200
        Caller(fleet)("POST", "/_sim/knobs", {"contact_route": "contacts"})
        assert call("POST", "/api/contact/", {"name": "Any"}).status == 201


def test_should_take_a_private_person_as_holder_and_payer_of_a_card(
    be: Caller, energised: EnergisedSimulator
) -> None:
    person = be("POST", "/api/contact/", {"name": "Erika Muster", "gender": 2}).json()["id"]
    for active in ("true", "false"):
        body = {"id": CARD.energised_id, "tag": CARD.tag, "number": CARD.number, "active": active}
        body |= {"contact_id": person, "billing_contact_id": person}
        assert be("PUT", "/api/card/", body).status == 200
        card = energised.card(CARD.energised_id)
        assert (card.contact_id, card.billing_contact_id) == (person, person)
        assert card.active is (active == "true")


def test_should_keep_users_registered_cards_and_stations_over_a_dump(
    call: Caller, fleet: EnergisedSimulator, clock: TurnedClock
) -> None:
    registered(call)
    assert len(fleet.state()["stations"]) == 2
    after = any_energised(clock)
    after.restore(fleet.dump())
    assert after.state() == fleet.state()
    before = {k: v for k, v in fleet.dump().items() if k not in {"users", "stations"}}
    after.restore(before)
    assert (users(after), after.state()["stations"]) == ([], [])
