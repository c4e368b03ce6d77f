"""The queue door: from a batch of SQS messages to a use case, message by message.

A message ends in one of three ways. The use case took it: done. No retry can help: it is moved to
the dead-letter queue here and now, with its reason and a task, so that it blocks nobody. Anything
else: it is reported as failed and SQS brings it again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from typing import Any

from busbar.domain.tasks import Task
from busbar.domain.wallbox_proofs import upload_of
from busbar.errors import EventRejected
from busbar.observability import begin, cause, logger
from busbar.ports.store import Put
from busbar.process.executions import Ended, StepAsked, read_asked, read_ended
from busbar.process.outbox import Command, Errand
from busbar.settings.function import Settings
from busbar.usecases.deps import Deps
from busbar.wiring.clients import Clients
from busbar.wiring.parts import Parts

Work = Callable[[Any, Deps], object]
_UNTOLD = frozenset({"CardNumber__c", "ReviewReason__c"})
"""What events tell, or those of an older release, that may say something of a person: a card's
number, and what a clerk writes to a driver. It stands in Salesforce, where it can be read again."""


class Worker:
    """Handles the messages of one queue."""

    def __init__(self, name: str, settings: Settings, clients: Clients) -> None:
        self._name = name
        self._parts = Parts(settings, clients)

    def commands(
        self, work: Callable[[Errand, Deps], object]
    ) -> Callable[[dict[str, Any], Any], Any]:
        """A handler for errands from the outbox. What is done already, or was overtaken, is not."""
        self._parts.carries_errands = True

        return lambda event, _context: self._batch(event, lambda body: self._command(body, work))

    def _command(self, body: str, work: Callable[[Errand, Deps], object]) -> None:
        command = Command.model_validate_json(body)
        begin(command.correlation_id)
        deps = self._parts.deps(command.org)
        errand = Errand(command)
        if deps.outbox.is_current(errand):
            work(errand, deps)

    def machine(
        self,
        work: Callable[[Errand, Deps], object],
        take_task: Callable[[StepAsked, Deps], object],
        go_on: Callable[[Ended, Deps], object],
    ) -> Callable[[dict[str, Any], Any], Any]:
        """A handler for the queue of a state machine: errands of the outbox, the machine's tasks,
        and what EventBridge tells of executions that have failed."""
        self._parts.carries_errands = True

        def one(body: str) -> None:
            message = _envelope(body)
            try:
                ended, asked = read_ended(message), read_asked(message)
            except EventRejected as rejected:
                self._of_nobody(body, rejected.reason)
                return
            told = ended or asked
            if told is None:
                self._command(body, work)
            elif told.org not in self._parts.settings.orgs:
                self._of_nobody(body, "unknown_org")
            elif ended:
                self._reject_or(body, lambda deps: go_on(ended, deps), told.org)
            elif asked:
                self._reject_or(body, lambda deps: take_task(asked, deps), told.org)

        return lambda event, _context: self._batch(event, one)

    def _reject_or(self, body: str, work: Callable[[Deps], object], org: str) -> None:
        begin()
        deps = self._parts.deps(org)
        try:
            work(deps)
        except EventRejected as rejected:
            self._park(body, rejected, deps)

    def events(self, detail_type: str, work: Work) -> Callable[[dict[str, Any], Any], Any]:
        """A handler for platform events off the bus: `work(payload, deps)`.

        `detail_type` names the setting of `SalesforceSettings` that holds the event's API name.
        """

        def one(body: str) -> None:
            self._event(body, detail_type, work)

        return lambda event, _context: self._batch(event, one)

    def _event(self, body: str, detail_type: str, work: Work) -> None:
        envelope = _envelope(body)
        source = str(envelope.get("source", ""))
        org = self._parts.settings.org_of_event_source(source)
        begin(str(envelope.get("id", "")))
        if org is None:
            self._of_nobody(body, "unknown_source" if envelope else "unreadable")
            return
        deps = self._parts.deps(org)
        if envelope.get("detail-type") != getattr(deps.salesforce, detail_type):
            self._park(body, EventRejected("unknown_event"), deps)
            return
        try:
            detail = envelope.get("detail")
            work(detail.get("payload") if isinstance(detail, dict) else None, deps)
        except EventRejected as rejected:
            self._park(body, rejected, deps)

    def uploads(self, work: Callable[[str, Deps], object]) -> Callable[[dict[str, Any], Any], Any]:
        """A handler for what S3 tells of files that users have sent: `work(key, deps)`."""

        def one(body: str) -> None:
            key = _key_in(_envelope(body))
            known = upload_of(key)
            begin()
            if known and known[0] in self._parts.settings.orgs:
                work(key, self._parts.deps(known[0]))
            else:
                self._of_nobody(body, "unknown_org" if known else "unreadable")

        return lambda event, _context: self._batch(event, one)

    def _of_nobody(self, body: str, reason: str) -> None:
        """Park an event for which there is no org whose tasks it could stand in."""
        logger.error("event of nobody", extra={"worker": self._name, "reason": reason})
        self._parts.queues.park(_letter(body), reason)

    def _park(self, body: str, rejected: EventRejected, deps: Deps) -> None:
        digest = hashlib.sha256(body.encode()).hexdigest()[:26]
        task = Task.about(
            f"event#{self._name}#{digest}",
            kind="parked_event",
            subject_schema=rejected.subject_schema,
            subject_id=rejected.subject_id,
            system="salesforce",
            reason=rejected.reason,
            opened_at=deps.clock.now(),
        )
        # The task first: a crash in between parks the message twice, never without its task.
        deps.store.commit(Put(task))
        self._parts.queues.park(_letter(body), rejected.reason)
        logger.error("event parked", extra={"worker": self._name, "reason": rejected.reason})

    def _batch(self, event: dict[str, Any], one: Callable[[str], None]) -> dict[str, Any]:
        """Partial batch answer: only the messages that failed come again."""
        failed = []
        for record in event.get("Records", []):
            try:
                one(record["body"])
            except Exception as error:  # noqa: BLE001  (one bad message must not fail its neighbours)
                failed.append({"itemIdentifier": record["messageId"]})
                extra = {"worker": self._name, "message_id": record["messageId"]}
                logger.warning("message failed", extra={**extra, "error": cause(error)})
        return {"batchItemFailures": failed}


def _envelope(body: str) -> dict[str, Any]:
    """The event, or an empty one if the message is none: reading it again would not help."""
    try:
        envelope = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return envelope if isinstance(envelope, dict) else {}


def _letter(body: str) -> str:
    """The message as it is parked, without what a dead letter must not hold."""
    envelope = _envelope(body)
    detail = envelope.get("detail")
    payload = detail.get("payload") if isinstance(detail, dict) else None
    if not isinstance(detail, dict) or not isinstance(payload, dict):
        return body
    if not _UNTOLD & payload.keys():
        return body
    kept = {name: value for name, value in payload.items() if name not in _UNTOLD}
    return json.dumps({**envelope, "detail": {**detail, "payload": kept}})


def _key_in(told: dict[str, Any]) -> str:
    """The key of a new file: the rule hands on the object alone, a redrive the event of S3."""
    detail = told.get("detail")
    there = detail.get("object") if isinstance(detail, dict) else told
    return str(there.get("key", "")) if isinstance(there, dict) else ""
