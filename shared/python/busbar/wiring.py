"""The composition root: the only place that makes clients and puts the parts together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import boto3

from busbar.settings import Settings, on_lambda, read_settings

if TYPE_CHECKING:
    import httpx

Handler = Callable[[dict[str, Any], Any], Any]
"""A Lambda handler: (event, context) -> answer."""
MakeHandler = Callable[[Settings, "Clients"], Handler]


class Clients:
    """Clients of AWS and transports to outside systems, made once and kept over invocations.

    On Lambda: `Clients()`. Elsewhere a session and endpoint point at the local AWS, and
    `transports` (base URL -> httpx transport) mount simulators in process.
    """

    def __init__(
        self,
        session: boto3.Session | None = None,
        *,
        endpoint_url: str | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
    ) -> None:
        self._session = session or boto3.Session()
        self._endpoint_url = endpoint_url
        self._made: dict[str, Any] = {}
        self.transports = transports or {}

    def aws(self, service: str) -> Any:
        """The boto3 client of a service, e.g. `dynamodb`."""
        if service not in self._made:
            self._made[service] = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self._endpoint_url,
            )
        return self._made[service]


def lambda_entry(make: MakeHandler) -> Handler:
    """The module-level `lambda_handler`: built from the environment on Lambda, only there."""
    if on_lambda():
        return make(read_settings(), Clients())

    def not_here(_event: dict[str, Any], _context: Any) -> Any:
        raise RuntimeError("Outside Lambda call make_handler(settings, clients)")

    return not_here
