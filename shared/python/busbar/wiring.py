"""The composition root: the only place that makes clients and puts the parts together."""

from __future__ import annotations

import gc
import json
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import cached_property, partial
from typing import TYPE_CHECKING, Any, Protocol

import botocore.session
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from busbar import s3_files
from busbar.domain.identifiers import encode
from busbar.errors import BusbarError, Unavailable
from busbar.mapping.registry import MappingRegistry
from busbar.observability import (
    Metric,
    begin,
    cause,
    correlation_id,
    count,
    counting,
    logger,
)
from busbar.ports import (
    ChargePoints,
    ChargingBackend,
    Clock,
    Connection,
    ContactBook,
    Gate,
    Ids,
    Mapper,
    Message,
    OrderSystem,
    PartnerSystem,
    Registration,
    Store,
    WallboxSales,
)
from busbar.process.circuit import Circuit
from busbar.settings import (
    EnergisedSettings,
    MisconfiguredError,
    OrgSettings,
    SalesforceSettings,
    SapSettings,
    Settings,
    on_lambda,
    read_settings,
)
from busbar.step_functions import StepFunctions
from busbar.store.records import TableStore
from busbar.store.table import DynamoTable, Table
from busbar.usecases.deps import Deps, TimeLeft, time_left

if TYPE_CHECKING:
    import httpx

    from busbar.connectors.energised.cards import EnergisedCards
    from busbar.connectors.energised.cpo import CpoClient
    from busbar.connectors.salesforce.orders import SalesforceOrders
    from busbar.connectors.salesforce.webhook_keys import WebhookKeys
    from busbar.usecases.entity_deps import EntityDeps
    from busbar.usecases.event_mapping import EventMapper, Served

Handler = Callable[[dict[str, Any], Any], Any]
"""A Lambda handler: (event, context) -> answer."""
MakeHandler = Callable[[Settings, "Clients"], Handler]

SECRET_SECONDS = 300.0
ON_DEMAND_SECONDS = 24.0
"""A portal waits at most 29 seconds for API Gateway."""
SCHEDULED_SECONDS = 50.0
"""All of a scheduled run, which may take 60."""
LARGEST_BATCH, LARGEST_BATCH_BYTES = 10, 256 * 1024
"""Messages that SQS takes at once, and their bytes."""
SCHEDULE_SOURCE = "busbar.schedule"
"""`source` of the event with which a schedule starts a function."""


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


