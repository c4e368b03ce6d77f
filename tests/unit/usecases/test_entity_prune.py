"""What an event leaves out of a scope that it tells in full, goes; and nothing else."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from busbar.domain.updates import PruneScope
from tests.unit.usecases.entity_desk import START, EntityDesk, update

B = {"billing_account_number": "B"}


def event(name: str, account: str = "B", **attributes: Any) -> Any:
    target = {"schema": "billing_account", "unique_ids": {"billing_account_number": account}}
    return update(
        "billing_event", {"external_id": name}, contract={"$relation": [target]}, **attributes
    )


def scope(*keep: str, mode: Any = "delete", **how: Any) -> PruneScope:
    usual = {"scope_mode": "relations", "schema": "billing_account", "unique_ids": B}
    return PruneScope("billing_event", how or usual, tuple({"external_id": k} for k in keep), mode)


@pytest.fixture
def desk() -> EntityDesk:
    desk = EntityDesk()
    desk.apply(
        1,
        event("1"),
        event("2"),
        event("3", "OTHER"),
        update("billing_event", {"external_id": "4"}),
    )
    return desk


def live(desk: EntityDesk) -> list[str]:
    return [n for n in "12345" if desk.entity("billing_event", external_id=n).live]


@pytest.mark.parametrize("mode", ["delete", "purge"])
def test_should_remove_what_is_related_to_the_scope_and_not_named(
    desk: EntityDesk, mode: Any
) -> None:
    *_, outcome = desk.apply(2, event("1"), scope("1", mode=mode))
    assert (outcome.code, outcome.detail["removed"]) == ("PRUNE_SCOPE_COMPLETED", 1)
    assert live(desk) == ["1", "3", "4"]
    assert desk.entity("billing_event", external_id="2").in_bin == (mode == "delete")


def test_should_remove_the_whole_scope_when_nothing_is_named(desk: EntityDesk) -> None:
    desk.apply(2, scope())
    assert live(desk) == ["3", "4"]


def test_should_find_what_the_scope_itself_is_related_to(desk: EntityDesk) -> None:
    forth = {"$relation": [{"schema": "billing_event", "unique_ids": {"external_id": "4"}}]}
    desk.apply(2, update("billing_account", B, events=forth))
    desk.apply(3, event("1"), event("2"), scope("1", "2"))
    assert live(desk) == ["1", "2", "3"]


def test_should_leave_alone_what_newer_events_have_said(desk: EntityDesk) -> None:
    desk.apply(9, event("2"))
    desk.apply(2, event("1"), scope("1"))
    assert live(desk) == ["1", "2", "3", "4"]


def test_should_take_away_again_what_an_older_event_brings_later(desk: EntityDesk) -> None:
    desk.apply(9, event("1"), scope("1"))
    desk.apply(5, event("1"), event("5"), scope("1", "5"))
    assert live(desk) == ["1", "3", "4"]


def test_should_prune_nothing_where_the_scope_is_not_there(desk: EntityDesk) -> None:
    gone = scope(scope_mode="relations", schema="billing_account", unique_ids={"external_id": "?"})
    (outcome,) = desk.apply(2, gone)
    assert (outcome.code, outcome.detail["removed"]) == ("PRUNE_SCOPE_COMPLETED", 0)


def test_should_prune_by_a_query_of_declared_filters(desk: EntityDesk) -> None:
    for name, kind in (("1", "payment"), ("2", "payment"), ("3", "bonus")):
        desk.apply(2, update("billing_event", {"external_id": name}, type=kind))
    query = scope("1", scope_mode="query", query={"type": "payment"})
    desk.apply(3, update("billing_event", {"external_id": "1"}, type="payment"), query)
    assert live(desk) == ["1", "3", "4"]


def test_should_prune_by_a_query_of_a_unique_attribute(desk: EntityDesk) -> None:
    desk.apply(2, update("billing_event", {"external_id": "4"}, invoice_number="R"))
    desk.apply(3, scope(scope_mode="query", query={"invoice_number": "R"}))
    assert live(desk) == ["1", "2", "3"]


def test_should_ask_the_entities_for_what_is_no_filter(desk: EntityDesk) -> None:
    for name, note in (("1", "x"), ("2", "x"), ("3", "y")):
        desk.apply(2, update("billing_event", {"external_id": name}, type="payment", note=note))
    desk.apply(2, update("billing_event", {"external_id": "4"}, type="bonus", note="x"))
    query = {"type": "payment", "note": "x", "their_own": True}
    desk.apply(3, scope(scope_mode="query", query=query))
    assert live(desk) == ["1", "2", "3", "4"]
    del query["their_own"]
    desk.apply(4, scope(scope_mode="query", query=query))
    assert live(desk) == ["3", "4"]


def test_should_find_by_a_filter_where_too_many_have_one_unique_value(desk: EntityDesk) -> None:
    for number in range(201):
        numbered = update("billing_event", {"external_id": f"N{number}"}, invoice_number="R")
        desk.apply(2, numbered)
    (outcome,) = desk.apply(3, scope(scope_mode="query", query={"invoice_number": "R"}))
    assert (outcome.code, outcome.detail) == (
        "PRUNE_SCOPE_PARTIAL_FAILURE",
        {"cause": "UNIQUE_ID_MULTIPLE_MATCHES"},
    )
    desk.apply(4, update("billing_event", {"external_id": "1"}, invoice_number="R", type="bonus"))
    query = {"invoice_number": "R", "type": "bonus"}
    (outcome,) = desk.apply(5, scope(scope_mode="query", query=query))
    assert outcome.detail["removed"] == 1
    assert live(desk) == ["2", "3", "4"]


@pytest.mark.parametrize("query", [{"note": "x"}, {"their_own": "x"}, {}])
def test_should_say_by_what_a_scope_can_be_asked_for(desk: EntityDesk, query: Any) -> None:
    (outcome,) = desk.apply(2, scope(scope_mode="query", query=query))
    assert outcome.code == "PRUNE_SCOPE_PARTIAL_FAILURE"
    assert "type, direction, booking_date, external_id, invoice_number" in outcome.message
    assert live(desk) == ["1", "2", "3", "4"]


@pytest.mark.parametrize("again", [False, True])
def test_should_keep_what_another_part_of_the_same_event_tells_of_the_scope(
    desk: EntityDesk, again: bool
) -> None:
    """Two entries that prune one scope: payments of it, and deductions of it."""
    for _ in range(1 + again):
        desk.apply(2, event("1"), event("2"), scope("1"), scope("2"))
    assert live(desk) == ["1", "2", "3", "4"]
    desk.apply(3, event("1"), scope("1"), scope())
    assert live(desk) == ["1", "3", "4"]


def test_should_let_a_replay_prune_what_only_the_unmended_mapping_told(desk: EntityDesk) -> None:
    desk.apply(2, event("1"), event("2"), scope("1", "2"))
    later = START + timedelta(hours=1)
    desk.apply(2, event("1"), scope("1"), event_id="replay", at=later)
    assert live(desk) == ["1", "3", "4"]
