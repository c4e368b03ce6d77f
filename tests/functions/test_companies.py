"""/v1/companies: the operator's companies, by API and by CSV."""

from __future__ import annotations

from typing import Any

import pytest

from busbar.domain.customers import Company
from busbar.ports.store import Save
from infra.simulators.sample import ELBE, NORDWIND
from tests.doubles.world import World
from tests.functions.given import NORDWIND_ID, card_in_portal, errands, order, store
from tests.functions.portal import ORDERS, answer, call_as, fields_at_fault, place, problem

COMPANIES = "/v1/companies"
NORDWIND_PATH = f"{COMPANIES}/{NORDWIND_ID}"
CSV = {"Content-Type": "text/csv", "Idempotency-Key": "any"}
HEAD = "name,customer_number,email,street,postal_code,city"
LINE = "Any GmbH,K-9,any@any.example,Any,26121,Any"
AGENT = "0b5e0000-0000-4000-8000-0000000000d1"


def patch(world: World, body: Any, path: str = NORDWIND_PATH, etag: str | None = None) -> Any:
    """Change a company as the service agent, with the ETag that he has just seen."""
    seen = etag or world.call("GET", path, "service-agent").etag
    return world.call("PATCH", path, "service-agent", body, If_Match=seen)


def load(world: World, text: str, query: str = "", key: str = "any") -> Any:
    """Import as the service agent."""
    head = {**CSV, "Idempotency-Key": key}
    return call_as(world, AGENT, "POST", f"{COMPANIES}/import{query}", text, head)


def outcomes(reply: Any) -> list[tuple[int, str, list[str]]]:
    """Number, outcome and fields at fault of every line of a report."""
    return [
        (line["line"], line["outcome"], [e["field"] for e in line.get("errors", [])])
        for line in reply.json["lines"]
    ]


def test_create_should_answer_at_once_and_say_what_it_waits_for(world: World, event: Any) -> None:
    made = answer(world, "companies", event)
    assert made.status == 201, made.text
    assert made.json["waiting_for"] == "contact_in_energised"
    assert made.headers["Location"] == f"{COMPANIES}/{made.json['id']}"
    assert not world.energised.calls
    world.pump()
    shown = world.call("GET", made.headers["Location"], "service-agent").json
    assert shown["waiting_for"] is None
    assert world.energised.backend.contacts[shown["energised_contact_id"]].name == shown["name"]


def test_create_should_make_one_company_when_it_comes_twice(world: World, event: Any) -> None:
    first = answer(world, "companies", event)
    again = answer(world, "companies", event)
    assert (again.status, again.text) == (201, first.text)
    assert again.headers["Idempotent-Replayed"] == "true"
    event["headers"]["idempotency-key"] = "another"
    assert answer(world, "companies", event).json["id"] == first.json["id"]
    listed = world.call("GET", COMPANIES, "operator").json["companies"]
    assert [c["id"] for c in listed].count(first.json["id"]) == 1


def test_create_should_refuse_the_customer_number_of_another(world: World, event: Any) -> None:
    answer(world, "companies", event)
    event["headers"]["idempotency-key"] = "another"
    event["body"] = event["body"].replace("fuhrpark@", "buero@")
    refused = answer(world, "companies", event)
    problem(refused, 409, "company-exists")
    assert fields_at_fault(refused) == ["email"]


def test_create_known_should_bind_what_is_given_and_make_nothing_new(
    world: World, event: Any
) -> None:
    made = answer(world, "companies", event)
    assert made.status == 201, made.text
    given = ("energised_contact_id", "salesforce_account_id")
    assert all(made.json[name] for name in given)
    assert made.json["waiting_for"] is None
    world.run_for(120)
    assert errands(world) == []
    assert not world.energised.calls


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("energised_contact_id", NORDWIND.energised_id),
        ("salesforce_account_id", ELBE.account_id),
    ],
)
def test_create_known_should_refuse_an_id_that_is_anothers(
    world: World, event: Any, field: str, value: str
) -> None:
    known = {
        "energised_contact_id": "6f0d1d4c-6a55-4f0e-9b61-2f4b6d1f0a03",
        "salesforce_account_id": "001000000000050AAA",
    }
    event["body"] = event["body"].replace(known[field], value)
    refused = answer(world, "companies", event)
    problem(refused, 409, "bound-elsewhere")
    assert fields_at_fault(refused) == [field]
    assert not errands(world)


