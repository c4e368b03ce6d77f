"""Who may do what: role x operation x relation to the object. No row, no access.

Every HTTP route of the catalogue names one operation here; a test holds the two against each
other. Callers with a token stand in `TABLE`, systems that sign what they send in `SIGNED`. The
relation is what the use case finds between caller and object; an object out of reach is answered as
if it did not exist.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from busbar.domain.customers import Caller, Role
from busbar.errors import Problem


class Relation(StrEnum):
    """How the object belongs to the caller."""

    OWN = "own"
    SAME_COMPANY = "same_company"
    ANY_COMPANY = "any_company"


_COMPANY = frozenset({Relation.SAME_COMPANY})
_ALL = frozenset({Relation.SAME_COMPANY, Relation.ANY_COMPANY})
_MANAGED = {
    Role.FLEET_MANAGER: _COMPANY,
}
_OWN = frozenset({Relation.OWN})
_DRIVING = {
    Role.DRIVER: _OWN,
    Role.FLEET_MANAGER: _OWN,
    Role.WALLBOX_OWNER: _OWN,
}
_STAFF = {
    Role.SERVICE_AGENT: _ALL,
    Role.OPERATOR: _ALL,
}
_WATCHED = {
    Role.FLEET_MANAGER: _COMPANY,
    **_STAFF,
}
_OFFICE = {
    **_STAFF,
    Role.MACHINE: _ALL,
}
_ERP = {
    Role.MACHINE: _ALL,
    Role.OPERATOR: _ALL,
}
_PEOPLE = {
    Role.FLEET_MANAGER: _COMPANY,
    **_OFFICE,
}

TABLE: dict[str, dict[Role, frozenset[Relation]]] = {
    "order_form": _MANAGED,
    "order_submit": _MANAGED,
    "orders_list": _WATCHED,
    "orders_show": _WATCHED,
    "charge_cards_list": _WATCHED,
    "charge_cards_show": _WATCHED,
    "charge_cards_change": _MANAGED,
    "charge_cards_activate": _MANAGED,
    "charge_cards_deactivate": _MANAGED,
    "my_charge_cards": _DRIVING,
    "wallbox_products": {**_DRIVING, **_STAFF},
    "wallbox_order": _DRIVING,
    "wallbox_orders_list": {**_DRIVING, **_STAFF},
    "wallbox_orders_show": {**_DRIVING, **_STAFF},
    "my_wallbox": _DRIVING,
    "my_wallbox_tariff": _DRIVING,
    "my_wallbox_proof": _DRIVING,
    "wallbox_proof_show": {**_DRIVING, **_STAFF},
    "sync_cards": _OFFICE,
    "reconcile": _OFFICE,
    "companies_list": _OFFICE,
    "companies_create": _OFFICE,
    "companies_import": _OFFICE,
    "companies_show": _PEOPLE,
    "companies_change": _OFFICE,
    "companies_remove": _OFFICE,
    "users_list": _PEOPLE,
    "users_create": _PEOPLE,
    "users_import": _PEOPLE,
    "users_show": _PEOPLE,
    "users_change": _PEOPLE,
    "users_remove": _PEOPLE,
    "vehicles_list": _WATCHED,
    "vehicles_create": _MANAGED,
    "vehicles_import": _MANAGED,
    "vehicles_show": _WATCHED,
    "vehicles_change": _MANAGED,
    "vehicles_remove": _MANAGED,
    "systems_list": _STAFF,
    "tasks_list": _STAFF,
    "tasks_show": _STAFF,
    "connection_check": {Role.OPERATOR: _ALL},
    "tasks_resume": _STAFF,
    "tasks_retry": _STAFF,
    "tasks_adopt": _STAFF,
    "tasks_cancel": _STAFF,
    "audit_list": {Role.OPERATOR: _ALL},
    "audit_verify": {Role.OPERATOR: _ALL},
    "erp_events_v1": _ERP,
    "erp_events_v2": _ERP,
    "erp_events_v3": _ERP,
    "erp_events_upload": _ERP,
    "entities_list": _OFFICE,
    "entities_show": _OFFICE,
    "entities_relations": _OFFICE,
    "entities_history": _OFFICE,
    "entities_version": _OFFICE,
    "entities_restore": _OFFICE,
    "entities_readings": _OFFICE,
    "erp_simulation_v1": _OFFICE,
    "erp_simulation_v2": _OFFICE,
    "erp_simulation_direct": _OFFICE,
    "erp_monitoring_received": _OFFICE,
    "erp_monitoring_replay": _ERP,
    "erp_monitoring_inbound": _OFFICE,
    "erp_monitoring_rows": _OFFICE,
    "erp_monitoring_stats": _OFFICE,
    "erp_monitoring_trace": _OFFICE,
    "erp_monitoring_synced": _OFFICE,
    "erp_loads_upload": _ERP,
    "erp_loads_start": _ERP,
    "erp_loads_list": _OFFICE,
    "erp_loads_show": _OFFICE,
    "erp_loads_change": _ERP,
    "integrations_list": _OFFICE,
    "integrations_create": _ERP,
    "integrations_show": _OFFICE,
    "integrations_change": _ERP,
    "integrations_remove": _ERP,
    "integrations_list_whole": _OFFICE,
    "integrations_create_whole": _ERP,
    "integrations_show_whole": _OFFICE,
    "integrations_put_whole": _ERP,
    "integrations_remove_whole": _ERP,
    "integrations_map_app": _ERP,
    "integrations_unmap_app": _ERP,
    "integrations_list_cases": _OFFICE,
    "integrations_create_case": _ERP,
    "integrations_show_case": _OFFICE,
    "integrations_change_case": _ERP,
    "integrations_remove_case": _ERP,
    # It belongs to no company: whoever may call us may read what can be called.
    "openapi": dict.fromkeys(Role, _OWN),
}

SIGNED: dict[str, str] = {
    "salesforce_webhook": "salesforce",
}
"""Operations that no user has but a system: operation -> the system, whose signature has to be
right and whose key reaches one org alone. An operation stands here or in `TABLE`, never in both."""

MAY_GIVE: Mapping[Role, frozenset[Role]] = {
    Role.OPERATOR: frozenset(Role),
    Role.SERVICE_AGENT: frozenset(Role) - {Role.OPERATOR, Role.MACHINE},
    Role.MACHINE: frozenset({Role.FLEET_MANAGER, Role.DRIVER, Role.WALLBOX_OWNER}),
    Role.FLEET_MANAGER: frozenset({Role.DRIVER}),
}
"""Role -> the roles that it may give, change and take away."""


def forbidden() -> Problem:
    """The answer to a caller whose role has no row for the operation."""
    return Problem(403, "forbidden", "Not allowed", "Your role does not allow this operation.")


def require(caller: Caller, operation: str) -> frozenset[Relation]:
    """The relations in which the caller may do this. Raises a 403 `Problem` if there is none."""
    relations = TABLE[operation].get(caller.user.role, frozenset())
    if not caller.user.has_access or not relations:
        raise forbidden()
    return relations


def reaches(caller: Caller, operation: str, company_id: str) -> bool:
    """Whether the caller may do this with an object of that company."""
    relations = require(caller, operation)
    if Relation.ANY_COMPANY in relations:
        return True
    return Relation.SAME_COMPANY in relations and caller.user.company_id == company_id
