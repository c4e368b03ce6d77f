from __future__ import annotations

import httpx
import pytest

from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from infra.simulators.simulator import Simulator
from infra.simulators.transport import SimulatorTransport
from tests.contracts.simulators.any_values import API_TOKEN, BASE, Caller, TurnedClock

CARD = sample.cards(1)[0]
PUT = {"tag": CARD.tag, "number": CARD.number, "reference": "BB-1", "active": "true"}


def client(simulator: Simulator) -> httpx.Client:
    return httpx.Client(
        transport=SimulatorTransport(simulator),
        base_url="https://acme.beenergised.cloud",
        headers={"x-api-token": API_TOKEN},
    )


def is_active(energised: EnergisedSimulator) -> bool:
    return energised.card(CARD.energised_id).active


@pytest.mark.parametrize(
    ("kind", "error", "effect"),
    [
        ("timeout_before", httpx.ReadTimeout, False),
        ("timeout_after", httpx.ReadTimeout, True),
        ("reset_before", httpx.RemoteProtocolError, False),
        ("reset_after", httpx.RemoteProtocolError, True),
        ("refuse", httpx.ConnectError, False),
    ],
)
def test_should_lose_the_answer_before_or_after_the_effect(
    energised: EnergisedSimulator, kind: str, error: type[Exception], effect: bool
) -> None:
    energised.add_fault(Fault(kind, match="^PUT /api/card"))
    with client(energised) as http:
        with pytest.raises(error):
            http.put("/api/card/", json=PUT)
        assert is_active(energised) is effect
        assert http.put("/api/card/", json=PUT).status_code == 200


def test_should_apply_a_late_commit_when_its_time_has_come(
    energised: EnergisedSimulator, clock: TurnedClock
) -> None:
    energised.add_fault(Fault("late_commit", operation="write_card", seconds=20))
    with client(energised) as http, pytest.raises(httpx.ReadTimeout):
        http.put("/api/card/", json=PUT)
    clock.turn(19)
    assert not is_active(energised)
    clock.turn(11)
    assert is_active(energised)
    with client(energised) as http:
        shown = http.get(f"/api/card/{CARD.energised_id}").json()
    assert shown["updated_at"] == "2025-06-02T08:00:20.000Z"


def test_should_let_a_late_commit_overtake_a_newer_write(
    energised: EnergisedSimulator, clock: TurnedClock
) -> None:
    energised.add_fault(Fault("late_commit", operation="write_card", seconds=20))
    with client(energised) as http:
        with pytest.raises(httpx.ReadTimeout):
            http.put("/api/card/", json=PUT)
        http.put("/api/card/", json={**PUT, "active": "false"})
    clock.turn(20)
    assert is_active(energised)


def test_should_survive_a_late_commit_that_is_refused(
    energised: EnergisedSimulator, clock: TurnedClock
) -> None:
    energised.add_fault(Fault("late_commit", seconds=1))
    with client(energised) as http, pytest.raises(httpx.ReadTimeout):
        http.put("/api/card/", json={**PUT, "tag": "unknown"})
    clock.turn(2)
    assert not is_active(energised)


def test_should_answer_any_status_with_body_and_retry_after(energised: EnergisedSimulator) -> None:
    body = {"message": "Too many requests."}
    energised.add_fault(Fault("status", status=429, body=body, retry_after=2))
    with client(energised) as http:
        answer = http.get("/api/card/1")
    assert (answer.status_code, answer.json()) == (429, body)
    assert answer.headers["retry-after"] == "2"


def test_should_hit_by_count_skip_and_every(energised: EnergisedSimulator) -> None:
    energised.add_fault(Fault("status", status=500, count=2, skip=1, every=2))
    with client(energised) as http:
        codes = [http.get("/api/card/410001").status_code for _ in range(6)]
    assert codes == [200, 500, 200, 500, 200, 200]


def test_should_go_down_and_up(energised: EnergisedSimulator) -> None:
    call = Caller(energised)
    call("POST", "/_sim/down")
    with client(energised) as http:
        with pytest.raises(httpx.ConnectError):
            http.get("/api/card/410001")
        assert b"Down" in call("GET", "/_sim/").body
        call("POST", "/_sim/up")
        assert http.get("/api/card/410001").status_code == 200


