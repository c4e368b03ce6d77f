"""Role x operation x relation, against a table written out here: a change there turns this red."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from busbar.domain.authorisation import TABLE, Relation, reaches, require
from busbar.domain.customers import Caller, Role, User
from busbar.errors import Problem

# own: O, same company: S, any company: A, nothing: -
ROLES = [
    "fleet_manager",
    "driver",
    "wallbox_owner",
    "service_agent",
    "partner",
    "operator",
    "machine",
]
EXPECTED = {
    #                           fleet driver wallb. agent partner operator machine
    "order_form":              ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "order_submit":            ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "orders_list":             ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "orders_show":             ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "charge_cards_list":       ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "charge_cards_show":       ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "charge_cards_change":     ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "charge_cards_activate":   ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "charge_cards_deactivate": ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "my_charge_cards":         ("O",  "O",   "O",   "-",  "-",    "-",     "-"),
    "wallbox_products":        ("O",  "O",   "O",   "SA", "-",    "SA",    "-"),
    "wallbox_order":           ("O",  "O",   "O",   "-",  "-",    "-",     "-"),
    "wallbox_orders_list":     ("O",  "O",   "O",   "SA", "-",    "SA",    "-"),
    "wallbox_orders_show":     ("O",  "O",   "O",   "SA", "-",    "SA",    "-"),
    "my_wallbox":              ("O",  "O",   "O",   "-",  "-",    "-",     "-"),
    "my_wallbox_tariff":       ("O",  "O",   "O",   "-",  "-",    "-",     "-"),
    "my_wallbox_proof":        ("O",  "O",   "O",   "-",  "-",    "-",     "-"),
    "wallbox_proof_show":      ("O",  "O",   "O",   "SA", "-",    "SA",    "-"),
    "sync_cards":              ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "reconcile":               ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "systems_list":            ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "companies_list":          ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "companies_create":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "companies_import":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "companies_change":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "companies_remove":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "companies_show":          ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_list":              ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_create":            ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_import":            ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_show":              ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_change":            ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "users_remove":            ("S",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "vehicles_list":           ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "vehicles_show":           ("S",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "vehicles_create":         ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "vehicles_import":         ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "vehicles_change":         ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "vehicles_remove":         ("S",  "-",   "-",   "-",  "-",    "-",     "-"),
    "tasks_list":              ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "tasks_show":              ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "connection_check":        ("-",  "-",   "-",   "-",  "-",    "SA",    "-"),
    "tasks_resume":           ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "tasks_retry":            ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "tasks_adopt":            ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "tasks_cancel":           ("-",  "-",   "-",   "SA", "-",    "SA",    "-"),
    "audit_list":             ("-",  "-",   "-",   "-",  "-",    "SA",    "-"),
    "audit_verify":           ("-",  "-",   "-",   "-",  "-",    "SA",    "-"),
    "erp_events_v1":          ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_events_v2":          ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_events_v3":          ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_events_upload":      ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_loads_upload":        ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_loads_start":         ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_loads_list":          ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_loads_show":          ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_loads_change":        ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "entities_list":           ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_show":           ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_relations":      ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_history":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_version":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_restore":        ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "entities_readings":       ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_simulation_v1":       ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_simulation_v2":       ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_simulation_direct":   ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_received": ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_replay":   ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "erp_monitoring_inbound":  ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_rows":     ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_stats":    ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_trace":    ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "erp_monitoring_synced":   ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_list":       ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_create":     ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_show":       ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_change":     ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_remove":     ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_list_whole": ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_create_whole":("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_show_whole": ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_put_whole":  ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_remove_whole":("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_map_app":    ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_unmap_app":  ("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_list_cases": ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_create_case":("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_show_case":  ("-",  "-",   "-",   "SA", "-",    "SA",    "SA"),
    "integrations_change_case":("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "integrations_remove_case":("-",  "-",   "-",   "-",  "-",    "SA",    "SA"),
    "openapi":                 ("O",  "O",   "O",   "O",  "O",    "O",     "O"),
}  # fmt: skip
LETTERS = {"O": Relation.OWN, "S": Relation.SAME_COMPANY, "A": Relation.ANY_COMPANY}
MINE, OTHER = "COMPANY-1", "COMPANY-2"
CASES = list(itertools.product(EXPECTED, ROLES))


def expected(operation: str, role: str) -> set[Relation]:
    letters = EXPECTED[operation][ROLES.index(role)]
    return {LETTERS[letter] for letter in letters if letter != "-"}


def any_caller(role: str, **values: Any) -> Caller:
    usual: dict[str, Any] = {"id": "sub", "name": "Any", "company_id": MINE, "role": Role(role)}
    return Caller(org="demo", user=User(**{**usual, **values}), correlation_id="any")


def test_should_have_a_row_for_each_operation_and_a_column_for_each_role() -> None:
    assert set(TABLE) == set(EXPECTED)
    assert set(Role) == set(ROLES)


@pytest.mark.parametrize(("operation", "role"), CASES)
def test_should_allow_exactly_what_the_table_says(operation: str, role: str) -> None:
    allowed = expected(operation, role)
    if not allowed:
        with pytest.raises(Problem) as refused:
            require(any_caller(role), operation)
        assert (refused.value.status, refused.value.slug) == (403, "forbidden")
        return
    assert require(any_caller(role), operation) == allowed


@pytest.mark.parametrize(("operation", "role"), CASES)
def test_should_reach_objects_of_the_companies_that_the_table_says(
    operation: str, role: str
) -> None:
    allowed = expected(operation, role)
    if not allowed:
        with pytest.raises(Problem):
            reaches(any_caller(role), operation, MINE)
        return
    caller = any_caller(role)
    assert reaches(caller, operation, MINE) is (Relation.SAME_COMPANY in allowed)
    assert reaches(caller, operation, OTHER) is (Relation.ANY_COMPANY in allowed)


@pytest.mark.parametrize(("operation", "role"), CASES)
def test_should_allow_nothing_to_a_suspended_user(operation: str, role: str) -> None:
    with pytest.raises(Problem) as refused:
        require(any_caller(role, suspended=True), operation)
    assert refused.value.status == 403


@pytest.mark.parametrize(
    "operation", [o for o, r in CASES if r == "fleet_manager" and "S" in EXPECTED[o][0]]
)
def test_should_reach_nothing_without_a_company(operation: str) -> None:
    caller = any_caller("fleet_manager", company_id=None)
    assert not reaches(caller, operation, MINE)
    assert not reaches(caller, operation, "")


@pytest.mark.parametrize(("operation", "role"), CASES)
def test_should_allow_nothing_to_a_removed_user(operation: str, role: str) -> None:
    with pytest.raises(Problem) as refused:
        require(any_caller(role, removed_at="2026-03-02T08:00:00Z"), operation)
    assert refused.value.status == 403


def test_should_know_no_operation_without_a_row() -> None:
    with pytest.raises(KeyError):
        require(any_caller("operator"), "anything_else")
