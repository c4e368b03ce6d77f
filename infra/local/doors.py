"""Which app answers on which port: the emulator, the portal's API, the issuer.

One server and one event loop serve all three. The portal's door only puts the API's path in front,
so what passes through it is what API Gateway would see.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import JSONResponse, Response

Scope = dict[str, Any]
Action = Callable[[], object]

CONTROL = "/_local/"


class Doors:
    """An ASGI app over others, by the port that a request came in on."""

    def __init__(self, portal: int, by_port: Mapping[int, Any]) -> None:
        self._emulator: Any = None
        self._portal = portal
        self._by_port = by_port
        self.api_path: str | None = None
        """Where the emulator serves our API."""
        self.actions: dict[tuple[str, str], Action] = {}
        """(method, name) -> what `/_local/<name>` does; its result is the answer."""

    def before(self, emulator: Any) -> Doors:
        """Stand before the emulator's app."""
        self._emulator = emulator
        return self

    async def __call__(self, scope: Scope, receive: Any, send: Any) -> None:
        """Hand a request to the app of its port. The lifespan is the emulator's."""
        port = (scope.get("server") or ("", 0))[1]
        if scope["type"] != "http" or port not in {self._portal, *self._by_port}:
            await self._emulator(scope, receive, send)
        elif port in self._by_port:
            await self._by_port[port](scope, receive, send)
        elif scope["path"] == "/" or scope["path"].startswith(CONTROL):
            await (await self._control(scope))(scope, receive, send)
        elif self.api_path is None:
            await JSONResponse({"message": "Nothing is deployed yet"}, 503)(scope, receive, send)
        else:
            await self._emulator(_moved(scope, self.api_path), receive, send)

    async def _control(self, scope: Scope) -> Response:
        name = scope["path"].removeprefix(CONTROL).strip("/") or "status"
        action = self.actions.get((scope["method"], name))
        if action is None:
            known = sorted(f"{method} {CONTROL}{name}" for method, name in self.actions)
            return JSONResponse({"message": "Not found", "known": known}, 404)
        answer = await run_in_threadpool(action)
        return Response(json.dumps(answer, indent=1), media_type="application/json")


def _moved(scope: Scope, prefix: str) -> Scope:
    raw = scope.get("raw_path") or scope["path"].encode()
    return {**scope, "path": prefix + scope["path"], "raw_path": prefix.encode() + raw}
