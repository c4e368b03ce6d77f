"""Scopes of a configuration's prunes, held against the schemas of the org when it is saved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from busbar.domain.integrations import inner_of
from busbar.domain.schemas import Catalogue
from busbar.domain.updates import Fault


def unprunable(configuration: Mapping[str, Any], catalogue: Catalogue) -> Iterator[Fault]:
    """The prunes of a configuration, which is sound else, whose scope nothing can be found by."""
    at, inner = inner_of(configuration)
    if inner.get("direct") is True:
        return  # nobody reads how its entities are written
    for index, entity in enumerate(inner.get("entities") or ()):
        scope = entity.get("scope") or {}
        if not str(entity.get("mode")).startswith("upsert-prune-scope"):
            continue
        if scope.get("scope_mode") == "query":
            names = [i if isinstance(i, str) else str(i["attribute"]) for i in scope["query"]]
            schema = str(entity["entity_schema"])
            if said := catalogue.get(schema).unanswerable(names):
                path = f"{at}entities[{index}].scope.query"
                yield Fault("INVALID_MAPPING", said, schema, path)
