"""Every exception from cdk-nag, with a reason about this system. A test fails for a stale one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatch

from aws_cdk import Acknowledgment, App, CfnResource, Validations

from busbar.domain.erp_events import RECEIVED, UPLOADED
from busbar.domain.erp_loads import LOADS
from busbar.domain.wallbox_proofs import PROOFS, UPLOADS

PARKED = "It is the dead-letter queue of {}, which the rule does not look at; it has an alarm"
KEPT_STAGES = ("prod",)
LOST_STAGES = ("local", "dev", "test")


@dataclass(frozen=True)
class Exemption:
    """`rule` does not hold for constructs whose path matches `path`, in these stages."""

    rule: str
    path: str
    reason: str
    stages: Sequence[str] = (*LOST_STAGES, *KEPT_STAGES)


EXEMPTIONS = (
    Exemption(
        "AwsSolutions-DDB3",
        "*/Store/Table/Resource",
        "Only prod holds data that cannot be loaded again; there, recovery is on",
        LOST_STAGES,
    ),
    Exemption(
        "AwsSolutions-COG2",
        "*/Identity/Users/Resource",
        "Drivers may have no second device: whether they must have one is agreed with each fleet."
        " Everybody can switch on one-time passwords",
    ),
    Exemption(
        "AwsSolutions-COG8",
        "*/Identity/Users/Resource",
        "The plus plan is paid per driver and month. The pool decides no rights: a stolen login"
        " reaches one company's cards, whose changes stand in the audit trail",
    ),
    Exemption(
        "AwsSolutions-SMG4",
        "*/Secret",
        "Salesforce and be.ENERGISED issue these credentials and offer no call to rotate them:"
        " a person does, and functions read the new value within five minutes. Webhook keys"
        " are Salesforce's too: a change takes an overlap with both, not a timer",
    ),
    Exemption(
        "AwsSolutions-IAM5[Resource::*]",
        "*/Role/*Resource",
        "X-Ray, ListStreams, answers to tasks and log delivery know no resources; the check's own"
        " rule lets no other action use *",
    ),
    *(
        Exemption(
            f"AwsSolutions-IAM5[Resource::arn:<AWS::Partition>:s3:::<NameFilesBucket>/{prefix}*]",
            "*/Role/Resource",
            "Files have no names before they come; the check's own rule lets no other prefix stand",
        )
        for prefix in (UPLOADS, PROOFS, RECEIVED, UPLOADED, LOADS)
    ),
    Exemption(
        "AwsSolutions-S1",
        "*/Files/Bucket/Resource",
        "Its access log would hold the addresses of drivers. Every form and link is asked of our"
        " API, whose own log tells of it, and is good for minutes; the events of ERPs are read by"
        " one function alone",
    ),
    Exemption(
        "AwsSolutions-L1",
        "*/Function/Resource",
        "The layers' byte code and wheels are made for Python 3.13, which is supported to 2029",
    ),
    Exemption(
        "AwsSolutions-APIG4",
        "*/Door/Api/POST--v1--webhooks--salesforce--{org}/Resource",
        "Its sender has no token but signs: the function checks the signature before all else, the"
        " catalogue calls the route signed, and the stage bounds its calls for itself",
    ),
    Exemption(
        "AwsSolutions-SF1",
        "*States/Machine/Resource",
        "Its history shows each step for 90 days, and the table's journal for longer: the log is"
        " there for what fails",
    ),
    Exemption(
        "AwsSolutions-SF2",
        "*States/Machine/Resource",
        "An execution waits for days between two steps, which is longer than a trace is kept open;"
        " one correlation id joins the logs of its steps",
    ),
    Exemption("AwsSolutions-SQS3", "*/Undelivered/Queue/Resource", PARKED.format("a rule")),
    Exemption("AwsSolutions-SQS3", "*/Missed/Queue/Resource", PARKED.format("a schedule")),
    Exemption("AwsSolutions-SQS3", "*/Skipped/Queue/Resource", PARKED.format("a stream mapping")),
)


def acknowledge(app: App, stage: str) -> None:
    """Write the exceptions into an app, where cdk-nag looks for them."""
    for construct in app.node.find_all():
        if not CfnResource.is_cfn_resource(construct):
            continue
        path = construct.node.path
        for exemption in EXEMPTIONS:
            if stage in exemption.stages and fnmatch(path, exemption.path):
                Validations.of(construct).acknowledge(
                    Acknowledgment(id=f"AwsSolutions::{exemption.rule}", reason=exemption.reason)
                )