class OrgSystems:
    """The outside systems of one org, each connected at first use. Implements `ports.Systems`."""

    def __init__(
        self, org: OrgSettings, clients: Clients, gate_of: Callable[[str, int], Gate]
    ) -> None:
        self._org = org
        self._clients = clients
        self._gate_of = gate_of
        self._gates: dict[str, Gate] = {}
        self._salesforce: SalesforceOrders | None = None
        self._wallbox_sales: WallboxSales | None = None
        self._energised: ChargingBackend | None = None
        self._contacts: ContactBook | None = None
        self._sap: PartnerSystem | None = None
        self._stations: ChargePoints | None = None
        self._registration: Registration | None = None

    @property
    def salesforce(self) -> OrderSystem:
        """Salesforce. Raises `MisconfiguredError` if the function was not given it."""
        return self._salesforce_orders()

    def _salesforce_orders(self) -> SalesforceOrders:
        if self._salesforce is None:
            from busbar.connectors.salesforce.orders import (  # noqa: PLC0415  (import cost)
                SalesforceOrders,
            )

            settings = self._org.salesforce
            if settings is None:
                raise MisconfiguredError("BUSBAR_ORGS names no salesforce for this function")
            self._salesforce = SalesforceOrders(settings, **self._with("salesforce", settings))
        return self._salesforce

    @property
    def wallbox_sales(self) -> WallboxSales:
        """The wallboxes of Salesforce, under the login of its orders.

        Raises `MisconfiguredError` as `salesforce` does, or if the org sells none.
        """
        if self._wallbox_sales is None:
            from busbar.connectors.salesforce import wallbox_sales  # noqa: PLC0415  (import cost)

            client = self._salesforce_orders().client
            settings = self._org.salesforce
            if settings is None or not settings.sells_wallboxes:
                raise MisconfiguredError("wallbox_price_book_id of salesforce is not set")
            self._wallbox_sales = wallbox_sales.SalesforceWallboxSales(settings, client)
        return self._wallbox_sales

    def _with(
        self, system: str, settings: SalesforceSettings | EnergisedSettings | SapSettings
    ) -> dict[str, Any]:
        """What every connector is given besides its settings."""
        return {
            "credentials": SecretCache(self._clients, settings.secret_id, system),
            "clock": self._clients.clock,
            "correlation": correlation_id,
            "transport": self._clients.transports.get(settings.base_url),
            "monotonic": self._clients.monotonic,
            "gate": self._gate(system, settings.calls_per_minute),
        }

    @property
    def energised(self) -> ChargingBackend:
        """be.ENERGISED. Raises `MisconfiguredError` if the function was not given it."""
        if self._energised is None:
            self._energised = self._tenant(self._of_energised())
        return self._energised

    @property
    def contacts(self) -> ContactBook:
        """The contacts of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._contacts is None:
            from busbar.connectors.energised import contacts  # noqa: PLC0415

            settings = self._of_energised()
            self._contacts = contacts.EnergisedContacts(settings, self._tenant(settings))
        return self._contacts

    @property
    def sap(self) -> PartnerSystem:
        """SAP. Raises `MisconfiguredError` if the function was not given it."""
        if self._sap is None:
            from busbar.connectors.sap.system import SapSystem  # noqa: PLC0415  (import cost)

            settings = self._org.sap
            if settings is None:
                raise MisconfiguredError("BUSBAR_ORGS names no sap for this function")
            self._sap = SapSystem(settings, **self._with("sap", settings))
        return self._sap

    @property
    def stations(self) -> ChargePoints:
        """The stations of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._stations is None:
            from busbar.connectors.energised import stations  # noqa: PLC0415

            settings = self._of_energised()
            self._stations = stations.EnergisedStations(settings, self._cpo(settings))
        return self._stations

    @property
    def registration(self) -> Registration:
        """Fleet `register` of be.ENERGISED. Raises `MisconfiguredError` as `energised` does."""
        if self._registration is None:
            from busbar.connectors.energised import register  # noqa: PLC0415

            settings = self._of_energised()
            tenant = self._tenant(settings)
            self._registration = register.EnergisedRegistration(settings, tenant)
        return self._registration

    def _of_energised(self) -> EnergisedSettings:
        if self._org.energised is None:
            raise MisconfiguredError("BUSBAR_ORGS names no energised for this function")
        return self._org.energised

    def _tenant(self, settings: EnergisedSettings, **instead: Any) -> EnergisedCards:
        """A connector to the legacy REST API of be.ENERGISED."""
        from busbar.connectors.energised.cards import (  # noqa: PLC0415  (import cost)
            EnergisedCards,
        )

        return EnergisedCards(settings, **{**self._with("energised", settings), **instead})

    def _cpo(self, settings: EnergisedSettings, **instead: Any) -> CpoClient:
        """A connector to the CPO API of be.ENERGISED, whose tokens come from another host."""
        from busbar.connectors.energised import cpo  # noqa: PLC0415  (import cost)

        login = self._clients.transports.get(cpo.split_url(settings.cpo_token_url)[0])
        parts = {**self._with("energised", settings), "login_transport": login, **instead}
        return cpo.CpoClient(settings, **parts)

    def connection(self, system: str) -> Connection | None:
        """See `ports.Systems.connection`: its own connector, so that nothing of it is cached.

        It passes no gate: a person wants to know now whether the system is there.
        """
        if system == "salesforce" and self._org.salesforce:
            from busbar.connectors.salesforce import connection, orders  # noqa: PLC0415

            of = self._org.salesforce
            made = orders.SalesforceOrders(of, **{**self._with(system, of), "gate": None})
            return connection.SalesforceConnection(of, made, self._clients.clock)
        if system == "energised" and self._org.energised:
            from busbar.connectors.energised import connection as tenant  # noqa: PLC0415

            own = self._org.energised
            return tenant.EnergisedConnection(
                own,
                self._tenant(own, gate=None),
                self._cpo(own, gate=None),
                self._clients.clock,
            )
        if system == "sap" and self._org.sap:
            return self._sap_connection(self._org.sap)
        return None

    def _sap_connection(self, settings: SapSettings) -> Connection:
        from busbar.connectors.sap import connection, system  # noqa: PLC0415  (import cost)

        made = system.SapSystem(settings, **{**self._with("sap", settings), "gate": None})
        return connection.SapConnection(settings, made, self._clients.clock)

    def is_down(self, system: str) -> bool:
        """Whether a system that was called here is known to be down."""
        return system in self._gates and self._gates[system].is_open()

    def _gate(self, system: str, per_minute: int) -> Gate:
        if system not in self._gates:
            self._gates[system] = self._gate_of(system, per_minute)
        return self._gates[system]


