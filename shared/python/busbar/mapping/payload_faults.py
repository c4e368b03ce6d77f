"""What is wrong with a payload."""

from __future__ import annotations

from typing import Literal

from busbar.errors import Unmappable


class MalformedPayload(Unmappable):
    """A payload that cannot be read, or goes beyond a limit. The message never quotes it."""

    def __init__(
        self,
        message: str,
        code: Literal["MALFORMED_PAYLOAD", "PAYLOAD_TOO_LARGE"] = "MALFORMED_PAYLOAD",
    ) -> None:
        super().__init__(message, code)
