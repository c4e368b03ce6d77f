from __future__ import annotations

from typing import Any
from urllib.parse import quote

import pytest

from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.energised.backend import Contact, RefusedError
from infra.simulators.faults import Fault
from tests.contracts.simulators.any_values import Caller, TurnedClock

CARD = sample.cards(1)[0]
DRIVER = sample.DRIVERS[0].energised_id


def any_put(**changes: Any) -> dict[str, Any]:
    body = {"id": CARD.energised_id, "tag": CARD.tag, "number": CARD.number, "reference": "BB-1"}
    return {**body, "active": "true", **changes}


def read(be: Caller, card: sample.SampleCard = CARD) -> dict[str, Any]:
    answer: dict[str, Any] = be("GET", f"/api/card/{card.energised_id}/").json()
    return answer


def listed(be: Caller, query: str = "") -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = be("GET", f"/api/card/?{query}").json()["data"]
    return rows


def since(moment: str) -> str:
    return f"updated_since={quote(moment)}"


@pytest.mark.parametrize("token", ["", "other"])
def test_should_answer_401_without_the_token(energised: EnergisedSimulator, token: str) -> None:
    answer = Caller(energised)("GET", "/api/card/1", x_api_token=token)
    assert (answer.status, answer.json()) == (401, {"message": "Unauthenticated."})


def test_should_show_a_card_with_booleans_as_strings(be: Caller) -> None:
    assert read(be) == {
        "id": CARD.energised_id,
        "tag": CARD.tag,
        "number": CARD.number,
        "reference": "",
        "label": "",
        "contact_id": None,
        "billing_contact_id": None,
        "rate_id": "",
        "active": "false",
        "blocked": "false",
        "updated_at": "2025-05-03T08:00:00.000Z",
    }


def test_should_show_a_contact(be: Caller) -> None:
    contact = be("GET", f"/api/contact/{DRIVER}").json()
    assert contact["name"] == "Jana Petersen"
    assert contact["company_id"] == sample.NORDWIND.energised_id


@pytest.mark.parametrize("path", ["card/0", f"contact/{CARD.energised_id}", "evse/1", "card/1/2"])
def test_should_answer_404_with_a_message(be: Caller, path: str) -> None:
    answer = be("GET", f"/api/{path}")
    assert answer.status == 404
    assert answer.json()["message"]


def test_should_answer_405_for_another_method(be: Caller) -> None:
    assert be("POST", "/api/card/").status == 405


class TestPut:
    def test_should_replace_the_whole_card(self, be: Caller) -> None:
        be("PUT", "/api/card/", any_put(label="Bus 7", contact_id=DRIVER))
        answer = be("PUT", "/api/card", any_put(billing_contact_id=sample.NORDWIND.energised_id))
        assert answer.status == 200
        card = read(be)
        assert answer.json() == card
        assert (card["label"], card["contact_id"]) == ("", None)
        assert card["billing_contact_id"] == sample.NORDWIND.energised_id
        assert card["active"] == "true"

    def test_should_empty_a_tariff_that_is_not_sent(
        self, be: Caller, energised: EnergisedSimulator
    ) -> None:
        change = {"rate_id": "tariff-7"}
        Caller(energised)("POST", f"/_sim/cards/{CARD.energised_id}/change", change)
        be("PUT", "/api/card/", any_put(rate_id=read(be)["rate_id"]))
        assert read(be)["rate_id"] == "tariff-7"
        be("PUT", "/api/card/", any_put())
        assert read(be)["rate_id"] == ""

    def test_should_switch_a_card_off_when_active_is_not_sent(self, be: Caller) -> None:
        be("PUT", "/api/card/", any_put())
        body = any_put()
        del body["active"]
        be("PUT", "/api/card/", body)
        assert read(be)["active"] == "false"

    def test_should_address_by_tag_without_an_id(self, be: Caller) -> None:
        body = any_put(tag=CARD.tag.lower())
        del body["id"]
        assert be("PUT", "/api/card/", body).status == 200
        assert read(be)["active"] == "true"

    def test_should_not_unblock(self, be: Caller, energised: EnergisedSimulator) -> None:
        energised.change_card(CARD.energised_id, blocked=True)
        be("PUT", "/api/card/", any_put(blocked="false"))
        assert read(be)["blocked"] == "true"

    def test_should_find_a_card_by_its_new_tag_only(self, be: Caller) -> None:
        be("PUT", "/api/card/", any_put(tag="04AABBCCDDEEFF"))
        old, new = any_put(), any_put(tag="04AABBCCDDEEFF")
        del old["id"], new["id"]
        assert be("PUT", "/api/card/", old).status == 404
        assert be("PUT", "/api/card/", new).status == 200

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"active": True}, "active"),
            ({"active": "yes"}, "active"),
            ({"active": ["true"]}, "active"),
            ({"tag": ""}, "tag"),
            ({"tag": sample.cards(2)[1].tag}, "tag"),
            ({"number": None}, "number"),
            ({"label": 7}, "label"),
            ({"rate_id": 7}, "rate_id"),
            ({"contact_id": 7}, "contact_id"),
            ({"contact_id": "nobody"}, "contact_id"),
            ({"billing_contact_id": "nobody"}, "billing_contact_id"),
            ({"colour": "red"}, "colour"),
        ],
    )
    def test_should_answer_422_naming_the_field(
        self, be: Caller, change: dict[str, Any], field: str
    ) -> None:
        answer = be("PUT", "/api/card/", any_put(**change))
        assert answer.status == 422
        assert answer.json()["message"].startswith(f"{field}: ")
        assert read(be)["active"] == "false"

    @pytest.mark.parametrize(
        "body", [any_put(id="0"), {"tag": "00", "number": "x", "active": "true"}]
    )
    def test_should_answer_404_for_an_unknown_card(self, be: Caller, body: object) -> None:
        assert be("PUT", "/api/card/", body).status == 404

    @pytest.mark.parametrize("body", [b"{", b"[]"])
    def test_should_answer_400_for_no_object(self, be: Caller, body: bytes) -> None:
        assert be("PUT", "/api/card/", body=body).status == 400