def test_change_should_change_what_is_sent_and_suspend(world: World, event: Any) -> None:
    changed = answer(world, "companies", event)
    assert changed.status == 200, changed.text
    assert (changed.json["suspended"], changed.json["phone"]) == (True, "+49 441 1234567")
    assert changed.json["name"] == NORDWIND.name
    problem(place(world), 403, "company-suspended")
    problem(world.call("GET", f"{ORDERS}/form"), 403, "company-suspended")
    assert not world.salesforce.calls
    assert patch(world, {"suspended": False}).status == 200
    assert place(world, key="later").status == 201


def test_should_refuse_a_change_of_what_was_changed_meanwhile_or_without_etag(world: World) -> None:
    patch(world, {"phone": "1"})
    problem(patch(world, {"phone": "2"}, etag='"1"'), 412, "company-changed")
    refused = world.call("PATCH", NORDWIND_PATH, "service-agent", {"phone": "3"})
    problem(refused, 428, "if-match-missing")


def test_should_never_change_the_customer_number(world: World) -> None:
    refused = patch(world, {"customer_number": "K-2"})
    problem(refused, 422, "fields-invalid")
    assert fields_at_fault(refused) == ["customer_number"]


def test_should_bind_an_account_later_and_never_another_one(world: World) -> None:
    made = load(world, f"{HEAD}\n{LINE}\n").json["lines"][0]["id"]
    path = f"{COMPANIES}/{made}"
    account = {"salesforce_account_id": "001000000000050AAA"}
    assert patch(world, account, path).json["salesforce_account_id"] == "001000000000050AAA"
    assert patch(world, account, path).status == 200
    refused = patch(world, {"salesforce_account_id": "001000000000051AAA"}, path)
    problem(refused, 409, "bound-already")


def test_should_show_a_fleet_manager_his_own_company_only(world: World) -> None:
    assert world.call("GET", NORDWIND_PATH).json["customer_number"] == NORDWIND.customer_number
    problem(world.call("GET", NORDWIND_PATH, "other-fleet-manager"), 404, "company-not-found")


# --- removal -----------------------------------------------------------------------------------


def empty(world: World) -> str:
    """A company that nobody uses; its path."""
    return f"{COMPANIES}/{load(world, f'{HEAD}{chr(10)}{LINE}').json['lines'][0]['id']}"


def test_should_remove_a_company_that_nobody_uses_and_take_it_back(world: World) -> None:
    path = empty(world)
    world.pump()
    bound = world.call("GET", path, "operator").json["energised_contact_id"]
    assert world.call("DELETE", path, "service-agent").status == 204
    problem(world.call("GET", path, "operator"), 404, "company-not-found")
    problem(world.call("DELETE", path, "operator"), 404, "company-not-found")
    listed = world.call("GET", COMPANIES, "operator").json["companies"]
    assert path.rpartition("/")[2] not in {c["id"] for c in listed}
    # The same number is the same company: it comes back with its contact.
    assert load(world, f"{HEAD}\n{LINE}", key="again").json["created"] == 1
    shown = world.call("GET", path, "operator").json
    assert (shown["energised_contact_id"], shown["waiting_for"]) == (bound, None)


def test_should_not_remove_a_company_with_open_orders(world: World) -> None:
    order(world)
    refused = world.call("DELETE", NORDWIND_PATH, "operator")
    problem(refused, 409, "company-has-open-orders")


def test_should_not_remove_a_company_with_users(world: World) -> None:
    problem(world.call("DELETE", NORDWIND_PATH, "operator"), 409, "company-has-users")


def test_should_not_remove_a_company_with_active_cards(world: World) -> None:
    path = empty(world)
    card_in_portal(world, active=True, company_id=path.rpartition("/")[2])
    problem(world.call("DELETE", path, "operator"), 409, "company-has-active-cards")


# --- import ------------------------------------------------------------------------------------


def test_import_should_do_the_good_lines_and_name_the_bad_ones(world: World, event: Any) -> None:
    report = answer(world, "companies", event)
    assert report.status == 200, report.text
    assert outcomes(report) == [
        (2, "created", []),
        (3, "refused", ["postal_code"]),
        (4, "unchanged", []),
    ]
    assert report.json["dry_run"] is False


def test_import_should_change_nothing_when_it_comes_again(world: World, event: Any) -> None:
    answer(world, "companies", event)
    world.run_for(120)
    companies = {k: v for k, v in world.table.items.items() if "#company#" in k.pk}
    event["headers"]["idempotency-key"] = "another"
    report = answer(world, "companies", event)
    assert [line["outcome"] for line in report.json["lines"]] == [
        "unchanged",
        "refused",
        "unchanged",
    ]
    assert {k: v for k, v in world.table.items.items() if "#company#" in k.pk} == companies
    assert errands(world) == []


