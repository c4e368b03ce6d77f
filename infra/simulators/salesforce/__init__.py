"""Salesforce: REST API, OAuth and platform events, as far as the product uses them."""

from infra.simulators.salesforce.simulator import SalesforceSimulator

__all__ = ["SalesforceSimulator"]
