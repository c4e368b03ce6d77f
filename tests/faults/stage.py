"""Where a scenario plays: clients of the API, clerks in the systems, and time.

A scenario knows nothing else, so it is the same in memory, over moto, and on the local system.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import quote

from infra.simulators.salesforce.notices import REVIEW_EVENT
from tests.doubles.world import Reply
from tests.faults.history import History, Operation

ORDERS = "/v1/charge-card-orders"
WALLBOX_ORDERS = "/v1/wallbox-orders"
CARDS = "/v1/charge-cards"
SYNC = "/v1/charge-cards/sync"
RECONCILE = "/v1/reconcile"
TASKS = "/v1/tasks"
AUDIT = "/v1/audit"
VERIFY = "/v1/audit/verify"
COMPANIES = "/v1/companies"
USERS = "/v1/users"
MY_WALLBOX = "/v1/my/wallbox"
TARIFF = "/v1/my/wallbox/tariff"
PROOF = "/v1/my/wallbox/proof"
AGAIN = 40.0
"""Seconds after which a client sends again what was not answered: no function runs longer that the
API starts, so the first try is over by then."""
TRIES = 60
PATIENCE = 1.5
"""By how much the time between two looks of a client grows."""
PAGE = 100
"""The longest page that a list gives."""
FINAL = frozenset({200, 201, 202, 204, 400, 401, 403, 404, 409, 412, 422})
REFUSING: dict[str, dict[str, Any]] = {
    "salesforce": {
        "match": "composite/graph",
        "status": 400,
        "body": [{"errorCode": "FIELD_CUSTOM_VALIDATION_EXCEPTION", "message": "", "fields": []}],
    },
    "energised": {"operation": "write_card", "status": 422, "body": {"message": "no"}},
    "energised contacts": {
        "operation": "create_contact",
        "status": 422,
        "body": {"message": "no"},
    },
    "sap contracts": {
        "operation": "create_contract",
        "status": 400,
        "body": {"error": {"code": "R11/130", "message": {"lang": "en", "value": "no"}}},
    },
}
"""How a system, the first word, refuses changes, or of some: the fault its simulator is given."""


@dataclass(frozen=True)
class Held:
    """What the outside systems hold: rows of Salesforce by object, cards of be.ENERGISED by id.

    `past` has the states that each card was in, and `told` what was written to each Asset, oldest
    first, where the simulator can be asked.
    """

    salesforce: dict[str, list[dict[str, Any]]]
    cards: dict[str, dict[str, Any]]
    past: dict[str, list[dict[str, Any]]]
    contacts: list[dict[str, Any]] = field(default_factory=list)
    """CRM contacts of be.ENERGISED."""
    told: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    partners: list[dict[str, Any]] = field(default_factory=list)
    contracts: list[dict[str, Any]] = field(default_factory=list)
    """Business partners and contracts of SAP, where there is one."""
    stations: list[dict[str, Any]] = field(default_factory=list)
    """Charging stations of be.ENERGISED: their attributes, with `id`."""
    reviews: dict[str, list[str]] = field(default_factory=dict)
    """Reviews that Salesforce has told of, oldest first, by the Asset of the wallbox."""
    files: dict[str, str] = field(default_factory=dict)
    """Users' files: key -> SHA-256."""


def reviews_in(envelopes: Iterable[Mapping[str, Any]]) -> dict[str, list[str]]:
    """The reviews that events tell of, by the Asset of the wallbox."""
    told: dict[str, list[str]] = {}
    for envelope in envelopes:
        if envelope["detail-type"] == REVIEW_EVENT:
            payload = envelope["detail"]["payload"]
            told.setdefault(payload["AssetId__c"], []).append(payload["Review__c"])
    return told


