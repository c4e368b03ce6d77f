"""The canaries are heard: or a log full of names would pass for a clean one."""

from __future__ import annotations

import logging
from collections.abc import Iterator

import pytest

from busbar.observability import logger
from infra.local.sample import users
from infra.simulators.sample import DRIVERS, NORDWIND, cards
from tests.conftest import CANARIES
from tests.doubles.canaries import Canaries, found_in

PERSONAL = {
    "mail": "somebody@example.test",
    "phone": "+49 441 123456",
    "iban": "DE02 1203 0000 0000 2020 51",
    "iban without blanks": "DE02120300000000202051",
    "card": cards(1)[0].number,
    "tag": cards(1)[0].tag,
    "driver": DRIVERS[0].name,
    "user": users()[0].name,
    "company": NORDWIND.name,
    "street": NORDWIND.street,
}


@pytest.fixture
def heard() -> Iterator[Canaries]:
    ears = Canaries()
    logger.addHandler(ears)
    yield ears
    logging.getLogger("busbar").removeHandler(ears)
    CANARIES.heard.clear()


@pytest.mark.parametrize("value", PERSONAL.values(), ids=PERSONAL)
def test_should_hear_personal_data_in_a_line_and_beside_it(heard: Canaries, value: str) -> None:
    logger.warning(f"refused {value}")
    logger.info("refused", extra={"field": {"of": [value]}})
    assert len(heard.heard) >= 2


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-25T14:40:58.772000Z BBCO00000000N0RDW ORDER 6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a01",
        "run_graph DUPLICATE_VALUE busbar/local/demo/salesforce 00D000000000001AAA",
        "phone has to begin with + and hold up to 15 digits",
    ],
)
def test_should_not_take_ids_and_times_for_persons(text: str) -> None:
    assert found_in(text) == []
