"""The worker maps in a child process, by bytes: it comes to the same as what is proved here."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from busbar.mapping.child import Child
from busbar.usecases.event_mapping import TARGET, EventMapper, Wanted
from tests.integrations.cases import UseCase, use_cases

USE_CASES = use_cases()


@pytest.fixture(scope="module")
def mapper() -> Iterator[EventMapper]:
    child = Child(TARGET)
    yield EventMapper(child)
    child.close()


@pytest.mark.parametrize("one", USE_CASES, ids=lambda one: one.name)
def test_should_be_mapped_alike_in_the_child(mapper: EventMapper, one: UseCase) -> None:
    payloads = [one.payload(case) for case in one.cases()]
    wanted = [Wanted(one.integration, one.inbound, payload, "json") for payload in payloads]
    assert mapper.map_all(wanted) == [one.mapped(payload) for payload in payloads]
