"""Which route an HTTP request of API Gateway is for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_PARAMETER = re.compile(r"\\{(\w+)\\}")
"""`{name}`, escaped."""
_SEGMENT = r"[-._~()'!*:@,;=+&$%<> \[\]{}|^\w]+"
"""What a segment of a path may hold, as API Gateway decodes it: no slash."""


class Routes(Generic[T]):
    """What belongs to a method and a path. Paths without parameters go before those with some."""

    def __init__(self) -> None:
        self._whole: dict[tuple[str, str], T] = {}
        self._patterns: list[tuple[str, re.Pattern[str], T]] = []

    def add(self, method: str, path: str, target: T) -> None:
        """Parameters of a path are written `{name}`."""
        if "{" not in path:
            self._whole[method, path] = target
            return
        pattern = _PARAMETER.sub(lambda found: f"(?P<{found[1]}>{_SEGMENT})", re.escape(path))
        self._patterns.append((method, re.compile(pattern), target))

    def find(self, event: Mapping[str, Any]) -> tuple[T, Mapping[str, str]] | None:
        """What belongs to a request, and its parameters. None if nothing does."""
        context = event["requestContext"]
        method, path = str(context["http"]["method"]).upper(), str(event["rawPath"])
        # The path of any other stage begins with its name.
        if context.get("stage", "$default") != "$default":
            path = path[len(f"/{context['stage']}") :]
        target = self._whole.get((method, path))
        if target is not None:
            return target, {}
        for wanted, pattern, each in self._patterns:
            if method == wanted and (match := pattern.fullmatch(path)):
                return each, match.groupdict()
        return None