class SqsQueues:
    """Our queues. Implements `ports.Queues`."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self._urls = settings.queues
        self._parked = settings.parked
        self._clients = clients

    def send(self, queue: str, body: str, *, delay: int = 0, group: str = "") -> None:
        """SendMessage; `group` makes the standard queue fair between orgs and objects."""
        url = self._url(queue)
        more = {"MessageGroupId": group[:128]} if group else {}
        self._clients.aws("sqs").send_message(
            QueueUrl=url, MessageBody=body, DelaySeconds=delay, **more
        )

    def send_all(self, queue: str, messages: Sequence[Message]) -> list[bool]:
        """SendMessageBatch, as few as may be: ten messages, or a quarter of a megabyte."""
        url = self._url(queue)
        taken: list[bool] = []
        for batch in _batches(messages):
            entries = [
                {
                    "Id": str(number),
                    "MessageBody": one.body,
                    "MessageGroupId": one.group,
                    "MessageDeduplicationId": one.once,
                }
                for number, one in enumerate(batch)
            ]
            try:
                answer = self._clients.aws("sqs").send_message_batch(QueueUrl=url, Entries=entries)
            except (BotoCoreError, ClientError) as error:
                raise Unavailable("sqs", "send_message_batch", type(error).__name__) from None
            there = {entry["Id"] for entry in answer.get("Successful", ())}
            taken += [entry["Id"] in there for entry in entries]
        return taken

    def _url(self, queue: str) -> str:
        if queue not in self._urls:
            raise MisconfiguredError(f"BUSBAR_QUEUES names no queue {queue}")
        return self._urls[queue]

    def park(self, body: str, reason: str, message: Message | None = None) -> None:
        """SendMessage to the worker's own dead-letter queue, with the reason beside it.

        A queue that keeps order needs to know the `message` as it is told from others. What lies
        there has no order any more, else people would see the first ten of a group alone; its group
        stands beside it, for the way back.
        """
        if not self._parked:
            raise MisconfiguredError("BUSBAR_PARKED is not set")
        attributes = {"reason": _attribute(reason[:256] or "unknown")}
        told = {}
        if message:
            attributes["group"] = _attribute(message.group)
            told = {"MessageGroupId": message.once, "MessageDeduplicationId": message.once}
        self._clients.aws("sqs").send_message(
            QueueUrl=self._parked,
            MessageBody=body,
            MessageAttributes=attributes,
            **told,
        )
        count(Metric.PARKED)


def _attribute(text: str) -> dict[str, str]:
    return {"DataType": "String", "StringValue": text}


def _batches(messages: Sequence[Message]) -> list[list[Message]]:
    """The messages in their order, in batches that SQS takes."""
    made: list[list[Message]] = []
    size = 0
    for one in messages:
        length = len(one.body.encode())
        if not made or len(made[-1]) == LARGEST_BATCH or size + length > LARGEST_BATCH_BYTES:
            made.append([])
            size = 0
        made[-1].append(one)
        size += length
    return made


class Parts:
    """Everything a function needs, put together once from its settings."""

    def __init__(self, settings: Settings, clients: Clients) -> None:
        self.settings = settings
        self.clock: Clock = clients.clock
        self.ids = clients.ids
        self.queues = SqsQueues(settings, clients)
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


def run_for_orgs(
    parts: Parts,
    run: Callable[[Deps, TimeLeft], Mapping[str, Any]],
    done: str,
    failed: str,
    seconds: float = SCHEDULED_SECONDS,
) -> None:
    """A scheduled run for each org, whose report is logged as `done`, a broken one as `failed`.

    All of them share the `seconds`.
    """
    # Each org has its own share of the time: none waits for another's slow system.
    share = seconds / len(parts.settings.orgs)
    for org in parts.settings.orgs:
        begin()
        try:
            report = run(parts.deps(org), time_left(parts.clock, share))
            logger.info(done, extra={"org": org, **report})
        except BusbarError as error:
            logger.error(failed, extra={"org": org, "error": cause(error)})


def entry(make: MakeHandler, settings: Settings, clients: Clients) -> Handler:
    """The handler as Lambda and the local system run it: with the metrics of its use case.

    The use case is the folder that `make` stands in, so that no handler has to say it.
    """
    use_case = make.__module__.split(".")[-2]
    handler = make(settings, clients)

    def measured(event: dict[str, Any], context: Any) -> Any:
        with counting(settings.stage, use_case, clients.clock.now):
            answer = handler(event, context)
            _count_outcome(event, answer)
        return answer

    return measured


def _count_outcome(event: Mapping[str, Any], answer: Any) -> None:
    handled, failed = 1, 0
    if "Records" in event:
        # A worker that answers nothing has done all of it.
        failures = answer.get("batchItemFailures", ()) if isinstance(answer, dict) else ()
        handled, failed = _of_batch(event["Records"], failures)
    elif isinstance(answer, dict) and answer.get("statusCode", 0) >= 500:
        handled, failed = 0, 1
    count(Metric.HANDLED, value=handled)
    count(Metric.FAILED, value=failed)
    if event.get("source") == SCHEDULE_SOURCE:
        count(Metric.SCHEDULED_RUNS)


def _of_batch(records: Sequence[Any], failures: Sequence[Mapping[str, str]]) -> tuple[int, int]:
    """How many were handled and failed. A stream's batch ends at the first that failed."""
    numbers = [r["dynamodb"]["SequenceNumber"] for r in records if "dynamodb" in r]
    for failure in failures:
        if failure["itemIdentifier"] in numbers:
            return numbers.index(failure["itemIdentifier"]), 1
    return len(records) - len(failures), len(failures)


def settled(handler: Handler) -> Handler:
    """After the first call all is imported and made that will be: the garbage collector need never
    look at that again, which is a tenth of a call's CPU."""
    waiting = True

    def called(event: dict[str, Any], context: Any) -> Any:
        nonlocal waiting
        try:
            return handler(event, context)
        finally:
            if waiting:
                waiting = False
                gc.freeze()

    return called


def lambda_entry(make: MakeHandler) -> Handler:
    """The module-level `lambda_handler`: built from the environment on Lambda, only there."""
    if on_lambda():
        return settled(entry(make, read_settings(), Clients()))

    def not_here(_event: dict[str, Any], _context: Any) -> Any:
        raise RuntimeError("Outside Lambda call make_handler(settings, clients)")

    return not_here
