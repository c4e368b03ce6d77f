"""The whole product in memory: real handlers, simulators as the outside systems, no socket.

Time stands still until `advance`. `pump` lets everything that is due happen: the stream wakes the
relay, queues deliver to their handlers, failed messages come back. A `Crash` can be set for any
effect boundary: the worker then dies there, as if its process were killed.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from copy import copy
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from importlib import import_module
from typing import Any, NoReturn

import httpx
from botocore.exceptions import ClientError

from busbar.domain.customers import SUB_PATTERN, Role, User
from busbar.ports.outside import Mapper
from busbar.settings.energised import EnergisedSettings
from busbar.settings.function import OrgSettings, Settings, Tuning
from busbar.settings.salesforce import SalesforceSettings
from busbar.settings.sap import SapSettings
from busbar.settings.webhook import WebhookSettings
from busbar.store.records import TableStore
from busbar.wiring.clients import Clients
from busbar.wiring.entry import Handler
from infra.catalog import USE_CASES, Route, UseCase, use_case
from infra.local import sample as local_sample
from infra.local.people import PEOPLE
from infra.simulators.energised.simulator import EnergisedSimulator
from infra.simulators.salesforce.events import Publish
from infra.simulators.salesforce.simulator import SalesforceSimulator
from infra.simulators.sap import SapSimulator
from infra.simulators.simulator import Now
from infra.simulators.transport import SimulatorTransport
from tests.doubles.canaries import found_in
from tests.doubles.clock import ManualClock, Timers
from tests.doubles.contract import hold
from tests.doubles.evaluation import InProcess
from tests.doubles.files import BUCKET, MemoryS3
from tests.doubles.memory_table import Bill, MemoryTable
from tests.doubles.queues import MemorySqs
from tests.doubles.states import ARN, StatesClient, the_machine

SALESFORCE = "https://salesforce.example"
ENERGISED = "https://energised.example"
SAP = "https://sap.example"
SOURCE = "salesforce.local/00D000000000001AAA/0YL000000000001AAA"
AUDIENCE = "portal"
ORG = "demo"
WEBHOOK_KEY = "whsec_bm8tc2VjcmV0LWJ1dC1sb25nLWVub3VnaC1mb3ItYS1rZXk="


class WorkerDiedError(BaseException):
    """The process was killed. No `except Exception` may catch it."""


@dataclass
class Boundaries:
    """Numbers every effect of a worker: just before it, and just after it."""

    die_at: int = -1
    count: int = 0
    names: list[str] = field(default_factory=list)
    meddle_at: int = -1
    meddle: Callable[[], object] = lambda: None
    """What somebody else does at that boundary, once, while the worker is still at it."""

    def around(self, name: str, effect: Callable[[], Any]) -> Any:
        """Do the effect, or die before it or after it."""
        self._pass(f"before {name}")
        result = effect()
        self._pass(f"after {name}")
        return result

    def _pass(self, name: str) -> None:
        self.count += 1
        self.names.append(name)
        if self.count == self.meddle_at:
            self.meddle()
        if self.count == self.die_at:
            raise WorkerDiedError(name)


class FragileTable:
    """A worker's way to the table: each write is an effect boundary."""

    def __init__(self, table: MemoryTable, boundaries: Boundaries) -> None:
        self._table = table
        self._boundaries = boundaries
        self.get = table.get
        self.get_many = table.get_many
        self.query = table.query
        self.rows = table.rows

    def write(self, writes: Any) -> None:
        """A write, at which the worker may die."""
        names = "+".join(w.item["schema"] if w.item and "schema" in w.item else "…" for w in writes)
        self._boundaries.around(f"write {names}", lambda: self._table.write(writes))


