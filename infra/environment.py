"""The variables of each function, as `busbar.settings` reads them, and no more than it needs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from busbar.settings.function import OrgSettings
    from infra.catalog import UseCase
    from infra.stages import StageConfig


@dataclass(frozen=True)
class Names:
    """What only the deployment knows; at synthesis these are placeholders."""

    table: str
    queues: Mapping[str, str] = field(default_factory=dict)
    """Queue name -> URL, those that the function may send to."""
    parked: str = ""
    """URL of the dead-letter queue of the function's own queue."""
    machine: str = ""
    """ARN of the use case's state machine."""
    files: str = ""
    """Name of the bucket of users' files."""
    audiences: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Org -> audiences of its tokens."""


KNOW_ENTITIES = frozenset(
    {
        "erp_apply",
        "erp_load_slices",
        "entities",
        "erp_simulation",
        "erp_monitoring",
        "integrations",
    }
)
"""Use cases that write entities, list and find them, or say what a mapping does to them."""
ENTITY_SETTINGS = ("leading_systems", "entity_attributes", "entity_filters", "portals")


def _default(of: Field[Any]) -> object:
    if of.default is not MISSING:
        return of.default
    return of.default_factory() if of.default_factory is not MISSING else MISSING


def changed(values: Any) -> dict[str, Any]:
    """The fields of a dataclass that are not as declared. A field without a default always is."""
    return {
        f.name: getattr(values, f.name)
        for f in fields(values)
        if getattr(values, f.name) != _default(f)
    }


def _org(org: OrgSettings, use_case: UseCase, audiences: tuple[str, ...]) -> dict[str, Any]:
    parts: dict[str, Any] = {}
    if use_case.routes:
        parts["audiences"] = list(audiences)
    if use_case.name == "order_submit" and org.cards_per_company_30_days is not None:
        parts["cards_per_company_30_days"] = org.cards_per_company_30_days
    if use_case.name in KNOW_ENTITIES:
        parts |= {name: dict(own) for name in ENTITY_SETTINGS if (own := getattr(org, name))}
    if use_case.files == "judges" and org.proof_link:
        parts["proof_link"] = org.proof_link
    for system in use_case.systems:
        if (values := getattr(org, system)) is not None:
            parts[system] = changed(values)
    return parts


def environment(use_case: UseCase, stage: StageConfig, names: Names) -> dict[str, str]:
    """The variables of one function."""
    orgs = {
        name: _org(org, use_case, names.audiences.get(name, ())) for name, org in stage.orgs.items()
    }
    variables = {
        "BUSBAR_STAGE": stage.name,
        "BUSBAR_TABLE": names.table,
        "BUSBAR_ORGS": json.dumps(orgs, sort_keys=True),
    }
    if names.queues:
        variables["BUSBAR_QUEUES"] = json.dumps(dict(names.queues), sort_keys=True)
    if names.parked:
        variables["BUSBAR_PARKED"] = names.parked
    if names.machine:
        variables["BUSBAR_MACHINE"] = names.machine
    if names.files:
        variables["BUSBAR_FILES"] = names.files
    if tuning := changed(stage.tuning):
        variables["BUSBAR_TUNING"] = json.dumps(tuning, sort_keys=True)
    return variables
