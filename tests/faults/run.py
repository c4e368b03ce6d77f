"""One run of a scenario in virtual time, and what is wrong after it."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from busbar.domain.erp_events import RECEIVED, UPLOADED
from busbar.domain.erp_loads import LOADS
from infra.simulators.energised.backend import Contact
from infra.simulators.energised.stations import Station
from infra.simulators.faults import fault_of
from infra.simulators.salesforce.clerk import ClerkError
from infra.simulators.sample import NORDWIND
from infra.simulators.sap import SapSimulator
from tests.doubles.world import Reply
from tests.faults.checker import judge
from tests.faults.cloud import HOUR, Cloud
from tests.faults.draws import draw
from tests.faults.evidence import Evidence, Portal
from tests.faults.history import History
from tests.faults.inbound import load_again
from tests.faults.inbound_held import LOADS_QUEUE, QUEUE, Inbound, loads_of, look_inbound
from tests.faults.playlist import SCENARIOS
from tests.faults.scenarios import (
    AGENT,
    DRIVERS,
    MANAGER,
    NEW_DRIVER,
    NEW_MANAGER,
    OPERATOR,
    OTHER_MANAGER,
    Line,
    Scenario,
)
from tests.faults.setups import Mode, Setup, Tenant
from tests.faults.stage import (
    AUDIT,
    CARDS,
    COMPANIES,
    MY_WALLBOX,
    ORDERS,
    REFUSING,
    SYNC,
    TASKS,
    USERS,
    VERIFY,
    WALLBOX_ORDERS,
    Client,
    Held,
    Stage,
    reviews_in,
)
from tests.faults.trouble import Calm, Chance, Crowd, Fault, Sleepers, Storm, Trouble

LONGEST = 400 * HOUR
"""Virtual time in which everything has to come to an end."""
PEOPLE_AT = {"company": COMPANIES, "driver": USERS}
PEOPLE_DO = 200
"""The topic of what people do by chance."""


@dataclass
class VirtualStage:
    """A `Stage` over a `Cloud`."""

    cloud: Cloud
    seed: int = 0
    history: History = field(default_factory=History)
    _drawn: int = 0

    def now(self) -> float:
        """Seconds since the start."""
        return self.cloud.engine.seconds

    def clock(self) -> datetime:
        """The time as a person reads it off a clock."""
        return self.cloud.engine.now()

    def rest(self, seconds: float) -> None:
        """Let time pass."""
        self.cloud.engine.rest(seconds)

    def request(
        self, method: str, path: str, user: str, body: Any = None, **headers: str
    ) -> Reply | None:
        """One HTTP call."""
        return self.cloud.request(method, path, user, body, **headers)

    def held(self) -> Held:
        """Look into the systems."""
        rows = self.cloud.salesforce.state()["rows"]
        past = {c[-1][1]["id"]: [card for _, card in c] for c in self._dumped()}
        backend = self.cloud.energised.backend
        contacts = [contact.shown() for contact in backend.contacts.values()]
        cards = {c["id"]: c for c in backend.cards()}
        told = {key: list(past) for key, past in self.cloud.salesforce.org.written.items()}
        partners, contracts = ([], []) if self.cloud.sap is None else _in_sap(self.cloud.sap)
        stations = [{"id": s["id"], **s["attributes"]} for s in backend.stations.all()]
        files = {
            key: hashlib.sha256(file.content).hexdigest()
            for key, file in self.cloud.files.objects.items()
            if not key.startswith((RECEIVED, UPLOADED, LOADS))
        }
        reviews = reviews_in(self.cloud.salesforce.events.sent)
        return Held(
            rows, cards, past, contacts, told, partners, contracts, stations, reviews, files
        )

    def _dumped(self) -> list[Any]:
        cards: list[Any] = self.cloud.energised.dump()["cards"]
        return cards

    def chance(self) -> float:
        """A number in [0, 1) that the run's seed decides."""
        self._drawn += 1
        return draw(self.seed, PEOPLE_DO, self._drawn)

    def assign_cards(self, order_number: str) -> None:
        """The clerk in Salesforce assigns blank cards."""
        self.cloud.salesforce.assign_cards(order_number)

    def announce_cards(self, order_number: str) -> None:
        """He has their events sent again."""
        self.cloud.salesforce.announce_cards(order_number)

    def set_status(self, order_number: str, status: str, **delivery: Any) -> None:
        """The clerk in Salesforce sets the status of an order."""
        self.cloud.salesforce.set_order_status(order_number, status, **delivery)

    def assign_wallbox(self, order_number: str) -> None:
        """He assigns a wallbox and its two cards."""
        self.cloud.salesforce.assign_wallbox(order_number)

    def review(self, order_number: str, status: str, reason: str | None = None) -> None:
        """He reviews the proof of installation of an order."""
        self.cloud.salesforce.set_review(order_number, status, reason)

    def restart_machine(self) -> None:
        """Every execution of the state machine that runs is ended, as no fault of its own."""
        self.cloud.states.restart()

    def change_row(self, sobject: str, row_id: str, **values: Any) -> None:
        """He writes over fields of a row, of which no event tells."""
        with self.cloud.salesforce.working():
            self.cloud.salesforce.org.change(sobject, row_id, **values)

    def upload(self, form: dict[str, Any], content: bytes) -> int:
        """A browser sends a file by a form; the status."""
        return self.cloud.files.upload(form, content)

    def block_card(self, card_number: str, *, blocked: bool) -> None:
        """The clerk in be.ENERGISED blocks a card, or lets it go again."""
        cards = self.cloud.energised.backend.cards()
        (card_id,) = [c["id"] for c in cards if c["number"] == card_number]
        self.cloud.energised.change_card(card_id, blocked=blocked)

    def make_contact(self, contact: dict[str, Any]) -> None:
        """The clerk in be.ENERGISED makes a contact by hand."""
        self.cloud.energised.put_contact(Contact(**contact))

    def label_card(self, card_number: str, label: str) -> None:
        """The clerk in be.ENERGISED labels a card."""
        cards = self.cloud.energised.backend.cards()
        (card_id,) = [c["id"] for c in cards if c["number"] == card_number]
        self.cloud.energised.change_card(card_id, label=label)

    def searches(self) -> bool:
        """Whether the systems can be searched by our references."""
        return self.cloud.mode != "none"

    def enter_row(self, system: str, name: str, **fields: Any) -> None:
        """The clerk in SAP or Salesforce enters a row of a set or object by hand."""
        if system == "sap":
            assert self.cloud.sap
            self.cloud.sap.enter(name, **fields)
            return
        with self.cloud.salesforce.working():
            org = self.cloud.salesforce.org
            org.insert(org.object(name), fields)

    def remove_stations(self) -> None:
        """The clerk in be.ENERGISED deletes every charging station."""
        with self.cloud.energised.working():
            self.cloud.energised.backend.stations.clear()

    def enter_station(self, serial_number: str) -> None:
        """He enters the charging station of a wallbox, if there is none."""
        there = self.cloud.energised.backend.stations.all()
        if all(s["attributes"]["chargeBoxIdentity"] != serial_number for s in there):
            self.cloud.energised.put_station(Station(f"of-{serial_number}", serial_number))

    def set_down(self, system: str, *, down: bool) -> None:
        """An outside system is out of reach, or there again."""
        getattr(self.cloud, system).is_down = down

    def set_refusing(self, what: str, *, refusing: bool) -> None:
        """An outside system refuses changes, as `REFUSING` names them, or takes them again."""
        simulator = getattr(self.cloud, what.partition(" ")[0])
        simulator.faults.clear()
        if refusing:
            simulator.add_fault(fault_of({"kind": "status", "count": None, **REFUSING[what]}))

    def enter_order(self, reference: str, quantity: int) -> None:
        """The clerk in Salesforce enters an order of the first company by hand, if he may."""
        with suppress(ClerkError):  # the reference may be unique
            self.cloud.salesforce.enter_order(reference, NORDWIND.account_id, quantity)

    def delete_order(self, record_id: str) -> None:
        """He deletes one."""
        self.cloud.salesforce.delete_order(record_id)

    def publish(self, kind: str, payload: dict[str, Any]) -> str:
        """Salesforce says something that it never should; the id of the event."""
        with self.cloud.salesforce.working():
            envelope = self.cloud.salesforce.events.emit(kind, payload)
        return str(envelope["detail"]["id"])


