"""Direct payloads are held to their contract before they are accepted, by the worker's own rules.

So who sends them hears at once what is wrong, as the toolkit has it, and sends them again. The
worker looks once more: the use case may have changed in between.
"""

from __future__ import annotations

from busbar.domain.integrations import IntegrationUseCase
from busbar.errors import InvalidMapping
from busbar.mapping import direct
from busbar.mapping.configuration import parse
from busbar.mapping.wire import message_of
from busbar.usecases.erp_requests import Incoming, Unfit


def violation(use_case: IntegrationUseCase, event: Incoming) -> Unfit | None:
    """The first thing that is wrong with the payload of an event, and how much there is more."""
    try:
        configuration = parse(use_case.configuration)
    except InvalidMapping:
        return None  # nobody could save it as it is: the worker tells it, and keeps the event
    faults = direct.read(event.payload, configuration, event.format).faults
    if not faults:
        return None
    more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
    return Unfit(faults[0].code, f"{message_of(faults[0])}{more}")
