"""One HTTP exchange with an outside system, and what its failure means.

A call that fails before anything was sent is `Unavailable`. A call that fails after that is
`Unavailable` if it only reads, and `Unknown` if it writes: the system may have done it. Nothing is
repeated here and nothing sleeps; retries belong to one layer above.

Every call passes the gate of its system first, and the gate is told how it went: whether the system
is there, not whether it liked the call.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from urllib.parse import quote, urlencode

import httpx

from busbar.connectors.budget import Budget
from busbar.connectors.reach import Reach
from busbar.connectors.retry_after import retry_after
from busbar.errors import Unavailable, Unknown, UpstreamError
from busbar.observability import Metric, count, observe
from busbar.ports.outside import Gate

CONNECT_SECONDS = 2.0
"""A host that does not take a connection within this is down for this call."""
IDLE_SECONDS = 15.0
"""Idle connections older than this are not reused: a frozen function's peer has hung up, and a
write on a dead connection would end as `Unknown`."""
LARGEST_ANSWER = 8 * 1024 * 1024
"""Bytes. 2 000 rows of a query page are well below 2 MB."""

_NEVER_SENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.ProxyError,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)
_REQUEST_ID_HEADERS = ("x-sfdc-request-id", "x-request-id")
_HEADERS = {
    "Accept": "application/json",
    # Not compressed, so that the cap on the answer is a cap on what we unpack.
    "Accept-Encoding": "identity",
    "User-Agent": "busbar",
}
_url = lru_cache(maxsize=256)(httpx.URL)
"""Parsing an address is a fifth of the CPU of a call, and what is read is written next."""
_UNSAFE_IN_HEADER = re.compile(r"[^A-Za-z0-9._:/+=-]")


@dataclass(frozen=True)
class Ask:
    """A request. `path` is absolute and encoded; `operation` is our name for it, for errors."""

    operation: str
    method: str
    path: str
    writes: bool = False
    login: bool = False
    """Asks for a token: without one nothing works, and one alone says nothing of the rest."""
    query: Mapping[str, str] = field(default_factory=dict)
    json: object = None
    form: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """What came back, not yet believed; the names of its headers are in lower case.

    `request_id` is the system's own name for the call; `cookies` are all values of `Set-Cookie`,
    the one header that may come more than once.
    """

    status: int
    body: bytes
    headers: Mapping[str, str]
    request_id: str = ""
    cookies: tuple[str, ...] = ()


def path_segment(value: str) -> str:
    """`value` as one path segment. Raises `ValueError` if it can be none.

    `/` is encoded too, which clients of Salesforce commonly forget; dots alone would climb.
    """
    if not value or value in {".", ".."} or len(value) > 255:
        raise ValueError("no path segment")
    return quote(value, safe="")


class Exchange:
    """A connection pool to one system of one org, kept over invocations."""

    def __init__(
        self,
        system: str,
        base_url: str,
        reach: Reach,
        overloaded: Callable[[Answer], bool] = lambda _answer: False,
    ) -> None:
        self.system = system
        self._gate = reach.gate
        self._now = reach.clock.now
        self._overloaded = overloaded
        self._base_url = base_url
        self._correlation = reach.correlation
        # No client above it: cookies, redirects, proxies and .netrc are what we do not want, and a
        # third of the CPU of a call.
        self._transport = reach.transport or httpx.HTTPTransport(
            trust_env=False,
            limits=httpx.Limits(max_connections=8, keepalive_expiry=IDLE_SECONDS),
        )

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()

    def send(self, ask: Ask, budget: Budget) -> Answer:
        """Send and read the whole answer, whatever its status, within the budget.

        Raises `Unavailable` if nothing was sent or nothing was to be written, else `Unknown`.
        """
        left = budget.left()
        if left <= 0:
            raise Unavailable(self.system, ask.operation, code="NO_TIME_LEFT")
        if self._gate is None:
            return self._metered(ask, budget, left)
        self._gate.enter(ask.operation, writes=ask.writes)
        try:
            answer = self._metered(ask, budget, left)
        except UpstreamError as error:
            # Who had no time to wait cannot tell a slow system from one that is down.
            if isinstance(error.__cause__, httpx.HTTPError) and left >= CONNECT_SECONDS:
                self._gate.failed(error.code, writes=ask.writes)
            raise
        self._tell(self._gate, ask, answer)
        return answer

    def _metered(self, ask: Ask, budget: Budget, left: float) -> Answer:
        count(Metric.CALLS, self.system)
        try:
            answer = self._exchanged(ask, budget, left)
        except UpstreamError:
            count(Metric.CALLS_FAILED, self.system)
            raise
        finally:
            observe(Metric.LATENCY, self.system, round((left - budget.left()) * 1000))
        if answer.status >= 500:
            count(Metric.CALLS_FAILED, self.system)
        if answer.status == 429:
            count(Metric.THROTTLED, self.system)
        return answer

    def _tell(self, gate: Gate, ask: Ask, answer: Answer) -> None:
        status = answer.status
        limited = status == 429 or self._overloaded(answer)
        if status >= 500 or limited or (ask.login and status != 200):
            after = retry_after(answer.headers, self._now())
            gate.failed(f"HTTP_{status}", writes=ask.writes, retry_after=after)
        elif status != 401 and not ask.login:
            gate.succeeded(writes=ask.writes)

    def _exchanged(self, ask: Ask, budget: Budget, left: float) -> Answer:
        try:
            response = self._transport.handle_request(self._request(ask, left))
            try:
                return self._read(response, ask, budget)
            finally:
                response.close()
        except _NEVER_SENT as error:
            raise Unavailable(self.system, ask.operation, code=type(error).__name__) from error
        except httpx.HTTPError as error:
            raise self.failed(ask, type(error).__name__) from error

    def failed(
        self, ask: Ask, code: str, *, detail: str = "", request_id: str = ""
    ) -> UpstreamError:
        """The error for a call that was sent, and whose outcome nobody has told us."""
        kind = Unknown if ask.writes else Unavailable
        return kind(self.system, ask.operation, detail=detail, code=code, request_id=request_id)

    def _request(self, ask: Ask, left: float) -> httpx.Request:
        url = self._base_url + ask.path
        if ask.query:
            url += "?" + urlencode(ask.query, quote_via=quote)
        connect = min(CONNECT_SECONDS, left)
        return httpx.Request(
            ask.method,
            _url(url),
            json=ask.json,
            data=ask.form or None,
            headers={
                **_HEADERS,
                **ask.headers,
                "X-Correlation-Id": _UNSAFE_IN_HEADER.sub("", self._correlation())[:128],
            },
            extensions={"timeout": httpx.Timeout(left, connect=connect, pool=connect).as_dict()},
        )

    def _read(self, response: httpx.Response, ask: Ask, budget: Budget) -> Answer:
        headers = _headers_of(response)
        request_id = next((headers[h] for h in _REQUEST_ID_HEADERS if h in headers), "")
        request_id = _UNSAFE_IN_HEADER.sub("", request_id)[:128]
        if headers.get("content-encoding", "identity") != "identity":
            raise self.failed(ask, "ENCODED_ANSWER", request_id=request_id)
        parts, size = [], 0
        for part in response.iter_bytes():
            parts.append(part)
            size += len(part)
            if size > LARGEST_ANSWER:
                raise self.failed(ask, "ANSWER_TOO_LARGE", request_id=request_id)
            if budget.left() <= 0:
                raise self.failed(ask, "OUT_OF_TIME", request_id=request_id)
        cookies = _cookies_of(response) if "set-cookie" in headers else ()
        return Answer(response.status_code, b"".join(parts), headers, request_id, cookies)


def _headers_of(response: httpx.Response) -> dict[str, str]:
    """By name in lower case; of a name that comes twice, the first."""
    raw = reversed(response.headers.raw)
    return {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in raw}


def _cookies_of(response: httpx.Response) -> tuple[str, ...]:
    raw = response.headers.raw
    return tuple(value.decode("latin-1") for name, value in raw if name.lower() == b"set-cookie")
