"""AWS around the real handlers, in virtual time: API, queues, stream, schedules, events.

Everything here promises as little as AWS does: messages come at least once and in any order, a
worker that runs out of time is killed, what fails comes back, and what fails too often is dead.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from busbar.domain.identifiers import derived_id
from busbar.ports.outside import Mapper
from busbar.ports.store import Put
from busbar.process.outbox import OutboxRow
from busbar.settings.function import Tuning
from busbar.settings.modes import Mode
from busbar.store.keys import Key
from busbar.store.records import TableStore
from busbar.store.table import Item, Table
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler
from infra.catalog import USE_CASES, use_case
from infra.local import sample as local_sample
from infra.local.people import PEOPLE
from infra.simulators import sample_wallboxes
from infra.simulators.sap import SapSimulator
from tests.doubles.files import MemoryS3
from tests.doubles.memory_table import PlainTable, stream_record
from tests.doubles.states import the_machine
from tests.doubles.world import (
    ENERGISED,
    ORG,
    SALESFORCE,
    SAP,
    MemorySecrets,
    Reply,
    claims_of,
    handler_of,
    http_event,
    queues_of,
    route_of,
    settings_of,
    simulators,
    with_limit,
    with_sap,
)
from tests.faults.engine import Engine, Worker
from tests.faults.inbound_events import integration
from tests.faults.layer import (
    FaultyChild,
    FaultySqs,
    FaultyTable,
    FaultyTransport,
    Layer,
    around_files,
    faulty_states,
)
from tests.faults.mapper import PythonMapper
from tests.faults.moments import RefundWatch
from tests.faults.ordered import VISIBILITY, OrderedQueue
from tests.faults.setups import SMALL, Tenant

SWEEP = 60.0
STREAM_BATCH = 10
SEARCH_LAG = 30.0
HOUR = 3600.0
LOOSE = tuple(
    f"{name}.BusbarReference__c" for name in ("Order", "OrderItem", "Account", "SharedContract__c")
)
"""External ids that are not unique where Salesforce has no unique key for us."""
OUTBOX = f"{ORG}#{OutboxRow.schema_name}#"
NEVER = datetime.max.replace(tzinfo=UTC)


@dataclass
class Message:
    """A message of a queue."""

    number: int
    queue: str
    body: str
    received: int = 0
    due: float = 0.0
    """When it can be seen next, in seconds of the run."""


class CountedIds:
    """Ids of a run, the same each time. Implements `busbar.ports.runtime.Ids`."""

    def __init__(self, first: int) -> None:
        self._numbers = itertools.count(first)

    def new(self) -> str:
        """The next one."""
        return derived_id("fault run", str(next(self._numbers)))


@dataclass
class Cloud:
    """One run's system over a table."""

    mode: Mode = "unique_key"
    tenant: Tenant = SMALL
    table: Table = field(default_factory=PlainTable)
    engine: Engine = field(default_factory=Engine)
    mapper: Mapper = field(default_factory=PythonMapper)
    time_limit: float | None = None
    """Seconds that every function may run, in place of what the catalogue says."""
    limits: Mapping[str, int] = field(default_factory=dict)
    """Calls a minute that a system states, where they are not the default."""
    cards_per_company: int | None = None
    """What a company may order in 30 days; None: no limit."""
    carry: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda call: call
    """The way of a SendMessage into the queue and out of it."""
    carry_all: Callable[[Mapping[str, Any]], Mapping[str, Any]] = lambda call: call
    """The way of a SendMessageBatch."""
    first_id: int = 1
    """Which of all ids is given first: a run that goes on with another's state has its own."""

    def __post_init__(self) -> None:
        self.layer = Layer(self.engine)
        self.dead: list[tuple[str, str]] = []
        """What lies in dead-letter queues: (queue, body)."""
        self.sent: list[tuple[str, str]] = []
        """Every message that was ever put on a queue."""
        self.waiting: dict[int, Message] = {}
        """What is on the queues, or with a worker, by number."""
        self._free: dict[str, list[Handler]] = {}
        self._numbers = itertools.count(1)
        self._arrivals: dict[str, list[Message]] = {}
        self._stream: list[dict[str, Any]] = []
        self._stream_busy = False
        self._sweeps: set[int] = set()
        self._outbox: dict[Key, datetime] = {}
        """When the sweep has to look at each row that is left."""
        unique = self.mode == "unique_key"
        self.salesforce, self.energised = simulators(
            self.engine.now, self._publish, self.tenant.cards, () if unique else LOOSE
        )
        lag = 0.0 if unique else SEARCH_LAG
        own: dict[str, dict[str, Any]] = {
            "salesforce": {"mode": self.mode, "search_lag_seconds": lag},
            "energised": {
                "lists_changes": self.tenant.lists_changes,
                "search_lag_seconds": SEARCH_LAG,
                "contact_mode": "none" if self.mode == "none" else "probe",
            },
        }
        for system, limit in self.limits.items():
            own.setdefault(system, {})
            own[system]["calls_per_minute"] = limit
        self.sap = self._sap() if self.tenant.wallboxes else None
        if self.sap:
            own["salesforce"] |= self._sells_wallboxes()
        self.settings = with_limit(
            settings_of(own["salesforce"], own["energised"]), self.cards_per_company
        )
        if self.sap:
            modes = {"partner_mode": self.mode, "contract_mode": self.mode}
            more = {**modes, **own.get("sap", {}), "search_lag_seconds": lag}
            self.settings = with_sap(self.settings, **more)
        if self.tenant.erp:  # a worker hands on after every batch of a load
            self.settings = replace(self.settings, tuning=Tuning(load_turn=0.0))
        self.states = the_machine(self.settings.tuning, self.engine.at, self._put)
        self.ordered = {
            case.name: OrderedQueue(case, self.engine, self.invoke, self._copies)
            for case in USE_CASES
            if case.queue and case.queue.ordered
        }
        """The queues that keep order, by name; their dead letters are with them."""
        self.files = MemoryS3(self.engine.now, around_files(self.layer), self._put)
        self.refunds = RefundWatch(self.salesforce, self.energised, self.tenant.wallboxes)
        table = FaultyTable(self.table, self.layer, self)
        self._clients = Clients(
            transports={
                SALESFORCE: FaultyTransport(self.salesforce, "salesforce", self.layer),
                ENERGISED: FaultyTransport(
                    self.energised, "energised", self.layer, self.refunds.look
                ),
                **({SAP: FaultyTransport(self.sap, "sap", self.layer)} if self.sap else {}),
            },
            table=table,
            clock=self.engine,
            monotonic=self.engine.monotonic,
            ids=CountedIds(self.first_id),
            mapper=self.mapper,
            child=FaultyChild(self.layer),
            aws={
                "sqs": FaultySqs(self, self.layer),
                "secretsmanager": MemorySecrets(),
                "s3": self.files,
                "stepfunctions": faulty_states(self.states, self.layer),
            },
        )
        store = TableStore(table, self.engine, ORG)
        local_sample.load(store)
        if self.tenant.erp:
            store.commit(Put(integration()))
        # Lists lag, and must have seen what was there before the run.
        self.engine.at(2 * SEARCH_LAG, lambda: None)
        self.engine.run(HOUR)
        self.salesforce.org.search_lag = lag
        if self.sap:
            self.sap.tenant.search_lag = lag
        backend = self.energised.backend
        backend.search_lag, backend.page_clamp = SEARCH_LAG, self.tenant.page_clamp
        backend.lists_changes = self.tenant.lists_changes

    def _sap(self) -> SapSimulator:
        unique = self.mode == "unique_key"
        return SapSimulator(
            self.engine.now,
            "BUSBAR",
            "not-secret-3",
            unique_references=unique,
            unique_contract_references=unique,
        )

    def _sells_wallboxes(self) -> dict[str, Any]:
        """Have wallboxes in stock. The settings of Salesforce for that."""
        self.salesforce.load_sample(self.tenant.cards, self.tenant.wallboxes)
        self.energised.load_sample(self.tenant.cards, self.tenant.wallboxes)
        return {
            "wallbox_price_book_id": sample_wallboxes.PRICE_BOOK_ID,
            "wallbox_contract_id": sample_wallboxes.CONTRACT_ID,
            "account_mode": self.mode,
            "shared_contract_mode": self.mode,
        }

    # --- functions -----------------------------------------------------------------------------

    def invoke(self, name: str, event: Any) -> Worker:
        """Begin an invocation, on an instance that nobody else uses."""
        case = use_case(name)
        limit = self.time_limit or case.timeout_seconds
        worker = Worker(name, self.engine.seconds + limit)
        free = self._free.setdefault(name, [])
        handler = free.pop() if free else handler_of(case, self.settings, self._clients)
        worker.when_ended.append(lambda: self._give_back(worker, handler))
        self.engine.work(worker, lambda: handler(event, None))
        return worker

    def _give_back(self, worker: Worker, handler: Handler) -> None:
        if worker.outcome is not None or worker.broke is not None:
            self._free[worker.name].append(handler)

    # --- the API -------------------------------------------------------------------------------

    def request(
        self, method: str, path: str, user: str, body: Any = None, **headers: str
    ) -> Reply | None:
        """An HTTP call past API Gateway; None: no answer, and nobody knows what came of it.

        A caller waits until the gateway answers, which is when the function has ended.
        """
        found, parameters = route_of(method, path.partition("?")[0])
        scope = "busbar/machine" if user == "machine" else "openid"
        claims = claims_of(PEOPLE.get(user, user), self.engine.now(), scope)
        event = http_event(method, path, body, headers, parameters, claims)
        worker = self.invoke(found.name, event)
        self.engine.wait_for(worker)
        if worker.outcome is None:
            return None
        answer = worker.outcome
        return Reply(answer["statusCode"], answer["headers"], answer["body"])

    # --- queues --------------------------------------------------------------------------------

    def send_message(self, **call: Any) -> None:
        """SendMessage, as handlers call it."""
        taken = self.carry(call)
        queue = taken["QueueUrl"]
        if dead := self.ordered.get(queue.removesuffix("-dead")):
            dead.bury(taken)
        else:
            self._put(queue, taken["MessageBody"], taken.get("DelaySeconds", 0))

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        """SendMessageBatch, to a queue that keeps order."""
        entries = self.carry_all(call)["Entries"]
        for entry in entries:
            self.ordered[call["QueueUrl"]].send(entry)
        return {"Successful": [{"Id": entry["Id"]} for entry in entries]}

    def _copies(self, number: int) -> tuple[float, ...]:
        return self.layer.trouble.deliveries(number)

    def _put(self, queue: str, body: str, delay: float = 0.0) -> None:
        if queue.endswith("-dead"):
            self.dead.append((queue.removesuffix("-dead"), body))
            return
        self.sent.append((queue, body))
        number = next(self._numbers)
        for wait in self.layer.trouble.deliveries(number):
            due = self.engine.seconds + delay + wait
            self.hold(Message(next(self._numbers), queue, body, due=due))

    def hold(self, message: Message) -> None:
        """A message is on its queue, and can be seen when it is due."""
        self.waiting[message.number] = message
        self.engine.at(message.due - self.engine.seconds, lambda: self._arrive(message))

    def redeliver(self) -> None:
        """Everything that was ever sent comes once more."""
        for queue, body in list(self.sent):
            self._put(queue, body)
        for ordered in self.ordered.values():
            ordered.redeliver()

    def _arrive(self, message: Message) -> None:
        """A message can be seen: a worker takes it, with others that are there."""
        waiting = self._arrivals.setdefault(message.queue, [])
        waiting.append(message)
        if len(waiting) == 1:
            self.engine.at(0.05, lambda: self._deliver(message.queue))

    def _deliver(self, queue: str) -> None:
        case = use_case(queue)
        assert case.queue
        waiting = self._arrivals[queue]
        batch, self._arrivals[queue] = waiting[: case.queue.batch_size], []
        for later in waiting[len(batch) :]:
            self._arrive(later)
        records = [{"messageId": str(m.number), "body": m.body} for m in batch]
        worker = self.invoke(queue, {"Records": records})
        for message in batch:
            message.due = self.engine.seconds + VISIBILITY
        worker.when_ended.append(lambda: self._delivered(worker, batch))

    def _delivered(self, worker: Worker, batch: list[Message]) -> None:
        outcome = worker.outcome
        failures = {f["itemIdentifier"] for f in outcome["batchItemFailures"]} if outcome else None
        case = use_case(worker.name)
        assert case.queue
        for message in batch:
            del self.waiting[message.number]
            if failures is not None and str(message.number) not in failures:
                continue
            message.received += 1
            if message.received >= case.queue.max_receive_count:
                self.dead.append((message.queue, message.body))
                continue
            self.hold(message)

    def _publish(self, envelope: dict[str, Any]) -> None:
        """A platform event comes by the bus to the queue whose rule matches it."""
        for queue in queues_of(envelope, self.settings):
            self._put(queue, json.dumps(envelope))

    # --- the outbox: stream and sweep ----------------------------------------------------------

    def written(self, key: Key, item: Item | None) -> None:
        """An outbox row was written: the stream shows it, or the sweep finds it."""
        if not key.pk.startswith(OUTBOX):
            return
        if item is None:
            self._outbox.pop(key, None)
            return
        due = datetime.fromisoformat(str(item["due_at"]))
        self._outbox[key] = due
        self._sweep_at((due - self.engine.now()).total_seconds())
        if "wake" not in item:
            return
        self._stream.append(stream_record(item, next(self._numbers)))
        if not self._stream_busy:
            self._stream_busy = True
            self.engine.at(self._stream_waits(), self._relay)

    def _stream_waits(self) -> float:
        return self.layer.trouble.stream_waits(self.engine.seconds - self.layer.began)

    def _relay(self) -> None:
        still = self._stream_waits()
        if still > 1.0:
            self.engine.at(still, self._relay)
            return
        batch = self._stream[:STREAM_BATCH]
        if self.layer.trouble.shuffled(next(self._numbers)):
            batch.reverse()
        self._stream[: len(batch)] = batch
        worker = self.invoke("outbox_relay", {"Records": batch})
        worker.when_ended.append(lambda: self._relayed(worker, batch))

    def _relayed(self, worker: Worker, batch: list[dict[str, Any]]) -> None:
        failed = worker.outcome["batchItemFailures"] if worker.outcome else None
        done = 0 if failed is None else len(batch)
        if failed:
            numbers = [r["dynamodb"]["SequenceNumber"] for r in batch]
            done = numbers.index(failed[0]["itemIdentifier"])
        del self._stream[:done]
        if self._stream:
            self.engine.at(1.0, self._relay)
        else:
            self._stream_busy = False

    def _sweep_at(self, wait: float) -> None:
        """Have the sweep of the first minute after that time done; others would find nothing."""
        minute = int((self.engine.seconds + max(wait, 0.0)) // SWEEP) + 1
        if minute not in self._sweeps:
            self._sweeps.add(minute)
            self.engine.at(minute * SWEEP - self.engine.seconds, lambda: self._sweep(minute))

    def _sweep(self, minute: int) -> None:
        self._sweeps.discard(minute)
        if min(self._outbox.values(), default=NEVER) > self.engine.now():
            return  # it would find nothing
        worker = self.invoke("outbox_sweep", {})
        worker.when_ended.append(self._sweep_if_due)

    def _sweep_if_due(self) -> None:
        for due in self._outbox.values():
            self._sweep_at((due - self.engine.now()).total_seconds())
