"""Integrations as they stand: put by the API, or come with the product."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

from busbar.domain.integrations import (
    AppMapping,
    Integration,
    IntegrationUseCase,
    integration_id,
    use_case_id,
)
from busbar.errors import Problem
from busbar.ports.store import Store, Stored
from busbar.usecases.pages import is_uuid

BUILT_IN_SINCE = datetime(2026, 11, 29, tzinfo=UTC)
"""Their configurations change with a release, and the release is what lineage names them by."""


def _folder() -> Path:
    here = Path(__file__).parents[1]
    own = here / "integrations"  # inside a Lambda layer
    return own if own.is_dir() else here.parents[2] / "integrations"


@dataclass(frozen=True)
class Known:
    """An integration as it stands. `stored` is None for one that only comes with the product."""

    integration: Integration
    stored: Stored[Integration] | None


def known_integration(store: Store, wanted: str) -> Known:
    """The integration with this UUID. Raises `Problem` 404; one of another org is none."""
    # The table refuses a key of thousands of characters, and a path may have them.
    stored = store.get(Integration, wanted) if is_uuid(wanted) else None
    found = stored.record if stored else built_in(store.org).get(wanted)
    if found is None:
        raise _none()
    return Known(found, stored)


def integration_of(store: Store, wanted: str) -> Integration | None:
    """The integration with this UUID, if there is one."""
    try:
        return known_integration(store, wanted).integration
    except Problem:
        return None


def integration_of_app(store: Store, app: tuple[str, str]) -> Integration:
    """The integration that an app's component stands for. Raises `Problem` 404."""
    mapped = store.get(AppMapping, "#".join(app))
    if mapped is None:
        raise _none("None is mapped to this app: PUT /v1/integrations/{integrationId}/app-mapping.")
    return known_integration(store, mapped.record.integration_id).integration


def _none(detail: str = "GET /v1/integrations lists those of your org.") -> Problem:
    return Problem(404, "integration-not-found", "No such integration", detail)


@lru_cache(maxsize=32)
def built_in(org: str) -> dict[str, Integration]:
    """The integrations that come with the product, by their UUIDs."""
    folder = _folder()
    found = [_read(org, path.parent) for path in sorted(folder.glob("*/integration.json"))]
    return {one.id: one for one in found}


def _read(org: str, folder: Path) -> Integration:
    head = json.loads((folder / "integration.json").read_text("utf-8"))
    ours = integration_id(org, folder.name)
    return Integration(
        id=ours,
        name=head["name"],
        system=head["system"],
        description=head.get("description", ""),
        variables=head.get("variables", ()),
        use_cases=tuple(_use_case(ours, path) for path in sorted(folder.glob("*/use_case.json"))),
    )


def _use_case(integration: str, path: Path) -> IntegrationUseCase:
    read: dict[str, Any] = json.loads(path.read_text("utf-8"))
    slug = path.parent.name
    return IntegrationUseCase(
        id=use_case_id(integration, slug),
        integration_id=integration,
        slug=slug,
        name=read["name"],
        enabled=read.get("enabled", True),
        configuration=read["configuration"],
        changed_at=BUILT_IN_SINCE,
    )
