"""An ERP's events of a full customer, from the door to the entities, over HTTP.

She comes once in order and changes; she comes again, and nothing does; her neighbour comes in
reverse, and looks alike. What an event did is checked by the read API, entity by entity.
"""

from __future__ import annotations

from busbar.domain.integrations import integration_id
from infra.demo.entity_graph import Graph, entity, graph_from
from infra.demo.erp import CLERK, Erp, Sent, in_words, table
from infra.demo.household import READINGS, Household, Json
from infra.demo.mending_story import mend, parked
from infra.demo.stage import Stage, check

WHOLE = {
    "contact": 2,
    "portal_user": 1,
    "billing_account": 1,
    "contract": 2,
    "meter": 2,
    "meter_counter": 3,
    "readings": 36,
}
"""What a full customer comes to: the second contact is the profile of her login."""
CHANGES = {
    "new_email": {"ENTITY_UPDATED": 1},
    "new_meter": {"ENTITY_CREATED": 2},
    "old_meter_removed": {"ENTITY_UPDATED": 1},
    "contract_with_new_meter": {"ENTITY_UPDATED": 1},
    "reading_corrected": {"METER_READING_UPSERTED": 1},
    "late_and_overtaken": {"STALE_EVENT": 1},
    "gas_terminated": {"ENTITY_UPDATED": 1},
}
"""Each change -> the outcomes that it has to come to."""
REFUSED = {
    "no JSON": "MALFORMED_PAYLOAD",
    "no such use case": "EVENT_NOT_CONFIGURED",
    "good": "ENTITY_UPDATED",
    "no time": "INVALID_TIMESTAMP",
}
"""What is wrong with an event -> its outcome."""
NOTHING_NEW = {"ENTITY_NO_OP", "STALE_EVENT", "METER_READING_UPSERTED"}
"""What a repeat comes to; the readings are counted as unchanged."""


def graph_of(stage: Stage, home: Household) -> Graph:
    """All that is known of the customer."""
    return graph_from(stage, "contact", f"customer_number:{home.customer}")


def integration(stage: Stage) -> str:
    """The id of the integration that comes with the product."""
    path = f"/v1/integrations/{integration_id('demo', 'erp')}"
    ours = stage.portal("GET", path, CLERK).json()
    stage.tell("Busbar", f"integration {ours['name']!r}, system {ours['system']}", ours["id"])
    return str(ours["id"])


def feed(stage: Stage, erp: Erp, home: Household) -> Sent:
    """Eleven events in one request become a customer with all that she has."""
    events = home.events("full_customer")
    sent = erp.send("full", events.values())
    stage.tell("ERP", f"{len(events)} events in one request, all of one group", sent.correlation_id)
    for number, (name, result) in enumerate(zip(events, sent.results, strict=True)):
        check(result["status"] == "success", f"{name} was not taken: {result}")
        stage.tell("Busbar", f"{name}: {in_words(sent.rows_of(number))}", result["event_id"])
    graph = graph_of(stage, home)
    check(graph.counts() == WHOLE, f"she came to {graph.counts()}")
    stubs = [one["_id"] for one in graph.entities.values() if one.get("_stub")]
    check(not stubs, f"of {stubs} nothing but the number is known")
    said = f"{len(graph.entities)} entities, {graph.counts()['readings']} readings"
    stage.tell("read API", f"her graph: {said}", graph.known_as(home.customer)["_id"])
    return sent


def repeat(stage: Stage, erp: Erp, home: Household) -> None:
    """The same events again, as they came, in reverse, and by their ids: no version moves."""
    events = list(home.events("full_customer").values())
    before = graph_of(stage, home).versions()
    same = erp.send("same", events, waits=False)
    stage.tell("ERP", "the same request once more: taken, dropped by the queue", same.ids[0])
    named = [{**one, "deduplication_id": f"{erp.run}-{n}"} for n, one in enumerate(events)]
    again = erp.send("again", reversed(named))
    codes = again.codes()
    check(set(codes) <= NOTHING_NEW, f"repeats came to {dict(codes)}")
    told = [in_words(rows) for rows in again.rows.values()]
    check(told.count("wrote 0 readings") == 2, f"repeats came to {told}")
    stage.tell("ERP", "and in reverse, each with a deduplication id", again.ids[0])
    counted = ", ".join(f"{count} {code}" for code, count in sorted(codes.items()))
    stage.tell("Busbar", counted, again.correlation_id)
    skipped = erp.send("skipped", named, waits=False)
    check({one["status"] for one in skipped.results} == {"skipped"}, "a repeat was not skipped")
    stage.tell(
        "ERP", "and with the same deduplication ids: all of them are skipped", skipped.ids[0]
    )
    check(not erp.rows(same.correlation_id), "the queue has not dropped what it knew")
    check(graph_of(stage, home).versions() == before, "a repeat has moved a version")
    count = f"{len(before['entities'])} entities and {WHOLE['readings']} readings"
    stage.tell("read API", f"{count} are what they were, to the version")


def reorder(stage: Stage, erp: Erp, home: Household) -> None:
    """A neighbour's events come in reverse, readings last: she looks like the customer."""
    neighbour = Household()
    events = list(reversed(neighbour.events("full_customer").values()))
    events.sort(key=lambda event: event["use_case_slug"] == READINGS)
    sent = erp.send("neighbour", events)
    stage.tell("ERP", "a neighbour's events, in reverse", sent.correlation_id)
    hers, theirs = graph_of(stage, home), graph_of(stage, neighbour)
    check(theirs.counts() == WHOLE, f"the neighbour came to {theirs.counts()}")
    alike = home.as_sampled(hers.plain()) == neighbour.as_sampled(theirs.plain())
    check(alike, "in reverse it came to something else")
    contact = theirs.known_as(neighbour.customer)
    stage.tell("read API", "but for the numbers she is the same, to the value", contact["_id"])


