"""Answers that Lambda would not give on, as they are too large."""

from __future__ import annotations

from tests.doubles.world import World
from tests.functions.portal import problem

V2 = "/v2/erp/updates/mapping_simulation"


def test_should_say_that_what_it_comes_to_is_more_than_an_answer_may_have(world: World) -> None:
    """Lambda would not give it on, and the gateway not say why."""
    fields = [{"attribute": f"a{number}", "field": "text"} for number in range(6)]
    number = {"attribute": "customer_number", "field": "number"}
    entity = {"entity_schema": "contact", "unique_ids": ["customer_number"]}
    told = {
        "event_configuration": {"entities": [{**entity, "fields": [number, *fields]}]},
        "format": "json",
        "payload": {"number": "1", "text": "x" * 900_000},
    }
    assert world.call("POST", V2, "operator", told).status == 200
    for text, query in (("x" * 1_100_000, ""), ("x" * 900_000, "?explain=true")):
        told["payload"] = {"number": "1", "text": text}
        problem(world.call("POST", V2 + query, "operator", told), 422, "payload-too-large")
