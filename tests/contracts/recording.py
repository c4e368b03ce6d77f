"""Plays recorded answers to a real connector, and shows what it sent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@dataclass
class Player:
    """Answers each call with the next step: a recorded file's name, a response, or an error."""

    folder: Path
    steps: list[Any]
    sent: list[httpx.Request] = field(default_factory=list)

    @property
    def transport(self) -> httpx.MockTransport:
        """The transport to mount."""
        return httpx.MockTransport(self._answer)

    def json_sent(self, number: int = -1) -> Any:
        """The body of a request."""
        return json.loads(self.sent[number].content)

    def calls(self) -> list[str]:
        """Method and path of every request."""
        return [f"{r.method} {r.url.raw_path.decode().partition('?')[0]}" for r in self.sent]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.sent.append(request)
        step = self.steps.pop(0)
        if isinstance(step, Exception):
            raise step
        return step if isinstance(step, httpx.Response) else self._recorded(step)

    def _recorded(self, name: str) -> httpx.Response:
        recorded = json.loads((self.folder / f"{name}.json").read_text(encoding="utf-8"))
        headers = recorded.get("headers")
        if "text" in recorded:
            return httpx.Response(recorded["status"], text=recorded["text"], headers=headers)
        if "body" in recorded:
            return httpx.Response(recorded["status"], json=recorded["body"], headers=headers)
        return httpx.Response(recorded["status"], headers=headers)


@dataclass
class Secrets:
    """Credentials of which a refresh reads the next version."""

    versions: list[Mapping[str, str]]
    refreshes: int = 0

    def __call__(self, *, refresh: bool = False) -> Mapping[str, str]:
        if refresh:
            self.refreshes += 1
        return self.versions[min(self.refreshes, len(self.versions) - 1)]


@dataclass
class FixedClock:
    """A clock that stands until it is moved."""

    at: datetime = NOW

    def now(self) -> datetime:
        return self.at

    def pause(self, most: float) -> None:
        self.at += timedelta(seconds=most)


@dataclass
class Seconds:
    """Monotonic seconds that a test moves; `each` passes with every look."""

    at: float = 0.0
    each: float = 0.0

    def __call__(self) -> float:
        self.at += self.each
        return self.at
