"""Reading the bodies of calls to the legacy REST and Fleet APIs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from infra.simulators.energised.refused import RefusedError
from infra.simulators.routing import Call

SHORTEST_PASSWORD = 8


def object_of(call: Call) -> dict[str, Any]:
    """The JSON object that a call carries. Raises `RefusedError` 400."""
    try:
        body = call.request.json()
    except ValueError:
        raise RefusedError(400, "The body is no JSON.") from None
    if not isinstance(body, dict):
        raise RefusedError(400, "The body has to be an object.")
    return body


def check_types(body: Mapping[str, Any], names: Iterable[str], kind: Any, text: str) -> None:
    """Raises `RefusedError` 422 for a field that is of another kind."""
    for name in sorted(set(names) & set(body)):
        if not isinstance(body[name], kind):
            raise RefusedError(422, f"{name}: has to be {text}.")


def check_person(
    body: Mapping[str, Any],
    texts: frozenset[str],
    where: str = "",
    *,
    gender: bool = True,
    besides: Iterable[str] = (),
) -> None:
    """Raises `RefusedError` 422 for an unknown field, one that is no text, or another gender."""
    known = {*texts, *besides, *({"gender"} if gender else ())}
    if unknown := sorted(set(body) - known):
        raise RefusedError(422, f"{where}{unknown[0]}: unknown field.")
    if wrong := sorted(n for n in texts & set(body) if not isinstance(body[n], str)):
        raise RefusedError(422, f"{where}{wrong[0]}: has to be a string.")
    if type(body.get("gender", 0)) is not int or body.get("gender", 0) not in {0, 1, 2}:
        raise RefusedError(422, f"{where}gender: has to be 0, 1 or 2.")


def check_password(user: Mapping[str, Any], where: str = "") -> None:
    """Raises `RefusedError` 422 for a password that is too short. It is not kept."""
    if len(user["password"]) < SHORTEST_PASSWORD:
        raise RefusedError(422, f"{where}password: has to be longer.")
