"""Entities are read: found, listed, related, with their history, and restored; no IBAN leaves."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.errors import Problem
from busbar.usecases import entities
from busbar.usecases.entity_history import entity_at_version, entity_history
from busbar.usecases.entity_related import related_entities
from busbar.usecases.entity_sync import meter_readings, sync_status
from tests.unit.usecases.entity_desk import EntityDesk, reading, update

PARTNER = {"customer_number": "4711"}
IBAN = "DE89 3704 0044 0532 0130 00"


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def find(desk: EntityDesk, schema: str = "contact", limit: int = 50, **query: str) -> Any:
    return entities.find_entities(desk.deps, schema, query, limit)


def refused(work: Any) -> Problem:
    with pytest.raises(Problem) as told:
        work()
    return told.value


def contacts(desk: EntityDesk, *names: str) -> None:
    for number, name in enumerate(names):
        desk.apply(number, update("contact", {"customer_number": f"{number}"}, last_name=name))


def test_should_list_newest_change_first_page_by_page(desk: EntityDesk) -> None:
    contacts(desk, "A", "B", "C")
    seen, cursor = list[str](), None
    while True:
        page = find(desk, limit=1, **({"cursor": cursor} if cursor else {}))
        seen += [one["last_name"] for one in page["entities"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == ["C", "B", "A"]


def test_should_list_by_all_filters_that_are_given(desk: EntityDesk) -> None:
    contacts(desk, "A", "B", "B;C")
    found = find(desk, filter="last_name:B;customer_number:1")["entities"]
    assert [one["customer_number"] for one in found] == ["1"]
    assert [one["last_name"] for one in find(desk, filter="last_name:B;;C")["entities"]] == ["B;C"]


@pytest.mark.parametrize("text", ["true", "True", " TRUE "])
def test_should_read_a_filter_as_its_attribute_has_it(desk: EntityDesk, text: str) -> None:
    for number, invoice in (("1", True), ("2", False)):
        desk.apply(1, update("file", {"document_id": number}, is_invoice=invoice))
    (found,) = find(desk, "file", filter=f"is_invoice:{text}")["entities"]
    assert found["document_id"] == "1"
    problem = refused(lambda: find(desk, "file", filter="is_invoice:yes"))
    assert "is_invoice has to be true or false" in problem.errors[0].message


def test_should_show_what_changes_meanwhile_on_the_first_page(desk: EntityDesk) -> None:
    contacts(desk, "A", "B", "C")
    first = find(desk, limit=1)
    desk.apply(9, update("contact", {"customer_number": "0"}, last_name="A2"))
    rest = find(desk, limit=9, cursor=first["next_cursor"])
    assert [one["last_name"] for one in first["entities"] + rest["entities"]] == ["C", "B"]
    assert find(desk, limit=1)["entities"][0]["last_name"] == "A2"


@pytest.mark.parametrize("text", ["title:Dr.", "last_name", "last_name:", ":x", "a:b;a:c", ";"])
def test_should_refuse_what_is_no_declared_filter(desk: EntityDesk, text: str) -> None:
    problem = refused(lambda: find(desk, filter=text))
    assert (problem.status, problem.slug) == (400, "invalid-parameter")
    assert problem.errors[0].field == "filter"


def test_should_name_the_filters_that_are_allowed(desk: EntityDesk) -> None:
    problem = refused(lambda: find(desk, filter="title:Dr."))
    assert "customer_number, last_name, communication_preference" in problem.errors[0].message


def test_should_find_the_one_with_a_unique_id_and_tell_who_said_what(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster"))
    (found,) = find(desk, unique_id="customer_number:4711")["entities"]
    assert found["_lineage"]["last_name"]["system"] == "sap"
    assert find(desk, unique_id="customer_number:4712")["entities"] == []


def test_should_find_by_every_spelling_and_by_all_ids_together(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, email="a@example.org"))
    there = desk.id("contact", **PARTNER)
    for text in (
        "email:A@example.org",
        "customer_number:4711;email:a@example.org",
        f"_id:{there}",
    ):
        (found,) = find(desk, unique_id=text)["entities"]
        assert found["_id"] == there
    for text in ("customer_number:4711;email:b@example.org", "_id:unknown"):
        assert find(desk, unique_id=text)["entities"] == []


def test_should_not_show_what_is_gone(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER))
    there = desk.id("contact", **PARTNER)
    desk.apply(2, update("contact", PARTNER, "delete"))
    assert refused(lambda: entities.show_entity(desk.deps, "contact", there)).status == 404
    assert refused(lambda: related_entities(desk.deps, "contact", there, {}, 50)).status == 404
    shown = entities.show_entity(desk.deps, "contact", there, deleted=True)
    assert shown["_deleted_at"]
    assert find(desk, unique_id="customer_number:4711")["entities"] == []
    assert find(desk)["entities"] == []
    desk.apply(3, update("contact", PARTNER, "purge"))
    gone = refused(lambda: entities.show_entity(desk.deps, "contact", there, deleted=True))
    assert gone.status == 404


def test_should_list_a_changed_one_anew_and_only_where_it_still_fits(desk: EntityDesk) -> None:
    for n in range(12):
        status, branch = ("active" if n % 3 else "draft"), ("gas" if n % 2 else "power")
        ids = {"external_id": str(n)}
        desk.apply(1, update("contract", ids, status=status, branch=branch))

    def listed() -> list[str]:
        found = find(desk, "contract", filter="status:draft;branch:gas")["entities"]
        return [one["external_id"] for one in found]

    assert listed() == ["9", "3"]
    desk.apply(2, update("contract", {"external_id": "3"}, note="x"))
    assert listed() == ["3", "9"]
    desk.apply(3, update("contract", {"external_id": "9"}, status="active"))
    desk.apply(3, update("contract", {"external_id": "3"}, "delete"))
    assert listed() == []


@pytest.mark.parametrize("cursor", ["x", "YQ==", "ä"])
def test_should_refuse_a_cursor_that_is_none(desk: EntityDesk, cursor: str) -> None:
    assert refused(lambda: find(desk, cursor=cursor)).errors[0].field == "cursor"


def test_should_refuse_what_is_no_unique_id_or_does_not_go_with_one(desk: EntityDesk) -> None:
    assert "customer_number" in refused(lambda: find(desk, unique_id="title:x")).errors[0].message
    both = refused(lambda: find(desk, unique_id="customer_number:1", filter="last_name:x"))
    assert both.errors[0].field == "filter"


def test_should_not_choose_between_several(desk: EntityDesk) -> None:
    for number in ("1", "2"):
        ids = {"customer_number": number}
        desk.apply(1, update("contact", ids, email=[{"email": "a@example.org"}]))
    problem = refused(lambda: find(desk, unique_id="email:a@example.org"))
    assert (problem.status, problem.slug) == (409, "several-entities")
    both = sorted(desk.id("contact", customer_number=number) for number in ("1", "2"))
    assert problem.detail == f"They are: {', '.join(both)}."


def test_should_know_no_schema_but_those_of_the_org(desk: EntityDesk) -> None:
    problem = refused(lambda: find(desk, "starship"))
    assert problem.status == 404
    assert "contact" in problem.detail


def test_should_show_an_entity_under_its_own_schema_alone(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER))
    found = desk.id("contact", **PARTNER)
    assert entities.show_entity(desk.deps, "contact", found)["_version"] == 1
    assert refused(lambda: entities.show_entity(desk.deps, "account", found)).status == 404
    assert refused(lambda: entities.show_entity(desk.deps, "contact", "nothing")).status == 404


def test_should_show_what_is_ours_whatever_an_event_calls_its_attributes(desk: EntityDesk) -> None:
    names = ("_id", "_schema", "_org", "_version", "_stub", "_deleted_at", "_lineage")
    desk.apply(1, update("contact", PARTNER, **dict.fromkeys(names, "theirs")))
    found = desk.id("contact", **PARTNER)
    assert "theirs" not in find(desk)["entities"][0].values()
    assert "theirs" not in entities.show_entity(desk.deps, "contact", found).values()
    desk.apply(
        1, update("meter", {"external_id": "M1"}), reading("R", "2026-03-01", 1, _id="theirs")
    )
    meter = desk.id("meter", external_id="M1")
    (one,) = meter_readings(desk.deps, meter)["readings"]
    assert one["_id"] != "theirs"


def test_should_mask_every_iban_wherever_it_stands(desk: EntityDesk) -> None:
    account = {"type": "payment_sepa", "data": {"iban": IBAN, "fullname": "M. Muster"}}
    ids = {"billing_account_number": "1"}
    desk.apply(
        1, update("billing_account", ids, payment_method=[account], note=IBAN.replace(" ", ""))
    )
    desk.apply(2, update("billing_account", ids, payment_method=[], note="-"))
    found = desk.id("billing_account", **ids)
    history = entity_history(desk.deps, "billing_account", found)
    before = history["changes"][0]["attributes"]["payment_method"]["before"]
    assert before[0]["data"]["iban"] == "DE…3000"
    first = entity_at_version(desk.deps, "billing_account", found, "1")
    assert first["attributes"]["note"] == "DE…3000"
    assert "0532" not in str([history, first])


@pytest.mark.parametrize(
    ("attributes", "shown"),
    [
        ({"note": f"bitte von {IBAN} abbuchen"}, {"note": "bitte von DE…3000 abbuchen"}),
        (
            {"note": "AT61 1904 3002 3457 3201/de89370400440532013000."},
            {"note": "AT…3201/DE…3000."},
        ),
        ({"note": [[IBAN]]}, {"note": [["DE…3000"]]}),
        # Of another country, or with a mistake in it: it is one all the same.
        ({"payment": [{"data": {"iban": "TR33 0006 1005 1978 6457 8413 26"}}]}, "TR…1326"),
        ({"payment": [{"data": {"iban": "DE89370400440532013001"}}]}, "DE…3001"),
        ({"IBAN": "DE89370400440532013001"}, {"IBAN": "DE…3001"}),
        # What its sender has masked stays, and so does what only looks like one.
        ({"payment": [{"data": {"iban": "XXXXXXXXXXXXXXXXXX2051"}}]}, "XXXXXXXXXXXXXXXXXX2051"),
        ({"note": "DE89370400440532013001"}, {"note": "DE89370400440532013001"}),
        ({"note": "XDE89370400440532013000"}, {"note": "XDE89370400440532013000"}),
        ({"note": "DE893704004405320130001"}, {"note": "DE893704004405320130001"}),
    ],
)
def test_should_mask_an_iban_in_a_text_and_whatever_is_called_one(
    desk: EntityDesk, attributes: dict[str, Any], shown: Any
) -> None:
    desk.apply(1, update("contact", PARTNER, **attributes))
    desk.apply(2, update("contact", PARTNER, **dict.fromkeys(attributes)))
    there = desk.id("contact", **PARTNER)
    (name,) = attributes
    found = entity_at_version(desk.deps, "contact", there, "1")["attributes"][name]
    change = entity_history(desk.deps, "contact", there)["changes"][0]["attributes"][name]
    if isinstance(shown, str):
        found, change = found[0]["data"]["iban"], {"before": change["before"][0]["data"]["iban"]}
    assert found == change["before"] == (shown if isinstance(shown, str) else shown[name])


def test_should_show_relations_from_both_sides(desk: EntityDesk) -> None:
    target = {"entity_schema": "contact", "unique_ids": PARTNER}
    desk.apply(1, update("contact", PARTNER))
    customer = {"$relation": {"_set": [target]}}
    desk.apply(2, update("contract", {"contract_number": "C1"}, customer=customer))
    person, contract = desk.id("contact", **PARTNER), desk.id("contract", contract_number="C1")
    (out,) = related_entities(desk.deps, "contract", contract, {}, 50)["relations"]
    assert (out["direction"], out["relation"], out["entity"]["_id"]) == ("out", "customer", person)
    (back,) = related_entities(desk.deps, "contact", person, {}, 50)["relations"]
    assert (back["direction"], back["entity"]["_id"]) == ("in", contract)
    none = related_entities(desk.deps, "contact", person, {"relation": "order"}, 50)
    assert none == {"relations": [], "next_cursor": None}


def pages(desk: EntityDesk, of: str, limit: int, **query: str) -> list[list[str]]:
    """All pages of those who are related to a contact, by their contract numbers."""
    found, cursor = list[list[str]](), dict[str, str]()
    while True:
        page = related_entities(desk.deps, "contact", of, {**query, **cursor}, limit)
        found.append([one["entity"]["contract_number"] for one in page["relations"]])
        if page["next_cursor"] is None:
            return found
        cursor = {"cursor": page["next_cursor"]}


def test_should_show_all_who_are_related_page_by_page_and_none_that_is_gone(
    desk: EntityDesk,
) -> None:
    target = {"entity_schema": "contact", "unique_ids": PARTNER}
    customer = {"$relation": {"_set": [target]}}
    numbers = [f"C{n}" for n in range(9)]
    for number in numbers:
        desk.apply(1, update("contract", {"contract_number": number}, customer=customer))
    person = desk.id("contact", **PARTNER)
    for number in numbers[::2]:
        desk.apply(2, update("contract", {"contract_number": number}, "delete"))
    first, second = pages(desk, person, 3)
    assert sorted([*first, *second]) == numbers[1::2]
    assert (len(first), len(second)) == (3, 1)
    assert pages(desk, person, 4, relation="customer") == [[*first, *second]]
    desk.apply(3, update("contract", {"contract_number": "C0"}))
    assert sorted(one for (one,) in pages(desk, person, 1)) == ["C0", *numbers[1::2]]


@pytest.mark.parametrize("cursor", ["x", "YQ==", "ä", "WzIsICJhIiwgImIiXQ==", "WzAsIDEsIDJd"])
def test_should_refuse_a_cursor_that_is_none_of_relations(desk: EntityDesk, cursor: str) -> None:
    desk.apply(1, update("contact", PARTNER))
    there = desk.id("contact", **PARTNER)
    refusal = refused(lambda: related_entities(desk.deps, "contact", there, {"cursor": cursor}, 1))
    assert refusal.errors[0].field == "cursor"


def test_should_end_a_page_where_an_answer_is_full_and_go_on_from_there(desk: EntityDesk) -> None:
    target = {"entity_schema": "contact", "unique_ids": PARTNER}
    large = {"customer": {"$relation": {"_set": [target]}}, "note": "x" * 900_000}
    numbers = [f"C{n}" for n in range(6)]
    for number in numbers:
        desk.apply(1, update("contract", {"contract_number": number}, **large))
    person = desk.id("contact", **PARTNER)
    by_relation = pages(desk, person, 50)
    assert [len(page) for page in by_relation] == [4, 2]
    assert sorted([*by_relation[0], *by_relation[1]]) == numbers
    first = find(desk, "contract")
    rest = find(desk, "contract", cursor=first["next_cursor"])
    listed = [one["contract_number"] for one in [*first["entities"], *rest["entities"]]]
    assert (len(first["entities"]), listed, rest["next_cursor"]) == (4, numbers[::-1], None)


def test_should_find_none_where_all_who_have_it_are_in_the_bin(desk: EntityDesk) -> None:
    mail = [{"email": "a@example.org"}]
    for number in ("1", "2"):
        desk.apply(1, update("contact", {"customer_number": number}, email=mail))
    for number in ("1", "2"):
        desk.apply(2, update("contact", {"customer_number": number}, "delete"))
    assert find(desk, unique_id="email:a@example.org")["entities"] == []
    desk.apply(3, update("contact", {"customer_number": "2"}))
    (found,) = find(desk, unique_id="email:a@example.org")["entities"]
    assert found["customer_number"] == "2"


def test_should_begin_anew_with_an_entity_that_was_purged(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Meier"))
    desk.apply(2, update("contact", PARTNER, "purge"))
    desk.clock.advance(60)
    desk.apply(3, update("contact", PARTNER, last_name="Muster"))
    there = desk.id("contact", **PARTNER)
    shown = entities.show_entity(desk.deps, "contact", there)
    assert shown["_created_at"] == shown["_updated_at"]
    (change,) = entity_history(desk.deps, "contact", there)["changes"]
    assert change["operation"] == "create"
    before = refused(lambda: entity_at_version(desk.deps, "contact", there, "2"))
    assert before.status == 404
    (state,) = sync_status(desk.deps, there)["sync_states"]
    assert state["last_operation"] == "create"


def test_should_not_call_it_a_creation_to_delete_what_nobody_knows(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, "delete"))
    there = desk.id("contact", **PARTNER)
    (state,) = sync_status(desk.deps, there)["sync_states"]
    assert state["last_operation"] == "no-op"
    desk.apply(2, update("contact", PARTNER))
    (change,) = entity_history(desk.deps, "contact", there)["changes"]
    assert (change["operation"], change["version"]) == ("create", 2)


def test_should_tell_the_deletion_of_what_is_in_the_bin(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER))
    there = desk.id("contact", **PARTNER)
    for version, mode in ((2, "delete"), (3, "purge")):
        desk.apply(version, update("contact", PARTNER, mode))
        (state,) = sync_status(desk.deps, there)["sync_states"]
        assert state["last_operation"] == "delete"


def test_should_tell_what_each_change_took_the_place_of(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Meier"))
    desk.apply(2, update("contact", PARTNER, last_name="Muster", title="Dr."))
    found = desk.id("contact", **PARTNER)
    newest, first = entity_history(desk.deps, "contact", found)["changes"]
    assert newest["attributes"] == {
        "last_name": {"before": "Meier", "after": "Muster"},
        "title": {"after": "Dr."},
    }
    assert first["operation"] == "create"


@pytest.mark.parametrize("version", ["0", "3", "x", "-1", "²", "9" * 400])
def test_should_know_no_version_that_never_was(desk: EntityDesk, version: str) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Meier"))
    desk.apply(2, update("contact", PARTNER, last_name="Muster"))
    found = desk.id("contact", **PARTNER)
    problem = refused(lambda: entity_at_version(desk.deps, "contact", found, version))
    assert problem.status == 404


def test_should_show_an_entity_as_it_was_at_each_version(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Meier"))
    desk.apply(2, update("contact", PARTNER, last_name="Muster", title="Dr."))
    desk.apply(3, update("contact", PARTNER, last_name="Muster"))
    there = desk.id("contact", **PARTNER)

    def at(version: str) -> Any:
        return entity_at_version(desk.deps, "contact", there, version)["attributes"]

    assert at("1") == {**PARTNER, "last_name": "Meier"}
    assert at("2") == at("3") == {**PARTNER, "last_name": "Muster", "title": "Dr."}


def test_should_tell_a_check_that_changed_nothing_from_a_change(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster"))
    desk.apply(2, update("contact", PARTNER, last_name="Muster"), event_id="e2")
    desk.apply(3, update("contact", PARTNER, title="Dr."), integration_id="other", use_case="crm")
    mine, other = sync_status(desk.deps, desk.id("contact", **PARTNER))["sync_states"]
    assert (mine["last_operation"], mine["last_event_id"]) == ("no-op", "e2")
    assert mine["last_synced_at"] > mine["last_changed_at"]
    assert (other["integration_id"], other["last_operation"]) == ("other", "patch")
    assert "readings_last_synced_at" not in mine


def test_should_show_by_the_hour_when_the_same_event_came_last(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER), event_id="e1")

    def state() -> Any:
        (found,) = sync_status(desk.deps, desk.id("contact", **PARTNER))["sync_states"]
        return found

    first = state()
    for after, noted in ((0, False), (3600, True)):
        desk.clock.advance(after)
        desk.apply(1, update("contact", PARTNER), event_id="e1 again")
        assert (state()["last_synced_at"] > first["last_synced_at"]) == noted
    assert (state()["last_operation"], state()["last_event_id"]) == ("no-op", "e1 again")
    assert state()["last_changed_at"] == first["last_changed_at"]
    # What readers see is as it was: no change more, and none in its history.
    contact = desk.entity("contact", **PARTNER)
    assert [entry.version for entry in contact.history] == [1]
    assert contact.changed_at == contact.created_at


def test_should_show_how_far_an_integration_has_brought_it(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Meier"), event_id="e1")
    found = desk.id("contact", **PARTNER)
    (state,) = sync_status(desk.deps, found)["sync_states"]
    assert (state["last_operation"], state["last_event_id"]) == ("create", "e1")
    assert state["entity_slug"] == "contact"
    assert sync_status(desk.deps, found, found)["sync_states"] == []
    unknown = "00000000-0000-4000-8000-000000000000"
    assert sync_status(desk.deps, unknown) == {"entity_id": unknown, "sync_states": []}
    for wrong in ({"entity_id": "x"}, {"entity_id": found, "integration_id": "x"}):
        assert refused(lambda ids=wrong: sync_status(desk.deps, **ids)).status == 400


def test_should_list_the_readings_of_a_meter_by_time(desk: EntityDesk) -> None:
    desk.apply(1, update("meter", {"external_id": "M1"}))
    desk.apply(2, reading("R2", "2026-03-01", 20), reading("R1", "2025-03-01", 10))
    meter = desk.id("meter", external_id="M1")
    found = meter_readings(desk.deps, meter)["readings"]
    assert [one["external_id"] for one in found] == ["R1", "R2"]
    assert meter_readings(desk.deps, meter, meter)["readings"] == []
    assert refused(lambda: meter_readings(desk.deps, meter, "x")).status == 400
    (state,) = sync_status(desk.deps, meter)["sync_states"]
    assert state["readings_last_operation"] == "upsert"
