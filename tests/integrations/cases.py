"""The use cases that come with the product, their sample events, and what each is to become.

integrations/<name>/<slug>/use_case.json   README.md
                           events/<case>.json     a payload, as the ERP sends it
                           expected/<case>.json   what a simulation answers to it
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from busbar.domain.core_schemas import core_catalogue
from busbar.domain.integrations import Integration, IntegrationUseCase
from busbar.domain.updates import Mapped
from busbar.mapping.configuration import Configuration, parse
from busbar.mapping.inbound import Context, map_event
from busbar.mapping.payloads import parse as parse_payload
from busbar.mapping.wire import schema_warnings, simulated
from busbar.usecases.integration_store import built_in

ROOT = Path(__file__).parents[2] / "integrations"
ORG = "demo"
KNOWN = core_catalogue().attributes()


@dataclass(frozen=True)
class UseCase:
    """One use case, as the product reads it, and its folder."""

    integration: Integration
    inbound: IntegrationUseCase
    folder: Path

    @property
    def name(self) -> str:
        """`<integration>/<slug>`."""
        return f"{self.folder.parent.name}/{self.folder.name}"

    @cached_property
    def configuration(self) -> Configuration:
        """Its mapping, compiled."""
        return parse(self.inbound.configuration)

    def cases(self) -> list[str]:
        """Its sample events."""
        return sorted(path.stem for path in (self.folder / "events").glob("*.json"))

    def payload(self, case: str) -> Any:
        """A sample event."""
        return json.loads((self.folder / "events" / f"{case}.json").read_text("utf-8"))

    def mapped(self, payload: Any, *, simulation: bool = False) -> Mapped:
        """What a payload comes to: as it is applied, or as a simulation has it."""
        context = Context(simulation=simulation, env=self.integration.environment())
        return map_event(self.configuration, parse_payload(payload, "json"), context)

    def simulated(self, payload: Any) -> dict[str, Any]:
        """What a simulation answers."""
        mapped = self.mapped(payload, simulation=True)
        assert schema_warnings(self.configuration, mapped, KNOWN) == []
        return simulated(mapped)

    def expected_file(self, case: str) -> Path:
        """Where the expected answer to a sample event stands."""
        return self.folder / "expected" / f"{case}.json"


def use_cases() -> list[UseCase]:
    """All that come with the product."""
    folders = {path.parent.name: path.parent for path in ROOT.glob("*/integration.json")}
    by_name = {one.name: one for one in built_in(ORG).values()}
    found = []
    for _, folder in sorted(folders.items()):
        head = json.loads((folder / "integration.json").read_text("utf-8"))
        integration = by_name[head["name"]]
        found += [UseCase(integration, one, folder / one.slug) for one in integration.use_cases]
    return found


def use_case(slug: str, integration: str = "erp") -> UseCase:
    """One of them."""
    return next(one for one in use_cases() if one.name == f"{integration}/{slug}")
