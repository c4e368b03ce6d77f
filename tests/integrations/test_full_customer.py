"""A full customer: eleven events become eleven entities and 36 readings, in whatever order; and
what changes then."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from busbar.domain.marks import micros
from busbar.usecases.erp_requests import Incoming, read_event, read_request
from tests.integrations.cases import ROOT
from tests.integrations.desk import ErpDesk
from tests.unit.usecases.entity_desk import START

SAMPLES = ROOT / "erp" / "samples"
FILES = sorted((SAMPLES / "full_customer").glob("*.json"))
CHANGES = sorted((SAMPLES / "changes").glob("*.json"))
INTEGRATION = "00000000-0000-4000-8000-000000000000"
Event = tuple[int, Incoming]


def events(files: Sequence[Path] = FILES) -> list[Event]:
    """The events as the door reads them, each with its time in seconds."""
    sent = [json.loads(path.read_text("utf-8")) for path in files]
    request = read_request(3, {"integration_id": INTEGRATION, "events": sent})
    read = [read_event(raw, request) for raw in request.events]
    since = micros(START)
    return [((e.timestamp - since) // 10**6, e) for e in read if isinstance(e, Incoming)]


def send(desk: ErpDesk, told: list[Event]) -> Counter[str]:
    """All outcomes of these events."""
    codes: Counter[str] = Counter()
    for seconds, event in told:
        codes.update(desk.counted(event.slug, json.loads(event.payload), seconds))
    return codes


def shown(desk: ErpDesk) -> list[Any]:
    """The schemas of the entities, and how many readings each counter has."""
    entities, readings = [], {}
    for key, value in desk.seen().items():
        if isinstance(value, tuple):
            entities.append(value[0])
        elif value:
            readings[key] = len(value)
    return [Counter(entities), sorted(readings.values())]


@pytest.fixture
def desk() -> ErpDesk:
    return ErpDesk()


def test_should_be_events_that_the_door_takes() -> None:
    assert len(events()) == len(FILES) == 11
    assert {event.group_id for _, event in events()} == {"0000004711"}
    times = [event.timestamp for _, event in events()]
    assert times == sorted(set(times))


def test_should_become_the_whole_graph(desk: ErpDesk) -> None:
    codes = send(desk, events())
    assert set(codes) <= {"ENTITY_CREATED", "ENTITY_UPDATED", "METER_READING_UPSERTED"}
    assert shown(desk) == [
        {
            "contact": 2,
            "portal_user": 1,
            "billing_account": 1,
            "contract": 2,
            "meter": 2,
            "meter_counter": 3,
        },
        [12, 12, 12],
    ]
    jana = {"customer_number": "0000004711"}
    contracts = desk.targets("contact", "contracts", **jana)
    assert [one["branch"] for one in contracts] == ["power", "gas"]
    (login,) = desk.targets("portal_user", "mapped_contact", external_id=_identity())
    assert login["customer_number"] == "0000004711"


def test_should_leave_nothing_of_which_only_the_number_is_known(desk: ErpDesk) -> None:
    send(desk, events())
    for entity_id in [key for key, value in desk.seen().items() if isinstance(value, tuple)]:
        assert not desk.deps.entities.get([entity_id])[entity_id].stub


def test_should_write_nothing_when_all_of_it_comes_again(desk: ErpDesk) -> None:
    send(desk, events())
    before = desk.state()
    codes = send(desk, events())
    assert desk.state() == before
    assert set(codes) <= {"ENTITY_NO_OP", "STALE_EVENT", "METER_READING_UPSERTED"}


@pytest.mark.parametrize("seed", range(20))
def test_should_end_alike_in_any_order(desk: ErpDesk, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311
    mixed = events()
    chance.shuffle(mixed)
    # Readings wait for their meters: the rest in any order, duplicates among it.
    first = [one for one in mixed if one[1].slug != "meter_readings"]
    last = [one for one in mixed if one[1].slug == "meter_readings"]
    in_order = ErpDesk()
    send(in_order, events())

    send(desk, [*first, chance.choice(first), *last, chance.choice(mixed)])

    assert _plain(desk) == _plain(in_order)


def test_should_end_alike_with_all_that_changed_later_in_any_order(desk: ErpDesk) -> None:
    in_order = ErpDesk()
    send(in_order, [*events(), *events(CHANGES)])
    readings = [one for one in [*events(CHANGES), *events()] if one[1].slug == "meter_readings"]
    others = [one for one in [*events(CHANGES), *events()] if one[1].slug != "meter_readings"]

    send(desk, [*others, *readings])

    assert _plain(desk) == _plain(in_order)


def test_should_tell_what_became_of_each_change(desk: ErpDesk) -> None:
    send(desk, events())
    codes = {path.stem[3:]: dict(send(desk, events([path]))) for path in CHANGES}
    assert codes == {
        "new_email": {"ENTITY_UPDATED": 1},
        "new_meter": {"ENTITY_CREATED": 2},
        "old_meter_removed": {"ENTITY_UPDATED": 1},
        "contract_with_new_meter": {"ENTITY_UPDATED": 1},
        "reading_corrected": {"METER_READING_UPSERTED": 1},
        "late_and_overtaken": {"STALE_EVENT": 1},
        "gas_terminated": {"ENTITY_UPDATED": 1},
    }
    (meter,) = desk.targets("contract", "meters", contract_number="0020001234")
    assert meter["meter_number"] == "1ISK0070098765"
    assert shown(desk)[1] == [12, 12, 12]
    contact = desk.attributes("contact", customer_number="0000004711")
    assert contact["email"] == [{"email": "jana@example.com"}]
    assert contact["last_name"] == "Petersen"


def _plain(desk: ErpDesk) -> Any:
    """What readers see, order of keys and of readings aside."""
    return json.loads(json.dumps(desk.seen(), sort_keys=True))


def _identity() -> str:
    return str(json.loads(FILES[-1].read_text("utf-8"))["payload"]["IdentityID"])
