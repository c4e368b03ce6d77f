"""Queue wallbox_forward: wallboxes whose wanted state is to be brought through."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.wallbox_forward import carry
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    timeout = settings.tuning.call_timeout
    worker = Worker("wallbox_forward", settings, clients)
    return worker.commands(lambda errand, deps: carry(errand.command.id, deps, timeout, errand))


lambda_handler = lambda_entry(make_handler)
