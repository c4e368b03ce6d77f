"""One HTTP exchange: limits of size and time, and what is sent."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import httpx
import pytest

from busbar.connectors.budget import Budget
from busbar.connectors.exchange import LARGEST_ANSWER, Answer, Ask, Exchange, path_segment
from busbar.connectors.reach import Reach
from busbar.errors import Unavailable, Unknown, UpstreamError
from tests.contracts.recording import FixedClock, Seconds, Secrets

READ = Ask("any_read", "GET", "/any")
WRITE = Ask("any_write", "PUT", "/any", writes=True, json={})


class Chunks(httpx.SyncByteStream):
    """An answer that comes in pieces."""

    def __init__(self, chunks: Iterator[bytes]) -> None:
        self.chunks = chunks

    def __iter__(self) -> Iterator[bytes]:
        return self.chunks


def sent(
    ask: Ask,
    answer: httpx.Response | Callable[[httpx.Request], httpx.Response],
    seconds: Seconds | None = None,
    correlation: str = "corr-1",
) -> Answer:
    exchange = Exchange(
        "any",
        "https://any.example",
        Reach(
            Secrets([]),
            FixedClock(),
            lambda: correlation,
            httpx.MockTransport(answer if callable(answer) else lambda _request: answer),
        ),
    )
    return exchange.send(ask, Budget(5, seconds or Seconds()))


@pytest.mark.parametrize(("ask", "kind"), [(READ, Unavailable), (WRITE, Unknown)])
def test_should_stop_reading_an_answer_that_is_too_large(
    ask: Ask, kind: type[UpstreamError]
) -> None:
    endless = Chunks(iter(lambda: b"x" * 1024 * 1024, b""))
    with pytest.raises(kind, match="ANSWER_TOO_LARGE"):
        sent(ask, httpx.Response(200, stream=endless))


def test_should_take_an_answer_of_the_largest_size() -> None:
    assert len(sent(READ, httpx.Response(200, content=b"x" * LARGEST_ANSWER)).body) > 0


@pytest.mark.parametrize(("ask", "kind"), [(READ, Unavailable), (WRITE, Unknown)])
def test_should_stop_reading_an_answer_that_trickles_in(
    ask: Ask, kind: type[UpstreamError]
) -> None:
    trickle = Chunks(iter(lambda: b"x", b""))
    with pytest.raises(kind, match="OUT_OF_TIME"):
        sent(ask, httpx.Response(200, stream=trickle), Seconds(each=1.0))


@pytest.mark.parametrize(("ask", "kind"), [(READ, Unavailable), (WRITE, Unknown)])
def test_should_not_unpack_an_answer(ask: Ask, kind: type[UpstreamError]) -> None:
    packed = httpx.Response(
        200, headers={"Content-Encoding": "gzip"}, stream=Chunks(iter([b"\x1f\x8b"]))
    )
    with pytest.raises(kind, match="ENCODED_ANSWER"):
        sent(ask, packed)


def test_should_not_follow_a_redirect() -> None:
    elsewhere = {"Location": "https://evil.example/"}
    assert sent(READ, httpx.Response(302, headers=elsewhere)).status == 302


def test_should_encode_queries_and_clean_the_correlation_id() -> None:
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, headers={"X-Request-Id": "r-1\t<b>"})

    ask = Ask("any", "GET", "/q", query={"q": "a = 'b&c' +d"})
    assert sent(ask, answer, correlation="a\r\nX-Evil: 1").request_id == "r-1b"
    assert seen[0].url.params["q"] == "a = 'b&c' +d"
    assert b"+d" not in seen[0].url.query
    assert seen[0].headers["x-correlation-id"] == "aX-Evil:1"
    assert seen[0].headers["accept-encoding"] == "identity"


def test_should_keep_every_cookie_and_the_first_of_any_other_header() -> None:
    twice = [("Set-Cookie", "a=1; path=/"), ("set-cookie", "b=2"), ("X-Any", "1"), ("X-Any", "2")]
    answer = sent(READ, httpx.Response(200, headers=twice))
    assert answer.cookies == ("a=1; path=/", "b=2")
    assert answer.headers["x-any"] == "1"
    assert sent(READ, httpx.Response(200)).cookies == ()


def test_should_encode_a_slash_in_a_path_segment() -> None:
    assert path_segment("a/b c") == "a%2Fb%20c"
