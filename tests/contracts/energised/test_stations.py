"""The connector for charging stations against the simulated CPO API, and what goes wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from busbar.connectors.energised.cpo import LOGIN_PAUSE, CpoClient
from busbar.connectors.energised.stations import EnergisedStations
from busbar.connectors.reach import Reach
from busbar.errors import Missing, Refused, Unavailable, Unknown, UpstreamError
from busbar.mapping.registry import MappingRegistry
from busbar.ports.runtime import Json
from busbar.settings.energised import EnergisedSettings
from infra.simulators import sample
from infra.simulators.energised.stations import Station, stations
from infra.simulators.faults import Fault
from tests.contracts.energised.test_against_simulator import SETTINGS, Rig
from tests.contracts.energised.test_recorded_answers import RECORDED
from tests.contracts.recording import FixedClock, Player, Seconds, Secrets

COUNT = 40
STATION, LAST = stations(COUNT)[2], stations(COUNT)[-1]
OWNER = sample.NORDWIND.energised_id
TARIFF = {
    "unit_price": "32.45",
    "unit": "ct/kWh",
    "currency": "EUR",
    "valid_from": "2026-04-01",
}
SECRET = {"client_id": "busbar", "client_secret": "s3cret"}


@pytest.fixture
def rig() -> Rig:
    return Rig(wallboxes=COUNT)


def body(**station: object) -> Json:
    """What the product's mapping makes."""
    return MappingRegistry().run("energised", "station", {"station": station})


def token(life: int | None = 86_400, value: str = "t1") -> httpx.Response:
    known = {} if life is None else {"expires_in": life}
    return httpx.Response(200, json={"access_token": value, "token_type": "Bearer", **known})


def row(station_id: str = "s1", identity: str = STATION.identity, **attributes: Any) -> Json:
    values = {"chargeBoxIdentity": identity, "contactUuid": None, "tariff": None}
    return {
        "type": "charging_stations",
        "id": station_id,
        "attributes": {**values, "new": 1, **attributes},
    }


def page(*found: Json, total: int) -> httpx.Response:
    meta = {"pagination": {"total": total, "offset": 0, "limit": 2, "lastPage": False}}
    return httpx.Response(200, json={"data": list(found), "meta": meta, "links": {}})


def one(**attributes: Any) -> httpx.Response:
    return httpx.Response(200, json={"data": row(**attributes)})


class Played:
    """A tenant and a host of tokens that answer just so."""

    def __init__(
        self,
        *steps: Any,
        logins: list[Any] | None = None,
        settings: EnergisedSettings = SETTINGS,
        secrets: list[dict[str, str]] | None = None,
    ) -> None:
        self.clock, self.seconds = FixedClock(), Seconds()
        self.tenant = Player(RECORDED, list(steps))
        self.host = Player(RECORDED, [token()] if logins is None else logins)
        self.client = CpoClient(
            settings,
            Reach(
                Secrets(list(secrets or [SECRET])),
                clock=self.clock,
                correlation=lambda: "corr-1",
                transport=self.tenant.transport,
                monotonic=self.seconds,
            ),
            login_transport=self.host.transport,
        )
        self.stations = EnergisedStations(settings, self.client)


# --- against the simulator ---------------------------------------------------------------------


def test_should_find_a_station_by_its_serial_number(rig: Rig) -> None:
    (found,) = rig.stations.find_stations(STATION.identity, 5)
    assert (found.external_id, found.fields) == (STATION.id, {"contact_id": ""})
    assert rig.stations.find_stations("BBXW999999", 5) == []
    assert rig.stations.find_stations(STATION.identity.lower(), 5) == []


def test_should_find_it_in_the_whole_list_where_the_filter_is_passed_over(rig: Rig) -> None:
    rig.tenant.backend.filters_stations = False
    rig.tenant.backend.page_clamp = 7
    (found,) = rig.stations.find_stations(LAST.identity, 5)
    assert found.external_id == LAST.id
    assert rig.stations.find_stations("BBXW999999", 5) == []


