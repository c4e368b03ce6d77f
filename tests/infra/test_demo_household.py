"""The demo's customer: the samples of the integration, under numbers of her own."""

from __future__ import annotations

import json

import pytest

from infra.demo.household import SAMPLES, Household

NUMBERS = 654321


@pytest.mark.parametrize("folder", ["full_customer", "changes"])
def test_should_say_what_the_samples_say_but_for_the_numbers(folder: str) -> None:
    home = Household(NUMBERS)
    events = home.events(folder)
    said = [json.loads(path.read_text("utf-8")) for path in sorted((SAMPLES / folder).iterdir())]
    assert json.loads(home.as_sampled(json.dumps(list(events.values())))) == said


def test_should_share_no_number_with_another_customer() -> None:
    one, other = Household(NUMBERS), Household(NUMBERS + 1)
    for name, event in one.events("full_customer").items():
        assert "4711" not in event["group_id"]
        for number in (one.customer, one.contract_gas, one.meter_power, one.identity):
            assert number not in json.dumps(other.events("full_customer")[name])


def test_should_draw_other_numbers_for_each_run() -> None:
    assert len({Household().customer for _ in range(20)}) > 1
