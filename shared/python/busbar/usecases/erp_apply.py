"""Work off the events of ERPs: map each, apply what it comes to, write down what became of it.

A message ends in one of three ways. Applied: done. Something of it can never be applied as it is
(its payload, the mapping, what it names): everything else of it is applied, and it is parked with
its reason, so that it blocks nobody and comes again when the mapping is mended. The table did not
answer, or others wrote all the time: it comes again, and with it those behind it in its group.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from busbar.domain.erp_events import LARGEST_REQUEST, EventMessage, place_of
from busbar.domain.integrations import InboundUseCase, Integration
from busbar.domain.marks import Origin, moment
from busbar.domain.outcome_rows import OutcomeBatch, OutcomeRow
from busbar.domain.outcomes import Outcome, level_of
from busbar.domain.updates import Fault, Mapped
from busbar.errors import Problem, Unavailable
from busbar.observability import begin, cause, logger
from busbar.ports import Files, Ids, Message, Put, Queues
from busbar.usecases.deps import Deps
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_updates import Job, apply_batch
from busbar.usecases.erp_events import group_of
from busbar.usecases.erp_requests import Incoming, exact_or_text, read_event, read_request
from busbar.usecases.event_mapping import EventMapper
from busbar.usecases.integration_store import integration_of


@dataclass(frozen=True)
class Delivery:
    """A message of the batch: SQS's id of it, and the event in it."""

    message_id: str
    body: str
    event: EventMessage


@dataclass(frozen=True)
class Prepared:
    """An event that is mapped, or of which it is known that it cannot be."""

    delivery: Delivery
    use_case: InboundUseCase | None
    mapped: Mapped


@dataclass(frozen=True)
class Org:
    """What the worker needs of one org."""

    deps: Deps
    entities: EntityDeps


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
            read[event.org].append(Delivery(message_id, body, event))
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
            integrations: dict[str, Integration | None] = {}
            prepared = [self._prepare(one, org.deps, integrations) for one in deliveries]
            answers = apply_batch([self._job(one, integrations) for one in prepared], org.entities)
            return self._ended(prepared, answers, org.deps)
        except Exception as error:  # noqa: BLE001  whatever it was, all of it may be done again
            logger.warning("batch failed", extra={"error": cause(error)})
            return [one.message_id for one in deliveries]

    def _prepare(
        self, delivery: Delivery, deps: Deps, integrations: dict[str, Integration | None]
    ) -> Prepared:
        event = delivery.event
        if event.integration_id not in integrations:
            found = integration_of(deps.store, event.org, event.integration_id)
            integrations[event.integration_id] = found
        integration = integrations[event.integration_id]
        if integration is None:
            return _unmapped(delivery, "INTEGRATION_NOT_FOUND", "the integration is gone")
        use_case = integration.use_case(event.use_case, "")
        if use_case is None:
            return _unmapped(delivery, "USE_CASE_NOT_FOUND", "the use case is gone")
        if not use_case.enabled:
            return _unmapped(delivery, "USE_CASE_DISABLED", "the use case is off", use_case)
        payload = event.payload
        if payload is None:
            payload = _kept_payload(event, deps.files)
        if payload is None:
            message = "the event is no longer kept"
            return _unmapped(delivery, "MALFORMED_PAYLOAD", message, use_case)
        mapped = self._mapper.map(integration, use_case, payload, event.format)
        return Prepared(delivery, use_case, mapped)

    @staticmethod
    def _job(one: Prepared, integrations: Mapping[str, Integration | None]) -> Job:
        event, integration = one.delivery.event, integrations[one.delivery.event.integration_id]
        origin = Origin(
            org=event.org,
            integration_id=event.integration_id,
            use_case=event.use_case,
            system=integration.system if integration else "",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            source_version=event.timestamp,
            mapping_version=one.use_case.changed_at.isoformat() if one.use_case else "",
            at=moment(event.accepted),
        )
        return Job(one.mapped, origin, group_of(event.org, event.integration_id, event.group))

    def _ended(self, prepared: Sequence[Prepared], answers: Sequence[Any], deps: Deps) -> list[str]:
        failed = []
        rows: dict[str, list[OutcomeRow]] = defaultdict(list)
        for one, answer in zip(prepared, answers, strict=True):
            if isinstance(answer, Exception):
                failed.append(one.delivery.message_id)
                extra = {"event_id": one.delivery.event.event_id, "error": cause(answer)}
                logger.warning("event has to come again", extra=extra)
                continue
            made = _rows(one, answer)
            rows[one.delivery.event.integration_id] += made
        # The rows first: a crash in between tells of an event twice, never not at all.
        now = deps.clock.now()
        for integration, told in rows.items():
            if told:
                batch = OutcomeBatch(
                    id=self._ids.new(), integration_id=integration, at=now, rows=tuple(told)
                )
                deps.store.commit(Put(batch))
        again = set(failed)
        for one, answer in zip(prepared, answers, strict=True):
            if one.delivery.message_id not in again and (reason := _reason(one, answer)):
                self._park(one.delivery, reason)
        return failed

    def _park(self, delivery: Delivery, reason: str) -> None:
        event = delivery.event
        # By the message, not the event: one that was sent back and fails again is parked again.
        once = hashlib.sha256(f"{event.event_id} {delivery.message_id}".encode()).hexdigest()
        group = group_of(event.org, event.integration_id, event.group)
        self._queues.park(delivery.body, reason, Message(delivery.body, group, once))
        extra = {"event_id": event.event_id, "reason": reason}
        logger.error("event parked", extra=extra)


def _unmapped(
    delivery: Delivery, code: str, message: str, use_case: InboundUseCase | None = None
) -> Prepared:
    return Prepared(delivery, use_case, Mapped(faults=(Fault(code, message),)))


def _kept_payload(event: EventMessage, files: Files) -> str | None:
    """The payload out of its request in S3. Raises `Unavailable`."""
    place = place_of(event.org, event.event_id)
    kept = files.read(place.key, LARGEST_REQUEST + 1) if place else None
    if place is None or kept is None:
        return None
    try:
        body = json.loads(kept.content, parse_int=exact_or_text)
        request = read_request(event.request_version, body)
        found = read_event(request.events[place.position], request)
    except (ValueError, Problem, IndexError) as error:
        raise Unavailable("s3", "read_request", type(error).__name__) from None
    return found.payload if isinstance(found, Incoming) else None


def _rows(one: Prepared, outcomes: Sequence[Outcome]) -> list[OutcomeRow]:
    event = one.delivery.event
    use_case = one.use_case.id if one.use_case else ""

    def row(number: int, code: str, message: str, detail: dict[str, Any]) -> OutcomeRow:
        return OutcomeRow(
            id=f"{event.event_id}-{number}",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            use_case_id=use_case,
            code=code,
            message=message,
            detail={name: value for name, value in detail.items() if value not in ("", None)},
        )

    faults = [
        (f.code, f.message, {"entity_slug": f.entity_schema, "path": f.path, "item": f.item})
        for f in one.mapped.faults
    ]
    applied = [
        (
            o.code,
            o.message,
            {
                "entity_slug": o.entity_slug,
                "operation": o.operation,
                "entity_id": o.entity_id,
                **o.detail,
            },
        )
        for o in outcomes
    ]
    return [row(n, *told) for n, told in enumerate([*faults, *applied])]


def _reason(one: Prepared, outcomes: Sequence[Outcome]) -> str:
    """The first code that keeps the event from being done; none if it is."""
    codes = [f.code for f in one.mapped.faults] + [o.code for o in outcomes]
    return next((c for c in codes if level_of(c) == "error"), "")
