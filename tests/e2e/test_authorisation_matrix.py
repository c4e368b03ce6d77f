"""Every cell of role x operation x relation, over HTTP on the running system.

The table in `busbar.domain.authorisation` is what was decided (a picture of it stands in
`tests/functions/test_authorisation.py`); here every door has to do what the table says.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import httpx
import pytest

from busbar.domain.authorisation import TABLE
from busbar.domain.customers import Company, Role, User, Vehicle
from busbar.domain.identifiers import derived_id
from busbar.domain.tasks import Kind, Task
from busbar.ports.store import Drop, Put, Save
from busbar.store.records import TableStore
from busbar.wiring.clients import SystemClock
from infra.catalog import USE_CASES, Route
from infra.local.people import PEOPLE
from infra.local.sample import company_id
from infra.local.testing import RunningSystem
from infra.simulators.sample import ELBE, NORDWIND
from tests.e2e.conftest import eventually, held, store_of
from tests.e2e.probes import GONE, NEARS, PROBES, WALLBOX, Near, expected, proven

ROUTES = {r.operation: r for case in USE_CASES for r in case.routes}
STAFF = frozenset({Role.SERVICE_AGENT, Role.OPERATOR, Role.MACHINE, Role.PARTNER})
MACHINE = {"scope": "busbar/machine"}
ORDERS, CARDS = "/v1/charge-card-orders", "/v1/charge-cards"
MOST_OVERTAKEN = 4
"""How often somebody may be faster between the look at a record and its change."""


@dataclass
class Ground:
    """Objects of two companies, and a user in every role."""

    system: RunningSystem
    ids: dict[str, dict[Near, str]] = field(default_factory=dict)
    """Subject -> relation -> id."""
    numbers: Iterator[int] = field(default_factory=lambda: count(1))

    @property
    def store(self) -> TableStore:
        return store_of(self.system)

    def call(self, route: Route, role: Role, near: Near) -> httpx.Response:
        """The answer in a cell.

        Who was overtaken looks again and sends his change anew, as a portal does: what one cell has
        changed goes on to be.ENERGISED, and that writes the same record a moment later (a driver
        gets his contact by the first change of him).
        """
        answer = self._once(route, role, near)
        for _ in range(MOST_OVERTAKEN):
            if answer.status_code != 412:
                break
            answer = self._once(route, role, near)
        return answer

    def _once(self, route: Route, role: Role, near: Near) -> httpx.Response:
        probe, number = PROBES[route.operation], next(self.numbers)
        subject = self.ids.get(probe.subject, {}).get(near, GONE)
        if near != "deleted" and (route.method == "DELETE" or probe.subject == "decision"):
            subject = self._fresh(probe.subject, near, number)
        path, _, parameter = route.path.partition("{")
        parameter = parameter.partition("}")[0]
        path = route.path.replace(f"{{{parameter}}}", subject)
        if probe.subject == "company" and not parameter:
            path += f"?company_id={subject}"
        headers = {k: v.format(number=number) for k, v in probe.headers.items()}
        if probe.etag:
            headers["If-Match"] = self._etag(f"{route.path.partition('{')[0]}{subject}")
        body = probe.content or _filled(probe.body, number)
        return self.send(sub_of(role, near), route.method, path, body, headers)

    def _fresh(self, subject: str, near: Near, number: int) -> str:
        """Something to remove: a company that nobody uses, a driver, a vehicle; or to decide."""
        owner = company_id(ELBE if near == "other_company" else NORDWIND)
        ours = derived_id("matrix", subject, str(number))
        if subject == "decision":
            return self.task("parked_event", self.ids["order"]["own"], str(number))
        if subject == "firm":
            known = self.store.get(Company, owner)
            assert known
            self.store.commit(Put(known.record.model_copy(update={"id": ours})))
        elif subject == "user":
            self.store.commit(Put(_driver(ours, owner)))
        else:
            self.store.commit(Put(Vehicle(id=ours, company_id=owner, label="Any")))
        return ours

    def task(self, kind: Kind, order: str, cause: str) -> str:
        """A task about an order; its id."""
        made = Task.about(
            f"matrix {cause}",
            kind=kind,
            subject_schema="charge_card_order",
            subject_id=order,
            reason="any",
            opened_at=SystemClock().now(),
        )
        self.store.commit(Put(made))
        return made.id

    def send(
        self, sub: str, method: str, path: str, body: Any = None, headers: Any = None
    ) -> httpx.Response:
        token = self.system.token("driver", sub=sub, **MACHINE)
        given = {"Authorization": f"Bearer {token}", **(headers or {})}
        url = self.system.api + path
        sent: dict[str, Any] = {"content": body} if isinstance(body, str) else {"json": body}
        return self.system.http.request(method, url, headers=given, **sent)

    def _etag(self, path: str) -> str:
        shown = self.send(sub_of(Role.OPERATOR, "own"), "GET", path)
        return str(shown.headers.get("etag", '"1"'))


def _filled(body: Any, number: int) -> Any:
    if isinstance(body, dict):
        return {k: _filled(v, number) for k, v in body.items()}
    company = company_id(NORDWIND)
    return body.format(number=number, company=company) if isinstance(body, str) else body


def _driver(sub: str, company: str) -> User:
    return User(id=sub, role=Role.DRIVER, name="Any", company_id=company)


def sub_of(role: Role, near: Near) -> str:
    """The user who asks in a cell."""
    return f"matrix-{role}-{near}" if near in {"suspended", "removed"} else f"matrix-{role}"


def _people(store: TableStore) -> None:
    for role in Role:
        company = None if role in STAFF else company_id(NORDWIND)
        cases: tuple[Near, ...] = ("own", "suspended", "removed")
        for near in cases:
            user = User(
                id=sub_of(role, near),
                role=role,
                name="Any",
                company_id=company,
                suspended=near == "suspended",
            )
            store.commit(Put(user))
            if near == "removed":
                store.commit(Drop(User, user.id))


def _wallbox(store: TableStore, sub: str) -> str:
    """A user's only wallbox, whose installation is proven; its id."""
    ours = derived_id("matrix wallbox", sub)
    store.commit(Save(proven(ours, sub)))
    return ours


