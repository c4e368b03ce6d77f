"""What both simulators share: the clock, the course of a call, faults, late effects, the log."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from email.utils import format_datetime
from typing import Any

from infra.simulators.control import CONTROL
from infra.simulators.faults import Fault, FaultList
from infra.simulators.messages import Cut, RefusalError, Request, Response, answer, cut
from infra.simulators.routing import Call, Match, Route, find

Now = Callable[[], datetime]
Proceed = Callable[[], Response]
FaultKind = Callable[[Fault, Request, Proceed], Response]
CALLS_KEPT = 5000


@dataclass(frozen=True)
class CallRecord:
    """One line of the call log. `status` is 0 where the caller got no answer."""

    at: datetime
    method: str
    path: str
    query: str
    operation: str
    status: int
    correlation_id: str
    fault: str


@dataclass(frozen=True)
class Table:
    """A table of the page that shows what a simulator holds."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[object]]


class Simulator(ABC):
    """An outside system. One call at a time, in the order in which they come."""

    name: str

    def __init__(self, now: Now, routes: Sequence[Route]) -> None:
        self._clock = now
        self._moment: datetime | None = None
        self._lock = threading.RLock()
        self._depth = 0
        self._late: list[tuple[datetime, Request]] = []
        self.routes: list[Route] = [*routes, *CONTROL.bind(self)]
        self.faults = FaultList()
        self.calls: deque[CallRecord] = deque(maxlen=CALLS_KEPT)
        self.is_down = False

    def now(self) -> datetime:
        """The present, aware, in UTC; while a late effect is applied, the moment it was due."""
        return self._moment or self._clock()

    def handle(self, request: Request) -> Response:
        """Answer one call. Never raises; lost answers have `Response.cut` set."""
        with self.working():
            match = find(self.routes, request)
            if match.route and match.route.label == "control":
                return _run(match.route, Call(request, match.path))
            response, fault = self._answered(request, match)
            response = self._dated(response, 0.0)
            self._log(request, match, response, fault)
            return response

    @contextmanager
    def working(self) -> Iterator[None]:
        """Hold the system still, with all late effects that are due applied."""
        with self._lock:
            self._depth += 1
            try:
                self._settle()
                yield
            finally:
                self._depth -= 1
                outermost = self._depth == 0
        if outermost:
            self.flush()

    def reset(self) -> None:
        """Forget faults, late effects and the call log, and be up. The data is the child's."""
        self.faults.clear()
        self._late.clear()
        self.calls.clear()
        self.is_down = False

    # --- what each system adds -----------------------------------------------------------------

    @abstractmethod
    def guard(self, request: Request, route: Route) -> Response | None:
        """Refuse a call before anything happens (token, quota)."""

    @abstractmethod
    def no_route(self, request: Request, allowed: Sequence[str]) -> Response:
        """The system's own 404, or its 405 when the path has other methods."""

    @abstractmethod
    def own_faults(self) -> Mapping[str, FaultKind]:
        """Kinds of faults that only this system has."""

    @abstractmethod
    def dump(self) -> dict[str, Any]:
        """All that `restore` needs, as JSON: no faults, late effects, logins or calls."""

    @abstractmethod
    def restore(self, dumped: Mapping[str, Any]) -> None:
        """Hold what was dumped, and nothing else; `reset` goes where it went before.

        Raises whatever reading a wrong shape raises.
        """

    @abstractmethod
    def tables(self) -> list[Table]:
        """What the system holds, for people."""

    @abstractmethod
    def state(self) -> dict[str, Any]:
        """What the system holds, for programs."""

    @abstractmethod
    def finish(self, request: Request, response: Response) -> Response:
        """Add what every answer of the system carries."""

    def flush(self) -> None:  # noqa: B027  most systems send nothing by themselves
        """Send what the call has made the system say, with nothing locked any more."""

    # --- one call ------------------------------------------------------------------------------

    def _answered(self, request: Request, match: Match) -> tuple[Response, str]:
        if self.is_down:
            return cut(Cut.REFUSED), "down"
        fault = self.faults.take(request, match.route.operation if match.route else "")
        if fault is None:
            return self._guarded(request, match), ""
        response = self.fault_kinds()[fault.kind](
            fault, request, lambda: self._guarded(request, match)
        )
        return response, fault.kind

    def _guarded(self, request: Request, match: Match) -> Response:
        if match.route is None:
            return self.finish(request, self.no_route(request, match.allowed))
        refused = self.guard(request, match.route)
        return self.finish(request, refused or _run(match.route, Call(request, match.path)))

    def _log(self, request: Request, match: Match, response: Response, fault: str) -> None:
        self.calls.append(
            CallRecord(
                at=self.now(),
                method=request.method,
                path=request.path,
                query=request.query,
                operation=match.route.operation if match.route else "",
                status=0 if response.cut else response.status,
                correlation_id=request.headers.get("x-correlation-id", ""),
                fault=fault,
            )
        )

    # --- faults --------------------------------------------------------------------------------

    def fault_kinds(self) -> dict[str, FaultKind]:
        """Every kind of fault by its name."""
        return {
            "timeout_before": lambda _fault, _request, _proceed: cut(Cut.TIMEOUT),
            "timeout_after": lambda _fault, _request, proceed: _lost(proceed(), Cut.TIMEOUT),
            "late_commit": self._late_commit,
            "reset_before": lambda _fault, _request, _proceed: cut(Cut.RESET),
            "reset_after": lambda _fault, _request, proceed: _lost(proceed(), Cut.RESET),
            "refuse": lambda _fault, _request, _proceed: cut(Cut.REFUSED),
            "status": lambda fault, _request, _proceed: _status(fault),
            "clock_skew": lambda fault, _request, proceed: self._dated(proceed(), fault.seconds),
            **self.own_faults(),
        }

    def _dated(self, response: Response, ahead: float) -> Response:
        """The answer with its `Date` (RFC 9110 §6.6.1), unless it has one."""
        if "date" in response.headers:
            return response
        date = format_datetime(self.now() + timedelta(seconds=ahead), usegmt=True)
        return response.with_header("date", date)

    def add_fault(self, fault: Fault) -> None:
        """Set a fault. Raises `ValueError` for a kind that the system does not have."""
        known = self.fault_kinds()
        if fault.kind not in known:
            raise ValueError(f"unknown kind {fault.kind!r}; known are {sorted(known)}")
        self.faults.add(fault)

    def _late_commit(self, fault: Fault, request: Request, _proceed: Proceed) -> Response:
        self._late.append((self.now() + timedelta(seconds=fault.seconds), request))
        return cut(Cut.TIMEOUT)

    def _settle(self) -> None:
        if not self._late:
            return
        present = self._clock()
        due = sorted((row for row in self._late if row[0] <= present), key=lambda row: row[0])
        self._late = [row for row in self._late if row[0] > present]
        for moment, request in due:
            self._moment = moment
            try:
                match = find(self.routes, request)
                if match.route:
                    # Its token was looked at when it came, and nobody reads the answer.
                    _run(match.route, Call(request, match.path))
            finally:
                self._moment = None


def _run(route: Route, call: Call) -> Response:
    try:
        return route.answer(call)
    except RefusalError as refusal:
        return refusal.response()
    except (TypeError, ValueError) as error:
        # A person typed this. The vendor's routes check every type by themselves.
        if route.label != "control":
            raise
        return RefusalError(f"a value has the wrong type: {error}").response()


def _lost(response: Response, kind: Cut) -> Response:
    return replace(response, cut=kind)


def _status(fault: Fault) -> Response:
    after = {} if fault.retry_after is None else {"retry-after": f"{fault.retry_after:g}"}
    return answer(fault.status, fault.body, after)
