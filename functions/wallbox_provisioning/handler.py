"""Queue wallbox_provisioning: errands of the outbox, tasks of the state machine, and its ends."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.wallbox_provisioning import carry, go_on, take_task
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    return Worker("wallbox_provisioning", settings, clients).machine(carry, take_task, go_on)


lambda_handler = lambda_entry(make_handler)
