"""A wallbox that be.ENERGISED does not know yet when it is assigned to an order."""

from __future__ import annotations

from tests.faults.decisions import AGENT, decide
from tests.faults.refunds import DRIVER, REFUND, SOON, box_of, clerk, comes_through, owner
from tests.faults.scenarios import LOOK, WALLBOXES, Line, Scenario, synchronised
from tests.faults.stage import TASKS, Client, Stage


def no_stations() -> Line:
    """be.ENERGISED has not heard of any wallbox."""

    def line(stage: Stage) -> None:
        stage.remove_stations()

    return line


def mended(key: str, user: str = DRIVER) -> Line:
    """A clerk who finds a task about the order's wallbox, enters its station, and has it looked
    for again: at once, while no search may show it."""

    def line(stage: Stage) -> None:
        driver, agent = Client(stage, user), Client(stage, AGENT)
        asked = comes_through(stage, driver, key)
        if asked is None or not driver.until(lambda: box_of(driver, asked), every=SOON):
            return

        def joined() -> bool:
            box = box_of(driver, asked)
            for task in agent.everything(TASKS, "tasks"):
                if task["kind"] == "station_not_found" and task["subject"]["id"] == box["id"]:
                    stage.enter_station(box["serial_number"])
                    decide(stage, agent, task, "resume", {}, box["id"])
            return bool(box["joined"])

        driver.until(joined, every=LOOK / 10)

    return line


UNKNOWN_SERIAL = Scenario(
    "unknown serial number",
    (owner("one"), clerk("one"), mended("one"), synchronised(4)),
    before=(*REFUND.before, no_stations()),
    tenant=WALLBOXES,
)
"""Nothing is joined until a clerk has entered the station; from then on all goes its way."""
