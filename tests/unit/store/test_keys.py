"""Keys: no two things share one, and texts of times sort like the times."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from busbar.store import keys

# Names of our own hold no '#'; what comes from outside may hold anything.
ORG = st.sampled_from(["a", "b", "ab"])
SCHEMA = st.sampled_from(["step", "user", "charge_card", "order"])
NAME = st.sampled_from(["salesforce", "energised", "order", "holder"])
ANY = st.text("a#AMRX1|\x00é", max_size=6)
ID = st.sampled_from(["0f", "1a"])  # ids of entities are ours, too

KINDS: dict[str, tuple[Callable[..., keys.Key], tuple[st.SearchStrategy[str], ...]]] = {
    "record": (keys.record, (ORG, SCHEMA, ANY)),
    "edge": (keys.edge, (ORG, SCHEMA, ANY, NAME, ANY)),
    "binding_out": (keys.binding_out, (ORG, SCHEMA, ANY, NAME)),
    "binding_in": (keys.binding_in, (ORG, SCHEMA, NAME, ANY)),
    "entity": (keys.entity, (ORG, ID)),
    "lookup": (keys.lookup, (ORG, SCHEMA, NAME, ANY)),
    "edge_in": (keys.edge_in, (ORG, ID, ANY, SCHEMA, ID)),
    "prune_mark": (keys.prune_mark, (ORG, SCHEMA, ID)),
    "readings": (keys.readings, (ORG, ID, ID, st.sampled_from(["2026", "0000"]))),
}
PAIRS = list(itertools.combinations_with_replacement(KINDS, 2))


@pytest.mark.parametrize(("one", "other"), PAIRS)
@given(data=st.data())
def test_should_give_two_things_two_keys(one: str, other: str, data: st.DataObject) -> None:
    (make, parts), (make_other, other_parts) = KINDS[one], KINDS[other]
    here, there = data.draw(st.tuples(*parts)), data.draw(st.tuples(*other_parts))
    assume((one, here) != (other, there))
    assert make(*here) != make_other(*there)


@given(ORG, SCHEMA, ANY, ORG, SCHEMA, NAME, ANY)
def test_should_keep_lists_and_relations_apart(
    org: str, schema: str, company: str, org_2: str, schema_2: str, relation: str, target: str
) -> None:
    lists = keys.list_partition(org, schema, f"company#{company}")
    assert lists != keys.edge_partition(org_2, schema_2, relation, target)


RELATION = st.tuples(ORG, SCHEMA, NAME, ANY)


@given(RELATION, RELATION)
def test_should_give_two_relations_two_partitions(
    here: tuple[str, str, str, str], there: tuple[str, str, str, str]
) -> None:
    assume(here != there)
    assert keys.edge_partition(*here) != keys.edge_partition(*there)


@given(ORG, SCHEMA, st.integers(0, 3), ORG, SCHEMA, st.integers(0, 3))
def test_should_give_two_shards_two_partitions(
    org: str, schema: str, shard: int, org_2: str, schema_2: str, shard_2: int
) -> None:
    assume((org, schema, shard) != (org_2, schema_2, shard_2))
    assert keys.due_partition(org, schema, shard) != keys.due_partition(org_2, schema_2, shard_2)


@given(ORG, SCHEMA, ANY, NAME, ANY)
def test_should_read_the_record_id_back(
    org: str, schema: str, record_id: str, relation: str, target: str
) -> None:
    for key in (
        keys.record(org, schema, record_id),
        keys.edge(org, schema, record_id, relation, target),
    ):
        assert keys.record_id_of(key, org, schema) == record_id


@given(ORG, ID, ANY, SCHEMA, ID)
def test_should_read_a_relation_back_from_the_side_of_its_target(
    org: str, target: str, relation: str, schema: str, source: str
) -> None:
    assume(relation)
    key = keys.edge_in(org, target, relation, schema, source)
    assert keys.edge_of(key.sk) == (relation, schema, source)
    assert key.sk.startswith(keys.edges_in(relation))
    assert keys.entity_id_of(key.pk, org) == target


ZONES = st.sampled_from([UTC, timezone(timedelta(hours=2)), timezone(timedelta(hours=-11))])
TIMES = st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1), timezones=ZONES)  # noqa: DTZ001


@given(TIMES, TIMES)
def test_should_sort_texts_of_times_like_the_times(one: datetime, other: datetime) -> None:
    assert (keys.stamp(one) < keys.stamp(other)) is (one < other)
    assert (keys.stamp(one) == keys.stamp(other)) is (one == other)


@given(TIMES)
def test_should_read_a_time_back_from_its_text(at: datetime) -> None:
    text = keys.stamp(at)
    assert datetime.fromisoformat(text) == at
    assert len(text) == 27


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (datetime(2026, 3, 2, 8, 0, tzinfo=UTC), "2026-03-02T08:00:00.000000Z"),
        (
            datetime(2026, 3, 2, 0, 30, 0, 5, tzinfo=timezone(timedelta(hours=1))),
            "2026-03-01T23:30:00.000005Z",
        ),
    ],
)
def test_should_write_a_time_in_utc(at: datetime, text: str) -> None:
    assert keys.stamp(at) == text


def test_should_sort_a_list_by_time_and_then_by_id() -> None:
    now = datetime(2026, 3, 2, 8, 0, tzinfo=UTC)
    later = now + timedelta(microseconds=1)
    sorts = [keys.list_sort(at, i) for at in (now, later) for i in ("A", "B", "Z")]
    assert sorts == sorted(sorts)


def test_should_use_every_shard() -> None:
    shards = [keys.shard_of(f"order#{n:013d}") for n in range(400)]
    assert sorted(set(shards)) == list(range(keys.SHARDS))
    assert min(map(shards.count, set(shards))) > 50


# Rows lie in these shards already: another function would lose them.
@pytest.mark.parametrize(
    ("record_id", "shard"), [("", 0), ("a", 3), ("0000000000001", 3), ("energised#card#4711", 2)]
)
def test_should_never_change_the_shard_of_a_record(record_id: str, shard: int) -> None:
    assert keys.shard_of(record_id) == shard