class TestList:
    def test_should_show_changes_oldest_first(self, be: Caller, clock: TurnedClock) -> None:
        first, second = sample.cards(2)
        for card in (second, first):
            clock.turn(1)
            be("PUT", "/api/card/", any_put(id=card.energised_id, tag=card.tag))
        rows = listed(be, since("2025-06-02T08:00:01+00:00"))
        assert [r["id"] for r in rows] == [second.energised_id, first.energised_id]
        later = listed(be, since("2025-06-02T08:00:02Z"))
        assert [r["id"] for r in later] == [first.energised_id]

    def test_should_page_by_offset(self, be: Caller) -> None:
        answer = be("GET", "/api/card/?offset=15&limit=10").json()
        assert len(answer["data"]) == 5
        assert answer["meta"] == {"total": 20, "offset": 15, "limit": 10}

    def test_should_clamp_the_limit_silently(
        self, be: Caller, energised: EnergisedSimulator
    ) -> None:
        energised.backend.page_clamp = 3
        answer = be("GET", "/api/card/?limit=1000").json()
        assert len(answer["data"]) == answer["meta"]["limit"] == 3

    def test_should_show_a_change_only_after_the_lag(
        self, be: Caller, energised: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        energised.backend.search_lag = 30
        be("PUT", "/api/card/", any_put())
        clock.turn(29)
        assert read(be)["active"] == "true"
        assert {r["active"] for r in listed(be)} == {"false"}
        assert listed(be, since("2025-06-02T08:00:00Z")) == []
        clock.turn(1)
        assert len(listed(be, since("2025-06-02T08:00:00Z"))) == 1

    @pytest.mark.parametrize(
        "query", ["limit=many", "offset=-1", since("gestern"), since("2025-06-02T08:00:00")]
    )
    def test_should_answer_422_for_a_wrong_query(self, be: Caller, query: str) -> None:
        assert be("GET", f"/api/card/?{query}").status == 422

    def test_should_lag_and_clamp_by_faults_for_single_calls(
        self, be: Caller, energised: EnergisedSimulator
    ) -> None:
        be("PUT", "/api/card/", any_put())
        energised.add_fault(Fault("search_lag", operation="list_cards", seconds=10))
        assert {r["active"] for r in listed(be)} == {"false"}
        energised.add_fault(Fault("page_clamp", operation="list_cards", number=2))
        assert len(listed(be)) == 2
        assert len(listed(be)) == 20


class TestClerk:
    def test_should_change_a_card(self, be: Caller, energised: EnergisedSimulator) -> None:
        call = Caller(energised)
        path = f"/_sim/cards/{CARD.energised_id}"
        assert call("POST", f"{path}/block").json()["blocked"] == "true"
        assert call("POST", f"{path}/unblock").json()["blocked"] == "false"
        change = {"active": True, "label": "Bus 7", "contact_id": DRIVER}
        assert call("POST", f"{path}/change", change).status == 200
        assert (read(be)["active"], read(be)["contact_id"]) == ("true", DRIVER)
        assert energised.card(CARD.energised_id).label == "Bus 7"

    def test_should_create_a_contact(self, energised: EnergisedSimulator, be: Caller) -> None:
        new = {"id": sample.HEIDE_LATER_ENERGISED_ID, "name": sample.HEIDE.name}
        assert Caller(energised)("POST", "/_sim/contacts", new).status == 201
        assert be("GET", f"/api/contact/{new['id']}").status == 200
        energised.put_contact(Contact("x", "X"))
        assert be("GET", "/api/contact/x").status == 200

    def test_should_set_knobs(self, energised: EnergisedSimulator) -> None:
        knobs = {"search_lag": 5, "page_clamp": 7}
        assert Caller(energised)("POST", "/_sim/knobs", knobs).json() == knobs

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("cards/0/block", {}, 404),
            (f"cards/{CARD.energised_id}/change", {"active": "true"}, 400),
            (f"cards/{CARD.energised_id}/change", {"colour": "red"}, 400),
            (f"cards/{CARD.energised_id}/change", {"contact_id": "nobody"}, 422),
            ("contacts", {"name": "x"}, 400),
            ("knobs", {"search_lag": "x"}, 400),
        ],
    )
    def test_should_say_what_cannot_be_done(
        self, energised: EnergisedSimulator, path: str, body: object, status: int
    ) -> None:
        assert Caller(energised)("POST", f"/_sim/{path}", body).status == status

    def test_should_refuse_from_python_too(self, energised: EnergisedSimulator) -> None:
        with pytest.raises(RefusedError):
            energised.change_card("0", blocked=True)


