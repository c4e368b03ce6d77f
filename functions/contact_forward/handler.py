"""Queue contact_forward: brings companies and drivers to be.ENERGISED."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.contact_forward import bring
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    timeout = settings.tuning.call_timeout
    worker = Worker("contact_forward", settings, clients)
    return worker.commands(lambda errand, deps: bring(errand, deps, timeout))


lambda_handler = lambda_entry(make_handler)
