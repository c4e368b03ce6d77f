"""What an event comes to is held by the worker, ten of them at once: no one may fill it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from busbar.domain.updates import EntityUpdate, Mapped
from busbar.mapping.answer_size import MOST_VALUES, UNCOUNTED
from busbar.mapping.child import Child, JobLost
from busbar.mapping.child_pipes import LARGEST_ANSWER
from busbar.mapping.inbound import serve
from busbar.mapping.jobs import bytes_of, job_of, mapped_of

TOO_MUCH = "it comes to too much at once"


def coming_to(value: Any) -> Mapped:
    """An event that comes to one entity with this value."""
    return Mapped((EntityUpdate("contact", {"customer_number": "1"}, {"note": value}),))


@pytest.mark.parametrize(
    "value",
    [
        [{}] * MOST_VALUES,
        [[]] * MOST_VALUES,
        ["ab"] * MOST_VALUES,
        {"a": {"b": [[[0] * 100] * 2600]}},
        [{str(n): {"a": 1}} for n in range(MOST_VALUES // 2)],
    ],
    ids=["objects", "lists", "texts", "deep", "nested"],
)
def test_should_refuse_an_answer_of_more_values_than_the_worker_can_hold(value: Any) -> None:
    (fault,) = mapped_of(bytes_of(coming_to(value))).faults
    assert (fault.code, fault.message) == ("MAPPING_EXPRESSION_FAILED", TOO_MUCH)


@pytest.mark.parametrize(
    "value",
    ["x" * 4 * UNCOUNTED, ["ab"] * (MOST_VALUES - 100), [{"a": 1}] * 100_000],
    ids=["long text", "texts", "objects"],
)
def test_should_give_on_what_is_only_large(value: Any) -> None:
    assert mapped_of(bytes_of(coming_to(value))) == coming_to(value)


def test_should_take_ten_thousand_readings() -> None:
    field = [("external_id", "id"), ("timestamp", "at"), ("value", "v"), ("reason", "r")]
    configuration = {
        "meter_readings": [
            {
                "jsonataExpression": "rows",
                "meter": {"unique_ids": [{"attribute": "external_id", "field": "$$.meter"}]},
                "meter_counter": {"unique_ids": [{"attribute": "obis", "field": "$$.obis"}]},
                "fields": [
                    *({"attribute": name, "field": key} for name, key in field),
                    {"attribute": "source", "constant": "ERP"},
                ],
            }
        ]
    }
    rows = [{"id": f"{n}", "at": "2026-01-01", "v": n, "r": ""} for n in range(10_000)]
    payload = {"meter": "M1", "obis": "1.8.0", "rows": rows}
    made = mapped_of(serve(job_of(json.dumps(configuration), "any", payload)))
    assert (made.faults, len(made.meter_readings_updates)) == ((), 10_000)


def test_should_read_no_answer_that_is_larger_than_a_batch_of_them_may_be() -> None:
    child = Child("tests.doubles.child_targets:misbehave")
    try:
        with pytest.raises(JobLost, match="TOO_LARGE"):
            child.ask(b"x" * (LARGEST_ANSWER + 1))
        assert child.ask(b"next") == b"next"
    finally:
        child.close()
