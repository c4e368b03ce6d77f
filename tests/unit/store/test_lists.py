"""Lists, relations and due rows: read through indexes that lag, and never more than was asked."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta, timezone
from typing import Any

import pytest

from busbar.ports.store import Drop, Save
from busbar.store.table import Item
from tests.doubles.memory_table import MemoryTable
from tests.unit.store.things import Linked, Shop, Thing, WatchedTable


@pytest.fixture
def shop() -> Shop:
    return Shop()


def put(shop: Shop, record_id: str, **values: Any) -> None:
    shop.store.commit(Save(Thing(id=record_id, **values), shop.store.get(Thing, record_id)))
    shop.clock.advance(1)


def ids(page: Any) -> str:
    return "".join(s.record.id for s in getattr(page, "items", page))


def test_should_list_the_newest_change_first(shop: Shop) -> None:
    for record_id in "abcd":
        put(shop, record_id, shelf="x")
    put(shop, "b", shelf="x", text="changed")
    put(shop, "e", shelf="y")
    put(shop, "f")
    assert ids(shop.store.listed(Thing, "shelf#x")) == "bdca"


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 6])
def test_should_page_through_a_list(shop: Shop, limit: int) -> None:
    for record_id in "abcde":
        put(shop, record_id, shelf="x")
    seen, cursor = "", None
    while True:
        page = shop.store.listed(Thing, "shelf#x", limit=limit, cursor=cursor)
        seen, cursor = seen + ids(page), page.cursor
        if cursor is None:
            break
    assert seen == "edcba"


def test_should_begin_a_list_at_a_time_and_page_on_from_there(shop: Shop) -> None:
    for record_id in "abcde":
        put(shop, record_id, shelf="x")
    until = shop.clock.now() - timedelta(seconds=3)  # when c was put, and with it
    page = shop.store.listed(Thing, "shelf#x", limit=2, until=until)
    assert ids(page) == "cb"
    rest = shop.store.listed(Thing, "shelf#x", limit=2, until=until, cursor=page.cursor)
    assert (ids(rest), rest.cursor) == ("a", None)


def test_should_leave_a_list_when_moved_to_another(shop: Shop) -> None:
    put(shop, "a", shelf="x")
    put(shop, "a", shelf="y")
    assert ids(shop.store.listed(Thing, "shelf#x")) == ""
    assert ids(shop.store.listed(Thing, "shelf#y")) == "a"


def own_cursor(shop: Shop) -> str:
    for record_id in "abc":
        put(shop, record_id, shelf="x")
        put(shop, record_id.upper(), shelf="y")
    cursor = shop.store.listed(Thing, "shelf#x", limit=1).cursor
    assert cursor
    return cursor


def packed(value: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).decode()


def test_should_refuse_a_cursor_of_another_list(shop: Shop) -> None:
    cursor = own_cursor(shop)
    with pytest.raises(ValueError, match="cursor"):
        shop.store.listed(Thing, "shelf#y", cursor=cursor)


def test_should_refuse_a_cursor_of_another_org(shop: Shop) -> None:
    cursor = own_cursor(shop)
    with pytest.raises(ValueError, match="cursor"):
        Shop("other", shop.table).store.listed(Thing, "shelf#x", cursor=cursor)


@pytest.mark.parametrize(
    "change",
    [
        {"list_pk": None},
        {"pk": 1},
        {"list_sk": ""},
        {"list_sk": "2026#b"},
        {"list_sk": "2026#" + "x" * 2000, "pk": "demo#thing#" + "x" * 2000},
        {"pk": ""},
        {"pk": "demo#thing#b"},
        {"sk": "M"},
        {"more": "x"},
    ],
)
def test_should_refuse_a_cursor_that_was_changed(shop: Shop, change: dict[str, Any]) -> None:
    start = json.loads(base64.urlsafe_b64decode(own_cursor(shop)))
    changed = {k: v for k, v in {**start, **change}.items() if v is not None}
    with pytest.raises(ValueError, match="cursor"):
        shop.store.listed(Thing, "shelf#x", cursor=packed(changed))


NO_CURSORS = {
    "short": "x",
    "signs": "????",
    "umlaut": "é",
    "half": "\ud800",
    "list": packed([]),
    "text": packed("text"),
    "empty": packed({}),
    "null": packed(None),
    "bytes": base64.urlsafe_b64encode(b"\xff").decode(),
    "deep": base64.urlsafe_b64encode(b"[" * 100_000).decode(),
}


def test_should_refuse_a_cursor_with_characters_between_its_own(shop: Shop) -> None:
    cursor = own_cursor(shop)
    for changed in (f"{cursor}AAAA", f" {cursor}", f"{cursor[:4]}!{cursor[4:]}", f"{cursor}\n"):
        with pytest.raises(ValueError, match="cursor"):
            shop.store.listed(Thing, "shelf#x", cursor=changed)


@pytest.mark.parametrize("cursor", list(NO_CURSORS.values()), ids=list(NO_CURSORS))
def test_should_refuse_a_cursor_that_is_none(shop: Shop, cursor: str) -> None:
    with pytest.raises(ValueError, match="cursor"):
        shop.store.listed(Thing, "shelf#x", cursor=cursor)


def test_should_read_many_in_the_order_asked_for(shop: Shop) -> None:
    for record_id in "abc":
        put(shop, record_id)
    assert ids(shop.store.get_many(Thing, ["c", "?", "a", "c"])) == "cac"
    assert shop.store.get_many(Thing, []) == []


# --- due ---------------------------------------------------------------------------------------


def test_should_give_what_is_due_oldest_first_over_all_shards(shop: Shop) -> None:
    start = shop.clock.now()
    for n in range(30):
        put(shop, f"{n:02d}", due=start + timedelta(seconds=(n * 7) % 30))
    found = shop.store.due(Thing, start + timedelta(seconds=19))
    seconds = [(s.record.due - start).total_seconds() for s in found if s.record.due]
    assert seconds == list(range(20))


@pytest.mark.parametrize("limit", [1, 5, 29])
def test_should_give_the_oldest_when_more_are_due_than_asked_for(shop: Shop, limit: int) -> None:
    start = shop.clock.now()
    for n in range(30):
        put(shop, f"{n:02d}", due=start + timedelta(seconds=n))
    found = shop.store.due(Thing, start + timedelta(days=1), limit=limit)
    assert [s.record.id for s in found] == [f"{n:02d}" for n in range(limit)]


def test_should_compare_due_times_as_times_whatever_their_zone(shop: Shop) -> None:
    now = shop.clock.now()
    elsewhere = timezone(timedelta(hours=9))
    put(shop, "a", due=(now - timedelta(seconds=1)).astimezone(elsewhere))
    put(shop, "b", due=(now + timedelta(hours=1)).astimezone(timezone(timedelta(hours=-9))))
    assert ids(shop.store.due(Thing, now)) == "a"
    assert ids(shop.store.due(Thing, now.astimezone(elsewhere))) == "a"


def test_should_give_nothing_that_has_no_due_time_any_more(shop: Shop) -> None:
    put(shop, "a", due=shop.clock.now())
    put(shop, "b", due=shop.clock.now())
    put(shop, "a")
    shop.store.commit(Drop(Thing, "b"))
    assert shop.store.due(Thing, shop.clock.now()) == []


def test_should_keep_each_lane_apart_and_in_order(shop: Shop) -> None:
    start = shop.clock.now()
    for n, lane in enumerate(("", "slow", "fast", "slow", "slow")):
        put(shop, f"{n}", due=start - timedelta(seconds=n), lane=lane)
    assert ids(shop.store.due(Thing, start, lane="slow")) == "431"
    assert ids(shop.store.due(Thing, start, limit=1, lane="slow")) == "4"
    assert ids(shop.store.due(Thing, start)) == "0"
    put(shop, "4")
    assert ids(shop.store.due(Thing, start, lane="slow")) == "31"


def test_should_count_a_lane_and_name_its_oldest(shop: Shop) -> None:
    start = shop.clock.now()
    assert shop.store.count_due(Thing, start, "slow") == (0, None)
    for n in range(5):
        put(shop, f"{n}", due=start - timedelta(seconds=n), lane="slow")
    put(shop, "later", due=start + timedelta(seconds=1), lane="slow")
    put(shop, "other", due=start - timedelta(seconds=9))
    count, oldest = shop.store.count_due(Thing, start, "slow")
    assert (count, oldest) == (5, "2026-03-02T07:59:56.000000Z")


# --- indexes lag -------------------------------------------------------------------------------


class LaggingTable(WatchedTable):
    """Its indexes show the past while `frozen` holds it."""

    frozen: MemoryTable | None = None

    def freeze(self) -> None:
        """The indexes stand still from now on."""
        self.frozen = MemoryTable()
        self.frozen.items = dict(self.items)

    def query(self, *args: Any, **more: Any) -> tuple[list[Item], Mapping[str, str] | None]:
        """Query of the past."""
        return self.frozen.query(*args, **more) if self.frozen else super().query(*args, **more)


def test_should_not_list_what_belongs_to_somebody_else_meanwhile() -> None:
    table = LaggingTable()
    shop = Shop(table=table)
    put(shop, "a", shelf="x")
    put(shop, "b", shelf="x")
    table.freeze()
    put(shop, "a", shelf="y")
    assert ids(shop.store.listed(Thing, "shelf#x")) == "b"


def test_should_not_link_what_has_another_holder_meanwhile() -> None:
    table = LaggingTable()
    shop = Shop(table=table)
    shop.store.commit(Save(Linked(id="a", to=frozenset({("holder", "1")}))))
    table.freeze()
    shop.store.commit(Save(Linked(id="a", to=frozenset()), shop.store.get(Linked, "a")))
    assert shop.store.linked(Linked, "holder", "1") == []


def test_should_not_call_due_what_was_put_off_meanwhile() -> None:
    table = LaggingTable()
    shop = Shop(table=table)
    now = shop.clock.now()
    for record_id in "abc":
        put(shop, record_id, due=now)
    table.freeze()
    put(shop, "a", due=now + timedelta(hours=1))
    put(shop, "b")
    assert ids(shop.store.due(Thing, now)) == "c"


# --- ids alone ---------------------------------------------------------------------------------


def test_should_name_all_that_are_due_some_time_without_reading_them(shop: Shop) -> None:
    start = shop.clock.now()
    for n in range(30):
        put(shop, f"{n:02d}", due=start + timedelta(days=(n * 7) % 30))
    put(shop, "never due")

    found = shop.store.ids_due(Thing)

    assert found == sorted((f"{n:02d}" for n in range(30)), key=lambda i: int(i) * 7 % 30)
    assert "BatchGetItem" not in shop.table.bill.calls


def test_should_name_a_whole_list_without_reading_it(shop: Shop) -> None:
    for n in range(1001):
        put(shop, f"{n:04d}", shelf="x")
    put(shop, "other", shelf="y")

    found = shop.store.ids_listed(Thing, "shelf#x")

    assert found == [f"{n:04d}" for n in reversed(range(1001))]
    assert "BatchGetItem" not in shop.table.bill.calls
