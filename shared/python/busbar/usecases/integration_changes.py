"""What a body makes of an integration, or of a use case. Pure, but for the check of mappings.

A use case's id follows from its slug unless its maker gives one, so that who puts the same twice
has it once, and what is recorded of it stays with it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from busbar.domain.integrations import Integration, IntegrationUseCase, Variable, use_case_id
from busbar.domain.updates import Mapped, Warned
from busbar.errors import FieldError, Problem
from busbar.usecases.integration_bodies import (
    EnvironmentField,
    IntegrationChange,
    MapBody,
    UseCaseChange,
    UseCaseEmbedded,
)
from busbar.usecases.integration_kept import KEPT, kept_use_case, refuse_secrets

Check = Callable[[Mapping[str, Any]], Mapped]
"""Looks at a configuration: its faults, and what is warned of."""
_TOOLKITS = (
    "access_token_ids",
    "app_ids",
    "settings",
    "protected",
    "integration_type",
    "connector_config",
)
LONGEST_SLUG = 255
INVALID = "invalid-mapping"


class Checked(NamedTuple):
    """A use case, and what its configuration is warned of."""

    use_case: IntegrationUseCase
    warned: Sequence[Warned]


def changed(integration: Integration, body: IntegrationChange) -> Integration:
    """The integration after a change; what the body leaves out is as it was."""
    refuse_secrets(body.connector_config or {}, "connector_config")
    given = body.model_dump(exclude_none=True, include={"name", "description", "system"})
    more = {**integration.more, **body.model_dump(exclude_none=True, include=set(_TOOLKITS))}
    if body.manifest is not None:
        more["_manifest"] = body.manifest
    fields, maps = body.environment_config, body.maps
    known = {variable.key: variable for variable in integration.variables}
    kept_fields = [v for v in integration.variables if not v.is_map]
    kept_maps = [v for v in integration.variables if v.is_map]
    variables = [
        *(kept_fields if fields is None else [_variable(one, known) for one in fields]),
        *(kept_maps if maps is None else [_map(one) for one in maps]),
    ]
    _once([variable.key for variable in variables], "environment_config", "key")
    given |= {"more": more, "variables": tuple(variables)}
    return integration.model_copy(update=given)


def replaced(integration: Integration, body: IntegrationChange) -> Integration:
    """The integration as it is to be: what the body leaves out is empty, but for its system and
    the values of its variables, which the toolkit's clients do not know."""
    bare = {"description": "", "more": {}}
    whole = body.model_copy(
        update={
            "environment_config": body.environment_config or [],
            "maps": body.maps or [],
        }
    )
    return changed(integration.model_copy(update=bare), whole)


def _variable(field: EnvironmentField, known: Mapping[str, Variable]) -> Variable:
    before = known.get(field.key)
    value: Any = field.value
    if value is None and before and not before.is_map and field.type == "String":
        value = before.value
    return Variable(**{**field.model_dump(), "value": value})


def _map(body: MapBody) -> Variable:
    return Variable(
        key=body.key,
        label=body.label,
        description=body.description,
        type="JSON",
        value=dict(body.value),
    )


def use_case_of(
    body: UseCaseChange,
    before: IntegrationUseCase | None,
    integration: str,
    *,
    slug: str,
    own_id: str = "",
    path: str = "",
    by: str,
    now: datetime,
    check: Check,
) -> Checked:
    """A use case as a body wants it, over the one that is there, if any.

    Its time, which marks its version in lineage, moves only if something of it changes. Raises a
    400 `Problem` with the path of every fault of its configuration, below `path`.
    """
    if before and body.slug and body.slug != before.slug:
        raise refused(f"{path}slug", "cannot be changed")
    if before and body.type and body.type != before.type:
        raise refused(f"{path}type", "cannot be changed")
    kind = body.type or "inbound"
    base = before or IntegrationUseCase(
        id=own_id or use_case_id(integration, slug),
        integration_id=integration,
        slug=slug,
        name=str(body.name),
        type=kind,
        configuration={"entities": []} if kind == "inbound" else {},
        changed_at=now,
        created_at=now,
    )
    given = body.model_dump(include={"name", "enabled", "configuration"}, exclude_none=True)
    wanted = base.model_copy(update=given)
    warned = [*_checked(wanted, check, path), *unread(body.unknown())]
    if before is None or wanted != before:
        told = {"changed_at": now, "changed_by": by}
        told["change_description"] = body.change_description or ""
        wanted = wanted.model_copy(update=told)
    return Checked(wanted, warned)


