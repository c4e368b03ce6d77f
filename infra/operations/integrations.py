"""/v1/integrations and /v2/integrations, use cases, and the apps that stand for one."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from busbar.domain.integrations import UseCaseType, integration_id, use_case_id
from busbar.usecases.integration_bodies import (
    AppBody,
    IntegrationChange,
    IntegrationNew,
    IntegrationWhole,
    UseCaseChange,
    UseCaseNew,
)
from infra.operations import Json, Operation, Says, View
from infra.operations.erp_events import APP, COMPONENT
from infra.operations.erp_simulation import CONFIGURATION, SimulationWarning
from infra.operations.parts import AT


class EnvironmentFieldView(View):
    """A variable. Of a secret there is no value here."""

    key: str
    label: str
    type: Literal["String", "SecretString"]
    description: str
    required: bool
    order: int | None = None
    value: str | None = None


class MapView(View):
    """A map from keys to values."""

    key: str
    label: str
    description: str
    value: Mapping[str, Any]


class IntegrationView(BaseModel):
    """An integration. `built_in`: it comes with the product, perhaps under one that was put.

    `warnings` only where it was saved just now, and something of it has no effect.
    """

    model_config = ConfigDict(extra="forbid")

    id: str
    orgId: str  # noqa: N815  the toolkit's name
    name: str
    description: str
    integration_type: Literal["erp", "connector"]
    connector_config: Mapping[str, Any] | None = None
    system: str
    built_in: bool
    environment_config: list[EnvironmentFieldView]
    maps: list[MapView]
    access_token_ids: list[str] | None = None
    app_ids: list[str] | None = None
    settings: Mapping[str, Any] | None = None
    protected: bool | None = None
    manifest: list[str] | None = Field(default=None, alias="_manifest")
    created_at: datetime
    updated_at: datetime
    warnings: list[SimulationWarning] | None = None


class UseCaseView(View):
    """A use case; one of another type than `inbound` is kept, and never run.

    `warnings` only where it was saved just now.
    """

    id: str
    integrationId: str  # noqa: N815  the toolkit's name
    name: str
    slug: str
    type: UseCaseType
    enabled: bool
    configuration: Mapping[str, Any] | None = None
    change_description: str | None = None
    changed_by: str | None = None
    created_at: datetime
    updated_at: datetime
    warnings: list[SimulationWarning] | None = None


class WholeIntegrationView(IntegrationView):
    """An integration with its use cases."""

    use_cases: list[UseCaseView]


class IntegrationList(View):
    """All integrations, by name."""

    integrations: list[IntegrationView]


class WholeIntegrationList(View):
    """All integrations with their use cases, by name."""

    integrations: list[WholeIntegrationView]


class UseCaseList(View):
    """The use cases of an integration."""

    use_cases: list[UseCaseView]


class Done(View):
    """What was done."""

    message: str


class AppMapped(View):
    """The integration that the app's component stands for."""

    integration_id: str


