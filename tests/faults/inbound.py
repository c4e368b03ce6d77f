"""What an ERP does while things go wrong: it tells of a customer, and repeats what is not answered.

Lines of scenarios, as those of `scenarios.py`.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from tests.faults.history import Operation
from tests.faults.inbound_events import (
    INTEGRATION,
    PATH,
    Said,
    archived,
    contract,
    customer,
    deductions,
    meter,
    note,
    owner,
    poison,
    readings,
)
from tests.faults.scenarios import Line, Scenario
from tests.faults.setups import Tenant
from tests.faults.stage import AGAIN, TRIES, Stage

ERP = Tenant(erp=True)
UPLOADS_PATH = "/v3/erp/updates/payloads"
LOADS_PATH = f"/v1/integrations/{INTEGRATION}/loads"
ANNA, BEN, NOBODY = "0000000001", "0000000002", "0000000003"
POWER, GAS, OLD, NEW, ACCOUNT = "C-POWER", "C-GAS", "M-OLD", "M-NEW", "A-ONE"
APART = 20.0
"""Seconds between two requests of an ERP, at most."""
LARGE = "x" * 200_000
WHILE = 200.0
"""Seconds in which what waits for something has looked for it in vain."""


def telling(*requests: Sequence[Said]) -> Line:
    """An ERP that sends these requests one after the other."""

    def line(stage: Stage) -> None:
        for request in requests:
            tell(stage, request)
            stage.rest(APART * stage.chance())

    return line


def telling_anyhow(*events: Said) -> Line:
    """One that sends these events in any order, in requests of one to three."""

    def line(stage: Stage) -> None:
        left = list(events)
        while left:
            size = 1 + int(3 * stage.chance())
            request = [
                left.pop(int(len(left) * stage.chance())) for _ in range(min(size, len(left)))
            ]
            tell(stage, request)
            stage.rest(APART * stage.chance())

    return line


def uploading(*requests: Sequence[Said]) -> Line:
    """One that uploads the payload of each event before, and another one by the same form after."""

    def line(stage: Stage) -> None:
        for request in requests:
            forms = [_answered(stage, UPLOADS_PATH, {}, 200) for _ in request]
            for form, said in zip(forms, request, strict=True):
                stage.upload(form, said.text.encode())
            named = zip(request, forms, strict=True)
            tell(stage, [replace(said, ref=form["payload_ref"]) for said, form in named])
            for form in forms:
                stage.upload(form, b'{"AccountID": "of nobody"}')
            stage.rest(APART * stage.chance())

    return line


def tell(stage: Stage, request: Sequence[Said]) -> None:
    """Send a request until each of its events is answered. Raises `TimeoutError`."""
    asked = {
        said.name: stage.history.begin("event", "machine", said.name, stage.now(), said=said)
        for said in request
    }
    left = list(request)
    for _ in range(TRIES):
        for said in left:
            asked[said.name].wants["sent"] = stage.now()
        body = {"integration_id": INTEGRATION, "events": [said.event() for said in left]}
        reply = stage.request("POST", PATH, "machine", body)
        if reply is not None and reply.status == 200:
            results = reply.json["results"]
            left = [
                s for s, r in zip(left, results, strict=True) if not _taken(stage, asked[s.name], r)
            ]
            if not left:
                return
        stage.rest(AGAIN)
    for said in left:
        asked[said.name].outcome = "unknown"
    raise TimeoutError("events were never answered")


def _taken(stage: Stage, asked: Operation, result: dict[str, Any]) -> bool:
    if result["status"] == "error" and "send it again" in result["message"]:
        return False
    asked.completed, asked.body = stage.now(), result
    asked.outcome = "ok" if result["status"] in {"success", "skipped"} else "fail"
    return True


def loading(*lines: Said | None) -> Line:
    """An ERP that sends a file with these events, None for an empty line, and has it loaded."""

    def line(stage: Stage) -> None:
        told = [
            stage.history.begin("event", "machine", s.name, stage.now(), said=s, sent=stage.now())
            for s in lines
            if s
        ]
        key = _file_sent(stage, [json.dumps(s.event()) if s else "" for s in lines])
        load = _answered(stage, LOADS_PATH, {"key": key}, 201, Idempotency_Key="load")
        numbers = [number for number, s in enumerate(lines, 1) if s]
        for asked, number in zip(told, numbers, strict=True):
            event_id = f"{load['correlation_id']}-{number:09}"
            asked.completed, asked.outcome = stage.now(), "ok"
            asked.body = {"event_id": event_id, "status": "loaded"}

    return line


def load_again(stage: Stage) -> None:
    """Have the file of the load that is there loaded once more."""
    reply = stage.request("GET", LOADS_PATH, "operator")
    assert reply is not None
    key = reply.json["loads"][0]["key"]
    _answered(stage, LOADS_PATH, {"key": key}, 201, Idempotency_Key="again")


def _file_sent(stage: Stage, lines: Sequence[str]) -> str:
    """Send a file by a form; its key."""
    form = _answered(stage, f"{LOADS_PATH}/upload", None, 200)
    stage.upload(form, "\n".join(lines).encode())
    return str(form["key"])


def _answered(stage: Stage, path: str, body: Any, status: int, **headers: str) -> dict[str, Any]:
    """The answer, sent for until it is there. Raises `TimeoutError`."""
    for _ in range(TRIES):
        reply = stage.request("POST", path, "machine", body, **headers)
        if reply is not None and reply.status == status:
            answer: dict[str, Any] = reply.json
            return answer
        stage.rest(AGAIN)
    raise TimeoutError(f"{path} was never answered")


ONE_CUSTOMER = Scenario(
    "one customer",
    (
        telling(
            (
                customer("anna", 0, ANNA, last_name="Any", contracts=(POWER,), group="a"),
                meter("old", 1, OLD, location="hall", group="a", once="old-meter", note=LARGE),
                contract("power", 2, POWER, contract_name="One", customer=ANNA, group="a"),
            ),
            (
                readings("first readings", 3, OLD, {"r1": 10, "r2": 20}, group="a"),
                note("first", 4, ANNA, group="a"),
            ),
            (
                customer("renamed", 10, ANNA, last_name="Other", group="a"),
                customer("late", 5, ANNA, last_name="Stale", title="Dr.", group="b"),
                poison("broken", 11, '{"', group="a"),
                poison("nobody", 12, {"AccountTypeID": "1"}, group="b"),
                contract("metered", 12, POWER, contract_name="Two", meters=(OLD,), group="a"),
            ),
            (
                readings("corrected", 20, OLD, {"r2": 21, "r3": 30}, group="a"),
                readings("late readings", 15, OLD, {"r2": 19, "r3": 29}, group="b"),
                note("second", 9, ANNA, group="b"),
            ),
        ),
    ),
    tenant=ERP,
)
"""One customer, whose events come late, twice, and some for nobody."""
MANY_AT_ONCE = Scenario(
    "many events at once",
    (
        telling_anyhow(
            customer("anna", 0, ANNA, last_name="Any", first_name="Anna", contracts=(POWER, GAS)),
            contract("power", 1, POWER, contract_name="One", customer=ANNA, meters=(OLD,)),
            contract("new meter", 20, POWER, contract_name="Two", meters=(NEW,)),
            customer("titled", 21, ANNA, title="Dr.", last_name="Married"),
            note("first", 3, ANNA),
        ),
        telling_anyhow(
            meter("old", 2, OLD, location="hall", contract=POWER, group="m"),
            meter("moved", 12, OLD, location="cellar", group="m"),
            meter("new", 13, NEW, location="roof", contract=POWER, group="n", once="new-meter"),
            readings("first readings", 3, OLD, {"r1": 10, "r2": 20}, group="r"),
            readings("corrected", 14, OLD, {"r2": 22}, group="s"),
            readings("of the new one", 15, NEW, {"n1": 1}, group="r"),
        ),
        telling_anyhow(
            contract("gas", 4, GAS, contract_name="Gas", customer=ANNA, group="g"),
            customer("married", 9, ANNA, last_name="Late", first_name="Anne", group="h"),
            customer("ben", 5, BEN, last_name="Ben", group="b"),
            archived("ben goes", 30, BEN, group="c"),
            customer("ben was renamed", 25, BEN, last_name="Stale", group="d"),
            note("second", 8, ANNA, group="h"),
            poison("broken", 11, '{"', group="g"),
        ),
    ),
    tenant=ERP,
)
"""Three processes of an ERP, none of which waits for another."""


def _minutes_later(line: Line) -> Line:
    def waits(stage: Stage) -> None:
        stage.rest(WHILE)
        line(stage)

    return waits


OWNED = telling(
    (
        owner("owned", 5, POWER, ANNA, BEN, group="a"),
        # Nobody ever hears of the one that it names.
        owner("never owned", 1, GAS, NOBODY, told="Gas", group="a"),
    ),
    (contract("power", 2, POWER, contract_name="Power", group="b"),),
)
OWNERS = telling(
    (customer("anna", 3, ANNA, last_name="Any", group="c"),),
    (
        customer("ben", 4, BEN, last_name="Ben", group="d"),
        owner("owned now", 9, GAS, ANNA, group="b"),
    ),
)
A_RELATION_WAITS = Scenario("a relation waits", (OWNED, _minutes_later(OWNERS)), tenant=ERP)
"""Contracts of customers who are told of minutes later, and of one who is never told of."""
A_FILE = Scenario(
    "a file of events",
    (
        loading(
            customer("anna", 5, ANNA, last_name="Any", contracts=(POWER, GAS)),
            contract("power", 1, POWER, contract_name="One", customer=ANNA, meters=(OLD,)),
            note("first", 3, ANNA),
            poison("broken", 11, '{"'),
            customer("ben", 6, BEN, last_name="Ben"),
            *[None] * 46,
            contract("gas", 4, GAS, contract_name="Gas", customer=ANNA),
            customer("early", 2, ANNA, last_name="Stale", first_name="Anna"),
            poison("nobody", 12, {"AccountTypeID": "1"}),
            note("second", 9, ANNA),
        ),
        telling(
            (customer("married", 10, ANNA, last_name="Married"),),
            (customer("titled", 1, ANNA, title="Dr.", last_name="Older"), note("live", 8, ANNA)),
        ),
    ),
    tenant=ERP,
)
"""A load of two batches, while live events tell of the same customer."""
UPLOADED = Scenario(
    "uploaded payloads",
    (
        uploading(
            (
                customer("anna", 0, ANNA, last_name="Any", contracts=(POWER,), group="a"),
                meter("old", 1, OLD, location="hall", group="a", once="old-meter"),
            ),
            (
                customer("late", 5, ANNA, last_name="Stale", title="Dr.", group="b"),
                poison("broken", 11, '{"', group="a"),
                note("first", 4, ANNA, group="a"),
            ),
        ),
        telling((customer("renamed", 10, ANNA, last_name="Other", group="c"),)),
    ),
    tenant=ERP,
)
"""Events whose payloads lie in S3 before them, beside one that brings its own."""
A_SCOPE = Scenario(
    "a scope is told in full",
    (
        telling((deductions("oldest", 1, ACCOUNT, {"d1": 1, "d3": 1}, group="a"),)),
        telling((deductions("older", 3, ACCOUNT, {"d1": 2, "d2": 2}, "d3", group="b"),)),
        telling((deductions("newer", 9, ACCOUNT, {"d1": 3}, "d2", "d3", "d4", group="c"),)),
        _minutes_later(
            telling((deductions("late", 5, ACCOUNT, {"d1": 4, "d4": 4}, "d2", "d3", group="d"),))
        ),
    ),
    tenant=ERP,
)
"""Three processes tell at once all that there is of an account, each at another time; one late."""
INBOUND = (ONE_CUSTOMER, MANY_AT_ONCE, A_RELATION_WAITS, A_FILE, UPLOADED, A_SCOPE)
