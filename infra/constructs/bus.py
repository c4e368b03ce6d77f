"""The bus on which one org's Salesforce speaks to us."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk.aws_events import EventBus
from constructs import Construct

from infra.stages import StageConfig


class SalesforceBus(Construct):
    """The partner bus of an `aws.partner/…` event source; for any other source, a bus of our own.

    Making the partner bus is what associates it with the source that Salesforce's Event Relay has
    offered to the account, so the relay has to exist before the first deploy.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, stage: StageConfig, event_source: str
    ) -> None:
        super().__init__(scope, construct_id)
        partner = event_source in stage.partner_sources
        self.bus = EventBus(self, "Bus", event_source_name=event_source if partner else None)
        self.bus.apply_removal_policy(
            RemovalPolicy.RETAIN if stage.keeps_data else RemovalPolicy.DESTROY
        )
