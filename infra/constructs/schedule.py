"""The clock of one use case: EventBridge Scheduler, not a scheduled rule (decision 0012)."""

from __future__ import annotations

import json

from aws_cdk import Aws, Duration
from aws_cdk.aws_iam import PolicyStatement, Role, ServicePrincipal
from aws_cdk.aws_lambda import EventInvokeConfig
from aws_cdk.aws_lambda_destinations import SqsDestination
from aws_cdk.aws_scheduler import CfnSchedule
from aws_cdk.aws_sns import ITopic
from constructs import Construct

from busbar.observability import Metric
from busbar.wiring.entry import SCHEDULE_SOURCE
from infra.constructs.alarm import MetricAlarm, own
from infra.constructs.function import UseCaseFunction
from infra.constructs.grants import may_send
from infra.constructs.parked_queue import ParkedQueue
from infra.stages import StageConfig

SILENT_PERIODS = 3
"""Runs wander over the edges of periods, so one without a run is nothing."""


def every(minutes: int) -> str:
    """A rate expression; AWS refuses `rate(1 minutes)`."""
    return f"rate({minutes} minute{'s' if minutes > 1 else ''})"


class Schedule(Construct):
    """Starts a function every so many minutes.

    A run that failed is not run again: the next one does the same work. It is kept on the parked
    queue, as is a run that could not be started, so that the alarm rings for both.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        name: str,
        minutes: int,
        function: UseCaseFunction,
        stage: StageConfig,
        topic: ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        parked = ParkedQueue(
            self,
            "Missed",
            stage=stage,
            use_case=name,
            source="schedule",
            topic=topic,
            says=f"a scheduled run of {name} failed or could not be started",
            runbook="failed_runs",
        ).queue
        # By a metric of ours: the function's own invocations may be requests, too.
        MetricAlarm(
            self,
            "Silent",
            metric=own(
                Metric.SCHEDULED_RUNS,
                name,
                stage=stage.name,
                statistic="Sum",
                period=Duration.minutes(max(minutes, 5)),
            ),
            below=1,
            periods=SILENT_PERIODS,
            topic=topic,
            says=f"no scheduled run of {name} has ended for three of its intervals",
            runbook="schedule_silent",
            use_case=name,
        )
        target = function.function
        EventInvokeConfig(
            self,
            "Invoke",
            function=target,
            on_failure=SqsDestination(parked),
            retry_attempts=0,
            max_event_age=Duration.minutes(5),
        )
        role = Role(
            self,
            "Role",
            assumed_by=ServicePrincipal(
                "scheduler.amazonaws.com",
                conditions={"StringEquals": {"aws:SourceAccount": Aws.ACCOUNT_ID}},
            ),
        )
        invoke = PolicyStatement(actions=["lambda:InvokeFunction"], resources=[target.function_arn])
        for statement in (invoke, *may_send([parked.queue_arn])):
            role.add_to_policy(statement)
        CfnSchedule(
            self,
            "Schedule",
            schedule_expression=every(minutes),
            flexible_time_window=CfnSchedule.FlexibleTimeWindowProperty(mode="OFF"),
            target=CfnSchedule.TargetProperty(
                arn=target.function_arn,
                role_arn=role.role_arn,
                input=json.dumps({"source": SCHEDULE_SOURCE, "use_case": name}),
                dead_letter_config=CfnSchedule.DeadLetterConfigProperty(arn=parked.queue_arn),
                retry_policy=CfnSchedule.RetryPolicyProperty(
                    maximum_event_age_in_seconds=300, maximum_retry_attempts=2
                ),
            ),
        )
