"""Events become entities: created, changed, repeated, late, deleted, and told what happened."""

from __future__ import annotations

import pytest

from tests.unit.usecases.entity_desk import EntityDesk, origin, update

PARTNER = {"customer_number": "4711"}


@pytest.fixture
def desk() -> EntityDesk:
    return EntityDesk()


def test_should_create_what_is_not_there_and_then_update_it(desk: EntityDesk) -> None:
    assert desk.codes(1, update("contact", PARTNER, last_name="Muster")) == ["ENTITY_CREATED"]
    assert desk.codes(2, update("contact", PARTNER, last_name="Meier")) == ["ENTITY_UPDATED"]
    assert desk.attributes("contact", **PARTNER) == {
        "customer_number": "4711",
        "last_name": "Meier",
    }


def test_should_tell_a_repeat_and_the_same_content_in_a_newer_event(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster"))
    changed = desk.entity("contact", **PARTNER).changed_at
    assert desk.codes(1, update("contact", PARTNER, last_name="Muster")) == ["ENTITY_NO_OP"]
    assert desk.codes(2, update("contact", PARTNER, last_name="Muster")) == ["ENTITY_NO_OP"]
    assert desk.entity("contact", **PARTNER).changed_at == changed


def test_should_let_a_late_event_overwrite_nothing_newer(desk: EntityDesk) -> None:
    desk.apply(5, update("contact", PARTNER, last_name="Meier"))
    assert desk.codes(3, update("contact", PARTNER, last_name="Muster")) == ["STALE_EVENT"]
    assert desk.attributes("contact", **PARTNER)["last_name"] == "Meier"


def test_should_not_let_a_late_event_win_against_a_newer_confirmation(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster"))
    desk.apply(3, update("contact", PARTNER, last_name="Muster"))
    desk.apply(2, update("contact", PARTNER, last_name="Meier"))
    assert desk.attributes("contact", **PARTNER)["last_name"] == "Muster"


def test_should_take_from_a_late_event_what_only_it_says(desk: EntityDesk) -> None:
    desk.apply(5, update("contact", PARTNER, last_name="Meier"))
    (outcome,) = desk.apply(3, update("contact", PARTNER, last_name="Muster", title="Dr."))
    assert outcome.code == "ENTITY_UPDATED"
    assert set(outcome.detail["stale"]) == {"customer_number", "last_name"}
    assert desk.attributes("contact", **PARTNER)["title"] == "Dr."


def test_should_take_the_event_accepted_later_when_two_of_one_version_differ(
    desk: EntityDesk,
) -> None:
    later = origin(9).at
    first = {"event_id": "a", "at": origin(3).at}
    desk.apply(1, update("contact", PARTNER, last_name="Meier"), event_id="b", at=later)
    desk.apply(1, update("contact", PARTNER, last_name="Muster"), **first)
    assert desk.attributes("contact", **PARTNER)["last_name"] == "Meier"
    other = EntityDesk()
    other.apply(1, update("contact", PARTNER, last_name="Muster"), **first)
    other.apply(1, update("contact", PARTNER, last_name="Meier"), event_id="b", at=later)
    assert other.attributes("contact", **PARTNER)["last_name"] == "Meier"


def test_should_need_all_unique_ids_to_fit(desk: EntityDesk) -> None:
    desk.apply(1, update("contract", {"contract_number": "1", "account_number": "A"}))
    both = {"contract_number": "1", "account_number": "B"}
    assert desk.codes(2, update("contract", both)) == ["ENTITY_CREATED"]
    assert desk.codes(3, update("contract", both)) == ["ENTITY_NO_OP"]
    assert desk.codes(4, update("contract", {"contract_number": "1"}, status="active")) == [
        "UNIQUE_ID_MULTIPLE_MATCHES"
    ]


@pytest.mark.parametrize(
    ("slug", "ids", "code"),
    [
        ("contact", {"customer_number": ""}, "MISSING_UNIQUE_IDENTIFIERS"),
        ("contact", {"customer_number": None}, "MISSING_UNIQUE_IDENTIFIERS"),
        ("contact", {}, "MISSING_UNIQUE_IDENTIFIERS"),
        ("contact", {"shoe_size": "44"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ("contact", {"last_name": "Muster"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ("spaceship", {"external_id": "1"}, "UNIQUE_ID_NOT_IN_SCHEMA"),
        ("contact", {"_id": "00000000-0000-0000-0000-000000000000"}, "ENTITY_REFERENCE_NOT_FOUND"),
    ],
)
def test_should_say_why_an_entity_cannot_be_told_and_go_on(
    desk: EntityDesk, slug: str, ids: dict[str, object], code: str
) -> None:
    good = update("contact", PARTNER)
    assert desk.codes(1, update(slug, ids, title="Dr."), good) == [code, "ENTITY_CREATED"]


def test_should_find_an_entity_by_its_id(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER))
    there = desk.id("contact", **PARTNER)
    by_id = update("contact", {"_id": there})
    assert desk.codes(2, by_id) == ["ENTITY_NO_OP"] or "_id" in by_id.attributes
    assert desk.codes(3, update("account", {"_id": there})) == ["ENTITY_REFERENCE_NOT_FOUND"]


@pytest.mark.parametrize("spelled", ["a@b.de", " A@B.de ", [{"email": "a@b.de"}]])
def test_should_find_a_contact_by_any_of_its_addresses(desk: EntityDesk, spelled: object) -> None:
    mails = [{"email": "x@y.de"}, {"email": "A@b.de"}]
    desk.apply(1, update("contact", PARTNER, email=mails))
    changed = update("contact", {"email": spelled})
    changed = type(changed)("contact", {"email": spelled}, {"title": "Dr."})
    assert desk.codes(2, changed) == ["ENTITY_UPDATED"]
    assert desk.attributes("contact", **PARTNER)["email"] == mails


def test_should_follow_an_entity_to_its_new_unique_value(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, external_id="E1"))
    desk.apply(2, update("contact", {"external_id": "E1"}, customer_number="4712"))
    assert desk.codes(3, update("contact", {"customer_number": "4712"}, title="Dr.")) == [
        "ENTITY_UPDATED"
    ]
    assert desk.codes(4, update("contact", PARTNER, title="Prof.")) == ["ENTITY_CREATED"]
    assert desk.attributes("contact", external_id="E1")["title"] == "Dr."


def test_should_take_an_old_event_for_the_entity_that_had_the_value_then(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, external_id="E1"))
    desk.apply(5, update("contact", {"external_id": "E1"}, customer_number="4712"))
    assert desk.codes(3, update("contact", PARTNER, title="Dr.")) == ["ENTITY_UPDATED"]
    assert desk.attributes("contact", external_id="E1")["title"] == "Dr."


def test_should_leave_out_what_does_not_fit_and_take_the_rest(desk: EntityDesk) -> None:
    bad = update("contact", PARTNER, birthdate="02.03.1980", last_name="Muster")
    mismatch, created = desk.apply(1, bad)
    assert (mismatch.code, created.code) == ("ATTRIBUTE_TYPE_MISMATCH", "ENTITY_CREATED")
    assert set(mismatch.detail["attributes"]) == {"birthdate"}
    assert "02.03" not in mismatch.message
    assert "birthdate" not in desk.attributes("contact", **PARTNER)


def test_should_store_attributes_that_no_schema_has(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, shoe_size={"left": 44}))
    assert desk.attributes("contact", **PARTNER)["shoe_size"] == {"left": 44}


def test_should_add_to_an_array_without_doubles_unless_told(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, _tags=["a"]))
    desk.apply(2, update("contact", PARTNER, _tags={"_append": ["a", "b"]}))
    assert desk.attributes("contact", **PARTNER)["_tags"] == ["a", "b"]
    desk.apply(3, update("contact", PARTNER, _tags={"_append_all": ["a"]}))
    assert desk.attributes("contact", **PARTNER)["_tags"] == ["a", "b", "a"]
    desk.apply(4, update("contact", PARTNER, _tags={"_set": ["c"]}))
    assert desk.attributes("contact", **PARTNER)["_tags"] == ["c"]


@pytest.mark.parametrize("operation", ["_append", "_append_all"])
@pytest.mark.parametrize("event_id", ["", "sent anew"])
def test_should_add_nothing_twice_however_much_was_added_since(
    desk: EntityDesk, operation: str, event_id: str
) -> None:
    """As when it was parked for another part of it, and is sent back."""
    added = {n: update("contact", PARTNER, _tags={operation: [f"n{n}"]}) for n in range(1, 31)}
    for n, one in added.items():
        desk.apply(n, one)
    stood = desk.entity("contact", **PARTNER)
    for n in (1, 15, 30):
        desk.apply(n, added[n], event_id=event_id)
    assert desk.entity("contact", **PARTNER) == stood
    assert stood.attributes["_tags"] == [f"n{n}" for n in added]


def test_should_put_a_late_addition_where_it_belongs(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, _tags=["a"]))
    desk.apply(3, update("contact", PARTNER, _tags={"_append": ["c"]}))
    desk.apply(2, update("contact", PARTNER, _tags={"_append": ["b"]}))
    assert desk.attributes("contact", **PARTNER)["_tags"] == ["a", "b", "c"]