INTEGRATION = integration_id("demo", "erp")
USE_CASE = use_case_id(INTEGRATION, "customer")
VIEW: Json = {
    "id": INTEGRATION,
    "orgId": "demo",
    "name": "ERP",
    "description": "",
    "integration_type": "erp",
    "system": "sap",
    "built_in": True,
    "environment_config": [],
    "maps": [],
    "created_at": AT,
    "updated_at": AT,
}
CASE: Json = {
    "id": USE_CASE,
    "integrationId": INTEGRATION,
    "name": "customer",
    "slug": "customer",
    "type": "inbound",
    "enabled": True,
    "configuration": CONFIGURATION,
    "created_at": AT,
    "updated_at": AT,
}
WHOLE: Json = {**VIEW, "use_cases": [CASE]}
NEW_CASE: Json = {
    "name": "Prospects",
    "slug": "prospects",
    "type": "inbound",
    "enabled": True,
    "configuration": CONFIGURATION,
}
MAPS: Json = {
    "environment_config": [
        {"key": "tenant.code", "label": "Tenant", "type": "String", "value": "0100"}
    ],
    "maps": [{"key": "salutations", "label": "Salutations", "value": {"0002": "Mr."}}],
}
GONE = {404: ("integration-not-found",)}
INVALID = {400: ("invalid-request",), **GONE}
CASE_GONE = {404: ("integration-not-found", "use-case-not-found")}
MAPPED = {400: ("invalid-request", "invalid-mapping")}
REMOVED = Operation(
    "Remove an integration with its use cases; what comes with the product stands again",
    {200: Says("It is gone", Done, {"message": "removed"})},
    problems={**GONE, 409: ("integration-built-in",)},
    toolkit=True,
)
APPS: Json = {"app_id": APP, "component_id": COMPONENT}
OPERATIONS = {
    "integrations_list": Operation(
        "All integrations, those that come with the product among them",
        {200: Says("The integrations", IntegrationList, {"integrations": [VIEW]})},
        toolkit=True,
    ),
    "integrations_create": Operation(
        "Make an integration",
        {201: Says("The integration", IntegrationView, VIEW)},
        body=IntegrationNew,
        bodies={"with variables": {"name": "Second ERP", "system": "sap", **MAPS}},
        problems={400: ("invalid-request",)},
        toolkit=True,
    ),
    "integrations_show": Operation(
        "One integration",
        {200: Says("The integration", IntegrationView, VIEW)},
        problems=GONE,
        toolkit=True,
    ),
    "integrations_change": Operation(
        "Change what is said of an integration; the rest stays, and so do its use cases",
        {200: Says("The integration", IntegrationView, VIEW)},
        body=IntegrationChange,
        bodies={"variables": MAPS},
        problems=INVALID,
        toolkit=True,
    ),
    "integrations_remove": REMOVED,
    "integrations_list_whole": Operation(
        "All integrations with their use cases",
        {200: Says("The integrations", WholeIntegrationList, {"integrations": [WHOLE]})},
        toolkit=True,
    ),
    "integrations_create_whole": Operation(
        "Make an integration with its use cases",
        {201: Says("The integration", WholeIntegrationView, WHOLE)},
        body=IntegrationWhole,
        bodies={"one use case": {"name": "Second ERP", "use_cases": [NEW_CASE]}},
        problems=MAPPED,
        toolkit=True,
    ),
    "integrations_show_whole": Operation(
        "One integration with its use cases",
        {200: Says("The integration", WholeIntegrationView, WHOLE)},
        problems=GONE,
        toolkit=True,
    ),
    "integrations_put_whole": Operation(
        "Have an integration be as it is said; use cases that are not named are removed",
        {200: Says("The integration", WholeIntegrationView, WHOLE)},
        body=IntegrationWhole,
        bodies={"one use case": {"name": "ERP", "use_cases": [{**NEW_CASE, "id": USE_CASE}]}},
        problems={**MAPPED, **GONE},
        toolkit=True,
    ),
    "integrations_remove_whole": REMOVED,
    "integrations_map_app": Operation(
        "Have an app's component stand for an integration, in events of version 1",
        {200: Says("The integration", AppMapped, {"integration_id": INTEGRATION})},
        body=AppBody,
        bodies={"overwrite": {**APPS, "overwrite": True}},
        problems={**INVALID, 409: ("app-mapping-exists",)},
        toolkit=True,
    ),
    "integrations_unmap_app": Operation(
        "Have an app's component stand for an integration no more",
        {200: Says("It is gone", Done, {"message": "removed"})},
        body=AppBody,
        bodies={"one": APPS},
        problems={**INVALID, 404: ("integration-not-found", "app-mapping-not-found")},
        toolkit=True,
    ),
    "integrations_list_cases": Operation(
        "The use cases of an integration",
        {200: Says("The use cases", UseCaseList, {"use_cases": [CASE]})},
        problems=GONE,
        toolkit=True,
    ),
    "integrations_create_case": Operation(
        "Make a use case; its mapping is checked",
        {201: Says("The use case", UseCaseView, {**CASE, "warnings": []})},
        body=UseCaseNew,
        bodies={"one": NEW_CASE},
        problems={
            400: ("invalid-request", "invalid-mapping", "use-case-exists"),
            **GONE,
        },
        toolkit=True,
    ),
    "integrations_show_case": Operation(
        "One use case",
        {200: Says("The use case", UseCaseView, CASE)},
        problems=CASE_GONE,
        toolkit=True,
    ),
    "integrations_change_case": Operation(
        "Change what is said of a use case; its mapping is checked",
        {200: Says("The use case", UseCaseView, {**CASE, "warnings": []})},
        body=UseCaseChange,
        bodies={
            "off": {"enabled": False, "change_description": "until the ERP is repaired"},
            "another mapping": {"configuration": CONFIGURATION},
        },
        problems={**MAPPED, **CASE_GONE},
        toolkit=True,
    ),
    "integrations_remove_case": Operation(
        "Remove a use case; its events are ignored from then on",
        {200: Says("It is gone", Done, {"message": "removed"})},
        problems=CASE_GONE,
        toolkit=True,
    ),
}
