"""boto3 clients for the local cloud: the root user's, as whoever runs `cdk deploy` would be."""

from __future__ import annotations

from typing import Any

import boto3
from botocore.config import Config

from infra.local.options import ACCOUNT, HOST, REGION, Ports

SECRET = "test"  # noqa: S105  the emulator's root user has no other


class LocalClients:
    """Clients by service name, made once. The account id as the access key means the root user."""

    def __init__(self, ports: Ports) -> None:
        self.endpoint = f"http://{HOST}:{ports.aws}"
        self._session = boto3.Session(
            aws_access_key_id=ACCOUNT, aws_secret_access_key=SECRET, region_name=REGION
        )
        self._made: dict[str, Any] = {}

    def __call__(self, service: str) -> Any:
        """The client of a service."""
        if service not in self._made:
            self._made[service] = self._session.client(
                service,  # type: ignore[call-overload]
                endpoint_url=self.endpoint,
                config=Config(
                    retries={"mode": "standard", "total_max_attempts": 2},
                    read_timeout=120,
                    max_pool_connections=50,
                    s3={"addressing_style": "path"},
                ),
            )
        return self._made[service]
