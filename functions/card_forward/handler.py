"""Queue card_forward: brings a card's wanted state to be.ENERGISED and Salesforce."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.card_forward import carry
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    timeout = settings.tuning.call_timeout
    worker = Worker("card_forward", settings, clients)
    return worker.commands(lambda errand, deps: carry(errand.command.id, deps, timeout, errand))


lambda_handler = lambda_entry(make_handler)
