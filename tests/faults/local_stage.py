"""The local system as a place where scenarios play: real processes, HTTP and real time."""

from __future__ import annotations

import itertools
import json
import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import httpx

from infra.local.testing import NotReady, RunningSystem
from infra.simulators.sample import NORDWIND
from infra.stages import LOCAL
from tests.doubles.world import ORG, Reply
from tests.faults.draws import draw
from tests.faults.history import NEVER, History
from tests.faults.run import PEOPLE_DO
from tests.faults.stage import REFUSING, Held, reviews_in

SCALE = 100.0
"""Seconds of a scenario in one second. What people wait for is minutes, as that of a portal is; the
times of the system under it are shorter by about as much (`local_times`)."""


@dataclass
class LocalStage:
    """A `Stage` over a running local system, for many threads.

    Times are a scenario's, `scale` of them to the real second. When nothing was asked or answered
    for `patience` real seconds nobody rests any more: what waits for what never comes has an end.
    """

    system: RunningSystem
    seed: int = 0
    scale: float = SCALE
    patience: float = 180.0
    history: History = field(default_factory=History)
    began: float = field(default_factory=time.monotonic)
    patient_from: float = 0.0
    """The time, by `now`, from which patience counts at the earliest."""
    _tokens: dict[str, str] = field(default_factory=dict)
    _drawn: Iterator[int] = field(default_factory=itertools.count)

    def now(self) -> float:
        """Seconds since the start."""
        return (time.monotonic() - self.began) * self.scale

    def clock(self) -> datetime:
        """The time as a person reads it off a clock."""
        return datetime.now(UTC)

    def rest(self, seconds: float) -> None:
        """Let time pass. Raises `TimeoutError` when nothing has moved for too long."""
        moved = [
            o.invoked if o.completed == NEVER else o.completed for o in self.history.operations
        ]
        if self.now() - max([self.patient_from, *moved]) > self.patience * self.scale:
            raise TimeoutError(f"nothing has moved for {self.patience:.0f} s")
        time.sleep(seconds / self.scale)

    def request(
        self, method: str, path: str, user: str, body: Any = None, **headers: str
    ) -> Reply | None:
        """One HTTP call through the portal's door; None if the connection broke.

        Raises `NotReady` if the system itself is gone, which no killing of workers may lead to.
        """
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        sent["Authorization"] = f"Bearer {self._token(user)}"
        try:
            answer = self.system.call(method, path, json=body, headers=sent)
        except httpx.HTTPError:
            if not self.system.part.alive():
                raise NotReady(f"the system has ended: {self.system.part.last_words()}") from None
            return None
        return Reply(answer.status_code, answer.headers, answer.text)

    def _token(self, user: str) -> str:
        if user not in self._tokens:
            self._tokens[user] = self.system.token(user)
        return self._tokens[user]

    def held(self) -> Held:
        """Look into the systems. Of the past of cards they say nothing over HTTP."""
        rows = self.system.simulator("salesforce", "GET", "state")["rows"]
        energised = self.system.simulator("energised", "GET", "state")
        stations = [{"id": s["id"], **s["attributes"]} for s in energised["stations"]]
        events = self.system.simulator("salesforce", "GET", "events")["sent"]
        sap = self.system.simulator("sap", "GET", "state")["rows"]
        return Held(
            rows,
            {card["id"]: card for card in energised["cards"]},
            {},
            energised["contacts"],
            stations=stations,
            partners=sap["A_BusinessPartner"],
            contracts=sap["Contracts"],
            reviews=reviews_in(events),
        )

    def _cards(self) -> list[dict[str, Any]]:
        cards: list[dict[str, Any]] = self.system.simulator("energised", "GET", "state")["cards"]
        return cards

    def chance(self) -> float:
        """A number in [0, 1) that the run's seed decides."""
        return draw(self.seed, PEOPLE_DO, next(self._drawn))

    def assign_cards(self, order_number: str) -> None:
        """The clerk in Salesforce assigns blank cards."""
        self.system.simulator("salesforce", "POST", f"orders/{order_number}/cards", {})

    def announce_cards(self, order_number: str) -> None:
        """He has their events sent again."""
        self.system.simulator("salesforce", "POST", f"orders/{order_number}/announce")

    def set_status(self, order_number: str, status: str, **delivery: Any) -> None:
        """The clerk in Salesforce sets the status of an order."""
        change = {"status": status, **delivery}
        self.system.simulator("salesforce", "POST", f"orders/{order_number}/status", change)

    def assign_wallbox(self, order_number: str) -> None:
        """He assigns a wallbox and its two cards."""
        self.system.simulator("salesforce", "POST", f"orders/{order_number}/wallbox", {})

    def review(self, order_number: str, status: str, reason: str | None = None) -> None:
        """He reviews the proof of installation of an order."""
        said = {"status": status, **({"reason": reason} if reason else {})}
        self.system.simulator("salesforce", "POST", f"orders/{order_number}/review", said)

    def restart_machine(self) -> None:
        """Only a restart of the whole system does this. Raises `NotImplementedError`."""
        raise NotImplementedError

    def change_row(self, sobject: str, row_id: str, **values: Any) -> None:
        """No clerk of the simulator can do this over HTTP. Raises `NotImplementedError`."""
        raise NotImplementedError(sobject, row_id, values)

    def upload(self, form: dict[str, Any], content: bytes) -> int:
        """A browser sends a file by a form; the status."""
        files = {"file": ("proof", content)}
        return self.system.http.post(form["url"], data=form["fields"], files=files).status_code

    def block_card(self, card_number: str, *, blocked: bool) -> None:
        """The clerk in be.ENERGISED blocks a card, or lets it go again."""
        (card_id,) = [c["id"] for c in self._cards() if c["number"] == card_number]
        verb = "block" if blocked else "unblock"
        self.system.simulator("energised", "POST", f"cards/{card_id}/{verb}")

    def make_contact(self, contact: dict[str, Any]) -> None:
        """The clerk in be.ENERGISED makes a contact by hand."""
        self.system.simulator("energised", "POST", "contacts", contact)

    def label_card(self, card_number: str, label: str) -> None:
        """The clerk in be.ENERGISED labels a card."""
        (card_id,) = [c["id"] for c in self._cards() if c["number"] == card_number]
        change = {"label": label}
        self.system.simulator("energised", "POST", f"cards/{card_id}/change", change)

    def searches(self) -> bool:
        """Whether the systems can be searched by our references."""
        return True

    def enter_row(self, system: str, name: str, **fields: Any) -> None:
        """The clerk in SAP enters a row. Raises `NotImplementedError` for other systems."""
        if system != "sap":
            raise NotImplementedError(system, name)
        self.system.simulator("sap", "POST", f"rows/{name}", fields)

    def remove_stations(self) -> None:
        """No clerk of the simulator can do this over HTTP. Raises `NotImplementedError`."""
        raise NotImplementedError

    def enter_station(self, serial_number: str) -> None:
        """The clerk in be.ENERGISED enters the charging station of a wallbox."""
        station = {"id": f"of-{serial_number}", "chargeBoxIdentity": serial_number}
        self.system.simulator("energised", "POST", "stations", station)

    def set_down(self, system: str, *, down: bool) -> None:
        """An outside system is out of reach, or there again."""
        self.system.simulator(system, "POST", "down" if down else "up")

    def set_refusing(self, what: str, *, refusing: bool) -> None:
        """An outside system refuses changes, as `REFUSING` names them, or takes them again."""
        system = what.partition(" ")[0]
        self.system.simulator(system, "DELETE", "faults")
        if refusing:
            fault = {"kind": "status", "count": None, **REFUSING[what]}
            self.system.simulator(system, "POST", "faults", fault)

    def enter_order(self, reference: str, quantity: int) -> None:
        """The clerk in Salesforce enters an order of the first company by hand, if he may."""
        body = {"reference": reference, "account_id": NORDWIND.account_id, "quantity": quantity}
        with suppress(NotReady):  # the reference may be unique
            self.system.simulator("salesforce", "POST", "orders", body)

    def delete_order(self, record_id: str) -> None:
        """He deletes one."""
        self.system.simulator("salesforce", "DELETE", f"orders/{record_id}")

    def publish(self, kind: str, payload: dict[str, Any]) -> str:
        """Salesforce says something that it never should; the id of the event."""
        event, moment = str(uuid.uuid4()), datetime.now(UTC)
        meta = {
            "SourceVersion__c": str(int(moment.timestamp() * 1000)),
            "CreatedDate": moment.isoformat(),
            "EventUuid": event,
        }
        source = LOCAL.orgs[ORG].salesforce
        assert source
        entry = {
            "Source": source.event_source,
            "DetailType": kind,
            "Detail": json.dumps({"id": event, "payload": {**payload, **meta}}),
            "EventBusName": published(self.system, f"{ORG}/bus-name"),
        }
        assert self.system.aws("events").put_events(Entries=[entry])["FailedEntryCount"] == 0
        return event


def published(system: RunningSystem, name: str) -> str:
    """A name that a stack has published."""
    found = system.aws("ssm").get_parameter(Name=f"/busbar/{LOCAL.name}/{name}")
    return str(found["Parameter"]["Value"])
