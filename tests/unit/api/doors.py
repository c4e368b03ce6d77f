"""A door with one route whose work a test chooses, and requests to it."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from busbar.api import Door
from busbar.domain.customers import Role, User
from busbar.ports.store import Save
from busbar.request import Answer, Request
from busbar.settings.function import OrgSettings, Settings
from busbar.store.records import TableStore
from busbar.wiring.clients import Clients
from tests.doubles.clock import ManualClock
from tests.doubles.memory_table import MemoryTable

SETTINGS = Settings(
    stage="dev",
    table="busbar",
    orgs={"demo": OrgSettings(("portal",)), "other": OrgSettings(("other-portal",))},
)
SUB = "sub-1"
OK = Answer(200, {"ok": True})


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)


class DoorLab:
    """One function with the route `POST /things/{thing_id}`."""

    def __init__(
        self,
        work: Callable[[Request], Answer] = lambda _request: OK,
        operation: str = "order_submit",
    ) -> None:
        self.clock = ManualClock()
        self.table = MemoryTable()
        self.work = work
        door = Door(SETTINGS, Clients(table=self.table, clock=self.clock))
        door.route("POST", "/things/{thing_id}", operation, ("limit", "other"))(self._run)
        self.handler = door.handler
        self.add_user()

    def _run(self, request: Request) -> Answer:
        return self.work(request)

    def add_user(self, org: str = "demo", sub: str = SUB, **values: Any) -> None:
        """A fleet manager, unless told otherwise."""
        usual: dict[str, Any] = {"role": Role.FLEET_MANAGER, "name": "Any", "company_id": "C"}
        user = User(id=sub, **{**usual, **values})
        TableStore(self.table, self.clock, org).commit(Save(user))

    def claims(self, **changes: Any) -> dict[str, Any]:
        """Claims of a valid access token; None leaves a claim out."""
        usual = {
            "sub": SUB,
            "client_id": "portal",
            "token_use": "access",
            "exp": str(int(self.clock.now().timestamp()) + 600),
        }
        return {k: v for k, v in {**usual, **changes}.items() if v is not None}

    def call(
        self,
        body: Any = None,
        *,
        path: str = "/things/1",
        query: Mapping[str, str] | None = None,
        event: Mapping[str, Any] | None = None,
        claims: Mapping[str, Any] | None = None,
        **headers: str,
    ) -> Reply:
        """One request; `headers` are written with `_` for `-`."""
        context: dict[str, Any] = {
            "http": {"method": "POST", "path": path},
            "stage": "$default",
            "authorizer": {"jwt": {"claims": dict(self.claims() if claims is None else claims)}},
        }
        whole = {
            "version": "2.0",
            "rawPath": path,
            "headers": {k.replace("_", "-"): v for k, v in headers.items()},
            "requestContext": context,
            "isBase64Encoded": False,
            **({"queryStringParameters": dict(query)} if query else {}),
            **({} if body is None else {"body": body if isinstance(body, str) else _text(body)}),
            **(event or {}),
        }
        answer = self.handler(whole, None)
        return Reply(answer["statusCode"], answer["headers"], answer["body"])


def _text(body: Any) -> str:
    return json.dumps(body)
