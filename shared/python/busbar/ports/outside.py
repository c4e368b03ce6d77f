"""What is the same for all outside systems: what is found there, checks, the gate to them.

Durations are seconds. Calls to outside systems raise the `UpstreamError` tree of `busbar.errors`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, Protocol

from busbar.ports.runtime import Json


class Gate(Protocol):
    """What every call to one outside system passes, logins too."""

    def enter(self, operation: str, *, writes: bool) -> None:
        """Let a call pass. Raises `Withheld` if it must not be sent now."""
        ...

    def is_open(self) -> bool:
        """Whether the last thing known of the system is that it is down."""
        ...

    def succeeded(self, *, writes: bool) -> None:
        """The system answered, if only to refuse the call."""
        ...

    def failed(self, code: str, *, writes: bool, retry_after: float | None = None) -> None:
        """The system was not reached, did not answer in time, or said that it cannot now."""
        ...


@dataclass(frozen=True)
class Found:
    """An object that exists in an outside system: its id there, and what we keep of it."""

    external_id: str
    fields: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Finding:
    """What a check of a connection came to. `detail` is English, safe to show, and says what to do.

    `word` is the stable word by which the clerk's sentence is chosen; `request_id` is the system's
    own name for the call.
    """

    name: str
    state: Literal["ok", "warning", "failed"]
    word: str
    detail: str
    request_id: str = ""


class Connection(Protocol):
    """A system as it is checked: with the newest secret, logged in anew. It is only read."""

    @property
    def names(self) -> Sequence[str]:
        """The checks, in the order in which they build on each other."""
        ...

    def check(self, name: str, timeout: float) -> Finding:
        """Do one check. Raises the `UpstreamError` tree where the system does not let it happen."""
        ...

    def close(self) -> None:
        """Close all connections."""
        ...


class Mapper(Protocol):
    """What an outside system shall receive, made by a JSONata mapping."""

    def run(self, system: str, use_case: str, source: Mapping[str, Any]) -> Json:
        """Evaluate `mappings/<system>/<use_case>.jsonata`, or the org's own in its place.

        Raises `Unmappable`.
        """
        ...
