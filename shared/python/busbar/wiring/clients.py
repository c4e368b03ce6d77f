"""What reaches the outside: clients of AWS, transports to outside systems, the clock, fresh ids."""

from __future__ import annotations

import secrets
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol

import botocore.session
from botocore.config import Config

from busbar import s3_files
from busbar.domain.identifiers import encode

if TYPE_CHECKING:
    import httpx

    from busbar.ports.outside import Mapper
    from busbar.ports.runtime import Clock, Ids
    from busbar.store.table import Table
    from busbar.usecases.event_mapping import Served


_CLIENTS: Mapping[str, Mapping[str, Any]] = {
    "s3": s3_files.CLIENT,
    # `DynamoTable` alone calls it, with values of its own types, and DynamoDB looks at them itself.
    # To look beforehand takes a tenth of a call's CPU.
    "dynamodb": {"parameter_validation": False},
}
"""How clients of single services are made."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        """The present in UTC."""
        return datetime.now(UTC)

    def pause(self, most: float) -> None:
        """Sleep, to the millisecond."""
        time.sleep(secrets.randbelow(round(most * 1000) + 1) / 1000)


class RandomIds:
    """65 random bits an id."""

    def new(self) -> str:
        """A fresh entity id."""
        return encode(secrets.randbits(65))


class AwsSession(Protocol):
    """A `boto3.Session`, as the local system has one per role. On Lambda there is none."""

    def client(self, service: str, **options: Any) -> Any:
        """A client of a service."""
        ...


class Clients:
    """Clients of AWS and transports to outside systems, made once and kept over invocations.

    On Lambda: `Clients()`. Elsewhere a session and endpoint point at the local AWS, `transports`
    (base URL -> httpx transport) mount simulators in process; `table`, `clock`, `monotonic`, `ids`,
    `mapper`, `child` (which evaluates what is not trusted) and `aws` (service -> client) stand in
    for the real ones.
    """

    def __init__(
        self,
        session: AwsSession | None = None,
        *,
        endpoint_url: str | None = None,
        transports: Mapping[str, httpx.BaseTransport] | None = None,
        table: Table | None = None,
        clock: Clock | None = None,
        monotonic: Callable[[], float] = time.monotonic,
        ids: Ids | None = None,
        mapper: Mapper | None = None,
        child: Served | None = None,
        aws: Mapping[str, Any] | None = None,
    ) -> None:
        self._session = session
        self._endpoint_url = endpoint_url
        self._made: dict[str, Any] = dict(aws or {})
        self.transports = transports or {}
        self.table = table
        self.clock: Clock = clock or SystemClock()
        self.monotonic = monotonic
        self.ids: Ids = ids or RandomIds()
        self.mapper = mapper
        self.child = child

    @cached_property
    def _botocore(self) -> botocore.session.Session:
        """One for all services: it keeps what it has read of endpoints and credentials."""
        return botocore.session.get_session()

    def aws(self, service: str) -> Any:
        """The boto3 client of a service, e.g. `dynamodb`."""
        if service not in self._made:
            # botocore by itself: boto3 would import its S3 transfer manager, a third of the start.
            own = self._session
            make = own.client if own else self._botocore.create_client
            self._made[service] = make(
                service,
                endpoint_url=self._endpoint_url,
                config=Config(
                    connect_timeout=1,
                    read_timeout=3,
                    retries={"mode": "standard", "total_max_attempts": 3},
                    # Said once: botocore would spell its own anew for every call, a tenth of it.
                    user_agent="busbar",
                    **_CLIENTS.get(service, {}),
                ),
            )
        return self._made[service]
