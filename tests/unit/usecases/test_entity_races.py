"""Two workers at once, reads that are behind, writes that get lost: nothing is lost nor doubled."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from busbar.domain.updates import PruneScope, ReadingPrune
from busbar.errors import Conflict, StoreUnavailable
from busbar.store.keys import Key
from busbar.store.table import Item, Write
from tests.doubles.memory_table import MemoryTable
from tests.unit.usecases.entity_desk import EntityDesk, reading, update

C = {"customer_number": "4711"}
K = {"contract_number": "K"}


class Interrupted(MemoryTable):
    """A table in which something happens right before a write."""

    before: Callable[[], object] | None = None
    every = False
    fails: StoreUnavailable | None = None

    def write(self, writes: Sequence[Write]) -> None:
        """Write, after what happens before."""
        before, self.before = self.before, self.before if self.every else None
        if before:
            before()
        if self.fails and len(writes) > 0:
            raise self.fails
        super().write(writes)


class Behind(MemoryTable):
    """A table whose eventually consistent reads show what was there at `stop`."""

    shown: dict[Key, Item] | None = None

    def stop(self) -> None:
        """From now on."""
        self.shown = dict(self.items)

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """BatchGetItem."""
        found = super().get_many(keys, consistent=consistent)
        if consistent or self.shown is None:
            return found
        return {key: dict(self.shown[key]) for key in keys if key in self.shown}

    def rows(self, partition: str, **how: Any) -> Any:
        """Query."""
        if how.get("consistent") or self.shown is None:
            return super().rows(partition, **how)
        now, self.items = self.items, self.shown
        try:
            return super().rows(partition, **how)
        finally:
            self.items = now


def live(desk: EntityDesk, slug: str) -> int:
    return sum(slug == seen[0] for seen in desk.seen().values() if isinstance(seen, tuple))


def twins() -> tuple[EntityDesk, EntityDesk, Interrupted]:
    table, quiet = Interrupted(), MemoryTable()
    quiet.items = table.items
    return EntityDesk(table), EntityDesk(quiet), table


def test_should_meet_when_two_create_the_same_entity() -> None:
    mine, theirs, table = twins()
    table.before = lambda: theirs.apply(1, update("contact", C, title="Dr."))
    assert mine.codes(2, update("contact", C, last_name="Muster")) == ["ENTITY_UPDATED"]
    assert live(mine, "contact") == 1
    assert mine.attributes("contact", **C) == {**C, "title": "Dr.", "last_name": "Muster"}


def test_should_meet_when_another_creates_it_under_other_ids() -> None:
    mine, theirs, table = twins()
    table.before = lambda: theirs.apply(1, update("contact", {"external_id": "E"}, **C))
    contract = update(
        "contract", K, customer={"$relation": [{"schema": "contact", "unique_ids": C}]}
    )
    mine.apply(2, update("contact", C, last_name="Muster"), contract)
    assert live(mine, "contact") == 1
    relation = mine.attributes("contract", **K)["customer"]["$relation"]
    assert relation == [{"entity_id": mine.id("contact", external_id="E")}]


def test_should_begin_anew_on_what_another_has_written() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("contact", C, last_name="A"))
    table.before = lambda: theirs.apply(3, update("contact", C, last_name="C"))
    assert mine.codes(2, update("contact", C, last_name="B", title="Dr.")) == ["ENTITY_UPDATED"]
    assert mine.attributes("contact", **C) == {**C, "last_name": "C", "title": "Dr."}


def test_should_never_write_the_time_of_a_repeat_over_what_another_wrote() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("contact", C, last_name="A"))
    mine.clock.advance(3600)
    table.before = lambda: theirs.apply(2, update("contact", C, last_name="B"))
    assert mine.codes(1, update("contact", C, last_name="A")) == ["ENTITY_NO_OP"]
    assert mine.attributes("contact", **C)["last_name"] == "B"


def test_should_have_the_event_come_again_when_others_write_all_the_time() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("contact", C))
    versions = iter(range(10, 99))
    table.before = lambda: theirs.apply(next(versions), update("contact", C))
    table.every = True
    with pytest.raises(Conflict):
        mine.apply(2, update("contact", C, title="Dr."))


def test_should_tell_which_event_of_a_batch_has_to_come_again() -> None:
    table = Interrupted()
    desk = EntityDesk(table)
    desk.apply(1, update("contact", C))
    table.fails = StoreUnavailable("throttled")
    answers = desk.batch((1, update("contact", C)), (2, update("contact", C, title="Dr.")))
    assert [o.code for o in answers[0]] == ["ENTITY_NO_OP"]
    assert isinstance(answers[1], StoreUnavailable)
    table.fails = None
    assert desk.codes(2, update("contact", C, title="Dr.")) == ["ENTITY_UPDATED"]


def test_should_find_what_reads_do_not_show_yet() -> None:
    table = Behind()
    table.stop()
    desk = EntityDesk(table)
    desk.apply(1, update("contact", C, external_id="E", title="Dr."))
    assert desk.codes(2, update("contact", C, title="Prof.")) == ["ENTITY_UPDATED"]
    assert desk.codes(3, update("contact", {"external_id": "E"}, suffix="x")) == ["ENTITY_UPDATED"]
    assert live(desk, "contact") == 1


def test_should_overwrite_nothing_by_a_read_that_is_behind() -> None:
    table = Behind()
    desk = EntityDesk(table)
    desk.apply(1, update("contact", C, title="A"), update("meter", {"external_id": "M1"}))
    table.stop()
    desk.apply(3, update("contact", C, title="C"), reading("a", "2026-01-31", 3))
    desk.apply(2, update("contact", C, title="B"), reading("b", "2026-02-28", 2))
    table.shown = None
    assert desk.attributes("contact", **C)["title"] == "C"
    series = desk.deps.readings.series(desk.id("meter", external_id="M1"), "")
    assert [r.attributes["external_id"] for r in series.live()] == ["a", "b"]


def behind() -> tuple[EntityDesk, Behind]:
    """A desk whose reads show nothing of what is written from now on."""
    table = Behind()
    table.stop()
    return EntityDesk(table), table


def test_should_find_the_meter_that_stood_just_before_its_readings() -> None:
    """The readings would be parked, though they came in their order."""
    desk, _ = behind()
    counter = update("meter_counter", {"external_id": "HT"})
    desk.apply(1, update("meter", {"external_id": "M1"}), counter)
    parts = reading("a", "2026-01-31", 1), reading("b", "2026-01-31", 2, counter="HT")
    assert desk.codes(2, *parts) == ["METER_READING_UPSERTED"] * 2


def test_should_find_by_its_id_what_was_just_created() -> None:
    desk, table = behind()
    desk.apply(1, update("contact", C))
    made = desk.id("contact", **C)
    assert desk.codes(2, update("contact", {"_id": made}, title="Dr.")) == ["ENTITY_UPDATED"]
    customer = {"$relation": [{"entity_id": made}]}
    assert desk.codes(3, update("contract", K, customer=customer)) == ["ENTITY_CREATED"]
    table.shown = None
    assert desk.attributes("contract", **K)["customer"] == customer


def test_should_prune_a_scope_that_was_just_created() -> None:
    desk, table = behind()
    account = {"schema": "contract", "unique_ids": K}
    named = update("billing_event", {"external_id": "1"}, contract={"$relation": [account]})
    desk.apply(1, update("contract", K), named)
    scope = PruneScope("billing_event", {"scope_mode": "relations", **account}, (), "delete")
    (outcome,) = desk.apply(2, scope)
    assert outcome.detail["removed"] == 1
    table.shown = None
    assert not desk.entity("billing_event", external_id="1").live


def test_should_not_take_two_for_one_that_have_parted_just_before() -> None:
    table = Behind()
    desk = EntityDesk(table)
    for name in ("1", "2"):
        desk.apply(1, update("contact", {"external_id": name}, **C))
    table.stop()
    desk.apply(2, update("contact", {"external_id": "2"}, customer_number="4712"))
    assert desk.codes(3, update("contact", C, title="Dr.")) == ["ENTITY_UPDATED"]


def test_should_find_every_entity_of_a_value_that_two_have() -> None:
    mine, theirs, table = twins()
    table.before = lambda: theirs.apply(1, update("contact", {"external_id": "1"}, **C))
    mine.apply(1, update("contact", {"external_id": "2"}, **C))
    assert mine.codes(2, update("contact", C)) == ["UNIQUE_ID_MULTIPLE_MATCHES"]
    mine.apply(3, update("contact", {"external_id": "1"}, customer_number="1"))
    assert mine.id("contact", **C) == mine.id("contact", external_id="2")
    mine.apply(4, update("contact", {"external_id": "2"}, "purge"))
    assert mine.codes(5, update("contact", C)) == ["ENTITY_CREATED"]


def test_should_not_read_without_end_for_a_value_that_many_have() -> None:
    desk = EntityDesk()
    for n in range(205):
        desk.apply(1, update("meter_counter", {"external_id": str(n)}, obis_number="1-0:1.8.1"))
    both = {"external_id": "7", "obis_number": "1-0:1.8.1"}
    assert desk.codes(2, update("meter_counter", both, unit="kWh")) == ["ENTITY_UPDATED"]
    alone = update("meter_counter", {"obis_number": "1-0:1.8.1"})
    assert desk.codes(3, alone) == ["UNIQUE_ID_MULTIPLE_MATCHES"]


def test_should_end_alike_wherever_a_worker_dies() -> None:
    relation = {"$relation": [{"schema": "contact", "unique_ids": C}]}
    parts = (
        update("contract", K, customer=relation),
        update("contact", C, email="a@b.de"),
        update("meter", {"external_id": "M1"}),
        reading("a", "2025-12-31", 1),
        reading("b", "2026-01-31", 2),
    )
    whole = EntityDesk()
    whole.apply(1, *parts)
    for dies_at in range(8):
        table = Interrupted()
        desk = EntityDesk(table)
        left = [dies_at]

        def die(left: list[int] = left, table: Interrupted = table) -> None:
            left[0] -= 1
            if left[0] < 0:
                table.fails = StoreUnavailable("killed")

        table.before, table.every = die, True
        try:
            desk.apply(1, *parts)
        except StoreUnavailable:
            table.fails, table.before = None, None
            desk.apply(1, *parts)
        assert desk.seen() == whole.seen(), dies_at


B = {"billing_account_number": "B"}


def billed(name: str) -> Any:
    target = {"schema": "billing_account", "unique_ids": B}
    relation = {"$relation": [target]}
    return update("billing_event", {"external_id": name}, billing_account=relation)


def only(*names: str) -> PruneScope:
    scope = {"scope_mode": "relations", "schema": "billing_account", "unique_ids": B}
    return PruneScope("billing_event", scope, tuple({"external_id": n} for n in names), "delete")


class Listing(MemoryTable):
    """A table in which something happens right after relations to an entity were listed."""

    after: Callable[[], object] | None = None

    def rows(self, partition: str, **how: Any) -> Any:
        """Query, and what happens after it."""
        found = super().rows(partition, **how)
        after, self.after = self.after, None
        if after:
            after()
        return found


def test_should_prune_what_an_older_event_brings_while_the_scope_is_read() -> None:
    table, quiet = Listing(), MemoryTable()
    quiet.items = table.items
    newer, older = EntityDesk(table), EntityDesk(quiet)
    newer.apply(1, billed("1"))
    table.after = lambda: older.apply(2, billed("2"), only("2"))
    newer.apply(9, billed("1"), only("1"))
    assert newer.entity("billing_event", external_id="1").live
    assert newer.entity("billing_event", external_id="2").version > 1
    assert not newer.entity("billing_event", external_id="2").live


def test_should_not_forget_a_newer_prune_that_came_in_between() -> None:
    mine, theirs, table = twins()
    mine.apply(1, billed("1"))

    def newer() -> None:
        theirs.apply(9, billed("1"), only("1"))

    # The write after those of the entities is that of the prune.
    def once_the_entity_is_there() -> None:
        table.before = newer

    table.before = once_the_entity_is_there
    mine.apply(2, billed("2"), only("2"))
    mine.apply(5, billed("3"), only("3"))
    assert [mine.entity("billing_event", external_id=n).live for n in "123"] == [True, False, False]


def test_should_add_no_relation_to_what_another_creates_under_other_ids() -> None:
    """Nothing takes an addition back: it may not be known before its target is there."""
    mine, theirs, table = twins()
    table.before = lambda: theirs.apply(1, update("contact", {"external_id": "E"}, **C))
    added = {"_append": [{"schema": "contact", "unique_ids": C}]}
    mine.apply(2, update("contract", K, customer={"$relation": added}))
    relation = mine.attributes("contract", **K)["customer"]["$relation"]
    assert relation == [{"entity_id": mine.id("contact", external_id="E")}]


class Asked(MemoryTable):
    """A table in which something happens right after so many consistent reads of many items."""

    after: Callable[[], object] | None = None
    reads = 0

    def get_many(self, keys: Sequence[Key], *, consistent: bool = False) -> dict[Key, Item]:
        """BatchGetItem, and what happens after it."""
        found = super().get_many(keys, consistent=consistent)
        self.reads -= consistent
        if self.after and consistent and self.reads < 0:
            after, self.after = self.after, None
            after()
        return found


@pytest.mark.parametrize("reads", range(3))
def test_should_meet_by_several_ids_whenever_another_creates_it_by_one(reads: int) -> None:
    table, quiet = Asked(), MemoryTable()
    quiet.items = table.items
    mine, theirs = EntityDesk(table), EntityDesk(quiet)
    table.reads = reads
    table.after = lambda: theirs.apply(1, update("contact", {"external_id": "E"}, **C))
    mine.apply(2, update("contact", {"external_id": "E", **C}, title="Dr."))
    table.after = None
    theirs.apply(1, update("contact", {"external_id": "E"}, **C))
    assert live(mine, "contact") == 1
    assert mine.attributes("contact", external_id="E")["title"] == "Dr."


def test_should_not_bring_back_who_is_gone_for_another_who_has_his_number_by_now() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("contact", C, "purge"))
    table.before = lambda: theirs.apply(2, update("contact", {"external_id": "E"}, **C))
    customer = {"$relation": {"_append": [{"schema": "contact", "unique_ids": C}]}}
    mine.apply(3, update("contract", K, customer=customer))
    assert live(mine, "contact") == 1
    relation = mine.attributes("contract", **K)["customer"]["$relation"]
    assert relation == [{"entity_id": mine.id("contact", external_id="E")}]


def test_should_not_take_back_a_value_that_another_entity_has_got_just_before() -> None:
    table = Behind()
    desk = EntityDesk(table)
    desk.apply(1, update("contact", {"external_id": "1"}, **C))
    desk.apply(1, update("contact", {"external_id": "2"}, customer_number="4712"))
    table.stop()
    desk.apply(2, update("contact", {"external_id": "1"}, customer_number="4713"))
    desk.apply(3, update("contact", {"external_id": "2"}, **C))
    assert desk.codes(4, update("contact", C, title="Dr.")) == ["ENTITY_UPDATED"]
    table.shown = None
    assert desk.attributes("contact", external_id="1")["customer_number"] == "4713"
    assert desk.attributes("contact", external_id="2")["title"] == "Dr."


def test_should_find_by_each_of_many_values_what_another_has_kept_in_between() -> None:
    mine, theirs, table = twins()
    mails = [{"email": f"{n}@b.de"} for n in range(150)]
    mine.apply(1, update("contact", C, email=mails))

    def before_the_second_write() -> None:
        table.before = lambda: theirs.apply(3, update("contact", C, email=mails))

    table.before = before_the_second_write
    mine.apply(2, update("contact", C, email=mails[:1]))
    assert mine.attributes("contact", **C)["email"] == mails
    found = {mine.id("contact", email=mail["email"]) for mail in mails}
    assert found == {mine.id("contact", **C)}


M = {"external_id": "M1"}


def external_ids(desk: EntityDesk) -> list[str]:
    series = desk.deps.readings.series(desk.id("meter", **M), "", consistent=True)
    return [str(one.attributes["external_id"]) for one in series.live()]


def read_again(desk: EntityDesk) -> None:
    """A newer event that tells all readings there are: one."""
    desk.apply(9, reading("new", "2026-01-31", 1), ReadingPrune(M, None, ("new",)))


def test_should_prune_a_reading_that_an_older_event_brings_just_after() -> None:
    """By reads that do not show the prune yet, into a year that the prune did not touch."""
    table = Behind()
    desk = EntityDesk(table)
    desk.apply(1, update("meter", M), reading("new", "2026-01-31", 1))
    table.stop()
    read_again(desk)
    desk.apply(2, reading("old", "2025-01-31", 1))
    table.shown = None
    assert external_ids(desk) == ["new"]


def test_should_prune_a_reading_that_an_older_event_brings_meanwhile() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("meter", M), reading("new", "2026-01-31", 1))
    table.before = lambda: read_again(theirs)
    mine.apply(2, reading("old", "2025-01-31", 1))
    assert external_ids(mine) == ["new"]


def test_should_prune_a_reading_that_came_while_the_others_were_read() -> None:
    mine, theirs, table = twins()
    mine.apply(1, update("meter", M), reading("new", "2026-01-31", 1))
    table.before = lambda: theirs.apply(2, reading("old", "2025-01-31", 1))
    read_again(mine)
    assert external_ids(mine) == ["new"]


@pytest.mark.parametrize("moved", ["2025-12-31", "2027-01-01"])
@pytest.mark.parametrize("first", [2, 3])
def test_should_keep_a_reading_once_that_two_put_into_two_years(moved: str, first: int) -> None:
    """Each writes an item of its own, so neither meets the other: of each is kept what is newer."""
    mine, theirs, table = twins()
    mine.apply(1, update("meter", M))
    events = {
        2: reading("a", "2026-01-01", 1, remark="told once"),
        3: reading("a", moved, 2),
    }
    second = 5 - first
    table.before = lambda: theirs.apply(second, events[second])
    mine.apply(first, events[first])

    def seen() -> list[tuple[Any, ...]]:
        series = mine.deps.readings.series(mine.id("meter", **M), "", consistent=True)
        assert len({one.id for one in series.live()}) == len(series.live())
        told = [one.attributes for one in series.live()]
        return [(one["timestamp"], one["value"], one["remark"]) for one in told]

    expected = [(f"{moved}T00:00:00Z", 2, "told once")]
    assert seen() == expected
    mine.apply(4, reading("a", moved, 2))
    assert seen() == expected
    mine.apply(5, reading("a", moved, 2, mode="delete"))
    assert seen() == []
    mine.clock.advance(40 * 86400)  # what is gone is forgotten by then, wherever it stood
    mine.apply(6, reading("b", "2026-02-01", 7), reading("c", moved, 7))
    assert set(external_ids(mine)) == {"b", "c"}
