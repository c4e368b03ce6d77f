"""The OpenAPI 3.1 document of the API: `python -m infra.openapi` writes what the product serves.

Made from the catalogue's routes, the models that handlers parse bodies with, and the descriptions
in `infra/operations/`. A test fails while the written file is another.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from busbar.api import code_of
from busbar.domain.authorisation import SIGNED, TABLE
from infra.catalog import USE_CASES, Route, UseCase
from infra.operations import IDS, OUR_ID, Json, Operation, Says, operations
from infra.operations.roles import mark
from infra.operations.security import SECURITY, SIGNED_BY, how_to_sign

WRITTEN = Path(__file__).parents[1] / "shared/python/busbar/usecases/openapi.json"
"""Beside the use case that serves it: also inside the layer."""

KEY_PROBLEMS = {
    400: ("idempotency-key-missing", "idempotency-key-invalid"),
    409: ("request-still-running",),
    422: ("idempotency-key-reused",),
}
BODY_PROBLEMS = {
    400: ("body-invalid",),
    413: ("body-too-large",),
    415: ("content-type-unsupported", "content-encoding-unsupported"),
}
FIELD_PROBLEMS: dict[int, tuple[str, ...]] = {422: ("fields-invalid",)}
CSV_PROBLEMS = {
    400: ("body-invalid",),
    413: ("body-too-large",),
    415: ("content-type-unsupported", "content-encoding-unsupported"),
    422: ("import-unreadable",),
}
EVERY_PROBLEMS: dict[int, tuple[str, ...]] = {
    400: ("invalid-parameter",),
    401: ("token-invalid",),
    403: ("forbidden",),
    413: ("body-too-large",),
    429: (),
    500: ("internal",),
    503: ("try-again",),
}
SIGNED_PROBLEMS: dict[int, tuple[str, ...]] = {
    400: ("invalid-parameter", "body-invalid"),
    401: ("signature-missing", "signature-invalid", "timestamp-outside-window"),
    413: ("body-too-large",),
    422: ("fields-invalid",),
    429: (),
    500: ("internal",),
    503: ("try-again",),
}
"""In place of those, where a system signs what it sends."""
IF_MATCH_PROBLEMS: dict[str, dict[int, tuple[str, ...]]] = {
    "never": {},
    "may": {412: ("etag-unknown",)},
    "must": {412: ("etag-unknown",), 428: ("if-match-missing",)},
}
GATEWAY = {401, 413, 429, 500, 503}
"""Statuses that API Gateway answers too, before or instead of us, in its own form."""
TITLES = {
    400: "The request is not well-formed",
    401: "No valid token",
    403: "Your role does not allow this operation",
    404: "There is no such thing within your reach",
    409: "Not in this state, or not at the same time",
    412: "If-Match names another version",
    413: "The body is too large",
    415: "The body is no JSON by its headers",
    422: "Fields are at fault; `errors` names them",
    428: "If-Match is missing",
    429: "Too many requests",
    500: "Something broke on our side",
    503: "Not possible at the moment: send it again after `Retry-After`",
}
SIGNED_TITLES = {**TITLES, 401: "Not signed, not just now, or not with this org's key"}
PROBLEM: Json = {
    "type": "object",
    "description": "RFC 9457. `type` is stable; `detail` says what to do.",
    "required": ["type", "title", "status", "correlation_id"],
    "additionalProperties": False,
    "properties": {
        "type": {"type": "string", "pattern": "^urn:busbar:problem:[a-z0-9-]+$"},
        "title": {"type": "string"},
        "status": {"type": "integer", "minimum": 400, "maximum": 599},
        "detail": {"type": "string"},
        "correlation_id": {"type": "string"},
        "errors": {
            "type": "array",
            "description": "Each field at fault, by its path in the body or its name.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "additionalProperties": False,
                "properties": {"field": {"type": "string"}, "message": {"type": "string"}},
            },
        },
    },
}
TOOLKIT_ERROR: Json = {
    "type": "object",
    "description": "The toolkit's errors: `code` is stable, `message` is for people.",
    "required": ["code", "message"],
    "additionalProperties": False,
    "properties": {"code": {"type": "string"}, "message": {"type": "string"}},
}
GATEWAY_MESSAGE: Json = {
    "type": "object",
    "description": "What API Gateway answers by itself.",
    "required": ["message"],
    "additionalProperties": False,
    "properties": {"message": {"type": ["string", "null"]}},
}
FILE: Json = {
    "type": "string",
    "minLength": 1,
    "description": "A header that names columns, and up to 250 lines; separated by `,` or `;`.",
}
HEADERS: dict[str, Json] = {
    "X-Correlation-Id": {
        "description": "Names this request in our logs and in every call that it caused.",
        "required": True,
        "schema": {"type": "string", "pattern": "^[A-Za-z0-9_.:-]{8,64}$"},
    },
    "ETag": {
        "description": "The version of the object: send it back in If-Match.",
        "required": True,
        "schema": {"type": "string", "pattern": '^"[0-9]{1,15}"$'},
    },
    "Location": {
        "description": "Where the object is shown.",
        "required": True,
        "schema": {"type": "string", "pattern": "^/v1/"},
    },
    "Idempotent-Replayed": {
        "description": "`true` if this is the kept answer to an earlier request with this key.",
        "schema": {"type": "string", "const": "true"},
    },
    "Retry-After": {
        "description": "Seconds to wait before the same request is sent again.",
        "schema": {"type": "string", "pattern": "^[0-9]+$"},
    },
}
KEY_HEADER: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "required": True,
    "description": "A fresh value per order, kept 7 days: the same request again is one effect.",
    "schema": {
        "type": "string",
        "minLength": 1,
        "maxLength": 255,
        "pattern": "^[!-~]([ -~]*[!-~])?$",
    },
    "example": "6e9f4f0c-55a1-4f57-9d43-1f6d7c1d5a11",
}
CORRELATION_HEADER: Json = {
    "name": "X-Correlation-Id",
    "in": "header",
    "description": "8 to 64 of `A-Za-z0-9_.:-`; without one, or in another form, we make it.",
    "schema": {"type": "string"},
    "example": "portal-0001-sample",
}


def problems_of(operation: Operation, route: Route) -> dict[int, tuple[str, ...]]:
    """Status -> types of every problem that an operation may answer."""
    signed = route.operation in SIGNED
    parts: list[Mapping[int, Sequence[str]]] = [
        SIGNED_PROBLEMS if signed else EVERY_PROBLEMS,
        operation.problems,
        IF_MATCH_PROBLEMS[operation.if_match],
    ]
    parts += [KEY_PROBLEMS] if operation.key else []
    if operation.body and not signed:
        fields = {} if operation.toolkit else FIELD_PROBLEMS
        parts += [BODY_PROBLEMS, fields]
    parts += [CSV_PROBLEMS] if operation.csv else []
    parts += [{404: ("route-not-found",)}] if "{" in route.path else []
    return {
        status: tuple(dict.fromkeys(slug for part in parts for slug in part.get(status, ())))
        for status in sorted({status for part in parts for status in part})
    }


def document() -> Json:
    """The whole document."""
    described = operations()
    paths: dict[str, Json] = {}
    for case in USE_CASES:
        for route in (*case.routes, *case.signed_routes):
            verb = route.method.lower()
            paths.setdefault(route.path, {})[verb] = _operation(
                case, route, described[route.operation]
            )
    made: Json = {
        "openapi": "3.1.0",
        "info": {
            "title": "Busbar",
            "version": "1",
            "description": "The API of the portal, of service agents, of machines, and of systems"
            " that sign what they send.",
        },
        "security": [{"token": []}],
        "paths": paths,
        "components": {
            "schemas": {
                **_schemas(described),
                "Problem": PROBLEM,
                "ToolkitError": TOOLKIT_ERROR,
                "Gateway": GATEWAY_MESSAGE,
            },
            "headers": HEADERS,
            "responses": {
                f"Problem{status}": _problem(status, slugs)
                for status, slugs in EVERY_PROBLEMS.items()
            }
            | {
                f"Toolkit{status}": _toolkit_error(status, slugs)
                for status, slugs in EVERY_PROBLEMS.items()
            },
            "securitySchemes": SECURITY,
        },
    }
    mark(made)
    return made


def _schemas(described: Mapping[str, Operation]) -> Json:
    """Every model by its name. Raises `ValueError` for two models of one name."""
    models: dict[type[BaseModel], None] = {}
    for operation in described.values():
        models |= dict.fromkeys(says.model for says in operation.answers.values() if says.model)
        models |= {operation.body: None} if operation.body else {}
    _, made = models_json_schema(
        [(model, "validation") for model in models],
        ref_template="#/components/schemas/{model}",
    )
    if nameless := {model.__name__ for model in models} - set(made["$defs"]):
        raise ValueError(f"more than one model is called {', '.join(sorted(nameless))}")
    return dict(sorted(made["$defs"].items()))


def _operation(case: UseCase, route: Route, operation: Operation) -> Json:
    signed = route.operation in SIGNED
    made: Json = {
        "operationId": route.operation,
        "tags": [case.name],
        "summary": operation.summary,
        "description": how_to_sign(operation) if signed else _roles(route),
        **({"security": [SIGNED_BY]} if signed else {}),
        "parameters": list(_parameters(route, operation)),
        "responses": _responses(route, operation),
    }
    if operation.body:
        content = {"schema": _ref(operation.body), "examples": _examples(operation.bodies)}
        required = not operation.body_optional
        made["requestBody"] = {"required": required, "content": {"application/json": content}}
    if operation.csv:
        content = {"schema": FILE, "examples": _examples({"two lines": operation.csv})}
        made["requestBody"] = {"required": True, "content": {"text/csv": content}}
    return made


def _roles(route: Route) -> str:
    return f"Roles: {', '.join(f'`{role}`' for role in TABLE[route.operation])}."


def _parameters(route: Route, operation: Operation) -> Iterator[Json]:
    for name in re.findall(r"\{(\w+)\}", route.path):
        schema = IDS.get(name, OUR_ID)
        yield {"name": name, "in": "path", "required": True, "schema": schema}
    for name, parameter in operation.query.items():
        text = parameter.text
        yield {"name": name, "in": "query", "description": text, "schema": parameter.schema}
    if operation.key:
        yield {**KEY_HEADER, "required": operation.key is True}
    if operation.if_match != "never":
        yield {
            "name": "If-Match",
            "in": "header",
            "required": operation.if_match == "must",
            "description": "The ETag that you saw; `*` for whatever is there.",
            "schema": {"type": "string", "pattern": '^("[0-9]{1,15}"|\\*)$'},
            "example": '"3"',
        }
    yield CORRELATION_HEADER


def _responses(route: Route, operation: Operation) -> Json:
    answers = {str(status): _answer(says) for status, says in operation.answers.items()}
    if operation.toolkit:
        errors = problems_of(operation, route).items()
        told = {
            str(status): {"$ref": f"#/components/responses/Toolkit{status}"}
            if EVERY_PROBLEMS.get(status) == slugs
            else _toolkit_error(status, slugs)
            for status, slugs in errors
        }
        return {**answers, **told}
    problems = {
        str(status): {"$ref": f"#/components/responses/Problem{status}"}
        if EVERY_PROBLEMS.get(status) == slugs
        else _problem(status, slugs, signed=route.operation in SIGNED)
        for status, slugs in problems_of(operation, route).items()
    }
    return {**answers, **problems}


def _answer(says: Says) -> Json:
    made: Json = {
        "description": says.text,
        "headers": _headers("X-Correlation-Id", *says.headers),
    }
    if says.model:
        content = {"schema": _ref(says.model), "example": says.example}
        made["content"] = {"application/json": content}
    return made


def _problem(status: int, slugs: Sequence[str], *, signed: bool = False) -> Json:
    title = (SIGNED_TITLES if signed else TITLES)[status]
    made: Json = {"description": title, "content": {}}
    if slugs:
        types = [f"urn:busbar:problem:{slug}" for slug in slugs]
        example = {"type": types[0], "title": title, "status": status}
        made["headers"] = _headers(*(["Retry-After"] if status in {409, 503} else []))
        made["content"]["application/problem+json"] = {
            "schema": {
                "allOf": [{"$ref": "#/components/schemas/Problem"}],
                "properties": {"type": {"enum": types}, "status": {"const": status}},
            },
            "example": {**example, "correlation_id": CORRELATION_HEADER["example"]},
        }
    if status in GATEWAY and not (signed and status == 401):
        made["content"]["application/json"] = {"schema": {"$ref": "#/components/schemas/Gateway"}}
    return made


def _toolkit_error(status: int, slugs: Sequence[str]) -> Json:
    made: Json = {"description": TITLES[status]}
    choices: list[Json] = [{"$ref": "#/components/schemas/Gateway"}] if status in GATEWAY else []
    if slugs:
        codes = [code_of(slug) for slug in slugs]
        ours = {
            "allOf": [{"$ref": "#/components/schemas/ToolkitError"}],
            "properties": {"code": {"enum": codes}},
        }
        choices.insert(0, ours)
        made["headers"] = _headers(*(["Retry-After"] if status == 503 else []))
    content: Json = {"schema": {"anyOf": choices} if len(choices) > 1 else choices[0]}
    if slugs:
        content["example"] = {"code": codes[0], "message": TITLES[status]}
    return {**made, "content": {"application/json": content}}


def _headers(*names: str) -> Json:
    return {name: {"$ref": f"#/components/headers/{name}"} for name in names}


def _examples(values: Mapping[str, Json | str]) -> Json:
    return {name: {"value": value} for name, value in values.items()}


def _ref(model: type[BaseModel]) -> Json:
    return {"$ref": f"#/components/schemas/{model.__name__}"}


def text() -> str:
    """The document as it is written and served: in lines, so that changes of it can be read."""
    return json.dumps(document(), ensure_ascii=False, indent=1) + "\n"


if __name__ == "__main__":
    WRITTEN.write_text(text(), encoding="utf-8")
    print(f"{WRITTEN.name}: {len(text()) / 1024:.0f} kB")
