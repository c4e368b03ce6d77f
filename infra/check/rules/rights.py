"""Each function may do what its settings and triggers need, and nothing else.

What is needed is worked out here from what the function is told (its variables) and what starts it,
not from how the constructs grant it: a forgotten grant and a surplus one both show.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence

from busbar.domain.erp_events import RECEIVED, UPLOADED
from busbar.domain.erp_loads import LOADS
from busbar.domain.wallbox_proofs import PROOFS, UPLOADS
from infra.catalog import Files, UseCase
from infra.check.assembly import Assembly, Resource, as_list

Right = tuple[str, str]
"""(action, resource as text)."""

TABLE_READS = ("GetItem", "BatchGetItem", "Query")
TABLE_WRITES = ("PutItem", "DeleteItem")
QUEUE_READS = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
STREAM_READS = ("dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator")

LOG_DELIVERY = (
    "logs:CreateLogDelivery",
    "logs:GetLogDelivery",
    "logs:UpdateLogDelivery",
    "logs:DeleteLogDelivery",
    "logs:ListLogDeliveries",
    "logs:PutResourcePolicy",
    "logs:DescribeResourcePolicies",
    "logs:DescribeLogGroups",
)
"""What the role of a state machine needs for its log, as Step Functions has it delivered."""

WILDCARDS = {
    "xray:PutTraceSegments": "X-Ray knows no resources for it",
    "xray:PutTelemetryRecords": "X-Ray knows no resources for it",
    "states:SendTaskSuccess": "knows no resource: the task's token is the right to answer it",
    "states:SendTaskFailure": "knows no resource: the task's token is the right to answer it",
    **dict.fromkeys(LOG_DELIVERY, "log delivery knows no resource"),
    "dynamodb:ListStreams": "knows no resource, and Lambda refuses a stream mapping without it",
}
"""The only actions that may be granted on `*`, and why."""

FILES = tuple(f"/{prefix}*" for prefix in (UPLOADS, PROOFS, RECEIVED, UPLOADED, LOADS))
"""What may stand behind a bucket in a right's resource: files have no names before they come."""

HARMLESS = ("sqs:GetQueueAttributes", "sqs:GetQueueUrl")
"""Come with the right to send, where the CDK grants that for a failure destination."""


def granted(assembly: Assembly, stack: str, role_id: str) -> set[Right]:
    """All rights of a role."""
    return {
        (action, assembly.text(stack, resource))
        for statement in assembly.statements(role_id, stack)
        if statement["Effect"] == "Allow"
        for action in as_list(statement.get("Action", "*"))
        for resource in as_list(statement.get("Resource", "*"))
    }


def _on_table(table: str, access: str) -> Iterator[Right]:
    arn = "arn:${AWS::Partition}:dynamodb:${AWS::Region}:${AWS::AccountId}:table/" + table
    for verb in TABLE_READS + (TABLE_WRITES if access == "write" else ()):
        yield f"dynamodb:{verb}", arn
    for index in ("list", "due"):
        yield "dynamodb:Query", f"{arn}/index/{index}"


def _on_secrets(assembly: Assembly, variables: dict[str, str]) -> Iterator[Right]:
    ids = {s.properties["Name"]: s for s in assembly.resources("AWS::SecretsManager::Secret")}
    for org in json.loads(variables["BUSBAR_ORGS"]).values():
        for values in org.values():
            if isinstance(values, dict):
                yield "secretsmanager:GetSecretValue", f"${{{ids[values['secret_id']]}.Id}}"


def _on_files(bucket: str, what: Files) -> Iterator[Right]:
    arn = f"arn:${{AWS::Partition}}:s3:::{bucket}"
    verbs = {
        "hands_out": ((UPLOADS, "PutObject"), (PROOFS, "GetObject")),
        "judges": (
            *((UPLOADS, verb) for verb in ("GetObject", "DeleteObject")),
            *((PROOFS, verb) for verb in ("PutObject", "DeleteObject")),
        ),
        "keeps_events": (
            (RECEIVED, "PutObject"),
            (UPLOADED, "PutObject"),
            (UPLOADED, "GetObject"),
        ),
        "reads_events": ((RECEIVED, "GetObject"),),
        "replays_events": ((RECEIVED, "GetObject"), (RECEIVED, "PutObject")),
        "starts_loads": ((LOADS, "GetObject"), (LOADS, "PutObject")),
        "reads_loads": ((LOADS, "GetObject"),),
    }
    for prefix, verb in verbs[what]:
        yield f"s3:{verb}", f"{arn}/{prefix}*"
    if what != "hands_out":  # else S3 calls a file that is gone forbidden
        yield "s3:ListBucket", arn


