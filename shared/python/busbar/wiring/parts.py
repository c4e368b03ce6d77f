"""Everything that a function needs, put together once."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from busbar import s3_files
from busbar.mapping.registry import MappingRegistry
from busbar.observability import correlation_id
from busbar.sqs_queues import SqsQueues
from busbar.step_functions import StepFunctions
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable
from busbar.usecases.deps import Deps
from busbar.wiring.systems import OrgSystems

if TYPE_CHECKING:
    from busbar.connectors.salesforce.webhook_keys import WebhookKeys
    from busbar.ports.outside import Gate, Mapper
    from busbar.ports.runtime import Clock
    from busbar.ports.store import Store
    from busbar.settings.function import Settings
    from busbar.store.table import Table
    from busbar.usecases.entity_deps import EntityDeps
    from busbar.usecases.event_mapping import EventMapper
    from busbar.wiring.clients import Clients


class Parts:
    """Everything a function needs, put together once from its settings."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self.settings = settings
        self.clock: Clock = clients.clock
        self.ids = clients.ids
        self.queues = SqsQueues(settings.queues, settings.parked, partial(clients.aws, "sqs"))
        self._machine = StepFunctions(settings.machine, partial(clients.aws, "stepfunctions"))
        self._files = s3_files.S3Files(settings.files, partial(clients.aws, "s3"))
        self._clients = clients
        self._mapper: Mapper = clients.mapper or MappingRegistry(engine=settings.tuning.jsonata)
        self._table = clients.table
        self._webhook_keys: dict[str, WebhookKeys] = {}
        self._entity_deps: dict[str, EntityDeps] = {}
        self._systems = {
            name: OrgSystems(org, clients, partial(self._gate, name))
            for name, org in settings.orgs.items()
        }
        self.carries_errands = False
        """Whether this is a worker of the outbox, whose calls go first while a lane drains."""

    def _gate(self, org: str, system: str, per_minute: int) -> Gate:
        from busbar.process.circuit import Circuit  # noqa: PLC0415  (import cost)

        return Circuit(
            system,
            self.store(org),
            self.clock,
            self.settings.tuning,
            per_minute,
            carries_errands=self.carries_errands,
        )

    def webhook_keys(self, org: str) -> WebhookKeys | None:
        """The keys with which this org's webhooks are signed; None if it has no webhook."""
        settings = self.settings.orgs.get(org)
        if settings is None or settings.webhook is None:
            return None
        if org not in self._webhook_keys:
            from busbar.connectors.salesforce.webhook_keys import (  # noqa: PLC0415  (import cost)
                WebhookKeys,
            )
            from busbar.wiring.secret_cache import SecretCache  # noqa: PLC0415

            secret = SecretCache(self._clients, settings.webhook.secret_id, "webhook")
            self._webhook_keys[org] = WebhookKeys(secret, self._clients.monotonic)
        return self._webhook_keys[org]

    def _its_table(self) -> Table:
        if self._table is None:
            self._table = DynamoTable(self._clients.aws("dynamodb"), self.settings.table)
        return self._table

    def store(self, org: str) -> Store:
        """The table, seen from one org."""
        return TableStore(self._its_table(), self.clock, org)

    def entity_deps(self, org: str) -> EntityDeps:
        """What the use cases of entities are given; made once, as it knows no unit of work."""
        if org not in self._entity_deps:
            self._entity_deps[org] = self._made_entity_deps(org)
        return self._entity_deps[org]

    def _made_entity_deps(self, org: str) -> EntityDeps:
        from busbar.domain.schemas import Leading  # noqa: PLC0415  (import cost)
        from busbar.store.entities import TableEntities  # noqa: PLC0415
        from busbar.store.reading_series import TableReadings  # noqa: PLC0415
        from busbar.usecases.entity_deps import EntityDeps  # noqa: PLC0415

        table, own = self._its_table(), self.settings.orgs[org]
        return EntityDeps(
            entities=TableEntities(table, org),
            readings=TableReadings(table, self.clock, org),
            store=self.store(org),
            clock=self.clock,
            catalogue=own.catalogue(),
            leading=Leading(own.leading_systems),
        )

    def event_mapper(self) -> EventMapper:
        """What maps events in a process of its own, which starts with the first."""
        from busbar.usecases.event_mapping import EventMapper  # noqa: PLC0415  (import cost)

        return EventMapper(self._clients.child, engine=self.settings.tuning.jsonata)

    def deps(self, org: str) -> Deps:
        """What a use case of this org is given, for the unit of work that runs now."""
        return Deps(
            store=self.store(org),
            clock=self.clock,
            systems=self._systems[org],
            machine=self._machine,
            files=self._files,
            mapper=self._mapper,
            org=self.settings.orgs[org],
            tuning=self.settings.tuning,
            correlation_id=correlation_id(),
        )
