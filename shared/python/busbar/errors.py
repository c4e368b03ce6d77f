"""What can go wrong, split by what has to be done about it.

BusbarError
├── Problem                 the caller's request cannot be done: answered as RFC 9457, never retried
├── Conflict                somebody else wrote first: read again and decide anew
│   └── Held                a value that was to be its alone is somebody else's
├── MisconfiguredError      a setting is missing or wrong: whoever deploys mends it
├── Unmappable              an expression or its input is wrong: a person mends the mapping
│   └── InvalidMapping      a configuration cannot be taken: each fault with its place
└── UpstreamError           an outside system said no, or said nothing
    ├── NotDone             it certainly had no effect
    │   ├── Unavailable     not reached, throttled, locked, out of quota: try again later
    │   │   └── Withheld    not even sent: the system is down, or its calls of now are used up
    │   ├── Refused         the system looked at it and said no: a person decides
    │   └── Missing         the object addressed does not exist there
    ├── Duplicate           refused because it is there already: success, once the probe finds it
    └── Unknown             timed out, reset, 5xx: it may have worked. Probe, never repeat blindly
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field


class BusbarError(Exception):
    """The root of every error that the product raises on purpose."""


class MisconfiguredError(BusbarError):
    """A setting is missing or wrong. The message names it and what it has to be."""


@dataclass(frozen=True)
class FieldError:
    """One fault in a request body: `field` is a JSON path such as `items[0].quantity`."""

    field: str
    message: str


@dataclass(eq=False)
class Problem(BusbarError):
    """A request that cannot be done, as RFC 9457 `application/problem+json` tells it.

    `slug` ends the stable type URI `urn:busbar:problem:<slug>`; `detail` says what to do next and
    holds no internals and nothing personal.
    """

    status: int
    slug: str
    title: str
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    headers: dict[str, str] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.status} {self.slug}: {self.detail or self.title}"


class Conflict(BusbarError):
    """A conditional write found another state than the one that was read."""


class Held(Conflict):
    """Somebody else has, or once had, a value that an entity was to have alone. Nothing was
    written."""


class StoreUnavailable(BusbarError):
    """The table did not answer, or not now. Nothing is known of a write: read again."""


@dataclass(eq=False)
class EventRejected(BusbarError):
    """An event that cannot be applied, now or later. `reason` is a stable word."""

    reason: str
    subject_schema: str = ""
    subject_id: str = ""

    def __str__(self) -> str:
        return self.reason


class Unmappable(BusbarError):
    """A mapping could not be evaluated. The message names the mapping, never the values.

    `code` is JSONata's (`T2001`), or a name for what has none; `position` counts the characters of
    the expression.
    """

    def __init__(self, message: str, code: str = "", position: int | None = None) -> None:
        super().__init__(message)
        self.code = code
        self.position = position


class InvalidMapping(Unmappable):
    """A mapping configuration that cannot be taken. `faults`: all of them, each a path and a text.

    A path is one such as `entities[0].fields[3].jsonataExpression`; empty for the document itself.
    """

    def __init__(self, faults: Iterable[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        said = "; ".join(f"{path or 'the document'}: {text}" for path, text in self.faults)
        super().__init__(said, "INVALID_MAPPING")


@dataclass(eq=False)
class UpstreamError(BusbarError):
    """An outside system's failure. `detail` is safe to log: codes and field names, no values."""

    system: str
    operation: str
    detail: str = ""
    code: str = ""
    request_id: str = ""

    def __str__(self) -> str:
        parts = [f"{self.system} {self.operation}: {type(self).__name__}"]
        parts += [p for p in (self.code, self.detail) if p]
        if self.request_id:
            parts.append(f"(request {self.request_id})")
        return " ".join(parts)


class NotDone(UpstreamError):
    """The call certainly had no effect."""


@dataclass(eq=False)
class Unavailable(NotDone):
    """Not reached, throttled, locked or out of quota. Try again after `retry_after` seconds."""

    retry_after: float | None = None


class Withheld(Unavailable):
    """Kept back by the system's circuit (`busbar.process.circuit`); nothing was sent.

    The work belongs into the lane of the system, which is let go in order once it is back.
    """


class Refused(NotDone):
    """The system looked at the request and said no. Repeating it changes nothing."""


class Missing(NotDone):
    """The object addressed does not exist in the system."""


class Duplicate(UpstreamError):
    """Refused because an object with this key exists already. The probe tells which."""


class Unknown(UpstreamError):
    """Timed out, reset or failed with 5xx: it may have worked."""