def _in_sap(sap: SapSimulator) -> tuple[list[Any], list[Any]]:
    rows = sap.state()["rows"]
    return rows["A_BusinessPartner"], rows["Contracts"]


@dataclass(frozen=True)
class Played:
    """What a run came to: what is wrong, the faults that happened, and every effect in order."""

    found: list[str]
    happened: dict[str, Fault]
    trace: list[str]


def play_setup(setup: Setup, seed: int, only: Collection[str] | None = None) -> Played:
    """One run, as its setup and seed say. With `only`, no other faults than these happen."""
    trouble = TROUBLES[setup.trouble](seed)
    if isinstance(trouble, Chance):
        trouble.only = only
    limit = HOUR if setup.trouble == "sleepers" else None
    scenario = SCENARIOS[setup.scenario]
    with _tier(setup)(setup.mode, limit, scenario.tenant) as cloud:
        found = play(cloud, scenario, trouble, seed=seed)
    happened = trouble.happened if isinstance(trouble, Chance) else {}
    return Played(found, happened, cloud.layer.trace)


@contextmanager
def silence() -> Iterator[None]:
    """Nothing is logged: what goes wrong on purpose is not news, and takes time to write."""
    logging.disable()
    try:
        yield
    finally:
        logging.disable(logging.NOTSET)


