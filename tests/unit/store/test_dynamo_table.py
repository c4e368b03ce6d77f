"""What only DynamoDB does: types on the wire, unprocessed keys, conflicts among refusals."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import ANY, Stubber
from hypothesis import given
from hypothesis import strategies as st

from busbar.errors import Conflict, StoreUnavailable
from busbar.store.table import (
    WRITE_ID,
    Absent,
    DynamoTable,
    Item,
    Scalar,
    Write,
    from_wire,
    to_wire,
)
from tests.unit.store.tables import NAME, dynamo, dynamo_client, item, key

SCALARS: st.SearchStrategy[Scalar] = st.one_of(
    st.text(), st.integers(-(10**37), 10**37), st.booleans(), st.binary()
)
ONE = [Write(key(1), item(1))]
TWO = [*ONE, Write(key(2), item(2))]


# The mark of a write is the table's own, and is left out where an item is read.
NAMES = st.text(min_size=1).filter(lambda name: name != WRITE_ID)


@given(st.dictionaries(NAMES, SCALARS))
def test_should_read_back_from_the_wire_what_was_written(written: Item) -> None:
    read = from_wire(to_wire(written))
    assert read == written
    assert {k: type(v) for k, v in read.items()} == {k: type(v) for k, v in written.items()}


@pytest.mark.parametrize(
    "value", [{"L": []}, {"M": {}}, {"NULL": True}, {"SS": ["a"]}, {"NS": ["1"]}, {"N": "1.5"}]
)
def test_should_refuse_types_that_we_never_write(value: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"type|int"):
        from_wire({"any": value})


CONSISTENT = {"ConsistentRead": True}


def stubbed(stub: Stubber) -> DynamoTable:
    return DynamoTable(stub.client, NAME)


def asked(*numbers: int) -> dict[str, Any]:
    keys = [{"pk": {"S": key(n).pk}, "sk": {"S": key(n).sk}} for n in numbers]
    return {"RequestItems": {NAME: {"Keys": keys}}}


def answer(found: list[int], unprocessed: list[int]) -> dict[str, Any]:
    left = asked(*unprocessed)["RequestItems"] if unprocessed else {}
    return {"Responses": {NAME: [to_wire(item(n)) for n in found]}, "UnprocessedKeys": left}


def test_should_ask_again_for_what_dynamodb_left_unprocessed() -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_response("batch_get_item", answer([1], [2, 3]), asked(1, 2, 3))
        stub.add_response("batch_get_item", answer([], [2, 3]), asked(2, 3))
        stub.add_response("batch_get_item", answer([3], []), asked(2, 3))
        assert stubbed(stub).get_many([key(1), key(2), key(3)]) == {
            key(1): item(1),
            key(3): item(3),
        }
        stub.assert_no_pending_responses()


def test_should_put_unprocessed_keys_behind_the_next_batch_of_at_most_100() -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_response("batch_get_item", answer([0], [1]), asked(*range(100)))
        stub.add_response("batch_get_item", answer([100, 1], []), asked(100, 1))
        found = stubbed(stub).get_many([key(n) for n in range(101)])
        assert sorted(found) == [key(0), key(1), key(100)]


def test_should_read_consistently_also_what_was_left_unprocessed() -> None:
    def sure(*numbers: int) -> dict[str, Any]:
        return {"RequestItems": {NAME: {**asked(*numbers)["RequestItems"][NAME], **CONSISTENT}}}

    with Stubber(dynamo_client()) as stub:
        stub.add_response("batch_get_item", answer([1], [2]), sure(1, 2))
        stub.add_response("batch_get_item", answer([2], []), sure(2))
        found = stubbed(stub).get_many([key(1), key(2)], consistent=True)
        assert sorted(found) == [key(1), key(2)]


def refused(code: str, *reasons: str | None) -> dict[str, Any]:
    parts = [{"Code": r} if r else {"Code": "None"} for r in reasons]
    more = {"CancellationReasons": parts} if parts else {}
    return {"service_error_code": code, "modeled_fields": more}


CONFLICTS = [
    ("put_item", ONE, refused("ConditionalCheckFailedException")),
    ("put_item", ONE, refused("TransactionConflictException")),
    (
        "transact_write_items",
        TWO,
        refused("TransactionCanceledException", "ConditionalCheckFailed", None),
    ),
    (
        "transact_write_items",
        TWO,
        refused("TransactionCanceledException", None, "TransactionConflict"),
    ),
    (
        "transact_write_items",
        TWO,
        refused("TransactionCanceledException", "TransactionConflict", "ConditionalCheckFailed"),
    ),
]
FAILURES = [
    ("put_item", ONE, refused("ProvisionedThroughputExceededException")),
    ("put_item", ONE, refused("ThrottlingException")),
    ("put_item", ONE, refused("ItemCollectionSizeLimitExceededException")),
    ("put_item", ONE, refused("AccessDeniedException")),
    ("transact_write_items", TWO, refused("TransactionCanceledException", "ThrottlingError", None)),
    (
        "transact_write_items",
        TWO,
        refused("TransactionCanceledException", "ProvisionedThroughputExceeded", None),
    ),
    (
        "transact_write_items",
        TWO,
        refused("TransactionCanceledException", "ConditionalCheckFailed", "ThrottlingError"),
    ),
    ("transact_write_items", TWO, refused("TransactionCanceledException", None, "ValidationError")),
    ("transact_write_items", TWO, refused("TransactionCanceledException")),
    ("transact_write_items", TWO, refused("TransactionInProgressException")),
]


@pytest.mark.parametrize(("operation", "writes", "refusal"), CONFLICTS)
def test_should_call_it_a_conflict_when_somebody_else_was_faster(
    operation: str, writes: list[Write], refusal: dict[str, Any]
) -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_client_error(operation, **refusal)
        with pytest.raises(Conflict, match="org#thing#001"):
            stubbed(stub).write(writes)


@pytest.mark.parametrize(("operation", "writes", "refusal"), FAILURES)
def test_should_not_call_it_a_conflict_when_dynamodb_only_has_no_room(
    operation: str, writes: list[Write], refusal: dict[str, Any]
) -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_client_error(operation, **refusal)
        with pytest.raises((ClientError, StoreUnavailable)):
            stubbed(stub).write(writes)


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("ProvisionedThroughputExceededException", 400),
        ("ThrottlingException", 400),
        ("RequestLimitExceeded", 400),
        ("InternalServerError", 500),
        ("ServiceUnavailable", 503),
    ],
)
@pytest.mark.parametrize("operation", ["get_item", "batch_get_item", "query", "put_item"])
def test_should_say_that_the_table_is_unavailable_when_it_passes_by_itself(
    operation: str, code: str, status: int
) -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_client_error(operation, service_error_code=code, http_status_code=status)
        table = stubbed(stub)
        calls: dict[str, Callable[[], object]] = {
            "get_item": lambda: table.get(key()),
            "batch_get_item": lambda: table.get_many([key()]),
            "query": lambda: table.query("list", "p", newest_first=True, limit=1),
            "put_item": lambda: table.write(ONE),
        }
        with pytest.raises(StoreUnavailable, match=code):
            calls[operation]()


def test_should_not_ask_for_ever_for_what_stays_unprocessed() -> None:
    with Stubber(dynamo_client()) as stub:
        for _ in range(20):
            stub.add_response("batch_get_item", answer([], [1]))
        with pytest.raises(StoreUnavailable):
            stubbed(stub).get_many([key(1)])


class AnswerLost:
    """A client whose answer to a put never comes: botocore sends the very same call again."""

    def __init__(self, client: Any) -> None:
        self._client = client

    def put_item(self, **call: Any) -> Any:
        """Put twice; only the second answer is seen."""
        self._client.put_item(**call)
        return self._client.put_item(**call)


def test_should_know_its_own_write_again_when_the_answer_was_lost() -> None:
    with dynamo() as client:
        DynamoTable(AnswerLost(client), NAME).write([Write(key(1), item(1), Absent())])
        assert DynamoTable(client, NAME).get(key(1)) == item(1)


def test_should_not_take_the_same_write_of_another_worker_for_its_own() -> None:
    with dynamo() as client:
        DynamoTable(client, NAME).write([Write(key(1), item(1), Absent())])
        with pytest.raises(Conflict):
            DynamoTable(client, NAME).write([Write(key(1), item(1), Absent())])


def test_should_delete_with_one_call_and_no_condition() -> None:
    with Stubber(dynamo_client()) as stub:
        stub.add_response("delete_item", {}, {"TableName": NAME, "Key": ANY})
        stubbed(stub).write([Write(key(), None)])


def test_should_read_consistently() -> None:
    with Stubber(dynamo_client()) as stub:
        expected = {"TableName": NAME, "Key": ANY, "ConsistentRead": True}
        stub.add_response("get_item", {"Item": to_wire(item())}, expected)
        assert stubbed(stub).get(key()) == item()