def test_import_dry_run_should_say_the_same_and_write_nothing(world: World, event: Any) -> None:
    before = dict(world.table.items)
    report = answer(world, "companies", event)
    assert [line["outcome"] for line in report.json["lines"]] == ["created", "refused", "unchanged"]
    assert report.json["dry_run"] is True
    assert world.table.items == before


def test_should_tell_two_lines_about_one_company_from_one_another(world: World) -> None:
    text = f"{HEAD}\n{LINE}\n{LINE}\n{LINE.replace('Any GmbH', 'Other')}\n"
    for query in ("?dry_run=true", ""):
        report = load(world, text, query)
        assert [(n, o) for n, o, _ in outcomes(report)] == [
            (2, "created"),
            (3, "unchanged"),
            (4, "refused"),
        ]


def test_should_refuse_to_change_what_is_there_by_an_import(world: World) -> None:
    load(world, f"{HEAD}\n{LINE}")
    report = load(world, f"{HEAD}\n{LINE.replace('Any GmbH', 'Other')}", key="2")
    assert outcomes(report) == [(2, "refused", ["name"])]


def test_should_number_lines_as_they_stand_in_the_file(world: World) -> None:
    text = f'{HEAD}\r\n\r\n"Any\nGmbH",K-8,a@a.example,A,26121,A\r\n{LINE}\r\n{LINE},surplus\r\n'
    assert outcomes(load(world, text)) == [
        (3, "refused", ["name"]),
        (5, "created", []),
        (6, "refused", ["line"]),
    ]


@pytest.mark.parametrize(
    "text",
    ["", "name,nonsense\n", "name,name\n", f'{HEAD}\n"open', "name\n" + "x\n" * 251],
    ids=["empty", "unknown", "twice", "quote", "too_many"],
)
def test_should_refuse_a_file_that_is_none_as_a_whole(world: World, text: str) -> None:
    before = len(world.table.items)
    problem(load(world, text), 422, "import-unreadable")
    assert len(world.table.items) == before


def test_should_take_as_many_lines_as_it_says(world: World) -> None:
    report = load(world, "name\n" + "x\n" * 250, "?dry_run=true")
    assert report.json["refused"] == 250


def test_should_want_csv_and_a_key(world: World) -> None:
    sent = call_as(world, AGENT, "POST", f"{COMPANIES}/import", "name", {"Idempotency-Key": "a"})
    problem(sent, 415, "content-type-unsupported")
    sent = call_as(
        world, AGENT, "POST", f"{COMPANIES}/import", "name", {"Content-Type": "text/csv"}
    )
    problem(sent, 400, "idempotency-key-missing")
    problem(load(world, "name", "?dry_run=yes"), 400, "invalid-parameter")


def test_should_refuse_a_key_that_is_none_in_a_dry_run_too(world: World) -> None:
    for key in ("", "ä", "x" * 256):
        told = load(world, f"{HEAD}\n{LINE}", "?dry_run=true", key=key)
        assert told.status == 400
        assert "idempotency-key" in told.json["type"]
    assert load(world, f"{HEAD}\n{LINE}", "?dry_run=true", key="any").status == 200


@pytest.mark.parametrize(
    ("headers", "slug"),
    [
        ({"Content-Type": "text/csv; charset=windows-1252"}, "content-type-unsupported"),
        ({"Content-Type": "text/csvs"}, "content-type-unsupported"),
        ({"Content-Type": "text/csv", "Content-Encoding": "gzip"}, "content-encoding-unsupported"),
    ],
)
def test_should_refuse_a_file_that_is_no_text_in_utf_8_by_its_headers(
    world: World, headers: dict[str, str], slug: str
) -> None:
    text = f"{HEAD}\n{LINE}"
    sent = {"Idempotency-Key": "any", **headers}
    problem(call_as(world, AGENT, "POST", f"{COMPANIES}/import", text, sent), 415, slug)


def test_should_refuse_a_file_that_a_gateway_had_to_mend(world: World) -> None:
    mended = LINE.replace("Any", "Any\ufffd")
    problem(load(world, f"{HEAD}\n{mended}"), 400, "body-invalid")


def test_should_let_machines_keep_companies(world: World) -> None:
    assert world.call("GET", COMPANIES, "machine").status == 200


def test_should_read_a_company_of_an_older_release(world: World) -> None:
    stored = store(world).get(Company, NORDWIND_ID)
    assert stored
    old = Company.model_validate(
        stored.record.model_dump(exclude={"suspended", "removed_at", "waiting_for"})
    )
    store(world).commit(Save(old, stored))
    assert world.call("GET", NORDWIND_PATH).json["suspended"] is False
