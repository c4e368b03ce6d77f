"""Where a connector gets its secret from: one Secrets Manager secret per org and system."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol


class Credentials(Protocol):
    """The secret of one org and system, as its JSON object says it. May be cached for minutes."""

    def __call__(self, *, refresh: bool = False) -> Mapping[str, str]:
        """The secret; with `refresh` past every cache, as the system refused the cached one."""
        ...