class FragileTransport(httpx.BaseTransport):
    """A worker's way to an outside system: each call is an effect boundary."""

    def __init__(self, inner: httpx.BaseTransport, system: str, world: World) -> None:
        self._inner = inner
        self._system = system
        self._world = world

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """A call, at which the worker may die."""
        name = f"{self._system} {request.method}"
        answer = self._world.boundaries.around(name, lambda: self._answer(request))
        assert isinstance(answer, httpx.Response)
        return answer

    def _answer(self, request: httpx.Request) -> httpx.Response:
        if self._system in self._world.hanging:
            self._world.hang(request)
        return self._inner.handle_request(request)


class MemorySecrets:
    """Secrets Manager with the simulators' credentials; `webhook` can be changed.

    `values` are the secrets by system; one that is missing cannot be read.
    """

    def __init__(self) -> None:
        self.webhook: object = {"current": WEBHOOK_KEY}
        self.reads = 0
        """Reads of the webhook's keys."""
        self.reads_of: Counter[str] = Counter()
        """Reads by system."""
        self.values = {
            "salesforce": {"client_id": "busbar", "client_secret": "not-secret-1"},
            "energised": {
                "api_token": "not-secret-2",
                "client_id": "busbar",
                "client_secret": "not-secret-4",
            },
            "sap": {"user": "BUSBAR", "password": "not-secret-3"},
        }

    def get_secret_value(self, SecretId: str) -> dict[str, str]:  # noqa: N803  (boto3's name)
        """GetSecretValue."""
        if "salesforce" not in SecretId and "webhook" in SecretId:
            self.reads += 1
            return {"SecretString": json.dumps(self.webhook)}
        system = next(name for name in ("salesforce", "energised", "sap") if name in SecretId)
        self.reads_of[system] += 1
        if system not in self.values:
            gone = {"Error": {"Code": "ResourceNotFoundException", "Message": SecretId}}
            raise ClientError({**gone, "ResponseMetadata": {}}, "GetSecretValue")  # type: ignore[typeddict-item]
        return {"SecretString": json.dumps(self.values[system])}


