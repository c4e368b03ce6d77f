"""The ID map: both ways, unique, never overwritten, and apart from org to org."""

from __future__ import annotations

import pytest

from busbar.errors import Conflict
from busbar.ports.store import Bind, Save, Unbind
from tests.unit.store.things import Shop, Thing


@pytest.fixture
def shop() -> Shop:
    return Shop()


BOUND = Bind("company", "C1", "salesforce", "001#A")


def test_should_find_a_binding_both_ways(shop: Shop) -> None:
    shop.store.commit(BOUND)
    assert shop.store.external_id("company", "C1", "salesforce") == "001#A"
    assert shop.store.internal_id("company", "salesforce", "001#A") == "C1"


@pytest.mark.parametrize(
    ("schema", "entity", "system", "external"),
    [
        ("company", "C2", "salesforce", "001#A"),
        ("company", "C1", "energised", "001#A"),
        ("user", "C1", "salesforce", "001#A"),
        ("company", "C1", "salesforce", "001"),
    ],
)
def test_should_find_no_binding_of_something_else(
    shop: Shop, schema: str, entity: str, system: str, external: str
) -> None:
    shop.store.commit(BOUND)
    same = Bind(schema, entity, system, external)
    out = shop.store.external_id(schema, entity, system)
    into = shop.store.internal_id(schema, system, external)
    assert None in {out, into}
    assert same != BOUND


def test_should_bear_the_same_binding_again(shop: Shop) -> None:
    shop.store.commit(BOUND)
    shop.store.commit(BOUND, Save(Thing(id="1")))
    assert shop.store.internal_id("company", "salesforce", "001#A") == "C1"


@pytest.mark.parametrize(
    "other",
    [Bind("company", "C2", "salesforce", "001#A"), Bind("company", "C1", "salesforce", "001#B")],
)
def test_should_never_overwrite_a_binding(shop: Shop, other: Bind) -> None:
    shop.store.commit(BOUND)
    before = shop.keys()
    with pytest.raises(Conflict):
        shop.store.commit(Save(Thing(id="1")), other)
    assert shop.keys() == before


def test_should_allow_one_external_id_in_two_schemas_and_two_systems(shop: Shop) -> None:
    shop.store.commit(
        Bind("company", "1", "s", "X"), Bind("user", "2", "s", "X"), Bind("company", "1", "t", "X")
    )
    assert shop.store.internal_id("user", "s", "X") == "2"


def test_should_see_nothing_of_another_org(shop: Shop) -> None:
    shop.store.commit(Save(Thing(id="1", shelf="a")))
    shop.store.commit(BOUND)
    other = Shop("other", shop.table).store
    assert other.get(Thing, "1") is None
    assert other.listed(Thing, "shelf#a").items == ()
    assert other.internal_id("company", "salesforce", "001#A") is None


def test_should_take_a_binding_away_both_ways(shop: Shop) -> None:
    shop.store.commit(BOUND)
    shop.store.commit(Unbind("company", "C1", "salesforce", "001#A"))
    assert shop.store.external_id("company", "C1", "salesforce") is None
    assert shop.store.internal_id("company", "salesforce", "001#A") is None
    shop.store.commit(Bind("company", "C2", "salesforce", "001#A"))


@pytest.mark.parametrize(("entity", "external"), [("C1", "001#B"), ("C2", "001#A")])
def test_should_not_take_away_another_binding(shop: Shop, entity: str, external: str) -> None:
    shop.store.commit(BOUND)
    with pytest.raises(Conflict):
        shop.store.commit(Unbind("company", entity, "salesforce", external))
    assert shop.store.internal_id("company", "salesforce", "001#A") == "C1"


def test_should_put_a_number_in_the_place_of_the_old_one(shop: Shop) -> None:
    shop.store.commit(BOUND)
    shop.store.commit(Bind("company", "C1", "salesforce", "001#B", instead_of="001#A"))
    assert shop.store.external_id("company", "C1", "salesforce") == "001#B"
    assert shop.store.internal_id("company", "salesforce", "001#A") is None
    assert shop.store.internal_id("company", "salesforce", "001#B") == "C1"


@pytest.mark.parametrize("old", ["001#C", "001#OTHER"])
def test_should_not_replace_another_number_than_the_one_that_was_read(shop: Shop, old: str) -> None:
    shop.store.commit(BOUND, Bind("company", "C2", "salesforce", "001#OTHER"))
    with pytest.raises(Conflict):
        shop.store.commit(Bind("company", "C1", "salesforce", "001#B", instead_of=old))
    with pytest.raises(Conflict):
        shop.store.commit(Bind("company", "C1", "salesforce", "001#OTHER", instead_of="001#A"))
    assert shop.store.external_id("company", "C1", "salesforce") == "001#A"
