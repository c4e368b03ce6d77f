"""Reads one shard of a table's stream by the public API, from the oldest record on."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import ClientError

from infra.local.stream_batch import Record


class Shard:
    """A place in one shard. `read` does not move it, `move_past` does."""

    def __init__(self, streams: Any, stream_arn: str, shard_id: str) -> None:
        self._streams = streams
        self._arn = stream_arn
        self.id = shard_id
        self._after: str | None = None
        self._iterator: str | None = None
        self._next: str | None = None

    def read(self, most: int) -> list[Record]:
        """The next records, in Lambda's shape."""
        iterator = self._iterator or self._new_iterator()
        try:
            page = self._streams.get_records(ShardIterator=iterator, Limit=most)
        except ClientError:
            self._iterator = None  # Iterators live 15 minutes; the next pass asks for a new one.
            raise
        self._iterator, self._next = iterator, page.get("NextShardIterator")
        if not page["Records"]:
            self._iterator = self._next
        return [as_event(r, self._arn) for r in page["Records"]]

    def move_past(self, records: list[Record]) -> None:
        """These records, which `read` gave, are done."""
        self._after = records[-1]["dynamodb"]["SequenceNumber"]
        self._iterator = self._next

    def _new_iterator(self) -> str:
        start = (
            {"ShardIteratorType": "AFTER_SEQUENCE_NUMBER", "SequenceNumber": self._after}
            if self._after
            else {"ShardIteratorType": "TRIM_HORIZON"}
        )
        answer = self._streams.get_shard_iterator(StreamArn=self._arn, ShardId=self.id, **start)
        return str(answer["ShardIterator"])


def as_event(record: Mapping[str, Any], stream_arn: str) -> Record:
    """A record as Lambda hands it on: binary as base64, times as seconds."""
    plain = json.loads(json.dumps(record, default=_plain))
    return {**plain, "eventSource": "aws:dynamodb", "eventSourceARN": stream_arn}


def _plain(value: object) -> object:
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, datetime):
        return value.timestamp()
    raise TypeError(f"{type(value).__name__} in a stream record")
