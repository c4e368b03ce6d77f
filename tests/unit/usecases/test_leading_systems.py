"""An attribute that one system leads takes nothing from another, and nobody is flooded for it."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.tasks import Decision, Task, task_id
from busbar.domain.updates import PruneScope
from busbar.ports.store import Save
from tests.unit.usecases.entity_desk import START, EntityDesk, update

C = {"customer_number": "4711"}
CAUSE = "leading#sap#contact#title"


@pytest.fixture
def desk() -> EntityDesk:
    desk = EntityDesk(leading={"contact.title": "crm", "account.*": "crm"})
    desk.apply(1, update("contact", C, title="Dr."), system="crm")
    return desk


def task(desk: EntityDesk) -> Task:
    stored = desk.deps.store.get(Task, task_id(CAUSE))
    assert stored
    return stored.record


def test_should_refuse_the_attribute_and_take_the_rest(desk: EntityDesk) -> None:
    refused, updated = desk.apply(2, update("contact", C, title="Prof.", last_name="Muster"))
    assert (refused.code, updated.code) == ("NOT_LEADING_SYSTEM", "ENTITY_UPDATED")
    assert dict(refused.detail) == {"attributes": {"title": "crm"}, "system": "sap"}
    attributes = desk.attributes("contact", **C)
    assert (attributes["title"], attributes["last_name"]) == ("Dr.", "Muster")


def test_should_let_the_leading_system_write(desk: EntityDesk) -> None:
    assert desk.codes(2, update("contact", C, title="Prof."), system="crm") == ["ENTITY_UPDATED"]


def test_should_bear_the_same_value_from_another_system(desk: EntityDesk) -> None:
    assert desk.codes(2, update("contact", C, title="Dr.")) == ["ENTITY_NO_OP"]


def test_should_know_a_new_entity_by_its_unique_ids_whoever_leads_them(desk: EntityDesk) -> None:
    codes = desk.codes(2, update("account", C, name="GmbH"))
    assert codes == ["NOT_LEADING_SYSTEM", "ENTITY_CREATED"]
    assert desk.attributes("account", **C) == C


def test_should_open_one_task_and_count(desk: EntityDesk) -> None:
    for version in range(2, 7):
        desk.apply(version, update("contact", C, title="Prof."))
    assert (task(desk).kind, task(desk).count, task(desk).system) == (
        "not_leading_system",
        5,
        "sap",
    )


def test_should_ask_nobody_again_who_has_seen_it(desk: EntityDesk) -> None:
    desk.apply(2, update("contact", C, title="Prof."))
    stored = desk.deps.store.get(Task, task_id(CAUSE))
    assert stored
    closed = Decision(id="1", action="cancel", by="u", role="clerk", at=START, reason="known")
    desk.deps.store.commit(Save(stored.record.decided(closed), stored))
    desk.apply(3, update("contact", C, title="Prof."))
    assert (task(desk).decision, task(desk).count) == (closed, 1)


def test_should_refuse_to_take_the_value_away(desk: EntityDesk) -> None:
    refused, other = desk.apply(2, update("contact", C, title=None))
    assert (refused.code, other.code) == ("NOT_LEADING_SYSTEM", "ENTITY_NO_OP")
    assert desk.attributes("contact", **C)["title"] == "Dr."


@pytest.mark.parametrize("mode", ["delete", "purge"])
def test_should_let_nobody_else_remove_what_one_system_leads_as_a_whole(
    desk: EntityDesk, mode: str
) -> None:
    desk.apply(1, update("account", C, name="GmbH"), system="crm")
    (refused,) = desk.apply(2, update("account", C, mode))
    assert (refused.code, refused.operation) == ("NOT_LEADING_SYSTEM", mode)
    assert desk.attributes("account", **C)["name"] == "GmbH"
    stored = desk.deps.store.get(Task, task_id("leading#sap#account#*"))
    assert stored
    assert stored.record.count == 1
    assert desk.codes(3, update("account", C, mode), system="crm") == ["ENTITY_DELETED"]


@pytest.mark.parametrize("mode", ["delete", "purge"])
def test_should_let_nobody_else_prune_it(desk: EntityDesk, mode: Any) -> None:
    parent = {"schema": "contact", "unique_ids": C}
    for name in ("1", "2"):
        ids = {"external_id": name}
        related = update("account", ids, contact={"$relation": [parent]})
        desk.apply(1, related, system="crm")
    scope = PruneScope("account", {"scope_mode": "relations", **parent}, (), mode)
    pruned, refused = desk.apply(2, scope)
    assert (pruned.detail["removed"], pruned.detail["kept"]) == (0, 2)
    assert refused.code == "NOT_LEADING_SYSTEM"
    assert all(desk.entity("account", external_id=name).live for name in ("1", "2"))
    (pruned,) = desk.apply(3, scope, system="crm")
    assert pruned.detail["removed"] == 2