def change(stage: Stage, erp: Erp, home: Household) -> None:
    """She gets a new address, a new meter, and leaves her gas; one event comes late."""
    before = graph_of(stage, home)
    for name, event in home.events("changes").items():
        sent = erp.send_one(name, event)
        check(dict(sent.codes()) == CHANGES[name], f"{name} came to {dict(sent.codes())}")
        after = graph_of(stage, home)
        if name == "late_and_overtaken":
            check(after.versions() == before.versions(), "a late event has changed something")
        moved = f"{in_words(sent.rows_of(0))}{_moved(before, after)}"
        stage.tell("Busbar", f"{name}: {moved}", sent.ids[0])
        before = after
    _look(before, home)


def _moved(before: Graph, after: Graph) -> str:
    """Which entities that were there have another version: ` (contact v1 -> v2)`."""
    moved = [
        f"v{one['_version']} -> v{after.entities[i]['_version']}"
        for i, one in before.entities.items()
        if after.entities[i]["_version"] != one["_version"]
    ]
    return f", {', '.join(moved)}" if moved else ""


def _look(graph: Graph, home: Household) -> None:
    """Every change is there, and nothing else of what it touched."""
    contact = graph.known_as(home.customer)
    check(contact["email"] == [{"email": "jana@example.com"}], "she has another address")
    check(contact["last_name"] == "Petersen", "the late event gave her another name")
    new, old = graph.known_as(home.meter_new), graph.known_as(home.meter_power)
    check((new["status"], old["status"]) == ("active", "decommissioned"), "the meters stand still")
    power, gas = graph.known_as(home.contract_power), graph.known_as(home.contract_gas)
    meters = {target for source, name, target in graph.edges if (source, name) == _meters(power)}
    check(meters == {new["_id"]}, "the contract of power has other meters")
    check((gas["status"], gas["end_date"]) == ("terminated", "2026-06-30"), "gas goes on")
    check(graph.counts()["readings"] == WHOLE["readings"], "the correction is one reading more")
    (counter,) = (i for i, one in graph.entities.items() if name_is(one, f"{home.meter_gas}-001"))
    december = max(graph.readings[counter], key=lambda one: str(one["timestamp"]))
    said = (december["value"], december["remark"])
    check(said == (2551.3, "Zahlendreher"), f"the reading was not corrected: {said}")


def _meters(contract: Json) -> tuple[str, str]:
    return contract["_id"], "meters"


def name_is(one: Json, external_id: str) -> bool:
    """Whether that is the counter of this number."""
    return bool(one["_schema"] == "meter_counter" and one.get("external_id") == external_id)


def lineage(stage: Stage, home: Household, fed: Sent) -> None:
    """Each attribute knows the event that said it last."""
    contact = entity(stage, "contact", f"customer_number:{home.customer}") or {}
    for name in ("last_name", "email"):
        by = contact["_lineage"][name]
        what = f"{name} is said by {by['system']}, {by['use_case']}, of {by['event_time'][:10]}"
        stage.tell("lineage", what, by["event_id"])
    by = contact["_lineage"]
    check(by["last_name"]["event_id"] == fed.ids[0], "the name is by another event")
    check(by["email"]["event_time"].startswith("2026-02-02T09:00:00"), "so is the address")
    path = f"/v1/entities/contact/{contact['_id']}/history"
    newest = stage.portal("GET", path, CLERK).json()["changes"][0]
    (was,) = (side["email"] for side in newest["attributes"]["email"]["before"])
    (now,) = (side["email"] for side in newest["attributes"]["email"]["after"])
    stage.tell("history", f"version {newest['version']}: {was} -> {now}", contact["_id"])


def refuse(stage: Stage, erp: Erp, home: Household) -> None:
    """Three events that cannot be, and a good one among them: each is answered for itself.

    The door looks at what is around a payload; one that cannot be read is parked by the worker.
    """
    good = home.event("customer", "2026-03-05T08:00:00Z", AccountID=home.customer)
    good["payload"]["AcademicTitle"] = "Prof. Dr."
    events = {
        "no JSON": {**good, "payload": '{"AccountID": '},
        "no such use case": {**good, "use_case_slug": "weather"},
        "good": good,
        "no time": {**good, "timestamp": "yesterday"},
    }
    sent = erp.send("refused", events.values())
    told = [one["status"] for one in sent.results]
    check(told == ["success", "ignored", "success", "error"], f"they were answered {told}")
    for number, (name, result) in enumerate(zip(events, sent.results, strict=True)):
        codes = ", ".join(row["code"] for row in sent.rows_of(number))
        check(codes == REFUSED[name], f"{name} came to {codes}")
        stage.tell("ERP", f"{name}: {result['status']}, {codes}", result["event_id"])
    parked(stage, sent.ids[0], REFUSED["no JSON"])
    title = graph_of(stage, home).known_as(home.customer)["title"]
    check(title == "Prof. Dr.", "the good one among them was not applied")


def tell(stage: Stage) -> None:
    """The whole story. Raises `DemoFailed` if an entity is not what it should be."""
    home = Household()
    erp = Erp(stage, integration(stage), f"demo-{home.numbers}")
    fed = feed(stage, erp, home)
    repeat(stage, erp, home)
    reorder(stage, erp, home)
    change(stage, erp, home)
    lineage(stage, home, fed)
    refuse(stage, erp, home)
    mended = mend(stage, home)
    graph = graph_of(stage, home)
    print("\n" + "\n".join(graph.tree(graph.known_as(home.customer)["_id"])))
    table([*erp.all_rows(), *mended.all_rows()])
