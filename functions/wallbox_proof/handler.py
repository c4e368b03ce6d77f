"""Queue wallbox_proof: a driver has uploaded a proof of installation."""

from __future__ import annotations

from busbar.settings.function import Settings
from busbar.usecases.wallbox_proof import judge_upload
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler, lambda_entry
from busbar.worker import Worker


def make_handler(settings: Settings, clients: Clients) -> Handler:
    """The Lambda handler."""
    return Worker("wallbox_proof", settings, clients).uploads(judge_upload)


lambda_handler = lambda_entry(make_handler)
