"""How an entity came to be what it is: its changes, and how it was before them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from busbar.domain.entity_versions import at_version
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_views import (
    Json,
    changes_view,
    existing,
    iso,
    mark_view,
    masked,
    not_found,
)


def entity_history(deps: EntityDeps, schema: str, entity_id: str) -> Json:
    """The changes that are kept, newest first, each with what it took the place of: 1 RU.

    `{"entity_id", "version", "changes": [{"version", "operation", "at", "by", "attributes": {name:
    {"before"?, "after"?}}}]}`. Raises `Problem` 404.
    """
    entity = existing(deps, schema, entity_id, deleted=True)
    items: list[Json] = []
    after: Mapping[str, Any] = entity.attributes
    for entry in entity.history:
        before = {k: v for k, v in after.items() if k not in entry.before}
        before |= {name: was[0] for name, was in entry.before.items() if was}
        items.append(
            {
                "version": entry.version,
                "operation": entry.operation,
                "at": iso(entry.at),
                "by": mark_view(entry.mark),
                "attributes": changes_view(entry.before, before, after),
            }
        )
        after = before
    return {"entity_id": entity_id, "version": entity.version, "changes": items}


def entity_at_version(deps: EntityDeps, schema: str, entity_id: str, version: str) -> Json:
    """The attributes at an earlier version. Raises `Problem` 404 if that is no longer known."""
    entity = existing(deps, schema, entity_id, deleted=True)
    known = re.fullmatch("[0-9]{1,9}", version)
    attributes = at_version(entity, int(version)) if known else None
    if attributes is None:
        not_found("There is no such version, or it is not kept any more.")
    return {"entity_id": entity_id, "version": int(version), "attributes": masked(attributes)}
