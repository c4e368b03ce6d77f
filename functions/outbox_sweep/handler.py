"""Every minute: sends outbox rows that the stream has left behind."""

from __future__ import annotations

from typing import Any

from busbar.observability import begin, logger
from busbar.settings.function import Settings
from busbar.usecases.backlog import tell_backlog
from busbar.usecases.deps import time_left
from busbar.usecases.outbox_relay import let_go, sweep
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.wiring.parts import Parts

SECONDS = 50.0
SHORTEST = 5.0
"""Seconds below which the next minute's run tells how much waits."""


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    parts = Parts(settings, clients)

    def handler(_event: dict[str, Any], _context: Any) -> Any:
        begin()
        left = time_left(parts.clock, SECONDS)
        for org in settings.orgs:
            at_hand = (parts.store(org), parts.queues, parts.clock, settings.tuning)
            released = let_go(*at_hand, time_left=left)
            sent, failed = sweep(*at_hand, time_left=left)
            if released:
                logger.info("lanes let go", extra={"org": org, "sent": released})
            if sent or failed:
                logger.warning("outbox swept", extra={"org": org, "sent": sent, "failed": failed})
        if left() > SHORTEST:
            stores = [parts.store(org) for org in settings.orgs]
            tell_backlog(stores, settings.queues, parts.clock.now())

    return handler


lambda_handler = lambda_entry(make_handler)