class Stage(Protocol):
    """The place of one run. Times are in its own seconds."""

    history: History

    def now(self) -> float:
        """Seconds since the start."""
        ...

    def clock(self) -> datetime:
        """The time as a person reads it off a clock."""
        ...

    def rest(self, seconds: float) -> None:
        """Let time pass."""
        ...

    def request(
        self, method: str, path: str, user: str, body: Any = None, **headers: str
    ) -> Reply | None:
        """One HTTP call; None if there was no answer."""
        ...

    def held(self) -> Held:
        """Look into the systems."""
        ...

    def chance(self) -> float:
        """A number in [0, 1) that the run's seed decides."""
        ...

    def assign_cards(self, order_number: str) -> None:
        """The clerk in Salesforce assigns blank cards."""
        ...

    def announce_cards(self, order_number: str) -> None:
        """He has their events sent again."""
        ...

    def set_status(self, order_number: str, status: str, **delivery: Any) -> None:
        """The clerk in Salesforce sets the status of an order."""
        ...

    def assign_wallbox(self, order_number: str) -> None:
        """He assigns a wallbox and its two cards."""
        ...

    def review(self, order_number: str, status: str, reason: str | None = None) -> None:
        """He reviews the proof of installation of an order."""
        ...

    def restart_machine(self) -> None:
        """Every execution of the state machine that runs is ended, as no fault of its own."""
        ...

    def change_row(self, sobject: str, row_id: str, **values: Any) -> None:
        """He writes over fields of a row, of which no event tells."""
        ...

    def upload(self, form: dict[str, Any], content: bytes) -> int:
        """A browser sends a file by a form; the status."""
        ...

    def block_card(self, card_number: str, *, blocked: bool) -> None:
        """The clerk in be.ENERGISED blocks a card, or lets it go again."""
        ...

    def make_contact(self, contact: dict[str, Any]) -> None:
        """The clerk in be.ENERGISED makes a contact by hand."""
        ...

    def label_card(self, card_number: str, label: str) -> None:
        """The clerk in be.ENERGISED labels a card."""
        ...

    def searches(self) -> bool:
        """Whether the systems can be searched by our references."""
        ...

    def enter_row(self, system: str, name: str, **fields: Any) -> None:
        """The clerk in SAP or Salesforce enters a row of a set or object by hand."""
        ...

    def remove_stations(self) -> None:
        """The clerk in be.ENERGISED deletes every charging station."""
        ...

    def enter_station(self, serial_number: str) -> None:
        """He enters the charging station of a wallbox, if there is none."""
        ...

    def set_down(self, system: str, *, down: bool) -> None:
        """An outside system is out of reach, or there again."""
        ...

    def set_refusing(self, what: str, *, refusing: bool) -> None:
        """An outside system refuses changes, as `REFUSING` names them, or takes them again."""
        ...

    def enter_order(self, reference: str, quantity: int) -> None:
        """The clerk in Salesforce enters an order of the first company by hand, if he may."""
        ...

    def delete_order(self, record_id: str) -> None:
        """He deletes one."""
        ...

    def publish(self, kind: str, payload: dict[str, Any]) -> str:
        """Salesforce says something that it never should; the id of the event."""
        ...


class Client:
    """A portal that does not give up: what is not answered is sent again, as it was."""

    def __init__(self, stage: Stage, user: str) -> None:
        self._stage = stage
        self.user = user

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        operation: Operation | None = None,
        **headers: str,
    ) -> Reply:
        """Send until a final answer comes. Raises `TimeoutError` if none ever does."""
        for tries in range(TRIES):
            reply = self._stage.request(method, path, self.user, body, **headers)
            if reply is not None and _is_final(reply):
                self._note(reply, operation, tries + 1)
                return reply
            self._stage.rest(AGAIN)
        if operation:
            operation.outcome = "unknown"
        raise TimeoutError(f"{method} {path} was never answered")

    def _note(self, reply: Reply, operation: Operation | None, sent: int) -> None:
        if operation is None:
            return
        operation.sent = sent
        operation.completed = self._stage.now()
        operation.status = reply.status
        operation.outcome = "ok" if reply.status < 300 else "fail"
        operation.body = reply.json if reply.text else {}
        if reply.status == 412 and sent > 1:
            # The first try may be what has changed the card meanwhile.
            operation.outcome = "unknown"

    def everything(self, path: str, name: str) -> list[dict[str, Any]]:
        """All that a list holds, page by page; `name` is what it calls its items.

        What changes meanwhile moves to the front, and may be missed.
        """
        page = self.ask("GET", f"{path}?limit={PAGE}").json
        found: list[dict[str, Any]] = page[name]
        while cursor := page["next_cursor"]:
            page = self.ask("GET", f"{path}?limit={PAGE}&cursor={quote(cursor)}").json
            found += page[name]
        return found

    def until(self, look: Callable[[], Any], *, every: float, most: float = 200 * 3600.0) -> Any:
        """What `look` finds, as soon as it is something; None if it never is.

        It was not there a moment ago. Who waits in vain looks less and less often, so that a run is
        more than people looking.
        """
        end = self._stage.now() + most
        while self._stage.now() < end:
            self._stage.rest(every)
            if found := look():
                return found
            every *= PATIENCE
        return None


def _is_final(reply: Reply) -> bool:
    running = reply.status == 409 and reply.json["type"].endswith("request-still-running")
    return reply.status in FINAL and not running