class TestContacts:
    """Contacts that the API creates and searches (assumed)."""

    def test_should_create_one_with_every_call(self, be: Caller) -> None:
        made = [be("POST", "/api/contact/", {"name": "Any"}) for _ in range(2)]
        assert [m.status for m in made] == [201, 201]
        first, second = (m.json()["id"] for m in made)
        assert first != second
        assert be("GET", f"/api/contact/{first}").json()["name"] == "Any"

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({}, "name"),
            ({"name": ""}, "name"),
            ({"name": 1}, "name"),
            ({"name": "Any", "id": "mine"}, "id"),
            ({"name": "Any", "gender": 3}, "gender"),
            ({"name": "Any", "gender": True}, "gender"),
            ({"name": "Any", "company_id": "x"}, "company_id"),
            ({"name": "Any", "company_id": 1}, "company_id"),
            ({"name": "Any", "zip": None}, "zip"),
        ],
    )
    def test_should_refuse_what_is_no_contact(
        self, be: Caller, body: dict[str, Any], field: str
    ) -> None:
        answer = be("POST", "/api/contact/", body)
        assert answer.status == 422
        assert answer.json()["message"].startswith(field)

    def test_should_find_exactly_what_is_asked_for(self, be: Caller) -> None:
        body = {"name": "Any", "customer_reference": "BB-1", "customer_number": "K-1"}
        made = be("POST", "/api/contact/", body).json()
        for query in ("customer_reference=BB-1", "customer_number=K-1"):
            answer = be("GET", f"/api/contact/?{query}").json()
            assert (answer["data"], answer["meta"]) == ([made], {"total": 1})
        assert be("GET", "/api/contact/?customer_number=k-1").json()["data"] == []

    @pytest.mark.parametrize("query", ["", "name=Any", "customer_number=1&customer_reference=1"])
    def test_should_refuse_another_search(self, be: Caller, query: str) -> None:
        assert be("GET", f"/api/contact/?{query}").status == 422

    def test_should_keep_them_and_their_lag_over_a_dump(
        self, energised: EnergisedSimulator, be: Caller
    ) -> None:
        energised.backend.search_lag = 30.0
        made = be("POST", "/api/contact/", {"name": "Any", "customer_number": "K-1"}).json()
        energised.restore(energised.dump())
        assert be("GET", f"/api/contact/{made['id']}").json() == made
        assert be("GET", "/api/contact/?customer_number=K-1").json()["data"] == []