def test_should_not_find_what_is_younger_than_the_lag_of_the_list(rig: Rig) -> None:
    rig.tenant.backend.search_lag = 30.0
    rig.tenant.put_station(Station("new", "NEW-1", contact_id=OWNER))
    assert rig.stations.find_stations("NEW-1", 5) == []
    rig.clock.at += timedelta(seconds=30)
    (found,) = rig.stations.find_stations("NEW-1", 5)
    assert found.fields == {"contact_id": OWNER}


def test_should_write_what_the_products_mapping_makes_and_read_it_back(rig: Rig) -> None:
    station = STATION.id
    assert rig.stations.read_station(station, 5) == {"contact_id": None, "tariff": None}
    rig.stations.write_station(station, body(contact_id=OWNER), 5)
    rig.stations.write_station(station, body(tariff=TARIFF), 5)
    assert rig.stations.read_station(station, 5) == {"contact_id": OWNER, "tariff": TARIFF}
    rig.stations.write_station(station, body(contact_id=None, tariff=None), 5)
    assert rig.stations.read_station(station, 5) == {"contact_id": None, "tariff": None}


def test_should_join_a_station_to_a_private_person(rig: Rig) -> None:
    person = rig.contacts.create_contact("BBPE0000000000001", {"name": "Any"}, 5).external_id
    rig.stations.write_station(STATION.id, body(contact_id=person), 5)
    assert rig.tenant.station(STATION.id).contact_id == person


def test_should_be_refused_for_a_contact_that_is_not_there(rig: Rig) -> None:
    with pytest.raises(Refused) as refused:
        rig.stations.write_station(STATION.id, body(contact_id="secret-value"), 5)
    assert refused.value.detail == "contactUuid"
    assert "secret-value" not in str(refused.value)


def test_should_miss_a_station_that_is_not_there(rig: Rig) -> None:
    for call in (
        lambda: rig.stations.read_station("none", 5),
        lambda: rig.stations.read_station("..", 5),
        lambda: rig.stations.write_station("none", {}, 5),
    ):
        with pytest.raises(Missing):
            call()


def test_should_not_know_whether_a_write_without_answer_worked(rig: Rig) -> None:
    rig.tenant.add_fault(Fault("timeout_after", operation="write_station"))
    with pytest.raises(Unknown):
        rig.stations.write_station(STATION.id, body(contact_id=OWNER), 5)
    assert rig.stations.read_station(STATION.id, 5)["contact_id"] == OWNER


def test_should_know_that_nothing_was_done_while_the_system_is_down(rig: Rig) -> None:
    rig.stations.find_stations(STATION.identity, 5)
    rig.tenant.is_down = True
    with pytest.raises(Unavailable):
        rig.stations.write_station(STATION.id, body(contact_id=OWNER), 5)
    with pytest.raises(Unavailable):
        rig.stations.find_stations(STATION.identity, 5)


def test_should_refuse_a_tenant_that_answers_well_and_keeps_nothing() -> None:
    rig = Rig(replace(SETTINGS, station_contact_field="ownerUuid"), wallboxes=COUNT)
    with pytest.raises(Refused, match="WRITE_PASSED_OVER") as refused:
        rig.stations.write_station(STATION.id, {"ownerUuid": OWNER}, 5)
    assert refused.value.detail == "ownerUuid"
    assert rig.tenant.station(STATION.id).contact_id is None


# --- tokens ------------------------------------------------------------------------------------


def logins(rig: Rig) -> list[int]:
    return [call.status for call in rig.tenant.calls if call.operation == "cpo_token"]


def test_should_log_in_once_a_day(rig: Rig) -> None:
    for hours in (0, 12, 9):
        rig.clock.at += timedelta(hours=hours)
        rig.stations.find_stations(STATION.identity, 5)
    assert logins(rig) == [200]
    rig.clock.at += timedelta(hours=1)
    rig.stations.find_stations(STATION.identity, 5)
    assert logins(rig) == [200, 200]


def test_should_log_in_anew_when_the_token_ends_early_and_write_once(rig: Rig) -> None:
    rig.stations.find_stations(STATION.identity, 5)
    rig.tenant.add_fault(Fault("expired_token", operation="write_station"))
    rig.stations.write_station(STATION.id, body(contact_id=OWNER), 5)
    assert logins(rig) == [200, 200]
    writes = [c.status for c in rig.tenant.calls if c.operation == "write_station"]
    assert writes == [401, 200]


