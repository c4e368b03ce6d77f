"""Go on with loads: count a file's lines, then work its slices off, batch by batch.

A message asks for one slice. It is worked at for a while; then how far it is has been written down,
and a message for the rest takes the place of this one. So a worker that dies costs one batch, a
pause takes one batch, and the queue never holds more messages than there are slices. Live events
have a queue, workers and a bound of their own: they wait for none of this.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

from busbar.domain.erp_loads import (
    COUNTING,
    MOST_SAMPLES,
    Load,
    LoadMessage,
    LoadSlice,
    slice_id,
)
from busbar.observability import begin, cause, logger
from busbar.ports.queues import Message, Queues
from busbar.ports.store import Save, Stored
from busbar.usecases.deps import Deps, TimeLeft, time_left
from busbar.usecases.erp_apply import Org
from busbar.usecases.event_mapping import EventMapper
from busbar.usecases.integration_store import integration_of
from busbar.usecases.load_batch import Batch, Done
from busbar.usecases.load_counting import go_on_counting, send_on, slice_numbers
from busbar.usecases.load_events import LineReader
from busbar.usecases.load_lines import FileChangedError, Line, lines_of

MOST_LINES = 50
"""Lines of a batch: what they are about is read together."""
MAPPING_SECONDS = 8.0
"""How long the lines of one batch may be mapped: one by one may take 2 s, and still all is well."""
BATCH_BYTES = 1024 * 1024


class Loader:
    """Works off messages of one queue. `org` gives what is needed of an org, None if unknown."""

    def __init__(
        self, org: Callable[[str], Org | None], queues: Queues, mapper: EventMapper
    ) -> None:
        self._org = org
        self._queues = queues
        self._mapper = mapper

    def handle(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The partial answer to a batch of SQS messages."""
        failed = []
        for record in records:
            try:
                self._one(record["body"], record["messageId"])
            except Exception as error:  # noqa: BLE001  whatever it was, it goes on where it stands
                failed.append({"itemIdentifier": record["messageId"]})
                logger.warning("load has to go on later", extra={"error": cause(error)})
        return {"batchItemFailures": failed}

    def _one(self, body: str, message_id: str) -> None:
        begin()
        try:
            message = LoadMessage.model_validate_json(body)
        except ValueError:
            self._park(body, message_id, "unreadable")
            return
        org = self._org(message.org)
        if org is None:
            self._park(body, message_id, "unknown_org")
            return
        stored = org.deps.store.get(Load, message.load)
        if stored is None or stored.record.wish != "running":
            return  # Whoever wants it to go on sends messages.
        begin(stored.record.correlation_id)
        left = time_left(org.deps.clock, org.deps.tuning.load_turn)
        if message.slice == COUNTING:
            self._count(stored.record, org.deps, left)
        else:
            self._work(stored.record, message.slice, org, left)

    def _park(self, body: str, message_id: str, reason: str) -> None:
        logger.error("load message parked", extra={"message_id": message_id, "reason": reason})
        self._queues.park(body, reason, Message(body, reason, message_id))

    def _count(self, load: Load, deps: Deps, left: TimeLeft) -> None:
        count = go_on_counting(load, deps, left)
        if not count.failed:
            why = f"at {count.bytes}"
            send_on(deps.store.org, load, slice_numbers(count), why, self._queues)

    def _work(self, load: Load, number: int, org: Org, left: TimeLeft) -> None:
        """Work at a slice until time is up; then have it gone on with."""
        deps = org.deps
        stored = deps.store.get(LoadSlice, slice_id(load.id, number))
        if stored is None or stored.record.finished or stored.record.failed:
            return
        integration = integration_of(deps.store, load.integration_id)
        batch = Batch(load, LineReader(load, integration, org, self._mapper), org)
        lines = lines_of(deps.files, load, stored.record.at, stored.record.end)
        try:
            while not stored.record.finished:
                now = stored.record
                mapping = time_left(deps.clock, MAPPING_SECONDS)
                done = batch.work_off(_some(lines), now.first_line + now.lines, mapping)
                stored = _kept(_after(now, done), stored, deps)
                if not stored.record.finished and (left() <= 0 or not _wanted(load, deps)):
                    break
        except FileChangedError:
            gone = stored.record.model_copy(update={"failed": "FILE_CHANGED"})
            deps.store.commit(Save(gone, stored))
            return
        if not stored.record.finished:
            why = f"at {stored.record.at}"
            send_on(deps.store.org, load, [number], why, self._queues)


def _some(lines: Iterator[Line]) -> Iterator[Line]:
    """The lines of a batch; none is taken that is not given on."""
    size = 0
    for line in islice(lines, MOST_LINES):
        yield line
        size += len(line.text or b"")
        if size >= BATCH_BYTES:
            return


def _after(now: LoadSlice, done: Done) -> LoadSlice:
    codes = Counter(now.codes)
    codes.update(done.codes)
    return now.model_copy(
        update={
            "at": done.end,
            "lines": now.lines + done.lines,
            "bad": now.bad + len(done.bad),
            "codes": dict(sorted(codes.items())),
            "samples": (*now.samples, *done.bad)[:MOST_SAMPLES],
        }
    )


def _kept(after: LoadSlice, before: Stored[LoadSlice], deps: Deps) -> Stored[LoadSlice]:
    """Write down how far it is. Raises `Conflict` if somebody else works at it too."""
    deps.store.commit(Save(after, before))
    return Stored(after, before.version + 1, deps.clock.now())


def _wanted(load: Load, deps: Deps) -> bool:
    """Whether it shall still go on; half a read unit a batch."""
    (stored,) = deps.store.get_many(Load, [load.id]) or (None,)
    return stored is not None and stored.record.wish == "running"
