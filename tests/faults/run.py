"""One run of a scenario in virtual time, and what is wrong after it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from infra.local.people import PEOPLE
from tests.doubles.world import Reply
from tests.faults.checker import Checker, Portal
from tests.faults.cloud import HOUR, Cloud
from tests.faults.history import History
from tests.faults.scenarios import Line, Scenario
from tests.faults.stage import CARDS, ORDERS, SYNC, TASKS, Client, Held, Stage
from tests.faults.trouble import Calm

LONGEST = 400 * HOUR
"""Virtual time in which everything has to come to an end."""


@dataclass
class VirtualStage:
    """A `Stage` over a `Cloud`."""

    cloud: Cloud
    history: History = field(default_factory=History)

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
        past = {held[-1][1]["id"]: [card for _, card in held] for held in self._dumped()}
        return Held(rows, {c["id"]: c for c in self.cloud.energised.backend.cards()}, past)

    def _dumped(self) -> list[Any]:
        cards: list[Any] = self.cloud.energised.dump()["cards"]
        return cards

    def assign_cards(self, order_number: str) -> None:
        """The clerk in Salesforce assigns blank cards."""
        self.cloud.salesforce.assign_cards(order_number)

    def set_status(self, order_number: str, status: str, **delivery: Any) -> None:
        """The clerk in Salesforce sets the status of an order."""
        self.cloud.salesforce.set_order_status(order_number, status, **delivery)


def play(cloud: Cloud, scenario: Scenario, *, redeliver: bool = False) -> list[str]:
    """Play a scenario to its end, let everything settle, and judge. What is wrong, as sentences."""
    stage = VirtualStage(cloud)
    _let(stage, scenario.lines)
    cloud.layer.trouble = cloud.trouble = Calm()
    for _ in range(2):
        _let(stage, [_synchronise])
    if redeliver:
        cloud.redeliver()
        _let(stage, [_synchronise])
    answers: list[Portal] = []
    _let(stage, [lambda s: answers.append(portal_of(s))])
    return Checker(stage.history, stage.held(), answers[0], cloud.mode, dead=cloud.dead).judge()


def _let(stage: VirtualStage, lines: Any) -> None:
    for line in lines:
        stage.cloud.engine.start(_guarded(line, stage))
    if not stage.cloud.engine.run(LONGEST):
        stage.history.broken.append("it never ends")


def _guarded(line: Line, stage: VirtualStage) -> Callable[[], None]:
    def run() -> None:
        try:
            line(stage)
        except (TimeoutError, AssertionError, LookupError) as error:
            stage.history.broken.append(f"a client broke: {type(error).__name__} {error}")

    return run


def _synchronise(stage: Stage) -> None:
    Client(stage, "operator").ask("POST", SYNC)
    stage.rest(10 * 60)


def portal_of(stage: Stage) -> Portal:
    """What the portal shows at the end."""
    manager, operator = Client(stage, "fleet-manager"), Client(stage, "operator")
    orders = manager.ask("GET", f"{ORDERS}?limit=100").json["orders"]
    cards = manager.ask("GET", f"{CARDS}?limit=100").json["cards"]
    tasks = operator.ask("GET", f"{TASKS}?limit=100").json["tasks"]
    own = {
        user: Client(stage, user).ask("GET", "/v1/my/charge-cards").json["cards"]
        for user in ("driver", "second-driver")
    }
    assert set(own) <= set(PEOPLE)
    return Portal(
        {o["id"]: o for o in orders}, {c["id"]: c for c in cards}, {t["id"]: t for t in tasks}, own
    )
