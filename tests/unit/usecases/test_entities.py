"""What readers see of entities: themselves, their neighbours, lists, history, how far they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from busbar.errors import Problem
from busbar.usecases.entities import (
    find_entity,
    get_entity,
    list_entities,
    related_entities,
    restore_entity,
)
from busbar.usecases.entity_history import entity_at_version, entity_history, sync_status
from tests.unit.usecases.entity_desk import INTEGRATION, EntityDesk, origin, update

C = {"customer_number": "4711"}


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def refused(work: Any) -> Problem:
    with pytest.raises(Problem) as raised:
        work()
    return raised.value


def test_should_show_an_entity_with_who_said_what(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, last_name="Muster"))
    desk.apply(2, update("contact", C, last_name="Muster", title="Dr."), system="crm")
    shown = get_entity(desk.deps, desk.id("contact", **C))
    assert {k: shown[k] for k in ("_schema", "_org", "last_name", "_version")} == {
        "_schema": "contact",
        "_org": "demo",
        "last_name": "Muster",
        "_version": 2,
    }
    title = shown["_lineage"]["title"]
    assert (title["system"], title["mapping_version"], title["integration_id"]) == (
        "crm",
        "3",
        INTEGRATION,
    )
    assert title["event_id"] == origin(2).event_id
    assert title["event_time"] == "2026-03-02T08:00:02.000000Z"


def test_should_find_an_entity_by_its_unique_ids(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, email="a@b.de"))
    there = desk.id("contact", **C)
    assert find_entity(desk.deps, "contact", {"email": "A@b.de"})["_id"] == there
    assert find_entity(desk.deps, "contact", {**C, "email": "a@b.de"})["_id"] == there
    assert find_entity(desk.deps, "contact", {"_id": there})["_id"] == there
    desk.apply(2, update("contact", {"external_id": "2"}, **C))
    assert refused(lambda: find_entity(desk.deps, "contact", C)).status == 409
    assert refused(lambda: find_entity(desk.deps, "contact", {"last_name": "x"})).status == 400
    for unknown in ({"customer_number": "?"}, {"_id": "?"}):
        assert refused(lambda ids=unknown: find_entity(desk.deps, "contact", ids)).status == 404


def test_should_not_show_what_is_gone(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C))
    there = desk.id("contact", **C)
    assert refused(lambda: get_entity(desk.deps, there, schema="account")).status == 404
    desk.apply(2, update("contact", C, "delete"))
    for read in (get_entity, related_entities):
        assert refused(lambda r=read: r(desk.deps, there)).status == 404
    assert get_entity(desk.deps, there, deleted=True)["_deleted_at"]
    assert refused(lambda: find_entity(desk.deps, "contact", C)).status == 404
    desk.apply(3, update("contact", C, "purge"))
    assert refused(lambda: get_entity(desk.deps, there, deleted=True)).status == 404


def test_should_restore_from_the_bin_until_a_newer_event_deletes_again(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, last_name="Muster"))
    there = desk.id("contact", **C)
    mark = replace(origin(50), source_version=0).mark
    assert refused(lambda: restore_entity(desk.deps, there, mark)).status == 409
    desk.apply(2, update("contact", C, "delete"))
    assert restore_entity(desk.deps, there, mark)["last_name"] == "Muster"
    assert desk.codes(2, update("contact", C, "delete")) == ["STALE_EVENT"]
    assert find_entity(desk.deps, "contact", C)["_id"] == there
    assert list_entities(desk.deps, "contact", {})["items"]
    assert desk.codes(3, update("contact", C, "delete")) == ["ENTITY_DELETED"]


def names(page: Any) -> list[str]:
    return [item["external_id"] for item in page["items"]]


def test_should_list_entities_by_change_page_by_page(desk: EntityDesk) -> None:
    for n in range(7):
        desk.apply(n, update("contract", {"external_id": str(n)}))
    desk.apply(9, update("contract", {"external_id": "2"}, status="active"))
    seen: list[str] = []
    cursor = None
    for _ in range(4):
        page = list_entities(desk.deps, "contract", {}, limit=3, cursor=cursor)
        seen += names(page)
        cursor = page["cursor"]
        if cursor is None:
            break
    assert seen == list("2654310")


def test_should_list_entities_by_declared_filters(desk: EntityDesk) -> None:
    for n in range(30):
        status, branch = ("active" if n % 3 else "draft"), ("gas" if n % 2 else "power")
        desk.apply(1, update("contract", {"external_id": str(n)}, status=status, branch=branch))
    filters = {"status": "draft", "branch": "gas"}
    assert names(list_entities(desk.deps, "contract", filters)) == ["27", "21", "15", "9", "3"]
    assert names(list_entities(desk.deps, "contract", {"status": "?"})) == []
    desk.apply(2, update("contract", {"external_id": "27"}, status="active"))
    desk.apply(2, update("contract", {"external_id": "21"}, "delete"))
    assert names(list_entities(desk.deps, "contract", filters)) == ["15", "9", "3"]


def test_should_name_the_filters_that_are_allowed(desk: EntityDesk) -> None:
    problem = refused(lambda: list_entities(desk.deps, "contract", {"note": "x"}))
    assert (problem.status, problem.slug) == (400, "unknown-filter")
    assert "contract_number, status, branch" in problem.detail
    assert refused(lambda: list_entities(desk.deps, "unknown", {})).status == 400


@pytest.mark.parametrize("cursor", ["x", "", "YQ==", "ä"])
def test_should_refuse_a_cursor_that_is_none(desk: EntityDesk, cursor: str) -> None:
    if not cursor:
        return
    problem = refused(lambda: list_entities(desk.deps, "contact", {}, cursor=cursor))
    assert problem.slug == "bad-parameter"


def test_should_tell_what_each_change_took_the_place_of(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, last_name="Muster"))
    desk.apply(2, update("contact", C, last_name="Meier", title="Dr."))
    desk.apply(3, update("contact", C, last_name="Meier"))
    there = desk.id("contact", **C)
    history = entity_history(desk.deps, there)
    assert history["version"] == 3
    second, first = history["items"]
    assert (second["version"], second["operation"]) == (2, "patch")
    assert second["changes"] == {
        "last_name": {"before": "Muster", "after": "Meier"},
        "title": {"after": "Dr."},
    }
    assert first["operation"] == "create"
    assert first["changes"]["last_name"] == {"after": "Muster"}
    assert second["by"]["event_id"] == origin(2).event_id


def test_should_show_an_entity_as_it_was(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, last_name="Muster"))
    desk.apply(2, update("contact", C, last_name="Meier", title="Dr."))
    there = desk.id("contact", **C)

    def at(version: int) -> Any:
        return entity_at_version(desk.deps, there, version)["attributes"]

    assert at(1) == {**C, "last_name": "Muster"}
    assert at(2) == {**C, "last_name": "Meier", "title": "Dr."}
    for unknown in (0, 3):
        assert refused(lambda v=unknown: at(v)).status == 404


def test_should_say_how_far_each_integration_has_come(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", C, last_name="Muster"))
    desk.apply(2, update("contact", C, last_name="Muster"))
    desk.apply(3, update("contact", C, title="Dr."), integration_id="other", use_case="crm")
    status = sync_status(desk.deps, desk.id("contact", **C))
    mine, other = status["sync_states"]
    assert (mine["integration_id"], mine["last_operation"]) == (INTEGRATION, "no-op")
    assert mine["last_synced_at"] > mine["last_changed_at"]
    assert mine["last_event_id"] == origin(2).event_id
    assert (other["use_case_id"], other["last_operation"]) == ("crm", "patch")
    assert "readings_last_synced_at" not in mine
    assert refused(lambda: sync_status(desk.deps, "?")).status == 404
