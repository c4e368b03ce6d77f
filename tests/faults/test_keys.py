"""One `Idempotency-Key` in fifty hands at once: one effect and one answer to each caller."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import pytest

from busbar.domain.customers import Role, User
from busbar.domain.identifiers import reference
from busbar.domain.orders import KIND
from busbar.ports.store import Put
from busbar.settings.function import Tuning
from busbar.store.records import TableStore
from infra.local.sample import company_id
from infra.simulators.sample import COMPANIES
from tests.doubles.world import ORG, Reply
from tests.faults.cloud import Cloud
from tests.faults.run import LONGEST, VirtualStage, play
from tests.faults.scenarios import MANAGER, Scenario, once
from tests.faults.stage import ORDERS, Client
from tests.faults.trouble import Calm, Chance, Crowd, Trouble

CALLERS = 50
KEY = "one"
FIFTY = Scenario("fifty callers", [once(MANAGER, KEY, 1) for _ in range(CALLERS)])
LEASE = int(Tuning().idempotency_lease)
SEEDS = range(20)
TRY_AGAIN = (None, 503)
"""What a caller may get while something goes wrong: no answer, or to send it again."""
peaceful = pytest.mark.parametrize("trouble", [Calm(), Crowd()], ids=["calm", "crowd"])
several = pytest.mark.parametrize(
    "trouble",
    [Calm(), Crowd(), *map(Chance, range(5))],
    ids=["calm", "crowd", *(f"seed_{n}" for n in range(5))],
)


Ask = tuple[str, dict[str, int]]
"""Who asks, and with which body."""


@dataclass
class Witness(Cloud):
    """A cloud that keeps every answer to an order, also those that never came."""

    answers: list[Reply | None] = field(default_factory=list)

    def request(
        self, method: str, path: str, user: str, body: Any = None, **headers: str
    ) -> Reply | None:
        """An HTTP call."""
        reply = super().request(method, path, user, body, **headers)
        if (method, path) == ("POST", ORDERS):
            self.answers.append(reply)
        return reply

    @property
    def statuses(self) -> Counter[int | None]:
        """How often each status was answered."""
        return Counter(reply.status if reply else None for reply in self.answers)


def unequal(answers: Sequence[Reply | None]) -> Iterator[str]:
    """What is wrong with the answers to callers with one key: granted ones have to be equal."""
    granted = {(r.status, r.text, r.headers["Location"]) for r in answers if r and r.status < 300}
    if len(granted) != 1:
        yield f"granted in {len(granted)} ways: {granted}"
    for reply in answers:
        if reply is None or reply.status != 409:
            continue
        if not reply.json["type"].endswith(":request-still-running"):
            yield f"refused: {reply.text}"
        if not 1 <= int(reply.headers["Retry-After"]) <= LEASE:
            yield f"to be sent again after {reply.headers['Retry-After']} s"


def together(cloud: Cloud, asks: Sequence[Ask], trouble: Trouble) -> list[tuple[Ask, Reply]]:
    """Everybody sends at once with the same key, until a final answer comes."""
    stage, finals = VirtualStage(cloud), list[tuple[Ask, Reply]]()

    def line(ask: Ask) -> None:
        user, body = ask
        reply = Client(stage, user).ask("POST", ORDERS, body, Idempotency_Key=KEY)
        finals.append((ask, reply))

    cloud.layer.start(trouble)
    for ask in asks:
        cloud.engine.start(partial(line, ask))
    assert cloud.engine.run(LONGEST)
    return finals


# --- one caller --------------------------------------------------------------------------------


@peaceful
def test_should_make_one_order_of_fifty_requests_and_answer_all_alike_or_409(
    trouble: Trouble,
) -> None:
    cloud = Witness()
    assert play(cloud, FIFTY, trouble) == []
    assert list(unequal(cloud.answers)) == []
    assert len(cloud.salesforce.records("Order")) == 1
    assert set(cloud.statuses) <= {201, 202, 409}
    assert cloud.statuses[201] + cloud.statuses[202] == CALLERS
    assert cloud.statuses[409] >= CALLERS - 1


@pytest.mark.parametrize("seed", SEEDS)
def test_should_make_one_order_of_fifty_requests_whatever_goes_wrong(seed: int) -> None:
    cloud = Witness(mode="probe" if seed % 2 else "unique_key")
    assert play(cloud, FIFTY, Chance(seed), seed=seed, redeliver=True) == []
    assert list(unequal(cloud.answers)) == []
    assert len(cloud.salesforce.records("Order")) == 1
    assert set(cloud.statuses) <= {201, 202, 409, *TRY_AGAIN}
    assert cloud.statuses[201] + cloud.statuses[202] >= CALLERS


def test_should_find_answers_that_are_not_alike() -> None:
    where = {"Location": "/any", "Retry-After": "31"}
    granted, other = Reply(201, where, "{}"), Reply(201, where, "{ }")
    late = Reply(409, where, '{"type": "urn:busbar:problem:request-still-running"}')
    wrong = Reply(409, {"Retry-After": "1"}, '{"type": "urn:busbar:problem:other"}')
    assert list(unequal([granted, granted, None])) == []
    assert len(list(unequal([granted, other]))) == 1
    assert len(list(unequal([]))) == 1
    assert len(list(unequal([granted, late, wrong]))) == 2


# --- several callers, several bodies -----------------------------------------------------------


@several
def test_should_make_an_order_for_each_of_fifty_callers_who_chose_the_same_key(
    trouble: Trouble,
) -> None:
    cloud = Cloud()
    companies = {f"caller-{n}": COMPANIES[n % len(COMPANIES)] for n in range(CALLERS)}
    known = TableStore(cloud.table, cloud.engine, ORG)
    for caller, company in companies.items():
        role, of = Role.FLEET_MANAGER, company_id(company)
        known.commit(Put(User(id=caller, role=role, name="Any", company_id=of)))
    asks = [(caller, {"quantity": 1}) for caller in companies]
    finals = together(cloud, asks, trouble)
    together(cloud, [], Calm())
    assert {reply.status for _, reply in finals} <= {201, 202}
    assert {
        reference(KIND, reply.json["id"]): companies[caller].account_id
        for (caller, _), reply in finals
    } == {o["BusbarReference__c"]: o["AccountId"] for o in cloud.salesforce.records("Order")}
    assert len(cloud.salesforce.records("Order")) == CALLERS


@several
def test_should_take_one_body_for_a_key_and_answer_422_to_every_other(trouble: Trouble) -> None:
    cloud = Witness()
    asks = [(MANAGER, {"quantity": 1 + n % 5}) for n in range(CALLERS)]
    finals = together(cloud, asks, trouble)
    assert Counter(reply.status < 300 for _, reply in finals) == {True: 10, False: 40}
    (order,) = {reply.text for _, reply in finals if reply.status < 300}
    (quantity,) = {body["quantity"] for (_, body), reply in finals if reply.status < 300}
    assert f'"quantity":{quantity}' in order
    refused = [reply for _, reply in finals if reply.status >= 300]
    assert {r.status for r in refused} == {422}
    assert {r.json["type"] for r in refused} == {"urn:busbar:problem:idempotency-key-reused"}
    assert [i["Quantity"] for i in cloud.salesforce.records("OrderItem")] == [quantity]
