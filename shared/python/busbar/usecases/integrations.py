"""Integrations and their use cases: shown, put, checked when they are saved, and removed.

Those that come with the product are shown too; who puts over one stores it, and the stored one goes
first until it is removed. Every change is one transaction, with its entry in the audit trail.

Reads: 1 RU per 4 kB of the integration, compressed; a list 0.5 RU per 4 kB of each. A write costs
2 WU per kB, as it is a transaction, and 4 for the trail.
"""

from __future__ import annotations

import uuid
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from busbar.domain.customers import Caller
from busbar.domain.integrations import NAMESPACE, Integration
from busbar.domain.updates import Mapped
from busbar.errors import Problem
from busbar.ports.runtime import Ids, Json
from busbar.ports.store import Drop, Save
from busbar.usecases.deps import Deps, until_written
from busbar.usecases.event_mapping import EventMapper
from busbar.usecases.integration_bodies import IntegrationChange, IntegrationNew, IntegrationWhole
from busbar.usecases.integration_changes import (
    Checked,
    changed,
    embedded,
    refused,
    replaced,
    warned_of,
)
from busbar.usecases.integration_scopes import unprunable
from busbar.usecases.integration_store import Known, built_in, known_integration
from busbar.usecases.integration_views import integration_view, use_case_view, warnings_view
from busbar.usecases.pages import every_page

LARGEST_BODY = 1024 * 1024
LARGEST = 350_000
"""Bytes of an integration as it is stored; the table takes 400 kB."""
LARGEST_TEXT = 4 * 1024 * 1024
"""Bytes of it as JSON. Compressed, 80 MB of one letter are small; every event has it read."""
DEFAULT_SYSTEM = "erp"
"""Who sends its events, where nobody has said it."""


