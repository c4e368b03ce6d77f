"""Stacks: their size, their logs, their secrets, and what must outlive them."""

from __future__ import annotations

from collections.abc import Iterator

from infra.check.assembly import Assembly, Resource

MOST_RESOURCES = 400
"""CloudFormation refuses 501; a context that grows towards it is split in good time."""

TABLE_LOGICAL_ID = "StoreTable0CCFA19B"
"""Another id would be another table, and an empty one."""

PRECIOUS = (
    "AWS::DynamoDB::Table",
    "AWS::Cognito::UserPool",
    "AWS::SecretsManager::Secret",
    "AWS::Events::EventBus",
    "AWS::S3::Bucket",
)


def _sizes(assembly: Assembly) -> Iterator[str]:
    for stack, template in assembly.templates.items():
        if (count := len(template["Resources"])) > MOST_RESOURCES:
            yield f"{stack}: {count} resources, more than {MOST_RESOURCES}"


def _secrets(assembly: Assembly) -> Iterator[str]:
    for secret in assembly.resources("AWS::SecretsManager::Secret"):
        if {"SecretString", "GenerateSecretString"} & set(secret.properties):
            yield f"{secret}: a secret whose value the template makes"


def _logs_and_alarms(assembly: Assembly) -> Iterator[str]:
    for group in assembly.resources("AWS::Logs::LogGroup"):
        if "RetentionInDays" not in group.properties:
            yield f"{group}: log group without a retention"
    watched = {
        assembly.text(alarm.stack, dimension["Value"])
        for alarm in assembly.resources("AWS::CloudWatch::Alarm")
        if alarm.properties.get("MetricName") == "Errors" and alarm.properties.get("AlarmActions")
        for dimension in alarm.properties.get("Dimensions", [])
    }
    for name, function in assembly.functions().items():
        if f"${{{function}}}" not in watched:
            yield f"{name}: function without an alarm on errors"
        if "LogGroup" not in function.properties.get("LoggingConfig", {}):
            yield f"{name}: function without a log group of its own"


def _topics(assembly: Assembly) -> Iterator[str]:
    heard = {
        assembly.text(policy.stack, topic)
        for policy in assembly.resources("AWS::SNS::TopicPolicy")
        for topic in policy.properties["Topics"]
        for statement in policy.properties["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Allow"
        and statement["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    }
    for topic in assembly.resources("AWS::SNS::Topic"):
        if f"${{{topic}}}" not in heard:
            yield f"{topic}: CloudWatch may not publish to it, so no alarm would be heard"


def _table(table: Resource) -> Iterator[str]:
    if table.logical_id != TABLE_LOGICAL_ID:
        yield f"{table}: the table's logical id has to stay {TABLE_LOGICAL_ID}"
    if table.stack.split("-")[1] == "prod":
        recovery = table.properties.get("PointInTimeRecoverySpecification", {})
        if not recovery.get("PointInTimeRecoveryEnabled"):
            yield f"{table}: production without point-in-time recovery"
        if not table.properties.get("DeletionProtectionEnabled"):
            yield f"{table}: production without deletion protection"


def _retention(assembly: Assembly) -> Iterator[str]:
    wanted = "Retain" if assembly.stage == "prod" else "Delete"
    for resource in assembly.resources(*PRECIOUS):
        if resource.body.get("DeletionPolicy") != wanted:
            yield f"{resource}: DeletionPolicy has to be {wanted} in {assembly.stage}"


def faults(assembly: Assembly) -> list[str]:
    """What would hurt on the day somebody changes or deletes a stack."""
    tables = assembly.resources("AWS::DynamoDB::Table")
    return [
        *_sizes(assembly),
        *_secrets(assembly),
        *_logs_and_alarms(assembly),
        *_topics(assembly),
        *(fault for table in tables for fault in _table(table)),
        *_retention(assembly),
    ]