class TestSalesforce:
    def test_should_lock_a_row(self, sf: Caller, salesforce: SalesforceSimulator) -> None:
        salesforce.add_fault(Fault("lock_row"))
        url = f"{BASE}/sobjects/Account/{sample.ELBE.account_id}"
        answer = sf("PATCH", url, {"Name": "x"})
        assert (answer.status, answer.json()[0]["errorCode"]) == (400, "UNABLE_TO_LOCK_ROW")
        assert sf("PATCH", url, {"Name": "x"}).status == 204

    def test_should_run_out_of_quota_after_some_calls(
        self, sf: Caller, salesforce: SalesforceSimulator
    ) -> None:
        salesforce.add_fault(Fault("quota", skip=2, count=None))
        url = f"{BASE}/sobjects/Account/{sample.ELBE.account_id}"
        answers = [sf("GET", url) for _ in range(4)]
        assert [a.status for a in answers] == [200, 200, 403, 403]
        assert answers[3].json()[0]["errorCode"] == "REQUEST_LIMIT_EXCEEDED"


class TestControl:
    def test_should_set_and_clear_faults_over_http(self, energised: EnergisedSimulator) -> None:
        call = Caller(energised, {"x-api-token": API_TOKEN})
        faults = [{"kind": "status", "status": 500, "count": None}, {"kind": "refuse"}]
        assert call("POST", "/_sim/faults", faults).status == 201
        assert call("GET", "/api/card/410001").status == 500
        shown = call("GET", "/_sim/faults").json()
        assert [f["hits"] for f in shown["faults"]] == [1, 0]
        assert "search_lag" in shown["kinds"]
        assert call("DELETE", "/_sim/faults").status == 204
        assert call("GET", "/api/card/410001").status == 200

    @pytest.mark.parametrize(
        "body",
        [
            {"kind": "nonsense"},
            {"kind": "refuse", "often": 1},
            {"kind": "refuse", "every": 0},
            {"kind": "refuse", "count": "x"},
            7,
            {},
            {"kind": "x", "match": "("},
        ],
    )
    def test_should_refuse_an_unknown_fault(
        self, energised: EnergisedSimulator, body: object
    ) -> None:
        answer = Caller(energised)("POST", "/_sim/faults", body)
        assert answer.status == 400
        assert answer.json()["message"]

    def test_should_log_calls_without_bodies_and_secrets(
        self, salesforce: SalesforceSimulator
    ) -> None:
        call = Caller(salesforce)
        form = b"grant_type=client_credentials&client_id=any-id&client_secret=any-secret"
        kind = "application/x-www-form-urlencoded"
        headers = {"content_type": kind, "x_correlation_id": "c-1"}
        call("POST", "/services/oauth2/token", body=form, **headers)
        salesforce.add_fault(Fault("timeout_before"))
        call("GET", f"{BASE}/query?q=x")
        logged = call("GET", "/_sim/calls")
        assert b"any-secret" not in logged.body
        first, second = logged.json()
        assert (first["status"], first["correlation_id"]) == (200, "c-1")
        assert (second["status"], second["fault"]) == (0, "timeout_before")
        assert first["at"] == "2025-06-02T08:00:00+00:00"

    def test_should_label_every_route(
        self, salesforce: SalesforceSimulator, energised: EnergisedSimulator, sap: SapSimulator
    ) -> None:
        for simulator in (salesforce, energised, sap):
            routes = Caller(simulator)("GET", "/_sim/routes").json()
            assert {r["label"] for r in routes} <= {"documented", "assumed", "control"}
            assert all(r["note"] for r in routes)
            own = [r for r in routes if r["path"].startswith("/_sim")]
            assert {r["label"] for r in own} == {"control"}

    def test_should_start_again_with_the_sample_data(
        self, sf: Caller, salesforce: SalesforceSimulator, energised: EnergisedSimulator
    ) -> None:
        url = f"{BASE}/sobjects/Account/{sample.ELBE.account_id}"
        sf("PATCH", url, {"Name": "x"})
        energised.change_card(CARD.energised_id, active=True)
        salesforce.add_fault(Fault("refuse"))
        for simulator in (salesforce, energised):
            assert Caller(simulator)("POST", "/_sim/reset").status == 204
            assert Caller(simulator)("GET", "/_sim/calls").json() == []
        assert sf("GET", url).status == 401
        assert sample.ELBE.name in {a["Name"] for a in salesforce.records("Account")}
        assert not is_active(energised)

    def test_should_show_what_it_holds(
        self, salesforce: SalesforceSimulator, energised: EnergisedSimulator
    ) -> None:
        page = Caller(salesforce)("GET", "/_sim/")
        assert page.headers["content-type"].startswith("text/html")
        assert "Elbe Handwerk GmbH" in page.body.decode()
        state = Caller(salesforce)("GET", "/_sim/state").json()
        assert len(state["rows"]["Asset"]) == 20
        assert len(Caller(energised)("GET", "/_sim/state").json()["cards"]) == 20

    def test_should_escape_what_it_shows(self, energised: EnergisedSimulator) -> None:
        energised.change_card(CARD.energised_id, label="<script>")
        assert b"<script>" not in Caller(energised)("GET", "/_sim").body