@contextmanager
def _memory(mode: Mode, limit: float | None, tenant: Tenant) -> Iterator[Cloud]:
    yield Cloud(mode=mode, time_limit=limit, tenant=tenant)


def _tier(setup: Setup) -> Callable[[Mode, float | None, Tenant], AbstractContextManager[Cloud]]:
    if setup.tier == "memory":
        return _memory
    from tests.faults.moto_tier import moto_cloud  # noqa: PLC0415  (boto3 takes long to import)

    return moto_cloud


TROUBLES: Mapping[str, Callable[[int], Trouble]] = {
    "calm": lambda _seed: Calm(),
    "chance": Chance,
    "crowd": lambda _seed: Crowd(),
    "storm": Storm,
    "sleepers": Sleepers,
}


def play(
    cloud: Cloud, scenario: Scenario, trouble: Trouble, *, seed: int = 0, redeliver: bool = False
) -> list[str]:
    """Play a scenario, let everything settle, and judge. What is wrong, as sentences.

    With `redeliver` every message of the run comes once more at the end.
    """
    return judge(played(cloud, scenario, trouble, seed=seed, redeliver=redeliver))


def played(
    cloud: Cloud, scenario: Scenario, trouble: Trouble, *, seed: int = 0, redeliver: bool = False
) -> Evidence:
    """Play a scenario, and let everything settle: what it is to be judged by."""
    stage = VirtualStage(cloud, seed)
    let(stage, scenario.before)
    cloud.layer.start(trouble)
    let(stage, scenario.lines)
    may_park = cloud.mode == "none" and not trouble.peaceful and not scenario.after
    return concluded(stage, scenario.after, may_park=may_park, redeliver=redeliver)


def concluded(
    stage: VirtualStage, after: Iterable[Line] = (), *, may_park: bool, redeliver: bool = False
) -> Evidence:
    """Let `after` play, and everything settle in peace: what the run is to be judged by."""
    cloud = stage.cloud
    cloud.layer.start(Calm())
    let(stage, after)
    let(stage, [_synchronise])
    if redeliver:
        cloud.redeliver()
        let(stage, [_synchronise])
    inbound = _of_erp(stage) if cloud.tenant.erp else None
    portal = Portal()
    let(stage, [lambda s: look(s, portal)])
    return Evidence(
        history=stage.history,
        held=stage.held(),
        portal=portal,
        may_park=may_park,
        dead=cloud.dead,
        inbound=inbound,
        activations=cloud.refunds.activations,
    )


