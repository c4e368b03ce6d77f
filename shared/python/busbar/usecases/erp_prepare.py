"""An event on its way through the worker: as it came, and as its mapping has it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from busbar.domain.erp_events import EventMessage
from busbar.domain.integrations import Integration, IntegrationUseCase
from busbar.domain.marks import Origin, moment
from busbar.domain.portals import Portals
from busbar.domain.updates import Fault, Mapped
from busbar.usecases.entity_updates import Job
from busbar.usecases.erp_messages import group_of
from busbar.usecases.erp_requests import Unfit
from busbar.usecases.event_mapping import EventMapper, Wanted


@dataclass(frozen=True)
class Delivery:
    """A message of the batch: SQS's id of it, and the event in it."""

    message_id: str
    event: EventMessage

    @property
    def group(self) -> str:
        """The queue's group of it."""
        return group_of(self.event.org, self.event.integration_id, self.event.group)


@dataclass(frozen=True)
class Prepared:
    """An event that is mapped, or of which it is known that it cannot be."""

    delivery: Delivery
    mapped: Mapped
    integration: Integration | None = None
    use_case: IntegrationUseCase | None = None

    @property
    def job(self) -> Job:
        """What is to be applied."""
        event = self.delivery.event
        origin = Origin(
            org=event.org,
            integration_id=event.integration_id,
            use_case=event.use_case,
            system=self.integration.system if self.integration else "",
            event_id=event.event_id,
            correlation_id=event.correlation_id,
            source_version=event.timestamp,
            mapping_version=self.use_case.changed_at.isoformat() if self.use_case else "",
            at=moment(event.accepted),
        )
        return Job(self.mapped, origin, self.delivery.group)


Found = tuple[Delivery, Wanted | Prepared]
"""An event with what is to be mapped of it, or why nothing can be."""


def to_be_mapped(
    delivery: Delivery, integration: Integration | None, payload: Callable[[], str | Unfit]
) -> Wanted | Prepared:
    """What is to be mapped of an event by its use case as it stands now, or why nothing can be.

    `payload` gives what it says, or why there is nothing to read; what it raises is raised.
    """
    event = delivery.event
    if integration is None:
        return _unmapped(delivery, "INTEGRATION_NOT_FOUND", "the integration is gone")
    use_case = integration.use_case(event.use_case, "")
    if use_case is None:
        return _unmapped(delivery, "USE_CASE_NOT_FOUND", "there is no such use case, or no longer")
    if closed := use_case.closed:
        return _unmapped(delivery, *closed, use_case)
    said = payload()
    if isinstance(said, Unfit):
        return _unmapped(delivery, said.code, said.message, use_case)
    return Wanted(integration, use_case, said, event.format)


def map_all(found: Sequence[Found], mapper: EventMapper, portals: Portals) -> list[Prepared]:
    """All of these, mapped as far as they can be. Raises `ChildUnavailable`."""
    mapped = iter(mapper.map_all([w for _, w in found if isinstance(w, Wanted)], portals))
    return [
        Prepared(one, next(mapped), wanted.integration, wanted.use_case)
        if isinstance(wanted, Wanted)
        else wanted
        for one, wanted in found
    ]


def _unmapped(
    delivery: Delivery, code: str, message: str, use_case: IntegrationUseCase | None = None
) -> Prepared:
    return Prepared(delivery, Mapped(faults=(Fault(code, message),)), use_case=use_case)
