"""Routes with a label: whether the vendor documents them, or we had to assume them."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Generic, Literal, TypeVar
from urllib.parse import unquote

from infra.simulators.messages import Request, Response

Label = Literal["documented", "assumed", "control"]
T = TypeVar("T")


@dataclass(frozen=True)
class Call:
    """A request that found its route; `path` holds the decoded `{name}` parts."""

    request: Request
    path: dict[str, str]


@dataclass(frozen=True)
class Route:
    """One method and path, whose `{name}` parts stand for one segment each."""

    method: str
    pattern: str
    operation: str
    label: Label
    note: str
    answer: Callable[[Call], Response]
    regex: re.Pattern[str]

    def match(self, path: str) -> dict[str, str] | None:
        """The decoded parts of `path`, or None. A slash at the end does not matter."""
        found = self.regex.fullmatch(path)
        return {k: unquote(v) for k, v in found.groupdict().items()} if found else None


@cache
def _regex(pattern: str) -> re.Pattern[str]:
    inner = re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>[^/]+)", re.escape(pattern.rstrip("/")))
    return re.compile(inner + "/?")


Handler = Callable[[T, Call], Response]


@dataclass
class RouteTable(Generic[T]):
    """The routes of one part of a simulator; `T` is what their functions work on."""

    _rows: list[tuple[str, str, str, Label, str, Handler[T]]] = field(default_factory=list)

    def route(
        self, method: str, pattern: str, *, label: Label, note: str, operation: str = ""
    ) -> Callable[[Handler[T]], Handler[T]]:
        """Serve `method pattern` with the decorated function.

        Its name names the operation, unless one is given: for a function of several routes.
        """

        def keep(handler: Handler[T]) -> Handler[T]:
            name = operation or handler.__name__
            self._rows.append((method, pattern, name, label, note, handler))
            return handler

        return keep

    def bind(self, target: T) -> list[Route]:
        """The routes, working on `target`."""

        def bound(handler: Handler[T]) -> Callable[[Call], Response]:
            return lambda call: handler(target, call)

        return [
            Route(method, pattern, operation, label, note, bound(handler), _regex(pattern))
            for method, pattern, operation, label, note, handler in self._rows
        ]


@dataclass(frozen=True)
class Match:
    """What the router found: a route with its parts, or the methods that the path has."""

    route: Route | None = None
    path: dict[str, str] = field(default_factory=dict)
    allowed: tuple[str, ...] = ()


def find(routes: Sequence[Route], request: Request) -> Match:
    """The first route that fits."""
    allowed: list[str] = []
    for route in routes:
        parts = route.match(request.path)
        if parts is None:
            continue
        if route.method == request.method:
            return Match(route, parts)
        allowed.append(route.method)
    return Match(allowed=tuple(allowed))