def _card_of(ground: Ground, sub: str, key: str) -> tuple[str, str]:
    """An order of one card that has been delivered: (order, card)."""
    head = {"Idempotency-Key": key}
    placed = ground.send(sub, "POST", ORDERS, {"quantity": 1}, head)
    assert placed.status_code == 201, placed.text
    order, number = placed.json()["id"], placed.json()["salesforce_order_number"]
    ground.system.simulator("salesforce", "POST", f"orders/{number}/cards", {})
    status = {"status": "Geliefert"}
    ground.system.simulator("salesforce", "POST", f"orders/{number}/status", status)

    def card() -> str | None:
        ground.system.call("POST", f"{CARDS}/sync", "operator")
        cards = ground.send(sub, "GET", CARDS).json()["cards"]
        return next((c["id"] for c in cards if c["order_id"] == order), None)

    return order, str(eventually(card))


@pytest.fixture(scope="module")
def ground(running: RunningSystem) -> Ground:
    running.reset()
    found = Ground(running)
    _people(found.store)
    manager = sub_of(Role.FLEET_MANAGER, "own")
    own = _card_of(found, manager, "own")
    other_manager = User(
        id="matrix-other", role=Role.FLEET_MANAGER, name="Any", company_id=company_id(ELBE)
    )
    colleague = other_manager.model_copy(
        update={"id": "matrix-colleague", "company_id": company_id(NORDWIND)}
    )
    found.store.commit(Put(other_manager), Put(colleague))
    colleagues = _card_of(found, colleague.id, "colleague")
    others = _card_of(found, other_manager.id, "other")
    for number, subject in enumerate(("order", "card")):
        found.ids[subject] = {
            "own": own[number],
            "same_company": colleagues[number],
            "other_company": others[number],
            "suspended": own[number],
            "removed": own[number],
        }
    ours, theirs = company_id(NORDWIND), company_id(ELBE)
    found.ids["company"] = dict.fromkeys(NEARS, ours) | {"other_company": theirs, "deleted": GONE}
    found.ids["firm"] = found.ids["company"]
    for subject in ("user", "vehicle"):
        own_one = found._fresh(subject, "own", -1)
        others_one = found._fresh(subject, "other_company", -2)
        found.ids[subject] = dict.fromkeys(NEARS, own_one)
        found.ids[subject] |= {"other_company": others_one, "deleted": GONE}
    key = {"Idempotency-Key": "matrix-wallbox"}
    placed = running.call("POST", "/v1/wallbox-orders", "driver", json=WALLBOX, headers=key)
    found.ids["wallbox_order"] = dict.fromkeys(NEARS, placed.json()["id"]) | {"deleted": GONE}
    for role in Role:
        _wallbox(found.store, sub_of(role, "own"))
    drivers = _wallbox(found.store, PEOPLE["driver"])
    found.ids["wallbox"] = dict.fromkeys(NEARS, drivers) | {"deleted": GONE}
    task = found.task("parked_step", own[0], "seen")
    found.ids["system"] = dict.fromkeys(NEARS, "energised") | {"deleted": GONE}
    found.ids["task"] = dict.fromkeys(NEARS, task) | {"deleted": GONE}
    return found


def test_should_know_a_request_for_every_operation() -> None:
    assert set(PROBES) == set(ROUTES) == set(TABLE)


@pytest.mark.parametrize("operation", sorted(ROUTES))
def test_should_do_at_every_cell_what_the_table_says(ground: Ground, operation: str) -> None:
    wrong = []
    for role in Role:
        for near in NEARS:
            answer = ground.call(ROUTES[operation], role, near)
            found = 200 if 200 <= answer.status_code < 300 else answer.status_code
            if found != expected(operation, role, near):
                wrong.append(f"{role} {near}: {answer.status_code} {answer.text[:200]}")
            held(operation, answer, role)
    assert wrong == []


def test_should_have_at_least_500_cells() -> None:
    assert len(ROUTES) * len(Role) * len(NEARS) >= 500
