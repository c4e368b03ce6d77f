"""What the gate of a system is told of a call, and what it keeps from being sent."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import httpx
import pytest

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import Answer, Ask, Exchange
from busbar.connectors.reach import Reach
from busbar.errors import UpstreamError, Withheld
from tests.contracts.recording import FixedClock, Seconds, Secrets

READ = Ask("any_read", "GET", "/any")
WRITE = Ask("any_write", "PUT", "/any", writes=True, json={})
LOGIN = Ask("any_read", "POST", "/token", login=True, form={"any": "any"})
UP, SAYS_NOTHING = "up", "nothing"


@dataclass
class Notes:
    """A gate that notes what it is told."""

    shut: bool = False
    told: list[str] = field(default_factory=list)

    def enter(self, operation: str, *, writes: bool) -> None:  # noqa: ARG002
        """As told."""
        if self.shut:
            raise Withheld("any", operation, code="circuit_open")

    def is_open(self) -> bool:
        """As told."""
        return self.shut

    def succeeded(self, *, writes: bool) -> None:  # noqa: ARG002
        """Note it."""
        self.told.append(UP)

    def failed(self, code: str, *, writes: bool, retry_after: float | None = None) -> None:  # noqa: ARG002
        """Note it."""
        self.told.append(code if retry_after is None else f"{code} {retry_after:.0f}")


def quota(answer: Answer) -> bool:
    """Whether the system says that it is out of calls."""
    return answer.status == 403 and answer.body == b"quota"


def reach(respond: Callable[[httpx.Request], httpx.Response], gate: Notes) -> Reach:
    """The way to a system that answers like this, through a gate."""
    return Reach(Secrets([]), FixedClock(), lambda: "any", httpx.MockTransport(respond), gate=gate)


def told(ask: Ask, answer: httpx.Response | Exception, seconds: float = 5.0) -> str:
    """What the gate is told of this call."""
    notes = Notes()

    def respond(_request: httpx.Request) -> httpx.Response:
        if isinstance(answer, Exception):
            raise answer
        return answer

    exchange = Exchange(
        "any",
        "https://any.example",
        reach(respond, notes),
        overloaded=quota,
    )
    try:
        exchange.send(ask, Budget(seconds, Seconds()))
    except UpstreamError:
        assert isinstance(answer, Exception)
    return "; ".join(notes.told) or SAYS_NOTHING


@pytest.mark.parametrize("ask", [READ, WRITE])
@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (httpx.Response(200), UP),
        (httpx.Response(404), UP),
        (httpx.Response(400), UP),
        (httpx.Response(403), UP),
        (httpx.Response(403, content=b"quota"), "HTTP_403"),
        (httpx.Response(401), SAYS_NOTHING),
        (httpx.Response(500), "HTTP_500"),
        (httpx.Response(503, headers={"Retry-After": "7"}), "HTTP_503 7"),
        (httpx.Response(429), "HTTP_429"),
        (httpx.Response(429, headers={"Retry-After": "30"}), "HTTP_429 30"),
        (httpx.ConnectError("any"), "ConnectError"),
        (httpx.ConnectTimeout("any"), "ConnectTimeout"),
        (httpx.ReadTimeout("any"), "ReadTimeout"),
        (httpx.RemoteProtocolError("any"), "RemoteProtocolError"),
    ],
    ids=str,
)
def test_should_tell_whether_the_system_is_there_and_not_whether_it_liked_the_call(
    ask: Ask, answer: httpx.Response | Exception, says: str
) -> None:
    assert told(ask, answer) == says


@pytest.mark.parametrize(
    ("status", "says"), [(200, SAYS_NOTHING), (400, "HTTP_400"), (401, "HTTP_401")]
)
def test_should_count_a_login_that_is_refused_and_believe_none_that_succeeds(
    status: int, says: str
) -> None:
    assert told(LOGIN, httpx.Response(status)) == says


def test_should_not_blame_the_system_when_there_was_hardly_time_to_wait() -> None:
    assert told(READ, httpx.ReadTimeout("any"), seconds=1.9) == SAYS_NOTHING


@pytest.mark.parametrize("ask", [READ, WRITE, LOGIN])
def test_should_send_nothing_that_the_gate_holds_back(ask: Ask) -> None:
    sent: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200)

    exchange = Exchange(
        "any",
        "https://any.example",
        reach(respond, Notes(shut=True)),
    )
    with pytest.raises(Withheld):
        exchange.send(ask, Budget(5, Seconds()))
    assert sent == []
