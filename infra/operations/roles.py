"""The field lists of the roles (`busbar.domain.field_lists`), in the API's document."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy

from busbar.domain.customers import Role
from busbar.domain.field_lists import SENT, SHOWN
from infra.operations import Json

Place = tuple[Json, str, frozenset[Role]]
"""The schema of an object, a field of it, and whom it is for."""


def mark(document: Json) -> None:
    """Say of each field that is not for every role whom it is for; no answer has to have it.

    Raises `ValueError` where operations that share a schema differ about that.
    """
    for owner, name, roles in (*_sent(document), *_shown(document)):
        named = ", ".join(f"`{role}`" for role in Role if role in roles)
        said = owner["properties"][name].setdefault("description", f"Only for {named}.")
        if said != f"Only for {named}.":
            raise ValueError(f"{name} is for other roles elsewhere: {said}")
        if name in owner.get("required", ()):
            owner["required"].remove(name)


def seen_by(document: Json, role: Role) -> Json:
    """The marked document, as it holds for one role.

    A field that the role sees is in each such answer; one that it does not send or see is unknown.
    """
    own = deepcopy(document)
    for owner, name, roles in _shown(own):
        if role in roles and name not in owner["required"]:
            owner["required"].append(name)
    for owner, name, roles in (*_sent(own), *_shown(own)):
        if role not in roles:
            owner["properties"].pop(name, None)
    return own


def _sent(document: Json) -> Iterator[Place]:
    for entry in _entries(document):
        for path, roles in SENT.get(entry["operationId"], {}).items():
            body = entry["requestBody"]["content"].get("application/json")
            yield from _owners(body["schema"], path.split("."), roles, document) if body else ()


def _shown(document: Json) -> Iterator[Place]:
    for entry in _entries(document):
        for path, roles in SHOWN.get(entry["operationId"], {}).items():
            for status, answer in entry["responses"].items():
                if status < "300":
                    schema = answer["content"]["application/json"]["schema"]
                    yield from _owners(schema, path.split("."), roles, document)


def _entries(document: Json) -> Iterator[Json]:
    for entries in document["paths"].values():
        yield from entries.values()


def _owners(
    schema: Json, path: list[str], roles: frozenset[Role], document: Json
) -> Iterator[Place]:
    """Every object that a path ends at. Raises `KeyError` if there is none by that name."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    if "anyOf" in schema:
        for choice in schema["anyOf"]:
            if choice != {"type": "null"}:
                yield from _owners(choice, path, roles, document)
    elif "items" in schema:
        yield from _owners(schema["items"], path, roles, document)
    elif len(path) == 1:
        yield schema, path[0], roles
    else:
        yield from _owners(schema["properties"][path[0]], path[1:], roles, document)
