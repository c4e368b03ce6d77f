"""A mapping that fails at one event of three: it is parked, the mapping is mended, it is finished.

The second system is one that calibrates meters, with an integration of its own; that is removed at
the end. What it said of the meters stays, beside what the ERP says.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from infra.demo.entity_graph import entity
from infra.demo.erp import CLERK, Erp, Sent, in_words
from infra.demo.household import Household, Json
from infra.demo.stage import Stage, check
from infra.redrive import DeadLetters, dead_letters_of
from infra.redrive import Message as DeadLetter

SYSTEM, SLUG = "calibration", "calibrated"
FAILED = "MAPPING_EXPRESSION_FAILED"
DATE = "$replace({}, /^([0-9]{{4}})([0-9]{{2}})([0-9]{{2}})$/, '$1-$2-$3')"
WRONG, RIGHT = DATE.format("CalibratedOn"), DATE.format("$string(CalibratedOn)")
"""A date as `20260305`: as a text, and as a number too."""
MOST_PARKED = 100


def mapping(date: str) -> Json:
    """What a calibration says of a meter, its date by an expression."""
    fields = [
        {"attribute": "meter_number", "field": "Meter"},
        {"attribute": "calibration_date", "jsonataExpression": date},
    ]
    entity = {"entity_schema": "meter", "unique_ids": ["meter_number"], "fields": fields}
    return {"entities": [entity]}


def mend(stage: Stage, home: Household) -> Erp:
    """All of it; the integration, which is removed, as somebody who has its outcomes."""
    with _calibration(stage, f"demo-{home.numbers}") as (calibration, case_id):
        sent = _send(stage, calibration, home)
        (failed,) = sent.rows_of(1)
        letters = parked(stage, failed["event_id"], FAILED)
        _save(stage, calibration, case_id, home)
        rows = calibration.replay(failed["event_id"])
        stage.tell("ERP", f"the event is replayed: {in_words(rows)}", rows[0]["event_id"])
        meter = _calibrated(stage, home, rows[0]["event_id"])
        _send_back(stage, calibration, letters, failed["event_id"])
        after = _calibrated(stage, home, rows[0]["event_id"], say=False)
        check(after["_version"] == meter["_version"], "what was parked has moved a version")
        calibration.remember()
    return calibration


@contextmanager
def _calibration(stage: Stage, run: str) -> Iterator[tuple[Erp, str]]:
    """The second integration with its wrong mapping, and the id of its use case."""
    case = {"name": SLUG, "slug": SLUG, "type": "inbound", "enabled": True}
    cases = [{**case, "configuration": mapping(WRONG)}]
    body = {"name": f"Calibration {run}", "system": SYSTEM, "use_cases": cases}
    made = stage.portal("POST", "/v2/integrations", CLERK, json=body).json()
    stage.tell("Busbar", f"a second integration, put by the API: {made['name']}", made["id"])
    try:
        yield Erp(stage, made["id"], run), made["use_cases"][0]["id"]
    finally:
        stage.portal("DELETE", f"/v1/integrations/{made['id']}", CLERK)
        stage.tell("Busbar", "the second integration is removed; what it said stays", made["id"])


def _send(stage: Stage, calibration: Erp, home: Household) -> Sent:
    """Three calibrations; the date of the second comes as a number."""
    dates = {home.meter_new: "20260305", home.meter_gas: 20260306, home.meter_power: "20260307"}
    events = [
        home.event(SLUG, f"2026-03-10T08:00:0{n}Z", Meter=meter, CalibratedOn=date)
        for n, (meter, date) in enumerate(dates.items())
    ]
    sent = calibration.send("calibrated", events)
    codes = [[row["code"] for row in sent.rows_of(n)] for n in range(3)]
    check(codes == [["ENTITY_UPDATED"], [FAILED], ["ENTITY_UPDATED"]], f"they came to {codes}")
    for number, (meter, result) in enumerate(zip(dates, sent.results, strict=True)):
        said = in_words(sent.rows_of(number))
        stage.tell("ERP", f"meter {meter} calibrated: {said}", result["event_id"])
    (row,) = calibration.find(level="error", correlation_id=sent.correlation_id)
    stage.tell("monitoring", row["message"], row["detail"]["path"])
    return sent


def parked(stage: Stage, event_id: str, reason: str) -> DeadLetters:
    """The event lies in the parked queue, by its reason and without what is in it."""
    letters = dead_letters_of("erp_apply", "local", stage.aws)["worker"]

    def look() -> DeadLetter | None:
        return next((m for m in letters.look(MOST_PARKED) if event_id in m.body), None)

    letter = stage.wait("the event in the parked queue", look)
    check(letter.reason == reason, f"it is parked for {letter.reason}")
    check("payload" not in letter.body, "the parked queue holds what is in the event")
    stage.tell("queue", f"parked for {reason}, without what is in it", event_id)
    return letters


def _save(stage: Stage, calibration: Erp, case_id: str, home: Household) -> None:
    """The mended mapping is tried out on the event, then saved."""
    payload = {"Meter": home.meter_gas, "CalibratedOn": 20260306}
    trial = {"event_configuration": mapping(RIGHT), "format": "json", "payload": payload}
    path = "/v2/erp/updates/mapping_simulation"
    query = {"explain": "true", "diff": "true", "integration_id": calibration.integration_id}
    told = stage.portal("POST", path, CLERK, json=trial, params=query).json()
    values = {one["attribute"]: one for one in told["explained"]}
    date = values["calibration_date"]
    check(date["value"] == "2026-03-06", f"the mended mapping makes {date['value']}")
    what = f"the mended mapping makes {date['value']} of {', '.join(date['reads'])}; it is saved"
    path = f"/v1/integrations/{calibration.integration_id}/use-cases/{case_id}"
    stage.portal("PUT", path, CLERK, json={"configuration": mapping(RIGHT)})
    stage.tell("simulation", what, case_id)


def _calibrated(stage: Stage, home: Household, event_id: str, *, say: bool = True) -> Json:
    """The meter with its date, which is the other system's, among what the ERP said."""
    meter = entity(stage, "meter", f"meter_number:{home.meter_gas}") or {}
    by = meter["_lineage"]
    check(meter["calibration_date"] == "2026-03-06", "the meter has another date")
    check(by["calibration_date"]["event_id"] == event_id, "the date is of another event")
    systems = {name: by[name]["system"] for name in ("calibration_date", "manufacturer")}
    check(list(systems.values()) == [SYSTEM, "sap"], f"the lineage is {systems}")
    if say:
        told = ", ".join(f"{name} by {system}" for name, system in systems.items())
        stage.tell("lineage", told, meter["_id"])
    return meter


def _send_back(stage: Stage, calibration: Erp, letters: DeadLetters, event_id: str) -> None:
    """What was parked goes back as well, and finds that it is done."""
    letters.send_back(MOST_PARKED, FAILED)

    def look() -> list[Json]:
        rows = calibration.find(event_id=event_id)
        return rows if len(rows) > 1 else []

    newest, *_ = stage.wait("what was parked", look)
    check(newest["code"] != FAILED, "what was parked has failed again")
    stage.tell("queue", f"what was parked is sent back: {in_words([newest])}", event_id)
