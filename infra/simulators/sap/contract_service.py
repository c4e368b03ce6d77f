"""A tenant's contract service as data. SAP publishes none: every name here is a setting."""

from __future__ import annotations

from dataclasses import dataclass

from infra.simulators.sap.edm import (
    EntitySet,
    Navigation,
    Property,
    Service,
    codes,
    number,
    of_kind,
    texts,
)


@dataclass(frozen=True)
class ContractNames:
    """What a tenant calls its contract service, its sets, properties and statuses.

    The defaults follow the entities of SAP's multichannel service for utilities, which tenants copy
    to make such a service of their own.
    """

    service: str = "ZERP_UTILITIES_UMC_SRV"
    accounts: str = "ContractAccounts"
    contracts: str = "Contracts"
    account_id: str = "ContractAccountID"
    contract_id: str = "ContractID"
    partner: str = "AccountID"
    reference: str = "ExternalReference"
    description: str = "Description"
    division: str = "DivisionID"
    product: str = "ProductID"
    unit_price: str = "UnitPrice"
    move_in: str = "MoveInDate"
    move_out: str = "MoveOutDate"
    status: str = "ProcessingStatus"
    active: str = "ACTIVE"
    """The status that a new contract has."""
    cancelled: str = "CANCELLED"
    """The status of a cancelled contract, which nobody changes any more."""


def contract_service(names: ContractNames, *, etags: bool) -> Service:
    """The service with these names."""
    reference = Property(names.reference, length=20, upper=True, indexed=True)
    partner = number(names.partner, 10, indexed=True)
    account = EntitySet(
        names.accounts,
        (names.account_id,),
        (number(names.account_id, 12), partner, reference, *texts(**{names.description: 35})),
        (Navigation(names.contracts, names.contracts, names.account_id),),
    )
    contract = EntitySet(
        names.contracts,
        (names.contract_id,),
        (
            number(names.contract_id, 10),
            partner,
            number(names.account_id, 12, indexed=True),
            reference,
            *codes(**{names.division: 2, names.product: 18, names.status: 10}),
            Property(names.unit_price, "Decimal", digits=11, scale=4),
            *of_kind("DateTime", names.move_in, names.move_out),
        ),
        (Navigation("ContractAccount", names.accounts, names.account_id, many=False),),
    )
    return Service(names.service, "contract", "contracts", "assumed", (account, contract), etags)
