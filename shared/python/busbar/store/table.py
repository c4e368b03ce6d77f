"""The table as four operations. `DynamoTable` is the real one; the tests have one in memory.

An item is a flat mapping of text, whole numbers, booleans and bytes. A write replaces whole items:
nothing is updated in place, so the cost and the outcome of every write are known beforehand.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from botocore.exceptions import ClientError

from busbar.errors import Conflict
from busbar.store.keys import Key

Scalar = str | int | bool | bytes
Item = dict[str, Scalar]

TRANSACTION_LIMIT = 100
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

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """Read any number of items, eventually consistent; missing ones are left out."""
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

    def write(self, writes: Sequence[Write]) -> None:
        """All or none. Raises `Conflict` if a condition does not hold."""
        ...


def to_wire(item: Mapping[str, Scalar]) -> dict[str, Any]:
    """An item in DynamoDB's JSON."""
    return {name: _wire_value(value) for name, value in item.items()}


def from_wire(item: Mapping[str, Any]) -> Item:
    """An item out of DynamoDB's JSON. Raises `ValueError` on a type that we never write."""
    return {name: _plain_value(value) for name, value in item.items()}


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
        answer = self._client.get_item(TableName=self._name, Key=_key(key), ConsistentRead=True)
        return from_wire(answer["Item"]) if "Item" in answer else None

    def get_many(self, keys: Sequence[Key]) -> dict[Key, Item]:
        """BatchGetItem; keys that DynamoDB leaves unprocessed are asked for again."""
        found: dict[Key, Item] = {}
        waiting = [_key(key) for key in dict.fromkeys(keys)]
        while waiting:
            batch, waiting = waiting[:BATCH_GET_LIMIT], waiting[BATCH_GET_LIMIT:]
            answer = self._client.batch_get_item(RequestItems={self._name: {"Keys": batch}})
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
        answer = self._client.query(
            TableName=self._name,
            IndexName=index,
            KeyConditionExpression=expression,
            ExpressionAttributeNames=names,
            ExpressionAttributeValues=values,
            ScanIndexForward=not newest_first,
            Limit=limit,
            **arguments,
        )
        last = answer.get("LastEvaluatedKey")
        following = {k: str(v) for k, v in from_wire(last).items()} if last else None
        return [from_wire(item) for item in answer["Items"]], following

    def write(self, writes: Sequence[Write]) -> None:
        """PutItem or DeleteItem for one write, TransactWriteItems for several."""
        try:
            if len(writes) == 1:
                self._write_one(writes[0])
            elif writes:
                self._client.transact_write_items(TransactItems=[self._part(w) for w in writes])
        except ClientError as error:
            if _is_conflict(error):
                raise Conflict(", ".join(w.key.pk for w in writes)) from None
            raise

    def _write_one(self, write: Write) -> None:
        condition = _conditions(write.condition)
        if write.item is None:
            self._client.delete_item(TableName=self._name, Key=_key(write.key), **condition)
        else:
            self._client.put_item(TableName=self._name, Item=to_wire(write.item), **condition)

    def _part(self, write: Write) -> dict[str, Any]:
        condition = {"TableName": self._name, **_conditions(write.condition)}
        if write.item is None:
            return {"Delete": {"Key": _key(write.key), **condition}}
        return {"Put": {"Item": to_wire(write.item), **condition}}


def _is_conflict(error: ClientError) -> bool:
    code = error.response["Error"]["Code"]
    if code == "TransactionCanceledException":
        reasons = {
            reason.get("Code") for reason in error.response.get("CancellationReasons", [])
        } - {"None", None}
        return bool(reasons) and reasons <= {"ConditionalCheckFailed", "TransactionConflict"}
    return code in {"ConditionalCheckFailedException", "TransactionConflictException"}
