"""Our own event source mapping for DynamoDB streams.

The emulator's own ignores retries, bisecting, partial batches and the failure queue, and after a
restart it skips records. This one reads by the public streams API, always from the oldest record.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from infra.local.clients import LocalClients
from infra.local.shards import Shard
from infra.local.stream_batch import Answer, Record, Rules, deliver
from infra.local.stream_filter import matches

_log = logging.getLogger(__name__)
IDLE_SECONDS = 0.5
"""How long nothing is asked while the emulator reports no news. News is taken up at once."""
PASS_SECONDS = 0.05
"""The least time from one pass to the next, so that under load each finds a batch, as on AWS, and
not a record or two. News after a quiet time is taken up at once all the same."""
MAPPINGS_SECONDS = 1.0
"""How often the mappings are listed anew."""

Mapped = Mapping[str, Any]


class StreamEsm:
    """Feeds functions from table streams. `pause` lets the stream stand still, as it may on AWS."""

    def __init__(self, aws: LocalClients, news: threading.Event) -> None:
        self._aws = aws
        self._news = news
        self._ending = threading.Event()
        self._running = threading.Event()
        self._running.set()
        self._mappings: list[Mapped] = []
        self._listed_at = 0.0
        self._shards: dict[str, list[Shard]] = {}
        self._thread = threading.Thread(target=self._run, name="table streams", daemon=True)

    def start(self) -> None:
        """Begin to poll."""
        self._thread.start()

    def stop(self) -> None:
        """End after the call that is under way."""
        self._ending.set()
        self._running.set()
        self._news.set()
        if self._thread.is_alive():
            self._thread.join(5)

    def alive(self) -> bool:
        """Whether it still polls."""
        return self._thread.is_alive()

    def pause(self) -> None:
        """Deliver nothing until `resume`; records wait in the stream."""
        self._running.clear()

    def resume(self) -> None:
        """Deliver again, from where it stood."""
        self._running.set()
        self._news.set()

    @property
    def paused(self) -> bool:
        """Whether the stream stands still."""
        return not self._running.is_set()

    def forget(self) -> None:
        """Read from the oldest record again, after the emulator was reset."""
        self._shards = {}
        self._listed_at = 0.0

    def _run(self) -> None:
        while not self._ending.is_set():
            self._running.wait()
            self._news.clear()
            following = time.monotonic() + PASS_SECONDS
            try:
                found = self._poll()
            except Exception as raised:  # noqa: BLE001  polling goes on, whatever one pass met
                _log.warning("Polling the table streams failed: %r", raised)
                found = False
            if not found:
                self._news.wait(IDLE_SECONDS)
            self._ending.wait(max(0.0, following - time.monotonic()))

    def _poll(self) -> bool:
        if time.monotonic() - self._listed_at > MAPPINGS_SECONDS:
            listed = self._aws("lambda").list_event_source_mappings()["EventSourceMappings"]
            self._mappings = [m for m in listed if _is_ours(m)]
            self._listed_at = time.monotonic()
        found = [self._read(mapping) for mapping in self._mappings]
        return any(found)

    def _read(self, mapping: Mapped) -> bool:
        shards = self._shards.get(mapping["UUID"]) or self._find_shards(mapping)
        rules = Rules.of(mapping)
        found = False
        for shard in shards:
            records = shard.read(rules.batch_size)
            if records and not self.paused and self._deliver(mapping, shard.id, rules, records):
                shard.move_past(records)
                found = True
        return found

    def _find_shards(self, mapping: Mapped) -> list[Shard]:
        streams, arn = self._aws("dynamodbstreams"), mapping["EventSourceArn"]
        described = streams.describe_stream(StreamArn=arn)["StreamDescription"]["Shards"]
        shards = [Shard(streams, arn, shard["ShardId"]) for shard in described]
        self._shards[mapping["UUID"]] = shards
        return shards

    def _deliver(
        self, mapping: Mapped, shard: str, rules: Rules, records: Sequence[Record]
    ) -> bool:
        patterns = [f["Pattern"] for f in (mapping.get("FilterCriteria") or {}).get("Filters", [])]
        wanted = [r for r in records if matches(r, patterns)]
        return not wanted or deliver(
            wanted,
            rules,
            call=lambda batch: self._call(mapping["FunctionArn"], batch),
            give_up=lambda batch, tried: self._give_up(mapping, shard, batch, tried),
            wait=self._wait,
        )

    def _call(self, function: str, batch: Sequence[Record]) -> Answer:
        answer = self._aws("lambda").invoke(
            FunctionName=function, Payload=json.dumps({"Records": list(batch)})
        )
        return Answer("FunctionError" in answer, json.loads(answer["Payload"].read() or b"null"))

    def _wait(self, tried: int) -> bool:
        return not self._ending.wait(min(2.0, 0.05 * 2**tried)) and not self.paused

    def _give_up(self, mapping: Mapped, shard: str, batch: Sequence[Record], tried: int) -> None:
        target = (mapping.get("DestinationConfig") or {}).get("OnFailure", {}).get("Destination")
        if target:
            queues = self._aws("sqs")
            url = queues.get_queue_url(QueueName=target.rpartition(":")[2])["QueueUrl"]
            message = given_up(mapping, shard, batch, tried)
            queues.send_message(QueueUrl=url, MessageBody=json.dumps(message))


def given_up(mapping: Mapped, shard: str, batch: Sequence[Record], tried: int) -> dict[str, Any]:
    """What the failure queue is told, as by AWS: where the records stood, not what they hold."""
    numbers = [r["dynamodb"]["SequenceNumber"] for r in batch]
    return {
        "requestContext": {
            "functionArn": mapping["FunctionArn"],
            "condition": "RetryAttemptsExhausted",
            "approximateInvokeCount": tried,
        },
        "version": "1.0",
        "timestamp": datetime.now(UTC).isoformat(),
        "DDBStreamBatchInfo": {
            "shardId": shard,
            "startSequenceNumber": numbers[0],
            "endSequenceNumber": numbers[-1],
            "batchSize": len(batch),
            "streamArn": mapping["EventSourceArn"],
        },
    }


def _is_ours(mapping: Mapped) -> bool:
    return ":dynamodb:" in mapping["EventSourceArn"] and mapping.get("State") == "Enabled"
