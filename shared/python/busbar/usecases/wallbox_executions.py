"""Executions of the state machine of a wallbox order: `<order>-<n>`, each begun by an errand.

Only the newest one works on the order. What a person decides, or a restart has ended, begins the
next one; steps that are done answer it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from busbar.domain.wallbox_orders import WallboxOrder
from busbar.ports.store import Change, Save, Stored
from busbar.process.outbox import Errand
from busbar.usecases.deps import Deps

QUEUE = "wallbox_provisioning"


def start_errand(order: WallboxOrder, deps: Deps) -> Errand:
    """The errand that starts the order's newest execution."""
    return deps.outbox.errand(QUEUE, WallboxOrder, order.id, token=str(order.executions))


def start(order: WallboxOrder, deps: Deps) -> Change:
    """The change that has the order's newest execution started, under its own correlation id."""
    own = replace(deps, correlation_id=order.correlation_id)
    return own.outbox.awake(start_errand(order, own))


def begin_anew(stored: Stored[WallboxOrder], deps: Deps, **update: Any) -> Sequence[Change]:
    """The changes that begin the order's next execution, with what else is new of the order."""
    executions = stored.record.executions + 1
    after = stored.record.model_copy(update={**update, "executions": executions})
    return Save(after, stored), start(after, deps)
