"""Queue order_forward: brings accepted orders into Salesforce."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.order_forward import forward
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    timeout = settings.tuning.call_timeout
    worker = Worker("order_forward", settings, clients)
    return worker.commands(lambda errand, deps: forward(errand.command.id, deps, timeout, errand))


lambda_handler = lambda_entry(make_handler)
