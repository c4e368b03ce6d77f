"""One run of a scenario in virtual time, and what is wrong after it."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Any

from tests.doubles.world import Reply
from tests.faults.checker import Checker, Portal
from tests.faults.cloud import HOUR, Cloud
from tests.faults.draws import draw
from tests.faults.history import History
from tests.faults.scenarios import MANAGER, OPERATOR, OTHER_MANAGER, Line, Scenario
from tests.faults.stage import CARDS, ORDERS, SYNC, TASKS, Client, Held, Stage
from tests.faults.trouble import Calm, Trouble

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


def play(
    cloud: Cloud, scenario: Scenario, trouble: Trouble, *, seed: int = 0, redeliver: bool = False
) -> list[str]:
    """Play a scenario, let everything settle, and judge. What is wrong, as sentences.

    With `redeliver` every message of the run comes once more at the end.
    """
    stage = VirtualStage(cloud, seed)
    checker = ending(stage, scenario, trouble, redeliver=redeliver)
    if checker is None:
        return [*stage.history.broken, "the portal does not answer any more"]
    return checker.judge()


def ending(
    stage: VirtualStage, scenario: Scenario, trouble: Trouble, *, redeliver: bool = False
) -> Checker | None:
    """Play a scenario: all that there is to be judged; None if the portal does not answer."""
    cloud = stage.cloud
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
        return None
    return Checker(
        history=stage.history,
        held=stage.held(),
        portal=answers[0],
        may_park=cloud.mode == "none" and not trouble.peaceful,
        dead=cloud.dead,
    )


def _let(stage: VirtualStage, lines: Iterable[Line]) -> None:
    for line in lines:
        stage.cloud.engine.start(guarded(line, stage))
    if not stage.cloud.engine.run(LONGEST):
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
    Client(stage, OPERATOR).ask("POST", SYNC)
    stage.rest(10 * 60)


def portal_of(stage: Stage) -> Portal:
    """What the portal shows at the end."""
    managers = {user: Client(stage, user) for user in (MANAGER, OTHER_MANAGER)}
    orders = {user: client.everything(ORDERS, "orders") for user, client in managers.items()}
    cards = managers[MANAGER].everything(CARDS, "cards")
    tasks = Client(stage, OPERATOR).everything(TASKS, "tasks")
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
