"""Queue status_callback: an order's status changed (`OrderStatusChanged__e`)."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.card_event import read_event
from busbar.usecases.status_callback import StatusChanged, status_changed
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    worker = Worker("status_callback", settings, clients)
    return worker.events(
        "status_event",
        lambda payload, deps: status_changed(read_event(StatusChanged, payload), deps),
    )


lambda_handler = lambda_entry(make_handler)
