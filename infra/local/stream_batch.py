"""What happens to a batch of stream records that fails: retries, bisecting, the failure queue.

The rules are Lambda's ("Processing DynamoDB records", developer guide), which the emulator's own
poller lacks. Pure but for the two functions that it is given, so that tests need no cloud.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Record = dict[str, Any]
RETRY_FOREVER = -1


@dataclass(frozen=True)
class Rules:
    """The settings of one event source mapping."""

    batch_size: int = 100
    most_retries: int = RETRY_FOREVER
    bisect: bool = False
    partial: bool = False

    @classmethod
    def of(cls, mapping: Mapping[str, Any]) -> Rules:
        """From what `ListEventSourceMappings` says."""
        return cls(
            batch_size=int(mapping.get("BatchSize", 100)),
            most_retries=int(mapping.get("MaximumRetryAttempts", RETRY_FOREVER)),
            bisect=bool(mapping.get("BisectBatchOnFunctionError")),
            partial="ReportBatchItemFailures" in (mapping.get("FunctionResponseTypes") or []),
        )


@dataclass(frozen=True)
class Answer:
    """How a call with a batch ended."""

    failed: bool
    body: Any = None


Call = Callable[[Sequence[Record]], Answer]
GiveUp = Callable[[Sequence[Record], int], None]
"""Takes the records and how often they have been tried."""
Wait = Callable[[int], bool]
"""Waits before a retry; False when the poller has to end."""


def deliver(
    records: Sequence[Record], rules: Rules, call: Call, give_up: GiveUp, wait: Wait
) -> bool:
    """Bring a batch to its end. False if the poller had to stop before: nothing is to be kept."""
    open_batches: list[tuple[Sequence[Record], int]] = [(records, 0)]
    while open_batches:
        batch, tried = open_batches.pop()
        left, tried = _attempt(batch, tried, rules, call)
        if not left:
            continue
        if rules.bisect and len(left) > 1 and len(left) == len(batch):
            middle = len(left) // 2
            open_batches += [(left[middle:], 0), (left[:middle], 0)]
        elif rules.most_retries != RETRY_FOREVER and tried > rules.most_retries:
            give_up(left, tried)
        elif wait(tried):
            open_batches.append((left, tried))
        else:
            return False
    return True


def _attempt(
    batch: Sequence[Record], tried: int, rules: Rules, call: Call
) -> tuple[Sequence[Record], int]:
    """Call once. Returns what is left to do, and how often its first record has been tried."""
    answer = call(batch)
    if answer.failed:
        return batch, tried + 1
    done = _done(batch, answer.body) if rules.partial else len(batch)
    return batch[done:], 1 if done else tried + 1


def _done(batch: Sequence[Record], body: Any) -> int:
    """How many records from the front are done: all before the lowest one reported as failed."""
    failures = (body or {}).get("batchItemFailures") if isinstance(body, dict | None) else None
    if not failures:
        return len(batch)
    numbers = [r["dynamodb"]["SequenceNumber"] for r in batch]
    places = [numbers.index(i) for f in failures if (i := f.get("itemIdentifier")) in numbers]
    # An identifier that is empty or unknown makes Lambda retry the whole batch.
    return min(places) if len(places) == len(failures) else 0