@dataclass(frozen=True)
class Reply:
    """An HTTP answer."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """The body."""
        return json.loads(self.text)

    @property
    def etag(self) -> str:
        """The ETag header."""
        return self.headers["ETag"]


class World:
    """Table, queues, bus, systems, and the product's handlers between them."""

    def __init__(
        self,
        *,
        tuning: Tuning | None = None,
        cards: int = 20,
        mapper: Mapper | None = None,
        lists_changes: bool = True,
        cards_per_company: int | None = None,
        **salesforce: Any,
    ) -> None:
        self.clock = ManualClock()
        self.mapper = mapper
        self.boundaries = Boundaries()
        self.table = MemoryTable()
        ordered = {case.name for case in USE_CASES if case.queue and case.queue.ordered}
        self.sqs = MemorySqs(self.clock, self.boundaries.around, ordered)
        self.secrets = MemorySecrets()
        self.files = MemoryS3(self.clock.now, self.boundaries.around, self.sqs.put)
        self.hanging: set[str] = set()
        """Systems that take every call and answer none: each costs its caller the time it waits."""
        self._ends_at = self.clock.now()
        self._relayed = 0
        self.salesforce, self.energised = simulators(self.clock.now, self._publish, cards)
        self.energised.backend.lists_changes = lists_changes
        self.sap = SapSimulator(self.clock.now, "BUSBAR", "not-secret-3")
        settings = settings_of(salesforce, {"lists_changes": lists_changes})
        settings = with_limit(with_sap(settings), cards_per_company)
        self.settings = replace(settings, tuning=tuning or Tuning())
        self.timers = Timers(self.clock)
        self.states = the_machine(self.settings.tuning, self.timers.at, self.sqs.put)
        self._handlers: dict[str, Handler] = {}
        local_sample.load(self._clients().store())

    def _clients(self) -> _WorldClients:
        return _WorldClients(self)

    def handler(self, name: str) -> Handler:
        """The handler of a use case; a new one after its worker died."""
        if name not in self._handlers:
            made = handler_of(use_case(name), self.settings, self._clients())
            self._handlers[name] = made
        return self._handlers[name]

    def invoke(self, name: str, event: Any) -> Any:
        """Call a function. A death of its worker is raised; the next call finds a fresh one."""
        self._ends_at = self.clock.now() + timedelta(seconds=use_case(name).timeout_seconds)
        try:
            answer = self.handler(name)(event, None)
        except WorkerDiedError:
            del self._handlers[name]
            raise
        if "requestContext" in event:
            _hold(event["requestContext"], answer, self._role)
        return answer

    def _role(self, sub: str) -> Role | None:
        """A user's role; None without such a user. The look is on no bill."""
        table = copy(self.table)
        table.bill = Bill()
        known = re.fullmatch(SUB_PATTERN, sub)
        stored = TableStore(table, self.clock, ORG).get(User, sub) if known else None
        return stored.record.role if stored else None

    def hang(self, request: httpx.Request) -> NoReturn:
        """A call that is never answered: it times out, or the worker's own time is up first."""
        waits = float(request.extensions["timeout"]["read"])
        left = (self._ends_at - self.clock.now()).total_seconds()
        self.clock.advance(min(waits, left))
        if left <= waits:
            raise WorkerDiedError("time limit")
        raise httpx.ReadTimeout("hangs", request=request)

    # --- the portal ----------------------------------------------------------------------------

    def call(
        self,
        method: str,
        path: str,
        user: str = "fleet-manager",
        body: Any = None,
        **headers: str,
    ) -> Reply:
        """An HTTP call as a sample user, past API Gateway's authoriser."""
        found, parameters = route_of(method, path.partition("?")[0])
        event = http_event(method, path, body, headers, parameters, self.claims(user))
        answer = self.invoke(found.name, event)
        if answer["statusCode"] >= 400:
            assert found_in(answer["body"]) == [], "a refusal quotes personal data"
        return Reply(answer["statusCode"], answer["headers"], answer["body"])

    def claims(self, user: str) -> dict[str, str]:
        """The claims of a sample user's access token, as API Gateway hands them on."""
        scope = "busbar/machine" if user == "machine" else "openid"
        return claims_of(PEOPLE[user], self.clock.now(), scope)

    # --- what happens by itself ----------------------------------------------------------------

    def _publish(self, envelope: dict[str, Any]) -> None:
        for queue in queues_of(envelope, self.settings):
            self.sqs.put(queue, json.dumps(envelope))

    def pump(self) -> None:
        """Let everything happen that is due now."""
        while (
            self._relay()
            or self.timers.do_one()
            or any(self._deliver(c) for c in USE_CASES if c.queue)
        ):
            pass

    def run_for(self, seconds: float, step: float = 30.0) -> None:
        """Let time pass, with the sweep every minute and everything that comes due."""
        passed = 0.0
        while passed < seconds:
            self.clock.advance(step)
            passed += step
            if passed % 60 < step:
                self._survive(lambda: self.invoke("outbox_sweep", {}))
            self.pump()

    def _survive(self, work: Callable[[], Any]) -> Any:
        try:
            return work()
        except WorkerDiedError:
            return None

    def _relay(self) -> bool:
        records = self.table.stream[self._relayed : self._relayed + 10]
        woken = [r for r in records if "wake" in r["dynamodb"]["NewImage"]]
        if woken:
            answer = self._survive(lambda: self.invoke("outbox_relay", {"Records": woken}))
            if answer != {"batchItemFailures": []}:
                return True  # the stream brings the batch again
        self._relayed += len(records)
        return bool(records)

    def _deliver(self, case: UseCase) -> bool:
        assert case.queue is not None
        messages = self.sqs.take(case.name, case.queue.batch_size)
        if not messages:
            return False
        records = [{"messageId": str(m.number), "body": m.body} for m in messages]
        answer = self._survive(lambda: self.invoke(case.name, {"Records": records}))
        if answer is None:
            failed = {str(m.number) for m in messages}
        else:
            failed = {f["itemIdentifier"] for f in answer["batchItemFailures"]}
        for message in messages:
            if str(message.number) in failed:
                self.sqs.back(case.name, message, case.queue.max_receive_count)
        return True

    # --- looking at it -------------------------------------------------------------------------

    def counts(self) -> Counter[str]:
        """Objects in Salesforce."""
        return Counter(
            {name: len(self.salesforce.records(name)) for name in ("Order", "OrderItem")}
        )


