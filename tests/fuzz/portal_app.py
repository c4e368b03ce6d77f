"""The product as a WSGI application: API Gateway's part in front of the handlers, in memory.

The token is the `sub` of a sample person; what has to be signed is signed here, byte by byte. What
API Gateway answers by itself, it answers: no such route, no token. `reset` begins anew with one of
each thing, so that ids find something.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterable
from http.client import responses
from typing import Any
from urllib.parse import unquote

from tests.doubles.world import World, http_event, route_of
from tests.functions.given import ready
from tests.functions.sender import signed_headers

StartResponse = Callable[[str, list[tuple[str, str]]], Any]
TEXT = ("text/", "application/json", "application/javascript", "application/xml")
"""Content types whose body API Gateway hands on as text; any other comes in base64."""


class PortalApp:
    """Answers as the deployed API would."""

    def __init__(self) -> None:
        self.requests = 0
        self._world = World()

    def reset(self, operation: str) -> dict[str, str]:
        """A fresh world in which the operation can be granted; what its path has to name there."""
        self._world, ids = ready(operation)
        return ids

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """One request."""
        self.requests += 1
        status, headers, body = self._answer(environ)
        start(f"{status} {responses.get(status, 'Unknown')}", headers)
        return [body.encode(errors="surrogatepass")]

    def _answer(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], str]:
        # WSGI hands the path over decoded, as Latin-1.
        path = environ["PATH_INFO"].encode("latin-1").decode(errors="replace")
        headers = _headers(environ)
        scheme, _, sub = headers.get("authorization", "").partition(" ")
        try:
            case, parameters = route_of(environ["REQUEST_METHOD"], path)
        except LookupError:
            return _gateway(404, "Not Found")
        raw = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        claims = None
        if case.signed_routes:
            headers |= signed_headers(self._world, raw, message_id=f"msg_{self.requests}")
        elif scheme.lower() != "bearer" or not sub:
            return _gateway(401, "Unauthorized")
        else:
            claims = {**self._world.claims("operator"), "sub": sub}
        query = environ.get("QUERY_STRING", "")
        where = f"{path}?{query}" if query else path
        event = http_event(environ["REQUEST_METHOD"], where, None, headers, parameters, claims)
        _put_body(event, raw, environ.get("CONTENT_TYPE", ""))
        answer = self._world.invoke(case.name, event)
        return answer["statusCode"], list(answer["headers"].items()), answer["body"]


def _gateway(status: int, message: str) -> tuple[int, list[tuple[str, str]], str]:
    return status, [("Content-Type", "application/json")], json.dumps({"message": message})


def _headers(environ: dict[str, Any]) -> dict[str, str]:
    named = {
        name.removeprefix("HTTP_").replace("_", "-").lower(): unquote(value)
        for name, value in environ.items()
        if name.startswith("HTTP_")
    }
    content_type = environ.get("CONTENT_TYPE")
    return {**named, "content-type": content_type} if content_type else named


def _put_body(event: dict[str, Any], raw: bytes, content_type: str) -> None:
    if not raw:
        return
    try:
        if content_type.startswith(TEXT):
            event["body"] = raw.decode()
            return
    except UnicodeDecodeError:
        pass
    event["body"] = base64.b64encode(raw).decode()
    event["isBase64Encoded"] = True
