"""Records in the table: versions, relations, bindings, and what they leave in the indexes."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from busbar.errors import Conflict
from busbar.ports.store import Drop, Put, Save
from tests.unit.store.things import Linked, Shop, Thing


@pytest.fixture
def shop() -> Shop:
    return Shop()


def saved(shop: Shop, **values: Any) -> Any:
    """A thing as it was read after its first write."""
    shop.store.commit(Save(Thing(id="1", **values)))
    return shop.store.get(Thing, "1")


# --- Save --------------------------------------------------------------------------------------


def test_should_read_back_what_was_created(shop: Shop) -> None:
    stored = saved(shop, text="Grüße 日本 \x00")
    assert stored.record == Thing(id="1", text="Grüße 日本 \x00")
    assert (stored.version, stored.changed_at) == (1, shop.clock.now())


def test_should_refuse_to_create_what_is_there(shop: Shop) -> None:
    saved(shop, text="first")
    with pytest.raises(Conflict):
        shop.store.commit(Save(Thing(id="1", text="second")))
    assert shop.store.get(Thing, "1").record.text == "first"  # type: ignore[union-attr]


def test_should_advance_version_and_time_with_each_update(shop: Shop) -> None:
    stored = saved(shop)
    shop.clock.advance(5)
    shop.store.commit(Save(Thing(id="1", text="new"), stored))
    after = shop.store.get(Thing, "1")
    assert after is not None
    assert (after.record.text, after.version) == ("new", 2)
    assert after.changed_at - stored.changed_at == timedelta(seconds=5)


def test_should_refuse_an_update_of_what_somebody_else_updated(shop: Shop) -> None:
    stored = saved(shop)
    shop.store.commit(Save(Thing(id="1", text="faster"), stored))
    with pytest.raises(Conflict):
        shop.store.commit(Save(Thing(id="1", text="slower"), stored))
    assert shop.store.get(Thing, "1").record.text == "faster"  # type: ignore[union-attr]


def test_should_refuse_an_update_of_what_is_gone(shop: Shop) -> None:
    stored = saved(shop)
    shop.store.commit(Drop(Thing, "1"))
    with pytest.raises(Conflict):
        shop.store.commit(Save(Thing(id="1"), stored))


def test_should_write_nothing_at_all_when_one_of_several_saves_is_stale(shop: Shop) -> None:
    stored = saved(shop)
    shop.store.commit(Save(Thing(id="1", text="faster"), stored))
    with pytest.raises(Conflict):
        shop.store.commit(
            Save(Thing(id="2")), Put(Thing(id="3")), Save(Thing(id="1"), stored), Drop(Thing, "4")
        )
    assert shop.keys() == ["demo#thing#1|A"]


def test_should_write_nothing_without_changes(shop: Shop) -> None:
    shop.store.commit()
    assert shop.keys() == []


# --- Put, Drop ---------------------------------------------------------------------------------


def test_should_put_over_whatever_was_there(shop: Shop) -> None:
    saved(shop, text="old")
    shop.store.commit(Put(Thing(id="1", text="new")))
    assert shop.store.get(Thing, "1").record.text == "new"  # type: ignore[union-attr]


def test_should_refuse_to_put_a_record_with_relations(shop: Shop) -> None:
    with pytest.raises(ValueError, match="Save"):
        shop.store.commit(Put(Linked(id="1", to=frozenset({("order", "9")}))))


def test_should_drop_and_bear_a_repeat(shop: Shop) -> None:
    saved(shop)
    for _ in range(2):
        shop.store.commit(Drop(Thing, "1"))
        assert shop.store.get(Thing, "1") is None


def test_should_drop_only_what_was_read_when_asked_to(shop: Shop) -> None:
    stored = saved(shop)
    shop.store.commit(Save(Thing(id="1", text="new"), stored))
    with pytest.raises(Conflict):
        shop.store.commit(Drop(Thing, "1", stored))
    shop.store.commit(Drop(Thing, "1", shop.store.get(Thing, "1")))
    assert shop.store.get(Thing, "1") is None
    with pytest.raises(Conflict):
        shop.store.commit(Drop(Thing, "1", stored))


# --- relations ---------------------------------------------------------------------------------


def links(*pairs: str) -> frozenset[tuple[str, str]]:
    return frozenset((a, b) for a, _, b in (p.partition(":") for p in pairs))


@pytest.mark.parametrize(
    ("old", "new", "written"),
    [
        (links(), links("order:1"), 2),
        (links("order:1"), links("order:1"), 1),
        (links("order:1"), links(), 2),
        (links("order:1", "holder:1"), links("order:1", "holder:2"), 3),
        (links("order:1", "holder:1"), links("order:2", "holder:2"), 5),
    ],
)
def test_should_write_only_the_edges_that_change(
    shop: Shop, old: frozenset[tuple[str, str]], new: frozenset[tuple[str, str]], written: int
) -> None:
    shop.store.commit(Save(Linked(id="1", to=old)))
    before = shop.store.get(Linked, "1")
    writes = shop.table.watch()
    shop.store.commit(Save(Linked(id="1", to=new), before))
    assert len(writes) == written
    found = {p for p in old | new for s in shop.store.linked(Linked, *p) if s.record.id == "1"}
    assert found == new


def test_should_find_all_records_with_a_relation_by_id(shop: Shop) -> None:
    for record_id in ("b#2", "a", "c"):
        shop.store.commit(Save(Linked(id=record_id, to=links("order:9#1"))))
    shop.store.commit(Save(Linked(id="d", to=links("order:9"))))
    found = shop.store.linked(Linked, "order", "9#1")
    assert [s.record.id for s in found] == ["a", "b#2", "c"]


def test_should_find_more_records_than_one_page_of_the_index_holds(shop: Shop) -> None:
    for n in range(1001):
        shop.store.commit(Save(Linked(id=f"{n:04d}", to=links("order:9"))))
    assert len(shop.store.linked(Linked, "order", "9")) == 1001


# --- attributes of the item --------------------------------------------------------------------


def test_should_tell_the_table_until_when_a_record_is_kept(shop: Shop) -> None:
    saved(shop, until=shop.clock.now() + timedelta(days=7))
    expires = shop.item()["expires_at"]
    assert expires == int(shop.clock.now().timestamp()) + 7 * 86400
    assert type(expires) is int


@pytest.mark.parametrize("wakes", [True, False])
def test_should_mark_only_rows_that_wake_the_relay(shop: Shop, wakes: bool) -> None:
    saved(shop, wakes=wakes)
    assert shop.item().get("wake") is (True if wakes else None)


def test_should_keep_nothing_but_keys_beside_the_body_of_a_plain_record(shop: Shop) -> None:
    saved(shop)
    assert set(shop.item()) == {"pk", "sk", "schema", "version", "changed_at", "body"}


@pytest.mark.parametrize(("length", "compressed"), [(400, False), (600, True)])
def test_should_compress_a_body_that_is_longer_than_a_write_unit_has_room_for(
    shop: Shop, length: int, compressed: bool
) -> None:
    stored = saved(shop, text="x" * length)
    assert (len(shop.item()["body"]) < 200) is compressed
    assert stored.record.text == "x" * length


def test_should_read_a_record_that_a_newer_release_wrote(shop: Shop) -> None:
    class Newer(Thing):
        extra: str = "unknown to the older release"

    shop.store.commit(Save(Newer(id="1", text="kept")))
    stored = shop.store.get(Thing, "1")
    assert stored is not None
    assert stored.record == Thing(id="1", text="kept")


def test_should_refuse_a_body_that_is_no_bytes(shop: Shop) -> None:
    saved(shop)
    for item in shop.table.items.values():
        item["body"] = "text"
    with pytest.raises(TypeError, match="bytes"):
        shop.store.get(Thing, "1")
