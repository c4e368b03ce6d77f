"""The fault layer: what stands between a worker and everything outside of it.

It numbers the effects, asks the `Trouble` of the run what happens to each, and does it. It is the
same over a table in memory and one in moto.
"""

from __future__ import annotations

import json
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol

import httpx
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from busbar.errors import Conflict, StoreUnavailable
from busbar.mapping.child import ChildUnavailable, JobLost
from busbar.mapping.inbound import serve
from busbar.store.keys import Key
from busbar.store.table import Item, Table, Write
from infra.simulators.simulator import Simulator
from infra.simulators.transport import SimulatorTransport
from tests.doubles.memory_table import PlainTable
from tests.doubles.states import States, StatesClient
from tests.faults.engine import Engine, WorkerDiedError
from tests.faults.trouble import NO_ANSWER, NO_EFFECT, PATIENT, Calm, Effect, Fault, Kind, Trouble

TABLE_PATIENCE = 9.0
"""Seconds until a worker gives a table call up: three tries of 3 s."""
CHILD_PATIENCE = 2.0
"""Seconds that a job of the child process may take."""
UNKNOWN = b'{"unknown":true}'
"""How the child asks for a configuration."""


class Layer:
    """Where every effect of a run passes."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.trouble: Trouble = Calm()
        self.effects: Counter[str] = Counter()
        """How many effects of each kind there were under the trouble of now."""
        self.trace: list[str] = []
        """Every effect of the run, in order."""
        self.began = 0.0
        self._ways = 0

    def start(self, trouble: Trouble) -> None:
        """From now on this is what goes wrong."""
        self.trouble = trouble
        self.effects.clear()
        self.began = self.engine.seconds

    def pass_through(
        self,
        kind: Kind,
        name: str,
        effect: Callable[[], Any],
        fail: Callable[[Fault], Any],
        patience: float,
    ) -> Any:
        """Do an effect, with what goes wrong. `fail` raises or answers what the worker sees."""
        worker = self.engine.worker
        if worker is None:
            return effect()
        worker.check(self.engine.seconds)
        asked = Effect(self.effects[kind], kind, name, worker.name)
        self.effects[kind] += 1
        fault = self.trouble.at(asked, self.engine.seconds - self.began)
        if kind != "read":
            self.trace.append(f"{worker.name}: {name}")
            self.travel()
        elif fault is None:
            return effect()
        if fault is None:
            return self._do(effect)
        return _Troubled(fault, effect, fail, patience, self.engine).happen()

    def travel(self) -> None:
        """The way there or back."""
        self._ways += 1
        self.engine.rest(self.trouble.latency(self._ways))

    def _do(self, effect: Callable[[], Any]) -> Any:
        try:
            return effect()
        finally:
            self.travel()


@dataclass(frozen=True)
class _Troubled:
    """An effect to which something happens."""

    fault: Fault
    effect: Callable[[], Any]
    fail: Callable[[Fault], Any]
    patience: float
    engine: Engine

    def happen(self) -> Any:
        """What the worker gets of it."""
        word, seconds = self.fault.word, self.fault.seconds
        if word == "die_before":
            raise WorkerDiedError(word)
        if word == "pause_before":
            self.engine.rest(seconds)
        if word == "late":
            self.engine.at(seconds, self._whatever_comes)
        if word == "late" or word in NO_EFFECT:
            return self._unanswered()
        try:
            result = self.effect()
        except Conflict:
            if word in NO_ANSWER:
                return self._unanswered()
            raise
        return self._unanswered() if word in NO_ANSWER else self._answered(result)

    def _answered(self, result: Any) -> Any:
        if self.fault.word == "die_after":
            raise WorkerDiedError(self.fault.word)
        if self.fault.word == "pause_after":
            self.engine.rest(self.fault.seconds)
        return result

    def _unanswered(self) -> Any:
        self.engine.rest(self.patience if self.fault.word in PATIENT else 0.05)
        return self.fail(self.fault)

    def _whatever_comes(self) -> None:
        with suppress(Conflict, ClientError, httpx.TransportError):  # nobody waits for the answer
            self.effect()


# --- the table ---------------------------------------------------------------------------------


class Watcher(Protocol):
    """Who wants to know of writes."""

    def written(self, key: Key, item: Item | None) -> None:
        """An item was written, or dropped."""
        ...


class FaultyTable:
    """A table whose writes and reads pass the layer, and whose indexes lag behind it.

    Implements `busbar.store.table.Table` over another one. What the indexes show is kept beside it.
    """

    def __init__(self, table: Table, layer: Layer, watcher: Watcher) -> None:
        self._table = table
        self._layer = layer
        self._watcher = watcher
        self._index = PlainTable()
        self._coming: deque[tuple[float, Sequence[Write]]] = deque()
        self._writes = 0

    def get(self, key: Key) -> Item | None:
        """Consistent, if it is answered."""
        found: Item | None = self._read("get", lambda: self._table.get(key))
        return found

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """May be as old as the indexes are, unless it is to be consistent."""
        self._catch_up()

        def read() -> dict[Key, Item]:
            if consistent or not self._coming:
                return self._table.get_many(keys, consistent=consistent)
            return {k: dict(self._index.items[k]) for k in keys if k in self._index.items}

        many: dict[Key, Item] = self._read("get_many", read)
        return many

    def query(
        self,
        index: str,
        partition: str,
        *,
        newest_first: bool,
        limit: int,
        until: str | None = None,
        start: Mapping[str, str] | None = None,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """An index as it was a while ago."""
        self._catch_up()
        lagging = self._index if self._coming else self._table
        page: tuple[list[Item], Mapping[str, str] | None] = self._read(
            f"query {index}",
            lambda: lagging.query(
                index, partition, newest_first=newest_first, limit=limit, until=until, start=start
            ),
        )
        return page

    def rows(
        self,
        partition: str,
        *,
        begins: str = "",
        limit: int = 1000,
        start: Mapping[str, str] | None = None,
        consistent: bool = False,
    ) -> tuple[list[Item], Mapping[str, str] | None]:
        """A partition; as old as the indexes are, unless it is to be consistent."""
        self._catch_up()
        lagging = self._index if self._coming and not consistent else self._table
        page: tuple[list[Item], Mapping[str, str] | None] = self._read(
            "rows",
            lambda: lagging.rows(
                partition, begins=begins, limit=limit, start=start, consistent=consistent
            ),
        )
        return page

    def write(self, writes: Sequence[Write]) -> None:
        """A write; whoever dies here has written all of it or nothing."""
        names = "+".join(_name(write) for write in writes)
        self._layer.pass_through(
            "write", f"write {names}", lambda: self._apply(writes), _table_fails, TABLE_PATIENCE
        )

    def _read(self, name: str, read: Callable[[], Any]) -> Any:
        return self._layer.pass_through("read", name, read, _table_fails, TABLE_PATIENCE)

    def _apply(self, writes: Sequence[Write]) -> None:
        self._table.write(writes)
        self._writes += 1
        last = self._coming[-1][0] if self._coming else 0.0
        lag = self._layer.trouble.index_lag(self._writes)
        self._coming.append((max(last, self._layer.engine.seconds + lag), writes))
        for write in writes:
            self._watcher.written(write.key, write.item)

    def _catch_up(self) -> None:
        while self._coming and self._coming[0][0] <= self._layer.engine.seconds:
            for write in self._coming.popleft()[1]:
                if write.item is None:
                    self._index.items.pop(write.key, None)
                else:
                    self._index.items[write.key] = write.item


def _name(write: Write) -> str:
    if write.item is None:
        return "drop"
    other = "edge" if write.key.sk.startswith("R#") else "binding"
    return str(write.item.get("schema") or write.item.get("entity") or other)


def _table_fails(fault: Fault) -> None:
    if fault.word == "conflict":
        raise Conflict("others write the same")
    raise StoreUnavailable(fault.word)


# --- outside systems ---------------------------------------------------------------------------


class FaultyTransport(httpx.BaseTransport):
    """The way to an outside system."""

    def __init__(
        self,
        simulator: Simulator,
        system: str,
        layer: Layer,
        seen: Callable[[], None] = lambda: None,
    ) -> None:
        """`seen` is called after every change of the system, however it came to pass."""
        self._inner = SimulatorTransport(simulator)
        self._seen = seen
        self._system = system
        self._layer = layer

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """One call."""

        def fail(fault: Fault) -> httpx.Response:
            return self._fails(fault, request)

        answer: httpx.Response = self._layer.pass_through(
            "call",
            f"{self._system} {request.method} {_operation(request.url.path)}",
            lambda: self._reach(request),
            fail,
            float(request.extensions["timeout"]["read"]),
        )
        return answer

    def _reach(self, request: httpx.Request) -> httpx.Response:
        answer = self._inner.handle_request(request)
        if request.method != "GET":
            self._seen()
        return answer

    def _fails(self, fault: Fault, request: httpx.Request) -> httpx.Response:
        word = fault.word
        if word in PATIENT:
            raise httpx.ReadTimeout(word, request=request)
        if word == "refused":
            raise httpx.ConnectError(word, request=request)
        if word.startswith("reset"):
            raise httpx.RemoteProtocolError(word, request=request)
        if word == "busy":
            after = {"retry-after": f"{fault.seconds:.0f}"}
            return httpx.Response(429, headers=after, json=[], request=request)
        return httpx.Response(500, json=[], request=request)


def _operation(path: str) -> str:
    """What kind of thing is called: the part of a path that names no object."""
    for word in ("token", "graph", "query", "Asset", "Order", "card", "sobjects"):
        if f"/{word}" in path:
            return word
    return path


# --- queues ------------------------------------------------------------------------------------


class Sqs(Protocol):
    """Where messages go, as handlers see it."""

    def send_message(self, **call: Any) -> object:
        """SendMessage."""
        ...

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        """SendMessageBatch."""
        ...


class FaultySqs:
    """The way to the queues."""

    def __init__(self, sqs: Sqs, layer: Layer) -> None:
        self._sqs = sqs
        self._layer = layer

    def send_message(self, **call: Any) -> None:
        """One message."""
        self._layer.pass_through(
            "send",
            f"send {str(call['QueueUrl']).rpartition('/')[2]}",
            lambda: self._sqs.send_message(**call),
            _queue_fails,
            TABLE_PATIENCE,
        )

    def send_message_batch(self, **call: Any) -> dict[str, Any]:
        """Several messages, each taken or not."""

        def fail(fault: Fault) -> dict[str, Any]:
            if fault.word != "partial":
                _queue_fails(fault)
            return self._some(fault.seconds, call)

        answer: dict[str, Any] = self._layer.pass_through(
            "batch",
            f"send {str(call['QueueUrl']).rpartition('/')[2]}",
            lambda: self._sqs.send_message_batch(**call),
            fail,
            TABLE_PATIENCE,
        )
        return answer

    def _some(self, how: float, call: dict[str, Any]) -> dict[str, Any]:
        """All but a part of them, which begins at a place drawn by `how`."""
        entries = call["Entries"]
        start = int(how * len(entries))
        refused = entries[start : start + 1 + len(entries) // 3]
        told = [{"Id": entry["Id"], "Code": "InternalFailure"} for entry in refused]
        taken = [entry for entry in entries if entry not in refused]
        if not taken:
            return {"Failed": told}
        answer = self._sqs.send_message_batch(**{**call, "Entries": taken})
        return {**answer, "Failed": told}


def faulty_states(states: States, layer: Layer) -> StatesClient:
    """The way to the state machine."""

    def around(name: str, effect: Callable[[], Any]) -> Any:
        return layer.pass_through("send", name, effect, _queue_fails, TABLE_PATIENCE)

    return StatesClient(states, around)


READERS = frozenset({"erp_apply", "erp_load_slices"})
"""Functions for which what they read from S3 is their work."""


def around_files(layer: Layer) -> Callable[[str, Callable[[], Any]], Any]:
    """The way to files. What only reads users' files is no effect; what an event's worker reads is
    the event itself, so it counts."""

    def around(name: str, effect: Callable[[], Any]) -> Any:
        worker = layer.engine.worker
        looks = name == "s3 get" and (worker is None or worker.name not in READERS)
        kind: Kind = "read" if looks else "send"
        return layer.pass_through(kind, name, effect, _files_fail, TABLE_PATIENCE)

    return around


def _files_fail(fault: Fault) -> None:
    if fault.word == "throttled":
        raise ClientError(_SLOW_DOWN, "GetObject")
    _queue_fails(fault)


_SLOW_DOWN: Any = {"Error": {"Code": "SlowDown", "Message": ""}, "ResponseMetadata": {}}


def _queue_fails(fault: Fault) -> None:
    if fault.word == "failed":
        raise EndpointConnectionError(endpoint_url="aws")
    raise ReadTimeoutError(endpoint_url="aws")


# --- the child process --------------------------------------------------------------


@lru_cache(maxsize=8192)
def _served(job: bytes) -> bytes:
    """What a job comes to is a function of the job: thousands of runs have the same ones."""
    return serve(job)


class FaultyChild:
    """The child process that evaluates mappings, which may end with a job, or not start."""

    def __init__(self, layer: Layer) -> None:
        self._layer = layer
        self._known: set[str] = set()
        """The configurations that the process has seen, by their hashes."""

    def ask_all(self, jobs: Sequence[bytes]) -> list[bytes | JobLost]:
        """The answers to jobs, or how they were lost."""
        return [self._asked(job) for job in jobs]

    def _asked(self, job: bytes) -> bytes | JobLost:
        try:
            answer: bytes = self._layer.pass_through(
                "job", "map", lambda: self._answer(job), self._fails, CHILD_PATIENCE
            )
        except JobLost as lost:
            return lost
        return answer

    def _answer(self, job: bytes) -> bytes:
        head = json.loads(job.partition(b"\n")[0])
        if head["configuration"] is None and head["hash"] not in self._known:
            return UNKNOWN
        self._known.add(head["hash"])
        return _served(job)

    def _fails(self, fault: Fault) -> None:
        self._known.clear()
        if fault.word == "absent":
            raise ChildUnavailable("any")
        code = "TIMEOUT" if fault.word == "slow" else "CRASHED"
        raise JobLost(code, code)
