"""What stands after a deploy, counted and described, against the templates.

A deploy that ends in a green tick may have left out half: an emulator's CloudFormation hardly looks
at what it is given. So each kind of part is asked for through its own service's API.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx

from infra.catalog import USE_CASES
from infra.check.assembly import Assembly, Json, Resource
from infra.check.deploy import STAGE
from infra.check.emulator import Emulator
from infra.check.part import Outcome, Workspace
from infra.check.rules.machines import MACHINE
from infra.check.rules.routes import route_keys, signed_keys
from infra.machines import put_in

EXECUTE = "/_aws/execute-api/{api}/$default{path}"
"""Where the emulator serves an API without a host name of its own."""


class Standing:
    """The deployed stacks: physical ids by logical id, and a client per service."""

    def __init__(self, assembly: Assembly, emulator: Emulator) -> None:
        self.assembly = assembly
        self.client = emulator.client
        self.url = emulator.url
        self.ids = {stack: dict(self._ids(stack)) for stack in assembly.templates}

    def _ids(self, stack: str) -> Iterator[tuple[str, str]]:
        pages = self.client("cloudformation").get_paginator("list_stack_resources")
        for page in pages.paginate(StackName=stack):
            for row in page["StackResourceSummaries"]:
                yield row["LogicalResourceId"], row["PhysicalResourceId"]

    def id_of(self, resource: Resource) -> str:
        """Physical id of a resource."""
        return self.ids[resource.stack].get(resource.logical_id, "")

    def named(self, text: str) -> str:
        """Physical id of what `Assembly.text` calls `${stack/logical id}`."""
        stack, _, logical_id = text.removeprefix("${").removesuffix("}").partition("/")
        return self.ids[stack][logical_id]

    def of(self, kind: str) -> Iterator[tuple[Resource, str]]:
        """(resource, physical id) of all resources of a type."""
        for resource in self.assembly.resources(kind):
            yield resource, self.id_of(resource)


def counted(standing: Standing) -> Iterator[str]:
    """Each resource of each template has an id."""
    for stack, template in standing.assembly.templates.items():
        missing = set(template["Resources"]) - {k for k, v in standing.ids[stack].items() if v}
        surplus = set(standing.ids[stack]) - set(template["Resources"])
        for logical_id in sorted(missing | surplus):
            yield f"{stack}/{logical_id}: in the template or in the stack, not in both"


def _keys(schema: list[Json]) -> list[tuple[str, str]]:
    return sorted((k["KeyType"], k["AttributeName"]) for k in schema)


def tables(standing: Standing) -> Iterator[str]:
    """Keys, indexes and stream of the table."""
    for table, name in standing.of("AWS::DynamoDB::Table"):
        there = standing.client("dynamodb").describe_table(TableName=name)["Table"]
        wanted = table.properties
        if _keys(there["KeySchema"]) != _keys(wanted["KeySchema"]):
            yield f"{table}: other keys"
        indexes = {
            i["IndexName"]: (_keys(i["KeySchema"]), i["Projection"]["ProjectionType"])
            for i in there.get("GlobalSecondaryIndexes", [])
        }
        if indexes != {
            i["IndexName"]: (_keys(i["KeySchema"]), i["Projection"]["ProjectionType"])
            for i in wanted["GlobalSecondaryIndexes"]
        }:
            yield f"{table}: other indexes: {sorted(indexes)}"
        stream = there.get("StreamSpecification", {}).get("StreamViewType")
        if stream != wanted["StreamSpecification"]["StreamViewType"]:
            yield f"{table}: its stream is {stream}"


def routes(standing: Standing) -> Iterator[str]:
    """The routes of the catalogue; each refuses a caller without a token, but for signed ones."""
    signed = signed_keys(USE_CASES)
    for _, api in standing.of("AWS::ApiGatewayV2::Api"):
        there = standing.client("apigatewayv2").get_routes(ApiId=api)["Items"]
        keys = {r["RouteKey"] for r in there}
        for route in there:
            wanted = "NONE" if route["RouteKey"] in signed else "JWT"
            if (kind := route.get("AuthorizationType")) != wanted:
                yield f"{route['RouteKey']}: its authorisation is {kind}, not {wanted}"
        for key in sorted(keys ^ set(route_keys(USE_CASES))):
            yield f"{key}: in the catalogue or in the API, not in both"
        for key in sorted(keys - signed):
            method, path = key.split(" ")
            address = standing.url + EXECUTE.format(
                api=api, path=path.replace("{", "").replace("}", "")
            )
            if (status := _status(method, address)) != 401:
                yield f"{key}: answers {status} to a caller without a token"


def _status(method: str, address: str) -> int:
    return httpx.request(method, address, timeout=30, trust_env=False).status_code


def mappings(standing: Standing) -> Iterator[str]:
    """Event source mappings: on, to the right function, with the filter and the batch answers."""
    for mapping, uuid in standing.of("AWS::Lambda::EventSourceMapping"):
        there = standing.client("lambda").get_event_source_mapping(UUID=uuid)
        wanted = mapping.properties
        function = standing.ids[mapping.stack][wanted["FunctionName"]["Ref"]]
        if not there["FunctionArn"].endswith(f":{function}"):
            yield f"{mapping}: leads to {there['FunctionArn']}"
        for name in ("FunctionResponseTypes", "BatchSize", "ScalingConfig", "FilterCriteria"):
            if name in wanted and there.get(name) != wanted[name]:
                yield f"{mapping}: {name} is {there.get(name)}, not {wanted[name]}"


def resolved(standing: Standing, stack: str, value: Any) -> Any:
    """A property as it stands once the deployment has put the names in."""
    if isinstance(value, dict):
        if set(value) == {"Ref"}:
            # Another stack's name comes by a parameter.
            own = standing.ids[stack].get(value["Ref"])
            return own or standing.named(standing.assembly.text(stack, value))
        return {key: resolved(standing, stack, inside) for key, inside in value.items()}
    if isinstance(value, list):
        return [resolved(standing, stack, inside) for inside in value]
    return value


def rules(standing: Standing) -> Iterator[str]:
    """Rules on their bus, with their pattern and their targets."""
    for rule, physical_id in standing.of("AWS::Events::Rule"):
        # AWS gives `bus|name`, the emulator the name alone.
        name = physical_id.rpartition("|")[2]
        bus = "default"  # AWS's own events
        if own := rule.properties.get("EventBusName"):
            bus = standing.named(standing.assembly.text(rule.stack, own))
        there = standing.client("events").describe_rule(Name=name, EventBusName=bus)
        pattern = resolved(standing, rule.stack, rule.properties["EventPattern"])
        if json.loads(there["EventPattern"]) != pattern:
            yield f"{rule}: its pattern is {there['EventPattern']}"
        targets = standing.client("events").list_targets_by_rule(Rule=name, EventBusName=bus)
        wanted = {t["Id"] for t in rule.properties["Targets"]}
        if {t["Id"] for t in targets["Targets"]} != wanted:
            yield f"{rule}: other targets"


def buckets(standing: Standing) -> Iterator[str]:
    """Buckets: closed, encrypted, versioned, and telling EventBridge of their files."""
    files = standing.client("s3")
    for bucket, name in standing.of("AWS::S3::Bucket"):
        closed = files.get_public_access_block(Bucket=name)["PublicAccessBlockConfiguration"]
        if not all(closed.values()):
            yield f"{bucket}: may be made public"
        encryption = files.get_bucket_encryption(Bucket=name)["ServerSideEncryptionConfiguration"]
        if not encryption["Rules"]:
            yield f"{bucket}: is not encrypted"
        if files.get_bucket_versioning(Bucket=name).get("Status") != "Enabled":
            yield f"{bucket}: keeps no versions"
        told = files.get_bucket_notification_configuration(Bucket=name)
        if "EventBridgeConfiguration" not in told:
            yield f"{bucket}: tells nobody of its files"
        if '"aws:SecureTransport"' not in files.get_bucket_policy(Bucket=name)["Policy"]:
            yield f"{bucket}: may be read without TLS"


def schedules(standing: Standing) -> Iterator[str]:
    """Schedules with their expression and their dead-letter queue."""
    for schedule, name in standing.of("AWS::Scheduler::Schedule"):
        there = standing.client("scheduler").get_schedule(Name=name)
        if there["ScheduleExpression"] != schedule.properties["ScheduleExpression"]:
            yield f"{schedule}: its expression is {there['ScheduleExpression']}"
        if not there["Target"].get("DeadLetterConfig", {}).get("Arn", "").startswith("arn:"):
            yield f"{schedule}: no dead-letter queue"


def queues(standing: Standing) -> Iterator[str]:
    """Queues with their redrive policy and their visibility."""
    for queue, url in standing.of("AWS::SQS::Queue"):
        answer = standing.client("sqs").get_queue_attributes(QueueUrl=url, AttributeNames=["All"])
        there: dict[str, Any] = answer.get("Attributes", {})
        if ("RedrivePolicy" in there) != ("RedrivePolicy" in queue.properties):
            yield f"{queue}: redrive policy missing, or one too many"
        visibility = str(queue.properties.get("VisibilityTimeout", 30))
        if there.get("VisibilityTimeout") != visibility:
            yield f"{queue}: visibility {there.get('VisibilityTimeout')}, not {visibility}"


def alarms(standing: Standing) -> Iterator[str]:
    """Alarms on their metric, with threshold, silence and topic as the template says."""
    for alarm, name in standing.of("AWS::CloudWatch::Alarm"):
        found = standing.client("cloudwatch").describe_alarms(AlarmNames=[name])["MetricAlarms"]
        there: dict[str, Any] = found[0] if found else {}
        for key in ("Namespace", "MetricName", "Threshold", "TreatMissingData", "Period"):
            if there.get(key) != alarm.properties[key]:
                yield f"{alarm}: {key} is {there.get(key)}, not {alarm.properties[key]}"
        if not there.get("AlarmActions"):
            yield f"{alarm}: tells nobody"


def dashboards(standing: Standing) -> Iterator[str]:
    """Dashboards whose body is JSON, with every name put in."""
    for dashboard, name in standing.of("AWS::CloudWatch::Dashboard"):
        there = standing.client("cloudwatch").get_dashboard(DashboardName=name)
        body = str(there["DashboardBody"])
        if not json.loads(body).get("widgets") or "Fn::" in body or "Ref" in body:
            yield f"{dashboard}: its body has no graphs, or names that were not put in"


def machines(standing: Standing) -> Iterator[str]:
    """State machines with the definition of the template, and nothing of a run in their log."""
    for machine, arn in standing.of(MACHINE):
        there = standing.client("stepfunctions").describe_state_machine(stateMachineArn=arn)
        values = machine.properties["DefinitionSubstitutions"]
        put = resolved(standing, machine.stack, values)
        if json.loads(there["definition"]) != put_in(machine.properties["DefinitionString"], put):
            yield f"{machine}: its definition is another"
        if there["type"] != "STANDARD":
            yield f"{machine}: its type is {there['type']}"


DESCRIBED = (
    counted,
    tables,
    routes,
    mappings,
    rules,
    buckets,
    schedules,
    queues,
    machines,
    alarms,
    dashboards,
)


def inventory(workspace: Workspace) -> Outcome:
    """Count and describe."""
    assembly = workspace.assembly(STAGE)
    standing = Standing(assembly, workspace.emulator)
    count = sum(len(t["Resources"]) for t in assembly.templates.values())
    skipped = [
        f"{what}: the emulator does not take it from a template"
        for what in ("time-to-live of the table", "lifecycle of the bucket")
    ]
    faults = [fault for described in DESCRIBED for fault in described(standing)]
    return Outcome(faults, skipped, [f"{count} resources"])
