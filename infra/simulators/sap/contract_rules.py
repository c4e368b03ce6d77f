"""What the tenant's contract service checks and fills in. All of it is assumed."""

from __future__ import annotations

from infra.simulators.sap.contract_service import ContractNames
from infra.simulators.sap.edm import EntitySet
from infra.simulators.sap.failures import missing, not_unique, refused
from infra.simulators.sap.partner_service import PARTNERS, ROLES
from infra.simulators.sap.rows import Row
from infra.simulators.sap.tenant import Rule, Tenant
from infra.simulators.sap.values import empty

FIRST_ACCOUNT = 200_000_001
FIRST_CONTRACT = 4_000_001


def contract_rules(names: ContractNames, accounts: EntitySet) -> dict[str, Rule]:
    """The rules of the two sets; `accounts` is the set of contract accounts."""
    rules = _ContractRules(names, accounts)
    return {names.accounts: rules.account, names.contracts: rules.contract}


class _ContractRules:
    def __init__(self, names: ContractNames, accounts: EntitySet) -> None:
        self._names = names
        self._accounts = accounts

    def account(self, tenant: Tenant, row: Row, before: Row | None) -> Row:
        """A contract account belongs to a contract partner."""
        names = self._names
        self._check_reference(tenant, names.accounts, row, before)
        if before is not None:
            return row
        self._check_partner(tenant, row)
        return {**row, names.account_id: tenant.fresh_number(names.accounts, FIRST_ACCOUNT, 12)}

    def contract(self, tenant: Tenant, row: Row, before: Row | None) -> Row:
        """A contract belongs to a contract account of its partner, or gets a new one."""
        names = self._names
        row = self._with_partner(tenant, row)
        for name in (names.partner, names.division, names.move_in):
            if not row[name]:
                raise missing(name)
        row = {**row, names.status: row[names.status] or names.active}
        if row[names.status] not in {names.active, names.cancelled}:
            raise refused(f"Status {row[names.status]} is not defined", names.status)
        if row[names.move_out] is not None and row[names.move_out] < row[names.move_in]:
            raise refused("The contract would end before it begins", names.move_out)
        self._check_reference(tenant, names.contracts, row, before)
        if before is not None:
            return self._changed(row, before)
        self._check_partner(tenant, row)
        row = {**row, names.account_id: self._account_of(tenant, row)}
        return {**row, names.contract_id: tenant.fresh_number(names.contracts, FIRST_CONTRACT, 10)}

    def _with_partner(self, tenant: Tenant, row: Row) -> Row:
        names = self._names
        account = tenant.rows.get(names.accounts, (row[names.account_id],))
        if row[names.partner] or account is None:
            return row
        return {**row, names.partner: account[names.partner]}

    def _changed(self, row: Row, before: Row) -> Row:
        if before[self._names.status] == self._names.cancelled and row != before:
            raise refused("The contract is cancelled", self._names.status)
        return row

    def _check_partner(self, tenant: Tenant, row: Row) -> None:
        name = self._names.partner
        number, role = row[name], tenant.settings.contract_role
        partner = tenant.rows.get(PARTNERS, (number,))
        if not number:
            raise missing(name)
        if partner is None:
            raise refused(f"Business partner {number} does not exist", name)
        if partner["BusinessPartnerIsBlocked"]:
            raise refused(f"Business partner {number} is blocked", name)
        if role and tenant.rows.get(ROLES, (number, role)) is None:
            raise refused(f"Business partner {number} does not have the role {role}", name)

    def _check_reference(self, tenant: Tenant, of: str, row: Row, before: Row | None) -> None:
        field = self._names.reference
        value = row[field]
        if not value or (before and before[field] == value):
            return
        taken = tenant.unique_contract_references and tenant.rows.having(of, field, value)
        if taken or tenant.refuses_references:
            raise not_unique(field, value)

    def _account_of(self, tenant: Tenant, row: Row) -> str:
        names = self._names
        given = str(row[names.account_id])
        if not given:
            new = {**empty(self._accounts), names.partner: row[names.partner]}
            return str(tenant.write(self._accounts, new, None)[names.account_id])
        account = tenant.rows.get(names.accounts, (given,))
        if account is None or account[names.partner] != row[names.partner]:
            message = f"Contract account {given} is not one of the business partner"
            raise refused(message, names.account_id)
        return given