LOST = frozenset({"TIMEOUT", "MAPPING_EXPRESSION_FAILED"})
"""What lines are told to be for which the child process did not live."""


def _of_erp(stage: VirtualStage) -> Inbound:
    """What stands of an ERP's events, after an operator has sent back all that was parked, and had
    a file loaded again of which lines were lost with the child process.

    He does so three times, one right after the other, which may not lose what fails again. As
    often, as an event may want what another brings, which wants what a third one brings.
    """
    queue = stage.cloud.ordered[QUEUE]
    parked = []
    for _ in range(3):
        parked += queue.redrive()
        stage.cloud.ordered[LOADS_QUEUE].redrive()
        let(stage, ())
    good = {
        str(o.body.get("event_id"))
        for o in stage.history.of("event")
        if not o.wants["said"].poisoned
    }
    bad = [line for load in loads_of(stage.cloud) for line in load["bad_lines"]]
    if any(line["code"] in LOST and line["event_id"] in good for line in bad):
        let(stage, [load_again])
    return look_inbound(stage.cloud, stage.history, [*parked, *queue.dead])


def let(stage: VirtualStage, lines: Iterable[Line], most: float = LONGEST) -> None:
    """Let people do this, and all that follows from it happen, within `most` seconds."""
    for line in lines:
        stage.cloud.engine.start(guarded(line, stage))
    if not stage.cloud.engine.run(most):
        stage.history.broken.append("it never ends")


def guarded(line: Line, stage: Stage) -> Callable[[], None]:
    """A line that never raises: what breaks it is written into the history."""

    def run() -> None:
        try:
            line(stage)
        except Exception as error:  # noqa: BLE001  (what breaks a client is a finding)
            stage.history.broken.append(f"a client broke: {type(error).__name__} {error}")

    return run


def _synchronise(stage: Stage) -> None:
    idle = 0
    for _ in range(4):
        did = Client(stage, OPERATOR).ask("POST", SYNC).json
        stage.rest(10 * 60)
        worked = any(did[work] for work in ("orders", "followed", "postponed", "reasons"))
        idle = 0 if worked else idle + 1
        if idle == 2:  # a walk may have begun in the midst of the list: the next sees the rest
            return


def look(stage: Stage, portal: Portal) -> None:
    """See what the portal shows at the end."""
    new = (NEW_MANAGER,) if stage.history.of("driver") else ()
    managers = {user: Client(stage, user) for user in (MANAGER, OTHER_MANAGER, *new)}
    for user, client in managers.items():
        portal.orders[user] = {o["id"]: o for o in client.everything(ORDERS, "orders")}
    for user in (MANAGER, *new):
        cards = managers[user].everything(CARDS, "cards")
        portal.cards.update({c["id"]: c for c in cards})
    if new:
        agent = Client(stage, AGENT)
        portal.people = {
            asked.body["id"]: agent.ask("GET", f"{PEOPLE_AT[asked.kind]}/{asked.body['id']}").json
            for asked in stage.history.operations
            if asked.kind in PEOPLE_AT and asked.outcome == "ok"
        }
    for user in {asked.user for asked in stage.history.of("wallbox order")}:
        client = Client(stage, user)
        ids = [o["id"] for o in client.everything(WALLBOX_ORDERS, "orders")]
        shown = {i: client.ask("GET", f"{WALLBOX_ORDERS}/{i}").json for i in ids}
        portal.wallbox_orders[user] = shown
        portal.wallboxes[user] = client.ask("GET", MY_WALLBOX).json["wallboxes"]
    tasks = Client(stage, OPERATOR).everything(TASKS, "tasks")
    portal.tasks.update({t["id"]: t for t in tasks})
    portal.trail = Client(stage, OPERATOR).ask("POST", VERIFY).json
    portal.entries = Client(stage, OPERATOR).everything(AUDIT, "entries")
    left = {asked.subject for asked in stage.history.of("leaver")}
    drivers = (*DRIVERS, *((NEW_DRIVER,) if new else ()))
    for user in (u for u in drivers if u not in left):
        own = Client(stage, user).ask("GET", "/v1/my/charge-cards").json["cards"]
        portal.own[user] = own
