"""Events of an ERP, mapped by the built-in use cases and applied to the table in memory."""

from __future__ import annotations

import copy
from collections import Counter
from typing import Any

from busbar.domain.outcomes import Outcome
from busbar.usecases.entity_updates import apply
from tests.integrations.cases import use_case
from tests.unit.usecases.entity_desk import EntityDesk, origin


class ErpDesk(EntityDesk):
    """Takes events one after the other, as the worker does."""

    def __init__(self, integration: str = "erp") -> None:
        super().__init__()
        self._integration = integration
        self._version = 0

    def send(self, slug: str, payload: Any, version: int | None = None) -> list[Outcome]:
        """A sample event by its name, or a payload. What was mapped has to be without faults."""
        one = use_case(slug, self._integration)
        made = one.mapped(one.payload(payload) if isinstance(payload, str) else payload)
        assert {fault.code for fault in made.faults} <= {"LOOKUP_UNMAPPED"}
        self._version = self._version + 1 if version is None else version
        self.clock.advance(1)
        return apply(made, origin(self._version, use_case=slug), self.deps)

    def counted(self, slug: str, payload: Any, version: int | None = None) -> dict[str, int]:
        """The same: how often each outcome came."""
        return dict(Counter(outcome.code for outcome in self.send(slug, payload, version)))

    def again(self, slug: str, payload: Any) -> dict[str, int]:
        """The same event once more."""
        return self.counted(slug, payload, self._version)

    def state(self) -> Any:
        """Everything on the table, to compare it with what it is later."""
        return copy.deepcopy(self.table.items)  # type: ignore[attr-defined]

    def targets(self, slug: str, relation: str, **ids: Any) -> list[dict[str, Any]]:
        """The attributes of those to whom an entity is related, in their order."""
        items = self.attributes(slug, **ids)[relation]["$relation"]
        found = self.deps.entities.get([item["entity_id"] for item in items])
        assert all(found[item["entity_id"]].live for item in items)
        return [dict(found[item["entity_id"]].attributes) for item in items]

    def told_by(self, slug: str, attribute: str, **ids: Any) -> str:
        """The use case whose event said an attribute."""
        return self.entity(slug, **ids).lineage[attribute].use_case
