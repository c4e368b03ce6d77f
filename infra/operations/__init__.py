"""What each operation of the API takes and answers, beside its route in the catalogue.

`infra/operations/<use_case>.py` holds `OPERATIONS`: operation -> `Operation`. The bodies are the
models that the handlers parse with; the answers are models of this package, which the tests hold
every answer of every handler against. `infra.openapi` makes the document of it, at build time:
functions never import this.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib import import_module
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict

from busbar.domain.connection_texts import SYSTEMS
from busbar.domain.customers import SUB_PATTERN
from busbar.domain.identifiers import ID_PATTERN
from infra.catalog import USE_CASES

Json = dict[str, Any]
Problems = Mapping[int, Sequence[str]]
Header = Literal["ETag", "Location", "Idempotent-Replayed"]


class View(BaseModel):
    """An answer, or a part of one: these fields, all of them, and no others."""

    model_config = ConfigDict(extra="forbid")


@dataclass(frozen=True)
class Says:
    """A successful answer. `headers` names those that it has besides those of every answer.

    `model` is None where it has no body (204).
    """

    text: str
    model: type[BaseModel] | None
    example: Json = field(default_factory=dict)
    headers: Sequence[Header] = ()


@dataclass(frozen=True)
class Parameter:
    """A parameter of the query: its JSON schema and what it means."""

    schema: Json
    text: str


@dataclass(frozen=True)
class Operation:
    """One operation: what it does, takes and answers."""

    summary: str
    answers: Mapping[int, Says]
    body: type[BaseModel] | None = None
    """The model that the handler parses with; None: it takes no body."""
    bodies: Mapping[str, Json] = field(default_factory=dict)
    """Examples of the body, by a name each; all of them are accepted."""
    body_optional: bool = False
    """Whether the request may come without its body."""
    csv: str = ""
    """An example of the file, where an import takes one in place of a JSON body."""
    query: Mapping[str, Parameter] = field(default_factory=dict)
    key: Literal[False, True, "unless_dry_run"] = False
    """Whether it needs `Idempotency-Key`."""
    if_match: Literal["never", "may", "must"] = "never"
    problems: Problems = field(default_factory=dict)
    """Status -> types of the problems that it alone may answer; the common ones are added."""
    toolkit: bool = False
    """Whether it is one of the toolkit's: its errors are `{"code", "message"}`, and its bodies may
    hold keys that it does not know."""


LIMIT = Parameter(
    {"type": "integer", "minimum": 1, "maximum": 100, "default": 50}, "Longest page to answer."
)
CURSOR = Parameter(
    {"type": "string", "minLength": 1, "maxLength": 2048},
    "`next_cursor` of the page before; leave it out for the first page.",
)
COMPANY = Parameter(
    {"type": "string", "minLength": 1, "maxLength": 64},
    "The company whose list is asked for; by default the caller's own.",
)
PAGE = {"limit": LIMIT, "cursor": CURSOR}
"""Parameters of every list."""
IDS: Mapping[str, Json] = {
    "org": {"type": "string", "minLength": 1, "maxLength": 64},
    "system": {"type": "string", "enum": list(SYSTEMS)},
    "user_id": {"type": "string", "pattern": SUB_PATTERN},
    "schema": {"type": "string", "pattern": "^[a-z][a-z0-9_]{0,63}$"},
    "entity_id": {"type": "string", "format": "uuid"},
    "version": {"type": "string", "pattern": "^[0-9]{1,9}$"},
    "integrationId": {"type": "string", "format": "uuid"},
    "useCaseId": {"type": "string", "format": "uuid"},
    "entityId": {"type": "string", "format": "uuid"},
    "correlationId": {"type": "string", "minLength": 1, "maxLength": 255},
}
"""Parameters of the path that are no id of ours (`OUR_ID`)."""
OUR_ID: Json = {"type": "string", "pattern": ID_PATTERN}


def operations() -> dict[str, Operation]:
    """Every described operation. Raises `ImportError` where a use case with routes has no entry."""
    found: dict[str, Operation] = {}
    for case in USE_CASES:
        if case.routes or case.signed_routes:
            found |= import_module(f"infra.operations.{case.name}").OPERATIONS
    return found
