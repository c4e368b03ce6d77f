"""The stack of what lasts: table, files, user pool, secrets, buses, the topic of all alarms."""

from __future__ import annotations

from typing import Any

from aws_cdk import Aws, Stack
from constructs import Construct

from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.bus import SalesforceBus
from infra.constructs.credentials import SystemSecret
from infra.constructs.files import UserFiles
from infra.constructs.identity import Identity
from infra.constructs.names import pascal, publish
from infra.constructs.table import BusbarTable
from infra.stages import StageConfig

SYSTEMS = ("salesforce", "energised", "sap", "webhook")


class DataStack(Stack):
    """Publishes, under `/busbar/<stage>/`, every name that the other stacks need."""

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, **options: Any
    ) -> None:
        super().__init__(scope, construct_id, **options)
        self._stage = stage
        topic = AlarmTopic(self, "Alarms", stage=stage).topic
        self._publish("alarms/arn", topic.topic_arn)
        table = BusbarTable(self, "Store", stage=stage, topic=topic).table
        self._publish("table/name", table.table_name)
        self._publish("table/stream-arn", table.table_stream_arn or "")
        self._publish("files/bucket", UserFiles(self, "Files", stage=stage).bucket.bucket_name)
        self._identity()
        for org in sorted(stage.orgs):
            self._org(org)

    def _publish(self, name: str, value: str) -> None:
        publish(self, stage=self._stage.name, name=name, value=value)

    def _identity(self) -> None:
        identity = Identity(self, "Identity", stage=self._stage)
        # Built from its parts: the emulator does not know the pool's attribute `ProviderURL`.
        host = f"cognito-idp.{Aws.REGION}.{Aws.URL_SUFFIX}"
        self._publish("issuer", f"https://{host}/{identity.pool.user_pool_id}")
        for org, clients in identity.clients.items():
            for purpose, client_id in clients:
                self._publish(f"{org}/{purpose}-client-id", client_id)

    def _org(self, org: str) -> None:
        settings = self._stage.orgs[org]
        for system in SYSTEMS:
            if (values := getattr(settings, system)) is not None:
                secret = SystemSecret(
                    self,
                    f"{pascal(org)}{pascal(system)}",
                    stage=self._stage,
                    secret_id=values.secret_id,
                )
                self._publish(f"{org}/{system}-secret-arn", secret.arn)
        if settings.salesforce:
            bus = SalesforceBus(
                self,
                f"{pascal(org)}Events",
                stage=self._stage,
                event_source=settings.salesforce.event_source,
            )
            self._publish(f"{org}/bus-name", bus.bus.event_bus_name)
