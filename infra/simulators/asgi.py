"""Wraps a simulator as an ASGI app."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from infra.simulators.messages import Cut, Request, Response
from infra.simulators.simulator import Simulator

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
HOLD_SECONDS = 30.0


class SimulatorApp:
    """An ASGI app around a simulator.

    A time-out holds the answer for `hold` seconds, or until `ending` is set, and then cuts the
    connection. ASGI knows no refused connection, so a refusal is cut as well; whoever needs a real
    one stops the server.
    """

    def __init__(
        self,
        simulator: Simulator,
        hold: float = HOLD_SECONDS,
        ending: asyncio.Event | None = None,
    ) -> None:
        self._simulator = simulator
        self._hold = hold
        self._ending = ending or asyncio.Event()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection scope: `lifespan` or `http`."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
        elif scope["type"] == "http":
            request = await _request(scope, receive)
            # In a thread, because what an event sets off may call this very server again.
            response = await asyncio.to_thread(self._simulator.handle, request)
            await self._respond(response, receive, send)

    async def _respond(self, response: Response, receive: Receive, send: Send) -> None:
        if response.cut is None:
            await _send_whole(response, send)
            return
        if response.cut is Cut.TIMEOUT:
            await self._hold_back(receive)
        await _send_broken(send)

    async def _hold_back(self, receive: Receive) -> None:
        waits = [asyncio.ensure_future(w) for w in (_hung_up(receive), self._ending.wait())]
        try:
            await asyncio.wait(waits, timeout=self._hold, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()


async def _lifespan(receive: Receive, send: Send) -> None:
    while True:
        kind = (await receive())["type"]
        await send({"type": f"{kind}.complete"})
        if kind == "lifespan.shutdown":
            return


async def _request(scope: Scope, receive: Receive) -> Request:
    parts: list[bytes] = []
    more = True
    while more:
        message = await receive()
        parts.append(message.get("body", b""))
        more = message.get("more_body", False)
    raw: bytes = scope.get("raw_path") or scope["path"].encode()
    return Request(
        scope["method"],
        raw.partition(b"?")[0].decode("ascii"),
        scope["query_string"].decode("ascii"),
        {
            name.decode("latin-1").lower(): value.decode("latin-1")
            for name, value in scope["headers"]
        },
        b"".join(parts),
    )


async def _send_whole(response: Response, send: Send) -> None:
    headers = [(k.lower().encode(), v.encode()) for k, v in response.headers.items()]
    headers += [(b"set-cookie", cookie.encode()) for cookie in response.cookies]
    if response.status not in {204, 304}:
        headers.append((b"content-length", str(len(response.body)).encode()))
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    await send({"type": "http.response.body", "body": response.body})


async def _hung_up(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


async def _send_broken(send: Send) -> None:
    # A server turns "no answer" into a 500. Less body than announced makes it cut the connection.
    headers = [(b"content-length", b"64"), (b"connection", b"close")]
    await send({"type": "http.response.start", "status": 500, "headers": headers})
    await send({"type": "http.response.body", "body": b"cut", "more_body": True})