def test_should_read_a_secret_that_was_rotated_behind_the_cache(rig: Rig) -> None:
    rig.tenant.rotate_client_secret("new")
    rig.secrets.versions.append({**SECRET, "client_secret": "new"})
    assert rig.stations.find_stations(STATION.identity, 5)
    assert logins(rig) == [400, 200]


def test_should_spare_the_host_of_tokens_after_a_login_that_failed(rig: Rig) -> None:
    rig.tenant.rotate_client_secret("new")
    for _ in range(5):
        with pytest.raises(Unavailable, match="invalid_client"):
            rig.stations.find_stations(STATION.identity, 5)
    assert logins(rig) == [400]
    rig.tenant.rotate_client_secret("s3cret")
    rig.clock.at += timedelta(seconds=LOGIN_PAUSE)
    assert rig.stations.find_stations(STATION.identity, 5)


def test_should_say_after_which_time_it_would_try_again(rig: Rig) -> None:
    rig.tenant.rotate_client_secret("new")
    for _ in range(2):
        with pytest.raises(Unavailable) as waits:
            rig.stations.find_stations(STATION.identity, 5)
    assert waits.value.retry_after == LOGIN_PAUSE


def test_should_ask_the_host_of_all_tenants_with_secrets_in_the_body() -> None:
    played = Played(page(total=0))
    played.stations.find_stations("any", 5)
    (asked,) = played.host.sent
    assert str(asked.url) == SETTINGS.cpo_token_url
    assert asked.headers["content-type"] == "application/x-www-form-urlencoded"
    form = "grant_type=client_credentials&client_id=busbar&client_secret=s3cret"
    assert asked.content.decode() == form
    assert played.tenant.sent[0].headers["authorization"] == "Bearer t1"
    assert "x-api-token" not in played.tenant.sent[0].headers


def test_should_ask_by_query_and_for_scopes_where_the_settings_say_so() -> None:
    settings = replace(SETTINGS, cpo_authentication="query", cpo_scope="cpoapi:read cpoapi:write")
    played = Played(page(total=0), settings=settings)
    played.stations.find_stations("any", 5)
    (asked,) = played.host.sent
    assert dict(asked.url.params) == {
        "grant_type": "client_credentials",
        "client_id": "busbar",
        "client_secret": "s3cret",
        "scope": "cpoapi:read cpoapi:write",
    }
    assert asked.content == b""


def test_should_use_a_token_without_a_stated_life_until_it_is_refused() -> None:
    played = Played(
        page(total=0),
        page(total=0),
        httpx.Response(401),
        page(total=0),
        logins=[token(None), token(None, "t2")],
    )
    for days in (0, 30, 0):
        played.clock.at += timedelta(days=days)
        played.stations.find_stations("any", 5)
    used = [request.headers["authorization"] for request in played.tenant.sent]
    assert used == ["Bearer t1", "Bearer t1", "Bearer t1", "Bearer t2"]


def test_should_wait_for_a_person_when_a_fresh_token_is_refused() -> None:
    played = Played(httpx.Response(401), httpx.Response(401), logins=[token(), token()])
    with pytest.raises(Unavailable, match="HTTP_401"):
        played.stations.write_station("s1", {}, 5)


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (httpx.Response(400, json={"error": "invalid_scope"}), "invalid_scope"),
        (httpx.Response(400, json={"error": "Erika Muster <x>"}), "HTTP_400"),
        (httpx.Response(500, text="<html>"), "HTTP_500"),
        (httpx.Response(200, json={"access_token": "t\n"}), "UNREADABLE_LOGIN"),
        (httpx.Response(200, json={"access_token": "t", "expires_in": "x"}), "UNREADABLE_LOGIN"),
        (httpx.Response(200, text="<html>"), "UNREADABLE_LOGIN"),
        (httpx.ReadTimeout("slow"), "ReadTimeout"),
        (httpx.ConnectError("refused"), "ConnectError"),
    ],
)
def test_should_have_done_nothing_when_there_is_no_token(answer: Any, code: str) -> None:
    played = Played(logins=[answer])
    with pytest.raises(Unavailable) as caught:
        played.stations.write_station("s1", {}, 5)
    assert caught.value.code == code
    assert played.tenant.sent == []


