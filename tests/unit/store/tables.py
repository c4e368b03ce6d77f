"""The two tables that one contract suite runs against, and items in which little matters."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from busbar.store.keys import Key
from busbar.store.table import DynamoTable, Item, Scalar, Table
from tests.doubles.memory_table import MemoryTable

NAME = "busbar"


@cache
def dynamo_client() -> Any:
    """A client that reaches nobody. Made once: it takes longer than a test."""
    session = boto3.Session(
        aws_access_key_id="none", aws_secret_access_key="none", region_name="eu-central-1"
    )
    return session.client("dynamodb")


def _index(name: str, sort_key: str) -> Any:
    return {
        "IndexName": name,
        "KeySchema": [
            {"AttributeName": f"{name}_pk", "KeyType": "HASH"},
            {"AttributeName": sort_key, "KeyType": "RANGE"},
        ],
        "Projection": {"ProjectionType": "KEYS_ONLY"},
    }


@contextmanager
def dynamo() -> Iterator[Any]:
    """A client of a table as `infra/constructs/table.py` makes it, on moto."""
    with mock_aws():
        client = dynamo_client()
        names = ("pk", "sk", "list_pk", "list_sk", "due_pk", "due_at")
        client.create_table(
            TableName=NAME,
            BillingMode="PAY_PER_REQUEST",
            AttributeDefinitions=[{"AttributeName": n, "AttributeType": "S"} for n in names],
            KeySchema=[
                {"AttributeName": "pk", "KeyType": "HASH"},
                {"AttributeName": "sk", "KeyType": "RANGE"},
            ],
            GlobalSecondaryIndexes=[_index("list", "list_sk"), _index("due", "due_at")],
        )
        yield client


@contextmanager
def a_table(kind: str) -> Iterator[Table]:
    """The table of this kind."""
    if kind == "memory":
        yield MemoryTable()
        return
    with dynamo() as client:
        yield DynamoTable(client, NAME)


def key(number: int = 1) -> Key:
    """A key."""
    return Key(f"org#thing#{number:03d}", "A")


def item(number: int = 1, **values: Scalar) -> Item:
    """An item at `key(number)`."""
    return {"pk": key(number).pk, "sk": key(number).sk, **values}


def listed(number: int, sort: str, partition: str = "org#thing#all") -> Item:
    """An item that stands in the list index."""
    return item(number, list_pk=partition, list_sk=sort, body=b"not in the index")
