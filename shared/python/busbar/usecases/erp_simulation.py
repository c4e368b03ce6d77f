"""What an event would come to, by a configuration that need not be saved: nothing is written.

It is mapped in the child process, as the worker does it. Beyond the toolkit: where each value came
from (`explain`), and what of the stored entities would change (`diff`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from busbar.domain.erp_events import Format
from busbar.domain.integrations import Integration
from busbar.domain.marks import Origin, micros
from busbar.domain.portals import Portals
from busbar.domain.updates import Fault, Mapped, Warned
from busbar.errors import FieldError, Problem
from busbar.mapping.sources import Context
from busbar.mapping.wire import simulated, simulated_direct
from busbar.ports.runtime import Json
from busbar.usecases.entity_deps import EntityDeps
from busbar.usecases.entity_rehearsal import rehearse
from busbar.usecases.erp_requests import LONGEST_NAME
from busbar.usecases.event_mapping import EventMapper
from busbar.usecases.integration_store import known_integration
from busbar.usecases.pages import bad_parameter

QUERY = ("explain", "diff", "integration_id")
UNFIT = frozenset({"INVALID_MAPPING", "MALFORMED_PAYLOAD", "PAYLOAD_TOO_LARGE"})
"""Faults of a request as a whole: of its configuration, or of its payload."""
MOST_ENTRIES = 1000
Kind = Literal["v1", "v2", "direct"]
"""The toolkit's three simulations."""


@dataclass(frozen=True)
class Trial:
    """What a request wants to be tried out. `event`: the name of it in a document of version 1."""

    configuration: Mapping[str, Any]
    payload: Any
    format: Format
    event: str | None


class Simulation:
    """Simulates for one org. `mapper` maps, `deps` are for what it would change."""

    def __init__(
        self,
        mapper: EventMapper,
        deps: EntityDeps,
        query: Mapping[str, str],
        portals: Portals = (),
    ) -> None:
        """`query`: the options of the request. Raises `Problem` 400 or 404 for a wrong one."""
        self._mapper = mapper
        self._deps = deps
        self._portals = portals
        self._explain = _flag(query, "explain")
        self._diff = _flag(query, "diff")
        self._integration = self._named(query.get("integration_id"))

    def run(self, kind: Kind, body: Mapping[str, Any]) -> Json:
        """The toolkit's answer, with `explained` and `diff` where they are asked for.

        Raises `Problem` 400 for a wrong frame; 422 for a configuration that cannot be taken, with
        the path of every fault, and for a payload that cannot be read.
        """
        trial = read_trial(kind, body)
        _hold_mode(kind, trial.configuration)
        mapped = self._mapper.try_out(
            trial.configuration, trial.payload, trial.format, self._context(), trial.event
        )
        if unfit := [fault for fault in mapped.faults if fault.code in UNFIT]:
            raise _unfit(unfit)
        mapped = replace(mapped, warnings=(*mapped.warnings, *self._unprunable(mapped)))
        if kind == "direct":
            answer = simulated_direct(self._typed(mapped))
        else:
            answer = simulated(mapped, explain=self._explain)
        if self._diff and answer.get("valid", True):
            answer["diff"] = rehearse(mapped, self._origin(), self._deps)
        return answer

    def _unprunable(self, mapped: Mapped) -> Iterator[Warned]:
        """Scopes that nothing can be found by: the worker would prune nothing, and park the event.

        A configuration that is saved may not have them.
        """
        for prune in mapped.prune_scope_updates:
            if prune.scope["scope_mode"] != "query":
                continue
            if said := self._deps.schema(prune.entity_slug).unanswerable(prune.scope["query"]):
                yield Warned(prune.entity_slug, "scope.query", said)

    def _typed(self, mapped: Mapped) -> Mapped:
        """With the types of unique ids that the payload left to the schema."""
        updates = []
        for update in mapped.entity_updates:
            known = self._deps.schema(update.entity_slug).repeatable(update.unique_identifiers)
            updates.append(replace(update, unique_types={**known, **update.unique_types}))
        return replace(mapped, entity_updates=tuple(updates))

    def _context(self) -> Context:
        known = self._deps.catalogue.attributes()
        env = self._integration.environment() if self._integration else {}
        return Context(
            simulation=True, explain=self._explain, env=env, portals=self._portals, known=known
        )

    def _named(self, wanted: str | None) -> Integration | None:
        """The integration whose variables expressions see, and whose system writes."""
        if wanted is None:
            return None
        return known_integration(self._deps.store, wanted).integration

    def _origin(self) -> Origin:
        """An event of this moment: newer than all that has been."""
        now = self._deps.clock.now()
        return Origin(
            org=self._deps.org,
            integration_id=self._integration.id if self._integration else "",
            use_case="",
            system=self._integration.system if self._integration else "",
            event_id="simulation",
            correlation_id="",
            source_version=micros(now),
            mapping_version="",
            at=now,
        )


def read_trial(kind: Kind, body: Mapping[str, Any]) -> Trial:
    """The frame of a request. Raises a 400 `Problem` that names the fields at fault."""
    faults: list[FieldError] = []
    place = "mapping_configuration" if kind == "v1" else "event_configuration"
    configuration, payload = body.get(place), body.get("payload")
    if not isinstance(configuration, dict):
        faults.append(FieldError(place, "has to be an object"))
    if not isinstance(payload, str | dict):
        faults.append(FieldError("payload", "has to be an object or a text"))
    form: Any = body.get("format", "json") if kind != "direct" else "json"
    if form not in ("json", "xml"):
        faults.append(FieldError("format", "has to be json or xml"))
    event = body.get("object_type") if kind == "v1" else None
    if kind == "v1" and not (isinstance(event, str) and 0 < len(event) <= LONGEST_NAME):
        faults.append(FieldError("object_type", f"has to be a text of 1 to {LONGEST_NAME}"))
    for part in ("entities", "meter_readings"):
        entries = configuration.get(part) if isinstance(configuration, dict) else None
        if isinstance(entries, list) and len(entries) > MOST_ENTRIES:
            faults.append(FieldError(f"{place}.{part}", f"may have {MOST_ENTRIES} entries"))
    if faults:
        raise Problem(400, "invalid-request", "The request is invalid", errors=tuple(faults))
    return Trial(configuration or {}, payload, form, event)


def _hold_mode(kind: Kind, configuration: Mapping[str, Any]) -> None:
    """Direct payloads are simulated by the route for them alone, and nothing else is there."""
    if (configuration.get("direct") is True) != (kind == "direct"):
        wanted = "has to be true" if kind == "direct" else "is for direct_simulation"
        raise _unfit([Fault("INVALID_MAPPING", wanted, path="event_configuration.direct")])


def _unfit(faults: list[Fault]) -> Problem:
    code = faults[0].code
    title = "The payload is invalid" if code != "INVALID_MAPPING" else "The mapping is invalid"
    errors = tuple(FieldError(fault.path, fault.message) for fault in faults)
    return Problem(422, code.lower().replace("_", "-"), title, errors=errors)


def _flag(query: Mapping[str, str], name: str) -> bool:
    text = query.get(name, "false")
    if text not in {"true", "false"}:
        raise bad_parameter(name, "has to be true or false")
    return text == "true"
