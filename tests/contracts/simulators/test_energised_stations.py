"""The CPO API of the simulated be.ENERGISED: logins and charging stations."""

from __future__ import annotations

import base64
from typing import Any
from urllib.parse import parse_qsl, quote, urlencode, urlsplit

import pytest

from infra.simulators import sample, sample_wallboxes
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.energised.stations import Station, stations
from infra.simulators.faults import Fault
from infra.simulators.messages import Response
from tests.contracts.simulators.any_values import CLIENT, CPO, Caller, TurnedClock, any_energised

STATION = stations(1)[0]
COUNT = 40
OWNER = sample.NORDWIND.energised_id
TARIFF = {"unitPrice": "32.45", "unit": "ct/kWh", "currency": "EUR", "validFrom": "2025-07-01"}
FORM = "application/x-www-form-urlencoded"
ASKED = {"grant_type": "client_credentials", "client_id": CLIENT[0], "client_secret": CLIENT[1]}


@pytest.fixture
def energised(clock: TurnedClock) -> EnergisedSimulator:
    """A tenant with stations."""
    return any_energised(clock, wallboxes=COUNT)


def listed(cpo: Caller, **query: str) -> dict[str, Any]:
    names = {"identity": "filter[chargeBoxIdentity]", "limit": "page[limit]"}
    names["offset"] = "page[offset]"
    asked = urlencode({names[k]: v for k, v in query.items()}, quote_via=quote)
    page: dict[str, Any] = cpo("GET", f"{CPO}?{asked}").json()
    return page


def identities(page: dict[str, Any]) -> list[str]:
    return [row["attributes"]["chargeBoxIdentity"] for row in page["data"]]


def put(cpo: Caller, body: object, station_id: str = STATION.id) -> Response:
    return cpo("PUT", f"{CPO}{station_id}", body)


