"""Integrations: what an ERP may send, and how it is mapped, in the toolkit's words.

An integration belongs to one org. Each of its use cases holds a mapping configuration, by which
events of that name become entities. Those that come with the product stand in the repository under
`integrations/`; one that somebody has put by the API stands in the table, and goes first.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import AwareDatetime, Field

from busbar.domain.erp_events import LARGEST_EVENT, LARGEST_READINGS
from busbar.domain.record import Record, Value

NAMESPACE = uuid.UUID("5b7f4d0e-52a7-5d2b-9b8e-3f0c6a5f1d21")
"""Of all UUIDs that are made of names."""
SLUG_PATTERN = "^[a-z0-9][a-z0-9_-]{0,254}$"
UseCaseType = Literal["inbound", "outbound", "file_proxy", "managed_call", "secure_proxy"]
_PARTS = ("entities", "meter_readings", "direct", "fields")
"""One of these makes a mapping; the last in documents of version 1.0."""
ENV_KEY_PATTERN = "^[a-z0-9][a-z0-9_.\\-]{0,127}$"


def integration_id(org: str, name: str) -> str:
    """The UUID of an integration that comes with the product."""
    return str(uuid.uuid5(NAMESPACE, f"{org}/{name}"))


def use_case_id(integration: str, slug: str) -> str:
    """The UUID of a use case of an integration."""
    return str(uuid.uuid5(NAMESPACE, f"{integration}/{slug}"))


def inner_of(configuration: Mapping[str, Any]) -> tuple[str, Mapping[str, Any]]:
    """The part of a configuration that maps, and its path with a dot: of a document of version 1.0
    or 2.0 its only entry, else all of it."""
    told = configuration.get("mapping")
    documents: Mapping[str, Any] = told if isinstance(told, Mapping) else {}
    for key in ("events", "objects"):
        entries = documents.get(key)
        if isinstance(entries, Mapping) and len(entries) == 1:
            ((name, inner),) = entries.items()
            if isinstance(inner, Mapping):
                return f"mapping.{key}.{name}.", inner
    return "", configuration


class IntegrationUseCase(Value):
    """A use case of an integration. `configuration` is a document of the toolkit: its inner part,
    `{"entities", "meter_readings", "direct"}`, or one with a version and a single entry. One of
    another type is kept as its maker wrote it, and never run. `changed_at` marks its version in
    lineage; `change_description` and `changed_by` say why it is as it is, and who made it so."""

    id: str
    integration_id: str
    slug: str = Field(pattern=SLUG_PATTERN)
    name: str
    type: UseCaseType = "inbound"
    enabled: bool = True
    configuration: dict[str, Any]
    changed_at: AwareDatetime
    changed_by: str = ""
    change_description: str = ""
    created_at: AwareDatetime | None = None

    @property
    def largest_payload(self) -> int:
        """Bytes that the payload of an event may have."""
        return LARGEST_READINGS if self._inner.get("meter_readings") else LARGEST_EVENT

    @property
    def is_direct(self) -> bool:
        """Whether its payloads are operations already."""
        return self._inner.get("direct") is True

    @property
    def _inner(self) -> Mapping[str, Any]:
        return inner_of(self.configuration)[1]

    @property
    def closed(self) -> tuple[str, str] | None:
        """Why it takes no events: the code, and what is told. None if it does."""
        if self.type != "inbound":
            return "USE_CASE_INVALID_TYPE", f"a use case of type {self.type} takes no events"
        if not self.enabled:
            return "USE_CASE_DISABLED", "the use case is off"
        if not any(self._inner.get(part) for part in _PARTS):
            return "USE_CASE_MISSING_CONFIG", "the use case has no mapping yet"
        return None


class Variable(Value):
    """A variable of the integration, `$env.<key>` in expressions; one of type `JSON` is one of its
    maps. Secrets never stand here: of a `SecretString` it is only known that there is one."""

    key: str = Field(pattern=ENV_KEY_PATTERN)
    label: str = ""
    type: Literal["String", "SecretString", "JSON"] = "String"
    description: str = ""
    required: bool = False
    order: int | None = None
    value: Any = None

    @property
    def is_map(self) -> bool:
        """Whether it is a map from keys to values."""
        return self.type == "JSON" or isinstance(self.value, dict)


class Integration(Record):
    """An integration with its use cases. `system` names the outside system that sends its events:
    the one that may lead attributes."""

    schema_name: ClassVar[str] = "integration"

    name: str
    system: str
    description: str = ""
    variables: tuple[Variable, ...] = ()
    use_cases: tuple[IntegrationUseCase, ...] = ()
    created_at: AwareDatetime | None = None
    more: dict[str, Any] = Field(default_factory=dict)
    """What the toolkit's clients keep here, and nothing of ours reads."""

    def listed_by(self) -> str:
        """The list of all integrations of an org."""
        return "all"

    def use_case(self, slug: str, event_name: str) -> IntegrationUseCase | None:
        """The use case that an event names. A slug wins; an event's name is a slug or a name, and
        those that take events go first."""
        wanted = slug or event_name
        for one in sorted(self.use_cases, key=lambda case: case.type != "inbound"):
            if one.slug == wanted or (not slug and one.name == wanted):
                return one
        return None

    def type_of(self, use_case_id: str) -> str:
        """The type of a use case; `inbound` of one that is gone, nothing where there is no id."""
        known = next((one.type for one in self.use_cases if one.id == use_case_id), "inbound")
        return known if use_case_id else ""

    def environment(self) -> dict[str, Any]:
        """The variables by their keys, as `busbar.mapping` takes them: there a dot leads into an
        object in expressions, and an `env_var_ref` names the whole key. What has no value is not
        there: to an expression null is a value, and `null & "x"` is `nullx`."""
        return {one.key: one.value for one in self.variables if one.value is not None}


class AppMapping(Record):
    """The integration that an app's component stands for in version 1 of the toolkit's endpoint.
    `id` is `<app id>#<component id>`."""

    schema_name: ClassVar[str] = "integration_app"

    integration_id: str