@pytest.mark.parametrize("secret", [{}, {"client_id": "a"}, {"client_secret": "a", "x": "y"}])
def test_should_ask_for_nothing_without_credentials(secret: dict[str, str]) -> None:
    played = Played(secrets=[secret])
    with pytest.raises(Unavailable, match="INCOMPLETE_SECRET"):
        played.stations.read_station("s1", 5)
    assert played.host.sent == []


def test_should_not_take_lack_of_time_for_a_failed_login() -> None:
    played = Played(page(total=0))
    with pytest.raises(Unavailable, match="NO_TIME_LEFT"):
        played.stations.find_stations("any", 0)
    assert played.stations.find_stations("any", 5) == []


# --- lists -------------------------------------------------------------------------------------


def test_should_send_filter_and_page_as_documented() -> None:
    played = Played(page(row(), total=1))
    played.stations.find_stations(STATION.identity, 5)
    asked = played.tenant.sent[0]
    assert played.tenant.calls() == ["GET /api/cpoapi/v1/charging_stations/"]
    assert dict(asked.url.params) == {
        "filter[chargeBoxIdentity]": STATION.identity,
        "page[limit]": "500",
        "page[offset]": "0",
    }


def test_should_go_by_the_names_that_the_tenant_has() -> None:
    settings = replace(
        SETTINGS,
        station_filter="",
        station_identity_field="serialnumber",
        station_contact_field="owner",
        station_tariff_field="rate",
        station_tariff_fields={"unit_price": "price"},
        station_write_method="PATCH",
    )
    listed = row(serialnumber=STATION.identity, owner=17)
    shown = one(owner=17, rate={"price": 32.45, "more": []})
    kept = one(owner="17", rate={"price": 33})
    played = Played(page(row("s0"), listed, total=2), shown, kept, settings=settings)
    (found,) = played.stations.find_stations(STATION.identity, 5)
    assert found.fields == {"contact_id": "17"}
    assert "filter[chargeBoxIdentity]" not in played.tenant.sent[0].url.params
    without = {"unit": "", "currency": "", "valid_from": ""}
    shows = {"contact_id": "17", "tariff": {"unit_price": "32.45", **without}}
    assert played.stations.read_station("s1", 5) == shows
    played.stations.write_station("s1", {"owner": 17, "rate": {"price": "33.00"}}, 5)
    assert played.tenant.calls()[2] == "PATCH /api/cpoapi/v1/charging_stations/s1"


def test_should_show_all_that_have_the_serial_number() -> None:
    played = Played(page(row("s1"), row("s2"), total=2))
    found = played.stations.find_stations(STATION.identity, 5)
    assert [f.external_id for f in found] == ["s1", "s2"]


def test_should_pass_over_rows_that_cannot_be_read() -> None:
    rows = ({"id": "s0"}, row("s2", identity="x"), row("s1"), {**row("s3"), "attributes": []})
    played = Played(page(*rows, total=4))
    (found,) = played.stations.find_stations(STATION.identity, 5)
    assert found.external_id == "s1"


def test_should_find_a_station_that_moved_while_the_list_was_read() -> None:
    """It slips from the second page to the first between the two calls."""
    first, second = page(row("a", "A"), row("b", "B"), total=4), page(row("d", "D"), total=3)
    moved = page(row("b", "B"), row(), total=3)
    played = Played(first, second, moved, page(row("d", "D"), total=3))
    (found,) = played.stations.find_stations(STATION.identity, 5)
    assert found.external_id == "s1"


def test_should_believe_that_there_is_none_after_two_equal_passes() -> None:
    a, b = page(row("a", "A"), total=2), page(row("b", "B"), total=2)
    played = Played(a, b, a, b)
    assert played.stations.find_stations(STATION.identity, 5) == []
    assert played.tenant.steps == []


def test_should_ask_again_later_when_the_list_does_not_come_to_rest() -> None:
    steps = [page(row(f"{side}{n}", "X"), total=2) for n in range(4) for side in ("left", "right")]
    with pytest.raises(Unavailable, match="LIST_IN_MOTION"):
        Played(*steps).stations.find_stations(STATION.identity, 5)


