"""Secrets of outside systems, as Secrets Manager keeps them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

from busbar.errors import Unavailable

if TYPE_CHECKING:
    from busbar.wiring.clients import Clients


SECRET_SECONDS = 300.0


class SecretCache:
    """A JSON secret, cached 5 minutes. Implements the connectors' `Credentials`."""

    def __init__(self, clients: Clients, secret_id: str, system: str) -> None:
        self._clients = clients
        self._secret_id = secret_id
        self._system = system
        self._value: Mapping[str, str] = {}
        self._read_at = float("-inf")

    def __call__(self, *, refresh: bool = False) -> Mapping[str, str]:
        """The secret. Raises `Unavailable` while it cannot be read: the work has to wait."""
        if refresh or self._clients.monotonic() - self._read_at > SECRET_SECONDS:
            try:
                self._value = self._read()
            except Unavailable:
                if refresh or not self._value:
                    raise
                # An old secret is better than none; a system that refuses it asks for a refresh.
            self._read_at = self._clients.monotonic()
        return self._value

    def _read(self) -> Mapping[str, str]:
        client = self._clients.aws("secretsmanager")
        try:
            text = client.get_secret_value(SecretId=self._secret_id)["SecretString"]
            value = json.loads(text)
        except (BotoCoreError, ClientError, KeyError, ValueError) as error:
            name = type(error).__name__
            raise Unavailable(self._system, "read_secret", name, code="secret_unreadable") from None
        if not isinstance(value, dict):
            raise Unavailable(self._system, "read_secret", code="secret_is_no_object")
        return value
