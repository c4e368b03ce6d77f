"""HTTP as the simulators see it: a request, a response, and the ways a response can get lost."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import parse_qsl, urlsplit


class Cut(StrEnum):
    """How a call ends without an answer."""

    TIMEOUT = "timeout"
    RESET = "reset"
    REFUSED = "refused"


def _no_number(text: str) -> float:
    raise ValueError(f"{text} is no JSON")


@dataclass(frozen=True)
class Request:
    """A request. `path` is still percent-encoded, header names are in lower case."""

    method: str
    path: str
    query: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""

    @property
    def parameters(self) -> dict[str, str]:
        """The query, decoded (`+` and `%20` are both a space); the last of a repeated name."""
        return dict(parse_qsl(self.query, keep_blank_values=True))

    @property
    def form(self) -> dict[str, str]:
        """The body read as `application/x-www-form-urlencoded`."""
        text = self.body.decode("utf-8", errors="replace")
        return dict(parse_qsl(text, keep_blank_values=True))

    def json(self) -> Any:
        """The body read as strict JSON. Raises `ValueError` (also for bytes that are no UTF-8)."""
        return json.loads(self.body, parse_constant=_no_number)


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    body: bytes | None = None,
    data: object = None,
) -> Request:
    """Make a request from a URL with or without host; `data` becomes a JSON body."""
    parts = urlsplit(url)
    lower = {name.lower(): value for name, value in (headers or {}).items()}
    raw = json.dumps(data).encode() if body is None and data is not None else body or b""
    return Request(method.upper(), parts.path or "/", parts.query, lower, raw)


@dataclass(frozen=True)
class Response:
    """A response. With `cut` set nothing of it reaches the caller."""

    status: int
    body: bytes = b""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: Cut | None = None

    def json(self) -> Any:
        """The body read as JSON. Raises `ValueError`."""
        return json.loads(self.body)

    def with_header(self, name: str, value: str) -> Response:
        """The same with one header more."""
        return Response(self.status, self.body, {**self.headers, name: value}, self.cut)


def answer(status: int, data: object = None, headers: Mapping[str, str] | None = None) -> Response:
    """A JSON response; without `data` it has no body and no content type."""
    if data is None:
        return Response(status, b"", dict(headers or {}))
    kind = {"content-type": "application/json;charset=UTF-8"}
    return Response(status, json.dumps(data).encode(), {**kind, **(headers or {})})


def cut(kind: Cut) -> Response:
    """A call that ends without an answer. The status is what the call log shows."""
    return Response(0, cut=kind)


class RefusalError(Exception):
    """The system refuses a call. Each system says so in its own shape."""

    def response(self) -> Response:
        """The refusal as the caller sees it."""
        return answer(400, {"message": str(self)})