@pytest.mark.parametrize(
    ("answer", "kind", "detail"),
    [
        (httpx.Response(200, text="<html>"), Unavailable, "body"),
        (httpx.Response(200, json={"data": {}}), Unavailable, "data"),
        (httpx.Response(200, json={"data": [1], "meta": {"total": 1}}), Unavailable, "data"),
        (httpx.Response(200, json={"data": [], "meta": 1}), Unavailable, "meta"),
        (httpx.Response(200, json={"data": [row()], "meta": {}}), Unavailable, "total"),
        (page(row(contactUuid=[]), total=1), Unavailable, "contactUuid"),
        (httpx.Response(403, text="<html>"), Unavailable, ""),
        (httpx.Response(403, json={"errors": [{"title": "No scope"}]}), Refused, ""),
        (httpx.Response(404, json={"errors": [{"detail": "label"}]}), Missing, "label"),
        (httpx.Response(404, json={"errors": []}), Unavailable, ""),
        (httpx.Response(422, json={"errors": [1, {"detail": 1, "source": 2}]}), Refused, ""),
        (
            httpx.Response(422, json={"errors": [{"source": {"pointer": "/data/tariff"}}]}),
            Refused,
            "tariff",
        ),
        (httpx.Response(429), Unavailable, ""),
        (httpx.Response(503), Unavailable, ""),
        (httpx.ReadTimeout("slow"), Unavailable, ""),
    ],
)
def test_should_tell_the_consequence_of_a_failed_search(
    answer: Any, kind: type[UpstreamError], detail: str
) -> None:
    with pytest.raises(UpstreamError) as caught:
        Played(answer).stations.find_stations(STATION.identity, 5)
    assert (type(caught.value), caught.value.detail) == (kind, detail)


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (one(tariff="32.45"), "tariff"),
        (one(tariff={"unitPrice": []}), "unitPrice"),
        (one(contactUuid={}), "contactUuid"),
        (one(station_id="other"), "id"),
        (httpx.Response(200, json={"data": {"id": "s1"}}), "attributes"),
        (httpx.Response(200, json={"data": []}), "data"),
    ],
)
def test_should_not_believe_a_station_that_is_not_what_we_take_it_for(
    answer: httpx.Response, detail: str
) -> None:
    with pytest.raises(Unavailable, match="UNREADABLE_ANSWER") as caught:
        Played(answer).stations.read_station("s1", 5)
    assert caught.value.detail == detail


def test_should_show_a_tariff_without_what_the_tenant_leaves_out() -> None:
    shown = Played(one(tariff={"unitPrice": "32.45"})).stations.read_station("s1", 5)
    assert shown["tariff"] == {
        "unit_price": "32.45",
        "unit": "",
        "currency": "",
        "valid_from": "",
    }


@pytest.mark.parametrize(
    ("answer", "kind", "code"),
    [
        (one(station_id="other"), Unknown, "UNREADABLE_ANSWER"),
        (httpx.Response(200, text="<html>"), Unknown, "UNREADABLE_ANSWER"),
        (httpx.Response(500), Unknown, "HTTP_500"),
        (httpx.ReadError("reset"), Unknown, "ReadError"),
        (httpx.ConnectError("refused"), Unavailable, "ConnectError"),
        (one(), Refused, "WRITE_PASSED_OVER"),
        (one(contactUuid=OWNER), Refused, "WRITE_PASSED_OVER"),
        (one(contactUuid="other", tariff={}), Refused, "WRITE_PASSED_OVER"),
    ],
)
def test_should_tell_the_consequence_of_a_failed_write(
    answer: Any, kind: type[UpstreamError], code: str
) -> None:
    with pytest.raises(UpstreamError) as caught:
        Played(answer).stations.write_station("s1", body(contact_id=OWNER, tariff=TARIFF), 5)
    assert (type(caught.value), caught.value.code) == (kind, code)


@pytest.mark.parametrize(
    "answer", [httpx.Response(204), one(contactUuid=OWNER, tariff={"unitPrice": "32.450"})]
)
def test_should_accept_an_empty_answer_and_prices_in_the_tenant_s_way(
    answer: httpx.Response,
) -> None:
    played = Played(answer)
    played.stations.write_station("s1", body(contact_id=OWNER, tariff=TARIFF), 5)
    assert played.tenant.json_sent()["tariff"]["unitPrice"] == "32.45"
