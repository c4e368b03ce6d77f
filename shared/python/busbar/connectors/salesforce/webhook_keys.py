"""The keys with which one org's Salesforce signs its webhooks: a current and a previous one."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from busbar.connectors.credentials import Credentials
from busbar.domain.webhook_signature import key_of
from busbar.errors import Unavailable
from busbar.observability import logger

KEPT_SECONDS = 300.0
"""Age from which the secret is read again unasked: so long counts a key that was taken out."""
AGAIN_SECONDS = 30.0
"""Age from which it is read again because no key fits. A flood of wrong signatures thus reads the
secret twice a minute, and a key that was just put in counts after half a minute at the latest."""


class WebhookKeys:
    """Reads `{"current": "whsec_…", "previous": "whsec_…"}`; `previous` may be missing or empty.

    Rotation: put the new key in as `current` and the old one as `previous`, give Salesforce the new
    one, take `previous` out. Both count in between; nothing has to be restarted.
    """

    def __init__(self, credentials: Credentials, monotonic: Callable[[], float]) -> None:
        self._credentials = credentials
        self._monotonic = monotonic
        self._keys: tuple[bytes, ...] = ()
        self._read_at = float("-inf")

    def __call__(self, *, again: bool = False) -> tuple[bytes, ...]:
        """The keys; with `again` read anew, unless that was just done.

        What cannot be read leaves the keys as they were. Raises `Unavailable` without any.
        """
        age = self._monotonic() - self._read_at
        if age > (AGAIN_SECONDS if again or not self._keys else KEPT_SECONDS):
            self._read_at = self._monotonic()
            try:
                self._keys = _keys(self._credentials(refresh=True))
            except Unavailable as error:
                logger.error("webhook keys not read", extra={"cause": str(error)})
        if not self._keys:
            raise Unavailable("webhook", "read_keys", code="no_keys")
        return self._keys


def _keys(secret: Mapping[str, str]) -> tuple[bytes, ...]:
    try:
        named = {name: secret.get(name) or "" for name in ("current", "previous")}
        return tuple(key_of(text) for name, text in named.items() if text or name == "current")
    except (ValueError, AttributeError, TypeError):
        # Which of the two it is can be seen in the secret; no error may hold a part of it.
        raise Unavailable("webhook", "read_keys", "current, previous", "INVALID_SECRET") from None