def simulators(
    now: Now, publish: Publish, cards: int, non_unique: Iterable[str] = ()
) -> tuple[SalesforceSimulator, EnergisedSimulator]:
    """The outside systems with their sample data and `cards` blank cards."""
    salesforce = SalesforceSimulator(
        now,
        event_source=SOURCE,
        client_id="busbar",
        client_secret="not-secret-1",
        publish=publish,
        token_seconds=10**9,
        non_unique=non_unique,
    )
    energised = EnergisedSimulator(
        now, api_token="not-secret-2", client_id="busbar", client_secret="not-secret-4"
    )
    salesforce.load_sample(cards)
    energised.load_sample(cards)
    return salesforce, energised


def settings_of(
    salesforce: Mapping[str, Any], energised: Mapping[str, Any] | None = None
) -> Settings:
    """Settings for these simulators; what is given differs from the defaults."""
    org = OrgSettings(
        audiences=(AUDIENCE,),
        salesforce=SalesforceSettings(
            base_url=SALESFORCE, secret_id="salesforce", event_source=SOURCE, **salesforce
        ),
        energised=EnergisedSettings(
            base_url=ENERGISED,
            secret_id="energised",
            cpo_token_url=f"{ENERGISED}/token",
            **(energised or {}),
        ),
        webhook=WebhookSettings(
            secret_id="webhook",
            event_source=SOURCE,
            **{k: v for k, v in salesforce.items() if k.endswith("_event")},
        ),
    )
    queues = {case.name: case.name for case in USE_CASES if case.queue}
    return Settings(stage="local", table="busbar", orgs={ORG: org}, queues=queues)


def with_sap(settings: Settings, **more: Any) -> Settings:
    """These settings, with a SAP."""
    sap = SapSettings(base_url=SAP, secret_id="sap", contract_division="01", **more)
    return replace(settings, orgs={ORG: replace(settings.orgs[ORG], sap=sap)})


def with_limit(settings: Settings, cards_per_company: int | None) -> Settings:
    """These settings, with the cards that a company may order in 30 days."""
    org = replace(settings.orgs[ORG], cards_per_company_30_days=cards_per_company)
    return replace(settings, orgs={ORG: org})


def handler_of(case: UseCase, settings: Settings, clients: Clients) -> Handler:
    """The handler of a use case, with the settings that its function is given."""
    own = settings_for(case, settings)
    made: Handler = import_module(f"functions.{case.name}.handler").make_handler(own, clients)
    return made


def settings_for(case: UseCase, settings: Settings) -> Settings:
    """What the function of a use case is told of these settings."""
    return replace(
        settings,
        parked=f"{case.name}-dead" if case.queue else "",
        machine=ARN if case.machine else "",
        files=BUCKET if case.files else "",
        orgs={name: _only(org, case) for name, org in settings.orgs.items()},
    )


def queues_of(envelope: Mapping[str, Any], settings: Settings) -> list[str]:
    """The queues to which the bus takes a platform event."""
    salesforce = settings.orgs[ORG].salesforce
    events = {case.name: case.queue.events for case in USE_CASES if case.queue}
    kind = envelope["detail-type"]
    return [name for name, event in events.items() if event and getattr(salesforce, event) == kind]


def claims_of(sub: str, now: datetime, scope: str = "openid") -> dict[str, str]:
    """The claims of an access token that is good for an hour, as API Gateway hands them on."""
    return {
        "sub": sub,
        "client_id": AUDIENCE,
        "token_use": "access",
        "exp": str(int(now.timestamp()) + 3600),
        "scope": scope,
    }