class TestLogin:
    def test_should_give_a_token_for_a_day_by_query(self, energised: EnergisedSimulator) -> None:
        answer = Caller(energised)("POST", f"/token?{urlencode(ASKED)}", content_type=FORM)
        given = answer.json()
        assert (answer.status, given["expires_in"], given["token_type"]) == (200, 86_400, "Bearer")
        bearer = {"authorization": f"Bearer {given['access_token']}"}
        assert Caller(energised, bearer)("GET", CPO).status == 200

    def test_should_give_a_token_by_form_and_by_basic(self, energised: EnergisedSimulator) -> None:
        form = urlencode(ASKED).encode()
        assert Caller(energised)("POST", "/token", body=form, content_type=FORM).status == 200
        basic = "Basic " + base64.b64encode(":".join(CLIENT).encode()).decode()
        body = b"grant_type=client_credentials"
        call = Caller(energised, {"authorization": basic})
        assert call("POST", "/token", body=body, content_type=FORM).status == 200

    @pytest.mark.parametrize(
        ("change", "error"),
        [
            ({"grant_type": "password"}, "unsupported_grant_type"),
            ({"client_id": "other"}, "invalid_client"),
            ({"client_secret": ""}, "invalid_client"),
            ({"scope": "emsp:*"}, "invalid_scope"),
        ],
    )
    def test_should_refuse_a_wrong_login(
        self, energised: EnergisedSimulator, change: dict[str, str], error: str
    ) -> None:
        answer = Caller(energised)("POST", f"/token?{urlencode({**ASKED, **change})}")
        assert (answer.status, answer.json()) == (400, {"error": error})

    def test_should_let_nobody_in_where_the_tenant_has_no_client(self, clock: TurnedClock) -> None:
        closed = EnergisedSimulator(clock, "any")
        empty = urlencode({**ASKED, "client_id": "", "client_secret": ""})
        assert Caller(closed)("POST", f"/token?{empty}").json() == {"error": "invalid_client"}

    def test_should_end_tokens_after_a_day_and_by_a_fault(
        self, cpo: Caller, energised: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        clock.turn(86_399)
        assert cpo("GET", CPO).status == 200
        clock.turn(1)
        answer = cpo("GET", CPO)
        assert (answer.status, answer.json()["errors"][0]["status"]) == (401, "401")
        fresh = {"authorization": f"Bearer {energised.logins.give('cpoapi:*')}"}
        energised.add_fault(Fault("expired_token"))
        assert Caller(energised, fresh)("GET", CPO).status == 401

    def test_should_want_a_scope_of_the_cpo_api(self, energised: EnergisedSimulator) -> None:
        other = {"authorization": f"Bearer {energised.logins.give('emsp:*')}"}
        assert Caller(energised, other)("GET", CPO).status == 403

    def test_should_not_open_with_the_token_of_the_other_api(self, be: Caller, cpo: Caller) -> None:
        assert be("GET", CPO).status == 401
        assert cpo("GET", "/api/card/").status == 401

    def test_should_take_another_secret_at_once(self, energised: EnergisedSimulator) -> None:
        energised.rotate_client_secret("another")
        assert Caller(energised)("POST", f"/token?{urlencode(ASKED)}").status == 400


class TestList:
    def test_should_show_the_documented_envelope(self, cpo: Caller) -> None:
        page = listed(cpo, limit="2", offset="1")
        names = [s.identity for s in stations(3)[1:]]
        assert identities(page) == names
        pagination = {"total": COUNT, "offset": 1, "limit": 2, "lastPage": False}
        assert page["meta"] == {"pagination": pagination}
        assert {row["type"] for row in page["data"]} == {"charging_stations"}
        following = dict(parse_qsl(urlsplit(page["links"]["next"]).query))
        assert following == {"page[limit]": "2", "page[offset]": "3"}

    def test_should_end_without_a_next_link(self, cpo: Caller) -> None:
        page = listed(cpo, limit="500")
        assert page["meta"]["pagination"]["lastPage"] is True
        assert "next" not in page["links"]

    def test_should_clamp_the_limit_silently(
        self, cpo: Caller, energised: EnergisedSimulator
    ) -> None:
        energised.backend.page_clamp = 3
        page = listed(cpo, limit="1000")
        assert (len(page["data"]), page["meta"]["pagination"]["limit"]) == (3, 3)

    def test_should_show_just_the_one_that_is_asked_for(self, cpo: Caller) -> None:
        assert identities(listed(cpo, identity=STATION.identity)) == [STATION.identity]
        assert identities(listed(cpo, identity="none")) == []

    def test_should_pass_a_filter_over_if_so_set(
        self, cpo: Caller, energised: EnergisedSimulator
    ) -> None:
        energised.backend.filters_stations = False
        assert len(listed(cpo, identity=STATION.identity)["data"]) == COUNT

    def test_should_lag(
        self, cpo: Caller, energised: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        energised.backend.search_lag = 30
        energised.put_station(Station("new", "NEW-1"))
        put(cpo, {"contactUuid": OWNER})
        assert listed(cpo, identity="NEW-1")["data"] == []
        (before,) = listed(cpo, identity=STATION.identity)["data"]
        assert before["attributes"]["contactUuid"] is None
        clock.turn(30)
        (after,) = listed(cpo, identity=STATION.identity)["data"]
        assert after["attributes"]["contactUuid"] == OWNER
        assert identities(listed(cpo, identity="NEW-1")) == ["NEW-1"]

    def test_should_refuse_a_limit_that_is_no_number(self, cpo: Caller) -> None:
        assert cpo("GET", f"{CPO}?{quote('page[limit]')}=many").status == 422


class TestChange:
    def test_should_change_only_what_is_sent(self, cpo: Caller, clock: TurnedClock) -> None:
        put(cpo, {"contactUuid": OWNER})
        clock.turn(60)
        answer = put(cpo, {"tariff": TARIFF, "unknown": {"x": 1}})
        assert answer.status == 200
        shown = cpo("GET", f"{CPO}{STATION.id}").json()
        assert answer.json() == shown
        attributes = shown["data"]["attributes"]
        assert (attributes["contactUuid"], attributes["tariff"]) == (OWNER, TARIFF)
        assert attributes["updatedAt"] == "2025-06-02T08:01:00.000Z"
        assert "unknown" not in attributes

    def test_should_take_contact_and_tariff_away_with_null(self, cpo: Caller) -> None:
        put(cpo, {"contactUuid": OWNER, "tariff": TARIFF})
        attributes = put(cpo, {"contactUuid": None, "tariff": None}).json()["data"]["attributes"]
        assert (attributes["contactUuid"], attributes["tariff"]) == (None, None)

    @pytest.mark.parametrize(
        ("body", "field"),
        [
            ({"contactUuid": "nobody"}, "contactUuid"),
            ({"contactUuid": 7}, "contactUuid"),
            ({"tariff": "32.45"}, "tariff"),
            ({"tariff": {**TARIFF, "unitPrice": 32.45}}, "tariff.unitPrice"),
            ({"tariff": {**TARIFF, "unitPrice": "-1"}}, "tariff.unitPrice"),
            ({"tariff": {**TARIFF, "unit": "EUR"}}, "tariff.unit"),
            ({"tariff": {**TARIFF, "currency": None}}, "tariff.currency"),
            ({"tariff": {**TARIFF, "validFrom": "morgen"}}, "tariff.validFrom"),
            ({"tariff": {**TARIFF, "validFrom": 1}}, "tariff.validFrom"),
            ({"label": 7}, "label"),
        ],
    )
    def test_should_answer_422_naming_the_field(self, cpo: Caller, body: Any, field: str) -> None:
        answer = put(cpo, body)
        assert answer.status == 422
        assert answer.json()["errors"][0]["detail"].startswith(field)
        attributes = cpo("GET", f"{CPO}{STATION.id}").json()["data"]["attributes"]
        assert (attributes["contactUuid"], attributes["tariff"]) == (None, None)

    def test_should_answer_404_for_an_unknown_station(self, cpo: Caller) -> None:
        assert put(cpo, {}, "none").status == 404
        assert cpo("GET", f"{CPO}none").status == 404

    @pytest.mark.parametrize("body", [b"{", b"[]"])
    def test_should_answer_400_for_no_object(self, cpo: Caller, body: bytes) -> None:
        assert cpo("PUT", f"{CPO}{STATION.id}", body=body).status == 400

    def test_should_change_late_if_the_fault_says_so(
        self, cpo: Caller, energised: EnergisedSimulator, clock: TurnedClock
    ) -> None:
        energised.add_fault(Fault("late_commit", operation="write_station", seconds=20))
        assert put(cpo, {"contactUuid": OWNER}).cut
        assert energised.station(STATION.id).contact_id is None
        clock.turn(20)
        assert energised.station(STATION.id).contact_id == OWNER


class TestClerk:
    def test_should_create_change_and_remove_a_station(self, energised: EnergisedSimulator) -> None:
        call = Caller(energised)
        new = {"id": "new", "chargeBoxIdentity": "NEW-1", "label": "Garage", "tariff": TARIFF}
        assert call("POST", "/_sim/stations", new).status == 201
        assert call("POST", "/_sim/stations/new/change", {"contactUuid": OWNER}).status == 200
        assert energised.station("new") == Station("new", "NEW-1", "Garage", "", OWNER, TARIFF)
        page = call("GET", "/_sim").body.decode()
        assert sample.NORDWIND.name in page
        assert "32.45 ct/kWh" in page
        assert call("POST", "/_sim/stations/new/remove").status == 204
        assert call("POST", "/_sim/stations/new/change", {}).status == 404

    @pytest.mark.parametrize(
        ("path", "body", "status"),
        [
            ("stations", {"id": "new"}, 400),
            ("stations", {"id": "new", "chargeBoxIdentity": STATION.identity}, 422),
            ("stations", {"id": "new", "chargeBoxIdentity": "N", "contactUuid": "nobody"}, 422),
            (f"stations/{STATION.id}/change", {"colour": "red"}, 400),
            ("knobs", {"contact_route": "post"}, 400),
            ("knobs", {"colour": "red"}, 400),
            ("knobs", {"page_clamp": True}, 400),
        ],
    )
    def test_should_refuse_nonsense(
        self, energised: EnergisedSimulator, path: str, body: object, status: int
    ) -> None:
        assert Caller(energised)("POST", f"/_sim/{path}", body).status == status


def test_should_start_with_the_settings_that_are_given(clock: TurnedClock) -> None:
    simulator = any_energised(clock, contact_route="register", filters_stations=False)
    Caller(simulator)("POST", "/_sim/knobs", {"contact_route": "contacts"})
    assert simulator.state()["contact_route"] == "contacts"
    simulator.reset()
    assert simulator.state()["contact_route"] == "register"
    assert simulator.state()["filters_stations"] is False


def test_should_have_a_station_and_two_cards_for_every_wallbox_in_stock(
    energised: EnergisedSimulator,
) -> None:
    shown = [s["attributes"]["chargeBoxIdentity"] for s in energised.state()["stations"]]
    assert shown == [w.serial_number for w in sample_wallboxes.wallboxes(COUNT)]
    for card in (*sample_wallboxes.private_cards(COUNT), *sample_wallboxes.refund_cards(COUNT)):
        held = energised.card(card.energised_id)
        assert (held.number, held.active, held.contact_id) == (card.number, False, None)


def test_should_have_no_station_where_no_wallboxes_are_sold(clock: TurnedClock) -> None:
    assert any_energised(clock).state()["stations"] == []
