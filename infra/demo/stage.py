"""What the story's people can do, over HTTP only, and the lines that tell of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from infra.local.clients import LocalClients
from infra.local.options import Ports
from infra.local.people import PEOPLE

GIVE_UP_AFTER = 30.0
SYSTEMS = {
    "busbar": "Busbar",
    "sap": "SAP",
    "salesforce": "Salesforce",
    "energised": "be.ENERGISED",
}
"""Name of a system in our API -> what people call it."""


class DemoFailed(Exception):
    """Something did not come out as the story says."""


class Stage:
    """The portal's people, the clerks of both systems, and a narrator."""

    def __init__(self, status: dict[str, Any]) -> None:
        self._http = httpx.Client(timeout=30)
        self._status = status
        self._tokens: dict[str, str] = {}
        self._aws: LocalClients | None = None
        self._started = time.monotonic()

    def close(self) -> None:
        """Give the connections back."""
        self._http.close()

    @property
    def seconds(self) -> float:
        """How long the story has been told."""
        return time.monotonic() - self._started

    def tell(self, system: str, what: str, reference: str = "") -> None:
        """A line of the story: seconds, system, what happened, reference."""
        print(f"{self.seconds:6.2f} s  {system:<12} {what:<66} {reference}", flush=True)

    def portal(self, method: str, path: str, user: str = "fleet-manager", **call: Any) -> Any:
        """A call to the API as a sample user. Raises `DemoFailed` on an error."""
        headers = {"Authorization": f"Bearer {self._token(user)}", **call.pop("headers", {})}
        url = self._status["api"] + path
        answer = self._http.request(method, url, headers=headers, **call)
        if answer.status_code >= 400:
            raise DemoFailed(f"{method} {path}: {answer.status_code} {answer.text}")
        return answer

    def upload(self, form: dict[str, Any], content: bytes) -> None:
        """Send a file as a browser does, by a form that the API has handed out, under a name and a
        type that say nothing of it. Raises `DemoFailed` if S3 does not take it."""
        files = {"file": ("upload.bin", content, "application/octet-stream")}
        answer = self._http.post(form["url"], data=form["fields"], files=files)
        check(answer.status_code == 204, f"S3 did not take the file: {answer.status_code}")

    def download(self, url: str) -> bytes:
        """The file behind a link that the API has handed out."""
        return self._http.get(url).raise_for_status().content

    def clerk(self, system: str, method: str, path: str, body: Any = None) -> Any:
        """What a clerk does or sees in Salesforce or be.ENERGISED."""
        answer = self._http.request(method, f"{self._status[system]}/_sim/{path}", json=body)
        if answer.status_code >= 400:
            raise DemoFailed(f"{system} {path}: {answer.status_code} {answer.text}")
        return answer.json() if answer.content else None

    def wait(self, what: str, look: Callable[[], Any]) -> Any:
        """Look until something is there. Raises `DemoFailed` after 30 s."""
        give_up = time.monotonic() + GIVE_UP_AFTER
        while time.monotonic() < give_up:
            if seen := look():
                return seen
            time.sleep(0.1)
        raise DemoFailed(f"{what} did not happen within {GIVE_UP_AFTER:.0f} s")

    def rows(self, sobject: str, **where: Any) -> list[dict[str, Any]]:
        """Rows of Salesforce with these values."""
        rows = self.clerk("salesforce", "GET", "state")["rows"][sobject]
        return [r for r in rows if all(r[k] == v for k, v in where.items())]

    def card(self, card_id: str) -> dict[str, Any]:
        """A card as be.ENERGISED holds it."""
        cards = self.clerk("energised", "GET", "state")["cards"]
        found: dict[str, Any] = next(c for c in cards if c["id"] == card_id)
        return found

    def station(self, serial_number: str) -> dict[str, Any]:
        """A charging station as be.ENERGISED holds it: `id`, and its `attributes`."""
        stations = self.clerk("energised", "GET", "state")["stations"]
        names = [s["attributes"]["chargeBoxIdentity"] for s in stations]
        found: dict[str, Any] = stations[names.index(serial_number)]
        return found

    def aws(self, service: str) -> Any:
        """A client of the AWS that it runs on, for what an operator does there."""
        if self._aws is None:
            port = httpx.URL(self._status["aws"]).port
            self._aws = LocalClients(replace(Ports(), aws=port or Ports().aws))
        return self._aws(service)

    def sub(self, user: str) -> str:
        """Our id of a sample user, which is the subject of the token."""
        return PEOPLE[user]

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            answer = self._http.get(f"{self._status['issuer']}/token", params={"user": user})
            self._tokens[user] = answer.raise_for_status().text
        return self._tokens[user]


def check(holds: bool, what: str) -> None:
    """Raise `DemoFailed` unless it holds."""
    if not holds:
        raise DemoFailed(what)
