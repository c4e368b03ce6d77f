"""A `Connection` to SAP: what its services have to let us do, one by one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from busbar.connectors.clock_skew import clock_finding
from busbar.connectors.exchange import Ask
from busbar.connectors.reading import UnreadableError
from busbar.connectors.sap.metadata import SeenProperty, entity_set_of
from busbar.connectors.sap.odata import service_path
from busbar.connectors.sap.system import SapSystem
from busbar.errors import Missing, Refused
from busbar.ports.outside import Finding, Found
from busbar.ports.runtime import Clock
from busbar.settings.modes import Mode
from busbar.settings.sap import SapSettings

NOBODY = "BBPE0000000000000"
"""A reference that no object has: ids are never all zeros."""


@dataclass(frozen=True)
class _Needs:
    """What is looked for in one service. `found` names the settings, for advice."""

    word: str
    service: str
    entity_set: str
    mode: Mode
    reference: str
    changed: str
    read: Sequence[str]
    find: Callable[[str, float], Sequence[Found]]

    def lacking(self, seen: Mapping[str, SeenProperty]) -> Iterator[str]:
        """What is not offered, each in some words."""
        for name in dict.fromkeys((self.reference, self.changed, *self.read)):
            if name not in seen:
                yield f"{self.entity_set}.{name} does not exist"
        reference, changed = seen.get(self.reference), seen.get(self.changed)
        if reference and not reference.creatable:
            yield f"{self.entity_set}.{self.reference} cannot be set at creation"
        if reference and not reference.filterable and self.mode != "none":
            yield f"{self.entity_set}.{self.reference} cannot be searched by"
        if changed and not changed.updatable:
            yield f"{self.entity_set}.{self.changed} cannot be changed"


class SapConnection:
    """One SAP, looked at with a user who is not known yet."""

    names = (
        "login",
        "clock",
        "partner_fields",
        "partner_search",
        "contract_fields",
        "contract_search",
    )

    def __init__(self, settings: SapSettings, system: SapSystem, clock: Clock) -> None:
        self._settings = settings
        self._system = system
        self._client = system.client
        self._clock = clock
        self._needs = _needs_of(settings, system)

    def close(self) -> None:
        """Close all connections."""
        self._system.close()

    def check(self, name: str, timeout: float) -> Finding:
        """See `Connection.check`."""
        of, _, what = name.partition("_")
        if of in self._needs:
            look = self._fields if what == "fields" else self._search
            return look(name, self._needs[of], timeout)
        return self._login(timeout) if name == "login" else self._on_time(timeout)

    def _login(self, timeout: float) -> Finding:
        service = self._settings.partner_service
        self._client.open_session(service, "log_in", self._client.budget(timeout))
        return Finding("login", "ok", "ok", "User and password are taken, and a token was given.")

    def _on_time(self, timeout: float) -> Finding:
        service, sent = self._settings.partner_service, self._clock.now()
        ask = Ask("service", "GET", service_path(service))
        answer = self._client.call(ask, service, self._client.budget(timeout))
        return clock_finding(answer.headers, sent, self._clock.now(), answer.request_id)

    def _fields(self, name: str, needs: _Needs, timeout: float) -> Finding:
        path = f"{service_path(needs.service)}$metadata"
        ask = Ask("metadata", "GET", path, headers={"Accept": "application/xml"})
        answer = self._client.call(ask, needs.service, self._client.budget(timeout))
        try:
            seen = entity_set_of(answer.body, needs.entity_set)
        except UnreadableError as error:
            raise self._client.unreadable(ask, error, answer) from None
        if seen is None:
            detail = (
                f"{needs.service} has no {needs.entity_set}. Mend {needs.word}_service and "
                f"{needs.word}_set."
            )
            return Finding(name, "failed", "missing", detail, answer.request_id)
        if lacking := "; ".join(needs.lacking(seen)):
            detail = f"{lacking}. Mend the names of {needs.word}_…_field, or have it added."
            return Finding(name, "failed", "rights", detail, answer.request_id)
        detail = f"{needs.entity_set} has the fields that the settings name."
        return Finding(name, "ok", "ok", detail, answer.request_id)

    def _search(self, name: str, needs: _Needs, timeout: float) -> Finding:
        searched = f"{needs.entity_set} by {needs.reference}"
        try:
            needs.find(NOBODY, timeout)
        except (Refused, Missing) as error:
            if needs.mode == "none":
                detail = f"Mode none fits: {searched} is not searched."
                return Finding(name, "ok", "ok", detail, error.request_id)
            detail = (
                f"{searched} cannot be searched ({error}). Have the user granted to read it, or "
                f"set {needs.word}_mode to none."
            )
            return Finding(name, "failed", "not_searchable", detail, error.request_id)
        if needs.mode == "none":
            detail = f"Mode is none, but {searched} can be searched: set mode to probe."
            return Finding(name, "warning", "could_be_probed", detail)
        return Finding(name, "ok", "ok", f"{searched} can be searched.")


def _needs_of(settings: SapSettings, system: SapSystem) -> dict[str, _Needs]:
    """What each service has to offer, by the first word of its checks."""
    return {
        "partner": _Needs(
            word="partner",
            service=settings.partner_service,
            entity_set=settings.partner_set,
            mode=settings.partner_mode,
            reference=settings.partner_reference_field,
            changed=settings.partner_blocked_field,
            read=(
                settings.partner_number_field,
                settings.partner_first_name_field,
                settings.partner_last_name_field,
                settings.partner_birth_date_field,
            ),
            find=system.find_partners,
        ),
        "contract": _Needs(
            word="contract",
            service=settings.contract_service,
            entity_set=settings.contract_set,
            mode=settings.contract_mode,
            reference=settings.contract_reference_field,
            changed=settings.contract_status_field,
            read=(settings.contract_number_field, settings.contract_partner_field),
            find=system.find_contracts,
        ),
    }
