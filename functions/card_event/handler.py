"""Queue card_event: a blank card was assigned to an order (`ChargeCardAssigned__e`)."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.card_event import CardAssigned, assigned, read_event
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    worker = Worker("card_event", settings, clients)
    return worker.events(
        "assigned_event", lambda payload, deps: assigned(read_event(CardAssigned, payload), deps)
    )


lambda_handler = lambda_entry(make_handler)
