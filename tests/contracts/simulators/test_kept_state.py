"""What the simulators hold goes through a file, and their numbers go on."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from infra.simulators import kept_state, sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.energised.backend import Contact
from infra.simulators.faults import Fault
from infra.simulators.kept_state import FILE, UnfitStateError
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from infra.simulators.simulator import Simulator
from tests.contracts.simulators.any_values import (
    BASE,
    CONTRACTS,
    IBAN,
    PARTNER_REFERENCE,
    PARTNERS,
    REFERENCE,
    Caller,
    TurnedClock,
    any_contract,
    any_energised,
    any_person,
    any_salesforce,
    any_sap,
    in_session,
    logged_in,
    order_graph,
    ordered,
    partner_made,
)
from tests.contracts.simulators.test_serving import free_port

ROOT = Path(__file__).resolve().parents[3]
SECOND = "BBCO0123456789ABD"


def again(before: Simulator, after: Simulator) -> None:
    """Take what one holds through JSON to another, as a restart does."""
    after.restore(json.loads(json.dumps(before.dump())))


class TestSalesforce:
    @pytest.fixture
    def events(self) -> list[dict[str, Any]]:
        return []

    @pytest.fixture
    def after(self, clock: TurnedClock, events: list[dict[str, Any]]) -> SalesforceSimulator:
        return any_salesforce(clock, publish=events.append)

    def test_should_hold_the_same_and_give_no_id_or_number_again(
        self, salesforce: SalesforceSimulator, sf: Caller, after: SalesforceSimulator
    ) -> None:
        first = ordered(sf)
        salesforce.assign_cards(REFERENCE)
        again(salesforce, after)
        assert after.state() == salesforce.state()
        second = ordered(logged_in(after), SECOND)
        assert second not in {first, *(row["Id"] for row in salesforce.records("Order"))}
        numbers = [row["OrderNumber"] for row in after.records("Order")]
        assert numbers == ["00000101", "00000102"]

    def test_should_find_rows_by_external_id_and_remember_deleted_ones(
        self, salesforce: SalesforceSimulator, sf: Caller, after: SalesforceSimulator
    ) -> None:
        ordered(sf)
        gone = ordered(sf, SECOND)
        sf("DELETE", f"{BASE}/sobjects/Order/{gone}")
        again(salesforce, after)
        call = logged_in(after)
        url = f"{BASE}/sobjects/Order/BusbarReference__c/{REFERENCE.lower()}"
        assert call("GET", url).json()["OrderNumber"] == "00000101"
        deleted = call("GET", f"{BASE}/sobjects/Order/{gone}")
        assert (deleted.status, deleted.json()[0]["errorCode"]) == (404, "ENTITY_IS_DELETED")

    def test_should_give_growing_versions_even_if_the_clock_goes_back(
        self,
        clock: TurnedClock,
        salesforce: SalesforceSimulator,
        sf: Caller,
        after: SalesforceSimulator,
        events: list[dict[str, Any]],
    ) -> None:
        ordered(sf)
        salesforce.set_order_status(REFERENCE, "Bearbeitung")
        (old,) = salesforce.events.sent
        clock.turn(-3600)
        again(salesforce, after)
        after.set_order_status(REFERENCE, "Geliefert")
        (new,) = events
        versions = [int(e["detail"]["payload"]["SourceVersion__c"]) for e in (old, new)]
        assert versions[0] < versions[1]
        assert old["id"] != new["id"]

    def test_should_publish_what_had_to_wait_and_keep_back_what_is_held(
        self,
        clock: TurnedClock,
        after: SalesforceSimulator,
        events: list[dict[str, Any]],
    ) -> None:
        def broken(_event: dict[str, Any]) -> None:
            raise ConnectionError

        before = any_salesforce(clock, publish=broken)
        ordered(logged_in(before))
        before.set_order_status(REFERENCE, "Bearbeitung")
        before.events.holding, before.events.copies = True, 2
        before.set_order_status(REFERENCE, "Geliefert")
        again(before, after)
        assert [e["detail"]["payload"]["Status__c"] for e in events] == ["Bearbeitung"]
        after.release_events()
        assert len(events) == 3

    def test_should_leave_out_logins_faults_and_calls_and_be_up(
        self, salesforce: SalesforceSimulator, sf: Caller, after: SalesforceSimulator
    ) -> None:
        salesforce.add_fault(Fault("quota"))
        salesforce.is_down = True
        again(salesforce, after)
        assert (after.is_down, after.faults.listed(), list(after.calls)) == (False, [], [])
        old = Caller(after, sf.headers)
        assert old("GET", f"{BASE}/sobjects/Account/{sample.ELBE.account_id}").status == 401

    def test_should_go_back_to_the_sample_data_and_still_give_new_numbers(
        self, salesforce: SalesforceSimulator, sf: Caller, after: SalesforceSimulator
    ) -> None:
        ordered(sf)
        again(salesforce, after)
        Caller(after)("POST", "/_sim/reset")
        assert after.records("Order") == []
        assert len(after.records("Asset")) == 20
        ordered(logged_in(after))
        assert after.order(REFERENCE)["OrderNumber"] == "00000102"


class TestEnergised:
    def test_should_hold_the_same_cards_contacts_and_knobs(
        self, clock: TurnedClock, energised: EnergisedSimulator
    ) -> None:
        card = sample.cards(1)[0].energised_id
        energised.put_contact(Contact("new", "Neu GmbH", customer_number="K-1"))
        energised.change_card(card, billing_contact_id="new", active=True)
        Caller(energised)("POST", "/_sim/knobs", {"search_lag": 60, "page_clamp": 3})
        after = any_energised(clock)
        again(energised, after)
        assert after.state() == energised.state()
        assert after.card(card).billing_contact_id == "new"
        # The list lags, so it still shows the card as it was before.
        assert after.backend.listed(None) == energised.backend.listed(None)
        after.change_card(card, label="Bus 7")
        Caller(after)("POST", "/_sim/reset")
        assert after.state() == any_energised(clock).state()


class TestSap:
    def test_should_hold_the_same_and_give_no_number_again(
        self, clock: TurnedClock, sap: SapSimulator, od: Caller
    ) -> None:
        person = any_person(to_BusinessPartnerBank=[{"IBAN": IBAN}])
        first = partner_made(od, **person)
        od("POST", f"{CONTRACTS}/Contracts", any_contract(first))
        sap.tenant.search_lag, sap.tenant.page_clamp = 60.0, 3
        after = any_sap(clock)
        again(sap, after)
        assert after.state() == sap.state()
        assert after.records("A_BusinessPartnerBank") == sap.records("A_BusinessPartnerBank")
        call = in_session(after)
        query = f"$filter=BusinessPartnerIDByExtSystem eq '{PARTNER_REFERENCE}'"
        path = f"{PARTNERS}/A_BusinessPartner"
        # The search lags, so it still shows nothing.
        assert call("GET", f"{path}?{query}").json()["d"]["results"] == []
        clock.turn(60)
        (found,) = call("GET", f"{path}?{query}").json()["d"]["results"]
        assert found["__metadata"]["etag"] == od("GET", f"{path}('{first}')").headers["etag"]
        assert partner_made(call) == "0001000002"
        Caller(after)("POST", "/_sim/reset")
        assert after.state() == any_sap(clock).state()


class TestFile:
    @pytest.fixture
    def both(self, salesforce: SalesforceSimulator, energised: EnergisedSimulator) -> list[Any]:
        return [salesforce, energised]

    def test_should_load_what_was_saved_last(
        self, clock: TurnedClock, both: list[Any], sf: Caller, tmp_path: Path
    ) -> None:
        kept_state.save(both, tmp_path / "new")
        ordered(sf)
        kept_state.save(both, tmp_path / "new")
        assert [p.name for p in (tmp_path / "new").iterdir()] == [FILE]
        after = [any_salesforce(clock), any_energised(clock)]
        kept_state.load(after, tmp_path / "new")
        assert [s.state() for s in after] == [s.state() for s in both]

    def test_should_stay_as_it_is_without_a_file(self, both: list[Any], tmp_path: Path) -> None:
        before = [s.state() for s in both]
        kept_state.load(both, tmp_path)
        assert [s.state() for s in both] == before

    def test_should_leave_the_file_of_before_when_saving_fails(
        self, both: list[Any], tmp_path: Path
    ) -> None:
        kept_state.save(both, tmp_path)
        before = (tmp_path / FILE).read_bytes()
        (tmp_path / FILE).with_suffix(".draft").mkdir()  # nothing can be written there
        with pytest.raises(OSError, match="draft"):
            kept_state.save(both, tmp_path)
        assert (tmp_path / FILE).read_bytes() == before

    @pytest.mark.parametrize(
        "text",
        [
            "",
            "{",
            "\xff",
            "[]",
            "null",
            '{"busbar simulators 0": {}}',
            '{"busbar simulators 1": 1}',
            '{"busbar simulators 1": {"Salesforce": []}}',
            '{"busbar simulators 1": {"Salesforce": {"rows": []}}}',
            '{"busbar simulators 1": {"Salesforce": {"rows": {"Nonsense": []}}}}',
            '{"busbar simulators 1": {"Salesforce": {"rows": {"Order": [{}]}}}}',
        ],
    )
    def test_should_name_a_file_that_it_cannot_use_and_what_to_do(
        self, both: list[Any], tmp_path: Path, text: str
    ) -> None:
        path = tmp_path / FILE
        path.write_text(text, encoding="latin-1")
        with pytest.raises(UnfitStateError, match="Delete it") as raised:
            kept_state.load(both, tmp_path)
        assert str(raised.value).startswith(str(path))


def command(state: Path, ports: tuple[int, int, int]) -> list[str]:
    names = ("salesforce", "energised", "sap")
    options = [f"--{name}-port={port}" for name, port in zip(names, ports, strict=True)]
    return [sys.executable, "-m", "infra.simulators", *options, f"--state={state}"]


class Process:
    """`python -m infra.simulators` with a state folder."""

    def __init__(self, state: Path) -> None:
        ports = (free_port(), free_port(), free_port())
        self.popen = subprocess.Popen(command(state, ports), cwd=ROOT)  # noqa: S603  our own
        self.salesforce, self.energised, self.sap = (
            httpx.Client(
                base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=10)
            )
            for port in ports
        )

    def order(self, reference: str) -> str:
        """Its number."""
        keys = {"grant_type": "client_credentials", "client_id": "busbar"}
        login = self.salesforce.post(
            "/services/oauth2/token", data={**keys, "client_secret": "busbar-local"}
        )
        bearer = {"authorization": f"Bearer {login.json()['access_token']}"}
        graph = self.salesforce.post(
            f"{BASE}/composite/graph", json=order_graph(reference), headers=bearer
        ).json()["graphs"][0]["graphResponse"]["compositeResponse"]
        return str(graph[2]["body"]["OrderNumber"])


@contextmanager
def running(state: Path) -> Iterator[Process]:
    process = Process(state)
    try:
        yield process
    finally:
        process.salesforce.close()
        process.energised.close()
        process.sap.close()
        process.popen.kill()
        process.popen.wait()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_should_save_at_the_end_and_go_on_at_the_start(
    tmp_path: Path, number: signal.Signals
) -> None:
    if signal.getsignal(number) is signal.SIG_IGN:
        pytest.skip("whoever runs the tests has this signal ignored")
    with running(tmp_path) as process:
        assert process.order(REFERENCE) == "00000101"
        process.energised.post("/_sim/cards/410001/block")
        process.sap.post("/_sim/rows/A_BusinessPartner", json=any_person())
        process.popen.send_signal(number)
        assert process.popen.wait(10) == 0
    with running(tmp_path) as process:
        assert process.order(SECOND) == "00000102"
        cards = process.energised.get("/_sim/state").json()["cards"]
        assert [c["id"] for c in cards if c["blocked"] == "true"] == ["410001"]
        (*_, partner) = process.sap.get("/_sim/state").json()["rows"]["A_BusinessPartner"]
        assert partner["BusinessPartner"] == "0001000001"


def test_should_end_at_once_even_while_it_holds_an_answer_back(tmp_path: Path) -> None:
    with running(tmp_path) as process, ThreadPoolExecutor(1) as pool:
        process.energised.post("/_sim/faults", json={"kind": "timeout_after"})
        held = pool.submit(process.energised.get, "/api/card/410001", timeout=25)
        while not process.energised.get("/_sim/calls").json():
            time.sleep(0.01)
        process.popen.send_signal(signal.SIGTERM)
        assert process.popen.wait(10) == 0
        assert isinstance(held.exception(10), httpx.RemoteProtocolError)


def test_should_not_start_on_a_file_that_it_cannot_use(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("{")
    ended = subprocess.run(  # noqa: S603  our own
        command(tmp_path, (free_port(), free_port(), free_port())),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{tmp_path / FILE} cannot be used")
    assert "Delete it to start with the sample data" in ended.stderr
