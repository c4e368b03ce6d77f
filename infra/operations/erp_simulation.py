"""POST …/erp/updates/mapping_simulation and /direct_simulation.

The handler reads bodies by hand, as a configuration is judged by its own rules, with the path of
every fault; these models say what it takes.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from busbar.domain.erp_events import LARGEST_REQUEST
from busbar.usecases.erp_simulation import MOST_ENTRIES
from infra.operations import Json, Operation, Parameter, Says, View
from infra.operations.entities import AttributeChange
from infra.operations.erp_events import PAYLOAD, Taken

FLAG: Json = {"type": "string", "enum": ["true", "false"], "default": "false"}
QUERY = {
    "explain": Parameter(FLAG, "Whether to say of each value where it came from."),
    "diff": Parameter(FLAG, "Whether to compare with the stored entities. Nothing is written."),
    "integration_id": Parameter(
        {"type": "string", "format": "uuid"},
        "The integration whose variables expressions see as `$env`, and in whose name `diff` looks"
        " which system leads.",
    ),
}


Entries = Annotated[list[dict[str, Any]], Field(max_length=MOST_ENTRIES)]
Payload = Annotated[str, Field(max_length=LARGEST_REQUEST)]


class MappingConfigurationV1(Taken):
    """A document of version 1.0 or 2.0."""

    version: Literal["1.0", "2.0"] | None = None
    mapping: dict[str, Any] | None = None


class EventConfiguration(Taken):
    """What a use case stores: which entities and meter readings an event becomes, in the toolkit's
    mapping format, of which `integrations/README.md` tells.

    One of `entities` has `entity_schema`, `unique_ids`, `fields`, and may have `jsonataExpression`
    (of a list, one entity for each item), `enabled`, `mode`, `scope`. A field has `attribute` and
    one of `constant`, `jsonataExpression`, `field`, `relations`, `relation_refs`, `env_var_ref`,
    `portal_ref`, `file_proxy_url`. One of `meter_readings` has `meter`, `fields`, and may have
    `meter_counter`, `jsonataExpression`, `reading_matching`, `mode`, `scope`.
    """

    entities: Entries | None = None
    meter_readings: Entries | None = None
    direct: bool | None = None


class TrialV1(Taken):
    """An event, tried out by one of the mappings of a document."""

    mapping_configuration: MappingConfigurationV1
    object_type: Annotated[str, Field(min_length=1, max_length=255)]
    format: Literal["json", "xml"] = "json"
    payload: Payload | dict[str, Any]


class TrialV2(Taken):
    """An event, tried out by the configuration of a use case."""

    event_configuration: EventConfiguration
    format: Literal["json", "xml"] = "json"
    payload: Payload | dict[str, Any]


class DirectTrial(Taken):
    """A direct payload, held to its contract and to what the configuration allows."""

    event_configuration: EventConfiguration
    payload: Payload | dict[str, Any]


class SimulatedEntity(View):
    """An entity that would be written. Relations stand unresolved among the attributes."""

    entity_slug: str
    unique_identifiers: Mapping[str, Any]
    attributes: Mapping[str, Any]
    mode: Literal["upsert", "delete", "purge"]
    unique_identifiers_metadata: Mapping[str, Mapping[str, Any]] | None = None


class Named(BaseModel):
    """An entity, by its unique ids."""

    model_config = ConfigDict(extra="forbid")

    ids: Mapping[str, Any] = Field(alias="$entity_unique_ids")


class ReadingConfig(View):
    """How a reading is matched."""

    reading_matching: Literal["external_id", "strict-date"]


class SimulatedReading(BaseModel):
    """A meter reading that would be written."""

    model_config = ConfigDict(extra="forbid")

    meter: Named
    meter_counter: Named | None = None
    attributes: Mapping[str, Any]
    mode: Literal["upsert", "delete"]
    config: ReadingConfig | None = Field(default=None, alias="_config")


class SimulatedPrune(View):
    """Entities in the scope that would go, but for those that are kept."""

    entity_slug: str
    scope: Mapping[str, Any]
    keep_unique_ids: list[Mapping[str, Any]]
    deletion_mode: Literal["delete", "purge"]


class SimulatedReadingPrune(View):
    """Readings of the meter that would go, but for those that are kept."""

    meter: Named
    meter_counter: Named | None = None
    keep_external_ids: list[str]
    source: str | None = None


class SimulationWarning(View):
    """Something that may not be what was meant; of what failed, the code stands first."""

    entity_schema: str
    field: str
    message: str


class ExplainedValue(View):
    """Where a value came from. Without an attribute: a whole item, by its pre-processing."""

    entity_schema: str
    item: int
    attribute: str
    source: str
    expression: str
    reads: list[str]
    value: Any


class EntityDiff(View):
    """An entity that would change; `attributes` names only what would."""

    entity_id: str
    entity_slug: str
    operation: Literal["create", "patch", "no-op", "restore", "delete", "purge"]
    attributes: Mapping[str, AttributeChange]


class ReadingDiff(View):
    """A reading that would change."""

    meter_id: str
    counter_id: str | None
    reading_id: str
    operation: Literal["create", "patch", "restore", "delete", "purge"]
    attributes: Mapping[str, AttributeChange]


class OutcomeTold(View):
    """What would become of a part of the event, by the code that its row would have."""

    code: str
    level: Literal["success", "error", "warning", "info"]
    entity_slug: str
    operation: str
    message: str
    entity_id: str | None


class Diff(View):
    """What would change, by the way that the worker goes."""

    entities: list[EntityDiff]
    readings: list[ReadingDiff]
    outcomes: list[OutcomeTold]


class Simulated(View):
    """What an event would come to."""

    entity_updates: list[SimulatedEntity]
    meter_readings_updates: list[SimulatedReading]
    prune_scope_updates: list[SimulatedPrune]
    meter_readings_prune_scope_updates: list[SimulatedReadingPrune]
    warnings: list[SimulationWarning]
    explained: list[ExplainedValue] | None = None
    diff: Diff | None = None


class DirectFault(View):
    """A violation, and the operation that it is in."""

    code: str
    message: str
    operation_index: int | None = None


class DirectSimulated(View):
    """Every violation; or, if there is none, what the payload would come to."""

    valid: bool
    errors: list[DirectFault]
    warnings: list[SimulationWarning] | None = None
    entity_updates: list[SimulatedEntity] | None = None
    meter_reading_updates: list[SimulatedReading] | None = None
    diff: Diff | None = None


CONFIGURATION: Json = {
    "entities": [
        {
            "entity_schema": "contact",
            "unique_ids": ["customer_number"],
            "fields": [
                {"attribute": "customer_number", "field": "AccountID"},
                {"attribute": "last_name", "jsonataExpression": "$trim(LastName)"},
            ],
        }
    ]
}
READINGS = (
    "Devices.($serial := Serial;"
    " Readings.{'serial': $serial, 'id': Id, 'day': Day, 'value': Value})"
)
DEVICES: Json = {
    "entities": [
        {
            "entity_schema": "meter",
            "jsonataExpression": "Devices",
            "unique_ids": ["meter_number"],
            "fields": [
                {"attribute": "meter_number", "field": "Serial"},
                {"attribute": "manufacturer", "jsonataExpression": "$trim(Maker)"},
                {"attribute": "location", "field": "$$.Site.Name"},
                {"attribute": "sector", "constant": "power"},
                {
                    "attribute": "contract",
                    "relations": {
                        "operation": "_set",
                        "items": [
                            {
                                "entity_schema": "contract",
                                "unique_ids": [
                                    {"attribute": "contract_number", "field": "$$.Contract"}
                                ],
                            }
                        ],
                    },
                },
            ],
        }
    ],
    "meter_readings": [
        {
            "jsonataExpression": READINGS,
            "reading_matching": "external_id",
            "meter": {"unique_ids": [{"attribute": "meter_number", "field": "serial"}]},
            "fields": [
                {"attribute": "external_id", "field": "id"},
                {"attribute": "timestamp", "field": "day"},
                {"attribute": "source", "constant": "ERP"},
                {"attribute": "value", "field": "value"},
            ],
        }
    ],
}
"""What `integrations/README.md` shows."""
DEVICES_SENT: Json = {
    "Contract": "0020001234",
    "Site": {"Name": "Keller"},
    "Devices": [
        {
            "Serial": "1ISK0070012345",
            "Maker": "ISKRA",
            "Readings": [{"Id": "R-1", "Day": "2026-03-02", "Value": 2551.3}],
        }
    ],
}
UPDATE: Json = {
    "entity_slug": "contact",
    "unique_identifiers": {"customer_number": "0001000042"},
    "attributes": {"customer_number": "0001000042", "last_name": "Janssen"},
    "mode": "upsert",
}
ANSWER: Json = {
    "entity_updates": [UPDATE],
    "meter_readings_updates": [],
    "prune_scope_updates": [],
    "meter_readings_prune_scope_updates": [],
    "warnings": [],
}
DIRECT: Json = {
    "version": "1",
    "operations": [
        {
            "entity_slug": "contact",
            "unique_ids": {"customer_number": "0001000042"},
            "attributes": {"last_name": "Janssen"},
        }
    ],
}
CUSTOMER: Json = {"schema": "contact", "unique_ids": {"customer_number": "0001000042"}}
DIRECT_MORE: Json = {
    "version": "1",
    "operations": [
        {
            "entity_slug": "contract",
            "unique_ids": {"contract_number": "0020001234"},
            "attributes": {"customer": {"$relation": [CUSTOMER]}},
        },
        {
            "type": "meter_reading",
            "meter": {"unique_ids": {"meter_number": "1ISK0070012345"}},
            "attributes": {
                "external_id": "R-1",
                "timestamp": "2026-03-02",
                "source": "ERP",
                "value": 2551.3,
            },
        },
        {
            "entity_slug": "meter",
            "unique_ids": {"meter_number": "1ISK0070098765"},
            "mode": "delete",
        },
    ],
}
PROBLEMS = {
    400: ("invalid-request",),
    404: ("integration-not-found",),
    422: ("invalid-mapping", "malformed-payload", "payload-too-large"),
}
OPERATIONS = {
    "erp_simulation_v1": Operation(
        "Try out an event by one of the mappings of a document",
        {200: Says("What it would come to", Simulated, ANSWER)},
        body=TrialV1,
        bodies={
            "one": {
                "mapping_configuration": {
                    "version": "2.0",
                    "mapping": {"events": {"customer": CONFIGURATION}},
                },
                "object_type": "customer",
                "format": "json",
                "payload": PAYLOAD,
            }
        },
        query=QUERY,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_simulation_v2": Operation(
        "Try out an event by the configuration of a use case",
        {200: Says("What it would come to", Simulated, ANSWER)},
        body=TrialV2,
        bodies={
            "one": {"event_configuration": CONFIGURATION, "format": "json", "payload": PAYLOAD},
            "devices with readings": {
                "event_configuration": DEVICES,
                "format": "json",
                "payload": DEVICES_SENT,
            },
        },
        query=QUERY,
        problems=PROBLEMS,
        toolkit=True,
    ),
    "erp_simulation_direct": Operation(
        "Try out a direct payload: all that is wrong with it, or what it would come to",
        {
            200: Says(
                "What it would come to",
                DirectSimulated,
                {
                    "valid": True,
                    "errors": [],
                    "warnings": [],
                    "entity_updates": [{**UPDATE, "attributes": {"last_name": "Janssen"}}],
                    "meter_reading_updates": [],
                },
            )
        },
        body=DirectTrial,
        bodies={
            "one": {"event_configuration": {"direct": True, "entities": []}, "payload": DIRECT},
            "a relation, a reading, a deletion": {
                "event_configuration": {"direct": True},
                "payload": DIRECT_MORE,
            },
        },
        query=QUERY,
        problems=PROBLEMS,
        toolkit=True,
    ),
}
