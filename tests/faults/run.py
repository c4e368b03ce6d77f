"""One run of a scenario in virtual time, and what is wrong after it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.world import Reply
from tests.faults.checker import Checker, Portal
from tests.faults.cloud import HOUR, Cloud
from tests.faults.draws import draw
from tests.faults.history import History
from tests.faults.scenarios import (
    MANAGER,
    OPERATOR,
    OTHER_MANAGER,
    SCENARIOS,
    Line,
    Scenario,
)
from tests.faults.setups import Setup
from tests.faults.stage import CARDS, ORDERS, SYNC, TASKS, Client, Held, Stage
from tests.faults.trouble import Calm, Chance, Crowd, Fault, Sleepers, Trouble

LONGEST = 400 * HOUR
"""Virtual time in which everything has to come to an end."""
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
        return Held(rows, {c["id"]: c for c in self.cloud.energised.backend.cards()}, past)

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

    def block_card(self, card_number: str, *, blocked: bool) -> None:
        """The clerk in be.ENERGISED blocks a card, or lets it go again."""
        cards = self.cloud.energised.backend.cards()
        (card_id,) = [c["id"] for c in cards if c["number"] == card_number]
        self.cloud.energised.change_card(card_id, blocked=blocked)

    def set_down(self, system: str, *, down: bool) -> None:
        """An outside system is out of reach, or there again."""
        getattr(self.cloud, system).is_down = down

    def publish(self, kind: str, payload: dict[str, Any]) -> str:
        """Salesforce says something that it never should; the id of the event."""
        with self.cloud.salesforce.working():
            envelope = self.cloud.salesforce.events.emit(kind, payload)
        return str(envelope["detail"]["id"])


@dataclass(frozen=True)
class Played:
    """What a run came to: what is wrong, and the faults that happened in it."""

    found: list[str]
    happened: dict[str, Fault]


NO_LIMIT = HOUR


def play_setup(setup: Setup, seed: int, only: Collection[str] | None = None) -> Played:
    """One run, as its setup and seed say. With `only`, no other faults than these happen."""
    trouble = TROUBLES[setup.trouble](seed)
    if isinstance(trouble, Chance):
        trouble.only = only
    limit = NO_LIMIT if setup.trouble == "sleepers" else None
    cloud = Cloud(mode=setup.mode, time_limit=limit)
    found = play(cloud, SCENARIOS[setup.scenario], trouble, seed=seed)
    return Played(found, trouble.happened if isinstance(trouble, Chance) else {})


TROUBLES: Mapping[str, Callable[[int], Trouble]] = {
    "calm": lambda _seed: Calm(),
    "chance": Chance,
    "crowd": lambda _seed: Crowd(),
    "sleepers": Sleepers,
}


def play(
    cloud: Cloud, scenario: Scenario, trouble: Trouble, *, seed: int = 0, redeliver: bool = False
) -> list[str]:
    """Play a scenario, let everything settle, and judge. What is wrong, as sentences.

    With `redeliver` every message of the run comes once more at the end.
    """
    stage = VirtualStage(cloud, seed)
    _let(stage, scenario.before)
    cloud.layer.start(trouble)
    _let(stage, scenario.lines)
    cloud.layer.start(Calm())
    for _ in range(2):
        _let(stage, [_synchronise])
    if redeliver:
        cloud.redeliver()
        _let(stage, [_synchronise])
    answers: list[Portal] = []
    _let(stage, [lambda s: answers.append(portal_of(s))])
    if not answers:
        return [*stage.history.broken, "the portal does not answer any more"]
    return Checker(
        history=stage.history,
        held=stage.held(),
        portal=answers[0],
        may_park=cloud.mode == "none" and not trouble.peaceful,
        dead=cloud.dead,
    ).judge()


def _let(stage: VirtualStage, lines: Iterable[Line]) -> None:
    for line in lines:
        stage.cloud.engine.start(_guarded(line, stage))
    if not stage.cloud.engine.run(LONGEST):
        stage.history.broken.append("it never ends")


def _guarded(line: Line, stage: VirtualStage) -> Callable[[], None]:
    def run() -> None:
        try:
            line(stage)
        except Exception as error:  # noqa: BLE001  (what breaks a client is a finding)
            stage.history.broken.append(f"a client broke: {type(error).__name__} {error}")

    return run


def _synchronise(stage: Stage) -> None:
    Client(stage, OPERATOR).ask("POST", SYNC)
    stage.rest(10 * 60)


def portal_of(stage: Stage) -> Portal:
    """What the portal shows at the end."""
    managers = {user: Client(stage, user) for user in (MANAGER, OTHER_MANAGER)}
    orders = {
        user: client.ask("GET", f"{ORDERS}?limit=100").json["orders"]
        for user, client in managers.items()
    }
    cards = managers[MANAGER].ask("GET", f"{CARDS}?limit=100").json["cards"]
    tasks = Client(stage, OPERATOR).ask("GET", f"{TASKS}?limit=100").json["tasks"]
    own = {
        user: Client(stage, user).ask("GET", "/v1/my/charge-cards").json["cards"]
        for user in ("driver", "second-driver")
    }
    return Portal(
        {user: {o["id"]: o for o in mine} for user, mine in orders.items()},
        {c["id"]: c for c in cards},
        {t["id"]: t for t in tasks},
        own,
    )
