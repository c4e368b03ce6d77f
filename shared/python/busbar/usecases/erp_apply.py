"""Work off the events of ERPs: map each, apply what it comes to, write down what became of it.

A message ends in one of four ways. Applied: done. A relation leads to what cannot be told yet: all
else is applied, and it waits (`busbar.usecases.erp_waiting`). Something of it can never be applied
as it is (its payload, the mapping, what it names): everything else of it is applied, and it is
parked with its rows. Anything else: it comes again, and those behind it in its group with it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import partial
from typing import Any

from busbar.domain.erp_events import EventMessage
from busbar.domain.integrations import Integration
from busbar.domain.outcome_rows import OutcomeRow
from busbar.domain.outcomes import Outcome
from busbar.errors import Conflict, StoreUnavailable, Unavailable
from busbar.observability import begin, cause, logger
from busbar.ports.queues import Message, Queues
from busbar.ports.runtime import Ids
from busbar.ports.store import Change
from busbar.usecases.deps import Deps
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_updates import apply_batch
from busbar.usecases.erp_outcomes import rows_of, why_parked, write_down
from busbar.usecases.erp_prepare import Delivery, Found, Prepared, map_all, to_be_mapped
from busbar.usecases.erp_requests import Unfit
from busbar.usecases.erp_waiting import wait, waited, without_waiting
from busbar.usecases.event_mapping import EventMapper, Wanted
from busbar.usecases.integration_store import integration_of
from busbar.usecases.kept_events import KeptRequests

TOGETHER = 4 * 1024 * 1024
"""Characters of the events that are mapped at once. Ten uploaded payloads would not have room."""
Answer = list[Outcome] | StoreUnavailable | Conflict


@dataclass(frozen=True)
class Org:
    """What the worker needs of one org."""

    deps: Deps
    entities: EntityDeps


@dataclass
class Ends:
    """How the events of a batch end, at `now`."""

    now: datetime
    again: list[str] = field(default_factory=list)
    rows: dict[str, list[OutcomeRow]] = field(default_factory=lambda: defaultdict(list))
    errands: list[Change] = field(default_factory=list)
    parked: list[tuple[Delivery, str]] = field(default_factory=list)

    def add(self, one: Prepared, outcomes: Sequence[Outcome]) -> None:
        """One that is applied, as far as it can be."""
        event, mapped = one.delivery.event, one.mapped
        left = without_waiting(event, mapped, outcomes, self.now)
        if left is not None:
            self.errands.append(wait(event, one.delivery.group, self.now))
        elif event.waited:
            self.errands.append(waited(event))
        told = outcomes if left is None else left
        use_case = one.use_case.id if one.use_case else ""
        self.rows[event.integration_id] += rows_of(event, use_case, mapped, told)
        if reason := why_parked(mapped, told):
            self.parked.append((one.delivery, reason))


class Applier:
    """Applies batches of one queue. `org` gives what is needed of an org, None for an unknown."""

    def __init__(
        self, org: Callable[[str], Org | None], queues: Queues, ids: Ids, mapper: EventMapper
    ) -> None:
        self._org = org
        self._queues = queues
        self._ids = ids
        self._mapper = mapper

    def handle(self, records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """The partial answer to a batch of SQS messages."""
        failed: list[str] = []
        for org, deliveries in self._read(records).items():
            failed += self._for_org(org, deliveries)
        return {"batchItemFailures": [{"itemIdentifier": one} for one in failed]}

    def _read(self, records: Sequence[Mapping[str, Any]]) -> dict[str, list[Delivery]]:
        read: dict[str, list[Delivery]] = defaultdict(list)
        for record in records:
            body, message_id = record["body"], record["messageId"]
            try:
                event = EventMessage.model_validate_json(body)
            except ValueError:
                logger.error("event unreadable", extra={"message_id": message_id})
                self._queues.park(body, "unreadable", Message(body, "unreadable", message_id))
                continue
            read[event.org].append(Delivery(message_id, event))
        return read

    def _for_org(self, name: str, deliveries: Sequence[Delivery]) -> list[str]:
        """Ids of the messages that have to come again."""
        begin(deliveries[0].event.correlation_id)
        org = self._org(name)
        if org is None:
            for one in deliveries:
                self._park(one, "unknown_org")
            return []
        try:
            prepared, again = self._prepared(deliveries, org.deps)
            answers = apply_batch([one.job for one in prepared], org.entities)
            return again + self._ended(prepared, answers, org.deps)
        except Exception as error:  # noqa: BLE001  whatever it was, all of it may be done again
            logger.warning("batch failed", extra={"error": cause(error)})
            return [one.message_id for one in deliveries]

    def _prepared(
        self, deliveries: Sequence[Delivery], deps: Deps
    ) -> tuple[list[Prepared], list[str]]:
        """What can be applied now, and the ids of what has to come again: the events that could not
        be read, and those behind them in their groups."""
        again: list[str] = []
        prepared: list[Prepared] = []
        for some in _pieces(self._found(deliveries, deps, again)):
            prepared += map_all(some, self._mapper, deps.org.known_portals())
        return prepared, again

    def _found(
        self, deliveries: Sequence[Delivery], deps: Deps, again: list[str]
    ) -> Iterator[Found]:
        """What can be read, one after the other; the ids of the rest into `again`."""
        integrations: dict[str, Integration | None] = {}
        kept = KeptRequests(deps.store.org, deps.files)
        stopped: set[str] = set()
        for one in deliveries:
            wanted = one.event.integration_id
            if wanted not in integrations:
                integrations[wanted] = integration_of(deps.store, wanted)
            if one.group in stopped:
                again.append(one.message_id)
                continue
            try:
                payload = partial(_payload, one.event, kept)
                found = to_be_mapped(one, integrations[wanted], payload)
            except Unavailable as error:
                stopped.add(one.group)
                _comes_again(one, error)
                again.append(one.message_id)
                continue
            yield one, found

    def _ended(
        self, prepared: Sequence[Prepared], answers: Sequence[Answer], deps: Deps
    ) -> list[str]:
        """Write down how events ended, have those wait that time may help, park those that no retry
        helps; ids of the messages that come again."""
        ends = Ends(deps.clock.now())
        for one, answer in zip(prepared, answers, strict=True):
            if isinstance(answer, Exception):
                ends.again.append(one.delivery.message_id)
                _comes_again(one.delivery, answer)
            else:
                ends.add(one, answer)
        # The rows first: a crash in between tells of an event twice, never not at all.
        for integration, told in ends.rows.items():
            write_down(integration, told, deps, lambda _place: self._ids.new())
        for errand in ends.errands:
            deps.store.commit(errand)
        for delivery, reason in ends.parked:
            self._park(delivery, reason)
        return ends.again

    def _park(self, delivery: Delivery, reason: str) -> None:
        """Without the event itself, which lies in S3: what lies here, people look at."""
        event = delivery.event
        # By the message, not the event: one that was sent back and fails again is parked again.
        once = hashlib.sha256(f"{event.event_id} {delivery.message_id}".encode()).hexdigest()
        body = event.pointer().text()
        self._queues.park(body, reason, Message(body, delivery.group, once))
        extra = {"event_id": event.event_id, "reason": reason}
        logger.error("event parked", extra=extra)


def _comes_again(delivery: Delivery, error: Exception) -> None:
    extra = {"event_id": delivery.event.event_id, "error": cause(error)}
    logger.warning("event has to come again", extra=extra)


def _pieces(found: Iterable[Found]) -> Iterator[list[Found]]:
    """What is mapped at once: no more than has room beside the process that maps it."""
    some: list[Found] = []
    for one in found:
        some.append(one)
        if sum(len(w.payload) for _, w in some if isinstance(w, Wanted)) >= TOGETHER:
            yield some
            some = []
    if some:
        yield some


def _payload(event: EventMessage, kept: KeptRequests) -> str | Unfit:
    """The payload in the message, or as it is kept in S3. Raises `Unavailable`."""
    if event.payload is not None:
        return event.payload
    return kept.payload(event.event_id, event.request_version)
