"""The codes of what becomes of an event: those of the toolkit that are said here, and ours.

`info` counts in totals, but not in the success rate. Codes that are ours stand below the toolkit's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Level = Literal["success", "error", "warning", "info"]
LEVELS: dict[str, Level] = {
    # accepted, or not
    "DUPLICATE_EVENT": "info",
    "DEPRECATED_ENDPOINT": "error",
    "INTEGRATION_NOT_FOUND": "error",
    "EVENT_NOT_CONFIGURED": "error",
    "USE_CASE_NOT_FOUND": "error",
    "USE_CASE_DISABLED": "error",
    "USE_CASE_INVALID_TYPE": "error",
    "USE_CASE_MISSING_CONFIG": "error",
    "MALFORMED_PAYLOAD": "error",
    "PAYLOAD_TOO_LARGE": "error",
    "DIRECT_PAYLOAD_INVALID": "error",
    "DIRECT_VERSION_UNSUPPORTED": "error",
    "DIRECT_ENTITY_NOT_ALLOWED": "error",
    # mapped, or not
    "MAPPING_EXPRESSION_FAILED": "error",
    "MISSING_UNIQUE_IDENTIFIERS": "error",
    "ATTRIBUTE_TYPE_MISMATCH": "error",
    "INVALID_METER_READING_ATTRIBUTES": "error",
    "RELATION_REF_VALUE_UNDEFINED": "error",
    "LOOKUP_UNMAPPED": "warning",
    # applied, or not
    "ENTITY_CREATED": "success",
    "ENTITY_UPDATED": "success",
    "ENTITY_DELETED": "success",
    "ENTITY_NO_OP": "success",
    "ENTITY_REFERENCE_NOT_FOUND": "error",
    "UNIQUE_ID_MULTIPLE_MATCHES": "error",
    "UNIQUE_ID_NOT_IN_SCHEMA": "error",
    "SOFT_DELETED_ENTITY_MATCHED": "warning",
    "RELATION_REF_ITEM_NOT_FOUND": "error",
    "PRUNE_SCOPE_COMPLETED": "success",
    "PRUNE_SCOPE_PARTIAL_FAILURE": "error",
    "METER_READING_UPSERTED": "success",
    "METER_READING_DELETED": "success",
    "METER_READING_GROUP_FAILED": "error",
    "TIMEOUT": "error",
    "UNKNOWN_ERROR": "error",
    # ours
    "METER_NOT_FOUND": "error",
    "READING_MULTIPLE_MATCHES": "error",
    "NOT_LEADING_SYSTEM": "warning",
    "STALE_EVENT": "info",
    "RELATION_DEFERRED": "warning",
    "INVALID_MAPPING": "error",
    "MAPPING_WARNING": "warning",
    "INVALID_TIMESTAMP": "error",
    "NOTHING_MAPPED": "info",
    "PAYLOAD_REF_NOT_FOUND": "error",
    "PAYLOAD_REF_CHANGED": "error",
}


def level_of(code: str) -> Level:
    """The level of a code; an unknown one is an error."""
    return LEVELS.get(code, "error")


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one part of an event. Message and detail hold no value of it.

    `operation` is what was asked for: `upsert`, `delete`, `purge`, `prune` or `reading`.
    """

    code: str
    entity_slug: str
    operation: str
    message: str = ""
    entity_id: str | None = None
    detail: Mapping[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> Level:
        """How it counts."""
        return level_of(self.code)
