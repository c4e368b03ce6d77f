"""Queue wallbox_event: a wallbox or card was assigned to an order (`WallboxAssigned__e`)."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.card_event import read_event
from busbar.usecases.wallbox_event import WallboxAssigned, assigned
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    worker = Worker("wallbox_event", settings, clients)
    return worker.events(
        "wallbox_assigned_event",
        lambda payload, deps: assigned(read_event(WallboxAssigned, payload).said(deps), deps),
    )


lambda_handler = lambda_entry(make_handler)
