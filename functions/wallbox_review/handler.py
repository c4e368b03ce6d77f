"""Queue wallbox_review: an installation was reviewed (`InstallationReviewed__e`)."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.card_event import read_event
from busbar.usecases.wallbox_review import InstallationReviewed, reviewed
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    worker = Worker("wallbox_review", settings, clients)
    return worker.events(
        "review_event",
        lambda payload, deps: reviewed(read_event(InstallationReviewed, payload).said(deps), deps),
    )


lambda_handler = lambda_entry(make_handler)
