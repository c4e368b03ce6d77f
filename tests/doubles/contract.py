"""The API's document as a contract: every answer of every test is held against it.

So the document cannot say other than what the handlers do: an undeclared status, type of problem,
header or field turns the test red in which it came.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

import jsonschema_rs

from busbar.domain.customers import Role
from infra.openapi import document
from infra.operations import operations
from infra.operations.roles import seen_by

PROBLEM_JSON = "application/problem+json"


@cache
def contract(role: Role | None = None) -> Any:
    """The document, as it is made now; as it holds for one role."""
    return seen_by(contract(), role) if role else document()


def resolved(part: Any, role: Role | None = None) -> Any:
    """A part of the document; a `$ref` is followed."""
    while "$ref" in part:
        at = contract(role)
        for name in part["$ref"].removeprefix("#/").split("/"):
            at = at[name]
        part = at
    return part


@cache
def operation_of(operation: str, role: Role | None = None) -> Any:
    """The entry of an operation. Raises `KeyError`."""
    entries = (entry for path in contract(role)["paths"].values() for entry in path.values())
    return {entry["operationId"]: entry for entry in entries}[operation]


def validator(schema: Any, role: Role | None = None) -> jsonschema_rs.Validator:
    """Validates by a schema of the document, formats included."""
    whole = {**schema, "components": contract(role)["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


@cache
def _body(
    operation: str, status: str, content_type: str, role: Role | None
) -> jsonschema_rs.Validator:
    answers = operation_of(operation, role)["responses"]
    return validator(resolved(answers[status], role)["content"][content_type]["schema"], role)


def hold(
    operation: str,
    status: int,
    headers: Mapping[str, str],
    body: Any,
    role: Role | None = None,
) -> None:
    """Hold an answer against the document. Raises `AssertionError` saying what it does not know.

    With the caller's `role` the answer has to have every field that it sees, and no other.

    Errors have to be our own, as the document has them: problem documents, or the toolkit's. What
    API Gateway says by itself is none of ours.
    """
    answers = operation_of(operation)["responses"]
    where = f"{operation} answered {status}"
    assert str(status) in answers, f"{where}, which infra/operations does not declare: {body}"
    content_type = headers["Content-Type"]
    assert content_type == _told_as(operation, status), f"{where} as {content_type}"
    if "content" not in resolved(answers[str(status)]):
        assert body is None, f"{where} with a body"
        _hold_headers(where, resolved(answers[str(status)]), headers)
        return
    faults = list(_body(operation, str(status), content_type, role).iter_errors(body))
    assert not faults, f"{where}: " + "; ".join(
        f"{'/'.join(map(str, f.instance_path))}: {f.message}" for f in faults
    )
    if status >= 400 and content_type != PROBLEM_JSON:
        assert {"code", "results"} & set(body), f"{where} with what API Gateway says"
    _hold_headers(where, resolved(answers[str(status)]), headers)


def _told_as(operation: str, status: int) -> str:
    if status < 400 or operations()[operation].toolkit:
        return "application/json"
    return PROBLEM_JSON


def _hold_headers(where: str, answer: Any, headers: Mapping[str, str]) -> None:
    sent = {name.lower(): value for name, value in headers.items()}
    for name, ref in answer.get("headers", {}).items():
        header = resolved(ref)
        there = name.lower() in sent
        assert there or not header.get("required"), f"{where} without {name}"
        if there:
            fits = validator(header["schema"]).is_valid(sent[name.lower()])
            assert fits, f"{where} with {name}: {sent[name.lower()]}"
