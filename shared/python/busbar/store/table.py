"""The table as four operations. `DynamoTable` is the real one; the tests have one in memory.

An item is a flat mapping of text, whole numbers, booleans and bytes. A write replaces whole items:
nothing is updated in place, so the cost and the outcome of every write are known beforehand.
"""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError  # noqa: A004

from busbar.errors import Conflict, StoreUnavailable
from busbar.store.keys import Key

Scalar = str | int | bool | bytes
Item = dict[str, Scalar]

TRANSACTION_LIMIT = 100
WRITE_ID = "write_id"
"""Attribute of the table's own: tells a write that met itself from one that met another."""
UNPROCESSED_ROUNDS = 5
THROTTLED = frozenset(
    {
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "ThrottlingError",
        "ThrottlingException",
        "ProvisionedThroughputExceeded",
        "TransactionInProgressException",
        "LimitExceededException",
    }
)
BATCH_GET_LIMIT = 100


@dataclass(frozen=True)
class Absent:
    """The item must not exist."""


@dataclass(frozen=True)
class Holds:
    """The item must exist with this value of one attribute."""

    attribute: str
    value: Scalar


@dataclass(frozen=True)
class AbsentOrHolds:
    """The item must not exist, or hold this value of one attribute."""

    attribute: str
    value: Scalar


Condition = Absent | Holds | AbsentOrHolds | None


@dataclass(frozen=True)
class Write:
    """Put `item` at `key`, or delete what is there if `item` is None, under a condition."""

    key: Key
    item: Item | None
    condition: Condition = None


