"""The simulators behind a real server, on a loopback socket."""

from __future__ import annotations

import asyncio
import json
import queue
import socket
import threading
from collections.abc import Iterator

import httpx
import pyodata
import pytest
import requests  # noqa: TID251  (what users of pyodata give it)

from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.salesforce.events import Envelope
from infra.simulators.sap import SapSimulator
from infra.simulators.serving import serve
from tests.contracts.simulators.any_values import (
    API_TOKEN,
    BASE,
    IBAN,
    PARTNER_REFERENCE,
    PARTNERS,
    SAP_PASSWORD,
    TurnedClock,
    any_energised,
    any_person,
    any_sap,
)
from tests.contracts.simulators.any_values import any_salesforce as new_salesforce


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


class Served:
    """The simulators on ports of their own, in a thread."""

    def __init__(self) -> None:
        clock = TurnedClock()
        self.published: queue.SimpleQueue[str] = queue.SimpleQueue()
        self.refusals = 0
        self.salesforce: SalesforceSimulator = new_salesforce(clock, publish=self._publish)
        self.energised: EnergisedSimulator = any_energised(clock)
        self.sap: SapSimulator = any_sap(clock)
        self.ports = (free_port(), free_port(), free_port())
        self._loop = asyncio.new_event_loop()
        self._end = asyncio.Event()
        self._thread = threading.Thread(target=self._run)

    def _publish(self, envelope: Envelope) -> None:
        if self.refusals:
            self.refusals -= 1
            raise ConnectionRefusedError
        self.published.put(envelope["detail-type"])

    def _run(self) -> None:
        async def until() -> None:
            await self._end.wait()

        simulators = (self.salesforce, self.energised, self.sap)
        places = list(zip(simulators, self.ports, strict=True))
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(serve(places, until=until, hold=0.2))

    def start(self) -> None:
        self._thread.start()
        for port in self.ports:
            _wait_for(port)

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._end.set)
        self._thread.join(10)
        assert not self._thread.is_alive()


def _wait_for(port: int) -> None:
    transport = httpx.HTTPTransport(retries=8)
    with httpx.Client(transport=transport) as http:
        assert http.get(f"http://127.0.0.1:{port}/_sim/routes").status_code == 200


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    found = Served()
    found.start()
    yield found
    found.stop()


@pytest.fixture
def salesforce_http(served: Served) -> Iterator[httpx.Client]:
    served.salesforce.reset()
    with httpx.Client(base_url=f"http://127.0.0.1:{served.ports[0]}", timeout=5) as http:
        yield http


@pytest.fixture
def energised_http(served: Served) -> Iterator[httpx.Client]:
    served.energised.reset()
    base = f"http://127.0.0.1:{served.ports[1]}"
    with httpx.Client(base_url=base, headers={"x-api-token": API_TOKEN}, timeout=5) as http:
        yield http


def test_should_log_in_with_a_chunked_form_and_read_on_one_connection(
    salesforce_http: httpx.Client,
) -> None:
    def chunks() -> Iterator[bytes]:
        yield b"grant_type=client_credentials&client_id=any-id"
        yield b"&client_secret=any-secret"

    kind = {"content-type": "application/x-www-form-urlencoded"}
    login = salesforce_http.post("/services/oauth2/token", content=chunks(), headers=kind)
    token = login.json()
    assert token["instance_url"] == str(salesforce_http.base_url).rstrip("/")
    bearer = {"authorization": f"Bearer {token['access_token']}"}
    url = f"{BASE}/sobjects/Account/BusbarReference__c/{sample.ELBE.reference}"
    for _ in range(3):
        assert salesforce_http.get(url, headers=bearer).json()["Name"] == sample.ELBE.name
    changed = salesforce_http.patch(url, json={"Name": "Elbe"}, headers=bearer)
    assert changed.status_code == 200
    account = f"{BASE}/sobjects/Account/{sample.ELBE.account_id}"
    assert salesforce_http.patch(account, json={"Name": "Elbe"}, headers=bearer).status_code == 204


def test_should_send_an_event_again_though_nobody_calls(served: Served) -> None:
    served.salesforce.reset()
    served.refusals = 2
    with served.salesforce.working():
        served.salesforce.events.emit("AnyEvent__e", {})
    assert served.published.get(timeout=10) == "AnyEvent__e"
    assert (served.refusals, served.salesforce.events.waiting) == (0, 0)


def test_should_hold_the_answer_until_the_caller_gives_up(
    served: Served, energised_http: httpx.Client
) -> None:
    served.energised.add_fault(Fault("timeout_after"))
    card = sample.cards(1)[0]
    body = {"tag": card.tag, "number": card.number, "active": "true"}
    with pytest.raises(httpx.ReadTimeout):
        energised_http.put("/api/card/", json=body, timeout=0.05)
    assert served.energised.card(card.energised_id).active
    assert energised_http.get(f"/api/card/{card.energised_id}").json()["active"] == "true"


