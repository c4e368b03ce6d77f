"""A running local system for tests: the same as `make run`, on free ports, in its own process.

In a `conftest.py`: `from infra.local.testing import local_system`. The fixture is there for the
whole session; `with running_system(...)` starts others, in other modes.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from infra.local.clients import LocalClients
from infra.local.options import CACHE, HOST, Ports, free_ports
from infra.local.part import Part
from infra.local.synthesis import assembly


class NotReady(Exception):
    """The local system did not come up, or did not answer as it should."""


class RunningSystem:
    """A handle on a local system. Addresses are base URLs without a slash at the end."""

    def __init__(self, part: Part, state: Path, ports: Ports) -> None:
        self.part = part
        self.state = state
        self.ports = ports
        self.api = f"http://{HOST}:{ports.portal}"
        self.issuer = f"http://{HOST}:{ports.issuer}"
        self.salesforce = f"http://{HOST}:{ports.salesforce}"
        self.energised = f"http://{HOST}:{ports.energised}"
        self.sap = f"http://{HOST}:{ports.sap}"
        self.aws = LocalClients(ports)
        """`aws("sqs")` is a boto3 client with root's rights."""
        self.http = httpx.Client(timeout=60, trust_env=False)

    def token(self, user: str, **claims: Any) -> str:
        """An access token for a sample user; `claims` replace usual ones, None leaves one out."""
        query = urlencode({"user": user, "claims": json.dumps(claims)})
        return self._text("GET", f"{self.issuer}/token?{query}")

    def call(self, method: str, path: str, user: str | None = None, **more: Any) -> httpx.Response:
        """Call the API as a sample user. `more` goes to httpx (`json`, `headers`, …)."""
        headers = dict(more.pop("headers", {}))
        if user is not None:
            headers["Authorization"] = f"Bearer {self.token(user)}"
        return self.http.request(method, self.api + path, headers=headers, **more)

    def simulator(self, system: str, method: str, route: str, body: object = None) -> Any:
        """Call a control route of a simulator: `simulator("salesforce", "POST", "down")`."""
        systems = {"salesforce": self.salesforce, "energised": self.energised, "sap": self.sap}
        base = systems[system]
        content = None if body is None else json.dumps(body)
        text = self._text(method, f"{base}/_sim/{route}", content)
        return json.loads(text) if text else None

    def pause_streams(self) -> None:
        """Let the table's stream stand still."""
        self._control("POST", "pause")

    def resume_streams(self) -> None:
        """Let it go on from where it stood."""
        self._control("POST", "resume")

    def reset(self) -> None:
        """Empty everything and load the sample data again: about a second."""
        self._control("POST", "reset")

    def workers(self, function: str | None = None) -> list[dict[str, Any]]:
        """Live instances: `{"function", "pid", "busy"}`; of one use case, or all."""
        found: list[dict[str, Any]] = self._control("GET", "workers")
        return [w for w in found if function in {None, w["function"]}]

    def processes(self) -> dict[str, list[int]]:
        """Process ids by part: `main`, `simulators`."""
        found: dict[str, list[int]] = self._control("GET", "status")["processes"]
        return found

    def log(self, function: str) -> list[dict[str, Any]]:
        """What a use case has logged so far."""
        path = self.state / "logs" / f"{function}.jsonl"
        lines = path.read_text("utf-8").splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]

    def console(self) -> str:
        """What a person would have seen."""
        return self.part.log.read_text("utf-8", "replace")

    def close(self) -> None:
        """End it, with all that it started."""
        self.http.close()
        self.part.stop(within=40)

    def _control(self, method: str, name: str) -> Any:
        return json.loads(self._text(method, f"{self.api}/_local/{name}"))

    def _text(self, method: str, url: str, content: str | None = None) -> str:
        answer = self.http.request(method, url, content=content)
        if answer.status_code >= 300:
            raise NotReady(f"{method} {url}: {answer.status_code} {answer.text}")
        return answer.text


def start_system(
    state: Path,
    arguments: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    ports: Ports | None = None,
) -> RunningSystem:
    """Start a system and wait until it is ready. Raises `NotReady` with what it printed."""
    chosen = ports or free_ports()
    listed = ",".join(str(port) for port in chosen.named().values())
    note = state / "running.json"
    note.unlink(missing_ok=True)
    command = ["infra.local", f"--ports={listed}", f"--state={state}", *arguments]
    part = Part("local system", command, environment or {}, state / "console.log")
    until = time.monotonic() + 120
    while not note.exists():
        if not part.alive() or time.monotonic() > until:
            words = part.last_words()
            part.stop()
            raise NotReady(words)
        time.sleep(0.05)
    return RunningSystem(part, state, chosen)


@contextmanager
def running_system(
    state: Path, arguments: Sequence[str] = (), environment: Mapping[str, str] | None = None
) -> Iterator[RunningSystem]:
    """A system for the length of a `with` block."""
    system = start_system(state, arguments, environment)
    try:
        yield system
    finally:
        system.close()


@pytest.fixture(scope="session")
def local_system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSystem]:
    """The whole system with simulators and sample data, handlers in its process."""
    arguments = [f"--assembly={assembly(CACHE)}"]
    with running_system(tmp_path_factory.mktemp("local"), arguments) as system:
        yield system
