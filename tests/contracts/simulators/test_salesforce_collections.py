from __future__ import annotations

import threading
import time
from typing import Any

import pytest

from infra.simulators import sample
from infra.simulators.faults import Fault
from infra.simulators.salesforce import SalesforceSimulator
from tests.contracts.simulators.any_values import BASE, Caller, TurnedClock, any_salesforce

ROWS = f"{BASE}/composite/sobjects"
ASSETS = [card.asset_id for card in sample.cards(20)]


def record(number: int, **fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Asset"}, "id": ASSETS[number], **fields}


def payload(*records: Any, all_or_none: Any = False) -> dict[str, Any]:
    return {"allOrNone": all_or_none, "records": list(records)}


def labels(salesforce: SalesforceSimulator) -> list[Any]:
    return [row["CardLabel__c"] for row in salesforce.records("Asset")[:3]]


def codes(results: Any) -> list[str]:
    return [r["errors"][0]["statusCode"] if r["errors"] else "" for r in results]


def test_should_write_rows_and_answer_for_each_in_their_order(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    answer = sf("PATCH", ROWS, payload(record(1, CardLabel__c="b"), record(0, CardLabel__c="a")))
    assert answer.status == 200
    assert answer.json() == [
        {"id": ASSETS[1], "success": True, "errors": []},
        {"id": ASSETS[0], "success": True, "errors": []},
    ]
    assert labels(salesforce) == ["a", "b", None]


def test_should_write_the_others_when_one_fails(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    salesforce.org.rows.put("Asset", ASSETS[3], None)
    answer = sf(
        "PATCH",
        ROWS,
        payload(
            record(0, CardLabel__c="x" * 256),
            record(1, CardLabel__c="b"),
            record(3, CardLabel__c="c"),
            {"attributes": {"type": "Asset"}, "CardLabel__c": "d"},
        ),
    )
    assert codes(answer.json()) == ["STRING_TOO_LONG", "", "ENTITY_IS_DELETED", "MISSING_ARGUMENT"]
    assert answer.json()[0]["errors"][0]["fields"] == ["CardLabel__c"]
    assert labels(salesforce) == [None, "b", None]


def test_should_roll_all_back_where_it_is_all_or_none(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    rows = (record(0, CardLabel__c="a"), record(1, CardLabel__c="x" * 256))
    answer = sf("PATCH", ROWS, payload(*rows, all_or_none=True))
    assert codes(answer.json()) == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "STRING_TOO_LONG"]
    assert labels(salesforce) == [None, None, None]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        (payload(*(record(0) for _ in range(201))), "EXCEEDED_ID_LIMIT"),
        ({"records": {}}, "JSON_PARSER_ERROR"),
        (payload("no object"), "JSON_PARSER_ERROR"),
        (payload(record(0), all_or_none="true"), "JSON_PARSER_ERROR"),
        (payload({"id": ASSETS[0], "CardLabel__c": "a"}), "INVALID_INPUT"),
        (
            payload(*(record(0) | {"attributes": {"type": f"T{n}"}} for n in range(11))),
            "INVALID_INPUT",
        ),
    ],
    ids=["201", "no list", "no object", "no boolean", "no type", "chunks"],
)
def test_should_refuse_the_whole_call_where_its_shape_is_wrong(
    sf: Caller, salesforce: SalesforceSimulator, body: Any, code: str
) -> None:
    answer = sf("PATCH", ROWS, body)
    assert (answer.status, answer.json()[0]["errorCode"]) == (400, code)
    assert labels(salesforce) == [None, None, None]


def test_should_take_200_rows(sf: Caller) -> None:
    rows = [record(n % 20, CardLabel__c=str(n)) for n in range(200)]
    assert all(r["success"] for r in sf("PATCH", ROWS, payload(*rows)).json())


def test_should_find_the_row_locked_that_a_fault_names(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    salesforce.add_fault(Fault("lock_row", operation="update_rows", number=2))
    rows = [record(n, CardLabel__c="a") for n in range(3)]
    assert codes(sf("PATCH", ROWS, payload(*rows)).json()) == ["", "UNABLE_TO_LOCK_ROW", ""]
    assert labels(salesforce) == ["a", None, "a"]


def test_should_read_rows_in_the_order_of_the_ids_with_null_for_those_that_are_not_there(
    sf: Caller, salesforce: SalesforceSimulator
) -> None:
    salesforce.org.rows.put("Asset", ASSETS[1], None)
    ids = ",".join([ASSETS[2], ASSETS[1], "nonsense", ASSETS[0][:15]])
    answer = sf("GET", f"{ROWS}/Asset?ids={ids}&fields=Id,SerialNumber")
    found = [row and (row["Id"], row["SerialNumber"]) for row in answer.json()]
    cards = sample.cards(3)
    assert found == [(ASSETS[2], cards[2].number), None, None, (ASSETS[0], cards[0].number)]


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("fields=Id", 400),
        (f"ids={ASSETS[0]}", 400),
        (f"ids={ASSETS[0]}&fields=Nonsense__c", 400),
        ("ids=" + ",".join(ASSETS * 45) + "&fields=Id", 414),
    ],
    ids=["no ids", "no fields", "unknown field", "too long"],
)
def test_should_refuse_a_read_that_is_wrong(sf: Caller, query: str, status: int) -> None:
    assert sf("GET", f"{ROWS}/Asset?{query}").status == status


