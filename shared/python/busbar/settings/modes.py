"""How creates are made safe to repeat, as the settings of a system say."""

from __future__ import annotations

from typing import Literal

Mode = Literal["unique_key", "probe", "none"]
"""How a create is made safe to repeat (see `busbar.process.create`)."""