def _by_settings(assembly: Assembly, use_case: UseCase, function: Resource) -> Iterator[Right]:
    variables = assembly.environment(function)
    yield from _on_table(variables["BUSBAR_TABLE"], use_case.table)
    yield from _on_secrets(assembly, variables)
    urls = list(json.loads(variables.get("BUSBAR_QUEUES", "{}")).values())
    if "BUSBAR_PARKED" in variables:
        urls.append(variables["BUSBAR_PARKED"])
    if machine := variables.get("BUSBAR_MACHINE"):
        yield "states:StartExecution", machine
        yield from (("states:SendTaskSuccess", "*"), ("states:SendTaskFailure", "*"))
    if (bucket := variables.get("BUSBAR_FILES")) and use_case.files:
        yield from _on_files(bucket, use_case.files)
    for url in urls:
        yield "sqs:SendMessage", url.removesuffix("}") + ".Arn}"
    logs = assembly.text(function.stack, function.properties["LoggingConfig"]["LogGroup"])
    for action in ("logs:CreateLogStream", "logs:PutLogEvents"):
        yield action, logs.removesuffix("}") + ".Arn}"
    yield from (("xray:PutTraceSegments", "*"), ("xray:PutTelemetryRecords", "*"))


def _by_triggers(assembly: Assembly, function: Resource) -> Iterator[Right]:
    kinds = ("AWS::Lambda::EventSourceMapping", "AWS::Lambda::EventInvokeConfig")
    for trigger in assembly.resources(*kinds):
        properties = trigger.properties
        if assembly.text(trigger.stack, properties["FunctionName"]) != f"${{{function}}}":
            continue
        failure = properties.get("DestinationConfig", {}).get("OnFailure", {}).get("Destination")
        if failure:
            yield "sqs:SendMessage", assembly.text(trigger.stack, failure)
        if "EventSourceArn" in properties:
            source = assembly.text(trigger.stack, properties["EventSourceArn"])
            stream = "StartingPosition" in properties
            for action in STREAM_READS if stream else QUEUE_READS:
                yield action, source
            if stream:
                yield "dynamodb:ListStreams", "*"


def needed(assembly: Assembly, use_case: UseCase, function: Resource) -> set[Right]:
    """All rights that the function cannot do without."""
    by_settings = _by_settings(assembly, use_case, function)
    return set(by_settings) | set(_by_triggers(assembly, function))


def _function_faults(assembly: Assembly, use_case: UseCase, function: Resource) -> Iterator[str]:
    role = function.properties["Role"]["Fn::GetAtt"][0]
    has, needs = granted(assembly, function.stack, role), needed(assembly, use_case, function)
    sends_to = {resource for action, resource in needs if action == "sqs:SendMessage"}
    for action, resource in sorted(needs - has):
        yield f"{use_case.name}: may not {action} on {resource}, but has to"
    for action, resource in sorted(has - needs):
        if not (action in HARMLESS and resource in sends_to):
            yield f"{use_case.name}: may {action} on {resource}, but does not need to"


def _is_wild(resource: str) -> bool:
    for files in FILES:
        resource = resource.removesuffix(files)
    return "*" in resource or "?" in resource


def _wildcards(assembly: Assembly) -> Iterator[str]:
    for role in assembly.resources("AWS::IAM::Role"):
        if role.properties.get("ManagedPolicyArns"):
            yield f"{role}: managed policies are not ours to read; grant by statement"
        for action, resource in sorted(granted(assembly, role.stack, role.logical_id)):
            if "*" in action:
                yield f"{role}: wildcard right {action} on {resource}"
            elif _is_wild(resource) and action not in WILDCARDS:
                yield f"{role}: {action} on the wildcard resource {resource}"
        for statement in assembly.statements(role.logical_id, role.stack):
            if {"NotAction", "NotResource"} & set(statement):
                yield f"{role}: a statement by exclusion grants more than it says"


def _shared_roles(assembly: Assembly) -> Iterator[str]:
    seen: dict[str, str] = {}
    for name, function in assembly.functions().items():
        role = assembly.text(function.stack, function.properties["Role"])
        if role in seen:
            yield f"{name}: shares its role with {seen[role]}"
        seen[role] = name


def faults(assembly: Assembly, use_cases: Sequence[UseCase]) -> list[str]:
    """Rights that are missing, that are too many, or that nobody can bound."""
    functions = assembly.functions()
    found = [
        fault
        for use_case in use_cases
        if use_case.name in functions
        for fault in _function_faults(assembly, use_case, functions[use_case.name])
    ]
    return [*found, *_wildcards(assembly), *_shared_roles(assembly)]