def warned_of(body: IntegrationChange) -> list[Warned]:
    """What of an integration is kept or passed over; use cases are warned of each for itself."""
    kept = [
        Warned("", name, KEPT)
        for name, said in (
            ("integration_type", body.integration_type == "connector"),
            ("connector_config", body.connector_config),
        )
        if said
    ]
    unknown = [name for name in body.unknown() if not name.startswith("use_cases[")]
    return [*kept, *unread(unknown)]


def unread(names: Sequence[str]) -> list[Warned]:
    """Warns of keys that nothing here reads."""
    return [Warned("", name, "nothing here reads it") for name in names]


def _checked(use_case: IntegrationUseCase, check: Check, path: str) -> Sequence[Warned]:
    if use_case.type != "inbound":
        return kept_use_case(use_case.type, use_case.configuration, f"{path}configuration")
    seen = check(use_case.configuration)
    if not seen.faults:
        return seen.warnings
    raise _invalid(
        FieldError(f"{path}configuration.{one.path}".removesuffix("."), one.message)
        for one in seen.faults
    )


def _invalid(faults: Iterable[FieldError]) -> Problem:
    return Problem(400, INVALID, "The mapping is invalid", errors=tuple(faults))


def embedded(
    integration: Integration,
    bodies: Sequence[UseCaseEmbedded],
    *,
    by: str,
    now: datetime,
    check: Check,
) -> list[Checked]:
    """The use cases of an integration as they are to be. Those that no body names are left out.

    Raises a 400 `Problem`, of mappings with the faults of all of them.
    """
    by_id = {one.id: one for one in integration.use_cases}
    taken = {by_id[str(b.id)].slug for b in bodies if str(b.id) in by_id}
    taken |= {body.slug for body in bodies if body.slug}
    made: list[Checked] = []
    faults: list[FieldError] = []
    for number, body in enumerate(bodies):
        own_id = str(body.id) if body.id else ""
        known = by_id.get(own_id)
        slug = known.slug if known else body.slug or _free(body.name, taken)
        taken.add(slug)
        before = known or (None if own_id else by_id.get(use_case_id(integration.id, slug)))
        path = f"use_cases[{number}]."
        try:
            one = use_case_of(
                body,
                before,
                integration.id,
                slug=slug,
                own_id=own_id,
                path=path,
                by=by,
                now=now,
                check=check,
            )
            made.append(one)
        except Problem as problem:
            if problem.slug != INVALID:
                raise
            faults += problem.errors
    if faults:
        raise _invalid(faults)
    _once([one.use_case.slug for one in made], "use_cases", "slug")
    _once([one.use_case.id for one in made], "use_cases", "id")
    return made


def _free(name: str, taken: set[str]) -> str:
    """A slug after a name, that no other use case has."""
    plain = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[: LONGEST_SLUG - 4] or "use-case"
    slug, number = plain, 1
    while slug in taken:
        number += 1
        slug = f"{plain}-{number}"
    return slug


def _once(values: Sequence[str], field: str, name: str) -> None:
    for value in values:
        if values.count(value) > 1:
            raise refused(field, f"has the {name} {value} twice")


def refused(field: str, message: str) -> Problem:
    """A 400 as the toolkit has it, that names the field."""
    title = "The request is invalid"
    return Problem(400, "invalid-request", title, errors=(FieldError(field, message),))
