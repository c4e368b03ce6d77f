"""Integrations and use cases, as the toolkit's routes show them.

Beyond the toolkit: `system` and `built_in` of an integration, `value` of a variable; and on saving
`warnings`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from busbar.domain.integrations import Integration, IntegrationUseCase, Variable
from busbar.domain.updates import Warned
from busbar.ports.runtime import Json
from busbar.ports.store import Stored
from busbar.usecases.integration_store import BUILT_IN_SINCE


def integration_view(
    integration: Integration,
    org: str,
    stored: Stored[Integration] | None,
    *,
    built_in: bool,
) -> Json:
    """An integration without its use cases. `built_in`: it comes with the product."""
    changed = stored.changed_at if stored else BUILT_IN_SINCE
    return {
        "id": integration.id,
        "orgId": org,
        "name": integration.name,
        "description": integration.description,
        "integration_type": "erp",
        "system": integration.system,
        "built_in": built_in,
        "environment_config": [_field(v) for v in integration.variables if not v.is_map],
        "maps": [_map(v) for v in integration.variables if v.is_map],
        **integration.more,
        "created_at": _iso(integration.created_at or BUILT_IN_SINCE),
        "updated_at": _iso(changed),
    }


def _field(variable: Variable) -> Json:
    told: Json = {
        "key": variable.key,
        "label": variable.label or variable.key,
        "type": variable.type,
        "description": variable.description,
        "required": variable.required,
    }
    if variable.order is not None:
        told["order"] = variable.order
    if variable.value is not None:
        told["value"] = str(variable.value)
    return told


def _map(variable: Variable) -> Json:
    return {
        "key": variable.key,
        "label": variable.label or variable.key,
        "description": variable.description,
        "value": variable.value,
    }


def use_case_view(use_case: IntegrationUseCase, warned: Sequence[Warned] | None = None) -> Json:
    """A use case. With `warned`: what its configuration is warned of, as it was saved just now."""
    optional: dict[str, Any] = {
        "configuration": use_case.configuration,
        "change_description": use_case.change_description,
        "changed_by": use_case.changed_by,
    }
    told: Json = {
        "id": use_case.id,
        "integrationId": use_case.integration_id,
        "name": use_case.name,
        "slug": use_case.slug,
        "type": use_case.type,
        "enabled": use_case.enabled,
        **{name: value for name, value in optional.items() if value},
        "created_at": _iso(use_case.created_at or use_case.changed_at),
        "updated_at": _iso(use_case.changed_at),
    }
    if warned is not None:
        told["warnings"] = warnings_view(warned)
    return told


def warnings_view(warned: Sequence[Warned]) -> list[Json]:
    """What is warned of, as the toolkit's simulations show it."""
    return [
        {"entity_schema": one.entity_schema, "field": one.field, "message": one.message}
        for one in warned
    ]


def _iso(at: datetime) -> str:
    return at.isoformat()
