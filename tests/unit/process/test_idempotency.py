"""One answer per key, caller and operation, replayed to the byte."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.errors import Problem
from busbar.process.idempotency import KeyRecord, check_key
from tests.unit.process.desk import Desk


@pytest.fixture
def desk() -> Desk:
    return Desk()


# --- the key itself ----------------------------------------------------------------------------


@pytest.mark.parametrize("key", [None, ""])
def test_should_refuse_a_request_without_a_key(key: str | None) -> None:
    with pytest.raises(Problem) as problem:
        check_key(key)
    assert (problem.value.status, problem.value.slug) == (400, "idempotency-key-missing")


@pytest.mark.parametrize("key", ["x" * 256, "schlüssel", "a\nb", "a\tb", "\x00", "a\x7f", "日"])
def test_should_refuse_a_key_of_another_form(key: str) -> None:
    with pytest.raises(Problem) as problem:
        check_key(key)
    assert (problem.value.status, problem.value.slug) == (400, "idempotency-key-invalid")


@pytest.mark.parametrize("key", ["x", "x" * 255, "8e03978e-40d5-43dd-bc93-6894a57f9324", '"a#b" c'])
def test_should_take_any_printable_key(key: str) -> None:
    assert check_key(key) == key


# --- replay ------------------------------------------------------------------------------------


def test_should_replay_the_answer_to_the_byte_and_say_so(desk: Desk) -> None:
    first = desk.send()
    again = desk.send()
    assert (first.replayed, again.replayed) == (False, True)
    assert (again.status, again.body, again.headers) == (first.status, first.body, first.headers)
    assert len(desk.made) == 1


@pytest.mark.parametrize("body", [{"a": 1, "b": 2}, {"b": 2, "a": 1}])
def test_should_not_care_about_the_order_of_fields(desk: Desk, body: Any) -> None:
    desk.send(body={"a": 1, "b": 2})
    assert desk.send(body=body).replayed


@pytest.mark.parametrize(
    "body",
    [{}, {"quantity": 4}, {"quantity": "3"}, {"quantity": 3, "note": ""}, [3], {"quantity": 3.5}],
)
def test_should_refuse_another_body_under_the_same_key(desk: Desk, body: Any) -> None:
    desk.send()
    problem = desk.refused(body=body)
    assert (problem.status, problem.slug) == (422, "idempotency-key-reused")
    assert len(desk.made) == 1


@pytest.mark.parametrize("other", [{"scope": "other"}, {"caller": "sub-2"}, {"key": "key-2"}])
def test_should_keep_operations_callers_and_keys_apart(desk: Desk, other: dict[str, str]) -> None:
    first = desk.send()
    second = desk.send(**other)  # type: ignore[arg-type]
    assert not second.replayed
    assert first.body != second.body


def test_should_not_mix_up_a_caller_and_a_key_that_look_alike(desk: Desk) -> None:
    desk.send(caller="a#b", key="c")
    assert not desk.send(caller="a", key="b#c").replayed
    assert not desk.send(scope="order_submit#a", caller="b", key="c").replayed


@pytest.mark.parametrize(("seconds", "replayed"), [(7 * 86400 - 1, True), (7 * 86400, False)])
def test_should_forget_the_answer_after_seven_days(
    desk: Desk, seconds: float, replayed: bool
) -> None:
    desk.send()
    desk.clock.advance(seconds)
    assert desk.send().replayed is replayed
    assert len(set(desk.made)) == (1 if replayed else 2)


def test_should_tell_the_table_when_to_forget_the_key(desk: Desk) -> None:
    desk.send()
    (item,) = desk.table.items.values()
    assert item["expires_at"] == int(desk.clock.now().timestamp()) + 7 * 86400
    assert KeyRecord.schema_name == item["schema"]
