"""Events of a batch, mapped in the child process: each comes to what it comes to by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest

from busbar.domain.integrations import Integration, IntegrationUseCase
from busbar.domain.updates import Mapped
from busbar.mapping.child import Child
from busbar.usecases.event_mapping import TARGET, EventMapper, Wanted
from tests.unit.usecases.in_process import mapper as in_process

ENDLESS = "($f := function($n) { $f($n + 1) }; $f(1))"
"""The engine ends it after some time, which is far more than the child's for forty of them."""


@pytest.fixture
def mapper() -> Iterator[EventMapper]:
    child = Child(TARGET, seconds=0.4)
    yield EventMapper(child)
    child.close()


def use_case(name: str, text: str = "'any'", times: int = 1) -> IntegrationUseCase:
    fields = [
        {"attribute": "id", "jsonataExpression": "$string(id)"},
        *({"attribute": f"of_{n}", "jsonataExpression": text} for n in range(times)),
    ]
    entity = {"entity_schema": "contact", "unique_ids": ["id"], "fields": fields}
    return IntegrationUseCase(
        id=name,
        integration_id="any",
        slug=name,
        name=name,
        configuration={"entities": [entity]},
        changed_at=datetime(2026, 11, 29, tzinfo=UTC),
    )


ERP = Integration(id="any", name="ERP", system="sap")


def wanted(of: IntegrationUseCase, payload: Any, erp: Integration = ERP) -> Wanted:
    return Wanted(erp, of, payload, "json")


def ids(made: list[Mapped]) -> list[Any]:
    return [
        [update.unique_identifiers["id"] for update in one.entity_updates]
        or [fault.code for fault in one.faults]
        for one in made
    ]


def test_should_map_events_of_several_use_cases_in_their_order(mapper: EventMapper) -> None:
    first, second = use_case("first"), use_case("second", "id & '!'")
    events = [wanted((first, second)[n % 2], {"id": n}) for n in range(9)]
    for _ in range(2):
        made = mapper.map_all(events)
        assert ids(made) == [[str(n)] for n in range(9)]
        assert made == in_process().map_all(events)


def test_should_map_those_behind_one_that_cost_the_child_its_life(mapper: EventMapper) -> None:
    sound, endless = use_case("sound"), use_case("endless", ENDLESS, 40)
    events = [wanted(sound, {"id": 1}), wanted(endless, {"id": 2}), wanted(sound, {"id": 3})]
    # The child that comes after does not have the configuration, and asks for it.
    for _ in range(2):
        assert ids(mapper.map_all(events)) == [["1"], ["TIMEOUT"], ["3"]]


def test_should_tell_of_each_event_of_a_batch_what_is_wrong_with_it(mapper: EventMapper) -> None:
    one = use_case("any")
    made = mapper.map_all([wanted(one, "{"), wanted(one, '{"id": 1}'), wanted(one, "5")])
    assert ids(made) == [["MALFORMED_PAYLOAD"], ["1"], ["MALFORMED_PAYLOAD"]]


def test_should_need_no_child_for_no_event() -> None:
    child = Child("no.such.module:serve")
    assert EventMapper(child).map_all([]) == []
    assert child.pid is None


def test_should_tell_every_event_that_is_lost() -> None:
    one = use_case("any")
    made = in_process("OUT_OF_MEMORY").map_all([wanted(one, {"id": 1}), wanted(one, {"id": 2})])
    assert ids(made) == [["MAPPING_EXPRESSION_FAILED"]] * 2
