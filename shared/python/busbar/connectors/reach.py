"""How a connector gets to its system."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from busbar.connectors.budget import Monotonic
from busbar.connectors.credentials import Credentials
from busbar.ports.outside import Gate
from busbar.ports.runtime import Clock

if TYPE_CHECKING:
    import httpx


@dataclass(frozen=True)
class Reach:
    """What a connector needs besides its settings: the way to its system, and as whom."""

    credentials: Credentials
    clock: Clock
    correlation: Callable[[], str]
    """The correlation id of what is being done, sent with every call."""
    transport: httpx.BaseTransport | None = None
    """Instead of the network: a simulator, or recorded answers."""
    monotonic: Monotonic = time.monotonic
    gate: Gate | None = None
    """None: a system that is down is called all the same."""
