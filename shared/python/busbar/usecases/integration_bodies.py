"""What the toolkit's routes for integrations and use cases take.

Keys that are unknown are passed over, and warned of. Beyond the toolkit: `system` of an
integration, and `value` of a variable, as here nobody else keeps the values.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, model_validator

from busbar.domain.integrations import ENV_KEY_PATTERN, UseCaseType

LARGEST_MAP = 32 * 1024
"""Bytes of a map, as JSON."""
SLUG = "^[a-z0-9][a-z0-9_-]*$"


Name = Annotated[str, Field(min_length=1, max_length=255)]
Slug = Annotated[str, Field(pattern=SLUG, min_length=1, max_length=255)]
Key = Annotated[str, Field(pattern=ENV_KEY_PATTERN)]
Label = Annotated[str, Field(min_length=1, max_length=255)]
Description = Annotated[str, Field(max_length=1000)]
Ids = Annotated[list[Annotated[str, Field(max_length=255)]], Field(max_length=100)]
Flag = Annotated[bool, Field(strict=True)]


SHOWN = frozenset(
    {
        "id",
        "orgId",
        "integrationId",
        "created_at",
        "updated_at",
        "changed_by",
        "built_in",
        "warnings",
        "use_cases",
    }
)
"""What our own answers have beside what is taken: who puts back what he got is not warned."""


class Taken(BaseModel):
    """A body, or a part of one."""

    model_config = ConfigDict(extra="allow", populate_by_name=True)

    def unknown(self) -> list[str]:
        """Paths of keys that nothing here reads."""
        found = [name for name in self.model_extra or {} if name not in SHOWN]
        for name in type(self).model_fields:
            value = getattr(self, name)
            for number, part in enumerate(value if isinstance(value, list) else ()):
                if isinstance(part, Taken):
                    found += [f"{name}[{number}].{below}" for below in part.unknown()]
        return found


class EnvironmentField(Taken):
    """A variable that expressions see as `$env.<key>`. A secret's value is never taken here.

    Left out, the `value` stays as it is.
    """

    key: Key
    label: Label
    type: Literal["String", "SecretString"]
    description: Description = ""
    required: Flag = False
    order: Annotated[int, Field(strict=True, ge=0, le=2**53)] | None = None
    value: Annotated[str, Field(max_length=4096)] | None = None

    @model_validator(mode="after")
    def _no_secret(self) -> Self:
        if self.type == "SecretString" and self.value is not None:
            raise ValueError("the value of a secret has no place here")
        return self


class MapBody(Taken):
    """A map from keys to values, `$env.<key>` in expressions too."""

    key: Key
    label: Label
    description: Description = ""
    value: Mapping[str, Any]

    @model_validator(mode="after")
    def _not_too_large(self) -> Self:
        if len(json.dumps(dict(self.value), ensure_ascii=False).encode()) > LARGEST_MAP:
            raise ValueError(f"value may have {LARGEST_MAP} bytes as JSON")
        return self


class IntegrationChange(Taken):
    """What may be said of an integration. Left out, a part stays as it is."""

    name: Name | None = None
    description: Description | None = None
    system: Annotated[str, Field(pattern="^[a-z][a-z0-9_-]{0,63}$")] | None = None
    integration_type: Literal["erp", "connector"] | None = None
    connector_config: dict[str, Any] | None = None
    environment_config: Annotated[list[EnvironmentField], Field(max_length=200)] | None = None
    maps: Annotated[list[MapBody], Field(max_length=50)] | None = None
    access_token_ids: Ids | None = None
    app_ids: Ids | None = None
    settings: dict[str, Any] | None = None
    protected: Flag | None = None
    manifest: Annotated[Ids | None, Field(alias="_manifest")] = None


class IntegrationNew(IntegrationChange):
    """A new integration."""

    name: Name


class UseCaseChange(Taken):
    """What may be said of a use case. Left out, a part stays as it is; the slug never changes.

    The `configuration` of an inbound one is an `EventConfiguration`.
    """

    name: Name | None = None
    slug: Slug | None = None
    type: UseCaseType | None = None
    enabled: Flag | None = None
    configuration: dict[str, Any] | None = None
    change_description: Annotated[str, Field(max_length=2000)] | None = None


class UseCaseNew(UseCaseChange):
    """A new use case. Its `configuration`, of an inbound one, is an `EventConfiguration`."""

    name: Name
    slug: Slug
    type: UseCaseType
    enabled: Flag


class UseCaseEmbedded(UseCaseChange):
    """A use case as it is to be, known by its id; without one, by its slug or its name."""

    id: UUID | None = None
    name: Name
    type: UseCaseType
    enabled: Flag


class IntegrationWhole(IntegrationNew):
    """An integration as it is to be: use cases that are not named are removed."""

    use_cases: Annotated[list[UseCaseEmbedded], Field(max_length=100)] = Field(default_factory=list)


class AppBody(Taken):
    """An app and its component, by which events of version 1 name an integration."""

    app_id: UUID
    component_id: UUID
    overwrite: Flag = False

    @property
    def key(self) -> str:
        """As events name it."""
        return f"{self.app_id}#{self.component_id}"
