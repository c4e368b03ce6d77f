"""GET /v1/entities/{schema} and what is below it, and the readings of a meter."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from infra.operations import PAGE, Operation, Parameter, Says, View
from infra.operations.parts import AT

ENTITY_ID = "0d0c5d0e-7b7a-5b6e-8d55-b5b4a1d0c7e3"
INTEGRATION_ID = "6f0a7d6e-4d3f-5e21-8a8e-0f6b1f6a0c11"
EVENT_ID = "202611290RDER00000001-000"
FILTER = Parameter(
    {"type": "string", "minLength": 3, "maxLength": 1024},
    "`name:value`, several separated by `;`, all of which have to fit. Each schema declares up to"
    " four names; another is refused, and those are named. A `;` in a value is doubled.",
)
UNIQUE_ID = Parameter(
    {"type": "string", "minLength": 3, "maxLength": 1024},
    "In place of a list: the one entity with these unique values, `name:value` as in `filter`.",
)
RELATION = Parameter(
    {"type": "string", "minLength": 1, "maxLength": 255}, "The attribute that relates them."
)
COUNTER = Parameter(
    {"type": "string", "minLength": 1, "maxLength": 64}, "The counter whose readings are wanted."
)


class Lineage(View):
    """Which event said a value last. `system` is the outside system, or `busbar`."""

    system: str
    integration_id: str
    use_case: str
    event_id: str
    event_time: datetime
    accepted_at: datetime
    mapping_version: str


class EntityView(BaseModel):
    """An entity: its attributes, beside ours that begin with `_`. IBANs are masked."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(alias="_id")
    entity_schema: str = Field(alias="_schema")
    org: str = Field(alias="_org")
    created_at: datetime = Field(alias="_created_at")
    updated_at: datetime = Field(alias="_updated_at")
    version: int = Field(alias="_version")
    stub: bool | None = Field(default=None, alias="_stub")
    deleted_at: datetime | None = Field(default=None, alias="_deleted_at")
    lineage: Mapping[str, Lineage] | None = Field(default=None, alias="_lineage")


class EntityPage(View):
    """Entities, newest change first. A page may be short, and is the last without a cursor."""

    entities: list[EntityView]
    next_cursor: str | None


class RelatedEntity(View):
    """An entity that it is related to (`out`), or that is related to it (`in`)."""

    direction: Literal["out", "in"]
    relation: str
    entity: EntityView


class RelatedEntities(View):
    """Relations of both directions, `out` first. The last page has no cursor."""

    relations: list[RelatedEntity]
    next_cursor: str | None


class AttributeChange(View):
    """An attribute before and after; a side is missing where it had no value."""

    before: Any = None
    after: Any = None


class EntityChange(View):
    """A change of an entity, and the event that brought it."""

    version: int
    operation: Literal["create", "patch", "delete", "no-op"]
    at: datetime
    by: Lineage
    attributes: Mapping[str, AttributeChange]


class EntityHistory(View):
    """The changes that are kept (some 20), newest first."""

    entity_id: str
    version: int
    changes: list[EntityChange]


class EntityVersion(View):
    """The attributes as they were at a version."""

    entity_id: str
    version: int
    attributes: Mapping[str, Any]


class ReadingView(BaseModel):
    """A meter reading, with whatever else the ERP said of it."""

    model_config = ConfigDict(extra="allow")

    id: str = Field(alias="_id")
    meter_id: str
    counter_id: str | None
    external_id: str
    timestamp: datetime
    source: str
    value: float


class ReadingList(View):
    """The readings of a meter, by time."""

    readings: list[ReadingView]


BY = {
    "system": "sap",
    "integration_id": INTEGRATION_ID,
    "use_case": "customer",
    "event_id": EVENT_ID,
    "event_time": AT,
    "accepted_at": AT,
    "mapping_version": AT,
}
ENTITY = {
    "customer_number": "4711",
    "last_name": "Muster",
    "_id": ENTITY_ID,
    "_schema": "contact",
    "_org": "demo",
    "_created_at": AT,
    "_updated_at": AT,
    "_version": 2,
}
SHOWN = {**ENTITY, "_lineage": {"customer_number": BY, "last_name": BY}}
CHANGE = {
    "version": 2,
    "operation": "patch",
    "at": AT,
    "by": BY,
    "attributes": {"last_name": {"before": "Meier", "after": "Muster"}},
}
READING = {
    "_id": ENTITY_ID,
    "meter_id": ENTITY_ID,
    "counter_id": None,
    "external_id": "R-1",
    "timestamp": AT,
    "source": "ERP",
    "value": 1234.5,
}
GONE = {404: ("entity-not-found",)}
OPERATIONS = {
    "entities_list": Operation(
        "The entities of a schema, newest change first; or the one with these unique ids",
        {200: Says("A page", EntityPage, {"entities": [ENTITY], "next_cursor": None})},
        query={"filter": FILTER, "unique_id": UNIQUE_ID, **PAGE},
        problems={400: ("not-listed",), 404: ("schema-not-found",), 409: ("several-entities",)},
    ),
    "entities_show": Operation(
        "One entity, with the lineage of each attribute",
        {200: Says("The entity", EntityView, SHOWN)},
        problems=GONE,
    ),
    "entities_relations": Operation(
        "Whom an entity is related to, and who is related to it",
        {
            200: Says(
                "The relations",
                RelatedEntities,
                {
                    "relations": [{"direction": "in", "relation": "customer", "entity": ENTITY}],
                    "next_cursor": None,
                },
            )
        },
        query={"relation": RELATION, **PAGE},
        problems=GONE,
    ),
    "entities_history": Operation(
        "The changes of an entity, newest first, also of one that is deleted",
        {
            200: Says(
                "The changes",
                EntityHistory,
                {"entity_id": ENTITY_ID, "version": 2, "changes": [CHANGE]},
            )
        },
        problems=GONE,
    ),
    "entities_version": Operation(
        "The attributes of an entity as they were at a version",
        {
            200: Says(
                "The attributes",
                EntityVersion,
                {"entity_id": ENTITY_ID, "version": 1, "attributes": {"last_name": "Meier"}},
            )
        },
        problems=GONE,
    ),
    "entities_restore": Operation(
        "Restore a deleted entity; one that is not deleted stays as it is",
        {200: Says("The entity", EntityView, SHOWN)},
        problems=GONE,
    ),
    "entities_readings": Operation(
        "The readings of a meter by time, or those of one of its counters",
        {200: Says("The readings", ReadingList, {"readings": [READING]})},
        query={"counter_id": COUNTER},
        problems=GONE,
    ),
}