class Integrations:
    """The integrations of one org, for one caller. `mapper` looks at mapping configurations."""

    def __init__(self, caller: Caller, deps: Deps, ids: Ids, mapper: EventMapper) -> None:
        self.caller = caller
        self.deps = deps
        self._mapper = mapper
        self._ids = ids
        self._org = deps.store.org

    def check(self, configuration: Mapping[str, Any]) -> Mapped:
        """What is wrong with a configuration, and what is warned of."""
        catalogue = self.deps.org.catalogue()
        seen = self._mapper.check(configuration, catalogue.attributes())
        if seen.faults:
            return seen
        return replace(seen, faults=tuple(unprunable(configuration, catalogue)))

    # --- reading -------------------------------------------------------------------------------

    def listed(self, *, whole: bool) -> Json:
        """All of them by name; `whole`: with their use cases."""
        stored = {
            one.record.id: Known(one.record, one)
            for page in every_page(self.deps, Integration, "all")
            for one in page.items
        }
        ours = {one.id: Known(one, None) for one in built_in(self._org).values()}
        known = sorted(
            {**ours, **stored}.values(), key=lambda k: (k.integration.name, k.integration.id)
        )
        return {"integrations": [self._view(one, whole=whole) for one in known]}

    def show(self, integration_id: str, *, whole: bool) -> Json:
        """One of them. Raises `Problem` 404."""
        return self._view(self.find(integration_id), whole=whole)

    def find(self, integration_id: str) -> Known:
        """One of them as it stands. Raises `Problem` 404."""
        return known_integration(self.deps.store, integration_id)

    # --- writing -------------------------------------------------------------------------------

    def create(self, body: IntegrationNew) -> Json:
        """A new one; with its use cases, if the body has some. Raises `Problem` 400."""
        own_id = str(uuid.uuid5(NAMESPACE, self._ids.new()))
        now = self.deps.clock.now()
        bare = Integration(id=own_id, name=body.name, system=DEFAULT_SYSTEM, created_at=now)
        after = changed(bare, body)
        cases: Sequence[Checked] = ()
        if isinstance(body, IntegrationWhole):
            cases = self._embedded(after, body)
            after = _with(after, cases)
        self.save(None, after, "integrations_create")
        return self._saved(after, body, cases if isinstance(body, IntegrationWhole) else None)

    def change(self, integration_id: str, body: IntegrationChange) -> Json:
        """Version 1: what the body says is changed, use cases stay. Raises `Problem` 400, 404."""

        def work() -> Json:
            known = self.find(integration_id)
            after = changed(known.integration, body)
            self.save(known, after, "integrations_change")
            return self._saved(after, body)

        return until_written(work, self.deps.clock)

    def put(self, integration_id: str, body: IntegrationWhole) -> Json:
        """Version 2: it is as the body says, use cases that it does not name are gone.

        Raises `Problem` 400, 404.
        """

        def work() -> Json:
            known = self.find(integration_id)
            after = replaced(known.integration, body)
            cases = self._embedded(after, body)
            after = _with(after, cases)
            self.save(known, after, "integrations_put")
            return self._saved(after, body, cases)

        return until_written(work, self.deps.clock)

    def remove(self, integration_id: str) -> Json:
        """It is gone, with its use cases; what comes with the product stands again as it came.

        Raises `Problem` 404; 409 for one that only comes with the product.
        """

        def work() -> Json:
            known = self.find(integration_id)
            if known.stored is None:
                title = "It comes with the product"
                detail = "Put it with its use cases disabled."
                raise Problem(409, "integration-built-in", title, detail)
            drop = Drop(Integration, integration_id, known.stored)
            self.deps.store.commit(drop, *self._entry("integrations_remove", integration_id))
            if integration_id in built_in(self._org):
                return {"message": "removed; the one that comes with the product stands again"}
            return {"message": "removed"}

        return until_written(work, self.deps.clock)

    def save(
        self, known: Known | None, after: Integration, operation: str, reason: str = ""
    ) -> None:
        """Write it over what is known, with an entry in the audit trail; nothing if it is the same.

        Raises `Conflict`; `Problem` 400 if it is too large.
        """
        if known and known.integration == after:
            return
        text = after.model_dump_json().encode()
        if len(text) > LARGEST_TEXT or len(zlib.compress(text, 1)) > LARGEST:
            said = f"an integration may have {LARGEST_TEXT} bytes, and {LARGEST} compressed"
            raise refused("use_cases", f"is too large: {said}")
        if after.created_at is None:
            after = after.model_copy(update={"created_at": self.deps.clock.now()})
        before = known.stored if known else None
        self.deps.store.commit(Save(after, before), *self._entry(operation, after.id, reason))

    def _entry(self, operation: str, subject: str, reason: str = "") -> Sequence[Any]:
        return self.deps.audit.entry(
            self.caller, operation, Integration.schema_name, subject, reason
        )

    def _embedded(self, of: Integration, body: IntegrationWhole) -> list[Checked]:
        by, now = self.caller.user.id, self.deps.clock.now()
        return embedded(of, body.use_cases, by=by, now=now, check=self.check)

    def _view(self, known: Known, *, whole: bool) -> Json:
        of, ours = known.integration, known.integration.id in built_in(self._org)
        told = integration_view(of, self._org, known.stored, built_in=ours)
        if whole:
            told["use_cases"] = [use_case_view(one) for one in of.use_cases]
        return told

    def _saved(
        self,
        after: Integration,
        body: IntegrationChange,
        cases: Sequence[Checked] | None = None,
    ) -> Json:
        told = self._view(self.find(after.id), whole=False)
        if warned := warned_of(body):
            told["warnings"] = warnings_view(warned)
        if cases is not None:
            told["use_cases"] = [use_case_view(one.use_case, one.warned) for one in cases]
        return told


def _with(integration: Integration, cases: Sequence[Checked]) -> Integration:
    use_cases = tuple(one.use_case for one in cases)
    return integration.model_copy(update={"use_cases": use_cases})
