"""What any `Table` promises: the double in memory and DynamoDB keep the same promises."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from busbar.errors import Conflict
from busbar.store.keys import Key
from busbar.store.table import Absent, AbsentOrHolds, Condition, Holds, Item, Table, Write
from tests.unit.store.tables import a_table, item, key, listed


@pytest.fixture(params=["memory", "dynamo"])
def table(request: pytest.FixtureRequest) -> Iterator[Table]:
    with a_table(request.param) as made:
        yield made


def holds(*values: int, table: Table) -> list[int]:
    """Which of these items are there."""
    return [n for n in values if table.get(key(n))]


def test_should_read_back_every_type_of_value(table: Table) -> None:
    written = item(text="", count=-(2**53), yes=True, no=False, body=b"\x00\xff", zero=0)
    table.write([Write(key(), written)])
    read = table.get(key())
    assert read == written
    assert read is not None
    assert [type(read[n]) for n in ("yes", "zero", "body")] == [bool, int, bytes]


def test_should_read_nothing_when_nothing_is_there(table: Table) -> None:
    assert table.get(key()) is None
    assert table.get_many([key()]) == {}
    assert table.get_many([]) == {}


def test_should_replace_the_whole_item_when_put_again(table: Table) -> None:
    table.write([Write(key(), item(old=1))])
    table.write([Write(key(), item(new=2))])
    assert table.get(key()) == item(new=2)


def test_should_delete_and_bear_a_repeat(table: Table) -> None:
    table.write([Write(key(), item())])
    for _ in range(2):
        table.write([Write(key(), None)])
        assert table.get(key()) is None


def test_should_do_nothing_without_writes(table: Table) -> None:
    table.write([])


MET: list[tuple[Item | None, Condition]] = [
    (None, None),
    (None, Absent()),
    (None, AbsentOrHolds("version", 3)),
    (item(version=3), None),
    (item(version=3), Holds("version", 3)),
    (item(version=3), AbsentOrHolds("version", 3)),
    (item(bound_to="x"), Holds("bound_to", "x")),
]
NOT_MET: list[tuple[Item | None, Condition]] = [
    (None, Holds("version", 3)),
    (item(version=3), Absent()),
    (item(version=3), Holds("version", 4)),
    (item(version=3), Holds("other", 3)),
    (item(version=3), Holds("version", "3")),
    (item(version=3), AbsentOrHolds("version", 4)),
    (item(), AbsentOrHolds("version", 3)),
    (item(bound_to="x"), AbsentOrHolds("bound_to", "y")),
]


@pytest.mark.parametrize("deletes", [False, True])
@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize(("there", "condition"), MET)
def test_should_write_when_the_condition_holds(
    table: Table, there: Item | None, condition: Condition, others: int, deletes: bool
) -> None:
    if there:
        table.write([Write(key(), there)])
    new = None if deletes else item(version=9)
    table.write(
        [Write(key(), new, condition), *(Write(key(n + 2), item(n + 2)) for n in range(others))]
    )
    assert table.get(key()) == new
    assert len(holds(2, 3, table=table)) == others


@pytest.mark.parametrize("deletes", [False, True])
@pytest.mark.parametrize("others", [0, 2])
@pytest.mark.parametrize(("there", "condition"), NOT_MET)
def test_should_write_nothing_at_all_when_a_condition_fails(
    table: Table, there: Item | None, condition: Condition, others: int, deletes: bool
) -> None:
    if there:
        table.write([Write(key(), there)])
    new = None if deletes else item(version=9)
    beside = [Write(key(n + 2), item(n + 2)) for n in range(others)]
    for writes in (
        [*beside, Write(key(), new, condition)],
        [Write(key(), new, condition), *beside],
    ):
        with pytest.raises(Conflict, match="org#thing#001"):
            table.write(writes)
    assert table.get(key()) == there
    assert holds(2, 3, table=table) == []


def test_should_judge_each_write_of_a_transaction_by_its_own_condition(table: Table) -> None:
    table.write([Write(key(1), item(1, version=1)), Write(key(2), item(2, version=2))])
    table.write(
        [
            Write(key(1), item(1, version=2), Holds("version", 1)),
            Write(key(2), None, Holds("version", 2)),
            Write(key(3), item(3), Absent()),
        ]
    )
    assert holds(1, 2, 3, table=table) == [1, 3]


def test_should_read_many_and_leave_out_missing_ones(table: Table) -> None:
    table.write([Write(key(n), item(n)) for n in (1, 3)])
    assert table.get_many([key(3), key(2), key(1), key(3)]) == {key(1): item(1), key(3): item(3)}


def test_should_read_more_than_one_batch(table: Table) -> None:
    for start in range(0, 230, 50):
        table.write([Write(key(n), item(n)) for n in range(start, start + 50, 2)])
    found = table.get_many([key(n) for n in range(250)])
    assert sorted(found) == [key(n) for n in range(0, 250, 2)]


def sorts(rows: list[Item], name: str = "list_sk") -> str:
    return "".join(str(row[name]) for row in rows)


def fill(table: Table, letters: str = "dacb") -> None:
    table.write([Write(key(n), listed(n, letter)) for n, letter in enumerate(letters)])
    table.write([Write(key(90), listed(90, "z", "other")), Write(key(91), item(91))])


@pytest.mark.parametrize(("newest_first", "expected"), [(True, "dcba"), (False, "abcd")])
def test_should_query_one_partition_in_sort_order(
    table: Table, newest_first: bool, expected: str
) -> None:
    fill(table)
    rows, following = table.query("list", "org#thing#all", newest_first=newest_first, limit=10)
    assert sorts(rows) == expected
    assert following is None


def test_should_hand_out_keys_only(table: Table) -> None:
    fill(table, "a")
    rows, _ = table.query("list", "org#thing#all", newest_first=True, limit=10)
    assert rows == [item(0, list_pk="org#thing#all", list_sk="a")]


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5])
def test_should_page_without_loss_or_repeat(table: Table, limit: int, newest_first: bool) -> None:
    fill(table)
    seen, start = "", None
    for _ in range(6):
        rows, start = table.query(
            "list", "org#thing#all", newest_first=newest_first, limit=limit, start=start
        )
        assert len(rows) <= limit
        seen += sorts(rows)
        if start is None:
            break
    assert start is None
    assert seen == ("dcba" if newest_first else "abcd")


def test_should_go_on_behind_the_last_row_when_it_is_gone_meanwhile(table: Table) -> None:
    fill(table)
    _, start = table.query("list", "org#thing#all", newest_first=True, limit=2)
    table.write([Write(key(2), None)])
    rows, _ = table.query("list", "org#thing#all", newest_first=True, limit=2, start=start)
    assert sorts(rows) == "ba"


@pytest.mark.parametrize(
    ("until", "expected"), [("0", ""), ("b", "ab"), ("bb", "ab"), ("z", "abcd")]
)
def test_should_stop_after_the_bound(table: Table, until: str, expected: str) -> None:
    rows = [item(n, due_pk="p", due_at=s) for n, s in enumerate("cadb")]
    table.write([Write(Key(str(row["pk"]), str(row["sk"])), row) for row in rows])
    found, _ = table.query("due", "p", newest_first=False, limit=10, until=until)
    assert sorts(found, "due_at") == expected


def in_partition(table: Table) -> None:
    for sk in ("A", "E#1", "E#2", "E#3", "F"):
        table.write([Write(Key("p", sk), {"pk": "p", "sk": sk, "body": sk.encode()})])
    table.write([Write(Key("q", "E#9"), {"pk": "q", "sk": "E#9"})])


@pytest.mark.parametrize("consistent", [True, False])
@pytest.mark.parametrize(
    ("begins", "expected"), [("", ["A", "E#1", "E#2", "E#3", "F"]), ("E#", ["E#1", "E#2", "E#3"])]
)
def test_should_read_a_partition_with_all_that_its_items_hold(
    table: Table, begins: str, expected: list[str], consistent: bool
) -> None:
    in_partition(table)
    rows, following = table.rows("p", begins=begins, consistent=consistent)
    assert [row["sk"] for row in rows] == expected
    assert [row["body"] for row in rows] == [sk.encode() for sk in expected]
    assert following is None
    assert table.rows("none")[0] == []


@pytest.mark.parametrize("limit", [1, 2, 3])
def test_should_page_through_a_partition_without_loss_or_repeat(table: Table, limit: int) -> None:
    in_partition(table)
    seen: list[object] = []
    start = None
    for _ in range(5):
        rows, start = table.rows("p", begins="E#", limit=limit, start=start)
        seen += [row["sk"] for row in rows]
        if start is None:
            break
    assert seen == ["E#1", "E#2", "E#3"]


def test_should_follow_an_item_that_moves_in_or_leaves_an_index(table: Table) -> None:
    fill(table, "ab")
    table.write([Write(key(0), item(0)), Write(key(1), listed(1, "c"))])
    rows, _ = table.query("list", "org#thing#all", newest_first=True, limit=10)
    assert sorts(rows) == "c"


@pytest.mark.parametrize("count", [101, 2])
def test_should_refuse_a_transaction_that_dynamodb_refuses(table: Table, count: int) -> None:
    """More than 100 writes, or one key twice."""
    writes = [Write(key(n if count > 2 else 1), item(n if count > 2 else 1)) for n in range(count)]
    with pytest.raises(Exception, match=r"refuses|valid|Transaction"):
        table.write(writes)
    assert table.get(key()) is None
