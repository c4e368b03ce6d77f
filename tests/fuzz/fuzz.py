"""Sends requests that schemathesis makes of the API's document, well-formed and not.

No answer may be a 5xx, have a status, content type, header or body that the document does not
declare, or grant what the document forbids; every error is a problem document (`World` holds that
by itself, as in every test). What has to be signed the application signs, whatever it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, TypeAlias

import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.strategies import SearchStrategy
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.schemas import APIOperation
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from busbar.domain.authorisation import SIGNED, TABLE
from busbar.usecases.inputs import BLANKS
from infra.openapi import document
from infra.operations import Json, operations
from tests.doubles.world import World
from tests.functions.people import allowed
from tests.functions.portal import place
from tests.fuzz.portal_app import PortalApp

Case: TypeAlias = schemathesis.Case[Any]
Operation: TypeAlias = APIOperation[Any, Any, Any, Any]


def refuses_what_is_wrong(context: Any, response: Any, case: Case) -> bool | None:
    """What breaks the document is refused, but for a text that is too long by its blanks alone:
    they do not count, and no schema can say so. Of the toolkit's events each is refused by itself.
    """
    if trimmed(case.body) != case.body or _refused_by_itself(response, case):
        return None
    found: bool | None = negative_data_rejection(context, response, case)
    return found


def _refused_by_itself(response: Any, case: Case) -> bool:
    if response.status_code != 200 or not operations()[operation_id(case.operation)].toolkit:
        return False
    return any(one["status"] == "error" for one in response.json().get("results", ()))


def trimmed(body: Any) -> Any:
    """A body without the blanks around its texts."""
    if isinstance(body, str):
        return body.strip(BLANKS)
    if isinstance(body, dict):
        return {name: trimmed(value) for name, value in body.items()}
    return [trimmed(value) for value in body] if isinstance(body, list) else body


CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    refuses_what_is_wrong,
]
A_ROUND = 5
"""Requests of one kind to one operation, before it is another's turn."""


@schemathesis.serializer("text/csv")
def as_file(_context: Any, value: Any) -> bytes:
    """What an import is sent."""
    return str(value).encode(errors="surrogatepass")


def kinds(operation: Operation, ids: dict[str, str]) -> Iterator[SearchStrategy[Case]]:
    """Well-formed requests to things that are there, well-formed ones to any, and malformed ones.

    Operations without any parameter or body have nothing that could be malformed.
    """
    good, bad = GenerationMode.POSITIVE, GenerationMode.NEGATIVE
    there = ids if "{" in operation.path else None
    yield operation.as_strategy(generation_mode=good, path_parameters=there)
    described = operations()[operation_id(operation)]
    for body in [*described.bodies.values(), *([described.csv] if described.csv else [])]:
        yield operation.as_strategy(generation_mode=good, path_parameters=there, body=body)
    if there:
        yield operation.as_strategy(generation_mode=good)
    if len(operation.path_parameters) + len(operation.query) + len(operation.body):
        yield operation.as_strategy(generation_mode=bad)
    if len(operation.query) + len(operation.body):
        yield operation.as_strategy(generation_mode=bad, path_parameters=there)


def operation_id(operation: Operation) -> str:
    """Our name of it."""
    return str(operation.definition.raw["operationId"])


def fuzz(requests: int, start: int, described: Json | None = None) -> Counter[str]:
    """At least so many requests; how often each operation answered which status.

    `described` stands in for the document, with as many operations as it likes.
    Raises what schemathesis or the world found wrong, at the smallest request that shows it.
    """
    app, seen = PortalApp(), Counter[str]()
    # The mapping engine sets its recursion limit for good: hypothesis must find it as it stays.
    place(World())
    # Not loaded from the application: what shows the document would be left out then.
    schema = schemathesis.openapi.from_dict(_of_anybody(described or document()))
    schema.app = app
    schema.config.checks.negative_data_rejection.expected_statuses = ["4xx"]
    found = [result.ok() for result in schema.get_all_operations() if isinstance(result, Ok)]
    assert described or {operation_id(operation) for operation in found} == {*TABLE, *SIGNED}
    turn = start * 1_000_000
    while app.requests < requests:
        for operation in found:
            name = operation_id(operation)
            for strategy in kinds(operation, app.reset(name)):
                app.reset(name)
                turn += 1
                _ask(strategy, name, turn, seen)
    return seen


def _of_anybody(described: Json) -> Json:
    """The document without what it says of who may ask: that is chosen here."""
    whole = deepcopy({**described, "security": []})
    for entries in whole["paths"].values():
        for entry in entries.values():
            entry.pop("security", None)
    return whole


def _ask(strategy: SearchStrategy[Case], operation: str, number: int, seen: Counter[str]) -> None:
    signed = operation in SIGNED
    person = {} if signed else {"Authorization": f"Bearer {allowed(operation)}"}

    @seed(number)
    @settings(
        max_examples=A_ROUND,
        derandomize=False,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink),
    )
    @given(strategy)
    def ask(case: Case) -> None:
        response = case.call(headers=person)
        seen[f"{operation} {response.status_code}"] += 1
        case.validate_response(response, checks=CHECKS)

    ask()