def test_should_delete_into_the_bin_and_restore_with_a_warning(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster"))
    assert desk.codes(2, update("contact", PARTNER, "delete")) == ["ENTITY_DELETED"]
    assert desk.entity("contact", **PARTNER).in_bin
    assert desk.codes(2, update("contact", PARTNER, "delete")) == ["ENTITY_NO_OP"]
    assert desk.codes(3, update("contact", PARTNER, title="Dr.")) == [
        "SOFT_DELETED_ENTITY_MATCHED",
        "ENTITY_UPDATED",
    ]
    assert desk.attributes("contact", **PARTNER)["last_name"] == "Muster"


def test_should_bring_nothing_back_that_was_deleted_later(desk: EntityDesk) -> None:
    assert desk.codes(5, update("contact", PARTNER, "delete")) == ["ENTITY_NO_OP"]
    assert desk.codes(4, update("contact", PARTNER, last_name="Muster")) == ["STALE_EVENT"]
    assert not desk.entity("contact", **PARTNER).live


def test_should_forget_what_is_purged_but_not_that_it_was(desk: EntityDesk) -> None:
    desk.apply(1, update("contact", PARTNER, last_name="Muster", email="a@b.de"))
    assert desk.codes(3, update("contact", PARTNER, "purge")) == ["ENTITY_DELETED"]
    assert not desk.entity("contact", **PARTNER).attributes
    assert not [k for k in desk.table.items if "#U#" in k.pk]  # type: ignore[attr-defined]
    assert desk.codes(2, update("contact", PARTNER, last_name="Muster")) == ["STALE_EVENT"]
    assert desk.codes(4, update("contact", PARTNER, title="Dr.")) == ["ENTITY_CREATED"]
    assert desk.attributes("contact", **PARTNER) == {"customer_number": "4711", "title": "Dr."}


def test_should_apply_two_updates_of_one_entity_in_one_event_as_one_write(desk: EntityDesk) -> None:
    both = (update("contact", PARTNER, title="Dr."), update("contact", PARTNER, title="Prof."))
    assert desk.codes(1, *both) == ["ENTITY_CREATED", "ENTITY_UPDATED"]
    assert desk.entity("contact", **PARTNER).version == 1
    paid = desk.table.bill.write_units  # type: ignore[attr-defined]
    assert desk.codes(1, *both) == ["ENTITY_NO_OP", "ENTITY_NO_OP"]
    assert desk.table.bill.write_units == paid  # type: ignore[attr-defined]


def test_should_refuse_events_of_another_org(desk: EntityDesk) -> None:
    with pytest.raises(ValueError, match="another org"):
        desk.apply(1, update("contact", PARTNER), org="other")


def test_should_find_by_an_attribute_that_became_unique_what_is_written_again() -> None:
    old = EntityDesk()
    old.apply(1, update("contract", {"external_id": "e"}, grid="G1"))
    new = EntityDesk(table=old.table, attributes={"contract.grid": "string!"})
    assert new.codes(2, update("contract", {"external_id": "e"}, grid="G1")) == ["ENTITY_NO_OP"]
    assert new.codes(3, update("contract", {"grid": "G1"}, note="x")) == ["ENTITY_UPDATED"]
    assert new.attributes("contract", external_id="e")["note"] == "x"
    # From then on it costs no more than any other.
    before = old.table.bill.write_units  # type: ignore[attr-defined]
    new.apply(4, update("contract", {"grid": "G1"}, note="y"))
    assert old.table.bill.write_units - before <= 4  # type: ignore[attr-defined]


def test_should_write_no_lookup_twice_for_events_of_one_batch() -> None:
    one, two = (update("contact", {"customer_number": "1"}, title=t) for t in ("Dr.", "Prof."))
    alone, both = EntityDesk(), EntityDesk()
    alone.batch((1, one))
    both.batch((1, one), (2, two))
    written = [desk.table.bill.write_units for desk in (alone, both)]  # type: ignore[attr-defined]
    assert written[1] - written[0] <= 4
