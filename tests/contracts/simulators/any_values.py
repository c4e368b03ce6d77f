"""Simulators on a clock that tests turn, and the values that do not matter."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from infra.simulators import sample
from infra.simulators.energised import EnergisedSimulator
from infra.simulators.messages import Response, request
from infra.simulators.salesforce import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from infra.simulators.simulator import Simulator

SOURCE = "aws.partner/salesforce.com/00D000000000001AAA/0YL000000000001AAA"
BASE = "/services/data/v60.0"
REFERENCE = "BBCO0123456789ABC"
API_TOKEN = "any-token"
SAP_PASSWORD = "any-password"
PARTNERS = "/sap/opu/odata/sap/API_BUSINESS_PARTNER"
CONTRACTS = "/sap/opu/odata/sap/ZERP_UTILITIES_UMC_SRV"
PARTNER_REFERENCE = "BBPE0123456789ABC"
IBAN = "DE02120300000000202051"
CLIENT = ("any-id", "any-secret")
CPO = "/api/cpoapi/v1/charging_stations/"


@dataclass
class TurnedClock:
    """A clock that stands until it is turned."""

    at: datetime = datetime(2025, 6, 2, 8, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.at

    def turn(self, seconds: float) -> None:
        self.at += timedelta(seconds=seconds)


@dataclass
class Caller:
    """Calls a simulator directly, with headers that go with every call."""

    simulator: Simulator
    headers: dict[str, str] = field(default_factory=dict)

    def __call__(
        self,
        method: str,
        url: str,
        data: object = None,
        *,
        body: bytes | None = None,
        **headers: str,
    ) -> Response:
        own = {name.replace("_", "-"): value for name, value in headers.items()}
        made = request(method, url, headers={**self.headers, **own}, data=data, body=body)
        return self.simulator.handle(made)


def any_salesforce(clock: TurnedClock, **settings: Any) -> SalesforceSimulator:
    simulator = SalesforceSimulator(
        clock, event_source=SOURCE, client_id="any-id", client_secret="any-secret", **settings
    )
    simulator.load_sample(cards=20)
    return simulator


def logged_in(simulator: SalesforceSimulator) -> Caller:
    token, _ = simulator.org.log_in()
    return Caller(simulator, {"authorization": f"Bearer {token}"})


def any_energised(clock: TurnedClock, *, wallboxes: int = 0, **settings: Any) -> EnergisedSimulator:
    client_id, client_secret = CLIENT
    simulator = EnergisedSimulator(
        clock, API_TOKEN, client_id=client_id, client_secret=client_secret, **settings
    )
    simulator.load_sample(cards=20, wallboxes=wallboxes)
    return simulator


def with_token(simulator: EnergisedSimulator) -> Caller:
    return Caller(simulator, {"x-api-token": API_TOKEN})


def any_sap(clock: TurnedClock, **settings: Any) -> SapSimulator:
    simulator = SapSimulator(clock, "BUSBAR_COM", SAP_PASSWORD, **settings)
    simulator.load_sample()
    return simulator


def sap_user(simulator: SapSimulator) -> Caller:
    """Calls SAP as the communication user, without a session."""
    basic = base64.b64encode(f"BUSBAR_COM:{SAP_PASSWORD}".encode()).decode()
    json = "application/json"
    headers = {"authorization": f"Basic {basic}", "accept": json, "content-type": json}
    return Caller(simulator, headers)


def in_session(simulator: SapSimulator) -> Caller:
    """Calls SAP with a token and the cookies that came with it."""
    call = sap_user(simulator)
    fetched = call("GET", f"{PARTNERS}/", x_csrf_token="Fetch")
    cookies = "; ".join(cookie.partition(";")[0] for cookie in fetched.cookies)
    token = fetched.headers["x-csrf-token"]
    return Caller(simulator, {**call.headers, "x-csrf-token": token, "cookie": cookies})


def any_address(**changes: Any) -> dict[str, Any]:
    address = {"StreetName": "Weg", "HouseNumber": "1", "PostalCode": "26121"}
    return {**address, "CityName": "Oldenburg", "Country": "DE", **changes}


def any_person(**changes: Any) -> dict[str, Any]:
    person: dict[str, Any] = {
        "BusinessPartnerCategory": "1",
        "FirstName": "Any",
        "LastName": "Body",
        "BusinessPartnerIDByExtSystem": PARTNER_REFERENCE,
        "to_BusinessPartnerRole": {"results": [{"BusinessPartnerRole": "MKK"}]},
    }
    return person | changes


def partner_made(call: Caller, **changes: Any) -> str:
    """Make a business partner; its number."""
    answer = call("POST", f"{PARTNERS}/A_BusinessPartner", any_person(**changes))
    return str(answer.json()["d"]["BusinessPartner"])


def any_contract(partner: str, **changes: Any) -> dict[str, Any]:
    contract = {"AccountID": partner, "DivisionID": "10", "MoveInDate": "/Date(1748822400000)/"}
    return {**contract, "ExternalReference": "BBCT0123456789ABC", **changes}


def with_cpo_token(simulator: EnergisedSimulator) -> Caller:
    token = simulator.logins.give(simulator.logins.scope)
    return Caller(simulator, {"authorization": f"Bearer {token}"})


def any_order(**changes: Any) -> dict[str, Any]:
    order: dict[str, Any] = {
        "AccountId": sample.NORDWIND.account_id,
        "EffectiveDate": "2025-06-02",
        "Status": "Draft",
        "Pricebook2Id": sample.PRICE_BOOK_ID,
    }
    return order | changes


def any_item(order_id: str, **changes: Any) -> dict[str, Any]:
    item: dict[str, Any] = {
        "OrderId": order_id,
        "PricebookEntryId": sample.PRICE_BOOK_ENTRY_ID,
        "Quantity": 3,
        "UnitPrice": 9.9,
    }
    return item | changes


def order_graph(reference: str = REFERENCE, **item: Any) -> dict[str, Any]:
    """Order and item in one transaction, and the number that the order got."""
    rows = f"{BASE}/sobjects"
    nodes = [
        ("PATCH", f"{rows}/Order/BusbarReference__c/{reference}", "order", any_order()),
        (
            "PATCH",
            f"{rows}/OrderItem/BusbarReference__c/{reference.replace('CO', 'CI')}",
            "item",
            any_item("@{order.id}", **item),
        ),
        ("GET", f"{rows}/Order/@{{order.id}}?fields=OrderNumber", "read", None),
    ]
    return {"graphs": [{"graphId": "g1", "compositeRequest": [_node(*n) for n in nodes]}]}


def _node(method: str, url: str, name: str, body: dict[str, Any] | None) -> dict[str, Any]:
    node: dict[str, Any] = {"method": method, "url": url, "referenceId": name}
    return node if body is None else {**node, "body": body}


def ordered(call: Caller, reference: str = REFERENCE, **item: Any) -> str:
    """Make an order by graph; its id."""
    response = call("POST", f"{BASE}/composite/graph", order_graph(reference, **item))
    nodes = response.json()["graphs"][0]["graphResponse"]["compositeResponse"]
    return str(nodes[0]["body"]["id"])