def _only(org: OrgSettings, case: UseCase) -> OrgSettings:
    """The org's settings as the stacks hand them to a function: no system it does not talk to."""
    return replace(
        org,
        salesforce=org.salesforce if "salesforce" in case.systems else None,
        energised=org.energised if "energised" in case.systems else None,
        sap=org.sap if "sap" in case.systems else None,
        webhook=org.webhook if "webhook" in case.systems else None,
    )


class _WorldClients(Clients):
    """Clients whose every effect passes the world's boundaries."""

    def __init__(self, world: World) -> None:
        boundaries = world.boundaries
        super().__init__(
            transports={
                SALESFORCE: FragileTransport(
                    SimulatorTransport(world.salesforce), "salesforce", world
                ),
                ENERGISED: FragileTransport(
                    SimulatorTransport(world.energised), "energised", world
                ),
                SAP: FragileTransport(SimulatorTransport(world.sap), "sap", world),
            },
            table=FragileTable(world.table, boundaries),
            clock=world.clock,
            monotonic=lambda: world.clock.now().timestamp(),
            mapper=world.mapper,
            child=InProcess(),
            aws={
                "sqs": world.sqs,
                "secretsmanager": world.secrets,
                "s3": world.files,
                "stepfunctions": StatesClient(world.states, boundaries.around),
            },
        )
        self._world = world

    def store(self) -> Any:
        """The store, past all boundaries."""
        return TableStore(self._world.table, self._world.clock, ORG)


@cache
def _rules() -> list[tuple[re.Pattern[str], Route, UseCase]]:
    rules = [
        (re.compile("^" + re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", r.path) + "$"), r, case)
        for case in USE_CASES
        for r in (*case.routes, *case.signed_routes)
    ]
    # API Gateway prefers the most specific route.
    return sorted(rules, key=lambda rule: rule[0].pattern.count("("))


def route_of(method: str, path: str) -> tuple[UseCase, dict[str, str]]:
    """The use case and path parameters of a request. Raises `LookupError`."""
    case, _, parameters = _route_of(method, path)
    return case, parameters


def _route_of(method: str, path: str) -> tuple[UseCase, Route, dict[str, str]]:
    for rule, route, case in _rules():
        match = rule.match(path)
        if route.method == method and match:
            return case, route, match.groupdict()
    raise LookupError(f"{method} {path}")


def _hold(context: Any, answer: Any, role_of: Callable[[str], Role | None]) -> None:
    """Hold the answer of a route against the API's document, as it holds for the caller's role."""
    try:
        _, route, _ = _route_of(context["http"]["method"], context["http"]["path"])
    except LookupError:
        return
    body = json.loads(answer["body"]) if answer["body"] else None
    claims = context.get("authorizer", {}).get("jwt", {}).get("claims", {})
    role = role_of(str(claims.get("sub", "")))
    hold(route.operation, answer["statusCode"], answer["headers"], body, role)


def http_event(
    method: str,
    path: str,
    body: Any,
    headers: Mapping[str, str],
    parameters: Mapping[str, str],
    claims: Mapping[str, str] | None,
) -> dict[str, Any]:
    """An API Gateway HTTP API event, payload format 2.0."""
    raw_path, _, query = path.partition("?")
    context: dict[str, Any] = {
        "http": {"method": method, "path": raw_path, "sourceIp": "127.0.0.1"},
        "requestId": "request",
        "stage": "$default",
    }
    if claims is not None:
        context["authorizer"] = {"jwt": {"claims": dict(claims), "scopes": None}}
    event: dict[str, Any] = {
        "version": "2.0",
        "rawPath": raw_path,
        "rawQueryString": query,
        "headers": {name.replace("_", "-").lower(): value for name, value in headers.items()},
        "requestContext": context,
        "pathParameters": dict(parameters),
        "isBase64Encoded": False,
    }
    if query:
        values = httpx.QueryParams(query)
        # API Gateway joins the values of a name that is repeated.
        event["queryStringParameters"] = {name: ",".join(values.get_list(name)) for name in values}
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event
