"""Our document beside what the toolkit's public OpenAPI (version 1.33.0) says of the same routes.

Its facts stand here: statuses, what a request has to hold, what an answer always has. Every answer
of every test is held against our document (`tests/doubles/contract.py`), so what holds of the
document holds of the answers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import pytest

from tests.doubles.contract import contract, resolved

V1, V2 = "/v1/integrations/{integrationId}", "/v2/integrations/{integrationId}"
CASES, CASE = f"{V1}/use-cases", f"{V1}/use-cases/{{useCaseId}}"
EVENT = "event_id status"
INTEGRATION = "created_at id name orgId updated_at"
USE_CASE = "created_at enabled id integrationId name type updated_at"
ROW = "created_at event_id id integration_id level org_id use_case_type"
UPDATE, READING = "attributes entity_slug mode unique_identifiers", "attributes meter mode"
WARNING = "entity_schema field message"
SIMULATED = {
    "entity_updates": UPDATE,
    "meter_readings_updates": READING,
    "prune_scope_updates": "deletion_mode entity_slug keep_unique_ids scope",
    "meter_readings_prune_scope_updates": "keep_external_ids meter",
    "warnings": WARNING,
}


class Fact(NamedTuple):
    """An operation of the toolkit. `lists`: what each thing has in a list of the answer."""

    method: str
    path: str
    statuses: str
    asks: str = ""
    answers: str = ""
    lists: Mapping[str, str] = {}


FACTS = (
    Fact(
        "post",
        "/v1/erp/updates/events",
        "200 400 401",
        "app_id component_id events meta",
        lists={"results": EVENT},
    ),
    Fact(
        "post",
        "/v2/erp/updates/events",
        "200 400 401 404",
        "events integration_id",
        lists={"results": EVENT},
    ),
    Fact(
        "post",
        "/v3/erp/updates/events",
        "200 400 401 404",
        "events integration_id",
        lists={"results": EVENT},
    ),
    Fact(
        "post",
        "/v1/erp/updates/mapping_simulation",
        "200 400 401 422",
        "format mapping_configuration object_type payload",
        "entity_updates",
        SIMULATED,
    ),
    Fact(
        "post",
        "/v2/erp/updates/mapping_simulation",
        "200 400 401 422",
        "event_configuration format payload",
        "entity_updates",
        SIMULATED,
    ),
    Fact(
        "post",
        "/v1/erp/updates/direct_simulation",
        "200 400 401 422",
        "event_configuration payload",
        "errors valid",
        {
            "errors": "code message",
            "warnings": WARNING,
            "entity_updates": UPDATE,
            "meter_reading_updates": READING,
        },
    ),
    Fact(
        "post",
        f"{V1}/events",
        "200 400 401 404",
        lists={"data": "event_type format object_type payload timestamp"},
    ),
    Fact(
        "post",
        f"{V1}/events/replay",
        "200 400 401 404",
        "event_ids",
        "replayed results",
        {"results": EVENT},
    ),
    Fact(
        "post",
        f"{V1}/monitoring/inbound-events",
        "200 400 401 404",
        lists={"data": "completed_at event_id object_type org_id received_at status sync_type"},
    ),
    Fact("post", f"{V2}/monitoring/events", "200 400 401 404", lists={"data": ROW}),
    Fact(
        "post",
        f"{V2}/monitoring/stats",
        "200 400 401 404",
        answers="error_count info_count skipped_count success_count total_events warning_count",
    ),
    Fact(
        "get",
        f"{V2}/monitoring/traces/{{correlationId}}",
        "200 400 401 404",
        answers="correlation_id span_count spans status truncated",
        lists={"spans": ROW},
    ),
    Fact(
        "get",
        "/v1/integrations/entities/{entityId}/sync-status",
        "200 400 401",
        answers="entity_id sync_states",
        lists={"sync_states": "entity_id entity_slug integration_id"},
    ),
    Fact(
        "get",
        "/v1/integrations",
        "200 401",
        answers="integrations",
        lists={"integrations": INTEGRATION},
    ),
    Fact("post", "/v1/integrations", "201 400 401", "name", INTEGRATION),
    Fact("get", V1, "200 401 404", answers=INTEGRATION),
    Fact("put", V1, "200 400 401 404", answers=INTEGRATION),
    Fact("delete", V1, "200 401 404"),
    Fact(
        "get",
        "/v2/integrations",
        "200 401",
        answers="integrations",
        lists={"integrations": f"{INTEGRATION} use_cases"},
    ),
    Fact(
        "post",
        "/v2/integrations",
        "201 400 401",
        "name",
        f"{INTEGRATION} use_cases",
        {"use_cases": USE_CASE},
    ),
    Fact("get", V2, "200 401 404", "", f"{INTEGRATION} use_cases", {"use_cases": USE_CASE}),
    Fact("put", V2, "200 400 401 404", "name", f"{INTEGRATION} use_cases", {"use_cases": USE_CASE}),
    Fact("delete", V2, "200 401 404"),
    Fact(
        "put",
        f"{V1}/app-mapping",
        "200 400 401 404 409",
        "app_id component_id",
        "integration_id",
    ),
    Fact("delete", f"{V1}/app-mapping", "200 400 401 404", "app_id component_id"),
    Fact("get", CASES, "200 401", answers="use_cases", lists={"use_cases": USE_CASE}),
    Fact("post", CASES, "201 400 401 404", "enabled name slug type", USE_CASE),
    Fact("get", CASE, "200 401 404", answers=USE_CASE),
    Fact("put", CASE, "200 400 401 404", answers=USE_CASE),
    Fact("delete", CASE, "200 401 404"),
)
BEYOND = {"400", "403", "404", "413", "415", "429", "503"}
"""What we may answer besides: a path's or query's wrong words, who may not, a body that is too
large or none, too many, and in the place of their 500 what passes by itself."""
ALSO = {
    ("delete", V1): {"409"},
    ("delete", V2): {"409"},
    ("post", "/v3/erp/updates/events"): {"422"},
}
"""What comes with the product is not removed. And the toolkit's guide to direct mode has a status
that its OpenAPI has not: 422 with the results of the events, where a direct payload is refused."""
EVERY = pytest.mark.parametrize("fact", FACTS, ids=lambda fact: f"{fact.method} {fact.path}")


def entry(fact: Fact) -> Any:
    """The operation in our document."""
    return contract()["paths"][fact.path][fact.method]


def parts(schema: Any) -> tuple[set[str], Mapping[str, Any]]:
    """What an object of a schema always has, and its fields."""
    told = resolved(schema)
    needed, fields = set(told.get("required", ())), dict(told.get("properties", {}))
    for part in told.get("allOf", ()):
        more, others = parts(part)
        needed, fields = needed | more, {**others, **fields}
    return needed, fields


def answer_of(fact: Fact) -> Any:
    """The schema of the answer that is none of an error."""
    status = fact.statuses.split()[0]
    return resolved(entry(fact)["responses"][status])["content"]["application/json"]["schema"]


@EVERY
def test_should_answer_with_the_statuses_of_the_toolkit(fact: Fact) -> None:
    ours, theirs = set(entry(fact)["responses"]), {*fact.statuses.split(), "500"}
    assert theirs <= ours
    assert ours - theirs <= BEYOND | ALSO.get((fact.method, fact.path), set())


@EVERY
def test_should_ask_for_no_more_than_the_toolkit(fact: Fact) -> None:
    if "requestBody" not in entry(fact):
        assert not fact.asks
        return
    body = resolved(entry(fact)["requestBody"])
    needed, _ = parts(body["content"]["application/json"]["schema"])
    assert needed <= set(fact.asks.split())


@EVERY
def test_should_answer_all_that_the_toolkit_always_does(fact: Fact) -> None:
    always, fields = parts(answer_of(fact))
    assert set(fact.answers.split()) <= always
    for name, of in fact.lists.items():
        items = next(
            one["items"] for one in (fields[name], *fields[name].get("anyOf", ())) if "items" in one
        )
        has, _ = parts(items)
        assert set(of.split()) <= has, name


@EVERY
def test_should_tell_errors_by_code_and_message(fact: Fact) -> None:
    with_results = {"422"} - set(fact.statuses.split())
    for status in {"400", "404", "409", "422"} & set(entry(fact)["responses"]) - with_results:
        told = resolved(entry(fact)["responses"][status])["content"]["application/json"]
        needed, fields = parts(told["schema"])
        assert {"code", "message"} <= needed, status
        assert set(fields) == {"code", "message"}, status


def test_should_stand_for_every_route_that_the_toolkit_has_too() -> None:
    """Ours alone are the upload of a payload, initial loads, and what is no ERP's."""
    ours = {
        (method, path)
        for path, entries in contract()["paths"].items()
        for method in entries
        if ("/erp/" in path or "/integrations" in path) and "/loads" not in path
    }
    theirs = {(fact.method, fact.path) for fact in FACTS}
    assert ours - theirs == {("post", "/v3/erp/updates/payloads")}
