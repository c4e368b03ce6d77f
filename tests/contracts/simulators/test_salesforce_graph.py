from __future__ import annotations

from typing import Any

import pytest

from infra.simulators import sample
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from tests.contracts.simulators.any_values import BASE, REFERENCE, Caller, any_order, order_graph

GRAPH = f"{BASE}/composite/graph"


def only(answer: Any) -> tuple[bool, list[dict[str, Any]]]:
    graph = answer.json()["graphs"][0]
    return graph["isSuccessful"], graph["graphResponse"]["compositeResponse"]


def account(name: str, body: dict[str, Any]) -> dict[str, Any]:
    url = f"{BASE}/sobjects/Account"
    return {"method": "POST", "url": url, "referenceId": name, "body": body}


def test_should_write_a_graph_and_read_the_number(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    answer = sf("POST", GRAPH, order_graph())
    successful, nodes = only(answer)
    assert answer.status == 200
    assert successful
    assert [n["httpStatusCode"] for n in nodes] == [201, 201, 200]
    assert nodes[0]["httpHeaders"]["Location"].endswith(nodes[0]["body"]["id"])
    assert nodes[2]["body"]["OrderNumber"] == "00000101"
    item = salesforce.records("OrderItem")[0]
    assert item["OrderId"] == nodes[0]["body"]["id"]
    assert item["Product2Id"] == sample.PRODUCT_ID


def test_should_roll_back_the_whole_graph_when_one_node_fails(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    successful, nodes = only(sf("POST", GRAPH, order_graph(Quantity="viele")))
    assert not successful
    assert [n["body"][0]["errorCode"] for n in nodes] == [
        "PROCESSING_HALTED",
        "JSON_PARSER_ERROR",
        "PROCESSING_HALTED",
    ]
    assert salesforce.records("Order") == []
    assert sf("GET", f"{BASE}/sobjects/Order/BusbarReference__c/{REFERENCE}").status == 404


def test_should_undo_updates_and_deletes_too(sf: Caller, salesforce: SalesforceSimulator) -> None:
    before = salesforce.records("Account")
    url = f"{BASE}/sobjects/Account/"
    nodes = [
        {"method": "PATCH", "url": url + sample.ELBE.account_id, "referenceId": "a"}
        | {"body": {"Name": "Anders"}},
        {"method": "DELETE", "url": url + sample.HEIDE.account_id, "referenceId": "b"},
        account("c", {}),
    ]
    payload = {"graphs": [{"graphId": "g", "compositeRequest": nodes}]}
    assert not only(sf("POST", GRAPH, payload))[0]
    key = "BusbarReference__c"
    assert sorted(salesforce.records("Account"), key=lambda r: str(r["Id"])) == sorted(
        before, key=lambda r: str(r["Id"])
    )
    assert sf("GET", f"{url}{key}/{sample.HEIDE.reference}").status == 200


def test_should_fail_a_second_upsert_of_the_same_order_because_items_cannot_move(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    sf("POST", GRAPH, order_graph())
    successful, nodes = only(sf("POST", GRAPH, order_graph()))
    assert not successful
    assert nodes[1]["body"][0]["errorCode"] == "INVALID_FIELD_FOR_INSERT_UPDATE"
    assert len(salesforce.records("Order")) == 1


def test_should_keep_graphs_apart(sf: Caller, salesforce: SalesforceSimulator) -> None:
    graphs = [
        {"graphId": "good", "compositeRequest": [account("a", {"Name": "Gut"})]},
        {"graphId": "bad", "compositeRequest": [account("a", {})]},
    ]
    answers = sf("POST", GRAPH, {"graphs": graphs}).json()["graphs"]
    assert [a["isSuccessful"] for a in answers] == [True, False]
    assert "Gut" in {a["Name"] for a in salesforce.records("Account")}


def test_should_halt_after_14_failed_graphs(sf: Caller, salesforce: SalesforceSimulator) -> None:
    bad = [{"graphId": f"g{i}", "compositeRequest": [account("a", {})]} for i in range(14)]
    last = {"graphId": "last", "compositeRequest": [account("a", {"Name": "Zuletzt"})]}
    answers = sf("POST", GRAPH, {"graphs": [*bad, last]}).json()["graphs"]
    assert not answers[-1]["isSuccessful"]
    assert "Zuletzt" not in {a["Name"] for a in salesforce.records("Account")}


def test_should_lock_the_named_row_of_a_graph_and_roll_back(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    salesforce.add_fault(Fault("lock_row", operation="run_graph", number=2))
    successful, nodes = only(sf("POST", GRAPH, order_graph()))
    assert not successful
    assert nodes[1]["body"][0]["errorCode"] == "UNABLE_TO_LOCK_ROW"
    assert salesforce.records("Order") == []
    assert only(sf("POST", GRAPH, order_graph()))[0]


@pytest.mark.parametrize(
    "node",
    [
        {"method": "GET", "url": f"{BASE}/query?q=x", "referenceId": "a"},
        {"method": "PUT", "url": f"{BASE}/sobjects/Account", "referenceId": "a"},
        account("a", {"Name": "@{nobody.id}"}),
    ],
)
def test_should_fail_a_node_that_a_graph_cannot_have(sf: Caller, node: dict[str, Any]) -> None:
    payload = {"graphs": [{"graphId": "g", "compositeRequest": [node]}]}
    successful, nodes = only(sf("POST", GRAPH, payload))
    assert not successful
    assert nodes[0]["httpStatusCode"] in {400, 405}


@pytest.mark.parametrize(
    "payload",
    [
        [],
        {"graphs": []},
        {"graphs": [{"compositeRequest": []}]},
        {"graphs": [{"graphId": "g", "compositeRequest": []}]},
        {"graphs": [{"graphId": "g", "compositeRequest": [{"referenceId": "1a"}]}]},
        {"graphs": [{"graphId": "g", "compositeRequest": [account("a", {}), account("a", {})]}]},
        {"graphs": [{"graphId": "g", "compositeRequest": [account("a", {})]}] * 76},
        {
            "graphs": [
                {"graphId": "g"} | {"compositeRequest": [account(f"a{i}", {}) for i in range(501)]}
            ]
        },
    ],
)
def test_should_refuse_a_malformed_request(sf: Caller, payload: object) -> None:
    answer = sf("POST", GRAPH, payload)
    assert answer.status == 400
    assert answer.json()[0]["errorCode"] == "JSON_PARSER_ERROR"


def test_should_fill_references_inside_urls_and_texts(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    nodes = [
        account("a", {"Name": "Neu"}),
        {"method": "PATCH", "url": f"{BASE}/sobjects/Account/@{{a.id}}", "referenceId": "b"}
        | {"body": {"CustomerNumber__c": "K-@{a.id}"}},
        {"method": "POST", "url": f"{BASE}/sobjects/Order", "referenceId": "c"}
        | {"body": any_order(AccountId="@{a.id}")},
    ]
    assert only(sf("POST", GRAPH, {"graphs": [{"graphId": "g", "compositeRequest": nodes}]}))[0]
    new = next(a for a in salesforce.records("Account") if a["Name"] == "Neu")
    assert new["CustomerNumber__c"] == f"K-{new['Id']}"
    assert salesforce.records("Order")[0]["AccountId"] == new["Id"]
