"""/v1/audit: who decided what, and whether the trail is as it was written."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from busbar.domain.audit import HEAD, Actor, AuditEntry, AuditHead, entry_id
from busbar.errors import Conflict
from busbar.process.audit import Audit
from busbar.store import keys
from busbar.store.records import decode_body, encode_body
from infra.local.people import PEOPLE
from tests.doubles.world import ORG, World
from tests.functions.given import open_task, store, stored_item
from tests.functions.portal import answer, fields_at_fault, problem
from tests.functions.test_tasks import TASKS

AUDIT, VERIFY = "/v1/audit", "/v1/audit/verify"
WRITTEN = 5


def write(world: World, count: int, action: str = "any_action") -> None:
    """Entries, one after the other."""
    for number in range(count):
        world.clock.advance(1)
        audit = Audit(store(world), world.clock, "any-correlation")
        actor = Actor(id="any-actor", role="operator")
        details = {"number": str(number)}
        changes = audit.entry(actor, action, "any_schema", f"id-{number}", "any reason", details)
        store(world).commit(*changes)


@pytest.fixture
def trail(world: World) -> World:
    """A world with a trail of five entries."""
    write(world, WRITTEN)
    return world


def listed(world: World, query: str = "") -> Any:
    """A page of the trail."""
    return world.call("GET", f"{AUDIT}{query}", "operator").json


def verdict(world: World, body: Any = None) -> Any:
    """What verification says."""
    reply = world.call("POST", VERIFY, "operator", body)
    assert reply.status == 200, reply.text
    return reply.json


# --- list --------------------------------------------------------------------------------------


def test_list_should_show_who_decided_what_newest_first(trail: World, event: Any) -> None:
    page = answer(trail, "audit", event).json
    assert [entry["sequence"] for entry in page["entries"]] == [5, 4]
    assert page["entries"][0]["actor"] == "any-actor"
    rest = listed(trail, f"?cursor={page['next_cursor']}")
    assert [entry["sequence"] for entry in rest["entries"]] == [3, 2, 1]
    assert rest["next_cursor"] is None


def test_should_write_a_decision_into_the_trail(world: World) -> None:
    task = open_task(world, "event#any", kind="parked_event", subject_id="", subject_schema="")
    path = f"{TASKS}/{task.id}/cancel"
    body = {"reason": "Erledigt"}
    headers = {"Idempotency_Key": "any", "If_Match": "*", "x-correlation-id": "portal-0001"}
    assert world.call("POST", path, "service-agent", body, **headers).status == 200
    (entry,) = listed(world)["entries"]
    assert {k: v for k, v in entry.items() if k not in {"hash", "previous"}} == {
        "format": 1,
        "sequence": 1,
        "at": entry["at"],
        "actor": PEOPLE["service-agent"],
        "role": "service_agent",
        "action": "tasks_cancel",
        "subject_schema": "task",
        "subject_id": task.id,
        "reason": "Erledigt",
        "details": {"cause": "event#any", "kind": "parked_event"},
        "correlation_id": "portal-0001",
    }
    assert verdict(world)["intact"] is True


def test_should_list_nothing_where_nothing_was_decided(world: World) -> None:
    assert listed(world) == {"entries": [], "next_cursor": None}
    assert verdict(world)["intact"] is True


@pytest.mark.parametrize("cursor", ["x", "-1", "1.5", "9" * 13])
def test_should_refuse_a_cursor_that_is_none(trail: World, cursor: str) -> None:
    reply = trail.call("GET", f"{AUDIT}?cursor={cursor}", "operator")
    problem(reply, 400, "invalid-parameter")
    assert fields_at_fault(reply) == ["cursor"]


@pytest.mark.parametrize("user", ["fleet-manager", "driver", "machine", "service-agent"])
def test_should_show_the_trail_to_operators_only(trail: World, user: str) -> None:
    problem(trail.call("GET", AUDIT, user), 403, "forbidden")
    problem(trail.call("POST", VERIFY, user), 403, "forbidden")


# --- verify ------------------------------------------------------------------------------------


def test_verify_should_find_a_trail_as_it_was_written(trail: World, event: Any) -> None:
    found = answer(trail, "audit", event).json
    assert (found["intact"], found["first"], found["last"], found["next"]) == (True, 1, 5, None)
    assert found["head"]["sequence"] == WRITTEN


def entry(world: World, place: int) -> AuditEntry:
    """The entry at this place, as it lies in the table."""
    return decode_body(AuditEntry, stored_item(world, AuditEntry, entry_id(place))["body"])


def put(world: World, place: int, made: AuditEntry) -> None:
    """Somebody writes over what lies at this place, past the product."""
    stored_item(world, AuditEntry, entry_id(place))["body"] = encode_body(made)


def drop(world: World, place: int) -> None:
    """Somebody deletes it."""
    del world.table.items[keys.record(ORG, AuditEntry.schema_name, entry_id(place))]


def set_head(world: World, place: int) -> None:
    """Somebody sets the head back."""
    head = AuditHead(id=HEAD, sequence=place, hash=entry(world, place).hash)
    stored_item(world, AuditHead, HEAD)["body"] = encode_body(head)


def edit(world: World, **fields: Any) -> None:
    """Somebody edits the third entry."""
    put(world, 3, entry(world, 3).model_copy(update=fields))


def swap(world: World) -> None:
    """Somebody exchanges two entries."""
    third, fourth = entry(world, 3), entry(world, 4)
    put(world, 3, fourth)
    put(world, 4, third)


def swap_renumbered(world: World) -> None:
    """The same, and each is given the number of its new place and a hash that fits."""
    third, fourth = entry(world, 3), entry(world, 4)
    for place, made in ((3, fourth), (4, third)):
        moved = made.model_copy(update={"id": entry_id(place), "sequence": place})
        put(world, place, moved.sealed())


def insert(world: World) -> None:
    """Somebody puts an entry of his own in the third place and moves the others on."""
    mine = entry(world, 3).model_copy(update={"actor": "somebody-else"}).sealed()
    last = entry(world, 5)
    for place in (5, 4):
        moved = entry(world, place - 1).model_copy(
            update={"id": entry_id(place), "sequence": place}
        )
        put(world, place, moved.sealed())
    put(world, 3, mine)
    item = dict(stored_item(world, AuditEntry, entry_id(5)))
    key = keys.record(ORG, AuditEntry.schema_name, entry_id(6))
    moved = last.model_copy(update={"id": entry_id(6), "sequence": 6}).sealed()
    world.table.items[key] = {**item, "pk": key.pk, "body": encode_body(moved)}


def garble(world: World) -> None:
    """What lies there is no entry any more."""
    stored_item(world, AuditEntry, entry_id(3))["body"] = b"no body"


SPOILT: dict[str, tuple[Callable[[World], Any], int]] = {
    "an edited reason": (lambda w: edit(w, reason="another"), 3),
    "an edited actor": (lambda w: edit(w, actor="somebody-else"), 3),
    "edited details": (lambda w: edit(w, details={}), 3),
    "an edited time": (lambda w: edit(w, at=entry(w, 2).at), 3),
    "an edited entry with a hash that fits": (
        lambda w: put(w, 3, entry(w, 3).model_copy(update={"reason": "another"}).sealed()),
        4,
    ),
    "a removed entry": (lambda w: drop(w, 3), 3),
    "a removed first entry": (lambda w: drop(w, 1), 1),
    "two exchanged entries": (swap, 3),
    "two exchanged entries, numbered anew": (swap_renumbered, 3),
    "an inserted entry": (insert, 4),
    "an entry that is none": (garble, 3),
    "a last entry that was cut off": (lambda w: drop(w, 5), 5),
    "a head that was set back": (lambda w: set_head(w, 4), 5),
}


@pytest.mark.parametrize("what", SPOILT)
def test_should_name_the_first_entry_that_is_not_as_it_was_written(trail: World, what: str) -> None:
    spoil, place = SPOILT[what]
    spoil(trail)
    found = verdict(trail)
    assert (found["intact"], found["broken_at"]) == (False, place), found
    assert found["fault"]


def test_should_see_by_a_mark_that_tail_and_head_were_cut_off_together(trail: World) -> None:
    mark = verdict(trail)["head"]
    set_head(trail, 4)
    drop(trail, 5)
    assert verdict(trail)["intact"] is True  # without the mark nobody can see it
    assert verdict(trail, {"mark": mark})["broken_at"] == 5
    write(trail, 1)  # the chain goes on as if nothing had been
    assert verdict(trail)["intact"] is True
    assert verdict(trail, {"mark": mark})["broken_at"] == 5


def test_should_see_by_a_mark_that_the_whole_trail_was_written_anew(trail: World) -> None:
    mark = verdict(trail)["head"]
    previous = entry(trail, 2).hash
    for place in (3, 4, 5):
        changes = {"actor": "somebody-else", "previous": previous}
        made = entry(trail, place).model_copy(update=changes).sealed()
        put(trail, place, made)
        previous = made.hash
    set_head(trail, 5)
    assert verdict(trail)["intact"] is True
    assert verdict(trail, {"mark": mark})["broken_at"] == 5


def test_should_log_each_head_that_a_writer_found(
    trail: World, caplog: pytest.LogCaptureFixture
) -> None:
    head = verdict(trail)["head"]
    with caplog.at_level("INFO"):
        write(trail, 1)
    logged = [(r.sequence, r.hash) for r in caplog.records if r.message == "audit head"]  # type: ignore[attr-defined]
    assert logged == [(head["sequence"], head["hash"])]


def test_should_verify_a_long_trail_in_pieces(world: World) -> None:
    write(world, 250)
    audit = Audit(store(world), world.clock, "any")
    first, places = 1, []
    while first:
        found = audit.verify(first, limit=120)
        assert found.broken_at is None, found
        places.append((found.first, found.last))
        first = found.next or 0
    assert places == [(1, 120), (121, 240), (241, 250)]
    drop(world, 121)
    assert audit.verify(121, limit=120).broken_at == 121


def test_should_go_on_reading_past_an_entry_that_cannot_be_read(trail: World) -> None:
    garble(trail)
    assert [entry["sequence"] for entry in listed(trail)["entries"]] == [5, 4, 2, 1]


@pytest.mark.parametrize("mark", [{"sequence": 0, "hash": "a" * 64}, {"sequence": 1, "hash": "x"}])
def test_should_refuse_a_mark_that_is_none(trail: World, mark: Any) -> None:
    problem(trail.call("POST", VERIFY, "operator", {"mark": mark}), 422, "fields-invalid")


def test_should_keep_one_chain_when_decisions_meet(world: World) -> None:
    """The second of two that read the same head has to ask anew."""
    one, other = (Audit(store(world), world.clock, f"any-{n}") for n in range(2))
    actor = Actor(id="any", role="operator")
    first, second = (a.entry(actor, "any", "any", "any") for a in (one, other))
    store(world).commit(*first)
    with pytest.raises(Conflict):
        store(world).commit(*second)
    store(world).commit(*other.entry(actor, "any", "any", "any"))
    assert verdict(world)["last"] == 2