class Table(Protocol):
    """One table with the sparse indexes `list` and `due`."""

    def get(self, key: Key) -> Item | None:
        """Read one item, consistently."""
        ...

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """Read any number of items; missing ones are left out."""
        ...

    def query(
        self,
        index: str,
        partition: str,
        *,
        newest_first: bool,
        limit: int,
        until: str | None = None,
        start: Mapping[str, str] | None = None,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Keys of one index partition in sort order; `until` bounds the sort key, inclusive."""
        ...

    def rows(
        self,
        partition: str,
        *,
        begins: str = "",
        limit: int = 1000,
        start: Mapping[str, str] | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Whole items of one partition of the table itself, in the order of their sort keys."""
        ...

    def write(self, writes: Sequence[Write]) -> None:
        """All or none. Raises `Conflict` if a condition does not hold."""
        ...


def to_wire(item: Mapping[str, Scalar]) -> dict[str, Any]:
    """An item in DynamoDB's JSON."""
    return {name: _wire_value(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """An item out of DynamoDB's JSON. Raises `ValueError` on a type that we never write."""
    return {name: _plain_value(value) for name, value in item.items() if name != WRITE_ID}


def _wire_value(value: Scalar) -> dict[str, Any]:
    if isinstance(value, bool):  # before int: a bool is one
        return {"BOOL": value}
    if isinstance(value, int):
        return {"N": str(value)}
    if isinstance(value, bytes):
        return {"B": value}
    return {"S": value}


def _plain_value(value: Mapping[str, Any]) -> Scalar:
    ((kind, raw),) = value.items()
    if kind == "N":
        return int(raw)
    if kind in {"S", "B", "BOOL"}:
        plain: Scalar = bytes(raw) if kind == "B" else raw
        return plain
    raise ValueError(f"the table holds no attributes of type {kind}")


def _conditions(condition: Condition) -> dict[str, Any]:
    if condition is None:
        return {}
    if isinstance(condition, Absent):
        return {
            "ConditionExpression": "attribute_not_exists(#pk)",
            "ExpressionAttributeNames": {"#pk": "pk"},
        }
    names = {"#a": condition.attribute}
    expression = "#a = :v"
    if isinstance(condition, AbsentOrHolds):
        names["#pk"] = "pk"
        expression = "attribute_not_exists(#pk) OR #a = :v"
    return {
        "ConditionExpression": expression,
        "ExpressionAttributeNames": names,
        "ExpressionAttributeValues": {":v": _wire_value(condition.value)},
    }


def _key(key: Key) -> dict[str, Any]:
    return {"pk": {"S": key.pk}, "sk": {"S": key.sk}}


INDEX_KEYS = {"list": ("list_pk", "list_sk"), "due": ("due_pk", "due_at")}


class DynamoTable:
    """The table in DynamoDB."""

    def __init__(self, client: Any, name: str) -> None:
        self._client = client
        self._name = name

    def get(self, key: Key) -> Item | None:
        """GetItem, consistent."""
        with _asking():
            answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """BatchGetItem; keys that DynamoDB leaves unprocessed are asked for again."""
        found: dict[Key, Item] = {}
        waiting = [_key(key) for key in dict.fromkeys(keys)]
        rounds = math.ceil(len(waiting) / BATCH_GET_LIMIT) + UNPROCESSED_ROUNDS
        how: dict[str, Any] = {"ConsistentRead": True} if consistent else {}
        while waiting:
            rounds -= 1
            if rounds < 0:
                raise StoreUnavailable("BatchGetItem leaves keys unprocessed")
            batch, waiting = waiting[:BATCH_GET_LIMIT], waiting[BATCH_GET_LIMIT:]
            with _asking():
                answer = self._client.batch_get_item(
                    RequestItems={self._name: {"Keys": batch, **how}}
                )
            for raw in answer["Responses"].get(self._name, []):
                item = from_wire(raw)
                found[Key(str(item["pk"]), str(item["sk"]))] = item
            waiting += answer.get("UnprocessedKeys", {}).get(self._name, {}).get("Keys", [])
        return found

    def query(
        self,
        index: str,
        partition: str,
        *,
        newest_first: bool,
        limit: int,
        until: str | None = None,
        start: Mapping[str, str] | None = None,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Query of an index."""
        pk, sk = INDEX_KEYS[index]
        expression, names, values = "#p = :p", {"#p": pk}, {":p": {"S": partition}}
        if until is not None:
            expression += " AND #s <= :s"
            names["#s"] = sk
            values[":s"] = {"S": until}
        arguments: dict[str, Any] = {}
        if start:
            arguments["ExclusiveStartKey"] = to_wire(start)
        return self._query(
            IndexName=index,
            KeyConditionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **arguments,
        )

    def rows(
        self,
        partition: str,
        *,
        begins: str = "",
        limit: int = 1000,
        start: Mapping[str, str] | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """Query of the table itself."""
        expression, names, values = "#p = :p", {"#p": "pk"}, {":p": {"S": partition}}
        if begins:
            expression += " AND begins_with(#s, :s)"
            names["#s"] = "sk"
            values[":s"] = {"S": begins}
        arguments: dict[str, Any] = {"ExclusiveStartKey": to_wire(start)} if start else {}
        return self._query(
            KeyConditionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ConsistentRead=consistent,
            Limit=limit,
            **arguments,
        )

    def _query(self, **call: Any) -> tuple[list[Item], Mapping[str, str] | None]:
        with _asking():
            answer = self._client.query(TableName=self._name, **call)
        last = answer.get("LastEvaluatedKey")
        following = {k: str(v) for k, v in from_wire(last).items()} if last else None
        return [from_wire(item) for item in answer["Items"]], following

    def write(self, writes: Sequence[Write]) -> None:
        """PutItem or DeleteItem for one write, TransactWriteItems for several."""
        write_id = secrets.token_hex(6)
        try:
            with _asking():
                self._send(writes, write_id)
        except ClientError as error:
            if not _is_conflict(error):
                raise
            if len(writes) == 1 and _is_own(error, write_id):
                return
            raise Conflict(", ".join(w.key.pk for w in writes)) from None

    def _send(self, writes: Sequence[Write], write_id: str) -> None:
        if len(writes) == 1:
            self._write_one(writes[0], write_id)
        elif writes:
            self._client.transact_write_items(TransactItems=[self._part(w) for w in writes])

    def _write_one(self, write: Write, write_id: str) -> None:
        condition = _conditions(write.condition)
        if write.item is None:
            self._client.delete_item(TableName=self._name, Key=_key(write.key), **condition)
            return
        if condition:
            condition["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"
        item = to_wire({**write.item, WRITE_ID: write_id})
        self._client.put_item(TableName=self._name, Item=item, **condition)

    def _part(self, write: Write) -> dict[str, Any]:
        condition = {"TableName": self._name, **_conditions(write.condition)}
        if write.item is None:
            return {"Delete": {"Key": _key(write.key), **condition}}
        return {"Put": {"Item": to_wire(write.item), **condition}}


@contextmanager
def _asking() -> Iterator[None]:
    """Turn what passes by itself into `StoreUnavailable`: no answer, throttling, 5xx."""
    try:
        yield
    except ClientError as error:
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
        codes = {error.response["Error"]["Code"], *_reasons(error)}
        if status >= 500 or codes & THROTTLED:
            raise StoreUnavailable(error.response["Error"]["Code"]) from None
        raise
    except (ConnectionError, HTTPClientError) as error:
        raise StoreUnavailable(type(error).__name__) from None


def _is_own(error: ClientError, write_id: str) -> bool:
    """Whether the write failed on itself: its answer was lost and botocore sent it again.

    A transaction carries a token for this; a single write has none.
    """
    there: Any = error.response.get("Item")
    return bool(there) and there.get(WRITE_ID) == {"S": write_id}


def _reasons(error: ClientError) -> set[str]:
    """Why a transaction was cancelled, as codes."""
    raw: Any = error.response.get("CancellationReasons", [])
    return {str(reason.get("Code")) for reason in raw} - {"None"}


def _is_conflict(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons = _reasons(error)
        return bool(reasons) and reasons <= {"ConditionalCheckFailed", "TransactionConflict"}
    return code in {"ConditionalCheckFailedException", "TransactionConflictException"}
