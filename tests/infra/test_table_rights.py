"""What functions may do with the table is what the store does with it: no call more, and none less.

The deploy check holds roles to a list; here that list is held to the calls of the code.
"""

from __future__ import annotations

from typing import Any

from busbar.store.keys import Key
from busbar.store.table import Absent, AbsentOrHolds, DynamoTable, Holds, Write
from infra.constructs.grants import READS, WRITES

A, B, C = (Key(name, "A") for name in "abc")


class Noted:
    """DynamoDB, which notes what it is asked: a transaction as the calls that it is made of."""

    def __init__(self) -> None:
        self.calls: set[str] = set()

    def get_item(self, **_: Any) -> dict[str, Any]:
        return self._noted("GetItem")

    def batch_get_item(self, **_: Any) -> dict[str, Any]:
        return self._noted("BatchGetItem", Responses={})

    def query(self, **_: Any) -> dict[str, Any]:
        return self._noted("Query", Items=[])

    def put_item(self, **_: Any) -> dict[str, Any]:
        return self._noted("PutItem")

    def delete_item(self, **_: Any) -> dict[str, Any]:
        return self._noted("DeleteItem")

    def transact_write_items(self, TransactItems: list[dict[str, Any]]) -> None:  # noqa: N803
        for part in TransactItems:
            ((kind, _),) = part.items()
            self._noted("ConditionCheckItem" if kind == "ConditionCheck" else f"{kind}Item")

    def _noted(self, call: str, **answer: Any) -> dict[str, Any]:
        self.calls.add(f"dynamodb:{call}")
        return answer


def read_all(table: DynamoTable) -> None:
    """Every read that there is."""
    table.get(A)
    table.get_many([A, B], consistent=True)
    table.query("list", "any", newest_first=True, limit=1)
    table.rows("any")


def test_should_grant_the_calls_of_the_store_and_no_other() -> None:
    reader, writer = Noted(), Noted()
    read_all(DynamoTable(reader, "any"))
    table = DynamoTable(writer, "any")
    conditions = (None, Absent(), Holds("version", 1), AbsentOrHolds("bound_to", "x"))
    for condition in conditions:
        put, drop = Write(A, {"pk": "a", "sk": "A"}, condition), Write(B, None, condition)
        table.write([put])
        table.write([drop])
        table.write([put, drop, Write(C, {"pk": "c", "sk": "A"}, condition)])
    assert reader.calls == set(READS)
    assert writer.calls == set(WRITES)