# --- locks -------------------------------------------------------------------------------------


def both(sf: Caller, first: Any, second: Any) -> list[list[str]]:
    """Two calls at the same time: what came of their rows, in no order."""
    results: list[list[str]] = []

    def call(body: Any) -> None:
        results.append(codes(sf("PATCH", ROWS, body).json()))

    threads = [threading.Thread(target=call, args=(body,)) for body in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(results)


@pytest.fixture
def slow(salesforce: SalesforceSimulator) -> SalesforceSimulator:
    """A row keeps its account for a while."""
    salesforce.org.locks.row_seconds = 0.25
    return salesforce


@pytest.mark.usefixtures("slow")
def test_should_let_a_call_wait_that_writes_to_the_same_account_at_the_same_time(
    sf: Caller,
) -> None:
    began = time.monotonic()
    found = both(sf, payload(record(0, CardLabel__c="a")), payload(record(1, CardLabel__c="b")))
    assert found == [[""], [""]]
    assert time.monotonic() - began >= 0.5, "both were answered as if the other were not there"
    counted = sf("GET", "/_sim/locks").json()
    assert 0 < counted.pop("longest_wait") <= 0.25
    knobs = {"row_seconds": 0.25, "wait_seconds": 10}
    assert counted == {"written": 2, "waited": 1, "refused": 0, **knobs}


def test_should_refuse_a_call_whose_account_is_locked_for_too_long(
    sf: Caller, slow: SalesforceSimulator
) -> None:
    slow.org.locks.wait_seconds = 0.0
    found = both(sf, payload(record(0, CardLabel__c="a")), payload(record(1, CardLabel__c="b")))
    assert found == [[""], ["UNABLE_TO_LOCK_ROW"]]
    counted = sf("GET", "/_sim/locks").json()
    assert (counted["written"], counted["waited"], counted["refused"]) == (1, 0, 1)


def test_should_let_calls_to_different_accounts_pass(sf: Caller, slow: SalesforceSimulator) -> None:
    slow.org.change("Asset", ASSETS[1], AccountId=sample.ELBE.account_id)
    found = both(sf, payload(record(0, CardLabel__c="a")), payload(record(1, CardLabel__c="b")))
    assert found == [[""], [""]]


@pytest.mark.usefixtures("slow")
def test_should_let_one_call_write_many_rows_of_an_account_and_the_next_one_too(
    sf: Caller,
) -> None:
    for _ in range(2):
        rows = (record(0, CardLabel__c="a"), record(1, CardLabel__c="b"))
        assert codes(sf("PATCH", ROWS, payload(*rows)).json()) == ["", ""]


def test_should_have_its_locks_set_from_outside(clock: TurnedClock) -> None:
    salesforce = any_salesforce(clock)
    call = Caller(salesforce)
    assert call("POST", "/_sim/locks", {"row_seconds": 0.01}).status == 204
    assert salesforce.org.locks.row_seconds == 0.01
    assert call("POST", "/_sim/locks", {"wait_seconds": 2}).status == 204
    assert (salesforce.org.locks.row_seconds, salesforce.org.locks.wait_seconds) == (0.01, 2.0)
    for wrong in ({"row_seconds": -1}, {"wait_seconds": 61}, {"wait_seconds": "long"}, {"else": 1}):
        assert call("POST", "/_sim/locks", wrong).status == 400
