"""Queue erp_apply: maps events of ERPs, and applies what they come to."""

from __future__ import annotations

from typing import Any

from busbar.settings.function import Settings
from busbar.usecases.erp_apply import Applier, Org
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    parts = Parts(settings, clients)

    def org(name: str) -> Org | None:
        if name not in settings.orgs:
            return None
        return Org(parts.deps(name), parts.entity_deps(name))

    applier = Applier(org, parts.queues, parts.ids, parts.event_mapper())

    def handler(event: dict[str, Any], _context: Any) -> dict[str, Any]:
        return applier.handle(event.get("Records", []))

    return handler


lambda_handler = lambda_entry(make_handler)
