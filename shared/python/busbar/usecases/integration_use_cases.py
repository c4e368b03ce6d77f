"""The use cases of an integration, one by one; and the apps that stand for it in version 1."""

from __future__ import annotations

from collections.abc import Sequence

from busbar.domain.integrations import AppMapping, Integration, IntegrationUseCase, use_case_id
from busbar.errors import Problem
from busbar.ports.runtime import Json
from busbar.ports.store import Change, Drop, Save
from busbar.usecases.deps import until_written
from busbar.usecases.integration_bodies import AppBody, UseCaseChange, UseCaseNew
from busbar.usecases.integration_changes import use_case_of
from busbar.usecases.integration_views import use_case_view
from busbar.usecases.integrations import Integrations


class UseCases:
    """The use cases of one integration."""

    def __init__(self, of: Integrations, integration_id: str) -> None:
        self._of = of
        self._id = integration_id
        self._clock = of.deps.clock

    def listed(self) -> Json:
        """All of them. Raises `Problem` 404 for an integration that is none."""
        found = self._of.find(self._id).integration.use_cases
        return {"use_cases": [use_case_view(one) for one in found]}

    def show(self, use_case: str) -> Json:
        """One of them. Raises `Problem` 404."""
        return use_case_view(_find(self._of.find(self._id).integration, use_case))

    def create(self, body: UseCaseNew) -> Json:
        """A new one. Raises `Problem` 404; 400 with every fault, or if its slug is taken."""

        def work() -> Json:
            known = self._of.find(self._id)
            cases = known.integration.use_cases
            own_id = use_case_id(self._id, body.slug)
            if any(body.slug == one.slug or own_id == one.id for one in cases):
                title = "The integration has a use case of this slug"
                raise Problem(400, "use-case-exists", title)
            made = use_case_of(
                body,
                None,
                self._id,
                slug=body.slug,
                by=self._of.caller.user.id,
                now=self._clock.now(),
                check=self._of.check,
            )
            after = known.integration.model_copy(update={"use_cases": (*cases, made.use_case)})
            self._of.save(known, after, "use_cases_create", body.change_description or "")
            return use_case_view(made.use_case, made.warned)

        return until_written(work, self._clock)

    def change(self, use_case: str, body: UseCaseChange) -> Json:
        """What the body says of it is changed. Raises `Problem` 404; 400 with every fault."""

        def work() -> Json:
            known = self._of.find(self._id)
            before = _find(known.integration, use_case)
            made = use_case_of(
                body,
                before,
                self._id,
                slug=before.slug,
                by=self._of.caller.user.id,
                now=self._clock.now(),
                check=self._of.check,
            )
            cases = [made.use_case if one is before else one for one in known.integration.use_cases]
            after = known.integration.model_copy(update={"use_cases": tuple(cases)})
            self._of.save(known, after, "use_cases_change", body.change_description or "")
            return use_case_view(made.use_case, made.warned)

        return until_written(work, self._clock)

    def remove(self, use_case: str) -> Json:
        """It is gone; its events are ignored from now on. Raises `Problem` 404."""

        def work() -> Json:
            known = self._of.find(self._id)
            gone = _find(known.integration, use_case)
            left = tuple(one for one in known.integration.use_cases if one is not gone)
            after = known.integration.model_copy(update={"use_cases": left})
            self._of.save(known, after, "use_cases_remove")
            return {"message": "removed"}

        return until_written(work, self._clock)


def _find(integration: Integration, use_case: str) -> IntegrationUseCase:
    for one in integration.use_cases:
        if one.id == use_case:
            return one
    raise Problem(404, "use-case-not-found", "No such use case")


def map_app(of: Integrations, integration_id: str, body: AppBody) -> Json:
    """Have an app's component stand for the integration.

    Raises `Problem` 404; 409 if it stands for another one, unless that may be overwritten.
    """

    def work() -> Json:
        of.find(integration_id)
        stored = of.deps.store.get(AppMapping, body.key)
        other = stored and stored.record.integration_id != integration_id
        if other and not body.overwrite:
            title = "The app's component stands for another integration"
            raise Problem(409, "app-mapping-exists", title, "Send overwrite: true to change that.")
        if stored is None or other:
            made = AppMapping(id=body.key, integration_id=integration_id)
            entry = _app_entry(of, "integration_apps_map", body.key, integration_id)
            of.deps.store.commit(Save(made, stored), *entry)
        return {"integration_id": integration_id}

    return until_written(work, of.deps.clock)


def unmap_app(of: Integrations, integration_id: str, body: AppBody) -> Json:
    """Have it stand for nothing. Raises `Problem` 404 if it does not stand for this one."""

    def work() -> Json:
        of.find(integration_id)
        stored = of.deps.store.get(AppMapping, body.key)
        if stored is None or stored.record.integration_id != integration_id:
            raise Problem(404, "app-mapping-not-found", "The app does not stand for it")
        entry = _app_entry(of, "integration_apps_unmap", body.key, integration_id)
        of.deps.store.commit(Drop(AppMapping, body.key, stored), *entry)
        return {"message": "removed"}

    return until_written(work, of.deps.clock)


def _app_entry(of: Integrations, operation: str, key: str, integration_id: str) -> Sequence[Change]:
    details = {"integration_id": integration_id}
    return of.deps.audit.entry(of.caller, operation, AppMapping.schema_name, key, "", details)
