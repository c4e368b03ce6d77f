"""1,000 requests made of the API's document, the same ones every time; `make fuzz` sends more."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from schemathesis.core.failures import FailureGroup

from busbar.domain.authorisation import SIGNED, TABLE
from infra.openapi import document
from tests.faults.run import silence
from tests.fuzz.fuzz import fuzz

REQUESTS = 1_000
SEED = 1


def test_should_answer_a_thousand_requests_as_the_document_says() -> None:
    with silence():
        seen = fuzz(REQUESTS, SEED)
    print(f"seed {SEED}: {seen.total()} requests")  # noqa: T201  (told where it fails)
    assert seen.total() >= REQUESTS
    # Requests that are refused alone would prove little.
    granted = {line.rpartition(" ")[0] for line in seen if line.rpartition(" ")[2] < "300"}
    assert granted == {*TABLE, *SIGNED}


def planted() -> Any:
    """The document of the task list alone, to plant something in, and its entry."""
    described = deepcopy(document())
    described["paths"] = {"/v1/tasks": described["paths"]["/v1/tasks"]}
    return described, described["paths"]["/v1/tasks"]["get"]


def test_should_find_a_status_that_is_not_declared() -> None:
    described, entry = planted()
    del entry["responses"]["400"]
    with pytest.raises(FailureGroup, match="Undocumented status code"):
        fuzz(100, SEED, described)


def test_should_find_that_something_forbidden_is_granted() -> None:
    described = deepcopy(document())
    card = "/v1/charge-cards/{card_id}"
    described["paths"] = {card: {"patch": described["paths"][card]["patch"]}}
    change = described["components"]["schemas"]["CardChange"]
    change["properties"]["label"]["maxLength"] = 1
    change["required"] = ["vehicle", "label"]
    with pytest.raises(FailureGroup, match="Schema-violating request accepted"):
        fuzz(2_000, SEED, described)


def test_should_find_an_answer_that_does_not_fit() -> None:
    described, _ = planted()
    described["components"]["schemas"]["TaskPage"]["required"].append("never_there")
    with pytest.raises(FailureGroup, match="violates schema"):
        fuzz(100, SEED, described)


def test_should_find_a_header_that_is_missing() -> None:
    described, entry = planted()
    entry["responses"]["200"]["headers"]["ETag"] = {"$ref": "#/components/headers/ETag"}
    with pytest.raises(FailureGroup, match="Missing required response header"):
        fuzz(100, SEED, described)
