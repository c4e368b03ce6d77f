"""What a function may do, one statement per kind of right. No wildcard stands here."""

from __future__ import annotations

from collections.abc import Sequence

from aws_cdk import Aws
from aws_cdk.aws_iam import PolicyStatement

from busbar.domain.erp_events import RECEIVED, UPLOADED
from busbar.domain.erp_loads import LOADS
from busbar.domain.wallbox_proofs import PROOFS, UPLOADS
from infra.catalog import Files

READS = ("dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:Query")
"""No Scan: there is no access pattern that needs one."""
WRITES = ("dynamodb:PutItem", "dynamodb:DeleteItem")
"""A transaction asks for the rights of its parts: the store puts and deletes whole items. No
UpdateItem, and no ConditionCheckItem, as conditions stand with what is written."""
INDEXES = ("list", "due")


def may_read_table(table_arn: str) -> list[PolicyStatement]:
    """Read items and query the two indexes."""
    indexes = [f"{table_arn}/index/{name}" for name in INDEXES]
    return [
        PolicyStatement(actions=list(READS), resources=[table_arn]),
        PolicyStatement(actions=["dynamodb:Query"], resources=indexes),
    ]


def may_write_table(table_arn: str) -> list[PolicyStatement]:
    """Read, and write items, alone or in transactions."""
    return [
        *may_read_table(table_arn),
        PolicyStatement(actions=list(WRITES), resources=[table_arn]),
    ]


def may_read_secrets(arns: Sequence[str]) -> list[PolicyStatement]:
    """Read the secrets of the systems that the use case talks to."""
    if not arns:
        return []
    return [PolicyStatement(actions=["secretsmanager:GetSecretValue"], resources=list(arns))]


def may_send(queue_arns: Sequence[str]) -> list[PolicyStatement]:
    """Put messages on queues."""
    if not queue_arns:
        return []
    return [PolicyStatement(actions=["sqs:SendMessage"], resources=list(queue_arns))]


def may_run(machine_arn: str) -> list[PolicyStatement]:
    """Start executions of a state machine, and answer the tasks that wait for an answer."""
    answers = ["states:SendTaskSuccess", "states:SendTaskFailure"]
    return [
        PolicyStatement(actions=["states:StartExecution"], resources=[machine_arn]),
        # They know no resource: whoever holds the token of a task may answer it.
        PolicyStatement(actions=answers, resources=["*"]),
    ]


def may_use_files(bucket: str, what: Files) -> list[PolicyStatement]:
    """Sign forms and links, which give no more than their signer has; or judge what was uploaded.

    Or keep the events of ERPs, or read them; or sign forms for the files of loads, or read those.
    Without the right to list, S3 calls a file that is gone forbidden.
    """
    arn = f"arn:{Aws.PARTITION}:s3:::{bucket}"
    kept, listing = (
        [f"{arn}/{RECEIVED}*"],
        PolicyStatement(actions=["s3:ListBucket"], resources=[arn]),
    )
    keeps = PolicyStatement(actions=["s3:PutObject"], resources=kept)
    reads = PolicyStatement(actions=["s3:GetObject"], resources=kept)
    if what == "keeps_events":
        uploaded = [f"{arn}/{UPLOADED}*"]
        return [
            keeps,
            # To sign forms; and to copy what came by them.
            PolicyStatement(actions=["s3:PutObject", "s3:GetObject"], resources=uploaded),
            listing,
        ]
    if what == "reads_events":
        return [reads, listing]
    if what == "replays_events":
        return [reads, keeps, listing]
    loads = [f"{arn}/{LOADS}*"]
    reads_loads = PolicyStatement(actions=["s3:GetObject"], resources=loads)
    if what == "reads_loads":
        return [reads_loads, listing]
    if what == "starts_loads":
        signs = PolicyStatement(actions=["s3:PutObject"], resources=loads)
        return [signs, reads_loads, listing]
    uploads, proofs = [f"{arn}/{UPLOADS}*"], [f"{arn}/{PROOFS}*"]
    if what == "hands_out":
        return [
            PolicyStatement(actions=["s3:PutObject"], resources=uploads),
            PolicyStatement(actions=["s3:GetObject"], resources=proofs),
        ]
    return [
        PolicyStatement(actions=["s3:GetObject", "s3:DeleteObject"], resources=uploads),
        PolicyStatement(actions=["s3:PutObject", "s3:DeleteObject"], resources=proofs),
        listing,
    ]


def may_consume(queue_arn: str) -> list[PolicyStatement]:
    """What Lambda's poller needs on the queue that it reads for the function."""
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return [PolicyStatement(actions=actions, resources=[queue_arn])]


def may_read_stream(stream_arn: str) -> list[PolicyStatement]:
    """What Lambda's poller needs on the table's stream."""
    actions = ["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"]
    return [
        PolicyStatement(actions=actions, resources=[stream_arn]),
        # ListStreams knows no resource; Lambda refuses a mapping whose role lacks it.
        PolicyStatement(actions=["dynamodb:ListStreams"], resources=["*"]),
    ]


def may_write_logs(log_group_arn: str) -> list[PolicyStatement]:
    """Write to the function's own log group, which the stack makes."""
    actions = ["logs:CreateLogStream", "logs:PutLogEvents"]
    return [PolicyStatement(actions=actions, resources=[log_group_arn])]


def may_trace() -> list[PolicyStatement]:
    """Send trace segments; X-Ray knows no resources here."""
    actions = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
    return [PolicyStatement(actions=actions, resources=["*"])]
