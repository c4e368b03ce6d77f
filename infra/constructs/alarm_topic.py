"""The one topic of all alarms."""

from __future__ import annotations

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement, ServicePrincipal
from aws_cdk.aws_sns import Topic
from aws_cdk.aws_sns_subscriptions import EmailSubscription
from constructs import Construct

from infra.stages import StageConfig


class AlarmTopic(Construct):
    """Only this account's CloudWatch may publish, and only over TLS.

    A topic whose policy is written loses the policy it would have had: without the first statement
    every alarm would ring unheard. No key of ours: an alarm holds names and numbers only.
    """

    def __init__(self, scope: Construct, construct_id: str, *, stage: StageConfig) -> None:
        super().__init__(scope, construct_id)
        self.topic = Topic(self, "Topic", enforce_ssl=True)
        self.topic.add_to_resource_policy(
            PolicyStatement(
                principals=[ServicePrincipal("cloudwatch.amazonaws.com")],
                actions=["sns:Publish"],
                resources=[self.topic.topic_arn],
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            )
        )
        if stage.alarm_email:
            self.topic.add_subscription(EmailSubscription(stage.alarm_email))