@pytest.mark.parametrize("kind", ["timeout_before", "reset_before", "refuse"])
def test_should_cut_the_connection_in_the_end(
    served: Served, energised_http: httpx.Client, kind: str
) -> None:
    served.energised.add_fault(Fault(kind))
    with pytest.raises(httpx.RemoteProtocolError):
        energised_http.get("/api/card/410001")
    assert energised_http.get("/api/card/410001").status_code == 200


def test_should_be_steered_over_http(energised_http: httpx.Client) -> None:
    fault = json.dumps({"kind": "status", "status": 503, "retry_after": 1.5})
    assert energised_http.post("/_sim/faults", content=fault).status_code == 201
    answer = energised_http.get("/api/card/410001")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1.5")
    assert energised_http.get("/_sim/").text.startswith("<!doctype html>")


def test_should_write_in_a_session_of_two_cookies_whose_token_came_by_head(served: Served) -> None:
    served.sap.reset()
    base, user = f"http://127.0.0.1:{served.ports[2]}", ("BUSBAR_COM", SAP_PASSWORD)
    accept = {"accept": "application/json"}
    with httpx.Client(base_url=base, auth=user, headers=accept, timeout=5) as http:
        fetched = http.head(f"{PARTNERS}/A_BusinessPartner/", headers={"x-csrf-token": "Fetch"})
        assert (fetched.status_code, len(http.cookies)) == (200, 2)
        http.headers["x-csrf-token"] = fetched.headers["x-csrf-token"]
        made = http.post(f"{PARTNERS}/A_BusinessPartner", json=any_person())
        row = f"{PARTNERS}/A_BusinessPartner%28%27{made.json()['d']['BusinessPartner']}%27%29"
        match = {"if-match": made.headers["etag"]}
        changed = http.request("MERGE", row, json={"SearchTerm1": "K"}, headers=match)
        assert changed.status_code == 204
        page = http.get(f"{PARTNERS}/A_BusinessPartner?%24filter=SearchTerm1+eq+%27K%27").json()[
            "d"
        ]
        assert [one["__metadata"]["uri"].startswith(base) for one in page["results"]] == [True]


def test_should_serve_a_public_client_of_sap_as_it_is(served: Served) -> None:
    served.sap.reset()
    address = f"http://127.0.0.1:{served.ports[2]}{PARTNERS}"
    with requests.Session() as session:
        session.auth = ("BUSBAR_COM", SAP_PASSWORD)
        token = session.head(f"{address}/", headers={"X-CSRF-Token": "Fetch"}, timeout=5)
        session.headers["X-CSRF-Token"] = token.headers["X-CSRF-Token"]
        client = pyodata.Client(f"{address}/", session)
        partners = client.entity_sets.A_BusinessPartner
        person = any_person() | {"to_BusinessPartnerRole": [{"BusinessPartnerRole": "MKK"}]}
        number = partners.create_entity().set(**person).execute().BusinessPartner
        condition = f"BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'"
        found = partners.get_entities().filter(condition).expand("to_BusinessPartnerRole").execute()
        assert [p.BusinessPartner for p in found] == [number]
        change = partners.update_entity(number).set(BusinessPartnerIsBlocked=True)
        change.add_headers({"If-Match": partners.get_entity(number).execute().etag})
        change.execute()
        batch, changeset = client.create_batch(), client.create_changeset()
        changeset.add_request(partners.create_entity().set(**person))
        batch.add_request(partners.get_entity(number))
        batch.add_request(changeset)
        read, (second,) = batch.execute()
    assert (read.BusinessPartnerIsBlocked, second.BusinessPartner > number) == (True, True)
    ours = [p["BusinessPartnerIDByExtSystem"] for p in served.sap.records("A_BusinessPartner")]
    assert ours.count(PARTNER_REFERENCE) == 2


def test_should_show_on_a_page_what_sap_holds_with_accounts_masked(served: Served) -> None:
    served.sap.reset()
    bank = [{"IBAN": IBAN}]
    enter = f"http://127.0.0.1:{served.ports[2]}/_sim/rows/A_BusinessPartner"
    person = any_person(LastName="<b>Body", to_BusinessPartnerBank=bank)
    partner = httpx.post(enter, json=person).json()["BusinessPartner"]
    page = httpx.get(f"http://127.0.0.1:{served.ports[2]}/_sim/")
    assert page.headers["content-type"].startswith("text/html")
    assert [text in page.text for text in (partner, PARTNER_REFERENCE, "&lt;b&gt;Body")] == [
        True
    ] * 3
    assert [text in page.text for text in (IBAN, "<b>Body")] == [False] * 2
