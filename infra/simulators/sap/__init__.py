"""SAP: business partners and a tenant's contract service by OData V2, as far as the product uses
them."""

from infra.simulators.sap.simulator import SapSimulator

__all__ = ["SapSimulator"]
