"""One call of a function, and who can run it: the seam between the emulator and our handlers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

JsonText = str


@dataclass(frozen=True)
class Function:
    """What an executor has to know of a deployed function. Equal functions share instances."""

    arn: str
    name: str
    handler: str
    """`package.module.attribute`."""
    environment: tuple[tuple[str, str], ...]
    credentials: tuple[tuple[str, str], ...]
    """Of the function's role: `AWS_ACCESS_KEY_ID` and so on."""
    timeout: float
    memory_mb: int
    region: str
    endpoint: str

    @property
    def module(self) -> str:
        """The module that the handler stands in."""
        return self.handler.rpartition(".")[0]

    @property
    def label(self) -> str:
        """How people call it: the use case, where the handler's path names one."""
        parts = self.module.split(".")
        return parts[-2] if parts[-1] == "handler" and len(parts) > 1 else self.name


@dataclass(frozen=True)
class Outcome:
    """How a call ended. `answer` is JSON; of an error it is Lambda's error object."""

    answer: Any
    failed: bool = False
    log: str = ""
    seconds: float = 0.0


@dataclass(frozen=True)
class Instance:
    """A live instance, as tests and the status page see it."""

    function: str
    pid: int
    busy: bool


class Executor(Protocol):
    """Runs calls. An instance serves one event at a time; several instances run in parallel."""

    def run(self, function: Function, event: JsonText, request_id: str) -> Outcome:
        """Run one call to its end, its time limit or its death. Never raises."""
        ...

    def instances(self) -> list[Instance]:
        """What is alive."""
        ...

    def stop(self) -> None:
        """Give up all instances; a later call makes new ones."""
        ...


def error(kind: str, message: str, request_id: str, trace: list[str] | None = None) -> Outcome:
    """A failed call in the shape that Lambda gives it."""
    body = {
        "errorMessage": message,
        "errorType": kind,
        "requestId": request_id,
        "stackTrace": trace or [],
    }
    return Outcome(body, failed=True)


def timed_out(function: Function, request_id: str) -> Outcome:
    """A call that its time limit ended, in Lambda's words."""
    text = f"{request_id} Task timed out after {function.timeout:.2f} seconds"
    return error("Sandbox.Timedout", text, request_id)
